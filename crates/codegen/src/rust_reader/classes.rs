//! Structs and enums: classes, exceptions, enums.

use std::collections::HashMap;

use syn::visit_mut::{self, VisitMut};
use syn::{
    Fields, ImplItem, Item, ItemEnum, ItemImpl, ItemMacro, ItemStruct, LitStr, Type as Rust,
};

use super::attributes::{self, JavaOptions, derives, segments};
use super::said;
use super::scope::{Found, ItemId};
use super::types::{Problem, Site, Types, constant};
use crate::Api;
use crate::model::{self, Constant, Declared, Field, Kind, Type};
use crate::names::{java_of_constant, java_of_snake};

/// The superclass of exceptions, unless a field is flattened.
pub(super) const EXCEPTION: &str = "java.lang.Exception";

/// Adds the classes of all structs and enums.
pub(super) fn read(types: &Types<'_>, api: &mut Api) {
    for (id, item) in types.program.items() {
        let read = match item {
            Item::Struct(item) => read_struct(types, id, item, api),
            Item::Enum(item) => read_enum(types, id, item),
            Item::Macro(item) => {
                note_macro(types, id, item, api);
                continue;
            }
            _ => continue,
        };
        match read {
            Ok(Some(declared)) => add(api, declared),
            Ok(None) => {}
            Err(Problem { at, text }) => api.note(at, text),
        }
    }
}

fn add(api: &mut Api, declared: Declared) {
    match api.types.get(&declared.name) {
        Some(known) if known.kind != declared.kind => {
            let text = format!(
                "another type of these sources has other fields for this class; that of {} is used",
                known.source
            );
            api.note(format!("{} in {}", declared.name, declared.source), text);
        }
        Some(_) => {}
        None => drop(api.types.insert(declared.name.clone(), declared)),
    }
}

/// The options of a type that has one of the derives, or the note of one without a class.
fn options(
    types: &Types<'_>,
    id: ItemId,
    attributes: &[syn::Attribute],
    name: &syn::Ident,
) -> Result<bool, Problem> {
    if types.classes.contains_key(&id) {
        return Ok(true);
    }
    let error = match JavaOptions::read(attributes) {
        Err(error) => error.to_string(),
        Ok(_) => "no #[java(class = \"..\")]".to_owned(),
    };
    let is_derived = derives(attributes).iter().any(|path| {
        let last = match types.program.resolve(id.module, &segments(path)) {
            Found::External(path) => path.last().cloned(),
            _ => None,
        };
        matches!(last.as_deref(), Some("Java" | "JavaException"))
    });
    if is_derived {
        return Err(types.problem(id.module, name, format!("`{name}` is left out: {error}")));
    }
    Ok(false)
}

fn declared(
    types: &Types<'_>,
    id: ItemId,
    attributes: &[syn::Attribute],
    name: String,
    kind: Kind,
) -> Declared {
    Declared {
        name,
        source: types.program.module(id.module).map_or_else(String::new, |own| own.file.clone()),
        doc: attributes::doc(attributes),
        deprecated: attributes::is_deprecated(attributes),
        kind,
    }
}

fn read_struct<'a>(
    types: &Types<'a>,
    id: ItemId,
    item: &'a ItemStruct,
    api: &mut Api,
) -> Result<Option<Declared>, Problem> {
    if !options(types, id, &item.attrs, &item.ident)? {
        return Ok(None);
    }
    let Some(own) = types.classes.get(&id) else { return Ok(None) };
    if let Some(number) = constant(&item.generics) {
        let text =
            format!("`{}` is left out: Java's classes have no parameters for numbers", item.ident);
        return Err(types.problem(id.module, number, text));
    }
    let mut class = model::Class {
        parameters: item.generics.type_params().map(|own| own.ident.to_string()).collect(),
        is_exception: own.is_exception,
        superclass: own.is_exception.then(|| Type::class(EXCEPTION)),
        ..model::Class::default()
    };
    let site = Site::with_parameters(id.module, &item.generics);
    if let Fields::Unnamed(fields) = &item.fields {
        let mut types_held = fields.unnamed.iter().map(|field| types.java(&field.ty, &site));
        let held = match (types_held.next(), types_held.next()) {
            (Some(Ok(held)), None) => Some(held.ty),
            _ => None,
        };
        if let Some(of) = held.as_ref().and_then(collection) {
            let said = fields.unnamed.first().and_then(|field| attributes::doc(&field.attrs));
            let said = said.filter(|_| types.is_generated).and_then(|doc| said::field(&doc, &of));
            class.superclass = Some(said.unwrap_or(of));
            let kind = Kind::Class(class);
            return Ok(Some(declared(types, id, &item.attrs, own.name.clone(), kind)));
        }
        if held != Some(Type::object()) {
            let text =
                format!("`{}` is left out: the fields of a Java class have names", item.ident);
            return Err(types.problem(id.module, &item.ident, text));
        }
        if !types.is_generated {
            let text = format!(
                "`{}` holds a `Value`: the fields of {} are not known here, write them by hand",
                item.ident, own.name
            );
            api.note(types.at(id.module, &item.ident), text);
        }
    }
    for field in &item.fields {
        let Some(ident) = &field.ident else { continue };
        if let Err(Problem { at, text }) = read_field(types, &site, field, &mut class) {
            api.note(at, format!("`{}.{ident}` is left out: {text}", item.ident));
        }
    }
    let kind = Kind::Class(class);
    Ok(Some(declared(types, id, &item.attrs, own.name.clone(), kind)))
}

/// The class that a tuple struct over a collection or map extends.
fn collection(held: &Type) -> Option<Type> {
    let Type::Class { name, arguments } = held else { return None };
    let class = match &**name {
        "java.util.List" => "java.util.ArrayList",
        "java.util.Set" => "java.util.HashSet",
        "java.util.Map" => "java.util.HashMap",
        _ => return None,
    };
    Some(Type::Class { name: class.to_owned(), arguments: arguments.clone() })
}

fn read_field<'a>(
    types: &Types<'a>,
    site: &Site<'a>,
    field: &'a syn::Field,
    class: &mut model::Class,
) -> Result<(), Problem> {
    const OF_THROWABLE: [&str; 4] = ["message", "cause", "stack", "suppressed"];
    let options = JavaOptions::read(&field.attrs)
        .map_err(|error| types.problem(site.module, field, error.to_string()))?;
    let is_part = class.is_exception && OF_THROWABLE.iter().any(|part| options.has(part));
    if options.has("skip") || is_part {
        return Ok(());
    }
    let mapped = types.java(&field.ty, site)?;
    if options.has("flatten") {
        class.superclass = Some(mapped.ty);
        return Ok(());
    }
    let Some(ident) = &field.ident else { return Ok(()) };
    let doc = attributes::doc(&field.attrs);
    let said = doc.as_deref().filter(|_| types.is_generated);
    let said = said.and_then(|doc| said::field(doc, &mapped.ty));
    class.fields.push(Field {
        name: options.name.unwrap_or_else(|| java_of_snake(&ident.to_string())),
        ty: said.unwrap_or(mapped.ty),
        null: mapped.null,
        doc,
        deprecated: attributes::is_deprecated(&field.attrs),
    });
    Ok(())
}

fn read_enum(types: &Types<'_>, id: ItemId, item: &ItemEnum) -> Result<Option<Declared>, Problem> {
    if !options(types, id, &item.attrs, &item.ident)? {
        return Ok(None);
    }
    let Some(own) = types.classes.get(&id) else { return Ok(None) };
    let mut constants = Vec::new();
    for variant in &item.variants {
        let options = JavaOptions::read(&variant.attrs)
            .map_err(|error| types.problem(id.module, variant, error.to_string()))?;
        if options.has("other") {
            continue;
        }
        if !matches!(variant.fields, Fields::Unit) {
            // A superclass: see `hierarchy`.
            return Ok(None);
        }
        constants.push(Constant {
            name: options.name.unwrap_or_else(|| java_of_constant(&variant.ident.to_string())),
            doc: attributes::doc(&variant.attrs),
            deprecated: attributes::is_deprecated(&variant.attrs),
        });
    }
    let kind = Kind::Enum(model::Enum { constants });
    Ok(Some(declared(types, id, &item.attrs, own.name.clone(), kind)))
}

/// The declaration of an enum whose variants hold a class each.
pub(super) fn superclass(types: &Types<'_>, id: ItemId, item: &ItemEnum) -> Option<Declared> {
    let own = types.classes.get(&id)?;
    let class = model::Class {
        parameters: item.generics.type_params().map(|own| own.ident.to_string()).collect(),
        superclass: own.is_exception.then(|| Type::class(EXCEPTION)),
        is_abstract: true,
        is_interface: attributes::doc(&item.attrs).is_some_and(|doc| said::is_interface(&doc)),
        is_exception: own.is_exception,
        ..model::Class::default()
    };
    Some(declared(types, id, &item.attrs, own.name.clone(), Kind::Class(class)))
}

/// A note of a macro that writes types or traits of Java.
fn note_macro(types: &Types<'_>, id: ItemId, item: &ItemMacro, api: &mut Api) {
    let name = segments(&item.mac.path).last().cloned().unwrap_or_default();
    if name == "macro_rules" || !writes_java(types, &name, &item.mac.tokens.to_string()) {
        return;
    }
    let text = format!(
        "what the macro `{name}!` writes is left out: these types are not read; write them without a macro"
    );
    api.note(types.at(id.module, &item.mac.path), text);
}

fn writes_java(types: &Types<'_>, name: &str, tokens: &str) -> bool {
    let speaks = |tokens: &str| {
        let words = tokens.split(|c: char| !c.is_alphanumeric() && c != '_');
        words
            .into_iter()
            .any(|word| matches!(word, "Java" | "JavaException" | "JavaType" | "interface"))
    };
    speaks(tokens)
        || types.program.items().any(|(_, item)| match item {
            Item::Macro(item) if item.mac.path.is_ident("macro_rules") => {
                item.ident.as_ref().is_some_and(|own| own == name)
                    && speaks(&item.mac.tokens.to_string())
            }
            _ => false,
        })
}

/// Types whose `impl JavaType` is in the sources and gives its descriptor as a text, or is that of another type.
pub(super) fn by_hand(types: &Types<'_>) -> HashMap<ItemId, Type> {
    let mut found = HashMap::new();
    for (id, item) in types.program.items() {
        let Item::Impl(item) = item else { continue };
        let is_java_type = item.trait_.as_ref().is_some_and(|(path, _)| {
            path.segments.last().is_some_and(|last| last.ident == "JavaType")
        });
        let Rust::Path(own) = &*item.self_ty else { continue };
        if is_java_type
            && let Some(own) = types.item_at(id.module, &own.path)
            && let Some(ty) = descriptor(item)
        {
            found.insert(own, ty);
        }
    }
    found
}

/// The type of the one descriptor in `fn descriptor()`.
fn descriptor(item: &ItemImpl) -> Option<Type> {
    struct Texts(Vec<LitStr>, bool);

    impl VisitMut for Texts {
        fn visit_lit_str_mut(&mut self, text: &mut LitStr) {
            self.0.push(text.clone());
        }

        fn visit_expr_path_mut(&mut self, path: &mut syn::ExprPath) {
            let names = segments(&path.path);
            self.1 |= names.ends_with(&["Value".to_owned(), "descriptor".to_owned()]);
            visit_mut::visit_expr_path_mut(self, path);
        }
    }

    let function = item.items.iter().find_map(|item| match item {
        ImplItem::Fn(function) if function.sig.ident == "descriptor" => Some(function),
        _ => None,
    })?;
    let mut texts = Texts(Vec::new(), false);
    texts.visit_block_mut(&mut function.block.clone());
    match texts {
        Texts(texts, true) if texts.is_empty() => Some(Type::object()),
        Texts(texts, false) => match texts.as_slice() {
            [one] => of_descriptor(&one.value()),
            _ => None,
        },
        Texts(..) => None,
    }
}

/// `Lorg/example/User;` and `[[J`; no primitive type has its codec written by hand.
fn of_descriptor(text: &str) -> Option<Type> {
    if let Some(element) = text.strip_prefix('[') {
        return of_descriptor(element).map(|of| Type::Array(Box::new(of)));
    }
    let name = text.strip_prefix('L')?.strip_suffix(';')?;
    (!name.is_empty()).then(|| Type::class(name.replace('/', ".")))
}
