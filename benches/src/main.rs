//! Echo server, echo client and Hessian2 timings, to be measured beside those of other projects.
//!
//! Built as any user would build it: public builders, default filters, the default allocator and
//! runtime. Run it through `cargo xtask bench`.

mod client;
mod hessian;

use clap::{Parser, Subcommand, ValueEnum};
use dubhe::{Server, Status};
use dubhe_bench::{EchoServer, Same, proto};
use dubhe_load::Load;

/// Measures Dubhe.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves `org.example.bench.Echo` and `bench.Echo`.
    Server {
        /// The address to listen on.
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
    /// The kind of the calls.
    #[arg(long, value_enum, default_value_t = Kind::Dubbo)]
    kind: Kind,
    #[command(flatten)]
    load: Load,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// The dubbo protocol with Hessian2.
    Dubbo,
    /// Triple with protobuf, a call at a time.
    Triple,
    /// Triple with protobuf, on streams.
    TripleStream,
}

#[tokio::main]
async fn main() -> Result<(), dubhe_load::Error> {
    match Arguments::parse().command {
        Command::Server { addr } => serve(&addr).await?,
        Command::Client(ClientArguments { kind, load }) => match kind {
            Kind::Dubbo => client::dubbo(&load).await?,
            Kind::Triple => client::triple(&load).await?,
            Kind::TripleStream => client::triple_stream(&load).await?,
        },
        Command::Hessian => hessian::run()?,
    }
    Ok(())
}

/// Serves both protocols until a signal ends the process.
async fn serve(addr: &str) -> Result<(), Status> {
    Server::builder()
        .service(EchoServer::new(Same))
        .service(proto::EchoServer::new(Same))
        .serve(addr)
        .await
}
