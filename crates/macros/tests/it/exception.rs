//! `derive(JavaException)` against bytes that Java wrote, and through a status.

use std::error::Error as _;

use crate::support::written_by_java;
use dubhe_core::{Code, Status};
use dubhe_hessian2::java::{StackTraceElement, Throwable};
use dubhe_hessian2::{Value, from_bytes, to_bytes};
use dubhe_macros::JavaException;

#[derive(JavaException, Clone, Debug, Default, PartialEq)]
#[java(class = "peer.api.GreetException", crate = "dubhe_hessian2")]
struct GreetException {
    #[java(message)]
    message: String,
    code: i32,
    detail: Option<String>,
}

#[derive(JavaException, Debug, Default, PartialEq)]
#[java(class = "java.lang.RuntimeException", crate = "dubhe_hessian2")]
struct Outer {
    #[java(message)]
    message: Option<String>,
    #[java(cause)]
    cause: Option<Box<Inner>>,
    #[java(stack)]
    stack: Vec<StackTraceElement>,
}

#[derive(JavaException, Debug, Default, PartialEq)]
#[java(class = "java.lang.IllegalArgumentException", crate = "dubhe_hessian2")]
struct Inner {
    #[java(message)]
    message: Option<String>,
}

fn checked() -> GreetException {
    GreetException { message: "checked".into(), code: 42, detail: Some("d".into()) }
}

#[test]
fn an_exception_is_written_as_java_writes_it() {
    let java = written_by_java("throwable/checked");
    assert_eq!(from_bytes::<GreetException>(&java).unwrap(), checked());
    assert_eq!(to_bytes(&checked()).unwrap(), java);
}

#[test]
fn the_cause_is_an_exception_and_no_cause_is_the_exception_itself() {
    let java = written_by_java("throwable/cause");
    let inner = Inner { message: Some("inner".into()) };
    let outer =
        Outer { message: Some("outer".into()), cause: Some(Box::new(inner)), stack: Vec::new() };
    assert_eq!(from_bytes::<Outer>(&java).unwrap(), outer);
    assert_eq!(from_bytes::<Outer>(&to_bytes(&outer).unwrap()).unwrap(), outer);

    let alone = from_bytes::<Outer>(&written_by_java("throwable/stack")).unwrap();
    assert_eq!(alone.cause, None);
    assert_eq!(alone.stack[0].method_name, "c");
    assert_eq!(to_bytes(&alone).unwrap(), written_by_java("throwable/stack"));
}

#[test]
fn a_minimal_exception_is_enough() {
    let value =
        Value::from(Value::object("java.lang.RuntimeException").field("cause", Value::Null));
    let read = from_bytes::<Outer>(&to_bytes(&value).unwrap()).unwrap();
    assert_eq!(read, Outer::default());
    assert_eq!(read.to_string(), "java.lang.RuntimeException");
}

#[test]
fn a_status_carries_the_exception_there_and_back() {
    fn handler() -> Result<(), Status> {
        Err(checked())?
    }
    let status = handler().unwrap_err();
    assert_eq!(status.message(), "checked");
    assert!(status.is_business());
    assert_eq!(status.java().unwrap().class(), "peer.api.GreetException");
    assert_eq!(GreetException::from_status(&status), Some(checked()));
    assert_eq!(Inner::from_status(&status), None);
    assert_eq!(GreetException::from_status(&Status::new(Code::Internal, "x")), None);
}

#[test]
fn an_exception_is_an_error() {
    let error: Box<dyn std::error::Error + Send + Sync> = checked().into();
    assert_eq!(error.to_string(), "checked");
    assert!(checked().source().is_none());
    let cause = Some(Box::new(Inner { message: Some("inner".into()) }));
    let outer = Outer { cause, ..Outer::default() };
    assert_eq!(outer.source().unwrap().to_string(), "inner");
}

// In Java: `class TooLong extends GreetException { int limit; }`.
#[derive(JavaException, Clone, Debug, Default, PartialEq)]
#[java(class = "peer.api.TooLong", crate = "dubhe_hessian2")]
struct TooLong {
    #[java(flatten)]
    parent: GreetException,
    limit: i32,
    #[java(skip)]
    _seen: bool,
}

/// A superclass, its subclasses, and any other exception.
#[derive(JavaException, Clone, Debug, PartialEq)]
#[java(class = "peer.api.GreetException", crate = "dubhe_hessian2")]
enum Greeting {
    TooLong(TooLong),
    Plain(GreetException),
    #[java(other)]
    Other(Throwable),
}

/// A superclass and its subclasses alone.
#[derive(JavaException, Clone, Debug, PartialEq)]
#[java(class = "peer.api.GreetException", crate = "dubhe_hessian2")]
enum Sealed {
    TooLong(TooLong),
    Plain(GreetException),
}

#[derive(JavaException, Debug, Default, PartialEq)]
#[java(class = "java.lang.RuntimeException", crate = "dubhe_hessian2")]
struct Whole {
    #[java(message)]
    message: Option<String>,
    #[java(cause)]
    cause: Option<Box<Throwable>>,
    #[java(stack)]
    stack: Vec<StackTraceElement>,
    #[java(suppressed)]
    suppressed: Vec<Throwable>,
}

#[test]
fn a_subclass_has_the_fields_of_its_superclass() {
    let long = TooLong { parent: checked(), limit: 9, _seen: true };
    assert_eq!(long.to_string(), "checked");
    let value: Value = from_bytes(&to_bytes(&long).unwrap()).unwrap();
    assert_eq!(value.class().map(|class| &**class), Some("peer.api.TooLong"));
    assert_eq!(value.get("code").and_then(Value::as_i32), Some(42));
    assert_eq!(value.get("detailMessage").and_then(Value::as_str), Some("checked"));
    let back: TooLong = from_bytes(&to_bytes(&long).unwrap()).unwrap();
    assert_eq!(back, TooLong { _seen: false, ..long });
}

#[test]
fn subclasses_are_caught_as_their_superclass_and_keep_all_they_have() {
    let long = TooLong { parent: checked(), limit: 9, _seen: false };
    let of_long = Status::from(long.clone());
    assert_eq!(of_long.java().unwrap().class(), "peer.api.TooLong");
    assert_eq!(Greeting::from_status(&of_long), Some(Greeting::TooLong(long.clone())));
    assert_eq!(Sealed::from_status(&of_long), Some(Sealed::TooLong(long)));
    let plain = Status::from(Sealed::Plain(checked()));
    assert_eq!(plain.java().unwrap().class(), GreetException::CLASS);
    assert_eq!(Greeting::from_status(&plain), Some(Greeting::Plain(checked())));
    assert_eq!(Greeting::Plain(checked()).to_string(), "checked");

    let state = Throwable::new("java.lang.IllegalStateException", "state");
    let status = Status::from(state.clone());
    let caught = Greeting::from_status(&status).unwrap();
    assert_eq!(caught, Greeting::Other(state));
    assert_eq!(Status::from(caught).java().unwrap().class(), "java.lang.IllegalStateException");
    assert_eq!(Sealed::from_status(&status), None);
    assert_eq!(Sealed::CLASS, "peer.api.GreetException");
}

#[test]
fn stack_cause_and_suppressed_are_kept() {
    let inner = Throwable::new("a.Inner", "inner").field("code", 7);
    let stack = from_bytes::<Outer>(&written_by_java("throwable/stack")).unwrap().stack;
    let whole = Whole {
        message: Some("outer".into()),
        cause: Some(Box::new(inner.clone())),
        stack,
        suppressed: vec![Throwable::new("a.Closing", "closing")],
    };
    let back: Whole = from_bytes(&to_bytes(&whole).unwrap()).unwrap();
    assert_eq!(back, whole);
    let java = from_bytes::<Throwable>(&to_bytes(&whole).unwrap()).unwrap();
    assert_eq!(java.suppressed, whole.suppressed);
    assert_eq!(java.cause.as_deref(), Some(&inner));
}
