//! The required fields of proto2, looked for before a message is decoded: `prost` has no place to note
//! that one is missing.

use std::collections::HashMap;
use std::fmt;

use dubhe_core::memory::{Budget, MemoryLimit, OverBudget};

use super::{MAX_DEPTH, MessageShape, Shape, Stop, Wire};
use crate::seen::Seen;

/// The most fields that an error names.
const NAMED: usize = 8;

/// The required fields of a message and of those in it.
#[derive(Debug)]
pub struct Required {
    /// The numbers and names of its own.
    pub fields: &'static [(u32, &'static str)],
    /// The fields whose messages have such fields.
    pub within: &'static [Within],
    /// All fields of the oneofs in which one of them is, each with the number of its oneof.
    pub oneofs: &'static [(u32, i32)],
}

/// A field whose message has required fields.
#[derive(Debug)]
pub struct Within {
    number: u32,
    name: &'static str,
    kind: Kind,
    required: fn() -> Option<&'static Required>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    One,
    Many,
    Entry,
}

impl<T: MessageShape> MessageShape for Box<T> {
    fn shape() -> Option<&'static Shape> {
        T::shape()
    }

    fn required() -> Option<&'static Required> {
        T::required()
    }
}

macro_rules! within {
    ($($name:ident $kind:ident ($($held:tt)*);)*) => {$(
        #[doc = "A field that holds messages with required fields."]
        pub const fn $name<P, M: MessageShape>(
            number: u32,
            name: &'static str,
            _: fn(&P) -> &$($held)*,
        ) -> Within {
            Within { number, name, kind: Kind::$kind, required: M::required }
        }
    )*};
}

within! {
    required One (M);
    one One (Option<M>);
    many Many (Vec<M>);
}

/// A field that holds messages with required fields in a map.
pub const fn map<P, K, M: MessageShape>(
    number: u32,
    name: &'static str,
    _: fn(&P) -> &HashMap<K, M>,
) -> Within {
    Within { number, name, kind: Kind::Entry, required: M::required }
}

/// A field of a oneof that holds a message with required fields.
pub const fn one_of<M: MessageShape, E>(number: u32, name: &'static str, _: fn(M) -> E) -> Within {
    Within { number, name, kind: Kind::One, required: M::required }
}

/// The reason to refuse a message before it is decoded.
#[derive(Debug)]
pub(crate) enum Refused {
    /// Required fields are missing: their names.
    Missing(String),
    OverBudget(OverBudget),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(names) => write!(f, "required fields are missing: {names}"),
            Self::OverBudget(over) => over.fmt(f),
        }
    }
}

impl std::error::Error for Refused {}

/// Looks for the required fields of a message. What is malformed is left to the decoder.
///
/// # Errors
/// When some are missing, or when looking for them would take more memory than `limit` allows; its factor
/// does not count, as for the message itself.
#[inline]
pub(crate) fn check<T: MessageShape>(bytes: &[u8], limit: MemoryLimit) -> Result<(), Refused> {
    T::required().map_or(Ok(()), |required| check_all(bytes, required, limit))
}

fn check_all(bytes: &[u8], required: &Required, limit: MemoryLimit) -> Result<(), Refused> {
    let budget = limit.with_factor(u16::MAX).budget(bytes.len());
    let mut check = Check { missing: Vec::new(), more: false, budget };
    match check.message(&[bytes], required, None, 0) {
        Err(Stop::OverBudget) => return Err(Refused::OverBudget(OverBudget)),
        Err(Stop::Malformed) => return Ok(()),
        Ok(()) => {}
    }
    if check.missing.is_empty() {
        return Ok(());
    }
    let more = if check.more { " and more" } else { "" };
    Err(Refused::Missing(format!("{}{more}", check.missing.join(", "))))
}

struct Check {
    missing: Vec<String>,
    /// A flag: there are more than those.
    more: bool,
    budget: Budget,
}

/// The way to a message.
#[derive(Clone, Copy)]
struct Path<'a> {
    before: Option<&'a Path<'a>>,
    name: &'static str,
    index: Option<usize>,
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(before) = self.before {
            before.fmt(f)?;
        }
        f.write_str(self.name)?;
        if let Some(index) = self.index {
            write!(f, "[{index}]")?;
        }
        f.write_str(".")
    }
}

/// The content of one of the fields of a message.
#[derive(Clone, Default)]
struct Held<'a> {
    /// The parts of a message that is not repeated, which a decoder merges.
    parts: Vec<&'a [u8]>,
    /// The number of messages before.
    count: usize,
}

impl Check {
    /// Looks through a message, which comes in parts, behind `path`.
    fn message(
        &mut self,
        parts: &[&[u8]],
        required: &Required,
        path: Option<&Path<'_>>,
        depth: u8,
    ) -> Result<(), Stop> {
        if depth > MAX_DEPTH {
            return Err(Stop::Malformed);
        }
        let mut seen = Seen::default();
        let mut held = vec![Held::default(); required.within.len()];
        for part in parts {
            let mut wire = Wire(part);
            while !wire.0.is_empty() {
                let (number, wire_type) = wire.key()?;
                let content = wire.value(number, wire_type, 0)?;
                if let Some(index) = (0_u32..).zip(required.fields).find(|(_, f)| f.0 == number) {
                    seen.insert(index.0);
                }
                let within = required.within.iter().zip(&mut held);
                let within = within.filter(|(within, _)| within.number == number);
                for (within, held) in within {
                    let Some(inner) = (within.required)() else { continue };
                    let index = Some(held.count);
                    let path = &Path { before: path, name: within.name, index };
                    match within.kind {
                        Kind::One => {
                            self.budget.charge(2 * size_of::<&[u8]>())?;
                            held.parts.push(content);
                        }
                        Kind::Many => self.message(&[content], inner, Some(path), depth + 1)?,
                        Kind::Entry => self.entry(content, inner, Some(path), depth + 1)?,
                    }
                    held.count += 1;
                }
                // The last field of a oneof takes the place of those before.
                if let Some((_, oneof)) = required.oneofs.iter().find(|(own, _)| *own == number) {
                    for (within, held) in required.within.iter().zip(&mut held) {
                        let own = required.oneofs.contains(&(within.number, *oneof));
                        if own && within.number != number {
                            held.parts.clear();
                        }
                    }
                }
            }
        }
        for (index, (_, name)) in (0_u32..).zip(required.fields) {
            if !seen.contains(index) {
                self.add(path, name);
            }
        }
        for (within, held) in required.within.iter().zip(held) {
            if let Some(inner) = (within.required)().filter(|_| !held.parts.is_empty()) {
                let path = &Path { before: path, name: within.name, index: None };
                self.message(&held.parts, inner, Some(path), depth + 1)?;
            }
        }
        Ok(())
    }

    /// Looks through an entry of a map, whose value, in the field 2, is a message; the default one if
    /// it has none.
    fn entry(
        &mut self,
        entry: &[u8],
        required: &Required,
        path: Option<&Path<'_>>,
        depth: u8,
    ) -> Result<(), Stop> {
        let mut wire = Wire(entry);
        let mut parts = Vec::new();
        while !wire.0.is_empty() {
            let (number, wire_type) = wire.key()?;
            let content = wire.value(number, wire_type, 0)?;
            if number == 2 {
                self.budget.charge(2 * size_of::<&[u8]>())?;
                parts.push(content);
            }
        }
        self.message(&parts, required, path, depth + 1)
    }

    fn add(&mut self, path: Option<&Path<'_>>, name: &str) {
        if self.missing.len() < NAMED {
            let path = path.map(Path::to_string).unwrap_or_default();
            self.missing.push(format!("{path}{name}"));
        } else {
            self.more = true;
        }
    }
}
