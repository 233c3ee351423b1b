//! A range that is followed: its content, and where its watch stands.

use std::sync::Arc;

use dubhe_core::Status;
use dubhe_core::random::RandomSource;
use dubhe_core::time::Instant;
use dubhe_registry::keeping::Audits;
use tokio::sync::watch;

use crate::client::range::size;
use crate::client::{Entries, Entry, KeyRange, View, shown};
use crate::generated::etcd::{Event, event};

/// The way to a watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The range must be read.
    Unread,
    /// The range is being read.
    Reading,
    /// The range was read, up to the revision that is known; changes from there on must be watched.
    Read,
    /// A watch was asked for.
    Creating,
    /// Changes come.
    Watching,
    /// A failure; at this time it is tried again.
    Waiting(Instant),
}

/// A reading of a range that is watched.
#[derive(Clone, Copy)]
pub(super) struct Audit {
    watch_id: i64,
    /// The revision that was known when it began.
    revision: i64,
}

pub(in crate::client) struct Followed {
    pub(super) range: KeyRange,
    pub(super) stage: Stage,
    /// The number of its watch, once one was asked for.
    pub(super) watch_id: i64,
    /// The revision up to which the content is known; 0 when the range must be read.
    pub(super) revision: i64,
    pub(super) failures: u32,
    audits: Audits,
    /// The time at which a range that is watched is read again.
    pub(super) audit_at: Option<Instant>,
    /// The time at which changes are told.
    pub(super) tell_at: Option<Instant>,
    entries: Arc<Entries>,
    bytes: usize,
    is_known: bool,
    error: Option<Status>,
    view: watch::Sender<View>,
}

impl Followed {
    pub(in crate::client) fn new(range: KeyRange, view: watch::Sender<View>) -> Self {
        Self {
            range,
            stage: Stage::Unread,
            watch_id: 0,
            revision: 0,
            failures: 0,
            audits: Audits::default(),
            audit_at: None,
            tell_at: None,
            entries: Arc::default(),
            bytes: 0,
            is_known: false,
            error: None,
            view,
        }
    }

    /// Takes over what was read.
    pub(super) fn replace(&mut self, entries: Entries, revision: i64) {
        self.bytes = entries.iter().map(|(key, entry)| size(key, &entry.value)).sum();
        self.entries = Arc::new(entries);
        self.revision = revision;
        (self.is_known, self.stage) = (true, Stage::Read);
    }

    /// Sets the time of the next audit; `anew` after a watch was created.
    pub(super) fn plan_audit(&mut self, now: Instant, anew: bool, random: &dyn RandomSource) {
        if anew {
            self.audits.restart();
        }
        self.audit_at = Some(self.audits.next(now, self.bytes, random));
    }

    /// Begins an audit of a range that is watched, if one is due.
    pub(super) fn begin_audit(&mut self, now: Instant) -> Option<Audit> {
        self.audit_at.filter(|at| self.stage == Stage::Watching && *at <= now)?;
        self.audit_at = None;
        Some(Audit { watch_id: self.watch_id, revision: self.revision })
    }

    /// Returns `true` if the watch that is audited is still there.
    pub(super) fn is_of(&self, audit: Audit) -> bool {
        self.stage == Stage::Watching && self.watch_id == audit.watch_id
    }

    /// Returns `true` if what an audit read, the content of `revision`, shows that a change was lost.
    pub(super) fn differs(&self, entries: &Entries, audit: Audit, revision: i64) -> bool {
        // No reading is older than what was known before, unless that was wrong. What is known may be newer:
        // a change that came meanwhile.
        revision < audit.revision || (self.revision <= revision && *self.entries != *entries)
    }

    /// Begins anew over another connection.
    pub(super) fn reset(&mut self) {
        self.audit_at = None;
        self.watch_id = 0;
        self.stage = if self.revision > 0 { Stage::Read } else { Stage::Unread };
    }

    /// Applies changes that are not known yet; returns the revision of the last.
    pub(in crate::client) fn apply(&mut self, events: Vec<Event>) -> i64 {
        let mut last = self.revision;
        for event in events {
            let deleted = event.r#type() == event::EventType::Delete;
            let Some(kv) = event.kv else { continue };
            // Known from before the connection was lost, or nobody's business.
            if kv.mod_revision <= self.revision || !self.range.contains(&kv.key) {
                continue;
            }
            last = last.max(kv.mod_revision);
            let entries = Arc::make_mut(&mut self.entries);
            let before = if deleted {
                entries.remove(&kv.key)
            } else {
                self.bytes += size(&kv.key, &kv.value);
                let entry =
                    Entry { value: kv.value, mod_revision: kv.mod_revision, lease: kv.lease };
                entries.insert(kv.key.clone(), entry)
            };
            if let Some(before) = before {
                self.bytes = self.bytes.saturating_sub(size(&kv.key, &before.value));
            }
        }
        last
    }

    /// The bytes that the content takes.
    pub(in crate::client) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Keeps an error, and what was known before; at `again` it is tried anew, from reading on if
    /// `unread`.
    pub(super) fn fail(&mut self, status: Status, unread: bool, again: Instant) {
        self.watch_id = 0;
        self.failures = self.failures.saturating_add(1);
        // The first of a row and then ever fewer, lest an outage floods the log.
        if self.failures.is_power_of_two() {
            let (range, failures) = (shown(&self.range.start), self.failures);
            tracing::warn!(range, %status, failures, "cannot follow keys of etcd; trying again");
        }
        self.stage = Stage::Waiting(again);
        if unread {
            self.revision = 0;
        }
        self.error = Some(status);
        self.tell();
    }

    /// Forgets errors: etcd has answered.
    pub(super) fn answered(&mut self) {
        if self.error.is_some() {
            tracing::info!(range = shown(&self.range.start), "keys of etcd are followed again");
        }
        self.failures = 0;
        self.error = None;
    }

    /// Tells the followers.
    pub(in crate::client) fn tell(&mut self) {
        self.tell_at = None;
        let is_fresh = self.is_known
            && self.error.is_none()
            && matches!(self.stage, Stage::Read | Stage::Creating | Stage::Watching);
        self.show(is_fresh);
    }

    /// Tells the followers that changes are not heard of.
    pub(super) fn tell_stale(&mut self) {
        self.tell_at = None;
        self.show(false);
    }

    fn show(&self, is_fresh: bool) {
        let view = View {
            entries: self.entries.clone(),
            is_known: self.is_known,
            is_fresh,
            error: self.error.clone(),
        };
        self.view.send_if_modified(|now| {
            let same = Arc::ptr_eq(&now.entries, &view.entries)
                && (now.is_known, now.is_fresh) == (view.is_known, view.is_fresh)
                && now.error.as_ref().map(Status::message)
                    == view.error.as_ref().map(Status::message);
            if !same {
                *now = view;
            }
            !same
        });
    }
}
