//! A clock that tests set, a handler that answers as told, and a journal of what hooks see.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use dubhe_core::end::Until;
use dubhe_core::filter::{Chain, Guard, Hook, Step};
use dubhe_core::invoke::Outcome;
use dubhe_core::reply::Frame;
use dubhe_core::time::{Clock, Duration, Instant, SharedClock, Sleep, SystemTime};
use dubhe_core::{Call, Head, Invoke, Invoking, Method, Payload, Reply, ServiceKey, Status, Value};
use futures_core::Stream;

pub(crate) struct Hand(Mutex<Instant>);

impl Clock for Hand {
    fn now(&self) -> Instant {
        *self.0.lock().unwrap()
    }

    fn sleep_until(&self, _: Instant) -> Sleep {
        Box::pin(std::future::pending())
    }

    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }
}

/// The ends that hooks saw, in order: `name OK 3ms 1/10` for one message of ten bytes.
#[derive(Clone, Default)]
pub(crate) struct Journal(Arc<Mutex<Vec<String>>>);

impl Journal {
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    pub(crate) fn hook(&self, name: &'static str) -> Step {
        Step::Hook(Arc::new(Tells { name, journal: self.clone() }))
    }
}

struct Tells {
    name: &'static str,
    journal: Journal,
}

impl Hook for Tells {
    fn before(&self, call: &mut Call) -> Result<Guard, Status> {
        let (name, journal) = (self.name, self.journal.clone());
        if let Some(status) = call.head.extensions.get::<Refuse>().filter(|r| r.0 == name) {
            return Err(status.1.clone());
        }
        Ok(Guard::new(move |end| {
            let (millis, count, bytes) = (end.latency.as_millis(), end.messages, end.bytes);
            journal
                .0
                .lock()
                .unwrap()
                .push(format!("{name} {} {millis}ms {count}/{bytes}", end.name()));
            assert_ne!(name, "panics", "as its name says");
        }))
    }
}

/// The hook that refuses a call.
#[derive(Clone)]
pub(crate) struct Refuse(pub(crate) &'static str, pub(crate) Status);

/// A handler that is a function.
pub(crate) struct Handler<F>(pub(crate) F);

impl<F: Fn(Call) -> Invoking + Send + Sync> Invoke for Handler<F> {
    fn invoke(&self, call: Call) -> Invoking {
        (self.0)(call)
    }
}

pub(crate) struct Scene {
    pub(crate) clock: Arc<Hand>,
    pub(crate) journal: Journal,
    pub(crate) began: Instant,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let began = Instant::now();
        Self { clock: Arc::new(Hand(Mutex::new(began))), journal: Journal::default(), began }
    }

    /// Three milliseconds pass.
    pub(crate) fn pass(&self) {
        *self.clock.0.lock().unwrap() += Duration::from_millis(3);
    }

    pub(crate) fn chain(&self, steps: impl IntoIterator<Item = Step>, until: Until) -> Chain {
        let clock: SharedClock = self.clock.clone();
        Chain::new(steps, &clock, until)
    }

    pub(crate) fn run(
        &self,
        chain: &Chain,
        handler: impl Fn(Call) -> Invoking + Send + Sync + 'static,
    ) -> Invoking {
        let target: Arc<dyn Invoke> = Arc::new(Handler(handler));
        chain.run(call(), self.began, &target)
    }
}

pub(crate) fn call() -> Call {
    let service = Arc::new(ServiceKey::interface_only("a.B"));
    let head = Head::new(service, Arc::new(Method::java("m", "")));
    Call::new(head, Payload::dynamic(Value::Null))
}

pub(crate) fn poll(invoking: &mut Invoking) -> Poll<Outcome> {
    Pin::new(invoking).poll(&mut Context::from_waker(Waker::noop()))
}

pub(crate) fn ready(mut invoking: Invoking) -> Outcome {
    match poll(&mut invoking) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("the call waits"),
    }
}

pub(crate) fn reply() -> Reply {
    Reply::new(Payload::dynamic(Value::Null))
}

/// A stream of these frames, cut off behind them.
pub(crate) struct Frames(pub(crate) std::vec::IntoIter<Frame>);

impl Stream for Frames {
    type Item = Frame;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Frame>> {
        Poll::Ready(self.0.next())
    }
}
