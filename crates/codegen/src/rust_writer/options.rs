//! The options that say of members what the source does not.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::str::FromStr;

use super::RustWriter;
use crate::model::{Api, Kind, Note, Nullness};
use crate::pattern::matches;

/// An option of a method of a trait that no interface of Java says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MethodOption {
    /// A provider is given the `Context` of the call, with its attachments: `ctx: &Context`, which the client's
    /// method lacks.
    Context,
    /// The callbacks among its arguments end with it: Dubbo's `callback="false"`.
    EndCallbacks,
    /// The caller does not wait, and never learns of errors: Dubbo's `return="false"`.
    Oneway,
}

/// Reads `context`, `end_callbacks` or `oneway`; the error says so.
impl FromStr for MethodOption {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "context" => Ok(Self::Context),
            "end_callbacks" => Ok(Self::EndCallbacks),
            "oneway" => Ok(Self::Oneway),
            _ => Err(format!("{text:?} is none of context, end_callbacks and oneway")),
        }
    }
}

impl RustWriter {
    /// Returns `true` if the options say so of the method at `place`.
    pub(super) fn has(&self, place: &str, option: MethodOption) -> bool {
        self.methods.iter().any(|(pattern, of)| *of == option && matches(pattern, place))
    }

    /// The types with the null of their members as the options have it, and notes on options of nothing.
    pub(super) fn told<'a>(&self, api: Cow<'a, Api>, notes: &mut Vec<Note>) -> Cow<'a, Api> {
        let patterns = || self.nullable.iter().chain(&self.non_null);
        let mut open: BTreeSet<&String> =
            patterns().chain(self.methods.iter().map(|(pattern, _)| pattern)).collect();
        if open.is_empty() {
            return api;
        }
        let mut api = api.into_owned();
        for (java, declared) in &mut api.types {
            match &mut declared.kind {
                Kind::Service(of) => {
                    for method in &mut of.methods {
                        let place = format!("{java}.{}", method.name);
                        self.tell(&place, &mut method.result_null, &mut open);
                        open.retain(|pattern| {
                            !self.methods.iter().any(|(of, _)| of == *pattern)
                                || !matches(pattern, &place)
                        });
                        for parameter in &mut method.parameters {
                            let place = format!("{place}.{}", parameter.name);
                            self.tell(&place, &mut parameter.null, &mut open);
                        }
                    }
                }
                Kind::Class(of) => {
                    for field in &mut of.fields {
                        self.tell(&format!("{java}.{}", field.name), &mut field.null, &mut open);
                    }
                }
                Kind::Enum(_) => {}
            }
        }
        let text = "no member that an option is for has such a name; write org.example.Orders.find for a method, \
                    org.example.Orders.find.id for its parameter, org.example.Order.id for a field";
        let note = |at: &String| Note { at: at.clone(), text: text.to_owned() };
        notes.extend(open.into_iter().map(note));
        Cow::Owned(api)
    }

    /// Replaces what the source says of null at a place.
    fn tell<'a>(&'a self, place: &str, null: &mut Nullness, open: &mut BTreeSet<&'a String>) {
        for (patterns, said) in
            [(&self.non_null, Nullness::NonNull), (&self.nullable, Nullness::Nullable)]
        {
            for pattern in patterns.iter().filter(|pattern| matches(pattern, place)) {
                *null = said;
                open.remove(pattern);
            }
        }
    }
}
