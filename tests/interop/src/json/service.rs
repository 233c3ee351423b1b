//! `peer.api.JsonService`, which gives back every argument: what JSON and generic calls make of each
//! type of Java's.

use std::collections::{HashMap, HashSet};

use dubhe::hessian2::Array;
use dubhe::java::{
    BigDecimal, BigInteger, BitSet, Calendar, Currency, Date, DayOfWeek, Duration, Instant,
    LocalDate, LocalDateTime, LocalTime, Locale, Month, MonthDay, OffsetDateTime, OffsetTime,
    Period, SqlDate, SqlTime, TimeUnit, Timestamp, Uuid, Year, YearMonth, ZoneId, ZoneOffset,
    ZonedDateTime,
};
use dubhe::{Java, Status, Value, interface};

use crate::greet::types::Color;

#[derive(Java, Clone, Debug, Default, PartialEq)]
#[java(class = "peer.api.Invoice$Line")]
pub(crate) struct Line {
    name: Option<String>,
    count: i32,
    price: Option<BigDecimal>,
}

#[derive(Java, Clone, Debug, Default, PartialEq)]
#[java(class = "peer.api.Invoice")]
pub(crate) struct Invoice {
    number: Option<BigInteger>,
    total: Option<BigDecimal>,
    created: Option<Date>,
    due: Option<LocalDate>,
    grace: Option<Duration>,
    unit: Option<TimeUnit>,
    id: Option<Uuid>,
    currency: Option<Currency>,
    discount: f32,
    paid: bool,
    lines: Option<Vec<Line>>,
    by_count: Option<HashMap<i32, Line>>,
}

#[derive(Java, Clone, Debug, Default, PartialEq)]
#[java(class = "peer.api.Fields")]
pub(crate) struct Fields {
    sql_date: Option<SqlDate>,
    sql_time: Option<SqlTime>,
    timestamp: Option<Timestamp>,
    calendar: Option<Calendar>,
    instant: Option<Instant>,
    local_time: Option<LocalTime>,
    local_date_time: Option<LocalDateTime>,
    zoned_date_time: Option<ZonedDateTime>,
    offset_date_time: Option<OffsetDateTime>,
    offset_time: Option<OffsetTime>,
    period: Option<Period>,
    year: Option<Year>,
    year_month: Option<YearMonth>,
    month_day: Option<MonthDay>,
    zone_id: Option<ZoneId>,
    locale: Option<Locale>,
    month: Option<Month>,
    color: Option<Color>,
    bits: Option<BitSet>,
    bytes: Option<Vec<u8>>,
    chars: Option<Array<char>>,
    floats: Option<Array<f32>>,
    rate: Option<f32>,
    letter: Option<char>,
    units: Option<HashSet<TimeUnit>>,
    parts: Option<Vec<Vec<u8>>>,
    by_unit: Option<HashMap<TimeUnit, i32>>,
    by_id: Option<HashMap<Uuid, String>>,
    texts: Option<HashMap<String, Option<String>>>,
    any: Option<Value>,
}

#[interface("peer.api.JsonService")]
pub(crate) trait JsonService {
    async fn bool(&self, v: bool) -> Result<bool, Status>;
    async fn byte_value(&self, v: i8) -> Result<i8, Status>;
    async fn short_value(&self, v: i16) -> Result<i16, Status>;
    async fn int_value(&self, v: i32) -> Result<i32, Status>;
    async fn long_value(&self, v: i64) -> Result<i64, Status>;
    async fn float_value(&self, v: f32) -> Result<f32, Status>;
    async fn double_value(&self, v: f64) -> Result<f64, Status>;
    async fn char_value(&self, v: char) -> Result<char, Status>;
    async fn boxed_int(&self, v: Option<i32>) -> Result<Option<i32>, Status>;
    async fn boxed_float(&self, v: Option<f32>) -> Result<Option<f32>, Status>;
    async fn boxed_bool(&self, v: Option<bool>) -> Result<Option<bool>, Status>;
    async fn text(&self, v: String) -> Result<String, Status>;
    async fn big_decimal(&self, v: BigDecimal) -> Result<BigDecimal, Status>;
    async fn big_integer(&self, v: BigInteger) -> Result<BigInteger, Status>;
    async fn date(&self, v: Date) -> Result<Date, Status>;
    async fn sql_date(&self, v: SqlDate) -> Result<SqlDate, Status>;
    async fn sql_time(&self, v: SqlTime) -> Result<SqlTime, Status>;
    async fn timestamp(&self, v: Timestamp) -> Result<Timestamp, Status>;
    async fn calendar(&self, v: Calendar) -> Result<Calendar, Status>;
    async fn instant(&self, v: Instant) -> Result<Instant, Status>;
    async fn local_date(&self, v: LocalDate) -> Result<LocalDate, Status>;
    async fn local_time(&self, v: LocalTime) -> Result<LocalTime, Status>;
    async fn local_date_time(&self, v: LocalDateTime) -> Result<LocalDateTime, Status>;
    async fn zoned_date_time(&self, v: ZonedDateTime) -> Result<ZonedDateTime, Status>;
    async fn offset_date_time(&self, v: OffsetDateTime) -> Result<OffsetDateTime, Status>;
    async fn offset_time(&self, v: OffsetTime) -> Result<OffsetTime, Status>;
    async fn duration(&self, v: Duration) -> Result<Duration, Status>;
    async fn period(&self, v: Period) -> Result<Period, Status>;
    async fn year(&self, v: Year) -> Result<Year, Status>;
    async fn year_month(&self, v: YearMonth) -> Result<YearMonth, Status>;
    async fn month_day(&self, v: MonthDay) -> Result<MonthDay, Status>;
    async fn zone_id(&self, v: ZoneId) -> Result<ZoneId, Status>;
    async fn zone_offset(&self, v: ZoneOffset) -> Result<ZoneOffset, Status>;
    async fn day_of_week(&self, v: DayOfWeek) -> Result<DayOfWeek, Status>;
    async fn month(&self, v: Month) -> Result<Month, Status>;
    async fn time_unit(&self, v: TimeUnit) -> Result<TimeUnit, Status>;
    async fn color(&self, v: Color) -> Result<Color, Status>;
    async fn uuid(&self, v: Uuid) -> Result<Uuid, Status>;
    async fn currency(&self, v: Currency) -> Result<Currency, Status>;
    async fn locale(&self, v: Locale) -> Result<Locale, Status>;
    async fn bytes(&self, v: Vec<u8>) -> Result<Vec<u8>, Status>;
    async fn ints(&self, v: Array<i32>) -> Result<Array<i32>, Status>;
    async fn chars(&self, v: Array<char>) -> Result<Array<char>, Status>;
    async fn floats(&self, v: Array<f32>) -> Result<Array<f32>, Status>;
    async fn strings(&self, v: Array<String>) -> Result<Array<String>, Status>;
    async fn big_decimals(&self, v: Array<BigDecimal>) -> Result<Array<BigDecimal>, Status>;
    async fn long_list(&self, v: Vec<i64>) -> Result<Vec<i64>, Status>;
    async fn big_decimal_list(&self, v: Vec<BigDecimal>) -> Result<Vec<BigDecimal>, Status>;
    async fn date_list(&self, v: Vec<Date>) -> Result<Vec<Date>, Status>;
    async fn int_list(&self, v: Vec<Option<i32>>) -> Result<Vec<Option<i32>>, Status>;
    async fn time_unit_list(&self, v: Vec<TimeUnit>) -> Result<Vec<TimeUnit>, Status>;
    async fn local_date_set(&self, v: HashSet<LocalDate>) -> Result<HashSet<LocalDate>, Status>;
    async fn by_int(&self, v: HashMap<i32, String>) -> Result<HashMap<i32, String>, Status>;
    async fn by_long(
        &self,
        v: HashMap<i64, BigDecimal>,
    ) -> Result<HashMap<i64, BigDecimal>, Status>;
    async fn by_date(
        &self,
        v: HashMap<LocalDate, Date>,
    ) -> Result<HashMap<LocalDate, Date>, Status>;
    async fn bytes_by_name(
        &self,
        v: HashMap<String, Vec<u8>>,
    ) -> Result<HashMap<String, Vec<u8>>, Status>;
    async fn by_unit(&self, v: HashMap<TimeUnit, i32>) -> Result<HashMap<TimeUnit, i32>, Status>;
    async fn by_id(&self, v: HashMap<Uuid, String>) -> Result<HashMap<Uuid, String>, Status>;
    async fn bytes_list(&self, v: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, Status>;
    async fn float_list(&self, v: Vec<f32>) -> Result<Vec<f32>, Status>;
    async fn bit_set(&self, v: BitSet) -> Result<BitSet, Status>;
    async fn any(&self, v: Value) -> Result<Value, Status>;
    async fn invoice(&self, v: Invoice) -> Result<Invoice, Status>;
    async fn fields(&self, v: Fields) -> Result<Fields, Status>;
}

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
        strings: Array<String>,
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
