//! Attributes of classes, fields, methods and their code.

use std::sync::Arc;

use super::annotations::{self, Annotation, Step, TypeAnnotation};
use super::bytes::Bytes;
use super::kotlin::Metadata;
use super::pool::Pool;
use super::{Error, Flags};

/// Notes on attributes of one class that are kept.
const NOTES: usize = 16;

/// Exceptions of a `throws` clause.
const MOST_EXCEPTIONS: u16 = 1_024;

/// Local variables of a method that are kept.
const VARIABLES_OF_A_METHOD: usize = 256;

/// The content of the attributes of a declaration, of those that are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// The generic signature, not parsed.
    pub signature: Option<Arc<str>>,
    /// `true` if it has `@Deprecated`.
    pub deprecated: bool,
    /// The annotations that say something of null, whether they are visible at run time or not.
    pub annotations: Vec<Annotation>,
    /// The annotations of the type of a field, or of the types of results and parameters.
    pub type_annotations: Vec<TypeAnnotation>,
    /// The annotations of the parameters of a method, each with the place of its parameter.
    pub parameter_annotations: Vec<(u8, Annotation)>,
    /// The names of the parameters of a method.
    pub parameter_names: Vec<Option<Arc<str>>>,
    /// The places of local variables that are set when a method begins, with their names.
    pub variables: Vec<(u8, Arc<str>)>,
    /// The internal names of the exceptions of a `throws` clause.
    pub exceptions: Vec<Arc<str>>,
    /// The access flags that the source gives a class which is nested in another one.
    pub nested: Option<Flags>,
    /// `true` for a record.
    pub is_record: bool,
    /// `true` for a class within a method.
    pub is_local: bool,
    /// `true` if the signature is there and cannot be read.
    pub lost_signature: bool,
    /// The metadata of Kotlin, until its members are marked.
    pub(super) kotlin: Option<Metadata>,
}

/// The declaration that attributes belong to.
#[derive(Clone, Copy)]
pub(super) enum Of<'a> {
    /// The class or interface of this internal name.
    Class(&'a str),
    /// A field, or a method whose code says nothing of its parameters.
    Member,
    /// A method whose code names its parameters.
    Method,
}

impl Attributes {
    /// Reads the attributes that come next. One that is wrong is passed over with a note, as a JVM does
    /// with those that it needs not.
    pub(super) fn read(
        bytes: &mut Bytes<'_>,
        pool: &Pool<'_>,
        of: Of<'_>,
        notes: &mut Vec<String>,
    ) -> Result<Self, Error> {
        let mut attributes = Self::default();
        attributes.list(bytes, pool, of, notes)?;
        Ok(attributes)
    }

    /// The bytes that it takes beside itself.
    pub(super) fn weight(&self) -> usize {
        let paths = self.type_annotations.iter().map(|one| one.target.path.capacity());
        size_of_val(&*self.annotations)
            + size_of_val(&*self.type_annotations)
            + paths.sum::<usize>() * size_of::<Step>()
            + size_of_val(&*self.parameter_annotations)
            + size_of_val(&*self.parameter_names)
            + size_of_val(&*self.variables)
            + size_of_val(&*self.exceptions)
    }

    fn list(
        &mut self,
        bytes: &mut Bytes<'_>,
        pool: &Pool<'_>,
        of: Of<'_>,
        notes: &mut Vec<String>,
    ) -> Result<(), Error> {
        for _ in 0..bytes.u16()? {
            let name = pool.text(bytes)?;
            let len = bytes.u32()?;
            let part = part(&name);
            let len = usize::try_from(len).unwrap_or(usize::MAX);
            let mut body = bytes.sub(len, part.unwrap_or("attributes"))?;
            let Some(part) = part else { continue };
            if let Err(error) = self.attribute(part, &mut body, pool, of, notes) {
                self.lost_signature |= part == SIGNATURE;
                match notes.len() {
                    NOTES => notes.push("further attributes are wrong and passed over".to_owned()),
                    len if len < NOTES => {
                        notes.push(format!("{error}; this attribute is passed over"));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn attribute(
        &mut self,
        name: &'static str,
        bytes: &mut Bytes<'_>,
        pool: &Pool<'_>,
        of: Of<'_>,
        notes: &mut Vec<String>,
    ) -> Result<(), Error> {
        match name {
            SIGNATURE => self.signature = Some(pool.text(bytes)?),
            DEPRECATED => self.deprecated = true,
            VISIBLE | INVISIBLE => {
                let list = annotations::list(bytes, pool)?;
                self.deprecated |= list.is_deprecated;
                self.kotlin = self.kotlin.take().or(list.kotlin);
                for one in list.annotations {
                    if !self.annotations.contains(&one) {
                        self.annotations.push(one);
                    }
                }
            }
            VISIBLE_TYPES | INVISIBLE_TYPES => {
                annotations::types(bytes, pool, &mut self.type_annotations)?;
            }
            VISIBLE_PARAMETERS | INVISIBLE_PARAMETERS => {
                annotations::parameters(bytes, pool, &mut self.parameter_annotations)?;
            }
            METHOD_PARAMETERS => {
                self.parameter_names.clear();
                for _ in 0..bytes.u8()? {
                    let before = *bytes;
                    let named = bytes.u16()? != 0;
                    let name = if named { Some(pool.text(&mut before.clone())?) } else { None };
                    self.parameter_names.push(name);
                    bytes.u16()?;
                }
            }
            EXCEPTIONS => self.exceptions = classes(bytes, pool)?,
            ENCLOSING => self.is_local = true,
            INNER_CLASSES => {
                for _ in 0..bytes.u16()? {
                    let Some(inner) = pool.class(bytes)? else {
                        return Err(bytes.error("a nested class has no name"));
                    };
                    pool.class(bytes)?;
                    bytes.u16()?;
                    let flags = Flags(bytes.u16()?);
                    if matches!(of, Of::Class(name) if *inner == *name) {
                        self.nested.get_or_insert(flags);
                    }
                }
            }
            RECORD => {
                self.is_record = true;
                for _ in 0..bytes.u16()? {
                    bytes.take(4)?;
                    // What is said of a component is said of its field as well.
                    skip(bytes)?;
                }
            }
            CODE if !matches!(of, Of::Method) => return Ok(()),
            CODE => {
                bytes.take(4)?;
                let len = bytes.u32()?;
                bytes.take(usize::try_from(len).unwrap_or(usize::MAX))?;
                let handlers = bytes.u16()?;
                bytes.take(usize::from(handlers).saturating_mul(8))?;
                let mut inside = Self::default();
                inside.list(bytes, pool, Of::Method, notes)?;
                self.variables = inside.variables;
            }
            VARIABLES => {
                for _ in 0..bytes.u16()? {
                    let start = bytes.u16()?;
                    bytes.u16()?;
                    let name = pool.text(bytes)?;
                    bytes.u16()?;
                    let place = bytes.u16()?;
                    // JVMS 4.3.3: parameters end at place 255.
                    if let (0, Ok(place)) = (start, u8::try_from(place))
                        && self.variables.len() < VARIABLES_OF_A_METHOD
                    {
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
const ENCLOSING: &str = "attribute EnclosingMethod";
const INNER_CLASSES: &str = "attribute InnerClasses";
const RECORD: &str = "attribute Record";
const CODE: &str = "attribute Code";
const VARIABLES: &str = "attribute LocalVariableTable";

const READ: [&str; 15] = [
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

/// Passes over the attributes that come next.
pub(super) fn skip(bytes: &mut Bytes<'_>) -> Result<(), Error> {
    for _ in 0..bytes.u16()? {
        bytes.u16()?;
        let len = bytes.u32()?;
        bytes.take(usize::try_from(len).unwrap_or(usize::MAX))?;
    }
    Ok(())
}

fn classes(bytes: &mut Bytes<'_>, pool: &Pool<'_>) -> Result<Vec<Arc<str>>, Error> {
    let count = bytes.u16()?;
    if count > MOST_EXCEPTIONS {
        return Err(bytes.error(format!("it has more than {MOST_EXCEPTIONS} classes")));
    }
    let mut list = bytes.room(count, 2);
    for _ in 0..count {
        list.extend(pool.class(bytes)?);
    }
    Ok(list)
}
