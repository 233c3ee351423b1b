//! Forms of the values of fields: as what it is, or as a name of an enum.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;

use super::{Error, Json, Key, Reader, Unknown, Writer};

/// The form of the values of a field.
///
/// ```
/// # mod dubhe { pub mod protobuf { pub use dubhe_protobuf::json; } }
/// use dubhe::protobuf::json::{Codec, Error, Json, Object, Reader, Writer, to_string};
///
/// /// A number that JSON has in tenths.
/// #[derive(Clone, Copy)]
/// struct Tenths;
///
/// impl Codec<i32> for Tenths {
///     fn is_default(self, value: &i32) -> bool {
///         *value == 0
///     }
///
///     fn write(self, value: &i32, out: &mut Writer<'_>) -> Result<(), Error> {
///         (f64::from(*value) / 10.0).write(out)
///     }
///
///     fn read(self, value: &mut i32, json: &mut Reader<'_>) -> Result<bool, Error> {
///         let mut tenths = 0.0_f64;
///         tenths.read(json)?;
///         *value = (tenths * 10.0) as i32;
///         Ok(true)
///     }
/// }
/// # #[derive(Default)]
/// # struct Price(i32);
/// # impl Object for Price {
/// #     fn find(_: &str) -> Option<u32> { Some(0) }
/// #     fn read_field(&mut self, _: u32, json: &mut Reader<'_>) -> Result<(), Error> { json.set(Tenths, &mut self.0) }
/// #     fn write_fields(&self, out: &mut Writer<'_>) -> Result<(), Error> { out.implicit(r#""price":"#, Tenths, &self.0) }
/// # }
/// # assert_eq!(to_string(&Price(15)).unwrap(), r#"{"price":1.5}"#);
/// ```
pub trait Codec<T: Default>: Copy {
    /// A flag: `null` is a value.
    const NULL: bool = false;

    /// Returns true if a field without presence leaves it out.
    fn is_default(self, value: &T) -> bool;

    /// Appends a value.
    ///
    /// # Errors
    /// As [`Json::write`].
    fn write(self, value: &T, out: &mut Writer<'_>) -> Result<(), Error>;

    /// Reads the value that is next into `value`, which is the default; `false` for one to be passed
    /// over.
    ///
    /// # Errors
    /// As [`Json::read`].
    fn read(self, value: &mut T, json: &mut Reader<'_>) -> Result<bool, Error>;
}

/// A value as its type says.
///
/// ```
/// # mod dubhe { pub mod protobuf { pub use dubhe_protobuf::json; } }
/// use dubhe::protobuf::json::{Error, Object, Plain, Reader, Writer, to_string};
///
/// #[derive(Default)]
/// struct Page { number: i32, token: Option<String> }
///
/// impl Object for Page {
///     // `find` and `read_field` as in the example of `Object`
/// #     fn find(_: &str) -> Option<u32> { None }
/// #     fn read_field(&mut self, _: u32, _: &mut Reader<'_>) -> Result<(), Error> { Ok(()) }
///     fn write_fields(&self, out: &mut Writer<'_>) -> Result<(), Error> {
///         out.implicit(r#""number":"#, Plain, &self.number)?;
///         out.some(r#""token":"#, Plain, &self.token)
///     }
/// }
///
/// assert_eq!(to_string(&Page { number: 0, token: Some("a".into()) })?, r#"{"token":"a"}"#);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Plain;

impl<T: Json> Codec<T> for Plain {
    const NULL: bool = T::NULL;

    fn is_default(self, value: &T) -> bool {
        value.is_default()
    }

    fn write(self, value: &T, out: &mut Writer<'_>) -> Result<(), Error> {
        value.write(out)
    }

    fn read(self, value: &mut T, json: &mut Reader<'_>) -> Result<bool, Error> {
        value.read(json)?;
        Ok(true)
    }
}

/// A value in a box.
///
/// ```
/// # mod dubhe { pub mod protobuf { pub use dubhe_protobuf::json; } }
/// use dubhe::protobuf::json::{Boxed, Error, Object, Plain, Reader, Writer, to_string};
///
/// #[derive(Default)]
/// struct Node { name: String, next: Option<Box<Node>> }
///
/// impl Object for Node {
///     // `find` and `read_field` as in the example of `Object`
/// #     fn find(_: &str) -> Option<u32> { None }
/// #     fn read_field(&mut self, _: u32, _: &mut Reader<'_>) -> Result<(), Error> { Ok(()) }
///     fn write_fields(&self, out: &mut Writer<'_>) -> Result<(), Error> {
///         out.implicit(r#""name":"#, Plain, &self.name)?;
///         out.some(r#""next":"#, Boxed, &self.next)
///     }
/// }
///
/// let next = Some(Box::new(Node { name: "b".into(), next: None }));
/// assert_eq!(to_string(&Node { name: "a".into(), next })?, r#"{"name":"a","next":{"name":"b"}}"#);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Boxed;

impl<T: Json> Codec<Box<T>> for Boxed {
    const NULL: bool = T::NULL;

    fn is_default(self, _: &Box<T>) -> bool {
        false
    }

    fn write(self, value: &Box<T>, out: &mut Writer<'_>) -> Result<(), Error> {
        T::write(value, out)
    }

    fn read(self, value: &mut Box<T>, json: &mut Reader<'_>) -> Result<bool, Error> {
        json.block(size_of::<T>())?;
        T::read(value, json)?;
        Ok(true)
    }
}

/// A number of an enum with these names. Of several names of a number the first is written; a number
/// without one stays a number.
///
/// ```
/// # mod dubhe { pub mod protobuf { pub use dubhe_protobuf::json; } }
/// use dubhe::protobuf::json::{Enum, Error, Object, Reader, Writer, to_string};
///
/// #[derive(Default)]
/// struct Paint { color: i32 }
///
/// const COLOR: Enum = Enum(&[("NONE", 0), ("RED", 1)]);
///
/// impl Object for Paint {
///     // `find` and `read_field` as in the example of `Object`
/// #     fn find(_: &str) -> Option<u32> { None }
/// #     fn read_field(&mut self, _: u32, _: &mut Reader<'_>) -> Result<(), Error> { Ok(()) }
///     fn write_fields(&self, out: &mut Writer<'_>) -> Result<(), Error> {
///         out.implicit(r#""color":"#, COLOR, &self.color)
///     }
/// }
///
/// assert_eq!(to_string(&Paint { color: 1 })?, r#"{"color":"RED"}"#);
/// assert_eq!(to_string(&Paint { color: 7 })?, r#"{"color":7}"#); // a name that is not known
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Enum(pub &'static [(&'static str, i32)]);

impl Codec<i32> for Enum {
    fn is_default(self, value: &i32) -> bool {
        *value == 0
    }

    fn write(self, value: &i32, out: &mut Writer<'_>) -> Result<(), Error> {
        match self.0.iter().find(|(_, number)| number == value) {
            Some((name, _)) => out.string(name),
            None => out.scalar(*value),
        }
    }

    fn read(self, value: &mut i32, json: &mut Reader<'_>) -> Result<bool, Error> {
        if json.peek() != Some(b'"') {
            Json::read(value, json)?;
            return Ok(true);
        }
        let name = json.string()?;
        match self.0.iter().find(|(known, _)| *known == name) {
            Some((_, number)) => {
                *value = *number;
                Ok(true)
            }
            None if json.unknown == Unknown::Ignore => Ok(false),
            None => Err(json.error("a name that the enum does not have")),
        }
    }
}

/// `google.protobuf.NullValue`.
///
/// ```
/// # mod dubhe { pub mod protobuf { pub use dubhe_protobuf::json; } }
/// use dubhe::protobuf::json::{Error, Null, Object, Reader, Writer, to_string};
///
/// #[derive(Default)]
/// struct Cell { empty: Option<i32> }
///
/// impl Object for Cell {
///     // `find` and `read_field` as in the example of `Object`
/// #     fn find(_: &str) -> Option<u32> { None }
/// #     fn read_field(&mut self, _: u32, _: &mut Reader<'_>) -> Result<(), Error> { Ok(()) }
///     fn write_fields(&self, out: &mut Writer<'_>) -> Result<(), Error> {
///         out.some(r#""empty":"#, Null, &self.empty)
///     }
/// }
///
/// assert_eq!(to_string(&Cell { empty: Some(0) })?, r#"{"empty":null}"#);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Null;

impl Codec<i32> for Null {
    const NULL: bool = true;

    fn is_default(self, value: &i32) -> bool {
        *value == 0
    }

    fn write(self, _: &i32, out: &mut Writer<'_>) -> Result<(), Error> {
        out.null();
        Ok(())
    }

    fn read(self, value: &mut i32, json: &mut Reader<'_>) -> Result<bool, Error> {
        if json.null()? { Ok(true) } else { Enum(&[("NULL_VALUE", 0)]).read(value, json) }
    }
}

impl Reader<'_> {
    /// Takes `null`, if it is no value of the field.
    fn nothing<T: Default, C: Codec<T>>(&mut self, _: C) -> Result<bool, Error> {
        Ok(!C::NULL && self.null()?)
    }

    /// Reads a field that is required.
    ///
    /// # Errors
    /// As [`Json::read`]; for `null`, and for a name that an enum does not have.
    pub fn required<T: Default, C: Codec<T>>(
        &mut self,
        codec: C,
        field: &mut T,
    ) -> Result<(), Error> {
        if !self.nothing(codec)? && codec.read(field, self)? {
            return Ok(());
        }
        Err(self.error("no value of a required field"))
    }

    /// Reads a field without presence.
    ///
    /// # Errors
    /// As [`Json::read`].
    pub fn set<T: Default, C: Codec<T>>(&mut self, codec: C, field: &mut T) -> Result<(), Error> {
        if !self.nothing(codec)? {
            codec.read(field, self)?;
        }
        Ok(())
    }

    /// Reads a field with presence.
    ///
    /// # Errors
    /// As [`Json::read`].
    pub fn some<T: Default, C: Codec<T>>(
        &mut self,
        codec: C,
        field: &mut Option<T>,
    ) -> Result<(), Error> {
        if !self.nothing(codec)? && !codec.read(field.insert(T::default()), self)? {
            *field = None;
        }
        Ok(())
    }

    /// Reads one of several fields of which one at most may be set, as `variant`.
    ///
    /// # Errors
    /// As [`Json::read`]; when another was set already.
    pub fn one_of<T: Default, C: Codec<T>, E>(
        &mut self,
        codec: C,
        field: &mut Option<E>,
        variant: fn(T) -> E,
    ) -> Result<(), Error> {
        let mut value = T::default();
        if self.nothing(codec)? || !codec.read(&mut value, self)? {
            return Ok(());
        }
        if field.is_some() {
            return Err(self.error("another field of the same oneof is set"));
        }
        *field = Some(variant(value));
        Ok(())
    }

    /// Reads a repeated field.
    ///
    /// # Errors
    /// As [`Json::read`]; for a `null` among the elements.
    pub fn list<T: Default, C: Codec<T>>(
        &mut self,
        codec: C,
        field: &mut Vec<T>,
    ) -> Result<(), Error> {
        if self.null()? { Ok(()) } else { self.elements(codec, field) }
    }

    pub(super) fn elements<T: Default, C: Codec<T>>(
        &mut self,
        codec: C,
        field: &mut Vec<T>,
    ) -> Result<(), Error> {
        self.array(&mut |json| {
            json.element::<T>()?;
            if !codec.read(field.push_mut(T::default()), json)? {
                field.pop();
            }
            Ok(())
        })
    }

    /// Reads a map.
    ///
    /// # Errors
    /// As [`Json::read`]; for a `null` among the values, and for a key that comes twice.
    pub fn map<K: Key + Eq + Hash, V: Default, C: Codec<V>>(
        &mut self,
        codec: C,
        field: &mut HashMap<K, V>,
    ) -> Result<(), Error> {
        if self.null()? {
            return Ok(());
        }
        self.object(&mut |json, key| {
            json.block(key.len())?;
            json.charge(2 * (size_of::<K>() + size_of::<V>()))?;
            let key =
                K::read(key).ok_or_else(|| json.error("a key that is not of the map's type"))?;
            let Entry::Vacant(entry) = field.entry(key) else {
                return Err(json.error("a key that comes twice"));
            };
            let mut entry = entry.insert_entry(V::default());
            if !codec.read(entry.get_mut(), json)? {
                entry.remove();
            }
            Ok(())
        })
    }
}
