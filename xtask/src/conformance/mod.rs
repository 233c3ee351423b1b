//! Suites of other projects that test an implementation of a protocol or format.

mod protobuf;

use crate::Result;
use crate::tally::Tally;

/// Runs every suite, or the one that is named.
pub(crate) fn run(name: Option<&str>, tally: &mut Tally) -> Result<()> {
    match name {
        None | Some("protobuf") => protobuf::run(tally),
        Some(other) => Err(format!("no suite is called {other:?}; there is protobuf").into()),
    }
}
