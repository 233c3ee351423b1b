//! The decoder.
//!
//! A message numbers its containers, classes and type names in the order in which they are read.
//! A reference to a container is resolved by reading that container again at its place, so the
//! decoder can stand at a place it has been before: [`Cursor`] says how much of each table had
//! been filled there, and what lies beyond the cursor but within the tables is known already.

mod binary;
mod charge;
mod container;
mod number;
mod object;
mod path;
mod realize;
mod reference;
mod skip;
mod tables;
mod text;
mod written;

use bytes::Bytes;
use dubhe_core::memory::{Budget, MemoryLimit};

use crate::error::{Error, ErrorKind};
use crate::limits::Limits;
use crate::tag;

pub(crate) use charge::{Copied, Dynamic};
pub use container::{Entries, Items};
pub(crate) use number::Number;
pub(crate) use object::Start;
pub(crate) use tables::Cursor;
use tables::Tables;
pub(crate) use tables::Uses;

/// Reads values, one after the other, out of one message.
///
/// Strings and binary are borrowed from the message where its bytes are what Rust needs. After an
/// error the decoder is of no further use.
///
/// ```
/// # mod dubhe { pub mod hessian2 { pub use dubhe_hessian2::{Decode, Decoder, Encode, Encoder, Error}; } }
/// use dubhe::hessian2::{Decode, Decoder, Encode, Encoder, Error};
///
/// let mut e = Encoder::new();
/// (7_i64).encode(&mut e)?;
/// "Dubhe".encode(&mut e)?;
///
/// let mut d = Decoder::new(e.buffer());
/// assert_eq!(d.read_i64()?, 7);
/// assert_eq!(String::decode(&mut d)?, "Dubhe");
/// d.end()?; // nothing is left over
/// # Ok::<(), Error>(())
/// ```
pub struct Decoder<'de> {
    input: &'de [u8],
    shared: Option<&'de Bytes>,
    limits: Limits,
    memory: MemoryLimit,
    at: Cursor,
    tables: Tables<'de>,
    depth: u16,
    replay: usize,
    budget: Budget,
    uses: Uses,
    /// The arguments to come, when each is a message of its own.
    arguments: Option<&'de [Bytes]>,
    /// The state that dynamic values share, once there is some.
    dynamic: Option<Box<Dynamic>>,
    /// A null that is read now is no zero.
    refuse_null: bool,
}

impl<'de> Decoder<'de> {
    /// Reads on with `read`, and comes back to where it is now.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn look_ahead<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let here = self.at;
        let read = read(self);
        self.at = here;
        read
    }

    /// A decoder of one message, with the default [`Limits`].
    pub fn new(input: &'de [u8]) -> Self {
        Self::with_limits(input, Limits::default())
    }

    /// A decoder of one message.
    #[inline]
    pub fn with_limits(input: &'de [u8], limits: Limits) -> Self {
        let memory = MemoryLimit::default();
        Self {
            input,
            shared: None,
            limits,
            memory,
            at: Cursor::default(),
            tables: Tables::default(),
            depth: 0,
            replay: limits.unfolded(input.len()),
            budget: memory.budget(input.len()),
            uses: Uses::default(),
            arguments: None,
            dynamic: None,
            refuse_null: false,
        }
    }

    /// A decoder whose `Bytes`, `ByteString` and [`Value`](crate::Value)s share the memory of
    /// `input` instead of copying, and so keep all of it as long as they live.
    pub fn shared(input: &'de Bytes) -> Self {
        Self::shared_with_limits(input, Limits::default())
    }

    /// A decoder as [`shared`](Self::shared) makes one, with other limits.
    #[inline]
    pub fn shared_with_limits(input: &'de Bytes, limits: Limits) -> Self {
        let mut decoder = Self::with_limits(input, limits);
        decoder.shared = Some(input);
        decoder
    }

    /// A decoder of arguments that are each a message of its own, sharing their memory as
    /// [`shared`](Self::shared) does. [`begin_argument`](Self::begin_argument) goes on to the next.
    pub fn separate(arguments: &'de [Bytes]) -> Self {
        Self::separate_with_limits(arguments, Limits::default())
    }

    /// A decoder as [`separate`](Self::separate) makes one, with other limits.
    pub fn separate_with_limits(arguments: &'de [Bytes], limits: Limits) -> Self {
        let len = arguments.iter().map(Bytes::len).sum();
        let mut decoder = Self::with_limits(&[], limits);
        decoder.arguments = Some(arguments);
        decoder.replay = limits.unfolded(len);
        decoder.budget = decoder.memory.budget(len);
        decoder
    }

    /// The same decoder, which has read nothing yet, with another limit of the memory that all values
    /// may take, and its tables. By default 64 times the bytes, at most 64 MiB.
    #[must_use]
    pub fn memory(mut self, limit: MemoryLimit) -> Self {
        let pieces = self.arguments.unwrap_or_default();
        self.memory = limit;
        self.begin_budget(self.input.len() + pieces.iter().map(Bytes::len).sum::<usize>());
        self
    }

    /// Begins the next argument. Means nothing unless the decoder is
    /// [`separate`](Self::separate); after the last argument there is nothing to read.
    #[inline]
    pub fn begin_argument(&mut self) -> &mut Self {
        if let Some(arguments) = self.arguments {
            self.next_argument(arguments);
        }
        self
    }

    fn next_argument(&mut self, arguments: &'de [Bytes]) {
        let next = arguments.split_first();
        self.arguments = Some(next.map_or(&[], |(_, rest)| rest));
        self.shared = next.map(|(argument, _)| argument);
        self.input = next.map_or(&[], |(argument, _)| argument);
        self.at = Cursor::default();
        self.tables.clear();
        self.dynamic = None;
    }

    /// The number of bytes that have been read.
    pub fn position(&self) -> usize {
        self.at.position
    }

    /// The bytes that have not been read.
    pub fn remaining(&self) -> &'de [u8] {
        self.input.get(self.at.position..).unwrap_or_default()
    }

    /// Returns `true` if everything has been read.
    pub fn is_at_end(&self) -> bool {
        self.at.position >= self.input.len()
    }

    /// Makes sure that everything has been read.
    ///
    /// # Errors
    /// [`Malformed`](ErrorKind::Malformed) when bytes are left.
    pub fn end(&self) -> Result<(), Error> {
        if self.is_at_end() {
            return Ok(());
        }
        let left = self.remaining().len();
        Err(self.error(ErrorKind::Malformed, format!("{left} bytes follow the last value")))
    }

    /// The byte that begins the next value.
    ///
    /// # Errors
    /// [`Truncated`](ErrorKind::Truncated) at the end of the message.
    #[inline]
    pub fn peek(&self) -> Result<u8, Error> {
        match self.input.get(self.at.position) {
            Some(tag) => Ok(*tag),
            None => Err(self.truncated()),
        }
    }

    /// Reads a null if one is there, and says whether it was.
    ///
    /// # Errors
    /// [`Truncated`](ErrorKind::Truncated) at the end of the message.
    #[inline]
    pub fn read_null(&mut self) -> Result<bool, Error> {
        let null = self.peek()? == tag::NULL;
        self.at.position += usize::from(null);
        Ok(null)
    }

    pub(crate) fn cursor(&self) -> Cursor {
        self.at
    }

    /// Goes back to a place, to read what follows once more.
    pub(crate) fn rewind(&mut self, to: Cursor) {
        self.at = to;
    }

    #[inline]
    fn byte(&mut self) -> Result<u8, Error> {
        let byte = self.peek()?;
        self.at.position += 1;
        Ok(byte)
    }

    #[inline]
    fn take(&mut self, len: usize) -> Result<&'de [u8], Error> {
        match self.remaining().get(..len) {
            Some(bytes) => {
                self.at.position += len;
                Ok(bytes)
            }
            None => Err(self.truncated()),
        }
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        match self.remaining().first_chunk::<N>() {
            Some(bytes) => {
                self.at.position += N;
                Ok(*bytes)
            }
            None => Err(self.truncated()),
        }
    }

    /// An error at the present position.
    #[cold]
    pub fn error(
        &self,
        kind: ErrorKind,
        detail: impl Into<std::borrow::Cow<'static, str>>,
    ) -> Error {
        Error::new(kind, detail).at(self.at.position)
    }

    #[cold]
    fn truncated(&self) -> Error {
        self.error(
            ErrorKind::Truncated,
            format!("the message ends after {} bytes, within a value", self.input.len()),
        )
    }

    /// The error of finding something else than `expected` at the present position.
    #[cold]
    pub fn mismatch(&self, expected: &str) -> Error {
        let found = match self.peek() {
            Ok(found) => found,
            Err(truncated) => return truncated,
        };
        if self.realizes() {
            return Self::unrealizable(expected, tag::describe(found)).at(self.at.position);
        }
        if found == tag::NULL {
            let detail = format!("expected {expected}, found null; make it an Option");
            return self.error(ErrorKind::Null, detail);
        }
        let detail = format!("expected {expected}, found {} (0x{found:02x})", tag::describe(found));
        self.error(ErrorKind::Mismatch, detail)
    }
}
