//! Writing jute fields.

use bytes::{BufMut, BytesMut};

pub(super) fn buffer(out: &mut BytesMut, bytes: &[u8]) {
    out.put_i32(i32::try_from(bytes.len()).unwrap_or(i32::MAX));
    out.put_slice(bytes);
}

pub(super) fn string(out: &mut BytesMut, text: &str) {
    buffer(out, text.as_bytes());
}

pub(super) fn strings(out: &mut BytesMut, texts: &[&str]) {
    out.put_i32(i32::try_from(texts.len()).unwrap_or(i32::MAX));
    for text in texts {
        string(out, text);
    }
}
