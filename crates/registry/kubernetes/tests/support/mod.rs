//! Parts that all tests of this crate share.

use std::sync::Arc;

use dubhe_core::registry::Health;
use dubhe_core::time::{Duration, SharedClock};
use dubhe_net::time::TokioClock;
use dubhe_registry::application::{InstanceSnapshot, InstanceSnapshots, ServiceInstance};
use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The time that something may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// An answer of an API server, as it was recorded.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub(crate) struct Exchange {
    /// The path and query of the request.
    pub(crate) target: String,
    /// `true` if labels and annotations alone were asked for.
    #[serde(default)]
    pub(crate) metadata_only: bool,
    pub(crate) status: u16,
    /// The lines of the body, each a JSON value; a line that is none is a text.
    pub(crate) lines: Vec<Value>,
}

/// The recorded answers by this name.
pub(crate) fn recorded(name: &str) -> Vec<Exchange> {
    let path = recording(name);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The file of recorded answers.
pub(crate) fn recording(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/recorded/{name}.jsonl"))
}

/// Set in the process that a test starts.
const INNER: &str = "DUBHE_TEST_INNER";

/// Returns `true` in the process of [`alone`].
pub(crate) fn is_alone() -> bool {
    std::env::var_os(INNER).is_some()
}

/// Runs a test of this program once more, in a process with this environment besides.
pub(crate) async fn alone(test: &str, environment: &[(&str, &str)]) {
    let mut process = tokio::process::Command::new(std::env::current_exe().unwrap());
    let process = process.args(["--exact", test, "--nocapture"]).env(INNER, "1");
    let ended = process.envs(environment.iter().copied()).kill_on_drop(true).output();
    let ended = ended.await.unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    let errors = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success() && said.contains("1 passed"), "{said}{errors}");
}

/// The clock of the runtime.
pub(crate) fn clock() -> SharedClock {
    Arc::new(TokioClock)
}

/// The addresses of a snapshot, in its order.
pub(crate) fn addresses(snapshot: &InstanceSnapshot) -> Vec<String> {
    snapshot.instances.iter().map(ServiceInstance::address).collect()
}

/// The next snapshots until one is as `holds` wants it.
pub(crate) async fn until(
    snapshots: &mut InstanceSnapshots,
    what: &str,
    mut holds: impl FnMut(&InstanceSnapshot) -> bool,
) -> InstanceSnapshot {
    let mut last = InstanceSnapshot::default();
    let found = async {
        loop {
            last = snapshots.next().await.expect("the subscription goes on");
            if holds(&last) {
                return;
            }
        }
    };
    let done = tokio::time::timeout(PATIENCE, found).await;
    assert!(done.is_ok(), "no snapshot {what} within {PATIENCE:?}; the last: {last:?}");
    last
}

/// The next snapshots until a fresh one has these addresses.
pub(crate) async fn until_fresh(
    snapshots: &mut InstanceSnapshots,
    expected: &[&str],
) -> InstanceSnapshot {
    let holds = |now: &InstanceSnapshot| now.health == Health::Fresh && addresses(now) == expected;
    until(snapshots, &format!("of {expected:?}"), holds).await
}
