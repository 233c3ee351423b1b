//! Generalized values, as maps in place of objects.

use std::sync::Arc;

use dubhe_core::Value;
use dubhe_core::value::{List, Map, Object};

use super::text::{self, text};
use crate::Form;

/// Returns a value as a caller without Rust types sees it: objects as maps, constants of enums as their
/// names, arrays and collections as plain lists.
///
/// | form | objects | Java's own types |
/// | --- | --- | --- |
/// | [`Generic`](Form::Generic) | their class under `class` | as they are, but for the text of a `LocalDate`, `LocalTime`, `LocalDateTime` and `Class` (Dubbo Java `PojoUtils.generalize`) |
/// | [`Json`](Form::Json) | no class | as texts and numbers; dates in UTC: `2024-02-29 10:20:30.5`; a `BigInteger` is a `BigDecimal`, whose text JSON has as a number; a `BitSet` its bytes (fastjson2) |
/// | [`Gson`](Form::Gson) | no class | the same, but for dates, which Gson reads as `2024-02-29T10:20:30.500Z`, and a `BitSet`, a list of 0 and 1 |
pub fn generalize(value: Value, form: Form) -> Value {
    form.of(value)
}

impl Form {
    fn of(self, value: Value) -> Value {
        match value {
            Value::List(list) => {
                let List { class, items } = Arc::unwrap_or_clone(list);
                // Sets stay sets; Java compares them so.
                let class = class.filter(|c| c.contains("Set"));
                List { class, items: items.into_iter().map(|item| self.of(item)).collect() }.into()
            }
            Value::Map(map) => {
                let Map { class, entries } = Arc::unwrap_or_clone(map);
                let entries = entries.into_iter().map(|(k, v)| (self.of(k), self.of(v))).collect();
                Map { class, entries }.into()
            }
            Value::Object(object) => self.object(Arc::unwrap_or_clone(object)),
            Value::Shared(label, inner) => Value::Shared(label, Box::new(self.of(*inner))),
            Value::Date(ms) if self != Self::Generic => match text::date(ms, self) {
                Some(text) => text.into(),
                None => Value::Long(ms),
            },
            other => other,
        }
    }

    fn object(self, object: Object) -> Value {
        if object.class.starts_with("java.") || object.class.starts_with("com.alibaba.com.caucho.")
        {
            let text = match self {
                Self::Generic => text(&object).map(Value::from),
                form => text::json_of(&object, form),
            };
            return text.or_else(|| constant(&object)).unwrap_or_else(|| object.into());
        }
        if let Some(name) = constant(&object) {
            return name;
        }
        let class = (Value::from("class"), Value::String(object.class));
        let class = (self == Self::Generic).then_some(class);
        let fields = object.fields.into_iter();
        let fields = fields.map(|(name, v)| (Value::String(name), self.of(v)));
        Map { class: None, entries: class.into_iter().chain(fields).collect() }.into()
    }
}

/// The name of a constant of an enum. On the wire it is an object whose only field is `name`, in
/// upper case by Java's custom; a class with that one field and such a value looks the same.
fn constant(object: &Object) -> Option<Value> {
    let [(field, name)] = object.fields.as_slice() else { return None };
    let text = name.as_str()?;
    let upper = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_' || c == '$';
    (field == "name" && !text.is_empty() && text.chars().all(upper)).then(|| name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_become_maps_and_constants_names() {
        let user = Value::object("a.User")
            .field("name", "Ada")
            .field("color", Value::constant("a.Color", "RED"))
            .field("tags", List::new(["x"]).class("[string"));
        let expected = Value::map([
            ("class", Value::from("a.User")),
            ("name", Value::from("Ada")),
            ("color", Value::from("RED")),
            ("tags", Value::list(["x"])),
        ]);
        assert_eq!(generalize(user.clone().into(), Form::Generic), expected);
        let expected = Value::map([
            ("name", Value::from("Ada")),
            ("color", Value::from("RED")),
            ("tags", Value::list(["x"])),
        ]);
        assert_eq!(generalize(user.into(), Form::Json), expected);
    }

    #[test]
    fn a_class_with_one_field_called_name_is_no_constant() {
        let value = Value::from(Value::object("a.Pet").field("name", "Rex"));
        assert_eq!(
            generalize(value, Form::Generic).get("class").and_then(Value::as_str),
            Some("a.Pet")
        );
    }

    fn handle(class: &str) -> Object {
        Object::new(format!("com.alibaba.com.caucho.hessian.io.java8.{class}"))
    }

    fn day(year: i32) -> Object {
        handle("LocalDateHandle").field("day", 9).field("month", 2).field("year", year)
    }

    fn at(hour: i32, minute: i32, second: i32, nano: i32) -> Object {
        handle("LocalTimeHandle")
            .field("nano", nano)
            .field("second", second)
            .field("minute", minute)
            .field("hour", hour)
    }

    #[test]
    fn local_dates_and_times_print_as_in_java() {
        assert_eq!(text(&day(2024)).as_deref(), Some("2024-02-09"));
        assert_eq!(text(&day(-1)).as_deref(), Some("-0001-02-09"));
        assert_eq!(text(&day(12_345)).as_deref(), Some("+12345-02-09"));
        assert_eq!(text(&at(1, 2, 0, 0)).as_deref(), Some("01:02"));
        assert_eq!(text(&at(1, 2, 3, 0)).as_deref(), Some("01:02:03"));
        assert_eq!(text(&at(1, 2, 0, 5_000_000)).as_deref(), Some("01:02:00.005"));
        assert_eq!(text(&at(1, 2, 3, 4)).as_deref(), Some("01:02:03.000000004"));
        let both =
            handle("LocalDateTimeHandle").field("time", at(1, 2, 0, 0)).field("date", day(7));
        assert_eq!(text(&both).as_deref(), Some("0007-02-09T01:02"));
        assert_eq!(
            text(&Object::new("java.lang.Class").field("name", "a.B")).as_deref(),
            Some("a.B")
        );
        assert_eq!(text(&Object::new("a.B")), None);
    }
}
