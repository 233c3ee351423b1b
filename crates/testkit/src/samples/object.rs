//! Objects and enums.

use dubhe_core::Value;
use dubhe_core::value::Map;

use super::jdk::decimal;
use super::{Samples, bytes, ints, mixed, object, typed};

pub(super) fn color(name: &'static str) -> Value {
    Value::constant("peer.api.Color", name)
}

pub(super) fn address(street: &str, city: &str, zip: i32) -> Value {
    let text = |v: &str| if v.is_empty() { Value::Null } else { v.into() };
    object(
        "peer.api.Address",
        [("zip", zip.into()), ("city", text(city)), ("street", text(street))],
    )
}

/// `Samples.user(n)`, whose home is shared under `label`.
pub(super) fn user(n: i32, label: u32) -> Value {
    let home = address(&format!("Road {n}"), "Città", 1000 + n);
    let extra = Value::map([(format!("k{n}"), i64::from(n))]);
    Value::object("peer.api.User")
        .field("extra", extra)
        // The list comes first on the wire, so the home stands in it and `home` refers to it.
        .field("others", mixed([address("A", "B", 1), home.shared(label)]))
        .field("home", Value::reference(label))
        .field("balance", decimal(&format!("{}.6789", 12_345 + n)))
        .field("born", Value::Date(86_400_001 * i64::from(n)))
        .field(
            "color",
            color(match n % 3 {
                0 => "RED",
                1 => "GREEN",
                _ => "BLUE",
            }),
        )
        .field("score", f64::from(n) * 1.5)
        .field("active", n % 2 == 0)
        .field("age", 20 + n)
        .field("name", format!("user-{n}"))
        .field("id", 1_000_000_007 * i64::from(n))
        .into()
}

pub(super) fn objects(s: &mut Samples) {
    s.add("enum/red", color("RED"));
    s.add("enum/constant-with-body", color("BLUE"));
    let red = color("RED").shared(0);
    s.add("enum/list", mixed([red, Value::reference(0), color("GREEN")]));
    s.add("object/empty", Value::object("peer.api.Samples$Empty"));
    s.add("object/transient", object("peer.api.Samples$WithTransient", [("kept", 1.into())]));
    s.add("object/address", address("Road 1", "Città", 1001));
    s.add("object/address-nulls", address("", "", 0));
    s.add("object/user", user(1, 0));
    s.add(
        "object/employee",
        object(
            "peer.api.Employee",
            [
                ("extra", Map::default().into()),
                ("others", ints(0)),
                ("home", Value::Null),
                ("balance", Value::Null),
                ("born", Value::Null),
                ("color", Value::Null),
                ("boss", user(2, 0)),
                ("score", 0.0.into()),
                ("active", false.into()),
                ("age", Value::Null),
                ("name", "e".into()),
                ("id", 9_i64.into()),
                ("title", "t".into()),
            ],
        ),
    );
    s.add(
        "object/hidden-field",
        object(
            "peer.api.Child",
            [
                ("onlyParent", 2.into()),
                ("kind", "p".into()),
                ("onlyChild", 1.into()),
                ("kind", "c".into()),
            ],
        ),
    );
    s.add("object/types", types());
    let dog = [("name", "rex".into()), ("bones", 3.into())];
    s.add("object/dog", object("peer.api.Animal$Dog", dog));
    // One GREEN for user 1, one BLUE for user 2: two constants, no sharing between them.
    s.add(
        "object/page",
        object(
            "peer.api.Page",
            [
                ("items", mixed([user(1, 0), user(2, 1)])),
                ("last", true.into()),
                ("number", 1.into()),
            ],
        ),
    );
    s.add("object/same-class-twice", mixed([address("a", "b", 1), address("c", "d", 2)]));
    let class = |n: i32, v: i32| object(&format!("peer.api.Samples$C{n:02}"), [("v", v.into())]);
    s.add(
        "object/twenty-classes",
        Value::list((0..20).map(|n| class(n, n)).chain([class(19, 99)])),
    );
}

fn types() -> Value {
    object(
        "peer.api.Types",
        [
            ("any", "any".into()),
            ("strings", typed("[string", [Some("x"), None, Some("")])),
            ("ints", typed("[int", [1, -1, 300])),
            ("bytes", bytes(5).into()),
            ("boxedD", 1e300.into()),
            ("boxedF", (-0.5).into()),
            ("boxedL", 7_i64.into()),
            ("boxedI", 7.into()),
            ("boxedC", "中".into()),
            ("boxedS", 32767.into()),
            ("boxedB", 127.into()),
            ("boxedZ", false.into()),
            ("d", std::f64::consts::PI.into()),
            ("f", 1.25.into()),
            ("l", i64::MIN.into()),
            ("i", i32::MIN.into()),
            ("c", "é".into()),
            ("s", (-32768).into()),
            ("b", (-128).into()),
            ("z", true.into()),
        ],
    )
}
