//! The macros of Dubhe: Java classes, Java exceptions and Java interfaces from Rust types.
//!
//! They are used through the facade, as `dubhe::Java`, `dubhe::JavaException` and
//! `#[dubhe::interface]`. The two derives also serve users of
//! `dubhe-hessian2` alone: `#[java(crate = "dubhe_hessian2")]` says under which path that crate
//! is found.
//!
//! Each macro reads its input into a model first, with all checks and all errors, and then writes
//! code from a model that holds; see the folders `java`, `exception` and `interface`.

mod attr;
mod exception;
mod interface;
mod java;
mod lacking;
mod names;

use proc_macro::TokenStream;
use syn::{DeriveInput, ItemTrait, parse_macro_input};

/// Makes a Rust type stand for a Java class: its Hessian codec and its type descriptor.
///
/// ```
/// use dubhe::Java;
///
/// /// In Java: `class User implements Serializable { long id; String firstName; Colour likes; }`.
/// #[derive(Java, Clone, Debug)]
/// #[java(class = "org.example.User")]
/// struct User { id: i64, first_name: String, likes: Option<Colour> }
///
/// /// In Java: `enum Colour { RED, DARK_BLUE }`.
/// #[derive(Java, Clone, Debug)]
/// #[java(class = "org.example.Colour")]
/// enum Colour { Red, DarkBlue }
/// ```
///
/// - A **struct** with named fields is a class. Fields are called in Java as in Rust, in camel
///   case.
/// - A **tuple struct of one field** is written and read as this field, under a class of its own: what
///   Java declares so where no Rust struct can stand for it, such as a class with cycles, as a `Value`.
/// - An **enum of unit variants** is a Java enum. Constants are called in Java as in Rust, in
///   upper case with underscores.
/// - An **enum of variants that hold one class each** is a class with its subclasses: the class
///   that arrives decides the variant.
///
/// | option | on | meaning |
/// | --- | --- | --- |
/// | `class = "org.example.User"` | the type | the Java class; nested classes are joined by `$` |
/// | `crate = "path"` | the type | where `dubhe-hessian2` is found; by default inside `::dubhe` |
/// | `name = "userName"` | a field or constant | its name in Java |
/// | `default` | a field | `Default::default()` when the message lacks it or has null |
/// | `skip` | a field | neither written nor read: Java's `transient` |
/// | `flatten` | one field | the superclass: its fields are fields of this class as well |
/// | `other` | the last variant | takes constants (as `String`) or classes (as `Value`) that no other variant stands for |
///
/// Fields that the message has and the struct lacks are dropped. Fields that the message lacks
/// are zero, `false` or `None`; for a type that has no such value the message is refused. Values
/// are written in the order in which Java's `hessian-lite` writes them, so the bytes are Java's.
#[proc_macro_derive(Java, attributes(java))]
pub fn derive_java(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    java::derive(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a struct stand for a Java exception, thrown by and caught from Java, or an enum for several.
///
/// ```
/// use dubhe::{JavaException, Status};
///
/// /// In Java: `class NoFunds extends Exception { long missing; }`.
/// #[derive(JavaException, Clone, Debug)]
/// #[java(class = "org.example.NoFunds")]
/// struct NoFunds { #[java(message)] message: String, missing: i64 }
///
/// let thrown = Status::from(NoFunds { message: "too little".into(), missing: 30 });
/// let caught = NoFunds::from_status(&thrown).unwrap();
/// assert_eq!(caught.missing, 30);
/// ```
///
/// Besides what [`derive(Java)`](macro@Java) makes of a struct with named fields, it implements `Error` and
/// `Display` (the message), `From` into `Status`, so that a handler can use `?`, and
/// `from_status`, which gives the exception back to a caller.
///
/// | option | on | meaning |
/// | --- | --- | --- |
/// | `class`, `crate`, `name`, `default`, `skip` | | as for `derive(Java)` |
/// | `flatten` | one field, an exception | the superclass, whose message and fields it has |
/// | `message` | one field, `String` or `Option<String>` | Java's `detailMessage` |
/// | `cause` | one field, `Option<Box<E>>` of an exception such as `Throwable` | Java's `cause` |
/// | `stack` | one field, `Vec<StackTraceElement>` | Java's `stackTrace` |
/// | `suppressed` | one field, `Vec<E>` of an exception such as `Throwable` | Java's `suppressedExceptions` |
/// | `other` | the last variant of an enum | takes exceptions (as `Throwable`) that no other variant stands for |
///
/// A field that is called `message`, `cause` or `stack` says that it is that part, or, with
/// `#[java(name = "message")]`, a field of the class beside it.
///
/// An **enum of variants that hold one exception each** is a superclass with its subclasses, as a
/// `catch` of Java has it: the class that arrives decides the variant. A variant may hold a `Box` of one.
///
/// ```
/// use dubhe::{JavaException, Status};
///
/// # #[derive(JavaException, Clone, Debug)]
/// # #[java(class = "org.example.NoFunds")]
/// # struct NoFunds { #[java(message)] message: String, missing: i64 }
/// /// In Java: `class Overdrawn extends NoFunds { long limit; }`.
/// #[derive(JavaException, Clone, Debug)]
/// #[java(class = "org.example.Overdrawn")]
/// struct Overdrawn { #[java(flatten)] parent: NoFunds, limit: i64 }
///
/// #[derive(JavaException, Clone, Debug)]
/// #[java(class = "org.example.NoFunds")]
/// enum Refused { Overdrawn(Overdrawn), NoFunds(NoFunds) }
///
/// let parent = NoFunds { message: "too little".into(), missing: 30 };
/// let thrown = Status::from(Overdrawn { parent, limit: 10 });
/// assert!(matches!(Refused::from_status(&thrown), Some(Refused::Overdrawn(_))));
/// ```
#[proc_macro_derive(JavaException, attributes(java))]
pub fn derive_java_exception(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    exception::derive(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a trait stand for a Java interface: its server, its client and its descriptors.
///
/// ```no_run
/// use dubhe::prelude::*;
///
/// /// In Java: `interface Greeter { String greet(String name); }`.
/// #[dubhe::interface("org.example.Greeter")]
/// trait Greeter {
///     async fn greet(&self, name: String) -> Result<String, Status>;
/// }
///
/// struct Polite;
///
/// impl Greeter for Polite {
///     async fn greet(&self, name: String) -> Result<String, Status> {
///         Ok(format!("Hello, {name}"))
///     }
/// }
///
/// # async fn run(app: App) -> Result<(), Status> {
/// let server = Server::builder().service(GreeterServer::new(Polite)).start("127.0.0.1:0").await?;
/// let url = format!("dubbo://{}", server.addr());
/// let greeter = app.client::<GreeterClient>().url(&url).build()?;
/// assert_eq!(greeter.greet("Ada".into()).await?, "Hello, Ada");
/// # Ok(())
/// # }
/// ```
///
/// `#[interface("org.example.Users", version = "1.0.0", group = "shop")]` on `trait Users` leaves
/// the trait, whose implementations may write `async fn`, and adds `UsersServer<T>`, which serves
/// an implementation, and `UsersClient`, which has the same methods and calls them elsewhere.
///
/// Methods take `&self`, then, if they like, `ctx: &Context`, which the client's methods lack,
/// then the arguments. They return `Result<T, E>` where `E: Into<Status>`; the client's methods
/// return `Result<T, Status>`. Aliases of `Result` may have any name. Arguments may be references; the client clones what they refer to.
/// Their names in Java are those in Rust, in camel case.
///
/// Over Triple a method may stream, either way or both:
///
/// | in Rust | in Java | the client's method |
/// | --- | --- | --- |
/// | `async fn watch(&self, since: i64) -> Result<impl Stream<Item = Result<User, Status>>, Status>` | `void watch(long since, StreamObserver<User> out)` | returns `Streaming<User>` |
/// | `async fn store(&self, users: Streaming<User>) -> Result<i64, Status>` | `StreamObserver<User> store(StreamObserver<Long> out)` | takes any `Stream<Item = User>` |
/// | `async fn older(&self, users: Streaming<User>) -> Result<impl Stream<Item = Result<User, Status>>, Status>` | `StreamObserver<User> older(StreamObserver<User> out)` | takes and returns as above |
///
/// `dubhe::Streaming` is a stream of `Result<T, Status>`, and has `message()` to take the next. A
/// client's method returns once the reply has begun, which many providers do with its first
/// message: let a request be ready that they can answer. The client of an interface with such a
/// method looks for providers that speak Triple.
///
/// Over the dubbo protocol an argument may be a `dubhe::Callback<ListenerClient>`, which the callee calls:
/// the client's method takes a `ListenerServer`, or a `Callback` made of one. The client of an interface
/// with such a method looks for providers that speak dubbo.
///
/// The types of the arguments are sent with a call and pick the method in Java, so they are those that Java
/// declares. Where the Rust type stands for another one, `#[java(type = "java.util.Collection")]` in front of
/// the argument says it, as Java's sources do, without type arguments:
///
/// ```
/// use dubhe::prelude::*;
///
/// /// In Java: `interface Tags { int add(Collection<String> tags, Number weight, CharSequence[] names); }`.
/// #[dubhe::interface("org.example.Tags")]
/// trait Tags {
///     async fn add(
///         &self,
///         #[java(type = "java.util.Collection")] tags: Vec<String>,
///         #[java(type = "java.lang.Number")] weight: Value,
///         #[java(type = "java.lang.CharSequence[]")] names: dubhe::java::Array<String>,
///     ) -> Result<i32, Status>;
/// }
/// ```
///
/// | option of a method | meaning |
/// | --- | --- |
/// | `#[java(name = "listAll")]` | its name in Java; two methods may share one if their arguments differ |
/// | `#[java(end_callbacks)]` | the callbacks among its arguments end with it: Dubbo's `callback="false"` |
/// | `#[java(oneway)]` | the caller does not wait, and never learns of errors |
/// | `#[java(timeout_ms = 500)]` | how long the client waits, in milliseconds |
/// | `#[java(retries = 0)]` | how often the client tries again |
#[proc_macro_attribute]
pub fn interface(args: TokenStream, input: TokenStream) -> TokenStream {
    let item = parse_macro_input!(input as ItemTrait);
    interface::expand(args.into(), item).unwrap_or_else(syn::Error::into_compile_error).into()
}
