//! `dubhe`: the command line of Dubhe.
//!
//! | command | does |
//! | --- | --- |
//! | `dubhe demo` | runs two providers and a consumer, and shows their calls |
//! | `dubhe call` | calls a method of any provider over dubbo, Triple or gRPC, JSON in and out |
//! | `dubhe registry` | lists, watches and changes what a registry holds |
//! | `dubhe new` | makes a project that runs |
//! | `dubhe gen` | writes Rust of Java interfaces and classes, and Java of Rust |
//! | `dubhe decode` | prints captured dubbo frames or Hessian 2 values readably |
//! | `dubhe completions` | prints the completions of a shell |
//!
//! Exit status: 0 when it worked, 1 when it did not, 2 when the command line is wrong, and 64 and the number
//! of gRPC's code when a call failed.

mod call;
mod completions;
mod counted;
mod decode;
mod demo;
mod failure;
mod r#gen;
mod manifest;
mod new;
mod registries;
mod registry;
mod stop;
mod suggest;

use std::io::{self, Write};
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};
use clap::{Parser, Subcommand};

use tracing_subscriber::EnvFilter;

use failure::Failure;

/// Dubbo for Rust, on the command line.
#[derive(Debug, Parser)]
#[command(name = "dubhe", version, arg_required_else_help = true)]
#[command(after_help = "Examples:
  dubhe demo                                          # providers to try it on
  dubhe call 127.0.0.1:20880 org.example.Greeter greet Ada
  dubhe new shop                                      # a project of your own
  dubhe gen orders-api.jar --out src/api              # Rust of a Java fleet
  dubhe call --help                                   # all that a call can do, with examples")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::DemoArgs),
    Call(Box<call::CallArgs>),
    Registry(registry::RegistryArgs),
    New(Box<new::NewArgs>),
    Gen(Box<r#gen::GenArgs>),
    Decode(decode::DecodeArgs),
    Completions(completions::CompletionsArgs),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    // The error of a call says what went wrong.
    let filter = match &cli.command {
        Command::Call(_) => {
            "warn,dubhe_cluster=error,dubhe_net::pool=error,dubhe_registry=error,\
             dubhe_zookeeper=error,dubhe_nacos=error,dubhe_etcd=error,dubhe_dns=error,\
             dubhe_kubernetes=error"
        }
        // So does that of a registry that is out of reach.
        Command::Registry(_) => {
            "warn,dubhe_zookeeper::client=error,dubhe_nacos::client=error,dubhe_etcd::client=error"
        }
        _ => "warn",
    };
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| filter.into()))
        .with_writer(io::stderr)
        .with_ansi(AutoStream::choice(&io::stderr()) != ColorChoice::Never)
        .init();
    let colour = AutoStream::choice(&io::stdout()) != ColorChoice::Never;
    let mut out = io::stdout().lock();
    let ended = match cli.command {
        Command::Demo(options) => wait(demo::run(options, &mut out)),
        Command::Call(options) => wait(call::run(&options, colour, &mut out)),
        Command::Registry(options) => wait(registry::run(options, &mut out)),
        // Registries are opened within a runtime.
        Command::New(options) => wait(async { new::run(*options, &mut out) }),
        Command::Gen(options) => wait(r#gen::run(*options, &mut out)),
        Command::Decode(options) => decode::run(&options, &mut out),
        Command::Completions(options) => completions::run(&options, &mut out),
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
