//! The registry against real Nacos servers. Needs a JDK and Maven; `cargo xtask test nacos` runs it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../support/mod.rs"]
mod support;

mod documents;
mod java;
mod rules;
mod secured;
mod server;
mod services;

use dubhe_nacos::Nacos;
use server::{Generation, Server};
use support::clock;
use tokio::sync::Mutex;

/// The turn of a server, of which there is one at a time: each takes half a gigabyte.
static ONE: Mutex<()> = Mutex::const_new(());

/// A client of `server` with these parameters.
fn nacos(server: &Server, parameters: &str) -> Nacos {
    Nacos::builder(&server.url(parameters), clock()).unwrap().application("tests").build()
}

/// The cases that need no more than a server, which is started once: it takes half a minute.
#[tokio::test]
async fn a_server() {
    let _one = ONE.lock().await;
    let mut server = Server::start(Generation::Three).await;
    services::providers_come_and_go(&server).await;
    services::several_groups_and_versions_are_found(&server).await;
    services::what_somebody_changes_in_nacos_is_honoured(&server).await;
    services::applications_come_and_go(&server).await;
    services::consumers_are_registered_on_request(&server).await;
    documents::documents_are_written_and_followed(&server).await;
    documents::documents_are_compared(&server).await;
    rules::rules_of_all_kinds_reach_the_snapshot_live(&server).await;
    java::java_and_dubhe_read_each_other(&server).await;
    services::a_restarted_server_knows_everything_again(&mut server).await;
}

/// A server of Nacos 2, but for what that of the peers cannot do (`tests/peers/README.md`): changes of instances
/// by somebody else, and comparing documents.
#[tokio::test]
async fn a_server_of_nacos_2() {
    let _one = ONE.lock().await;
    let server = Server::start(Generation::Two).await;
    services::providers_come_and_go(&server).await;
    services::applications_come_and_go(&server).await;
    documents::documents_are_written_and_followed(&server).await;
    java::java_and_dubhe_read_each_other(&server).await;
}

/// A server that asks for a password, over TLS.
#[tokio::test]
async fn a_secured_server() {
    let _one = ONE.lock().await;
    secured::users_log_in_over_tls().await;
}
