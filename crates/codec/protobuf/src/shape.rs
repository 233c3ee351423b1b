//! The memory that a message in binary takes once it is decoded, charged before that.
//!
//! `prost` has no hook for what it allocates, and two bytes on the wire may become a struct of any size:
//! an empty message in a repeated field. So what is long is looked through once, by the shapes of the
//! messages, which `dubhe-build` generates beside them.

pub mod required;

use std::collections::{BTreeMap, HashMap};

use crate::types::{self, FieldMask, ListValue, Struct, Value, value};
use dubhe_core::memory::{BLOCK, Budget, MemoryLimit, OverBudget};

use required::Required;

/// The depth to which `prost` decodes.
const MAX_DEPTH: u8 = 100;
/// Messages of less than this part of [`MemoryLimit::most`] are not looked at: they are within it unless
/// an element takes more than 4 KiB.
const SHORT: usize = 2048;

/// A message with a shape by which its memory is charged before it is decoded from binary.
///
/// `dubhe-build` implements it. For a `prost` message of your own, `impl MessageShape for Mine {}`
/// charges nothing.
///
/// ```
/// # mod dubhe { pub mod protobuf { pub use dubhe_protobuf::MessageShape; } }
/// use dubhe::protobuf::MessageShape;
///
/// #[derive(Clone, PartialEq, prost::Message)]
/// struct Point {
///     #[prost(int32, tag = "1")]
///     x: i32,
/// }
///
/// // Of a message of your own without repeated fields and messages in it:
/// impl MessageShape for Point {}
/// assert!(Point::shape().is_none());
/// ```
pub trait MessageShape {
    /// The shape; `None` if nothing in it grows with the bytes of the message but their copies.
    fn shape() -> Option<&'static Shape> {
        None
    }

    /// The required fields; `None` if neither it nor a message in it has any.
    fn required() -> Option<&'static Required> {
        None
    }
}

/// The fields of a message that allocate.
#[derive(Debug)]
pub struct Shape {
    /// The fields.
    pub fields: &'static [Field],
}

/// A field that allocates, or that has such fields.
#[derive(Debug)]
pub struct Field {
    number: u32,
    /// The bytes of an element with the room that a growing list has beside it; 0 for what is in place.
    element: usize,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Message(fn() -> Option<&'static Shape>),
    Entry(fn() -> Option<&'static Shape>),
    Text,
    Varints,
    /// Numbers of a fixed width; packed ones have twice their bytes with the room beside them.
    Fixed,
}

/// A list that grows by doubling has room for twice its elements.
const fn grown<T>() -> usize {
    2 * size_of::<T>()
}

const fn none() -> Option<&'static Shape> {
    None
}

/// A repeated message.
pub const fn many<P, M: MessageShape>(number: u32, _: fn(&P) -> &Vec<M>) -> Field {
    Field { number, element: grown::<M>(), kind: Kind::Message(M::shape) }
}

/// A message in place.
pub const fn one<P, M: MessageShape>(number: u32, _: fn(&P) -> &Option<M>) -> Field {
    Field { number, element: 0, kind: Kind::Message(M::shape) }
}

/// A message in place that is always there.
pub const fn required<P, M: MessageShape>(number: u32, _: fn(&P) -> &M) -> Field {
    Field { number, element: 0, kind: Kind::Message(M::shape) }
}

/// A message in a box.
pub const fn boxed<P, M: MessageShape>(number: u32, _: fn(&P) -> &Option<Box<M>>) -> Field {
    Field { number, element: size_of::<M>() + BLOCK, kind: Kind::Message(M::shape) }
}

/// A message that is one of several.
pub const fn one_of<M: MessageShape, E>(number: u32, _: fn(M) -> E) -> Field {
    Field { number, element: 0, kind: Kind::Message(M::shape) }
}

/// A message that is one of several, in a box.
pub const fn boxed_one_of<M: MessageShape, E>(number: u32, _: fn(Box<M>) -> E) -> Field {
    Field { number, element: size_of::<M>() + BLOCK, kind: Kind::Message(M::shape) }
}

/// Repeated strings or bytes.
pub const fn texts<P, T>(number: u32, _: fn(&P) -> &Vec<T>) -> Field {
    Field { number, element: grown::<T>(), kind: Kind::Text }
}

/// Repeated numbers, enums or booleans of a variable width.
pub const fn varints<P, T>(number: u32, _: fn(&P) -> &Vec<T>) -> Field {
    Field { number, element: grown::<T>(), kind: Kind::Varints }
}

/// Repeated numbers of a fixed width.
pub const fn fixed<P, T>(number: u32, _: fn(&P) -> &Vec<T>) -> Field {
    Field { number, element: grown::<T>(), kind: Kind::Fixed }
}

/// A map of anything but messages.
pub const fn map<P, K, V>(number: u32, _: fn(&P) -> &HashMap<K, V>) -> Field {
    Field { number, element: grown::<(K, V)>(), kind: Kind::Entry(none) }
}

/// A map of messages.
pub const fn map_of_messages<P, K, V: MessageShape>(
    number: u32,
    _: fn(&P) -> &HashMap<K, V>,
) -> Field {
    Field { number, element: grown::<(K, V)>(), kind: Kind::Entry(V::shape) }
}

/// The same of a map that is sorted.
const fn sorted_map_of_messages<P, K, V: MessageShape>(
    number: u32,
    _: fn(&P) -> &BTreeMap<K, V>,
) -> Field {
    Field { number, element: grown::<(K, V)>(), kind: Kind::Entry(V::shape) }
}

/// Charges the memory that `T` takes once it is decoded from `bytes` to the most that `limit` allows.
/// Its factor does not count: a struct with many fields of which few are set is many times its bytes.
///
/// # Errors
/// When it is more.
#[inline]
pub(crate) fn check<T: MessageShape>(bytes: &[u8], limit: MemoryLimit) -> Result<(), OverBudget> {
    if bytes.len() < limit.most() / SHORT {
        return Ok(());
    }
    match T::shape() {
        None => Ok(()),
        Some(shape) => charge_all(bytes, shape, limit.with_factor(u16::MAX).budget(bytes.len())),
    }
}

fn charge_all(bytes: &[u8], shape: &Shape, mut budget: Budget) -> Result<(), OverBudget> {
    match Wire(bytes).charge(Some(shape), &mut budget, 0, None) {
        Err(Stop::OverBudget) => Err(OverBudget),
        // That is for the decoder to say, which stops there too.
        Ok(()) | Err(Stop::Malformed) => Ok(()),
    }
}

/// The reason to look no further.
enum Stop {
    OverBudget,
    Malformed,
}

impl From<OverBudget> for Stop {
    fn from(_: OverBudget) -> Self {
        Self::OverBudget
    }
}

/// The bytes of a message that are left.
struct Wire<'a>(&'a [u8]);

impl<'a> Wire<'a> {
    /// Charges the fields of a message, to its end or that of the group.
    fn charge(
        &mut self,
        shape: Option<&Shape>,
        budget: &mut Budget,
        depth: u8,
        group: Option<u32>,
    ) -> Result<(), Stop> {
        if depth > MAX_DEPTH {
            return Err(Stop::Malformed);
        }
        while !self.0.is_empty() {
            let (number, wire_type) = self.key()?;
            let field = shape.and_then(|shape| shape.fields.iter().find(|f| f.number == number));
            let element = field.map_or(0, |field| field.element);
            let kind = field.map(|field| &field.kind);
            match wire_type {
                2 => {
                    let mut inner = self.text()?;
                    match kind {
                        // Packed numbers, of which each ends with a byte below 0x80.
                        Some(Kind::Varints) => {
                            let count = inner.0.iter().filter(|byte| **byte < 0x80).count();
                            budget.charge(element.saturating_mul(count))?;
                        }
                        Some(Kind::Fixed) => budget.charge(inner.0.len().saturating_mul(2))?,
                        Some(Kind::Message(shape)) => {
                            budget.charge(element)?;
                            if let Some(shape) = shape() {
                                inner.charge(Some(shape), budget, depth + 1, None)?;
                            }
                        }
                        Some(Kind::Entry(shape)) => {
                            budget.charge(element)?;
                            if let Some(shape) = shape() {
                                inner.charge_entry(shape, budget, depth + 1)?;
                            }
                        }
                        Some(Kind::Text) | None => budget.charge(element)?,
                    }
                }
                3 => {
                    let inner = match kind {
                        Some(Kind::Message(shape)) => shape(),
                        _ => None,
                    };
                    budget.charge(element)?;
                    self.charge(inner, budget, depth + 1, Some(number))?;
                }
                4 if group == Some(number) => return Ok(()),
                _ => {
                    self.skip(wire_type)?;
                    budget.charge(element)?;
                }
            }
        }
        Ok(())
    }

    /// Charges an entry of a map, whose value, in the field 2, is a message of `shape`.
    fn charge_entry(&mut self, shape: &Shape, budget: &mut Budget, depth: u8) -> Result<(), Stop> {
        while !self.0.is_empty() {
            match self.key()? {
                (2, 2) => self.text()?.charge(Some(shape), budget, depth + 1, None)?,
                (_, 2) => _ = self.text()?,
                (_, wire_type) => self.skip(wire_type)?,
            }
        }
        Ok(())
    }

    /// The number of a field and its wire type.
    fn key(&mut self) -> Result<(u32, u64), Stop> {
        let key = self.varint()?;
        Ok((u32::try_from(key >> 3).map_err(|_| Stop::Malformed)?, key & 7))
    }

    /// Skips a number.
    fn skip(&mut self, wire_type: u64) -> Result<(), Stop> {
        match wire_type {
            0 => self.varint().map(drop),
            1 => self.take(8).map(drop),
            5 => self.take(4).map(drop),
            _ => Err(Stop::Malformed),
        }
    }

    /// The bytes of a value: what is behind a length, or in a group, or a number.
    fn value(&mut self, number: u32, wire_type: u64, depth: u8) -> Result<&'a [u8], Stop> {
        let all = self.0;
        let end = match wire_type {
            2 => return Ok(self.text()?.0),
            3 if depth < MAX_DEPTH => loop {
                let end = self.0;
                match self.key()? {
                    (own, 4) if own == number => break end,
                    (inner, wire_type) => self.value(inner, wire_type, depth + 1)?,
                };
            },
            _ => {
                self.skip(wire_type)?;
                self.0
            }
        };
        Ok(all.split_at(all.len() - end.len()).0)
    }

    /// The bytes behind a length.
    fn text(&mut self) -> Result<Self, Stop> {
        let length = usize::try_from(self.varint()?).map_err(|_| Stop::Malformed)?;
        self.take(length).map(Self)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Stop> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Stop::Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn varint(&mut self) -> Result<u64, Stop> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first().ok_or(Stop::Malformed)?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if *byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Stop::Malformed)
    }
}

/// Messages of which nothing is repeated.
macro_rules! plain {
    ($($name:ident)*) => {
        $(impl MessageShape for types::$name {})*
    };
}

plain! {
    Any BoolValue BytesValue DoubleValue Duration Empty FloatValue Int32Value Int64Value StringValue
    Timestamp UInt32Value UInt64Value
}

impl MessageShape for FieldMask {
    fn shape() -> Option<&'static Shape> {
        static SHAPE: Shape = Shape { fields: &[texts(1, |m: &FieldMask| &m.paths)] };
        Some(&SHAPE)
    }
}

impl MessageShape for Struct {
    fn shape() -> Option<&'static Shape> {
        static SHAPE: Shape =
            Shape { fields: &[sorted_map_of_messages(1, |m: &Struct| &m.fields)] };
        Some(&SHAPE)
    }
}

impl MessageShape for ListValue {
    fn shape() -> Option<&'static Shape> {
        static SHAPE: Shape = Shape { fields: &[many(1, |m: &ListValue| &m.values)] };
        Some(&SHAPE)
    }
}

impl MessageShape for Value {
    fn shape() -> Option<&'static Shape> {
        static SHAPE: Shape = Shape {
            fields: &[one_of(5, value::Kind::StructValue), one_of(6, value::Kind::ListValue)],
        };
        Some(&SHAPE)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use prost::Message as _;

    use super::*;

    const MIB: usize = 1 << 20;

    fn nulls(count: usize) -> Vec<u8> {
        ListValue { values: vec![Value::default(); count] }.encode_to_vec()
    }

    #[test]
    fn elements_are_charged_to_the_most_and_one_more_is_refused() {
        let limit = MemoryLimit::new(1, MIB);
        let most = MIB / grown::<Value>();
        assert_eq!(check::<ListValue>(&nulls(most), limit), Ok(()));
        assert_eq!(check::<ListValue>(&nulls(most + 1), limit), Err(OverBudget));
        // Also within other messages, and in maps.
        let list = ListValue { values: vec![Value::default(); most] };
        let inner = Value { kind: Some(value::Kind::ListValue(list)) };
        let outer = ListValue { values: vec![inner.clone()] };
        assert_eq!(check::<ListValue>(&outer.encode_to_vec(), limit), Err(OverBudget));
        let fields = Struct { fields: BTreeMap::from([("key".to_owned(), inner)]) };
        assert_eq!(check::<Struct>(&fields.encode_to_vec(), limit), Err(OverBudget));
        let many = (0..40_000).map(|n| (n.to_string(), Value::default())).collect();
        assert_eq!(
            check::<Struct>(&Struct { fields: many }.encode_to_vec(), limit),
            Err(OverBudget)
        );
    }

    #[test]
    fn what_is_sparse_is_not_refused_for_its_factor() {
        let limit = MemoryLimit::new(1, 64 * MIB);
        assert_eq!(check::<ListValue>(&nulls(100_000), limit), Ok(()));
    }

    #[test]
    fn what_is_malformed_is_left_to_the_decoder() {
        let limit = MemoryLimit::new(1, MIB);
        let deep = (0..2_000).fold(Vec::new(), |mut inner: Vec<u8>, _| {
            let mut outer = vec![0x0a];
            prost::encoding::encode_varint(inner.len() as u64, &mut outer);
            outer.append(&mut inner);
            outer
        });
        let malformed: [&[u8]; 5] =
            [&[0xff; 2_000], &[0x0c; 2_000], &[0x0b; 2_000], &[0x0a, 0xff, 0xff, 3], &deep];
        for bytes in malformed {
            assert_eq!(check::<ListValue>(bytes, limit), Ok(()));
            assert!(ListValue::decode(bytes).is_err());
        }
    }
}
