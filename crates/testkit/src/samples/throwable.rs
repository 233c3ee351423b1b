//! Throwables as Java 17 writes them.

use dubhe_core::Value;
use dubhe_core::value::Object;

use super::jdk::stack_element;
use super::{Samples, empty, typed};

fn no_suppressed() -> Value {
    empty("java.util.Collections$EmptyList")
}

fn no_stack() -> Value {
    empty("[java.lang.StackTraceElement")
}

fn throwable(class: &str, suppressed: Value, stack: Value, cause: Value, message: &str) -> Object {
    Value::object(class)
        .field("suppressedExceptions", suppressed)
        .field("stackTrace", stack)
        .field("cause", cause)
        .field("detailMessage", message)
}

/// A throwable without a cause, which Java writes as its own cause.
fn uncaused(class: &str, stack: Value, message: &str) -> Object {
    throwable(class, no_suppressed(), stack, Value::reference(0), message)
}

pub(super) fn throwables(s: &mut Samples) {
    let checked = uncaused("peer.api.GreetException", no_stack(), "checked")
        .field("detail", "d")
        .field("code", 42);
    s.add("throwable/checked", Value::from(checked).shared(0));
    let runtime = uncaused("java.lang.IllegalStateException", no_stack(), "state");
    s.add("throwable/runtime", Value::from(runtime).shared(0));
    // `Collections.emptyList()` is one object for both.
    let inner = throwable(
        "java.lang.IllegalArgumentException",
        Value::reference(0),
        no_stack(),
        Value::reference(1),
        "inner",
    );
    let cause = Value::from(inner).shared(1);
    let outer = "java.lang.RuntimeException";
    let outer = throwable(outer, no_suppressed().shared(0), no_stack(), cause, "outer");
    s.add("throwable/cause", outer);
    let traced = typed("[java.lang.StackTraceElement", [stack_element()]);
    let traced = uncaused("java.lang.RuntimeException", traced, "traced");
    s.add("throwable/stack", Value::from(traced).shared(0));
}
