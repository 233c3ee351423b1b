//! Primitives, text, numbers and times.

use std::f64::consts::PI;

use dubhe::java::{
    BigInteger, Date, Duration, Instant, LocalDate, LocalDateTime, LocalTime, Locale,
    OffsetDateTime, Period, Uuid, Year, YearMonth, ZoneOffset, ZonedDateTime,
};
use dubhe_testkit::samples::letters;

use super::super::cases::{Cases, agree};
use super::echo;
use crate::java::api::GreetServiceClient;

pub(super) async fn run(cases: &mut Cases, s: &GreetServiceClient) {
    primitives(cases, s).await;
    boxed(cases, s).await;
    text(cases, s).await;
    times(cases, s).await;
}

async fn primitives(cases: &mut Cases, s: &GreetServiceClient) {
    echo(cases, "echoBool", [true, false], |v| s.echo_bool(v)).await;
    echo(cases, "echoByte", [0, i8::MIN, i8::MAX], |v| s.echo_byte(v)).await;
    echo(cases, "echoShort", [0, i16::MIN, i16::MAX], |v| s.echo_short(v)).await;
    echo(cases, "echoChar", ['a', 'é', '中'], |v| s.echo_char(v)).await;
    let ints = [0, 47, 48, -2049, 262_143, 262_144, i32::MIN, i32::MAX];
    echo(cases, "echoInt", ints, |v| s.echo_int(v)).await;
    let longs = [0, 15, 16, -2049, 262_144, 1 << 31, i64::MIN, i64::MAX];
    echo(cases, "echoLong", longs, |v| s.echo_long(v)).await;
    // Bits, for the sake of NaN.
    for (i, v) in [0.0, 1.5, 0.1, f32::MAX, f32::NAN].into_iter().enumerate() {
        let check = async {
            let back = s.echo_float(v).await?;
            agree(back.to_bits() == v.to_bits(), &v, &back)
        };
        cases.check(format!("echoFloat/{i}"), check).await;
    }
    let doubles = [0.0, 1.0, 127.0, 32768.0, 0.001, PI, f64::NAN, f64::NEG_INFINITY];
    for (i, v) in doubles.into_iter().enumerate() {
        let check = async {
            let back = s.echo_double(v).await?;
            agree(back.to_bits() == v.to_bits(), &v, &back)
        };
        cases.check(format!("echoDouble/{i}"), check).await;
    }
}

async fn boxed(cases: &mut Cases, s: &GreetServiceClient) {
    echo(cases, "echoBoxedBool", [Some(true), None], |v| s.echo_boxed_bool(v)).await;
    echo(cases, "echoBoxedByte", [Some(1), None], |v| s.echo_boxed_byte(v)).await;
    echo(cases, "echoBoxedShort", [Some(1), None], |v| s.echo_boxed_short(v)).await;
    echo(cases, "echoBoxedChar", [Some('x'), None], |v| s.echo_boxed_char(v)).await;
    echo(cases, "echoBoxedInt", [Some(1), None], |v| s.echo_boxed_int(v)).await;
    echo(cases, "echoBoxedLong", [Some(1), None], |v| s.echo_boxed_long(v)).await;
    echo(cases, "echoBoxedFloat", [Some(1.5), None], |v| s.echo_boxed_float(v)).await;
    echo(cases, "echoBoxedDouble", [Some(1.5), None], |v| s.echo_boxed_double(v)).await;
}

async fn text(cases: &mut Cases, s: &GreetServiceClient) {
    let strings = [
        None,
        Some(String::new()),
        Some("a".into()),
        Some("é中😀".into()),
        Some(letters(32)),
        Some(letters(1024)),
        Some(letters(32769)),
        Some(letters(1 << 20)),
        Some("中".repeat(70000)),
        Some("😀".repeat(20000)),
    ];
    echo(cases, "echoString", strings, |v| s.echo_string(v)).await;
    let decimals = ["-12345678901234567890.123456789", "1E+10"].map(|v| v.parse().ok());
    let decimals = std::iter::once(None).chain(decimals);
    echo(cases, "echoBigDecimal", decimals, |v| s.echo_big_decimal(v)).await;
    let power = BigInteger::new(false, &[1 << 8, 0, 0, 0, 0, 0, 0]);
    let integers = [None, Some(power), Some((-10_i64).into())];
    echo(cases, "echoBigInteger", integers, |v| s.echo_big_integer(v)).await;
    let uuid = Uuid(0x123e_4567_e89b_12d3_a456_4266_1417_4000);
    echo(cases, "echoUuid", [uuid], |v| s.echo_uuid(v)).await;
    echo(cases, "echoLocale", [Locale { value: "zh_CN".into() }], |v| s.echo_locale(v)).await;
}

async fn times(cases: &mut Cases, s: &GreetServiceClient) {
    let dates = [None, Some(0), Some(60_000), Some(1_704_067_200_123), Some(-1)];
    echo(cases, "echoDate", dates.map(|ms| ms.map(Date)), |v| s.echo_date(v)).await;
    let leap = LocalDate { year: 2024, month: 2, day: 29 };
    echo(cases, "echoLocalDate", [None, Some(leap)], |v| s.echo_local_date(v)).await;
    let late = LocalTime { hour: 23, minute: 59, second: 58, nano: 123_456_789 };
    echo(cases, "echoLocalTime", [late], |v| s.echo_local_time(v)).await;
    let both = LocalDateTime { date: leap, time: late };
    echo(cases, "echoLocalDateTime", [both], |v| s.echo_local_date_time(v)).await;
    let instant = Instant { seconds: 1_704_067_200, nanos: 123_456_789 };
    echo(cases, "echoInstant", [instant], |v| s.echo_instant(v)).await;
    let early = LocalTime { hour: 1, minute: 2, second: 3, nano: 4 };
    let date_time = LocalDateTime { date: leap, time: early };
    let zoned = ZonedDateTime {
        date_time,
        offset: ZoneOffset { seconds: 8 * 3600 },
        zone: "Asia/Shanghai".into(),
    };
    echo(cases, "echoZonedDateTime", [zoned], |v| s.echo_zoned_date_time(v)).await;
    let offset = OffsetDateTime { date_time, offset: ZoneOffset { seconds: 2 * 3600 } };
    echo(cases, "echoOffsetDateTime", [offset], |v| s.echo_offset_date_time(v)).await;
    let duration = Duration { seconds: 3661, nanos: 5 };
    echo(cases, "echoDuration", [duration], |v| s.echo_duration(v)).await;
    let period = Period { years: 1, months: 2, days: 3 };
    echo(cases, "echoPeriod", [period], |v| s.echo_period(v)).await;
    echo(cases, "echoYear", [Year { year: 2024 }], |v| s.echo_year(v)).await;
    let month = YearMonth { year: 2024, month: 12 };
    echo(cases, "echoYearMonth", [month], |v| s.echo_year_month(v)).await;
}
