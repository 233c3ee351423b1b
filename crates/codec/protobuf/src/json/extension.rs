//! Extensions in JSON: fields of the name `[package.extension]`, which are unknown fields of the message.

use dubhe_core::memory::MemoryLimit;

use super::{Error, Object, Reader, Writer};
use crate::shape::{self, MessageShape};
use crate::unknown::UnknownFields;

/// Reads the extension `index` of those of `E` into the unknown fields of a message.
///
/// # Errors
/// As [`Json::read`](super::Json::read).
pub fn read_extension<E: Object + prost::Message>(
    json: &mut Reader<'_>,
    index: u32,
    fields: &mut Option<UnknownFields>,
) -> Result<(), Error> {
    let mut extensions = E::default();
    extensions.read_field(index, json)?;
    // A list that grows has room for twice its bytes.
    json.block(2 * extensions.encoded_len())?;
    UnknownFields::add(fields, &extensions);
    Ok(())
}

/// Appends the extensions among the unknown fields of a message, all of which `E` has.
///
/// # Errors
/// As [`Json::write`](super::Json::write); when an extension is not of its type.
pub fn write_extensions<E: Object + prost::Message + MessageShape>(
    out: &mut Writer<'_>,
    fields: &Option<UnknownFields>,
) -> Result<(), Error> {
    let Some(fields) = fields else { return Ok(()) };
    let bytes = fields.as_bytes();
    shape::check::<E>(bytes, MemoryLimit::default())?;
    E::decode(bytes).map_err(|error| Error::new(error.to_string()))?.write_fields(out)
}
