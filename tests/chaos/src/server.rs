//! The server.

use std::path::PathBuf;
use std::time::Duration;

use dubhe::net::{ServerTls, TlsMode};
use dubhe::{Export, Server, registry_at};
use dubhe_bench::{Same, proto};
use dubhe_testkit::certs::Authority;

use crate::Error;
use crate::service::{BusyServer, ChaosServer, Counts};
use crate::skew::Skewed;

/// The pause between two certificates.
const RELOAD_PAUSE: Duration = Duration::from_millis(20);

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The address to listen on.
    #[arg(long)]
    addr: String,
    /// The registry that is told of the services.
    #[arg(long)]
    registry: Option<String>,
    /// The name of the application.
    #[arg(long, default_value = "chaos")]
    app: String,
    /// The milliseconds in which it warms up. By default a newcomer is called as often as others: the time
    /// until its first call is that of the registry.
    #[arg(long, default_value_t = 0)]
    warmup: u32,
    /// The seconds by which its clock is ahead, as the registry is told.
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    clock_ahead: i64,
    /// Registers `timestamp` in seconds in the place of milliseconds.
    #[arg(long)]
    seconds: bool,
    /// The longest time of a one-way call in milliseconds.
    #[arg(long)]
    one_way_ms: Option<u64>,
    /// The budget of memory of the server in MiB.
    #[arg(long)]
    memory_mib: Option<usize>,
    /// Accepts TLS too, and writes the certificate of its authority here.
    #[arg(long)]
    ca: Option<PathBuf>,
    /// Replaces the certificate each 20 ms.
    #[arg(long, requires = "ca")]
    reload: bool,
}

pub(crate) async fn run(arguments: Arguments) -> Result<(), Error> {
    let counts = Counts::default();
    let warmup = arguments.warmup.to_string();
    let mut server = Server::builder()
        .application(&*arguments.app)
        .service(Export::new(ChaosServer::new(counts.clone())).param("warmup", warmup))
        .service(Export::new(BusyServer::new(counts.clone())).gate(counts))
        .service(proto::EchoServer::new(Same));
    if let Some(millis) = arguments.one_way_ms {
        let limit = Duration::from_millis(millis);
        server = server.options(|o| o.dubbo = o.dubbo.clone().one_way_timeout(limit));
    }
    if let Some(mib) = arguments.memory_mib {
        server = server.options(|o| o.memory = o.memory.server(mib << 20));
    }
    if let Some(url) = &arguments.registry {
        let inner = registry_at(url, &*arguments.app)?;
        let (ahead, in_seconds) = (arguments.clock_ahead, arguments.seconds);
        server = match (ahead, in_seconds) {
            (0, false) => server.registry(inner),
            _ => server.registry(Skewed { inner, ahead, in_seconds }),
        };
    }
    if let Some(file) = &arguments.ca {
        let authority = Authority::new()?;
        std::fs::write(file, authority.pem())?;
        let identity = authority.issue("localhost")?;
        let tls = ServerTls::builder(identity.chain, identity.key).build()?;
        server = server.tls(TlsMode::Optional, tls.clone());
        let running = server.start(&arguments.addr).await?;
        // Both end at the signal.
        tokio::select! {
            _ = running.until_signalled() => {}
            ended = reload(&authority, &tls), if arguments.reload => ended?,
        }
        return Ok(());
    }
    server.serve(&arguments.addr).await?;
    Ok(())
}

/// Replaces the certificate again and again; ends on errors only.
async fn reload(authority: &Authority, tls: &ServerTls) -> Result<(), Error> {
    for number in 1_u64.. {
        tokio::time::sleep(RELOAD_PAUSE).await;
        let identity = authority.issue("localhost")?;
        tls.reload(identity.chain.as_bytes(), identity.key.as_bytes())?;
        println!("reloaded {number}");
    }
    std::future::pending().await
}
