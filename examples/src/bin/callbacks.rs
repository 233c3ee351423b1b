//! A callback: an argument that the callee calls over the connection of the caller, as Dubbo Java's
//! `<dubbo:argument callback="true"/>`. Over Triple a method returns a stream instead.
//!
//! `callbacks HOST:PORT` serves until Ctrl-C, for callers of Java and Go.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::{Arc, Mutex, PoisonError};

use dubhe::Callback;
use dubhe::prelude::*;
use dubhe_examples::address;

#[dubhe::interface("org.example.Listener")]
trait Listener {
    async fn changed(&self, price: i64) -> Result<String, Status>;
}

#[dubhe::interface("org.example.Prices")]
trait Prices {
    async fn follow(&self, listener: Callback<ListenerClient>) -> Result<(), Status>;
    #[java(end_callbacks)]
    async fn leave(&self, listener: Callback<ListenerClient>) -> Result<(), Status>;
    async fn set(&self, price: i64) -> Result<Vec<String>, Status>;
}

#[derive(Clone, Default)]
struct Market(Arc<Mutex<Vec<Callback<ListenerClient>>>>);

impl Market {
    fn change<T>(&self, change: impl FnOnce(&mut Vec<Callback<ListenerClient>>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Prices for Market {
    async fn follow(&self, listener: Callback<ListenerClient>) -> Result<(), Status> {
        self.change(|all| all.push(listener));
        Ok(())
    }

    async fn leave(&self, listener: Callback<ListenerClient>) -> Result<(), Status> {
        self.change(|all| all.retain(|other| *other != listener));
        Ok(())
    }

    async fn set(&self, price: i64) -> Result<Vec<String>, Status> {
        let mut answers = Vec::new();
        for listener in self.change(|all| all.clone()) {
            match listener.changed(price).await {
                Ok(answer) => answers.push(answer),
                // Its connection has ended.
                Err(_) => self.change(|all| all.retain(|other| *other != listener)),
            }
        }
        Ok(answers)
    }
}

struct Screen(&'static str);

impl Listener for Screen {
    async fn changed(&self, price: i64) -> Result<String, Status> {
        Ok(format!("{} shows {price}", self.0))
    }
}

#[tokio::main]
async fn main() -> Result<(), Status> {
    // 1 callback of an interface on a connection, unless the provider says otherwise.
    let export = Export::new(PricesServer::new(Market::default())).param("callbacks", "2");
    let server = Server::builder().service(export);
    if let Some(address) = address() {
        return server.serve(&address).await;
    }
    let server = server.start("127.0.0.1:0").await?;
    let app = App::builder("callbacks").build()?;
    let url = format!("dubbo://{}?callbacks=2", server.addr());
    let prices = app.client::<PricesClient>().url(&url).build()?;

    // Kept, to end it later; one that is not needed again is passed as a server.
    let left: Callback<ListenerClient> = ListenerServer::new(Screen("left")).into();
    prices.follow(left.clone()).await?;
    prices.follow(ListenerServer::new(Screen("right"))).await?;
    println!("{}", prices.set(42).await?.join(", "));
    prices.leave(left).await?;
    println!("{}", prices.set(43).await?.join(", "));
    Ok(())
}
