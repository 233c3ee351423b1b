//! `peer.api.GreetService`: what every dubbo peer exports and calls.
#![allow(
    clippy::too_many_arguments,
    clippy::many_single_char_names,
    clippy::struct_field_names,
    reason = "the names and arguments are those of the Java interface"
)]

mod declared;
mod provider;
pub(crate) mod types;

use std::collections::{HashMap, HashSet};

use dubhe::hessian2::Array;
use dubhe::java::{
    BigDecimal, BigInteger, Date, Duration, Instant, LocalDate, LocalDateTime, LocalTime, Locale,
    OffsetDateTime, Period, Throwable, Uuid, Year, YearMonth, ZonedDateTime,
};
use dubhe::{Context, Status, Value, interface};

pub(crate) use declared::{Any, Node};
pub(crate) use provider::Greeter;
use types::{
    Address, Animal, Child, Color, Employee, GreetException, GreetRuntimeException, Page, Types,
    User,
};

/// The name of the service.
pub(crate) const INTERFACE: &str = "peer.api.GreetService";

/// Methods named echo give back their argument; the others say what they do.
#[interface("peer.api.GreetService")]
pub(crate) trait GreetService {
    /// "Hello, " and the name.
    async fn greet(&self, name: String) -> Result<String, Status>;

    async fn echo_bool(&self, v: bool) -> Result<bool, Status>;
    async fn echo_byte(&self, v: i8) -> Result<i8, Status>;
    async fn echo_short(&self, v: i16) -> Result<i16, Status>;
    async fn echo_char(&self, v: char) -> Result<char, Status>;
    async fn echo_int(&self, v: i32) -> Result<i32, Status>;
    async fn echo_long(&self, v: i64) -> Result<i64, Status>;
    async fn echo_float(&self, v: f32) -> Result<f32, Status>;
    async fn echo_double(&self, v: f64) -> Result<f64, Status>;
    async fn echo_boxed_bool(&self, v: Option<bool>) -> Result<Option<bool>, Status>;
    async fn echo_boxed_byte(&self, v: Option<i8>) -> Result<Option<i8>, Status>;
    async fn echo_boxed_short(&self, v: Option<i16>) -> Result<Option<i16>, Status>;
    async fn echo_boxed_char(&self, v: Option<char>) -> Result<Option<char>, Status>;
    async fn echo_boxed_int(&self, v: Option<i32>) -> Result<Option<i32>, Status>;
    async fn echo_boxed_long(&self, v: Option<i64>) -> Result<Option<i64>, Status>;
    async fn echo_boxed_float(&self, v: Option<f32>) -> Result<Option<f32>, Status>;
    async fn echo_boxed_double(&self, v: Option<f64>) -> Result<Option<f64>, Status>;
    async fn echo_string(&self, v: Option<String>) -> Result<Option<String>, Status>;
    async fn echo_big_decimal(&self, v: Option<BigDecimal>) -> Result<Option<BigDecimal>, Status>;
    async fn echo_big_integer(&self, v: Option<BigInteger>) -> Result<Option<BigInteger>, Status>;
    async fn echo_date(&self, v: Option<Date>) -> Result<Option<Date>, Status>;
    async fn echo_local_date(&self, v: Option<LocalDate>) -> Result<Option<LocalDate>, Status>;
    async fn echo_local_time(&self, v: LocalTime) -> Result<LocalTime, Status>;
    async fn echo_local_date_time(&self, v: LocalDateTime) -> Result<LocalDateTime, Status>;
    async fn echo_instant(&self, v: Instant) -> Result<Instant, Status>;
    async fn echo_zoned_date_time(&self, v: ZonedDateTime) -> Result<ZonedDateTime, Status>;
    async fn echo_offset_date_time(&self, v: OffsetDateTime) -> Result<OffsetDateTime, Status>;
    async fn echo_duration(&self, v: Duration) -> Result<Duration, Status>;
    async fn echo_period(&self, v: Period) -> Result<Period, Status>;
    async fn echo_year(&self, v: Year) -> Result<Year, Status>;
    async fn echo_year_month(&self, v: YearMonth) -> Result<YearMonth, Status>;
    async fn echo_uuid(&self, v: Uuid) -> Result<Uuid, Status>;
    async fn echo_locale(&self, v: Locale) -> Result<Locale, Status>;
    async fn echo_enum(&self, v: Option<Color>) -> Result<Option<Color>, Status>;
    async fn echo_enum_array(&self, v: Array<Color>) -> Result<Array<Color>, Status>;
    async fn echo_address(&self, v: Option<Address>) -> Result<Option<Address>, Status>;
    async fn echo_user(&self, v: Option<User>) -> Result<Option<User>, Status>;
    async fn echo_employee(&self, v: Employee) -> Result<Employee, Status>;
    async fn echo_child(&self, v: Child) -> Result<Child, Status>;
    async fn echo_animal(&self, v: Animal) -> Result<Animal, Status>;
    async fn echo_types(&self, v: Types) -> Result<Types, Status>;
    async fn echo_node(&self, v: Node) -> Result<Node, Status>;
    async fn echo_page(&self, v: Page<User>) -> Result<Page<User>, Status>;
    async fn echo_string_list(&self, v: Option<Vec<String>>)
    -> Result<Option<Vec<String>>, Status>;
    async fn echo_user_list(&self, v: Vec<User>) -> Result<Vec<User>, Status>;
    async fn echo_nested_list(&self, v: Vec<Vec<i32>>) -> Result<Vec<Vec<i32>>, Status>;
    async fn echo_long_set(&self, v: HashSet<i64>) -> Result<HashSet<i64>, Status>;
    async fn echo_string_map(
        &self,
        v: Option<HashMap<String, String>>,
    ) -> Result<Option<HashMap<String, String>>, Status>;
    async fn echo_user_map(&self, v: HashMap<i64, User>) -> Result<HashMap<i64, User>, Status>;
    async fn echo_any_map(&self, #[java(type = "java.util.Map")] v: Value)
    -> Result<Value, Status>;
    async fn echo_animals(
        &self,
        #[java(type = "java.util.Collection")] v: Vec<Animal>,
    ) -> Result<Vec<Animal>, Status>;
    async fn echo_bytes(&self, v: Option<Vec<u8>>) -> Result<Option<Vec<u8>>, Status>;
    async fn echo_bool_array(&self, v: Array<bool>) -> Result<Array<bool>, Status>;
    async fn echo_char_array(&self, v: Array<char>) -> Result<Array<char>, Status>;
    async fn echo_short_array(&self, v: Array<i16>) -> Result<Array<i16>, Status>;
    async fn echo_int_array(&self, v: Array<i32>) -> Result<Array<i32>, Status>;
    async fn echo_long_array(&self, v: Array<i64>) -> Result<Array<i64>, Status>;
    async fn echo_float_array(&self, v: Array<f32>) -> Result<Array<f32>, Status>;
    async fn echo_double_array(&self, v: Array<f64>) -> Result<Array<f64>, Status>;
    async fn echo_string_array(
        &self,
        v: Option<Array<Option<String>>>,
    ) -> Result<Option<Array<Option<String>>>, Status>;
    async fn echo_boxed_int_array(
        &self,
        v: Array<Option<i32>>,
    ) -> Result<Array<Option<i32>>, Status>;
    async fn echo_object_array(&self, v: Array<Value>) -> Result<Array<Value>, Status>;
    async fn echo_user_array(&self, v: Array<User>) -> Result<Array<User>, Status>;
    async fn echo_int_matrix(&self, v: Array<Array<i32>>) -> Result<Array<Array<i32>>, Status>;
    async fn echo_object(&self, v: Value) -> Result<Value, Status>;

    /// The sample of that name, made by the provider.
    async fn make(&self, name: String) -> Result<Any, Status>;
    /// Returns true if the value equals the provider's own sample of that name.
    async fn check(&self, name: String, v: Any) -> Result<bool, Status>;

    async fn nothing(&self) -> Result<(), Status>;
    #[java(name = "overload")]
    async fn overload_string(&self, a: String) -> Result<String, Status>;
    #[java(name = "overload")]
    async fn overload_int(&self, a: i32) -> Result<String, Status>;
    #[java(name = "overload")]
    async fn overload_both(&self, a: String, b: i32) -> Result<String, Status>;
    async fn join_all(&self, first: String, rest: Array<Value>) -> Result<String, Status>;
    /// The sum of the numbers, the lengths and the age.
    async fn many_arguments(
        &self,
        a: i32,
        b: i64,
        c: f64,
        d: bool,
        e: String,
        f: Vec<String>,
        g: User,
    ) -> Result<i32, Status>;

    /// Throws the exception "checked" with code 42 and that detail.
    async fn throw_checked(&self, detail: String) -> Result<String, GreetException>;
    async fn throw_runtime(&self, message: String) -> Result<String, GreetRuntimeException>;
    /// Throws a `java.lang.IllegalStateException`.
    async fn throw_jdk(&self, message: String) -> Result<String, Throwable>;
    /// A value that is a throwable, returned and not thrown.
    async fn return_throwable(&self, message: String) -> Result<Throwable, Status>;

    /// Replies after that many milliseconds.
    async fn sleep(&self, millis: i32) -> Result<String, Status>;
    /// Greets as `greet` does, a little later.
    async fn greet_async(&self, name: String) -> Result<String, Status>;
    /// The attachment of the request under `key`; the reply has one under "reply-" and `key`.
    async fn attachment(&self, ctx: &Context, key: String) -> Result<Option<String>, Status>;
}

/// The same service, called without waiting.
#[interface("peer.api.GreetService")]
pub(crate) trait GreetOneway {
    #[java(oneway)]
    async fn nothing(&self) -> Result<(), Status>;
}
