//! A call on its way out, from its plan to a channel.
//!
//! ```text
//! call → policy → filters → fault strategy → attempt:
//!                 deadline → pick → filters of the endpoint → send → report
//! ```
//!
//! `Cluster::call`, `Cluster::attempt` and `Cluster::send` are these steps in order.

use std::sync::Arc;

use dubhe_core::call::DecodeArguments;
use dubhe_core::connect::Channel;
use dubhe_core::end::{End, Until, Watch, Watching};
use dubhe_core::endpoint::Endpoints;
use dubhe_core::fault::{Attempts, Fault};
use dubhe_core::filter::Passed;
use dubhe_core::invoke::Outcome;
use dubhe_core::plan::{Picked, Plan, Policy};
use dubhe_core::registry::Health;
use dubhe_core::status::Retry;
use dubhe_core::time::{Deadline, Duration, Instant, SharedClock};
use dubhe_core::{Call, CallView, Code, Endpoint, Invoke, Invoking, Status, context};

use crate::channels::Channels;
use crate::fault::{CallAttempts, failover};
use crate::tasks::Tasks;

/// The providers of one service, as one thing that answers calls.
#[derive(Clone)]
pub struct Cluster(Arc<Inner>);

struct Inner {
    plan: Arc<dyn Plan>,
    channels: Arc<Channels>,
    tasks: Arc<Tasks>,
    clock: SharedClock,
    decode: Option<DecodeArguments>,
}

impl Cluster {
    /// A cluster whose calls go as `plan` says, over `channels`. `tasks` runs what outlives a call.
    pub fn new(
        plan: Arc<dyn Plan>,
        channels: Arc<Channels>,
        tasks: Arc<Tasks>,
        clock: SharedClock,
    ) -> Self {
        Self(Arc::new(Inner { plan, channels, tasks, clock, decode: None }))
    }

    /// Lets rules and balancers see arguments of Rust types through `decode`.
    pub fn with_decoder(mut self, decode: DecodeArguments) -> Self {
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

    pub(crate) fn tasks(&self) -> &Tasks {
        &self.0.tasks
    }

    /// What rules and balancers see of `call`.
    pub(crate) fn view<'a>(&self, call: &'a Call) -> CallView<'a> {
        CallView::new(call, self.0.decode)
    }

    /// The way to `endpoint`.
    pub(crate) fn channel<'a>(
        &self,
        endpoint: &'a Endpoint,
    ) -> Result<&'a Arc<dyn Channel>, Status> {
        endpoint.state().channel_or(|| self.0.channels.open(endpoint))
    }

    /// Sends `call` to one of the providers, and to others when that fails and the policy says so.
    ///
    /// # Errors
    /// The failure of the last attempt, or [`Code::Unavailable`] when there is nobody to ask.
    pub fn call(&self, call: Call) -> impl Future<Output = Outcome> + Send {
        let mut call = Unsent(Some(call));
        async move {
            let (policy, began) = self.plan_for(call.get_mut()?);

            // The filters around all attempts; hooks before the first filter need no future.
            let mut passed = policy.filters.begin(call.get_mut()?, began)?;
            let next = passed.next(|| Arc::new(Filtered(self.clone(), policy.clone())));
            let mut outcome = match next {
                None => self.treat(&policy, &mut call).await,
                Some(next) => next.run(call.take()?).await,
            };
            passed.end(&mut outcome);
            outcome
        }
    }

    /// Gives a call that begins now its policy, and what surrounds it.
    fn plan_for(&self, call: &mut Call) -> (Arc<Policy>, Instant) {
        // The policy of the call, from one snapshot of the configuration.
        let policy = self.0.plan.plan(&self.view(call));

        // The attachments of the policy, then deadline and trace of the call that is being served
        // here, if any.
        call.head.metadata.fill_from(&policy.metadata);
        if let Some(inherited) = context::inherited() {
            call.head.metadata.fill_from(&inherited.metadata);
            call.head.deadline = Deadline::earlier(call.head.deadline, inherited.deadline);
        }
        let began = self.0.clock.now();
        call.head.arrived = Some(began);
        (policy, began)
    }

    /// Makes the attempts that the policy's treatment of failures asks for.
    async fn treat(&self, policy: &Arc<Policy>, call: &mut Unsent) -> Outcome {
        match &policy.fault {
            Fault::Failover if policy.retries > 0 => failover(self, policy, call).await,
            Fault::Strategy(strategy) => {
                let attempts = CallAttempts::new(self.clone(), policy.clone());
                strategy.run(call.take()?, Attempts::new(Arc::new(attempts))).await
            }
            _ => {
                let began = self.began(call);
                self.attempt(policy, call, &[], began, |_| {}).await
            }
        }
    }

    /// The beginning of the first attempt of `call`.
    pub(crate) fn began(&self, call: &Unsent) -> Instant {
        let arrived = call.0.as_ref().and_then(|call| call.head.arrived);
        arrived.unwrap_or_else(|| self.0.clock.now())
    }

    /// Makes one attempt, which begins at `began`: picks who answers, another than those `tried`
    /// where there is one, tells `picked` of it, and sends the call.
    pub(crate) async fn attempt(
        &self,
        policy: &Policy,
        call: &mut Unsent,
        tried: &[Endpoint],
        began: Instant,
        picked: impl FnOnce(&Endpoint),
    ) -> Outcome {
        let pick = |call| policy.destination.pick(&self.view(call), tried, began);
        let mut endpoint = pick(call.get()?);
        if endpoint.is_none() {
            // The first calls of a client may wait for a first set of providers.
            let patience = deadline(policy, call.get()?, began);
            let patience = patience.unwrap_or_else(|| Deadline::after(began, policy.timeout));
            self.first_set(policy, patience).await;
            endpoint = pick(call.get()?);
        }
        let Some(endpoint) = endpoint else {
            return Err(nobody(call.get()?, &policy.destination.snapshot()));
        };
        picked(endpoint.endpoint());
        self.send(policy, call, endpoint, began).await
    }

    /// Sends `call` to whom was picked, in an attempt that began at `began`.
    pub(crate) async fn send(
        &self,
        policy: &Policy,
        call: &mut Unsent,
        picked: Picked,
        began: Instant,
    ) -> Outcome {
        let endpoint = picked.endpoint().clone();
        // Who learns of the end of the attempt, on every way out.
        let report = Watching::new(Report { picked, began, clock: self.0.clock.clone() });
        let mut outcome = match self.begin(policy, call, &endpoint, began) {
            Ok((passed, sending)) => {
                let mut outcome = sending.await;
                passed.end(&mut outcome);
                outcome
            }
            Err(status) => Err(status),
        };
        report.end(&mut outcome, Until::Received);
        outcome
    }

    /// Begins to send: what is known of the attempt, its filters, its channel.
    fn begin(
        &self,
        policy: &Policy,
        call: &mut Unsent,
        endpoint: &Endpoint,
        began: Instant,
    ) -> Result<(Passed, Invoking), Status> {
        let mut call = call.take()?;
        // The deadline of the attempt, its endpoint, and what that one asks of every call.
        call.head.deadline = deadline(policy, &call, began);
        call.head.metadata.fill_from(endpoint.attachments());
        call.head.endpoint = Some(endpoint.clone());

        // The filters around the attempt, then the channel.
        let channel = self.channel(endpoint)?;
        let mut passed = policy.endpoint_filters.begin(&mut call, began)?;
        let sending = match passed.next(|| channel.clone()) {
            None => channel.invoke(call),
            Some(next) => next.run(call),
        };
        Ok((passed, sending))
    }

    /// Waits for the first set of a directory that has had none yet: the first calls of a client
    /// come before its registry has answered.
    async fn first_set(&self, policy: &Policy, deadline: Deadline) {
        let set = policy.destination.snapshot();
        if set.number() > 0 || set.health() == Health::Fresh {
            return;
        }
        tokio::select! {
            biased;
            () = policy.destination.changed(0) => {}
            () = self.0.clock.sleep_until(deadline.instant()) => {}
        }
    }
}

/// The deadline of an attempt that begins at `now`: the call's own, or the attempt's if earlier.
fn deadline(policy: &Policy, call: &Call, now: Instant) -> Option<Deadline> {
    let usual = if call.head.method.kind.is_streamed() {
        policy.stream_timeout
    } else {
        Some(policy.timeout)
    };
    let own = call.head.timeout.or(usual).map(|timeout| Deadline::after(now, timeout));
    Deadline::earlier(own, call.head.deadline)
}

/// The error of a call that there is nobody to ask for.
fn nobody(call: &Call, set: &Endpoints) -> Status {
    let service = &call.head.service;
    let why = match set.len() {
        0 => unknown(set.health()).to_owned(),
        n => format!("{n} providers are known, but routing or earlier attempts left none"),
    };
    Status::new(Code::Unavailable, format!("no provider for {service}: {why}"))
        .with_retry(Retry::Never)
}

/// The reason why no provider is known.
pub(crate) fn unknown(health: Health) -> &'static str {
    match health {
        Health::Fresh => {
            "no provider is registered; start one, or check interface, group and version"
        }
        Health::Stale => "the registry has not answered yet; check its address",
    }
}

/// A call that is handed on by reference, lest each step's future has room for it.
pub(crate) struct Unsent(pub(crate) Option<Call>);

impl Unsent {
    pub(crate) fn get(&self) -> Result<&Call, Status> {
        self.0.as_ref().ok_or_else(sent_twice)
    }

    fn get_mut(&mut self) -> Result<&mut Call, Status> {
        self.0.as_mut().ok_or_else(sent_twice)
    }

    pub(crate) fn take(&mut self) -> Result<Call, Status> {
        self.0.take().ok_or_else(sent_twice)
    }
}

#[cold]
fn sent_twice() -> Status {
    Status::new(Code::Internal, "the call was sent already")
}

/// Tells the balancer how an attempt ended; until then it counts as in flight.
struct Report {
    picked: Picked,
    began: Instant,
    clock: SharedClock,
}

impl Watch for Report {
    fn elapsed(&self) -> Duration {
        self.clock.now().saturating_duration_since(self.began)
    }

    fn end(&mut self, end: &End<'_>) {
        self.picked.finish(end);
    }
}

/// What is behind the filters of a call: the cluster, with the policy that the call has.
struct Filtered(Cluster, Arc<Policy>);

impl Invoke for Filtered {
    fn invoke(&self, call: Call) -> Invoking {
        let (cluster, policy) = (self.0.clone(), self.1.clone());
        Invoking::boxed(async move { cluster.treat(&policy, &mut Unsent(Some(call))).await })
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
