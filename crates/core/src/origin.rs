//! Registries as the origins of endpoints.

use bytestring::ByteString;

/// Dubbo's weight of a registry that says nothing.
const DEFAULT_WEIGHT: u32 = 100;

/// The part that one of several registries has in finding providers. The default is that of a registry
/// which is like all others: then the providers of all are one list.
///
/// As soon as one registry differs, each call is for the providers of one of them, as with Dubbo Java's
/// `ZoneAwareClusterInvoker`: of a preferred one, else of one in the zone of the call, else of any by weight.
///
/// ```
/// # mod dubhe { pub mod registry { pub use dubhe_core::registry::RegistryTraits; } }
/// use dubhe::registry::RegistryTraits;
///
/// // `preferred=true&zone=north` of the URL of a registry.
/// let mut traits = RegistryTraits::default();
/// traits.preferred = true;
/// traits.zone = Some("north".into());
/// assert_eq!((traits.weight, traits.subscribe), (100, true));
/// assert!(traits.is_chosen());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RegistryTraits {
    /// Precedence over registries that have it not; Dubbo's `preferred`, `false` by default.
    pub preferred: bool,
    /// The zone of the registry, for calls with the attachment `registry_zone`; Dubbo's `zone`, `None`
    /// by default.
    pub zone: Option<ByteString>,
    /// The share of the calls that are in no zone of a registry; Dubbo's `weight`, 100 by default.
    pub weight: u32,
    /// Permission to look for providers in it at all; Dubbo's `subscribe`, `true` by default.
    pub subscribe: bool,
}

impl Default for RegistryTraits {
    fn default() -> Self {
        Self { preferred: false, zone: None, weight: DEFAULT_WEIGHT, subscribe: true }
    }
}

impl RegistryTraits {
    /// Returns `true` if calls choose between this registry and others.
    pub fn is_chosen(&self) -> bool {
        let Self { preferred, zone, weight, subscribe: _ } = self;
        *preferred || zone.is_some() || *weight != DEFAULT_WEIGHT
    }
}

/// A registry that knows an endpoint.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Provider; pub mod registry { pub use dubhe_core::registry::Origin; } }
/// use dubhe::Provider;
///
/// /// The registries that the provider of a call came from, for a line of a log.
/// fn origins(provider: &Provider) -> Vec<&str> {
///     provider.origins().iter().map(|origin| &*origin.name).collect()
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The name of the registry in the log.
    pub name: ByteString,
    /// The part that it has.
    pub traits: RegistryTraits,
}
