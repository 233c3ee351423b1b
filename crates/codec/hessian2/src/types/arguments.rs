//! Tuples as the arguments of a call.

use std::borrow::Cow;

use crate::{Arguments, Decode, DecodeArguments, Decoder, Encode, Encoder, Error, JavaType};

macro_rules! count {
    () => { 0 };
    ($first:ident $($rest:ident)*) => { 1 + count!($($rest)*) };
}

macro_rules! arguments {
    ($($name:ident)*) => {
        impl<$($name: Encode + JavaType),*> Arguments for ($($name,)*) {
            const COUNT: usize = count!($($name)*);

            fn descriptors() -> String {
                let each: [Cow<'static, str>; count!($($name)*)] = [$($name::descriptor()),*];
                each.concat()
            }

            fn class_names() -> Vec<Cow<'static, str>> {
                vec![$($name::class_name()),*]
            }

            #[allow(non_snake_case, unused_variables)]
            fn encode_arguments(&self, e: &mut Encoder) -> Result<(), Error> {
                let ($($name,)*) = self;
                $(
                    $name.encode(e)?;
                    e.end_argument();
                )*
                Ok(())
            }
        }

        impl<'de, $($name: Decode<'de>),*> DecodeArguments<'de> for ($($name,)*) {
            #[allow(unused_variables)]
            fn decode_arguments(d: &mut Decoder<'de>) -> Result<Self, Error> {
                Ok(($($name::decode(d.begin_argument())?,)*))
            }
        }
    };
}

macro_rules! each {
    ($($name:ident)*) => {
        each!(@ [] $($name)*);
    };
    (@ [$($done:ident)*]) => {
        arguments!($($done)*);
    };
    (@ [$($done:ident)*] $next:ident $($rest:ident)*) => {
        arguments!($($done)*);
        each!(@ [$($done)* $next] $($rest)*);
    };
}

each!(A B C D E F G H I J K L M N O P);
