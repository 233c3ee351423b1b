//! The cost of one call, in a process that does nothing else.
//!
//! `calls out` measures a client and `calls in` a server; the other side is a child process. Calls
//! of 100 bytes follow each other on a runtime of one thread. The program prints the allocations
//! of the calls after a warm-up as one line of JSON; instructions are counted from outside, as the
//! difference between runs of two lengths. Run it through `cargo xtask bench calls`.

mod client;
mod filters;
mod gate;
mod hook;
mod server;
mod window;

use std::alloc::System;

use clap::{Args, Parser, Subcommand, ValueEnum};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

use crate::window::Window;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Errors end the program; a person reads them.
type Error = Box<dyn std::error::Error + Send + Sync>;

/// Counts the cost of calls.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    side: Side,
}

#[derive(Subcommand)]
enum Side {
    /// Measures the client.
    Out(Setup),
    /// Measures the server.
    In(Setup),
    /// Serves until standard input closes: the child of `out`.
    Serve,
    /// Calls a server: the child of `in`.
    Call {
        /// The address of the server.
        #[arg(long)]
        addr: String,
        #[command(flatten)]
        setup: Setup,
    },
}

#[derive(Args, Clone, Copy)]
struct Setup {
    /// The protocol of the calls.
    #[arg(long, value_enum)]
    protocol: Protocol,
    /// The addition to the measured side.
    #[arg(long, value_enum, default_value_t = With::None)]
    with: With,
    /// The number of calls that count; those of the warm-up come before.
    #[arg(long, default_value_t = 1000)]
    calls: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Protocol {
    /// The dubbo protocol with Hessian2.
    Dubbo,
    /// Triple with protobuf.
    Triple,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum With {
    /// No filter, and no retries.
    None,
    /// A hook that observes the end of each call.
    Hook,
    /// An asynchronous filter.
    Filter,
    /// An open gate. For servers alone.
    Gate,
    /// Allows two retries, of which no call needs one. For clients alone.
    Retries,
}

#[allow(clippy::print_stdout, reason = "the report is the output of this program")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let report = match Arguments::parse().side {
        Side::Out(setup) => client::measure(setup).await?,
        Side::In(setup) => server::measure(setup).await?,
        Side::Serve => return server::serve_until_closed().await,
        Side::Call { addr, setup } => {
            return client::call(&addr, setup, &Window::new(setup.calls)).await;
        }
    };
    println!("{report}");
    Ok(())
}
