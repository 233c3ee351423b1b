//! A service on a runtime of its own: its handlers compute for long and hold up nobody else.
//!
//! `isolated HOST:PORT` serves until Ctrl-C, for callers of Java and Go.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use dubhe::prelude::*;
use dubhe_examples::address;
use dubhe_examples::hello::Polite;
use dubhe_examples::hello::proto::{GreeterClient, GreeterServer, Hello};

#[dubhe::interface("org.example.Primes")]
trait Primes {
    async fn count(&self, below: i32) -> Result<i32, Status>;
}

struct Sieve;

impl Primes for Sieve {
    async fn count(&self, below: i32) -> Result<i32, Status> {
        let primes = (2..below).filter(|n| (2..*n).all(|divisor| n % divisor != 0));
        Ok(i32::try_from(primes.count()).unwrap_or(i32::MAX))
    }
}

#[tokio::main]
async fn main() -> Result<(), Status> {
    let primes = Export::new(PrimesServer::new(Sieve)).isolated(2);
    let server = Server::builder().service(primes).service(GreeterServer::new(Polite));
    if let Some(address) = address() {
        return server.serve(&address).await;
    }
    let server = server.start("127.0.0.1:0").await?;

    let app = App::builder("isolated").build()?;
    let url = format!("tri://{}", server.addr());
    let primes = app.client::<PrimesClient>().url(&url).build()?;
    let greeter = app.client::<GreeterClient>().url(&url).build()?;
    // One connection carries both.
    let (count, said) =
        tokio::join!(primes.count(1000), greeter.greet(Hello { name: "Ada".into() }));
    println!("{} while counting {} primes", said?.get_ref().text, count?);
    server.stop().await;
    Ok(())
}
