//! Calls whose peer is gone, whose peer does not wait, and whose handler keeps its thread.

use std::thread;
use std::time::{Duration, Instant};

use super::dubbo::{self, INT, OBJECT};
use super::target::{Target, millis};
use super::{Chaos, hessian, http1, judge};
use crate::Result;
use crate::tally::Tally;

/// The default of `max_running`.
const MAX_RUNNING: i64 = 1024;
const PATIENCE: Duration = Duration::from_secs(10);
/// Milliseconds of a handler that nobody waits for.
const LONG: i32 = 30_000;

/// A connection that is full of calls, and whose peer hangs up.
pub(super) fn hang_up(chaos: &Chaos, tally: &mut Tally) -> Result<()> {
    const BOUND: Duration = Duration::from_millis(10);
    const ROUNDS: usize = 5;
    let target = Target::ours(chaos, &[])?;
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let mut connection = target.connect()?;
        let calls: Vec<u8> =
            (0..1100).flat_map(|id| dubbo::call(id, "slow", INT, &hessian::int(LONG))).collect();
        connection.send(&calls)?;
        wait_for_running(&target, MAX_RUNNING, PATIENCE)?;
        let begun = Instant::now();
        drop(connection);
        wait_for_running(&target, 0, PATIENCE)?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    let median = times.get(ROUNDS / 2).copied().unwrap_or_default();
    let what = format!(
        "{MAX_RUNNING} calls were cancelled {:.1} ms after the peer hung up, median of {ROUNDS}, \
         at most {}",
        millis(median),
        BOUND.as_millis()
    );
    judge(tally, "hang-up/full-connection", &what, median <= BOUND);
    Ok(())
}

/// Calls without an answer that never end.
pub(super) fn one_way(chaos: &Chaos, tally: &mut Tally) -> Result<()> {
    const LIMIT: u64 = 1000;
    const CALLS: u64 = 100;
    let target = Target::ours(chaos, &["--one-way-ms", &LIMIT.to_string()])?;
    let mut connection = target.connect()?;
    let begun = Instant::now();
    for id in 0..CALLS {
        connection.send(&dubbo::one_way(id, "tell", INT, &hessian::int(LONG)))?;
    }
    wait_for_running(&target, CALLS.cast_signed(), PATIENCE)?;
    let ended = wait_for_running(&target, 0, PATIENCE);
    let time = millis(begun.elapsed());
    let bound = LIMIT as f64 + 500.0;
    let what = format!(
        "{CALLS} one-way calls of {} s, limited to {LIMIT} ms, ended after {time:.0} ms, \
         at most {bound:.0}",
        LONG / 1000
    );
    judge(tally, "one-way/time-limit", &what, ended.is_ok() && time <= bound);
    Ok(())
}

/// Waits until so many handlers of the server wait.
pub(super) fn wait_for_running(target: &Target, count: i64, patience: Duration) -> Result<()> {
    let end = Instant::now() + patience;
    loop {
        let running = http1::number(target.address, "running")?;
        if running == count {
            return Ok(());
        }
        if Instant::now() > end {
            return Err(format!("{running} handlers run in place of {count}").into());
        }
    }
}

/// A handler that blocks its thread while others call.
pub(super) fn blocking(chaos: &Chaos, tally: &mut Tally) -> Result<()> {
    const BLOCK: i32 = 5000;
    /// The time below which the scheduler of a shared machine counts for more than the server.
    const FLOOR: Duration = Duration::from_millis(2);
    /// A neighbour on the machine can spoil a round; a server that stands still spoils each.
    const ROUNDS: usize = 3;
    let target = Target::ours(chaos, &[])?;
    let (mut kept, mut what) = (false, String::new());
    for round in 1..=ROUNDS {
        let before = latency(&target, Duration::from_secs(2))?;
        let mut blocked = target.connect()?;
        blocked.send(&dubbo::call(1, "block", INT, &hessian::int(BLOCK)))?;
        thread::sleep(Duration::from_millis(50));
        let during = latency(&target, Duration::from_millis(4500))?;
        let (status, _) = blocked.answer()?;
        let bound = (before.p99 * 2).max(FLOOR);
        kept = during.p99 <= bound;
        what = format!(
            "p99 of {} calls on 8 other connections {:.2} ms, {:.2} before, at most {:.2}, in round \
             {round}; longest {:.1} ms; the handler of {BLOCK} ms answered with status {status}",
            during.count,
            millis(during.p99),
            millis(before.p99),
            millis(bound),
            millis(during.longest)
        );
        if kept {
            break;
        }
    }
    judge(tally, "blocking/other-connections", &what, kept);
    Ok(())
}

/// The times of honest calls.
#[derive(Debug)]
struct Latency {
    count: usize,
    p99: Duration,
    longest: Duration,
}

/// Calls on eight connections, each a call every 2 ms, for so long.
fn latency(target: &Target, time: Duration) -> Result<Latency> {
    let caller = || -> Result<Vec<Duration>> {
        let mut connection = target.connect()?;
        let call = dubbo::call(1, "echo", OBJECT, &[hessian::ONE]);
        let (end, mut times) = (Instant::now() + time, Vec::new());
        while Instant::now() < end {
            let begun = Instant::now();
            connection.ask(&call)?;
            times.push(begun.elapsed());
            thread::sleep(Duration::from_millis(2));
        }
        Ok(times)
    };
    let mut times = Vec::new();
    thread::scope(|scope| {
        let callers: Vec<_> = (0..8).map(|_| scope.spawn(caller)).collect();
        for caller in callers {
            times.extend(caller.join().map_err(|_| "a caller panicked")??);
        }
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
    })?;
    times.sort_unstable();
    let at = |index: usize| times.get(index).copied().unwrap_or_default();
    Ok(Latency {
        count: times.len(),
        p99: at(times.len() * 99 / 100),
        longest: at(times.len().saturating_sub(1)),
    })
}
