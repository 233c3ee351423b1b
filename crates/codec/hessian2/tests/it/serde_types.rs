//! Types of serde, there and back.

use std::collections::BTreeMap;
use std::fmt::Debug;

use ::serde::de::DeserializeOwned;
use ::serde::{Deserialize, Serialize};
use dubhe_hessian2::{Error, ErrorKind, JavaType, Serde, Value, from_bytes, serde, to_bytes};

#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
#[serde(rename = "org.example.User", rename_all = "camelCase")]
struct User {
    first_name: String,
    age: Option<i32>,
    role: Role,
    pets: Vec<Animal>,
    scores: BTreeMap<String, u32>,
}

#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Debug)]
#[serde(rename = "org.example.Role", rename_all = "SCREAMING_SNAKE_CASE")]
enum Role {
    PowerUser,
    Guest,
}

#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
enum Animal {
    #[serde(rename = "org.example.Dog")]
    Dog(Dog),
    #[serde(rename = "org.example.Cat")]
    Cat {
        indoor: bool,
    },
    Other(String),
    None,
}

#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
#[serde(rename = "org.example.Dog")]
struct Dog {
    bones: i64,
}

fn user() -> User {
    User {
        first_name: "Ada".into(),
        age: None,
        role: Role::PowerUser,
        pets: vec![
            Animal::Dog(Dog { bones: 3 }),
            Animal::Cat { indoor: true },
            Animal::Other("fish".into()),
            Animal::None,
        ],
        scores: BTreeMap::from([("go".into(), 7)]),
    }
}

fn back<T: Serialize + DeserializeOwned>(value: &T) -> Result<T, Error> {
    from_bytes::<Serde<T>>(&to_bytes(&Serde(value))?).map(|serde| serde.0)
}

#[test]
fn a_struct_with_a_dotted_name_is_an_object_of_that_class() {
    let expected = Value::object("org.example.User")
        .field("firstName", "Ada")
        .field("age", ())
        .field("role", Value::constant("org.example.Role", "POWER_USER"))
        .field(
            "pets",
            vec![
                Value::object("org.example.Dog").field("bones", 3_i64).into(),
                Value::object("org.example.Cat").field("indoor", true).into(),
                Value::map([("Other", "fish")]),
                Value::from("None"),
            ],
        )
        .field("scores", Value::map([("go", 7_i64)]));
    assert_eq!(serde::to_value(&user()).unwrap(), Value::from(expected));
    assert_eq!(back(&user()).unwrap(), user());
}

#[test]
fn tuples_units_and_numbers_come_back() {
    fn check<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T) {
        assert_eq!(back(&value).unwrap(), value);
    }
    check((1_u8, -2_i16, 3_u32, 4_u64, 'x', 1.5_f32));
    check(Some(vec![Some(1), None]));
    check(());
    check(u32::MAX);
    assert_eq!(back(&u64::MAX).unwrap_err().kind(), ErrorKind::Range);
}

#[test]
fn unknown_fields_are_skipped_and_references_followed() {
    let dog = |bones: i64| Value::from(Value::object("a.Dog").field("x", 1).field("bones", bones));
    let dogs = Value::list([dog(1).shared(0), Value::reference(0), dog(2)]);
    let read: Serde<Vec<Dog>> = from_bytes(&to_bytes(&dogs).unwrap()).unwrap();
    assert_eq!(read.0, [1, 1, 2].map(|bones| Dog { bones }));
}

#[test]
fn a_map_is_as_good_as_an_object_and_text_as_a_constant() {
    let map = Value::map([("bones", 3)]);
    assert_eq!(from_bytes::<Serde<Dog>>(&to_bytes(&map).unwrap()).unwrap().0, Dog { bones: 3 });
    let role = to_bytes("GUEST").unwrap();
    assert_eq!(from_bytes::<Serde<Role>>(&role).unwrap().0, Role::Guest);
}

#[test]
fn text_and_bytes_are_borrowed() {
    #[derive(Deserialize, PartialEq, Debug)]
    struct Borrowed<'a> {
        text: &'a str,
        data: &'a [u8],
    }
    let map = Value::map([("text", Value::from("abc")), ("data", vec![1_u8, 2].into())]);
    let bytes = to_bytes(&map).unwrap();
    let read: Serde<Borrowed<'_>> = from_bytes(&bytes).unwrap();
    assert_eq!(read.0, Borrowed { text: "abc", data: &[1, 2] });
}

#[test]
fn an_error_names_no_content() {
    let secret = to_bytes(&Value::map([("bones", "hunter2")])).unwrap();
    let error = from_bytes::<Serde<Dog>>(&secret).unwrap_err();
    assert!(!error.to_string().contains("hunter2"), "{error}");
    let secret = to_bytes(&Value::list(["hunter2"])).unwrap();
    let error = from_bytes::<Serde<Vec<std::net::Ipv4Addr>>>(&secret).unwrap_err();
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

#[test]
fn the_java_type_is_what_the_type_reads() {
    assert_eq!(Serde::<User>::descriptor(), "Lorg/example/User;");
    assert_eq!(Serde::<Role>::class_name(), "org.example.Role");
    assert_eq!(Serde::<Vec<User>>::descriptor(), "Ljava/util/List;");
    assert_eq!(Serde::<BTreeMap<String, i32>>::descriptor(), "Ljava/util/Map;");
    assert_eq!(Serde::<i64>::descriptor(), "J");
    assert_eq!(Serde::<Option<i64>>::descriptor(), "Ljava/lang/Long;");
    assert_eq!(Serde::<Animal>::descriptor(), "Ljava/lang/Object;");
}
