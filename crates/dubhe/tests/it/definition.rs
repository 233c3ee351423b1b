//! The definition of a service beside the one that Dubbo Java publishes of the same interface.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::many_single_char_names,
    clippy::panic,
    clippy::too_many_arguments,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

use std::collections::{BTreeMap, HashMap, HashSet};

use dubhe::Service as _;
use dubhe::definition::{ServiceDefinition, TypeDefinition};
use dubhe::hessian2::JavaType;
use dubhe::java::{Array, BigDecimal, Date};
use dubhe::prelude::*;
use serde_json::Value as Json;

#[derive(Java, Clone)]
#[java(class = "peer.api.Color")]
enum Color {
    Red,
    Green,
    Blue,
}

#[derive(Java, Clone)]
#[java(class = "peer.api.Address")]
struct Address {
    city: Option<String>,
    street: Option<String>,
    zip: i32,
}

#[derive(Java, Clone)]
#[java(class = "peer.api.User")]
struct User {
    id: i64,
    name: Option<String>,
    age: Option<i32>,
    active: bool,
    score: f64,
    balance: Option<BigDecimal>,
    born: Option<Date>,
    color: Option<Color>,
    home: Option<Box<Address>>,
    others: Option<Vec<Address>>,
    extra: Option<HashMap<String, Value>>,
}

#[derive(Java, Clone)]
#[java(class = "peer.api.Node")]
struct Node {
    label: Option<String>,
    next: Option<Box<Node>>,
    children: Option<Vec<Node>>,
}

#[derive(Java, Clone)]
#[java(class = "peer.api.Parent")]
struct Parent {
    kind: Option<String>,
    only_parent: i32,
}

#[derive(Java, Clone)]
#[java(class = "peer.api.Child")]
struct Child {
    #[java(flatten)]
    parent: Parent,
    only_child: i32,
}

#[dubhe::interface("peer.api.GreetService")]
trait Greet {
    async fn greet(&self, name: &str) -> Result<String, Status>;
    async fn nothing(&self) -> Result<(), Status>;
    async fn echo_enum(&self, v: Option<Color>) -> Result<Option<Color>, Status>;
    async fn echo_enum_array(&self, v: Array<Color>) -> Result<Array<Color>, Status>;
    async fn echo_address(&self, v: Option<Address>) -> Result<Option<Address>, Status>;
    async fn echo_user(&self, v: Option<User>) -> Result<Option<User>, Status>;
    async fn echo_node(&self, v: Option<Node>) -> Result<Option<Node>, Status>;
    async fn echo_child(&self, v: Child) -> Result<Child, Status>;
    async fn echo_bytes(&self, v: Vec<u8>) -> Result<Vec<u8>, Status>;
    async fn echo_int_matrix(&self, v: Array<Array<i32>>) -> Result<Array<Array<i32>>, Status>;
    async fn echo_nested_list(&self, v: Vec<Vec<i32>>) -> Result<Vec<Vec<i32>>, Status>;
    async fn echo_user_map(&self, v: HashMap<i64, User>) -> Result<BTreeMap<i64, User>, Status>;
    async fn echo_long_set(&self, v: HashSet<i64>) -> Result<HashSet<i64>, Status>;
    async fn echo_boxed_int(&self, v: Option<i32>) -> Result<Option<i32>, Status>;
    async fn echo_float(&self, v: f32) -> Result<f32, Status>;
    async fn echo_boxed_float(&self, v: Option<f32>) -> Result<Option<f32>, Status>;
    async fn echo_object(&self, v: Value) -> Result<Value, Status>;
    async fn many_arguments(
        &self,
        a: i32,
        b: i64,
        c: f64,
        d: bool,
        e: String,
        f: Vec<String>,
        g: User,
    ) -> Result<i32, Status>;
}

struct Nobody;

macro_rules! nobody {
    ($($method:ident($($argument:ident: $ty:ty),*) -> $result:ty;)*) => {
        impl Greet for Nobody {
            $(async fn $method(&self $(, $argument: $ty)*) -> Result<$result, Status> {
                $(let _ = $argument;)*
                Err(Status::unimplemented("it is only defined"))
            })*
        }
    };
}

nobody! {
    greet(name: &str) -> String;
    nothing() -> ();
    echo_enum(v: Option<Color>) -> Option<Color>;
    echo_enum_array(v: Array<Color>) -> Array<Color>;
    echo_address(v: Option<Address>) -> Option<Address>;
    echo_user(v: Option<User>) -> Option<User>;
    echo_node(v: Option<Node>) -> Option<Node>;
    echo_child(v: Child) -> Child;
    echo_bytes(v: Vec<u8>) -> Vec<u8>;
    echo_int_matrix(v: Array<Array<i32>>) -> Array<Array<i32>>;
    echo_nested_list(v: Vec<Vec<i32>>) -> Vec<Vec<i32>>;
    echo_user_map(v: HashMap<i64, User>) -> BTreeMap<i64, User>;
    echo_long_set(v: HashSet<i64>) -> HashSet<i64>;
    echo_boxed_int(v: Option<i32>) -> Option<i32>;
    echo_float(v: f32) -> f32;
    echo_boxed_float(v: Option<f32>) -> Option<f32>;
    echo_object(v: Value) -> Value;
    many_arguments(a: i32, b: i64, c: f64, d: bool, e: String, f: Vec<String>, g: User) -> i32;
}

fn texts(list: &Json) -> Vec<String> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

#[test]
fn methods_and_types_are_those_that_dubbo_java_publishes() {
    let java = include_str!("../../../../tests/vectors/service_definition.json");
    let java: Json = serde_json::from_str(java).unwrap();
    let ServiceDefinition { methods, types } = GreetServer::new(Nobody).definition().unwrap();
    assert_eq!(methods.len(), 18);
    for method in methods {
        let all = java["methods"].as_array().unwrap();
        let same = all.iter().find(|of| of["name"] == *method.name).unwrap();
        assert_eq!(method.parameter_types, texts(&same["parameterTypes"]), "{}", method.name);
        assert_eq!(method.return_type, same["returnType"].as_str().unwrap(), "{}", method.name);
    }
    assert!(types.iter().count() > 30);
    for (name, parts) in types.iter() {
        let all = java["types"].as_array().unwrap();
        let same = all.iter().find(|of| of["type"] == *name);
        let same = same.unwrap_or_else(|| panic!("Dubbo Java has no type {name}"));
        let properties = same["properties"].as_object().unwrap().iter();
        let properties = properties.map(|(name, ty)| (name.clone(), ty.as_str().unwrap().into()));
        let expected = TypeDefinition {
            properties: properties.collect(),
            items: texts(&same["items"]),
            enums: texts(&same["enums"]),
        };
        assert_eq!(*parts, expected, "{name}");
    }
}

/// A class whose field is of a type parameter, which Java erases.
#[derive(Java, Clone)]
#[java(class = "org.example.Pair")]
struct Pair<T> {
    first: T,
    count: i32,
}

/// A stream and a callback of Java's are arguments; a nested class is behind a dot.
#[derive(Java, Clone)]
#[java(class = "org.example.Outer$Inner")]
struct Inner {
    name: String,
}

#[dubhe::interface("org.example.Streams")]
trait Streams {
    async fn down(
        &self,
        from: Inner,
    ) -> Result<impl futures_util::Stream<Item = Result<String, Status>>, Status>;
    async fn both(
        &self,
        from: Streaming<i32>,
    ) -> Result<impl futures_util::Stream<Item = Result<i32, Status>>, Status>;
}

struct Still;

impl Streams for Still {
    async fn down(
        &self,
        _: Inner,
    ) -> Result<impl futures_util::Stream<Item = Result<String, Status>>, Status> {
        Ok(futures_util::stream::empty())
    }

    async fn both(
        &self,
        from: Streaming<i32>,
    ) -> Result<impl futures_util::Stream<Item = Result<i32, Status>>, Status> {
        Ok(from)
    }
}

#[test]
fn streams_nested_classes_and_type_parameters_are_named_as_in_java() {
    const OBSERVER: &str = "org.apache.dubbo.common.stream.StreamObserver";
    let ServiceDefinition { methods, mut types } = StreamsServer::new(Still).definition().unwrap();
    let [down, both] = &methods[..] else { unreachable!() };
    assert_eq!(down.parameter_types, ["org.example.Outer.Inner", OBSERVER]);
    assert_eq!(down.return_type, "void");
    assert_eq!(
        (&*both.parameter_types, &*both.return_type),
        (&[OBSERVER.to_owned()][..], OBSERVER)
    );
    assert_eq!(Pair::<i64>::define(&mut types), "org.example.Pair");
    let (_, pair) = types.iter().find(|(name, _)| *name == "org.example.Pair").unwrap();
    let expected = [("count", "int"), ("first", "java.lang.Object")];
    let expected = expected.map(|(name, ty)| (name.to_owned(), ty.to_owned()));
    assert_eq!(pair.properties, BTreeMap::from(expected));
}
