//! Classes and exceptions.

use super::members::{self, Member};
use super::names::{RENAME, fault, simple};
use super::unit::Unit;
use crate::collection;
use crate::model::{Class, Declared, Field, Type};

/// A class, in parts.
pub(super) struct WrittenClass {
    /// `class User implements Serializable`.
    pub(super) declaration: String,
    pub(super) members: Vec<String>,
    /// `true` if compilers say that a field is not certainly serializable.
    pub(super) warns_of_serial: bool,
}

/// The classes that `equals`, `hashCode` and `toString` name.
const USED: [&str; 4] =
    ["java.util.Objects", "java.util.Arrays", "java.lang.Float", "java.lang.Double"];

/// The field of each class that says its version.
const SERIAL: &str = "serialVersionUID";

/// Types of fields that are no `Serializable`, though their objects are.
const NOT_SERIALIZABLE: &[&str] = &[
    "java.lang.CharSequence",
    "java.lang.Comparable",
    "java.lang.Iterable",
    "java.lang.Object",
    "java.util.Collection",
    "java.util.Deque",
    "java.util.List",
    "java.util.Map",
    "java.util.NavigableMap",
    "java.util.NavigableSet",
    "java.util.Optional",
    "java.util.Queue",
    "java.util.Set",
    "java.util.SortedMap",
    "java.util.SortedSet",
    "java.util.concurrent.ConcurrentMap",
];

/// The interfaces of a class: those that list it; `Serializable` alone if none does and `is_first`.
fn interfaces(unit: &mut Unit<'_, '_>, name: &str, is_first: bool) -> Vec<String> {
    let context = unit.context;
    let listing = context.api.types.keys().filter(|of| {
        !context.refused.contains(*of)
            && context.class(of).is_some_and(|of| {
                of.is_interface && of.subclasses.iter().any(|below| below == name)
            })
    });
    let mut found: Vec<String> = listing.map(|of| unit.imports.class(of)).collect();
    if found.is_empty() && is_first {
        found.push(unit.imports.class("java.io.Serializable"));
    }
    found
}

/// Writes a class without its nested classes.
pub(super) fn write(unit: &mut Unit<'_, '_>, declared: &Declared, class: &Class) -> WrittenClass {
    let name = simple(&declared.name);
    if class.is_interface {
        let all = interfaces(unit, &declared.name, true);
        let declaration = format!("interface {name} extends {}", all.join(", "));
        return WrittenClass { declaration, members: Vec::new(), warns_of_serial: false };
    }
    let fields = fields(unit, declared, class);
    let kept: Vec<&Field> = fields.iter().map(|member| member.field).collect();
    let above = class.superclass.as_ref().map(|above| match above {
        // A wildcard is no superclass.
        Type::Class { name, arguments } if arguments.is_empty() => unit.imports.class(name),
        other => unit.imports.ty(other),
    });
    let mut declaration =
        String::from(if class.is_abstract { "abstract class " } else { "class " });
    declaration += name;
    if !class.parameters.is_empty() {
        declaration += &format!("<{}>", class.parameters.join(", "));
    }
    let interfaces = interfaces(unit, &declared.name, above.is_none());
    if let Some(above) = above {
        declaration += &format!(" extends {above}");
    }
    if !interfaces.is_empty() {
        declaration += &format!(" implements {}", interfaces.join(", "));
    }
    let mut texts = vec![format!("    private static final long {SERIAL} = 1L;\n")];
    texts.extend(members::fields(unit, &kept));
    let visible = if class.is_abstract { "protected" } else { "public" };
    texts.push(format!("    {visible} {name}() {{\n    }}\n"));
    if class.is_exception {
        let string = unit.imports.class("java.lang.String");
        texts.push(format!(
            "    {visible} {name}({string} message) {{\n        super(message);\n    }}\n"
        ));
    }
    texts.extend(members::accessors(unit, &fields));
    if !class.is_exception && collection::of(unit.context.api, class).is_none() {
        texts.extend(members::of_objects(unit, declared, class, &kept));
    }
    let warns_of_serial = kept.iter().any(|field| match &field.ty {
        Type::Variable(_) => true,
        Type::Class { name, .. } => NOT_SERIALIZABLE.contains(&name.as_str()),
        _ => false,
    });
    WrittenClass { declaration, members: texts, warns_of_serial }
}

/// The fields that Java can have.
fn fields<'c>(unit: &mut Unit<'_, '_>, declared: &Declared, class: &'c Class) -> Vec<Member<'c>> {
    let members = members::members(unit.context, class);
    let mut kept: Vec<Member<'c>> = Vec::new();
    for member in members {
        let field = member.field;
        let rename = |why: String| why + RENAME;
        let why = fault(&field.name)
            .map(rename)
            .or_else(|| {
                let refused = unit.context.refused_in(&field.ty)?;
                Some(format!("it needs {refused}, which is left out"))
            })
            .or_else(|| {
                let is_twice = kept.iter().any(|own| own.field.name == field.name);
                let is_javas = field.name == SERIAL;
                is_twice
                    .then(|| "a field before it has this name".to_owned())
                    .or_else(|| is_javas.then(|| format!("`{SERIAL}` is Java's own")))
                    .or_else(|| {
                        let is_hidden =
                            field.name == "java" && USED.iter().any(|of| unit.imports.hides(of));
                        is_hidden.then(|| {
                            "it hides the packages of the classes that `equals` needs".to_owned()
                        })
                    })
                    .map(rename)
            });
        match why {
            Some(why) => {
                let at = format!("{}.{}", declared.name, field.name);
                unit.written.note(at, format!("the field is left out: {why}"));
            }
            None => kept.push(member),
        }
    }
    kept
}
