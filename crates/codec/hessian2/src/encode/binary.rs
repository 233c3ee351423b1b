//! Binary.

use super::Encoder;
use crate::tag;

/// A chunk holds at most so many bytes: what is left of hessian-lite 4's buffer of 8,192 after
/// the header. Readers accept any size; 3.2 writes 4,093, dubbo-go 4,096.
const CHUNK: usize = 8189;

impl Encoder {
    /// Writes a `byte[]`.
    #[inline]
    pub fn write_bytes(&mut self, v: &[u8]) {
        let mut rest = v;
        while rest.len() > CHUNK {
            let (chunk, tail) = rest.split_at(CHUNK);
            self.chunk(tag::BINARY_CHUNK, chunk);
            rest = tail;
        }
        let [.., high, low] = rest.len().to_be_bytes();
        match rest.len() {
            0..=0xf => self.put(&[0x20 + low]),
            0x10..=0x3ff => self.put(&[0x34 + high, low]),
            _ => return self.chunk(tag::BINARY, rest),
        }
        self.put(rest);
    }

    fn chunk(&mut self, tag: u8, bytes: &[u8]) {
        let [.., high, low] = bytes.len().to_be_bytes();
        self.put(&[tag, high, low]);
        self.put(bytes);
    }
}
