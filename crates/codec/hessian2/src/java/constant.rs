//! Enums of `java.time` and `java.util.concurrent`.

use crate::{Class, Decode, Decoder, Encode, Encoder, Error};

macro_rules! constants {
    ($(#[$attribute:meta])* $name:ident($java:literal) { $($variant:ident $constant:literal,)* }) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "the names say it")]
        pub enum $name {
            $($variant,)*
        }

        impl Encode for $name {
            fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
                static CLASS: Class = Class::new($java, &["name"]);
                let name = match self {
                    $(Self::$variant => $constant,)*
                };
                e.write_object(&CLASS, |e| name.encode(e))
            }
        }

        impl<'de> Decode<'de> for $name {
            fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
                let start = d.position();
                match &*d.read_constant_of($java, &[$($constant),*])? {
                    $($constant => Ok(Self::$variant),)*
                    other => Err(Error::unknown_constant($java, other).at(start)),
                }
            }
        }

        java_type!($name, $java);
    };
}

constants! {
    /// A day of the week.
    DayOfWeek("java.time.DayOfWeek") {
        Monday "MONDAY",
        Tuesday "TUESDAY",
        Wednesday "WEDNESDAY",
        Thursday "THURSDAY",
        Friday "FRIDAY",
        Saturday "SATURDAY",
        Sunday "SUNDAY",
    }
}

constants! {
    /// A month of the year.
    Month("java.time.Month") {
        January "JANUARY",
        February "FEBRUARY",
        March "MARCH",
        April "APRIL",
        May "MAY",
        June "JUNE",
        July "JULY",
        August "AUGUST",
        September "SEPTEMBER",
        October "OCTOBER",
        November "NOVEMBER",
        December "DECEMBER",
    }
}

constants! {
    /// A unit of time.
    TimeUnit("java.util.concurrent.TimeUnit") {
        Nanoseconds "NANOSECONDS",
        Microseconds "MICROSECONDS",
        Milliseconds "MILLISECONDS",
        Seconds "SECONDS",
        Minutes "MINUTES",
        Hours "HOURS",
        Days "DAYS",
    }
}
