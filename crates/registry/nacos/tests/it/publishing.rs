//! Instances: alone, in a batch, and refused.

use dubhe_core::registry::Registry as _;
use serde_json::{Value, json};

use super::fake::{Fake, Line};
use super::support::provider;

/// Runs `ours` while the line answers one request with success, and returns that.
async fn during<T: Send + 'static>(
    line: &mut Line,
    ours: impl Future<Output = T> + Send + 'static,
) -> (String, Value, T) {
    let ours = tokio::spawn(ours);
    let asked = line.next().await.unwrap();
    let (kind, body) = (asked.kind.clone(), asked.body.clone());
    asked.done();
    (kind, body, ours.await.unwrap())
}

#[tokio::test(start_paused = true)]
async fn several_instances_of_a_service_are_a_batch() {
    let mut fake = Fake::new(1);
    let nacos = fake.client("namespace=prod&group=shop");
    let registry = || nacos.registry();
    let first = registry();
    let registering = tokio::spawn(async move { first.register(provider(1, &[])).await });
    let mut line = fake.welcome().await;
    let asked = line.asked("InstanceRequest").await;
    let body = &asked.body;
    assert_eq!(
        (&body["namespace"], &body["serviceName"], &body["groupName"], &body["type"]),
        (
            &json!("prod"),
            &json!("providers:demo.Greet:1.2.3:g1"),
            &json!("shop"),
            &json!("registerInstance")
        )
    );
    let instance = &body["instance"];
    assert_eq!((&instance["ip"], &instance["port"]), (&json!("127.0.0.1"), &json!(1)));
    assert_eq!((&instance["ephemeral"], &instance["weight"]), (&json!(true), &json!(1.0)));
    assert_eq!(instance["metadata"]["category"], "providers");
    asked.done();
    registering.await.unwrap().unwrap();

    let second = registry();
    let (kind, body, done) =
        during(&mut line, async move { second.register(provider(2, &[])).await }).await;
    done.unwrap();
    assert_eq!((&*kind, &body["type"]), ("BatchInstanceRequest", &json!("batchRegisterInstance")));
    assert_eq!(body["instances"].as_array().unwrap().len(), 2);

    for (port, kind, left) in [(1, "BatchInstanceRequest", 1), (2, "InstanceRequest", 0)] {
        let third = registry();
        let (asked, body, done) =
            during(&mut line, async move { third.unregister(&provider(port, &[])).await }).await;
        done.unwrap();
        assert_eq!(asked, kind);
        assert_eq!(body["instances"].as_array().map_or(0, Vec::len), left);
    }
    // What is not registered is not taken back.
    registry().unregister(&provider(3, &[])).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_an_error_and_not_registered_later() {
    let mut fake = Fake::new(1);
    let nacos = fake.client("");
    let registry = nacos.registry();
    let ours = registry.clone();
    let registering = tokio::spawn(async move { ours.register(provider(1, &[])).await });
    let mut line = fake.welcome().await;
    line.asked("InstanceRequest").await.refuse(400);
    let error = registering.await.unwrap().unwrap_err();
    for part in ["cannot register g1/demo.Greet:1.2.3", "nacos://127.0.0.1:1", "400", "no"] {
        assert!(error.message().contains(part), "{error}");
    }
    let ours = registry.clone();
    let registering = tokio::spawn(async move { ours.register(provider(2, &[])).await });
    let next = line.asked("InstanceRequest").await;
    assert_eq!(next.body["instance"]["port"], 2);
    next.done();
    registering.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_registered_too_late_to_be_heard_of_is_taken_back() {
    let mut fake = Fake::new(1);
    let registry = fake.client("").registry();
    let ours = registry.clone();
    let registering = tokio::spawn(async move { ours.register(provider(1, &[])).await });
    let mut line = fake.welcome().await;
    // The server may have obeyed it, and does not say so in time.
    let late = line.asked("InstanceRequest").await;
    let patience = std::time::Duration::from_secs(30);
    let next = tokio::time::timeout(patience, line.asked("InstanceRequest")).await;
    let next = next.expect("what may be registered is taken back");
    assert_eq!(next.body["type"], "deregisterInstance");
    next.done();
    drop(late);
    registering.await.unwrap().unwrap_err();
    line.idle(std::time::Duration::from_mins(1)).await;
    drop(registry);
}

#[tokio::test(start_paused = true)]
async fn an_update_that_is_refused_leaves_the_instance_as_it_was() {
    let mut fake = Fake::new(1);
    let nacos = fake.client("");
    let registering = |weight: &'static str| {
        let registry = nacos.registry();
        tokio::spawn(async move { registry.register(provider(1, &[("tag", weight)])).await })
    };
    let first = registering("a");
    let mut line = fake.welcome().await;
    line.asked("InstanceRequest").await.done();
    first.await.unwrap().unwrap();
    let second = registering("b");
    let asked = line.asked("BatchInstanceRequest").await;
    assert_eq!(asked.body["instances"][0]["metadata"]["tag"], "b");
    asked.refuse(400);
    let error = second.await.unwrap().unwrap_err();
    assert!(error.message().contains("400"), "{error}");
    // Whatever the server made of it, it has the old one again.
    let asked = line.asked("BatchInstanceRequest").await;
    assert_eq!(asked.body["instances"][0]["metadata"]["tag"], "a");
    asked.done();
    drop(line);
    let mut line = fake.welcome().await;
    let asked = line.asked("InstanceRequest").await;
    assert_eq!(asked.body["instance"]["metadata"]["tag"], "a");
}

#[tokio::test(start_paused = true)]
async fn what_the_server_has_lost_is_published_again() {
    let mut fake = Fake::new(1);
    let nacos = fake.client("");
    let registry = nacos.registry();
    let registering = tokio::spawn(async move { registry.register(provider(1, &[])).await });
    let mut line = fake.welcome().await;
    line.asked("InstanceRequest").await.done();
    registering.await.unwrap().unwrap();
    let listed = |hosts: Value| {
        let info =
            json!({"name": "providers:demo.Greet:1.2.3:g1", "groupName": "g", "hosts": hosts});
        json!({"resultCode": 200, "serviceInfo": info})
    };
    let ours = listed(json!([{"ip": "127.0.0.1", "port": 1}]));
    let others = listed(json!([{"ip": "127.0.0.1", "port": 2}]));
    // Looked at every 15 to 30 s; of a server that never lists it, ever less often told.
    for (answer, told) in
        [(&ours, false), (&others, true), (&ours, false), (&others, true), (&others, true)]
            .into_iter()
            .chain([(&others, false), (&others, true), (&others, false)])
    {
        let begun = tokio::time::Instant::now();
        let asked = line.asked("ServiceQueryRequest").await;
        assert_eq!(asked.body["serviceName"], "providers:demo.Greet:1.2.3:g1");
        assert_eq!(asked.body["healthyOnly"], false);
        assert!(begun.elapsed() <= std::time::Duration::from_secs(31), "{:?}", begun.elapsed());
        asked.answer("QueryServiceResponse", answer);
        if told {
            line.asked("BatchInstanceRequest").await.done();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_away_at_the_start_is_waited_for() {
    let fake = Fake::new(0);
    let at = |parameters: &str| {
        let url = format!("nacos://127.0.0.1:1?{parameters}");
        let builder = dubhe_nacos::Nacos::builder(&url, super::support::clock()).unwrap();
        builder.dial(fake.network.clone()).build().registry()
    };
    let error = at("timeout=300").register(provider(1, &[])).await.unwrap_err();
    assert!(error.message().contains("not done within 300ms"), "{error}");
    assert!(error.message().contains("cannot connect"), "{error}");
    at("check=false").register(provider(1, &[])).await.unwrap();
    at("register=false").register(provider(1, &[])).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_list_without_end_is_refused() {
    let mut fake = Fake::new(1);
    let registry = fake.client("").registry();
    let listing = tokio::spawn(async move { registry.services().await });
    let mut line = fake.welcome().await;
    let names = vec!["providers:a.B::"; 20_000];
    let page = json!({"resultCode": 200, "count": u32::MAX, "serviceNames": names});
    for _ in 0..6 {
        line.asked("ServiceListRequest").await.answer("ServiceListResponse", &page);
    }
    let error = listing.await.unwrap().unwrap_err();
    assert!(error.message().contains("more than 100000 names"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn services_are_listed_page_by_page() {
    let mut fake = Fake::new(1);
    let registry = fake.client("namespace=prod&group=shop").registry();
    let listing = tokio::spawn(async move { registry.services().await });
    let mut line = fake.welcome().await;
    let pages = [
        json!(["shop@@providers:a.O___I:1:g", "consumers:a.B::", "stock"]),
        json!(["providers:a.B::", "providers:a.B"]),
    ];
    for (number, names) in (1..).zip(&pages) {
        let asked = line.asked("ServiceListRequest").await;
        let body = &asked.body;
        assert_eq!(
            (&body["namespace"], &body["groupName"], &body["pageNo"]),
            (&json!("prod"), &json!("shop"), &json!(number))
        );
        let page = json!({"resultCode": 200, "count": 501, "serviceNames": names});
        asked.answer("ServiceListResponse", &page);
    }
    let services = listing.await.unwrap().unwrap();
    let names: Vec<_> = services.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["a.B", "g/a.O$I:1"]);
}
