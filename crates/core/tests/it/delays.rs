//! Ends that wait for watchers that are busy.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use dubhe_core::end::{DelayedEnd, End, Ending, GivenUp, Until, Watch};
use dubhe_core::filter::Step;
use dubhe_core::time::{Clock as _, Deadline, Duration, Timer};
use dubhe_core::{Invoke, Invoking, Reply, Status};

use crate::support::{Handler, Scene, call, ready, reply};

/// Work that goes on after its call, and the end that it has delayed.
#[derive(Clone, Default)]
struct Work(Arc<(AtomicBool, Mutex<Option<DelayedEnd>>)>);

impl Work {
    fn begin() -> Self {
        let work = Self::default();
        work.0.0.store(true, Ordering::SeqCst);
        work
    }

    fn has_end(&self) -> bool {
        self.0.1.lock().unwrap().is_some()
    }

    fn finish(&self) {
        self.0.0.store(false, Ordering::SeqCst);
        let ended = self.0.1.lock().unwrap().take();
        drop(ended);
    }
}

impl Watch for Work {
    fn end(&mut self, _: &End<'_>) {
        assert!(!self.is_busy(), "told while it is busy");
    }

    fn is_busy(&self) -> bool {
        self.0.0.load(Ordering::SeqCst)
    }

    fn delay(&mut self, ended: DelayedEnd) {
        *self.0.1.lock().unwrap() = Some(ended);
    }
}

/// A reply that these works watch, and then a hook.
fn watched<const N: usize>(scene: &Scene) -> (Reply, [Work; N]) {
    let works = [(); N].map(|()| Work::begin());
    let mut reply = reply();
    for work in &works {
        reply.watch(work.clone(), Timer::start(scene.clock.clone()), Until::Sent);
    }
    let reply = Mutex::new(Some(reply));
    let handler = move |_| Invoking::ready(Ok(reply.lock().unwrap().take().unwrap()));
    let chain = scene.chain([scene.journal.hook("a")], Until::Sent);
    (ready(scene.run(&chain, handler)).unwrap(), works)
}

#[test]
fn the_end_waits_for_every_watcher_that_is_busy() {
    let scene = Scene::new();
    for first in [0, 1] {
        let (mut reply, works) = watched::<3>(&scene);
        works[2].finish();
        reply.sent(Ok(7));
        assert!(works[0].has_end() && !works[1].has_end());
        works[first].finish();
        assert_eq!(scene.journal.take(), [""; 0], "another one is busy");
        works[1 - first].finish();
        assert_eq!(scene.journal.take(), ["a OK 0ms 1/7"]);
    }
}

#[test]
fn work_that_begins_while_the_end_is_delayed_delays_it_too() {
    let scene = Scene::new();
    let (mut reply, [first, second]) = watched::<2>(&scene);
    second.finish();
    reply.sent(Err(Ending::Failed(&Status::not_found("no"))));
    second.0.0.store(true, Ordering::SeqCst);
    first.finish();
    assert!(second.has_end());
    assert_eq!(scene.journal.take(), [""; 0]);
    second.finish();
    assert_eq!(scene.journal.take(), ["a NOT_FOUND 0ms 0/0"]);
}

/// Is busy, and delays nothing.
struct Hurried;

impl Watch for Hurried {
    fn end(&mut self, _: &End<'_>) {}

    fn is_busy(&self) -> bool {
        true
    }
}

#[test]
fn a_watcher_that_is_busy_and_does_not_take_the_end_delays_nothing() {
    let scene = Scene::new();
    let (mut reply, [work]) = watched(&scene);
    for _ in 0..2 {
        reply.watch(Hurried, Timer::start(scene.clock.clone()), Until::Sent);
    }
    reply.sent(Ok(7));
    work.finish();
    assert_eq!(scene.journal.take(), ["a OK 0ms 1/7"]);
}

/// Panics when it is asked.
struct Panics;

impl Watch for Panics {
    fn end(&mut self, _: &End<'_>) {}

    fn is_busy(&self) -> bool {
        panic!("in is_busy")
    }
}

#[test]
fn the_end_waits_for_a_watcher_behind_one_that_panics() {
    let scene = Scene::new();
    let mut reply = reply();
    let (timer, work) = (Timer::start(scene.clock.clone()), Work::begin());
    reply.watch(Panics, timer.clone(), Until::Sent);
    reply.watch(work.clone(), timer.clone(), Until::Sent);
    reply.watch(Panics, timer.clone(), Until::Sent);
    let (tell, told) = std::sync::mpsc::channel();
    reply.on_end(timer, move |end| tell.send(end.bytes).unwrap());
    reply.sent(Ok(7));
    told.try_recv().unwrap_err();
    work.finish();
    assert_eq!(told.recv().unwrap(), 7);
}

/// The end that a hook sees of a call with a deadline of 5 ms, given up after `lived` times 3 ms, whose
/// works end each 3 ms later.
fn given_up<const N: usize>(lived: usize) -> Vec<String> {
    let scene = Scene::new();
    let works = [(); N].map(|()| Work::begin());
    let (watching, clock) = (works.clone(), scene.clock.clone());
    let handler = Handler(move |_| {
        let waits = Invoking::boxed(std::future::pending());
        watching.iter().fold(waits, |waits, work| {
            waits.watch(work.clone(), Timer::start(clock.clone()), Until::Sent)
        })
    });
    let target: Arc<dyn Invoke> = Arc::new(handler);
    let mut call = call();
    call.head.deadline = Some(Deadline::after(scene.began, Duration::from_millis(5)));
    let hooks: [Step; 2] = ["a", "b"].map(|name| scene.journal.hook(name));
    let run = scene.chain(hooks, Until::Sent).run(call, scene.began, &target);
    (0..lived).for_each(|_| scene.pass());
    drop(run);
    for work in &works {
        assert_eq!(scene.journal.take(), [""; 0]);
        scene.pass();
        work.finish();
    }
    scene.journal.take()
}

#[test]
fn a_cancelled_call_is_not_late_because_its_end_is_delayed() {
    assert_eq!(given_up::<1>(1), ["b CANCELLED 6ms 0/0", "a CANCELLED 6ms 0/0"]);
    assert_eq!(given_up::<2>(1), ["b CANCELLED 9ms 0/0", "a CANCELLED 9ms 0/0"]);
    assert_eq!(given_up::<1>(2), ["b DEADLINE_EXCEEDED 9ms 0/0", "a DEADLINE_EXCEEDED 9ms 0/0"]);
}

#[test]
fn a_call_that_is_dropped_later_than_given_up_is_late_by_that_moment() {
    for (lived, end) in [(1, "CANCELLED"), (2, "DEADLINE_EXCEEDED")] {
        let scene = Scene::new();
        let target: Arc<dyn Invoke> =
            Arc::new(Handler(|_| Invoking::boxed(std::future::pending())));
        let mut call = call();
        call.head.deadline = Some(Deadline::after(scene.began, Duration::from_millis(5)));
        let hooks: [Step; 1] = [scene.journal.hook("a")];
        let run = scene.chain(hooks, Until::Sent).run(call, scene.began, &target);
        (0..lived).for_each(|_| scene.pass());
        let left = GivenUp::new(scene.clock.now(), run);
        (lived..3).for_each(|_| scene.pass());
        drop(left);
        assert_eq!(scene.journal.take(), [format!("a {end} 9ms 0/0")]);
    }
}
