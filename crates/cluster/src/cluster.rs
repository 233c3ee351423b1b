//! A call on its way out, from its plan to a channel.
//!
//! ```text
//! call → policy → filters → fault strategy → attempt:
//!                 deadline → pick → filters of the endpoint → send → report
//! ```
//!
//! [`Cluster::call`], `plan_for`, `filter`, `treat`, `pick` and `send` are these steps.

mod attempts;

use std::sync::{Arc, Weak};

use arc_swap::ArcSwapOption;
use dubhe_core::call::ArgumentDecoder;
use dubhe_core::connect::Channel;
use dubhe_core::endpoint::Endpoints;
use dubhe_core::fault::{Attempts, Fault};
use dubhe_core::filter::Guards;
use dubhe_core::invoke::Outcome;
use dubhe_core::log::OncePerSecond;
use dubhe_core::plan::{Destination, Picked, Plan, Policy};
use dubhe_core::random::{RandomSource, SplitMix};
use dubhe_core::registry::Health;
use dubhe_core::status::Retry;
use dubhe_core::time::{Deadline, Duration, Instant, SharedClock, Timer, after};
use dubhe_core::watch::Watching;
use dubhe_core::{
    Call, CallView, Code, Endpoint, Invoke, Invoking, Payload, Provider, Status, Value, inherit,
};

use self::attempts::CallAttempts;
use crate::attempt::{Attempt, Report, Unsent, sent_twice};
use crate::channels::Channels;
use crate::directory::without_endpoints;
use crate::fault::{
    BUDGET_SPENT, FailedAttempts, RetryBudget, RetryCounter, is_refusal, never_began,
};
use crate::panicked::{Panicked, guard};
use crate::router::insisted_zone;
use crate::tasks::Tasks;

/// The time for which a provider is passed over to which no channel can be made.
const UNUSABLE: Duration = Duration::from_secs(30);
/// The time after the deadline of a call in which its strategy may return the failure of its
/// attempts, which end at the deadline by themselves: they are noted as timeouts of their providers,
/// and their errors say more.
const STRATEGY_GRACE: Duration = Duration::from_millis(10);

/// The providers of one service, as one thing that answers calls.
///
/// ```
/// # mod dubhe { pub mod client { pub use dubhe_cluster::{Channels, Cluster, Tasks}; } pub mod fault { pub use dubhe_core::plan::Plan; } pub mod time { pub use dubhe_core::time::SharedClock; } pub use dubhe_core::{Call, Reply, Status}; }
/// use std::sync::Arc;
/// use dubhe::client::{Channels, Cluster, Tasks};
/// use dubhe::fault::Plan;
/// use dubhe::time::SharedClock;
/// use dubhe::{Call, Reply, Status};
///
/// /// Sends a call as `plan` says, without a client: the core of a gateway.
/// async fn send(plan: Arc<dyn Plan>, channels: Arc<Channels>, clock: SharedClock, call: Call) -> Result<Reply, Status> {
///     let tasks = Arc::new(Tasks::default()); // of calls that go on in the background
///     Cluster::new(plan, channels, &tasks, clock).call(call).await
/// }
/// ```
#[derive(Clone)]
pub struct Cluster(Arc<Inner>);

struct Inner {
    plan: Arc<dyn Plan>,
    channels: Arc<Channels>,
    /// The tasks, without owning them, since one may hold the cluster.
    tasks: Weak<Tasks>,
    clock: SharedClock,
    random: Arc<dyn RandomSource>,
    decode: Option<ArgumentDecoder>,
    retries: RetryCounter,
    retry_log: OncePerSecond,
    /// The target of the filters of the latest policy.
    filtered: ArcSwapOption<PolicyTarget>,
}

impl Cluster {
    /// A cluster whose calls go as `plan` says, over `channels`. `tasks` runs what outlives a call, and
    /// the cluster does not keep it.
    pub fn new(
        plan: Arc<dyn Plan>,
        channels: Arc<Channels>,
        tasks: &Arc<Tasks>,
        clock: SharedClock,
    ) -> Self {
        let filtered = ArcSwapOption::empty();
        let retries = RetryCounter::new(RetryBudget::default(), clock.now());
        let random: Arc<dyn RandomSource> = Arc::new(SplitMix::from_os());
        let tasks = Arc::downgrade(tasks);
        Self(Arc::new(Inner {
            plan,
            channels,
            tasks,
            clock,
            random,
            decode: None,
            retries,
            retry_log: OncePerSecond::default(),
            filtered,
        }))
    }

    /// Limits the retries of all calls together, and takes the jitter of pauses from `random`.
    pub fn with_retries(mut self, budget: RetryBudget, random: Arc<dyn RandomSource>) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.retries = RetryCounter::new(budget, inner.clock.now());
            inner.random = random;
        }
        self
    }

    /// Lets rules and balancers see arguments of Rust types through `decode`.
    pub fn with_decoder(mut self, decode: ArgumentDecoder) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.decode = Some(decode);
        }
        self
    }

    /// The plan of its calls.
    pub fn plan(&self) -> &Arc<dyn Plan> {
        &self.0.plan
    }

    pub(crate) fn clock(&self) -> &SharedClock {
        &self.0.clock
    }

    /// Runs `work` until it ends or the application does.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        if let Some(tasks) = self.0.tasks.upgrade() {
            tasks.spawn(work);
        }
    }

    /// Takes one retry from the budget of the client, if there is one.
    pub(crate) fn take_retry(&self, now: Instant) -> bool {
        self.0.retries.take_retry(now)
    }

    /// The values of `payload`, if they can be seen.
    pub(crate) fn decode(&self, payload: &Payload) -> Option<Vec<Value>> {
        self.0.decode?(payload)
    }

    /// The view that rules and balancers have of `call`.
    pub(crate) fn view<'a>(&self, call: &'a Call) -> CallView<'a> {
        CallView::new(call, self.0.decode)
    }

    /// Opens the channel to `endpoint`. One that has none, such as for a wrong parameter, is passed
    /// over for a while.
    pub(crate) fn channel<'a>(
        &self,
        endpoint: &'a Endpoint,
    ) -> Result<&'a Arc<dyn Channel>, Status> {
        self.0.channels.check_open()?;
        let channel = endpoint.state().channel_or(|| self.0.channels.open(endpoint));
        channel.map_err(|status| {
            let now = self.clock().now();
            if endpoint.state().ejected(now).is_none() {
                tracing::warn!(
                    provider = %endpoint, error = %status,
                    "a provider cannot be called; it is passed over"
                );
            }
            endpoint.state().eject(now + UNUSABLE);
            status.with_retry(Retry::Unstarted)
        })
    }

    /// Sends `call` to one of the providers, and to others when that fails and the policy says so.
    ///
    /// # Errors
    /// The failure of the last attempt, or [`Code::Unavailable`] when there is nobody to ask.
    pub fn call(&self, call: Call) -> impl Future<Output = Outcome> + Send {
        self.call_and(call, |_| {})
    }

    /// [`Self::call`], and then a look at the outcome.
    pub fn call_and(
        &self,
        call: Call,
        look: impl FnOnce(&Outcome) + Send,
    ) -> impl Future<Output = Outcome> + Send {
        let mut call = Unsent(Some(call));
        async move {
            let (policy, began) = self.plan_for(call.get_mut()?)?;

            // The filters around all attempts; hooks before the first filter need no future.
            let (filtered, mut hooks) = self.filter(&policy, &mut call, began)?;
            let mut outcome = match filtered {
                None => self.treat(&policy, &mut call, began).await,
                Some(filtered) => filtered.await,
            };
            hooks.end(&mut outcome);
            match &mut outcome {
                Ok(reply) => reply.delivered(),
                Err(status) => status.delivered(),
            }
            look(&outcome);
            outcome
        }
    }

    /// Gives a call that begins now its policy, and what surrounds it.
    fn plan_for(&self, call: &mut Call) -> Result<(Arc<Policy>, Instant), Status> {
        // The policy of the call, from one snapshot of the configuration.
        let plan = || self.0.plan.plan(&self.view(call));
        let policy = guard(plan, || "the plan".to_owned()).map_err(internal)?;

        // The attachments of the policy, then deadline and trace of the call that is being served
        // here, if any.
        call.head.metadata.fill_from(&policy.metadata);
        if let Some(inherited) = inherit::inherited() {
            call.head.metadata.fill_from(&inherited.metadata);
            call.head.deadline = Deadline::earlier(call.head.deadline, inherited.deadline);
        }
        let began = self.0.clock.now();
        call.head.arrived = Some(began);
        Ok((policy, began))
    }

    /// Runs the hooks around all attempts, and begins the filters, when there are any.
    fn filter(
        &self,
        policy: &Arc<Policy>,
        call: &mut Unsent,
        began: Instant,
    ) -> Result<(Option<Invoking>, Guards), Status> {
        let mut passed = policy.filters.begin(call.get_mut()?, began)?;
        let filtered = match passed.next(|| self.filtered(policy)) {
            None => None,
            Some(next) => Some(next.run(call.take()?)),
        };
        Ok((filtered, passed.hooks))
    }

    /// Makes the attempts that the policy's treatment of failures asks for: one, or more on other
    /// endpoints while the call fails and may be sent again. The first begins at `began`.
    async fn treat(&self, policy: &Arc<Policy>, call: &mut Unsent, began: Instant) -> Outcome {
        let failover = match &policy.fault {
            Fault::Failover => true,
            Fault::Strategy(strategy) => {
                self.0.retries.add_call(began);
                let attempts = CallAttempts::new(self.clone(), policy.clone());
                // A strategy may ask for the endpoints before its first attempt.
                if !self.has_set(policy) {
                    let patience = patience(policy, call.get()?, began);
                    Box::pin(self.first_set(policy, patience)).await;
                }
                let call = call.take()?;
                let deadline = call.head.deadline;
                let running = strategy.run(call, Attempts::new(Arc::new(attempts)));
                return match deadline {
                    None => running.await,
                    // Boxed, since the future of every call has room for it.
                    Some(deadline) => Box::pin(self.bound(running, began, deadline)).await,
                };
            }
            Fault::Failfast => false,
            Fault::Named(name) => return Err(unresolved(name)),
        };
        let mut failed = None;
        let (mut picked, mut began) = self.pick(policy, call, &[], began).await?;
        let retries = match failover {
            false => 0,
            true if picked.endpoint().call_defaults().is_none() => policy.retries,
            true => policy.retries_at(picked.endpoint().provider(), call.get()?.method_name()),
        };
        if retries > 0 {
            self.0.retries.add_call(began);
        }
        loop {
            // Sent to whom was picked. A copy is kept, since nobody may have begun the call.
            let (sending, provider) = self.attempt(policy, call, picked, began)?;
            let status = match sending.await {
                Ok(reply) => return Ok(reply),
                Err(status) => status,
            };
            // Sent again while there is time, and while that does no harm.
            let failed = failed.get_or_insert_with(Box::<FailedAttempts>::default);
            let ended = FailedAttempt { provider, began, status };
            (picked, began) = Box::pin(self.again(policy, call, failed, ended, retries)).await?;
        }
    }

    /// Ends a strategy that goes on after the deadline of its call.
    async fn bound(&self, running: Invoking, began: Instant, deadline: Deadline) -> Outcome {
        let end = deadline.instant() + STRATEGY_GRACE;
        tokio::select! {
            biased;
            outcome = running => outcome,
            () = self.clock().sleep_until(end) => {
                let waited = deadline.instant().saturating_duration_since(began);
                Err(Status::no_reply(waited))
            }
        }
    }

    /// Sends `call` to the endpoint that was picked, and returns the provider; what may be sent again is
    /// kept. Not a future: what has moved would have room in it.
    fn attempt(
        &self,
        policy: &Policy,
        call: &mut Unsent,
        picked: Picked,
        began: Instant,
    ) -> Result<(Attempt, Provider), Status> {
        let provider = picked.endpoint().provider().clone();
        Ok((self.send(policy, call.copy_or_take()?, picked, began), provider))
    }

    /// Picks the endpoint of a call whose attempt has failed, and the time of the next attempt.
    ///
    /// # Errors
    /// The failure, with what is known of those before, when the call is not sent again.
    async fn again(
        &self,
        policy: &Policy,
        call: &mut Unsent,
        failed: &mut FailedAttempts,
        ended: FailedAttempt,
        retries: u32,
    ) -> Result<(Picked, Instant), Status> {
        let FailedAttempt { provider, began, status } = ended;
        let now = self.clock().now();
        // A stream is sent once.
        let Some(kept) = &mut call.0 else {
            failed.note(provider, &status, now.saturating_duration_since(began));
            return Err(failed.error(status, None));
        };
        if failed.attempt.is_none() {
            failed.deadline = kept.head.deadline;
            failed.attempt = deadline(policy, kept, Some(&provider), began);
        }
        failed.note(provider, &status, now.saturating_duration_since(began));
        let in_time = |deadline: Option<Deadline>| deadline.is_none_or(|d| !d.passed(now));
        if !policy.may_repeat(&status) || !in_time(failed.deadline) {
            return Err(failed.error(status, None));
        }

        // On another endpoint where there is one, and never again where the call may have run.
        let pick = |call: &Call, failed: &FailedAttempts, now: Instant| {
            let (tried, unknown) = (failed.tried(), failed.unknown());
            let pick = |tried: &[Provider]| {
                let picked = self.pick_now(policy, call, tried, now).ok()??;
                (!unknown.contains(picked.endpoint().provider())).then_some(picked)
            };
            pick(tried).or_else(|| pick(unknown))
        };

        // What nobody began goes on, in the time of the same attempt; elsewhere at once.
        let budget = self.0.retries.budget();
        let (mut picked, mut resend) = (None, false);
        if never_began(&status) && in_time(failed.attempt) {
            picked = pick(kept, failed, now);
            let may = |picked: &Picked| failed.may_resend(picked.endpoint(), budget);
            resend = picked.as_ref().is_some_and(may);
            let refused = |picked: &Picked| failed.is_refused_by(picked.endpoint());
            if resend && let Some(picked) = picked.take_if(|picked| !refused(picked)) {
                failed.log_resend(kept, picked.endpoint(), now);
                kept.head.deadline = failed.attempt;
                return Ok((picked, now));
            }
        }

        // Everything else is a retry, which costs one of the client's and, unless nobody began the call,
        // one of its own.
        if !resend && failed.retries >= retries {
            return Err(failed.error(status, None));
        }
        // Nothing is spent where nobody may be asked, or not in time.
        let pauses = resend || is_refusal(&status);
        let pause = pauses.then(|| failed.pause(budget, &*self.0.random));
        let end = if resend { failed.attempt } else { failed.deadline };
        let late = pause.is_some_and(|pause| end.is_some_and(|end| end.left(now) <= pause));
        let picked = picked.or_else(|| pick(kept, failed, now)).filter(|_| !late);
        let Some(mut picked) = picked else {
            return Err(failed.error(status, None));
        };
        if !self.take_retry(now) {
            tracing::debug!(failure = %status, "the retry budget is spent");
            return Err(failed.error(status, Some(BUDGET_SPENT)));
        }
        let mut now = now;
        if let Some(pause) = pause {
            // Nobody has the call in flight meanwhile.
            drop(picked);
            self.clock().sleep_until(after(now, pause)).await;
            now = self.clock().now();
            let Some(other) = pick(kept, failed, now) else {
                return Err(failed.error(status, None));
            };
            picked = other;
        }
        if resend {
            kept.head.deadline = failed.attempt;
        } else {
            failed.retries += 1;
            kept.head.deadline = failed.deadline;
            failed.attempt = deadline(policy, kept, Some(picked.endpoint().provider()), now);
        }
        if resend {
            failed.log_resend(kept, picked.endpoint(), now);
        } else {
            failed.log_retry(kept, picked.endpoint(), now, &self.0.retry_log);
        }
        Ok((picked, now))
    }

    /// Picks the endpoint of an attempt that begins at `began`, another than those `tried` where
    /// there is one. The first calls of a client may wait for a first set of providers; their attempt
    /// begins after that.
    pub(crate) async fn pick(
        &self,
        policy: &Policy,
        call: &mut Unsent,
        tried: &[Provider],
        began: Instant,
    ) -> Result<(Picked, Instant), Status> {
        let picked = self.pick_now(policy, call.get()?, tried, began)?;
        match picked {
            Some(picked) => Ok((picked, began)),
            // Boxed, since the future of every call has room for it.
            None => Box::pin(self.pick_of_first_set(policy, call, tried, began)).await,
        }
    }

    async fn pick_of_first_set(
        &self,
        policy: &Policy,
        call: &mut Unsent,
        tried: &[Provider],
        began: Instant,
    ) -> Result<(Picked, Instant), Status> {
        let patience = patience(policy, call.get()?, began);
        self.first_set(policy, patience).await;
        // The wait is no time of the endpoint's.
        let began = self.clock().now();
        let call = call.get()?;
        let picked = self.pick_now(policy, call, tried, began)?;
        let nobody = || nobody(&self.view(call), &*policy.destination, tried, began);
        Ok((picked.ok_or_else(nobody)?, began))
    }

    /// Picks without waiting. A router or balancer that panics fails this call alone.
    pub(crate) fn pick_now(
        &self,
        policy: &Policy,
        call: &Call,
        tried: &[Provider],
        now: Instant,
    ) -> Result<Option<Picked>, Status> {
        let pick = || policy.destination.pick(&self.view(call), tried, now);
        guard(pick, || "a router or the balancer".to_owned()).map_err(internal)
    }

    /// Sends `call` to whom was picked, in an attempt that began at `began`.
    pub(crate) fn send(
        &self,
        policy: &Policy,
        call: Call,
        picked: Picked,
        began: Instant,
    ) -> Attempt {
        // Who learns of the end of the attempt, on every way out.
        let timer = Timer::since(self.0.clock.clone(), began);
        let report = Watching::new(Report::new(picked, &call, began), timer);
        let begun = match report.watch() {
            Some(report) => self.begin(policy, call, report.endpoint(), began),
            None => Err(sent_twice()),
        };
        match begun {
            Ok((sending, hooks)) => Attempt { sending, hooks, report },
            Err(status) => {
                Attempt { sending: Invoking::ready(Err(status)), hooks: Guards::default(), report }
            }
        }
    }

    fn begin(
        &self,
        policy: &Policy,
        mut call: Call,
        endpoint: &Endpoint,
        began: Instant,
    ) -> Result<(Invoking, Guards), Status> {
        // The time of the attempt, its provider, and what that one asks of every call.
        let provider = endpoint.provider();
        call.head.arrived = Some(began);
        call.head.deadline = deadline(policy, &call, Some(provider), began);
        call.head.metadata.fill_from(provider.attachments());
        if let Some(service) = provider.service_key() {
            call.head.service = service.clone();
        }
        call.head.provider = Some(provider.clone());

        // The filters around the attempt, then the channel.
        let channel = self.channel(endpoint)?;
        let mut passed = policy.endpoint_filters.begin(&mut call, began)?;
        // Not when it is picked: a pick may be given up.
        endpoint.state().sent(began);
        let sending = match passed.next(|| channel.clone()) {
            None => channel.invoke(call),
            Some(next) => next.run(call),
        };
        Ok((sending, passed.hooks))
    }

    /// The target of the filters of a call with this policy; as a rule all calls have one policy.
    fn filtered(&self, policy: &Arc<Policy>) -> Arc<dyn Invoke> {
        let known = self.0.filtered.load();
        match &*known {
            Some(known) if Arc::ptr_eq(&known.policy, policy) => known.clone(),
            _ => {
                let cluster = Arc::downgrade(&self.0);
                let made = Arc::new(PolicyTarget { cluster, policy: policy.clone() });
                self.0.filtered.store(Some(made.clone()));
                made
            }
        }
    }

    /// Returns `true` once there was a set of the directory.
    #[allow(clippy::unused_self, reason = "beside the wait for it")]
    fn has_set(&self, policy: &Policy) -> bool {
        let set = policy.destination.snapshot();
        set.number() > 0 || set.health() == Health::Fresh
    }

    /// Waits for the first set of a directory that has had none yet: the first calls of a client
    /// come before its registry has answered.
    pub(crate) async fn first_set(&self, policy: &Policy, deadline: Deadline) {
        if self.has_set(policy) {
            return;
        }
        tokio::select! {
            biased;
            () = policy.destination.changed(0) => {}
            () = self.0.clock.sleep_until(deadline.instant()) => {}
        }
    }
}

/// The error of a call whose policy has the name of a treatment of failures, and not the treatment.
#[cold]
fn unresolved(name: &str) -> Status {
    let text =
        format!("the policy names the treatment of failures {name:?}, which nobody looked up");
    Status::new(Code::Internal, text)
}

/// The error of a call for which a part that others wrote panicked.
#[cold]
fn internal(panicked: Panicked) -> Status {
    Status::new(Code::Internal, panicked.to_string())
}

/// An attempt that has failed.
struct FailedAttempt {
    provider: Provider,
    began: Instant,
    status: Status,
}

/// The deadline of an attempt at `provider` that begins at `now`: the call's own, or the attempt's if
/// earlier. Without a provider that is the time for one to be known.
fn deadline(
    policy: &Policy,
    call: &Call,
    provider: Option<&Provider>,
    now: Instant,
) -> Option<Deadline> {
    let usual = match provider {
        _ if call.head.method.kind.is_streamed() => policy.stream_timeout,
        Some(provider) if provider.call_defaults().is_some() => {
            Some(policy.timeout_at(provider, call.method_name()))
        }
        _ => Some(policy.timeout),
    };
    let own = call.head.timeout.or(usual).filter(|timeout| *timeout < Duration::MAX);
    let own = own.map(|timeout| Deadline::after(now, timeout));
    Deadline::earlier(own, call.head.deadline)
}

/// The end of the time for which an attempt that begins at `now` waits for a first set.
pub(crate) fn patience(policy: &Policy, call: &Call, now: Instant) -> Deadline {
    deadline(policy, call, None, now).unwrap_or_else(|| Deadline::after(now, policy.timeout))
}

/// The error of a call for which no provider is known, after attempts on the endpoints `tried`.
pub(crate) fn nobody(
    call: &CallView<'_>,
    destination: &dyn Destination,
    tried: &[Provider],
    now: Instant,
) -> Status {
    let service = &call.head().service;
    let set = destination.snapshot();
    let why = match set.len() {
        0 => unknown(destination, &set),
        known => unpicked(call, destination, tried, known, now),
    };
    Status::new(Code::Unavailable, format!("no provider for {service}: {why}"))
        .with_retry(Retry::Never)
}

/// The reason why none of the `known` providers was picked.
fn unpicked(
    call: &CallView<'_>,
    destination: &dyn Destination,
    tried: &[Provider],
    known: usize,
    now: Instant,
) -> String {
    // A router that panics was the error before this one.
    let left = candidates(call, destination, now).unwrap_or_default();
    if left.is_empty() {
        let chosen = || destination.snapshot().iter().any(|one| !one.origins().is_empty());
        if let Some(zone) = insisted_zone(call.head())
            && chosen()
        {
            return format!(
                "no registry of the zone {zone:?}, which the call insists on, has a provider for it that \
                 can be asked"
            );
        }
        let emptied = || destination.emptied_by(call, now);
        if let Ok(Some((rule, taken))) = guard(emptied, || "a router".to_owned()) {
            let before =
                if taken == known { "all".to_owned() } else { format!("the last {taken} of") };
            return format!("{rule} dropped {before} {known} that are known");
        }
        let are = if known == 1 { "provider is" } else { "providers are" };
        return format!(
            "{known} {are} known, but routers, or a destination of your own, left none for this call"
        );
    }
    let all_tried = left.iter().all(|endpoint| tried.contains(endpoint.provider()));
    match (left.len(), all_tried) {
        (1, true) => {
            "the call was tried on the only provider for it, and the balancer repeats none".into()
        }
        (1, false) => "the balancer did not pick the only provider for this call".into(),
        (n, true) => {
            format!("the call was tried on all {n} providers for it, and the balancer repeats none")
        }
        (n, false) => format!("the balancer picked none of the {n} providers for this call"),
    }
}

/// All endpoints that rules leave for this call at `now`, or the panic of a router.
pub(crate) fn candidates(
    call: &CallView<'_>,
    destination: &dyn Destination,
    now: Instant,
) -> Result<Vec<Endpoint>, Panicked> {
    guard(|| destination.candidates(call, now), || "a router".to_owned())
}

/// The reason why no provider is known, of a destination whose set is empty.
pub(crate) fn unknown(destination: &dyn Destination, set: &Endpoints) -> String {
    if let Some(failure) = destination.failure() {
        return format!("the providers that are known cannot be used, since {failure}");
    }
    without_endpoints(set)
}

/// The target of the filters of a call: the cluster, with the policy that the call has.
struct PolicyTarget {
    cluster: Weak<Inner>,
    policy: Arc<Policy>,
}

impl Invoke for PolicyTarget {
    fn invoke(&self, call: Call) -> Invoking {
        let Some(cluster) = self.cluster.upgrade().map(Cluster) else {
            let text = "the client was dropped while a filter held its call";
            return Invoking::ready(Err(Status::new(Code::Cancelled, text)));
        };
        let (policy, mut call) = (self.policy.clone(), Unsent(Some(call)));
        // An attempt begins after the filters, which may have waited.
        let began = cluster.clock().now();
        Invoking::boxed(async move { cluster.treat(&policy, &mut call, began).await })
    }
}

impl Invoke for Cluster {
    fn invoke(&self, call: Call) -> Invoking {
        let this = self.clone();
        Invoking::boxed(async move { this.call(call).await })
    }
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let policy = self.0.plan.default_policy();
        f.debug_tuple("Cluster").field(&policy.destination.snapshot()).finish()
    }
}
