//! Shared parts and cycles.

use dubhe_core::Value;

use super::jdk::decimal;
use super::object::{address, color};
use super::{Samples, bytes, ints, mixed, object};

fn node(children: Value, next: Value, label: impl Into<Value>) -> Value {
    object("peer.api.Node", [("children", children), ("next", next), ("label", label.into())])
}

/// `Samples.cycle()`: two nodes, each the next of the other; the second is the only child of both.
fn cycle() -> Value {
    // b is met first as the child of a; the first reference is b's own child, b itself.
    let b = node(mixed([Value::reference(0)]), Value::reference(1), "b").shared(0);
    node(mixed([b]), Value::reference(0), "a").shared(1)
}

pub(super) fn references(s: &mut Samples) {
    let twice = |v: Value| mixed([v.shared(0), Value::reference(0)]);
    s.add("ref/shared-object", twice(address("s", "c", 1)));
    s.add("ref/shared-list", twice(ints(2)));
    s.add("ref/shared-map", twice(Value::map([("a", 1)])));
    s.add("ref/shared-date", mixed([Value::Date(0), Value::Date(0)]));
    s.add("ref/shared-string", Value::list(["same", "same"]));
    s.add("ref/shared-bytes", Value::list([bytes(2), bytes(2)]));
    s.add("ref/shared-decimal", twice(decimal("1.5")));
    s.add("ref/shared-enum", twice(color("GREEN")));
    s.add("ref/equal-not-same", mixed([address("s", "c", 1), address("s", "c", 1)]));
    s.add("ref/cycle-objects", cycle());
    s.add("ref/self-list", mixed([Value::reference(0)]).shared(0));
    s.add("ref/self-map", Value::map([("self", Value::reference(0))]).shared(0));
    let plain = |i: i32| node(Value::Null, Value::Null, format!("n{i}"));
    let nodes = (0..299).map(plain).chain([plain(299).shared(0), Value::reference(0)]);
    s.add("ref/many", Value::list(nodes));
}
