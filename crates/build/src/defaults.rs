//! Defaults of numbers that their types cannot hold.

use prost_types::field_descriptor_proto::Type;
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto};

/// Makes infinities of the defaults that are beyond a `float` or a `double`, as protoc takes them; the
/// derive of `prost` does not.
pub(crate) fn make_infinite(files: &mut [FileDescriptorProto]) {
    for file in files {
        file.extension.iter_mut().for_each(field);
        file.message_type.iter_mut().for_each(message);
    }
}

fn message(message_type: &mut DescriptorProto) {
    message_type.field.iter_mut().chain(&mut message_type.extension).for_each(field);
    message_type.nested_type.iter_mut().for_each(message);
}

fn field(field: &mut FieldDescriptorProto) {
    let Some(text) = &mut field.default_value else { return };
    let number = match Type::try_from(field.r#type.unwrap_or_default()) {
        Ok(Type::Float) => text.parse::<f32>().map(f64::from),
        Ok(Type::Double) => text.parse(),
        _ => return,
    };
    match number {
        Ok(f64::INFINITY) => "inf".clone_into(text),
        Ok(f64::NEG_INFINITY) => "-inf".clone_into(text),
        _ => {}
    }
}
