//! The composition of both levels of registration, in paused time.

mod consumer;
mod fleet;
mod memory;
mod migration;
mod provider;
mod support;
