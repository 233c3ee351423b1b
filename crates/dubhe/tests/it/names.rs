//! Interfaces and types of users may have the names that generic code has.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test stops at the first surprise")]

use dubhe::prelude::*;

// In Java: `class E { int e; }`.
#[derive(Java, Clone, Debug, PartialEq)]
#[java(class = "org.example.E")]
struct E {
    e: i32,
}

// In Java: `interface T { E t(E call, E body); }`.
#[dubhe::interface("org.example.T")]
trait T {
    async fn t(&self, call: E, body: E) -> Result<E, Status>;
}

// In Java: `interface Other { A other(A service); }`, of a class `A` that is called `T` here.
mod other {
    use super::*;

    #[derive(Java, Clone, Debug, PartialEq)]
    #[java(class = "org.example.A")]
    pub(super) struct T {
        pub(super) t: i32,
    }

    #[dubhe::interface("org.example.Other")]
    pub(super) trait Other {
        async fn other(&self, service: T) -> Result<T, Status>;
    }
}

use other::{OtherClient, OtherServer};

struct Sum;

impl T for Sum {
    async fn t(&self, call: E, body: E) -> Result<E, Status> {
        Ok(E { e: call.e + body.e })
    }
}

impl other::Other for Sum {
    async fn other(&self, service: other::T) -> Result<other::T, Status> {
        Ok(service)
    }
}

#[tokio::test]
async fn an_interface_and_a_type_may_be_called_t() {
    let server = Server::builder().service(TServer::new(Sum)).service(OtherServer::new(Sum));
    let server = server.start("127.0.0.1:0").await.unwrap();
    let url = format!("dubbo://{}", server.addr());
    let app = App::builder("names").build().unwrap();
    let t = app.client::<TClient>().url(&url).build().unwrap();
    assert_eq!(t.t(E { e: 1 }, E { e: 2 }).await.unwrap(), E { e: 3 });
    let other = app.client::<OtherClient>().url(&url).build().unwrap();
    assert_eq!(other.other(other::T { t: 4 }).await.unwrap(), other::T { t: 4 });
}
