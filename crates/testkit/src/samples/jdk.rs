//! Other classes of the JDK.

use dubhe_core::Value;

use super::{HANDLE_PACKAGE, Samples, object, typed};

fn big_integer(words: &[i32], signum: i32) -> Value {
    object(
        "java.math.BigInteger",
        [
            ("mag", typed("[int", words.iter().copied())),
            ("firstNonzeroIntNumPlusTwo", 0.into()),
            ("lowestSetBitPlusTwo", 0.into()),
            ("bitLengthPlusOne", 0.into()),
            ("bitCountPlusOne", 0.into()),
            ("signum", signum.into()),
        ],
    )
}

pub(super) fn decimal(text: &str) -> Value {
    object("java.math.BigDecimal", [("value", text.into())])
}

pub(super) fn stack_element() -> Value {
    object(
        "java.lang.StackTraceElement",
        [
            ("format", 0.into()),
            ("lineNumber", 7.into()),
            ("fileName", "B.java".into()),
            ("methodName", "c".into()),
            ("declaringClass", "a.B".into()),
            ("moduleVersion", Value::Null),
            ("moduleName", Value::Null),
            ("classLoaderName", Value::Null),
        ],
    )
}

pub(super) fn decimals(s: &mut Samples) {
    for v in ["0", "1", "-1.50", "12345678901234567890.123456789", "1E+10", "1E-10"] {
        s.add(format!("bigdecimal/{v}"), decimal(v));
    }
    s.add("biginteger/0", big_integer(&[], 0));
    s.add("biginteger/1", big_integer(&[1], 1));
    s.add("biginteger/-1", big_integer(&[1], -1));
    s.add("biginteger/18446744073709551616", big_integer(&[1, 0, 0], 1));
    s.add("biginteger/-340282366920938463463374607431768211456", big_integer(&[1, 0, 0, 0, 0], -1));
}

pub(super) fn utilities(s: &mut Samples) {
    let value = |class: &str, v: Value| object(class, [("value", v)]);
    s.add("uuid", value("java.util.UUID", "123e4567-e89b-12d3-a456-426614174000".into()));
    s.add("locale/zh-CN", value(&format!("{HANDLE_PACKAGE}LocaleHandle"), "zh_CN".into()));
    s.add("locale/en", value(&format!("{HANDLE_PACKAGE}LocaleHandle"), "en".into()));
    s.add("class", object("java.lang.Class", [("name", "java.lang.String".into())]));
    s.add("class/pojo", object("java.lang.Class", [("name", "peer.api.User".into())]));
    // Java makes room for 16 more.
    let buffer = *b"abc\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    s.add(
        "string-builder",
        object(
            "java.lang.StringBuilder",
            [("value", buffer.as_slice().into()), ("count", 3.into()), ("coder", 0.into())],
        ),
    );
    let atomic = |class: &str, v| value(&format!("java.util.concurrent.atomic.Atomic{class}"), v);
    s.add("atomic/integer", atomic("Integer", 5.into()));
    s.add("atomic/long", atomic("Long", 5_i64.into()));
    s.add("atomic/boolean", atomic("Boolean", 1.into()));
    s.add(
        "bitset",
        object(&format!("{HANDLE_PACKAGE}BitSetHandle"), [("words", typed("[long", [2_i64, 64]))]),
    );
    s.add("stack-trace-element", stack_element());
    s.add(
        "map-entry",
        object("java.util.AbstractMap$SimpleEntry", [("value", 1.into()), ("key", "k".into())]),
    );
}
