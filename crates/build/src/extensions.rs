//! The extensions of a message as a message beside it, in which they are ordinary fields.
//!
//! A message that keeps unknown fields has its extensions among them. Those that the files declare are
//! decoded, and have a JSON form, by the type that is made of this message: `Extensions` in it.

use std::collections::{HashMap, HashSet};

use prost_types::source_code_info::Location;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, MessageOptions,
};

use crate::names::{self, type_name};

/// The name of the message; what is in the message already, or in a package of its name, has it first.
const NAME: &str = "Extensions";

/// Adds a message to each message that has extensions in these files. Returns their full names, by
/// those of the messages that they are of.
pub(crate) fn add(files: &mut [FileDescriptorProto]) -> HashMap<String, String> {
    let declared = declared(files);
    let mut taken = HashSet::new();
    for file in &*files {
        let module = names::module(file.package());
        let messages = file.message_type.iter().map(DescriptorProto::name);
        let enums = file.enum_type.iter().map(EnumDescriptorProto::name);
        taken.extend(messages.chain(enums).map(|name| (module.clone(), type_name(name))));
    }
    let mut adding = Adding { declared, taken, added: HashMap::new() };
    for file in files {
        let package = file.package().to_owned();
        let mut locations = Vec::new();
        for (message, index) in file.message_type.iter_mut().zip(0..) {
            let module = names::module(&package);
            adding.to(message, &package, &module, &[4, index], &mut locations);
        }
        if let Some(info) = &mut file.source_code_info {
            info.location.append(&mut locations);
        }
    }
    adding.added
}

/// The extensions that the files declare, with their full names, by the message that they are of.
fn declared(files: &[FileDescriptorProto]) -> HashMap<String, Vec<(String, FieldDescriptorProto)>> {
    let mut declared: HashMap<String, Vec<_>> = HashMap::new();
    let mut scopes: Vec<(String, &[FieldDescriptorProto], &[DescriptorProto])> = files
        .iter()
        .map(|file| (file.package().to_owned(), &*file.extension, &*file.message_type))
        .collect();
    while let Some((scope, extensions, messages)) = scopes.pop() {
        for extension in extensions {
            let of = extension.extendee().trim_start_matches('.').to_owned();
            let name = within(&scope, extension.name());
            declared.entry(of).or_default().push((name, extension.clone()));
        }
        scopes.extend(messages.iter().map(|message| {
            (within(&scope, message.name()), &*message.extension, &*message.nested_type)
        }));
    }
    declared
}

fn within(scope: &str, name: &str) -> String {
    if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") }
}

struct Adding {
    declared: HashMap<String, Vec<(String, FieldDescriptorProto)>>,
    /// The types of packages, by their modules and names.
    taken: HashSet<(Vec<String>, String)>,
    added: HashMap<String, String>,
}

impl Adding {
    /// Adds one to a message, which is at `path` of its file, and to those in it.
    fn to(
        &mut self,
        message: &mut DescriptorProto,
        scope: &str,
        module: &[String],
        path: &[i32],
        locations: &mut Vec<Location>,
    ) {
        let full = within(scope, message.name());
        let mut module = module.to_vec();
        module.extend(names::module(message.name()));
        let beside: Vec<i32> = [path, &[3]].concat();
        for (nested, index) in message.nested_type.iter_mut().zip(0..) {
            self.to(nested, &full, &module, &[&*beside, &[index]].concat(), locations);
        }
        // The extensions of a MessageSet have another form on the wire.
        let is_set = message.options.as_ref().is_some_and(MessageOptions::message_set_wire_format);
        let Some(mut declared) = self.declared.remove(&full).filter(|_| !is_set) else { return };
        declared.sort_by_key(|(_, extension)| extension.number());
        let mut own: HashSet<String> = message
            .nested_type
            .iter()
            .map(|nested| type_name(nested.name()))
            .chain(message.enum_type.iter().map(|one| type_name(one.name())))
            .chain(names::oneofs(message).map(|(_, oneof)| names::oneof_type(message, oneof)))
            .collect();
        let name = numbered(NAME, |name| {
            self.taken.insert((module.clone(), name.to_owned())) && own.insert(name.to_owned())
        });
        let Ok(index) = i32::try_from(message.nested_type.len()) else { return };
        let path: Vec<i32> = [&*beside, &[index]].concat();
        locations.push(commented(
            path.clone(),
            format!(" The extensions of `{full}`, which are among the unknown fields of one."),
        ));
        let mut fields = HashSet::new();
        let field = declared.into_iter().zip(0..).map(|((full, extension), index)| {
            let path: Vec<i32> = [&*path, &[2, index]].concat();
            locations.push(commented(path, format!(" The extension `{full}`.")));
            // Extensions of one name may be declared in several places.
            let short = names::field_name(extension.name());
            let name = if fields.insert(short) {
                extension.name().to_owned()
            } else {
                numbered(&full.replace('.', "_"), |name| fields.insert(names::field_name(name)))
            };
            let json_name = Some(format!("[{full}]"));
            FieldDescriptorProto { name: Some(name), extendee: None, json_name, ..extension }
        });
        let field = field.collect();
        self.added.insert(full.clone(), format!("{full}.{name}"));
        message.nested_type.push(DescriptorProto {
            name: Some(name),
            field,
            ..DescriptorProto::default()
        });
    }
}

/// The name with a number at its end, if it takes one to be the first of it; prost takes underscores
/// away.
fn numbered(name: &str, mut is_first: impl FnMut(&str) -> bool) -> String {
    let mut numbered = name.to_owned();
    let mut number = 2;
    while !is_first(&numbered) {
        numbered = format!("{name}{number}");
        number += 1;
    }
    numbered
}

fn commented(path: Vec<i32>, comment: String) -> Location {
    Location { path, leading_comments: Some(comment), ..Location::default() }
}
