//! `java.util.Date` and the dates of `java.sql`.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::{Decode, Decoder, Encode, Encoder, Error};

/// `java.util.Date`: a point in time.
///
/// ```
/// # mod dubhe { pub use dubhe_hessian2::java; }
/// use std::time::{Duration, SystemTime};
/// use dubhe::java::Date;
///
/// let date = Date::from(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000));
/// assert_eq!(date, Date(1_700_000_000_000));
/// assert_eq!(date.to_string(), "2023-11-14 22:13:20"); // in UTC
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub i64,
);

impl Encode for Date {
    #[inline]
    fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
        e.write_date(self.0);
        Ok(())
    }
}

impl<'de> Decode<'de> for Date {
    #[inline]
    fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
        d.read_date().map(Self)
    }
}

java_type!(Date, "java.util.Date");

/// The form of Dubbo's JSON, in UTC: `2024-02-29 10:20:30.5`. Beyond the years of `java.time`, the
/// milliseconds.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match super::text::date(self.0, crate::Form::Json) {
            Some(text) => f.write_str(&text),
            None => self.0.fmt(f),
        }
    }
}

/// The date rounded down to the millisecond; a time that does not fit becomes the nearest that
/// does.
impl From<SystemTime> for Date {
    fn from(time: SystemTime) -> Self {
        Self(match time.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
            Err(before) => {
                let ms = before.duration().as_nanos().div_ceil(1_000_000);
                i64::try_from(ms).map_or(i64::MIN, |ms| -ms)
            }
        })
    }
}

/// A date that the system's clock cannot express is an error.
impl TryFrom<Date> for SystemTime {
    type Error = Error;

    fn try_from(date: Date) -> Result<Self, Error> {
        let distance = Duration::from_millis(date.0.unsigned_abs());
        let time = if date.0 < 0 {
            UNIX_EPOCH.checked_sub(distance)
        } else {
            UNIX_EPOCH.checked_add(distance)
        };
        time.ok_or_else(|| {
            Error::new(crate::ErrorKind::Range, "the date is beyond what the system's clock holds")
        })
    }
}

/// Declares a date of `java.sql`. In fields of its own type Java writes a plain date, elsewhere an
/// object with the date in `value`; it reads the object everywhere, so that is what is written.
macro_rules! sql {
    ($(#[$attribute:meta])* $name:ident($java:literal)) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(
            /// Milliseconds since 1970-01-01T00:00:00Z.
            pub i64,
        );

        impl Encode for $name {
            fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
                static CLASS: crate::Class = crate::Class::new($java, &["value"]);
                e.write_object(&CLASS, |e| Date(self.0).encode(e))
            }
        }

        impl<'de> Decode<'de> for $name {
            fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
                d.read_date().map(Self)
            }
        }

        java_type!($name, $java);
    };
}

sql! {
    /// `java.sql.Date`.
    ///
    /// ```
    /// # mod dubhe { pub mod hessian2 { pub use dubhe_hessian2::{Error, from_bytes, to_bytes}; } pub use dubhe_hessian2::java; }
    /// use dubhe::hessian2::{Error, from_bytes, to_bytes};
    /// use dubhe::java::SqlDate;
    ///
    /// let born = SqlDate(951_782_400_000); // 2000-02-29, midnight in UTC
    /// assert_eq!(from_bytes::<SqlDate>(&to_bytes(&born)?)?, born);
    /// # Ok::<(), Error>(())
    /// ```
    SqlDate("java.sql.Date")
}

sql! {
    /// `java.sql.Time`.
    ///
    /// ```
    /// # mod dubhe { pub mod hessian2 { pub use dubhe_hessian2::{Error, from_bytes, to_bytes}; } pub use dubhe_hessian2::java; }
    /// use dubhe::hessian2::{Error, from_bytes, to_bytes};
    /// use dubhe::java::SqlTime;
    ///
    /// let noon = SqlTime(12 * 3_600_000); // in UTC
    /// assert_eq!(from_bytes::<SqlTime>(&to_bytes(&noon)?)?, noon);
    /// # Ok::<(), Error>(())
    /// ```
    SqlTime("java.sql.Time")
}

sql! {
    /// `java.sql.Timestamp`. Its nanoseconds do not travel.
    ///
    /// ```
    /// # mod dubhe { pub mod hessian2 { pub use dubhe_hessian2::{Error, from_bytes, to_bytes}; } pub use dubhe_hessian2::java; }
    /// use dubhe::hessian2::{Error, from_bytes, to_bytes};
    /// use dubhe::java::Timestamp;
    ///
    /// let changed = Timestamp(1_700_000_000_123);
    /// assert_eq!(from_bytes::<Timestamp>(&to_bytes(&changed)?)?, changed);
    /// # Ok::<(), Error>(())
    /// ```
    Timestamp("java.sql.Timestamp")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_a_system_time_to_the_millisecond() {
        for ms in [0, 1, -1, 1_704_067_200_123] {
            let time = SystemTime::try_from(Date(ms)).unwrap();
            assert_eq!(Date::from(time), Date(ms));
        }
        assert_eq!(Date::from(UNIX_EPOCH - Duration::from_nanos(1)), Date(-1));
    }
    #[test]
    fn a_date_prints_as_in_javas_json() {
        for (ms, text) in [
            (0, "1970-01-01 00:00:00"),
            (500, "1970-01-01 00:00:00.5"),
            (50, "1970-01-01 00:00:00.05"),
            (1_120, "1970-01-01 00:00:01.12"),
            (10_000, "1970-01-01 00:00:10"),
            (-1, "1969-12-31 23:59:59.999"),
        ] {
            assert_eq!(Date(ms).to_string(), text);
        }
    }
}
