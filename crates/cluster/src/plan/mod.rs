//! The plan of a client that is configured in code: defaults, and options by method.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;
use dubhe_core::balance::Balancing;
use dubhe_core::end::Until;
use dubhe_core::endpoint::Level;
use dubhe_core::fault::Fault;
use dubhe_core::filter::{Chain, Step};
use dubhe_core::metadata::Metadata;
use dubhe_core::plan::{Destination, Plan, Policy};
use dubhe_core::time::SharedClock;
use dubhe_core::{CallView, Status};

use crate::balance::check;
use crate::fault::named;
use crate::panicked::guard;

/// Options of a client, or of one of its methods over those of the client.
///
/// ```
/// # mod dubhe { pub mod client { pub use dubhe_cluster::plan::ClientOptions; } }
/// use std::time::Duration;
/// use dubhe::client::ClientOptions;
///
/// // What a `Stub` of your own says of one of its methods; what is `None` is that of the client.
/// let pay = ClientOptions {
///     timeout: Some(Duration::from_secs(5)),
///     retries: Some(0),
///     repeatable: Some(false),
///     ..ClientOptions::default()
/// };
/// assert!(pay.balance.is_none());
/// ```
#[derive(Clone, Default)]
pub struct ClientOptions {
    /// The time that an attempt may take; by default what the provider publishes, else 1 s, as in Dubbo. A stream has no such bound
    /// but that of its own method. [`Duration::MAX`] is no bound.
    pub timeout: Option<Duration>,
    /// The number of times that a failed call is sent again; by default what the provider publishes,
    /// else 2, as in Dubbo.
    pub retries: Option<u32>,
    /// The treatment of failures; failover by default.
    pub fault: Option<Fault>,
    /// The balancer; by default the one that providers publish, else random by weight.
    pub balance: Option<Balancing>,
    /// Permission for calls to stay at one provider while it can be asked; by default what providers publish, else not.
    pub sticky: Option<bool>,
    /// Permission to run the call twice; given by default, as in Dubbo.
    pub repeatable: Option<bool>,
    /// Attachments that every call gets.
    pub metadata: Metadata,
    /// The steps around all attempts of a call; those of a method come behind the client's.
    pub filters: Vec<Step>,
    /// The steps around each attempt, likewise.
    pub endpoint_filters: Vec<Step>,
}

/// Dubbo's default of `timeout`.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(1);
/// Dubbo's default of `retries`.
pub const DEFAULT_RETRIES: u32 = 2;

fn set_for_all(set: bool) -> Level {
    if set { Level::Service } else { Level::Default }
}

/// The options of a client, or of a method, that its destination depends on.
///
/// ```
/// # mod dubhe { pub mod client { pub use dubhe_cluster::plan::Choice; } pub mod fault { pub use dubhe_core::endpoint::Level; } }
/// use dubhe::client::Choice;
/// use dubhe::fault::Level;
///
/// // Of a client that says nothing: what providers publish counts.
/// assert_eq!(Choice::default().sticky_level, Level::Default);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// The balancer, if one is set.
    pub balance: Option<Balancing>,
    /// The level at which it is.
    pub balance_level: Level,
    /// The option that calls stay at one provider, if it is set.
    pub sticky: Option<bool>,
    /// The level at which it is.
    pub sticky_level: Level,
}

/// The options with names in them looked up.
fn look_up(mut options: ClientOptions) -> Result<ClientOptions, Status> {
    if let Some(Fault::Named(name)) = &options.fault {
        options.fault = Some(named(name)?);
    }
    if let Some(Balancing::Named(name)) = &options.balance {
        check(name)?;
    }
    Ok(options)
}

/// Policies made once, when the client is built.
#[derive(Debug)]
pub struct StaticPlan {
    default: Arc<Policy>,
    methods: HashMap<ByteString, Arc<Policy>>,
}

impl StaticPlan {
    /// [`StaticPlan::new`], with the panic of what `destination` runs, such as a router that prepares
    /// for the first set, as an error.
    ///
    /// # Errors
    /// [`Code::Internal`](dubhe_core::Code::Internal) after a panic; the message has its text.
    /// [`Code::InvalidArgument`](dubhe_core::Code::InvalidArgument) for the name of a balancer or of a treatment of
    /// failures that is not known.
    pub fn try_new(
        options: &ClientOptions,
        methods: impl IntoIterator<Item = (ByteString, ClientOptions)>,
        clock: &SharedClock,
        destination: impl FnMut(&Choice) -> Arc<dyn Destination>,
    ) -> Result<Self, Status> {
        let options = look_up(options.clone())?;
        let methods = methods.into_iter().map(|(name, own)| Ok((name, look_up(own)?)));
        let methods = methods.collect::<Result<Vec<_>, Status>>()?;
        let make = || Self::new(&options, methods, clock, destination);
        let whose = || "the directory, a router or the balancer, preparing for its first set,";
        guard(make, || whose().to_owned())
            .map_err(|panicked| Status::internal(panicked.to_string()))
    }

    /// The plan of `options`, and of `methods` over them. `destination` makes one; it is asked for the client, and for
    /// each method with a choice of its own. Names of treatments of failures are not looked up.
    pub fn new(
        options: &ClientOptions,
        methods: impl IntoIterator<Item = (ByteString, ClientOptions)>,
        clock: &SharedClock,
        mut destination: impl FnMut(&Choice) -> Arc<dyn Destination>,
    ) -> Self {
        let chain = |steps: Vec<Step>| Chain::new(steps, clock, Until::Received);
        let choice = Choice {
            balance: options.balance.clone(),
            balance_level: set_for_all(options.balance.is_some()),
            sticky: options.sticky,
            sticky_level: set_for_all(options.sticky.is_some()),
        };
        let default = Policy {
            timeout: options.timeout.unwrap_or(DEFAULT_TIMEOUT),
            timeout_level: set_for_all(options.timeout.is_some()),
            stream_timeout: None,
            retries: options.retries.unwrap_or(DEFAULT_RETRIES),
            retries_level: set_for_all(options.retries.is_some()),
            fault: options.fault.clone().unwrap_or_default(),
            destination: destination(&choice),
            metadata: options.metadata.clone(),
            repeatable: options.repeatable.unwrap_or(true),
            filters: chain(options.filters.clone()),
            endpoint_filters: chain(options.endpoint_filters.clone()),
        };
        let mut policy = |own: ClientOptions| {
            let mut metadata = own.metadata;
            metadata.fill_from(&default.metadata);
            // Those of the client alone are the client's chain.
            let both = |all: &Chain, outer: &[Step], own: Vec<Step>| {
                if own.is_empty() {
                    return all.clone();
                }
                chain(outer.iter().cloned().chain(own).collect())
            };
            Arc::new(Policy {
                timeout: own.timeout.unwrap_or(default.timeout),
                timeout_level: own.timeout.map_or(default.timeout_level, |_| Level::Method),
                stream_timeout: own.timeout,
                retries: own.retries.unwrap_or(default.retries),
                retries_level: own.retries.map_or(default.retries_level, |_| Level::Method),
                fault: own.fault.unwrap_or_else(|| default.fault.clone()),
                destination: if own.balance.is_none() && own.sticky.is_none() {
                    default.destination.clone()
                } else {
                    let level = |own: bool, all| if own { Level::Method } else { all };
                    destination(&Choice {
                        balance_level: level(own.balance.is_some(), choice.balance_level),
                        balance: own.balance.or_else(|| choice.balance.clone()),
                        sticky_level: level(own.sticky.is_some(), choice.sticky_level),
                        sticky: own.sticky.or(choice.sticky),
                    })
                },
                metadata,
                repeatable: own.repeatable.unwrap_or(default.repeatable),
                filters: both(&default.filters, &options.filters, own.filters),
                endpoint_filters: both(
                    &default.endpoint_filters,
                    &options.endpoint_filters,
                    own.endpoint_filters,
                ),
            })
        };
        let methods = methods.into_iter().map(|(method, own)| (method, policy(own))).collect();
        Self { default: Arc::new(default), methods }
    }
}

impl Plan for StaticPlan {
    fn plan(&self, call: &CallView<'_>) -> Arc<Policy> {
        let own = if self.methods.is_empty() { None } else { self.methods.get(call.method_name()) };
        own.unwrap_or(&self.default).clone()
    }

    fn default_policy(&self) -> Arc<Policy> {
        self.default.clone()
    }
}

#[cfg(test)]
mod tests {
    use dubhe_core::endpoint::Endpoints;
    use dubhe_core::time::{Clock, Instant, Sleep};
    use dubhe_core::{Call, Head, Method, Payload, ServiceKey, Value};

    use super::*;
    use crate::balance::Random;
    use crate::destination::BalancedDestination;

    struct Stopped(Instant);

    impl Clock for Stopped {
        fn now(&self) -> Instant {
            self.0
        }

        fn sleep_until(&self, _: Instant) -> Sleep {
            Box::pin(std::future::pending())
        }

        fn wall(&self) -> std::time::SystemTime {
            std::time::SystemTime::now()
        }
    }

    fn call(method: &str) -> Call {
        let service = Arc::new(ServiceKey::interface_only("a.B"));
        let head = Head::new(service, Arc::new(Method::java(method, "")));
        Call::new(head, Payload::dynamic(Value::Null))
    }

    #[test]
    fn a_method_overrides_the_client_which_overrides_dubbo() {
        let client =
            ClientOptions { timeout: Some(Duration::from_secs(3)), ..ClientOptions::default() };
        let slow = ClientOptions { retries: Some(0), ..ClientOptions::default() };
        let clock: SharedClock = Arc::new(Stopped(Instant::now()));
        let set = Arc::new(Endpoints::new([]));
        let plan = StaticPlan::new(&client, [("slow".into(), slow)], &clock, |_| {
            let random = Arc::new(Random::from_os());
            BalancedDestination::new(Arc::new(set.clone()), Vec::new(), random, clock.clone())
        });
        let policy = plan.plan(&CallView::new(&call("slow"), None));
        assert_eq!((policy.timeout, policy.retries), (Duration::from_secs(3), 0));
        let policy = plan.plan(&CallView::new(&call("other"), None));
        assert_eq!((policy.timeout, policy.retries), (Duration::from_secs(3), DEFAULT_RETRIES));
        assert_eq!(policy.stream_timeout, None);
        assert!(matches!(policy.fault, Fault::Failover));
    }
}
