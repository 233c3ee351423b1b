//! The same bytes as Rust types.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Debug;

use bytes::Bytes;
use dubhe_hessian2::java::{
    BigDecimal, BigInteger, BitSet, Calendar, Class, Date, DayOfWeek, Duration, Instant, LocalDate,
    LocalDateTime, LocalTime, Locale, Month, MonthDay, OffsetDateTime, OffsetTime, Period, SqlDate,
    SqlTime, StackTraceElement, Throwable, Timestamp, Uuid, Year, YearMonth, ZoneId, ZoneOffset,
    ZonedDateTime,
};
use dubhe_hessian2::{Array, Decode, Encode, Value, from_bytes, to_bytes};

use super::vector;

/// The vector decodes to the value.
fn reads<T: for<'de> Decode<'de> + PartialEq + Debug>(name: &str, value: &T) {
    let read: T = from_bytes(&vector(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(&read, value, "{name}");
}

/// The vector decodes to the value, and the value encodes to the vector.
fn both<T: for<'de> Decode<'de> + Encode + PartialEq + Debug>(name: &str, value: T) {
    reads(name, &value);
    assert_eq!(to_bytes(&value).unwrap(), vector(name), "{name}");
}

#[test]
fn scalars() {
    both("true", true);
    both("byte/-128", -128_i8);
    both("byte/-128", 0x80_u8);
    both("byte/127", 127_u8);
    both("short/-32768", i16::MIN);
    both("int/-2147483648", i32::MIN);
    both("long/-9223372036854775808", i64::MIN);
    both("double/12.25", 12.25);
    both("float/0.1", Some(0.1_f32));
    both("float/3.4028235E38", Some(f32::MAX));
    // Java's text of a float has two digits at least, 1.4E-45; the shortest is 1E-45.
    reads("float/1.4E-45", &Some(f32::from_bits(1)));
    both("char/中", '中');
    both("char/é", 0xe9_u16);
    both("null", None::<i32>);
    both("null", ());
}

#[test]
fn numbers_of_another_kind_are_taken_when_they_fit() {
    reads("int/65536", &65_536_i64);
    reads("long/262144", &262_144_i32);
    reads("double/-129.0", &-129_i32);
    reads("int/2048", &2048.0);
    reads("true", &1_i32);
    reads("null", &0_i64);
    reads("int/1", &true);
    reads("null", &false);
    reads("int/-17", &"-17".to_owned());
    assert!(from_bytes::<i32>(&vector("long/2147483648")).is_err());
    assert!(from_bytes::<i32>(&vector("double/12.25")).is_err());
    assert!(from_bytes::<i8>(&vector("int/255")).is_err());
}

#[test]
fn a_minus_zero_keeps_its_sign() {
    let bytes = to_bytes(&-0.0_f64).unwrap();
    assert_eq!(from_bytes::<f64>(&bytes).unwrap().to_bits(), (-0.0_f64).to_bits());
}

#[test]
fn text_and_bytes() {
    both("string/mixed", "aé中😀z".to_owned());
    both("string/letters-1024", super::samples::letters(1024));
    both("binary/1023", super::samples::bytes(1023));
    both("binary/15", Bytes::from(super::samples::bytes(15)));
    let text = vector("string/three-byte");
    assert_eq!(from_bytes::<&str>(&text).unwrap(), "中文");
    let wide = vector("string/emoji");
    assert!(from_bytes::<&str>(&wide).is_err(), "two units cannot be borrowed");
    let bytes = vector("binary/16");
    assert_eq!(from_bytes::<&[u8]>(&bytes).unwrap(), super::samples::bytes(16));
}

#[test]
fn collections() {
    both("list/ints-9", (0..9).collect::<Vec<i32>>());
    both("list/nested", vec![vec![0, 1], vec![], (0..9).collect()]);
    reads("list/linked", &vec![1, 2]);
    reads("list/unmodifiable", &[0, 1]);
    both("set/hash", HashSet::from([1]));
    both("set/empty", HashSet::<String>::new());
    reads("set/tree", &BTreeSet::from(["a".to_owned(), "b".into(), "c".into()]));
    both("map/one", HashMap::from([("a".to_owned(), 1)]));
    reads("map/tree", &BTreeMap::from([("a".to_owned(), 1), ("b".into(), 2)]));
    both(
        "map/nested",
        HashMap::from([("m".to_owned(), HashMap::from([("l".to_owned(), vec![0, 1])]))]),
    );
    both("array/bytes-list", vec![super::samples::bytes(2), super::samples::bytes(3)]);
}

#[test]
fn arrays() {
    both("array/int-7", (0..7).collect::<Array<i32>>());
    both("array/int-8", (0..8).collect::<Array<i32>>());
    both("array/long", Array(vec![1_i64, -1, 1 << 40]));
    both("array/short", Array(vec![1_i16, -1, 300]));
    both("array/boolean", Array(vec![true, false]));
    both("array/float", Array(vec![1.0_f32, 1.5, 0.1]));
    both("array/double", Array(vec![1.0, 1.5, 0.1]));
    both("array/char", Array(vec!['a', 'é', '中']));
    both("array/char", Array("aé中".encode_utf16().collect::<Vec<u16>>()));
    both("array/string", Array(vec![Some("x".to_owned()), None, Some(String::new())]));
    both("array/integer", Array(vec![Some(1), None]));
    both("array/object", Array(vec![Value::Int(1), "a".into(), Value::Null]));
    both("array/date", Array(vec![Date(0)]));
    both("array/int-matrix", Array(vec![Array(vec![1, 2]), Array(vec![]), Array(vec![3])]));
    both("binary/15", Array(super::samples::bytes(15)));
    both("binary/1", Array(vec![0_i8]));
}

#[test]
fn time() {
    let date = LocalDate { year: 2024, month: 2, day: 29 };
    let late = LocalTime { hour: 23, minute: 59, second: 58, nano: 123_456_789 };
    let early = LocalTime { hour: 1, minute: 2, second: 3, nano: 4 };
    let date_time = LocalDateTime { date, time: early };
    both("time/local-date", date);
    both("time/local-time", late);
    both("time/local-date-time", LocalDateTime { date, time: late });
    both("time/instant", Instant { seconds: 1_704_067_200, nanos: 123_456_789 });
    both("time/instant-before-epoch", Instant { seconds: -1, nanos: 999_999_999 });
    both("time/duration", Duration { seconds: 3661, nanos: 5 });
    both("time/duration", std::time::Duration::new(3661, 5));
    both("time/duration-negative", Duration { seconds: -1, nanos: 999_000_000 });
    both("time/period", Period { years: 1, months: 2, days: 3 });
    both("time/year", Year { year: 2024 });
    both("time/year-month", YearMonth { year: 2024, month: 12 });
    both("time/month-day", MonthDay { month: 2, day: 29 });
    both("time/zone-id", ZoneId { id: "Europe/Rome".into() });
    both("time/zone-offset", ZoneOffset { seconds: 9 * 3600 });
    both("time/day-of-week", DayOfWeek::Friday);
    both("time/month", Month::May);
    let offset = ZoneOffset { seconds: 8 * 3600 };
    both("time/zoned", ZonedDateTime { date_time, offset, zone: "Asia/Shanghai".into() });
    let offset = ZoneOffset { seconds: 5 * 3600 + 1800 };
    both("time/offset", OffsetDateTime { date_time, offset });
    let offset = ZoneOffset { seconds: -8 * 3600 };
    both("time/offset-time", OffsetTime { time: early, offset });
}

#[test]
fn jdk_types() {
    both("date/2024-ms", Date(1_704_067_200_123));
    both("sql-date", SqlDate(1_704_067_200_000));
    both("sql-time", SqlTime(3_661_000));
    both("sql-timestamp", Timestamp(1_704_067_200_123));
    reads("date/2024-minute", &Timestamp(1_704_067_200_000));
    both("calendar", Calendar { date: Date(1_704_067_200_123), class: None });
    for text in ["0", "-1.50", "12345678901234567890.123456789", "1E+10"] {
        both(&format!("bigdecimal/{text}"), text.parse::<BigDecimal>().unwrap());
    }
    for text in ["0", "-1", "18446744073709551616", "-340282366920938463463374607431768211456"] {
        both(&format!("biginteger/{text}"), text.parse::<BigInteger>().unwrap());
    }
    both("uuid", "123e4567-e89b-12d3-a456-426614174000".parse::<Uuid>().unwrap());
    both("locale/zh-CN", Locale { value: "zh_CN".into() });
    both("class", Class { name: "java.lang.String".into() });
    both("bitset", [1, 70].into_iter().collect::<BitSet>());
}

#[test]
fn a_second_use_of_a_container_is_read_as_a_copy() {
    reads("ref/shared-decimal", &vec!["1.5".parse::<BigDecimal>().unwrap(); 2]);
    reads("ref/shared-list", &vec![vec![0, 1]; 2]);
    reads("ref/shared-map", &vec![HashMap::from([("a".to_owned(), 1)]); 2]);
    reads("enum/list", &["RED", "RED", "GREEN"].map(|name| Constant(name.into())));
}

/// A constant of any Java enum.
#[derive(Debug, PartialEq)]
struct Constant(String);

impl<'de> Decode<'de> for Constant {
    fn decode(d: &mut dubhe_hessian2::Decoder<'de>) -> Result<Self, dubhe_hessian2::Error> {
        d.read_constant().map(|name| Self(name.into_owned()))
    }
}

#[test]
fn an_enum_set_is_a_set() {
    let set: Vec<Constant> = from_bytes(&vector("set/enum")).unwrap();
    assert_eq!(set, ["RED", "BLUE"].map(|name| Constant(name.into())));
}

#[test]
fn throwables() {
    let element = StackTraceElement {
        declaring_class: "a.B".into(),
        method_name: "c".into(),
        file_name: Some("B.java".into()),
        line_number: 7,
        module_name: None,
        module_version: None,
        class_loader_name: None,
        format: 0,
    };
    both("stack-trace-element", element.clone());
    let checked =
        Throwable::new("peer.api.GreetException", "checked").field("detail", "d").field("code", 42);
    both("throwable/checked", checked);
    both("throwable/runtime", Throwable::new("java.lang.IllegalStateException", "state"));
    let traced = Throwable {
        stack: vec![element],
        ..Throwable::new("java.lang.RuntimeException", "traced")
    };
    both("throwable/stack", traced);
    // Java shares the empty list of suppressed exceptions, which is as good as two.
    let cause = Throwable::new("java.lang.IllegalArgumentException", "inner");
    let outer = Throwable::new("java.lang.RuntimeException", "outer").caused_by(cause);
    reads("throwable/cause", &outer);
    assert_eq!(from_bytes::<Throwable>(&to_bytes(&outer).unwrap()).unwrap(), outer);
}
