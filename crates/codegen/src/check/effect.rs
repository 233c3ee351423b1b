//! The meaning of a change for one side, and for both.

use std::fmt;

use super::flow::Flow;

/// Verdict on a change: do processes that were built before it still work?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Compatibility {
    /// All calls work.
    #[default]
    Compatible,
    /// Calls work, but for the values that the reason names.
    Conditional,
    /// Each call that has to do with it fails.
    Incompatible,
}

impl fmt::Display for Compatibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Compatible => "compatible",
            Self::Conditional => "conditional",
            Self::Incompatible => "incompatible",
        })
    }
}

/// Meaning of a change for one side.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Effect {
    /// Verdict on that side.
    pub compatibility: Compatibility,
    /// The reason, empty where nothing needs to be said.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

impl Effect {
    pub(super) fn none() -> Self {
        Self::default()
    }

    pub(super) fn fine(reason: impl Into<String>) -> Self {
        Self { compatibility: Compatibility::Compatible, reason: reason.into() }
    }

    pub(super) fn conditional(reason: impl Into<String>) -> Self {
        Self { compatibility: Compatibility::Conditional, reason: reason.into() }
    }

    pub(super) fn incompatible(reason: impl Into<String>) -> Self {
        Self { compatibility: Compatibility::Incompatible, reason: reason.into() }
    }

    /// The worse of two; of equals the one that has a reason.
    pub(super) fn worse(self, other: Self) -> Self {
        let is_worse = other.compatibility > self.compatibility;
        let explains = other.compatibility == self.compatibility && self.reason.is_empty();
        if is_worse || explains { other } else { self }
    }
}

/// Meaning of a change for both sides.
#[derive(Clone, Debug, Default)]
pub(super) struct Sides {
    pub(super) consumers: Effect,
    pub(super) providers: Effect,
}

impl Sides {
    pub(super) fn both(effect: Effect) -> Self {
        Self { consumers: effect.clone(), providers: effect }
    }

    /// The sides of a change that is fine, with the reason for consumers.
    pub(super) fn fine(reason: impl Into<String>) -> Self {
        Self { consumers: Effect::fine(reason), providers: Effect::none() }
    }

    pub(super) fn conditional(reason: impl Into<String>) -> Self {
        Self::both(Effect::conditional(reason))
    }

    pub(super) fn incompatible(reason: impl Into<String>) -> Self {
        Self::both(Effect::incompatible(reason))
    }

    /// The sides of a change in something that travels along `flow`: `forward` is what becomes of values that the old
    /// one writes and the new one reads, `backward` the other way.
    pub(super) fn along(flow: Flow, forward: &Effect, backward: &Effect) -> Self {
        let mut sides = Self::default();
        if flow.requests {
            sides.consumers = forward.clone();
            sides.providers = backward.clone();
        }
        if flow.replies {
            sides.consumers = sides.consumers.worse(backward.clone());
            sides.providers = sides.providers.worse(forward.clone());
        }
        sides
    }
}
