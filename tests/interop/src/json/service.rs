//! `peer.api.JsonService`, which gives back every argument: what JSON and generic calls make of each
//! type of Java's.

use std::collections::{HashMap, HashSet};

use dubhe::java::{
    Array, BigDecimal, BigInteger, BitSet, Calendar, Currency, Date, DayOfWeek, Duration, Instant,
    LocalDate, LocalDateTime, LocalTime, Locale, Month, MonthDay, OffsetDateTime, OffsetTime,
    Period, SqlDate, SqlTime, TimeUnit, Timestamp, Uuid, Year, YearMonth, ZoneId, ZoneOffset,
    ZonedDateTime,
};
use dubhe::{Status, Value};

use crate::java::api::{Color, Fields, Invoice, JsonService};

/// Gives back what it gets.
pub(crate) struct Echo;

macro_rules! echo {
    ($($method:ident: $type:ty,)*) => {$(
        async fn $method(&self, v: $type) -> Result<$type, Status> {
            Ok(v)
        }
    )*};
}

impl JsonService for Echo {
    echo! {
        bool: bool,
        byte_value: i8,
        short_value: i16,
        int_value: i32,
        long_value: i64,
        float_value: f32,
        double_value: f64,
        char_value: char,
        boxed_int: Option<i32>,
        boxed_float: Option<f32>,
        boxed_bool: Option<bool>,
        text: String,
        big_decimal: BigDecimal,
        big_integer: BigInteger,
        date: Date,
        sql_date: SqlDate,
        sql_time: SqlTime,
        timestamp: Timestamp,
        calendar: Calendar,
        instant: Instant,
        local_date: LocalDate,
        local_time: LocalTime,
        local_date_time: LocalDateTime,
        zoned_date_time: ZonedDateTime,
        offset_date_time: OffsetDateTime,
        offset_time: OffsetTime,
        duration: Duration,
        period: Period,
        year: Year,
        year_month: YearMonth,
        month_day: MonthDay,
        zone_id: ZoneId,
        zone_offset: ZoneOffset,
        day_of_week: DayOfWeek,
        month: Month,
        time_unit: TimeUnit,
        color: Color,
        uuid: Uuid,
        currency: Currency,
        locale: Locale,
        bytes: Vec<u8>,
        ints: Array<i32>,
        chars: Array<char>,
        floats: Array<f32>,
        strings: Array<Option<String>>,
        big_decimals: Array<BigDecimal>,
        long_list: Vec<i64>,
        big_decimal_list: Vec<BigDecimal>,
        date_list: Vec<Date>,
        int_list: Vec<Option<i32>>,
        time_unit_list: Vec<TimeUnit>,
        local_date_set: HashSet<LocalDate>,
        by_int: HashMap<i32, String>,
        by_long: HashMap<i64, BigDecimal>,
        by_date: HashMap<LocalDate, Date>,
        bytes_by_name: HashMap<String, Vec<u8>>,
        by_unit: HashMap<TimeUnit, i32>,
        by_id: HashMap<Uuid, String>,
        bytes_list: Vec<Vec<u8>>,
        float_list: Vec<f32>,
        bit_set: BitSet,
        any: Value,
        invoice: Invoice,
        fields: Fields,
    }
}
