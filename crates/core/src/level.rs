//! The levels at which Dubbo registers providers.

use std::fmt;

/// A level at which Dubbo registers providers.
///
/// ```
/// # mod dubhe { pub mod registry { pub use dubhe_core::registry::DiscoveryLevel; } }
/// use dubhe::registry::DiscoveryLevel;
///
/// assert_eq!(DiscoveryLevel::Application.to_string(), "application");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DiscoveryLevel {
    /// Each service on its own.
    #[default]
    Interface,
    /// Instances of whole processes, whose metadata tell of their services.
    Application,
}

impl DiscoveryLevel {
    /// Returns its name: `interface` or `application`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Interface => "interface",
            Self::Application => "application",
        }
    }
}

impl fmt::Display for DiscoveryLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
