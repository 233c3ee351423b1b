//! The text of types that generic calls send as text.

use dubhe_core::Value;
use dubhe_core::value::Object;

use super::{
    BigInteger, BitSet, Calendar, Class, Currency, Duration, Instant, LocalDate, LocalDateTime,
    LocalTime, Locale, MonthDay, OffsetDateTime, OffsetTime, Period, SqlDate, SqlTime, Timestamp,
    Uuid, Year, YearMonth, ZoneId, ZoneOffset, ZonedDateTime, iso,
};
use crate::{Form, from_value};

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

/// The form in Dubbo's JSON of an object of Java's own types: a text, a number, which stays an object of
/// `java.math.BigDecimal`, or the bytes of a `BitSet`. None for all else.
pub fn json(object: &Object) -> Option<Value> {
    json_of(object, Form::Json)
}

/// The form that [`json`] gives, for fastjson2 or for Gson.
pub(super) fn json_of(object: &Object, form: Form) -> Option<Value> {
    let value = Value::from(object.clone());
    let value = &value;
    let text = match &*object.class {
        "java.math.BigInteger" => {
            let digits = printed::<BigInteger>(value)?;
            return Some(Value::object(super::decimal::CLASS).field("value", digits).into());
        }
        "java.util.UUID" => printed::<Uuid>(value),
        "java.util.Currency" => from_value::<Currency>(value).ok().map(|currency| currency.code),
        "java.sql.Date" => {
            let SqlDate(ms) = from_value(value).ok()?;
            let day = iso::utc_of_ms(ms).filter(|at| iso::second_of_day(at.time) == 0);
            day.filter(|_| ms % 1_000 == 0).map(|at| at.date.to_string()).or_else(|| date(ms, form))
        }
        "java.sql.Time" => {
            let SqlTime(ms) = from_value(value).ok()?;
            iso::utc_of_ms(ms).map(|at| with_seconds(LocalTime { nano: 0, ..at.time }))
        }
        "java.sql.Timestamp" => {
            let Timestamp(ms) = from_value(value).ok()?;
            date(ms, form)
        }
        handle!("CalendarHandle") => {
            let Calendar { date: ms, .. } = from_value(value).ok()?;
            date(ms.0, form)
        }
        handle!("BitSetHandle") => {
            let set: BitSet = from_value(value).ok()?;
            return Some(if form == Form::Gson { set.bits() } else { set.to_bytes().into() });
        }
        handle!("LocaleHandle") => from_value::<Locale>(value).ok().map(|locale| locale.value),
        handle!("java8.InstantHandle") => printed::<Instant>(value),
        handle!("java8.DurationHandle") => printed::<Duration>(value),
        handle!("java8.PeriodHandle") => printed::<Period>(value),
        handle!("java8.YearHandle") => {
            return from_value::<Year>(value).ok().map(|year| Value::Int(year.year));
        }
        handle!("java8.YearMonthHandle") => printed::<YearMonth>(value),
        handle!("java8.MonthDayHandle") => printed::<MonthDay>(value),
        handle!("java8.ZoneIdHandle") => printed::<ZoneId>(value),
        handle!("java8.ZoneOffsetHandle") => printed::<ZoneOffset>(value),
        handle!("java8.ZonedDateTimeHandle") => printed::<ZonedDateTime>(value),
        handle!("java8.OffsetDateTimeHandle") => printed::<OffsetDateTime>(value),
        handle!("java8.OffsetTimeHandle") => printed::<OffsetTime>(value),
        handle!("java8.LocalTimeHandle") => from_value(value).ok().map(with_seconds),
        handle!("java8.LocalDateTimeHandle") => {
            let LocalDateTime { date, time } = from_value(value).ok()?;
            Some(format!("{date} {}", with_seconds(time)))
        }
        _ => text(object),
    };
    text.map(Value::from)
}

/// The text of a `java.util.Date` in UTC, for fastjson2, which leaves out zeros at the end of a
/// fraction as it does not in those of `java.time`, or for Gson. None beyond Java's years.
pub(super) fn date(ms: i64, form: Form) -> Option<String> {
    let LocalDateTime { date, time } = iso::utc_of_ms(ms)?;
    let text = with_seconds(time);
    Some(match form {
        Form::Gson => format!("{date}T{text}Z"),
        _ if time.nano == 0 => format!("{date} {text}"),
        _ => format!("{date} {}", text.trim_end_matches('0')),
    })
}

/// A time with its seconds, which Java leaves out where they are zero but its JSON does not.
pub(super) fn with_seconds(time: LocalTime) -> String {
    match (time.second, time.nano) {
        (0, 0) => format!("{time}:00"),
        _ => time.to_string(),
    }
}

fn printed<T: for<'de> crate::Decode<'de> + ToString>(value: &Value) -> Option<String> {
    from_value::<T>(value).ok().map(|v| v.to_string())
}
