//! Changes of messages and services of `.proto` files, by their descriptors.

use std::collections::{BTreeMap, BTreeSet};

use dubhe_codegen::check::{Change, Compatibility, Effect, What};
use prost::Message as _;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorSet, MessageOptions,
    MethodDescriptorProto,
};

/// Items that a set of files defines, by full names.
#[derive(Default)]
struct Defined {
    messages: BTreeMap<String, DescriptorProto>,
    enums: BTreeMap<String, EnumDescriptorProto>,
    services: BTreeMap<String, BTreeMap<String, MethodDescriptorProto>>,
}

/// Returns what changed from one set of descriptors to another; nothing if one of them is none.
pub(super) fn differences(old: &[u8], new: &[u8]) -> Vec<Change> {
    let (Ok(old), Ok(new)) = (FileDescriptorSet::decode(old), FileDescriptorSet::decode(new))
    else {
        return Vec::new();
    };
    let (old, new) = (Defined::of(old), Defined::of(new));
    let mut changes = Changes::default();
    for (name, old, new) in both(&old.services, &new.services) {
        changes.service(name, old, new);
    }
    for (name, old, new) in both(&old.messages, &new.messages) {
        changes.message(name, old, new);
    }
    for (name, old, new) in both(&old.enums, &new.enums) {
        changes.enumeration(name, old, new);
    }
    changes.0.sort();
    changes.0
}

impl Defined {
    fn of(set: FileDescriptorSet) -> Self {
        let mut all = Self::default();
        for file in set.file {
            let package = file.package.unwrap_or_default();
            let scope = if package.is_empty() { package } else { package + "." };
            all.add(&scope, file.message_type, file.enum_type);
            for service in file.service {
                let methods = service.method.into_iter().map(|of| (of.name().to_owned(), of));
                let name = format!("{scope}{}", service.name.unwrap_or_default());
                all.services.insert(name, methods.collect());
            }
        }
        all
    }

    fn add(
        &mut self,
        scope: &str,
        messages: Vec<DescriptorProto>,
        enums: Vec<EnumDescriptorProto>,
    ) {
        for one in enums {
            self.enums.insert(format!("{scope}{}", one.name()), one);
        }
        for mut message in messages {
            let name = format!("{scope}{}", message.name());
            let nested = std::mem::take(&mut message.nested_type);
            let enums = std::mem::take(&mut message.enum_type);
            self.add(&format!("{name}."), nested, enums);
            self.messages.insert(name, message);
        }
    }
}

/// The pairs of two maps, of which one side may lack.
fn both<'a, K: Ord, V>(
    old: &'a BTreeMap<K, V>,
    new: &'a BTreeMap<K, V>,
) -> impl Iterator<Item = (&'a K, Option<&'a V>, Option<&'a V>)> {
    let names: BTreeSet<&K> = old.keys().chain(new.keys()).collect();
    names.into_iter().map(|name| (name, old.get(name), new.get(name)))
}

#[derive(Default)]
struct Changes(Vec<Change>);

/// The verdicts on both sides: consumers of the old one, providers of the old one.
type Sides = (Effect, Effect);

fn fine() -> Effect {
    Effect::default()
}

fn effect(compatibility: Compatibility, reason: &str) -> Effect {
    Effect { compatibility, reason: reason.to_owned() }
}

fn compatible(reason: &str) -> Sides {
    (effect(Compatibility::Compatible, reason), fine())
}

fn conditional(reason: &str) -> Sides {
    let effect = effect(Compatibility::Conditional, reason);
    (effect.clone(), effect)
}

fn incompatible(reason: &str) -> Sides {
    let effect = effect(Compatibility::Incompatible, reason);
    (effect.clone(), effect)
}

impl Changes {
    fn add(&mut self, ty: &str, member: Option<&str>, what: What, text: String, sides: Sides) {
        let (consumers, providers) = sides;
        let (ty, member) = (ty.to_owned(), member.map(str::to_owned));
        self.0.push(Change { ty, member, what, text, consumers, providers });
    }

    fn service(
        &mut self,
        name: &str,
        old: Option<&BTreeMap<String, MethodDescriptorProto>>,
        new: Option<&BTreeMap<String, MethodDescriptorProto>>,
    ) {
        let fails = |reason| effect(Compatibility::Incompatible, reason);
        let (old, new) = match (old, new) {
            (Some(old), Some(new)) => (old, new),
            (None, _) => {
                let sides = (fine(), fails("they do not have it, and calls of it fail"));
                return self.add(
                    name,
                    None,
                    What::ServiceAdded,
                    "the service is new".into(),
                    sides,
                );
            }
            (_, None) => {
                let sides = (fails("new providers do not have it, and calls of it fail"), fine());
                return self.add(
                    name,
                    None,
                    What::ServiceRemoved,
                    "the service is gone".into(),
                    sides,
                );
            }
        };
        for (method, old, new) in both(old, new) {
            match (old, new) {
                (Some(old), Some(new)) => self.method(name, method, old, new),
                (None, _) => {
                    let sides = (fine(), fails("they have no such method, and calls of it fail"));
                    let text = "the method is new".to_owned();
                    self.add(name, Some(method), What::MethodAdded, text, sides);
                }
                (_, None) => {
                    let sides =
                        (fails("new providers have no such method, and calls of it fail"), fine());
                    let text = "the method is gone".to_owned();
                    self.add(name, Some(method), What::MethodRemoved, text, sides);
                }
            }
        }
    }

    fn method(
        &mut self,
        service: &str,
        name: &str,
        old: &MethodDescriptorProto,
        new: &MethodDescriptorProto,
    ) {
        let member = Some(name);
        let of_message = "a message is read as another: what both have under one number and type";
        for (what, place, old, new) in [
            (What::ParametersChanged, "request", old.input_type(), new.input_type()),
            (What::ResultTypeChanged, "reply", old.output_type(), new.output_type()),
        ] {
            if old != new {
                let text = format!("the {place} changed from {} to {}", plain(old), plain(new));
                self.add(service, member, what, text, conditional(of_message));
            }
        }
        let kind = |of: &MethodDescriptorProto| match (of.client_streaming(), of.server_streaming())
        {
            (false, false) => "unary",
            (true, false) => "a stream of requests",
            (false, true) => "a stream of replies",
            (true, true) => "a stream both ways",
        };
        if kind(old) != kind(new) {
            let text = format!("it was {} and is {}", kind(old), kind(new));
            let sides = incompatible("messages are awaited in another way");
            self.add(service, member, What::StreamChanged, text, sides);
        }
    }

    fn message(
        &mut self,
        name: &str,
        old: Option<&DescriptorProto>,
        new: Option<&DescriptorProto>,
    ) {
        let is_entry =
            |of: &DescriptorProto| of.options.as_ref().is_some_and(MessageOptions::map_entry);
        let told = |of: &DescriptorProto| !is_entry(of);
        let (old, new) = match (old, new) {
            (Some(old), Some(new)) => (old, new),
            (None, Some(new)) if told(new) => {
                let sides = compatible("");
                return self.add(name, None, What::ClassAdded, "the message is new".into(), sides);
            }
            (Some(old), None) if told(old) => {
                let sides = compatible("");
                return self.add(
                    name,
                    None,
                    What::ClassRemoved,
                    "the message is gone".into(),
                    sides,
                );
            }
            _ => return,
        };
        let fields = |of: &DescriptorProto| -> BTreeMap<i32, FieldDescriptorProto> {
            of.field.iter().map(|field| (field.number(), field.clone())).collect()
        };
        let (old, new) = (fields(old), fields(new));
        for (number, old, new) in both(&old, &new) {
            match (old, new) {
                (Some(old), Some(new)) => self.field(name, old, new),
                (None, Some(new)) => {
                    let sides = match new.label() {
                        Label::Required => conditional("a message without the field is refused"),
                        _ => compatible("who does not know the field passes it over"),
                    };
                    let text = format!("the field is new: {} = {number}", spelled(new));
                    self.add(name, Some(new.name()), What::FieldAdded, text, sides);
                }
                (Some(old), None) => {
                    let sides = match old.label() {
                        Label::Required => conditional("a message without the field is refused"),
                        _ => compatible("its number must not be given to another field"),
                    };
                    let text = format!("the field is gone: {} = {number}", spelled(old));
                    self.add(name, Some(old.name()), What::FieldRemoved, text, sides);
                }
                (None, None) => {}
            }
        }
    }

    fn field(&mut self, message: &str, old: &FieldDescriptorProto, new: &FieldDescriptorProto) {
        if old.name() != new.name() {
            let text = format!("the field {} has the name {}", new.number(), new.name());
            let sides = conditional("names travel in JSON alone");
            self.add(message, Some(old.name()), What::FieldRenamed, text, sides);
        }
        if spelled(old) == spelled(new) {
            return;
        }
        let text = format!("the type changed from {} to {}", spelled(old), spelled(new));
        let repeats = |of: &FieldDescriptorProto| of.label() == Label::Repeated;
        let sides = if group(old.r#type()) != group(new.r#type()) {
            incompatible("it is written in another form")
        } else if repeats(old) != repeats(new) {
            conditional("of several values the last one counts, and packed numbers are lost")
        } else if old.label() != new.label()
            && (old.label() == Label::Required || new.label() == Label::Required)
        {
            conditional("a message without the field is refused")
        } else if old.r#type() == new.r#type() && old.type_name() == new.type_name() {
            // `optional` or not.
            compatible("")
        } else {
            conditional("the value is read as the other type, as far as that has it")
        };
        self.add(message, Some(new.name()), What::FieldTypeChanged, text, sides);
    }

    fn enumeration(
        &mut self,
        name: &str,
        old: Option<&EnumDescriptorProto>,
        new: Option<&EnumDescriptorProto>,
    ) {
        let (old, new) = match (old, new) {
            (Some(old), Some(new)) => (old, new),
            (None, _) => {
                let sides = compatible("");
                return self.add(name, None, What::ClassAdded, "the enum is new".into(), sides);
            }
            (_, None) => {
                let sides = compatible("");
                return self.add(name, None, What::ClassRemoved, "the enum is gone".into(), sides);
            }
        };
        let values = |of: &EnumDescriptorProto| -> BTreeMap<String, i32> {
            of.value.iter().map(|value| (value.name().to_owned(), value.number())).collect()
        };
        let (old, new) = (values(old), values(new));
        for (value, old, new) in both(&old, &new) {
            let unknown =
                "who does not know the value has its number, and refuses its name in JSON";
            let (what, text, sides) = match (old, new) {
                (None, Some(number)) => {
                    let text = format!("the value is new: {number}");
                    (What::ConstantAdded, text, conditional(unknown))
                }
                (Some(number), None) => {
                    let text = format!("the value is gone: {number}");
                    (What::ConstantRemoved, text, conditional(unknown))
                }
                (Some(old), Some(new)) if old != new => {
                    let text = format!("the number changed from {old} to {new}");
                    (What::ConstantOrderChanged, text, incompatible("numbers travel"))
                }
                _ => continue,
            };
            self.add(name, Some(value), what, text, sides);
        }
    }
}

/// A name without the dot before.
fn plain(name: &str) -> &str {
    name.strip_prefix('.').unwrap_or(name)
}

/// The type of a field as the file has it.
fn spelled(of: &FieldDescriptorProto) -> String {
    let ty = match of.type_name() {
        "" => of.r#type().as_str_name().trim_start_matches("TYPE_").to_ascii_lowercase(),
        name => plain(name).to_owned(),
    };
    match of.label() {
        Label::Repeated => format!("repeated {ty}"),
        Label::Required => format!("required {ty}"),
        Label::Optional if of.proto3_optional() => format!("optional {ty}"),
        Label::Optional => ty,
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
