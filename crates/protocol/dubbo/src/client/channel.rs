//! A way to one endpoint.

use std::pin::Pin;
use std::sync::Arc;

use dubhe_core::connect::{Channel, ChannelState};
use dubhe_core::invoke::Outcome;
use dubhe_core::status::Retry;
use dubhe_core::{Call, Code, Endpoint, Invoke, Invoking, Status};
use dubhe_net::Error;
use dubhe_net::pool::{Pool, State};

use super::connector::Connector;

/// A way to one endpoint, over the connections of a pool.
pub(super) struct DubboChannel {
    endpoint: Endpoint,
    pool: Arc<Pool<Connector>>,
}

impl DubboChannel {
    pub(super) fn new(endpoint: Endpoint, pool: Pool<Connector>) -> Self {
        Self { endpoint, pool: Arc::new(pool) }
    }
}

/// Waits for a connection, then calls.
async fn invoke_later(endpoint: Endpoint, pool: Arc<Pool<Connector>>, call: Call) -> Outcome {
    let deadline = call.head.deadline.map(dubhe_core::time::Deadline::instant);
    match pool.ready(deadline).await {
        Ok(connection) => connection.0.start(call).await,
        Err(error) => Err(unreachable(&endpoint, &call, error)),
    }
}

#[cold]
fn unreachable(endpoint: &Endpoint, call: &Call, error: Error) -> Status {
    let code = if error.is_timeout() && call.head.deadline.is_some_and(passed) {
        Code::DeadlineExceeded
    } else {
        Code::Unavailable
    };
    let (service, method) = (&call.head.service, &call.head.method.name);
    Status::new(code, format!("{service}.{method}: cannot reach {endpoint}: {error}"))
        .with_retry(Retry::Unstarted)
        .with_source(error)
}

fn passed(deadline: dubhe_core::time::Deadline) -> bool {
    deadline.passed(dubhe_net::time::now())
}

impl Invoke for DubboChannel {
    fn invoke(&self, call: Call) -> Invoking {
        match self.pool.pick() {
            Some(connection) => connection.0.start(call),
            None => {
                let (endpoint, pool) = (self.endpoint.clone(), self.pool.clone());
                Invoking::boxed(invoke_later(endpoint, pool, call))
            }
        }
    }
}

impl Channel for DubboChannel {
    fn state(&self) -> ChannelState {
        channel_state(self.pool.state())
    }

    fn changed(&self, seen: ChannelState) -> Pin<Box<dyn Future<Output = ChannelState> + Send>> {
        let mut changes = self.pool.changes();
        Box::pin(async move {
            let other = changes.wait_for(|state| channel_state(*state) != seen).await;
            other.map_or(ChannelState::Closed, |state| channel_state(*state))
        })
    }

    fn is_refused(&self) -> bool {
        self.pool.is_refused()
    }

    fn warm_up(&self) {
        self.pool.warm_up();
    }

    fn reset_backoff(&self) {
        self.pool.reset_backoff();
    }

    fn close(&self, now: bool) {
        self.pool.close(now);
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
