//! Messages on their way out: encoded, compressed, framed, and put together.

use bytes::BytesMut;
use dubhe_core::{Method, Payload, Status};

use crate::compression::{Encoding, gzip};
use crate::frame::{self, Data};
use crate::payload::{Shape, encoded, write};
use crate::status;

/// How many bytes of messages of a stream are put together.
pub(crate) const BATCH: usize = 32 * 1024;

/// Which messages are written: those of requests of a method, whose types are told, or of replies.
#[derive(Clone, Copy)]
pub(crate) enum Side<'a> {
    Request(&'a Method),
    Reply,
}

/// Writes the messages of one direction of a stream.
pub(crate) struct Writer<'a> {
    shape: &'a Shape,
    side: Side<'a>,
    encoding: Encoding,
    limit: usize,
    out: BytesMut,
}

impl<'a> Writer<'a> {
    /// Writes replies.
    pub(crate) fn new(shape: &'a Shape, encoding: Encoding, limit: usize) -> Self {
        Self { shape, side: Side::Reply, encoding, limit, out: BytesMut::new() }
    }

    /// Writes requests of this method.
    pub(crate) fn requests(mut self, method: &'a Method) -> Self {
        self.side = Side::Request(method);
        self
    }

    /// The one message of a reply or request. Bytes that have their form already are not copied.
    pub(crate) fn one(&mut self, payload: &Payload) -> Result<Data, Status> {
        if self.encoding == Encoding::Identity
            && let Some(bytes) = encoded(self.shape, payload)?
        {
            return Data::message(bytes, self.limit).map_err(status::of_frame);
        }
        self.add(payload)?;
        Ok(self.take().unwrap_or_else(Data::nothing))
    }

    /// Adds a message to those that leave together.
    ///
    /// # Errors
    /// When it cannot be written; those before it are kept.
    pub(crate) fn add(&mut self, payload: &Payload) -> Result<(), Status> {
        let at = frame::begin(&mut self.out);
        let written = self.message(payload, at);
        if written.is_err() {
            self.out.truncate(at);
        }
        written
    }

    fn message(&mut self, payload: &Payload, at: usize) -> Result<(), Status> {
        let compressed = match self.encoding {
            Encoding::Identity => {
                write(self.shape, self.side, payload, &mut self.out)?;
                false
            }
            Encoding::Gzip => {
                let mut plain = BytesMut::new();
                write(self.shape, self.side, payload, &mut plain)?;
                // The limit is for what the other end gets to see.
                let length = plain.len();
                if length > self.limit {
                    let error = frame::FrameError::TooLarge { length, limit: self.limit };
                    return Err(status::of_frame(error));
                }
                gzip(&plain, &mut self.out);
                true
            }
        };
        frame::end(&mut self.out, at, compressed, self.limit).map_err(status::of_frame)
    }

    /// Whether what is there should leave before more is added.
    pub(crate) fn is_full(&self) -> bool {
        self.out.len() >= BATCH
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// What has been added since the last time.
    pub(crate) fn take(&mut self) -> Option<Data> {
        (!self.out.is_empty()).then(|| Data::framed(self.out.split().freeze()))
    }
}
