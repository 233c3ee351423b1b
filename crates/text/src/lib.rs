//! Text out of bytes that are known to be text, without validating it again.
//!
//! A decoder of a protocol sees millions of short strings a second, nearly all of them ASCII. To
//! see that they are takes a few instructions; `std::str::from_utf8` looks at each once more and
//! takes as long as everything else that is done with the string. The functions here are safe;
//! the `unsafe` in them is all there is in the workspace, and each block is short enough to be
//! reviewed at a glance.

use bytes::Bytes;
use bytestring::ByteString;

/// A bit that no byte of a word of ASCII has.
const HIGH: u64 = 0x8080_8080_8080_8080;

/// The bytes as text, if all of them are ASCII.
#[inline]
#[allow(unsafe_code)]
pub fn ascii(bytes: &[u8]) -> Option<&str> {
    if !is_ascii(bytes) {
        return None;
    }
    // SAFETY: each byte is below 0x80, and so is a character of UTF-8 by itself.
    Some(unsafe { std::str::from_utf8_unchecked(bytes) })
}

/// Returns true if all bytes are ASCII. Made for strings of a few words, and no slower for long
/// ones: two words, one from either end, cover up to 16 bytes without a loop.
#[inline]
pub fn is_ascii(bytes: &[u8]) -> bool {
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let ends = u64::from_ne_bytes(*first) | u64::from_ne_bytes(*last);
        return ends & HIGH == 0 && (bytes.len() <= 16 || is_ascii_within(bytes));
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let ends = u32::from_ne_bytes(*first) | u32::from_ne_bytes(*last);
        return u64::from(ends) & HIGH == 0;
    }
    bytes.iter().fold(0, |all, byte| all | byte) < 0x80
}

/// Returns true if the words of a string, but for what is left of its end, are ASCII.
#[inline]
fn is_ascii_within(bytes: &[u8]) -> bool {
    let (words, _) = bytes.as_chunks();
    words.iter().fold(0, |all, word| all | u64::from_ne_bytes(*word)) & HIGH == 0
}

/// Text that shares the memory of `all`. Text that lies elsewhere is copied.
#[inline]
#[allow(unsafe_code)]
pub fn share(all: &Bytes, text: &str) -> ByteString {
    let start = text.as_ptr().addr().wrapping_sub(all.as_ptr().addr());
    let Some(end) = start.checked_add(text.len()).filter(|end| *end <= all.len()) else {
        return ByteString::from(text);
    };
    // SAFETY: these bytes of `all` lie where those of `text` do, so they are the same bytes, and
    // neither can change while both are borrowed; `Bytes` never changes afterwards.
    unsafe { ByteString::from_bytes_unchecked(all.slice(start..end)) }
}
