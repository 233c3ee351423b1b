//! The response side of a request over HTTP/1.1.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use dubhe_net::memory::ConnectionMemory;
use http::Response;

use super::watch::Progress;
use crate::transport::Whole;
use crate::transport::body::ResponseBody;
use crate::transport::polled::{self, Sending};
use crate::transport::version::{RespondHalf, Sent};

/// The response side before its head, whose connection sees to its deadline.
pub(crate) struct Responding {
    pub(super) response: polled::Responding,
    pub(super) progress: Arc<Progress>,
}

impl RespondHalf for Responding {
    type Send = Sending;

    fn send_head(&mut self, head: Response<()>) -> Option<Sending> {
        self.response.send_head(head)
    }

    fn send_whole(&mut self, response: Whole, memory: &ConnectionMemory) -> Sent<Sending> {
        self.response.send_whole(response, memory)
    }

    fn send_body(&mut self, response: Response<ResponseBody>) -> Option<Response<ResponseBody>> {
        self.response.send_body(response)
    }

    fn poll_reset(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.response.poll_reset(cx)
    }

    fn end_at(&mut self, at: Instant) {
        self.progress.end_at(at);
    }
}
