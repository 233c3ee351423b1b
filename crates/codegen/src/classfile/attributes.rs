//! Attributes of classes, fields, methods and their code.

use std::sync::Arc;

use super::annotations::{self, Annotation, TypeAnnotation};
use super::bytes::Bytes;
use super::pool::Pool;
use super::{Error, Flags, InnerClass};

/// Notes on attributes of one class that are kept.
const NOTES: usize = 16;

/// The content of the attributes of a declaration, of those that are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// The generic signature, not parsed.
    pub signature: Option<Arc<str>>,
    /// `true` if it has `@Deprecated`.
    pub deprecated: bool,
    /// The annotations, whether they are visible at run time or not.
    pub annotations: Vec<Annotation>,
    /// The annotations of the type of a field, or of the types of results and parameters.
    pub type_annotations: Vec<TypeAnnotation>,
    /// The annotations of each parameter of a method.
    pub parameter_annotations: Vec<Vec<Annotation>>,
    /// The names of the parameters of a method.
    pub parameter_names: Vec<Option<Arc<str>>>,
    /// The places of local variables that are set when a method begins, with their names.
    pub variables: Vec<(u16, Arc<str>)>,
    /// The internal names of the exceptions of a `throws` clause.
    pub exceptions: Vec<Arc<str>>,
    /// The classes that are nested in a class, or that it is nested in.
    pub inner_classes: Vec<InnerClass>,
    /// The names of the components of a record.
    pub record: Option<Vec<Arc<str>>>,
    /// The internal names of the subclasses that a sealed class permits.
    pub permitted: Vec<Arc<str>>,
    /// `true` for a class within a method.
    pub is_local: bool,
}

impl Attributes {
    /// Reads the attributes that come next. One that is wrong is passed over with a note, as a JVM does
    /// with those that it needs not.
    pub(super) fn read(
        bytes: &mut Bytes<'_>,
        pool: &Pool<'_>,
        notes: &mut Vec<String>,
    ) -> Result<Self, Error> {
        let mut attributes = Self::default();
        attributes.list(bytes, pool, notes)?;
        Ok(attributes)
    }

    fn list(
        &mut self,
        bytes: &mut Bytes<'_>,
        pool: &Pool<'_>,
        notes: &mut Vec<String>,
    ) -> Result<(), Error> {
        for _ in 0..bytes.u16()? {
            let name = pool.text(bytes)?;
            let len = bytes.u32()?;
            let part = part(&name);
            let len = usize::try_from(len).unwrap_or(usize::MAX);
            let mut body = bytes.sub(len, part.unwrap_or("attributes"))?;
            let Some(part) = part else { continue };
            if let Err(error) = self.attribute(part, &mut body, pool, notes)
                && notes.len() < NOTES
            {
                notes.push(format!("{error}; this attribute is passed over"));
            }
        }
        Ok(())
    }

    fn attribute(
        &mut self,
        name: &'static str,
        bytes: &mut Bytes<'_>,
        pool: &Pool<'_>,
        notes: &mut Vec<String>,
    ) -> Result<(), Error> {
        match name {
            SIGNATURE => self.signature = Some(pool.text(bytes)?),
            DEPRECATED => self.deprecated = true,
            VISIBLE | INVISIBLE => {
                let list = annotations::list(bytes, pool)?;
                let deprecated = |of: &Annotation| &*of.descriptor == "Ljava/lang/Deprecated;";
                self.deprecated |= list.iter().any(deprecated);
                self.annotations.extend(list);
            }
            VISIBLE_TYPES | INVISIBLE_TYPES => {
                self.type_annotations.extend(annotations::types(bytes, pool)?);
            }
            VISIBLE_PARAMETERS | INVISIBLE_PARAMETERS => {
                for (at, list) in annotations::parameters(bytes, pool)?.into_iter().enumerate() {
                    match self.parameter_annotations.get_mut(at) {
                        Some(known) => known.extend(list),
                        None => self.parameter_annotations.push(list),
                    }
                }
            }
            METHOD_PARAMETERS => {
                for _ in 0..bytes.u8()? {
                    let before = *bytes;
                    let named = bytes.u16()? != 0;
                    let name = if named { Some(pool.text(&mut before.clone())?) } else { None };
                    self.parameter_names.push(name);
                    bytes.u16()?;
                }
            }
            EXCEPTIONS => self.exceptions = classes(bytes, pool)?,
            PERMITTED => self.permitted = classes(bytes, pool)?,
            ENCLOSING => self.is_local = true,
            INNER_CLASSES => {
                let count = bytes.u16()?;
                let mut list = bytes.room(count, 8);
                for _ in 0..count {
                    let Some(inner) = pool.class(bytes)? else {
                        return Err(bytes.error("a nested class has no name"));
                    };
                    let outer = pool.class(bytes)?;
                    let before = *bytes;
                    let is_anonymous = bytes.u16()? == 0;
                    if !is_anonymous {
                        pool.text(&mut before.clone())?;
                    }
                    list.push(InnerClass {
                        inner,
                        outer,
                        is_anonymous,
                        flags: Flags(bytes.u16()?),
                    });
                }
                self.inner_classes = list;
            }
            RECORD => {
                let count = bytes.u16()?;
                let mut components = bytes.room(count, 6);
                for _ in 0..count {
                    components.push(pool.text(bytes)?);
                    bytes.u16()?;
                    // What is said of a component is said of its field as well.
                    for _ in 0..bytes.u16()? {
                        bytes.u16()?;
                        let len = bytes.u32()?;
                        bytes.take(usize::try_from(len).unwrap_or(usize::MAX))?;
                    }
                }
                self.record = Some(components);
            }
            CODE => {
                bytes.take(4)?;
                let len = bytes.u32()?;
                bytes.take(usize::try_from(len).unwrap_or(usize::MAX))?;
                let handlers = bytes.u16()?;
                bytes.take(usize::from(handlers).saturating_mul(8))?;
                let mut inside = Self::default();
                inside.list(bytes, pool, notes)?;
                self.variables = inside.variables;
            }
            VARIABLES => {
                for _ in 0..bytes.u16()? {
                    let start = bytes.u16()?;
                    bytes.u16()?;
                    let name = pool.text(bytes)?;
                    bytes.u16()?;
                    let place = bytes.u16()?;
                    if start == 0 {
                        self.variables.push((place, name));
                    }
                }
            }
            _ => {}
        }
        if !bytes.is_empty() && name != DEPRECATED && name != ENCLOSING {
            return Err(bytes.error("it is longer than what it has"));
        }
        Ok(())
    }
}

const SIGNATURE: &str = "attribute Signature";
const DEPRECATED: &str = "attribute Deprecated";
const VISIBLE: &str = "attribute RuntimeVisibleAnnotations";
const INVISIBLE: &str = "attribute RuntimeInvisibleAnnotations";
const VISIBLE_TYPES: &str = "attribute RuntimeVisibleTypeAnnotations";
const INVISIBLE_TYPES: &str = "attribute RuntimeInvisibleTypeAnnotations";
const VISIBLE_PARAMETERS: &str = "attribute RuntimeVisibleParameterAnnotations";
const INVISIBLE_PARAMETERS: &str = "attribute RuntimeInvisibleParameterAnnotations";
const METHOD_PARAMETERS: &str = "attribute MethodParameters";
const EXCEPTIONS: &str = "attribute Exceptions";
const PERMITTED: &str = "attribute PermittedSubclasses";
const ENCLOSING: &str = "attribute EnclosingMethod";
const INNER_CLASSES: &str = "attribute InnerClasses";
const RECORD: &str = "attribute Record";
const CODE: &str = "attribute Code";
const VARIABLES: &str = "attribute LocalVariableTable";

const READ: [&str; 16] = [
    SIGNATURE,
    DEPRECATED,
    VISIBLE,
    INVISIBLE,
    VISIBLE_TYPES,
    INVISIBLE_TYPES,
    VISIBLE_PARAMETERS,
    INVISIBLE_PARAMETERS,
    METHOD_PARAMETERS,
    EXCEPTIONS,
    PERMITTED,
    ENCLOSING,
    INNER_CLASSES,
    RECORD,
    CODE,
    VARIABLES,
];

/// The name of an attribute that is read, for errors.
fn part(name: &str) -> Option<&'static str> {
    READ.into_iter().find(|read| read.strip_prefix("attribute ") == Some(name))
}

fn classes(bytes: &mut Bytes<'_>, pool: &Pool<'_>) -> Result<Vec<Arc<str>>, Error> {
    let count = bytes.u16()?;
    let mut list = bytes.room(count, 2);
    for _ in 0..count {
        list.extend(pool.class(bytes)?);
    }
    Ok(list)
}
