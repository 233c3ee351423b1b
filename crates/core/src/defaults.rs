//! The options of calls that a provider publishes, for consumers that set none.

use std::collections::HashMap;
use std::time::Duration;

use bytestring::ByteString;

/// Options of calls that a provider publishes among its parameters: `timeout` in milliseconds,
/// `retries`, `loadbalance` and `sticky`, and those of single methods, such as `sayHello.timeout`, which may have a
/// `weight` of their own too. A timeout that is no positive number, and retries that are no number, are none; fewer
/// than 0 retries are 0 (Dubbo Java `RpcUtils.getTimeout`, `FailoverClusterInvoker`).
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
    service: MethodDefaults,
    methods: HashMap<ByteString, MethodDefaults>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct MethodDefaults {
    timeout: Option<Duration>,
    retries: Option<u32>,
    loadbalance: Option<ByteString>,
    sticky: Option<bool>,
    /// The weight, of methods alone.
    weight: Option<u32>,
}

/// The options that methods may have.
const OF_METHODS: [&str; 5] = ["timeout", "retries", "loadbalance", "sticky", "weight"];

/// Reads a weight as Java does: fewer than 0 are 0, and what is no number of 32 bits is none.
pub(crate) fn weight(text: &str) -> Option<u32> {
    text.parse::<i32>().ok().map(|weight| u32::try_from(weight).unwrap_or(0))
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
            "sticky" if !value.is_empty() => self.sticky = Some(value.eq_ignore_ascii_case("true")),
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

impl CallDefaults {
    /// The options among `params`; `None` when there are none.
    pub(crate) fn of<'a>(
        params: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Option<Box<Self>> {
        let mut all = Self::default();
        for (key, value) in params {
            match key.rsplit_once('.') {
                None => all.service.take(key, value),
                Some((method, name)) if OF_METHODS.contains(&name) => {
                    let own = all.methods.entry(method.into()).or_default();
                    own.take(name, value);
                    if name == "weight" {
                        own.weight = weight(value);
                    }
                }
                Some(_) => {}
            }
        }
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

    /// The name of the balancer that it asks for, of a consumer whose own is set at `level`.
    pub fn balancer(&self, method: &str, level: Level) -> Option<&ByteString> {
        if level == Level::Method {
            return None;
        }
        let own = self.methods.get(method).and_then(|of| of.loadbalance.as_ref());
        own.or_else(|| self.service.loadbalance.as_ref().filter(|_| level == Level::Default))
    }

    /// `true` if it asks for the calls of `method` to stay at one provider, `false` if it says that they need not,
    /// `None` if it says nothing.
    pub fn sticky(&self, method: &str, level: Level) -> Option<bool> {
        self.get(method, level, |of| of.sticky)
    }

    /// The weight of `method`, where it is another one than that of the service.
    pub fn weight(&self, method: &str) -> Option<u32> {
        self.methods.get(method)?.weight
    }

    /// The methods of which it says anything.
    pub fn methods(&self) -> impl Iterator<Item = &ByteString> {
        self.methods.keys()
    }

    /// The weights of methods.
    pub(crate) fn weights(&self) -> impl Iterator<Item = (&ByteString, u32)> {
        self.methods.iter().filter_map(|(method, of)| Some((method, of.weight?)))
    }

    fn get<T>(
        &self,
        method: &str,
        level: Level,
        option: impl Fn(&MethodDefaults) -> Option<T>,
    ) -> Option<T> {
        if level == Level::Method {
            return None;
        }
        let own = if self.methods.is_empty() { None } else { self.methods.get(method) };
        let of_service = || (level == Level::Default).then(|| option(&self.service)).flatten();
        own.and_then(&option).or_else(of_service)
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
        let balancer = |method| some.balancer(method, Level::Default).map(|name| &**name);
        assert_eq!((balancer("a"), balancer("b")), (Some("x"), None));
    }
    #[test]
    fn balancers_and_sticky_calls_go_by_level_and_weights_by_method() {
        let all = of(&[
            ("loadbalance", "random"),
            ("a.loadbalance", "leastactive"),
            ("sticky", "true"),
            ("a.sticky", "no"),
            ("a.weight", "7"),
            ("b.weight", "-7"),
            ("c.weight", "1.5"),
        ]);
        let all = all.unwrap();
        let balancer = |method, level| all.balancer(method, level).map(|name| &**name);
        assert_eq!(balancer("a", Level::Service), Some("leastactive"));
        assert_eq!(balancer("b", Level::Service), None);
        assert_eq!(balancer("b", Level::Default), Some("random"));
        assert_eq!(balancer("a", Level::Method), None);
        assert_eq!(all.sticky("a", Level::Default), Some(false));
        assert_eq!(all.sticky("b", Level::Default), Some(true));
        assert_eq!(["a", "b", "c", "d"].map(|m| all.weight(m)), [Some(7), Some(0), None, None]);
    }
}
