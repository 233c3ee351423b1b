//! The services of the Java and Go peers in `tests/peers`, and the cases of their consumers, on our
//! side and written as a user would write them: `cargo xtask interop` runs each side against the
//! other.
//!
//! ```text
//! dubhe-interop provider --addr 127.0.0.1:20880
//! dubhe-interop consumer --url dubbo://127.0.0.1:20880 --only echoUser
//! ```
//!
//! The consumer prints `PASS name` or `FAIL name: why` for each case, by the names that the peers'
//! own consumers use, and the total last.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the lines are the purpose of the program"
)]

mod aged;
mod any;
mod codes;
mod consumer;
mod conventions;
mod deep;
mod greet;
mod idl;
// As `dubhe gen` writes it, for the defaults of rustfmt.
#[rustfmt::skip]
mod java;
mod json;
mod names;
mod pojo;
mod provider;
mod samples;
mod spring;
mod streams;
mod wait;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

/// The greatest message, in bytes: what the Java peers are set to.
const PAYLOAD: usize = 64 << 20;

/// The services of the Java and Go peers, and the cases of their consumers
#[derive(Debug, Parser)]
enum Command {
    /// Provide the services; prints READY and its address once it listens and the registry knows, and at its
    /// end CALLS and how many it served
    Provider {
        /// Address to listen on, such as 127.0.0.1:20880
        #[arg(long)]
        addr: String,
        /// The registry to tell, such as file:///tmp/registry
        #[arg(long)]
        registry: Option<String>,
        /// Protocol to announce: dubbo or tri; by default both
        #[arg(long)]
        protocol: Option<String>,
        /// The seconds that the registry is told this has run for; by default it is told the truth
        #[arg(long)]
        age: Option<u64>,
    },
    /// Serve the application of the Spring Cloud peers over HTTP; prints READY and its address once the
    /// registry knows
    Spring {
        /// Address to listen on, such as 127.0.0.1:8080
        #[arg(long)]
        addr: String,
        /// The registry of applications to tell, such as nacos://127.0.0.1:8848
        #[arg(long)]
        registry: String,
    },
    /// Run the cases against a provider
    Consumer {
        #[command(flatten)]
        source: consumer::Source,
        /// Cases to run
        #[arg(long, value_enum, default_value = "java")]
        cases: consumer::Suite,
        /// The beginning of the names of the cases to run; by default all
        #[arg(long, default_value = "")]
        only: String,
    },
    /// Wait until services have a provider, for a minute at most
    Wait {
        /// The registry that is to know the providers
        #[arg(long)]
        registry: String,
        /// The protocol of the providers
        #[arg(long)]
        protocol: String,
        /// The interfaces of the services
        services: Vec<String>,
    },
    /// Answer queries of DNS: every name is this machine
    Names {
        /// Address to listen on, over UDP
        #[arg(long)]
        addr: String,
    },
    /// Make the same calls in JSON and generic values to Dubbo Java and to us, and compare the answers
    Json {
        /// Address of the Java provider, by Triple
        #[arg(long)]
        java: String,
        /// Address of our provider
        #[arg(long)]
        ours: String,
        /// The beginning of the names of the cases to run; by default all
        #[arg(long, default_value = "")]
        only: String,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let outcome = match Command::parse() {
        Command::Provider { addr, registry, protocol, age } => {
            let age = age.map(Duration::from_secs);
            provider::run(&addr, registry.as_deref(), protocol.as_deref(), age).await.map(|()| true)
        }
        Command::Spring { addr, registry } => {
            provider::spring(&addr, &registry).await.map(|()| true)
        }
        Command::Wait { registry, protocol, services } => {
            wait::run(&registry, &protocol, &services).await.map(|()| true)
        }
        Command::Names { addr } => names::run(&addr).await.map(|()| true),
        Command::Json { java, ours, only } => json::run(&java, &ours, &only).await,
        Command::Consumer { source, cases, only } => consumer::run(&source, cases, only).await,
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(status) => {
            eprintln!("error: {status}");
            ExitCode::FAILURE
        }
    }
}
