//! Rules of an application in config centres.

use dubhe::config::ConfigSnapshot;
use dubhe::documents::{DocumentKey, DocumentStore as _};
use dubhe::prelude::*;
use dubhe::registry::MemoryDocuments;

#[tokio::test]
async fn an_application_follows_its_rules_and_those_of_its_services() {
    let center = MemoryDocuments::new();
    let app = App::builder("shop").config_center_instance(center.clone()).build().unwrap();
    let config = app.config().unwrap();
    let mut updates = config.updates();
    let own = DocumentKey::config("shop.configurators");
    let of_service = DocumentKey::config("org.example.Users:1.0:.condition-router");
    updates.wait_for(|snapshot| snapshot.document(&own).is_some()).await.unwrap();
    assert!(config.snapshot().document(&of_service).is_none());

    let users = app.generic("org.example.Users").version("1.0").url("dubbo://127.0.0.1:1");
    let users = users.build().unwrap();
    updates.wait_for(|snapshot| snapshot.document(&of_service).is_some()).await.unwrap();
    let text = "configVersion: v3.0\nconditions:\n  - \"method=hello => host=10.0.0.1\"\n";
    center.put(&of_service, text.into()).await.unwrap();
    updates.wait_for(|snapshot| snapshot.rule(&of_service).is_some()).await.unwrap();

    // One that cannot be read leaves the last good one.
    center.put(&of_service, "conditions: [".into()).await.unwrap();
    let refused = |snapshot: &ConfigSnapshot| snapshot.document(&of_service)?.refused.clone();
    updates.wait_for(|snapshot| refused(snapshot).is_some()).await.unwrap();
    assert!(config.snapshot().rule(&of_service).is_some());

    // Nobody needs the rules of a service without clients.
    drop(users);
    updates.wait_for(|snapshot| snapshot.document(&of_service).is_none()).await.unwrap();
}

#[tokio::test]
async fn a_config_center_must_hold_documents() {
    let app = |url: &str| App::builder("shop").config_center(url).build();
    assert!(app("memory://").is_ok());
    let error = app("static://127.0.0.1:1?protocol=tri").unwrap_err();
    assert!(error.message().contains("no config centre"), "{error}");
    assert!(App::builder("shop").build().unwrap().config().is_none());
}
