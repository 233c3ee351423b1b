//! Arguments that came as JSON or as generic values become what the Rust type takes.

use std::collections::{BTreeMap, HashMap};

use dubhe_core::payload::{Args, DecodeLimits};
use dubhe_core::{Payload, Reply, Status, Value};
use dubhe_hessian2::java::{
    BigDecimal, BigInteger, Calendar, Currency, Date, DayOfWeek, Duration, Instant, LocalDate,
    LocalDateTime, LocalTime, Locale, Month, MonthDay, OffsetDateTime, OffsetTime, Period, SqlDate,
    SqlTime, TimeUnit, Timestamp, Uuid, Year, YearMonth, ZoneId, ZoneOffset, ZonedDateTime,
    generalize_gson, generalize_untyped,
};
use dubhe_hessian2::{Array, Encode, JavaType, payload};

/// Decodes the only argument, as it comes from a generic call and as it comes over HTTP.
fn realize<T: payload::Owned + PartialEq + std::fmt::Debug>(value: &Value) -> Result<T, Status> {
    let limits = DecodeLimits::default();
    let generic = payload::elements(std::slice::from_ref(value), &limits)?;
    let values = Payload::Args(Args::Values([value.clone()].into()));
    let (typed,) = payload::arguments::<(T,)>(&Payload::from(generic))?;
    let (plain,) = payload::arguments::<(T,)>(&values)?;
    assert_eq!(typed, plain);
    Ok(typed)
}

fn taken<T: payload::Owned + PartialEq + std::fmt::Debug>(values: &[Value], expected: &T) {
    for value in values {
        assert_eq!(realize::<T>(value).unwrap(), *expected, "{value}");
    }
}

fn decimal(text: &str) -> Value {
    Value::object("java.math.BigDecimal").field("value", text).into()
}

fn text(text: &str) -> Value {
    text.into()
}

#[test]
fn numbers_and_booleans_are_taken_as_text() {
    taken(&[text("5"), text(" 5 "), Value::Int(5), Value::Double(5.0), decimal("5.00")], &5_i8);
    taken(&[text("5"), Value::Long(5)], &5_i16);
    taken(&[text("-5")], &-5_i32);
    taken(&[text("9223372036854775807")], &i64::MAX);
    taken(&[text("0.1"), decimal("0.10")], &0.1_f64);
    taken(&[text("0.1"), Value::Double(0.1)], &0.1_f32);
    taken(&[text("Infinity")], &f64::INFINITY);
    taken(&[text("true"), text("TRUE"), text("1"), Value::Int(1)], &true);
    taken(&[text("false"), text("0")], &false);
    taken(&[Value::Int(5)], &"5".to_owned());
    taken(&[decimal("1.50")], &"1.50".to_owned());
    taken(&[text("5"), Value::Int(5)], &Some(5_i32));
    taken(&[Value::Null], &None::<i32>);
}

#[test]
fn big_numbers_keep_their_digits() {
    let of = |text: &str| text.parse::<BigDecimal>().unwrap();
    taken(&[text("1.50"), decimal("1.50")], &of("1.50"));
    taken(&[Value::Double(1.5)], &of("1.5"));
    taken(&[Value::Int(5), text("5")], &of("5"));
    taken(&[decimal("1e2")], &of("1E+2"));
    let digits = "123456789012345678901234567890";
    let integer: BigInteger = digits.parse().unwrap();
    taken(&[text(digits), decimal(digits)], &integer);
    taken(&[dubhe_hessian2::to_value(&integer).unwrap()], &of(digits));
    taken(&[Value::Int(-5), text("-5"), decimal("-5.0")], &BigInteger::from(-5_i64));
}

#[test]
fn dates_are_taken_as_text_and_as_milliseconds() {
    let at = 1_704_104_430_123;
    taken(&[text("2024-01-01 10:20:30.123"), Value::Long(at), Value::Date(at)], &Date(at));
    taken(&[text("2024-01-01T18:20:30.123+08:00"), text("1704104430123")], &Date(at));
    taken(&[text("2024-01-01")], &SqlDate(1_704_067_200_000));
    taken(&[text("00:00:05"), Value::Int(5_000)], &SqlTime(5_000));
    taken(&[Value::Int(5)], &Timestamp(5));
    taken(&[Value::Int(1_500)], &Instant { seconds: 1, nanos: 500_000_000 });
    taken(&[Value::Int(2024), text("2024")], &Year { year: 2024 });
    taken(
        &[text("2024-01-01"), text("2024-01-01 10:20:30")],
        &"2024-01-01".parse::<LocalDate>().unwrap(),
    );
}

#[test]
fn bytes_and_chars_are_taken_in_both_forms() {
    taken(
        &[text("AP8="), Value::list([0, -1]), Value::list([0, 255]), text_bytes()],
        &vec![0_u8, 255],
    );
    taken(&[Value::list([0, -1])], &Array(vec![0_i8, -1]));
    taken(&[text("ab"), Value::list(["a", "b"])], &Array(vec!['a', 'b']));
    taken(&[Value::list(["1", "2"])], &Array(vec![1_i32, 2]));
}

fn text_bytes() -> Value {
    vec![0_u8, 255].into()
}

#[test]
fn keys_of_maps_become_what_they_are() {
    taken(&[Value::map([("5", "x")])], &HashMap::from([(5_i32, "x".to_owned())]));
    let day: LocalDate = "2024-01-01".parse().unwrap();
    taken(&[Value::map([("2024-01-01", 5)])], &BTreeMap::from([(day, Date(5))]));
}

/// Sends back what a method returned, in either JSON.
fn returned<T>(value: T)
where
    T: Encode
        + JavaType
        + payload::Owned
        + PartialEq
        + std::fmt::Debug
        + Clone
        + Send
        + Sync
        + 'static,
{
    let reply = Reply::new(payload::message(value.clone()));
    let answer = payload::generic_reply(&reply).unwrap();
    for json in [generalize_untyped(answer.clone()), generalize_gson(answer)] {
        assert_eq!(realize::<T>(&json).unwrap(), value, "{json}");
    }
}

#[test]
fn what_is_returned_can_be_sent() {
    let local: LocalDateTime = "2024-02-29T10:20:30.000000004".parse().unwrap();
    let offset = ZoneOffset { seconds: -4_200 };
    returned("1.50".parse::<BigDecimal>().unwrap());
    returned("-123456789012345678901234567890".parse::<BigInteger>().unwrap());
    returned(Date(-1));
    returned(SqlDate(1_704_067_200_000));
    returned(SqlDate(5));
    returned(SqlTime(5_000));
    returned(Timestamp(1_704_104_430_123));
    let class = dubhe_hessian2::java::Class { name: "java.util.GregorianCalendar".into() };
    returned(Calendar { date: Date(5), class: Some(class) });
    returned(Instant { seconds: -1, nanos: 999_000_000 });
    returned(local.date);
    returned(local.time);
    returned(LocalTime { hour: 1, minute: 2, second: 0, nano: 0 });
    returned(local);
    returned(OffsetDateTime { date_time: local, offset });
    returned(OffsetTime { time: local.time, offset });
    returned(ZonedDateTime { date_time: local, offset, zone: "America/Bogota".into() });
    returned(Duration { seconds: -3_601, nanos: 5 });
    returned(Period { years: 1, months: -2, days: 3 });
    returned(Year { year: -44 });
    returned(YearMonth { year: 2024, month: 2 });
    returned(MonthDay { month: 2, day: 29 });
    returned(ZoneId { id: "Europe/Rome".into() });
    returned(offset);
    returned(DayOfWeek::Monday);
    returned(Month::January);
    returned(TimeUnit::Hours);
    returned("123e4567-e89b-12d3-a456-426614174000".parse::<Uuid>().unwrap());
    returned(Currency { code: "EUR".into() });
    returned(Locale { value: "zh_CN".into() });
    returned(vec![0_u8, 255]);
    returned(0.1_f32);
    returned(vec![Some(Date(5)), None]);
    returned(HashMap::from([(5_i64, "1.50".parse::<BigDecimal>().unwrap())]));
}

#[test]
fn values_print_as_in_java() {
    let json = |value: &dyn Fn() -> Payload| {
        generalize_untyped(payload::generic_reply(&Reply::new(value())).unwrap())
    };
    assert_eq!(json(&|| payload::message(0.1_f32)), Value::Double(0.1));
    assert_eq!(json(&|| payload::message(Array(vec![0.1_f32]))), Value::list([0.1]));
    assert_eq!(json(&|| payload::message(TimeUnit::Hours)), text("HOURS"));
    assert_eq!(json(&|| payload::message(Date(5))), text("1970-01-01 00:00:00.005"));
    assert_eq!(json(&|| payload::message(Duration { seconds: 3_600, nanos: 0 })), text("PT1H"));
    assert_eq!(json(&|| payload::message("1.50".parse::<BigDecimal>().unwrap())), decimal("1.50"));
}

#[test]
fn errors_say_where_and_what_was_due() {
    type Lines = HashMap<String, Vec<HashMap<String, BigDecimal>>>;
    let line = |price: &str| Value::map([("price", price)]);
    let lines = Value::map([("lines", Value::list([line("1"), line("x")]))]);
    for (error, expected) in [
        (
            realize::<Lines>(&lines).unwrap_err(),
            "argument 1, lines[1].price: expected java.math.BigDecimal, found a string that is no number",
        ),
        (
            realize::<Vec<i32>>(&vec![Value::Int(1), Value::Null].into()).unwrap_err(),
            "argument 1, [1]: expected int, found null; make it an Option",
        ),
        (realize::<i32>(&text("x")).unwrap_err(), "argument 1: expected int, found a string"),
        (realize::<i8>(&Value::Int(128)).unwrap_err(), "argument 1: expected byte, found a number"),
        (
            realize::<i32>(&Value::Double(1.5)).unwrap_err(),
            "argument 1: expected int, found a number",
        ),
        (
            realize::<i64>(&decimal("12345678901234567890")).unwrap_err(),
            "expected long, found a number",
        ),
        (
            realize::<bool>(&text("yes")).unwrap_err(),
            "argument 1: expected boolean, found a string",
        ),
        (realize::<Date>(&text("x")).unwrap_err(), "argument 1: expected java.util.Date, found"),
        (
            realize::<Duration>(&text("x")).unwrap_err(),
            "expected java.time.Duration, found a string that is none; write it as PT1H30M",
        ),
        (realize::<Duration>(&Value::Null).unwrap_err(), "expected java.time.Duration, found null"),
        (realize::<TimeUnit>(&text("x")).unwrap_err(), "TimeUnit has no constant x"),
        (
            realize::<Vec<u8>>(&text("%")).unwrap_err(),
            "expected byte[], found a string that is no base64",
        ),
        (realize::<BigInteger>(&decimal("1.5")).unwrap_err(), "expected java.math.BigInteger"),
        (
            realize::<HashMap<i32, i32>>(&Value::map([("x", 1)])).unwrap_err(),
            "argument 1, x: expected int, found a string",
        ),
    ] {
        assert!(error.message().contains(expected), "{error}");
        assert!(!error.message().contains("byte 0"), "{error}");
    }
}

#[test]
fn hessian_itself_stays_strict() {
    let bytes = |value: &Value| dubhe_hessian2::to_bytes(value).unwrap();
    assert!(dubhe_hessian2::from_bytes::<i32>(&bytes(&text("5"))).is_err());
    assert!(dubhe_hessian2::from_bytes::<Date>(&bytes(&Value::Int(5))).is_err());
    assert!(dubhe_hessian2::from_bytes::<Vec<u8>>(&bytes(&text("AP8="))).is_err());
    assert!(dubhe_hessian2::from_bytes::<Duration>(&bytes(&text("PT1H"))).is_err());
}
