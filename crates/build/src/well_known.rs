//! The types of the package `google.protobuf`: those that come with the crate, and those that are made.
//!
//! `dubhe_protobuf::types` has the well-known types. Others, such as `FileDescriptorProto`, are made like
//! any message, where something refers to them: most files import `descriptor.proto` for options alone.

use std::collections::{HashMap, HashSet};

use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
};

/// The package.
pub(crate) const PACKAGE: &str = "google.protobuf";

/// The types that come with the crate.
const TYPES: [&str; 18] = [
    "Any",
    "BoolValue",
    "BytesValue",
    "DoubleValue",
    "Duration",
    "Empty",
    "FieldMask",
    "FloatValue",
    "Int32Value",
    "Int64Value",
    "ListValue",
    "NullValue",
    "StringValue",
    "Struct",
    "Timestamp",
    "UInt32Value",
    "UInt64Value",
    "Value",
];

/// Returns true for a type that comes with the crate, by its full name with a dot before.
pub(crate) fn comes_with_the_crate(full_name: &str) -> bool {
    let name =
        full_name.strip_prefix('.').and_then(|name| name.strip_prefix(PACKAGE)?.strip_prefix('.'));
    name.is_some_and(|name| TYPES.contains(&name))
}

/// The types of which nothing is made, by their full names with a dot before: those that come with the
/// crate, and those of imported files of `google/protobuf` that no other file needs.
pub(crate) fn not_made(
    files: &[FileDescriptorProto],
    imported: &HashSet<String>,
) -> HashSet<String> {
    let mut defined = HashMap::new();
    for (file, index) in files.iter().zip(0_usize..) {
        define(&scope(file), &file.message_type, &file.enum_type, &mut |name| {
            defined.insert(name, index);
        });
    }
    let spare = |file: &FileDescriptorProto| {
        let rest = file.package().strip_prefix(PACKAGE);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            && imported.contains(file.name())
    };
    let mut needed: Vec<bool> = files.iter().map(|file| !spare(file)).collect();
    let mut next: Vec<&FileDescriptorProto> = files.iter().filter(|file| !spare(file)).collect();
    while let Some(file) = next.pop() {
        let mut used = Vec::new();
        uses(&file.message_type, &mut used);
        for method in file.service.iter().flat_map(|service| &service.method) {
            used.extend([method.input_type(), method.output_type()]);
        }
        for name in used.into_iter().filter(|name| !comes_with_the_crate(name)) {
            if let Some(index) = defined.get(name).copied()
                && let (Some(needed), Some(file)) = (needed.get_mut(index), files.get(index))
                && !std::mem::replace(needed, true)
            {
                next.push(file);
            }
        }
    }
    let mut not_made: HashSet<String> =
        defined.keys().filter(|name| comes_with_the_crate(name)).cloned().collect();
    for (file, _) in files.iter().zip(needed).filter(|(_, needed)| !needed) {
        let scope = scope(file);
        let messages = file.message_type.iter().map(DescriptorProto::name);
        let enums = file.enum_type.iter().map(EnumDescriptorProto::name);
        not_made.extend(messages.chain(enums).map(|name| format!("{scope}.{name}")));
    }
    not_made
}

/// Returns true for a file of which something is made.
pub(crate) fn is_made(file: &FileDescriptorProto, not_made: &HashSet<String>) -> bool {
    let scope = scope(file);
    let messages = file.message_type.iter().map(DescriptorProto::name);
    let mut types = messages.chain(file.enum_type.iter().map(EnumDescriptorProto::name));
    !file.service.is_empty() || types.any(|name| !not_made.contains(&format!("{scope}.{name}")))
}

fn scope(file: &FileDescriptorProto) -> String {
    if file.package().is_empty() { String::new() } else { format!(".{}", file.package()) }
}

fn define(
    scope: &str,
    messages: &[DescriptorProto],
    enums: &[EnumDescriptorProto],
    add: &mut dyn FnMut(String),
) {
    for one in enums {
        add(format!("{scope}.{}", one.name()));
    }
    for message in messages {
        let name = format!("{scope}.{}", message.name());
        define(&name, &message.nested_type, &message.enum_type, add);
        add(name);
    }
}

/// The types of all fields.
fn uses<'a>(messages: &'a [DescriptorProto], used: &mut Vec<&'a str>) {
    for message in messages {
        let named = message.field.iter().filter(|field| field.type_name.is_some());
        used.extend(named.map(FieldDescriptorProto::type_name));
        uses(&message.nested_type, used);
    }
}
