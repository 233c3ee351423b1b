//! Rust that a build script made of class files.

/// The interfaces and classes of `crates/codegen/tests/data`.
pub mod java {
    dubhe::include_java!();
}

/// Types that the build script made of `crates/codegen/tests/it/java/odd.rs`, where names and types have to be others in Rust.
pub mod odd {
    include!(concat!(env!("OUT_DIR"), "/odd/mod.rs"));
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

#[tokio::test]
async fn what_is_odd_compiles_and_is_sent() {
    let pair = odd::Pair { f0: Some(1), f1: Some("x".to_owned()) };
    let bytes = dubhe_hessian2::to_bytes(&pair).unwrap();
    assert_eq!(dubhe_hessian2::from_bytes::<odd::Pair<i32, String>>(&bytes).unwrap(), pair);
    // What is called through the client has to compile for any executor.
    fn is_send<T: Send>(_: T) {}
    let app = App::builder("odd").build().unwrap();
    let client = app.client::<odd::SClient>().url("dubbo://127.0.0.1:1").build().unwrap();
    is_send(client.grow(odd::Grow::default()));
    is_send(client.deep(Vec::new()));
    is_send(client.chain(odd::G0::default()));
}
