//! The options of calls that a provider publishes, for consumers that set none.

use std::collections::HashMap;
use std::time::Duration;

use bytestring::ByteString;

/// Options of calls that a provider publishes among its parameters, and those that configurators set there: `timeout` in milliseconds,
/// `retries` and `loadbalance`, and those of single methods, such as `sayHello.timeout`. A timeout that
/// is no positive number, and retries that are no number, are none; fewer than 0 retries are 0 (Dubbo
/// Java `RpcUtils.getTimeout`, `FailoverClusterInvoker`).
///
/// ```
/// # mod dubhe { pub use dubhe_core::Call; pub use dubhe_core::filter::Next; pub use dubhe_core::{Reply, Status}; pub mod fault { pub use dubhe_core::endpoint::{CallDefaults, Level}; } }
/// use dubhe::fault::Level;
/// use dubhe::{Call, Next, Reply, Status};
///
/// /// A filter of attempts that tells what the provider asks for.
/// async fn tell(call: Call, next: Next) -> Result<Reply, Status> {
///     let defaults = call.head.provider.as_ref().and_then(|provider| provider.call_defaults());
///     if let Some(timeout) = defaults.and_then(|d| d.timeout(call.method_name(), Level::Default)) {
///         println!("the provider gives it {timeout:?}");
///     }
///     next.run(call).await
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallDefaults {
    published: Options,
    /// The options that configurators set, which go before what a consumer set at the same level.
    overrides: Options,
}

/// Options of all methods, and of single ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Options {
    service: MethodDefaults,
    methods: HashMap<ByteString, MethodDefaults>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct MethodDefaults {
    timeout: Option<Duration>,
    retries: Option<u32>,
    loadbalance: Option<ByteString>,
}

impl MethodDefaults {
    /// Takes the parameter `name` if it is one of these.
    fn take(&mut self, name: &str, value: &str) {
        let number = || value.trim().parse::<i64>().ok();
        match name {
            "timeout" => {
                let millis = number().and_then(|ms| u64::try_from(ms).ok()).filter(|ms| *ms > 0);
                self.timeout = millis.map(Duration::from_millis);
            }
            "retries" => {
                self.retries = number().map(|n| u32::try_from(n.max(0)).unwrap_or(u32::MAX));
            }
            "loadbalance" if !value.is_empty() => self.loadbalance = Some(value.into()),
            _ => {}
        }
    }
}

/// The level at which a consumer has set an option of a call. A provider's option for the method goes
/// before what the consumer set for all methods, and its option for all methods before Dubbo's default:
/// the order of Dubbo Java, where the URL of a provider has the consumer's parameters put over its own
/// (`DefaultProviderURLMergeProcessor`) and is then asked for the method first
/// (`URL.getMethodParameter`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Dubbo's default: nothing is set.
    #[default]
    Default,
    /// A value for all methods.
    Service,
    /// A value for the method, or one that is to stand whatever providers publish.
    Method,
}

impl Options {
    fn of<'a>(params: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut all = Self::default();
        for (key, value) in params {
            match key.rsplit_once('.') {
                None => all.service.take(key, value),
                Some((method, name @ ("timeout" | "retries" | "loadbalance"))) => {
                    all.methods.entry(method.into()).or_default().take(name, value);
                }
                Some(_) => {}
            }
        }
        all
    }

    /// The options of one method alone.
    fn method(&self, name: &str) -> Option<&MethodDefaults> {
        if self.methods.is_empty() { None } else { self.methods.get(name) }
    }

    fn balancers(&self) -> impl Iterator<Item = &ByteString> {
        let all = std::iter::once(&self.service).chain(self.methods.values());
        all.filter_map(|of| of.loadbalance.as_ref())
    }
}

impl CallDefaults {
    /// The options among the parameters that a provider publishes; `None` when there are none.
    pub(crate) fn of<'a>(
        params: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Option<Box<Self>> {
        let all = Self { published: Options::of(params), overrides: Options::default() };
        (all != Self::default()).then(|| Box::new(all))
    }

    /// The options among those that a provider publishes and those that configurators set; `None` when there are
    /// none.
    pub(crate) fn overridden<'a>(
        published: impl IntoIterator<Item = (&'a str, &'a str)>,
        overrides: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Option<Box<Self>> {
        let all = Self { published: Options::of(published), overrides: Options::of(overrides) };
        (all != Self::default()).then(|| Box::new(all))
    }

    /// The time of an attempt of `method`, of which the consumer set its own at `level`; `None` where
    /// that one counts.
    pub fn timeout(&self, method: &str, level: Level) -> Option<Duration> {
        self.get(method, level, |of| of.timeout)
    }

    /// The number of retries of `method`, likewise.
    pub fn retries(&self, method: &str, level: Level) -> Option<u32> {
        self.get(method, level, |of| of.retries)
    }

    /// The names of the balancers that it asks for.
    pub fn balancers(&self) -> impl Iterator<Item = &ByteString> {
        self.overrides.balancers().chain(self.published.balancers())
    }

    fn get<T>(
        &self,
        method: &str,
        level: Level,
        option: impl Fn(&MethodDefaults) -> Option<T>,
    ) -> Option<T> {
        // As Java finds a parameter in the URL of a provider, which has the consumer's put over its own, and those
        // of configurators over both: that of the method first.
        let (published, overrides) = (&self.published, &self.overrides);
        let method = |of: &'_ Options| of.method(method).and_then(&option);
        if let Some(own) = method(overrides) {
            return Some(own);
        }
        if level == Level::Method {
            return None;
        }
        let of_method = method(published).or_else(|| option(&overrides.service));
        let of_service = || (level == Level::Default).then(|| option(&published.service)).flatten();
        of_method.or_else(of_service)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(params: &[(&'static str, &'static str)]) -> Option<Box<CallDefaults>> {
        CallDefaults::of(params.iter().copied())
    }

    #[test]
    fn the_method_of_either_side_goes_before_the_service_of_either() {
        let both = of(&[("timeout", "3000"), ("slow.timeout", "9000")]).unwrap();
        let seconds = |method, level| both.timeout(method, level).map(|t| t.as_secs());
        assert_eq!(seconds("slow", Level::Default), Some(9));
        assert_eq!(seconds("slow", Level::Service), Some(9));
        assert_eq!(seconds("slow", Level::Method), None);
        assert_eq!(seconds("other", Level::Default), Some(3));
        assert_eq!(seconds("other", Level::Service), None);
    }

    #[test]
    fn what_is_no_option_is_none() {
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[("weight", "7"), ("timeout", "0"), ("retries", "many")]), None);
        let some = of(&[("timeout", "-1"), ("retries", "-3"), ("a.loadbalance", "x")]).unwrap();
        assert_eq!(some.timeout("a", Level::Default), None);
        assert_eq!(some.retries("a", Level::Default), Some(0));
        assert_eq!(some.balancers().map(|name| &**name).collect::<Vec<_>>(), ["x"]);
    }

    #[test]
    fn configurators_go_before_the_consumer_at_the_same_level() {
        let published = [("timeout", "1000"), ("slow.timeout", "9000")];
        let both = |overrides: &[(&'static str, &'static str)]| {
            CallDefaults::overridden(published, overrides.iter().copied()).unwrap()
        };
        let of = |overrides: &[(&'static str, &'static str)], method, level| {
            both(overrides).timeout(method, level).map(|t| t.as_secs())
        };
        let service = &[("timeout", "5000")][..];
        assert_eq!(of(service, "other", Level::Default), Some(5));
        assert_eq!(of(service, "other", Level::Service), Some(5));
        assert_eq!(of(service, "other", Level::Method), None);
        assert_eq!(of(service, "slow", Level::Service), Some(9), "that of the method is nearer");
        let method = &[("slow.timeout", "7000")][..];
        assert_eq!(of(method, "slow", Level::Method), Some(7));
        assert_eq!(of(method, "other", Level::Service), None);
    }
}
