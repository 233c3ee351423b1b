//! Java arrays.

use std::borrow::Cow;
use std::ops::{Deref, DerefMut};

use dubhe_core::definition::{TypeDefinition, TypeDefinitions};

use crate::{Decode, Decoder, Encode, Encoder, Error, JavaType, descriptor};

/// A Java array: `Array<i32>` is `int[]`, `Array<Option<i32>>` is `Integer[]`, `Array<char>` is
/// `char[]`, `Array<Array<i64>>` is `long[][]`. A plain `Vec` is a `java.util.List`.
///
/// ```
/// # mod dubhe { pub mod hessian2 { pub use dubhe_hessian2::{Array, JavaType}; } }
/// use dubhe::hessian2::{Array, JavaType};
///
/// // Arguments of a Java method `sum(int[] numbers, List<Integer> weights)`:
/// let (numbers, weights) = (Array(vec![1, 2, 3]), vec![1, 1, 2]);
/// assert_eq!(Array::<i32>::descriptor(), "[I");
/// assert_eq!(Vec::<i32>::descriptor(), "Ljava/util/List;");
/// assert_eq!(numbers.iter().zip(&weights).map(|(n, w)| n * w).sum::<i32>(), 9);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Array<T>(pub Vec<T>);

impl<T: Encode + JavaType> Encode for Array<T> {
    fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
        T::encode_array(&self.0, &descriptor::array_type(&T::descriptor()), e)
    }
}

impl<'de, T: Decode<'de>> Decode<'de> for Array<T> {
    fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
        T::decode_array(d).map(Self)
    }
}

impl<T: JavaType> JavaType for Array<T> {
    fn descriptor() -> Cow<'static, str> {
        format!("[{}", T::descriptor()).into()
    }

    fn parts(types: &mut TypeDefinitions) -> TypeDefinition {
        TypeDefinition { items: vec![T::define(types)], ..TypeDefinition::default() }
    }
}

impl<T> Default for Array<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> From<Vec<T>> for Array<T> {
    fn from(items: Vec<T>) -> Self {
        Self(items)
    }
}

impl<T> FromIterator<T> for Array<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

impl<T> Deref for Array<T> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}

impl<T> DerefMut for Array<T> {
    fn deref_mut(&mut self) -> &mut Vec<T> {
        &mut self.0
    }
}
