//! Features of dependencies that a program gets with the crates here, whether it wants them or not.

use std::process::Command;

use serde_json::Value;

use super::Finding;
use crate::repo::{Repo, root};

/// A package, and a feature of it that changes what code elsewhere in the program does.
const FORBIDDEN: &[(&str, &str)] = &[
    // Types of the program that take numbers within untagged or flattened parts would refuse them.
    ("serde_json", "arbitrary_precision"),
];

/// No feature that changes the behaviour of other code is on.
pub(super) fn check(_: &Repo) -> Vec<Finding> {
    match metadata() {
        Ok(metadata) => forbidden(&metadata),
        Err(error) => vec![Finding::new("Cargo.toml", error)],
    }
}

/// The packages with the features that all members together ask for.
fn metadata() -> Result<Value, String> {
    let mut command = Command::new("cargo");
    command.args(["metadata", "--format-version", "1", "--quiet"]).current_dir(root());
    let output = command.output().map_err(|error| format!("cannot run cargo metadata: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr)));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata: {error}"))
}

fn forbidden(metadata: &Value) -> Vec<Finding> {
    let nodes = metadata.pointer("/resolve/nodes").and_then(Value::as_array);
    let mut found = Vec::new();
    for node in nodes.into_iter().flatten() {
        let id = node.get("id").and_then(Value::as_str).unwrap_or_default();
        let features = node.get("features").and_then(Value::as_array).into_iter().flatten();
        let on: Vec<&str> = features.filter_map(Value::as_str).collect();
        for (package, feature) in FORBIDDEN {
            if id.contains(&format!("#{package}@")) && on.contains(feature) {
                let what = format!("{package} has the feature {feature}, which programs get too");
                found.push(Finding::new("Cargo.toml", what));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::forbidden;

    #[test]
    fn a_feature_that_changes_other_code_is_found() {
        let with = |features| {
            json!({"resolve": {"nodes": [
                {"id": "registry+https://example.org/index#serde_json@1.0.1", "features": features},
            ]}})
        };
        assert_eq!(forbidden(&with(json!(["arbitrary_precision", "std"]))).len(), 1);
        assert_eq!(forbidden(&with(json!(["preserve_order", "std"]))).len(), 0);
    }
}
