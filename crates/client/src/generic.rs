//! Calls without a Rust type, as Dubbo's `GenericService` makes them.

use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::payload::Args;
use dubhe_core::value::List;
use dubhe_core::{Method, Payload, Status, Value};

use crate::builder::Stub;
use crate::client::Client;
use crate::options::CallOptions;

/// The descriptor of `$invoke(String, String[], Object[])` (Dubbo Java `GenericService`).
const INVOKE: &str = "Ljava/lang/String;[Ljava/lang/String;[Ljava/lang/Object;";

/// An argument with its Java type, such as `("long", 42)`.
///
/// ```
/// use dubhe::prelude::*;
///
/// // `void rename(long id, String name)`: the type of a number has to be said where Java's differs.
/// let id = JavaArgument::new("long", 7_i64);
/// let name = JavaArgument::infer("anna");
/// assert_eq!((&*id.java_type, &*name.java_type), ("long", "java.lang.String"));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct JavaArgument {
    /// The Java type as Java writes it: `long`, `java.lang.String`, `int[]`, `org.example.User`.
    pub java_type: ByteString,
    /// The value.
    pub value: Value,
}

impl JavaArgument {
    /// The argument `value` of type `java_type`.
    pub fn new(java_type: impl Into<ByteString>, value: impl Into<Value>) -> Self {
        Self { java_type: java_type.into(), value: value.into() }
    }

    /// The argument `value` of the type that Java would box it as.
    pub fn infer(value: impl Into<Value>) -> Self {
        let value = value.into();
        let java_type = match value.unshared() {
            Value::Bool(_) => "boolean".into(),
            Value::Int(_) => "int".into(),
            Value::Long(_) => "long".into(),
            Value::Double(_) => "double".into(),
            Value::Date(_) => "java.util.Date".into(),
            Value::String(_) => "java.lang.String".into(),
            Value::Bytes(_) => "byte[]".into(),
            Value::List(_) => "java.util.List".into(),
            Value::Object(o) => o.class.clone(),
            Value::Map(m) => match m.get("class").and_then(Value::as_str) {
                Some(class) => class.into(),
                None => "java.util.Map".into(),
            },
            _ => "java.lang.Object".into(),
        };
        Self { java_type, value }
    }
}

/// A client of any service, by names and values: what Dubbo calls a generic call, codec `true`.
///
/// Objects go out as maps with their class under `class`, and come back so.
///
/// ```no_run
/// use dubhe::prelude::*;
///
/// # async fn run(app: App) -> Result<(), Status> {
/// let users = app.generic("org.example.Users").url("dubbo://127.0.0.1:20880").build()?;
/// let user = users.call("getUser", args!["long" => 1_i64]).await?;
/// println!("{:?}", user.get("name").and_then(Value::as_str));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Generic {
    client: Client,
    method: Arc<Method>,
    options: CallOptions,
}

impl Stub for Generic {
    fn service() -> dubhe_core::ServiceKey {
        dubhe_core::ServiceKey::default()
    }

    fn over(client: Client) -> Self {
        Self {
            client,
            method: Arc::new(Method::java("$invoke", INVOKE)),
            options: CallOptions::new().attachment("generic", "true"),
        }
    }
}

impl Generic {
    /// The same client with these options for its calls.
    pub fn with(&self, options: CallOptions) -> Self {
        let mut options = options;
        options.metadata.fill_from(&self.options.metadata);
        Self { options, ..self.clone() }
    }

    /// Calls `method` with `arguments`.
    ///
    /// # Errors
    /// Those of the service and of the way to it; a Java exception keeps its class and fields.
    pub async fn call(
        &self,
        method: &str,
        arguments: impl IntoIterator<Item = JavaArgument>,
    ) -> Result<Value, Status> {
        let (types, values): (Vec<_>, Vec<_>) =
            arguments.into_iter().map(|a| (Value::from(a.java_type), a.value)).unzip();
        self.invoke(method, List::new(types).class("[string").into(), values).await
    }

    /// Calls `method` by its name and the number of its arguments; the provider must have no
    /// overload of it.
    ///
    /// # Errors
    /// As [`Generic::call`].
    pub async fn call_untyped(&self, method: &str, arguments: Vec<Value>) -> Result<Value, Status> {
        self.invoke(method, Value::Null, arguments).await
    }

    async fn invoke(
        &self,
        method: &str,
        types: Value,
        values: Vec<Value>,
    ) -> Result<Value, Status> {
        let values = List::new(values).class("[object").into();
        let args: Arc<[Value]> = Arc::new([Value::from(method), types, values]);
        let payload = Payload::Args(Args::Values(args));
        let reply = self.client.call(&self.method, payload, &self.options).await?;
        dubhe_hessian2::payload::reply(&reply).map_err(|status| {
            let service = self.client.service();
            status.context(format!("reply of {service}.{method}"))
        })
    }
}
