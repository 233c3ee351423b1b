//! A server and clients that `cargo xtask chaos` runs as processes of their own, and looks at from
//! outside.
//!
//! Built as any user would build it: public builders and the default runtime.

// The lines that the clients print are read by the task that runs them.
#![allow(clippy::print_stdout)]

mod client;
mod follow;
mod junk;
mod load;
mod migrate;
mod proxy;
mod server;
mod service;
mod skew;

use clap::{Parser, Subcommand};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Serves what is attacked, and calls what breaks.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves every service until a signal.
    Server(server::Arguments),
    /// Calls at a rate and prints a line for each call that failed or was late, then the sums.
    Load(load::Arguments),
    /// Calls without end and prints a line for each call that failed, and who answers.
    Follow(follow::Arguments),
    /// Writes the rule of migration of an application.
    Migrate(migrate::Arguments),
    /// Writes to a registry what no consumer can use, beside the providers of an application, and keeps it
    /// there.
    Junk(junk::Arguments),
    /// Stands between processes and a registry, and does what it is told on a port of its own.
    Proxy(proxy::Arguments),
    /// Calls a provider that refuses all calls as overloaded, and prints the sums.
    Busy(client::Arguments),
    /// Calls a handler that is slower than the timeout, with default options, once.
    Slow(client::Arguments),
    /// Calls over a new TLS connection each time, and prints the sums.
    Reconnect(client::Arguments),
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let filter = tracing_subscriber::EnvFilter::from_default_env();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match Arguments::parse().command {
        Command::Server(arguments) => server::run(arguments).await,
        Command::Load(arguments) => load::run(arguments).await,
        Command::Follow(arguments) => follow::run(arguments).await,
        Command::Migrate(arguments) => migrate::run(arguments).await,
        Command::Junk(arguments) => junk::run(arguments).await,
        Command::Proxy(arguments) => proxy::run(arguments).await,
        Command::Busy(arguments) => client::busy(arguments).await,
        Command::Slow(arguments) => client::slow(arguments).await,
        Command::Reconnect(arguments) => client::reconnect(arguments).await,
    }
}
