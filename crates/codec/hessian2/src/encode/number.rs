//! Numbers and dates, in the shortest form as Java writes them (hessian-lite `Hessian2Output`).

// Truncations below are the low bytes of a number whose range was checked on the line before.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use super::Encoder;
use crate::tag;

const MS_PER_MINUTE: i64 = 60_000;

impl Encoder {
    /// Writes an `int`.
    #[inline]
    pub fn write_i32(&mut self, v: i32) {
        let [.., high, low] = v.to_be_bytes();
        match v {
            -0x10..=0x2f => self.put(&[(v + 0x90) as u8]),
            -0x800..=0x7ff => self.put(&[((v >> 8) + 0xc8) as u8, low]),
            -0x4_0000..=0x3_ffff => self.put(&[((v >> 16) + 0xd4) as u8, high, low]),
            _ => self.put_4(tag::INT, v),
        }
    }

    /// Writes a `long`. Never written as an `int`: inside `Object` the tag decides Java's class.
    #[inline]
    pub fn write_i64(&mut self, v: i64) {
        let [.., high, low] = v.to_be_bytes();
        match v {
            -0x8..=0xf => self.put(&[(v + 0xe0) as u8]),
            -0x800..=0x7ff => self.put(&[((v >> 8) + 0xf8) as u8, low]),
            -0x4_0000..=0x3_ffff => self.put(&[((v >> 16) + 0x3c) as u8, high, low]),
            -0x8000_0000..=0x7fff_ffff => self.put_4(tag::LONG_INT, v as i32),
            _ => self.put_8(tag::LONG, v.to_be_bytes()),
        }
    }

    /// Writes a `double`. Minus zero keeps its sign, which Java's own writer drops.
    #[inline]
    pub fn write_f64(&mut self, v: f64) {
        let int = v as i32;
        if f64::from(int).to_bits() == v.to_bits() {
            match int {
                0 => return self.put(&[tag::DOUBLE_0]),
                1 => return self.put(&[tag::DOUBLE_1]),
                -0x80..=0x7f => return self.put(&[tag::DOUBLE_I8, int as u8]),
                -0x8000..=0x7fff => {
                    let [.., high, low] = int.to_be_bytes();
                    return self.put(&[tag::DOUBLE_I16, high, low]);
                }
                _ => {}
            }
        }
        // Java: `0.001 * (int) (v * 1000) == v`.
        let thousandths = (v * 1000.0) as i32;
        if (0.001 * f64::from(thousandths)).to_bits() == v.to_bits() {
            self.put_4(tag::DOUBLE_MILLI, thousandths);
        } else {
            self.put_8(tag::DOUBLE, v.to_be_bytes());
        }
    }

    /// Writes a `java.util.Date`, in milliseconds since 1970-01-01T00:00:00Z.
    #[inline]
    pub fn write_date(&mut self, ms: i64) {
        if ms % MS_PER_MINUTE == 0
            && let Ok(minutes) = i32::try_from(ms / MS_PER_MINUTE)
        {
            self.put_4(tag::DATE_MINUTES, minutes);
        } else {
            self.put_8(tag::DATE_MS, ms.to_be_bytes());
        }
    }

    /// Writes a length or an index as an `int`.
    #[inline]
    pub(crate) fn write_size(&mut self, size: usize) {
        // A table or list beyond i32::MAX entries cannot be in memory together with its bytes.
        self.write_i32(i32::try_from(size).unwrap_or(i32::MAX));
    }

    #[inline]
    fn put_4(&mut self, tag: u8, v: i32) {
        let mut bytes = [tag; 5];
        let [_, tail @ ..] = &mut bytes;
        *tail = v.to_be_bytes();
        self.put(&bytes);
    }

    #[inline]
    fn put_8(&mut self, tag: u8, v: [u8; 8]) {
        let mut bytes = [tag; 9];
        let [_, tail @ ..] = &mut bytes;
        *tail = v;
        self.put(&bytes);
    }
}
