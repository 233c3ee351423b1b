//! The values of `tests/peers/java-dubbo/api/src/main/java/peer/api/Samples.java`, by name: every
//! compact form of Hessian 2 with its boundaries, containers, objects, references, and the Java
//! types that Dubbo's users pass around.
//!
//! Each is what Java's bytes for the sample say. Java itself drops the sign of minus zero, so
//! `double/-0.0` is zero here; `string/lone-surrogate` has U+FFFD where Java has a lone surrogate,
//! which no Rust text can hold.

mod container;
mod jdk;
mod object;
mod reference;
mod scalar;
mod throwable;
mod time;

use std::iter;

use dubhe_core::Value;
use dubhe_core::value::List;

/// The package in which hessian-lite keeps the stand-ins of JDK classes.
const HANDLE_PACKAGE: &str = "com.alibaba.com.caucho.hessian.io.";

/// All samples, in Java's order.
pub fn all() -> Vec<(String, Value)> {
    let mut all = Samples(Vec::new());
    scalar::numbers(&mut all);
    scalar::text_and_binary(&mut all);
    time::dates(&mut all);
    jdk::decimals(&mut all);
    time::times(&mut all);
    jdk::utilities(&mut all);
    container::lists(&mut all);
    container::maps(&mut all);
    container::arrays(&mut all);
    object::objects(&mut all);
    reference::references(&mut all);
    throwable::throwables(&mut all);
    all.0
}

/// The sample of that name.
pub fn get(name: &str) -> Option<Value> {
    all().into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

/// Letters a to z in turn.
pub fn letters(n: usize) -> String {
    ('a'..='z').cycle().take(n).collect()
}

/// Byte i is i mod 251.
pub fn bytes(n: usize) -> Vec<u8> {
    (0..251).cycle().take(n).collect()
}

/// Samples in the order of their making.
struct Samples(Vec<(String, Value)>);

impl Samples {
    fn add(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        self.0.push((name.into(), value.into()));
    }
}

/// An `ArrayList` of the integers from 0 to `n - 1`.
fn ints(n: i32) -> Value {
    Value::list(0..n)
}

/// A list, a set or an array under its class.
fn typed<V: Into<Value>>(class: &'static str, items: impl IntoIterator<Item = V>) -> Value {
    List::new(items).class(class).into()
}

/// A collection of that class without elements.
fn empty(class: &'static str) -> Value {
    typed(class, iter::empty::<Value>())
}

fn mixed(items: impl IntoIterator<Item = Value>) -> Value {
    Value::list(items)
}

fn object(class: &str, fields: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    fields.into_iter().fold(Value::object(class), |o, (name, value)| o.field(name, value)).into()
}
