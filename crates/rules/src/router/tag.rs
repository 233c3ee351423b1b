//! Tags: those that providers register with, and those of a rule.

use std::collections::HashMap;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_config::rule::tag::{Tag, TagRule};
use dubhe_core::CallView;
use dubhe_core::endpoint::Endpoints;
use dubhe_core::router::{Bitmap, Trace};

use super::Stage;
use crate::address::Addresses;
use crate::consumer::Consumer;
use crate::provider::{self, TAG};
use crate::text_match::TextMatcher;

/// The attachment or the parameter of a consumer by which nobody without the tag answers (Dubbo Java
/// `CommonConstants.FORCE_USE_TAG`).
const FORCE_TAG: &str = "dubbo.force.tag";

/// The separator of the levels of a tag.
const LEVELS: char = '|';

/// The tags of a set of endpoints.
pub(super) struct TagStage {
    /// The providers that register with each tag.
    registered: HashMap<ByteString, Bitmap>,
    /// The providers that register with none.
    untagged: Bitmap,
    rule: Option<Listed>,
    /// The tag of calls that have none.
    own: Option<ByteString>,
    /// The answer for calls that do not say whether they insist.
    insists: bool,
}

/// The tags of a rule.
struct Listed {
    force: bool,
    /// The providers of each tag; one without name is found by nobody.
    tags: HashMap<Option<ByteString>, Bitmap>,
    /// The providers of any tag.
    any: Bitmap,
    of: String,
}

impl TagStage {
    pub(super) fn new(
        rule: Option<(&TagRule, String)>,
        set: &Arc<Endpoints>,
        consumer: &Consumer,
    ) -> Self {
        let mut registered: HashMap<ByteString, Bitmap> = HashMap::new();
        let mut untagged = Bitmap::empty(set.len());
        for (place, endpoint) in set.iter().enumerate() {
            match provider::tag(endpoint) {
                None => untagged.insert(place),
                Some(tag) => {
                    let of_tag = registered.entry(tag.into());
                    of_tag.or_insert_with(|| Bitmap::empty(set.len())).insert(place);
                }
            }
        }
        let rule = rule.filter(|(rule, _)| rule.header.enabled && !rule.tags.is_empty());
        let rule = rule.map(|(rule, of)| Listed::new(rule, of, set, consumer));
        let insists = consumer.param(FORCE_TAG).is_some_and(is_true);
        Self { registered, untagged, rule, own: consumer.text(TAG).map(ByteString::from), insists }
    }
}

fn is_true(text: &str) -> bool {
    text.eq_ignore_ascii_case("true")
}

impl Listed {
    fn new(rule: &TagRule, of: String, set: &Endpoints, consumer: &Consumer) -> Self {
        let mut tags = HashMap::new();
        // As in Java, those that match come behind those with addresses.
        for tag in rule.tags.iter().filter(|tag| !tag.addresses.is_empty()) {
            tags.insert(tag.name.clone(), at_addresses(tag, set));
        }
        for tag in rule.tags.iter().filter(|tag| tag.addresses.is_empty()) {
            let found = tag.matches.is_some().then(|| matching(tag, set, consumer));
            if let Some(found) = found.filter(|found| !found.is_empty()) {
                tags.insert(tag.name.clone(), found);
            }
        }
        let mut any = Bitmap::empty(set.len());
        for of_tag in tags.values() {
            any.union(of_tag);
        }
        Self { force: rule.header.force, tags, any, of }
    }

    /// The providers of a tag, or of the levels before its last ones; `None` for a tag that it has not.
    fn select(&self, tag: &str, insists: bool) -> Option<&Bitmap> {
        let mut wanted = tag;
        loop {
            let found = self.tags.get(&Some(ByteString::from(wanted)));
            if found.is_some() || insists {
                return found;
            }
            (wanted, _) = wanted.rsplit_once(LEVELS)?;
        }
    }
}

fn at_addresses(tag: &Tag, set: &Endpoints) -> Bitmap {
    let addresses = Addresses::new(&tag.addresses);
    let mut found = Bitmap::empty(set.len());
    for (place, endpoint) in set.iter().enumerate() {
        if addresses.contain(&endpoint.instance().host, endpoint.offer().port) {
            found.insert(place);
        }
    }
    found
}

fn matching(tag: &Tag, set: &Endpoints, consumer: &Consumer) -> Bitmap {
    let mut found = Bitmap::full(set.len());
    for wanted in tag.matches.iter().flatten() {
        let value = wanted.value.as_ref().map(TextMatcher::new);
        for (place, endpoint) in set.iter().enumerate() {
            let key = wanted.key.as_deref();
            let own = key.and_then(|key| provider::matched(endpoint, key, consumer));
            if !value.as_ref().is_some_and(|value| value.matches(own)) {
                found.remove(place);
            }
        }
    }
    found
}

impl Stage for TagStage {
    fn narrow(&self, call: &CallView<'_>, set: &mut Bitmap, trace: Option<&mut Trace>) {
        let attachment =
            |name: &str| call.head().metadata.get_str(name).filter(|value| !value.is_empty());
        let tag = attachment(TAG).or(self.own.as_deref());
        let insists = attachment(FORCE_TAG).map_or(self.insists, is_true);
        let why = match (tag, &self.rule) {
            (Some(tag), rule) => self.with_tag(set, tag, insists, rule.as_ref()),
            (None, rule) => {
                if let Some(listed) = rule {
                    set.subtract(&listed.any);
                }
                set.intersect(&self.untagged);
                "for calls without tag"
            }
        };
        if let Some(trace) = trace {
            let tag = tag.map(|tag| format!("`{tag}` ")).unwrap_or_default();
            let of = self.rule.as_ref().map(|rule| format!(" of {}", rule.of));
            trace.record("tag", format!("{tag}{why}{}", of.unwrap_or_default()), set);
        }
    }
}

impl TagStage {
    /// Narrows the set for a call with a tag; says how.
    fn with_tag(
        &self,
        set: &mut Bitmap,
        tag: &str,
        insists: bool,
        rule: Option<&Listed>,
    ) -> &'static str {
        let listed = rule.and_then(|rule| rule.select(tag, insists));
        let wanted = listed.or_else(|| self.registered.get(tag));
        let fits = wanted.is_some_and(|wanted| set.meets(wanted));
        let forced = insists || listed.is_some() && rule.is_some_and(|rule| rule.force);
        if fits || forced {
            match wanted {
                Some(wanted) => set.intersect(wanted),
                None => set.clear(),
            }
            return if listed.is_some() { "by rule" } else { "by registration" };
        }
        if let Some(rule) = rule {
            set.subtract(&rule.any);
        }
        set.intersect(&self.untagged);
        "that nobody has, so those without tag"
    }
}
