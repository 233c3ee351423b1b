//! Results of `dubhe call`, which are arguments of the same call.
use std::collections::HashMap;

use crate::support::dubhe;
use dubhe::hessian2::Array;
use dubhe::java;
use dubhe::prelude::*;

#[derive(Java, Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[java(class = "org.example.Colour")]
enum Colour {
    #[java(name = "RED")]
    Red,
    #[java(name = "GREEN")]
    Green,
}

#[derive(Java, Clone, Debug)]
#[java(class = "org.example.Order")]
struct Order {
    id: i64,
    price: java::BigDecimal,
    placed: java::Date,
    colour: Colour,
    lines: Vec<String>,
}

/// A method for each type that gives back what it takes.
#[dubhe::interface("org.example.Echo")]
trait Echo {
    async fn date(&self, value: java::Date) -> Result<java::Date, Status>;
    async fn timestamp(&self, value: java::Timestamp) -> Result<java::Timestamp, Status>;
    async fn decimal(&self, value: java::BigDecimal) -> Result<java::BigDecimal, Status>;
    async fn integer(&self, value: java::BigInteger) -> Result<java::BigInteger, Status>;
    async fn bytes(&self, value: Array<i8>) -> Result<Array<i8>, Status>;
    async fn uuid(&self, value: java::Uuid) -> Result<java::Uuid, Status>;
    async fn colour(&self, value: Colour) -> Result<Colour, Status>;
    async fn currency(&self, value: java::Currency) -> Result<java::Currency, Status>;
    async fn instant(&self, value: java::Instant) -> Result<java::Instant, Status>;
    async fn day(&self, value: java::LocalDate) -> Result<java::LocalDate, Status>;
    async fn time(&self, value: java::LocalTime) -> Result<java::LocalTime, Status>;
    async fn moment(&self, value: java::LocalDateTime) -> Result<java::LocalDateTime, Status>;
    async fn offset(&self, value: java::OffsetDateTime) -> Result<java::OffsetDateTime, Status>;
    async fn zoned(&self, value: java::ZonedDateTime) -> Result<java::ZonedDateTime, Status>;
    async fn duration(&self, value: java::Duration) -> Result<java::Duration, Status>;
    async fn period(&self, value: java::Period) -> Result<java::Period, Status>;
    async fn year(&self, value: java::Year) -> Result<java::Year, Status>;
    async fn month(&self, value: java::YearMonth) -> Result<java::YearMonth, Status>;
    async fn zone(&self, value: java::ZoneId) -> Result<java::ZoneId, Status>;
    async fn calendar(&self, value: java::Calendar) -> Result<java::Calendar, Status>;
    async fn double(&self, value: f64) -> Result<f64, Status>;
    async fn float(&self, value: f32) -> Result<f32, Status>;
    async fn ints(&self, value: Array<i32>) -> Result<Array<i32>, Status>;
    async fn words(&self, value: Vec<String>) -> Result<Vec<String>, Status>;
    async fn numbers(&self, value: HashMap<i32, String>) -> Result<HashMap<i32, String>, Status>;
    async fn dates(
        &self,
        value: HashMap<java::Date, String>,
    ) -> Result<HashMap<java::Date, String>, Status>;
    async fn colours(&self, value: HashMap<Colour, bool>) -> Result<HashMap<Colour, bool>, Status>;
    async fn order(&self, value: Order) -> Result<Order, Status>;
    async fn maybe(&self, value: Option<i64>) -> Result<Option<i64>, Status>;
}

struct Echoing;

impl Echo for Echoing {
    async fn date(&self, value: java::Date) -> Result<java::Date, Status> {
        Ok(value)
    }
    async fn timestamp(&self, value: java::Timestamp) -> Result<java::Timestamp, Status> {
        Ok(value)
    }
    async fn decimal(&self, value: java::BigDecimal) -> Result<java::BigDecimal, Status> {
        Ok(value)
    }
    async fn integer(&self, value: java::BigInteger) -> Result<java::BigInteger, Status> {
        Ok(value)
    }
    async fn bytes(&self, value: Array<i8>) -> Result<Array<i8>, Status> {
        Ok(value)
    }
    async fn uuid(&self, value: java::Uuid) -> Result<java::Uuid, Status> {
        Ok(value)
    }
    async fn colour(&self, value: Colour) -> Result<Colour, Status> {
        Ok(value)
    }
    async fn currency(&self, value: java::Currency) -> Result<java::Currency, Status> {
        Ok(value)
    }
    async fn instant(&self, value: java::Instant) -> Result<java::Instant, Status> {
        Ok(value)
    }
    async fn day(&self, value: java::LocalDate) -> Result<java::LocalDate, Status> {
        Ok(value)
    }
    async fn time(&self, value: java::LocalTime) -> Result<java::LocalTime, Status> {
        Ok(value)
    }
    async fn moment(&self, value: java::LocalDateTime) -> Result<java::LocalDateTime, Status> {
        Ok(value)
    }
    async fn offset(&self, value: java::OffsetDateTime) -> Result<java::OffsetDateTime, Status> {
        Ok(value)
    }
    async fn zoned(&self, value: java::ZonedDateTime) -> Result<java::ZonedDateTime, Status> {
        Ok(value)
    }
    async fn duration(&self, value: java::Duration) -> Result<java::Duration, Status> {
        Ok(value)
    }
    async fn period(&self, value: java::Period) -> Result<java::Period, Status> {
        Ok(value)
    }
    async fn year(&self, value: java::Year) -> Result<java::Year, Status> {
        Ok(value)
    }
    async fn month(&self, value: java::YearMonth) -> Result<java::YearMonth, Status> {
        Ok(value)
    }
    async fn zone(&self, value: java::ZoneId) -> Result<java::ZoneId, Status> {
        Ok(value)
    }
    async fn calendar(&self, value: java::Calendar) -> Result<java::Calendar, Status> {
        Ok(value)
    }
    async fn double(&self, value: f64) -> Result<f64, Status> {
        Ok(value)
    }
    async fn float(&self, value: f32) -> Result<f32, Status> {
        Ok(value)
    }
    async fn ints(&self, value: Array<i32>) -> Result<Array<i32>, Status> {
        Ok(value)
    }
    async fn words(&self, value: Vec<String>) -> Result<Vec<String>, Status> {
        Ok(value)
    }
    async fn numbers(&self, value: HashMap<i32, String>) -> Result<HashMap<i32, String>, Status> {
        Ok(value)
    }
    async fn dates(
        &self,
        value: HashMap<java::Date, String>,
    ) -> Result<HashMap<java::Date, String>, Status> {
        Ok(value)
    }
    async fn colours(&self, value: HashMap<Colour, bool>) -> Result<HashMap<Colour, bool>, Status> {
        Ok(value)
    }
    async fn order(&self, value: Order) -> Result<Order, Status> {
        Ok(value)
    }
    async fn maybe(&self, value: Option<i64>) -> Result<Option<i64>, Status> {
        Ok(value)
    }
}

const SERVICE: &str = "org.example.Echo";

/// The calls, and the results that they have, which are the arguments again. The type is there where a caller
/// has to give one to a provider in Java, whose generic calls do not take the text.
const CALLS: [(&str, &str, &str); 36] = [
    ("date", "Date", "\"1970-01-01 00:00:00.006\""),
    ("date", "Date", "\"2024-02-29 10:20:30\""),
    ("timestamp", "java.sql.Timestamp", "\"2024-02-29 10:20:30.5\""),
    ("decimal", "BigDecimal", "1.50"),
    ("decimal", "BigDecimal", "123456789012345678901234567890.10"),
    ("integer", "BigInteger", "123456789012345678901234567890"),
    ("integer", "BigInteger", "-7"),
    ("decimal", "BigDecimal", "123456789012345678901234567890"),
    ("bytes", "byte[]", "\"Af8=\""),
    ("bytes", "byte[]", "\"\""),
    ("uuid", "UUID", "\"0b9e2f5e-3d09-4d0c-9c5f-7b8b1c6a7e11\""),
    // It begins as a number beyond a double does.
    ("uuid", "UUID", "\"123e4567-e89b-12d3-a456-426614174000\""),
    ("colour", "org.example.Colour", "\"GREEN\""),
    ("currency", "Currency", "\"EUR\""),
    ("instant", "Instant", "\"2024-02-29T10:20:30.500Z\""),
    ("day", "LocalDate", "\"2024-02-29\""),
    ("time", "LocalTime", "\"10:20:30\""),
    ("moment", "LocalDateTime", "\"2024-02-29T10:20:30\""),
    ("offset", "OffsetDateTime", "\"2024-02-29T10:20:30+08:00\""),
    ("zoned", "ZonedDateTime", "\"2024-02-29T10:20:30+08:00[Asia/Shanghai]\""),
    ("duration", "Duration", "\"PT1H30M\""),
    ("period", "Period", "\"P1Y2M3D\""),
    ("year", "Year", "2024"),
    ("month", "YearMonth", "\"2024-02\""),
    ("zone", "ZoneId", "\"Asia/Shanghai\""),
    ("calendar", "Calendar", "\"2024-02-29 10:20:30.05\""),
    ("double", "double", "0.1"),
    ("float", "float", "0.1"),
    ("ints", "int[]", "[1,-2]"),
    ("words", "List", "[\"a\",\"7\"]"),
    ("numbers", "Map", "{\"7\":\"seven\"}"),
    ("dates", "Map", "{\"1970-01-01 00:00:00.006\":\"then\"}"),
    ("colours", "Map", "{\"RED\":true}"),
    (
        "order",
        "org.example.Order",
        concat!(
            r#"{"class":"org.example.Order","id":7,"price":1.50,"placed":"1970-01-01 00:00:00.006","#,
            r#""colour":"RED","lines":["x"]}"#
        ),
    ),
    ("maybe", "Long", "null"),
    ("maybe", "Long", "4000000000"),
];

#[test]
fn a_result_is_an_argument_again() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let server = Server::builder().service(EchoServer::new(Echoing));
    let running = runtime.block_on(server.start("127.0.0.1:0")).unwrap();
    for (method, java_type, value) in CALLS {
        for protocol in ["dubbo", "tri"] {
            let url = format!("{protocol}://{}", running.addr());
            let call = ["call", "--compact", &url, SERVICE, method];
            for argument in [value, &format!("{java_type}:{value}")] {
                let called = dubhe(&[&call[..], &[argument]].concat());
                assert_eq!(called.code, 0, "{protocol} {method} {argument}: {}", called.err);
                assert_eq!(sorted(&called.out), sorted(value), "{protocol} {method} {argument}");
            }
            let types = [&call[..], &["--types", java_type, value]].concat();
            let called = dubhe(&types);
            assert_eq!(sorted(&called.out), sorted(value), "{protocol} {method}: {}", called.err);
        }
    }
}

/// The text, or the fields of an object in the order of their names: that on the wire is Java's.
fn sorted(json: &str) -> String {
    let json = json.trim_end();
    let Some(fields) = json.strip_prefix("{\"class\"") else { return json.to_owned() };
    let mut fields: Vec<&str> = fields.trim_end_matches('}').split(",\"").collect();
    fields.sort_unstable();
    fields.join("\n")
}
