//! Times and durations as text.

use std::fmt::Write as _;

use prost_types::{Duration, Timestamp};

use super::{Error, Json, Reader, Writer};

const DAY: i64 = 86_400;
/// The seconds of the years 1 to 9999.
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
/// The most whole seconds of a duration, 10,000 years.
const LONGEST: i64 = 315_576_000_000;

impl Json for Timestamp {
    fn write(&self, out: &mut Writer<'_>) -> Result<(), Error> {
        let nanos = u32::try_from(self.nanos).ok().filter(|nanos| *nanos < 1_000_000_000);
        let (true, Some(nanos)) = (SECONDS.contains(&self.seconds), nanos) else {
            return Err(Error::new(format!(
                "the timestamp of {} s and {} ns is not within the years 1 to 9999",
                self.seconds, self.nanos
            )));
        };
        let (day, second) = (self.seconds.div_euclid(DAY), self.seconds.rem_euclid(DAY));
        let (year, month, day) = date(day);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
        fraction(nanos, &mut text);
        text.push('Z');
        out.string(&text)
    }

    fn read(&mut self, json: &mut Reader<'_>) -> Result<(), Error> {
        let text = json.string()?;
        *self = timestamp(&text).ok_or_else(|| {
            json.error("expected a time such as \"2023-11-14T22:13:20Z\" in the years 1 to 9999")
        })?;
        Ok(())
    }
}

impl Json for Duration {
    fn write(&self, out: &mut Writer<'_>) -> Result<(), Error> {
        let Self { seconds, nanos } = *self;
        let opposite = (seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0);
        let nanos = nanos.unsigned_abs();
        if opposite || nanos > 999_999_999 || seconds.unsigned_abs() > LONGEST.unsigned_abs() {
            return Err(Error::new(format!(
                "the duration of {seconds} s and {} ns is beyond 10,000 years, or of two signs",
                self.nanos
            )));
        }
        let sign = if seconds < 0 || self.nanos < 0 { "-" } else { "" };
        let mut text = format!("{sign}{}", seconds.unsigned_abs());
        fraction(nanos, &mut text);
        text.push('s');
        out.string(&text)
    }

    fn read(&mut self, json: &mut Reader<'_>) -> Result<(), Error> {
        let text = json.string()?;
        *self = duration(&text).ok_or_else(|| {
            json.error("expected a duration such as \"1.5s\", of 10,000 years at most")
        })?;
        Ok(())
    }
}

/// Appends the fraction of a second in 3, 6 or 9 digits, or none.
fn fraction(nanos: u32, text: &mut String) {
    let written = match nanos {
        0 => Ok(()),
        nanos if nanos % 1_000_000 == 0 => write!(text, ".{:03}", nanos / 1_000_000),
        nanos if nanos % 1_000 == 0 => write!(text, ".{:06}", nanos / 1_000),
        nanos => write!(text, ".{nanos:09}"),
    };
    // A string takes whatever is written.
    debug_assert!(written.is_ok());
}

/// The year, month and day of a day since 1970. Source: days and dates of the proleptic Gregorian
/// calendar, counted in eras of 400 years that begin in March.
fn date(day: i64) -> (i64, i64, i64) {
    let day = day + 719_468;
    let (era, of_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march = (5 * of_year + 2) / 153;
    let month = if march < 10 { march + 3 } else { march - 9 };
    (era * 400 + year + i64::from(month <= 2), month, of_year - (153 * march + 2) / 5 + 1)
}

/// The day since 1970 of a date.
fn day(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The text behind a prefix of this many digits, and their number.
fn digits(text: &str, count: usize) -> Option<(i64, &str)> {
    let (digits, rest) = text.split_at_checked(count)?;
    let all = digits.bytes().all(|byte| byte.is_ascii_digit());
    Some((if all { digits.parse().ok()? } else { return None }, rest))
}

/// The nanoseconds of a fraction, `.5` or nothing, and the rest.
fn nanos(text: &str) -> Option<(i32, &str)> {
    let Some(text) = text.strip_prefix('.') else { return Some((0, text)) };
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=9).contains(&count) {
        return None;
    }
    let (digits, rest) = text.split_at_checked(count)?;
    Some((format!("{digits:0<9}").parse().ok()?, rest))
}

fn timestamp(text: &str) -> Option<Timestamp> {
    let (year, rest) = digits(text, 4)?;
    let (month, rest) = digits(rest.strip_prefix('-')?, 2)?;
    let (of_month, rest) = digits(rest.strip_prefix('-')?, 2)?;
    let (hour, rest) = digits(rest.strip_prefix('T')?, 2)?;
    let (minute, rest) = digits(rest.strip_prefix(':')?, 2)?;
    let (second, rest) = digits(rest.strip_prefix(':')?, 2)?;
    let (nanos, rest) = nanos(rest)?;
    let offset = match rest {
        "Z" => 0,
        rest => {
            let (sign, rest) = match rest.split_at_checked(1)? {
                ("+", rest) => (1, rest),
                ("-", rest) => (-1, rest),
                _ => return None,
            };
            let (hours, rest) = digits(rest, 2)?;
            let (minutes, rest) = digits(rest.strip_prefix(':')?, 2)?;
            if !rest.is_empty() || hours > 23 || minutes > 59 {
                return None;
            }
            sign * (hours * 3600 + minutes * 60)
        }
    };
    let since = day(year, month, of_month);
    // A date that there is comes back as it was.
    if !(1..=12).contains(&month) || date(since) != (year, month, of_month) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = since * DAY + hour * 3600 + minute * 60 + second - offset;
    SECONDS.contains(&seconds).then_some(Timestamp { seconds, nanos })
}

fn duration(text: &str) -> Option<Duration> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    let (seconds, rest) = text.split_at_checked(count)?;
    let seconds: i64 = seconds.parse().ok()?;
    let (nanos, rest) = nanos(rest)?;
    let sign_of_nanos = if sign < 0 { -1 } else { 1 };
    (rest == "s" && seconds <= LONGEST)
        .then_some(Duration { seconds: sign * seconds, nanos: sign_of_nanos * nanos })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{from_str, to_string};

    #[test]
    fn times_are_those_of_the_calendar() {
        for (seconds, nanos, text) in [
            (0, 0, "1970-01-01T00:00:00Z"),
            (-1, 1_000_000, "1969-12-31T23:59:59.001Z"),
            (951_782_400, 1_000, "2000-02-29T00:00:00.000001Z"),
            (*SECONDS.start(), 1, "0001-01-01T00:00:00.000000001Z"),
            (*SECONDS.end(), 999_999_999, "9999-12-31T23:59:59.999999999Z"),
        ] {
            let time = Timestamp { seconds, nanos };
            let text = format!("{text:?}");
            assert_eq!(to_string(&time).unwrap(), text);
            assert_eq!(from_str::<Timestamp>(&text).unwrap(), time);
        }
        let shifted: Timestamp = from_str(r#""1970-01-01T01:00:00.5+01:30""#).unwrap();
        assert_eq!(shifted, Timestamp { seconds: -1800, nanos: 500_000_000 });
        for wrong in [
            "1970-01-01t00:00:00Z",
            "1970-01-01T00:00:00z",
            "1970-01-01T00:00:00",
            "1970-13-01T00:00:00Z",
            "1970-00-01T00:00:00Z",
            "1970-02-29T00:00:00Z",
            "1970-01-01T24:00:00Z",
            "1970-01-01T00:00:60Z",
            "0000-12-31T23:59:59Z",
            "1970-01-01T00:00:00.Z",
            "1970-01-01T00:00:00.0000000001Z",
            "1970-01-01T00:00:00+1:00",
            "0001-01-01T00:00:00+00:01",
            "1970-01-01T00:00:00Z ",
        ] {
            assert!(from_str::<Timestamp>(&format!("{wrong:?}")).is_err(), "{wrong}");
        }
        for (seconds, nanos) in [(SECONDS.end() + 1, 0), (0, -1), (0, 1_000_000_000)] {
            assert!(to_string(&Timestamp { seconds, nanos }).is_err());
        }
    }

    #[test]
    fn durations_have_one_sign() {
        for (seconds, nanos, text) in [
            (0, 0, "0s"),
            (1, 500_000_000, "1.500s"),
            (0, -1, "-0.000000001s"),
            (-3, -1_000, "-3.000001s"),
            (LONGEST, 999_999_999, "315576000000.999999999s"),
            (-LONGEST, 0, "-315576000000s"),
        ] {
            let duration = Duration { seconds, nanos };
            let text = format!("{text:?}");
            assert_eq!(to_string(&duration).unwrap(), text);
            assert_eq!(from_str::<Duration>(&text).unwrap(), duration);
        }
        for wrong in
            ["1", "s", "1.s", ".5s", "+1s", "--1s", "315576000001s", "1 s", "1.0000000000s"]
        {
            assert!(from_str::<Duration>(&format!("{wrong:?}")).is_err(), "{wrong}");
        }
        for (seconds, nanos) in [(1, -1), (-1, 1), (LONGEST + 1, 0), (0, 1_000_000_000)] {
            assert!(to_string(&Duration { seconds, nanos }).is_err());
        }
    }
}
