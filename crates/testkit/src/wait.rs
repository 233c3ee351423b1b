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
