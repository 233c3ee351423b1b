//! Messages on their way out: encoded, compressed, framed, and put together.

use bytes::BytesMut;
use dubhe_core::{Method, Payload, Status};

use super::codec::{Codec, Side};
use crate::wire::compression::{Encoding, gzip};
use crate::wire::data::{self, Data};
use crate::wire::frame::FrameError;
use crate::wire::status;

/// The bytes of messages that are put together before they leave.
pub(crate) const BATCH: usize = 32 * 1024;

/// Writes the messages of one direction of a stream.
pub(crate) struct Writer<'a> {
    codec: &'a Codec,
    side: Side<'a>,
    encoding: Encoding,
    limit: usize,
    out: BytesMut,
}

impl<'a> Writer<'a> {
    /// Writes replies, whose messages have at most `limit` bytes.
    pub(crate) fn new(codec: &'a Codec, encoding: Encoding, limit: usize) -> Self {
        Self { codec, side: Side::Reply, encoding, limit, out: BytesMut::new() }
    }

    /// Writes requests of this method.
    pub(crate) fn requests(mut self, method: &'a Method) -> Self {
        self.side = Side::Request(method);
        self
    }

    /// The one message of a reply or request, and its length before compression. Bytes that have
    /// their form already are not copied.
    pub(crate) fn one(&mut self, payload: &Payload) -> Result<(Data, usize), Status> {
        if self.encoding == Encoding::Identity
            && let Some(bytes) = self.codec.encoded(payload)?
        {
            let length = bytes.len();
            let data = Data::message(bytes, self.limit).map_err(status::of_frame)?;
            return Ok((data, length));
        }
        let length = self.add(payload)?;
        Ok((self.take().unwrap_or_else(Data::nothing), length))
    }

    /// Adds a message to those that leave together. Returns its length before compression, without the
    /// wrapper of a reply.
    ///
    /// # Errors
    /// When it cannot be written; those before it are kept.
    pub(crate) fn add(&mut self, payload: &Payload) -> Result<usize, Status> {
        let at = data::begin(&mut self.out);
        let written = self.message(payload, at);
        if written.is_err() {
            self.out.truncate(at);
        }
        written
    }

    fn message(&mut self, payload: &Payload, at: usize) -> Result<usize, Status> {
        match self.encoding {
            Encoding::Identity => {
                let length = self.codec.write(self.side, payload, &mut self.out)?;
                data::end(&mut self.out, at, false, self.limit).map_err(status::of_frame)?;
                Ok(length)
            }
            Encoding::Gzip => {
                let mut plain = BytesMut::new();
                let length = self.codec.write(self.side, payload, &mut plain)?;
                // The limit is for what the other end gets to see.
                let limit = self.limit;
                if plain.len() > limit {
                    let length = plain.len();
                    return Err(status::of_frame(FrameError::TooLargeToSend { length, limit }));
                }
                gzip(&plain, &mut self.out);
                data::end(&mut self.out, at, true, limit).map_err(status::of_frame)?;
                Ok(length)
            }
        }
    }

    /// Returns `true` when what is there should leave before more is added.
    pub(crate) fn is_full(&self) -> bool {
        self.out.len() >= BATCH
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// The messages that have been added since the last time.
    pub(crate) fn take(&mut self) -> Option<Data> {
        (!self.out.is_empty()).then(|| Data::framed(self.out.split().freeze()))
    }
}
