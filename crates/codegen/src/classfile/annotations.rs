//! Annotations, as far as they say something of null.

use std::sync::Arc;

use super::Error;
use super::bytes::Bytes;
use super::pool::Pool;

/// Levels of annotations and arrays within the values of an annotation that are read.
const DEPTH: usize = 32;

/// An annotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// The descriptor of its type: `Ljavax/annotation/Nonnull;`.
    pub descriptor: Arc<str>,
    /// The name of the constant that its element `when` has, of JSR-305: `MAYBE`.
    pub when: Option<Arc<str>>,
}

/// An annotation of a type within the declaration of a field or method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeAnnotation {
    /// The part that is annotated.
    pub target: Target,
    /// The annotation.
    pub annotation: Annotation,
}

/// The part of a declaration that a [`TypeAnnotation`] belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The part of the declaration.
    pub part: Part,
    /// The way from the type of that part to the type within it; steps into nested classes are left out.
    pub path: Vec<Step>,
}

/// A step into a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The elements of an array.
    Element,
    /// The bound of a wildcard.
    Bound,
    /// A type argument, from 0.
    Argument(u8),
}

/// A part of the declaration of a field or method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The type of a field, or the result of a method.
    Type,
    /// The type of a parameter, from 0.
    Parameter(u8),
}

impl Annotation {
    /// The name of its type without packages and outer classes.
    pub fn simple_name(&self) -> &str {
        let name = self.descriptor.trim_start_matches('L').trim_end_matches(';');
        name.rsplit(['/', '$']).next().unwrap_or(name)
    }

    fn read(bytes: &mut Bytes<'_>, pool: &Pool<'_>, depth: usize) -> Result<Self, Error> {
        let descriptor = pool.text(bytes)?;
        let mut when = None;
        for _ in 0..bytes.u16()? {
            let name = pool.text(bytes)?;
            let constant = value(bytes, pool, depth)?;
            if &*name == "when" {
                when = constant;
            }
        }
        Ok(Self { descriptor, when })
    }
}

/// Reads the value of an element: the name of a constant of an enum, and none for all others.
fn value(bytes: &mut Bytes<'_>, pool: &Pool<'_>, depth: usize) -> Result<Option<Arc<str>>, Error> {
    let Some(depth) = depth.checked_sub(1) else {
        return Err(bytes.error(format!("its values are nested more than {DEPTH} levels")));
    };
    let tag = bytes.u8()?;
    match tag {
        b'e' => {
            bytes.u16()?;
            return pool.text(bytes).map(Some);
        }
        b'@' => {
            Annotation::read(bytes, pool, depth)?;
        }
        b'[' => {
            for _ in 0..bytes.u16()? {
                value(bytes, pool, depth)?;
            }
        }
        b'B' | b'C' | b'D' | b'F' | b'I' | b'J' | b'S' | b'Z' | b's' | b'c' => {
            bytes.u16()?;
        }
        _ => return Err(bytes.error(format!("{tag} is no tag of a value"))),
    }
    Ok(None)
}

/// Reads the annotations of a declaration.
pub(super) fn list(bytes: &mut Bytes<'_>, pool: &Pool<'_>) -> Result<Vec<Annotation>, Error> {
    let count = bytes.u16()?;
    let mut list = bytes.room(count, 4);
    for _ in 0..count {
        list.push(Annotation::read(bytes, pool, DEPTH)?);
    }
    Ok(list)
}

/// Reads the annotations of each parameter.
pub(super) fn parameters(
    bytes: &mut Bytes<'_>,
    pool: &Pool<'_>,
) -> Result<Vec<Vec<Annotation>>, Error> {
    (0..bytes.u8()?).map(|_| list(bytes, pool)).collect()
}

/// Reads the annotations of types; those of the types of fields, results and parameters are kept.
pub(super) fn types(bytes: &mut Bytes<'_>, pool: &Pool<'_>) -> Result<Vec<TypeAnnotation>, Error> {
    let mut list = Vec::new();
    for _ in 0..bytes.u16()? {
        // JVMS 4.7.20.1
        let kind = bytes.u8()?;
        let part = match kind {
            0x13 | 0x14 => Some(Part::Type),
            0x16 => Some(Part::Parameter(bytes.u8()?)),
            0x00 | 0x01 => bytes.take(1).map(|_| None)?,
            0x10..=0x12 | 0x17 => bytes.take(2).map(|_| None)?,
            0x15 => None,
            _ => return Err(bytes.error(format!("{kind} is no target of an annotation here"))),
        };
        // 4.7.20.2
        let mut path = Vec::new();
        for _ in 0..bytes.u8()? {
            let (kind, argument) = (bytes.u8()?, bytes.u8()?);
            path.extend(match kind {
                0 => Some(Step::Element),
                1 => None,
                2 => Some(Step::Bound),
                3 => Some(Step::Argument(argument)),
                _ => return Err(bytes.error(format!("{kind} is no step into a type"))),
            });
        }
        let annotation = Annotation::read(bytes, pool, DEPTH)?;
        list.extend(part.map(|part| TypeAnnotation { target: Target { part, path }, annotation }));
    }
    Ok(list)
}
