use std::sync::mpsc;
use std::time::Duration;

/// The longest time for a condition to become true: far longer than it ever should take, so that
/// only a real hang meets it.
const WAIT_TIMEOUT: Duration = Duration::from_secs(20);

/// Waits until `holds` says true; looks again every millisecond of the runtime's clock.
///
/// # Panics
/// When that takes longer than 20 s, with `what`.
#[track_caller]
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) -> impl Future<Output = ()> {
    let (what, asked) = (what.to_owned(), std::panic::Location::caller());
    async move {
        let waiting = async {
            while !holds() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let outcome = tokio::time::timeout(WAIT_TIMEOUT, waiting).await;
        assert!(outcome.is_ok(), "{asked}: waited {WAIT_TIMEOUT:?} in vain until {what}");
    }
}

/// Keeps its thread until another task of the runtime has run. Returns `false` if none has after 20 s.
pub fn another_task_runs() -> bool {
    let (ran, has_run) = mpsc::channel();
    tokio::spawn(async move { ran.send(()) });
    has_run.recv_timeout(WAIT_TIMEOUT).is_ok()
}
