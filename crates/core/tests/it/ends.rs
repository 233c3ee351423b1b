//! The end of a call on every way out.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use dubhe_core::end::{End, Ending, Until, Watch};
use dubhe_core::filter::Guard;
use dubhe_core::gate::{Arrival, Gate, Gates};
use dubhe_core::reply::{Frame, ReplyBody, Trailers};
use dubhe_core::time::{Deadline, Duration, SharedClock, Timer};
use dubhe_core::{Code, Encoded, Format, Invoke, Invoking, Metadata, Payload, Peer, Reply, Status};
use futures_core::Stream;

use crate::support::{Frames, Scene, call, poll, ready, reply};

fn message(bytes: &'static [u8]) -> Payload {
    Encoded::new(Format::Json, bytes.into()).into()
}

fn not_found() -> Status {
    Status::new(Code::NotFound, "no")
}

/// A reply of these frames, then of none, and a chain whose one hook has seen its head.
fn streamed(scene: &Scene, frames: Vec<Frame>) -> Reply {
    let chain = scene.chain([scene.journal.hook("a")], Until::Sent);
    let frames = std::sync::Mutex::new(Some(frames));
    let mut reply = ready(scene.run(&chain, move |_| {
        let frames = frames.lock().unwrap().take().unwrap();
        Invoking::ready(Ok(Reply::stream(Frames(frames.into_iter()))))
    }))
    .unwrap();
    assert_eq!(scene.journal.take(), [""; 0], "the end comes later than the head");
    scene.pass();
    reply.metadata = Metadata::new();
    reply
}

fn next(reply: &mut Reply) -> Option<Frame> {
    let ReplyBody::Stream(stream) = &mut reply.body else { panic!("no stream") };
    match Pin::new(stream).poll_next(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(frame) => frame,
        Poll::Pending => panic!("the stream waits"),
    }
}

#[test]
fn a_unary_call_ends_when_its_reply_is_received_or_sent() {
    let scene = Scene::new();
    for (until, at_once) in [(Until::Received, true), (Until::Sent, false)] {
        let chain = scene.chain([scene.journal.hook("a")], until);
        let payload = message(b"0123456789");
        let reply =
            ready(scene.run(&chain, move |_| Invoking::ready(Ok(Reply::new(payload.clone())))));
        assert_eq!(scene.journal.take().len(), usize::from(at_once));
        scene.pass();
        reply.unwrap().delivered();
        let expected: &[&str] = if at_once { &[] } else { &["a OK 6ms 1/10"] };
        assert_eq!(scene.journal.take(), expected);
    }
}

#[test]
fn a_protocol_says_what_became_of_a_unary_reply() {
    let scene = Scene::new();
    let chain = scene.chain([scene.journal.hook("a")], Until::Sent);
    let replied = || ready(scene.run(&chain, |_| Invoking::ready(Ok(reply())))).unwrap();
    replied().sent(Ok(7));
    assert_eq!(scene.journal.take(), ["a OK 0ms 1/7"]);
    replied().sent(Err(Ending::Failed(&not_found())));
    assert_eq!(scene.journal.take(), ["a NOT_FOUND 0ms 0/0"]);
    replied().sent(Err(Ending::Cancelled));
    assert_eq!(scene.journal.take(), ["a CANCELLED 0ms 0/0"]);
    // Nobody had it, as when a filter answers otherwise.
    drop(replied());
    assert_eq!(scene.journal.take(), ["a CANCELLED 0ms 0/0"]);
    // A protocol without streams refuses one.
    let mut stream = streamed(&scene, Vec::new());
    stream.sent(Err(Ending::Failed(&not_found())));
    assert_eq!(scene.journal.take(), ["a NOT_FOUND 3ms 0/0"]);
}

#[test]
fn errors_and_drops_and_panics_are_ends() {
    let scene = Scene::new();
    let chain = scene.chain([scene.journal.hook("a")], Until::Received);
    ready(scene.run(&chain, |_| Invoking::ready(Err(not_found())))).unwrap_err();
    assert_eq!(scene.journal.take(), ["a NOT_FOUND 0ms 0/0"]);

    let mut waits = scene.run(&chain, |_| Invoking::boxed(std::future::pending()));
    assert!(poll(&mut waits).is_pending());
    scene.pass();
    drop(waits);
    assert_eq!(scene.journal.take(), ["a CANCELLED 3ms 0/0"]);

    let panics = || Invoking::boxed(async { panic!("the handler") });
    let mut run = scene.run(&chain, move |_| panics());
    catch_unwind(AssertUnwindSafe(|| drop(poll(&mut run)))).unwrap_err();
    assert_eq!(scene.journal.take(), ["a INTERNAL 3ms 0/0"]);
    drop(run);
    assert_eq!(scene.journal.take(), [""; 0], "told once");

    let begins = || scene.run(&chain, |_| panic!("before there is a future"));
    catch_unwind(AssertUnwindSafe(begins)).unwrap_err();
    assert_eq!(scene.journal.take(), ["a INTERNAL 3ms 0/0"]);
}

#[test]
fn what_is_dropped_beyond_its_deadline_was_too_late() {
    let scene = Scene::new();
    let chain = scene.chain([scene.journal.hook("a")], Until::Sent);
    let waits = |_| Invoking::boxed(std::future::pending());
    let target: Arc<dyn Invoke> = Arc::new(crate::support::Handler(waits));
    let mut call = call();
    call.head.deadline = Some(Deadline::after(scene.began, Duration::from_millis(2)));
    let run = chain.run(call, scene.began, &target);
    scene.pass();
    drop(run);
    assert_eq!(scene.journal.take(), ["a DEADLINE_EXCEEDED 3ms 0/0"]);
}

#[test]
fn a_stream_ends_with_its_trailers() {
    let scene = Scene::new();
    let messages = || [Frame::Message(message(b"123")), Frame::Message(message(b"45"))];
    let ok = messages().into_iter().chain([Frame::Trailers(Trailers::default())]).collect();
    let mut reply = streamed(&scene, ok);
    assert!(matches!(next(&mut reply), Some(Frame::Message(_))));
    assert_eq!(scene.journal.take(), [""; 0]);
    while next(&mut reply).is_some() {}
    drop(reply);
    assert_eq!(scene.journal.take(), ["a OK 3ms 2/5"]);

    let failed = Frame::Trailers(Trailers::failed(not_found()));
    let failed = messages().into_iter().chain([failed]).collect();
    let mut reply = streamed(&scene, failed);
    while next(&mut reply).is_some() {}
    assert_eq!(scene.journal.take(), ["a NOT_FOUND 6ms 2/5"]);
}

#[test]
fn a_protocol_says_what_became_of_a_stream() {
    let scene = Scene::new();
    let timer = || Timer::start(scene.clock.clone());
    let whole = || vec![Frame::Message(message(b"123")), Frame::Trailers(Trailers::default())];
    for (ending, told) in [
        (Some(Ending::Ok), "a OK 3ms 1/3"),
        (Some(Ending::Failed(&not_found())), "a NOT_FOUND 3ms 1/3"),
        (None, "a CANCELLED 3ms 1/3"),
    ] {
        let scene = Scene::new();
        let mut reply = streamed(&scene, whole());
        let ReplyBody::Stream(stream) = &mut reply.body else { panic!("no stream") };
        stream.until_sent();
        while next(&mut reply).is_some() {}
        assert_eq!(scene.journal.take(), [""; 0], "all has passed, and nothing is sent");
        if let (ReplyBody::Stream(stream), Some(ending)) = (&mut reply.body, ending) {
            stream.sent(ending);
        }
        drop(reply);
        assert_eq!(scene.journal.take(), [told]);
    }
    // The view of a caller ends when all has passed.
    let mut reply = Reply::stream(Frames(whole().into_iter()));
    let ReplyBody::Stream(stream) = &mut reply.body else { panic!("no stream") };
    stream.until_sent();
    let seen = Arc::new(std::sync::Mutex::new(None));
    reply.watch(Ended(seen.clone()), timer(), Until::Received);
    while next(&mut reply).is_some() {}
    assert_eq!(*seen.lock().unwrap(), Some("OK"));
}

struct Ended(Arc<std::sync::Mutex<Option<&'static str>>>);

impl Watch for Ended {
    fn end(&mut self, end: &End<'_>) {
        *self.0.lock().unwrap() = Some(end.name());
    }
}

#[test]
fn a_stream_that_is_cut_or_dropped_ends_too() {
    let scene = Scene::new();
    let one = || vec![Frame::Message(message(b"123"))];
    let mut reply = streamed(&scene, one());
    while next(&mut reply).is_some() {}
    assert_eq!(scene.journal.take(), ["a UNAVAILABLE 3ms 1/3"]);

    let mut reply = streamed(&scene, one());
    next(&mut reply).unwrap();
    drop(reply);
    assert_eq!(scene.journal.take(), ["a CANCELLED 6ms 1/3"]);

    let reply = std::sync::Mutex::new(Some(streamed(&scene, one())));
    catch_unwind(AssertUnwindSafe(|| {
        let _reply = reply.lock().unwrap().take();
        panic!("the reader");
    }))
    .unwrap_err();
    assert_eq!(scene.journal.take(), ["a INTERNAL 9ms 0/0"]);
}

#[test]
fn who_wraps_a_stream_stands_before_those_who_watch() {
    let scene = Scene::new();
    let mut reply = streamed(&scene, vec![Frame::Message(message(b"123"))]);
    let ReplyBody::Stream(stream) = reply.body else { panic!("no stream") };
    let mut stream =
        stream.wrap(|_| Frames(vec![Frame::Trailers(Trailers::default())].into_iter()));
    stream.encoded(9);
    reply = crate::support::reply();
    reply.body = ReplyBody::Stream(stream);
    assert!(matches!(next(&mut reply), Some(Frame::Trailers(_))));
    assert_eq!(scene.journal.take(), ["a OK 3ms 0/9"]);
}

#[test]
fn what_a_reply_holds_goes_with_its_end() {
    let scene = Scene::new();
    let guard = Arc::new(());
    let mut reply = streamed(&scene, vec![Frame::Trailers(Trailers::default())]);
    reply.hold(guard.clone());
    assert_eq!(Arc::strong_count(&guard), 2);
    next(&mut reply).unwrap();
    assert_eq!(Arc::strong_count(&guard), 1);
}

#[test]
fn a_filter_may_wait_for_the_end_of_its_reply() {
    let scene = Scene::new();
    let mut reply = streamed(&scene, vec![Frame::Trailers(Trailers::failed(not_found()))]);
    let timer = Timer::start(scene.clock.clone());
    let seen = Arc::new(std::sync::Mutex::new(None));
    let into = seen.clone();
    reply.on_end(timer, move |end| *into.lock().unwrap() = end.code());
    next(&mut reply).unwrap();
    assert_eq!(*seen.lock().unwrap(), Some(Code::NotFound));
}

#[test]
fn a_stream_in_the_place_of_a_message_keeps_those_who_watched_it() {
    let scene = Scene::new();
    let chain = scene.chain([scene.journal.hook("a")], Until::Sent);
    let frames = || vec![Frame::Message(message(b"12345")), Frame::Trailers(Trailers::default())];
    let replaced = || {
        let mut reply =
            ready(scene.run(&chain, |_| Invoking::ready(Ok(Reply::new(message(b"1")))))).unwrap();
        reply.body = Reply::stream(Frames(frames().into_iter())).body;
        reply
    };
    // A protocol that reads it to its end.
    let mut reply = replaced();
    assert!(matches!(reply.body_mut(), ReplyBody::Stream(_)));
    while next(&mut reply).is_some() {}
    drop(reply);
    assert_eq!(scene.journal.take(), ["a OK 0ms 1/5"]);
    // One that says itself when it is sent.
    replaced().sent(Err(Ending::Failed(&not_found())));
    assert_eq!(scene.journal.take(), ["a NOT_FOUND 0ms 0/0"]);
    // One that drops it.
    drop(replaced());
    assert_eq!(scene.journal.take(), ["a CANCELLED 0ms 0/0"]);
}

#[test]
fn those_who_watch_see_the_attachments_of_head_and_end() {
    let scene = Scene::new();
    let pair = |key: &'static str, value: &'static str| Metadata::from_iter([(key, value)]);
    let mut unary = Reply::with_metadata(message(b"1"), pair("head", "1"));
    if let ReplyBody::One(_, end) = &mut unary.body {
        *end = pair("end", "2");
    }
    let trailers = Trailers { status: None, metadata: pair("end", "2") };
    let stream = |trailers| {
        let mut stream = Reply::stream(Frames(vec![Frame::Trailers(trailers)].into_iter()));
        stream.metadata = pair("head", "1");
        stream
    };
    let failed = Status::not_found("gone").with_trailers(pair("end", "2"));
    for mut reply in [unary, stream(trailers), stream(Trailers::failed(failed))] {
        let (tell, told) = std::sync::mpsc::channel();
        reply.on_end(Timer::start(scene.clock.clone()), move |end| {
            let text = |of: &Metadata, key: &str| of.get_str(key).map(str::to_owned);
            tell.send((text(end.metadata, "head"), text(end.trailers, "end"))).unwrap();
        });
        match reply.body {
            ReplyBody::One(..) => reply.sent(Ok(1)),
            ReplyBody::Stream(_) => while next(&mut reply).is_some() {},
        }
        assert_eq!(told.recv().unwrap(), (Some("1".into()), Some("2".into())));
    }
}

struct Permits(Arc<()>);

impl Gate for Permits {
    fn admit(&self, _: &Arrival<'_>) -> Result<Guard, Status> {
        let permit = self.0.clone();
        Ok(Guard::new(move |_| drop(permit)))
    }
}

#[test]
fn a_permit_is_held_until_the_reply_is_sent() {
    let scene = Scene::new();
    let permits = Arc::new(());
    let gate: Arc<dyn Gate> = Arc::new(Permits(permits.clone()));
    let clock: SharedClock = scene.clock.clone();
    let gates = Gates::new([gate], &clock);
    let (head, peer) = (call().head, Arc::new(Peer::default()));
    let arrival = Arrival::new(&head.service, &head.method, &peer, scene.began);
    let held = || Arc::strong_count(&permits) - 2;
    let admitted = |reply: Reply| {
        let guards = gates.admit(&arrival).unwrap();
        ready(guards.follow(Invoking::ready(Ok(reply)))).unwrap()
    };

    let mut unary = admitted(reply());
    assert_eq!(held(), 1, "the handler has ended, and nothing is written");
    unary.sent(Ok(1));
    assert_eq!(held(), 0);

    let frames = vec![Frame::Message(message(b"1")), Frame::Trailers(Trailers::default())];
    let mut stream = admitted(Reply::stream(Frames(frames.into_iter())));
    if let ReplyBody::Stream(stream) = &mut stream.body {
        stream.until_sent();
    }
    while next(&mut stream).is_some() {}
    assert_eq!(held(), 1, "all has passed, and may wait for the caller");
    stream.sent(Ok(1));
    assert_eq!(held(), 0);
}
