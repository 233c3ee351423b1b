//! Stepping over values.

use super::{Decoder, Start};
use crate::error::{Error, ErrorKind};
use crate::tag;

impl Decoder<'_> {
    /// Steps over one value without building it. Its structure is checked, and the classes, types
    /// and containers in it are noted, so that what follows is read aright.
    ///
    /// # Errors
    /// Those of reading a malformed value.
    pub fn skip_value(&mut self) -> Result<(), Error> {
        let tag = match self.read_start()? {
            start @ Start::Object(_) => return self.object(start, |d, _| d.skip_value()),
            Start::Other(tag) => tag,
        };
        match tag {
            _ if Self::is_str(tag) => self.skip_str(),
            _ if Self::is_bytes(tag) => self.skip_bytes(),
            tag::DATE_MS | tag::DATE_MINUTES => self.read_date().map(drop),
            0x70..=0x7f | tag::TYPED_LIST_OPEN..=tag::LIST => self.list(tag, |_, _, _| Ok(())),
            tag::MAP | tag::TYPED_MAP => self.map(tag, |_, _, _| Ok(())),
            tag::REFERENCE => self.read_reference().map(drop),
            0x40 | 0x45 | 0x47 | 0x50 | tag::END => {
                let detail =
                    format!("{} (0x{tag:02x}); the message is corrupt", tag::describe(tag));
                Err(self.error(ErrorKind::Malformed, detail))
            }
            _ => self.number("a value").map(drop),
        }
    }
}
