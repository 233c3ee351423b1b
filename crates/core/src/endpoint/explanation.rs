//! The account of a directory: which instances it uses, which not, and why.

use std::fmt;

use bytestring::ByteString;

use super::set::Health;
use crate::level::DiscoveryLevel;
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
/// # mod dubhe { pub mod directory { pub use dubhe_core::endpoint::{InstanceState, KnownTo, Usage}; } pub mod registry { pub use dubhe_core::registry::DiscoveryLevel; } }
/// use dubhe::directory::{InstanceState, KnownTo, Usage};
/// use dubhe::registry::DiscoveryLevel;
///
/// let usage = Usage::Excluded { why: "it is disabled".into() };
/// let mut state = InstanceState::new("10.0.0.7:20880", usage);
/// assert_eq!(state.to_string(), "10.0.0.7:20880: not used, since it is disabled");
/// state.known_to.push(KnownTo::new("zookeeper://zk:2181", Some(DiscoveryLevel::Application)));
/// assert_eq!(state.to_string(), "10.0.0.7:20880 (zookeeper://zk:2181, application level): not used, since \
///                                it is disabled");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InstanceState {
    /// The address, or the name that the instance has in a registry.
    pub instance: ByteString,
    /// The use that is made of it.
    pub usage: Usage,
    /// The registries that know it, in the order of the application; of one that is held, those that knew
    /// it.
    pub known_to: Vec<KnownTo>,
}

/// A registry that knows an instance.
///
/// ```
/// # mod dubhe { pub mod directory { pub use dubhe_core::endpoint::KnownTo; } }
/// use dubhe::directory::KnownTo;
///
/// assert_eq!(KnownTo::new("file:///srv/providers", None).to_string(), "file:///srv/providers");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KnownTo {
    /// The name of the registry in the log.
    pub registry: ByteString,
    /// The level at which it knows the instance, of a registry that has both levels.
    pub level: Option<DiscoveryLevel>,
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

impl InstanceState {
    /// An instance of this name, of which no registry is known.
    pub fn new(instance: impl Into<ByteString>, usage: Usage) -> Self {
        Self { instance: instance.into(), usage, known_to: Vec::new() }
    }

    /// Writes who it is, and who knows it.
    fn write_name(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Printable(&self.instance))?;
        for (place, known) in self.known_to.iter().enumerate() {
            write!(f, "{}{known}", if place == 0 { " (" } else { "; " })?;
        }
        if self.known_to.is_empty() { Ok(()) } else { f.write_str(")") }
    }
}

impl KnownTo {
    /// The registry of this name.
    pub fn new(registry: impl Into<ByteString>, level: Option<DiscoveryLevel>) -> Self {
        Self { registry: registry.into(), level }
    }
}

impl fmt::Display for KnownTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Printable(&self.registry))?;
        match self.level {
            Some(level) => write!(f, ", {level} level"),
            None => Ok(()),
        }
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
        self.write_name(f)?;
        f.write_str(": ")?;
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
                Usage::PassedOver { why } if others => {
                    f.write_str("  ")?;
                    instance.write_name(f)?;
                    let why = Printable(why);
                    writeln!(f, ": passed over while others can be asked, since {why}")?;
                }
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
            state.add(|| InstanceState::new("h:1", usage));
        }
        let text = "zk: stale, 1 provider, from a cache that is 90 s old: no route\n  h:1: held for 7 s more, \
                    since it is gone\n  h:1: passed over while others can be asked, since it hangs\n  h:1: used\n";
        assert_eq!(state.to_string(), text);
        let mut known = state.clone();
        for instance in &mut known.instances {
            let level = Some(DiscoveryLevel::Interface);
            instance.known_to = vec![KnownTo::new("zk", level), KnownTo::new("list\n", None)];
        }
        let named = text.replace("h:1:", "h:1 (zk, interface level; list\\n):");
        assert_eq!(known.to_string(), named);
        let mut alone = state.clone();
        alone.instances.retain(|one| matches!(one.usage, Usage::PassedOver { .. }));
        assert!(alone.to_string().ends_with("\n  h:1: passed over, since it hangs\n"), "{alone}");
        for _ in 0..DirectoryState::MAX_INSTANCES {
            state.add(|| InstanceState::new("h:2", Usage::Used));
        }
        assert_eq!((state.instances.len(), state.omitted), (DirectoryState::MAX_INSTANCES, 3));
        assert!(state.to_string().ends_with("  and 3 more\n"));
    }
}
