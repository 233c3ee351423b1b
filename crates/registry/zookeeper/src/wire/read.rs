//! Reading jute records, bounded by the bytes that are there.

use std::fmt;

use bytes::{Buf, Bytes};

/// The reason for which bytes are no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) &'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server sent {}", self.0)
    }
}

/// Reads the fields of one record.
pub(crate) struct Reader(Bytes);

impl Reader {
    pub(crate) fn new(record: Bytes) -> Self {
        Self(record)
    }

    fn need(&self, bytes: usize) -> Result<(), Malformed> {
        if self.0.remaining() < bytes { Err(Malformed("a record that is cut off")) } else { Ok(()) }
    }

    pub(crate) fn int(&mut self) -> Result<i32, Malformed> {
        self.need(4)?;
        Ok(self.0.get_i32())
    }

    pub(crate) fn long(&mut self) -> Result<i64, Malformed> {
        self.need(8)?;
        Ok(self.0.get_i64())
    }

    /// A length or count; Java's -1 for null counts as none.
    fn length(&mut self, each: usize) -> Result<usize, Malformed> {
        match self.int()? {
            -1 => Ok(0),
            n => {
                let n = usize::try_from(n).map_err(|_| Malformed("a negative length"))?;
                if self.0.remaining() / each < n {
                    return Err(Malformed("a length beyond the end of its record"));
                }
                Ok(n)
            }
        }
    }

    pub(crate) fn buffer(&mut self) -> Result<Bytes, Malformed> {
        let length = self.length(1)?;
        Ok(self.0.split_to(length))
    }

    pub(crate) fn string(&mut self) -> Result<String, Malformed> {
        String::from_utf8(self.buffer()?.into()).map_err(|_| Malformed("a text that is not UTF-8"))
    }

    pub(crate) fn strings(&mut self) -> Result<Vec<String>, Malformed> {
        // Each text has at least its length.
        let count = self.length(4)?;
        let texts = (0..count).map(|_| self.string()).collect();
        // A count that is too small would hide some of them.
        if self.0.is_empty() {
            texts
        } else {
            Err(Malformed("a list that is longer than its count"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(bytes: &'static [u8]) -> Reader {
        Reader::new(Bytes::from_static(bytes))
    }

    #[test]
    fn fields_are_read_in_order() {
        let mut record = reader(b"\0\0\0\x07\0\0\0\0\0\0\0\x08\0\0\0\x02ab\xff\xff\xff\xff");
        assert_eq!((record.int(), record.long()), (Ok(7), Ok(8)));
        assert_eq!(record.string(), Ok("ab".to_owned()));
        assert_eq!(record.buffer(), Ok(Bytes::new()));
        assert_eq!(record.int(), Err(Malformed("a record that is cut off")));
    }

    #[test]
    fn declared_lengths_never_reach_beyond_the_bytes() {
        assert!(reader(b"\0\0\0\x03ab").buffer().is_err());
        assert!(reader(b"\xff\xff\xff\xfe").buffer().is_err());
        assert!(reader(b"\x7f\xff\xff\xff\0\0\0\0").strings().is_err());
        assert!(reader(b"\0\0\0\x01\xff").string().is_err());
        assert_eq!(reader(b"\0\0\0\x01\0\0\0\x01x").strings(), Ok(vec!["x".to_owned()]));
    }
}
