//! Types that travel as what they hold.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

use dubhe_core::definition::{TypeDefinition, TypeDefinitions};

use crate::{Decode, Decoder, Encode, Encoder, Error, JavaType};

macro_rules! transparent {
    ($([$($generics:tt)*] $type:ty => $inner:ident;)*) => {$(
        impl<$($generics)* $inner: Encode + ?Sized> Encode for $type {
            #[inline]
            fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
                (**self).encode(e)
            }

            #[inline]
            fn encode_boxed(&self, e: &mut Encoder) -> Result<(), Error> {
                (**self).encode_boxed(e)
            }

            #[inline]
            fn encode_as(&self, class: &str, e: &mut Encoder) -> Result<(), Error> {
                (**self).encode_as(class, e)
            }
        }

        impl<$($generics)* $inner: JavaType + ?Sized> JavaType for $type {
            fn descriptor() -> Cow<'static, str> {
                $inner::descriptor()
            }

            fn boxed_descriptor() -> Cow<'static, str> {
                $inner::boxed_descriptor()
            }

            fn define(types: &mut TypeDefinitions) -> String {
                $inner::define(types)
            }

            fn define_boxed(types: &mut TypeDefinitions) -> String {
                $inner::define_boxed(types)
            }

            fn parts(types: &mut TypeDefinitions) -> TypeDefinition {
                $inner::parts(types)
            }
        }
    )*};
}

transparent! {
    ['a,] &'a T => T;
    [] Box<T> => T;
    [] Rc<T> => T;
    [] Arc<T> => T;
}

macro_rules! holder {
    ($($type:ident),*) => {$(
        impl<'de, T: Decode<'de>> Decode<'de> for $type<T> {
            #[inline]
            fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
                d.charge_block(size_of::<T>())?;
                T::decode(d).map(Self::new)
            }
        }
    )*};
}

holder!(Box, Rc, Arc);

impl<T: Encode + ToOwned + ?Sized> Encode for Cow<'_, T> {
    #[inline]
    fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
        (**self).encode(e)
    }

    #[inline]
    fn encode_as(&self, class: &str, e: &mut Encoder) -> Result<(), Error> {
        (**self).encode_as(class, e)
    }
}

impl<T: JavaType + ToOwned + ?Sized> JavaType for Cow<'_, T> {
    fn descriptor() -> Cow<'static, str> {
        T::descriptor()
    }

    fn define(types: &mut TypeDefinitions) -> String {
        T::define(types)
    }
}

/// Null, or the value.
impl<T: Encode> Encode for Option<T> {
    #[inline]
    fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
        match self {
            Some(value) => value.encode_boxed(e),
            None => {
                e.write_null();
                Ok(())
            }
        }
    }

    #[inline]
    fn encode_as(&self, class: &str, e: &mut Encoder) -> Result<(), Error> {
        match self {
            Some(value) => value.encode_as(class, e),
            None => self.encode(e),
        }
    }
}

impl<'de, T: Decode<'de>> Decode<'de> for Option<T> {
    #[inline]
    fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
        if d.read_null()? { Ok(None) } else { T::decode(d).map(Some) }
    }
}

impl<T: JavaType> JavaType for Option<T> {
    fn descriptor() -> Cow<'static, str> {
        T::boxed_descriptor()
    }

    fn define(types: &mut TypeDefinitions) -> String {
        T::define_boxed(types)
    }
}
