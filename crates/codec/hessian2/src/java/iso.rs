//! Dates and times as text, both ways: the forms of `java.time`, and those that Dubbo's JSON
//! (fastjson2) reads for a `java.util.Date`.

use super::time::{LocalDate, LocalDateTime, LocalTime};

const MS_PER_SECOND: i64 = 1_000;
const SECONDS_PER_DAY: i64 = 86_400;
const NANOS_PER_MS: i32 = 1_000_000;
/// The greatest offset from UTC that `java.time` has, in seconds.
const MAX_OFFSET: i32 = 18 * 3_600;
/// The greatest year of `java.time`.
const MAX_YEAR: i32 = 999_999_999;

/// Reads a number of exactly `len` digits off the front.
pub(super) fn digits(text: &str, len: usize) -> Option<(i32, &str)> {
    let (number, rest) = text.split_at_checked(len)?;
    let number = number.bytes().all(|b| b.is_ascii_digit()).then(|| number.parse().ok())??;
    Some((number, rest))
}

/// Reads a year: four digits, or more of them behind a sign.
pub(super) fn year(text: &str) -> Option<(i32, &str)> {
    let number = text.strip_prefix(['+', '-']).unwrap_or(text);
    let len = number.bytes().take_while(u8::is_ascii_digit).count();
    let signed = number.len() < text.len();
    if !(len == 4 || signed && (4..=9).contains(&len)) {
        return None;
    }
    let (year, rest) = digits(number, len)?;
    let year = if text.starts_with('-') { -year } else { year };
    (year.abs() <= MAX_YEAR).then_some((year, rest))
}

pub(super) const fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// The days of a month, which is 1 to 12.
pub(super) const fn days_of(month: u8, leap: bool) -> u8 {
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Reads two digits from `first` to `last`.
pub(super) fn part(text: &str, first: u8, last: u8) -> Option<(u8, &str)> {
    let (number, rest) = digits(text, 2)?;
    let number = u8::try_from(number).ok().filter(|n| (first..=last).contains(n))?;
    Some((number, rest))
}

/// Reads `2024-02-29` off the front.
pub(super) fn date(text: &str) -> Option<(LocalDate, &str)> {
    let (year, rest) = year(text)?;
    let (month, rest) = part(rest.strip_prefix('-')?, 1, 12)?;
    let (day, rest) = part(rest.strip_prefix('-')?, 1, days_of(month, is_leap(year)))?;
    Some((LocalDate { year, month, day }, rest))
}

/// Reads `10:20`, `10:20:30` or `10:20:30.123456789` off the front.
pub(super) fn time(text: &str) -> Option<(LocalTime, &str)> {
    let (hour, rest) = part(text, 0, 23)?;
    let (minute, rest) = part(rest.strip_prefix(':')?, 0, 59)?;
    let Some(rest) = rest.strip_prefix(':') else {
        return Some((LocalTime { hour, minute, second: 0, nano: 0 }, rest));
    };
    let (second, rest) = part(rest, 0, 59)?;
    let (nano, rest) = match rest.strip_prefix('.') {
        Some(fraction) => nanos(fraction)?,
        None => (0, rest),
    };
    Some((LocalTime { hour, minute, second, nano }, rest))
}

/// Reads one to nine digits behind a point, as nanoseconds.
pub(super) fn nanos(text: &str) -> Option<(i32, &str)> {
    let len = text.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=9).contains(&len) {
        return None;
    }
    let (number, rest) = digits(text, len)?;
    let scale = 10_i32.pow(u32::try_from(9 - len).ok()?);
    Some((number * scale, rest))
}

/// Reads a date and a time with `T` or a blank between them off the front.
pub(super) fn date_time(text: &str) -> Option<(LocalDateTime, &str)> {
    let (date, rest) = date(text)?;
    let (time, rest) = time(rest.strip_prefix(['T', ' '])?)?;
    Some((LocalDateTime { date, time }, rest))
}

/// Reads `Z`, `+08`, `+08:00`, `+0800` or `+08:00:30` off the front, as seconds east of UTC.
pub(super) fn offset(text: &str) -> Option<(i32, &str)> {
    if let Some(rest) = text.strip_prefix(['Z', 'z']) {
        return Some((0, rest));
    }
    let mut rest = text.strip_prefix(['+', '-'])?;
    let mut seconds = 0;
    for (index, unit) in [3_600, 60, 1].into_iter().enumerate() {
        let next = if index == 0 { rest } else { rest.strip_prefix(':').unwrap_or(rest) };
        match part(next, 0, if index == 0 { 18 } else { 59 }) {
            Some((number, after)) => {
                seconds += i32::from(number) * unit;
                rest = after;
            }
            None if index == 0 => return None,
            None => break,
        }
    }
    (seconds <= MAX_OFFSET)
        .then_some((if text.starts_with('-') { -seconds } else { seconds }, rest))
}

/// Reads the whole text with `read`.
pub(super) fn whole<T>(text: &str, read: impl FnOnce(&str) -> Option<(T, &str)>) -> Option<T> {
    read(text).filter(|(_, rest)| rest.is_empty()).map(|(value, _)| value)
}

/// The days since 1970-01-01.
pub(super) fn epoch_day(date: LocalDate) -> i64 {
    // Years begin in March here, so that the leap day is the last of one.
    let (month, year) = (i64::from(date.month), i64::from(date.year));
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + i64::from(date.day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The date of a day since 1970-01-01; none beyond the years of `java.time`.
pub(super) fn date_of(day: i64) -> Option<LocalDate> {
    let day = day.checked_add(719_468)?;
    let era = day.div_euclid(146_097);
    let day_of_era = day.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = u8::try_from(day_of_year - (153 * month + 2) / 5 + 1).ok()?;
    let month = u8::try_from(if month < 10 { month + 3 } else { month - 9 }).ok()?;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let year = i32::try_from(year).ok().filter(|year| year.abs() <= MAX_YEAR)?;
    Some(LocalDate { year, month, day })
}

/// The second of the day.
pub(super) fn second_of_day(time: LocalTime) -> i64 {
    i64::from(time.hour) * 3_600 + i64::from(time.minute) * 60 + i64::from(time.second)
}

/// The seconds since 1970-01-01T00:00:00Z of a local time at an offset.
pub(super) fn epoch_second(local: LocalDateTime, offset: i32) -> i64 {
    epoch_day(local.date) * SECONDS_PER_DAY + second_of_day(local.time) - i64::from(offset)
}

/// The date and time in UTC of a second; none beyond the years of `java.time`.
pub(super) fn utc(second: i64, nano: i32) -> Option<LocalDateTime> {
    let date = date_of(second.div_euclid(SECONDS_PER_DAY))?;
    let second = second.rem_euclid(SECONDS_PER_DAY);
    let unit = |n: i64| u8::try_from(n).unwrap_or_default();
    let (hour, minute) = (unit(second / 3_600), unit(second / 60 % 60));
    Some(LocalDateTime { date, time: LocalTime { hour, minute, second: unit(second % 60), nano } })
}

/// The date and time in UTC of a `java.util.Date`.
pub(super) fn utc_of_ms(ms: i64) -> Option<LocalDateTime> {
    let nano = i32::try_from(ms.rem_euclid(MS_PER_SECOND)).ok()? * NANOS_PER_MS;
    utc(ms.div_euclid(MS_PER_SECOND), nano)
}

/// The seconds and nanoseconds since 1970 of a text: a date, a date and a time, or that at an offset.
/// Where none is given it is UTC.
pub(super) fn instant(text: &str) -> Option<(i64, i32)> {
    let Some((local, rest)) = date_time(text) else {
        let date = whole(text, date)?;
        return Some((epoch_day(date) * SECONDS_PER_DAY, 0));
    };
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    let offset = if rest.is_empty() { 0 } else { whole(rest, offset)? };
    Some((epoch_second(local, offset), local.time.nano))
}

/// Reads `20240229` or `20240229102030`.
fn compact(text: &str) -> Option<LocalDateTime> {
    let (year, rest) = digits(text, 4)?;
    let (month, rest) = part(rest, 1, 12)?;
    let (day, rest) = part(rest, 1, days_of(month, is_leap(year)))?;
    let (hour, minute, second) = match rest {
        "" => (0, 0, 0),
        _ => {
            let (hour, rest) = part(rest, 0, 23)?;
            let (minute, rest) = part(rest, 0, 59)?;
            (hour, minute, whole(rest, |rest| part(rest, 0, 59))?)
        }
    };
    let time = LocalTime { hour, minute, second, nano: 0 };
    Some(LocalDateTime { date: LocalDate { year, month, day }, time })
}

/// Reads `Jan 1, 2024, 12:00:00 AM` as Gson writes a date in English; Java 8 has no second comma, and
/// Java 20 and later a narrow blank before the half of the day.
fn english(text: &str) -> Option<LocalDateTime> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (name, rest) = text.split_once(' ')?;
    let month = u8::try_from(MONTHS.iter().position(|month| *month == name)? + 1).ok()?;
    let (day, rest) = rest.split_once(", ")?;
    let (year, rest) = rest.split_once(' ')?;
    let (year, _) = digits(year, 4).filter(|(_, rest)| matches!(*rest, "" | ","))?;
    let (time, half) = rest.split_once([' ', '\u{202f}'])?;
    let mut units = [day].into_iter().chain(time.split(':')).map(|unit| {
        let is_number = matches!(unit.len(), 1..=2) && unit.bytes().all(|b| b.is_ascii_digit());
        unit.parse::<u8>().ok().filter(|_| is_number)
    });
    let mut unit = |min, max| units.next().flatten().filter(|unit| (min..=max).contains(unit));
    let day = unit(1, days_of(month, is_leap(year)))?;
    let (hour, minute, second) = (unit(1, 12)? % 12, unit(0, 59)?, unit(0, 59)?);
    let hour = match (half, units.next()) {
        ("AM", None) => hour,
        ("PM", None) => hour + 12,
        _ => return None,
    };
    let time = LocalTime { hour, minute, second, nano: 0 };
    Some(LocalDateTime { date: LocalDate { year, month, day }, time })
}

/// The milliseconds since 1970 of the text of a `java.util.Date` or one of `java.sql`: what
/// [`instant`] takes, 8 or 14 digits that are a date, a time of 1970-01-01, the milliseconds themselves
/// (fastjson2), or a date in English (Gson).
pub(super) fn millis(text: &str) -> Option<i64> {
    if let Some(local) = compact(text).or_else(|| english(text)) {
        return epoch_second(local, 0).checked_mul(MS_PER_SECOND);
    }
    if let Ok(ms) = text.parse() {
        return Some(ms);
    }
    let (second, nano) = match instant(text) {
        Some(instant) => instant,
        None => {
            let time = whole(text, time)?;
            (second_of_day(time), time.nano)
        }
    };
    second.checked_mul(MS_PER_SECOND)?.checked_add(i64::from(nano / NANOS_PER_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_days_are_each_others_inverse() {
        for (text, day) in [
            ("1970-01-01", 0),
            ("2024-02-29", 19_782),
            ("2000-03-01", 11_017),
            ("1600-12-31", -134_775),
            ("-0001-01-01", -719_893),
            ("+12345-06-07", 3_789_548),
        ] {
            let date = whole(text, date).unwrap();
            assert_eq!(date.to_string(), text);
            assert_eq!(date_of(epoch_day(date)), Some(date), "{text}");
            assert_eq!(epoch_day(date), day, "{text}");
        }
        assert_eq!(date_of(i64::MAX), None);
    }

    #[test]
    fn a_date_is_read_in_every_form_of_java() {
        let midnight = 1_704_067_200_000;
        for (text, ms) in [
            ("2024-01-01", midnight),
            ("2024-01-01 00:00:00", midnight),
            ("2024-01-01 10:20", midnight + 37_200_000),
            ("2024-01-01T10:20:30.123", midnight + 37_230_123),
            ("2024-01-01T10:20:30Z", midnight + 37_230_000),
            ("2024-01-01T10:20:30.123+08:00", midnight + 8_430_123),
            ("2024-01-01T10:20:30 -0130", midnight + 42_630_000),
            ("1969-12-31 23:59:59.999", -1),
            ("00:00:05", 5_000),
            ("-7", -7),
            ("20240101", midnight),
            ("20240101102030", midnight + 37_230_000),
            ("20241301", 20_241_301),
            ("Jan 1, 2024, 12:00:00 AM", midnight),
            ("Jan 1, 2024 10:20:30 AM", midnight + 37_230_000),
            ("Jan 01, 2024, 12:00:30\u{202f}PM", midnight + 43_230_000),
        ] {
            assert_eq!(millis(text), Some(ms), "{text}");
        }
        for text in ["", "2024-02-30", "2024-01-01x", "2024-13-01", "24:00", "2024-01-01T"]
            .into_iter()
            .chain(["Feb 30, 2024, 1:00:00 AM", "Jan 1, 2024, 0:00:00 AM", "Jan 1, 2024, 1:00 AM"])
        {
            assert_eq!(millis(text), None, "{text}");
        }
        assert_eq!(utc_of_ms(-1).unwrap().to_string(), "1969-12-31T23:59:59.999");
    }
}
