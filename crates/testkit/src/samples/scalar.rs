//! Numbers, text and binary.

use super::{Samples, bytes, letters};

pub(super) fn numbers(s: &mut Samples) {
    s.add("null", ());
    s.add("true", true);
    s.add("false", false);
    for v in [
        0,
        1,
        -1,
        -16,
        -17,
        47,
        48,
        -2048,
        -2049,
        2047,
        2048,
        255,
        256,
        -262_144,
        -262_145,
        262_143,
        262_144,
        65_535,
        65_536,
        i32::MIN,
        i32::MAX,
    ] {
        s.add(format!("int/{v}"), v);
    }
    for v in [
        0_i64,
        1,
        -1,
        -8,
        -9,
        15,
        16,
        -2048,
        -2049,
        2047,
        2048,
        -262_144,
        -262_145,
        262_143,
        262_144,
        i32::MIN.into(),
        i64::from(i32::MIN) - 1,
        i32::MAX.into(),
        1 << 31,
        i64::MIN,
        i64::MAX,
    ] {
        s.add(format!("long/{v}"), v);
    }
    // Java writes minus zero as zero.
    s.add("double/-0.0", 0.0);
    for (name, v) in [
        ("0.0", 0.0),
        ("1.0", 1.0),
        ("-1.0", -1.0),
        ("2.0", 2.0),
        ("127.0", 127.0),
        ("128.0", 128.0),
        ("-128.0", -128.0),
        ("-129.0", -129.0),
        ("32767.0", 32767.0),
        ("32768.0", 32768.0),
        ("-32768.0", -32768.0),
        ("-32769.0", -32769.0),
        ("0.001", 0.001),
        ("12.25", 12.25),
        ("-12.25", -12.25),
        ("0.5", 0.5),
        ("1.5", 1.5),
        ("65.536", 65.536),
        ("2147483.647", 2_147_483.647),
        ("2147483.648", 2_147_483.648),
        ("3.14159", 314_159.0 / 100_000.0),
        ("3.141592653589793", std::f64::consts::PI),
        ("1.0E10", 1e10),
        ("1.0E300", 1e300),
        ("3.4028234663852886E38", f64::from(f32::MAX)),
        ("4.9E-324", 4.9e-324),
        ("1.7976931348623157E308", f64::MAX),
        ("NaN", f64::NAN),
        ("Infinity", f64::INFINITY),
        ("-Infinity", f64::NEG_INFINITY),
    ] {
        s.add(format!("double/{name}"), v);
    }
    // A boxed float is the double of its text.
    for (name, v) in [
        ("0.0", 0.0),
        ("1.0", 1.0),
        ("1.5", 1.5),
        ("0.1", 0.1),
        ("1.4E-45", 1.4e-45),
        ("3.4028235E38", 3.402_823_5e38),
        ("NaN", f64::NAN),
    ] {
        s.add(format!("float/{name}"), v);
    }
    for v in [0, -128, 127] {
        s.add(format!("byte/{v}"), v);
    }
    for v in [0, -32768, 32767] {
        s.add(format!("short/{v}"), v);
    }
    for v in ['a', 'é', '中'] {
        s.add(format!("char/{v}"), v);
    }
}

pub(super) fn text_and_binary(s: &mut Samples) {
    for (name, text) in [
        ("empty", ""),
        ("one", "a"),
        ("nul", "\0"),
        ("two-byte", "é"),
        ("three-byte", "中文"),
        ("emoji", "😀"),
        ("mixed", "aé中😀z"),
        ("lone-surrogate", "a\u{fffd}b"),
    ] {
        s.add(format!("string/{name}"), text);
    }
    for n in [31, 32, 33, 255, 256, 1023, 1024, 32767, 32768, 32769, 65535, 65536, 70000, 1_048_576]
    {
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
