//! The routers that a consumer has, by Dubbo's names.

use crate::consumer::Consumer;

/// A router of Dubbo, in the order of its chain (the `order` of each `@Activate`). Those of affinity are in no file of
/// Dubbo Java 3.3.6 that would activate them; rules that are URLs are asked behind all others there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Mock,
    Mesh,
    Tag,
    AffinityService,
    AffinityApplication,
    Service,
    ProviderApplication,
    Application,
    Script,
    Urls,
}

/// All of them, in order.
pub(super) const ALL: [Kind; 10] = [
    Kind::Mock,
    Kind::Mesh,
    Kind::Tag,
    Kind::AffinityService,
    Kind::AffinityApplication,
    Kind::Service,
    Kind::ProviderApplication,
    Kind::Application,
    Kind::Script,
    Kind::Urls,
];

impl Kind {
    /// The name of Dubbo Java.
    fn name(self) -> &'static str {
        match self {
            Self::Mock => "mock",
            Self::Mesh => "standard-mesh-rule",
            Self::Tag => "tag",
            Self::AffinityService => "affinity-service",
            Self::AffinityApplication => "affinity-provider-app",
            Self::Service => "service",
            Self::ProviderApplication => "provider-app",
            Self::Application => "app",
            Self::Script => "script-app",
            Self::Urls => "condition",
        }
    }
}

/// The routers that the parameter `router` of a consumer leaves (Dubbo Java `getActivateExtension`): all by
/// default, `-tag` for all but this one, `-default,tag` for this one alone.
#[derive(Clone, Debug, Default)]
pub(super) struct Active(Vec<String>);

impl Active {
    pub(super) fn of(consumer: &Consumer) -> Self {
        let names = consumer.param("router").unwrap_or_default().split(',').map(str::trim);
        Self(names.filter(|name| !name.is_empty()).map(str::to_owned).collect())
    }

    pub(super) fn has(&self, kind: Kind) -> bool {
        let says = |text: &str| self.0.iter().any(|name| name == text);
        let off = |name: &str| self.0.iter().any(|own| own.strip_prefix('-') == Some(name));
        !off(kind.name()) && (!off("default") || says(kind.name()))
    }
}

#[cfg(test)]
mod tests {
    use dubhe_core::ServiceKey;

    use super::*;

    #[test]
    fn a_consumer_leaves_out_routers() {
        let active = |text: &'static str| {
            let consumer = Consumer::new(ServiceKey::interface_only("a.B"), "shop", "h");
            let active = Active::of(&consumer.with_param("router", text));
            [Kind::Tag, Kind::Service, Kind::Application].map(|kind| active.has(kind))
        };
        assert_eq!(active(""), [true; 3]);
        assert_eq!(active("-tag, -app"), [false, true, false]);
        assert_eq!(active("-default,tag"), [true, false, false]);
        assert_eq!(active("-default"), [false; 3]);
        assert_eq!(active("tag,-tag"), [false, true, true]);
    }
}
