//! `java.time` without zones.

use std::fmt;

use crate::{Decode, Decoder, Encode, Encoder, Error, ErrorKind, JavaType};

record! {
    /// A date of the ISO calendar.
    ///
    /// ```
    /// # mod dubhe { pub use dubhe_hessian2::java; }
    /// use dubhe::java::LocalDate;
    ///
    /// let date = LocalDate { year: 2024, month: 2, day: 29 };
    /// assert_eq!(date.to_string(), "2024-02-29");
    /// ```
    #[derive(Copy)]
    LocalDate("java.time.LocalDate", handle!("java8.LocalDateHandle")) {
        /// The year, −999,999,999 to 999,999,999.
        year: i32,
        /// The month, 1 to 12.
        month: u8,
        /// The day of the month, 1 to 31.
        day: u8,
    }
    wire(required) { 0 day "day", 1 month "month", 2 year "year", }
}

record! {
    /// A time of the day.
    ///
    /// ```
    /// # mod dubhe { pub use dubhe_hessian2::java; }
    /// use dubhe::java::LocalTime;
    ///
    /// let time = LocalTime { hour: 9, minute: 30, second: 5, nano: 250_000_000 };
    /// assert_eq!(time.to_string(), "09:30:05.250");
    /// ```
    #[derive(Copy)]
    LocalTime("java.time.LocalTime", handle!("java8.LocalTimeHandle")) {
        /// The hour, 0 to 23.
        hour: u8,
        /// The minute, 0 to 59.
        minute: u8,
        /// The second, 0 to 59.
        second: u8,
        /// The nanoseconds, 0 to 999,999,999.
        nano: i32,
    }
    wire(required) { 0 nano "nano", 1 second "second", 2 minute "minute", 3 hour "hour", }
}

record! {
    /// A date and a time of that day.
    ///
    /// ```
    /// # mod dubhe { pub use dubhe_hessian2::java; }
    /// use dubhe::java::{LocalDate, LocalDateTime, LocalTime};
    ///
    /// let date = LocalDate { year: 2024, month: 2, day: 29 };
    /// let time = LocalTime { hour: 9, minute: 30, second: 0, nano: 0 };
    /// assert_eq!(LocalDateTime { date, time }.to_string(), "2024-02-29T09:30");
    /// ```
    #[derive(Copy)]
    LocalDateTime("java.time.LocalDateTime", handle!("java8.LocalDateTimeHandle")) {
        /// The date.
        date: LocalDate,
        /// The time.
        time: LocalTime,
    }
    wire(required) { 0 time "time", 1 date "date", }
}

record! {
    /// A point in time.
    ///
    /// ```
    /// # mod dubhe { pub use dubhe_hessian2::java; }
    /// use std::time::{Duration, SystemTime};
    /// use dubhe::java::Instant;
    ///
    /// let instant = Instant::from(SystemTime::UNIX_EPOCH + Duration::from_millis(1_500));
    /// assert_eq!(instant, Instant { seconds: 1, nanos: 500_000_000 });
    /// ```
    #[derive(Copy)]
    Instant("java.time.Instant", handle!("java8.InstantHandle")) {
        /// Seconds since 1970-01-01T00:00:00Z.
        seconds: i64,
        /// Nanoseconds after that second, 0 to 999,999,999.
        nanos: i32,
    }
    wire(required) { 0 nanos "nanos", 1 seconds "seconds", }
}

record! {
    /// An amount of time, perhaps negative. [`std::time::Duration`] travels as one too.
    ///
    /// ```
    /// # mod dubhe { pub use dubhe_hessian2::java; }
    /// use dubhe::java::Duration;
    ///
    /// // Minus half a second, as Java counts it; `std::time::Duration` cannot be negative.
    /// let half = Duration { seconds: -1, nanos: 500_000_000 };
    /// assert!(std::time::Duration::try_from(half).is_err());
    /// assert_eq!(Duration::from(std::time::Duration::from_secs(90)).seconds, 90);
    /// ```
    #[derive(Copy)]
    Duration("java.time.Duration", handle!("java8.DurationHandle")) {
        /// Whole seconds, rounded down.
        seconds: i64,
        /// Nanoseconds on top of them, 0 to 999,999,999.
        nanos: i32,
    }
    wire(required) { 0 nanos "nanos", 1 seconds "seconds", }
}

record! {
    /// An amount of calendar time.
    ///
    /// ```
    /// # mod dubhe { pub mod hessian2 { pub use dubhe_hessian2::{Error, from_bytes, to_bytes}; } pub use dubhe_hessian2::java; }
    /// use dubhe::hessian2::{Error, from_bytes, to_bytes};
    /// use dubhe::java::Period;
    ///
    /// let notice = Period { years: 0, months: 3, days: 0 };
    /// assert_eq!(from_bytes::<Period>(&to_bytes(&notice)?)?, notice);
    /// # Ok::<(), Error>(())
    /// ```
    #[derive(Copy)]
    Period("java.time.Period", handle!("java8.PeriodHandle")) {
        /// The years.
        years: i32,
        /// The months.
        months: i32,
        /// The days.
        days: i32,
    }
    wire(required) { 0 days "days", 1 months "months", 2 years "years", }
}

record! {
    /// A year.
    ///
    /// ```
    /// # mod dubhe { pub mod hessian2 { pub use dubhe_hessian2::{Error, from_bytes, to_bytes}; } pub use dubhe_hessian2::java; }
    /// use dubhe::hessian2::{Error, from_bytes, to_bytes};
    /// use dubhe::java::Year;
    ///
    /// let vintage = Year { year: 1997 };
    /// assert_eq!(from_bytes::<Year>(&to_bytes(&vintage)?)?, vintage);
    /// # Ok::<(), Error>(())
    /// ```
    #[derive(Copy)]
    Year("java.time.Year", handle!("java8.YearHandle")) {
        /// The year, −999,999,999 to 999,999,999.
        year: i32,
    }
    wire(required) { 0 year "year", }
}

record! {
    /// A month of a year.
    ///
    /// ```
    /// # mod dubhe { pub mod hessian2 { pub use dubhe_hessian2::{Error, from_bytes, to_bytes}; } pub use dubhe_hessian2::java; }
    /// use dubhe::hessian2::{Error, from_bytes, to_bytes};
    /// use dubhe::java::YearMonth;
    ///
    /// let expires = YearMonth { year: 2027, month: 11 };
    /// assert_eq!(from_bytes::<YearMonth>(&to_bytes(&expires)?)?, expires);
    /// # Ok::<(), Error>(())
    /// ```
    #[derive(Copy)]
    YearMonth("java.time.YearMonth", handle!("java8.YearMonthHandle")) {
        /// The year, −999,999,999 to 999,999,999.
        year: i32,
        /// The month, 1 to 12.
        month: u8,
    }
    wire(required) { 0 month "month", 1 year "year", }
}

record! {
    /// A day of a month.
    ///
    /// ```
    /// # mod dubhe { pub mod hessian2 { pub use dubhe_hessian2::{Error, from_bytes, to_bytes}; } pub use dubhe_hessian2::java; }
    /// use dubhe::hessian2::{Error, from_bytes, to_bytes};
    /// use dubhe::java::MonthDay;
    ///
    /// let birthday = MonthDay { month: 2, day: 29 };
    /// assert_eq!(from_bytes::<MonthDay>(&to_bytes(&birthday)?)?, birthday);
    /// # Ok::<(), Error>(())
    /// ```
    #[derive(Copy)]
    MonthDay("java.time.MonthDay", handle!("java8.MonthDayHandle")) {
        /// The month, 1 to 12.
        month: u8,
        /// The day of the month, 1 to 31.
        day: u8,
    }
    wire(required) { 0 day "day", 1 month "month", }
}

/// Java's form: `2024-02-29`, `+12024-01-01`, `-0044-03-15`.
impl fmt::Display for LocalDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.year {
            ..0 => "-",
            0..=9999 => "",
            _ => "+",
        };
        write!(f, "{sign}{:04}-{:02}-{:02}", self.year.unsigned_abs(), self.month, self.day)
    }
}

/// Java's form: `01:02`, `01:02:03`, `01:02:03.000004`.
impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)?;
        match (self.second, self.nano) {
            (0, 0) => Ok(()),
            (second, 0) => write!(f, ":{second:02}"),
            (second, n) if n % 1_000_000 == 0 => write!(f, ":{second:02}.{:03}", n / 1_000_000),
            (second, n) if n % 1_000 == 0 => write!(f, ":{second:02}.{:06}", n / 1_000),
            (second, n) => write!(f, ":{second:02}.{n:09}"),
        }
    }
}

impl fmt::Display for LocalDateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}T{}", self.date, self.time)
    }
}

impl From<std::time::SystemTime> for Instant {
    fn from(time: std::time::SystemTime) -> Self {
        match time.duration_since(std::time::UNIX_EPOCH) {
            Ok(after) => {
                let Duration { seconds, nanos } = after.into();
                Self { seconds, nanos }
            }
            Err(before) => {
                let Duration { seconds, nanos } = before.duration().into();
                match nanos {
                    0 => Self { seconds: -seconds, nanos },
                    _ => Self { seconds: -seconds - 1, nanos: 1_000_000_000 - nanos },
                }
            }
        }
    }
}

impl From<std::time::Duration> for Duration {
    /// Java's longest duration stands for one that is longer.
    fn from(duration: std::time::Duration) -> Self {
        Self {
            seconds: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
            nanos: duration.subsec_nanos().cast_signed(),
        }
    }
}

impl TryFrom<Duration> for std::time::Duration {
    type Error = Error;

    /// A negative duration is an error.
    fn try_from(duration: Duration) -> Result<Self, Error> {
        let negative = |_| {
            let detail = "the duration is negative; declare java::Duration";
            Error::new(ErrorKind::Range, detail)
        };
        let seconds = u64::try_from(duration.seconds).map_err(negative)?;
        let nanos = u32::try_from(duration.nanos).map_err(negative)?;
        Ok(Self::from_secs(seconds).saturating_add(Self::from_nanos(nanos.into())))
    }
}

impl Encode for std::time::Duration {
    fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
        Duration::from(*self).encode(e)
    }
}

impl<'de> Decode<'de> for std::time::Duration {
    fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
        let start = d.position();
        Duration::decode(d)?.try_into().map_err(|e: Error| e.at(start))
    }
}

impl JavaType for std::time::Duration {
    fn descriptor() -> std::borrow::Cow<'static, str> {
        Duration::descriptor()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_types_print_as_java_prints_them() {
        let date = |year| LocalDate { year, month: 3, day: 15 }.to_string();
        assert_eq!(
            [date(2024), date(12024), date(-44)],
            ["2024-03-15", "+12024-03-15", "-0044-03-15"]
        );
        let time = |second, nano| LocalTime { hour: 1, minute: 2, second, nano }.to_string();
        assert_eq!(
            [time(0, 0), time(3, 0), time(0, 4_000_000), time(3, 4_000), time(3, 4)],
            ["01:02", "01:02:03", "01:02:00.004", "01:02:03.000004", "01:02:03.000000004"]
        );
    }

    #[test]
    fn time_before_the_epoch_rounds_down() {
        let before = std::time::UNIX_EPOCH - std::time::Duration::from_nanos(1);
        assert_eq!(Instant::from(before), Instant { seconds: -1, nanos: 999_999_999 });
    }

    #[test]
    fn a_negative_duration_is_refused() {
        let negative = Duration { seconds: -1, nanos: 999_000_000 };
        assert!(std::time::Duration::try_from(negative).is_err());
    }
}
