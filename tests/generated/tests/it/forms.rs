//! Values of `oneOf` and `anyOf` without a discriminator.

use serde_json::{Value, json};

use document::{Any, Cat, Dog, Fish, Kind, Pet, Pets, Ring, Thing};

/// The types that the build script made of a document.
#[allow(clippy::all, clippy::pedantic, dead_code, missing_docs, reason = "it is generated")]
#[allow(unreachable_pub, unused_qualifications, reason = "it is generated")]
mod document {
    include!(concat!(env!("OUT_DIR"), "/forms.rs"));
}

/// The value as it is written again.
fn again<T: serde::de::DeserializeOwned + serde::Serialize>(value: &Value) -> (T, Value) {
    let read: T = serde_json::from_value(value.clone()).unwrap();
    let written = serde_json::to_value(&read).unwrap();
    (read, written)
}

#[test]
fn nothing_of_a_value_is_lost() {
    for value in [
        json!({"bark": 1.5}),
        json!({"meow": true}),
        json!({"name": "a", "bark": 2.0}),
        json!({"key": "a", "bark": true}),
        json!({"color": "red"}),
        json!({}),
        json!([1, "a"]),
        json!("text"),
        json!(null),
    ] {
        assert_eq!(again::<Pet>(&value).1, value);
    }
    for value in
        [json!([]), json!([{"bark": 1.0}]), json!([{"meow": false}, {}]), json!([{"a": 1}])]
    {
        assert_eq!(again::<Pets>(&value).1, value);
    }
    for value in
        [json!(9_007_199_254_740_993_i64), json!(0.1), json!({"a": "b"}), json!({"meow": true})]
    {
        assert_eq!(again::<Any>(&value).1, value);
    }
}

#[test]
fn the_form_that_knows_most_is_read() {
    let dog = Dog { name: Some("a".into()), bark: Some(2.0) };
    // What no form knows is passed over, as in a type of its own.
    let value = json!({"name": "a", "bark": 2, "color": "red"});
    assert_eq!(again::<Pet>(&value).0, Pet::Dog(dog));
    let cat = Cat { name: Some("a".into()), meow: None };
    assert_eq!(again::<Pet>(&json!({"name": "a"})).0, Pet::Cat(cat));
    // Null is a property too: Jackson writes it.
    assert_eq!(again::<Pet>(&json!({"bark": null})).0, Pet::Dog(Dog::default()));
    assert_eq!(again::<Any>(&json!(7)).0, Any::Number2(7));
    let other = json!({"color": "red"});
    assert_eq!(again::<Pet>(&other).0, Pet::Other(other));
}

#[test]
fn an_enum_among_forms_takes_what_its_own_forms_know() {
    let thing = |value: Value| {
        let (read, written) = again::<Thing>(&value);
        assert_eq!(written, value);
        read
    };
    let fish = Fish { name: Some("a".into()), fins: Some(2) };
    assert_eq!(thing(json!({"name": "a", "fins": 2})), Thing::Fish(fish.clone()));
    let dog = Dog { name: Some("a".into()), bark: Some(2.0) };
    assert_eq!(thing(json!({"name": "a", "bark": 2.0})), Thing::Pet(Pet::Dog(dog)));
    let cat = json!({"kind": "Cat", "meow": true});
    assert!(matches!(thing(cat), Thing::Tagged(_)));
    assert_eq!(thing(json!("SENT")), Thing::Kind(Kind::Sent));
    assert_eq!(thing(json!("text")), Thing::Text("text".into()));
    let other = json!({"color": "red"});
    assert_eq!(thing(other.clone()), Thing::Other(other));
    assert_eq!(thing(json!([{"name": "a", "fins": 2}])), Thing::List2(vec![fish]));
    assert!(matches!(thing(json!([{"meow": true}])), Thing::List(_)));
    // Types that hold themselves.
    let ring = json!({"to": {"to": 7}});
    assert_eq!(again::<Ring>(&ring).1, ring);
}
