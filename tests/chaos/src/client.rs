//! Clients of one sort of call each.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use dubhe::net::ClientTls;
use dubhe::{App, Value};

use crate::Error;
use crate::service::{BusyClient, ChaosClient};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The provider's URL.
    #[arg(long)]
    url: String,
    /// The number of calls, one after the other.
    #[arg(long, default_value_t = 1)]
    calls: u32,
    /// The certificate of the authority to trust, in a file.
    #[arg(long)]
    ca: Option<PathBuf>,
}

/// Prints the sums as a line of JSON.
fn report(calls: u32, failed: u32, begun: Instant, first: &str) {
    let millis = begun.elapsed().as_millis();
    println!(r#"{{"calls":{calls},"failed":{failed},"millis":{millis},"first":{first:?}}}"#);
}

/// The number of failures, and the first of them.
#[derive(Default)]
struct Failures {
    count: u32,
    first: String,
}

impl Failures {
    fn add(&mut self, error: impl ToString) {
        if self.count == 0 {
            self.first = error.to_string();
        }
        self.count += 1;
    }
}

pub(crate) async fn busy(arguments: Arguments) -> Result<(), Error> {
    let app = App::builder("chaos").build()?;
    let busy = app.client::<BusyClient>().url(&arguments.url).build()?;
    let (begun, mut failures) = (Instant::now(), Failures::default());
    for _ in 0..arguments.calls {
        if let Err(status) = busy.call().await {
            failures.add(status);
        }
    }
    report(arguments.calls, failures.count, begun, &failures.first);
    Ok(())
}

pub(crate) async fn slow(arguments: Arguments) -> Result<(), Error> {
    let app = App::builder("chaos").build()?;
    let chaos = app.client::<ChaosClient>().url(&arguments.url).build()?;
    let (begun, mut failures) = (Instant::now(), Failures::default());
    if let Err(status) = chaos.slow(1200).await {
        failures.add(status);
    }
    report(1, failures.count, begun, &failures.first);
    Ok(())
}

/// Eight at a time, each on an application of its own.
pub(crate) async fn reconnect(arguments: Arguments) -> Result<(), Error> {
    let ca = std::fs::read(arguments.ca.as_ref().ok_or("--ca FILE is missing")?)?;
    let (begun, mut failures) = (Instant::now(), Failures::default());
    for _ in 0..arguments.calls.div_ceil(8) {
        let mut calls = Vec::new();
        for _ in 0..8 {
            let tls = ClientTls::builder(ca.clone()).build()?;
            let app = App::builder("chaos").tls(tls).build()?;
            let chaos = app.client::<ChaosClient>().url(&arguments.url).retries(0);
            let chaos = chaos.timeout(Duration::from_secs(5)).build()?;
            calls.push(tokio::spawn(async move {
                let answer = chaos.echo(Value::from(1)).await;
                app.close();
                answer
            }));
        }
        for call in calls {
            if let Err(status) = call.await? {
                failures.add(status);
            }
        }
    }
    report(arguments.calls.div_ceil(8) * 8, failures.count, begun, &failures.first);
    Ok(())
}
