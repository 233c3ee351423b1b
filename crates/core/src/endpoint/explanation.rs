//! The account of a directory: which instances it uses, which not, and why.

use std::fmt;

use bytestring::ByteString;

use super::set::Health;
use crate::printable::Printable;
use crate::time::Duration;

/// The account that a directory gives of itself: what each registry says, and what becomes of each
/// instance. For people and for pages of a process about itself; a copy of one moment.
///
/// ```
/// # mod dubhe { pub mod directory { pub use dubhe_core::endpoint::{DirectoryState, Endpoints, Usage}; } }
/// use dubhe::directory::{DirectoryState, Endpoints, Usage};
///
/// /// The answer to "why is this instance not used?", from `client.providers()`.
/// fn why(set: &Endpoints, address: &str) -> Option<String> {
///     let state: DirectoryState = set.explain()?;
///     let instance = state.instances.iter().find(|instance| instance.instance.contains(address))?;
///     match &instance.usage {
///         Usage::Excluded { why } | Usage::PassedOver { why } => Some(why.to_string()),
///         _ => None,
///     }
/// }
/// # assert_eq!(why(&Endpoints::default(), "10.0.0.7"), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DirectoryState {
    /// The registries in which it looks, in the order of the application.
    pub registries: Vec<RegistryState>,
    /// Instances, those first that are not used: at most [`Self::MAX_INSTANCES`].
    pub instances: Vec<InstanceState>,
    /// The number of instances for which there was no room.
    pub omitted: usize,
}

/// A registry of a directory.
///
/// ```
/// # mod dubhe { pub mod directory { pub use dubhe_core::endpoint::{Health, RegistryState}; } }
/// use dubhe::directory::{Health, RegistryState};
///
/// let state = RegistryState::new("zookeeper://zk:2181", Health::Stale);
/// assert_eq!(state.to_string(), "zookeeper://zk:2181: stale, 0 providers, has not answered");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RegistryState {
    /// The name of the registry in the log.
    pub name: ByteString,
    /// The currency of what it says.
    pub health: Health,
    /// The number of providers that it knows.
    pub providers: usize,
    /// The time since it last said something; `None` if it never did.
    pub answered: Option<Duration>,
    /// The age of the list of a cache on disk that stands for its answer, while it has not answered.
    pub cached: Option<Duration>,
    /// The last error, until it answers.
    pub error: Option<String>,
}

/// An instance of a directory, or one way to reach it.
///
/// ```
/// # mod dubhe { pub mod directory { pub use dubhe_core::endpoint::{InstanceState, Usage}; } }
/// use dubhe::directory::{InstanceState, Usage};
///
/// let usage = Usage::Excluded { why: "it is disabled".into() };
/// let state = InstanceState { instance: "10.0.0.7:20880".into(), usage };
/// assert_eq!(state.to_string(), "10.0.0.7:20880: not used, since it is disabled");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceState {
    /// The address, or the name that the instance has in a registry.
    pub instance: ByteString,
    /// The use that is made of it.
    pub usage: Usage,
}

/// The use that a directory makes of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Usage {
    /// Takes calls.
    Used,
    /// Takes calls only while no other can.
    PassedOver {
        /// The reason, for people.
        why: ByteString,
    },
    /// No registry knows it any more, and it takes calls still.
    Held {
        /// The reason, for people.
        why: ByteString,
        /// The time for which it is held at most.
        left: Duration,
    },
    /// Takes no calls.
    Excluded {
        /// The reason, for people.
        why: ByteString,
    },
}

impl DirectoryState {
    /// The number of instances that are listed at most.
    pub const MAX_INSTANCES: usize = 256;

    /// The account of these registries, without instances yet.
    pub fn new(registries: Vec<RegistryState>) -> Self {
        Self { registries, ..Self::default() }
    }

    /// Adds an instance, or counts it where there is no room.
    pub fn add(&mut self, instance: impl FnOnce() -> InstanceState) {
        if self.instances.len() < Self::MAX_INSTANCES {
            self.instances.push(instance());
        } else {
            self.omitted += 1;
        }
    }
}

impl RegistryState {
    /// A registry of this name that has said nothing.
    pub fn new(name: impl Into<ByteString>, health: Health) -> Self {
        let name = name.into();
        Self { name, health, providers: 0, answered: None, cached: None, error: None }
    }
}

impl fmt::Display for RegistryState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let health = match self.health {
            Health::Fresh => "fresh",
            Health::Stale => "stale",
        };
        let count = self.providers;
        let providers = if count == 1 { "provider" } else { "providers" };
        write!(f, "{}: {health}, {count} {providers}, ", Printable(&self.name))?;
        match (self.cached, self.answered) {
            (Some(age), _) => write!(f, "from a cache that is {} s old", age.as_secs())?,
            (None, Some(age)) => write!(f, "answered {} s ago", age.as_secs())?,
            (None, None) => f.write_str("has not answered")?,
        }
        match &self.error {
            Some(error) => write!(f, ": {}", Printable(error)),
            None => Ok(()),
        }
    }
}

impl fmt::Display for InstanceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", Printable(&self.instance))?;
        match &self.usage {
            Usage::Used => f.write_str("used"),
            Usage::PassedOver { why } => write!(f, "passed over, since {}", Printable(why)),
            Usage::Held { why, left } => {
                write!(f, "held for {} s more, since {}", left.as_secs(), Printable(why))
            }
            Usage::Excluded { why } => write!(f, "not used, since {}", Printable(why)),
        }
    }
}

/// A line for each registry and each instance.
impl fmt::Display for DirectoryState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.registries.iter().try_for_each(|registry| writeln!(f, "{registry}"))?;
        // Those that take calls are the last ones, for which there may have been no room.
        let takes_calls =
            |one: &InstanceState| matches!(one.usage, Usage::Used | Usage::Held { .. });
        let others = self.omitted > 0 || self.instances.iter().any(takes_calls);
        for instance in &self.instances {
            match &instance.usage {
                Usage::PassedOver { why } if others => writeln!(
                    f,
                    "  {}: passed over while others can be asked, since {}",
                    Printable(&instance.instance),
                    Printable(why)
                )?,
                _ => writeln!(f, "  {instance}")?,
            }
        }
        match self.omitted {
            0 => Ok(()),
            more => writeln!(f, "  and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_has_a_line_for_each_and_the_list_is_bounded() {
        let registry = RegistryState {
            providers: 1,
            cached: Some(Duration::from_secs(90)),
            error: Some("no route".to_owned()),
            ..RegistryState::new("zk", Health::Stale)
        };
        let mut state = DirectoryState::new(vec![registry]);
        let held = Usage::Held { why: "it is gone".into(), left: Duration::from_secs(7) };
        for usage in [held, Usage::PassedOver { why: "it hangs".into() }, Usage::Used] {
            state.add(|| InstanceState { instance: "h:1".into(), usage });
        }
        let text = "zk: stale, 1 provider, from a cache that is 90 s old: no route\n  h:1: held for 7 s more, \
                    since it is gone\n  h:1: passed over while others can be asked, since it hangs\n  h:1: used\n";
        assert_eq!(state.to_string(), text);
        let mut alone = state.clone();
        alone.instances.retain(|one| matches!(one.usage, Usage::PassedOver { .. }));
        assert!(alone.to_string().ends_with("\n  h:1: passed over, since it hangs\n"), "{alone}");
        for _ in 0..DirectoryState::MAX_INSTANCES {
            state.add(|| InstanceState { instance: "h:2".into(), usage: Usage::Used });
        }
        assert_eq!((state.instances.len(), state.omitted), (DirectoryState::MAX_INSTANCES, 3));
        assert!(state.to_string().ends_with("  and 3 more\n"));
    }
}
