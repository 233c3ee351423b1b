//! Strings: UTF-16 lengths, and every UTF-16 unit encoded on its own (CESU-8), as Java does it.

use super::Encoder;
use crate::tag;

/// A chunk holds at most so many UTF-16 units (hessian-lite `Hessian2Output.writeString`).
const CHUNK: usize = 0x8000;

impl Encoder {
    /// Writes a string.
    #[inline]
    pub fn write_str(&mut self, v: &str) {
        if v.len() < CHUNK && v.is_ascii() {
            self.text_header(v.len());
            self.put(v.as_bytes());
        } else {
            self.write_long_or_wide(v);
        }
    }

    /// Writes one UTF-16 unit as a string of length one: Java's `char`. A lone surrogate is
    /// written as Java writes it.
    pub fn write_char_unit(&mut self, unit: u16) {
        self.text_header(1);
        self.put_unit(unit);
    }

    /// Writes UTF-16 units as one string: Java's `char[]`.
    pub fn write_char_units(&mut self, units: &[u16]) {
        let mut rest = units;
        while rest.len() > CHUNK {
            let high_last = matches!(rest.get(CHUNK - 1), Some(0xd800..=0xdbff));
            let (chunk, tail) = rest.split_at(CHUNK - usize::from(high_last));
            self.long_header(tag::STRING_CHUNK, chunk.len());
            self.put_units(chunk);
            rest = tail;
        }
        self.text_header(rest.len());
        self.put_units(rest);
    }

    #[cold]
    fn write_long_or_wide(&mut self, v: &str) {
        let mut rest = v;
        let mut units = utf16_len(rest);
        while units > CHUNK {
            let (end, taken) = chunk_end(rest);
            let (chunk, tail) = rest.split_at(end);
            self.long_header(tag::STRING_CHUNK, taken);
            self.put_cesu8(chunk);
            rest = tail;
            units -= taken;
        }
        self.text_header(units);
        self.put_cesu8(rest);
    }

    #[inline]
    fn text_header(&mut self, units: usize) {
        let [.., high, low] = units.to_be_bytes();
        match units {
            0..=0x1f => self.put(&[low]),
            0x20..=0x3ff => self.put(&[0x30 + high, low]),
            _ => self.long_header(tag::STRING, units),
        }
    }

    fn long_header(&mut self, tag: u8, units: usize) {
        let [.., high, low] = units.to_be_bytes();
        self.put(&[tag, high, low]);
    }

    fn put_cesu8(&mut self, v: &str) {
        let mut rest = v;
        while let Some(at) = rest.bytes().position(|b| b >= 0xf0) {
            let (plain, wide) = rest.split_at(at);
            self.put(plain.as_bytes());
            let mut chars = wide.chars();
            if let Some(c) = chars.next() {
                self.put_units(c.encode_utf16(&mut [0; 2]));
            }
            rest = chars.as_str();
        }
        self.put(rest.as_bytes());
    }

    fn put_units(&mut self, units: &[u16]) {
        for unit in units {
            self.put_unit(*unit);
        }
    }

    fn put_unit(&mut self, unit: u16) {
        let [high, low] = unit.to_be_bytes();
        let tail = 0x80 | (low & 0x3f);
        let middle = ((high & 0x0f) << 2) | (low >> 6);
        match unit {
            0..=0x7f => self.put(&[low]),
            0x80..=0x7ff => self.put(&[0xc0 | middle, tail]),
            _ => self.put(&[0xe0 | (high >> 4), 0x80 | middle, tail]),
        }
    }
}

/// The length in UTF-16 units: one a character, and one more for those of four bytes.
fn utf16_len(v: &str) -> usize {
    v.bytes().map(|b| usize::from(b & 0xc0 != 0x80) + usize::from(b >= 0xf0)).sum()
}

/// The end of the first chunk of a long string, in bytes and in units. Java never ends one
/// between the two units of a pair.
fn chunk_end(v: &str) -> (usize, usize) {
    let mut units = 0;
    for (at, c) in v.char_indices() {
        if units + c.len_utf16() > CHUNK {
            return (at, units);
        }
        units += c.len_utf16();
    }
    (v.len(), units)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Encoder)) -> Vec<u8> {
        let mut e = Encoder::new();
        write(&mut e);
        e.into_buffer().to_vec()
    }

    #[test]
    fn units_and_text_are_written_alike() {
        for text in ["", "aé中😀z", &"😀".repeat(20_000), &("x".repeat(32_767) + "😀")] {
            let units: Vec<u16> = text.encode_utf16().collect();
            assert_eq!(written(|e| e.write_str(text)), written(|e| e.write_char_units(&units)));
        }
    }

    #[test]
    fn a_lone_surrogate_is_three_bytes() {
        assert_eq!(written(|e| e.write_char_unit(0xd800)), [1, 0xed, 0xa0, 0x80]);
    }
}
