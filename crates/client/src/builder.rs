//! The configuration of a client.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_cluster::balance::OutlierLimit;
use dubhe_cluster::destination::BalancedDestination;
use dubhe_cluster::plan::{ClientOptions, StaticPlan};
use dubhe_cluster::{Cluster, RetryBudget};
use dubhe_core::balance::IntoBalance;
use dubhe_core::directory::Directory;
use dubhe_core::endpoint::TimeoutLimit;
use dubhe_core::fault::IntoFault;
use dubhe_core::filter::{Filter, Hook, Step};
use dubhe_core::plan::Plan;
use dubhe_core::router::Router;
use dubhe_core::sock_addr::unix_path;
use dubhe_core::time::{Duration, after};
use dubhe_core::url::Url;
use dubhe_core::{Code, Endpoint, ServiceKey, Status, Value};
use dubhe_rules::RuleRouter;
use dubhe_rules::configurators::ConfiguredDirectory;

use crate::balance;
use crate::client::Client;
use crate::environment::Environment;
use crate::rules::FollowedRules;
use crate::source::{CustomDirectory, Source};
use crate::start_up;

/// A typed cover over a client; `#[dubhe::interface]` makes one for a trait.
///
/// ```
/// use dubhe::client::Stub;
/// use dubhe::{Client, ServiceKey};
///
/// /// A client by hand, for `app.client::<Users>()`; `#[dubhe::interface]` writes one like it.
/// struct Users(Client);
///
/// impl Stub for Users {
///     fn service() -> ServiceKey {
///         ServiceKey::new("org.example.Users", "", "1.0.0")
///     }
///
///     fn over(client: Client) -> Self {
///         Self(client)
///     }
/// }
///
/// assert_eq!(Users::service().to_string(), "org.example.Users:1.0.0");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a client of a service",
    note = "`#[dubhe::interface]` on a trait `Greeter`, and `dubhe-build` for a `.proto` file, make \
            a `GreeterClient`: ask for `client::<GreeterClient>()`, or use `generic(..)` where \
            there is no interface"
)]
pub trait Stub: Sized {
    /// The service, unless the builder says otherwise.
    fn service() -> ServiceKey;

    /// Options that the interface gives to some of its methods, by their names on the wire.
    fn methods() -> Vec<(ByteString, ClientOptions)> {
        Vec::new()
    }

    /// The protocols that can carry its calls, where not all can; providers that offer another
    /// one are passed over. Empty for "any".
    fn protocols() -> &'static [&'static str] {
        &[]
    }

    /// The names of its methods on the wire, so that options of others are refused. Empty for
    /// "not known".
    fn method_names() -> &'static [&'static str] {
        &[]
    }

    /// The stub over `client`.
    fn over(client: Client) -> Self;
}

impl Stub for Client {
    fn service() -> ServiceKey {
        ServiceKey::default()
    }

    fn over(client: Client) -> Self {
        client
    }
}

/// Configures a client of type `T`. What is not set has Dubbo's default.
///
/// ```no_run
/// use std::time::Duration;
/// use dubhe::prelude::*;
/// # #[dubhe::interface("org.example.Users")]
/// # trait Users { async fn get_user(&self, id: i64) -> Result<Option<String>, Status>; }
///
/// # async fn run(app: App) -> Result<(), Status> {
/// let users = app
///     .client::<UsersClient>()
///     .url("dubbo://127.0.0.1:20880")
///     .timeout(Duration::from_secs(3))
///     .method("getUser", |m| m.retries(0))
///     .build()?;
/// println!("{:?}", users.get_user(1).await?);
/// # Ok(())
/// # }
/// ```
pub struct ClientBuilder<T> {
    env: Environment,
    service: ServiceKey,
    source: Source,
    options: ClientOptions,
    methods: HashMap<ByteString, ClientOptions>,
    routers: Vec<Arc<dyn Router>>,
    retry_budget: RetryBudget,
    timeouts: TimeoutLimit,
    outliers: Option<OutlierLimit>,
    protocols: Vec<ByteString>,
    problem: Option<Status>,
    plan: Option<MakePlan>,
    stub: PhantomData<fn() -> T>,
}

/// Makes the plan of a client over the one of its options.
type MakePlan = Box<dyn FnOnce(Arc<dyn Plan>) -> Arc<dyn Plan> + Send>;

/// Configures one method of a client.
///
/// ```
/// use std::time::Duration;
/// use dubhe::prelude::*;
/// # #[dubhe::interface("org.example.Orders")]
/// # trait Orders { async fn pay(&self, id: i64) -> Result<(), Status>; }
///
/// # fn build(app: &App) -> Result<OrdersClient, Status> {
/// // A payment takes long, and is never sent twice.
/// app.client::<OrdersClient>()
///     .method("pay", |pay| pay.timeout(Duration::from_secs(10)).repeatable(false))
///     .build()
/// # }
/// ```
#[derive(Clone, Default)]
pub struct MethodBuilder(ClientOptions);

impl MethodBuilder {
    /// Bounds the time of each attempt; [`Duration::MAX`] is no bound.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.0.timeout = Some(timeout);
        self
    }

    /// Sets the number of times that a failed call is sent again.
    pub fn retries(mut self, retries: u32) -> Self {
        self.0.retries = Some(retries);
        self
    }

    /// Sets the treatment of failures: a [`Fault`](dubhe_core::fault::Fault), a strategy, or a name.
    pub fn fault(mut self, fault: impl IntoFault) -> Self {
        self.0.fault = Some(fault.into_fault());
        self
    }

    /// Sets the balancer: one, or the name of one.
    pub fn balance(mut self, balance: impl IntoBalance) -> Self {
        self.0.balance = Some(balance.into_balance());
        self
    }

    /// Lets calls of the method stay at one provider while it can be asked, or not.
    pub fn sticky(mut self, sticky: bool) -> Self {
        self.0.sticky = Some(sticky);
        self
    }

    /// Permits the method to run twice, or forbids it. Dubbo permits it.
    pub fn repeatable(mut self, repeatable: bool) -> Self {
        self.0.repeatable = Some(repeatable);
        self
    }

    /// Adds a filter around calls of the method, inside those of the client.
    pub fn filter(mut self, filter: impl Filter) -> Self {
        self.0.filters.push(Step::Filter(Arc::new(filter)));
        self
    }

    /// Adds a filter around calls of the method that never waits.
    pub fn hook(mut self, hook: impl Hook) -> Self {
        self.0.filters.push(Step::Hook(Arc::new(hook)));
        self
    }

    /// Adds a filter around each attempt of the method, inside those of the client.
    pub fn endpoint_filter(mut self, filter: impl Filter) -> Self {
        self.0.endpoint_filters.push(Step::Filter(Arc::new(filter)));
        self
    }

    /// Adds a filter around each attempt of the method that never waits.
    pub fn endpoint_hook(mut self, hook: impl Hook) -> Self {
        self.0.endpoint_filters.push(Step::Hook(Arc::new(hook)));
        self
    }
}

impl<T: Stub> ClientBuilder<T> {
    /// A client of `T`'s service in `env`.
    pub fn new(env: &Environment) -> Self {
        Self {
            env: env.clone(),
            service: T::service(),
            source: Source::default(),
            options: ClientOptions::default(),
            methods: T::methods().into_iter().collect(),
            routers: Vec::new(),
            retry_budget: RetryBudget::default(),
            timeouts: TimeoutLimit::default(),
            outliers: None,
            protocols: T::protocols().iter().map(|name| ByteString::from_static(name)).collect(),
            problem: None,
            plan: None,
            stub: PhantomData,
        }
    }

    /// Another service than the stub's own.
    pub fn service(mut self, service: ServiceKey) -> Self {
        self.service = service;
        self
    }

    /// The service of an application that is called over HTTP, by its name in the registries of
    /// applications.
    #[cfg(feature = "http")]
    pub fn application(mut self, name: impl Into<ByteString>) -> Self {
        self.service = ServiceKey::interface_only(name);
        self.source = Source::Applications;
        self
    }

    /// Another group than the stub's own: `*` for providers of any group, or several with commas
    /// between them. Each call is for the group of the provider that is picked.
    pub fn group(mut self, group: impl Into<ByteString>) -> Self {
        self.service = self.service.with_group(group);
        self
    }

    /// Another version than the stub's own; `*` for providers of any version. Each call is for the
    /// version of the provider that is picked.
    pub fn version(mut self, version: impl Into<ByteString>) -> Self {
        self.service = self.service.with_version(version);
        self
    }

    /// Calls the provider at `url` (`dubbo://host:port`, or `dubbo+unix:///path` for a Unix socket)
    /// and looks in no registry; several providers are separated by semicolons, as in Dubbo, or
    /// added by further calls. Its parameters are those of a provider: a `group` or `version` goes
    /// before that of the client, as in Dubbo. Protocols are `dubbo`, the default, `tri` and `grpc`, and those of the
    /// application. A wrong URL, such as one without host or port, is reported by
    /// [`ClientBuilder::build`].
    pub fn url(mut self, urls: &str) -> Self {
        for url in urls.split(';') {
            match provider_at(url.trim()) {
                Ok(endpoint) => self = self.endpoint(endpoint),
                Err(problem) => {
                    self.problem.get_or_insert(problem);
                }
            }
        }
        self
    }

    /// Chooses, of the providers in registries, those that offer this protocol, such as `tri`
    /// (Dubbo's `protocol` of a reference).
    pub fn protocol(mut self, name: impl Into<ByteString>) -> Self {
        self.protocols = vec![name.into()];
        self
    }

    /// Calls the provider at `endpoint` and looks in no registry; again, for one more.
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        match &mut self.source {
            Source::Direct(list) => list.push(endpoint),
            other => *other = Source::Direct(vec![endpoint]),
        }
        self
    }

    /// Calls the providers in `directory` and looks in no registry.
    pub fn directory(mut self, directory: impl Directory) -> Self {
        self.source = Source::Custom(CustomDirectory(Arc::new(directory)));
        self
    }

    /// Bounds the time of each attempt; by default what the provider publishes, else 1 s. One that a
    /// provider publishes for the method goes before it, and that of [`method`](Self::method) before
    /// either. [`Duration::MAX`] is no bound, and none is sent to the provider.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// Sets the number of times that a failed call is sent again; by default what the first provider
    /// that is picked publishes, else 2; of methods as [`timeout`](Self::timeout). A call whose effect
    /// is not known goes to other providers only. What certainly did not begin, since the connection
    /// was refused or drained, goes to another provider at once and is no retry.
    pub fn retries(mut self, retries: u32) -> Self {
        self.options.retries = Some(retries);
        self
    }

    /// Limits the retries of all calls of the client together; by default to 20 % of its calls, and
    /// 10 a second in any case.
    pub fn retry_budget(mut self, budget: RetryBudget) -> Self {
        self.retry_budget = budget;
        self
    }

    /// Sets the treatment of failures: a [`Fault`](dubhe_core::fault::Fault), failover by default, a
    /// strategy, or one by [Dubbo's name](dubhe_cluster::fault::named), such as `"failsafe"`. An unknown name is
    /// reported by [`ClientBuilder::build`].
    pub fn fault(mut self, fault: impl IntoFault) -> Self {
        self.options.fault = Some(fault.into_fault());
        self
    }

    /// Sets the balancer: one, or the [name](dubhe_cluster::balance::named) of one, such as `"leastactive"`. By
    /// default it is the one that providers publish as `loadbalance`, else random by weight. What they publish for a
    /// method goes before a name for all methods. An unknown name is reported by [`ClientBuilder::build`].
    pub fn balance(mut self, balance: impl IntoBalance) -> Self {
        self.options.balance = Some(balance.into_balance());
        self
    }

    /// Lets calls stay at one provider while it can be asked, or not; by default what providers publish as `sticky`,
    /// else not. What they publish for a method goes before it.
    pub fn sticky(mut self, sticky: bool) -> Self {
        self.options.sticky = Some(sticky);
        self
    }

    /// Passes endpoints over for a while of which more calls fail than `limit` says, while others are there, also for
    /// other clients of the service in the application. Without it failures eject nobody, but timeouts in a row do ([`timeout_limit`](Self::timeout_limit)).
    pub fn outliers(mut self, limit: OutlierLimit) -> Self {
        self.outliers = Some(limit);
        self
    }

    /// Permits calls to run twice, or forbids it; permitted by default, as in Dubbo.
    pub fn repeatable(mut self, repeatable: bool) -> Self {
        self.options.repeatable = Some(repeatable);
        self
    }

    /// Sends this attachment with every call.
    pub fn attachment(mut self, key: impl Into<ByteString>, value: impl Into<Value>) -> Self {
        self.options.metadata.insert(key, value);
        self
    }

    /// Options of the method of this name on the wire, such as `getUser`. One that the interface of
    /// a stub does not have is reported by [`ClientBuilder::build`]; a generic client takes any.
    pub fn method(
        mut self,
        name: impl Into<ByteString>,
        options: impl FnOnce(MethodBuilder) -> MethodBuilder,
    ) -> Self {
        let own = self.methods.entry(name.into()).or_default();
        *own = options(MethodBuilder(std::mem::take(own))).0;
        self
    }

    /// Adds a filter around the call, all its attempts included; the first added is the outermost.
    pub fn filter(mut self, filter: impl Filter) -> Self {
        self.options.filters.push(Step::Filter(Arc::new(filter)));
        self
    }

    /// Adds a filter around the call that never waits.
    pub fn hook(mut self, hook: impl Hook) -> Self {
        self.options.filters.push(Step::Hook(Arc::new(hook)));
        self
    }

    /// Adds a filter around each attempt, whose provider is in the head of the call; the first
    /// added is the outermost. A refusal `with_retry(Retry::Unstarted)` lets the call go to another
    /// provider; any other is the error of the call.
    pub fn endpoint_filter(mut self, filter: impl Filter) -> Self {
        self.options.endpoint_filters.push(Step::Filter(Arc::new(filter)));
        self
    }

    /// Adds a filter around each attempt that never waits.
    pub fn endpoint_hook(mut self, hook: impl Hook) -> Self {
        self.options.endpoint_filters.push(Step::Hook(Arc::new(hook)));
        self
    }

    /// Puts a plan of your own in the place of the one that the options make, which `make` gets: a
    /// policy for each call, with its own destination, timeout, retries and steps, which may change
    /// while the client is in use.
    pub fn plan<P: Plan>(mut self, make: impl FnOnce(Arc<dyn Plan>) -> P + Send + 'static) -> Self {
        self.plan = Some(Box::new(|options| Arc::new(make(options))));
        self
    }

    /// Adds a router; the first added narrows first.
    pub fn router(mut self, router: impl Router) -> Self {
        self.routers.push(Arc::new(router));
        self
    }

    /// The number of calls in a row that time out on an endpoint before it is passed over while
    /// others are there, and the pauses between the single calls that probe it then. Default 5, and
    /// from 1 s, times 2, to 1 min. The endpoints of a service are the same for all clients of an
    /// application: the client that was made last decides.
    pub fn timeout_limit(mut self, limit: TimeoutLimit) -> Self {
        self.timeouts = limit;
        self
    }

    /// Makes the client. It connects with its first call.
    ///
    /// # Errors
    /// When the service has no name, a URL or the name of a balancer or of a treatment of failures is wrong, the start-up configuration of the application has a
    /// timeout or retries that are no number, the application has not the protocol of a provider, options are given to a method that the
    /// interface does not have, or there is neither URL nor registry; and [`Code::Internal`] when a
    /// router, the balancer or the directory panics.
    pub fn build(self) -> Result<T, Status> {
        self.client().map(T::over)
    }

    /// Makes the client and waits until a provider is connected, at most for `wait`: what Dubbo
    /// does unless a reference says `check=false`.
    ///
    /// # Errors
    /// As [`ClientBuilder::build`], and [`Code::Unavailable`] when there is no provider by then.
    pub async fn build_checked(self, wait: Duration) -> Result<T, Status> {
        let clock = self.env.clock().clone();
        let client = self.client()?;
        client.ready(after(clock.now(), wait)).await?;
        Ok(T::over(client))
    }

    fn client(mut self) -> Result<Client, Status> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        start_up::configure(&mut self.options, &self.env, &self.service)?;
        let wrong = |what: String| Err(Status::new(Code::InvalidArgument, what));
        if self.service.interface().is_empty() {
            return wrong("the client has no interface; set one with service(..)".into());
        }
        let known = T::method_names();
        let unknown = |name: &&ByteString| !known.is_empty() && !known.contains(&&***name);
        // The least of them, since the order of the map is arbitrary.
        if let Some(name) = self.methods.keys().filter(unknown).min() {
            return wrong(format!(
                "options are given to the method {name}, which {} does not have; its methods on the \
                 wire are {}",
                self.service,
                known.join(", ")
            ));
        }
        if let Source::Direct(list) = &self.source {
            let channels = self.env.channels();
            list.iter().try_for_each(|endpoint| channels.check(endpoint))?;
        }
        let (directories, missing) = match self.source {
            Source::Registries => (Some(self.env.directories()), "registry(..)"),
            Source::Applications => (Some(self.env.applications()), "spring_cloud(..)"),
            _ => (None, ""),
        };
        if directories.is_some_and(|directories| !directories.is_following()) {
            return wrong(format!(
                "no way to find providers of {}: give the client a url(..) or the application a \
                 {missing}, without subscribe=false",
                self.service
            ));
        }
        let (env, mut routers, timeouts) = (&self.env, self.routers, self.timeouts);
        let outliers = self.outliers;
        let from_registries = matches!(self.source, Source::Registries);
        let consumer = env.config().map(|config| (config, env.consumer(&self.service)));
        if let Some((config, consumer)) = consumer.clone() {
            let rules = RuleRouter::new(config.clone(), consumer, env.random().clone());
            let rules = match env.scripts() {
                Some(engine) => rules.with_scripts(engine.clone()),
                None => rules,
            };
            // Before those of the user.
            routers.insert(0, Arc::new(rules));
        }
        if from_registries && let Some(choice) = env.registry_choice() {
            // Among those that other routers leave.
            routers.push(Arc::new(choice));
        }
        // What never changes needs nobody to follow it.
        let fixed = matches!(self.source, Source::Direct(_)) && routers.is_empty();
        let registered = self.source.directory(env, &self.service, self.protocols);
        let directory: Arc<dyn Directory> = match consumer {
            Some((config, consumer)) => {
                let (inner, consumer) = (registered.clone(), Arc::new(consumer));
                Arc::new(ConfiguredDirectory::new(inner, config.clone(), consumer))
            }
            None => registered.clone(),
        };
        let plan = StaticPlan::try_new(&self.options, self.methods, env.clock(), |choice| {
            let balance = balance::of(choice, outliers, env);
            let (directory, routers) = (directory.clone(), routers.clone());
            let clock = env.clock().clone();
            let destination = BalancedDestination::with_timeout_limit(
                directory, routers, balance, clock, timeouts,
            );
            if !fixed {
                env.tasks().spawn(destination.follow());
            }
            destination
        })?;
        let plan: Arc<dyn Plan> = Arc::new(plan);
        let plan = match self.plan {
            Some(make) => make(plan),
            None => plan,
        };
        let (channels, tasks) = (env.channels().clone(), env.tasks().clone());
        let cluster = Cluster::new(plan, channels, &tasks, env.clock().clone());
        let cluster = cluster
            .with_decoder(dubhe_hessian2::payload::values)
            .with_retries(self.retry_budget, env.random().clone());
        let rules = FollowedRules::follow(env, &self.service, registered);
        Ok(Client::new(Arc::new(self.service), cluster, tasks, rules))
    }
}

/// The provider at `url`.
fn provider_at(url: &str) -> Result<Endpoint, Status> {
    let wrong = |text: String| Status::new(Code::InvalidArgument, text);
    let url = Url::parse(url, "dubbo").map_err(|error| wrong(error.to_string()))?;
    if url.port == 0 && unix_path(&url.host).is_none() {
        let (protocol, host) = (&url.protocol, &url.host);
        let text = format!("the URL of {host:?} has no port; write {protocol}://HOST:PORT");
        return Err(wrong(text));
    }
    Ok(url.endpoint())
}

impl<T> std::fmt::Debug for ClientBuilder<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ClientBuilder({}, {:?})", self.service, self.source)
    }
}

impl std::fmt::Debug for MethodBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MethodBuilder")
    }
}
