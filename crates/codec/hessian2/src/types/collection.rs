//! Lists, sets and maps.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, Hash};

use dubhe_core::definition::TypeDefinitions;

use crate::codec::define_generic;
use crate::{Decode, Decoder, Encode, Encoder, Error, ErrorKind, JavaType};

impl<T: Encode> Encode for [T] {
    #[inline]
    fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
        T::encode_list(self, e)
    }

    #[inline]
    fn encode_as(&self, class: &str, e: &mut Encoder) -> Result<(), Error> {
        T::encode_list_as(self, class, e)
    }
}

impl<T: JavaType> JavaType for [T] {
    fn descriptor() -> Cow<'static, str> {
        T::list_descriptor()
    }

    fn define(types: &mut TypeDefinitions) -> String {
        T::define_list(types)
    }
}

impl<T: Encode> Encode for Vec<T> {
    #[inline]
    fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
        T::encode_list(self, e)
    }

    #[inline]
    fn encode_as(&self, class: &str, e: &mut Encoder) -> Result<(), Error> {
        T::encode_list_as(self, class, e)
    }
}

impl<'de, T: Decode<'de>> Decode<'de> for Vec<T> {
    #[inline]
    fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
        T::decode_list(d)
    }
}

impl<T: JavaType> JavaType for Vec<T> {
    fn descriptor() -> Cow<'static, str> {
        T::list_descriptor()
    }

    fn define(types: &mut TypeDefinitions) -> String {
        T::define_list(types)
    }
}

impl<T: Encode> Encode for VecDeque<T> {
    fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
        e.write_list(self.len(), |e| self.iter().try_for_each(|item| item.encode_boxed(e)))
    }

    fn encode_as(&self, class: &str, e: &mut Encoder) -> Result<(), Error> {
        e.write_typed_list(class, self.len(), |e| {
            self.iter().try_for_each(|item| item.encode_boxed(e))
        })
    }
}

impl<'de, T: Decode<'de>> Decode<'de> for VecDeque<T> {
    fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
        T::decode_list(d).map(Into::into)
    }
}

impl<T: JavaType> JavaType for VecDeque<T> {
    fn descriptor() -> Cow<'static, str> {
        Cow::Borrowed("Ljava/util/List;")
    }

    fn define(types: &mut TypeDefinitions) -> String {
        let items = vec![T::define_boxed(types)];
        define_generic(types, "java.util.List", items)
    }
}

impl<T: Encode, const N: usize> Encode for [T; N] {
    fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
        T::encode_list(self, e)
    }

    #[inline]
    fn encode_as(&self, class: &str, e: &mut Encoder) -> Result<(), Error> {
        T::encode_list_as(self, class, e)
    }
}

impl<'de, T: Decode<'de>, const N: usize> Decode<'de> for [T; N] {
    fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
        let start = d.position();
        T::decode_list(d)?.try_into().map_err(|list: Vec<T>| {
            let detail = format!("expected {N} elements, found {}", list.len());
            Error::new(ErrorKind::Range, detail).at(start)
        })
    }
}

impl<T: JavaType, const N: usize> JavaType for [T; N] {
    fn descriptor() -> Cow<'static, str> {
        T::list_descriptor()
    }

    fn define(types: &mut TypeDefinitions) -> String {
        T::define_list(types)
    }
}

macro_rules! set {
    ($type:ident <T $(, $hasher:ident: $($bound:path),+)?>, $class:literal, |$d:ident, $set:ident| $charge:expr, $($element:path),+) => {
        impl<T: Encode $(, $hasher)?> Encode for $type<T $(, $hasher)?> {
            fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
                self.encode_as($class, e)
            }

            fn encode_as(&self, class: &str, e: &mut Encoder) -> Result<(), Error> {
                e.write_typed_list(class, self.len(), |e| {
                    self.iter().try_for_each(|item| item.encode_boxed(e))
                })
            }
        }

        impl<'de, T: Decode<'de> $(+ $element)+ $(, $hasher: $($bound +)+)?> Decode<'de>
            for $type<T $(, $hasher)?>
        {
            fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
                d.read_list(|d, items| {
                    let mut set = Self::default();
                    while items.next(d)? {
                        let ($d, $set) = (&mut *d, &set);
                        $charge?;
                        set.insert(d.element(T::decode)?);
                    }
                    Ok(set)
                })
            }
        }

        impl<T: JavaType $(, $hasher)?> JavaType for $type<T $(, $hasher)?> {
            fn descriptor() -> Cow<'static, str> {
                Cow::Borrowed("Ljava/util/Set;")
            }

            fn define(types: &mut TypeDefinitions) -> String {
                let items = vec![T::define_boxed(types)];
                define_generic(types, "java.util.Set", items)
            }
        }
    };
}

set!(HashSet<T, S: BuildHasher, Default>, "java.util.HashSet", |d, set| d.charge_set(set), Eq, Hash);
// A TreeSet would ask Java to compare the elements.
set!(BTreeSet<T>, "java.util.LinkedHashSet", |d, set| d.charge_ordered::<T>(set.len()), Ord);

macro_rules! map {
    ($type:ident <K, V $(, $hasher:ident: $($bound:path),+)?>, |$d:ident, $map:ident| $charge:expr, $($key:path),+) => {
        impl<K: Encode, V: Encode $(, $hasher)?> Encode for $type<K, V $(, $hasher)?> {
            fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
                e.write_map(|e| {
                    self.iter().try_for_each(|(key, value)| {
                        key.encode_boxed(e)?;
                        value.encode_boxed(e)
                    })
                })
            }

            fn encode_as(&self, class: &str, e: &mut Encoder) -> Result<(), Error> {
                e.write_typed_map(class, |e| {
                    self.iter().try_for_each(|(key, value)| {
                        key.encode_boxed(e)?;
                        value.encode_boxed(e)
                    })
                })
            }
        }

        impl<'de, K: Decode<'de> $(+ $key)+, V: Decode<'de> $(, $hasher: $($bound +)+)?> Decode<'de>
            for $type<K, V $(, $hasher)?>
        {
            fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
                d.read_map(|d, entries| {
                    let mut map = Self::default();
                    while entries.next(d)? {
                        let ($d, $map) = (&mut *d, &map);
                        $charge?;
                        let key = K::decode(d)?;
                        map.insert(key, d.element(V::decode)?);
                    }
                    Ok(map)
                })
            }
        }

        impl<K: JavaType, V: JavaType $(, $hasher)?> JavaType for $type<K, V $(, $hasher)?> {
            fn descriptor() -> Cow<'static, str> {
                Cow::Borrowed("Ljava/util/Map;")
            }

            fn define(types: &mut TypeDefinitions) -> String {
                let items = vec![K::define_boxed(types), V::define_boxed(types)];
                define_generic(types, "java.util.Map", items)
            }
        }
    };
}

map!(HashMap<K, V, S: BuildHasher, Default>, |d, map| d.charge_map(map), Eq, Hash);
map!(BTreeMap<K, V>, |d, map| d.charge_ordered::<(K, V)>(map.len()), Ord);
