//! The values of `tests/peers/java-dubbo/api/src/main/java/peer/api/Samples.java`, by name.

use dubhe_core::value::{List, Map, Object};
use dubhe_hessian2::Value;

const H: &str = "com.alibaba.com.caucho.hessian.io.";
const H8: &str = "com.alibaba.com.caucho.hessian.io.java8.";

pub(crate) fn all() -> Vec<(String, Value)> {
    let mut all = Samples(Vec::new());
    numbers(&mut all);
    text_and_binary(&mut all);
    dates(&mut all);
    times(&mut all);
    jdk(&mut all);
    lists(&mut all);
    maps(&mut all);
    arrays(&mut all);
    objects(&mut all);
    references(&mut all);
    throwables(&mut all);
    all.0
}

struct Samples(Vec<(String, Value)>);

impl Samples {
    fn add(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        self.0.push((name.into(), value.into()));
    }
}

/// Letters a..z in turn.
pub(crate) fn letters(n: usize) -> String {
    (0..n).map(|i| char::from(b'a' + (i % 26) as u8)).collect()
}

/// Byte i is i mod 251.
pub(crate) fn bytes(n: usize) -> Vec<u8> {
    (0..n).map(|i| (i % 251) as u8).collect()
}

fn ints(n: i32) -> Value {
    Value::list(0..n)
}

fn typed<V: Into<Value>>(class: &str, items: impl IntoIterator<Item = V>) -> Value {
    List::new(items).class(class).into()
}

fn mixed(items: impl IntoIterator<Item = Value>) -> Value {
    Value::list(items)
}

fn object(class: &str, fields: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    fields.into_iter().fold(Value::object(class), |o, (name, value)| o.field(name, value)).into()
}

fn numbers(s: &mut Samples) {
    s.add("null", Value::Null);
    s.add("true", true);
    s.add("false", false);
    for v in [
        0, 1, -1, -16, -17, 47, 48, -2048, -2049, 2047, 2048, 255, 256, -262_144, -262_145, 262_143,
        262_144, 65_535, 65_536, i32::MIN, i32::MAX,
    ] {
        s.add(format!("int/{v}"), v);
    }
    for v in [
        0_i64, 1, -1, -8, -9, 15, 16, -2048, -2049, 2047, 2048, -262_144, -262_145, 262_143,
        262_144, i32::MIN.into(), i64::from(i32::MIN) - 1, i32::MAX.into(), 1 << 31, i64::MIN,
        i64::MAX,
    ] {
        s.add(format!("long/{v}"), v);
    }
    // Java writes minus zero as zero.
    s.add("double/-0.0", 0.0);
    for (name, v) in [
        ("0.0", 0.0), ("1.0", 1.0), ("-1.0", -1.0), ("2.0", 2.0), ("127.0", 127.0),
        ("128.0", 128.0), ("-128.0", -128.0), ("-129.0", -129.0), ("32767.0", 32767.0),
        ("32768.0", 32768.0), ("-32768.0", -32768.0), ("-32769.0", -32769.0), ("0.001", 0.001),
        ("12.25", 12.25), ("-12.25", -12.25), ("0.5", 0.5), ("1.5", 1.5), ("65.536", 65.536),
        ("2147483.647", 2_147_483.647), ("2147483.648", 2_147_483.648),
        ("3.14159", 314_159.0 / 100_000.0), ("3.141592653589793", std::f64::consts::PI),
        ("1.0E10", 1e10), ("1.0E300", 1e300), ("3.4028234663852886E38", f64::from(f32::MAX)),
        ("4.9E-324", 4.9e-324), ("1.7976931348623157E308", f64::MAX), ("NaN", f64::NAN),
        ("Infinity", f64::INFINITY), ("-Infinity", f64::NEG_INFINITY),
    ] {
        s.add(format!("double/{name}"), v);
    }
    // A boxed float is the double of its text.
    for (name, v) in [
        ("0.0", 0.0), ("1.0", 1.0), ("1.5", 1.5), ("0.1", 0.1), ("1.4E-45", 1.4e-45),
        ("3.4028235E38", 3.402_823_5e38), ("NaN", f64::NAN),
    ] {
        s.add(format!("float/{name}"), v);
    }
    [0, -128, 127].into_iter().for_each(|v| s.add(format!("byte/{v}"), v));
    [0, -32768, 32767].into_iter().for_each(|v| s.add(format!("short/{v}"), v));
    ['a', 'é', '中'].into_iter().for_each(|v| s.add(format!("char/{v}"), v));
}

fn text_and_binary(s: &mut Samples) {
    for (name, text) in [
        ("empty", ""), ("one", "a"), ("nul", "\0"), ("two-byte", "é"), ("three-byte", "中文"),
        ("emoji", "😀"), ("mixed", "aé中😀z"), ("lone-surrogate", "a\u{fffd}b"),
    ] {
        s.add(format!("string/{name}"), text);
    }
    for n in [
        31, 32, 33, 255, 256, 1023, 1024, 32767, 32768, 32769, 65535, 65536, 70000, 1_048_576,
    ] {
        s.add(format!("string/letters-{n}"), letters(n));
    }
    s.add("string/cjk-1023", "中".repeat(1023));
    s.add("string/cjk-70000", "中".repeat(70000));
    s.add("string/emoji-16384", "😀".repeat(16384));
    s.add("string/emoji-straddles-chunk", letters(32767) + "😀" + &letters(10));
    for n in [
        0, 1, 15, 16, 255, 256, 1023, 1024, 4093, 4096, 8189, 8192, 32768, 65535, 65536, 70000,
        1_048_576,
    ] {
        s.add(format!("binary/{n}"), bytes(n));
    }
}

fn dates(s: &mut Samples) {
    for (name, ms) in [
        ("epoch", 0), ("one-ms", 1), ("one-minute", 60_000), ("before-epoch", -1),
        ("minute-before-epoch", -60_000), ("2024-minute", 1_704_067_200_000),
        ("2024-ms", 1_704_067_200_123), ("max-minute", 2_147_483_647 * 60_000),
        ("over-max-minute", 2_147_483_648 * 60_000), ("min-minute", -2_147_483_648 * 60_000),
        ("max", i64::MAX),
    ] {
        s.add(format!("date/{name}"), Value::Date(ms));
    }
    for (name, class, ms) in [
        ("sql-date", "java.sql.Date", 1_704_067_200_000),
        ("sql-time", "java.sql.Time", 3_661_000),
        ("sql-timestamp", "java.sql.Timestamp", 1_704_067_200_123),
    ] {
        s.add(name, object(class, [("value", Value::Date(ms))]));
    }
    let date = Value::Date(1_704_067_200_123);
    s.add("calendar", object(&format!("{H}CalendarHandle"), [("date", date), ("type", Value::Null)]));
}

fn date(year: i32, month: i32, day: i32) -> Value {
    handle("LocalDate", [("day", day.into()), ("month", month.into()), ("year", year.into())])
}

fn time(hour: i32, minute: i32, second: i32, nano: i32) -> Value {
    handle("LocalTime", [
        ("nano", nano.into()),
        ("second", second.into()),
        ("minute", minute.into()),
        ("hour", hour.into()),
    ])
}

fn date_time(time: Value, date: Value) -> Value {
    handle("LocalDateTime", [("time", time), ("date", date)])
}

fn offset(seconds: i32) -> Value {
    handle("ZoneOffset", [("seconds", seconds.into())])
}

fn handle(class: &str, fields: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    object(&format!("{H8}{class}Handle"), fields)
}

fn times(s: &mut Samples) {
    let leap = || date(2024, 2, 29);
    let late = || time(23, 59, 58, 123_456_789);
    s.add("time/local-date", leap());
    s.add("time/local-time", late());
    s.add("time/local-time-midnight", time(0, 0, 0, 0));
    s.add("time/local-date-time", date_time(late(), leap()));
    for (name, class, nanos, seconds) in [
        ("instant", "Instant", 123_456_789, 1_704_067_200_i64),
        ("instant-before-epoch", "Instant", 999_999_999, -1),
        ("duration", "Duration", 5, 3661),
        ("duration-negative", "Duration", 999_000_000, -1),
    ] {
        let fields = [("nanos", Value::Int(nanos)), ("seconds", Value::Long(seconds))];
        s.add(format!("time/{name}"), handle(class, fields));
    }
    let early = || date_time(time(1, 2, 3, 4), leap());
    s.add("time/zoned", handle("ZonedDateTime", [
        ("offset", offset(8 * 3600)),
        ("dateTime", early()),
        ("zoneId", "Asia/Shanghai".into()),
    ]));
    s.add("time/offset", handle("OffsetDateTime", [
        ("offset", offset(5 * 3600 + 1800)),
        ("dateTime", early()),
    ]));
    s.add("time/offset-time", handle("OffsetTime", [
        ("zoneOffset", offset(-8 * 3600)),
        ("localTime", time(1, 2, 3, 4)),
    ]));
    s.add("time/period", handle("Period", [
        ("days", 3.into()),
        ("months", 2.into()),
        ("years", 1.into()),
    ]));
    s.add("time/year", handle("Year", [("year", 2024.into())]));
    s.add("time/year-month", handle("YearMonth", [("month", 12.into()), ("year", 2024.into())]));
    s.add("time/month-day", handle("MonthDay", [("day", 29.into()), ("month", 2.into())]));
    s.add("time/zone-id", handle("ZoneId", [("zoneId", "Europe/Rome".into())]));
    s.add("time/zone-offset", offset(9 * 3600));
    s.add("time/day-of-week", Value::constant("java.time.DayOfWeek", "FRIDAY"));
    s.add("time/month", Value::constant("java.time.Month", "MAY"));
}

fn big_integer(words: &[i32], signum: i32) -> Value {
    object("java.math.BigInteger", [
        ("mag", typed("[int", words.iter().copied())),
        ("firstNonzeroIntNumPlusTwo", 0.into()),
        ("lowestSetBitPlusTwo", 0.into()),
        ("bitLengthPlusOne", 0.into()),
        ("bitCountPlusOne", 0.into()),
        ("signum", signum.into()),
    ])
}

fn decimal(text: &str) -> Value {
    object("java.math.BigDecimal", [("value", text.into())])
}

fn stack_element() -> Value {
    object("java.lang.StackTraceElement", [
        ("format", 0.into()),
        ("lineNumber", 7.into()),
        ("fileName", "B.java".into()),
        ("methodName", "c".into()),
        ("declaringClass", "a.B".into()),
        ("moduleVersion", Value::Null),
        ("moduleName", Value::Null),
        ("classLoaderName", Value::Null),
    ])
}

fn jdk(s: &mut Samples) {
    for v in ["0", "1", "-1.50", "12345678901234567890.123456789", "1E+10", "1E-10"] {
        s.add(format!("bigdecimal/{v}"), decimal(v));
    }
    s.add("biginteger/0", big_integer(&[], 0));
    s.add("biginteger/1", big_integer(&[1], 1));
    s.add("biginteger/-1", big_integer(&[1], -1));
    s.add("biginteger/18446744073709551616", big_integer(&[1, 0, 0], 1));
    s.add(
        "biginteger/-340282366920938463463374607431768211456",
        big_integer(&[1, 0, 0, 0, 0], -1),
    );
    let value = |class: &str, v: Value| object(class, [("value", v)]);
    s.add("uuid", value("java.util.UUID", "123e4567-e89b-12d3-a456-426614174000".into()));
    s.add("locale/zh-CN", value(&format!("{H}LocaleHandle"), "zh_CN".into()));
    s.add("locale/en", value(&format!("{H}LocaleHandle"), "en".into()));
    s.add("class", object("java.lang.Class", [("name", "java.lang.String".into())]));
    s.add("class/pojo", object("java.lang.Class", [("name", "peer.api.User".into())]));
    let mut buffer = [0_u8; 19];
    buffer[..3].copy_from_slice(b"abc");
    s.add("string-builder", object("java.lang.StringBuilder", [
        ("value", buffer.as_slice().into()),
        ("count", 3.into()),
        ("coder", 0.into()),
    ]));
    let atomic = |class: &str, v| value(&format!("java.util.concurrent.atomic.Atomic{class}"), v);
    s.add("atomic/integer", atomic("Integer", 5.into()));
    s.add("atomic/long", atomic("Long", 5_i64.into()));
    s.add("atomic/boolean", atomic("Boolean", 1.into()));
    s.add("bitset", object(&format!("{H}BitSetHandle"), [("words", typed("[long", [2_i64, 64]))]));
    s.add("stack-trace-element", stack_element());
    s.add("map-entry", object("java.util.AbstractMap$SimpleEntry", [
        ("value", 1.into()),
        ("key", "k".into()),
    ]));
}

fn lists(s: &mut Samples) {
    s.add("list/empty", ints(0));
    [1, 7, 8, 9, 300].into_iter().for_each(|n| s.add(format!("list/ints-{n}"), ints(n)));
    s.add("list/nulls", Value::list([(), ()]));
    s.add("list/mixed", mixed([
        1.into(), "a".into(), Value::Null, 2.5.into(), true.into(), 3_i64.into(),
    ]));
    s.add("list/nested", mixed([ints(2), ints(0), ints(9)]));
    for (name, class) in [
        ("list/linked", "java.util.LinkedList"), ("list/vector", "java.util.Vector"),
        ("list/as-list", "java.util.Arrays$ArrayList"), ("deque", "java.util.ArrayDeque"),
    ] {
        s.add(name, typed(class, [1, 2]));
    }
    s.add("list/empty-constant", typed("java.util.Collections$EmptyList", [(); 0]));
    s.add("list/singleton", typed("java.util.Collections$SingletonList", ["x"]));
    s.add("list/immutable-of", Value::list([1, 2, 3]));
    s.add("list/unmodifiable", typed("java.util.Collections$UnmodifiableList", [0, 1]));
    s.add("list/sub-list", Value::list([2, 3, 4]));
    let linked = |v: i32| typed("java.util.LinkedList", [v]);
    s.add("list/two-linked", mixed([linked(1), linked(2)]));
    s.add("set/hash", typed("java.util.HashSet", [1]));
    s.add("set/linked-hash", typed("java.util.LinkedHashSet", ["c", "a", "b"]));
    s.add("set/tree", typed("java.util.TreeSet", ["a", "b", "c"]));
    s.add("set/empty", typed("java.util.HashSet", [(); 0]));
    s.add("set/immutable-of", typed("java.util.HashSet", [1]));
    s.add("set/enum", object(&format!("{H}EnumSetHandler"), [
        ("objects", typed("[object", [color("RED"), color("BLUE")])),
        ("type", object("java.lang.Class", [("name", "peer.api.Color".into())])),
    ]));
}

fn maps(s: &mut Samples) {
    let one = || Map::new([("a", 1)]);
    s.add("map/empty", Map::default());
    s.add("map/one", one());
    s.add("map/linked", Map::new([("b", Value::Int(1)), ("a", Value::Null)]).class("java.util.LinkedHashMap"));
    s.add("map/tree", Map::new([("a", 1), ("b", 2)]).class("java.util.TreeMap"));
    s.add("map/concurrent", one().class("java.util.concurrent.ConcurrentHashMap"));
    s.add("map/hashtable", one().class("java.util.Hashtable"));
    s.add("map/properties", Map::new([("a", "1")]).class("java.util.Properties"));
    let any_keys: [(Value, &str); 6] = [
        (1.into(), "int"), (2_i64.into(), "long"), (2.5.into(), "double"), (true.into(), "bool"),
        (Value::Date(0), "date"), (Value::Null, "null"),
    ];
    s.add("map/any-keys", Map::new(any_keys).class("java.util.LinkedHashMap"));
    s.add("map/immutable-of", one());
    s.add("map/empty-constant", Map::default().class("java.util.Collections$EmptyMap"));
    s.add("map/singleton", one().class("java.util.Collections$SingletonMap"));
    s.add("map/enum-keys", Map::new([(color("RED"), 1)]).class("java.util.EnumMap"));
    s.add("map/nested", Value::map([("m", Value::map([("l", ints(2))]))]));
}

fn arrays(s: &mut Samples) {
    [0, 1, 7, 8].into_iter().for_each(|n| s.add(format!("array/int-{n}"), typed("[int", 0..n)));
    s.add("array/long", typed("[long", [1_i64, -1, 1 << 40]));
    s.add("array/short", typed("[short", [1, -1, 300]));
    s.add("array/char", "aé中");
    s.add("array/boolean", typed("[boolean", [true, false]));
    s.add("array/float", typed("[float", [1.0, 1.5, 0.1_f32]));
    s.add("array/double", typed("[double", [1.0, 1.5, 0.1]));
    s.add("array/string", typed("[string", [Some("x"), None, Some("")]));
    s.add("array/string-empty", typed("[string", [(); 0]));
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

fn color(name: &'static str) -> Value {
    Value::constant("peer.api.Color", name)
}

fn address(street: &str, city: &str, zip: i32) -> Value {
    let text = |v: &str| if v.is_empty() { Value::Null } else { v.into() };
    object("peer.api.Address", [("zip", zip.into()), ("city", text(city)), ("street", text(street))])
}

/// `Samples.user(n)`, whose home is shared under `label`.
pub(crate) fn user(n: i64, label: u32) -> Value {
    user_as("peer.api.User", n, label).into()
}

fn user_as(class: &str, n: i64, label: u32) -> Object {
    let small = i32::try_from(n).unwrap();
    let home = address(&format!("Road {n}"), "Città", 1000 + small);
    let balance = ["12346.6789", "12347.6789"][small as usize - 1];
    let colors = ["RED", "GREEN", "BLUE"];
    Value::object(class)
        .field("extra", Value::map([(format!("k{n}"), n)]))
        // The list comes first on the wire, so the home stands in it and `home` refers to it.
        .field("others", mixed([address("A", "B", 1), home.shared(label)]))
        .field("home", Value::reference(label))
        .field("balance", decimal(balance))
        .field("born", Value::Date(86_400_000 * n + n))
        .field("color", color(colors[small as usize % 3]))
        .field("score", f64::from(small) * 1.5)
        .field("active", n % 2 == 0)
        .field("age", 20 + small)
        .field("name", format!("user-{n}"))
        .field("id", 1_000_000_007 * n)
}

fn objects(s: &mut Samples) {
    s.add("enum/red", color("RED"));
    s.add("enum/constant-with-body", color("BLUE"));
    let red = color("RED").shared(0);
    s.add("enum/list", mixed([red, Value::reference(0), color("GREEN")]));
    s.add("object/empty", Value::object("peer.api.Samples$Empty"));
    s.add("object/transient", object("peer.api.Samples$WithTransient", [("kept", 1.into())]));
    s.add("object/address", address("Road 1", "Città", 1001));
    s.add("object/address-nulls", address("", "", 0));
    s.add("object/user", user(1, 0));
    s.add("object/employee", object("peer.api.Employee", [
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
    ]));
    s.add("object/hidden-field", object("peer.api.Child", [
        ("onlyParent", 2.into()),
        ("kind", "p".into()),
        ("onlyChild", 1.into()),
        ("kind", "c".into()),
    ]));
    s.add("object/types", types());
    let dog = [("name", "rex".into()), ("bones", 3.into())];
    s.add("object/dog", object("peer.api.Animal$Dog", dog));
    // One GREEN for user 1, one BLUE for user 2: two constants, no sharing between them.
    s.add("object/page", object("peer.api.Page", [
        ("items", mixed([user(1, 0), user(2, 1)])),
        ("last", true.into()),
        ("number", 1.into()),
    ]));
    s.add("object/same-class-twice", mixed([address("a", "b", 1), address("c", "d", 2)]));
    let class = |n: i32, v: i32| object(&format!("peer.api.Samples$C{n:02}"), [("v", v.into())]);
    s.add("object/twenty-classes", Value::list((0..20).map(|n| class(n, n)).chain([class(19, 99)])));
}

fn types() -> Value {
    object("peer.api.Types", [
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
    ])
}

fn node(children: Value, next: Value, label: impl Into<Value>) -> Value {
    object("peer.api.Node", [("children", children), ("next", next), ("label", label.into())])
}

fn references(s: &mut Samples) {
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
    // b is met first as the child of a; the first reference is b's own child, b itself.
    let b = node(mixed([Value::reference(0)]), Value::reference(1), "b").shared(0);
    s.add("ref/cycle-objects", node(mixed([b]), Value::reference(0), "a").shared(1));
    s.add("ref/self-list", mixed([Value::reference(0)]).shared(0));
    s.add("ref/self-map", Value::map([("self", Value::reference(0))]).shared(0));
    let plain = |i: i32| node(Value::Null, Value::Null, format!("n{i}"));
    let nodes = (0..299).map(plain).chain([plain(299).shared(0), Value::reference(0)]);
    s.add("ref/many", Value::list(nodes));
}

fn throwable(class: &str, label: u32, cause: Option<Value>, stack: Value, message: &str) -> Object {
    let alone = cause.is_none();
    let object = Value::object(class)
        .field("suppressedExceptions", typed("java.util.Collections$EmptyList", [(); 0]))
        .field("stackTrace", stack)
        .field("cause", cause.unwrap_or(Value::reference(label)))
        .field("detailMessage", message);
    assert!(alone || label == u32::MAX, "only a throwable without a cause refers to itself");
    object
}

fn throwables(s: &mut Samples) {
    let stack = || typed("[java.lang.StackTraceElement", [(); 0]);
    let checked = throwable("peer.api.GreetException", 0, None, stack(), "checked")
        .field("detail", "d")
        .field("code", 42);
    s.add("throwable/checked", Value::from(checked).shared(0));
    let runtime = throwable("java.lang.IllegalStateException", 0, None, stack(), "state");
    s.add("throwable/runtime", Value::from(runtime).shared(0));
    // Collections.emptyList() is one object for both.
    let mut inner = throwable("java.lang.IllegalArgumentException", 1, None, stack(), "inner");
    inner.fields[0].1 = Value::reference(0);
    let inner = Value::from(inner).shared(1);
    let mut outer =
        throwable("java.lang.RuntimeException", u32::MAX, Some(inner), stack(), "outer");
    let suppressed = outer.fields[0].1.clone();
    outer.fields[0].1 = suppressed.shared(0);
    s.add("throwable/cause", outer);
    let traced = typed("[java.lang.StackTraceElement", [stack_element()]);
    let traced = throwable("java.lang.RuntimeException", 0, None, traced, "traced");
    s.add("throwable/stack", Value::from(traced).shared(0));
}
