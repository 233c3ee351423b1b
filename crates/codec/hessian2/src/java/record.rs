//! Types that are an object with a fixed set of fields.

use crate::Error;
pub(super) use crate::derive::present as optional;

/// The value of a field that must be there.
pub(super) fn required<T>(slot: Option<T>, class: &str, field: &str) -> Result<T, Error> {
    slot.ok_or_else(|| Error::missing_field(class, field))
}

/// A handle class of hessian-lite, by its name in the package of the general ones.
macro_rules! handle {
    ($name:literal) => {
        concat!("com.alibaba.com.caucho.hessian.io.", $name)
    };
}

/// Declares a struct with its Java type, the class it travels as, and the wire's fields in the
/// order in which Java writes them: all `required`, or `optional` where null will do.
macro_rules! record {
    (
        $(#[$attribute:meta])*
        $name:ident($java:literal, $class:expr) {
            $($(#[$field_attribute:meta])* $field:ident: $type:ty,)*
        }
        wire($presence:ident) { $($index:literal $part:ident $wire:literal,)* }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name {
            $($(#[$field_attribute])* pub $field: $type,)*
        }

        const _: () = {
            static CLASS: $crate::Class = $crate::Class::new($class, &[$($wire),*]);

            impl $crate::Encode for $name {
                fn encode(&self, e: &mut $crate::Encoder) -> Result<(), $crate::Error> {
                    e.write_object(&CLASS, |e| {
                        $($crate::Encode::encode(&self.$part, e)?;)*
                        Ok(())
                    })
                }
            }

            impl<'de> $crate::Decode<'de> for $name {
                fn decode(d: &mut $crate::Decoder<'de>) -> Result<Self, $crate::Error> {
                    let start = d.position();
                    if let Some(value) = $crate::java::realize::realize(d)? {
                        return Ok(value);
                    }
                    $(let mut $part = None;)*
                    d.read_object(&CLASS, |d, field| {
                        match field {
                            $($index => $part = Some($crate::Decode::decode(d)?),)*
                            _ => d.skip_value()?,
                        }
                        Ok(())
                    })?;
                    Ok(Self {
                        $($part: $crate::java::record::$presence($part, $java, $wire)
                            .map_err(|e| e.at(start))?,)*
                    })
                }
            }
        };

        java_type!($name, $java);
    };
}

/// Gives a type the descriptor of a Java class.
macro_rules! java_type {
    ($name:ident, $java:literal) => {
        impl $crate::JavaType for $name {
            fn descriptor() -> std::borrow::Cow<'static, str> {
                $crate::descriptor::of_class($java).into()
            }

            fn class_name() -> std::borrow::Cow<'static, str> {
                std::borrow::Cow::Borrowed($java)
            }
        }
    };
}
