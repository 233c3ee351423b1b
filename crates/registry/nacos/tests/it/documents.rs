//! Documents.

use dubhe_core::documents::{DocumentKey, DocumentState, DocumentStore as _};
use dubhe_core::registry::Health;
use futures_util::StreamExt as _;
use serde_json::{Value, json};

use super::fake::{Fake, Line};

fn config(text: &str) -> Value {
    json!({"resultCode": 200, "content": text, "md5": format!("md5 of {text}")})
}

/// Answers a query, and the listening that follows it.
async fn compared(line: &mut Line, text: Option<&str>) {
    let query = line.asked("ConfigQueryRequest").await;
    match text {
        Some(text) => query.answer("ConfigQueryResponse", &config(text)),
        None => query.answer("ConfigQueryResponse", &json!({"resultCode": 500, "errorCode": 300})),
    }
    let listen = line.asked("ConfigBatchListenRequest").await;
    let context = &listen.body["configListenContexts"][0];
    let md5 = text.map(|text| format!("md5 of {text}")).unwrap_or_default();
    assert_eq!((&listen.body["listen"], &context["md5"]), (&json!(true), &json!(md5)));
    listen.answer(
        "ConfigChangeBatchListenResponse",
        &json!({"resultCode": 200, "changedConfigs": []}),
    );
}

#[tokio::test(start_paused = true)]
async fn a_document_is_followed_through_changes_and_outages() {
    let mut fake = Fake::new(1);
    let nacos = fake.client("");
    let store = nacos.documents();
    let mut states = store.watch(&DocumentKey::config("shop.tag-router"));
    let mut line = fake.welcome().await;
    compared(&mut line, None).await;
    let absent = DocumentState { document: None, health: Health::Fresh };
    assert_eq!(states.next().await.unwrap(), absent);

    let notice = json!({"requestId": "1", "dataId": "shop.tag-router", "group": "dubbo", "tenant": "public"});
    line.push("ConfigChangeNotifyRequest", &notice);
    line.acknowledged("ConfigChangeNotifyResponse", 1).await;
    compared(&mut line, Some("a")).await;
    let state = states.next().await.unwrap();
    assert_eq!(state.document.unwrap().text, "a");

    drop(line);
    let stale = states.next().await.unwrap();
    assert_eq!((&*stale.document.unwrap().text, stale.health), ("a", Health::Stale));
    let mut line = fake.welcome().await;
    compared(&mut line, Some("b")).await;
    loop {
        let state = states.next().await.unwrap();
        if state.health == Health::Fresh && state.document.unwrap().text == "b" {
            break;
        }
    }
    // The server says that it knows another one than it told: it is asked again.
    line.push("ConfigChangeNotifyRequest", &notice);
    line.asked("ConfigQueryRequest").await.answer("ConfigQueryResponse", &config("c"));
    let changed = json!({"resultCode": 200, "changedConfigs": [{"dataId": "shop.tag-router"}]});
    line.asked("ConfigBatchListenRequest")
        .await
        .answer("ConfigChangeBatchListenResponse", &changed);
    compared(&mut line, Some("d")).await;
    // Without a consumer nothing is listened to.
    drop(states);
    assert_eq!(line.asked("ConfigBatchListenRequest").await.body["listen"], false);
}

#[tokio::test(start_paused = true)]
async fn the_public_namespace_has_no_name_before_nacos_3() {
    for (is_v3, tenant) in [(true, "public"), (false, "")] {
        let mut fake = Fake::new(1);
        let nacos = fake.client("");
        let store = nacos.documents();
        let getting = tokio::spawn(async move { store.get(&DocumentKey::config("k")).await });
        let mut line = fake.accept().await;
        let setup = line.open(true).await;
        assert_eq!(
            (&setup["tenant"], &setup["labels"]["module"]),
            (&json!("public"), &json!("config"))
        );
        let abilities = if is_v3 { json!({"fuzzyWatch": true}) } else { json!({}) };
        line.push("SetupAckRequest", &json!({"abilityTable": abilities}));
        let query = line.asked("ConfigQueryRequest").await;
        assert_eq!(query.body["tenant"], tenant);
        query.answer("ConfigQueryResponse", &config("x"));
        assert_eq!(getting.await.unwrap().unwrap().unwrap().text, "x");
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_known_document_is_replaced() {
    let mut fake = Fake::new(1);
    let nacos = fake.client("");
    let replace = |version: Option<&'static str>| {
        let store = nacos.documents();
        let key = DocumentKey::Mapping { interface: "a.B".into() };
        tokio::spawn(async move { store.replace(&key, "x".into(), version.map(Into::into)).await })
    };
    let replacing = replace(None);
    let mut line = fake.welcome().await;
    let publish = line.asked("ConfigPublishRequest").await;
    assert_eq!((&publish.body["casMd5"], &publish.body["group"]), (&json!("0"), &json!("mapping")));
    publish.done();
    assert!(replacing.await.unwrap().unwrap());

    let replacing = replace(Some("m"));
    line.asked("ConfigQueryRequest").await.answer("ConfigQueryResponse", &config("y"));
    let publish = line.asked("ConfigPublishRequest").await;
    assert_eq!(publish.body["casMd5"], "m");
    let message = "Cas publish fail, server md5 may have changed.";
    let lost = json!({"resultCode": 500, "errorCode": 500, "message": message});
    publish.answer("ConfigPublishResponse", &lost);
    assert!(!replacing.await.unwrap().unwrap());

    let replacing = replace(Some("m"));
    let gone = json!({"resultCode": 500, "errorCode": 300, "message": "config data not exist"});
    line.asked("ConfigQueryRequest").await.answer("ConfigQueryResponse", &gone);
    assert!(!replacing.await.unwrap().unwrap());
}
