//! `dubhe`: the command line of Dubhe.
//!
//! | command | does |
//! | --- | --- |
//! | `dubhe demo` | runs two providers and a consumer, and shows their calls |
//! | `dubhe call` | calls a method of any provider over dubbo, Triple or gRPC, JSON in and out |
//! | `dubhe decode` | prints captured dubbo frames or Hessian 2 values readably |
//!
//! Exit status: 0 when it worked, 1 when it did not, 2 when the command line is wrong.

mod call;
mod decode;
mod demo;
mod failure;

use std::io::{self, IsTerminal as _, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use tracing_subscriber::EnvFilter;

use failure::Failure;

/// Dubbo for Rust, on the command line.
#[derive(Debug, Parser)]
#[command(name = "dubhe", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::DemoArgs),
    Call(call::CallArgs),
    Decode(decode::DecodeArgs),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    // The error of a call says what went wrong.
    let filter = match &cli.command {
        Command::Call(_) => "warn,dubhe_cluster=error,dubhe_net::pool=error",
        Command::Demo(_) | Command::Decode(_) => "warn",
    };
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| filter.into()))
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
    let mut out = io::stdout().lock();
    let ended = match cli.command {
        Command::Demo(options) => wait(demo::run(options, &mut out)),
        Command::Call(options) => wait(call::run(options, &mut out)),
        Command::Decode(options) => decode::run(&options, &mut out),
    };
    match ended.and_then(|()| Ok(out.flush()?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// Runs `work` to its end on a runtime of its own.
fn wait(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}
