//! A document in all stores.

use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::documents::{Document, DocumentKey, DocumentState, DocumentStore};
use dubhe_core::registry::Health;

use crate::parse::validate;
use crate::snapshot::{Followed, InEffect, Refused};

/// The last states of a document in each store, and what came of them.
pub(super) struct Tracked {
    /// The last state by store; `None` until it answers.
    states: Vec<Option<DocumentState>>,
    /// The store and the text that were read last.
    read: Option<(usize, ByteString)>,
    followed: Arc<Followed>,
}

/// A change of a rule.
pub(super) enum Change {
    /// No change, or but one of the health of the store.
    None,
    /// A new text is in effect.
    InEffect,
    /// The document is gone.
    Removed,
    /// The newest text is refused.
    Refused,
}

impl Tracked {
    pub(super) fn new(stores: usize) -> Self {
        Self { states: vec![None; stores], read: None, followed: Arc::default() }
    }

    /// Takes what a store says now.
    pub(super) fn take(&mut self, store: usize, state: DocumentState) {
        let Some(known) = self.states.get_mut(store) else { return };
        let before = known.take().and_then(|state| state.document);
        let stale = state.health == Health::Stale;
        // A store that is out of reach has not removed anything.
        let document = if stale { state.document.or(before) } else { state.document };
        *known = Some(DocumentState { document, health: state.health });
    }

    /// The store has ended its watch, which it should not: what it said last is all there is.
    pub(super) fn lost(&mut self, store: usize) {
        let document = self.states.get_mut(store).and_then(Option::take);
        self.take(store, DocumentState { health: Health::Stale, ..document.unwrap_or_default() });
    }

    /// Returns `true` when all stores have answered.
    pub(super) fn is_complete(&self) -> bool {
        self.states.iter().all(Option::is_some)
    }

    pub(super) fn followed(&self) -> &Arc<Followed> {
        &self.followed
    }

    /// Reads the text that counts now.
    pub(super) fn update(
        &mut self,
        key: &DocumentKey,
        stores: &[Arc<dyn DocumentStore>],
    ) -> Change {
        let found = self.states.iter().enumerate().find_map(|(store, state)| {
            let state = state.as_ref()?;
            Some((store, state.document.as_ref()?, state.health))
        });
        let Some((store, document, health)) = found else { return self.absent() };
        if self.read.as_ref().is_some_and(|(from, text)| *from == store && *text == document.text) {
            return self.unchanged(&document.version.clone(), health);
        }
        let name = || stores.get(store).map_or_else(ByteString::new, |s| s.name().into());
        self.read = Some((store, document.text.clone()));
        let Document { text, version } = document;
        let (followed, change) = match validate(key, text) {
            Ok(summary) => {
                let effect = InEffect { summary, store: name(), version: version.clone() };
                let effect = Some(Arc::new(effect));
                (Followed { effect, health, refused: None }, Change::InEffect)
            }
            Err(error) => {
                let line = error.source_line(text).map(str::to_owned);
                let refused = Refused { error, line, store: name(), version: version.clone() };
                let (effect, refused) = (self.followed.effect.clone(), Some(Arc::new(refused)));
                (Followed { effect, health, refused }, Change::Refused)
            }
        };
        self.followed = Arc::new(followed);
        change
    }

    fn absent(&mut self) -> Change {
        let fresh = self.states.iter().flatten().all(|state| state.health == Health::Fresh);
        let health = if fresh { Health::Fresh } else { Health::Stale };
        let removed = self.followed.effect.is_some();
        self.read = None;
        let same = !removed && self.followed.refused.is_none() && self.followed.health == health;
        if !same {
            self.followed = Arc::new(Followed { effect: None, health, refused: None });
        }
        if removed { Change::Removed } else { Change::None }
    }

    /// The same text, perhaps with another version or health.
    fn unchanged(&mut self, version: &ByteString, health: Health) -> Change {
        let mut followed = (*self.followed).clone();
        followed.health = health;
        if let Some(refused) = &mut followed.refused {
            if refused.version != *version {
                *refused = Arc::new(Refused { version: version.clone(), ..(**refused).clone() });
            }
        } else if let Some(effect) = &mut followed.effect
            && effect.version != *version
        {
            *effect = Arc::new(InEffect { version: version.clone(), ..(**effect).clone() });
        }
        let old = &self.followed;
        if old.health != health
            || old.effect.as_ref().map(Arc::as_ptr) != followed.effect.as_ref().map(Arc::as_ptr)
            || old.refused.as_ref().map(Arc::as_ptr) != followed.refused.as_ref().map(Arc::as_ptr)
        {
            self.followed = Arc::new(followed);
        }
        Change::None
    }
}
