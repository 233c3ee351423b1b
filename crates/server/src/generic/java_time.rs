//! The texts of `java.time` values, as Java prints them.

use std::fmt::Write;

use dubhe_core::value::Object;

/// Where Hessian keeps `java.time`: a handle class each (hessian-lite `java8` package).
const HANDLES: &str = "com.alibaba.com.caucho.hessian.io.java8.";

/// The text of a local date or time, which Dubbo's plain form has in its place (Dubbo Java
/// `PojoUtils.generalize`); `None` for all other objects.
pub(super) fn text(object: &Object) -> Option<String> {
    match object.class.strip_prefix(HANDLES)? {
        "LocalDateHandle" => date(object),
        "LocalTimeHandle" => time(object),
        "LocalDateTimeHandle" => {
            let date = date(object.get("date")?.as_object()?)?;
            let time = time(object.get("time")?.as_object()?)?;
            Some(format!("{date}T{time}"))
        }
        _ => None,
    }
}

fn number(object: &Object, field: &str) -> Option<i32> {
    object.get(field)?.as_i32()
}

fn date(object: &Object) -> Option<String> {
    let (year, month, day) =
        (number(object, "year")?, number(object, "month")?, number(object, "day")?);
    let sign = match year {
        ..0 => "-",
        10_000.. => "+",
        _ => "",
    };
    Some(format!("{sign}{:04}-{month:02}-{day:02}", year.unsigned_abs()))
}

/// Seconds are left out when they are zero, and a fraction has 3, 6 or 9 digits.
fn time(object: &Object) -> Option<String> {
    let (hour, minute) = (number(object, "hour")?, number(object, "minute")?);
    let (second, nano) = (number(object, "second")?, number(object, "nano")?);
    let mut text = format!("{hour:02}:{minute:02}");
    if second != 0 || nano != 0 {
        write!(text, ":{second:02}").ok()?;
    }
    match nano {
        0 => Ok(()),
        n if n % 1_000_000 == 0 => write!(text, ".{:03}", n / 1_000_000),
        n if n % 1_000 == 0 => write!(text, ".{:06}", n / 1_000),
        n => write!(text, ".{n:09}"),
    }
    .ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handle(class: &str) -> Object {
        Object::new(format!("{HANDLES}{class}"))
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
    fn prints_as_java_does() {
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
        assert_eq!(text(&Object::new("a.B")), None);
    }
}
