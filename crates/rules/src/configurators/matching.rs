//! The field `match` of configurators of v3.0.

use bytestring::ByteString;
use dubhe_config::rule::configurator::{AddressMatch, ConditionMatch};

use super::ServiceUrl;
use crate::address;
use crate::pattern::glob_matches;
use crate::text_match::TextMatcher;

/// Conditions that all hold for the URLs that a configurator changes.
#[derive(Clone, Debug)]
pub(super) struct Conditions {
    address: Option<AddressMatch>,
    provider_address: Option<AddressMatch>,
    service: Option<Vec<TextMatcher>>,
    app: Option<Vec<TextMatcher>>,
    params: Vec<Param>,
}

/// A parameter and what it must be; one without either is never met.
#[derive(Clone, Debug)]
struct Param(Option<(ByteString, TextMatcher)>);

impl Conditions {
    pub(super) fn new(of: &ConditionMatch) -> Self {
        let all = |list: &Option<Vec<_>>| list.as_ref().map(|list| TextMatcher::all(list));
        let params = of.params.iter().flatten().map(|param| {
            let (key, value) = (param.key.clone(), param.value.as_ref());
            Param(key.zip(value.map(TextMatcher::new)))
        });
        Self {
            address: of.address.clone(),
            provider_address: of.provider_address.clone(),
            service: all(&of.service),
            app: all(&of.app),
            params: params.collect(),
        }
    }

    /// Returns `true` if they hold on the machine with the address `host`.
    pub(super) fn hold(&self, host: &str, url: &ServiceUrl) -> bool {
        let one_of = |list: &Option<Vec<TextMatcher>>, value: Option<&str>| {
            list.as_ref().is_none_or(|list| list.iter().any(|one| one.matches(value)))
        };
        self.address.as_ref().is_none_or(|one| is_at(one, host))
            && self.provider_address.as_ref().is_none_or(|one| is_at(one, &url.address()))
            && one_of(&self.service, Some(&url.service_key()))
            && one_of(&self.app, url.param("application"))
            && self.params.iter().all(|Param(param)| {
                param.as_ref().is_some_and(|(key, value)| value.matches(url.param(key)))
            })
    }
}

fn is_at(one: &AddressMatch, address: &str) -> bool {
    match one {
        AddressMatch::Cidr(pattern) => {
            *pattern == address || address::matches(pattern, address, 0).unwrap_or(false)
        }
        AddressMatch::Wildcard(glob) => glob_matches(glob, address),
        AddressMatch::Exact(text) => *text == address,
        AddressMatch::Nothing => false,
    }
}
