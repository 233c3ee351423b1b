//! Lists, sets, maps and arrays.

use dubhe_core::Value;
use dubhe_core::value::Map;

use super::object::{color, user};
use super::{HANDLE_PACKAGE, Samples, bytes, empty, ints, mixed, object, typed};

pub(super) fn lists(s: &mut Samples) {
    s.add("list/empty", ints(0));
    for n in [1, 7, 8, 9, 300] {
        s.add(format!("list/ints-{n}"), ints(n));
    }
    s.add("list/nulls", Value::list([(), ()]));
    s.add(
        "list/mixed",
        mixed([1.into(), "a".into(), Value::Null, 2.5.into(), true.into(), 3_i64.into()]),
    );
    s.add("list/nested", mixed([ints(2), ints(0), ints(9)]));
    for (name, class) in [
        ("list/linked", "java.util.LinkedList"),
        ("list/vector", "java.util.Vector"),
        ("list/as-list", "java.util.Arrays$ArrayList"),
        ("deque", "java.util.ArrayDeque"),
    ] {
        s.add(name, typed(class, [1, 2]));
    }
    s.add("list/empty-constant", empty("java.util.Collections$EmptyList"));
    s.add("list/singleton", typed("java.util.Collections$SingletonList", ["x"]));
    s.add("list/immutable-of", Value::list([1, 2, 3]));
    s.add("list/unmodifiable", typed("java.util.Collections$UnmodifiableList", [0, 1]));
    s.add("list/sub-list", Value::list([2, 3, 4]));
    let linked = |v: i32| typed("java.util.LinkedList", [v]);
    s.add("list/two-linked", mixed([linked(1), linked(2)]));
    s.add("set/hash", typed("java.util.HashSet", [1]));
    s.add("set/linked-hash", typed("java.util.LinkedHashSet", ["c", "a", "b"]));
    s.add("set/tree", typed("java.util.TreeSet", ["a", "b", "c"]));
    s.add("set/empty", empty("java.util.HashSet"));
    s.add("set/immutable-of", typed("java.util.HashSet", [1]));
    s.add(
        "set/enum",
        object(
            &format!("{HANDLE_PACKAGE}EnumSetHandler"),
            [
                ("objects", typed("[object", [color("RED"), color("BLUE")])),
                ("type", object("java.lang.Class", [("name", "peer.api.Color".into())])),
            ],
        ),
    );
}

pub(super) fn maps(s: &mut Samples) {
    let one = || Map::new([("a", 1)]);
    s.add("map/empty", Map::default());
    s.add("map/one", one());
    s.add(
        "map/linked",
        Map::new([("b", Value::Int(1)), ("a", Value::Null)]).class("java.util.LinkedHashMap"),
    );
    s.add("map/tree", Map::new([("a", 1), ("b", 2)]).class("java.util.TreeMap"));
    s.add("map/concurrent", one().class("java.util.concurrent.ConcurrentHashMap"));
    s.add("map/hashtable", one().class("java.util.Hashtable"));
    s.add("map/properties", Map::new([("a", "1")]).class("java.util.Properties"));
    let any_keys: [(Value, &str); 6] = [
        (1.into(), "int"),
        (2_i64.into(), "long"),
        (2.5.into(), "double"),
        (true.into(), "bool"),
        (Value::Date(0), "date"),
        (Value::Null, "null"),
    ];
    s.add("map/any-keys", Map::new(any_keys).class("java.util.LinkedHashMap"));
    s.add("map/immutable-of", one());
    s.add("map/empty-constant", Map::default().class("java.util.Collections$EmptyMap"));
    s.add("map/singleton", one().class("java.util.Collections$SingletonMap"));
    s.add("map/enum-keys", Map::new([(color("RED"), 1)]).class("java.util.EnumMap"));
    s.add("map/nested", Value::map([("m", Value::map([("l", ints(2))]))]));
}

pub(super) fn arrays(s: &mut Samples) {
    for n in [0, 1, 7, 8] {
        s.add(format!("array/int-{n}"), typed("[int", 0..n));
    }
    s.add("array/long", typed("[long", [1_i64, -1, 1 << 40]));
    s.add("array/short", typed("[short", [1, -1, 300]));
    s.add("array/char", "aé中");
    s.add("array/boolean", typed("[boolean", [true, false]));
    s.add("array/float", typed("[float", [1.0, 1.5, 0.1_f32]));
    s.add("array/double", typed("[double", [1.0, 1.5, 0.1]));
    s.add("array/string", typed("[string", [Some("x"), None, Some("")]));
    s.add("array/string-empty", empty("[string"));
    s.add("array/string-8", typed("[string", ["a", "b", "c", "d", "e", "f", "g", "h"]));
    s.add("array/integer", typed("[java.lang.Integer", [Some(1), None]));
    s.add("array/long-boxed", typed("[java.lang.Long", [1_i64, 2]));
    s.add("array/object", typed("[object", [Value::Int(1), "a".into(), Value::Null]));
    s.add("array/date", typed("[date", [Value::Date(0)]));
    s.add("array/user", typed("[peer.api.User", [user(1, 0), user(2, 1)]));
    s.add("array/enum", typed("[peer.api.Color", [color("RED"), color("GREEN")]));
    let ints = |items: &[i32]| typed("[int", items.iter().copied());
    s.add("array/int-matrix", typed("[[int", [ints(&[1, 2]), ints(&[]), ints(&[3])]));
    let strings = |items: &[&'static str]| typed("[string", items.iter().copied());
    s.add("array/string-matrix", typed("[[string", [strings(&["a"]), strings(&["b", "c"])]));
    s.add("array/bytes-list", Value::list([bytes(2), bytes(3)]));
}
