//! Texts as fastjson2 has them: the length of what follows, then a string of JSONB (Dubbo Java
//! `FastJson2ObjectOutput`). Nothing else is read or written so.
//!
//! Dubbo Java 3.2 writes every error that is one text so, whatever the request was written in.

use bytes::{Buf, BufMut};

/// A string of up to 47 characters, a byte each.
const SHORT: u8 = 0x49;
/// A string, a byte a character.
const LATIN_1: u8 = 0x79;
const UTF_8: u8 = 0x7a;
const UTF_16_LE: u8 = 0x7c;

/// Adds `text`.
pub(super) fn write_text(out: &mut impl BufMut, text: &str) {
    let length = u32::try_from(text.len()).unwrap_or(0);
    let [_, b2, b1, b0] = length.to_be_bytes();
    let (number, size): ([u8; 4], u32) = match length {
        0..48 => ([b0, 0, 0, 0], 1),
        48..2048 => ([0x38 + b1, b0, 0, 0], 2),
        _ => ([0x44 + b2, b1, b0, 0], 3),
    };
    out.put_u32(1 + size + length);
    out.put_u8(UTF_8);
    out.put(number.iter().copied().take(size as usize).collect::<Vec<_>>().as_slice());
    out.put(text.as_bytes());
}

/// The text at the beginning of `body`; `None` where there is none, or not all of it.
pub(super) fn read_text(mut body: &[u8]) -> Option<String> {
    body.try_get_u32().ok()?;
    let tag = body.try_get_u8().ok()?;
    let length = match tag {
        SHORT..LATIN_1 => usize::from(tag - SHORT),
        LATIN_1 | UTF_8 | UTF_16_LE => read_length(&mut body)?,
        _ => return None,
    };
    let bytes = body.get(..length)?;
    Some(match tag {
        UTF_8 => String::from_utf8_lossy(bytes).into_owned(),
        UTF_16_LE => {
            let units = bytes.as_chunks().0.iter().map(|unit| u16::from_le_bytes(*unit));
            char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        _ => bytes.iter().copied().map(char::from).collect(),
    })
}

/// A number of JSONB that is not negative.
fn read_length(body: &mut &[u8]) -> Option<usize> {
    let first = body.try_get_u8().ok()?;
    let mut low = |bytes: usize| body.try_get_uint(bytes).ok();
    let number = match first {
        0..0x30 => first.into(),
        0x38..0x40 => u64::from(first - 0x38) << 8 | low(1)?,
        0x44..0x48 => u64::from(first - 0x44) << 16 | low(2)?,
        0x48 => low(4)?,
        _ => return None,
    };
    usize::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_has_its_lengths_and_is_read() {
        for (length, head) in [
            (5, &[0, 0, 0, 7, 0x7a, 5][..]),
            (2047, &[0, 0, 8, 2, 0x7a, 0x3f, 0xff]),
            (2048, &[0, 0, 8, 4, 0x7a, 0x44, 0x08, 0]),
        ] {
            let (mut out, text) = (Vec::new(), "x".repeat(length));
            write_text(&mut out, &text);
            assert_eq!(out[..head.len()], *head);
            assert_eq!(out.len(), head.len() + length);
            assert_eq!(read_text(&out), Some(text));
        }
    }

    #[test]
    fn every_form_of_a_text_is_read_and_no_part_of_one() {
        for (form, text) in [
            (&b"\x49"[..], ""),
            (b"\x4b\x61\xe9", "aé"),
            (b"\x79\x02\x61\xe9", "aé"),
            (b"\x79\x48\0\0\0\x02\x61\xe9", "aé"),
            (b"\x7a\x02\xc3\xa9", "é"),
            (b"\x7c\x04\x3d\xd8\x00\xde", "😀"),
            (b"\x7c\x02\x3d\xd8", "\u{fffd}"),
        ] {
            let body = [b"\0\0\0\x09", form].concat();
            assert_eq!(read_text(&body).as_deref(), Some(text), "{form:x?}");
            for end in 0..body.len() {
                assert_eq!(read_text(&body[..end]), None);
            }
        }
        assert_eq!(read_text(b"\0\0\0\x01\xaf"), None, "null");
        assert_eq!(read_text(b"\0\0\0\x06\x79\x48\xff\xff\xff\xff"), None);
    }
}
