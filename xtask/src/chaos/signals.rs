//! Signals to a server that cannot end as it should.

use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use super::calls::wait_for_running;
use super::dubbo::{self, INT, OK};
use super::target::{Target, millis};
use super::{Chaos, hessian, judge};
use crate::Result;
use crate::tally::Tally;

const PATIENCE: Duration = Duration::from_secs(20);

/// A second signal to a server of which handlers block every thread.
pub(super) fn second_signal(chaos: &Chaos, tally: &mut Tally) -> Result<()> {
    const BLOCK: i32 = 30_000;
    const BOUND: Duration = Duration::from_millis(1500);
    let mut target = Target::ours(chaos, &[])?;
    let workers = thread::available_parallelism()?.get();
    let mut blocked = Vec::new();
    for _ in 0..=workers {
        let mut connection = target.connect()?;
        connection.send(&dubbo::call(1, "block", INT, &hessian::int(BLOCK)))?;
        blocked.push(connection);
    }
    thread::sleep(Duration::from_millis(500));
    target.signal("TERM")?;
    thread::sleep(Duration::from_millis(500));
    target.signal("TERM")?;
    let ended = target.ended(PATIENCE);
    let (kept, time) = match ended {
        Ok(time) => (time <= BOUND, format!("{:.0} ms", millis(time))),
        Err(error) => (false, error.to_string()),
    };
    let what = format!(
        "handlers block all {workers} threads for {} s; ended {time} after a second signal, at most {}",
        BLOCK / 1000,
        BOUND.as_millis()
    );
    judge(tally, "signals/second", &what, kept);
    Ok(())
}

/// A signal to a server that its registry has not answered yet.
pub(super) fn silent_registry(chaos: &Chaos, tally: &mut Tally) -> Result<()> {
    const SLOW: i32 = 1500;
    // Connections wait in its backlog, and nobody takes or answers them.
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let registry = format!("zookeeper://{}", silent.local_addr()?);
    let mut target = Target::ours(chaos, &["--registry", &registry])?;
    let mut connection = target.connect()?;
    connection.send(&dubbo::call(1, "slow", INT, &hessian::int(SLOW)))?;
    wait_for_running(&target, 1, PATIENCE)?;
    target.signal("TERM")?;
    let answer = connection.answer();
    let ended = target.ended(PATIENCE);
    let kept = matches!(&answer, Ok((status, _)) if *status == OK) && ended.is_ok();
    let answered = answer.map_or_else(|error| error.to_string(), |(status, _)| format!("{status}"));
    let what = format!(
        "a call of {SLOW} ms that runs at the signal, status {OK}: {answered}; {}",
        ended.map_or_else(|e| e.to_string(), |_| "the server ended".to_owned())
    );
    judge(tally, "signals/silent-registry", &what, kept);
    Ok(())
}
