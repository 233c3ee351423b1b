//! The clients of this project, as they report.

use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::Chaos;
use crate::Result;
use crate::process::lines;

/// A call of the load that did not end well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) failed: bool,
    /// Milliseconds of the wall clock at which the call began.
    pub(super) at: u128,
    pub(super) error: String,
}

/// The sums of a load, and its bad calls.
#[derive(Debug, Default)]
pub(super) struct Load {
    pub(super) answered: u64,
    pub(super) failed: u64,
    pub(super) events: Vec<Event>,
}

impl Load {
    /// The bad calls that began at or after a time, and the last of their errors.
    pub(super) fn since(&self, at: u128) -> impl DoubleEndedIterator<Item = &Event> {
        self.events.iter().filter(move |event| event.at >= at)
    }

    /// The first error, for the line of the result.
    pub(super) fn first_error(&self) -> String {
        let first = self.events.iter().find(|event| event.failed);
        first.map_or_else(String::new, |event| format!("; first: {}", event.error))
    }
}

/// The wall clock in milliseconds.
pub(super) fn now_ms() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()
}

/// Runs a load beside `fault`, which begins once the load does.
pub(super) fn load(
    chaos: &Chaos,
    args: &[String],
    rate: u32,
    time: Duration,
    fault: impl FnOnce() -> Result<()>,
) -> Result<Load> {
    let mut command = Command::new(&chaos.ours);
    command.args(["load", "--rate", &rate.to_string(), "--seconds", &time.as_secs().to_string()]);
    command.args(args);
    let (begins, begun) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let running = scope.spawn(move || {
            let mut load = Load::default();
            let mut sums = String::new();
            let status = lines(&mut command, time + Duration::from_mins(1), |line| {
                if line == "ready" {
                    // The fault is not waiting when it failed already.
                    let _ = begins.send(());
                } else if line.starts_with('{') {
                    line.clone_into(&mut sums);
                } else {
                    load.events.extend(event(line));
                }
            })?;
            drop(begins);
            if !status.success() {
                return Err(format!("the client ended with {status}").into());
            }
            (load.answered, load.failed) = (number(&sums, "answered")?, number(&sums, "failed")?);
            Ok(load)
        });
        let fault =
            begun.recv().map_err(|_| "the client did not begin".into()).and_then(|()| fault());
        let load = running.join().map_err(|_| "reading from the client panicked")?;
        fault?;
        load
    })
}

/// Runs a client to its end and returns its line of JSON.
pub(super) fn run(chaos: &Chaos, args: &[&str]) -> Result<String> {
    let mut last = String::new();
    let mut command = Command::new(&chaos.ours);
    let status =
        lines(command.args(args), Duration::from_mins(5), |line| line.clone_into(&mut last))?;
    if status.success() { Ok(last) } else { Err(format!("{args:?} ended with {status}").into()) }
}

/// A number of a line of JSON.
pub(super) fn number(line: &str, key: &str) -> Result<u64> {
    let json: Value = serde_json::from_str(line)
        .map_err(|error| format!("cannot read the report {line:?}: {error}"))?;
    json.get(key)
        .and_then(Value::as_u64)
        .ok_or_else(|| format!("the report {line:?} has no number {key:?}").into())
}

/// A line such as `late 1700000000000` or `failed 1700000000000 why`.
pub(super) fn event(line: &str) -> Option<Event> {
    let (kind, rest) = line.split_once(' ')?;
    let (at, error) = rest.split_once(' ').unwrap_or((rest, ""));
    let failed = match kind {
        "failed" => true,
        "late" => false,
        _ => return None,
    };
    Some(Event { failed, at: at.parse().ok()?, error: error.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::{Event, event, number};

    #[test]
    fn lines_of_the_client_are_read() {
        let late = Event { failed: false, at: 17, error: String::new() };
        assert_eq!(event("late 17"), Some(late));
        let failed = Event { failed: true, at: 18, error: "no provider left".to_owned() };
        assert_eq!(event("failed 18 no provider left"), Some(failed));
        assert_eq!(event("something else"), None);
        assert_eq!(number(r#"{"failed":3}"#, "failed").unwrap(), 3);
        assert!(number(r#"{"failed":3}"#, "late").is_err());
    }
}
