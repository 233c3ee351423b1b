//! Heartbeats while calls wait, beside the periodic ones.

use std::time::{Duration, Instant};

use dubhe_net::keepalive::{Keepalive, KeepaliveOptions, ProbeStep};
use dubhe_net::session::Outbox;

use super::Role;
use super::session::Exchange;
use crate::body::Event;

/// The state of the probes, and the time of the last look.
#[derive(Debug)]
pub(super) struct Probes {
    keepalive: Keepalive,
    looked: Option<Instant>,
}

impl Probes {
    /// The probes of a client. A server sends none, as in Dubbo Java.
    pub(super) fn new(role: Role, options: KeepaliveOptions) -> Self {
        let options = if role == Role::Client { options } else { KeepaliveOptions::off() };
        Self { keepalive: Keepalive::new(options), looked: None }
    }

    pub(super) fn first_look(&self) -> Option<Duration> {
        self.keepalive.first_look()
    }

    pub(super) fn is_hung(&self) -> bool {
        self.keepalive.is_hung()
    }

    /// A reply arrived.
    pub(super) fn answered(&mut self) {
        self.keepalive.answered();
    }

    /// Returns `true` if something was read since the last look.
    fn heard(&mut self, now: Instant, last_read: Instant) -> bool {
        // What is read after a look in the same turn has the same time.
        self.looked.replace(now).is_none_or(|looked| last_read >= looked)
    }
}

impl Exchange {
    /// Probes a peer that lets calls wait; gives the time of the next look.
    pub(super) fn look_at_peer(
        &mut self,
        now: Instant,
        last_read: Instant,
        waiting: bool,
        out: &mut Outbox,
    ) -> Option<Instant> {
        let heard = self.keepalive.heard(now, last_read);
        let (step, next) = self.keepalive.keepalive.look(now, heard, waiting);
        let peer = &self.connection.handle().peer().remote;
        match step {
            ProbeStep::Wait => {}
            ProbeStep::Probe => self.send_event(Event::Heartbeat, true, out),
            ProbeStep::Hung => {
                tracing::warn!(
                    %peer,
                    "calls wait and the peer answers nothing, not even a heartbeat; it gets no new \
                     calls until it does"
                );
                self.connection.set_hung(true);
            }
            ProbeStep::Alive => {
                tracing::info!(%peer, "the peer answers again");
                self.connection.set_hung(false);
            }
            ProbeStep::Dead => {
                tracing::warn!(%peer, "the peer still answers nothing; another connection is opened");
                self.connection.drain();
            }
        }
        if let Some(next) = next {
            out.tick_at(next);
        }
        next
    }
}
