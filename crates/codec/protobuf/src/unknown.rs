//! The fields of a message that its schema does not have, as they were received.

use std::fmt;

use bytes::{Buf, BufMut};
use prost::DecodeError;
use prost::encoding::{DecodeContext, WireType, encode_key, skip_field};

/// The fields of a message that its schema does not have, in the order in which they were received.
///
/// Messages that `dubhe-build` makes with `preserve_unknown_fields(true)` hold them in a field of the
/// type `Option<UnknownFields>`, which is `None` if there are none, and write them behind the fields
/// that they know. They are encoded as in the message that was received, and take as many bytes;
/// two lists are equal if their bytes are. A message writes those that it does not know in binary,
/// and in JSON the extensions among them.
///
/// ```
/// use dubhe_protobuf::UnknownFields;
/// use dubhe_protobuf::types::Timestamp;
///
/// // What a message that was received has, of which its schema knows nothing:
/// let mut unknown = None;
/// UnknownFields::add(&mut unknown, &Timestamp { seconds: 1, nanos: 5 });
/// assert_eq!(unknown.as_ref().map(UnknownFields::as_bytes), Some(&[0x08, 1, 0x10, 5][..]));
///
/// UnknownFields::remove(&mut unknown, &[1, 2]);
/// assert!(unknown.is_none());
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct UnknownFields {
    /// Whole fields, each a key and its value; at least one.
    bytes: Vec<u8>,
}

impl UnknownFields {
    /// The fields in the binary form of protocol buffers.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Adds the fields of a message. Of a field that is there already, readers take the last one; lists
    /// grow, and messages are merged.
    pub fn add<T: prost::Message>(fields: &mut Option<Self>, message: &T) {
        let length = message.encoded_len();
        if length > 0 {
            let bytes = &mut Self::of(fields).bytes;
            bytes.reserve(length);
            message.encode_raw(bytes);
        }
    }

    /// Removes the fields of these numbers.
    pub fn remove(fields: &mut Option<Self>, numbers: &[u32]) {
        let Some(all) = fields else { return };
        let mut kept = Vec::new();
        let mut rest = &*all.bytes;
        while let Ok((number, wire_type)) = prost::encoding::decode_key(&mut rest) {
            let mut value = Vec::new();
            let mut copying = Copying { from: &mut rest, to: &mut value };
            if skip_field(wire_type, number, &mut copying, DecodeContext::default()).is_err() {
                break;
            }
            if !numbers.contains(&number) {
                encode_key(number, wire_type, &mut kept);
                kept.append(&mut value);
            }
        }
        *fields = if kept.is_empty() { None } else { Some(Self { bytes: kept }) };
    }

    fn of(fields: &mut Option<Self>) -> &mut Self {
        fields.get_or_insert_with(|| Self { bytes: Vec::new() })
    }
}

// What the code of `prost` calls, to which the fields are one of its own.
#[doc(hidden)]
#[allow(clippy::missing_errors_doc, reason = "they are those of prost")]
impl UnknownFields {
    pub fn encode(&self, out: &mut impl BufMut) {
        out.put_slice(&self.bytes);
    }

    pub fn encoded_len(&self) -> usize {
        self.bytes.len()
    }

    /// Takes the value of a field, whose key has been read.
    pub fn merge(
        fields: &mut Option<Self>,
        number: u32,
        wire_type: WireType,
        from: &mut impl Buf,
        context: DecodeContext,
    ) -> Result<(), DecodeError> {
        let mut bytes = fields.take().map_or_else(Vec::new, |fields| fields.bytes);
        let before = bytes.len();
        encode_key(number, wire_type, &mut bytes);
        let taken = skip_field(wire_type, number, &mut Copying { from, to: &mut bytes }, context);
        if taken.is_err() {
            bytes.truncate(before);
        }
        if !bytes.is_empty() {
            *fields = Some(Self { bytes });
        }
        taken
    }
}

impl fmt::Debug for UnknownFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.bytes.escape_ascii())
    }
}

/// Bytes that are copied while they are read.
struct Copying<'a, B> {
    from: &'a mut B,
    to: &'a mut Vec<u8>,
}

impl<B: Buf> Buf for Copying<'_, B> {
    fn remaining(&self) -> usize {
        self.from.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.from.chunk()
    }

    fn advance(&mut self, count: usize) {
        let mut left = count;
        while left > 0 {
            let chunk = self.from.chunk();
            let taken = chunk.get(..left).unwrap_or(chunk);
            let length = taken.len();
            self.to.extend_from_slice(taken);
            // Where nothing is left, it is for this one to panic, as the trait says.
            self.from.advance(if length == 0 { left } else { length });
            left -= length;
        }
    }
}

/// The items that stand in the place of `prost` for the code that its derive makes of a message with such a
/// field: the same, but that `Message` is a trait of the fields that the schema has.
#[doc(hidden)]
#[allow(clippy::missing_errors_doc, reason = "they are those of prost")]
pub mod known {
    pub use prost::*;

    use bytes::{Buf, BufMut};
    use prost::encoding::{DecodeContext, WireType};

    /// The fields of a message that its schema has, and the unknown ones as one of them.
    pub trait Message {
        fn encode_raw(&self, out: &mut impl BufMut);
        fn merge_field(
            &mut self,
            number: u32,
            wire_type: WireType,
            from: &mut impl Buf,
            context: DecodeContext,
        ) -> Result<(), DecodeError>;
        fn encoded_len(&self) -> usize;
        fn clear(&mut self);
    }

    /// A message that is required is cleared by this trait, and may be a well-known one.
    macro_rules! well_known {
        ($($name:ident)*) => {$(
            impl Message for crate::types::$name {
                fn encode_raw(&self, out: &mut impl BufMut) {
                    prost::Message::encode_raw(self, out);
                }

                fn merge_field(
                    &mut self,
                    number: u32,
                    wire_type: WireType,
                    from: &mut impl Buf,
                    context: DecodeContext,
                ) -> Result<(), DecodeError> {
                    prost::Message::merge_field(self, number, wire_type, from, context)
                }

                fn encoded_len(&self) -> usize {
                    prost::Message::encoded_len(self)
                }

                fn clear(&mut self) {
                    prost::Message::clear(self);
                }
            }
        )*};
    }

    well_known! {
        Any BoolValue BytesValue DoubleValue Duration Empty FieldMask FloatValue Int32Value
        Int64Value ListValue StringValue Struct Timestamp UInt32Value UInt64Value Value
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use prost::Message as _;
    use prost::encoding::decode_key;

    use super::*;
    use crate::types::{StringValue, Timestamp};

    fn all(mut wire: impl Buf) -> Result<Option<UnknownFields>, DecodeError> {
        let mut fields = None;
        while wire.has_remaining() {
            let (number, wire_type) = decode_key(&mut wire)?;
            let context = DecodeContext::default();
            UnknownFields::merge(&mut fields, number, wire_type, &mut wire, context)?;
        }
        Ok(fields)
    }

    /// A field of each wire type, among them a group with a group in it.
    const WIRE: &[u8] = b"\x08\x80\x00\x11abcdefgh\x1a\x03xyz\x23\x2b\x08\x01\x2c\x24\x35abcd";

    #[test]
    fn fields_are_kept_as_they_came_from_one_chunk_or_many() {
        let fields = all(WIRE).unwrap().unwrap();
        assert_eq!(fields.as_bytes(), WIRE);
        for at in 0..WIRE.len() {
            let (first, second) = WIRE.split_at(at);
            assert_eq!(all(first.chain(second)).unwrap().as_ref(), Some(&fields), "{at}");
        }
        assert_eq!(all(&b""[..]).unwrap(), None);
        assert!(format!("{fields:?}").starts_with(r#"b"\x08\x80\x00\x11abc"#), "{fields:?}");
    }

    #[test]
    fn what_is_no_field_leaves_those_before_it() {
        for (wire, kept) in [
            (&b"\x08\x01\x12\x05abc"[..], Some(&b"\x08\x01"[..])),
            (b"\x12\xff\xff\xff\xff\x0f", None),
            (b"\x0b\x08\x01", None),
            (b"\x0b\x14", None),
        ] {
            let mut fields = None;
            let mut rest = wire;
            while let Ok((number, wire_type)) = decode_key(&mut rest) {
                let context = DecodeContext::default();
                let taken =
                    UnknownFields::merge(&mut fields, number, wire_type, &mut rest, context);
                if taken.is_err() {
                    break;
                }
            }
            assert_eq!(fields.as_ref().map(UnknownFields::as_bytes), kept, "{wire:?}");
            assert!(all(wire).is_err(), "{wire:?}");
        }
        let deep = [[0x0b; 200], [0x0c; 200]].concat();
        assert!(all(&*deep).unwrap_err().to_string().contains("recursion limit"));
    }

    #[test]
    fn messages_are_added_and_read_and_fields_removed() {
        let mut fields = None;
        UnknownFields::add(&mut fields, &Timestamp::default());
        assert_eq!(fields, None);
        UnknownFields::add(&mut fields, &Timestamp { seconds: 1, nanos: 2 });
        UnknownFields::add(&mut fields, &Timestamp { seconds: 3, nanos: 0 });
        let read = fields.as_ref().unwrap().decode::<Timestamp>().unwrap();
        assert_eq!(read, Timestamp { seconds: 3, nanos: 2 });
        assert!(fields.as_ref().unwrap().decode::<StringValue>().is_err());
        UnknownFields::remove(&mut fields, &[1, 7]);
        let rest = fields.as_ref().unwrap();
        assert_eq!(rest.as_bytes(), Timestamp { seconds: 0, nanos: 2 }.encode_to_vec());
        UnknownFields::remove(&mut fields, &[2]);
        assert_eq!(fields, None);
    }
}
