//! The cost of registries to a process, and the time until they tell it of a provider.
//!
//! `fleet follow` follows a fleet that is made up in this process and changes all the time; its
//! addresses are all of the loopback, where one server answers for each. `fleet first` registers
//! servers in a real registry and waits for their first call. Each prints one line of JSON. Run them through
//! `cargo xtask bench registry`.

mod first;
mod fleet;
mod name_server;
mod source;

use std::alloc::System;

use clap::{Parser, Subcommand};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Errors end the program; a person reads them.
type Error = Box<dyn std::error::Error + Send + Sync>;

/// Measures registries.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Follows a fleet that changes.
    Follow(fleet::Arguments),
    /// Registers, and waits for the first call.
    First(first::Arguments),
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    match Arguments::parse().command {
        Command::Follow(arguments) => fleet::run(&arguments).await,
        Command::First(arguments) => first::run(&arguments).await,
    }
}
