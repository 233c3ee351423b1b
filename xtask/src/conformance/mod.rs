//! Conformance suites of other projects, run against us.

mod grpc;
mod protobuf;

use crate::Result;
use crate::tally::Tally;

/// A suite by its name.
type Suite = (&'static str, fn(&mut Tally) -> Result<()>);

const SUITES: &[Suite] = &[("grpc", grpc::run), ("protobuf", protobuf::run)];

/// Runs every suite, or the one that is named.
pub(crate) fn run(name: Option<&str>, tally: &mut Tally) -> Result<()> {
    let chosen: Vec<&Suite> =
        SUITES.iter().filter(|suite| name.is_none_or(|name| suite.0 == name)).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = SUITES.iter().map(|suite| suite.0).collect();
        return Err(format!("no suite has that name; there are {}", names.join(", ")).into());
    }
    for (name, run) in chosen {
        // A suite that broke off must not hide the others.
        if let Err(error) = run(tally) {
            tally.fail(name, &error.to_string());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Tally, run};

    #[test]
    fn an_unknown_suite_is_an_error() {
        let error = run(Some("nothing"), &mut Tally::default()).unwrap_err();
        assert!(error.to_string().contains("grpc"), "{error}");
    }
}
