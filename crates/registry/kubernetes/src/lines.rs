//! The lines of a watch, each an event in JSON.

use bytes::{Bytes, BytesMut};

/// The bytes of a line at most. An object has 1.5 MiB at most, unless etcd's own limit was raised.
pub(crate) const MAX_LINE: usize = 8 * 1024 * 1024;

/// Lines out of the pieces in which they come.
#[derive(Default)]
pub(crate) struct Lines {
    pending: BytesMut,
    /// The bytes of `pending` that have no end of a line.
    searched: usize,
}

impl Lines {
    /// Adds a piece.
    pub(crate) fn push(&mut self, piece: &Bytes) {
        self.pending.extend_from_slice(piece);
    }

    /// Takes the next whole line that is not empty; an error when it is too long.
    pub(crate) fn next(&mut self) -> Result<Option<BytesMut>, TooLong> {
        loop {
            let rest = self.pending.get(self.searched..).unwrap_or_default();
            let Some(at) = rest.iter().position(|byte| *byte == b'\n') else {
                self.searched = self.pending.len();
                return if self.searched > MAX_LINE { Err(TooLong) } else { Ok(None) };
            };
            let line = self.pending.split_to(self.searched + at + 1);
            self.searched = 0;
            if line.len() > MAX_LINE {
                return Err(TooLong);
            }
            if !line.trim_ascii().is_empty() {
                return Ok(Some(line));
            }
        }
    }

    /// Returns `true` if a line has begun and not ended.
    pub(crate) fn is_cut(&self) -> bool {
        !self.pending.trim_ascii().is_empty()
    }
}

/// A line of more than [`MAX_LINE`] bytes.
#[derive(Debug)]
pub(crate) struct TooLong;

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(pieces: &[&'static [u8]]) -> (Vec<BytesMut>, Lines) {
        let (mut lines, mut all) = (Lines::default(), Vec::new());
        for piece in pieces {
            lines.push(&Bytes::from_static(piece));
            while let Some(line) = lines.next().unwrap() {
                all.push(line);
            }
        }
        (all, lines)
    }

    #[test]
    fn lines_are_whole_however_they_come() {
        let text: &'static [u8] = b"{\"a\":1}\n\r\n{\"b\":2}\r\n{\"c\"";
        for at in 0..text.len() {
            let (first, second) = text.split_at(at);
            let (all, rest) = lines(&[first, second]);
            assert_eq!(all, [&b"{\"a\":1}\n"[..], b"{\"b\":2}\r\n"], "{at}");
            assert!(rest.is_cut());
        }
        assert!(!lines(&[b"{}\n", b" \n"]).1.is_cut());
    }

    #[test]
    fn a_line_has_a_bound() {
        let mut lines = Lines::default();
        lines.push(&Bytes::from(vec![b' '; MAX_LINE + 1]));
        assert!(lines.next().is_err());
        let mut lines = Lines::default();
        lines.push(&Bytes::from(vec![b'x'; MAX_LINE]));
        assert!(matches!(lines.next(), Ok(None)));
        lines.push(&Bytes::from_static(b"x\n"));
        assert!(lines.next().is_err());
    }
}
