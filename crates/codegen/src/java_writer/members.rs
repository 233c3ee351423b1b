//! Fields, their accessors, and the methods that every object has.

use std::collections::BTreeMap;

use super::Context;
use super::doc;
use super::names::simple;
use super::unit::Unit;
use crate::model::{Class, Declared, Field, Primitive, Type};

/// Accessors that `Throwable` has.
const OF_THROWABLE: &[&str] = &[
    "getCause",
    "getLocalizedMessage",
    "getMessage",
    "getStackTrace",
    "getSuppressed",
    "setStackTrace",
];

/// The longest line of superclasses that is followed.
const DEPTH: usize = 64;

/// A field with its accessors.
pub(super) struct Member<'c> {
    pub(super) field: &'c Field,
    getter: String,
    setter: String,
    /// `true` if a superclass has accessors of these names, for a field that this one hides.
    overrides: bool,
}

/// The fields of a class. Where accessors have the name of others, they have an underscore at their end.
pub(super) fn members<'c>(context: &Context<'_>, class: &'c Class) -> Vec<Member<'c>> {
    let inherited = inherited(context, class, DEPTH);
    own(class, &inherited)
}

fn own<'c>(class: &'c Class, inherited: &BTreeMap<String, Type>) -> Vec<Member<'c>> {
    let mut members: Vec<Member<'c>> = Vec::new();
    for field in &class.fields {
        let (get, mut name) = match field.ty {
            Type::Primitive(Primitive::Boolean) => ("is", property(&field.name)),
            _ => ("get", property(&field.name)),
        };
        let is_free = |name: &str| {
            let (getter, setter) = (format!("{get}{name}"), format!("set{name}"));
            let is_taken = |accessor: &str| {
                accessor == "getClass"
                    || class.is_exception && OF_THROWABLE.contains(&accessor)
                    || members.iter().any(|own| own.getter == accessor || own.setter == accessor)
            };
            let of_other = inherited.get(&getter).is_some_and(|ty| *ty != field.ty);
            !is_taken(&getter) && !is_taken(&setter) && !of_other
        };
        while !is_free(&name) {
            name.push('_');
        }
        let getter = format!("{get}{name}");
        let overrides = inherited.contains_key(&getter);
        members.push(Member { field, getter, setter: format!("set{name}"), overrides });
    }
    members
}

/// The getters of the superclasses, with their types as this class sees them.
fn inherited(context: &Context<'_>, class: &Class, left: usize) -> BTreeMap<String, Type> {
    let Some(Type::Class { name, arguments }) = &class.superclass else { return BTreeMap::new() };
    let (Some(above), Some(left)) = (context.class(name), left.checked_sub(1)) else {
        return BTreeMap::new();
    };
    let further = inherited(context, above, left);
    let own = own(above, &further).into_iter().map(|own| (own.getter, own.field.ty.clone()));
    let all: Vec<(String, Type)> = own.collect();
    further
        .into_iter()
        .chain(all)
        .map(|(getter, ty)| (getter, replaced(&ty, above, arguments)))
        .collect()
}

/// The type with the arguments of a superclass in place of its parameters.
fn replaced(ty: &Type, above: &Class, arguments: &[Type]) -> Type {
    match ty {
        Type::Variable(name) => {
            let at = above.parameters.iter().position(|parameter| parameter == name);
            at.and_then(|at| arguments.get(at)).unwrap_or(ty).clone()
        }
        Type::Array(of) => Type::Array(Box::new(replaced(of, above, arguments))),
        Type::Nullable(of) => replaced(of, above, arguments),
        Type::Class { name, arguments: own } => Type::Class {
            name: name.clone(),
            arguments: own.iter().map(|one| replaced(one, above, arguments)).collect(),
        },
        Type::Void | Type::Primitive(_) => ty.clone(),
    }
}

/// The name of a property as accessors have it: `java.beans.Introspector` reads `getaName` and `getURL` back as the
/// fields `aName` and `URL`.
fn property(field: &str) -> String {
    let mut chars = field.chars();
    let Some(first) = chars.next() else { return String::new() };
    if chars.clone().next().is_some_and(char::is_uppercase) {
        return field.to_owned();
    }
    first.to_uppercase().chain(chars).collect()
}

/// The declarations of fields.
pub(super) fn fields(unit: &mut Unit<'_, '_>, fields: &[&Field]) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    let mut was_documented = false;
    for field in fields {
        let mut text = doc::comment(field.doc.as_deref(), &[], "    ");
        if field.deprecated {
            text += &format!("    {}\n", unit.imports.annotation("Deprecated"));
        }
        let is_documented = !text.is_empty();
        text += &format!("    private {} {};\n", unit.imports.ty(&field.ty), field.name);
        match texts.last_mut() {
            // Fields without comments stand together.
            Some(last) if !is_documented && !was_documented => *last += &text,
            _ => texts.push(text),
        }
        was_documented = is_documented;
    }
    texts
}

/// The getters and setters.
pub(super) fn accessors(unit: &mut Unit<'_, '_>, members: &[Member<'_>]) -> Vec<String> {
    let mut texts = Vec::new();
    for Member { field, getter, setter, overrides } in members {
        let (ty, name) = (unit.imports.ty(&field.ty), &field.name);
        let mut head = String::new();
        if field.deprecated {
            head += &format!("    {}\n", unit.imports.annotation("Deprecated"));
        }
        if *overrides {
            head += &format!("    {}\n", unit.imports.annotation("Override"));
        }
        texts
            .push(format!("{head}    public {ty} {getter}() {{\n        return {name};\n    }}\n"));
        texts.push(format!(
            "{head}    public void {setter}({ty} {name}) {{\n        this.{name} = {name};\n    }}\n"
        ));
    }
    texts
}

/// `equals`, `hashCode` and `toString`.
pub(super) fn of_objects(
    unit: &mut Unit<'_, '_>,
    declared: &Declared,
    class: &Class,
    fields: &[&Field],
) -> Vec<String> {
    let name = simple(&declared.name);
    let has_parent = class.superclass.is_some();
    let objects =
        if fields.is_empty() { String::new() } else { unit.imports.class("java.util.Objects") };
    let (object, string) =
        (unit.imports.class("java.lang.Object"), unit.imports.class("java.lang.String"));
    let overrides = unit.imports.annotation("Override");
    let wildcards = vec!["?"; class.parameters.len()].join(", ");
    let this = if wildcards.is_empty() { name.to_owned() } else { format!("{name}<{wildcards}>") };

    let mut same: Vec<String> = Vec::new();
    if has_parent {
        same.push("super.equals(other)".to_owned());
    }
    same.extend(fields.iter().map(|field| equal(unit, &objects, field)));
    let mut equals = format!(
        "    {overrides}\n    public boolean equals({object} other) {{\n        if (this == other) {{\n            \
         return true;\n        }}\n        if (other == null || getClass() != other.getClass()) {{\n            \
         return false;\n        }}\n"
    );
    if !fields.is_empty() {
        equals += &format!("        {this} that = ({this}) other;\n");
    }
    let same = if same.is_empty() { "true".to_owned() } else { same.join("\n                && ") };
    equals += &format!("        return {same};\n    }}\n");

    let hashed: Vec<String> = fields.iter().map(|field| hashed(unit, field)).collect();
    let own = format!("{objects}.hash({})", hashed.join(", "));
    let hash = match (has_parent, fields.is_empty()) {
        (false, true) => "getClass().hashCode()".to_owned(),
        (true, true) => "super.hashCode()".to_owned(),
        (false, false) => own,
        (true, false) => format!("31 * super.hashCode() + {own}"),
    };
    let hash =
        format!("    {overrides}\n    public int hashCode() {{\n        return {hash};\n    }}\n");

    let mut parts: Vec<String> =
        if has_parent { vec!["super.toString()".to_owned()] } else { Vec::new() };
    let mut before = if has_parent { ", " } else { "" };
    for field in fields {
        let shown = match &field.ty {
            Type::Array(_) => {
                format!("{}.toString({})", unit.imports.class("java.util.Arrays"), field.name)
            }
            _ => field.name.clone(),
        };
        parts.push(format!("\"{before}{}=\" + {shown}", field.name));
        before = ", ";
    }
    let parts: String = parts.iter().map(|part| format!("\n                + {part}")).collect();
    let shown = format!(
        "    {overrides}\n    public {string} toString() {{\n        return \"{name}{{\"{parts}\n                + \
         '}}';\n    }}\n"
    );
    vec![equals, hash, shown]
}

fn equal(unit: &mut Unit<'_, '_>, objects: &str, field: &Field) -> String {
    let (own, name) = (of_this(&field.name), &field.name);
    match &field.ty {
        // Not-a-number equals itself, as in the boxed types.
        Type::Primitive(of @ (Primitive::Float | Primitive::Double)) => {
            let boxed =
                if *of == Primitive::Float { "java.lang.Float" } else { "java.lang.Double" };
            format!("{}.compare({own}, that.{name}) == 0", unit.imports.class(boxed))
        }
        Type::Primitive(_) => format!("{own} == that.{name}"),
        Type::Array(of) => {
            let arrays = unit.imports.class("java.util.Arrays");
            format!(
                "{arrays}.{}({own}, that.{name})",
                if is_deep(of) { "deepEquals" } else { "equals" }
            )
        }
        _ => format!("{objects}.equals({own}, that.{name})"),
    }
}

/// A field as `equals` names it, which has variables of its own.
fn of_this(field: &str) -> String {
    if ["other", "that"].contains(&field) { format!("this.{field}") } else { field.to_owned() }
}

fn hashed(unit: &mut Unit<'_, '_>, field: &Field) -> String {
    match &field.ty {
        Type::Array(of) => {
            let arrays = unit.imports.class("java.util.Arrays");
            format!(
                "{arrays}.{}({})",
                if is_deep(of) { "deepHashCode" } else { "hashCode" },
                field.name
            )
        }
        _ => field.name.clone(),
    }
}

/// Returns true for elements that may be arrays.
fn is_deep(element: &Type) -> bool {
    match element {
        Type::Array(_) | Type::Variable(_) => true,
        Type::Nullable(of) => is_deep(of),
        other => *other == Type::object(),
    }
}
