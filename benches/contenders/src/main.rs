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
    command: Command,
}

#[derive(Clone, Copy, ValueEnum)]
enum Project {
    Tonic,
    Connect,
}

#[derive(Subcommand)]
enum Command {
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
    let Arguments { project, command } = Arguments::parse();
    match (project, command) {
        (Project::Tonic, Command::Server { addr }) => tonic::serve(addr).await,
        (Project::Tonic, Command::Unary(load)) => tonic::unary(&load).await,
        (Project::Tonic, Command::Streams(load)) => tonic::streams(&load).await,
        (Project::Connect, Command::Server { addr }) => connect::serve(addr).await,
        (Project::Connect, Command::Unary(load)) => connect::unary(&load).await,
        (Project::Connect, Command::Streams(load)) => connect::streams(&load).await,
    }
}
