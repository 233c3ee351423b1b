//! Definitions as Dubbo Java 3.3.6 and 2.7.23 and dubbo-go 3.1.1 wrote them for the services of `tests/peers`.

use super::{DefinitionError, MAX_BYTES, read};
use crate::Api;
use crate::model::{Class, Kind, Method, Service, Stream};

const JAVA_3: &str = include_str!("../../tests/data/definition/java_3.3.6.json");
const JAVA_2: &str = include_str!("../../tests/data/definition/java_2.7.23.json");
const JSON_SERVICE: &str = include_str!("../../tests/data/definition/java_3.3.6_json.json");
const STREAMS: &str = include_str!("../../tests/data/definition/java_3.3.6_streams.json");
const GO: &str = include_str!("../../tests/data/definition/go_3.1.1.json");

fn service<'a>(api: &'a Api, name: &str) -> &'a Service {
    match &api.types[name].kind {
        Kind::Service(service) => service,
        other => panic!("{name} is {other:?}"),
    }
}

fn class<'a>(api: &'a Api, name: &str) -> &'a Class {
    match &api.types[name].kind {
        Kind::Class(class) => class,
        other => panic!("{name} is {other:?}"),
    }
}

fn signature(method: &Method) -> String {
    let parameters: Vec<_> = method.parameters.iter().map(|of| of.ty.to_string()).collect();
    format!("{} {}({})", method.result, method.name, parameters.join(", "))
}

fn fields(class: &Class) -> Vec<String> {
    class.fields.iter().map(|of| format!("{} {}", of.ty, of.name)).collect()
}

fn texts(api: &Api) -> Vec<String> {
    api.notes.iter().map(ToString::to_string).collect()
}

#[test]
fn dubbo_java_3_describes_a_service() {
    let api = read(JAVA_3, "zookeeper://127.0.0.1:2181").unwrap();
    let greet = service(&api, "peer.api.GreetService");
    assert_eq!(greet.methods.len(), 80);
    let signatures: Vec<_> = greet.methods.iter().map(signature).collect();
    for expected in [
        "java.lang.String greet(java.lang.String)",
        "java.lang.String overload(int)",
        "java.lang.String overload(java.lang.String)",
        "java.lang.String overload(java.lang.String, int)",
        "java.util.Map<java.lang.Long, peer.api.User> echoUserMap(java.util.Map<java.lang.Long, peer.api.User>)",
        "int[][] echoIntMatrix(int[][])",
        "void nothing()",
        "java.lang.Object greetAsync(java.lang.String)",
        "peer.api.Page echoPage(peer.api.Page)",
    ] {
        assert!(signatures.iter().any(|of| of == expected), "{expected}");
    }
    let page = class(&api, "peer.api.Page");
    assert_eq!(page.parameters, ["T"]);
    assert_eq!(fields(page), ["java.util.List<T> items", "boolean last", "int number"]);
    let employee = class(&api, "peer.api.Employee");
    assert_eq!(employee.fields.len(), 13, "its own and those of User");
    assert_eq!(employee.superclass, None);
    let Kind::Enum(color) = &api.types["peer.api.Color"].kind else { unreachable!() };
    let constants: Vec<_> = color.constants.iter().map(|of| &*of.name).collect();
    assert_eq!(constants, ["RED", "GREEN", "BLUE"]);
    assert!(api.types.keys().all(|name| name.starts_with("peer.api.")), "none is of the JDK");
    assert_eq!(api.types.len(), 10);
    assert_eq!(texts(&api).len(), 1, "{:?}", api.notes);
    assert!(
        texts(&api)[0].starts_with("peer.api.GreetService.greetAsync: the definition does not say")
    );
    assert_eq!(api.types["peer.api.User"].source, "zookeeper://127.0.0.1:2181");
}

#[test]
fn dubbo_java_2_describes_the_same() {
    let read = |json| read(json, "zookeeper://127.0.0.1:2181").unwrap();
    assert_eq!(read(JAVA_2), read(JAVA_3));
}

#[test]
fn nested_classes_have_their_binary_names() {
    let api = read(JSON_SERVICE, "nacos://127.0.0.1:8848").unwrap();
    let invoice = class(&api, "peer.api.Invoice");
    assert!(fields(invoice).contains(&"java.util.List<peer.api.Invoice$Line> lines".to_owned()));
    assert_eq!(class(&api, "peer.api.Invoice$Line").fields.len(), 3);
    assert_eq!(api.notes, []);
}

#[test]
fn observers_are_streams() {
    let api = read(STREAMS, "zookeeper://127.0.0.1:2181").unwrap();
    let methods = &service(&api, "peer.proto.StreamService").methods;
    let found: Vec<_> = methods.iter().map(|of| (signature(of), of.stream)).collect();
    let expected = [
        ("java.lang.Object count(java.lang.String)".to_owned(), Stream::Server),
        ("java.lang.Object older(java.lang.Object)".to_owned(), Stream::Both),
    ];
    assert_eq!(found, expected);
    assert_eq!(api.notes.len(), 2);
}

#[test]
fn kinds_of_go_are_left_out() {
    let api = read(GO, "nacos://127.0.0.1:8848").unwrap();
    assert_eq!(service(&api, "org.example.interop.PojoService").methods, []);
    assert_eq!(api.notes.len(), 4);
    let text = texts(&api).concat();
    assert!(
        text.contains("org.example.interop.PojoService.User: left out: `ptr` is a kind of Go"),
        "{text}"
    );
}

#[test]
fn an_exception_lacks_the_fields_of_throwable() {
    let json = r#"{"canonicalName": "a.S", "methods": [], "types": [{"type": "a.Failed", "properties": {
        "detailMessage": "java.lang.String", "cause": "java.lang.Throwable", "code": "int",
        "stackTrace": "java.lang.StackTraceElement[]",
        "suppressedExceptions": "java.util.List<java.lang.Throwable>"}}]}"#;
    let api = read(json, "here").unwrap();
    let failed = class(&api, "a.Failed");
    assert!(failed.is_exception);
    assert_eq!(fields(failed), ["int code"]);
    assert_eq!(failed.superclass.as_ref().unwrap().to_string(), "java.lang.Throwable");
}

#[test]
fn group_and_version_are_those_of_the_url() {
    let json =
        r#"{"methods": [], "parameters": {"interface": "a.S", "group": "g", "version": "1.0"}}"#;
    let api = read(json, "here").unwrap();
    let service = service(&api, "a.S");
    assert_eq!((service.group.as_deref(), service.version.as_deref()), (Some("g"), Some("1.0")));
}

#[test]
fn what_cannot_be_read_is_left_out_alone() {
    let json = r#"{"canonicalName": "a.S", "methods": [
        {"name": "good", "parameterTypes": ["a.Gone", "a.Holder<a.Gone>"], "returnType": "java.util.List<T>"},
        {"name": "good", "parameterTypes": ["a.Gone", "a.Holder"], "returnType": "int"},
        {"name": "bad", "parameterTypes": ["a..B"], "returnType": "void"},
        {"name": "none", "parameterTypes": ["void"], "returnType": "void"},
        {"name": "half", "parameterTypes": []},
        {"name": "odd name", "parameterTypes": [], "returnType": "void"},
        {"name": "observed", "parameterTypes": ["org.apache.dubbo.common.stream.StreamObserver", "int"],
            "returnType": "void"},
        7
    ], "types": [
        {"type": "a.Holder", "properties": {"it": "java.lang.Object", "lost": {"$ref": "$.types[9]"}, "v": "void"}},
        {"type": "a.Pair", "properties": {"k": "java.util.List<K>", "v": "java.util.List<V>"}},
        {"type": "a.Colour", "enums": ["RED", "RED", "not one"]},
        {"type": "a b"}, {"type": "a.Empty"}, {"type": "T"}, 7,
        {"type": "a.Inner.Deep", "properties": {"x": "int"}}
    ]}"#;
    let api = read(json, "here").unwrap();
    let signatures: Vec<_> = service(&api, "a.S").methods.iter().map(signature).collect();
    assert_eq!(signatures, ["java.util.List<java.lang.Object> good(a.Gone, a.Holder)"]);
    assert_eq!(class(&api, "a.Pair").parameters, ["K", "V"]);
    assert_eq!(fields(class(&api, "a.Holder")), ["java.lang.Object it"]);
    assert_eq!(fields(class(&api, "a.Inner$Deep")), ["int x"]);
    let notes = texts(&api);
    for expected in [
        "a.S.types[6]: left out: a type without a name",
        "a.Holder.lost: left out: a field without a type",
        "a.S.half: left out: a method without the type of its result",
        "a.S.methods[7]: left out: a method without a name",
        "a b: left out: text behind the type",
        "a.Holder.v: left out: a field of the type void",
        "a.Colour.not one: left out: this is no name of a constant",
        "a.S.good(a.Gone, a.Holder): it is there twice; the one that returns java.util.List<java.lang.Object> is used, not int",
        "a.S.bad: left out: `a..B`: not the name of a type",
        "a.S.none: left out: a parameter of the type void",
        "a.S.odd name: left out: this is no name of a method",
        "a.S.observed: left out: a StreamObserver in a place where Triple has none",
    ] {
        assert!(notes.iter().any(|of| of == expected), "{expected} is not in {notes:#?}");
    }
    for beginning in
        ["a.Pair: the definition does not say the order", "a.Empty: ", "a.Gone: ", "a.Inner$Deep: "]
    {
        assert!(
            notes.iter().any(|of| of.starts_with(beginning)),
            "{beginning} is not in {notes:#?}"
        );
    }
}

#[test]
fn other_json_is_refused_with_the_place() {
    let refused = |json: &str| read(json, "etcd://x").unwrap_err().to_string();
    assert_eq!(
        refused("{\n  nothing"),
        "etcd://x: not the JSON of a service definition: key must be a string at line 2 column 3"
    );
    assert_eq!(refused("[]"), "etcd://x: not a service definition: an object is expected");
    assert_eq!(
        refused("{}"),
        "etcd://x: not a service definition: `canonicalName` has no name of an interface"
    );
    let missing = r#"{"canonicalName": "a.S"}"#;
    assert_eq!(refused(missing), "etcd://x: not a service definition: `methods` is no list");
    let odd = r#"{"canonicalName": "a.S", "types": 1, "methods": []}"#;
    assert_eq!(refused(odd), "etcd://x: not a service definition: `types` is no list");
    assert!(matches!(read(&"[".repeat(1000), "x"), Err(DefinitionError::Json { .. })));
    let long = " ".repeat(MAX_BYTES + 1);
    assert!(
        matches!(read(&long, "x"), Err(DefinitionError::TooLong { length, .. }) if length == MAX_BYTES + 1)
    );
    let name = read(r#"{"canonicalName": "a b", "methods": []}"#, "x").unwrap();
    assert_eq!((name.types.len(), name.notes.len()), (0, 1));
}

#[test]
fn references_in_a_circle_end() {
    let json = r#"{"canonicalName": "a.S", "methods": [], "types": [
        {"$ref": "$.types[0]"}, {"$ref": "$.types[2]"}, {"$ref": "$.types[1]"}, {"$ref": "$"}, {"$ref": ".."},
        {"$ref": "$.types[99999999999999999999]"}, {"$ref": "$types"}]}"#;
    let api = read(json, "here").unwrap();
    assert_eq!(api.notes.len(), 7, "{:?}", api.notes);
}

/// Parts of real definitions, put together by chance.
#[test]
fn broken_definitions_end_without_a_panic() {
    let mut read_any = 0;
    for text in [JAVA_3, JAVA_2, JSON_SERVICE, STREAMS, GO] {
        for broken in crate::broken::texts(text, 60) {
            if let Ok(api) = read(&broken, "broken") {
                assert_eq!(crate::check::differences(&api, &api), []);
                read_any += 1;
            }
        }
    }
    assert!(read_any > 20, "{read_any}");
}

/// The definition that Dubbo Java 3.3.6 publishes of a service that is generated from a `.proto` file, its own `MetadataServiceV2`.
const PROTOBUF: &str = include_str!("../../tests/data/definition/java_3.3.6_protobuf.json");

#[test]
fn a_service_of_protobuf_is_left_out() {
    let api = read(PROTOBUF, "zookeeper://127.0.0.1:2181").unwrap();
    assert!(api.types.is_empty(), "{:?}", api.types.keys());
    let [note] = &texts(&api)[..] else { panic!("{:?}", api.notes) };
    assert!(
        note.starts_with("org.apache.dubbo.metadata.MetadataServiceV2: left out: its messages")
    );
    assert!(note.contains("`dubhe gen orders.proto`"), "{note}");

    // Without the word of its proxy, messages are known by their enums, and by what holds those.
    let api = read(&PROTOBUF.replace("nativestub", "javassist"), "a").unwrap();
    let methods = &service(&api, "org.apache.dubbo.metadata.MetadataServiceV2").methods;
    let names: Vec<_> = methods.iter().map(|of| &*of.name).collect();
    assert_eq!(names, ["getMetadataInfo", "getMetadataInfoAsync"]);
    let left_out: Vec<_> = texts(&api).into_iter().filter(|note| note.contains(".proto")).collect();
    assert_eq!(left_out.len(), 2, "{left_out:?}");
    for message in ["OpenAPIRequest", "OpenAPIFormat"] {
        assert!(!api.types.contains_key(&format!("org.apache.dubbo.metadata.{message}")));
    }
}

#[test]
fn messages_are_known_by_their_java_fields() {
    let json = |ty: &str| {
        format!(
            r#"{{"canonicalName": "a.S", "types": [
                {{"type": "a.M", "properties": {{"name_": "java.lang.Object", "memoizedIsInitialized": "byte"}}}},
                {{"type": "a.Holder", "properties": {{"all": "java.util.Map<java.lang.String,a.M>"}}}},
                {{"type": "a.Time", "properties": {{"at": "com.google.protobuf.Timestamp"}}}},
                {{"type": "a.Plain", "properties": {{"name": "java.lang.String"}}}}],
              "methods": [
                {{"name": "one", "parameterTypes": ["a.Plain"], "returnType": "int"}},
                {{"name": "two", "parameterTypes": ["int"], "returnType": "{ty}"}}]}}"#
        )
    };
    for ty in ["a.M", "a.M[]", "java.util.List<a.Holder>", "com.google.protobuf.Any", "a.Time"] {
        let api = read(&json(ty), "a").unwrap();
        assert_eq!(api.types.keys().collect::<Vec<_>>(), ["a.Plain", "a.S"], "{ty}");
        assert_eq!(service(&api, "a.S").methods.len(), 1, "{ty}");
        assert!(texts(&api)[0].starts_with("a.S.two: left out: it has types of protobuf"), "{ty}");
    }
    assert_eq!(service(&read(&json("a.Plain"), "a").unwrap(), "a.S").methods.len(), 2);
    // Alone, they are no service.
    let api = read(&json("a.M").replace(r#"["a.Plain"]"#, r#"["a.M"]"#), "a").unwrap();
    assert!(api.types.is_empty());
}
