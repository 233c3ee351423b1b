//! Answers of Dubbo Java and dubbo-go, recorded.

use dubhe_core::payload::Content;
use dubhe_core::{Encoded, Format, Value};
use dubhe_registry::application::metadata_info::revision;
use serde_json::Value as Json;

use super::*;

fn recorded(name: &str) -> Vec<u8> {
    let all = include_str!("../../../../tests/vectors/metadata_service.json");
    let all: Json = serde_json::from_str(all).unwrap();
    let hex = all[name].as_str().unwrap();
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn reply(format: Format, bytes: Vec<u8>) -> Reply {
    Reply::new(Payload::Message(Content::Encoded(Encoded::new(format, bytes.into()))))
}

fn of_value(value: impl Into<Value>) -> Result<MetadataInfo, Status> {
    v1::info(&Reply::new(Payload::dynamic(value.into())))
}

#[test]
fn the_object_of_dubbo_java_is_read_and_has_its_revision() {
    let info = v1::info(&reply(Format::Hessian2, recorded("java_v1"))).unwrap();
    assert_eq!(info.application, "java-dubbo-tri");
    assert_eq!(info.services.len(), 9);
    assert_eq!(revision(&info), &*info.revision);
    let place = &info.services["south/peer.api.PlaceService:2.0.0:tri"];
    assert_eq!(place.service, ServiceKey::new("peer.api.PlaceService", "south", "2.0.0"));
    assert_eq!((&*place.protocol, place.port), ("tri", 50791));
    assert_eq!(place.path, "peer.api.PlaceService");
    assert_eq!(place.params["slow.timeout"], "300");
}

#[cfg(feature = "protobuf")]
#[tokio::test]
async fn the_message_of_dubbo_java_says_the_same() {
    let v1 = v1::info(&reply(Format::Hessian2, recorded("java_v1"))).unwrap();
    let v2 = v2::info(reply(Format::Protobuf, recorded("java_v2"))).await;
    assert_eq!(v2.unwrap(), v1);
    let error = v2::info(reply(Format::Protobuf, Vec::new())).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
}

#[test]
fn the_object_of_dubbo_go_is_read() {
    let info = v1::info(&reply(Format::Hessian2, recorded("go_v1"))).unwrap();
    assert_eq!((&*info.application, info.revision.len()), ("go-md-tri", 128));
    let greeter = &info.services["org.example.interop.Greeter:tri"];
    assert_eq!(greeter.port, 20804);
    assert_eq!(greeter.params["release"], "dubbo-golang-3.3.2");
}

#[test]
fn what_is_wrong_is_an_error_or_left_out_alone() {
    let error = of_value(Value::Null).unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    for other in [Value::from(7), Value::from("{"), Value::Bool(true)] {
        assert_eq!(of_value(other.clone()).unwrap_err().code(), Code::DataLoss, "{other:?}");
    }
    // Older providers answer with JSON.
    let json = r#"{"app":"old","services":{"k":{"name":"a.B","protocol":"dubbo","port":1}}}"#;
    assert_eq!(of_value(json).unwrap().services["a.B:dubbo"].port, 1);

    let service = |name: &'static str, port: Value| {
        Value::from(Value::object("x").field("name", name).field("port", port))
    };
    let services = [
        ("a", service("a.B", Value::Int(20880))),
        ("b", service("a.C", Value::Int(70000))),
        ("c", service("", Value::Int(1))),
        ("d", Value::Null),
        ("e", service("a.D", Value::from("x"))),
        ("f", Value::from(Value::object("x").field("name", "a.E"))),
    ];
    let info = Value::object("x").field("services", Value::map(services));
    let info = of_value(info).unwrap();
    let left: Vec<_> = info.services.iter().map(|(key, of)| (&**key, of.port)).collect();
    assert_eq!(left, [("a.B", 20880), ("a.E", 0)]);
    assert_eq!(of_value(Value::object("x").field("services", 1)).unwrap().services.len(), 0);
}
