//! Fields that need a box because their message is in itself by way of a group: `prost` looks for such
//! circles among messages only.

use std::collections::{HashMap, HashSet};

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FileDescriptorProto, OneofDescriptorProto};

/// The paths of these fields. A circle has a field of a message, for a group is in what it is defined in.
pub(crate) fn needed(files: &[FileDescriptorProto]) -> Vec<String> {
    let mut messages = HashMap::new();
    for file in files {
        let scope = if file.package().is_empty() { "" } else { "." };
        add(&format!("{scope}{}", file.package()), &file.message_type, &mut messages);
    }
    let mut paths = Vec::new();
    for (name, message) in &messages {
        for field in message.field.iter().filter(|field| field.r#type() == Type::Message) {
            if field.label() == Label::Repeated || !reaches(&messages, field.type_name(), name) {
                continue;
            }
            let oneof = field
                .oneof_index
                .filter(|_| !field.proto3_optional())
                .and_then(|index| message.oneof_decl.get(usize::try_from(index).ok()?));
            paths.push(match oneof.map(OneofDescriptorProto::name) {
                Some(oneof) => format!("{name}.{oneof}.{}", field.name()),
                None => format!("{name}.{}", field.name()),
            });
        }
    }
    paths
}

fn add<'a>(
    scope: &str,
    all: &'a [DescriptorProto],
    messages: &mut HashMap<String, &'a DescriptorProto>,
) {
    for message in all {
        let name = format!("{scope}.{}", message.name());
        add(&name, &message.nested_type, messages);
        messages.insert(name, message);
    }
}

/// Returns true if `to` is in `from`, by a way with a group on it.
fn reaches(messages: &HashMap<String, &DescriptorProto>, from: &str, to: &str) -> bool {
    let mut seen = HashSet::new();
    let mut next = vec![(from, false)];
    while let Some((name, by_group)) = next.pop() {
        if name == to && by_group {
            return true;
        }
        let Some(message) = messages.get(name).filter(|_| seen.insert((name, by_group))) else {
            continue;
        };
        for field in message.field.iter().filter(|field| field.label() != Label::Repeated) {
            match field.r#type() {
                Type::Message => next.push((field.type_name(), by_group)),
                Type::Group => next.push((field.type_name(), true)),
                _ => {}
            }
        }
    }
    false
}
