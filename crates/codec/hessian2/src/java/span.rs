//! Texts of `java.time`: what its types print, and what they parse.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use super::iso::{self, whole};
use super::text::with_seconds;
use super::{
    Duration, Instant, LocalDate, LocalDateTime, LocalTime, MonthDay, OffsetDateTime, OffsetTime,
    Period, Year, YearMonth, ZoneId, ZoneOffset, ZonedDateTime,
};
use crate::{Error, ErrorKind};

const NANOS: i128 = 1_000_000_000;

macro_rules! parsed {
    ($($type:ident: |$text:ident| $parse:expr;)*) => {$(
        #[doc = concat!("Takes the text of a `java.time.", stringify!($type), "`.")]
        impl FromStr for $type {
            type Err = Error;

            fn from_str($text: &str) -> Result<Self, Error> {
                let parsed: Option<Self> = $parse;
                parsed.ok_or_else(|| Error::new(
                    ErrorKind::Malformed,
                    concat!("the text is no java.time.", stringify!($type)),
                ))
            }
        }
    )*};
}

parsed! {
    LocalDate: |text| whole(text, iso::date);
    LocalTime: |text| whole(text, iso::time);
    LocalDateTime: |text| whole(text, iso::date_time);
    Instant: |text| iso::instant(text).map(|(seconds, nanos)| Self { seconds, nanos });
    Duration: |text| duration(text);
    Period: |text| period(text);
    YearMonth: |text| {
        let (year, rest) = iso::year(text).unwrap_or_default();
        rest.strip_prefix('-').and_then(|month| whole(month, |month| iso::part(month, 1, 12)))
            .map(|month| Self { year, month })
    };
    MonthDay: |text| text.strip_prefix("--").and_then(|text| {
        let (month, rest) = iso::part(text, 1, 12)?;
        let last = iso::days_of(month, true);
        let day = whole(rest.strip_prefix('-')?, |day| iso::part(day, 1, last))?;
        Some(Self { month, day })
    });
    ZoneOffset: |text| whole(text, iso::offset).map(|seconds| Self { seconds });
    OffsetDateTime: |text| iso::date_time(text).and_then(|(date_time, rest)| {
        Some(Self { date_time, offset: rest.parse().ok()? })
    });
    OffsetTime: |text| iso::time(text).and_then(|(time, rest)| {
        Some(Self { offset: rest.parse().ok()?, time })
    });
    ZonedDateTime: |text| iso::date_time(text).and_then(|(date_time, rest)| {
        let (offset, rest) = iso::offset(rest)?;
        let zone = match rest {
            "" => ZoneOffset { seconds: offset }.to_string(),
            _ => rest.strip_prefix('[')?.strip_suffix(']')?.to_owned(),
        };
        Some(Self { date_time, offset: ZoneOffset { seconds: offset }, zone })
    });
}

/// The number that `text` begins with, up to a letter, and the rest behind the letter.
fn unit(text: &str, letter: char) -> Option<(&str, &str)> {
    let end = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, rest) = text.split_at_checked(end)?;
    Some((number, rest.strip_prefix(letter)?))
}

/// `PT1H30M`, `P2DT-0.5S`.
fn duration(text: &str) -> Option<Duration> {
    let upper = text.to_ascii_uppercase();
    let (negative, text) = match upper.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, upper.strip_prefix('+').unwrap_or(&upper)),
    };
    let (days, time) = match text.strip_prefix('P')?.split_once('T') {
        Some((_, "")) => return None,
        Some(both) => both,
        None => (text.strip_prefix('P')?, ""),
    };
    let (mut rest, mut nanos) = (days, 0_i128);
    if rest.is_empty() && time.is_empty() {
        return None;
    }
    if !rest.is_empty() {
        let (number, after) = unit(rest, 'D')?;
        nanos += i128::from(number.parse::<i64>().ok()?) * 86_400 * NANOS;
        rest = after;
    }
    if !rest.is_empty() {
        return None;
    }
    rest = time;
    for (letter, seconds) in [('H', 3_600), ('M', 60)] {
        if let Some((number, after)) = unit(rest, letter) {
            nanos += i128::from(number.parse::<i64>().ok()?) * seconds * NANOS;
            rest = after;
        }
    }
    if let Some((number, after)) = unit(rest, 'S') {
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let part = if fraction.is_empty() { 0 } else { self::whole(fraction, iso::nanos)? };
        let part = i128::from(if number.starts_with('-') { -part } else { part });
        nanos += i128::from(whole.parse::<i64>().ok()?) * NANOS + part;
        rest = after;
    }
    if !rest.is_empty() {
        return None;
    }
    let nanos = if negative { -nanos } else { nanos };
    Some(Duration {
        seconds: i64::try_from(nanos.div_euclid(NANOS)).ok()?,
        nanos: i32::try_from(nanos.rem_euclid(NANOS)).ok()?,
    })
}

/// `P1Y2M3D`, weeks as seven days.
fn period(text: &str) -> Option<Period> {
    let upper = text.to_ascii_uppercase();
    let (sign, text) = match upper.strip_prefix('-') {
        Some(text) => (-1, text),
        None => (1, upper.strip_prefix('+').unwrap_or(&upper)),
    };
    let mut rest = text.strip_prefix('P').filter(|rest| !rest.is_empty())?;
    let mut next = |letter| {
        let Some((number, after)) = unit(rest, letter) else { return Some(0) };
        rest = after;
        number.parse::<i32>().ok()?.checked_mul(sign)
    };
    let (years, months, weeks, days) = (next('Y')?, next('M')?, next('W')?, next('D')?);
    let days = weeks.checked_mul(7)?.checked_add(days)?;
    rest.is_empty().then_some(Period { years, months, days })
}

/// Java's form: `PT1H30M`, `PT-0.5S`, `PT0S`.
impl Display for Duration {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let total = i128::from(self.seconds) * NANOS + i128::from(self.nanos);
        if total == 0 {
            return f.write_str("PT0S");
        }
        let (seconds, nanos) = (total / NANOS, (total % NANOS).unsigned_abs());
        let (hours, minutes, rest) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        f.write_str("PT")?;
        if hours != 0 {
            write!(f, "{hours}H")?;
        }
        if minutes != 0 {
            write!(f, "{minutes}M")?;
        }
        if rest == 0 && nanos == 0 {
            return Ok(());
        }
        let sign = if rest == 0 && total < 0 { "-" } else { "" };
        write!(f, "{sign}{rest}")?;
        if nanos > 0 {
            write!(f, ".{}", format!("{nanos:09}").trim_end_matches('0'))?;
        }
        f.write_str("S")
    }
}

/// Java's form: `P1Y2M3D`, `P0D`.
impl Display for Period {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let parts = [(self.years, 'Y'), (self.months, 'M'), (self.days, 'D')];
        if parts.iter().all(|(number, _)| *number == 0) {
            return f.write_str("P0D");
        }
        f.write_str("P")?;
        parts.iter().filter(|(n, _)| *n != 0).try_for_each(|(n, unit)| write!(f, "{n}{unit}"))
    }
}

/// Java's form: the number.
impl Display for Year {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.year.fmt(f)
    }
}

/// Java's form: `2024-02`.
impl Display for YearMonth {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let sign = match self.year {
            ..0 => "-",
            0..=9999 => "",
            _ => "+",
        };
        write!(f, "{sign}{:04}-{:02}", self.year.unsigned_abs(), self.month)
    }
}

/// Java's form: `--02-29`.
impl Display for MonthDay {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "--{:02}-{:02}", self.month, self.day)
    }
}

/// Java's form: `Z`, `+08:00`, `-01:02:03`.
impl Display for ZoneOffset {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.seconds == 0 {
            return f.write_str("Z");
        }
        let (sign, all) = (if self.seconds < 0 { '-' } else { '+' }, self.seconds.unsigned_abs());
        write!(f, "{sign}{:02}:{:02}", all / 3_600, all / 60 % 60)?;
        match all % 60 {
            0 => Ok(()),
            seconds => write!(f, ":{seconds:02}"),
        }
    }
}

/// Java's form: the name.
impl Display for ZoneId {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

/// Java's form: `2024-02-29T10:20:30+08:00`.
impl Display for OffsetDateTime {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.date_time, self.offset)
    }
}

/// Java's form: `10:20:30+08:00`.
impl Display for OffsetTime {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.time, self.offset)
    }
}

/// Java's form: `2024-02-29T10:20:30+08:00[Asia/Shanghai]`.
impl Display for ZonedDateTime {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.date_time, self.offset)?;
        if self.zone == self.offset.to_string() { Ok(()) } else { write!(f, "[{}]", self.zone) }
    }
}

/// Java's form: `2024-02-29T10:20:30.500Z` with three, six or nine digits of a fraction. Beyond the
/// years of `java.time`, the seconds since 1970.
impl Display for Instant {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(LocalDateTime { date, time }) = iso::utc(self.seconds, self.nanos) else {
            return write!(f, "{}", self.seconds);
        };
        write!(f, "{date}T{}Z", with_seconds(time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parses each text, which prints as itself.
    fn same<T: FromStr<Err = Error> + Display>(texts: &[&str]) {
        for text in texts {
            assert_eq!(text.parse::<T>().unwrap().to_string(), *text);
        }
    }

    #[test]
    fn texts_of_java_are_parsed_and_printed() {
        same::<Duration>(&["PT0S", "PT1H", "PT8H6M12.345S", "PT-0.5S", "PT-1H-30M", "PT48H"]);
        same::<Period>(&["P0D", "P1Y2M3D", "P-1M", "P7D"]);
        same::<YearMonth>(&["2024-02", "-0044-03", "+12345-01"]);
        same::<MonthDay>(&["--02-29"]);
        same::<ZoneOffset>(&["Z", "+08:00", "-01:02:03"]);
        same::<OffsetDateTime>(&["2024-02-29T10:20:30+08:00", "2024-02-29T10:20Z"]);
        same::<OffsetTime>(&["10:20:30.5+08:00".replace(".5", ".500").as_str()]);
        same::<ZonedDateTime>(&["2024-02-29T10:20+08:00[Asia/Shanghai]", "2024-02-29T10:20Z"]);
        same::<Instant>(&["1969-12-31T23:59:59.999Z", "2024-02-29T00:00:00Z"]);
    }

    #[test]
    fn other_forms_of_the_same_are_taken() {
        let duration = |text: &str| text.parse::<Duration>().unwrap().to_string();
        assert_eq!(duration("P2DT1M"), "PT48H1M");
        assert_eq!(duration("-PT1.5S"), "PT-1.5S");
        assert_eq!(duration("pt90m"), "PT1H30M");
        assert_eq!("P1W1D".parse::<Period>().unwrap(), Period { years: 0, months: 0, days: 8 });
        for text in ["", "P", "PT", "1H", "P1H", "PT1", "PT1S1M", "PT1.S.S"] {
            assert!(text.parse::<Duration>().is_err(), "{text}");
        }
        for text in ["P", "P1", "P1D1Y", "P99999999999D"] {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
        for text in ["+19:00", "08:00", "+8"] {
            assert!(text.parse::<ZoneOffset>().is_err(), "{text}");
        }
    }
}
