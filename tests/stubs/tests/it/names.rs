//! Names that are not what they seem, called and written as JSON.
use dubhe::{App, Server, Status, Stub};
use dubhe_core::{Request, Response, Streaming};
use dubhe_protobuf::prost::{Message as _, Name as _};
use dubhe_stubs::names::google::{self, protobuf::field_descriptor_proto};
use dubhe_stubs::names::names::beside::{Far, Sub, far, sub};
use dubhe_stubs::names::names::google_types::{Schema, SchemasClient};
use dubhe_stubs::names::names::groups;
use dubhe_stubs::names::names::oneofs::{Basket, basket};
use dubhe_stubs::names::names::prelude;
use dubhe_stubs::names::names::recursion::{Other, Tree};
use dubhe_stubs::names::names::services::{
    Echo, Echo_, EchoClient, EchoClient_, EchoServer, EchoServer_, SelfClient_, T, TClient, TServer,
};
use dubhe_stubs::names::names::r#type::r#gen::self_::r#async as keywords;
use dubhe_stubs::names::{Bare, BaresClient};
use futures_util::Stream;
use serde_json::{Value, json};

/// Answers with the name of the method.
struct Named;

macro_rules! named {
    ($($method:ident)*) => {
        $(async fn $method(
            &self,
            _: Request<EchoClient>,
        ) -> Result<Response<EchoClient>, Status> {
            Ok(EchoClient { text: stringify!($method).into() }.into())
        })*
    };
}

impl Echo_ for Named {
    named!(get_url get_url_ new with client clone call key service over into);
    named!(self_ super_ crate_ r#async r#gen);

    async fn get_url__(&self, request: Request<Echo>) -> Result<Response<Echo>, Status> {
        Ok(request.into_inner().into())
    }

    async fn methods(
        &self,
        request: Request<Streaming<EchoClient>>,
    ) -> Result<Response<impl Stream<Item = Result<EchoClient, Status>>>, Status> {
        Ok(Response::new(request.into_inner()))
    }
}

impl T for Named {
    named!(get);
}

#[tokio::test]
async fn methods_are_called_by_their_names_on_the_wire() {
    let server = Server::builder()
        .service(EchoServer_::new(Named))
        .service(TServer::new(Named))
        .start("127.0.0.1:0")
        .await
        .unwrap();
    let app = App::builder("names").build().unwrap();
    let url = format!("tri://{}", server.addr());
    let echo = app.client::<EchoClient_>().url(&url).build().unwrap();
    macro_rules! calls {
        ($($method:ident is $name:literal)*) => {
            $(let reply = echo.$method(EchoClient::default()).await.unwrap();
            assert_eq!(reply.into_inner().text, $name);)*
        };
    }
    calls!(get_url is "get_url" get_url_ is "get_url_");
    calls!(new_ is "new" with_ is "with" client_ is "client" clone_ is "clone");
    calls!(call is "call" key is "key" service is "service" over is "over" into_ is "into");
    calls!(self_ is "self_" super_ is "super_" crate_ is "crate_");
    calls!(r#async is "r#async" r#gen is "r#gen");
    let sent = Echo { server: EchoServer::Some.into() };
    assert_eq!(echo.get_url__(sent).await.unwrap().into_inner(), sent);

    let t = app.client::<TClient>().url(&url).build().unwrap();
    assert_eq!(t.get(EchoClient::default()).await.unwrap().into_inner().text, "get");
}

#[test]
fn names_on_the_wire_are_those_of_the_files() {
    fn service<T: Stub>() -> String {
        T::service().interface().to_string()
    }
    assert_eq!(EchoClient_::method_names()[..3], ["GetURL", "GetUrl", "get_url"]);
    assert_eq!(service::<EchoClient_>(), "names.services.Echo");
    assert_eq!(service::<SelfClient_>(), "names.services.Self");
    assert_eq!(service::<BaresClient>(), "Bares");
    assert_eq!(Bare::full_name(), "Bare");
    assert_eq!(keywords::Self_::full_name(), "names.type.gen.self.async.self");
}

/// The message that a JSON text is, which is written as the same text.
fn same<T>(json: Value) -> T
where
    T: serde::Serialize + serde::de::DeserializeOwned,
{
    let message: T = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(serde_json::to_value(&message).unwrap(), json);
    message
}

#[test]
fn oneofs_beside_types_of_their_name() {
    let fruit = basket::Fruit { kind: "pear".into() };
    let basket: Basket = same(json!({
        "first": { "kind": "pear" }, "whole": { "kind": "pear" }, "known": "LARGE",
    }));
    assert_eq!(basket.first, Some(fruit.clone()));
    assert_eq!(basket.fruit, Some(basket::FruitOneOf::Whole(fruit)));
    assert_eq!(basket.size, Some(basket::SizeOneOf::Known(basket::Size::Large.into())));
}

#[test]
fn messages_beside_packages_of_their_name() {
    let message: Sub = same(json!({ "inner": { "n": 1 }, "other": { "n": 2 }, "text": "x" }));
    assert_eq!(message.inner, Some(sub::Inner { n: 1 }));
    assert_eq!(message.other, Some(sub::Other { n: 2 }));
    assert_eq!(message.either, Some(sub::Either::Text("x".into())));
    let message: Far = same(json!({ "deep": { "inner": { "n": 1 } }, "most": { "n": 2 } }));
    assert_eq!(message.deep.unwrap().inner, Some(far::deep::Inner { n: 1 }));
    assert_eq!(message.most, Some(far::deep::Most { n: 2 }));
}

#[test]
fn keywords_and_values_of_enums() {
    let message: keywords::Type = same(json!({ "loop": { "k": { "self": "x" } }, "gen": "g" }));
    assert_eq!(message.r#match, Some(keywords::r#type::Match::Gen("g".into())));
    let message: keywords::Dyn = same(json!({ "weird": "Self" }));
    assert_eq!(message.weird(), keywords::Weird::Self_);
    let message: keywords::Self_ = same(json!({ "gen": "g", "matched": "Crate" }));
    assert_eq!((&*message.r#gen, message.matched()), ("g", keywords::self_::Match::Crate));
}

#[test]
fn names_of_the_prelude() {
    let message: prelude::Option = same(json!({ "some": { "value": "x" }, "none": "7" }));
    assert_eq!(message.none, Some(7));
    let message: prelude::Vec =
        same(json!({ "items": [{ "text": "x" }], "numbers": [1.5], "e": ["E_ZERO"] }));
    assert_eq!(message.items, [prelude::String { text: "x".into() }]);
    let _: prelude::HashMap = same(json!({ "numbers": { "1": "2" }, "e": { "k": "E_ZERO" } }));
    let _: prelude::Result = same(json!({ "err": { "status": { "code": 5 } } }));
    let _: prelude::Std = same(json!({ "fmt": { "n": 1 } }));
    let _: prelude::Serde = same(json!({ "de": { "n": 1 } }));
    let _: prelude::Pbjson = same(json!({ "private": { "n": 1 } }));
}

#[test]
fn types_in_circles() {
    let tree: Tree = same(json!({ "children": [{}], "two": { "inner": { "inner": {} } } }));
    assert_eq!(tree.children, [Tree::default()]);
    let other: Other = same(json!({ "tree": { "left": {} } }));
    assert_eq!(other.tree.unwrap().left, Some(Box::default()));
    let bare: Bare = same(json!({ "inner": { "text": "x" } }));
    assert_eq!(bare.inner.unwrap().text, "x");
}

#[test]
fn types_of_the_files_of_google() {
    let field =
        json!({ "name": "f", "number": 1, "label": "LABEL_OPTIONAL", "type": "TYPE_STRING" });
    let message: Schema = same(json!({
        "file": {
            "name": "a.proto",
            "messageType": [{ "name": "M", "field": [field] }],
            "options": { "javaPackage": "a" },
        },
        "messages": { "m": { "name": "M" } },
        "type": { "name": "T", "syntax": "SYNTAX_PROTO3" },
        "api": { "methods": [{ "name": "m", "requestStreaming": true }] },
        "syntax": ["SYNTAX_PROTO2"],
        "response": { "file": [{ "name": "out" }] },
        "value": null,
        "own": { "n": 1 },
    }));
    let file: &google::protobuf::FileDescriptorProto = message.file.as_ref().unwrap();
    assert_eq!(file.message_type[0].field[0].r#type(), field_descriptor_proto::Type::String);
    assert_eq!(
        google::protobuf::FileDescriptorProto::full_name(),
        "google.protobuf.FileDescriptorProto"
    );
    let file = file.encode_to_vec();
    assert_eq!(
        google::protobuf::FileDescriptorProto::decode(&*file).unwrap(),
        message.file.unwrap()
    );
    assert_eq!(SchemasClient::method_names(), ["Get"]);
    assert_eq!(google::protobuf::OwnsClient::service().interface(), "google.protobuf.Owns");
}

#[test]
fn circles_by_way_of_groups() {
    let outer =
        json!({ "first": { "second": { "outer": { "many": [{ "outer": {} }] }, "other": {} } } });
    let message: groups::Outer = same(outer.clone());
    assert_eq!(groups::Outer::decode(&*message.encode_to_vec()).unwrap(), message);
    let _: groups::Box = same(json!({ "outer": outer }));
    let message: groups::Box = same(json!({ "box": { "n": 1 } }));
    let held = groups::r#box::Box { n: Some(1) };
    assert_eq!(message.result, Some(groups::r#box::Result::Box(held)));
}

#[test]
#[allow(deprecated, reason = "all of the message is")]
fn defaults_beyond_their_type_are_infinite() {
    let old = dubhe_stubs::names::names::old::Old::default();
    assert_eq!((old.huge(), old.low()), (f32::INFINITY, f64::NEG_INFINITY));
}
