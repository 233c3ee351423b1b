//! Waiting for a registration, and for the end of one.

use std::fmt;
use std::pin::pin;

use dubhe_core::time::{Duration, SharedClock, after};
use dubhe_core::{Code, Status};
use tokio::sync::watch;

use super::kept::KeptState;

/// The state of the connection to a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectionState {
    /// A connection that works.
    Connected,
    /// The attempt to make one, with the error of the last.
    Connecting(Option<String>),
    /// The end of the client.
    Closed,
}

/// A state of a client from which that of its connection can be read.
pub trait Connection: Send + Sync {
    /// The state of the connection.
    fn connection(&self) -> ConnectionState;
}

/// The terms by which a call waits.
pub struct Waiting<'a, S> {
    /// The name of the registry, for errors and the log.
    pub name: &'a str,
    /// The clock.
    pub clock: &'a SharedClock,
    /// The longest time.
    pub timeout: Duration,
    /// `false` for calls that do not wait for a connection, and take what may pass for no error.
    pub check: bool,
    /// The states of the client.
    pub states: watch::Receiver<S>,
    /// The fate, without a connection, of what is to be taken back; `None` where it goes with the
    /// connection, which is no error.
    pub left_behind: Option<&'static str>,
}

impl<S> fmt::Debug for Waiting<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<S: Connection> Waiting<'_, S> {
    /// Waits until the value of this number is in place.
    ///
    /// # Errors
    /// When it is refused, or not placed in time; without `check`, neither is an error.
    pub(super) async fn placed(
        &mut self,
        mut state: watch::Receiver<KeptState>,
        number: u64,
    ) -> Result<(), Status> {
        let mut late = pin!(self.clock.sleep_until(after(self.clock.now(), self.timeout)));
        loop {
            let connection = self.states.borrow_and_update().connection();
            let offline = match connection {
                ConnectionState::Connected => None,
                ConnectionState::Connecting(error) => Some(error),
                ConnectionState::Closed => return Err(self.closed()),
            };
            let refused = match &*state.borrow_and_update() {
                KeptState::Placed(placed) if *placed >= number => return Ok(()),
                KeptState::Refused(refused, status) if *refused >= number => Some(status.clone()),
                KeptState::Removed(_) => {
                    return Err(Status::new(Code::Aborted, "unregistered during its registration"));
                }
                _ => None,
            };
            match refused {
                Some(status) if self.check => return Err(status.context(self.name)),
                None if self.check || offline.is_none() => {}
                _ => {
                    self.log_unplaced();
                    return Ok(());
                }
            }
            tokio::select! {
                // An error says that the client is closed; the next look at its state says so too.
                changed = state.changed() => if changed.is_err() && self.states.changed().await.is_err() {
                    return Err(self.closed());
                },
                _ = self.states.changed() => {}
                () = &mut late => {
                    if !self.check {
                        self.log_unplaced();
                        return Ok(());
                    }
                    let why = offline.flatten().unwrap_or_else(|| "no answer yet".to_owned());
                    let timeout = self.timeout;
                    return Err(self.failed(&format!(
                        "not done within {timeout:?} ({why}); check=false lets a provider start \
                         without its registry"
                    )));
                }
            }
        }
    }

    fn log_unplaced(&self) {
        tracing::warn!(
            registry = self.name,
            "not registered yet, and check=false: the provider starts; trying goes on"
        );
    }

    /// Waits until something has been taken back; not for a connection.
    ///
    /// # Errors
    /// When it is not, or not in time.
    pub(super) async fn removed(
        &mut self,
        mut state: watch::Receiver<KeptState>,
    ) -> Result<(), Status> {
        let mut late = pin!(self.clock.sleep_until(after(self.clock.now(), self.timeout)));
        loop {
            if let KeptState::Removed(outcome) = &*state.borrow_and_update() {
                return outcome.clone().map_err(|status| status.context(self.name));
            }
            let connection = self.states.borrow_and_update().connection();
            match (connection, self.left_behind) {
                (ConnectionState::Connected, _) => {}
                // It went with the session.
                (ConnectionState::Closed, _) | (ConnectionState::Connecting(_), None) => {
                    return Ok(());
                }
                (ConnectionState::Connecting(_), Some(what)) => {
                    return Err(self.failed(&format!("not connected; {what}")));
                }
            }
            tokio::select! {
                // An error says that its task ended with the client.
                changed = state.changed() => if changed.is_err() {
                    return Ok(());
                },
                _ = self.states.changed() => {}
                () = &mut late => {
                    return Err(self.failed(&format!("not done within {:?}", self.timeout)));
                }
            }
        }
    }

    fn closed(&self) -> Status {
        self.failed("the client is closed")
    }

    fn failed(&self, why: &str) -> Status {
        Status::unavailable(format!("{}: {why}", self.name))
    }
}
