//! Echo server, echo client and Hessian2 timings, to be measured beside those of other projects.
//!
//! Built as any user would build it: public builders, default filters, the default allocator and
//! runtime. Run it through `cargo xtask bench`.

mod client;
mod echo;
mod hessian;

use clap::{Parser, Subcommand, ValueEnum};

/// Measures Dubhe.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Serves `org.example.bench.Echo`.
    Server {
        /// Where to listen.
        #[arg(long)]
        addr: String,
    },
    /// Calls an echo server and prints one line of JSON.
    Client(ClientArguments),
    /// Times Hessian2 and prints one line of JSON.
    Hessian,
}

#[derive(clap::Args)]
struct ClientArguments {
    /// The protocol.
    #[arg(long, value_enum, default_value_t = Kind::Dubbo)]
    kind: Kind,
    /// The server.
    #[arg(long)]
    addr: String,
    /// Connections.
    #[arg(long, default_value_t = 8)]
    conns: usize,
    /// Calls in flight over all connections.
    #[arg(long, default_value_t = 128)]
    concurrency: usize,
    /// How long.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Bytes of a call.
    #[arg(long, default_value_t = 100)]
    size: usize,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// The dubbo protocol with Hessian2.
    Dubbo,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Dubbo => "dubbo",
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    match Arguments::parse().what {
        What::Server { addr } => echo::serve(&addr).await?,
        What::Client(arguments) => client::run(&arguments).await?,
        What::Hessian => hessian::run()?,
    }
    Ok(())
}
