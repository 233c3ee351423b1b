//! Rust that a build script made of class files.

/// The interfaces and classes of `crates/codegen/tests/data`.
pub mod java {
    dubhe::include_java!();
}

use dubhe::prelude::*;
use java::{MarkedClient, MarkedData};

#[tokio::test]
async fn classes_have_their_fields_and_interfaces_their_clients() {
    let items = vec![Some("a".to_owned()), None];
    let data = MarkedData { always: "x".to_owned(), items, ..MarkedData::default() };
    assert_eq!(data.clone(), data);
    let app = App::builder("shop").build().unwrap();
    let client = app.client::<MarkedClient>().url("dubbo://127.0.0.1:1").build().unwrap();
    assert_eq!(client.client().service().interface(), "sample.nulls.Marked");
}
