//! Java's own types out of the texts and numbers that JSON and generic calls have for them.

use super::iso::utc_of_ms;
use super::{
    BitSet, Calendar, Class, Currency, Date, Duration, Instant, LocalDate, LocalDateTime,
    LocalTime, Locale, MonthDay, OffsetDateTime, OffsetTime, Period, StackTraceElement, Uuid, Year,
    YearMonth, ZoneId, ZoneOffset, ZonedDateTime,
};
use crate::{Decode, Decoder, Error, ErrorKind, Form, JavaType, tag};

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

    /// Reads the value of a list or of bytes.
    fn of_list(d: &mut Decoder<'_>) -> Result<Self, Error>
    where
        Self: JavaType,
    {
        Err(d.mismatch(&Self::class_name()))
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
        tag::CLASS | tag::OBJECT | 0x60..=0x6f | tag::REFERENCE | tag::MAP | tag::TYPED_MAP
            if !d.is_big_number()? =>
        {
            return Ok(None);
        }
        tag::TYPED_LIST_OPEN..=tag::LIST | 0x70..=0x7f => {
            return T::of_list(d).map(Some);
        }
        tag if Decoder::is_bytes(tag) => return T::of_list(d).map(Some),
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
    Duration = "PT1H30M",
    Period = "P1Y2M3D",
    YearMonth = "2024-02",
    MonthDay = "--02-29",
    ZoneOffset = "+08:00",
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

no_text!(StackTraceElement);

/// The bytes of the bits, the lowest first: a list of numbers, or the text of one (fastjson2). Gson has
/// the bits, as 0 and 1.
impl Realize for BitSet {
    const EXAMPLE: &'static str = "[5, 1]";

    fn of_text(text: &str) -> Option<Self> {
        let text = text.strip_prefix('[')?.strip_suffix(']')?.trim();
        let bytes = text.split(',').filter(|_| !text.is_empty()).map(|byte| byte.trim().parse());
        let bytes: Vec<i8> = bytes.collect::<Result<_, _>>().ok()?;
        Some(Self::from_bytes(&bytes.into_iter().map(i8::cast_unsigned).collect::<Vec<_>>()))
    }

    fn of_number(byte: i64) -> Option<Self> {
        Some(Self::from_bytes(&[i8::try_from(byte).ok()?.cast_unsigned()]))
    }

    fn of_list(d: &mut Decoder<'_>) -> Result<Self, Error> {
        if d.form() == Some(Form::Gson) {
            let bits = Vec::<bool>::decode(d)?;
            return Ok(bits
                .iter()
                .enumerate()
                .filter(|(_, bit)| **bit)
                .map(|(at, _)| at)
                .collect());
        }
        Ok(Self::from_bytes(&Vec::<u8>::decode(d)?))
    }
}

/// Takes the milliseconds of a `java.util.Date`, in UTC.
macro_rules! by_ms {
    ($($type:ty = $example:literal: |$text:ident| $parse:expr, |$at:ident| $value:expr;)*) => {$(
        impl Realize for $type {
            const EXAMPLE: &'static str = $example;

            fn of_text($text: &str) -> Option<Self> {
                $parse
            }

            fn of_number(ms: i64) -> Option<Self> {
                let $at = utc_of_ms(ms)?;
                Some($value)
            }
        }
    )*};
}

by_ms! {
    // A time behind the date is left out, and a date without one begins, as in Java.
    LocalDate = "2024-02-29": |text| local(text).map(|at| at.date), |at| at.date;
    LocalDateTime = "2024-02-29T10:20:30": |text| local(text), |at| at;
    LocalTime = "10:20:30": |text| text.parse().ok(), |at| at.time;
    ZonedDateTime = "2024-02-29T10:20:30+08:00[Asia/Shanghai]":
        |text| text.parse().ok(),
        |at| Self { date_time: at, offset: UTC, zone: UTC.to_string() };
    OffsetDateTime = "2024-02-29T10:20:30+08:00":
        |text| text.parse().ok(),
        |at| Self { date_time: at, offset: UTC };
}

const UTC: ZoneOffset = ZoneOffset { seconds: 0 };

/// The local date and time of a text: a date, perhaps with a time, which may say that it is in UTC.
fn local(text: &str) -> Option<LocalDateTime> {
    let local = text.strip_suffix('Z').unwrap_or(text);
    let midnight = LocalTime { hour: 0, minute: 0, second: 0, nano: 0 };
    local.parse().ok().or_else(|| Some(LocalDateTime { date: text.parse().ok()?, time: midnight }))
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
