//! The choice of the endpoint that answers a call.
//!
//! ```text
//! plan → fault → destination (directory → router → balance) → channel
//! ```
//!
//! [`Cluster`] walks that list for each call. Everything it reads is an immutable snapshot, so the
//! choice itself never waits; only the call does. No protocol is named here: channels come from
//! the [`dubhe_core::connect::Connect`] of the endpoint's protocol.

pub mod balance;
pub mod channels;
pub mod destination;
pub mod directory;
pub mod fault;
pub mod plan;
pub mod router;

mod attempt;
mod cluster;
mod listed;
mod names;
mod panicked;
mod ready;
mod tasks;

pub use channels::Channels;
pub use cluster::Cluster;
pub use directory::{Directories, RegistryDirectory};
pub use fault::RetryBudget;
pub use tasks::Tasks;
