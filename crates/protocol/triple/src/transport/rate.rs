//! The rate of the body of a request.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use dubhe_net::rate::{MinRate, RateMeter};
use dubhe_net::time;
use tokio::time::{Instant, Sleep, sleep_until};

/// Watches the rate of a body while somebody waits for it. No clock is read and no timer is made
/// for what is there when it is asked for.
pub(crate) struct BodyRate {
    meter: RateMeter,
    timer: Option<Pin<Box<Sleep>>>,
}

impl BodyRate {
    pub(crate) const fn new(rate: MinRate) -> Self {
        Self { meter: RateMeter::new(rate), timer: None }
    }

    /// Counts bytes that came.
    pub(crate) fn receive(&mut self, bytes: usize) {
        self.meter.receive(bytes);
    }

    /// Stops, at the end of a message.
    pub(crate) fn stop(&mut self) {
        self.meter.stop();
    }

    /// Measures while nothing is there and more is expected: ready with an error when too little came.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<dubhe_net::Error> {
        if !self.meter.is_running() {
            self.meter.restart(time::now());
        }
        loop {
            let Some(due) = self.meter.due().map(Instant::from_std) else { return Poll::Pending };
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
            if timer.deadline() != due {
                timer.as_mut().reset(due);
            }
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            let now = time::now();
            // Nobody waited for it meanwhile, as while a handler does something else.
            if now > (due + GRACE).into_std() {
                self.meter.restart(now);
            } else if let Err(error) = self.meter.check(now, "the body of the request") {
                return Poll::Ready(error);
            }
        }
    }
}

/// The longest time after the end of a window in which its bytes still count.
const GRACE: std::time::Duration = std::time::Duration::from_secs(2);
