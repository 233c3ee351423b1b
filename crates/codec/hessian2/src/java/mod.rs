//! Java's own types, in the forms in which hessian-lite and dubbo-go send them.
//!
//! Many travel as a *handle*, an object of a class of hessian-lite that stands for the type. The
//! classes are those of `com.alibaba.com.caucho.hessian.io` and its package `java8`; dubbo-go
//! knows them by the same names.

#[macro_use]
mod record;

mod calendar;
mod constant;
mod date;
mod decimal;
mod forms;
mod generalize;
mod integer;
mod iso;
mod realize;
mod span;
mod text;
mod throwable;
mod time;
mod util;
mod zone;

pub use crate::types::Array;
pub use calendar::Calendar;
pub use constant::{DayOfWeek, Month, TimeUnit};
pub use date::{Date, SqlDate, SqlTime, Timestamp};
pub use decimal::BigDecimal;
pub use generalize::generalize;
pub use integer::BigInteger;
pub use text::{json, text};
pub use throwable::{StackTraceElement, Throwable};
pub use time::{
    Duration, Instant, LocalDate, LocalDateTime, LocalTime, MonthDay, Period, Year, YearMonth,
};
pub use util::{BitSet, Class, Currency, Locale, Uuid};
pub use zone::{OffsetDateTime, OffsetTime, ZoneId, ZoneOffset, ZonedDateTime};
