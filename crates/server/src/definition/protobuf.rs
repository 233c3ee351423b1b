//! Definitions of protobuf services from their descriptors: the classes that Dubbo's compiler makes for
//! Java (`ProtobufTypeBuilder`), under the names that protoc gives them.

use std::collections::HashMap;

use dubhe_core::definition::{
    MethodDefinition, ServiceDefinition, TypeDefinition, TypeDefinitions,
};
use prost::Message as _;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    FileDescriptorSet, FileOptions, MessageOptions,
};

const OBSERVER: &str = "org.apache.dubbo.common.stream.StreamObserver";

/// Returns the definition of the service of this name; `None` when the descriptors have none.
pub(super) fn of(interface: &str, descriptors: &[u8]) -> Option<ServiceDefinition> {
    let set = FileDescriptorSet::decode(descriptors).ok()?;
    let services = set.file.iter().flat_map(|file| file.service.iter().map(move |of| (file, of)));
    let (_, service) =
        services.into_iter().find(|(file, of)| joined(file.package(), of.name()) == interface)?;
    let classes = Classes::of(&set);
    let mut types = TypeDefinitions::default();
    let methods = service.method.iter().map(|method| {
        let mut define = |name: &str| classes.define(name, &mut types);
        let (input, output) = (define(method.input_type()), define(method.output_type()));
        let (many_in, many_out) = (method.client_streaming(), method.server_streaming());
        if many_in || many_out {
            types.add(OBSERVER);
        }
        let observer = || OBSERVER.to_owned();
        let (parameter_types, return_type) = match (many_in, many_out) {
            (false, false) => (vec![input], output),
            (false, true) => (vec![input, observer()], types.add("void")),
            (true, _) => (vec![observer()], observer()),
        };
        MethodDefinition { name: lower_first(method.name()), parameter_types, return_type }
    });
    let methods = methods.collect();
    Some(ServiceDefinition { methods, types })
}

/// Messages and enums by their full names, with a dot in front as descriptors refer to them.
struct Classes<'a>(HashMap<String, Class<'a>>);

/// A message or an enum, and its name in Java.
struct Class<'a> {
    java: String,
    kind: Kind<'a>,
}

enum Kind<'a> {
    Message(&'a DescriptorProto),
    /// An enum, and `true` if it has a constant for numbers that have none.
    Enum(&'a EnumDescriptorProto, bool),
}

impl<'a> Classes<'a> {
    fn of(set: &'a FileDescriptorSet) -> Self {
        let mut classes = Self(HashMap::new());
        for file in &set.file {
            let java = java_scope(file);
            let proto = joined("", file.package());
            let proto = if proto.is_empty() { proto } else { format!(".{proto}") };
            let open = file.syntax() == "proto3";
            classes.add(&proto, &java, &file.message_type, &file.enum_type, open);
        }
        classes
    }

    fn add(
        &mut self,
        proto: &str,
        java: &str,
        messages: &'a [DescriptorProto],
        enums: &'a [EnumDescriptorProto],
        open: bool,
    ) {
        for of in enums {
            let class = Class { java: joined(java, of.name()), kind: Kind::Enum(of, open) };
            self.0.insert(format!("{proto}.{}", of.name()), class);
        }
        for of in messages {
            let (proto, java) = (format!("{proto}.{}", of.name()), joined(java, of.name()));
            self.add(&proto, &java, &of.nested_type, &of.enum_type, open);
            self.0.insert(proto, Class { java, kind: Kind::Message(of) });
        }
    }

    /// Adds a message or an enum to the definition, and returns its name in Java.
    fn define(&self, name: &str, types: &mut TypeDefinitions) -> String {
        let Some(class) = self.0.get(name) else { return types.add(super::OBJECT) };
        types.add_with(&*class.java, |types| match class.kind {
            Kind::Message(message) => {
                let fields = message.field.iter();
                let property = |field| (property_name(field), self.field(message, field, types));
                TypeDefinition { properties: fields.map(property).collect(), ..Default::default() }
            }
            Kind::Enum(of, open) => {
                let values = of.value.iter().map(|value| value.name().to_owned());
                let unknown = open.then(|| "UNRECOGNIZED".to_owned());
                TypeDefinition { enums: values.chain(unknown).collect(), ..Default::default() }
            }
        })
    }

    fn field(
        &self,
        message: &DescriptorProto,
        field: &FieldDescriptorProto,
        types: &mut TypeDefinitions,
    ) -> String {
        if field.label() != Label::Repeated {
            return self.single(field, false, types);
        }
        let entry = message.nested_type.iter().find(|nested| {
            let is_map = nested.options.as_ref().is_some_and(MessageOptions::map_entry);
            is_map && field.type_name().ends_with(&format!(".{}.{}", message.name(), nested.name()))
        });
        let (class, items) = match entry {
            Some(entry) => {
                let parts = entry.field.iter().map(|field| self.single(field, true, types));
                ("java.util.Map", parts.collect::<Vec<_>>())
            }
            None => ("java.util.List", vec![self.single(field, true, types)]),
        };
        let name = format!("{class}<{}>", items.join(","));
        types.add_with(name, |_| TypeDefinition { items, ..TypeDefinition::default() })
    }

    fn single(
        &self,
        field: &FieldDescriptorProto,
        boxed: bool,
        types: &mut TypeDefinitions,
    ) -> String {
        let (primitive, class) = match field.r#type() {
            Type::Double => ("double", "java.lang.Double"),
            Type::Float => ("float", "java.lang.Float"),
            Type::Bool => ("boolean", "java.lang.Boolean"),
            Type::Int64 | Type::Uint64 | Type::Sint64 | Type::Fixed64 | Type::Sfixed64 => {
                ("long", "java.lang.Long")
            }
            Type::Int32 | Type::Uint32 | Type::Sint32 | Type::Fixed32 | Type::Sfixed32 => {
                ("int", "java.lang.Integer")
            }
            Type::String => ("java.lang.String", "java.lang.String"),
            Type::Bytes => ("com.google.protobuf.ByteString", "com.google.protobuf.ByteString"),
            Type::Enum | Type::Message | Type::Group => {
                return self.define(field.type_name(), types);
            }
        };
        types.add(if boxed { class } else { primitive })
    }
}

/// The package or the class that holds the classes of a file in Java.
fn java_scope(file: &FileDescriptorProto) -> String {
    let options = file.options.as_ref();
    let package = options.and_then(|options| options.java_package.as_deref());
    let package = package.unwrap_or_else(|| file.package());
    if options.is_some_and(FileOptions::java_multiple_files) {
        return package.to_owned();
    }
    let outer = options.and_then(|options| options.java_outer_classname.clone());
    joined(package, &outer.unwrap_or_else(|| outer_class(file)))
}

/// The class of a file that names none: its own name, which no class in it may have.
fn outer_class(file: &FileDescriptorProto) -> String {
    let name = file.name().rsplit('/').next().unwrap_or_default();
    let name = camel(name.strip_suffix(".proto").unwrap_or(name), true);
    let messages = file.message_type.iter().map(DescriptorProto::name);
    let enums = file.enum_type.iter().map(EnumDescriptorProto::name);
    let services = file.service.iter().map(prost_types::ServiceDescriptorProto::name);
    let taken = messages.chain(enums).chain(services).any(|other| other == name);
    if taken { name + "OuterClass" } else { name }
}

fn joined(scope: &str, name: &str) -> String {
    if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") }
}

fn property_name(field: &FieldDescriptorProto) -> String {
    lower_first(&camel(field.name(), false))
}

/// A name without underscores and others, each letter behind one of them a capital.
fn camel(name: &str, mut capital: bool) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if !letter.is_ascii_alphanumeric() {
            capital = true;
            continue;
        }
        out.push(if capital { letter.to_ascii_uppercase() } else { letter });
        capital = letter.is_ascii_digit();
    }
    out
}

fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_service_has_the_classes_that_protoc_makes() {
        let descriptors =
            include_bytes!("../metadata_service/generated/dubhe.descriptors.bin").as_slice();
        let of = of("org.apache.dubbo.metadata.MetadataServiceV2", descriptors).unwrap();
        let scope = "org.apache.dubbo.metadata.MetadataServiceV2OuterClass";
        let [info, _] = &of.methods[..] else { unreachable!() };
        assert_eq!(info.name, "getMetadataInfo");
        assert_eq!(info.parameter_types, [format!("{scope}.MetadataRequest")]);
        assert_eq!(info.return_type, format!("{scope}.MetadataInfoV2"));
        let parts = |name: &str| of.types.iter().find(|(of, _)| *of == name).unwrap().1.clone();
        let info = parts(&format!("{scope}.MetadataInfoV2"));
        let map = format!("java.util.Map<java.lang.String,{scope}.ServiceInfoV2>");
        assert_eq!(info.properties.get("services"), Some(&map));
        let request = parts(&format!("{scope}.OpenAPIRequest"));
        let list = Some("java.util.List<java.lang.String>");
        assert_eq!(request.properties.get("tag").map(|ty| &**ty), list);
        assert_eq!(request.properties.get("pretty").map(|ty| &**ty), Some("boolean"));
        let format = parts(&format!("{scope}.OpenAPIFormat"));
        assert_eq!(format.enums, ["JSON", "YAML", "PROTO", "UNRECOGNIZED"]);
        assert!(super::of("org.example.Other", descriptors).is_none());
        assert!(super::of("org.example.Other", b"\xff").is_none());
    }

    #[test]
    fn streams_are_observers() {
        let descriptors = include_bytes!("../builtin/generated/dubhe.descriptors.bin").as_slice();
        let health = of("grpc.health.v1.Health", descriptors).unwrap();
        let watch = health.methods.iter().find(|method| method.name == "watch").unwrap();
        let request = "grpc.health.v1.HealthProto.HealthCheckRequest";
        // The file names neither a package nor a class for Java.
        let request = request.replace("HealthProto", "HealthOuterClass");
        assert_eq!(watch.parameter_types, [request, OBSERVER.to_owned()]);
        assert_eq!(watch.return_type, "void");
    }

    /// The definition of a service of a file, as this crate makes it.
    fn of_file(name: &str, text: &str, interface: &str) -> ServiceDefinition {
        let folder = folder_of(name);
        let file = folder.join(format!("{name}.proto"));
        std::fs::write(&file, text).unwrap();
        let modules = dubhe_build::Builder::new().modules(&[&file], &[&folder]).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        of(interface, &modules.descriptors).unwrap()
    }

    fn folder_of(name: &str) -> std::path::PathBuf {
        let folder =
            std::env::temp_dir().join(format!("dubhe-definition-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// Accessors of Java that are no fields, and fields whose setters Java passes over since they look like others.
    const OF_JAVA: [&str; 2] = ["kindsValue", "manyKindsValue"];
    const NOT_OF_JAVA: [&str; 2] = ["someValue", "someBytes"];

    #[test]
    fn definitions_are_those_that_dubbo_java_publishes() {
        let vectors = include_str!("../../../../tests/vectors/service_definition_protobuf.json");
        let vectors: serde_json::Value = serde_json::from_str(vectors).unwrap();
        let greeter =
            include_str!("../../../../tests/peers/java-dubbo/proto/src/main/proto/greeter.proto");
        let odd = vectors["odd.proto"].as_str().unwrap();
        for (index, (name, text)) in [("greeter", greeter), ("odd", odd)].into_iter().enumerate() {
            let java = &vectors["definitions"][index];
            let ServiceDefinition { methods, types } =
                of_file(name, text, java["canonicalName"].as_str().unwrap());
            // Java calls a blocking method in another way too.
            let theirs = java["methods"].as_array().unwrap().iter();
            let mut theirs: Vec<String> = theirs
                .filter(|of| !of["name"].as_str().unwrap().ends_with("Async"))
                .map(|of| format!("{} {} {}", of["name"], of["parameterTypes"], of["returnType"]))
                .collect();
            let mut ours: Vec<String> = methods
                .iter()
                .map(|of| {
                    let text = |of: &str| serde_json::Value::from(of).to_string();
                    let parameters = serde_json::to_string(&of.parameter_types).unwrap();
                    format!("{} {parameters} {}", text(&of.name), text(&of.return_type))
                })
                .collect();
            theirs.sort();
            ours.sort();
            assert_eq!(ours, theirs, "{name}");
            for (ty, parts) in types.iter() {
                let same = java["types"].as_array().unwrap().iter().find(|of| of["type"] == *ty);
                let Some(same) = same else {
                    panic!("Dubbo Java has no type {ty}");
                };
                // Its private fields are nothing that a caller says.
                if ty == "com.google.protobuf.ByteString" {
                    continue;
                }
                let properties = same["properties"].as_object().unwrap().iter();
                let properties = properties
                    .filter(|(name, _)| !OF_JAVA.contains(&name.as_str()))
                    .map(|(name, ty)| {
                        (name.trim_end_matches('_').to_owned(), ty.as_str().unwrap().to_owned())
                    });
                let own = parts
                    .properties
                    .iter()
                    .filter(|(name, _)| !NOT_OF_JAVA.contains(&name.as_str()));
                let own: std::collections::BTreeMap<String, String> =
                    own.map(|(name, ty)| (name.clone(), ty.clone())).collect();
                assert_eq!(own, properties.collect(), "{ty}");
                let texts = |of: &serde_json::Value| -> Vec<String> {
                    of.as_array()
                        .unwrap()
                        .iter()
                        .map(|of| of.as_str().unwrap().to_owned())
                        .collect()
                };
                assert_eq!(parts.items, texts(&same["items"]), "{ty}");
                assert_eq!(parts.enums, texts(&same["enums"]), "{ty}");
            }
        }
    }
}
