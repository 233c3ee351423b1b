//! Rust that a build script made of class files.

/// The interfaces and classes of `crates/codegen/tests/data`.
pub mod java {
    dubhe::include_java!();
}

use dubhe::prelude::*;
use java::{Order, OrdersClient};

#[test]
fn classes_have_their_fields_and_interfaces_their_clients() {
    let order = Order::default();
    assert_eq!(order.clone(), order);
    let app = App::builder("shop").build().unwrap();
    let orders = app.client::<OrdersClient>().url("dubbo://127.0.0.1:1").build().unwrap();
    assert_eq!(orders.client().service().interface(), "sample.Orders");
}
