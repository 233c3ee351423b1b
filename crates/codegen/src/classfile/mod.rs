//! Class files (Java Virtual Machine Specification, chapter 4): what they declare, without the code.
//!
//! What says nothing of a type that travels or of a method that is called is passed over: static fields but for constants of an
//! enum, private, static and synthetic methods, constructors, annotations that say nothing of null.
//!
//! Whatever the bytes are, reading does not panic, and takes memory in proportion to them, of which
//! [`weight`](ClassFile::weight) says how much is kept.
//! Signatures stay texts until [`signature`] parses them.

mod annotations;
mod attributes;
mod bytes;
mod kotlin;
mod pool;
pub mod signature;

use std::sync::Arc;

pub use self::annotations::{Annotation, Part, Step, Target, TypeAnnotation, When};
pub use self::attributes::Attributes;
use self::attributes::Of;
use self::bytes::Bytes;
use self::pool::Pool;

/// The major version of the newest Java whose class files are known: Java 26.
pub const NEWEST: u16 = 70;

/// The number of a major version that is not in that of Java: 44 + 26 = 70.
const BEFORE_JAVA: u16 = 44;

/// An error of reading a class file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} (byte {offset}, {part})")]
pub struct Error {
    /// The fault.
    pub what: String,
    /// The byte of the file, from 0.
    pub offset: usize,
    /// The part of the file.
    pub part: &'static str,
}

/// A class or interface, as its class file declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassFile {
    /// The version of the format: 52 is Java 8, 70 is Java 26.
    pub major: u16,
    /// The access flags.
    pub flags: Flags,
    /// The internal name: `org/example/Order$Line`.
    pub name: Arc<str>,
    /// The internal name of its superclass; none for `Object` alone.
    pub superclass: Option<Arc<str>>,
    /// The internal names of the interfaces that it implements or extends.
    pub interfaces: Vec<Arc<str>>,
    /// The fields, in the order of the file, which is that of the source.
    pub fields: Vec<Member>,
    /// The methods, in the order of the file.
    pub methods: Vec<Member>,
    /// The content of its attributes.
    pub attributes: Attributes,
    /// Notes on what was passed over: attributes that are wrong, a version that is newer than known.
    pub notes: Vec<String>,
    /// The bytes of the texts that it shares.
    texts: usize,
}

/// A field or method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The access flags.
    pub flags: Flags,
    /// The name.
    pub name: Arc<str>,
    /// The descriptor: `Ljava/util/List;`, `(IJ)V`.
    pub descriptor: Arc<str>,
    /// The content of its attributes.
    pub attributes: Attributes,
}

/// The access flags of a class, field or method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags(pub u16);

impl Flags {
    /// Returns `true` if the flag `public` is set.
    pub fn is_public(self) -> bool {
        self.0 & 0x0001 != 0
    }

    /// Returns `true` if the flag `private` is set.
    pub fn is_private(self) -> bool {
        self.0 & 0x0002 != 0
    }

    /// Returns `true` if the flag `static` is set.
    pub fn is_static(self) -> bool {
        self.0 & 0x0008 != 0
    }

    /// Returns `true` for a bridge, which only a method can be.
    pub fn is_bridge(self) -> bool {
        self.0 & 0x0040 != 0
    }

    /// Returns `true` if the flag `transient` of a field is set.
    pub fn is_transient(self) -> bool {
        self.0 & 0x0080 != 0
    }

    /// Returns `true` for an interface.
    pub fn is_interface(self) -> bool {
        self.0 & 0x0200 != 0
    }

    /// Returns `true` if the flag `abstract` is set, as for interfaces.
    pub fn is_abstract(self) -> bool {
        self.0 & 0x0400 != 0
    }

    /// Returns `true` for what the compiler made.
    pub fn is_synthetic(self) -> bool {
        self.0 & 0x1000 != 0
    }

    /// Returns `true` for an annotation.
    pub fn is_annotation(self) -> bool {
        self.0 & 0x2000 != 0
    }

    /// Returns `true` for an enum, its constants, and the classes of constants with a body.
    pub fn is_enum(self) -> bool {
        self.0 & 0x4000 != 0
    }

    /// Returns `true` for a module.
    pub fn is_module(self) -> bool {
        self.0 & 0x8000 != 0
    }
}

impl ClassFile {
    /// Reads a class file.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        let bytes = &mut Bytes::new(bytes);
        let magic = bytes.u32()?;
        if magic != 0xCAFE_BABE {
            return Err(
                bytes.error(format!("it begins with {magic:08X}, and class files with CAFEBABE"))
            );
        }
        bytes.u16()?;
        let major = bytes.u16()?;
        let mut notes = Vec::new();
        if major > NEWEST {
            notes.push(format!(
                "version {major} of its format (Java {}) is newer than {NEWEST} (Java {}), the newest one \
                 that is known; what is new in it is passed over",
                major - BEFORE_JAVA,
                NEWEST - BEFORE_JAVA
            ));
        }
        let pool = &Pool::read(bytes)?;
        bytes.part("class");
        let flags = Flags(bytes.u16()?);
        let Some(name) = pool.class(bytes)? else {
            return Err(bytes.error("the class has no name"));
        };
        let superclass = pool.class(bytes)?;
        let count = bytes.u16()?;
        let mut interfaces = bytes.room(count, 2);
        for _ in 0..count {
            interfaces.extend(pool.class(bytes)?);
        }
        // A constant of an enum is static.
        let is_kept = |of: Flags, _: &str| !of.is_static() || of.is_enum();
        let mut fields = members(bytes, pool, ("fields", Of::Member), is_kept, &mut notes)?;
        let is_kept = |of: Flags, name: &str| {
            let is_other = of.is_static() || of.is_private() || of.is_synthetic() || of.is_bridge();
            !is_other && !name.starts_with('<')
        };
        // The code of a default method names its parameters.
        let of = if flags.is_interface() { Of::Method } else { Of::Member };
        let mut methods = members(bytes, pool, ("methods", of), is_kept, &mut notes)?;
        bytes.part("attributes");
        let mut attributes = Attributes::read(bytes, pool, Of::Class(&name), &mut notes)?;
        if !bytes.is_empty() {
            return Err(bytes.error("bytes follow behind the end of the class"));
        }
        if let Some(metadata) = attributes.kotlin.take() {
            kotlin::mark(&metadata, &mut fields, &mut methods);
        }
        let texts = pool.decoded();
        Ok(Self {
            major,
            flags,
            name,
            superclass,
            interfaces,
            fields,
            methods,
            attributes,
            notes,
            texts,
        })
    }

    /// The bytes of memory that it takes, nearly.
    pub fn weight(&self) -> usize {
        let members = self.fields.iter().chain(&self.methods);
        let members = members.map(|of| size_of::<Member>() + of.attributes.weight());
        let notes = self.notes.iter().map(|note| size_of::<String>() + note.len());
        size_of::<Self>()
            + self.texts
            + size_of_val(&*self.interfaces)
            + members.sum::<usize>()
            + self.attributes.weight()
            + notes.sum::<usize>()
    }
}

/// Reads fields or methods. The attributes of others are passed over.
fn members(
    bytes: &mut Bytes<'_>,
    pool: &Pool<'_>,
    (part, of): (&'static str, Of<'_>),
    is_kept: impl Fn(Flags, &str) -> bool,
    notes: &mut Vec<String>,
) -> Result<Vec<Member>, Error> {
    bytes.part(part);
    let mut members = Vec::new();
    for _ in 0..bytes.u16()? {
        bytes.part(part);
        let flags = Flags(bytes.u16()?);
        let name = pool.text(bytes)?;
        let descriptor = pool.text(bytes)?;
        if is_kept(flags, &name) {
            let attributes = Attributes::read(bytes, pool, of, notes)?;
            members.push(Member { flags, name, descriptor, attributes });
        } else {
            attributes::skip(bytes)?;
        }
    }
    members.shrink_to_fit();
    Ok(members)
}
