//! Descriptors of a server, checked before they are used.
//!
//! `prost-reflect` trusts what protoc has checked, and panics or recurses without end where nobody
//! has: at imports in a circle, at entries of maps that are none, at well-known types of another
//! shape, at a syntax that it does not know, at escapes in default values, and at options that it cannot
//! place. Options and default
//! values are left out, since a call needs none of them; all else is checked here.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use prost::Message as _;
use prost_reflect::{DescriptorPool, FieldDescriptor, Kind, MessageDescriptor};
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumOptions, FieldDescriptorProto, FieldOptions,
    FileDescriptorProto, MessageOptions,
};

/// The pool of these files, which hold all that they import.
///
/// # Errors
/// What is wrong with them, for people.
pub(super) fn pool(files: impl IntoIterator<Item = Bytes>) -> Result<DescriptorPool, String> {
    let mut all = Vec::new();
    for bytes in files {
        let mut file = FileDescriptorProto::decode(bytes).map_err(|error| error.to_string())?;
        reduce(&mut file)?;
        all.push(file);
    }
    check_imports(&all)?;
    let mut pool = DescriptorPool::new();
    pool.add_file_descriptor_protos(all).map_err(|error| error.to_string())?;
    pool.all_messages().try_for_each(|message| check(&message))?;
    Ok(pool)
}

/// Leaves out what calls do not need, and checks each message by itself.
fn reduce(file: &mut FileDescriptorProto) -> Result<(), String> {
    if let Some(syntax) = file.syntax.as_deref()
        && !matches!(syntax, "proto2" | "proto3")
    {
        return Err(format!("file {:?} is of the unknown syntax {syntax:?}", file.name()));
    }
    file.options = None;
    file.source_code_info = None;
    file.message_type.iter_mut().try_for_each(reduce_message)?;
    file.enum_type.iter_mut().for_each(reduce_enum);
    file.extension.iter_mut().for_each(reduce_field);
    for service in &mut file.service {
        service.options = None;
        service.method.iter_mut().for_each(|method| method.options = None);
    }
    Ok(())
}

/// Nested messages are as deep as prost decodes them, which is 100.
fn reduce_message(message: &mut DescriptorProto) -> Result<(), String> {
    let map_entry = message.options.as_ref().is_some_and(MessageOptions::map_entry);
    message.options =
        map_entry.then(|| MessageOptions { map_entry: Some(true), ..MessageOptions::default() });
    if map_entry && !is_entry(message) {
        return Err(format!("message {:?} is no entry of a map, as it says", message.name()));
    }
    message.extension_range.iter_mut().for_each(|range| range.options = None);
    message.oneof_decl.iter_mut().for_each(|oneof| oneof.options = None);
    message.field.iter_mut().for_each(reduce_field);
    message.extension.iter_mut().for_each(reduce_field);
    message.enum_type.iter_mut().for_each(reduce_enum);
    message.nested_type.iter_mut().try_for_each(reduce_message)
}

/// Returns true if the fields are those of an entry of a map, of which `check` sees the value's.
fn is_entry(message: &DescriptorProto) -> bool {
    let [key, value] = &*message.field else { return false };
    let single = |field: &FieldDescriptorProto| {
        field.label() != Label::Repeated && field.oneof_index.is_none()
    };
    let no_key = [Type::Double, Type::Float, Type::Bytes, Type::Message, Type::Group, Type::Enum];
    (key.number(), value.number()) == (1, 2)
        && single(key)
        && single(value)
        && key.type_name().is_empty()
        && !no_key.contains(&key.r#type())
        && value.r#type() != Type::Group
}

fn reduce_field(field: &mut FieldDescriptorProto) {
    let packed = field.options.as_ref().and_then(|options| options.packed);
    field.options =
        packed.map(|packed| FieldOptions { packed: Some(packed), ..FieldOptions::default() });
    field.default_value = None;
}

fn reduce_enum(one: &mut EnumDescriptorProto) {
    let allow_alias = one.options.as_ref().is_some_and(EnumOptions::allow_alias);
    one.options =
        allow_alias.then(|| EnumOptions { allow_alias: Some(true), ..EnumOptions::default() });
    one.value.iter_mut().for_each(|value| value.options = None);
}

/// Refuses imports that lead back to where they began.
fn check_imports(files: &[FileDescriptorProto]) -> Result<(), String> {
    let by_name: HashMap<&str, &FileDescriptorProto> =
        files.iter().map(|file| (file.name(), file)).collect();
    let mut done: HashSet<&str> = HashSet::new();
    for file in files {
        // The files on the way from `file`, each with its imports that are still to be followed.
        let mut way = vec![(file.name(), file.dependency.iter())];
        while let Some((name, imports)) = way.last_mut() {
            let name = *name;
            let next = imports.find(|import| !done.contains(import.as_str()));
            let Some(next) = next else {
                done.insert(name);
                way.pop();
                continue;
            };
            if way.iter().any(|(name, _)| name == next) {
                return Err(format!("file {next:?} imports itself, through {name:?}"));
            }
            let Some(next) = by_name.get(next.as_str()) else {
                return Err(format!("file {next:?}, which {name:?} imports, is missing"));
            };
            way.push((next.name(), next.dependency.iter()));
        }
    }
    Ok(())
}

/// Checks a message whose types are known.
fn check(message: &MessageDescriptor) -> Result<(), String> {
    let name = message.full_name();
    if message.is_map_entry()
        && let Kind::Message(value) = message.map_entry_value_field().kind()
        && value.is_map_entry()
    {
        return Err(format!("the value of the map entry {name} is an entry of a map"));
    }
    // Its JSON is not that of its fields, and code of prost-reflect relies on them.
    if name.starts_with("google.protobuf.")
        && let Some(own) = DescriptorPool::global().get_message_by_name(name)
        && !own.fields().map(shape).eq(message.fields().map(shape))
    {
        return Err(format!("{name} is not the well-known type of that name"));
    }
    Ok(())
}

/// The properties that tell a field from another one.
fn shape(field: FieldDescriptor) -> (u32, String, bool, bool, String) {
    let kind = match field.kind() {
        Kind::Message(message) => message.full_name().to_owned(),
        Kind::Enum(one) => one.full_name().to_owned(),
        plain => format!("{plain:?}"),
    };
    (field.number(), field.name().to_owned(), field.is_list(), field.is_map(), kind)
}
