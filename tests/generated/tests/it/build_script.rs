//! Rust that a build script made of class files.

/// The interfaces and classes of `crates/codegen/tests/data`.
pub mod java {
    dubhe::include_java!();
}

/// Types that the build script made of `crates/codegen/tests/it/java/odd.rs`, where names and types have to be others in Rust.
pub mod odd {
    include!(concat!(env!("OUT_DIR"), "/odd/mod.rs"));
}

use dubhe::prelude::*;
use java::{MarkedClient, MarkedData};

#[tokio::test]
async fn classes_have_their_fields_and_interfaces_their_clients() {
    let items = vec![Some("a".to_owned()), None];
    let data = MarkedData { always: "x".to_owned(), items, ..MarkedData::default() };
    assert_eq!(data.clone(), data);
    let app = App::builder("shop").build().unwrap();
    let client = app.client::<MarkedClient>().url("dubbo://127.0.0.1:1").build().unwrap();
    assert_eq!(client.client().service().interface(), "sample.nulls.Marked");
}

#[tokio::test]
async fn what_is_odd_compiles_and_is_sent() {
    let pair = odd::Pair { f0: Some(1), f1: Some("x".to_owned()) };
    let bytes = dubhe_hessian2::to_bytes(&pair).unwrap();
    assert_eq!(dubhe_hessian2::from_bytes::<odd::Pair<i32, String>>(&bytes).unwrap(), pair);
    // What is called through the client has to compile for any executor.
    fn is_send<T: Send>(_: T) {}
    let app = App::builder("odd").build().unwrap();
    let client = app.client::<odd::SClient>().url("dubbo://127.0.0.1:1").build().unwrap();
    is_send(client.grow(odd::Grow::default()));
    is_send(client.deep(Vec::new()));
    is_send(client.chain(odd::G0::default()));
}

#[test]
fn a_class_with_others_below_it_is_any_of_them() {
    use odd::zoo::{Animal, AnyAnimal, AnyAnimal2, AnyDog, Dog, Puppy};

    // The class that has the name of the enum keeps it.
    assert_eq!(AnyAnimal { id: 1 }.id, 1);
    let named = |name: &str| Animal { name: Some(name.to_owned()), friend: None };
    let dog = Dog { animal: named("dog"), bones: 3 };
    let puppy = Puppy { dog: dog.clone(), toy: Some("ball".to_owned()) };
    let friend = Some(Box::new(AnyAnimal2::Puppy(puppy.clone())));
    let all = [
        AnyAnimal2::Dog(dog),
        AnyAnimal2::Animal(Animal { friend, ..named("cat") }),
        AnyAnimal2::Puppy(puppy.clone()),
    ];
    let bytes = dubhe_hessian2::to_bytes(&all[..]).unwrap();
    assert_eq!(dubhe_hessian2::from_bytes::<Vec<AnyAnimal2>>(&bytes).unwrap(), all);
    let bytes = dubhe_hessian2::to_bytes(&puppy).unwrap();
    assert_eq!(dubhe_hessian2::from_bytes::<AnyDog>(&bytes).unwrap(), AnyDog::Puppy(puppy));
    // What no jar had is no animal.
    let other = Value::object("odd.zoo.Cat").field("name", "cat");
    let bytes = dubhe_hessian2::to_bytes(&Value::from(other)).unwrap();
    let error = dubhe_hessian2::from_bytes::<AnyAnimal2>(&bytes).unwrap_err();
    assert!(error.to_string().contains("Cat"), "{error}");
}

#[test]
fn a_class_that_extends_a_collection_is_its_elements() {
    use dubhe_hessian2::{from_bytes, to_bytes};
    use odd::zoo::{Attrs, Bag, Names, Props, Row, Sub, Table, Tags};

    // As hessian-lite writes them.
    let names = Names(vec!["a".to_owned()]);
    assert_eq!(to_bytes(&names).unwrap(), b"\x71\x0dodd.zoo.Names\x01a"[..]);
    assert_eq!(to_bytes(&Sub(names.0.clone())).unwrap(), b"\x71\x0bodd.zoo.Sub\x01a"[..]);
    let attrs = Attrs([("k".to_owned(), Value::Int(1))].into());
    assert_eq!(to_bytes(&attrs).unwrap(), b"M\x0dodd.zoo.Attrs\x01k\x91Z"[..]);
    let tags = Tags(["a".to_owned()].into());
    assert_eq!(to_bytes(&tags).unwrap(), b"\x71\x0codd.zoo.Tags\x01a"[..]);
    let row = Row([("k".to_owned(), 1)].into());
    assert_eq!(to_bytes(&row).unwrap(), b"M\x0bodd.zoo.Row\x01k\x91Z"[..]);
    let props = Props(Value::map([("k", "v")]));
    assert_eq!(to_bytes(&props).unwrap(), b"M\x0dodd.zoo.Props\x01k\x01vZ"[..]);
    let bag = Bag(vec![1_i64, 2]);
    assert_eq!(from_bytes::<Bag<i64>>(&to_bytes(&bag).unwrap()).unwrap(), bag);
    // The interface is the class below it.
    let table = Table::Row(row);
    assert_eq!(from_bytes::<Table>(&to_bytes(&table).unwrap()).unwrap(), table);
}

#[tokio::test]
async fn deep_types_go_to_other_threads_at_the_limit_that_is_named() {
    let app = App::builder("deep").build().unwrap();
    let client =
        app.client::<odd::levels::LevelsClient>().url("dubbo://127.0.0.1:1").build().unwrap();
    let call = async move { client.of(odd::levels::C0::default()).await.is_err() };
    assert!(tokio::spawn(call).await.unwrap());
}

#[test]
fn names_that_mean_something_in_rust_are_those_of_java_on_the_wire() {
    use odd::names::{Kind, Words};

    let value =
        dubhe_hessian2::to_value(&Words { foo_bar: 7, r#async: 3, ..Words::default() }).unwrap();
    for (name, expected) in
        [("fooBar", 7), ("foo_bar", 0), ("async", 3), ("Option", 0), ("self", 0)]
    {
        assert_eq!(value.get(name).and_then(Value::as_i32), Some(expected), "{name}");
    }
    let constants = [(Kind::FooBar, "FOO_BAR"), (Kind::Self_, "Self"), (Kind::Ok, "Ok")];
    for (constant, name) in constants {
        let written = dubhe_hessian2::to_value(&constant).unwrap();
        assert_eq!(written, Value::constant("odd.names.Kind", name));
    }
    let option = odd::names::data::JavaOption { option: Some(1), ..Default::default() };
    assert_eq!(
        dubhe_hessian2::to_value(&option).unwrap().get("Option").and_then(Value::as_i32),
        Some(1)
    );
}
