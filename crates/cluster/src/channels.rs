//! The channels of an application, shared by all its clients.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use dubhe_core::connect::{Channel, ChannelKey, ChannelState, Connect};
use dubhe_core::endpoint::EndpointState;
use dubhe_core::random::RandomSource;
use dubhe_core::status::Retry;
use dubhe_core::time::{Duration, Instant, after};
use dubhe_core::{Code, Endpoint, Status};
use parking_lot::Mutex;
use tokio::task::AbortHandle;

use crate::tasks::Tasks;

/// The time between two connections that no call asked for: at most 50 a second.
const TURN_MICROS: u64 = 20_000;

/// The channels that are open, shared by all endpoints whose [`ChannelKey`] is equal: one an address
/// as a rule, as Dubbo shares its connections. A channel closes when no client has such an endpoint
/// any more; what is kept for it goes at the latest when the next one is opened.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Endpoint; pub mod client { pub use dubhe_cluster::Channels; } }
/// use dubhe::Endpoint;
/// use dubhe::client::Channels;
///
/// // The protocols of an application, the most preferred first: none in this one.
/// let channels = Channels::new(Vec::new());
/// let error = channels.check(&Endpoint::of("dubbo", "10.0.0.7", 20880)).unwrap_err();
/// println!("{error}"); // names the protocol that is missing
/// ```
pub struct Channels {
    connectors: Vec<Arc<dyn Connect>>,
    open: Mutex<HashMap<ChannelKey, Opened>>,
    /// The tasks, one for each channel, which copy its state to its endpoints.
    tasks: Tasks,
    /// The last turn of a connection that no call asked for.
    turn: Mutex<Option<Instant>>,
    /// Set under the lock of `open`, and never taken back.
    closed: AtomicBool,
}

struct Opened {
    channel: Weak<dyn Channel>,
    users: Users,
    /// The task that copies the state of the channel; `None` once no task begins any more.
    follower: Option<AbortHandle>,
}

impl Opened {
    fn is_gone(&self) -> bool {
        self.channel.strong_count() == 0
    }
}

impl Drop for Opened {
    /// Ends the follower, since a channel that tells no changes would keep it waiting.
    fn drop(&mut self) {
        if self.is_gone() {
            // Endpoints may follow another channel by now.
            self.users.lock().clear();
        }
        if let Some(follower) = &self.follower {
            follower.abort();
        }
    }
}

/// The states of the endpoints that a channel leads to, one for each directory.
type Users = Arc<Mutex<Vec<Weak<EndpointState>>>>;

impl Channels {
    /// Channels of the protocols that `connectors` speak, most preferred first.
    pub fn new(connectors: Vec<Arc<dyn Connect>>) -> Self {
        let closed = AtomicBool::new(false);
        let (open, turn) = (Mutex::default(), Mutex::default());
        Self { connectors, open, tasks: Tasks::default(), turn, closed }
    }

    /// The preference of `protocol`, 0 for most; `None` when its endpoints cannot be reached.
    pub fn rank(&self, protocol: &str) -> Option<usize> {
        self.connectors.iter().position(|c| c.protocol() == protocol)
    }

    /// Checks that there is a connector for the protocol of `endpoint`, and that it takes its
    /// parameters. Nothing is connected.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] when there is none; the message lists the known protocols. Those of
    /// [`Connect::connect`] otherwise.
    pub fn check(&self, endpoint: &Endpoint) -> Result<(), Status> {
        let connector = self.connector(endpoint);
        let connector =
            connector.map_err(|status| Status::new(Code::InvalidArgument, status.message()))?;
        let runtime = self.tasks.runtime();
        let _within = runtime.enter();
        connector.connect(&endpoint.detached()).map(drop)
    }

    /// The key of the channel to `endpoint`.
    pub fn key(&self, endpoint: &Endpoint) -> ChannelKey {
        match self.connector(endpoint) {
            Ok(connector) => connector.key(endpoint),
            // It has no channel.
            Err(_) => ChannelKey::new(endpoint),
        }
    }

    /// The channel to `endpoint`, whose state follows that of the channel from now on. It connects in
    /// the runtime in which the channels were made, since other callers will share it. Must be called
    /// within a tokio runtime.
    ///
    /// # Errors
    /// When nothing here speaks its protocol, the protocol refuses its parameters, or all channels
    /// were [closed](Self::close).
    pub fn open(&self, endpoint: &Endpoint) -> Result<Arc<dyn Channel>, Status> {
        let connector = self.connector(endpoint)?;
        let key = connector.key(endpoint);
        let mut open = self.open.lock();
        self.check_open()?;
        if let Some(Opened { channel, users, .. }) = open.get(&key)
            && let Some(channel) = channel.upgrade()
        {
            join(endpoint, &channel, users);
            return Ok(channel);
        }
        // Detached, since a channel that kept the endpoint itself would keep itself alive.
        let runtime = self.tasks.runtime();
        let _within = runtime.enter();
        let channel = connector.connect(&endpoint.detached())?;
        channel.warm_up();
        // Before the endpoint joins: their followers end here, and it may have followed one of them.
        open.retain(|_, opened| !opened.is_gone());
        let users = Users::default();
        join(endpoint, &channel, &users);
        let follower = self.tasks.spawn_abortable(follow(&channel, users.clone()));
        open.insert(key, Opened { channel: Arc::downgrade(&channel), users, follower });
        Ok(channel)
    }

    /// Returns `true` if somebody has a channel to where `endpoint` is.
    pub(crate) fn is_open(&self, endpoint: &Endpoint) -> bool {
        let key = self.key(endpoint);
        self.open.lock().get(&key).is_some_and(|opened| opened.channel.strong_count() > 0)
    }

    /// The moment at which a connection may be opened that no call asked for, reserved for it: at most one
    /// every 20 ms, the first of several after up to 20 ms.
    pub(crate) fn connect_turn(&self, now: Instant, random: &dyn RandomSource) -> Instant {
        let jitter = Duration::from_micros(random.below(TURN_MICROS));
        let mut last = self.turn.lock();
        let soonest = last.map(|last| after(last, Duration::from_micros(TURN_MICROS)));
        let turn = soonest.into_iter().chain([after(now, jitter)]).max().unwrap_or(now);
        *last = Some(turn);
        turn
    }

    fn connector(&self, endpoint: &Endpoint) -> Result<&Arc<dyn Connect>, Status> {
        let protocol = &*endpoint.offer().protocol;
        let connector = self.connectors.iter().find(|c| c.protocol() == protocol);
        connector.ok_or_else(|| {
            let known: Vec<_> = self.connectors.iter().map(|c| c.protocol()).collect();
            let known = known.join(", ");
            let text = format!(
                "cannot reach {endpoint}: protocol {protocol:?} is not configured, only {known}"
            );
            Status::new(Code::Unimplemented, text)
        })
    }

    /// Checks that no call is refused for the reason that all channels were closed.
    ///
    /// # Errors
    /// [`Code::Unavailable`] since [`Self::close`].
    pub(crate) fn check_open(&self) -> Result<(), Status> {
        if self.closed.load(Ordering::Acquire) { Err(closed()) } else { Ok(()) }
    }

    /// Closes all channels, at once with `now`, else after the calls on their way. No other is opened
    /// from then on.
    pub fn close(&self, now: bool) {
        let open: Vec<_> = {
            let open = self.open.lock();
            self.closed.store(true, Ordering::Release);
            open.values().filter_map(|opened| opened.channel.upgrade()).collect()
        };
        for channel in open {
            channel.close(now);
        }
    }
}

#[cold]
fn closed() -> Status {
    let text = "the application has been closed; build another one to make calls";
    Status::new(Code::Unavailable, text).with_retry(Retry::Never)
}

/// Keeps the state of an endpoint equal to that of its channel.
fn join(endpoint: &Endpoint, channel: &Arc<dyn Channel>, users: &Users) {
    let mut users = users.lock();
    users.retain(|user| user.strong_count() > 0);
    users.push(Arc::downgrade(endpoint.state()));
    // Under the lock, so that no older state is noted after a newer one.
    endpoint.state().set_channel_state(channel.state());
}

/// Copies the state of a channel to its endpoints, until the channel is gone.
fn follow(channel: &Arc<dyn Channel>, users: Users) -> impl Future<Output = ()> + use<> {
    let mut seen = channel.state();
    let channel = Arc::downgrade(channel);
    let users = Followers(users);
    async move {
        loop {
            for user in users.0.lock().iter().filter_map(Weak::upgrade) {
                user.set_channel_state(seen);
            }
            if seen == ChannelState::Closed {
                return;
            }
            let changed = channel.upgrade().map(|channel| channel.changed(seen));
            let Some(changed) = changed else { return };
            seen = changed.await;
        }
    }
}

/// The endpoints that follow the state of a channel. After that task has ended, with the runtime,
/// they are asked as if nothing were known of the channel.
struct Followers(Users);

impl Drop for Followers {
    fn drop(&mut self) {
        for user in self.0.lock().iter().filter_map(Weak::upgrade) {
            user.set_channel_state(ChannelState::Idle);
        }
    }
}

impl std::fmt::Debug for Channels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Channels({} open)", self.open.lock().len())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use dubhe_core::{Call, Invoke, Invoking};

    use super::*;

    /// A protocol that never answers.
    pub(crate) struct Silent;

    impl Connect for Silent {
        fn protocol(&self) -> &'static str {
            "test"
        }

        fn key(&self, endpoint: &Endpoint) -> ChannelKey {
            ChannelKey::new(endpoint)
        }

        fn connect(&self, _: &Endpoint) -> Result<Arc<dyn Channel>, Status> {
            Ok(Arc::new(Self))
        }
    }

    impl Invoke for Silent {
        fn invoke(&self, _: Call) -> Invoking {
            Invoking::boxed(std::future::pending())
        }
    }

    impl Channel for Silent {}

    #[tokio::test]
    async fn a_channel_forgets_the_endpoints_that_are_gone() {
        let channels = Channels::new(vec![Arc::new(Silent)]);
        let endpoint = || Endpoint::of("test", "h", 1);
        let first = endpoint();
        let _channel = channels.open(&first).unwrap();
        for _ in 0..100 {
            channels.open(&endpoint()).unwrap();
        }
        let open = channels.open.lock();
        let users: Vec<_> = open.values().map(|opened| opened.users.lock().len()).collect();
        assert_eq!(users, [2], "the first, and the last that joined");
    }
}
