//! The proxy between processes and a registry.

use std::net::SocketAddr;
use std::time::Duration;

use dubhe_testkit::proxy::{Faults, Proxy, WireFault};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::Error;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The address that processes connect to.
    #[arg(long)]
    listen: SocketAddr,
    /// The address of the registry.
    #[arg(long)]
    to: SocketAddr,
    /// The address that takes orders, a line each: `hold`, `release`, `cut`, `pass`, or faults of the
    /// connections from now on, such as `server 17 delay 300 client 40 corrupt 255`.
    #[arg(long)]
    control: SocketAddr,
}

pub(crate) async fn run(arguments: Arguments) -> Result<(), Error> {
    let proxy = Proxy::start_at(arguments.listen, arguments.to, Faults::none()).await?;
    let control = TcpListener::bind(arguments.control).await?;
    loop {
        let (stream, _) = control.accept().await?;
        // The one who orders may leave at any time.
        if let Err(error) = obey(&proxy, stream).await {
            tracing::warn!("an order was not carried out: {error}");
        }
    }
}

async fn obey(proxy: &Proxy, mut stream: TcpStream) -> Result<(), Error> {
    let (from, mut to) = stream.split();
    let mut lines = BufReader::new(from).lines();
    while let Some(line) = lines.next_line().await? {
        match line.trim() {
            "hold" => proxy.hold(),
            "release" => proxy.release(),
            "cut" => proxy.cut(),
            "pass" => proxy.set(Faults::none()),
            orders => proxy.set(faults(orders)?),
        }
        to.write_all(b"done\n").await?;
    }
    Ok(())
}

/// Reads groups of four words: the direction, the byte, the fault and its number.
fn faults(orders: &str) -> Result<Faults, Error> {
    let words: Vec<&str> = orders.split_whitespace().collect();
    let mut faults = Faults::none();
    for order in words.chunks(4) {
        let [direction, at, kind, number] = order else {
            return Err(format!("{orders:?} is no list of faults").into());
        };
        let (at, number) = (at.parse()?, number.parse::<u64>()?);
        let fault = match *kind {
            "close" => WireFault::Close,
            "half-close" => WireFault::HalfClose,
            "reset" => WireFault::Reset,
            "stall" => WireFault::Stall,
            "delay" => WireFault::Delay(Duration::from_millis(number)),
            "corrupt" => WireFault::Corrupt(u8::try_from(number)?),
            other => return Err(format!("{other:?} is no fault").into()),
        };
        faults = match *direction {
            "server" => faults.to_server(at, fault),
            "client" => faults.to_client(at, fault),
            other => return Err(format!("{other:?} is no direction").into()),
        };
    }
    Ok(faults)
}
