//! `dubhe call` against servers whose reflection or replies are broken, or made to break the caller.
use std::sync::Arc;

use crate::support::{
    DEADLINE_EXCEEDED, FAILED_PRECONDITION, INTERNAL, ProgramOutput, RESOURCE_EXHAUSTED, dubhe,
};
use dubhe::call::Invoking;
use dubhe::payload::{Encoded, Format, Frame, Payloads, Trailers};
use dubhe::{
    Call, CallKind, Method, Payload, Reply, RunningServer, Server, Service, ServiceKey, Status,
};
use futures_util::StreamExt as _;
use prost::Message;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto,
    FileDescriptorProto, MessageOptions, MethodDescriptorProto, ServiceDescriptorProto,
    UninterpretedOption,
};

/// `ServerReflectionRequest`, as far as it is asked.
#[derive(Clone, PartialEq, Message)]
struct Question {
    #[prost(string, optional, tag = "3")]
    file: Option<String>,
    #[prost(string, optional, tag = "4")]
    symbol: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
struct Files {
    #[prost(bytes = "vec", repeated, tag = "1")]
    files: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
struct Answer {
    #[prost(message, optional, tag = "4")]
    files: Option<Files>,
}

/// The files that answer a question for this one, or for the service.
type Library = Arc<dyn Fn(Option<&str>) -> Vec<Vec<u8>> + Send + Sync>;

/// Reflection that answers from a library without a look at it.
struct Reflection(Library);

impl Service for Reflection {
    fn key(&self) -> ServiceKey {
        ServiceKey::interface_only("grpc.reflection.v1.ServerReflection")
    }

    fn methods(&self) -> Vec<Arc<Method>> {
        vec![method("ServerReflectionInfo", CallKind::Bidirectional)]
    }

    fn call(&self, _: usize, call: Call) -> Invoking {
        let library = self.0.clone();
        let answers = Payloads::of_request(call.body).map(move |question| match question {
            Ok(question) => {
                let bytes = question.encoded().map(|e| e.bytes().clone()).unwrap_or_default();
                let Question { file, .. } = Question::decode(bytes).unwrap();
                let files = Some(Files { files: library(file.as_deref()) });
                Frame::Message(payload(Answer { files }.encode_to_vec()))
            }
            Err(status) => Frame::Trailers(Trailers::failed(status)),
        });
        let end = futures_util::stream::iter([Frame::Trailers(Trailers::default())]);
        Invoking::ready(Ok(Reply::stream(answers.chain(end))))
    }
}

/// A service, whose method `Do` gives the same bytes each time.
struct Fixed(&'static str, Vec<u8>);

impl Service for Fixed {
    fn key(&self) -> ServiceKey {
        ServiceKey::interface_only(self.0)
    }

    fn methods(&self) -> Vec<Arc<Method>> {
        vec![method("Do", CallKind::Unary)]
    }

    fn call(&self, _: usize, _: Call) -> Invoking {
        Invoking::ready(Ok::<_, Status>(Reply::new(payload(self.1.clone()))))
    }
}

fn method(name: &'static str, kind: CallKind) -> Arc<Method> {
    Arc::new(Method { name: name.into(), descriptor: None, kind })
}

fn payload(bytes: Vec<u8>) -> Payload {
    Encoded::new(Format::Protobuf, bytes.into()).into()
}

struct Serving {
    _runtime: tokio::runtime::Runtime,
    running: RunningServer,
}

impl Serving {
    fn start(reply: Vec<u8>, library: Library) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let server = Server::builder()
            .options(|options| options.reflection = false)
            .service(Reflection(library))
            .service(Fixed("a.S", reply.clone()))
            .service(Fixed("S", reply));
        let running = runtime.block_on(server.start("127.0.0.1:0")).unwrap();
        Self { _runtime: runtime, running }
    }

    /// A server whose service is in these files, which it sends together.
    fn of(files: &[FileDescriptorProto]) -> Self {
        let files: Vec<Vec<u8>> = files.iter().map(Message::encode_to_vec).collect();
        Self::start(Vec::new(), Arc::new(move |_| files.clone()))
    }

    fn run(&self, args: &[&str]) -> ProgramOutput {
        let url = format!("grpc://{}", self.running.addr());
        dubhe(&[&["call", &url, "a.S"], args].concat())
    }

    /// Calls and describes; neither may panic, and both fail with this.
    fn assert_refused(&self, code: i32, said: &str) {
        for args in [&["Do"][..], &["--describe"]] {
            let ended = self.run(args);
            assert_eq!((ended.code, &*ended.out), (code, ""), "{said}: {}", ended.err);
            assert!(ended.err.contains(said), "{said}: {}", ended.err);
            assert!(!ended.err.contains("panicked"), "{said}: {}", ended.err);
        }
    }
}

fn message(name: &str, field: Vec<FieldDescriptorProto>) -> DescriptorProto {
    DescriptorProto { name: Some(name.into()), field, ..DescriptorProto::default() }
}

fn field(name: &str, number: i32, kind: Type, type_name: Option<&str>) -> FieldDescriptorProto {
    FieldDescriptorProto {
        name: Some(name.into()),
        number: Some(number),
        label: Some(Label::Optional.into()),
        r#type: Some(kind.into()),
        type_name: type_name.map(Into::into),
        ..FieldDescriptorProto::default()
    }
}

/// `a.proto` with the service `a.S`, whose method takes and gives `a.M`, and with these messages.
fn file(messages: Vec<DescriptorProto>) -> FileDescriptorProto {
    let method = MethodDescriptorProto {
        name: Some("Do".into()),
        input_type: Some(".a.M".into()),
        output_type: Some(".a.M".into()),
        ..MethodDescriptorProto::default()
    };
    let service = ServiceDescriptorProto {
        name: Some("S".into()),
        method: vec![method],
        ..ServiceDescriptorProto::default()
    };
    FileDescriptorProto {
        name: Some("a.proto".into()),
        package: Some("a".into()),
        syntax: Some("proto3".into()),
        message_type: messages,
        service: vec![service],
        ..FileDescriptorProto::default()
    }
}

fn m(fields: Vec<FieldDescriptorProto>) -> FileDescriptorProto {
    file(vec![message("M", fields)])
}

fn importing(name: &str, imports: &[&str], public: bool) -> FileDescriptorProto {
    let dependency: Vec<String> = imports.iter().map(|&name| name.to_owned()).collect();
    let public_dependency = if public { vec![0] } else { Vec::new() };
    let file = if name == "a.proto" { m(Vec::new()) } else { FileDescriptorProto::default() };
    FileDescriptorProto { name: Some(name.into()), dependency, public_dependency, ..file }
}

#[test]
fn files_that_import_each_other_are_refused() {
    for public in [false, true] {
        let itself = importing("a.proto", &["a.proto"], public);
        Serving::of(&[itself]).assert_refused(INTERNAL, "file \"a.proto\" imports itself");
        let [one, other] = [("a.proto", "b.proto"), ("b.proto", "a.proto")]
            .map(|(name, import)| importing(name, &[import], public));
        Serving::of(&[one, other]).assert_refused(INTERNAL, "imports itself, through");
    }
    let missing = importing("a.proto", &["b.proto"], false);
    Serving::of(&[missing]).assert_refused(INTERNAL, "its file \"b.proto\" is missing");
}

#[test]
fn descriptors_that_protoc_would_not_write_are_refused() {
    let entry = |name: &str, fields| DescriptorProto {
        options: Some(MessageOptions { map_entry: Some(true), ..MessageOptions::default() }),
        ..message(name, fields)
    };
    let key = || field("key", 1, Type::String, None);
    let nested = field("value", 2, Type::Message, Some(".a.E"));
    let timestamp = FileDescriptorProto {
        name: Some("t.proto".into()),
        package: Some("google.protobuf".into()),
        message_type: vec![message("Timestamp", vec![field("seconds", 1, Type::String, None)])],
        ..FileDescriptorProto::default()
    };
    let using = |file: FileDescriptorProto| FileDescriptorProto {
        dependency: vec!["t.proto".into()],
        ..file
    };
    let many = |count: usize, said: &'static str| {
        let fields = (0..count).map(|_| field("x", 1, Type::Int32, None)).collect();
        (vec![m(fields)], said)
    };
    for (files, said) in [
        (
            vec![FileDescriptorProto { syntax: Some("proto9".into()), ..m(Vec::new()) }],
            "\"proto9\"",
        ),
        (vec![m(vec![field("x", 1, Type::Message, Some(".a.Nope"))])], "Nope"),
        (vec![m(vec![field("x", 1, Type::Message, None)])], "not right"),
        (vec![m(vec![field("x", 0, Type::Int32, None)])], "not right"),
        many(2, "not right"),
        (vec![file(Vec::new())], "not right"),
        (vec![file(vec![message("M", Vec::new()), entry("E", vec![key()])])], "no entry of a map"),
        (
            vec![file(vec![message("M", Vec::new()), entry("E", vec![key(), nested])])],
            "entry of a map",
        ),
        (
            vec![
                using(m(vec![field("t", 1, Type::Message, Some(".google.protobuf.Timestamp"))])),
                timestamp,
            ],
            "google.protobuf.Timestamp is not the well-known type",
        ),
        (
            vec![FileDescriptorProto {
                name: Some("z.proto".into()),
                ..FileDescriptorProto::default()
            }],
            "a.S",
        ),
        (Vec::new(), "a.S"),
    ] {
        Serving::of(&files).assert_refused(INTERNAL, said);
    }
    let edition = b"\x0a\x07a.proto\x62\x08editions\x70\xe8\x07".to_vec();
    let editions = Serving::start(Vec::new(), Arc::new(move |_| vec![edition.clone()]));
    editions
        .assert_refused(FAILED_PRECONDITION, "a.proto of the server is written in edition 2023");
    let noise = Serving::start(Vec::new(), Arc::new(|_| vec![b"\xff\xff noise".to_vec()]));
    noise.assert_refused(INTERNAL, "the reflection of the server is not right");
}

#[test]
fn what_is_fetched_is_bounded() {
    let long = FileDescriptorProto {
        package: Some("x".repeat(3 << 20)),
        ..FileDescriptorProto::default()
    };
    let long = long.encode_to_vec();
    let endless = move |name: &str, size: usize| {
        let next = name.trim_end_matches(".proto").parse::<u64>().unwrap_or(0) + 1;
        let mut file = importing(name, &[&format!("{next}.proto")], false).encode_to_vec();
        if size > 0 {
            file.extend_from_slice(&long);
        }
        vec![file]
    };
    for (size, said) in [(1, "more than 16777216 bytes"), (0, "more than 4096 files")] {
        let endless = endless.clone();
        let library = move |name: Option<&str>| endless(name.unwrap_or("a.proto"), size);
        let ended = Serving::start(Vec::new(), Arc::new(library)).run(&["Do", "--timeout", "1m"]);
        assert_eq!((ended.code, &*ended.out), (RESOURCE_EXHAUSTED, ""), "{}", ended.err);
        assert!(ended.err.contains(said), "{}", ended.err);
    }
}

#[test]
fn fetching_ends_with_the_timeout() {
    let slow = |name: Option<&str>| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        let name = name.unwrap_or("a.proto");
        let next = name.trim_end_matches(".proto").parse::<u64>().unwrap_or(0) + 1;
        vec![importing(name, &[&format!("{next}.proto")], false).encode_to_vec()]
    };
    let serving = Serving::start(Vec::new(), Arc::new(slow));
    let ended = serving.run(&["Do", "--timeout", "500ms"]);
    assert_eq!((ended.code, &*ended.out), (DEADLINE_EXCEEDED, ""), "{}", ended.err);
    assert!(ended.err.contains("did not tell what it has within 500ms"), "{}", ended.err);
}

#[test]
fn what_is_rare_but_right_is_read() {
    let group = FieldDescriptorProto {
        label: Some(Label::Repeated.into()),
        ..field("g", 3, Type::Group, Some(".a.M.G"))
    };
    let escaped = |text: &str| FieldDescriptorProto {
        default_value: Some(text.into()),
        ..field("raw", 4, Type::Bytes, None)
    };
    let colour = EnumDescriptorProto {
        name: Some("Colour".into()),
        value: vec![EnumValueDescriptorProto {
            name: Some("RED".into()),
            number: Some(0),
            ..EnumValueDescriptorProto::default()
        }],
        ..EnumDescriptorProto::default()
    };
    let itself = field("m", 1, Type::Message, Some(".a.M"));
    let kind = field("colour", 2, Type::Enum, Some(".a.M.Colour"));
    let no_option = UninterpretedOption {
        identifier_value: Some("x".into()),
        ..UninterpretedOption::default()
    };
    let m = DescriptorProto {
        nested_type: vec![message("G", vec![field("s", 1, Type::String, None)])],
        enum_type: vec![colour],
        options: Some(MessageOptions {
            uninterpreted_option: vec![no_option],
            ..MessageOptions::default()
        }),
        ..message("M", vec![itself, kind, group, escaped("\\777\\xé")])
    };
    let proto2 = FileDescriptorProto { syntax: Some("proto2".into()), ..file(vec![m]) };
    // m { m {} }, and a group with a text.
    let reply = b"\x0a\x02\x0a\x00\x1b\x0a\x01x\x1c".to_vec();
    let bytes = proto2.encode_to_vec();
    let serving = Serving::start(reply, Arc::new(move |_| vec![bytes.clone()]));
    let called = serving.run(&["Do", "--compact", r#"{"m":{"m":{}},"g":[{"s":"x"}]}"#]);
    assert_eq!(
        (called.code, &*called.out),
        (0, "{\"m\":{\"m\":{}},\"g\":[{\"s\":\"x\"}]}\n"),
        "{}",
        called.err
    );
    let described = serving.run(&["--describe"]);
    for line in
        ["  optional M m = 1;\n", "  repeated M.G g = 3;   // as a group\n", "\nenum M.Colour {\n"]
    {
        assert!(described.out.contains(line), "no {line} in {} {}", described.out, described.err);
    }
}

#[test]
fn a_service_needs_no_package() {
    let mut file = m(vec![field("text", 1, Type::String, None)]);
    file.package = None;
    for method in file.service.iter_mut().flat_map(|service| &mut service.method) {
        method.input_type = Some(".M".into());
        method.output_type = Some(".M".into());
    }
    let bytes = file.encode_to_vec();
    let reply = b"\x0a\x02hi".to_vec();
    let serving = Serving::start(reply, Arc::new(move |_| vec![bytes.clone()]));
    let url = format!("grpc://{}", serving.running.addr());
    for name in [&["S/Do"][..], &["S", "Do"]] {
        let called = dubhe(&[&["call", "--compact", &url], name].concat());
        assert_eq!((called.code, &*called.out), (0, "{\"text\":\"hi\"}\n"), "{}", called.err);
    }
    let described = dubhe(&["call", &url, "--describe", "S"]);
    assert!(
        described.out.contains("\nservice S {\n  rpc Do(M) returns (M);\n"),
        "{}",
        described.out
    );
}

#[test]
fn names_reach_no_terminal_as_they_are() {
    let file = m(vec![field("\u{1b}[31mred", 1, Type::String, None)]);
    let serving = Serving::of(&[file]);
    let described = serving.run(&["--describe"]);
    assert!(described.out.contains("\\u{1b}[31mred"), "{:?} {}", described.out, described.err);
    let missing = serving.run(&["Do", r#"{"x":1}"#]);
    assert!(missing.code == 2 && !missing.err.contains('\u{1b}'), "{:?}", missing.err);
}

#[test]
fn replies_that_nest_without_end_are_errors() {
    let any = |type_name: &str, value: Vec<u8>| {
        let mut bytes = Vec::new();
        prost::encoding::string::encode(1, &format!("type.googleapis.com/{type_name}"), &mut bytes);
        prost::encoding::bytes::encode(2, &value, &mut bytes);
        bytes
    };
    let nested = (0..50_000).fold(Vec::new(), |inner, _| any("google.protobuf.Any", inner));
    let mut reply = Vec::new();
    prost::encoding::bytes::encode(1, &nested, &mut reply);
    let well_known = FileDescriptorProto {
        name: Some("any.proto".into()),
        package: Some("google.protobuf".into()),
        syntax: Some("proto3".into()),
        message_type: vec![message(
            "Any",
            vec![field("type_url", 1, Type::String, None), field("value", 2, Type::Bytes, None)],
        )],
        ..FileDescriptorProto::default()
    };
    let using = FileDescriptorProto {
        dependency: vec!["any.proto".into()],
        ..m(vec![field("any", 1, Type::Message, Some(".google.protobuf.Any"))])
    };
    let files: Vec<Vec<u8>> = [using, well_known].iter().map(Message::encode_to_vec).collect();
    let serving = Serving::start(reply, Arc::new(move |_| files.clone()));
    let called = serving.run(&["Do"]);
    assert_eq!((called.code, &*called.out), (INTERNAL, ""), "{}", called.err);
    assert!(called.err.contains("google.protobuf.Any hold another one"), "{}", called.err);

    // 200 levels of a message that holds itself.
    let deep = (0..200).fold(Vec::new(), |inner: Vec<u8>, _| {
        let mut bytes = Vec::new();
        prost::encoding::bytes::encode(1, &inner, &mut bytes);
        bytes
    });
    let itself = m(vec![field("m", 1, Type::Message, Some(".a.M"))]).encode_to_vec();
    let serving = Serving::start(deep, Arc::new(move |_| vec![itself.clone()]));
    let called = serving.run(&["Do"]);
    assert_eq!((called.code, &*called.out), (INTERNAL, ""), "{}", called.err);
    assert!(called.err.contains("is not a valid a.M"), "{}", called.err);
}
