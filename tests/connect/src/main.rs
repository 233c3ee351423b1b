//! The programs that Connect's conformance runner tests: a server and a client of its service over
//! gRPC, written as a user would write them. `cargo xtask conformance grpc` runs both.
//!
//! ```text
//! connectconformance --mode server --conf grpc.yaml -- dubhe-connect server
//! connectconformance --mode client --conf grpc.yaml -- dubhe-connect client
//! ```

mod any;
mod client;
mod exchange;
mod headers;
mod pipe;
mod server;

use std::process::ExitCode;

use clap::Parser;

/// The package of the suite.
#[allow(
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    dead_code,
    clippy::pedantic,
    reason = "made for libraries, and for both sides"
)]
mod proto {
    dubhe::include_proto!("connectrpc.conformance.v1");
}

/// Programs under test by Connect's conformance runner; its messages come on standard input
#[derive(Debug, Parser)]
enum Command {
    /// Serve by one configuration, until the process is asked to end
    Server,
    /// Call by each request until there are no more
    Client,
}

/// An error of the program, read by a person.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let ended = match Command::parse() {
        Command::Server => server::run().await,
        Command::Client => client::run().await,
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the program under test gave up");
            ExitCode::FAILURE
        }
    }
}
