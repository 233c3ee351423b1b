//! The time from a registration to the first call.

use std::time::{Duration, Instant};

use bytes::Bytes;
use dubhe::{App, Server, registry_at};
use dubhe_bench::{EchoClient, EchoServer, Same};

use crate::Error;

/// The pause between two calls of the one who waits.
const PAUSE: Duration = Duration::from_millis(2);
/// No registry takes longer.
const LIMIT: Duration = Duration::from_secs(30);

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The registry.
    #[arg(long)]
    url: String,
    /// The number of servers, one after another.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
}

/// Prints the median and the longest time in milliseconds.
#[allow(clippy::print_stdout, reason = "the report is the output of this program")]
pub(crate) async fn run(arguments: &Arguments) -> Result<(), Error> {
    let app = App::builder("bench-consumer").registry(&arguments.url).build()?;
    let echo = app.client::<EchoClient>().build()?;
    let mut times = Vec::new();
    for _ in 0..arguments.rounds {
        // It follows the service, which has no provider.
        let end = Instant::now() + LIMIT;
        while echo.echo(Bytes::new()).await.is_ok() {
            if Instant::now() > end {
                return Err("a server that has stopped is called".into());
            }
            tokio::time::sleep(PAUSE).await;
        }
        let begun = Instant::now();
        let server = Server::builder()
            .application("bench-provider")
            .service(EchoServer::new(Same))
            .registry(registry_at(&arguments.url, "bench-provider")?)
            .start("127.0.0.1:0")
            .await?;
        while let Err(status) = echo.echo(Bytes::new()).await {
            if begun.elapsed() > LIMIT {
                return Err(format!("no call within {LIMIT:?}: {status}").into());
            }
            tokio::time::sleep(PAUSE).await;
        }
        times.push(begun.elapsed());
        server.stop().await;
    }
    times.sort_unstable();
    let millis = |time: Option<&Duration>| time.copied().unwrap_or_default().as_millis();
    let (median, longest) = (millis(times.get(times.len() / 2)), millis(times.last()));
    println!(r#"{{"median_ms":{median},"longest_ms":{longest}}}"#);
    Ok(())
}
