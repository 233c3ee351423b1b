//! The text of types that generic calls send as text.

use dubhe_core::Value;
use dubhe_core::value::Object;

use super::{Class, LocalDate, LocalDateTime, LocalTime};
use crate::from_value;

/// The text that Java's generic calls send for an object: of a `java.lang.Class`, and of a local
/// date or time (Dubbo Java `PojoUtils.generalize`). None for all else.
pub fn text(object: &Object) -> Option<String> {
    let value = || Value::from(object.clone());
    match &*object.class {
        "java.lang.Class" => from_value::<Class>(&value()).ok().map(|class| class.name),
        handle!("java8.LocalDateHandle") => printed::<LocalDate>(&value()),
        handle!("java8.LocalTimeHandle") => printed::<LocalTime>(&value()),
        handle!("java8.LocalDateTimeHandle") => printed::<LocalDateTime>(&value()),
        _ => None,
    }
}

fn printed<T: for<'de> crate::Decode<'de> + ToString>(value: &Value) -> Option<String> {
    from_value::<T>(value).ok().map(|v| v.to_string())
}
