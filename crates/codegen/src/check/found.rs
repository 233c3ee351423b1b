//! Changes that are found, one after the other.

use super::effect::Sides;
use super::{Change, What};

#[derive(Debug, Default)]
pub(super) struct Found(Vec<Change>);

impl Found {
    pub(super) fn add(
        &mut self,
        ty: &str,
        member: Option<String>,
        what: What,
        text: impl Into<String>,
        sides: Sides,
    ) {
        self.0.push(Change::new(ty, member, what, text, sides));
    }

    /// All of them, each once, sorted by types and members.
    pub(super) fn sorted(mut self) -> Vec<Change> {
        self.0.sort();
        self.0.dedup();
        self.0
    }
}
