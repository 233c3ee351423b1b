//! `java.time` with zones.

use super::time::{LocalDateTime, LocalTime};

record! {
    /// An offset from UTC.
    #[derive(Copy)]
    ZoneOffset("java.time.ZoneOffset", handle!("java8.ZoneOffsetHandle")) {
        /// Seconds east of UTC, at most 18 hours either way.
        seconds: i32,
    }
    wire(required) { 0 seconds "seconds", }
}

record! {
    /// A time zone: a region or an offset.
    ZoneId("java.time.ZoneId", handle!("java8.ZoneIdHandle")) {
        /// The name, such as `Europe/Rome`.
        id: String,
    }
    wire(required) { 0 id "zoneId", }
}

record! {
    /// A date and time in a time zone.
    ZonedDateTime("java.time.ZonedDateTime", handle!("java8.ZonedDateTimeHandle")) {
        /// The local date and time.
        date_time: LocalDateTime,
        /// The offset from UTC that holds then.
        offset: ZoneOffset,
        /// The name of the zone, such as `Asia/Shanghai`.
        zone: String,
    }
    wire(required) { 0 offset "offset", 1 date_time "dateTime", 2 zone "zoneId", }
}

record! {
    /// A date and time at an offset from UTC.
    #[derive(Copy)]
    OffsetDateTime("java.time.OffsetDateTime", handle!("java8.OffsetDateTimeHandle")) {
        /// The local date and time.
        date_time: LocalDateTime,
        /// The offset.
        offset: ZoneOffset,
    }
    wire(required) { 0 offset "offset", 1 date_time "dateTime", }
}

record! {
    /// A time of the day at an offset from UTC.
    #[derive(Copy)]
    OffsetTime("java.time.OffsetTime", handle!("java8.OffsetTimeHandle")) {
        /// The local time.
        time: LocalTime,
        /// The offset.
        offset: ZoneOffset,
    }
    wire(required) { 0 offset "zoneOffset", 1 time "localTime", }
}
