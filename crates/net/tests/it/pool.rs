//! Connections to one endpoint, on a paused clock.

use std::{
    collections::VecDeque,
    fmt,
    sync::Arc,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use dubhe_core::random::RandomSource;
use dubhe_net::{
    Error, ErrorKind, Result,
    pool::{Connection, LOAD_SLACK, MakeConnection, Pool, PoolOptions, State},
    time,
};
use dubhe_testkit::log::Lines;
use dubhe_testkit::wait_until;
use parking_lot::Mutex;
use tokio::sync::watch;
use tracing::Level;

/// A connection whose load and end the test decides.
#[derive(Clone)]
struct Conn {
    number: usize,
    load: Arc<AtomicUsize>,
    /// `None` while it takes work; then whether it was closed at once.
    end: watch::Sender<Option<bool>>,
    hung: watch::Sender<bool>,
    panics: bool,
    answered: Arc<AtomicBool>,
}

impl Connection for Conn {
    fn load(&self) -> usize {
        self.load.load(Ordering::SeqCst)
    }

    fn is_ready(&self) -> bool {
        self.end.borrow().is_none() && !self.is_hung()
    }

    fn is_hung(&self) -> bool {
        *self.hung.borrow()
    }

    async fn hung_changed(&self, seen: bool) {
        let _ = self.hung.subscribe().wait_for(|hung| *hung != seen).await;
    }

    fn has_answered(&self) -> bool {
        self.answered.load(Ordering::SeqCst)
    }

    fn failure(&self) -> Option<Error> {
        self.end.borrow().map(|_| Error::protocol(format!("connection {} broke off", self.number)))
    }

    async fn draining(&self) {
        assert!(!self.panics, "as the test wants");
        let _ = self.end.subscribe().wait_for(Option::is_some).await;
    }

    fn close(&self, now: bool) {
        self.end.send_replace(Some(now));
    }
}

/// The outcome of an attempt.
enum Attempt {
    Connect,
    Refuse,
    /// Is told by the system that nobody listens.
    NobodyListens,
    Hang,
    Panic,
    /// Connects, and panics when the end of the connection is awaited.
    ConnectAndPanic,
}

/// Does what it is told, attempt by attempt, and connects when it was told nothing more.
#[derive(Clone, Default)]
struct Script(Arc<Mutex<Steps>>);

#[derive(Default)]
struct Steps {
    todo: VecDeque<Attempt>,
    attempts: Vec<Instant>,
    opened: Vec<Conn>,
}

impl Script {
    fn of(todo: impl IntoIterator<Item = Attempt>) -> Self {
        let script = Self::default();
        script.0.lock().todo.extend(todo);
        script
    }

    fn attempts(&self) -> usize {
        self.0.lock().attempts.len()
    }

    fn opened(&self) -> Vec<Conn> {
        self.0.lock().opened.clone()
    }

    fn open(&self) -> Conn {
        let opened = &mut self.0.lock().opened;
        let number = opened.len();
        let (end, hung) = (watch::Sender::new(None), watch::Sender::new(false));
        let conn = Conn {
            number,
            load: Arc::default(),
            end,
            hung,
            panics: false,
            answered: Arc::default(),
        };
        opened.push(conn.clone());
        conn
    }
}

impl MakeConnection for Script {
    type Conn = Conn;

    fn endpoint(&self) -> impl fmt::Display {
        "test://script"
    }

    async fn connect(&self) -> Result<Conn> {
        let next = {
            let mut steps = self.0.lock();
            steps.attempts.push(time::now());
            steps.todo.pop_front()
        };
        match next {
            None | Some(Attempt::Connect) => Ok(self.open()),
            Some(Attempt::Refuse) => Err(Error::new(ErrorKind::Io, "refused")),
            Some(Attempt::NobodyListens) => {
                let refused = std::io::ErrorKind::ConnectionRefused;
                Err(Error::io("cannot connect", refused.into()))
            }
            Some(Attempt::Panic) => panic!("as the test wants"),
            Some(Attempt::ConnectAndPanic) => Ok(Conn { panics: true, ..self.open() }),
            Some(Attempt::Hang) => std::future::pending().await,
        }
    }
}

/// Draws the middle of everything, so that pauses can be told.
struct Half;

impl RandomSource for Half {
    fn next(&self) -> u64 {
        1 << 63
    }
}

fn pool(script: &Script, connections: usize) -> Pool<Script> {
    let mut options = PoolOptions::default();
    options.connections = connections;
    Pool::new(script.clone(), options, Arc::new(Half))
}

fn soon(seconds: u64) -> Instant {
    time::now() + Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn connects_when_first_used_and_picks_the_least_loaded() {
    let script = Script::default();
    let pool = pool(&script, 3);
    assert_eq!((pool.state(), script.attempts()), (State::Idle, 0));
    assert!(pool.pick().is_none());
    wait_until("all are connected", || script.opened().len() == 3).await;
    assert_eq!(pool.state(), State::Ready);

    let opened = script.opened();
    for (conn, load) in opened.iter().zip([50, 20, 90]) {
        conn.load.store(load, Ordering::SeqCst);
    }
    assert_eq!(pool.pick().unwrap().number, 1);
    // The one picked last is picked again while it has little more to do than another.
    opened[0].load.store(20 - LOAD_SLACK, Ordering::SeqCst);
    assert_eq!(pool.pick().unwrap().number, 1);
    opened[0].load.store(20 - LOAD_SLACK - 1, Ordering::SeqCst);
    assert_eq!(pool.pick().unwrap().number, 0);
    // One that takes no more work is not picked, whatever its load.
    opened[0].close(false);
    assert_eq!(pool.pick().unwrap().number, 1);
}

#[tokio::test(start_paused = true)]
async fn the_log_tells_of_the_first_failure_unless_the_owner_does() {
    for quiet in [false, true] {
        let (lines, _guard) = Lines::from_level_of_this_thread(Level::INFO);
        let script = Script::default();
        script.0.lock().todo.extend([Attempt::Refuse, Attempt::Refuse, Attempt::Connect]);
        let mut options = PoolOptions::default();
        options.quiet = quiet;
        let pool = Pool::new(script, options, Arc::new(Half));
        pool.warm_up();
        tokio::time::sleep(Duration::from_mins(1)).await;
        assert_eq!(pool.state(), State::Ready);
        let lines = lines.take();
        let expected = [
            "WARN message=no connection to a provider; trying again provider=test://script error=refused ",
            "INFO message=connected to the provider again provider=test://script ",
        ];
        assert_eq!(lines, if quiet { &[] } else { &expected[..] }, "{quiet}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_ended_is_replaced_at_once_and_its_loss_is_told() {
    let script = Script::default();
    let pool = pool(&script, 1);
    let first = pool.ready(Some(soon(1))).await.unwrap();
    tokio::time::sleep(Duration::from_mins(1)).await;
    let mut changes = pool.changes();
    changes.mark_unchanged();
    let lost = time::now();
    first.close(false);
    changes.changed().await.unwrap();
    let second = pool.ready(Some(soon(1))).await.unwrap();
    assert_eq!((second.number, time::now()), (1, lost));
    assert_eq!(*changes.borrow_and_update(), State::Ready);
}

#[tokio::test(start_paused = true)]
async fn a_hung_connection_is_kept_and_its_calls_wait_until_it_answers() {
    let script = Script::default();
    let pool = pool(&script, 1);
    let first = pool.ready(Some(soon(1))).await.unwrap();
    first.hung.send_replace(true);
    wait_until("the pool says so", || pool.state() == State::Hung).await;
    assert!(pool.pick().is_none());
    let error = pool.ready(Some(soon(1))).await.err().unwrap();
    assert!(error.is_timeout() && error.to_string().contains("answers nothing"), "{error}");
    let (waiting, ()) = tokio::join!(pool.ready(Some(soon(2))), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        first.hung.send_replace(false);
    });
    assert_eq!((waiting.unwrap().number, pool.state()), (0, State::Ready));
    // One that is given up is replaced as others are.
    first.hung.send_replace(true);
    first.close(false);
    assert_eq!(pool.ready(Some(soon(1))).await.unwrap().number, 1);
    assert_eq!(pool.state(), State::Ready);
}

#[tokio::test(start_paused = true)]
async fn of_several_connections_those_that_answer_are_picked() {
    let script = Script::default();
    let pool = pool(&script, 2);
    pool.warm_up();
    wait_until("both are connected", || script.opened().len() == 2).await;
    for hung in [0, 1] {
        let opened = script.opened();
        opened[hung].hung.send_replace(true);
        opened[1 - hung].hung.send_replace(false);
        assert_eq!(pool.ready(Some(soon(1))).await.unwrap().number, 1 - hung);
        assert_eq!(pool.state(), State::Ready);
    }
}

#[tokio::test(start_paused = true)]
async fn pauses_grow_with_each_failure_and_one_attempt_is_under_way_at_a_time() {
    let script = Script::of((0..4).map(|_| Attempt::Refuse));
    let pool = pool(&script, 1);
    let began = time::now();
    pool.warm_up();
    pool.warm_up();
    wait_until("it is connected", || pool.state() == State::Ready).await;
    let at: Vec<_> =
        script.0.lock().attempts.iter().map(|at| (*at - began).as_secs_f64()).collect();
    // Half of 1 s, 1.6 s, 2.56 s and 4.096 s after one another; timers count milliseconds.
    let want = [0.0, 0.5, 1.3, 2.58, 4.628];
    assert_eq!(at.len(), want.len());
    for (at, want) in at.iter().zip(want) {
        assert!((at - want).abs() < 0.01, "{at} is not {want}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_hangs_up_at_once_is_not_dialed_in_a_loop() {
    let script = Script::default();
    let pool = pool(&script, 1);
    for number in 0..5 {
        pool.ready(None).await.unwrap();
        assert_eq!(script.opened().len(), number + 1);
        script.opened()[number].close(true);
        let began = time::now();
        wait_until("there is another", || script.opened().len() == number + 2).await;
        assert!(time::now() - began >= Duration::from_millis(500));
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_good_after_an_answer_or_a_minute() {
    for (answers, lives, growing) in [(false, 59, true), (false, 60, false), (true, 0, false)] {
        let script = Script::default();
        let pool = pool(&script, 1);
        let mut pauses = Vec::new();
        for number in 0..4 {
            let conn = pool.ready(None).await.unwrap();
            conn.answered.store(answers, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_secs(lives)).await;
            conn.close(true);
            let began = time::now();
            wait_until("there is another", || script.opened().len() == number + 2).await;
            pauses.push((time::now() - began).as_millis());
        }
        if growing {
            assert!(pauses.is_sorted() && pauses[3] >= 2_000, "{pauses:?}");
        } else {
            assert!(pauses.iter().all(|pause| *pause < 100), "{pauses:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_with_a_connection_an_error_or_the_deadline() {
    let script = Script::of([Attempt::Refuse, Attempt::Refuse, Attempt::Hang]);
    let pool = pool(&script, 1);
    let failed = pool.ready(Some(soon(5))).await.err().unwrap();
    assert_eq!((failed.kind(), script.attempts()), (ErrorKind::Io, 1));

    // The next attempt is half a second away: too late for this caller, which is told at once.
    let began = time::now();
    let failed = pool.ready(Some(began + Duration::from_millis(400))).await.err().unwrap();
    assert_eq!((failed.kind(), time::now()), (ErrorKind::Io, began));

    // This one can wait for it.
    let failed = pool.ready(Some(soon(1))).await.err().unwrap();
    assert_eq!((failed.kind(), script.attempts()), (ErrorKind::Io, 2));

    // And this one meets an attempt that hangs.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let began = time::now();
    let late = pool.ready(Some(soon(3))).await.err().unwrap();
    assert!(late.to_string().contains("refused"), "{late}");
    assert_eq!(late.kind(), ErrorKind::Io, "as if the attempt began after the deadline");
    assert_eq!((time::now() - began, script.attempts()), (Duration::from_secs(3), 3));
}

#[tokio::test(start_paused = true)]
async fn who_waits_in_vain_learns_why_the_connection_before_broke_off() {
    for answered in [false, true] {
        let script = Script::of([Attempt::Connect, Attempt::Hang]);
        let pool = pool(&script, 1);
        let conn = pool.ready(Some(soon(1))).await.unwrap();
        conn.answered.store(answered, Ordering::SeqCst);
        conn.end.send_replace(Some(true));
        let late = pool.ready(Some(soon(3))).await.err().unwrap();
        let told = late.to_string().contains(&format!("connection {} broke off", conn.number));
        assert_eq!((late.is_timeout(), told), (answered, !answered), "{late}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_shortens_the_pause_to_a_second() {
    let script = Script::of((0..20).map(|_| Attempt::Refuse));
    let pool = pool(&script, 1);
    pool.warm_up();
    // The tenth pause is half of some 69 s.
    while script.attempts() < 10 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let failed = pool.ready(Some(soon(60))).await.err().unwrap();
    assert_eq!((failed.kind(), script.attempts()), (ErrorKind::Io, 11));
    let attempts = script.0.lock().attempts.clone();
    assert_eq!((attempts[10] - attempts[9]).as_millis(), 1000);
    // Nobody waits: the next pause is long again.
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(script.attempts(), 11);
    // After so long a call has it tried at once.
    let began = time::now();
    assert!(pool.ready(Some(soon(60))).await.is_err());
    assert_eq!((time::now(), script.attempts()), (began, 12));
}

#[tokio::test(start_paused = true)]
async fn a_reset_ends_a_pause_and_shortens_no_other() {
    let script = Script::of((0..20).map(|_| Attempt::Refuse));
    let pool = pool(&script, 1);
    pool.warm_up();
    while script.attempts() < 10 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let began = time::now();
    pool.reset_backoff();
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!((script.attempts(), script.0.lock().attempts[10]), (11, began));
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(script.attempts(), 11, "the eleventh pause is half of some 110 s");
}

#[tokio::test(start_paused = true)]
async fn waiting_for_an_attempt_that_hangs_tells_nobody_anything() {
    let script = Script::of([Attempt::Hang]);
    let pool = pool(&script, 1);
    pool.warm_up();
    let mut changes = pool.changes();
    changes.mark_unchanged();
    assert!(pool.ready(Some(soon(1))).await.is_err());
    assert!(!changes.has_changed().unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_closed_pool_opens_nothing_more() {
    for now in [false, true] {
        let script = Script::of([Attempt::Connect, Attempt::Hang]);
        let pool = pool(&script, 2);
        let conn = pool.ready(Some(soon(1))).await.unwrap();
        wait_until("both slots have tried", || script.attempts() == 2).await;
        pool.close(now);
        assert_eq!((pool.state(), *conn.end.borrow()), (State::Closed, Some(now)));
        assert!(pool.pick().is_none());
        assert!(pool.ready(None).await.err().unwrap().is_closed());
        tokio::time::sleep(Duration::from_mins(10)).await;
        assert_eq!((pool.state(), script.attempts()), (State::Closed, 2));
    }
    // Not even one that was never used.
    let script = Script::default();
    let pool = pool(&script, 1);
    pool.close(false);
    pool.warm_up();
    assert!(pool.pick().is_none());
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(script.attempts(), 0);
}

#[tokio::test(start_paused = true)]
async fn waiters_learn_that_the_pool_closed_and_a_dropped_pool_lets_go() {
    let script = Script::of([Attempt::Hang]);
    let held = pool(&script, 1);
    let (outcome, ()) = tokio::join!(held.ready(None), async {
        wait_until("it is trying", || script.attempts() == 1).await;
        held.close(false);
    });
    assert!(outcome.err().unwrap().is_closed());

    let script = Script::default();
    let dropped = pool(&script, 1);
    let conn = dropped.ready(Some(soon(1))).await.unwrap();
    drop(dropped);
    assert_eq!(*conn.end.borrow(), Some(false));
}

#[tokio::test(start_paused = true)]
async fn a_pool_is_refused_while_nobody_listens() {
    let script = Script::of([
        Attempt::Refuse,
        Attempt::NobodyListens,
        Attempt::Refuse,
        Attempt::NobodyListens,
    ]);
    let pool = pool(&script, 1);
    assert!(!pool.is_refused());
    pool.warm_up();
    for (attempts, refused) in [(1, false), (2, true), (3, false), (4, true)] {
        wait_until("the attempt is made", || script.attempts() == attempts).await;
        tokio::task::yield_now().await;
        assert_eq!(pool.is_refused(), refused, "after {attempts} attempts");
    }
    wait_until("it is connected", || pool.state() == State::Ready).await;
    assert!(!pool.is_refused());
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_panics_has_failed_and_others_follow() {
    let script = Script::of([Attempt::Panic, Attempt::Panic]);
    let pool = pool(&script, 1);
    let error = pool.ready(None).await.err().unwrap();
    assert!(error.to_string().contains("panicked"), "{error}");
    assert_eq!(script.attempts(), 1, "the next one comes after a pause");
    wait_until("it is connected", || pool.state() == State::Ready).await;
    assert_eq!(script.attempts(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_panics_is_replaced_when_it_is_wanted() {
    let script = Script::of([Attempt::ConnectAndPanic]);
    let pool = pool(&script, 1);
    pool.warm_up();
    wait_until("an error is known", || pool.last_error().is_some()).await;
    assert_eq!(pool.state(), State::Idle);
    let second = pool.ready(Some(soon(1))).await.unwrap();
    assert_eq!((second.number, script.attempts()), (1, 2));
}

#[test]
fn a_connection_that_ends_with_its_runtime_is_replaced_in_another() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let script = Script::of([Attempt::Connect, Attempt::Hang]);
    let pool = pool(&script, 1);
    let first = runtime().block_on(async { pool.ready(Some(soon(9))).await.unwrap().number });
    // The runtime was dropped while the connection was there, and then during an attempt.
    assert_eq!((first, pool.state()), (0, State::Idle));
    runtime().block_on(async {
        assert!(pool.pick().is_none());
        tokio::task::yield_now().await;
    });
    assert_eq!((script.attempts(), pool.state()), (2, State::Idle));
    let last = runtime().block_on(async { pool.ready(Some(soon(9))).await.unwrap().number });
    assert_eq!((last, script.attempts()), (1, 3));
}

#[test]
fn a_task_that_was_never_polled_keeps_no_slot() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let pool = pool(&Script::default(), 1);
    // Dropped before the task of the slot has run.
    runtime().block_on(async { pool.warm_up() });
    let ready = runtime().block_on(async { pool.ready(Some(soon(9))).await.map(|c| c.number) });
    assert_eq!(ready.unwrap(), 0);
}
