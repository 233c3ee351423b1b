//! Users, tokens and keys.

use dubhe_core::Code;
use dubhe_core::registry::Health;
use serde_json::json;

use super::fake::{Asked, Fake, Http, subscribed};
use super::support::{provider, service, subscribe, until};

fn has(asked: &Asked, text: &str) -> bool {
    asked.raw.windows(text.len()).any(|window| window == text.as_bytes())
}

fn token(token: &str, ttl: u32) -> String {
    json!({"accessToken": token, "tokenTtl": ttl, "globalAdmin": true}).to_string()
}

#[tokio::test(start_paused = true)]
async fn a_user_logs_in_and_again_before_the_token_ends() {
    let mut fake = Fake::new(1);
    let mut http = Http::of(&fake);
    let nacos = fake.client("username=me&password=s%26cret");
    let registry = nacos.registry();
    let mut seen = subscribe(&registry).await;
    // Nacos 2 has another path.
    let first = http.answer("404 Not Found", "");
    let (first, mut line) = tokio::join!(first, fake.welcome());
    assert!(first.starts_with("POST /nacos/v3/auth/user/login "), "{first}");
    let second = http.answer("200 OK", &token("t1", 100)).await;
    assert!(second.starts_with("POST /nacos/v1/auth/users/login "), "{second}");
    assert!(second.ends_with("username=me&password=s%26cret"), "{second}");
    let asked = line.asked("SubscribeServiceRequest").await;
    assert!(has(&asked, "accessToken") && has(&asked, "t1"));
    asked.answer("SubscribeServiceResponse", &subscribed(1, &[1]));
    line.list = Some(subscribed(1, &[1]));
    until(&mut seen, Health::Fresh, &[1]).await;

    // The token serves for nine tenths of its life at least.
    let register = |port| {
        let registry = registry.clone();
        tokio::spawn(async move {
            dubhe_core::registry::Registry::register(&registry, provider(port, &[])).await
        })
    };
    line.idle(std::time::Duration::from_secs(80)).await;
    let registering = register(1);
    let asked = line.asked("InstanceRequest").await;
    assert!(has(&asked, "t1"));
    // Refused all the same, it is replaced at once, and the request sent again.
    asked.refuse(403);
    http.answer("404 Not Found", "").await;
    http.answer("200 OK", &token("t2", 100)).await;
    let asked = line.asked("InstanceRequest").await;
    assert!(has(&asked, "t2"));
    asked.done();
    registering.await.unwrap().unwrap();

    line.idle(std::time::Duration::from_secs(96)).await;
    let registering = register(2);
    http.answer("200 OK", &token("t3", 100)).await;
    let asked = line.asked("BatchInstanceRequest").await;
    assert!(has(&asked, "t3"));
    asked.done();
    registering.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_told_and_not_shown() {
    let mut fake = Fake::new(1);
    let mut http = Http::of(&fake);
    let nacos = fake.client("username=me&password=s3cret");
    let registry = nacos.registry();
    let mut seen = subscribe(&registry).await;
    let line = async {
        let line = fake.welcome().await;
        // Until somebody mends it, it is tried again, after a pause each.
        for _ in 0..3 {
            http.answer("403 Forbidden", "").await;
        }
        (line, http)
    };
    let (mut line, mut http) = line.await;
    let failure = dubhe_core::registry::Registry::failure(&registry, &service()).unwrap();
    assert_eq!(failure.code(), Code::Unauthenticated);
    assert!(failure.message().contains("user \"me\""), "{failure}");
    assert!(!failure.message().contains("s3cret"), "{failure}");
    assert!(!format!("{nacos:?}").contains("s3cret"));
    http.answer("200 OK", &token("t1", 100)).await;
    line.asked("SubscribeServiceRequest")
        .await
        .answer("SubscribeServiceResponse", &subscribed(1, &[1]));
    until(&mut seen, Health::Fresh, &[1]).await;
}

#[tokio::test(start_paused = true)]
async fn tokens_and_keys_go_with_every_request() {
    for (parameters, headers) in [
        ("accessToken=t0ken", &["accessToken", "Bearer t0ken"][..]),
        (
            "accessKey=ak1&secretKey=sk1",
            &["signature", "ak1", "@@DEFAULT_GROUP@@providers:demo.Greet"],
        ),
    ] {
        let mut fake = Fake::new(1);
        let nacos = fake.client(parameters);
        let _seen = subscribe(&nacos.registry()).await;
        let mut line = fake.welcome().await;
        let asked = line.asked("SubscribeServiceRequest").await;
        for header in headers {
            assert!(has(&asked, header), "{parameters}: {header}");
        }
        assert!(!has(&asked, "sk1"));
    }
}
