//! Exceptions as Java's readers need them.

use bytes::Bytes;
use dubhe_core::Value;
use dubhe_core::payload::Content;
use dubhe_core::status::Exception;
use dubhe_core::value::{List, Object};

/// [`thrown`] as a message; `None` when its content is not known as a value.
pub fn thrown_bytes(exception: &Exception) -> Option<Bytes> {
    super::content_bytes(&thrown(exception))
}

/// The content of an exception that is thrown to Java: one that was given in parts, such as a message
/// alone, has all fields of a `Throwable`.
pub fn thrown(exception: &Exception) -> Content {
    match exception.content() {
        Content::Dynamic(Value::Object(object)) if object.get("stackTrace").is_none() => {
            Content::Dynamic(throwable((**object).clone()))
        }
        content => content.clone(),
    }
}

/// Adds the fields that a `Throwable` has and `object` lacks, as Java writes an exception without
/// stack: readers that skip constructors would have nulls there, and Java 8 stumbles over them.
fn throwable(object: Object) -> Value {
    // Higher than any label the fields themselves may use.
    const SELF: u32 = u32::MAX;
    let mut whole = Object::new(object.class.clone())
        .field("suppressedExceptions", empty("java.util.Collections$EmptyList"))
        .field("stackTrace", empty("[java.lang.StackTraceElement"))
        .field("cause", Value::reference(SELF));
    let given = |name: &str| object.fields.iter().any(|(field, _)| field == name);
    whole.fields.retain(|(name, _)| !given(name));
    whole.fields.extend(object.fields.iter().cloned());
    let refers_to_itself = !given("cause");
    let value = Value::from(whole);
    if refers_to_itself { value.shared(SELF) } else { value }
}

fn empty(class: &'static str) -> List {
    List::new(Vec::<Value>::new()).class(class)
}
