//! The time from a registration to the first call.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use dubhe::{App, Server, registry_at};
use dubhe_bench::{EchoClient, EchoServer, Same};

use crate::Error;
use crate::name_server::NameServer;

/// The pause between two calls of the one who waits.
const PAUSE: Duration = Duration::from_millis(2);
/// No registry takes longer.
const LIMIT: Duration = Duration::from_secs(30);

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The registry; without one, a name in DNS that is answered here.
    #[arg(long, required_unless_present = "dns")]
    url: Option<String>,
    /// The address of a name server, which runs in this process.
    #[arg(long, conflicts_with = "url")]
    dns: Option<SocketAddr>,
    /// The address at which servers listen.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// A shell command that makes a server known, where others than the server do that.
    #[arg(long, requires = "withdraw")]
    announce: Option<String>,
    /// The command that takes it back.
    #[arg(long)]
    withdraw: Option<String>,
    /// The number of servers, one after another.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
}

/// Prints the median and the longest time in milliseconds.
#[allow(clippy::print_stdout, reason = "the report is the output of this program")]
pub(crate) async fn run(arguments: &Arguments) -> Result<(), Error> {
    let names = match arguments.dns {
        Some(address) => Some(NameServer::start(address).await?),
        None => None,
    };
    let url = match (&arguments.url, &arguments.dns) {
        (Some(url), _) => url.clone(),
        (None, Some(server)) => {
            let port = arguments.listen.port();
            format!("dns://{server}/bench.test:{port}?protocol=dubbo")
        }
        (None, None) => return Err("neither --url nor --dns".into()),
    };
    // What a server cannot say of itself.
    let known = async |yes: bool| -> Result<(), Error> {
        if let Some(names) = &names {
            names.set(yes);
        }
        let command = if yes { &arguments.announce } else { &arguments.withdraw };
        match command {
            Some(command) => shell(command).await,
            None => Ok(()),
        }
    };
    let app = App::builder("bench-consumer").registry(&url).build()?;
    let echo = app.client::<EchoClient>().build()?;
    let mut times = Vec::new();
    for _ in 0..arguments.rounds {
        known(false).await?;
        // It follows the service, which has no provider.
        let end = Instant::now() + LIMIT;
        while echo.echo(Bytes::new()).await.is_ok() {
            if Instant::now() > end {
                return Err("a server that has stopped is called".into());
            }
            tokio::time::sleep(PAUSE).await;
        }
        let mut server =
            Server::builder().application("bench-provider").service(EchoServer::new(Same));
        if names.is_none() {
            server = server.registry(registry_at(&url, "bench-provider")?);
        }
        let begun = Instant::now();
        let server = server.start(&arguments.listen.to_string()).await?;
        known(true).await?;
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

async fn shell(command: &str) -> Result<(), Error> {
    let status = tokio::process::Command::new("sh").args(["-c", command]).status().await?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} ended with {status}").into()) }
}
