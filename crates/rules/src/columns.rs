//! The endpoints of a set by the values that they have under a key, so that a matcher is asked for each value
//! once and looks plain texts up.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use bytestring::ByteString;
use dubhe_config::rule::condition::{Glob, MatchKey, Matcher, NOT_FOUND, Pattern};
use dubhe_core::endpoint::Endpoints;
use dubhe_core::router::Bitmap;

use crate::consumer::Consumer;
use crate::{pattern, provider};

/// The endpoints of a set by key and value.
pub(crate) struct Columns<'a> {
    set: &'a Endpoints,
    consumer: &'a Consumer,
    by_key: HashMap<ByteString, Column<'a>>,
}

struct Column<'a> {
    values: HashMap<Cow<'a, str>, Vec<usize>>,
    /// The endpoints that have a value at all.
    present: Bitmap,
}

impl<'a> Columns<'a> {
    pub(crate) fn new(set: &'a Endpoints, consumer: &'a Consumer) -> Self {
        Self { set, consumer, by_key: HashMap::new() }
    }

    pub(crate) fn set(&self) -> &'a Endpoints {
        self.set
    }

    pub(crate) fn consumer(&self) -> &'a Consumer {
        self.consumer
    }

    /// The endpoints for which all matchers of the right side of a condition hold; all without any.
    pub(crate) fn matching(&mut self, matchers: &[Matcher]) -> Bitmap {
        let mut left = Bitmap::full(self.set.len());
        for matcher in matchers {
            if left.is_empty() {
                break;
            }
            left.intersect(&self.matching_one(matcher));
        }
        left
    }

    fn matching_one(&mut self, matcher: &Matcher) -> Bitmap {
        let Matcher { key, matches, mismatches } = matcher;
        let consumer = self.consumer;
        match key {
            MatchKey::Param(name) => self.column(name).matching(matches, mismatches, consumer),
            MatchKey::Method => self.column("method").matching(matches, mismatches, consumer),
            MatchKey::Methods => self.column("methods").matching(matches, mismatches, consumer),
            // There is no call on this side.
            MatchKey::Argument(_) | MatchKey::Attachment(_) => {
                let all = (0..self.set.len()).collect();
                let values = HashMap::from([(Cow::Borrowed(NOT_FOUND), all)]);
                let column = Column { values, present: Bitmap::full(self.set.len()) };
                column.matching(matches, mismatches, consumer)
            }
        }
    }

    /// The endpoints whose value under a key matches a pattern.
    pub(crate) fn with_value(&mut self, key: &str, pattern: Pattern) -> Bitmap {
        let consumer = self.consumer;
        self.column(key).matching(&[pattern], &[], consumer)
    }

    /// The endpoints that have a value under a key.
    pub(crate) fn present(&mut self, key: &str) -> Bitmap {
        self.column(key).present.clone()
    }

    fn column(&mut self, key: &str) -> &Column<'a> {
        match self.by_key.entry(key.into()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(vacant) => {
                let mut present = Bitmap::empty(self.set.len());
                let mut values: HashMap<Cow<'a, str>, Vec<usize>> = HashMap::new();
                for (place, endpoint) in self.set.iter().enumerate() {
                    if let Some(value) = provider::seen(endpoint, key, self.consumer) {
                        present.insert(place);
                        values.entry(value).or_default().push(place);
                    }
                }
                vacant.insert(Column { values, present })
            }
        }
    }
}

impl Column<'_> {
    fn matching(&self, matches: &[Pattern], mismatches: &[Pattern], consumer: &Consumer) -> Bitmap {
        let mut left = self.present.clone();
        match (matches, mismatches) {
            ([], []) => left.clear(),
            ([], _) => {}
            _ => {
                left.clear();
                self.add(matches, consumer, &mut left);
            }
        }
        if !mismatches.is_empty() {
            let mut out = self.present.clone();
            out.clear();
            self.add(mismatches, consumer, &mut out);
            left.subtract(&out);
        }
        left
    }

    /// Adds those whose value matches one of the patterns.
    fn add(&self, patterns: &[Pattern], consumer: &Consumer, to: &mut Bitmap) {
        let add = |places: &[usize], to: &mut Bitmap| places.iter().for_each(|at| to.insert(*at));
        for pattern in patterns {
            let glob = pattern::resolve(pattern, consumer);
            match &glob {
                Some(Glob::Any) => to.union(&self.present),
                Some(Glob::Exact(text)) => {
                    add(self.values.get(&**text).map_or(&[], Vec::as_slice), to);
                }
                _ => {
                    for (value, places) in &self.values {
                        let is_one = match &glob {
                            Some(glob) => pattern::glob_matches(glob, value),
                            None => pattern::matches(pattern, value, true),
                        };
                        if is_one {
                            add(places, to);
                        }
                    }
                }
            }
        }
    }
}
