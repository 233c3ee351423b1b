//! Failures that are tried again later.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dubhe_core::fault::{Attempts, FaultStrategy};
use dubhe_core::log::OncePerSecond;
use dubhe_core::printable::Printable;
use dubhe_core::time::Duration;
use dubhe_core::{Call, Invoking, Status};

use super::{is_answer, nothing, once};

/// Gives Java's null in place of a failure, and tries the call again in the background (Dubbo's `failback`): for calls
/// that must arrive sooner or later, such as notices.
///
/// As in Dubbo Java: a retry every 5 s, the client's `retries` of them or else 3, and up to 100 calls that wait
/// (`failbacktasks`); calls beyond are not tried again. A retry goes to another provider where there is one, else to the same, takes one
/// of the retry budget, and has the time of an attempt, not the deadline of the call. Errors of the service are
/// answers, and what must not run twice is not tried again. What waits ends with the application.
///
/// ```
/// # mod dubhe { pub mod fault { pub use dubhe_cluster::fault::Failback; } pub use dubhe_core::fault::Fault; }
/// use std::time::Duration;
/// use dubhe::Fault;
/// use dubhe::fault::Failback;
///
/// let fault = Fault::strategy(Failback::default().tasks(1_000).pause(Duration::from_secs(1)));
/// ```
#[derive(Clone, Debug)]
pub struct Failback {
    retries: Option<u32>,
    tasks: usize,
    pause: Duration,
    waiting: Arc<AtomicUsize>,
    log: Arc<OncePerSecond>,
}

/// Java's `DEFAULT_FAILBACK_TIMES`.
const RETRIES: u32 = 3;

impl Default for Failback {
    fn default() -> Self {
        Self {
            retries: None,
            tasks: 100,
            pause: Duration::from_secs(5),
            waiting: Arc::default(),
            log: Arc::default(),
        }
    }
}

impl Failback {
    /// The same with another number of retries of each call; by default what the client sets, else 3.
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = Some(retries);
        self
    }

    /// The same with another number of calls that may wait for a retry. Default 100.
    pub fn tasks(mut self, tasks: usize) -> Self {
        self.tasks = tasks;
        self
    }

    /// The same with another time before each retry. Default 5 s.
    pub fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// Takes a place among the calls that wait, if there is one.
    fn wait(&self) -> Option<Waiting> {
        let waiting = Waiting(self.waiting.clone());
        (self.waiting.fetch_add(1, Ordering::Relaxed) < self.tasks).then_some(waiting)
    }

    fn log(&self, call: &Call, error: &Status, retried: bool, attempts: &Attempts) {
        if let Some(failures) = self.log.count(attempts.now()) {
            let (service, method) = (&call.head.service, Printable(&call.head.method.name));
            tracing::warn!(
                %service, %method, %error, retried, failures,
                "a call failed; its caller gets an empty result, and it may be tried again later"
            );
        }
    }
}

/// A place among the calls that wait.
struct Waiting(Arc<AtomicUsize>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn retry(call: Call, attempts: Attempts, retries: u32, pause: Duration, place: Waiting) {
    let _place = place;
    let (service, method) = (call.head.service.clone(), call.head.method.clone());
    let mut last = None;
    for _ in 0..retries {
        attempts.sleep(pause).await;
        let Some(copy) = call.try_clone() else { return };
        match attempts.next(copy).await {
            Err(status) if !is_answer(&status) => last = Some(status),
            _ => return,
        }
    }
    if let Some(error) = last {
        let method = Printable(&method.name);
        tracing::warn!(%service, %method, %error, retries, "a call failed in all its retries; it is given up");
    }
}

impl FaultStrategy for Failback {
    fn run(&self, call: Call, attempts: Attempts) -> Invoking {
        let this = self.clone();
        Invoking::boxed(async move {
            let Some(mut kept) = call.try_clone() else { return attempts.next(call).await };
            let error = match once(call, &attempts).await {
                Err(status) if !is_answer(&status) => status,
                outcome => return outcome,
            };
            if attempts.candidates(&kept).is_empty() {
                return Err(error);
            }
            let retries = this.retries.or_else(|| attempts.set_retries()).unwrap_or(RETRIES);
            let again = retries > 0 && attempts.may_repeat(&error);
            let place = if again { this.wait() } else { None };
            this.log(&kept, &error, place.is_some(), &attempts);
            if let Some(place) = place {
                // It is over for the caller by then.
                kept.head.deadline = None;
                let retrying = retry(kept, attempts.clone(), retries, this.pause, place);
                attempts.spawn(retrying);
            }
            Ok(nothing())
        })
    }
}
