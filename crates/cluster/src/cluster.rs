//! The walk of a call from its plan to a channel.

use std::sync::Arc;

use dubhe_core::balance::{Outcome, Picked, Selection};
use dubhe_core::connect::{Channel, ChannelState};
use dubhe_core::directory::Directory;
use dubhe_core::endpoint::Endpoints;
use dubhe_core::plan::{Plan, Policy};
use dubhe_core::registry::Health;
use dubhe_core::reply::ReplyBody;
use dubhe_core::route::{Bitmap, Route};
use dubhe_core::status::Retry;
use dubhe_core::time::{Deadline, Instant, SharedClock};
use dubhe_core::{
    Call, CallView, Code, Endpoint, Invoke, Invoking, Metadata, Reply, Status, context,
};

use crate::channels::Channels;
use crate::fault;
use crate::router::Routers;

/// How often a pick is repeated to find an endpoint that is connected.
const LOOKS: usize = 3;

/// The providers of one service, as one thing that answers calls.
#[derive(Clone)]
pub struct Cluster(Arc<Inner>);

struct Inner {
    plan: Arc<dyn Plan>,
    directory: Arc<dyn Directory>,
    routers: Routers,
    channels: Arc<Channels>,
    clock: SharedClock,
}

impl Cluster {
    /// A cluster of these parts.
    pub fn new(
        plan: Arc<dyn Plan>,
        directory: Arc<dyn Directory>,
        routers: Vec<Arc<dyn Route>>,
        channels: Arc<Channels>,
        clock: SharedClock,
    ) -> Self {
        let routers = Routers::new(routers);
        Self(Arc::new(Inner { plan, directory, routers, channels, clock }))
    }

    /// The directory.
    pub fn directory(&self) -> &Arc<dyn Directory> {
        &self.0.directory
    }

    pub(crate) fn clock(&self) -> &SharedClock {
        &self.0.clock
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
    pub async fn call(&self, mut call: Call) -> Result<Reply, Status> {
        let inner = &*self.0;
        let began = inner.clock.now();
        let inherited = context::inherited();
        let outer =
            Deadline::earlier(call.head.deadline, inherited.as_ref().and_then(|i| i.deadline));
        let policy = inner.plan.plan(&CallView::new(&call));
        call.head.metadata.fill_from(&policy.metadata);
        if let Some(inherited) = inherited {
            call.head.metadata.fill_from(&inherited.metadata);
        }
        call.head.arrived = Some(began);
        let mut tried: Vec<Endpoint> = Vec::new();
        let mut now = began;
        let mut attempt = 0;
        loop {
            let spare = if attempt < policy.retries { call.try_clone() } else { None };
            call.head.deadline = Deadline::earlier(own_deadline(&call, &policy, now), outer);
            let mut picked = inner.pick(&call, &policy, &tried);
            let patience = Deadline::earlier(Some(Deadline::after(now, policy.timeout)), outer);
            if picked.is_err() && inner.first_answer(call.head.deadline.or(patience)).await {
                picked = inner.pick(&call, &policy, &tried);
            }
            let picked = picked?;
            call.head.metadata.fill_from(picked.endpoint().attachments());
            let outcome = match self.channel(picked.endpoint()) {
                Ok(channel) => channel.invoke(call).await,
                Err(status) => Err(status),
            };
            let ended = inner.clock.now();
            match outcome {
                Ok(mut reply) => {
                    let latency = ended.saturating_duration_since(now);
                    let told = Outcome { latency, status: None, metadata: &reply.metadata };
                    match reply.body {
                        ReplyBody::One(..) => picked.finish(&told),
                        ReplyBody::Stream(_) => reply.attach(picked),
                    }
                    return Ok(reply);
                }
                Err(status) => {
                    let metadata = Metadata::new();
                    let latency = ended.saturating_duration_since(now);
                    let again = fault::again(&policy, attempt, &status)
                        && outer.is_none_or(|d| !d.passed(ended));
                    let endpoint = picked.endpoint().clone();
                    picked.finish(&Outcome { latency, status: Some(&status), metadata: &metadata });
                    match spare {
                        Some(copy) if again => {
                            call = copy;
                            tried.push(endpoint);
                            now = ended;
                            attempt += 1;
                        }
                        _ => return Err(told(status, &endpoint, attempt)),
                    }
                }
            }
        }
    }
}

/// When an attempt that begins `now` takes too long.
fn own_deadline(call: &Call, policy: &Policy, now: Instant) -> Option<Deadline> {
    let usual = if call.head.method.kind.is_streamed() {
        policy.stream_timeout
    } else {
        Some(policy.timeout)
    };
    call.head.timeout.or(usual).map(|timeout| Deadline::after(now, timeout))
}

/// Says whom a local failure was about, and how often it was tried.
fn told(status: Status, endpoint: &Endpoint, attempt: u32) -> Status {
    match attempt {
        0 => status,
        n => status.context(format!("attempt {} of the call, last on {endpoint}", n + 1)),
    }
}

impl Inner {
    fn pick(&self, call: &Call, policy: &Policy, tried: &[Endpoint]) -> Result<Picked, Status> {
        let set = self.directory.snapshot();
        let view = CallView::new(call);
        let mut left = self.routers.narrow(&view, &set, None);
        if !tried.is_empty() {
            without(&mut left, &set, |i| set.get(i).is_some_and(|e| tried.contains(e)));
        }
        let pick = |left: &Option<Bitmap>| {
            let from = left.as_ref().map_or(Selection::all(&set), |m| Selection::only(&set, m));
            policy.balance.pick(&view, from)
        };
        let first = pick(&left).ok_or_else(|| nobody(call, &set))?;
        if set.len() == 1 || usable(&first) {
            return Ok(first);
        }
        // An endpoint that is known to be away is passed over while others are there.
        for _ in 0..LOOKS {
            match pick(&left) {
                Some(other) if usable(&other) => return Ok(other),
                _ => {}
            }
        }
        without(&mut left, &set, |i| set.get(i).is_some_and(away));
        Ok(pick(&left).unwrap_or(first))
    }

    /// Waits for the first set of a directory that has had none yet. The first calls of a client
    /// come before its registry has answered. Returns whether there is one now.
    async fn first_answer(&self, deadline: Option<Deadline>) -> bool {
        let set = self.directory.snapshot();
        let Some(deadline) =
            deadline.filter(|_| set.number() == 0 && set.health() == Health::Stale)
        else {
            return false;
        };
        tokio::select! {
            biased;
            () = self.directory.changed(0) => true,
            () = self.clock.sleep_until(deadline.instant()) => false,
        }
    }
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

/// Why no provider is known.
pub(crate) fn unknown(health: Health) -> &'static str {
    match health {
        Health::Fresh => {
            "no provider is registered; start one, or check interface, group and version"
        }
        Health::Stale => "the registry has not answered yet; check its address",
    }
}

/// Takes out of `left` ("all" when there is none yet) what `out` names, unless nothing would stay.
fn without(left: &mut Option<Bitmap>, set: &Endpoints, out: impl Fn(usize) -> bool) {
    let before = left.clone().unwrap_or_else(|| Bitmap::full(set.len()));
    let mut after = before.clone();
    before.iter().filter(|i| out(*i)).for_each(|i| after.remove(i));
    if after.count() > 0 {
        *left = Some(after);
    }
}

/// Whether a channel was opened and cannot take calls now.
fn away(endpoint: &Endpoint) -> bool {
    endpoint.state().channel().is_some_and(|c| {
        matches!(
            c.state(),
            ChannelState::Connecting | ChannelState::Draining | ChannelState::Closed
        )
    })
}

fn usable(picked: &Picked) -> bool {
    !away(picked.endpoint())
}

impl Invoke for Cluster {
    fn invoke(&self, call: Call) -> Invoking {
        let this = self.clone();
        Invoking::boxed(async move { this.call(call).await })
    }
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Cluster").field(&self.0.directory.snapshot()).finish()
    }
}
