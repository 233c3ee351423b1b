//! Rules and start-up configuration from the outside.

#![allow(clippy::unwrap_used)]

mod corpus;
mod hostile;
mod places;
mod scripted;
mod watching;
