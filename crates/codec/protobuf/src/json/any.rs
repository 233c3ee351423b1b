//! `google.protobuf.Any`: the content as the message that it is, with its type under `@type`.

use std::ptr;

use dubhe_core::memory::MemoryLimit;
use prost_types::Any;

use super::well_known::WELL_KNOWN;
use super::{Error, Json, Reader, Unknown, Writer};
use crate::shape::{self, MessageShape, required};

/// The types that an `Any` may hold: those of a package, and of the packages that it refers to.
///
/// ```
/// # mod dubhe { pub mod protobuf { pub use dubhe_protobuf::{json, types}; } }
/// use dubhe::protobuf::json::{Error, Object, Plain, Reader, Type, Types, Writer, to_string};
/// use dubhe::protobuf::types::{Any, StringValue};
/// use prost::Message as _;
///
/// static TYPES: Types = Types {
///     messages: &[Type::of::<StringValue>("org.example.Note")],
///     uses: &[],
/// };
///
/// /// A message whose `Any` may hold a note.
/// #[derive(Default)]
/// struct Board { pinned: Option<Any> }
///
/// impl Object for Board {
///     fn types() -> &'static Types {
///         &TYPES
///     }
/// #     fn find(_: &str) -> Option<u32> { None }
/// #     fn read_field(&mut self, _: u32, _: &mut Reader<'_>) -> Result<(), Error> { Ok(()) }
/// #     fn write_fields(&self, out: &mut Writer<'_>) -> Result<(), Error> { out.some(r#""pinned":"#, Plain, &self.pinned) }
///     // and the rest as in the example of `Object`
/// }
///
/// let value = StringValue { value: "buy milk".into() }.encode_to_vec();
/// let pinned = Any { type_url: "type.googleapis.com/org.example.Note".into(), value };
/// let text = to_string(&Board { pinned: Some(pinned) })?;
/// assert!(text.contains("buy milk"), "{text}");
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub struct Types {
    /// The messages of the package.
    pub messages: &'static [Type],
    /// The types of the packages whose messages it has in its own.
    pub uses: &'static [fn() -> &'static Types],
}

/// A message that an `Any` may hold.
///
/// ```
/// # mod dubhe { pub mod protobuf { pub use dubhe_protobuf::{json, types}; } }
/// use dubhe::protobuf::json::{Type, Types};
/// use dubhe::protobuf::types::StringValue;
///
/// // What `dubhe-build` writes of a package: the messages that an `Any` of it may hold.
/// static MESSAGES: [Type; 1] = [Type::of::<StringValue>("org.example.Note")];
/// static TYPES: Types = Types { messages: &MESSAGES, uses: &[] };
/// # let _ = &TYPES;
/// ```
#[derive(Debug)]
pub struct Type {
    name: &'static str,
    object: bool,
    write: fn(&[u8], &mut Writer<'_>) -> Result<(), Error>,
    read: fn(&mut Reader<'_>) -> Result<Vec<u8>, Error>,
}

impl Type {
    /// The message `T`, whose full name is `name`.
    pub const fn of<T: prost::Message + Json + MessageShape>(name: &'static str) -> Self {
        Self { name, object: T::OBJECT, write: write::<T>, read: read::<T> }
    }
}

fn write<T: prost::Message + Json + MessageShape>(
    bytes: &[u8],
    out: &mut Writer<'_>,
) -> Result<(), Error> {
    shape::check::<T>(bytes, MemoryLimit::default())?;
    required::check::<T>(bytes, MemoryLimit::default())
        .map_err(|refused| Error::new(refused.to_string()))?;
    T::decode(bytes).map_err(|error| Error::new(error.to_string()))?.write(out)
}

fn read<T: prost::Message + Json>(json: &mut Reader<'_>) -> Result<Vec<u8>, Error> {
    let mut message = T::default();
    message.read(json)?;
    json.block(message.encoded_len())?;
    Ok(message.encode_to_vec())
}

impl Types {
    /// No types but the well-known ones.
    pub const NONE: Self = Self { messages: &[], uses: &[] };

    /// The type that `url` ends with.
    fn find(&'static self, url: &str) -> Result<&'static Type, Error> {
        let (_, name) = url.rsplit_once('/').ok_or_else(|| {
            Error::new(format!("the type {url:?} of an Any has no `/` before its name"))
        })?;
        let mut all = vec![self, &WELL_KNOWN];
        let mut next = 0;
        while let Some(types) = all.get(next).copied() {
            if let Some(found) = types.messages.iter().find(|known| known.name == name) {
                return Ok(found);
            }
            for uses in types.uses.iter().map(|uses| uses()) {
                if !all.iter().any(|known| ptr::eq(*known, uses)) {
                    all.push(uses);
                }
            }
            next += 1;
        }
        Err(Error::new(format!(
            "an Any of the type {url:?}, which is not known here: known are the messages of the \
             packages that the message around it has in its fields; send it in binary, or give it \
             a field of a message of that package"
        )))
    }
}

/// A holder of messages, by which a package finds the types of another.
///
/// ```
/// # mod dubhe { pub mod protobuf { pub use dubhe_protobuf::{json, types}; } }
/// use dubhe::protobuf::json::{Holds, Types, uses};
/// use dubhe::protobuf::types::StringValue;
///
/// struct Board { note: Option<StringValue> }
///
/// // What `dubhe-build` writes for a field: the types that an `Any` in it may hold.
/// static USES: [fn() -> &'static Types; 1] = [uses(|board: &Board| &board.note)];
/// assert!(USES[0]().messages.is_empty());
/// assert!(<Vec<StringValue>>::types().uses.is_empty());
/// ```
pub trait Holds {
    /// The types of the messages in it.
    fn types() -> &'static Types;
}

impl<T: Json> Holds for T {
    fn types() -> &'static Types {
        T::types()
    }
}

impl<T: Json> Holds for Option<T> {
    fn types() -> &'static Types {
        T::types()
    }
}

impl<T: Json> Holds for Vec<T> {
    fn types() -> &'static Types {
        T::types()
    }
}

impl<K, V: Json, S> Holds for std::collections::HashMap<K, V, S> {
    fn types() -> &'static Types {
        V::types()
    }
}

/// The types of the messages in a field.
pub const fn uses<P, F: Holds>(_: fn(&P) -> &F) -> fn() -> &'static Types {
    F::types
}

/// The types of the message of one of several fields.
pub const fn uses_one_of<T: Holds, E>(_: fn(T) -> E) -> fn() -> &'static Types {
    T::types
}

impl Json for Any {
    fn write(&self, out: &mut Writer<'_>) -> Result<(), Error> {
        if self.type_url.is_empty() && self.value.is_empty() {
            return out.object(|_| Ok(()));
        }
        let kind = out.types.find(&self.type_url)?;
        if kind.object {
            out.type_url = Some(self.type_url.clone());
            return (kind.write)(&self.value, out);
        }
        out.object(|out| {
            out.key(r#""@type":"#);
            out.string(&self.type_url)?;
            out.key(r#""value":"#);
            (kind.write)(&self.value, out)
        })
    }

    fn read(&mut self, json: &mut Reader<'_>) -> Result<(), Error> {
        let Some(url) = json.ahead(type_url)? else {
            let mut empty = true;
            json.object(&mut |json, _| {
                empty = false;
                json.skip()
            })?;
            return if empty { Ok(()) } else { Err(json.error("an Any without `@type`")) };
        };
        let kind = json.types.find(&url)?;
        json.block(url.len())?;
        self.type_url = url;
        if kind.object {
            json.in_any = true;
            self.value = (kind.read)(json)?;
            return Ok(());
        }
        json.object(&mut |json, key| match key {
            "@type" => json.skip(),
            "value" => {
                self.value = (kind.read)(json)?;
                Ok(())
            }
            _ if json.unknown == Unknown::Ignore => json.skip(),
            _ => Err(json.error("a field that an Any of a well-known type does not have")),
        })
    }
}

/// The type of the object that is next.
fn type_url(json: &mut Reader<'_>) -> Result<Option<String>, Error> {
    let mut url = None;
    let ended = json.object(&mut |json, key| {
        if key != "@type" {
            return json.skip();
        }
        url = Some(json.string()?.into_owned());
        // It mostly stands first; what follows is not looked at twice.
        Err(json.error("found"))
    });
    if url.is_some() { Ok(url) } else { ended.map(|()| None) }
}
