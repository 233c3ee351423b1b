//! The driver of one connection, over pipes in memory and a paused clock.

use std::{
    pin::pin,
    sync::Arc,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use crate::support::{Echo, Log, frame, options, start};
use bytes::{Bytes, BytesMut};
use dubhe_net::{
    Error, ErrorKind, Result,
    io::memory::Network,
    session::{Activity, CloseReason, Driver, Eof, Outbox, SendError, Session, SessionOptions},
    time,
};
use dubhe_testkit::wait_until;
use futures_util::future::poll_immediate;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Takes nothing in and only sends what its handle is given.
struct Quiet(Log);

impl Session for Quiet {
    fn on_data(&mut self, _: Instant, input: &mut BytesMut, _: &mut Outbox) -> Result<()> {
        input.clear();
        Ok(())
    }

    fn on_close(&mut self, why: &CloseReason) {
        self.0.lock().closes.push(why.to_string());
    }
}

#[tokio::test]
async fn frames_survive_any_fragmentation_and_a_slow_peer() {
    let bodies: Vec<Vec<u8>> = (0..=255_u8).map(|n| vec![n; usize::from(n)]).collect();
    let sent: Vec<u8> = bodies.iter().flat_map(|body| frame(body)).collect();
    for pipe in [1, 7, 64 * 1024] {
        for mark in [1, 300, 1 << 20] {
            let log = Log::default();
            let (near, _, driver) = start(pipe, options(mark), Echo::new(&log));
            let (mut from, mut to) = tokio::io::split(near);
            let writer = async {
                to.write_all(&sent).await.unwrap();
                to.shutdown().await.unwrap();
            };
            let mut got = Vec::new();
            let ((), read) = tokio::join!(writer, from.read_to_end(&mut got));
            read.unwrap();
            assert_eq!(got, sent, "pipe of {pipe}, mark of {mark}");
            assert_eq!(log.lock().frames, bodies);
            assert!(matches!(driver.await.unwrap(), CloseReason::Ended));
        }
    }
}

#[tokio::test]
async fn a_receipt_comes_when_what_was_before_it_is_written() {
    let (mut near, handle, driver) = start(64, options(1 << 20), Quiet(Log::default()));
    let written = Arc::new(AtomicUsize::new(0));
    for length in [10, 100, 5000] {
        let count = written.clone();
        let queue = |out: &mut Outbox| {
            out.push(vec![7; length].into());
            out.on_written(move || {
                count.fetch_add(1, Ordering::Relaxed);
            });
        };
        handle.send(queue).unwrap();
    }
    // The pipe holds 64 bytes: the first and part of the second.
    wait_until("the first receipt", || written.load(Ordering::Relaxed) == 1).await;
    let mut some = [0; 46];
    near.read_exact(&mut some).await.unwrap();
    wait_until("the second receipt", || written.load(Ordering::Relaxed) == 2).await;
    // The rest is never written, so its receipt is dropped.
    driver.abort();
    assert!(driver.await.unwrap_err().is_cancelled());
    assert_eq!(Arc::strong_count(&written), 1);
    assert_eq!(written.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_session_that_had_enough_goes_on_by_itself() {
    let log = Log::default();
    let session = Echo { most: 1, ..Echo::new(&log) };
    let (mut near, _, _driver) = start(1024, SessionOptions::default(), session);
    // All three arrive in one read, and nothing arrives after them.
    let sent = [frame(b"a"), frame(b"bc"), frame(b"")].concat();
    near.write_all(&sent).await.unwrap();
    let mut got = vec![0; sent.len()];
    near.read_exact(&mut got).await.unwrap();
    assert_eq!(got, sent);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_stops_reading_stops_the_senders_then_is_let_go() {
    let log = Log::default();
    let (near, handle, driver) = start(16, options(1000), Quiet(log.clone()));
    let send = || handle.send(|out| out.tail_mut().extend_from_slice(&[7; 100]));
    send().unwrap();
    let began = time::now();
    wait_until("the pipe is full", || handle.queued() == 84).await;
    let more = std::iter::from_fn(|| send().ok()).count();
    let taken = 100 + 100 * more;
    let refused = send().unwrap_err();
    assert!(matches!(refused, SendError::Full { limit: 1000, .. }), "{refused}");
    assert_eq!((taken, handle.queued()), (1100, 1084));

    // Neither waiting senders nor the connection hang for ever.
    let waited = handle.ready().await.unwrap_err();
    assert!(matches!(waited, CloseReason::Stalled { pending, .. } if pending == taken - 16));
    // The clock was at most a look of wait_until ahead of the first write.
    let waited = time::now() - began;
    assert!((0..=2).contains(&waited.abs_diff(SessionOptions::default().write_stall).as_millis()));
    assert!(matches!(driver.await.unwrap(), CloseReason::Stalled { .. }));
    assert_eq!(log.lock().closes.len(), 1);
    let after = handle.send(|_| ()).unwrap_err();
    assert!(matches!(after, SendError::Closed(CloseReason::Stalled { .. })), "{after}");
    drop(near);
}

#[tokio::test(start_paused = true)]
async fn waiting_senders_go_on_when_the_peer_reads_again() {
    let (mut near, handle, _driver) = start(16, options(100), Quiet(Log::default()));
    handle.send(|out| out.push(Bytes::from(vec![1; 5000]))).unwrap();
    wait_until("the pipe is full", || handle.queued() == 4984).await;
    assert!(matches!(handle.send(|_| ()), Err(SendError::Full { .. })));
    let mut got = vec![0; 5000];
    let (ready, read) = tokio::join!(handle.ready(), near.read_exact(&mut got));
    ready.unwrap();
    read.unwrap();
    handle.send(|out| out.tail_mut().extend_from_slice(b"more")).unwrap();
    let mut more = [0; 4];
    near.read_exact(&mut more).await.unwrap();
    assert_eq!((got, &more), (vec![1; 5000], b"more"));
}

#[tokio::test]
async fn nothing_is_read_for_a_peer_that_takes_no_answers() {
    let log = Log::default();
    let (near, handle, _driver) = start(64, options(1000), Echo::new(&log));
    let (from, mut to) = tokio::io::split(near);
    let request = frame(&[1; 99]);
    let mut accepted = 0;
    // Ends when the pipe, the input and the output are full.
    loop {
        let write = to.write(&request[accepted % 100..]);
        match tokio::time::timeout(Duration::from_millis(50), write).await {
            Ok(n) => accepted += n.unwrap(),
            Err(_) => break,
        }
    }
    assert!((1000..1100).contains(&handle.queued()), "{}", handle.queued());
    assert!(accepted < 1400, "{accepted}");
    drop(from);
}

#[tokio::test]
async fn a_cut_at_any_byte_is_told_from_an_orderly_end() {
    let exchange = [frame(b"first"), frame(b""), frame(b"third frame")].concat();
    let ends = [0, 6, 7, 19];
    for at in 0..=exchange.len() {
        let log = Log::default();
        let (mut near, handle, driver) = start(1024, SessionOptions::default(), Echo::new(&log));
        near.write_all(&exchange[..at]).await.unwrap();
        near.shutdown().await.unwrap();
        // Whole frames were answered before the end.
        let whole = *ends.iter().rfind(|end| **end <= at).unwrap();
        let mut got = Vec::new();
        near.read_to_end(&mut got).await.unwrap();
        assert_eq!(got, exchange[..whole], "cut at {at}");
        match driver.await.unwrap() {
            CloseReason::Ended => assert_eq!(at, whole),
            CloseReason::Cut { unread } => assert_eq!(unread, at - whole),
            other => panic!("cut at {at}: {other}"),
        }
        assert!(handle.is_closed() && handle.close_reason().unwrap().is_remote());
        assert_eq!(log.lock().closes.len(), 1, "cut at {at}");
    }
}

#[tokio::test]
async fn after_a_half_close_a_session_may_finish() {
    let log = Log::default();
    let session = Echo { at_eof: Eof::Finish, ..Echo::new(&log) };
    let (mut near, handle, driver) = start(64, SessionOptions::default(), session);
    near.write_all(&frame(b"asked")).await.unwrap();
    near.shutdown().await.unwrap();
    let mut got = [0; 6];
    near.read_exact(&mut got).await.unwrap();
    assert_eq!(got[..], frame(b"asked"));
    // The other direction stays open for as long as the session wants.
    handle.send(|out| out.tail_mut().extend_from_slice(b"late")).unwrap();
    let mut late = [0; 4];
    near.read_exact(&mut late).await.unwrap();
    assert_eq!(&late, b"late");
    handle.close("done");
    assert_eq!(near.read(&mut late).await.unwrap(), 0);
    assert!(matches!(driver.await.unwrap(), CloseReason::Local(_)));
}

#[tokio::test]
async fn closing_writes_what_is_queued_and_aborting_does_not() {
    for abort in [false, true] {
        let (mut near, handle, _driver) = start(8, options(1000), Quiet(Log::default()));
        handle.send(|out| out.tail_mut().extend_from_slice(&[5; 500])).unwrap();
        if abort {
            handle.abort("enough");
        } else {
            handle.close("enough");
        }
        assert!(matches!(handle.send(|_| ()), Err(SendError::Closed(_))));
        let why = handle.closed().await;
        assert!(why.to_string().ends_with("by this side: enough"), "{why}");
        assert!(!why.is_remote());
        let mut got = Vec::new();
        near.read_to_end(&mut got).await.unwrap();
        assert_eq!(got.len(), if abort { 0 } else { 500 });
    }
}

#[tokio::test]
async fn a_dropped_driver_closes_once_and_tells_everybody() {
    let log = Log::default();
    let (mut near, handle, driver) = start(64, SessionOptions::default(), Quiet(log.clone()));
    driver.abort();
    assert!(matches!(handle.closed().await, CloseReason::Dropped));
    assert!(matches!(handle.ready().await.unwrap_err(), CloseReason::Dropped));
    assert_eq!(near.read(&mut [0]).await.unwrap(), 0);
    assert_eq!(log.lock().closes.len(), 1);
}

/// Refuses input, with a last word.
struct Refuse;

impl Session for Refuse {
    fn on_data(&mut self, _: Instant, _: &mut BytesMut, out: &mut Outbox) -> Result<()> {
        out.tail_mut().extend_from_slice(b"no");
        Err(Error::protocol("refused"))
    }
}

#[tokio::test]
async fn an_error_closes_after_the_last_word() {
    let (mut near, handle, _driver) = start(64, SessionOptions::default(), Refuse);
    near.write_all(b"x").await.unwrap();
    let mut got = Vec::new();
    near.read_to_end(&mut got).await.unwrap();
    assert_eq!(got, b"no");
    let why = Error::from(handle.closed().await);
    assert_eq!((why.kind(), why.to_string().as_str()), (ErrorKind::Protocol, "refused"));
}

/// Counts ticks and asks for one every ten seconds.
struct Ticking(Arc<AtomicUsize>);

impl Session for Ticking {
    fn on_data(&mut self, _: Instant, input: &mut BytesMut, _: &mut Outbox) -> Result<()> {
        input.clear();
        Ok(())
    }

    fn on_tick(&mut self, now: Instant, _: Activity, _: &mut Outbox) -> Result<Option<Instant>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(Some(now + Duration::from_secs(10)))
    }
}

#[tokio::test(start_paused = true)]
async fn ticks_come_when_asked_for_even_while_the_transport_is_blocked() {
    let ticks = Arc::new(AtomicUsize::new(0));
    let (_near, handle, _driver) = start(4, SessionOptions::default(), Ticking(ticks.clone()));
    let after = async |seconds| {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        ticks.load(Ordering::SeqCst)
    };
    assert_eq!(after(1).await, 1, "at the start");
    assert_eq!(after(10).await, 2, "ten seconds later");
    handle.send(|out| out.tail_mut().extend_from_slice(b"more than the pipe holds")).unwrap();
    assert_eq!(after(1).await, 2);
    let soon = time::now() + Duration::from_secs(1);
    handle.send(|out| out.tick_at(soon)).unwrap();
    assert_eq!(after(2).await, 3, "with a message");
    handle.tick_at(time::now() + Duration::from_secs(1));
    assert_eq!(after(2).await, 4, "without one");
}

#[tokio::test]
async fn what_was_read_before_the_driver_began_comes_first() {
    let log = Log::default();
    let ((near, _), (far, peer)) = Network::default().pair();
    let far = far.with_prefix(vec![2, b'a']);
    let driver = Driver::new(far, peer, SessionOptions::default(), |_| Echo::new(&log));
    tokio::spawn(driver);
    let mut near = near;
    near.write_all(b"b").await.unwrap();
    let mut got = [0; 3];
    near.read_exact(&mut got).await.unwrap();
    assert_eq!(got[..], frame(b"ab"));
}

/// Sends what its handle is given; says if it is alone.
struct Lonely(Arc<AtomicBool>);

impl Session for Lonely {
    fn on_data(&mut self, _: Instant, input: &mut BytesMut, _: &mut Outbox) -> Result<()> {
        input.clear();
        Ok(())
    }

    fn is_alone(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn a_message_that_is_alone_does_not_wait_for_others() {
    let alone = Arc::new(AtomicBool::new(false));
    let ((mut near, _), (far, peer)) = Network::default().pair();
    let session = Lonely(alone.clone());
    let mut driver = pin!(Driver::new(far, peer, SessionOptions::default(), |_| session));
    let handle = driver.handle().clone();
    assert!(poll_immediate(&mut driver).await.is_none());
    // The polls of the driver until so many messages are written.
    let mut polls = async |messages: usize| {
        for _ in 0..messages {
            handle.send(|out| out.tail_mut().extend_from_slice(b"x")).unwrap();
        }
        for polls in 1..10 {
            assert!(poll_immediate(&mut driver).await.is_none());
            if let Some(read) = poll_immediate(near.read(&mut [0; 8])).await {
                assert_eq!(read.unwrap(), messages);
                return polls;
            }
        }
        panic!("nothing was written")
    };
    assert_eq!(polls(1).await, 2, "others may be about to send");
    alone.store(true, Ordering::SeqCst);
    assert_eq!(polls(1).await, 1);
    assert_eq!(polls(3).await, 1);
    assert_eq!(polls(1).await, 2, "there were several the last time");
    assert_eq!(polls(1).await, 1);
}
