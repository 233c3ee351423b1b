//! Rules and start-up configuration from the outside.

#![allow(clippy::unwrap_used, clippy::panic)]

mod corpus;
mod hostile;
mod page;
mod places;
mod scripted;
mod urls;
mod watching;
