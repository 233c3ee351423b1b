//! Responses that are asked for: a library polls the future of a response, and then its body. What
//! answers is polled with them and sends into a [`PendingResponse`]; no task and no channel is between
//! the two.

mod answering;
mod incoming;
mod pending;

pub(crate) use answering::{Answering, Outgoing};
pub(super) use incoming::BodyFrames;
pub(super) use pending::PendingResponse;
pub(crate) use pending::{Responding, Sending};
