//! The facts of a call that conditions look at.

use std::borrow::Cow;

use dubhe_config::rule::condition::{MatchKey, Matcher, NOT_FOUND};
use dubhe_core::CallView;
use dubhe_core::descriptor::parameters;

use crate::consumer::Consumer;
use crate::{java_text, pattern};

/// The matchers that are left to ask a call, of a left side whose consumer is known.
#[derive(Clone, Default)]
pub(crate) struct When(Vec<Matcher>);

impl When {
    /// The matchers that look at the call; `None` if another one does not hold for the consumer.
    pub(crate) fn new(matchers: &[Matcher], consumer: &Consumer) -> Option<Self> {
        let mut of_call = Vec::new();
        for matcher in matchers {
            match &matcher.key {
                MatchKey::Param(name) => {
                    if !holds(matcher, consumer.seen(name)) {
                        return None;
                    }
                }
                // The same for every call.
                MatchKey::Argument(None) | MatchKey::Attachment(None) => {
                    if !holds(matcher, Some(NOT_FOUND)) {
                        return None;
                    }
                }
                _ => of_call.push(matcher.clone()),
            }
        }
        Some(Self(of_call))
    }

    pub(crate) fn holds(&self, call: &CallView<'_>) -> bool {
        self.0.iter().all(|matcher| holds(matcher, value(&matcher.key, call).as_deref()))
    }
}

/// Returns `true` if a value of the left side matches (Dubbo Java `AbstractConditionMatcher.isMatch`).
fn holds(matcher: &Matcher, value: Option<&str>) -> bool {
    let Some(value) = value else { return false };
    let any = |patterns: &[_]| patterns.iter().any(|one| pattern::matches(one, value, false));
    let Matcher { matches, mismatches, .. } = matcher;
    match (matches.is_empty(), mismatches.is_empty()) {
        (true, true) => false,
        (true, false) => !any(mismatches),
        _ => !any(mismatches) && any(matches),
    }
}

fn value<'a>(key: &MatchKey, call: &'a CallView<'_>) -> Option<Cow<'a, str>> {
    let not_found = || Cow::Borrowed(NOT_FOUND);
    match key {
        MatchKey::Method | MatchKey::Methods => Some(call.method_name().into()),
        MatchKey::Argument(index) => {
            let index = index.and_then(|index| usize::try_from(index).ok());
            Some(index.and_then(|index| argument(call, index)).unwrap_or_else(not_found))
        }
        MatchKey::Attachment(Some(name)) => call.head().metadata.get_str(name).map(Cow::Borrowed),
        MatchKey::Attachment(None) => Some(not_found()),
        MatchKey::Param(_) => None,
    }
}

/// The text of an argument.
fn argument<'a>(call: &'a CallView<'_>, index: usize) -> Option<Cow<'a, str>> {
    let value = call.argument(index)?;
    let descriptor = call.head().method.descriptor.as_deref();
    let descriptor = descriptor.and_then(|all| parameters(all).nth(index)?.ok());
    java_text::text(value, descriptor)
}
