//! Echo servers and clients of other projects, each as its users write it, with the defaults of
//! their framework, of the allocator and of the runtime. Run them through `cargo xtask bench`.

mod connect;
mod tonic;

use clap::{Parser, Subcommand, ValueEnum};
use dubhe_load::{Error, Load};

/// Measures others.
#[derive(Parser)]
struct Arguments {
    #[arg(value_enum)]
    project: Project,
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Copy, ValueEnum)]
enum Project {
    Tonic,
    Connect,
}

#[derive(Subcommand)]
enum What {
    /// Serves `bench.Echo`.
    Server {
        /// The address to listen on.
        #[arg(long)]
        addr: std::net::SocketAddr,
    },
    /// Calls `bench.Echo/Echo` and prints one line of JSON.
    Unary(Load),
    /// Keeps streams of `bench.Echo/Stream` full and prints one line of JSON.
    Streams(Load),
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let Arguments { project, what } = Arguments::parse();
    match (project, what) {
        (Project::Tonic, What::Server { addr }) => tonic::serve(addr).await,
        (Project::Tonic, What::Unary(load)) => tonic::unary(&load).await,
        (Project::Tonic, What::Streams(load)) => tonic::streams(&load).await,
        (Project::Connect, What::Server { addr }) => connect::serve(addr).await,
        (Project::Connect, What::Unary(load)) => connect::unary(&load).await,
        (Project::Connect, What::Streams(load)) => connect::streams(&load).await,
    }
}
