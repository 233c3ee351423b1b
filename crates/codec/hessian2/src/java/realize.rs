//! Java's own types out of the texts and numbers that JSON and generic calls have for them.

use super::{
    BitSet, Calendar, Class, Currency, Date, Duration, Instant, LocalDate, LocalDateTime,
    LocalTime, Locale, MonthDay, OffsetDateTime, OffsetTime, Period, StackTraceElement, Uuid, Year,
    YearMonth, ZoneId, ZoneOffset, ZonedDateTime,
};
use crate::{Decoder, Error, ErrorKind, JavaType, tag};

/// A type that a text or a number may stand for.
pub(super) trait Realize: Sized {
    /// A text of a value, for errors; empty for a type that has no text.
    const EXAMPLE: &'static str = "";

    /// The value of a text.
    fn of_text(_text: &str) -> Option<Self> {
        None
    }

    /// The value of an integer.
    fn of_number(_number: i64) -> Option<Self> {
        None
    }
}

/// Reads a text or a number for a value; `None` when the value itself is next, or the decoder takes
/// nothing else.
#[inline]
pub(super) fn realize<T: Realize + JavaType>(d: &mut Decoder<'_>) -> Result<Option<T>, Error> {
    if !d.realizes() {
        return Ok(None);
    }
    realized(d)
}

#[cold]
fn realized<T: Realize + JavaType>(d: &mut Decoder<'_>) -> Result<Option<T>, Error> {
    let start = d.position();
    let (value, found) = match d.peek()? {
        tag::TRUE | tag::FALSE | tag::NULL => return Err(d.mismatch(&T::class_name())),
        tag if Decoder::is_str(tag) => (T::of_text(d.read_str()?.trim()), "a string"),
        tag::DATE_MS | tag::DATE_MINUTES => (T::of_number(d.read_date()?), "a date"),
        tag::CLASS | tag::OBJECT | 0x60..=0x6f | tag::REFERENCE | tag::MAP | tag::TYPED_MAP => {
            return Ok(None);
        }
        tag::TYPED_LIST_OPEN..=tag::LIST | 0x70..=0x7f => {
            return Err(d.mismatch(&T::class_name()));
        }
        _ => (T::of_number(d.read_i64()?), "a number"),
    };
    if let Some(value) = value {
        return Ok(Some(value));
    }
    let java = T::class_name();
    let detail = match T::EXAMPLE {
        "" => format!("expected {java}, found {found}"),
        example => format!("expected {java}, found {found} that is none; write it as {example}"),
    };
    Err(Error::new(ErrorKind::Malformed, detail).at(start))
}

macro_rules! by_text {
    ($($type:ty = $example:literal,)*) => {$(
        impl Realize for $type {
            const EXAMPLE: &'static str = $example;

            fn of_text(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )*};
}

by_text! {
    LocalDateTime = "2024-02-29T10:20:30",
    LocalTime = "10:20:30",
    Duration = "PT1H30M",
    Period = "P1Y2M3D",
    YearMonth = "2024-02",
    MonthDay = "--02-29",
    ZoneOffset = "+08:00",
    ZonedDateTime = "2024-02-29T10:20:30+08:00[Asia/Shanghai]",
    OffsetDateTime = "2024-02-29T10:20:30+08:00",
    OffsetTime = "10:20:30+08:00",
    Uuid = "123e4567-e89b-12d3-a456-426614174000",
}

macro_rules! named {
    ($($type:ident.$field:ident = $example:literal,)*) => {$(
        impl Realize for $type {
            const EXAMPLE: &'static str = $example;

            fn of_text(text: &str) -> Option<Self> {
                (!text.is_empty()).then(|| Self { $field: text.to_owned() })
            }
        }
    )*};
}

named! {
    Class.name = "org.example.User",
    Locale.value = "zh_CN",
    Currency.code = "EUR",
    ZoneId.id = "Europe/Rome",
}

macro_rules! no_text {
    ($($type:ty),*) => {$(impl Realize for $type {})*};
}

no_text!(BitSet, StackTraceElement);

impl Realize for LocalDate {
    const EXAMPLE: &'static str = "2024-02-29";

    /// A time behind the date is left out, as Java does.
    fn of_text(text: &str) -> Option<Self> {
        text.parse().ok().or_else(|| text.parse::<LocalDateTime>().ok().map(|both| both.date))
    }
}

impl Realize for Instant {
    const EXAMPLE: &'static str = "2024-02-29T10:20:30Z";

    fn of_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    /// Milliseconds, as those of a `java.util.Date`.
    fn of_number(ms: i64) -> Option<Self> {
        let nanos = i32::try_from(ms.rem_euclid(1_000)).ok()? * 1_000_000;
        Some(Self { seconds: ms.div_euclid(1_000), nanos })
    }
}

impl Realize for Calendar {
    const EXAMPLE: &'static str = "2024-02-29 10:20:30";

    fn of_text(text: &str) -> Option<Self> {
        super::iso::millis(text).and_then(Self::of_number)
    }

    fn of_number(ms: i64) -> Option<Self> {
        let class = Class { name: "java.util.GregorianCalendar".into() };
        Some(Self { date: Date(ms), class: Some(class) })
    }
}

impl Realize for Year {
    const EXAMPLE: &'static str = "2024";

    fn of_text(text: &str) -> Option<Self> {
        text.parse().ok().and_then(Self::of_number)
    }

    fn of_number(year: i64) -> Option<Self> {
        let year = i32::try_from(year).ok().filter(|year| year.unsigned_abs() <= 999_999_999)?;
        Some(Self { year })
    }
}
