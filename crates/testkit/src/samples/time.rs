//! Dates and `java.time`.

use dubhe_core::Value;

use super::{HANDLE_PACKAGE, Samples, object};

pub(super) fn dates(s: &mut Samples) {
    for (name, ms) in [
        ("epoch", 0),
        ("one-ms", 1),
        ("one-minute", 60_000),
        ("before-epoch", -1),
        ("minute-before-epoch", -60_000),
        ("2024-minute", 1_704_067_200_000),
        ("2024-ms", 1_704_067_200_123),
        ("max-minute", 2_147_483_647 * 60_000),
        ("over-max-minute", 2_147_483_648 * 60_000),
        ("min-minute", -2_147_483_648 * 60_000),
        ("max", i64::MAX),
    ] {
        s.add(format!("date/{name}"), Value::Date(ms));
    }
    for (name, class, ms) in [
        ("sql-date", "java.sql.Date", 1_704_067_200_000),
        ("sql-time", "java.sql.Time", 3_661_000),
        ("sql-timestamp", "java.sql.Timestamp", 1_704_067_200_123),
    ] {
        s.add(name, object(class, [("value", Value::Date(ms))]));
    }
    let date = Value::Date(1_704_067_200_123);
    s.add(
        "calendar",
        object(&format!("{HANDLE_PACKAGE}CalendarHandle"), [("date", date), ("type", Value::Null)]),
    );
}

fn date(year: i32, month: i32, day: i32) -> Value {
    handle("LocalDate", [("day", day.into()), ("month", month.into()), ("year", year.into())])
}

fn time(hour: i32, minute: i32, second: i32, nano: i32) -> Value {
    handle(
        "LocalTime",
        [
            ("nano", nano.into()),
            ("second", second.into()),
            ("minute", minute.into()),
            ("hour", hour.into()),
        ],
    )
}

fn date_time(time: Value, date: Value) -> Value {
    handle("LocalDateTime", [("time", time), ("date", date)])
}

fn offset(seconds: i32) -> Value {
    handle("ZoneOffset", [("seconds", seconds.into())])
}

fn handle(class: &str, fields: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    object(&format!("{HANDLE_PACKAGE}java8.{class}Handle"), fields)
}

pub(super) fn times(s: &mut Samples) {
    let leap = || date(2024, 2, 29);
    let late = || time(23, 59, 58, 123_456_789);
    s.add("time/local-date", leap());
    s.add("time/local-time", late());
    s.add("time/local-time-midnight", time(0, 0, 0, 0));
    s.add("time/local-date-time", date_time(late(), leap()));
    for (name, class, nanos, seconds) in [
        ("instant", "Instant", 123_456_789, 1_704_067_200_i64),
        ("instant-before-epoch", "Instant", 999_999_999, -1),
        ("duration", "Duration", 5, 3661),
        ("duration-negative", "Duration", 999_000_000, -1),
    ] {
        let fields = [("nanos", Value::Int(nanos)), ("seconds", Value::Long(seconds))];
        s.add(format!("time/{name}"), handle(class, fields));
    }
    let early = || date_time(time(1, 2, 3, 4), leap());
    s.add(
        "time/zoned",
        handle(
            "ZonedDateTime",
            [
                ("offset", offset(8 * 3600)),
                ("dateTime", early()),
                ("zoneId", "Asia/Shanghai".into()),
            ],
        ),
    );
    s.add(
        "time/offset",
        handle("OffsetDateTime", [("offset", offset(5 * 3600 + 1800)), ("dateTime", early())]),
    );
    s.add(
        "time/offset-time",
        handle("OffsetTime", [("zoneOffset", offset(-8 * 3600)), ("localTime", time(1, 2, 3, 4))]),
    );
    s.add(
        "time/period",
        handle("Period", [("days", 3.into()), ("months", 2.into()), ("years", 1.into())]),
    );
    s.add("time/year", handle("Year", [("year", 2024.into())]));
    s.add("time/year-month", handle("YearMonth", [("month", 12.into()), ("year", 2024.into())]));
    s.add("time/month-day", handle("MonthDay", [("day", 29.into()), ("month", 2.into())]));
    s.add("time/zone-id", handle("ZoneId", [("zoneId", "Europe/Rome".into())]));
    s.add("time/zone-offset", offset(9 * 3600));
    s.add("time/day-of-week", Value::constant("java.time.DayOfWeek", "FRIDAY"));
    s.add("time/month", Value::constant("java.time.Month", "MAY"));
}
