//! `java.lang.Throwable`.

use std::fmt;

use bytestring::ByteString;
use dubhe_core::Value;
use dubhe_core::status::{Exception, Status};
use dubhe_core::value::Name;

use crate::decode::Start;
use crate::{Array, Decode, Decoder, Encode, Encoder, Error, derive, payload, tag};

/// The fields of every throwable, in Java's order; those of its own class follow.
const FIELDS: [&str; 4] = ["suppressedExceptions", "stackTrace", "cause", "detailMessage"];

/// An exception of any Java class.
///
/// A type of its own for a class of exceptions is made by `#[derive(JavaException)]`.
///
/// ```
/// # mod dubhe { pub use dubhe_hessian2::java; pub use dubhe_core::Status; }
/// use dubhe::java::Throwable;
/// use dubhe::Status;
///
/// // What a provider throws that has no type for the exception.
/// let thrown = Throwable::new("org.example.UnknownUserException", "no user 7").field("id", 7);
/// let status = Status::from(thrown);
///
/// // And what a caller finds in the error of its call.
/// let caught = Throwable::of(&status).unwrap();
/// assert_eq!(caught.class, "org.example.UnknownUserException");
/// assert_eq!(caught.message.as_deref(), Some("no user 7"));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Throwable {
    /// The class, such as `java.lang.IllegalStateException`.
    pub class: Name,
    /// The text that `getMessage` gives.
    pub message: Option<String>,
    /// The throwable that caused it.
    pub cause: Option<Box<Throwable>>,
    /// The place where it was made, the innermost call first.
    pub stack: Vec<StackTraceElement>,
    /// The exceptions it suppressed.
    pub suppressed: Vec<Throwable>,
    /// The fields of its class and of superclasses below `Throwable`.
    pub fields: Vec<(Name, Value)>,
}

record! {
    /// A call in the stack of an exception.
    ///
    /// ```
    /// # mod dubhe { pub use dubhe_hessian2::java; }
    /// use dubhe::java::{StackTraceElement, Throwable};
    ///
    /// /// Where it was thrown, as the JVM prints it.
    /// fn place(thrown: &Throwable) -> Option<String> {
    ///     let StackTraceElement { declaring_class, method_name, line_number, .. } = thrown.stack.first()?;
    ///     Some(format!("{declaring_class}.{method_name}:{line_number}"))
    /// }
    /// # assert_eq!(place(&Throwable::default()), None);
    /// ```
    StackTraceElement("java.lang.StackTraceElement", "java.lang.StackTraceElement") {
        /// The class, with its package.
        declaring_class: String,
        /// The method.
        method_name: String,
        /// The file, if known.
        file_name: Option<String>,
        /// The line; negative when unknown, −2 for a native method.
        line_number: i32,
        /// The name of the module.
        module_name: Option<String>,
        /// The version of the module.
        module_version: Option<String>,
        /// The name of the class loader.
        class_loader_name: Option<String>,
        /// The form in which the JVM prints it: an internal of Java 9 and later.
        format: i8,
    }
    wire(optional) {
        0 format "format",
        1 line_number "lineNumber",
        2 file_name "fileName",
        3 method_name "methodName",
        4 declaring_class "declaringClass",
        5 module_version "moduleVersion",
        6 module_name "moduleName",
        7 class_loader_name "classLoaderName",
    }
}

impl Throwable {
    /// An exception with a message and nothing else.
    pub fn new(class: impl Into<Name>, message: impl Into<String>) -> Self {
        Self { class: class.into(), message: Some(message.into()), ..Self::default() }
    }

    /// Adds a field of its class.
    pub fn field(mut self, name: impl Into<Name>, value: impl Into<Value>) -> Self {
        self.fields.push((name.into(), value.into()));
        self
    }

    /// The same exception with a cause.
    pub fn caused_by(mut self, cause: Self) -> Self {
        self.cause = Some(Box::new(cause));
        self
    }

    /// The exception that a status carries.
    pub fn of(status: &Status) -> Option<Self> {
        payload::exception(status)?.ok()
    }
}

impl fmt::Display for Throwable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            Some(message) => write!(f, "{}: {message}", self.class),
            None => f.write_str(&self.class),
        }
    }
}

impl std::error::Error for Throwable {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

impl From<Throwable> for Status {
    fn from(throwable: Throwable) -> Self {
        let message = throwable.message.as_deref().map(ByteString::from);
        let class = throwable.class.clone();
        let code = throwable.fields.iter().find(|(name, _)| name == "code");
        let code = code.and_then(|(_, value)| value.as_i32()).unwrap_or_default();
        let exception = Exception::new(class, message, payload::content(throwable));
        Self::exception(if exception.is_rpc() { exception.with_rpc_code(code) } else { exception })
    }
}

impl Encode for Throwable {
    fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
        let number = e.next_reference();
        let own = self.fields.iter().map(|(name, _)| name.clone());
        let names: Vec<Name> = FIELDS.map(Name::from_static).into_iter().chain(own).collect();
        e.write_dynamic_object(&self.class, names.iter(), |e| {
            if self.suppressed.is_empty() {
                derive::encode_no_suppressed(e)?;
            } else {
                self.suppressed.encode(e)?;
            }
            derive::encode_stack(&self.stack, e)?;
            derive::encode_cause(self.cause.as_deref(), number, e)?;
            self.message.encode(e)?;
            self.fields.iter().try_for_each(|(_, value)| value.encode(e))
        })
    }
}

java_type!(Throwable, "java.lang.Throwable");

impl<'de> Decode<'de> for Throwable {
    fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
        match d.read_start()? {
            start @ Start::Object(class) => {
                let class = d.class_name(class).into();
                read(d, start, Self { class, ..Self::default() })
            }
            Start::Other(tag::REFERENCE) => d.follow(Self::decode),
            Start::Other(_) => Err(d.mismatch("a throwable")),
        }
    }
}

fn read(d: &mut Decoder<'_>, start: Start, mut t: Throwable) -> Result<Throwable, Error> {
    d.object(start, |d, field| {
        match &**d.field_name(start, field) {
            "suppressedExceptions" => t.suppressed = derive::decode_or_default(d)?,
            "stackTrace" => {
                t.stack = derive::decode_or_default::<Array<StackTraceElement>>(d)?.0;
            }
            "cause" => t.cause = derive::decode_cause(d)?,
            "detailMessage" => t.message = Option::decode(d)?,
            other => {
                let name = Name::from(other);
                t.fields.push((name, d.read_value()?));
            }
        }
        Ok(())
    })?;
    Ok(t)
}
