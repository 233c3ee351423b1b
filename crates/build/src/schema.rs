//! The messages and enums of all files, by their names.

use std::collections::{HashMap, HashSet};

use prost_types::field_descriptor_proto::Label;
use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorSet};

use crate::names::is_map_entry;

/// The messages and enums of all files, by their full names with a dot before.
pub(crate) struct Schema<'a> {
    pub(crate) messages: HashMap<String, (&'a str, &'a DescriptorProto)>,
    pub(crate) enums: HashMap<String, &'a EnumDescriptorProto>,
    /// The messages that hold the extensions of others, by the full names of these.
    pub(crate) extensions: HashMap<String, String>,
    /// The messages with required fields in them.
    requiring: HashSet<String>,
}

impl<'a> Schema<'a> {
    pub(crate) fn new(set: &'a FileDescriptorSet, extensions: HashMap<String, String>) -> Self {
        let mut schema = Self {
            messages: HashMap::new(),
            enums: HashMap::new(),
            extensions,
            requiring: HashSet::new(),
        };
        for file in &set.file {
            let package = file.package();
            let scope = if package.is_empty() { String::new() } else { format!(".{package}") };
            schema.add(package, &scope, &file.message_type, &file.enum_type);
        }
        let messages = schema.messages.iter().map(|(name, (_, message))| (name, *message));
        schema.requiring = requiring(messages);
        schema
    }

    fn add(
        &mut self,
        package: &'a str,
        scope: &str,
        messages: &'a [DescriptorProto],
        enums: &'a [EnumDescriptorProto],
    ) {
        for message in messages {
            let name = format!("{scope}.{}", message.name());
            self.add(package, &name, &message.nested_type, &message.enum_type);
            self.messages.insert(name, (package, message));
        }
        for item in enums {
            self.enums.insert(format!("{scope}.{}", item.name()), item);
        }
    }
}

impl Schema<'_> {
    pub(crate) fn message(&self, name: &str) -> Option<&DescriptorProto> {
        self.messages.get(name).map(|(_, message)| *message)
    }

    /// Returns true for a message with required fields, or with such a message in it.
    pub(crate) fn requires(&self, name: &str) -> bool {
        self.requiring.contains(name)
    }

    /// Returns true for a message that holds the extensions of another.
    pub(crate) fn holds_extensions(&self, name: &str) -> bool {
        self.extensions.values().any(|known| known == name)
    }
}

/// The messages that have required fields or have such messages in them, by their full names with a dot
/// before.
fn requiring<'a>(
    messages: impl Iterator<Item = (&'a String, &'a DescriptorProto)> + Clone,
) -> HashSet<String> {
    let mut requiring = HashSet::new();
    loop {
        let before = requiring.len();
        for (name, message) in messages.clone() {
            if message.field.iter().any(|field| {
                field.label() == Label::Required || requiring.contains(held(message, field))
            }) {
                requiring.insert(name.clone());
            }
        }
        if requiring.len() == before {
            return requiring;
        }
    }
}

/// The type that a field holds; of a map that of its values.
pub(crate) fn held<'a>(message: &'a DescriptorProto, field: &'a FieldDescriptorProto) -> &'a str {
    let is_map = message.nested_type.iter().any(|nested| {
        is_map_entry(nested) && field.type_name().rsplit('.').next() == Some(nested.name())
    });
    let value = entry_value(message, field).filter(|_| is_map);
    value.unwrap_or(field).type_name()
}

pub(crate) fn by_number(message: &DescriptorProto, number: u32) -> Option<&FieldDescriptorProto> {
    let number = i32::try_from(number).ok()?;
    message.field.iter().find(|field| field.number() == number)
}

/// The value of the entries of a map.
pub(crate) fn entry_value<'a>(
    message: &'a DescriptorProto,
    field: &FieldDescriptorProto,
) -> Option<&'a FieldDescriptorProto> {
    let name = field.type_name().rsplit('.').next()?;
    let entry = message.nested_type.iter().find(|nested| nested.name() == name)?;
    by_number(entry, 2)
}
