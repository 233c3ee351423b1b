//! `java.time` with zones.

use super::time::{LocalDateTime, LocalTime};

record! {
    /// An offset from UTC.
    ///
    /// ```
    /// # mod dubhe { pub mod hessian2 { pub use dubhe_hessian2::{Error, from_bytes, to_bytes}; } pub use dubhe_hessian2::java; }
    /// use dubhe::hessian2::{Error, from_bytes, to_bytes};
    /// use dubhe::java::ZoneOffset;
    ///
    /// let india = ZoneOffset { seconds: 19_800 }; // +05:30
    /// assert_eq!(from_bytes::<ZoneOffset>(&to_bytes(&india)?)?, india);
    /// # Ok::<(), Error>(())
    /// ```
    #[derive(Copy)]
    ZoneOffset("java.time.ZoneOffset", handle!("java8.ZoneOffsetHandle")) {
        /// Seconds east of UTC, at most 18 hours either way.
        seconds: i32,
    }
    wire(required) { 0 seconds "seconds", }
}

record! {
    /// A time zone: a region or an offset.
    ///
    /// ```
    /// # mod dubhe { pub mod hessian2 { pub use dubhe_hessian2::{Error, from_bytes, to_bytes}; } pub use dubhe_hessian2::java; }
    /// use dubhe::hessian2::{Error, from_bytes, to_bytes};
    /// use dubhe::java::ZoneId;
    ///
    /// let zone = ZoneId { id: "Europe/Rome".into() };
    /// assert_eq!(from_bytes::<ZoneId>(&to_bytes(&zone)?)?, zone);
    /// # Ok::<(), Error>(())
    /// ```
    ZoneId("java.time.ZoneId", handle!("java8.ZoneIdHandle")) {
        /// The name, such as `Europe/Rome`.
        id: String,
    }
    wire(required) { 0 id "zoneId", }
}

record! {
    /// A date and time in a time zone.
    ///
    /// ```
    /// # mod dubhe { pub use dubhe_hessian2::java; }
    /// use dubhe::java::{LocalDate, LocalDateTime, LocalTime, ZoneOffset, ZonedDateTime};
    ///
    /// let date = LocalDate { year: 2024, month: 7, day: 1 };
    /// let time = LocalTime { hour: 9, minute: 0, second: 0, nano: 0 };
    /// let opens = ZonedDateTime {
    ///     date_time: LocalDateTime { date, time },
    ///     offset: ZoneOffset { seconds: 7_200 }, // summer time, which the caller has to know
    ///     zone: "Europe/Rome".into(),
    /// };
    /// assert_eq!(opens.date_time.to_string(), "2024-07-01T09:00");
    /// ```
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
    ///
    /// ```
    /// # mod dubhe { pub use dubhe_hessian2::java; }
    /// use dubhe::java::{LocalDate, LocalDateTime, LocalTime, OffsetDateTime, ZoneOffset};
    ///
    /// let date = LocalDate { year: 2024, month: 2, day: 29 };
    /// let time = LocalTime { hour: 23, minute: 59, second: 59, nano: 0 };
    /// let date_time = LocalDateTime { date, time };
    /// let sent = OffsetDateTime { date_time, offset: ZoneOffset { seconds: 28_800 } }; // +08:00
    /// assert_eq!(sent.date_time.to_string(), "2024-02-29T23:59:59");
    /// ```
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
    ///
    /// ```
    /// # mod dubhe { pub use dubhe_hessian2::java; }
    /// use dubhe::java::{LocalTime, OffsetTime, ZoneOffset};
    ///
    /// let time = LocalTime { hour: 18, minute: 0, second: 0, nano: 0 };
    /// let closes = OffsetTime { time, offset: ZoneOffset { seconds: 3_600 } }; // 18:00+01:00
    /// assert_eq!(closes.time.to_string(), "18:00");
    /// ```
    #[derive(Copy)]
    OffsetTime("java.time.OffsetTime", handle!("java8.OffsetTimeHandle")) {
        /// The local time.
        time: LocalTime,
        /// The offset.
        offset: ZoneOffset,
    }
    wire(required) { 0 offset "zoneOffset", 1 time "localTime", }
}
