//! Numbers as Java prints them.

use std::fmt::{self, Write};

/// Writes a number as `Double.toString` does, without an allocation.
///
/// ```
/// # fn main() -> std::fmt::Result {
/// let mut text = String::new();
/// dubhe_core::java_number::write_double(&mut text, 1e7)?;
/// assert_eq!(text, "1.0E7");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Those of `out`.
pub fn write_double(out: &mut dyn Write, value: f64) -> fmt::Result {
    write_number(out, value, format_args!("{value:e}"), format_args!("{value:?}"))
}

/// Writes a number as `Float.toString` does.
///
/// ```
/// # fn main() -> std::fmt::Result {
/// let mut text = String::new();
/// dubhe_core::java_number::write_float(&mut text, 0.1)?;
/// assert_eq!(text, "0.1");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Those of `out`.
pub fn write_float(out: &mut dyn Write, value: f32) -> fmt::Result {
    write_number(out, value.into(), format_args!("{value:e}"), format_args!("{value:?}"))
}

/// Writes a number that Rust prints so: as a fraction from a thousandth up to ten millions, else with an exponent.
fn write_number(
    out: &mut dyn Write,
    value: f64,
    exponent: fmt::Arguments<'_>,
    fraction: fmt::Arguments<'_>,
) -> fmt::Result {
    if value.is_nan() {
        return out.write_str("NaN");
    }
    if value.is_infinite() {
        return out.write_str(if value > 0.0 { "Infinity" } else { "-Infinity" });
    }
    if value == 0.0 || (1e-3..1e7).contains(&value.abs()) {
        return out.write_fmt(fraction);
    }
    let mut digits = WithFraction { out, seen: false };
    digits.write_fmt(exponent)
}

/// Writes `1e10` as `1.0E10`.
struct WithFraction<'a> {
    out: &'a mut dyn Write,
    seen: bool,
}

impl Write for WithFraction<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            self.seen |= c == '.';
            if c == 'e' {
                self.out.write_str(if self.seen { "E" } else { ".0E" })?;
            } else {
                self.out.write_char(c)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_in_java() {
        for (number, text) in [
            (1.0, "1.0"),
            (3.0, "3.0"),
            (1.5, "1.5"),
            (-0.0, "-0.0"),
            (0.001, "0.001"),
            (0.000_99, "9.9E-4"),
            (1e-4, "1.0E-4"),
            (9_999_999.0, "9999999.0"),
            (9_999_999.5, "9999999.5"),
            (1e7, "1.0E7"),
            (12_345_678.5, "1.23456785E7"),
            (1.25e300, "1.25E300"),
            (1.25e-9, "1.25E-9"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            let mut out = String::new();
            write_double(&mut out, number).unwrap();
            assert_eq!(out, text);
        }
        let mut out = String::new();
        write_float(&mut out, 1.1).unwrap();
        assert_eq!(out, "1.1");
    }
}
