//! Conditions for calls in mesh rules.

use bytestring::ByteString;
use dubhe_config::rule::mesh::{ArgumentMatch, ArgumentValue, MeshMatch, MethodMatch, NumberMatch};
use dubhe_core::descriptor::{class_name, parameters, source_name};
use dubhe_core::{CallView, Value};

use crate::consumer::Consumer;
use crate::java_text;
use crate::text_match::TextMatcher;

/// The part of a condition that is left to ask a call, once the consumer is known.
pub(super) struct Request {
    method: Option<Method>,
    attachments: Vec<(ByteString, TextMatcher)>,
}

struct Method {
    name: Option<TextMatcher>,
    count: Option<i32>,
    types: Vec<TextMatcher>,
    args: Vec<Argument>,
}

struct Argument {
    index: Option<usize>,
    value: Option<Expected>,
}

enum Expected {
    Text(Vec<TextMatcher>),
    Number(Vec<NumberMatch>),
    Bool(Option<bool>),
}

impl Request {
    /// Prepares a condition; `None` if it never holds for this consumer.
    pub(super) fn new(request: &MeshMatch, consumer: &Consumer) -> Option<Self> {
        let MeshMatch { method, source_labels, attachments, tracing, .. } = request;
        let labels = source_labels.iter().flatten();
        let mut labels = labels.map(|(key, value)| consumer.param(key) == Some(&**value));
        // Nothing provides the context of a trace.
        let has_trace = tracing.as_ref().is_some_and(|tracing| !tracing.is_empty());
        if has_trace || !labels.all(|holds| holds) {
            return None;
        }
        let attachments = attachments.iter().flatten();
        let attachments =
            attachments.map(|(name, matching)| (name.clone(), TextMatcher::new(matching)));
        let method = method.as_ref().map(Method::new);
        Some(Self { method, attachments: attachments.collect() })
    }

    pub(super) fn holds(&self, call: &CallView<'_>) -> bool {
        let metadata = &call.head().metadata;
        self.method.as_ref().is_none_or(|method| method.holds(call))
            && self.attachments.iter().all(|(name, value)| value.matches(metadata.get_str(name)))
    }
}

impl Method {
    fn new(method: &MethodMatch) -> Self {
        let MethodMatch { name, argc, args, types } = method;
        Self {
            name: name.as_ref().map(TextMatcher::new),
            count: *argc,
            types: types.as_deref().map(TextMatcher::all).unwrap_or_default(),
            args: args.iter().flatten().map(Argument::new).collect(),
        }
    }

    fn holds(&self, call: &CallView<'_>) -> bool {
        let count = call.argument_count().and_then(|count| i32::try_from(count).ok());
        let name = self.name.as_ref();
        name.is_none_or(|name| name.matches(Some(call.method_name())))
            && (self.count.is_none() || self.count == count)
            && (self.types.is_empty() || self.types_hold(call))
            && self.args.iter().all(|argument| argument.holds(call))
    }

    /// The types of the parameters, by either of their names.
    fn types_hold(&self, call: &CallView<'_>) -> bool {
        let Some(descriptor) = call.head().method.descriptor.as_deref() else { return false };
        let mut own = parameters(descriptor);
        let all = self.types.iter().all(|expected| {
            let Some(Ok(parameter)) = own.next() else { return false };
            let source = source_name(parameter);
            let simple = source.rsplit(['.', '$']).next();
            expected.matches(Some(&class_name(parameter))) || expected.matches(simple)
        });
        all && own.next().is_none()
    }
}

impl Argument {
    fn new(argument: &ArgumentMatch) -> Self {
        let value = argument.value.as_ref().map(|value| match value {
            ArgumentValue::Text(all) => Expected::Text(TextMatcher::all(all)),
            ArgumentValue::Number(all) => Expected::Number(all.clone()),
            ArgumentValue::Bool(exact) => Expected::Bool(*exact),
        });
        Self { index: usize::try_from(argument.index).ok(), value }
    }

    fn holds(&self, call: &CallView<'_>) -> bool {
        let Some(value) = self.index.and_then(|index| call.argument(index)) else { return false };
        match &self.value {
            Some(Expected::Text(all)) => match value.unshared() {
                Value::String(text) => all.iter().any(|one| one.matches(Some(text))),
                _ => false,
            },
            Some(Expected::Number(all)) => java_text::number(value)
                .is_some_and(|number| all.iter().any(|one| number_matches(one, number))),
            Some(Expected::Bool(exact)) => exact.is_some() && value.as_bool() == *exact,
            None => false,
        }
    }
}

/// Compares as `Double.equals` and `Double.compareTo` do.
fn number_matches(expected: &NumberMatch, number: f64) -> bool {
    match expected {
        NumberMatch::Exact(exact) => number.total_cmp(exact).is_eq(),
        NumberMatch::Remainder { divisor, exact } => (number % divisor).total_cmp(exact).is_eq(),
        NumberMatch::Range { start: None, end: None } | NumberMatch::Nothing => false,
        NumberMatch::Range { start, end } => {
            start.is_none_or(|start| number.total_cmp(&start).is_ge())
                && end.is_none_or(|end| number.total_cmp(&end).is_lt())
        }
    }
}
