//! The rate of the body of a request.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use dubhe_net::rate::{MinRate, RateMeter};
use dubhe_net::time;
use tokio::time::{Instant, Sleep, sleep_until};

/// Watches the rate of a body while somebody waits for it. No clock is read and nothing is allocated
/// for what is there when it is asked for.
pub(crate) struct BodyRate {
    rate: MinRate,
    /// The wait under way, boxed, since the task of every request has room for it.
    waiting: Option<Box<Waiting>>,
}

/// The wait for bytes that are not there yet.
struct Waiting {
    meter: RateMeter,
    timer: Pin<Box<Sleep>>,
}

impl BodyRate {
    pub(crate) const fn new(rate: MinRate) -> Self {
        Self { rate, waiting: None }
    }

    /// Counts bytes that came.
    pub(crate) fn receive(&mut self, bytes: usize) {
        if let Some(waiting) = &mut self.waiting {
            waiting.meter.receive(bytes);
        }
    }

    /// Stops, at the end of a message.
    pub(crate) fn stop(&mut self) {
        if let Some(waiting) = &mut self.waiting {
            waiting.meter.stop();
        }
    }

    /// Measures while nothing is there and more is expected: ready with an error when too little came.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<dubhe_net::Error> {
        if self.rate.is_none() {
            return Poll::Pending;
        }
        let Waiting { meter, timer } = &mut **self.waiting.get_or_insert_with(|| {
            let meter = RateMeter::new(self.rate);
            Box::new(Waiting { meter, timer: Box::pin(sleep_until(time::now().into())) })
        });
        if !meter.is_running() {
            meter.restart(time::now());
        }
        loop {
            let Some(due) = meter.due().map(Instant::from_std) else { return Poll::Pending };
            if timer.deadline() != due {
                timer.as_mut().reset(due);
            }
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            let now = time::now();
            // Nobody waited for it meanwhile, as while a handler does something else.
            if now > (due + GRACE).into_std() {
                meter.restart(now);
            } else if let Err(error) = meter.check(now, "the body of the request") {
                return Poll::Ready(error);
            }
        }
    }
}

/// The longest time after the end of a window in which its bytes still count.
const GRACE: std::time::Duration = std::time::Duration::from_secs(2);
