//! Connecting to one server after another.

use std::sync::Arc;

use bytes::Bytes;
use dubhe_core::connect::ChannelState;
use dubhe_core::time::{Duration, after};
use dubhe_core::{Code, Status};
use dubhe_net::io::Address;

use super::link::{Link, REQUEST_TIMEOUT};
use super::{ClientState, Connected, Core};

/// The longest time to connect to one server, its first answer included.
const CONNECT_TIMEOUT: Duration = REQUEST_TIMEOUT;

/// A connection that ends sooner than this counts as one more failure: a server that lets clients in
/// and throws them out must not be asked ever again without a longer pause.
const MIN_STABLE_TIME: Duration = Duration::from_secs(10);

/// Connects for as long as it is polled.
pub(super) async fn drive(core: &Core) {
    let options = &core.options;
    let count = u64::try_from(options.servers.len()).unwrap_or(u64::MAX);
    let first = usize::try_from(options.random.below(count)).unwrap_or(0);
    let (mut failures, mut number, mut to_tell) = (0_u32, 0, true);
    for server in options.servers.iter().cycle().skip(first) {
        if failures > 0 {
            // The bound of the pause grows when all servers have been tried.
            core.pause(failures.div_ceil(u32::try_from(count).unwrap_or(u32::MAX).max(1))).await;
        }
        number += 1;
        let began = options.clock.now();
        let why = match connect(core, server, number).await {
            Ok(link) => {
                if std::mem::take(&mut to_tell) {
                    tracing::info!(%server, "connected to etcd");
                }
                let connected = ClientState::Connected(Connected(link.clone()));
                core.state.send_replace(connected);
                let why = end(core, &link).await;
                link.close();
                why
            }
            Err(why) => why,
        };
        let lasted = options.clock.now().saturating_duration_since(began) > MIN_STABLE_TIME;
        failures = if lasted { 1 } else { failures.saturating_add(1) };
        let why = why.context(server);
        // The first of a row and then ever fewer, lest an outage floods the log.
        if failures.is_power_of_two() {
            tracing::warn!(%why, failures, "no connection to etcd; trying again");
            to_tell = true;
        }
        core.state.send_replace(ClientState::Connecting { error: Some(why) });
    }
}

/// A connection whose server answers.
async fn connect(core: &Core, server: &Address, number: u64) -> Result<Arc<Link>, Status> {
    let clock = &core.options.clock;
    let late = clock.sleep_until(after(clock.now(), CONNECT_TIMEOUT));
    let connected = async {
        let link = Arc::new(Link::open(&core.options, server, number).await?);
        match greet(core, &link).await {
            Ok(()) => Ok(link),
            Err(status) => {
                link.close();
                Err(status)
            }
        }
    };
    tokio::select! {
        connected = connected => connected,
        () = late => Err(Status::unavailable(format!("no answer within {CONNECT_TIMEOUT:?}"))),
    }
}

/// Asks for the token, and for something that only a server of a whole cluster can answer: one that has
/// lost the others is no help.
async fn greet(core: &Core, link: &Link) -> Result<(), Status> {
    core.renew_token(link, None).await?;
    match core.probe(link, Bytes::from_static(b"dubhe")).await {
        // The user may read other keys.
        Err(status) if status.code() == Code::PermissionDenied => Ok(()),
        answered => answered,
    }
}

/// Waits for the end of a connection.
async fn end(core: &Core, link: &Link) -> Status {
    let mut suspects = core.suspect.subscribe();
    loop {
        let state = link.channel().state();
        match state {
            ChannelState::Ready => {}
            ChannelState::Hung => {
                return Status::unavailable("the server does not answer any more");
            }
            _ => return Status::unavailable("the connection was lost"),
        }
        tokio::select! {
            _ = link.channel().changed(state) => {}
            _ = suspects.wait_for(|suspect| *suspect == link.number) => {
                return Status::unavailable("the server cannot answer; another one may");
            }
        }
    }
}
