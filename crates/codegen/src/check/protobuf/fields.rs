//! Changes of messages and their fields.

use std::collections::BTreeMap;

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto};

use super::super::What;
use super::super::effect::Sides;
use super::super::found::Found;
use super::defined::{Defined, is_entry};
use super::{both, plain};

/// The reason for a type that only one side has.
pub(super) const USED: &str = "what uses it is told of there";

/// A field, and what it is in.
#[derive(Clone, Copy)]
struct One<'a> {
    field: &'a FieldDescriptorProto,
    message: &'a DescriptorProto,
    all: &'a Defined,
    /// `true` if numbers are packed that say nothing of it.
    is_packed: bool,
}

impl Found {
    pub(super) fn message(
        &mut self,
        name: &str,
        old: Option<&DescriptorProto>,
        new: Option<&DescriptorProto>,
        (olds, news): (&Defined, &Defined),
    ) {
        // The entries of maps are told of with the map.
        if old.is_some_and(is_entry) || new.is_some_and(is_entry) {
            return;
        }
        let (old, new) = match (old, new) {
            (Some(old), Some(new)) => (old, new),
            (None, _) => {
                let text = "the message is new".to_owned();
                return self.add(name, None, What::ClassAdded, text, Sides::fine(USED));
            }
            (_, None) => {
                let text = "the message is gone".to_owned();
                return self.add(name, None, What::ClassRemoved, text, Sides::fine(USED));
            }
        };
        let one = |all, message, field| One { field, message, all, is_packed: packed(all, name) };
        let by_name = |of: &DescriptorProto| -> BTreeMap<String, FieldDescriptorProto> {
            of.field.iter().map(|field| (field.name().to_owned(), field.clone())).collect()
        };
        let (before, after) = (by_name(old), by_name(new));
        for (field, a, b) in both(&before, &after) {
            match (a, b) {
                (Some(a), Some(b)) => {
                    if a.number() != b.number() {
                        self.renumbered(name, a, b, &after);
                    }
                    self.field(name, one(olds, old, a), one(news, new, b));
                }
                (Some(a), None) => match called(&after, &before, a.number()) {
                    Some(b) => {
                        let text = format!("the field {} is called {} now", a.number(), b.name());
                        let sides = Sides::conditional("names travel in JSON alone");
                        self.add(name, Some(field.clone()), What::FieldRenamed, text, sides);
                        self.field(name, one(olds, old, a), one(news, new, b));
                    }
                    None => self.gone(name, one(olds, old, a), new),
                },
                (None, Some(b)) if called(&before, &after, b.number()).is_none() => {
                    self.come(name, one(news, new, b), old, &before);
                }
                _ => {}
            }
        }
    }

    fn renumbered(
        &mut self,
        message: &str,
        old: &FieldDescriptorProto,
        new: &FieldDescriptorProto,
        after: &BTreeMap<String, FieldDescriptorProto>,
    ) {
        let text = format!("the number changed from {} to {}", old.number(), new.number());
        let other = after.values().find(|of| of.number() == old.number());
        let sides = Sides::incompatible(match other {
            Some(other) => {
                format!("fields travel by number: it is read as the field {}", other.name())
            }
            None => "fields travel by number: its value is not found, and lost".to_owned(),
        });
        self.add(message, Some(new.name().to_owned()), What::NumberChanged, text, sides);
    }

    fn come(
        &mut self,
        message: &str,
        new: One<'_>,
        old: &DescriptorProto,
        before: &BTreeMap<String, FieldDescriptorProto>,
    ) {
        let (name, number) = (new.field.name(), new.field.number());
        let mut text = format!("the field is new: {} = {number}", spelled(new));
        let was_reserved =
            old.reserved_range.iter().any(|of| (of.start()..of.end()).contains(&number));
        let of_before = before.values().find(|of| of.number() == number);
        let sides = if let Some(before) = of_before {
            text = format!("{text}, a number that {} had", before.name());
            Sides::incompatible("fields travel by number: one is read as the other")
        } else if was_reserved || old.reserved_name.iter().any(|of| of == name) {
            text += ", which was reserved";
            Sides::conditional("who knows an older file has another field there")
        } else if new.field.label() == Label::Required {
            // Who was built before never writes it.
            Sides::incompatible(
                "a message without the required field is refused, and they do not write it",
            )
        } else {
            Sides::fine("who does not know the field passes it over")
        };
        self.add(message, Some(name.to_owned()), What::FieldAdded, text, sides);
    }

    fn gone(&mut self, message: &str, old: One<'_>, new: &DescriptorProto) {
        let number = old.field.number();
        let is_reserved =
            new.reserved_range.iter().any(|of| (of.start()..of.end()).contains(&number));
        let kept = if is_reserved { ", reserved now" } else { "" };
        let text = format!("the field is gone: {} = {number}{kept}", spelled(old));
        let sides = match (old.field.label(), is_reserved) {
            (Label::Required, _) => {
                Sides::incompatible("a message without the required field is refused")
            }
            (_, true) => Sides::fine("who does not know the field passes it over"),
            (_, false) => Sides::fine(format!(
                "who does not know the field passes it over; write `reserved {number};`, so that no other field gets its \
                 number"
            )),
        };
        self.add(message, Some(old.field.name().to_owned()), What::FieldRemoved, text, sides);
    }

    fn field(&mut self, message: &str, old: One<'_>, new: One<'_>) {
        let member = Some(new.field.name().to_owned());
        if spelled(old) != spelled(new) {
            let text = format!("the type changed from {} to {}", spelled(old), spelled(new));
            self.add(message, member.clone(), What::FieldTypeChanged, text, types(old, new));
        } else if repeats(old) && packs(old) != packs(new) {
            let word = |of| if packs(of) { "packed" } else { "not packed" };
            let text = format!("it was {} and is {}", word(old), word(new));
            let sides = Sides::fine("each reader takes both");
            self.add(message, member.clone(), What::FieldTypeChanged, text, sides);
        }
        let (before, after) = (choice(old), choice(new));
        if before != after {
            let text = match (before, after) {
                (None, Some(after)) => format!("it moved into the oneof {after}"),
                (Some(before), None) => format!("it moved out of the oneof {before}"),
                (before, after) => format!(
                    "it moved from the oneof {} to {}",
                    before.unwrap_or_default(),
                    after.unwrap_or_default()
                ),
            };
            let sides = Sides::conditional(
                "of the fields of a oneof only the last one that was sent is kept: it is lost beside others",
            );
            self.add(message, member.clone(), What::FieldMoved, text, sides);
        }
        if old.field.default_value != new.field.default_value {
            let said = |of: One<'_>| of.field.default_value.clone().unwrap_or("none".to_owned());
            let text = format!("the default changed from {} to {}", said(old), said(new));
            let sides =
                Sides::conditional("each side takes its own default where the field is not sent");
            self.add(message, member.clone(), What::FieldTypeChanged, text, sides);
        }
        let json = |of: One<'_>| of.field.json_name.clone().unwrap_or_default();
        if old.field.name() == new.field.name() && json(old) != json(new) {
            let text = format!("its name in JSON changed from {} to {}", json(old), json(new));
            let sides = Sides::conditional("names travel in JSON alone");
            self.add(message, member.clone(), What::FieldRenamed, text, sides);
        }
    }
}

/// The field of a number that only one side knows by its name.
fn called<'a>(
    own: &'a BTreeMap<String, FieldDescriptorProto>,
    others: &BTreeMap<String, FieldDescriptorProto>,
    number: i32,
) -> Option<&'a FieldDescriptorProto> {
    own.values().find(|of| of.number() == number && !others.contains_key(of.name()))
}

/// The verdict on a field whose type changed.
fn types(old: One<'_>, new: One<'_>) -> Sides {
    if let (Some(a), Some(b)) = (entry(old), entry(new)) {
        let parts = a.into_iter().zip(b).map(|(old, new)| {
            if spelled(old) == spelled(new) { Sides::fine("") } else { types(old, new) }
        });
        return parts.fold(Sides::fine(""), |worst, one| {
            if one.consumers.compatibility > worst.consumers.compatibility { one } else { worst }
        });
    }
    let (a, b) = (old.field, new.field);
    let is_number = |of: One<'_>| {
        !matches!(of.field.r#type(), Type::String | Type::Bytes | Type::Message | Type::Group)
    };
    let bytes = [a.r#type(), b.r#type()];
    let is_embedded = bytes.contains(&Type::Bytes) && bytes.contains(&Type::Message);
    if is_embedded {
        Sides::conditional("bytes are read as a message, and fail unless they are one")
    } else if group(a.r#type()) != group(b.r#type()) {
        Sides::incompatible(
            "it is written in another form, and the message is refused or the value lost",
        )
    } else if repeats(old) != repeats(new) {
        if is_number(old) && (repeats(old) && packs(old) || repeats(new) && packs(new)) {
            Sides::incompatible("packed numbers are written in another form, and refused or lost")
        } else {
            Sides::conditional("of several values the last one counts, and messages are joined")
        }
    } else if a.label() != b.label()
        && (a.label() == Label::Required || b.label() == Label::Required)
    {
        Sides::conditional("a message without the required field is refused")
    } else if a.r#type() == b.r#type() && a.type_name() == b.type_name() {
        // `optional` or not.
        Sides::fine("whether it was set is not told without `optional`")
    } else if is_number(old) {
        Sides::conditional("numbers that do not fit the other type are cut off, or read as others")
    } else if a.r#type() == Type::Message {
        Sides::conditional(
            "a message is read as another: fields that both have under one number and type arrive",
        )
    } else {
        Sides::conditional("bytes that are no UTF-8 are refused as a string")
    }
}

/// The key and the value of a field that is a map.
fn entry(of: One<'_>) -> Option<[One<'_>; 2]> {
    let message = of.all.entry(of.field.type_name())?;
    let find = |number| {
        let field = message.field.iter().find(|field| field.number() == number)?;
        Some(One { field, message, ..of })
    };
    Some([find(1)?, find(2)?])
}

fn repeats(of: One<'_>) -> bool {
    of.field.label() == Label::Repeated
}

fn packed(all: &Defined, message: &str) -> bool {
    all.is_packed.get(message).copied().unwrap_or(true)
}

fn packs(of: One<'_>) -> bool {
    let is_packable =
        !matches!(of.field.r#type(), Type::String | Type::Bytes | Type::Message | Type::Group);
    let said = of.field.options.as_ref().and_then(|options| options.packed);
    is_packable && said.unwrap_or(of.is_packed)
}

/// The `oneof` that a field is in.
fn choice(of: One<'_>) -> Option<&str> {
    let at = of.field.oneof_index.filter(|_| !of.field.proto3_optional())?;
    let choice = usize::try_from(at).ok().and_then(|at| of.message.oneof_decl.get(at))?;
    Some(choice.name())
}

/// The type of a field as the file has it.
fn spelled(of: One<'_>) -> String {
    if let Some([key, value]) = entry(of) {
        return format!("map<{}, {}>", one(key.field), one(value.field));
    }
    let ty = one(of.field);
    match of.field.label() {
        Label::Repeated => format!("repeated {ty}"),
        Label::Required => format!("required {ty}"),
        Label::Optional if of.field.proto3_optional() => format!("optional {ty}"),
        Label::Optional => ty,
    }
}

fn one(of: &FieldDescriptorProto) -> String {
    match of.type_name() {
        "" => of.r#type().as_str_name().trim_start_matches("TYPE_").to_ascii_lowercase(),
        name => plain(name).to_owned(),
    }
}

/// The types of one form on the wire.
fn group(of: Type) -> u8 {
    match of {
        Type::Int32 | Type::Int64 | Type::Uint32 | Type::Uint64 | Type::Bool | Type::Enum => 0,
        Type::Sint32 | Type::Sint64 => 1,
        Type::String | Type::Bytes => 2,
        Type::Message => 3,
        Type::Fixed32 | Type::Sfixed32 => 4,
        Type::Fixed64 | Type::Sfixed64 => 5,
        Type::Float => 6,
        Type::Double => 7,
        Type::Group => 8,
    }
}
