//! Annotations, as far as they say something of null.

use std::sync::Arc;

use super::Error;
use super::bytes::Bytes;
use super::kotlin::Metadata;
use super::pool::Pool;

/// Levels of annotations and arrays within the values of an annotation that are read.
const DEPTH: usize = 32;

/// Annotations of types, and of parameters, that one declaration may have of those that are kept.
const MOST: usize = 1_024;

/// The simple names of the annotations that are kept, since they say something of null; all others are passed over. Every
/// tool has its own, so that they go by these names alone.
const KEPT: [&str; 23] = [
    "CheckForNull",
    "EverythingIsNonnullByDefault",
    "FieldsAreNonnullByDefault",
    "NonNull",
    "NonNullApi",
    "NonNullByDefault",
    "NonNullDecl",
    "NonNullFields",
    "Nonnull",
    "NotBlank",
    "NotEmpty",
    "NotNull",
    "NullMarked",
    "NullUnmarked",
    "Nullable",
    "NullableDecl",
    "ParametersAreNonnullByDefault",
    "ParametersAreNullableByDefault",
    "PossiblyNull",
    "RecentlyNonNull",
    "RecentlyNullable",
    "ReturnTypesAreNonnullByDefault",
    "ReturnValuesAreNonnullByDefault",
];

/// An annotation that says something of null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// The name of its type without packages and outer classes: `Nullable`.
    pub name: &'static str,
    /// The constant that its element `when` has, of JSR-305.
    pub when: When,
}

/// A constant of `javax.annotation.meta.When`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum When {
    /// `ALWAYS`, or no such element.
    #[default]
    Always,
    /// `MAYBE`.
    Maybe,
    /// `NEVER`.
    Never,
    /// `UNKNOWN`, or any other one.
    Unknown,
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

/// An annotation as it is read.
enum Read {
    /// An annotation that is kept.
    Null(Annotation),
    /// `java.lang.Deprecated`.
    Deprecated,
    /// `kotlin.Metadata`.
    Kotlin(Metadata),
    /// Any other one.
    Other,
}

impl Read {
    fn next(bytes: &mut Bytes<'_>, pool: &Pool<'_>, depth: usize) -> Result<Self, Error> {
        let descriptor = pool.text(bytes)?;
        let mut when = When::Always;
        let mut kotlin = (&*descriptor == "Lkotlin/Metadata;").then(Metadata::default);
        for _ in 0..bytes.u16()? {
            let name = pool.text(bytes)?;
            if let Some(Metadata { d1, d2 }) = &mut kotlin
                && let Some(texts) = [("d1", d1), ("d2", d2)].into_iter().find(|of| of.0 == &*name)
            {
                *texts.1 = strings(bytes, pool)?;
                continue;
            }
            let constant = value(bytes, pool, depth)?;
            if &*name == "when"
                && let Some(constant) = constant
            {
                when = match &*constant {
                    "ALWAYS" => When::Always,
                    "MAYBE" => When::Maybe,
                    "NEVER" => When::Never,
                    _ => When::Unknown,
                };
            }
        }
        if &*descriptor == "Ljava/lang/Deprecated;" {
            return Ok(Self::Deprecated);
        }
        if let Some(kotlin) = kotlin {
            return Ok(Self::Kotlin(kotlin));
        }
        let name = descriptor.trim_end_matches(';').rsplit(['/', '$']).next().unwrap_or_default();
        let kept = KEPT.into_iter().find(|kept| *kept == name);
        Ok(kept.map_or(Self::Other, |name| Self::Null(Annotation { name, when })))
    }
}

/// Reads the value of an element that is a list of texts.
fn strings(bytes: &mut Bytes<'_>, pool: &Pool<'_>) -> Result<Vec<Arc<str>>, Error> {
    if bytes.u8()? != b'[' {
        return Err(bytes.error("a list of texts is expected"));
    }
    let count = bytes.u16()?;
    let mut texts = bytes.room(count, 3);
    for _ in 0..count {
        if bytes.u8()? != b's' {
            return Err(bytes.error("a text is expected"));
        }
        texts.push(pool.text(bytes)?);
    }
    Ok(texts)
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
            Read::next(bytes, pool, depth)?;
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

/// Annotations of a declaration.
#[derive(Default)]
pub(super) struct List {
    /// The annotations that are kept, each once.
    pub(super) annotations: Vec<Annotation>,
    pub(super) is_deprecated: bool,
    /// The metadata of Kotlin.
    pub(super) kotlin: Option<Metadata>,
}

/// Reads the annotations of a declaration.
pub(super) fn list(bytes: &mut Bytes<'_>, pool: &Pool<'_>) -> Result<List, Error> {
    let mut list = List::default();
    for _ in 0..bytes.u16()? {
        match Read::next(bytes, pool, DEPTH)? {
            Read::Null(one) if !list.annotations.contains(&one) => list.annotations.push(one),
            Read::Deprecated => list.is_deprecated = true,
            Read::Kotlin(kotlin) => list.kotlin = Some(kotlin),
            Read::Null(_) | Read::Other => {}
        }
    }
    Ok(list)
}

/// Adds the annotations of each parameter.
pub(super) fn parameters(
    bytes: &mut Bytes<'_>,
    pool: &Pool<'_>,
    all: &mut Vec<(u8, Annotation)>,
) -> Result<(), Error> {
    for parameter in 0..bytes.u8()? {
        let found = list(bytes, pool)?.annotations;
        if all.len() + found.len() > MOST {
            return Err(
                bytes.error(format!("parameters have more than {MOST} annotations of null"))
            );
        }
        all.extend(found.into_iter().map(|one| (parameter, one)));
    }
    Ok(())
}

/// Adds the annotations of types; those of the types of fields, results and parameters are kept.
pub(super) fn types(
    bytes: &mut Bytes<'_>,
    pool: &Pool<'_>,
    all: &mut Vec<TypeAnnotation>,
) -> Result<(), Error> {
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
        if let (Read::Null(annotation), Some(part)) = (Read::next(bytes, pool, DEPTH)?, part) {
            if all.len() == MOST {
                return Err(bytes.error(format!("types have more than {MOST} annotations of null")));
            }
            all.push(TypeAnnotation { target: Target { part, path }, annotation });
        }
    }
    Ok(())
}
