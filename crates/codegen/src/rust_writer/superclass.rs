//! Superclasses: what a struct has of them.

use std::collections::{BTreeMap, BTreeSet};

use super::rust::Mapper;
use super::shape::{MAX_LOOKS, Shapes, Struct, TOO_MUCH, What, field_type, parent_type};
use crate::model::{Api, Class, Field, Kind, Type};

/// The fields of a struct that are primitive or of `java.lang`, and those of other types, with those of superclasses: 256 of each are
/// what the derive takes, those of `Throwable` among them. The time of a compiler grows with the square of them.
const MAX_FIELDS: usize = 252;
const TOO_WIDE: &str = "it has more fields than a struct takes, 252 of one kind with those of its superclasses, so it is a struct over a \
                        Value";

impl Shapes {
    /// The form of a class that is no collection: its own fields, and the superclass or the fields of it.
    pub(super) fn object(
        &mut self,
        (mapper, circles): (&Mapper<'_>, &BTreeSet<&str>),
        name: &str,
        class: &Class,
    ) -> What {
        let (api, writer) = (mapper.api, mapper.writer);
        let own: Vec<Type> = class.parameters.iter().cloned().map(Type::Variable).collect();
        let known = |ty: &Type| ty.substitute(&class.parameters, &own);
        let fields = class.fields.iter().map(|of| Field { ty: known(&of.ty), ..of.clone() });
        let mut levels: Vec<Vec<Field>> = vec![fields.collect()];
        let mut next = class.superclass.as_ref().map(known);
        let mut seen = BTreeSet::from([name]);
        let mut parent = None;
        let mut exception = class.is_exception;
        while let Some(Type::Class { name: above, arguments }) = next.take() {
            let Some((key, declared)) = api.types.get_key_value(&above) else {
                if !crate::jdk::is_jdk(&above) {
                    self.note(
                        name,
                        format!(
                            "its superclass {above} is not among what was read, so the fields of it are \
                             missing; read its jar as well"
                        ),
                    );
                }
                break;
            };
            let Kind::Class(of) = &declared.kind else { break };
            if !seen.insert(key) || circles.contains(&**key) {
                self.note(name, format!("{above} is above itself, so its fields are left out"));
                break;
            }
            exception |= of.is_exception;
            let whole = Type::Class { name: above.clone(), arguments: arguments.clone() };
            // With type arguments that cannot be carried it has no type, but its other fields do.
            let is_carried = parent_type(mapper, &whole).is_some();
            if !of.is_abstract && !writer.types.contains_key(key) && is_carried {
                parent = Some(whole);
                break;
            }
            let replace = |ty: &Type| ty.substitute(&of.parameters, &arguments);
            let fields =
                of.fields.iter().map(|field| Field { ty: replace(&field.ty), ..field.clone() });
            levels.push(fields.collect());
            next = of.superclass.as_ref().map(replace);
        }
        let inherited = levels.iter().skip(1).map(Vec::len).sum();
        if !self.repeat(inherited) {
            self.note(name, TOO_MUCH);
            return What::Opaque;
        }
        // The last one of each name.
        let mut last: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, field) in levels.iter().rev().flatten().enumerate() {
            if last.insert(&field.name, at).is_some() {
                self.note(
                    &format!("{name}.{}", field.name),
                    "it hides a field of the same name of a class above, whose value is neither read nor written",
                );
            }
        }
        if let Some(parent) = &parent {
            self.hidden(api, name, last.keys().copied().collect(), parent);
        }
        let fields = levels.iter().rev().flatten().enumerate();
        let fields = fields.filter(|(at, field)| last.get(&*field.name) == Some(at));
        let fields: Vec<Field> = fields.map(|(_, field)| field.clone()).collect();
        if self.is_too_wide(mapper, (name, &fields), parent.as_ref()) {
            self.note(name, TOO_WIDE);
            return What::Opaque;
        }
        What::Struct(Struct { parent, fields, exception })
    }

    /// Returns `true` if a struct has more fields than the derive takes, with those of the superclasses.
    fn is_too_wide(
        &mut self,
        mapper: &Mapper<'_>,
        (name, own): (&str, &[Field]),
        parent: Option<&Type>,
    ) -> bool {
        let (mut compound, mut simple) = (0, 0);
        let mut is_over = |name: &str, fields: &[Field]| {
            for rust in fields.iter().filter_map(|of| field_type(mapper, name, of)) {
                if rust.is_simple() {
                    simple += 1;
                } else {
                    compound += 1;
                }
            }
            compound > MAX_FIELDS || simple > MAX_FIELDS
        };
        if is_over(name, own) {
            return true;
        }
        let mut next = parent;
        while let Some(Type::Class { name: above, .. }) = next {
            let Some(Kind::Class(of)) = mapper.api.types.get(above).map(|of| &of.kind) else {
                return false;
            };
            self.looks = self.looks.saturating_add(1 + of.fields.len());
            if self.looks > MAX_LOOKS || is_over(above, &of.fields) {
                return true;
            }
            next = of.superclass.as_ref();
        }
        false
    }

    /// Notes the fields that hide one of a class above that has a struct.
    fn hidden(&mut self, api: &Api, name: &str, fields: BTreeSet<&str>, parent: &Type) {
        let mut next = Some(parent);
        let mut said = BTreeSet::new();
        while let Some(Type::Class { name: above, .. }) = next
            && !fields.is_empty()
        {
            let Some(Kind::Class(of)) = api.types.get(above).map(|of| &of.kind) else { return };
            self.looks = self.looks.saturating_add(1 + of.fields.len());
            if self.looks > MAX_LOOKS {
                return;
            }
            for field in of.fields.iter().filter(|of| fields.contains(&*of.name)) {
                if said.insert(&*field.name) {
                    let text = format!(
                        "it hides the field of {above}: both are written under one name, and Java keeps one of the values for \
                         both; give one of them another name in Java"
                    );
                    self.note(&format!("{name}.{}", field.name), text);
                }
            }
            next = of.superclass.as_ref();
        }
    }
}

/// The classes whose superclasses lead back to them, or to such a class.
pub(super) fn circles(api: &Api) -> BTreeSet<&str> {
    let above = |at: &str| match api.types.get(at).map(|of| &of.kind) {
        Some(Kind::Class(Class { superclass: Some(Type::Class { name, .. }), .. })) => {
            api.types.get_key_value(name).map(|(name, _)| &**name)
        }
        _ => None,
    };
    let (mut circles, mut ending) = (BTreeSet::new(), BTreeSet::new());
    for name in api.types.keys() {
        let (mut way, mut at) = (BTreeSet::new(), Some(&**name));
        while let Some(name) = at.filter(|name| !circles.contains(name) && !ending.contains(name)) {
            if !way.insert(name) {
                break;
            }
            at = above(name);
        }
        match at {
            Some(at) if !ending.contains(at) => circles.extend(way),
            _ => ending.extend(way),
        }
    }
    circles
}
