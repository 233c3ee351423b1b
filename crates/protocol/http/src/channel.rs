//! A way to one HTTP server.

use std::pin::Pin;
use std::sync::Arc;

use dubhe_core::connect::{Channel, ChannelState};
use dubhe_core::status::Origin;
use dubhe_core::{Call, Endpoint, Invoke, Invoking};

use crate::exchange;
use crate::options::HttpOptions;
use crate::pool::Pool;

/// A way to one HTTP server. Clones share its connections.
#[derive(Clone)]
pub(crate) struct HttpChannel(Arc<Inner>);

struct Inner {
    endpoint: Endpoint,
    pool: Pool,
    options: HttpOptions,
}

impl HttpChannel {
    pub(crate) fn new(endpoint: Endpoint, pool: Pool, options: HttpOptions) -> Self {
        Self(Arc::new(Inner { endpoint, pool, options }))
    }
}

impl Invoke for HttpChannel {
    fn invoke(&self, call: Call) -> Invoking {
        let inner = self.0.clone();
        Invoking::boxed(async move {
            let Inner { endpoint, pool, options } = &*inner;
            let (service, method) = (call.head.service.clone(), call.head.method.clone());
            let outcome = exchange::run(pool, endpoint, options, call).await;
            outcome.map_err(|status| {
                let name = format_args!("{} of {service} on {endpoint}", method.name);
                match status.origin() {
                    Origin::Local => status.context(name),
                    Origin::RemoteFramework => status.with_call(name),
                    Origin::RemoteBusiness | Origin::Caller => status,
                }
            })
        })
    }
}

impl Channel for HttpChannel {
    fn state(&self) -> ChannelState {
        *self.0.pool.states().borrow()
    }

    fn changed(&self, seen: ChannelState) -> Pin<Box<dyn Future<Output = ChannelState> + Send>> {
        let mut states = self.0.pool.states();
        Box::pin(async move {
            let other = states.wait_for(|state| *state != seen).await;
            other.map_or(ChannelState::Closed, |state| *state)
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
