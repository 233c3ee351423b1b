//! A way to one endpoint, over the connections of a pool.

use std::pin::Pin;
use std::sync::Arc;

use dubhe_core::callback::PassedCallbacks;
use dubhe_core::connect::{Channel, ChannelState};
use dubhe_core::invoke::Outcome;
use dubhe_core::status::{Origin, Retry};
use dubhe_core::time::Deadline;
use dubhe_core::{Call, Code, Endpoint, Invoke, Invoking, Status};
use dubhe_net::pool::{Pool, State};

use super::call;
use super::named::add_name;
use super::request::Caller;
use crate::transport::{Connection, Connector};

/// A way to one endpoint.
#[derive(Clone)]
pub(super) struct TripleChannel(Arc<Inner>);

struct Inner {
    endpoint: Endpoint,
    pool: Pool<Connector>,
    caller: Caller,
}

impl TripleChannel {
    pub(super) fn new(endpoint: Endpoint, pool: Pool<Connector>, caller: Caller) -> Self {
        Self(Arc::new(Inner { endpoint, pool, caller }))
    }
}

impl Inner {
    /// A connection that takes a stream now. One that has been told to go away is passed over.
    async fn connection(&self, deadline: Option<Deadline>) -> dubhe_net::Result<Connection> {
        loop {
            let mut connection = match self.pool.pick() {
                Some(connection) => connection,
                None => self.pool.ready(deadline.map(Deadline::instant)).await?,
            };
            // One that takes none has left the pool, so the loop ends.
            if std::future::poll_fn(|cx| connection.poll_ready(cx)).await {
                return Ok(connection);
            }
        }
    }

    async fn invoke(&self, call: Call) -> Outcome {
        let (service, method) = (call.head.service.clone(), call.head.method.clone());
        let deadline = call.head.deadline;
        let outcome = match self.connection(deadline).await {
            Ok(connection) => call::run(connection, &self.caller, &self.endpoint, call).await,
            Err(error) => {
                let late = deadline.is_some_and(|at| at.passed(dubhe_net::time::now()));
                let late = late && error.is_timeout();
                let code = if late { Code::DeadlineExceeded } else { Code::Unavailable };
                let mut text = error.to_string();
                if !text.starts_with("cannot connect") {
                    text = format!("cannot connect: {text}");
                }
                Err(Status::new(code, text).with_retry(Retry::Unstarted).with_source(error))
            }
        };
        outcome.map_err(|status| add_name(status, &service, &method, &self.endpoint))
    }
}

impl Invoke for TripleChannel {
    fn invoke(&self, call: Call) -> Invoking {
        if let Some(passed) = call.head.extensions.get::<PassedCallbacks>() {
            let status = passed.unsupported(&self.0.endpoint.offer().protocol);
            return Invoking::ready(Err(status.with_origin(Origin::Caller)));
        }
        let inner = self.0.clone();
        Invoking::boxed(async move { inner.invoke(call).await })
    }
}

impl Channel for TripleChannel {
    fn state(&self) -> ChannelState {
        channel_state(self.0.pool.state())
    }

    fn changed(&self, seen: ChannelState) -> Pin<Box<dyn Future<Output = ChannelState> + Send>> {
        let mut changes = self.0.pool.changes();
        Box::pin(async move {
            let other = changes.wait_for(|state| channel_state(*state) != seen).await;
            other.map_or(ChannelState::Closed, |state| channel_state(*state))
        })
    }

    fn is_refused(&self) -> bool {
        self.0.pool.is_refused()
    }

    fn warm_up(&self) {
        self.0.pool.warm_up();
    }

    fn reset_backoff(&self) {
        self.0.pool.reset_backoff();
    }

    fn close(&self, now: bool) {
        self.0.pool.close(now);
    }
}

fn channel_state(state: State) -> ChannelState {
    match state {
        State::Idle => ChannelState::Idle,
        State::Connecting => ChannelState::Connecting,
        State::Ready => ChannelState::Ready,
        State::Hung => ChannelState::Hung,
        State::Draining => ChannelState::Draining,
        State::Closed => ChannelState::Closed,
    }
}
