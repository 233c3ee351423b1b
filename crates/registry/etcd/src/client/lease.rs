//! The lease of a client: granted when first wanted, kept alive, replaced when it is lost.

use std::sync::Arc;

use dubhe_core::time::{Duration, after};
use dubhe_core::{Code, Status};
use futures_util::stream;
use tokio::sync::{Notify, mpsc, watch};

use super::calls::{LEASE_GRANT, LEASE_KEEP_ALIVE, LEASE_REVOKE, malformed};
use super::link::{Link, REQUEST_TIMEOUT};
use super::{Core, closed};
use crate::generated::etcd::{
    LeaseGrantRequest, LeaseGrantResponse, LeaseKeepAliveRequest, LeaseKeepAliveResponse,
    LeaseRevokeRequest, LeaseRevokeResponse,
};

/// The longest time that closing waits for the lease to be revoked.
const REVOKE_TIMEOUT: Duration = Duration::from_secs(3);

/// The lease as those see it who need one.
#[derive(Default)]
pub(super) struct Lease {
    held: watch::Sender<Option<i64>>,
    wanted: watch::Sender<bool>,
    /// The word of somebody to whom etcd said that there is no such lease.
    doubted: Notify,
}

impl Lease {
    pub(super) fn held(&self) -> watch::Receiver<Option<i64>> {
        self.held.subscribe()
    }
}

/// The end of keeping a lease alive over one connection.
enum Lost {
    /// The lease is gone.
    Expired,
    /// The lease may be gone; the next connection tells.
    Unknown(Status),
}

impl Core {
    /// Waits for the lease, which is wanted from now on.
    pub(crate) async fn held_lease(&self) -> Result<i64, Status> {
        self.lease.wanted.send_if_modified(|wanted| !std::mem::replace(wanted, true));
        let mut held = self.lease.held.subscribe();
        loop {
            if let Some(id) = *held.borrow_and_update() {
                return Ok(id);
            }
            if held.changed().await.is_err() {
                return Err(closed());
            }
        }
    }

    /// Says that etcd does not know the lease.
    pub(crate) fn doubt_lease(&self) {
        self.lease.doubted.notify_one();
    }

    fn ttl(&self) -> Duration {
        let seconds = self.options.session_timeout.as_millis().div_ceil(1000).max(1);
        Duration::from_secs(u64::try_from(seconds).unwrap_or(u64::MAX))
    }
}

/// Keeps a lease for as long as it is polled.
pub(super) async fn keep(core: &Core) {
    // The sender lives in `core`.
    let _ = core.lease.wanted.subscribe().wait_for(|wanted| *wanted).await;
    let mut ttl = core.ttl();
    let mut failures = 0_u32;
    while let Ok(link) = core.connected().await {
        let held = *core.lease.held.borrow();
        let lost = match held {
            Some(id) => keep_alive(core, &link, id, ttl).await,
            None => match grant(core).await {
                Ok((id, granted)) => {
                    failures = 0;
                    ttl = granted;
                    tracing::debug!(lease = id, ?ttl, "etcd granted a lease");
                    core.lease.held.send_replace(Some(id));
                    continue;
                }
                Err(status) => Lost::Unknown(status),
            },
        };
        match lost {
            Lost::Expired => {
                tracing::warn!(lease = held, "the lease of etcd has expired");
                core.lease.held.send_replace(None);
            }
            Lost::Unknown(status) => {
                failures += 1;
                core.doubt(&link, &status);
                if failures.is_power_of_two() && status.code() != Code::Unavailable {
                    tracing::warn!(%status, failures, "no lease of etcd; trying again");
                }
                core.pause(failures).await;
            }
        }
    }
}

async fn grant(core: &Core) -> Result<(i64, Duration), Status> {
    let ttl = i64::try_from(core.ttl().as_secs()).unwrap_or(i64::MAX);
    let granted: LeaseGrantResponse = core.call(LEASE_GRANT, LeaseGrantRequest { ttl }).await?;
    if !granted.error.is_empty() {
        return Err(Status::new(Code::FailedPrecondition, granted.error));
    }
    match u64::try_from(granted.ttl) {
        Ok(ttl) if ttl > 0 && granted.id != 0 => Ok((granted.id, Duration::from_secs(ttl))),
        _ => Err(malformed("a lease without an id or a time to live")),
    }
}

/// Keeps a lease alive over one connection, asking three times in its time to live.
async fn keep_alive(core: &Core, link: &Arc<Link>, id: i64, ttl: Duration) -> Lost {
    let clock = &core.options.clock;
    let (asks, receiver) = mpsc::channel::<LeaseKeepAliveRequest>(1);
    let requests =
        stream::unfold(receiver, |mut receiver| async { Some((receiver.recv().await?, receiver)) });
    let token = link.token();
    let opening =
        link.stream::<_, LeaseKeepAliveResponse>(LEASE_KEEP_ALIVE, requests, token.clone());
    let mut opening = Some(Box::pin(opening));
    let mut answers = None;
    loop {
        // One ask is on its way at a time, so there is room.
        if asks.try_send(LeaseKeepAliveRequest { id }).is_err() {
            return Lost::Unknown(Status::unavailable("the lease is not kept alive any more"));
        }
        let answer = async {
            let mut answers = match opening.take() {
                Some(opening) => opening.await?,
                None => answers.take().ok_or_else(closed)?,
            };
            let answer: Option<LeaseKeepAliveResponse> = answers.message().await?;
            Ok::<_, Status>((answer, answers))
        };
        let late = clock.sleep_until(after(clock.now(), (ttl / 3).min(REQUEST_TIMEOUT)));
        let answer = tokio::select! {
            answer = answer => answer,
            () = late => {
                let code = Code::DeadlineExceeded;
                return Lost::Unknown(Status::new(code, "no answer about the lease"));
            }
            () = core.lost(link) => return Lost::Unknown(Status::unavailable("not connected")),
        };
        match answer {
            Ok((Some(answer), stream)) if answer.id == id => {
                if answer.ttl <= 0 {
                    return Lost::Expired;
                }
                answers = Some(stream);
            }
            Ok((Some(_), _)) => return Lost::Unknown(malformed("the state of another lease")),
            Ok((None, _)) => return Lost::Unknown(Status::unavailable("etcd ended the stream")),
            Err(status) => {
                if core.is_token_refused(&status) {
                    // The next attempt has a new token, or fails as this one did.
                    let _ = core.renew_token(link, token).await;
                }
                return Lost::Unknown(status);
            }
        }
        tokio::select! {
            () = core.sleep(ttl / 3) => {}
            () = core.lease.doubted.notified() => {}
            () = core.lost(link) => return Lost::Unknown(Status::unavailable("not connected")),
        }
    }
}

/// Gives the lease back, and with it all keys that have it.
pub(super) async fn revoke(core: &Core) {
    let Some(id) = core.lease.held.send_replace(None) else { return };
    let revoked = core.call::<_, LeaseRevokeResponse>(LEASE_REVOKE, LeaseRevokeRequest { id });
    let revoked = tokio::select! {
        revoked = revoked => revoked.map(drop),
        () = core.sleep(REVOKE_TIMEOUT) => Err(Status::unavailable("no answer")),
    };
    if let Err(status) = revoked {
        tracing::warn!(lease = id, %status, "cannot revoke the lease; its keys go when it ends");
    }
}
