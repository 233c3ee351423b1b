//! The provider.

use std::collections::{HashMap, HashSet};
use std::time::Duration as Time;

use dubhe::java::{
    Array, BigDecimal, BigInteger, Date, Duration, Instant, LocalDate, LocalDateTime, LocalTime,
    Locale, OffsetDateTime, Period, Throwable, Uuid, Year, YearMonth, ZonedDateTime,
};
use dubhe::{Context, Status, Value};

use crate::any::Any;
use crate::java::api::{
    Address, Animal, Child, Color, Employee, GreetException, GreetRuntimeException, GreetService,
    Node, Page, Types, User,
};
use crate::{deep, samples};

/// Does what `peer.provider.GreetServiceImpl` does.
pub(crate) struct Greeter {
    samples: HashMap<String, Any>,
}

impl Greeter {
    pub(crate) fn new() -> Self {
        Self { samples: samples::all().into_iter().collect() }
    }

    fn sample(&self, name: &str) -> Result<&Any, Status> {
        self.samples.get(name).ok_or_else(|| {
            let message = format!("no sample {name}");
            Throwable::new("java.lang.IllegalArgumentException", message).into()
        })
    }
}

/// Methods that give back their argument.
macro_rules! echo {
    ($($method:ident: $type:ty,)*) => {$(
        async fn $method(&self, v: $type) -> Result<$type, Status> {
            Ok(v)
        }
    )*};
}

impl GreetService for Greeter {
    echo! {
        echo_bool: bool,
        echo_byte: i8,
        echo_short: i16,
        echo_char: char,
        echo_int: i32,
        echo_long: i64,
        echo_float: f32,
        echo_double: f64,
        echo_boxed_bool: Option<bool>,
        echo_boxed_byte: Option<i8>,
        echo_boxed_short: Option<i16>,
        echo_boxed_char: Option<char>,
        echo_boxed_int: Option<i32>,
        echo_boxed_long: Option<i64>,
        echo_boxed_float: Option<f32>,
        echo_boxed_double: Option<f64>,
        echo_string: Option<String>,
        echo_big_decimal: Option<BigDecimal>,
        echo_big_integer: Option<BigInteger>,
        echo_date: Option<Date>,
        echo_local_date: Option<LocalDate>,
        echo_local_time: LocalTime,
        echo_local_date_time: LocalDateTime,
        echo_instant: Instant,
        echo_zoned_date_time: ZonedDateTime,
        echo_offset_date_time: OffsetDateTime,
        echo_duration: Duration,
        echo_period: Period,
        echo_year: Year,
        echo_year_month: YearMonth,
        echo_uuid: Uuid,
        echo_locale: Locale,
        echo_enum: Option<Color>,
        echo_enum_array: Array<Color>,
        echo_address: Option<Address>,
        echo_user: Option<User>,
        echo_employee: Employee,
        echo_child: Child,
        echo_animal: Animal,
        echo_types: Types,
        echo_node: Node,
        echo_page: Page<User>,
        echo_string_list: Option<Vec<String>>,
        echo_user_list: Vec<User>,
        echo_nested_list: Vec<Vec<i32>>,
        echo_long_set: HashSet<i64>,
        echo_string_map: Option<HashMap<String, String>>,
        echo_user_map: HashMap<i64, User>,
        echo_any_map: Value,
        echo_animals: Vec<Animal>,
        echo_bytes: Option<Vec<u8>>,
        echo_bool_array: Array<bool>,
        echo_char_array: Array<char>,
        echo_short_array: Array<i16>,
        echo_int_array: Array<i32>,
        echo_long_array: Array<i64>,
        echo_float_array: Array<f32>,
        echo_double_array: Array<f64>,
        echo_string_array: Option<Array<Option<String>>>,
        echo_boxed_int_array: Option<Array<Option<i32>>>,
        echo_object_array: Array<Value>,
        echo_user_array: Array<User>,
        echo_int_matrix: Array<Array<i32>>,
        echo_object: Value,
    }

    async fn greet(&self, name: String) -> Result<String, Status> {
        Ok(format!("Hello, {name}"))
    }

    async fn make(&self, name: String) -> Result<Any, Status> {
        self.sample(&name).cloned()
    }

    async fn check(&self, name: String, v: Any) -> Result<bool, Status> {
        Ok(deep::same_any(self.sample(&name)?, &v))
    }

    async fn nothing(&self) -> Result<(), Status> {
        Ok(())
    }

    async fn overload_string(&self, a: String) -> Result<String, Status> {
        Ok(format!("string {a}"))
    }

    async fn overload_int(&self, a: i32) -> Result<String, Status> {
        Ok(format!("int {a}"))
    }

    async fn overload_string_int(&self, a: String, b: i32) -> Result<String, Status> {
        Ok(format!("both {a} {b}"))
    }

    async fn join_all(&self, first: String, rest: Array<Value>) -> Result<String, Status> {
        let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
        Ok(std::iter::once(first).chain(rest.iter().map(text)).collect::<Vec<_>>().join(","))
    }

    #[allow(
        clippy::many_single_char_names,
        clippy::too_many_arguments,
        reason = "the names and arguments are those of the Java interface"
    )]
    async fn many_arguments(
        &self,
        a: i32,
        b: i64,
        c: f64,
        d: bool,
        e: String,
        f: Vec<String>,
        g: User,
    ) -> Result<i32, Status> {
        let lengths = i32::try_from(e.encode_utf16().count() + f.len()).unwrap_or(i32::MAX);
        #[allow(clippy::cast_possible_truncation, reason = "Java's own casts")]
        let casts = (b as i32).wrapping_add(c as i32);
        let rest = i32::from(d).wrapping_add(lengths).wrapping_add(g.age.unwrap_or_default());
        Ok(a.wrapping_add(casts).wrapping_add(rest))
    }

    async fn throw_checked(&self, detail: String) -> Result<String, Status> {
        let (message, detail) = (Some("checked".into()), Some(detail));
        Err(GreetException { message, code: 42, detail, ..GreetException::default() }.into())
    }

    async fn throw_runtime(&self, message: String) -> Result<String, Status> {
        let message = Some(message);
        Err(GreetRuntimeException { message, ..GreetRuntimeException::default() }.into())
    }

    async fn throw_jdk(&self, message: String) -> Result<String, Status> {
        Err(Throwable::new("java.lang.IllegalStateException", message).into())
    }

    async fn return_throwable(&self, message: String) -> Result<Throwable, Status> {
        Ok(Throwable::new("java.lang.IllegalArgumentException", message))
    }

    async fn sleep(&self, millis: i32) -> Result<String, Status> {
        tokio::time::sleep(Time::from_millis(millis.unsigned_abs().into())).await;
        Ok(format!("slept {millis}"))
    }

    async fn greet_async(&self, name: String) -> Result<String, Status> {
        tokio::time::sleep(Time::from_millis(20)).await;
        self.greet(name).await
    }

    async fn attachment(&self, ctx: &Context, key: String) -> Result<Option<String>, Status> {
        let value = ctx.attachment(&key).map(str::to_owned);
        let reply = format!("reply to {}", value.as_deref().unwrap_or("null"));
        ctx.set_reply_attachment(format!("reply-{key}"), reply);
        Ok(value)
    }
}
