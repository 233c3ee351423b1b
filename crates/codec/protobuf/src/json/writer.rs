//! The text that is being written.

use std::collections::HashMap;

use bytes::{BufMut as _, BytesMut};

#[cfg(doc)]
use super::Json;
use super::reader::MAX_DEPTH;
use super::{Codec, Error, Key, Types};

/// A JSON text that is being written. Keys are given as they stand in the text: `"name":`.
///
/// ```
/// # mod dubhe { pub mod protobuf { pub use dubhe_protobuf::json; } }
/// use dubhe::protobuf::json::{Error, Object, Plain, Reader, Writer, to_string};
///
/// #[derive(Default)]
/// struct Tags { names: Vec<String> }
///
/// impl Object for Tags {
///     // `find` and `read_field` as in the example of `Object`
/// #     fn find(_: &str) -> Option<u32> { None }
/// #     fn read_field(&mut self, _: u32, _: &mut Reader<'_>) -> Result<(), Error> { Ok(()) }
///     fn write_fields(&self, out: &mut Writer<'_>) -> Result<(), Error> {
///         out.list(r#""names":"#, Plain, &self.names)
///     }
/// }
///
/// assert_eq!(to_string(&Tags { names: vec!["a".into(), "b".into()] })?, r#"{"names":["a","b"]}"#);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub struct Writer<'a> {
    out: &'a mut BytesMut,
    pub(super) types: &'static Types,
    depth: u8,
    /// A flag: nothing stands in the array or object yet.
    first: bool,
    /// The type that the next object, the content of an `Any`, begins with.
    pub(super) type_url: Option<String>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(out: &'a mut BytesMut, types: &'static Types) -> Self {
        Self { out, types, depth: 0, first: true, type_url: None }
    }

    // ---- tokens

    /// Appends what `serde_json` writes of a number, a boolean or a text.
    pub(super) fn scalar(&mut self, value: impl serde::Serialize) -> Result<(), Error> {
        let written = serde_json::to_writer((&mut *self.out).writer(), &value);
        written.map_err(|error| Error::new(error.to_string()))
    }

    /// Appends a number or boolean in quotes.
    pub(super) fn quoted(&mut self, value: impl serde::Serialize) -> Result<(), Error> {
        self.out.put_u8(b'"');
        self.scalar(value)?;
        self.out.put_u8(b'"');
        Ok(())
    }

    pub(super) fn string(&mut self, text: &str) -> Result<(), Error> {
        self.scalar(text)
    }

    pub(super) fn null(&mut self) {
        self.out.extend_from_slice(b"null");
    }

    pub(super) fn begin(&mut self, open: u8) -> Result<(), Error> {
        if self.depth == MAX_DEPTH {
            return Err(Error::new(format!(
                "it nests deeper than {MAX_DEPTH}, which no peer reads"
            )));
        }
        self.depth += 1;
        self.out.put_u8(open);
        self.first = true;
        Ok(())
    }

    pub(super) fn end(&mut self, close: u8) {
        self.depth -= 1;
        self.out.put_u8(close);
        self.first = false;
    }

    /// Separates an element from the one before.
    pub(super) fn next(&mut self) {
        if !self.first {
            self.out.put_u8(b',');
        }
        self.first = false;
    }

    /// Begins an entry of an object; the key stands in quotes, with its colon.
    pub(super) fn key(&mut self, key: &str) {
        self.next();
        self.out.extend_from_slice(key.as_bytes());
    }

    /// Begins an entry of an object by any key.
    pub(super) fn any_key(&mut self, key: &impl Key) -> Result<(), Error> {
        self.next();
        key.write(self)?;
        self.out.put_u8(b':');
        Ok(())
    }

    /// Appends the object that `fields` writes.
    pub(super) fn object(
        &mut self,
        fields: impl FnOnce(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.begin(b'{')?;
        if let Some(url) = self.type_url.take() {
            self.key(r#""@type":"#);
            self.string(&url)?;
        }
        fields(self)?;
        self.end(b'}');
        Ok(())
    }

    // ---- fields

    /// Appends a field.
    ///
    /// # Errors
    /// As [`Json::write`].
    pub fn always<T: Default, C: Codec<T>>(
        &mut self,
        key: &str,
        codec: C,
        value: &T,
    ) -> Result<(), Error> {
        self.key(key);
        codec.write(value, self).map_err(|error| error.within(name(key)))
    }

    /// Appends a field without presence, unless it is the default.
    ///
    /// # Errors
    /// As [`Json::write`].
    pub fn implicit<T: Default, C: Codec<T>>(
        &mut self,
        key: &str,
        codec: C,
        value: &T,
    ) -> Result<(), Error> {
        if codec.is_default(value) { Ok(()) } else { self.always(key, codec, value) }
    }

    /// Appends a field with presence, if it is there.
    ///
    /// # Errors
    /// As [`Json::write`].
    pub fn some<T: Default, C: Codec<T>>(
        &mut self,
        key: &str,
        codec: C,
        value: &Option<T>,
    ) -> Result<(), Error> {
        value.as_ref().map_or(Ok(()), |value| self.always(key, codec, value))
    }

    /// Appends a repeated field, if there are elements.
    ///
    /// # Errors
    /// As [`Json::write`].
    pub fn list<T: Default, C: Codec<T>>(
        &mut self,
        key: &str,
        codec: C,
        values: &[T],
    ) -> Result<(), Error> {
        if values.is_empty() {
            return Ok(());
        }
        self.key(key);
        self.begin(b'[')?;
        for (index, value) in values.iter().enumerate() {
            self.next();
            codec.write(value, self).map_err(|error| error.at(index).within(name(key)))?;
        }
        self.end(b']');
        Ok(())
    }

    /// Appends a map, if there are entries.
    ///
    /// # Errors
    /// As [`Json::write`].
    pub fn map<K: Key, V: Default, C: Codec<V>>(
        &mut self,
        key: &str,
        codec: C,
        entries: &HashMap<K, V>,
    ) -> Result<(), Error> {
        if entries.is_empty() {
            return Ok(());
        }
        self.key(key);
        self.begin(b'{')?;
        for (entry, value) in entries {
            self.any_key(entry)?;
            codec.write(value, self).map_err(|error| error.within(name(key)))?;
        }
        self.end(b'}');
        Ok(())
    }
}

/// The name in a key.
fn name(key: &str) -> &str {
    key.trim_end_matches(':').trim_matches('"')
}
