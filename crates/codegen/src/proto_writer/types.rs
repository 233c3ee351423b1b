//! Types of Java as those of protocol buffers.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{self, RENAME};
use crate::collection;
use crate::model::{Class, Constant, Declared, Enum, Field, Kind, Nullness, Primitive, Type};
use crate::{Api, Note};

/// The remedy for a list in a list.
const NESTED: &str = "is within another list or map, which a .proto file does not have: put it into a struct of its own";

/// The deepest nesting of type arguments, and the longest line of superclasses.
const DEPTH: usize = 8;

/// A file in parts.
#[derive(Default)]
pub(super) struct Content {
    /// The paths of imports.
    pub(super) imports: BTreeSet<String>,
    /// The texts of services, in the order of their names.
    pub(super) services: Vec<String>,
    pub(super) messages: BTreeMap<String, Message>,
    pub(super) enums: BTreeMap<String, (Option<String>, Enum)>,
    pub(super) sources: BTreeSet<String>,
}

impl Content {
    /// Returns `true` if all that was to be in it is left out.
    pub(super) fn is_empty(&self) -> bool {
        self.services.is_empty() && self.messages.is_empty() && self.enums.is_empty()
    }
}

/// A message.
#[derive(Default)]
pub(super) struct Message {
    pub(super) doc: Option<String>,
    pub(super) fields: Vec<MessageField>,
    /// `true` if exactly one of its fields is set.
    pub(super) is_choice: bool,
}

/// A field of a message.
pub(super) struct MessageField {
    pub(super) doc: Option<String>,
    pub(super) name: String,
    /// The name in JSON where protocol buffers would make another one.
    pub(super) json: Option<String>,
    pub(super) label: &'static str,
    pub(super) ty: String,
    pub(super) deprecated: bool,
}

/// All files, while types are added.
pub(super) struct Types<'a> {
    api: &'a Api,
    pub(super) files: BTreeMap<String, Content>,
    /// The messages and enums by package and name, with what they stand for.
    known: BTreeMap<(String, String), String>,
    /// All packages, and those around them.
    packages: BTreeSet<String>,
    /// Classes whose messages have no fields yet.
    pending: Vec<(String, String, Type)>,
    pub(super) notes: Vec<Note>,
    /// The names and imports in the order in which they were added.
    taken: Vec<(String, String)>,
    imported: Vec<(String, String)>,
}

/// A state of the files, to which they can be put back.
pub(super) struct Before {
    taken: usize,
    imported: usize,
    pending: usize,
    notes: usize,
}

impl<'a> Types<'a> {
    pub(super) fn new(api: &'a Api) -> Self {
        let mut packages = BTreeSet::new();
        for name in api.types.keys() {
            let mut package = names::package(name);
            while packages.insert(package.to_owned()) {
                package = package.rsplit_once('.').map_or("", |(above, _)| above);
            }
        }
        Self {
            api,
            packages,
            files: BTreeMap::new(),
            known: BTreeMap::new(),
            pending: Vec::new(),
            notes: Vec::new(),
            taken: Vec::new(),
            imported: Vec::new(),
        }
    }

    /// The state before what may fail.
    pub(super) fn before(&self) -> Before {
        Before {
            taken: self.taken.len(),
            imported: self.imported.len(),
            pending: self.pending.len(),
            notes: self.notes.len(),
        }
    }

    /// Takes away what was added since, for what is left out.
    pub(super) fn restore(&mut self, before: &Before) {
        for (package, name) in self.taken.drain(before.taken..) {
            if let Some(content) = self.files.get_mut(&package) {
                content.messages.remove(&name);
                content.enums.remove(&name);
            }
            self.known.remove(&(package, name));
        }
        for (package, path) in self.imported.drain(before.imported..) {
            if let Some(content) = self.files.get_mut(&package) {
                content.imports.remove(&path);
            }
        }
        self.pending.truncate(before.pending);
        self.notes.truncate(before.notes);
    }

    fn add_import(&mut self, package: &str, path: String) {
        if self.file(package).imports.insert(path.clone()) {
            self.imported.push((package.to_owned(), path));
        }
    }

    pub(super) fn note(&mut self, at: impl Into<String>, text: impl Into<String>) {
        self.notes.push(Note { at: at.into(), text: text.into() });
    }

    pub(super) fn file(&mut self, package: &str) -> &mut Content {
        self.files.entry(package.to_owned()).or_default()
    }

    fn class(&self, name: &str) -> Option<&'a Class> {
        match &self.api.types.get(name)?.kind {
            Kind::Class(class) => Some(class),
            _ => None,
        }
    }

    /// Takes a name in a package for something, which is returned again for the same.
    pub(super) fn take(&mut self, package: &str, name: &str, what: &str) -> Result<bool, String> {
        if !names::is_valid(name)
            || !package.split('.').all(|part| part.is_empty() || names::is_valid(part))
        {
            return Err(format!("{package}.{name} is no name in a .proto file{RENAME}"));
        }
        let full = if package.is_empty() { name.to_owned() } else { format!("{package}.{name}") };
        match self.known.get(&(package.to_owned(), name.to_owned())) {
            Some(known) if known == what => Ok(false),
            Some(known) => Err(format!("its name {name} is that of {known}{RENAME}")),
            None if self.packages.contains(&full) => {
                Err(format!("a package is called {full}{RENAME}"))
            }
            None => {
                let key = (package.to_owned(), name.to_owned());
                self.taken.push(key.clone());
                self.known.insert(key, what.to_owned());
                Ok(true)
            }
        }
    }

    /// The message or enum of a class, which is added: its package and name.
    pub(super) fn named(&mut self, ty: &Type) -> Result<(String, String), String> {
        let Type::Class { name, arguments } = ty else { return Err(format!("{ty} is no class")) };
        let Some(declared) = self.api.types.get(name) else {
            return Err(format!(
                "{name} is not among the types: name the sources that have it, too"
            ));
        };
        let (package, mut said) = (names::package(name).to_owned(), names::message(name));
        match &declared.kind {
            Kind::Service(_) => {
                return Err(format!(
                    "{name} is an interface with methods, a callback, which no message holds: return a stream of what it \
                     would be called with"
                ));
            }
            Kind::Class(class) if class.is_exception => {
                return Err(format!(
                    "{name} is an exception, which is no message: take a struct with its fields"
                ));
            }
            Kind::Class(class) if collection::of(self.api, class).is_some() => {
                return Err(format!("{name} is a collection or map: declare one of its elements"));
            }
            Kind::Class(class) if class.parameters.len() != arguments.len() => {
                return Err(format!("{name} needs type arguments"));
            }
            _ => {}
        }
        if !arguments.is_empty() {
            said += "Of";
            let parts: Vec<String> =
                arguments.iter().map(|of| called(of, DEPTH)).collect::<Result<_, _>>()?;
            said += &parts.join("And");
        }
        if self.take(&package, &said, &ty.to_string())? {
            let file = self.file(&package);
            file.sources.insert(declared.source.clone());
            match &declared.kind {
                Kind::Enum(of) => {
                    let constants = match self.constants(&package, &said, &declared.name, of) {
                        Ok(constants) => constants,
                        Err(why) => {
                            self.known.remove(&(package, said));
                            return Err(why);
                        }
                    };
                    let of = Enum { constants };
                    self.file(&package).enums.insert(said.clone(), (declared.doc.clone(), of));
                }
                _ => self.pending.push((package.clone(), said.clone(), ty.clone())),
            }
        }
        Ok((package, said))
    }

    /// The constants of an enum that a file can have. Those of all enums of a package share one scope.
    fn constants(
        &mut self,
        package: &str,
        said: &str,
        at: &str,
        of: &Enum,
    ) -> Result<Vec<Constant>, String> {
        let zero = names::constant(said, names::UNSPECIFIED);
        let mut constants: Vec<Constant> = Vec::new();
        for own in &of.constants {
            let name = names::constant(said, &own.name);
            let why = if !names::is_valid(&name) {
                format!("`{}` is no name in a .proto file", own.name)
            } else if constants.iter().any(|of| of.name == own.name) {
                "a constant before it has this name".to_owned()
            } else {
                constants.push(own.clone());
                continue;
            };
            self.note(
                format!("{at}.{}", own.name),
                format!("the constant is left out: {why}{RENAME}"),
            );
        }
        let taken: BTreeSet<String> =
            constants.iter().map(|of| names::constant(said, &of.name)).chain([zero]).collect();
        for name in taken {
            self.take(package, &name, &format!("a constant of {at}"))?;
        }
        Ok(constants)
    }

    /// Fills the messages, and those that they need.
    pub(super) fn build(&mut self) {
        while let Some((package, name, ty)) = self.pending.pop() {
            let Type::Class { name: class, .. } = &ty else { continue };
            let Some(declared) = self.api.types.get(class) else { continue };
            let message = self.message(&package, declared, &ty);
            self.file(&package).messages.insert(name, message);
        }
    }

    fn message(&mut self, package: &str, declared: &Declared, ty: &Type) -> Message {
        let mut message = Message { doc: declared.doc.clone(), ..Message::default() };
        let (Kind::Class(class), Type::Class { arguments, .. }) = (&declared.kind, ty) else {
            return message;
        };
        let below = self.concrete(class, DEPTH);
        if class.is_abstract && !below.is_empty() {
            message.is_choice = true;
            for name in below {
                let field = Field {
                    name: names::lower(&names::message(&name)),
                    ty: Type::class(&name),
                    null: Nullness::Unknown,
                    doc: None,
                    deprecated: false,
                };
                self.add(package, &declared.name, &mut message, &field);
            }
            return message;
        }
        if !class.subclasses.is_empty() {
            let text = "its message has its own fields; those of subclasses do not travel";
            self.note(&declared.name, text);
        }
        for field in self.flattened(class, arguments, DEPTH) {
            self.add(package, &declared.name, &mut message, &field);
        }
        message
    }

    /// Adds a field, or a note.
    pub(super) fn add(&mut self, package: &str, at: &str, message: &mut Message, field: &Field) {
        match self.field((package, at), field) {
            Ok(made) if message.fields.iter().all(|own| own.name != made.name) => {
                message.fields.push(made);
            }
            Ok(made) => {
                let text =
                    format!("the field is left out: another one is called `{}`{RENAME}", made.name);
                self.note(format!("{at}.{}", field.name), text);
            }
            Err(why) => {
                self.note(format!("{at}.{}", field.name), format!("the field is left out: {why}"));
            }
        }
    }

    pub(super) fn field(
        &mut self,
        (package, at): (&str, &str),
        field: &Field,
    ) -> Result<MessageField, String> {
        let name = names::snake(&field.name);
        if !names::is_valid(&name) {
            return Err(format!("`{}` is no name in a .proto file{RENAME}", field.name));
        }
        let (mut label, ty) = self.proto(package, &field.ty)?;
        let is_boxed = matches!(&field.ty, Type::Class { name, .. } if boxes(name));
        let is_many = !label.is_empty() || ty.starts_with("map<");
        if is_many && field.null == Nullness::Nullable {
            let text = "null is not told from an empty list or map in a .proto file; take the `Option` away, or put it into a \
                        struct of its own";
            self.note(format!("{at}.{}", field.name), text);
        }
        if !is_many && (field.null == Nullness::Nullable || is_boxed) && !self.is_message(&field.ty)
        {
            label = "optional ";
        }
        let json = Some(field.name.clone())
            .filter(|own| *own != names::json(&name) && names::is_valid(own));
        Ok(MessageField {
            doc: field.doc.clone(),
            json,
            name,
            label,
            ty,
            deprecated: field.deprecated,
        })
    }

    /// Returns true for a class of the sources.
    pub(super) fn is_declared(&self, ty: &Type) -> bool {
        matches!(ty, Type::Class { name, .. } if self.class(name).is_some())
    }

    /// Returns true for types whose fields know null by themselves.
    fn is_message(&self, ty: &Type) -> bool {
        self.is_declared(ty) || matches!(ty, Type::Class { name, .. } if well_known(name).is_some())
    }

    /// The label and the type of a field in a package.
    fn proto(&mut self, package: &str, ty: &Type) -> Result<(&'static str, String), String> {
        match ty {
            Type::Array(of) if **of == Type::Primitive(Primitive::Byte) => Ok(("", "bytes".into())),
            Type::Array(of) => Ok(("repeated ", self.single(package, of)?)),
            Type::Class { name, arguments } => match (collection(name), arguments.as_slice()) {
                (Some(1), [of]) => Ok(("repeated ", self.single(package, of)?)),
                (Some(2), [key, value]) => {
                    let key_type = self.single(package, key)?;
                    if !["bool", "int32", "int64", "string"].contains(&key_type.as_str()) {
                        return Err(format!(
                            "{key} is no key of a map in a .proto file: take `String`, an integer or `bool`, or a list of \
                             structs with a key and a value"
                        ));
                    }
                    let value = self.single(package, value)?;
                    Ok(("", format!("map<{key_type}, {value}>")))
                }
                (Some(_), _) => {
                    Err(format!("{ty} does not say what is in it: write its type arguments"))
                }
                (None, _) => Ok(("", self.single(package, ty)?)),
            },
            _ => Ok(("", self.single(package, ty)?)),
        }
    }

    /// A type that is one value.
    fn single(&mut self, package: &str, ty: &Type) -> Result<String, String> {
        match ty {
            Type::Primitive(of) => Ok(primitive(*of).to_owned()),
            Type::Nullable(of) => Err(format!(
                "{of} may be null in a list or map, which has no null there: take the `Option` away, or put the value into \
                 a struct of its own with an `Option`"
            )),
            Type::Array(of) if **of == Type::Primitive(Primitive::Byte) => Ok("bytes".to_owned()),
            Type::Array(_) => Err(format!("{ty} {NESTED}")),
            Type::Class { name, .. } if collection(name).is_some() => Err(format!("{ty} {NESTED}")),
            Type::Class { name, .. } if name == "java.lang.Object" => {
                Err("java.lang.Object may be anything: take a struct or an enum".to_owned())
            }
            Type::Class { name, .. } => {
                if let Some(scalar) = scalar(name) {
                    return Ok(scalar.to_owned());
                }
                if let Some((said, file)) = well_known(name) {
                    return Ok(self.library(package, said, file));
                }
                let (of, said) = self.named(ty)?;
                if of == package {
                    return Ok(said);
                }
                self.import(package, &of)?;
                // From the root: a part of this package may be called as the other begins.
                Ok(if of.is_empty() { format!(".{said}") } else { format!(".{of}.{said}") })
            }
            Type::Variable(name) => {
                Err(format!("{name} may be anything: take a struct or an enum in its place"))
            }
            Type::Void => Err("void is no value".to_owned()),
        }
    }

    /// A type of `google.protobuf`.
    pub(super) fn library(&mut self, package: &str, name: &str, file: &str) -> String {
        self.add_import(package, format!("google/protobuf/{file}.proto"));
        let is_hidden = package.split('.').any(|part| part == "google");
        format!("{}google.protobuf.{name}", if is_hidden { "." } else { "" })
    }

    fn import(&mut self, package: &str, other: &str) -> Result<(), String> {
        let (mut open, mut seen) = (vec![names::file(other)], BTreeSet::new());
        let own = names::file(package);
        while let Some(next) = open.pop() {
            if next == own {
                return Err(format!(
                    "{other} uses {package} already, and files cannot import each other"
                ));
            }
            if seen.insert(next.clone()) {
                let content = self.files.iter().find(|(package, _)| names::file(package) == next);
                open.extend(
                    content.into_iter().flat_map(|(_, content)| content.imports.iter().cloned()),
                );
            }
        }
        self.add_import(package, names::file(other));
        Ok(())
    }

    /// The classes below an abstract one that have objects, sorted.
    fn concrete(&self, class: &Class, left: usize) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        for name in &class.subclasses {
            if let (Some(below), Some(left)) = (self.class(name), left.checked_sub(1)) {
                if !below.is_abstract {
                    all.insert(name.clone());
                }
                all.extend(self.concrete(below, left));
            }
        }
        all
    }

    /// The fields of the superclasses and its own, with arguments in place of type parameters.
    fn flattened(&self, class: &Class, arguments: &[Type], left: usize) -> Vec<Field> {
        let replace = |ty: &Type| replaced(ty, &class.parameters, arguments);
        let mut fields = match (class.superclass.as_ref().map(replace), left.checked_sub(1)) {
            (Some(Type::Class { name, arguments }), Some(left)) => self
                .class(&name)
                .map(|above| self.flattened(above, &arguments, left))
                .unwrap_or_default(),
            _ => Vec::new(),
        };
        // A field hides one of its name above.
        fields.retain(|field| class.fields.iter().all(|own| own.name != field.name));
        fields.extend(class.fields.iter().map(|own| Field { ty: replace(&own.ty), ..own.clone() }));
        fields
    }
}

fn replaced(ty: &Type, parameters: &[String], arguments: &[Type]) -> Type {
    let again = |ty: &Type| replaced(ty, parameters, arguments);
    match ty {
        Type::Variable(name) => {
            let at = parameters.iter().position(|own| own == name);
            at.and_then(|at| arguments.get(at)).unwrap_or(ty).clone()
        }
        Type::Array(of) => Type::Array(Box::new(again(of))),
        Type::Nullable(of) => Type::Nullable(Box::new(again(of))),
        Type::Class { name, arguments } => {
            Type::Class { name: name.clone(), arguments: arguments.iter().map(again).collect() }
        }
        Type::Void | Type::Primitive(_) => ty.clone(),
    }
}

/// A type argument in the name of a message.
fn called(ty: &Type, left: usize) -> Result<String, String> {
    let left = left.checked_sub(1).ok_or("its type arguments are nested too deeply")?;
    Ok(match ty {
        Type::Class { name, arguments } => {
            let parts: Vec<String> =
                arguments.iter().map(|of| called(of, left)).collect::<Result<_, _>>()?;
            let of = if parts.is_empty() { "" } else { "Of" };
            format!("{}{of}{}", names::message(name), parts.join("And"))
        }
        Type::Array(of) => format!("ArrayOf{}", called(of, left)?),
        Type::Nullable(of) => called(of, left)?,
        other => names::upper(&other.to_string()),
    })
}

fn primitive(of: Primitive) -> &'static str {
    match of {
        Primitive::Boolean => "bool",
        Primitive::Byte | Primitive::Short | Primitive::Int => "int32",
        Primitive::Char => "string",
        Primitive::Long => "int64",
        Primitive::Float => "float",
        Primitive::Double => "double",
    }
}

/// Returns true for the class of a primitive type.
fn boxes(class: &str) -> bool {
    matches!(
        class.strip_prefix("java.lang."),
        Some("Boolean" | "Byte" | "Short" | "Character" | "Integer" | "Long" | "Float" | "Double")
    )
}

fn scalar(class: &str) -> Option<&'static str> {
    let (package, name) = class.rsplit_once('.')?;
    Some(match (package, name) {
        ("java.lang", "Boolean") => "bool",
        ("java.lang", "Byte" | "Short" | "Integer") | ("java.time", "Year") => "int32",
        ("java.lang", "Long") => "int64",
        ("java.lang", "Float") => "float",
        ("java.lang", "Double") => "double",
        ("java.lang", "String" | "Character" | "CharSequence")
        | ("java.math", "BigDecimal" | "BigInteger")
        | ("java.util", "UUID" | "Locale" | "Currency")
        | ("java.util.concurrent", "TimeUnit")
        | ("java.sql", "Date" | "Time")
        | (
            "java.time",
            "LocalDate" | "LocalTime" | "LocalDateTime" | "OffsetTime" | "OffsetDateTime"
            | "ZonedDateTime" | "ZoneId" | "ZoneOffset" | "Period" | "YearMonth" | "MonthDay"
            | "Month" | "DayOfWeek",
        ) => "string",
        _ => return None,
    })
}

/// A message of `google.protobuf` and its file.
fn well_known(class: &str) -> Option<(&'static str, &'static str)> {
    match class {
        "java.util.Date" | "java.sql.Timestamp" | "java.time.Instant" => {
            Some(("Timestamp", "timestamp"))
        }
        "java.time.Duration" => Some(("Duration", "duration")),
        _ => None,
    }
}

/// The number of type arguments of a collection.
fn collection(class: &str) -> Option<usize> {
    let name = class.strip_prefix("java.util.").or_else(|| class.strip_prefix("java.lang."))?;
    let name = name.strip_prefix("concurrent.").unwrap_or(name);
    match name {
        "Iterable" => Some(1),
        _ if name.ends_with("Map") => Some(2),
        _ if ["List", "Set", "Collection", "Queue", "Deque"]
            .iter()
            .any(|end| name.ends_with(end))
            && name != "BitSet" =>
        {
            Some(1)
        }
        _ => None,
    }
}
