//! Arguments that came as JSON or as generic values become what the Rust type takes.

use std::collections::{BTreeMap, HashMap, HashSet};

use dubhe_core::payload::{Args, DecodeLimits};
use dubhe_core::{Payload, Reply, Status, Value};
use dubhe_hessian2::java::{
    BigDecimal, BigInteger, BitSet, Calendar, Currency, Date, DayOfWeek, Duration, Instant,
    LocalDate, LocalDateTime, LocalTime, Locale, Month, MonthDay, OffsetDateTime, OffsetTime,
    Period, SqlDate, SqlTime, TimeUnit, Timestamp, Uuid, Year, YearMonth, ZoneId, ZoneOffset,
    ZonedDateTime, generalize,
};
use dubhe_hessian2::{Array, Encode, Form, JavaType, payload};

/// The result of a method in a form.
fn result(value: Payload, form: Form) -> Value {
    generalize(payload::generic_reply(&Reply::new(value), form).unwrap(), form)
}

/// Decodes the only argument of a generic call.
fn of_form<T: payload::Owned>(value: &Value, form: Form) -> Result<T, Status> {
    let limits = DecodeLimits::default();
    let args = payload::elements(std::slice::from_ref(value), form, &limits)?;
    payload::arguments::<(T,)>(&Payload::from(args)).map(|(argument,)| argument)
}

/// Decodes the only argument, as it comes from a generic call and as it comes over HTTP.
fn realize<T: payload::Owned + PartialEq + std::fmt::Debug>(value: &Value) -> Result<T, Status> {
    let values = Payload::Args(Args::Values([value.clone()].into()));
    let typed = of_form::<T>(value, Form::Generic)?;
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
fn no_digit_of_a_long_is_lost_in_a_double() {
    taken(&[text("9007199254740993.0"), decimal("9007199254740993.0")], &9_007_199_254_740_993_i64);
    taken(&[decimal("9.223372036854775807e18")], &i64::MAX);
    for value in ["9223372036854775808", "1.5", "1e19"] {
        assert!(realize::<i64>(&decimal(value)).is_err(), "{value}");
    }
}

#[test]
fn constants_are_taken_by_ordinal_and_in_any_case() {
    taken(&[Value::Int(5), text("5"), text("hours"), Value::Long(5)], &TimeUnit::Hours);
    taken(&[Value::Int(0)], &DayOfWeek::Monday);
    taken(&[Value::list([5, 6])], &vec![TimeUnit::Hours, TimeUnit::Days]);
    taken(&[Value::map([("5", 1)])], &BTreeMap::from([(TimeUnit::Hours, 1)]));
    #[derive(serde::Deserialize, Debug, PartialEq)]
    enum Level {
        Low,
        High,
    }
    let level = |value: Value| of_form::<dubhe_hessian2::Serde<Level>>(&value, Form::Json);
    assert_eq!(level(Value::Int(1)).unwrap().0, Level::High);
    assert_eq!(level(text("LOW")).unwrap().0, Level::Low);
    assert!(level(Value::Int(2)).is_err());
}

#[test]
fn a_set_of_bits_is_its_bytes_or_to_gson_its_bits() {
    let bits: BitSet = [0, 2, 8].into_iter().collect();
    taken(&[text("[5,1]"), text(" [ 5, 1 ] "), Value::list([5, 1])], &bits);
    taken(&[Value::Int(5)], &[0, 2].into_iter().collect::<BitSet>());
    taken(&[text("[]"), Value::list::<Value>([])], &std::iter::empty().collect::<BitSet>());
    let answer = |form| result(payload::message(bits.clone()), form);
    assert_eq!(answer(Form::Json), vec![5_u8, 1].into());
    assert_eq!(answer(Form::Gson), Value::list([1, 0, 1, 0, 0, 0, 0, 0, 1]));
    for value in [text("{0, 2}"), text("[300]"), text("5"), Value::Int(300)] {
        let error = realize::<BitSet>(&value).unwrap_err();
        assert!(error.message().contains("expected java.util.BitSet"), "{error}");
    }
}

#[test]
fn dates_are_taken_as_text_and_as_milliseconds() {
    let at = 1_704_104_430_123;
    taken(&[text("2024-01-01 10:20:30.123"), Value::Long(at), Value::Date(at)], &Date(at));
    taken(&[text("2024-01-01T18:20:30.123+08:00"), text("1704104430123")], &Date(at));
    taken(&[text("2024-01-01"), text("20240101")], &SqlDate(1_704_067_200_000));
    taken(&[text("00:00:05"), Value::Int(5_000)], &SqlTime(5_000));
    taken(&[Value::Int(5)], &Timestamp(5));
    taken(&[Value::Int(1_500)], &Instant { seconds: 1, nanos: 500_000_000 });
    taken(&[Value::Int(2024), text("2024")], &Year { year: 2024 });
    taken(
        &[text("2024-01-01"), text("2024-01-01 10:20:30")],
        &"2024-01-01".parse::<LocalDate>().unwrap(),
    );
    let local: LocalDateTime = "2024-01-01T10:20:30.123".parse().unwrap();
    let offset = ZoneOffset { seconds: 0 };
    taken(&[Value::Long(at)], &local.date);
    taken(&[Value::Long(at)], &local.time);
    taken(&[Value::Long(at), text("2024-01-01T10:20:30.123Z")], &local);
    taken(&[text("2024-01-01")], &"2024-01-01T00:00".parse::<LocalDateTime>().unwrap());
    taken(&[Value::Long(at)], &OffsetDateTime { date_time: local, offset });
    taken(&[Value::Long(at)], &ZonedDateTime { date_time: local, offset, zone: "Z".into() });
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
    for form in [Form::Generic, Form::Json, Form::Gson] {
        let answer = result(payload::message(value.clone()), form);
        assert_eq!(of_form::<T>(&answer, form).unwrap(), value, "{form:?}: {answer}");
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
    returned([1, 64].into_iter().collect::<BitSet>());
    returned("123e4567-e89b-12d3-a456-426614174000".parse::<Uuid>().unwrap());
    returned(Currency { code: "EUR".into() });
    returned(Locale { value: "zh_CN".into() });
    returned(vec![0_u8, 255]);
    returned(0.1_f32);
    returned(0.1_f64);
    returned(1e300_f64);
    returned(f64::NEG_INFINITY);
    returned(true);
    returned('a');
    returned(Array(vec![0.1_f32, 1e10]));
    returned(Array(vec!['a', 'b']));
    returned(Array(vec![TimeUnit::Hours]));
    returned(Some(5_i32));
    returned(None::<i32>);
    returned(vec![vec![0_u8, 255]]);
    returned(HashSet::from([Month::May, Month::June]));
    returned(BTreeMap::from([(Uuid(1), vec![Locale { value: "en".into() }])]));
    returned(HashMap::from([(true, Duration { seconds: 1, nanos: 0 })]));
    returned(HashMap::from([(TimeUnit::Hours, Some(Date(5))), (TimeUnit::Days, None)]));
    returned(vec![Some(Date(5)), None]);
    returned(HashMap::from([(5_i64, "1.50".parse::<BigDecimal>().unwrap())]));
}

#[test]
fn values_print_as_in_java() {
    let json = |value: &dyn Fn() -> Payload| result(value(), Form::Json);
    assert_eq!(json(&|| payload::message(0.1_f32)), Value::Double(0.1));
    assert_eq!(json(&|| payload::message(Array(vec![0.1_f32]))), Value::list([0.1]));
    let floats = payload::message(Array(vec![0.1_f32]));
    assert_eq!(result(floats, Form::Generic), Value::list([f64::from(0.1_f32)]));
    let chars = |form| result(payload::message(Array(vec!['a', 'b'])), form);
    assert_eq!((chars(Form::Json), chars(Form::Gson)), (text("ab"), Value::list(["a", "b"])));
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
            realize::<TimeUnit>(&Value::Int(7)).unwrap_err(),
            "expected java.util.concurrent.TimeUnit, found the ordinal 7, where 0 to 6 are known",
        ),
        (
            realize::<TimeUnit>(&Value::list([1])).unwrap_err(),
            "expected java.util.concurrent.TimeUnit, found a list",
        ),
        (
            realize::<char>(&text("ab")).unwrap_err(),
            "argument 1: expected char, found a string of 2 units",
        ),
        (
            realize::<f32>(&decimal("3.5e38")).unwrap_err(),
            "argument 1: expected float, found a number that it cannot hold",
        ),
        (
            realize::<bool>(&Value::Int(2)).unwrap_err(),
            "argument 1: expected boolean, found a number that is neither 0 nor 1",
        ),
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

#[test]
fn a_number_of_any_notation_is_a_date_and_no_object() {
    let numbers = [decimal("1e3"), decimal("1000.00"), Value::Int(1000)];
    taken(&numbers, &Date(1000));
    taken(&numbers, &"1970-01-01T00:00:01Z".parse::<Instant>().unwrap());
    taken(&numbers, &"1970-01-01T00:00:01".parse::<LocalDateTime>().unwrap());
    assert!(realize::<Locale>(&decimal("1e3")).is_err());
    assert!(realize::<Duration>(&decimal("1e3")).is_err());
}
