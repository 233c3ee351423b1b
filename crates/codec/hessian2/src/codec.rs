//! The traits of types that travel.

use std::borrow::Cow;

use dubhe_core::definition::{TypeDefinition, TypeDefinitions};

use crate::decode::Decoder;
use crate::descriptor;
use crate::encode::Encoder;
use crate::error::Error;

/// A type that can be written.
///
/// ```
/// # mod dubhe { pub mod hessian2 { pub use dubhe_hessian2::{Encode, Encoder, Error, from_bytes, to_bytes}; } }
/// use dubhe::hessian2::{Encode, Encoder, Error, from_bytes, to_bytes};
///
/// /// A secret, which travels as a text.
/// struct Token(String);
///
/// impl Encode for Token {
///     fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
///         e.write_str(&self.0);
///         Ok(())
///     }
/// }
///
/// let bytes = to_bytes(&Token("s3cret".into()))?;
/// assert_eq!(from_bytes::<String>(&bytes)?, "s3cret");
/// # Ok::<(), Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be written as Hessian",
    note = "derive it with `#[derive(Java)]`, or wrap a serde type in `dubhe::hessian2::Serde`"
)]
pub trait Encode {
    /// Writes the value.
    ///
    /// # Errors
    /// When the value has no form in Hessian, or nests too deep.
    fn encode(&self, e: &mut Encoder) -> Result<(), Error>;

    /// Writes the value where Java has an object: in collections, and for an [`Option`]. Only
    /// `f32` differs, since Java writes `float` and `Float` differently.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    #[inline]
    fn encode_boxed(&self, e: &mut Encoder) -> Result<(), Error> {
        self.encode(e)
    }

    /// Writes the value under the name of a class: a collection or map as one of that class with the same elements, which
    /// is what Java makes of a class that extends `ArrayList` or `HashMap`. All else is written as
    /// [`encode`](Self::encode) does.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    #[inline]
    fn encode_as(&self, class: &str, e: &mut Encoder) -> Result<(), Error> {
        let _ = class;
        self.encode(e)
    }

    /// Writes a list of values: a `java.util.List`, of bytes a `byte[]`.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    #[inline]
    fn encode_list(items: &[Self], e: &mut Encoder) -> Result<(), Error>
    where
        Self: Sized,
    {
        e.write_list(items.len(), |e| items.iter().try_for_each(|item| item.encode_boxed(e)))
    }

    /// Writes a list of values under the name of a class; bytes remain a `byte[]`.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    fn encode_list_as(items: &[Self], class: &str, e: &mut Encoder) -> Result<(), Error>
    where
        Self: Sized,
    {
        e.write_typed_list(class, items.len(), |e| {
            items.iter().try_for_each(|item| item.encode_boxed(e))
        })
    }

    /// Writes a Java array of the given type, in Hessian's spelling (`[int`).
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    fn encode_array(items: &[Self], class: &str, e: &mut Encoder) -> Result<(), Error>
    where
        Self: Sized,
    {
        e.write_typed_list(class, items.len(), |e| items.iter().try_for_each(|item| item.encode(e)))
    }
}

/// A type that can be read, perhaps borrowing from the message.
///
/// ```
/// # mod dubhe { pub mod hessian2 { pub use dubhe_hessian2::{Decode, Decoder, Error, from_bytes, to_bytes}; } }
/// use dubhe::hessian2::{Decode, Decoder, Error, from_bytes, to_bytes};
///
/// /// Degrees, which travel as hundredths of them.
/// #[derive(Debug, PartialEq)]
/// struct Degrees(f64);
///
/// impl Decode<'_> for Degrees {
///     fn decode(d: &mut Decoder<'_>) -> Result<Self, Error> {
///         Ok(Self(f64::from(d.read_i32()?) / 100.0))
///     }
/// }
///
/// assert_eq!(from_bytes::<Degrees>(&to_bytes(&1_250)?)?, Degrees(12.5));
/// # Ok::<(), Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from Hessian",
    note = "derive it with `#[derive(Java)]`, or wrap a serde type in `dubhe::hessian2::Serde`"
)]
pub trait Decode<'de>: Sized {
    /// Reads one value.
    ///
    /// # Errors
    /// When the message is malformed or holds something else.
    fn decode(d: &mut Decoder<'de>) -> Result<Self, Error>;

    /// Reads a list of values.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    #[inline]
    fn decode_list(d: &mut Decoder<'de>) -> Result<Vec<Self>, Error> {
        if d.realizes() {
            return d.realize_list();
        }
        d.read_list(|d, items| {
            let mut list = items.vec(d)?;
            while items.next(d)? {
                d.make_room(&mut list)?;
                list.push(Self::decode(d)?);
            }
            Ok(list)
        })
    }

    /// Reads a Java array.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    fn decode_array(d: &mut Decoder<'de>) -> Result<Vec<Self>, Error> {
        Self::decode_list(d)
    }
}

/// A type with a counterpart in Java.
///
/// ```
/// # mod dubhe { pub mod hessian2 { pub use dubhe_hessian2::JavaType; } }
/// use std::borrow::Cow;
/// use dubhe::hessian2::JavaType;
///
/// /// An argument of a Java method `find(UserId id)`.
/// struct UserId(i64);
///
/// impl JavaType for UserId {
///     fn descriptor() -> Cow<'static, str> {
///         Cow::Borrowed("Lorg/example/UserId;")
///     }
/// }
///
/// assert_eq!(UserId::class_name(), "org.example.UserId");
/// assert_eq!(Vec::<UserId>::descriptor(), "Ljava/util/List;");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no counterpart in Java",
    note = "derive it with `#[derive(Java)]`, or implement `JavaType`"
)]
pub trait JavaType {
    /// The descriptor of the JVM: `J`, `Ljava/util/List;`, `[I`.
    fn descriptor() -> Cow<'static, str>;

    /// The descriptor of the type where Java needs an object: `Ljava/lang/Long;` for `J`.
    fn boxed_descriptor() -> Cow<'static, str> {
        Self::descriptor()
    }

    /// The descriptor of a list of these: `java.util.List`, or `byte[]` for bytes.
    fn list_descriptor() -> Cow<'static, str> {
        Cow::Borrowed("Ljava/util/List;")
    }

    /// The name as generic calls spell it: `long`, `java.util.List`, `int[]`.
    fn class_name() -> Cow<'static, str> {
        descriptor::class_name(&Self::descriptor())
    }

    /// Adds the type and those that it consists of to the definition of a service, and returns its name
    /// in Java's source, with type arguments: `long`, `java.util.List<java.lang.Long>`, `int[]`.
    fn define(types: &mut TypeDefinitions) -> String {
        types.add_with(canonical_name(&Self::descriptor()), Self::parts)
    }

    /// Does what [`define`](Self::define) does, where Java needs an object: `java.lang.Long` for `long`.
    fn define_boxed(types: &mut TypeDefinitions) -> String {
        let boxed = Self::boxed_descriptor();
        if boxed == Self::descriptor() {
            return Self::define(types);
        }
        types.add(canonical_name(&boxed))
    }

    /// Does what [`define`](Self::define) does, of a list of these.
    fn define_list(types: &mut TypeDefinitions) -> String {
        let list = canonical_name(&Self::list_descriptor());
        if list.ends_with("[]") {
            return types.add_with(list, |types| TypeDefinition {
                items: vec![Self::define(types)],
                ..TypeDefinition::default()
            });
        }
        let items = vec![Self::define_boxed(types)];
        define_generic(types, &list, items)
    }

    /// The parts of the type: the fields of a class or the constants of an enum. None by default.
    fn parts(types: &mut TypeDefinitions) -> TypeDefinition {
        let _ = types;
        TypeDefinition::default()
    }
}

/// The name of a type in Java's source (`Class.getCanonicalName`), where a nested class is behind a dot.
pub(crate) fn canonical_name(descriptor: &str) -> String {
    dubhe_core::descriptor::source_name(descriptor).replace('$', ".")
}

/// Adds a collection or a map with these type arguments to a definition.
pub(crate) fn define_generic(
    types: &mut TypeDefinitions,
    class: &str,
    items: Vec<String>,
) -> String {
    let name = format!("{class}<{}>", items.join(","));
    types.add_with(name, |_| TypeDefinition { items, ..TypeDefinition::default() })
}

/// The arguments of a call, as a tuple: each is written in turn, and all share the encoder's
/// tables.
pub trait Arguments {
    /// The number of them.
    const COUNT: usize;

    /// The descriptors of their types, one after the other, as the dubbo protocol sends them.
    fn descriptors() -> String;

    /// The names of their types, as generic calls spell them.
    fn class_names() -> Vec<Cow<'static, str>>;

    /// Writes them.
    ///
    /// # Errors
    /// Those of an argument.
    fn encode_arguments(&self, e: &mut Encoder) -> Result<(), Error>;
}

/// Arguments that can be read.
pub trait DecodeArguments<'de>: Sized {
    /// Reads them.
    ///
    /// # Errors
    /// Those of an argument.
    fn decode_arguments(d: &mut Decoder<'de>) -> Result<Self, Error>;
}

/// Writes one value as a message of its own.
///
/// # Errors
/// Those of [`Encode::encode`].
pub fn to_bytes<T: Encode + ?Sized>(value: &T) -> Result<bytes::Bytes, Error> {
    let mut e = Encoder::new();
    value.encode(&mut e)?;
    Ok(e.into_buffer().freeze())
}

/// Reads a message that is one value.
///
/// # Errors
/// Those of [`Decode::decode`], and [`Malformed`](crate::ErrorKind::Malformed) when bytes follow.
pub fn from_bytes<'de, T: Decode<'de>>(message: &'de [u8]) -> Result<T, Error> {
    let mut d = Decoder::new(message);
    let value = T::decode(&mut d)?;
    d.end()?;
    Ok(value)
}
