//! Services and messages in the syntax of `.proto` files.

use std::fmt::Write as _;

use prost_reflect::{
    EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor, ServiceDescriptor,
    Syntax,
};

use crate::call::protobuf::template;

/// The service, or one method of it, and all messages and enums that it needs. Those of
/// `google.protobuf` are known to everybody.
pub(super) fn text(service: &ServiceDescriptor, only: Option<&MethodDescriptor>) -> String {
    let mut page = Page { package: service.package_name(), text: String::new(), seen: Vec::new() };
    page.line(0, format_args!("// {}", service.parent_file().name()));
    if !service.package_name().is_empty() {
        page.line(0, format_args!("package {};", service.package_name()));
    }
    page.line(0, format_args!("\nservice {} {{", service.name()));
    let methods: Vec<MethodDescriptor> = match only {
        Some(method) => vec![method.clone()],
        None => service.methods().collect(),
    };
    for method in &methods {
        page.method(method);
    }
    page.line(0, format_args!("}}"));
    // Those that others need are appended as they are found.
    let mut next = 0;
    while let Some(kind) = page.seen.get(next).cloned() {
        page.kind(&kind);
        next += 1;
    }
    if let Some(method) = only {
        page.line(0, format_args!("\n// As JSON: {}", template(&method.input())));
    }
    page.text
}

struct Page<'a> {
    /// Names within it are printed without it.
    package: &'a str,
    text: String,
    /// The messages and enums to print, each once.
    seen: Vec<Kind>,
}

impl Page<'_> {
    fn line(&mut self, depth: usize, what: std::fmt::Arguments<'_>) {
        // Writing to a text never fails.
        let _ = writeln!(self.text, "{:width$}{what}", "", width = depth * 2);
    }

    fn short<'n>(&self, name: &'n str) -> &'n str {
        let rest = name.strip_prefix(self.package).and_then(|rest| rest.strip_prefix('.'));
        rest.unwrap_or(name)
    }

    fn method(&mut self, method: &MethodDescriptor) {
        let stream = |many| if many { "stream " } else { "" };
        let (input, output) = (method.input(), method.output());
        self.line(
            1,
            format_args!(
                "rpc {}({}{}) returns ({}{});",
                method.name(),
                stream(method.is_client_streaming()),
                self.short(input.full_name()).to_owned(),
                stream(method.is_server_streaming()),
                self.short(output.full_name()).to_owned(),
            ),
        );
        self.need(&Kind::Message(input));
        self.need(&Kind::Message(output));
    }

    /// Remembers to print a type.
    fn need(&mut self, kind: &Kind) {
        let name = match kind {
            Kind::Message(message) => message.full_name(),
            Kind::Enum(one) => one.full_name(),
            _ => return,
        };
        if !name.starts_with("google.protobuf.") && !self.seen.contains(kind) {
            self.seen.push(kind.clone());
        }
    }

    fn kind(&mut self, kind: &Kind) {
        match kind {
            Kind::Message(message) => self.message(message),
            Kind::Enum(one) => self.enumeration(one),
            _ => {}
        }
    }

    fn message(&mut self, message: &MessageDescriptor) {
        let name = self.short(message.full_name()).to_owned();
        self.line(0, format_args!("\nmessage {name} {{"));
        let alone = |field: &FieldDescriptor| match field.containing_oneof() {
            Some(oneof) => oneof.is_synthetic(),
            None => true,
        };
        message.fields().filter(alone).for_each(|field| self.field(1, &field));
        for oneof in message.oneofs().filter(|oneof| !oneof.is_synthetic()) {
            self.line(1, format_args!("oneof {} {{", oneof.name()));
            oneof.fields().for_each(|field| self.field(2, &field));
            self.line(1, format_args!("}}"));
        }
        self.line(0, format_args!("}}"));
    }

    fn field(&mut self, depth: usize, field: &FieldDescriptor) {
        let oneof = field.containing_oneof();
        let optional = match &oneof {
            Some(oneof) => oneof.is_synthetic(),
            None => field.parent_file().syntax() == Syntax::Proto2,
        };
        let label = match () {
            () if field.is_map() => "",
            () if field.is_list() => "repeated ",
            () if field.is_required() => "required ",
            () if optional => "optional ",
            () => "",
        };
        let kind = self.name_of(&field.kind());
        let (name, number) = (field.name(), field.number());
        let note = if field.is_group() { "   // as a group" } else { "" };
        self.line(depth, format_args!("{label}{kind} {name} = {number};{note}"));
    }

    fn name_of(&mut self, kind: &Kind) -> String {
        match kind {
            Kind::Message(entry) if entry.is_map_entry() => {
                let key = self.name_of(&entry.map_entry_key_field().kind());
                let value = self.name_of(&entry.map_entry_value_field().kind());
                format!("map<{key}, {value}>")
            }
            Kind::Message(message) => {
                self.need(kind);
                self.short(message.full_name()).to_owned()
            }
            Kind::Enum(one) => {
                self.need(kind);
                self.short(one.full_name()).to_owned()
            }
            // A plain type prints as it is written.
            plain => format!("{plain:?}"),
        }
    }

    fn enumeration(&mut self, one: &EnumDescriptor) {
        let name = self.short(one.full_name()).to_owned();
        self.line(0, format_args!("\nenum {name} {{"));
        for value in one.values() {
            self.line(1, format_args!("{} = {};", value.name(), value.number()));
        }
        self.line(0, format_args!("}}"));
    }
}
