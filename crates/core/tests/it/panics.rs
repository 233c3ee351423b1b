//! Watchers that panic, each of which harms no other.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dubhe_core::end::{DelayedEnd, End, Ending, Until, Watch};
use dubhe_core::reply::ReplyBody;
use dubhe_core::time::Timer;
use dubhe_core::watch::Watching;
use dubhe_core::{Invoking, Reply, Status};

use crate::support::{Frames, Scene, poll, ready, reply};

#[derive(Clone, Copy, Debug, PartialEq)]
enum At {
    End,
    Drop,
    EndAndDrop,
    IsBusy,
    Delay,
    Payload,
}

const ALL: [At; 6] = [At::End, At::Drop, At::EndAndDrop, At::IsBusy, At::Delay, At::Payload];

/// Panics, and counts how often it is told of an end.
struct Bad(At, Arc<AtomicUsize>);

/// The payload of a panic, which panics.
struct Payload;

impl Drop for Payload {
    fn drop(&mut self) {
        panic!("in the payload")
    }
}

impl Watch for Bad {
    fn end(&mut self, _: &End<'_>) {
        self.1.fetch_add(1, Ordering::SeqCst);
        assert!(!matches!(self.0, At::End | At::EndAndDrop), "in end");
        if self.0 == At::Payload {
            std::panic::panic_any(Payload);
        }
    }

    fn is_busy(&self) -> bool {
        assert!(self.0 != At::IsBusy, "in is_busy");
        self.0 == At::Delay
    }

    fn delay(&mut self, _ended: DelayedEnd) {
        self.1.fetch_add(1, Ordering::SeqCst);
        panic!("in delay")
    }
}

impl Drop for Bad {
    fn drop(&mut self) {
        assert!(!matches!(self.0, At::Drop | At::EndAndDrop), "in drop");
    }
}

/// The ways on which a call ends.
#[derive(Clone, Copy, Debug)]
enum Way {
    Sent,
    Dropped,
    Unwound,
    Stream,
    Failed,
    Cancelled,
    Panicked,
}

const WAYS: [Way; 7] = [
    Way::Sent,
    Way::Dropped,
    Way::Unwound,
    Way::Stream,
    Way::Failed,
    Way::Cancelled,
    Way::Panicked,
];

impl Way {
    fn handler(self) -> Invoking {
        match self {
            Self::Sent | Self::Dropped | Self::Unwound => Invoking::ready(Ok(reply())),
            Self::Stream => Invoking::ready(Ok(Reply::stream(Frames(Vec::new().into_iter())))),
            Self::Failed => Invoking::ready(Err(Status::not_found("no"))),
            Self::Cancelled => Invoking::boxed(std::future::pending()),
            Self::Panicked => Invoking::boxed(async { panic!("the handler") }),
        }
    }

    fn end(self, mut call: Invoking) {
        match self {
            Self::Sent => ready(call).unwrap().sent(Err(Ending::Cancelled)),
            Self::Dropped => drop(ready(call).unwrap()),
            Self::Unwound => {
                let reply = ready(call).unwrap();
                catch_unwind(AssertUnwindSafe(move || {
                    let _reply = reply;
                    panic!("the reader");
                }))
                .unwrap_err();
            }
            Self::Stream => {
                let mut reply = ready(call).unwrap();
                let ReplyBody::Stream(stream) = &mut reply.body else { panic!("no stream") };
                stream.sent(Ending::Ok);
            }
            Self::Failed => drop(ready(call).unwrap_err()),
            Self::Cancelled => drop(call),
            Self::Panicked => {
                catch_unwind(AssertUnwindSafe(|| drop(poll(&mut call)))).unwrap_err();
            }
        }
    }
}

#[test]
fn a_watcher_that_panics_harms_no_other() {
    for (at, way) in ALL.into_iter().flat_map(|at| WAYS.map(|way| (at, way))) {
        let scene = Scene::new();
        let timer = || Timer::start(scene.clock.clone());
        let (permit, bad) = (Arc::new(()), [(); 3].map(|()| Arc::<AtomicUsize>::default()));
        let (held, watches) = (permit.clone(), bad.clone());
        let [inner, middle, outer] = watches.map(|told| Bad(at, told));
        let [first, second] = [timer(), timer()];
        let (watches, held) = (std::sync::Mutex::new(Some([inner, middle])), held);
        let handler = move |_| {
            let [inner, middle] = watches.lock().unwrap().take().unwrap();
            let handler = way.handler().watch(inner, first.clone(), Until::Sent);
            handler.watch(middle, second.clone(), Until::Sent)
        };
        let chain = scene.chain([scene.journal.hook("a"), scene.journal.hook("b")], Until::Sent);
        let call = scene.run(&chain, handler).watch(outer, timer(), Until::Sent);
        let call = call.watch(Permit(Some(held)), timer(), Until::Sent);
        let name = format!("{at:?}, {way:?}");
        let escaped = catch_unwind(AssertUnwindSafe(|| way.end(call)));
        assert!(escaped.is_ok(), "{name}: a panic escapes");
        assert_eq!(Arc::strong_count(&permit), 1, "{name}: the permit is held");
        assert_eq!(bad.map(|told| told.load(Ordering::SeqCst)), [1; 3], "{name}");
        let told = scene.journal.take();
        let told: Vec<_> = told.iter().filter_map(|told| told.split(' ').next()).collect();
        assert_eq!(told, ["b", "a"], "{name}");
    }
}

/// Gives a permit back at the end.
struct Permit(Option<Arc<()>>);

impl Watch for Permit {
    fn end(&mut self, _: &End<'_>) {
        self.0 = None;
    }
}

#[test]
fn a_watch_within_a_function_that_panics_harms_nobody() {
    for at in [At::End, At::Drop, At::EndAndDrop, At::Payload] {
        let scene = Scene::new();
        let told = Arc::<AtomicUsize>::default();
        let bad = || Watching::new(Bad(at, told.clone()), Timer::start(scene.clock.clone()));
        let ended = catch_unwind(AssertUnwindSafe(|| bad().end(&mut Ok(reply()))));
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(bad())));
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let _watching = bad();
            panic!("the call");
        }));
        assert!(ended.is_ok() && dropped.is_ok() && unwound.is_err(), "{at:?}");
        assert_eq!(told.load(Ordering::SeqCst), 3, "{at:?}");
    }
}
