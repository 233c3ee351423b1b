//! `derive(Java)` against bytes that Java wrote, and against messages of other shapes.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::fmt::Debug;

use crate::support::written_by_java;
use dubhe_hessian2::{
    Decode, Decoder, Encode, Error, ErrorKind, JavaType, Value, from_bytes, to_bytes,
};
use dubhe_macros::Java;

#[derive(Java, Clone, Debug, PartialEq)]
#[java(class = "peer.api.Address", crate = "dubhe_hessian2")]
struct Address {
    street: Option<String>,
    city: Option<String>,
    zip: i32,
}

#[derive(Java, Clone, Copy, Debug, PartialEq)]
#[java(class = "peer.api.Color", crate = "dubhe_hessian2")]
enum Color {
    Red,
    Green,
    #[java(name = "BLUE")]
    Azure,
}

#[derive(Java, Clone, Debug, PartialEq)]
#[java(class = "peer.api.User", crate = "dubhe_hessian2")]
struct User {
    id: i64,
    name: Option<String>,
    age: Option<i32>,
    active: bool,
    score: f64,
    color: Option<Color>,
    born: Value,
    balance: Value,
    home: Option<Address>,
    others: Option<Vec<Address>>,
    extra: Value,
}

#[derive(Java, Clone, Debug, PartialEq)]
#[java(class = "peer.api.Employee", crate = "dubhe_hessian2")]
struct Employee {
    #[java(flatten)]
    user: User,
    title: String,
    boss: Option<Box<User>>,
}

#[derive(Java, Debug, PartialEq)]
#[java(class = "peer.api.Parent", crate = "dubhe_hessian2")]
struct Parent {
    kind: String,
    only_parent: i32,
}

#[derive(Java, Debug, PartialEq)]
#[java(class = "peer.api.Child", crate = "dubhe_hessian2")]
struct Child {
    #[java(flatten)]
    parent: Parent,
    kind: String,
    only_child: i32,
}

#[derive(Java, Debug, PartialEq)]
#[java(class = "peer.api.Page", crate = "dubhe_hessian2")]
struct Page<T> {
    number: i32,
    last: bool,
    items: Vec<T>,
}

#[derive(Java, Debug, PartialEq)]
#[java(class = "peer.api.Animal$Dog", crate = "dubhe_hessian2")]
struct Dog {
    #[java(flatten)]
    animal: Named,
    bones: i32,
}

#[derive(Java, Debug, PartialEq)]
#[java(class = "peer.api.Animal$Cat", crate = "dubhe_hessian2")]
struct Cat {
    #[java(flatten)]
    animal: Named,
    indoor: bool,
}

#[derive(Java, Debug, PartialEq)]
#[java(class = "peer.api.Animal", crate = "dubhe_hessian2")]
struct Named {
    name: String,
}

#[derive(Java, Debug, PartialEq)]
#[java(class = "peer.api.Animal", crate = "dubhe_hessian2")]
enum Animal {
    Dog(Dog),
    Cat(Box<Cat>),
}

#[derive(Java, Debug, PartialEq)]
#[java(class = "peer.api.Animal", crate = "dubhe_hessian2")]
enum AnyAnimal {
    Dog(Dog),
    #[java(other)]
    Other(Value),
}

fn address(street: &str, city: &str, zip: i32) -> Address {
    Address { street: Some(street.into()), city: Some(city.into()), zip }
}

fn user(n: i32) -> User {
    let balance = format!("{}.6789", 12345 + n);
    let home = address(&format!("Road {n}"), "Città", 1000 + n);
    User {
        id: 1_000_000_007 * i64::from(n),
        name: Some(format!("user-{n}")),
        age: Some(20 + n),
        active: n % 2 == 0,
        score: f64::from(n) * 1.5,
        color: Some([Color::Red, Color::Green, Color::Azure][usize::try_from(n).unwrap() % 3]),
        born: Value::Date(86_400_001 * i64::from(n)),
        balance: Value::object("java.math.BigDecimal").field("value", balance).into(),
        home: Some(home.clone()),
        others: Some(vec![address("A", "B", 1), home]),
        extra: Value::map([(format!("k{n}"), i64::from(n))]),
    }
}

/// Java's bytes are the value, and the value is written as Java's bytes.
fn same_as_java<T>(sample: &str, value: &T)
where
    T: Encode + for<'de> Decode<'de> + PartialEq + Debug,
{
    let java = written_by_java(sample);
    assert_eq!(&from_bytes::<T>(&java).unwrap(), value, "{sample}");
    assert_eq!(to_bytes(value).unwrap(), java, "{sample}");
}

fn through<T: for<'de> Decode<'de>>(value: impl Into<Value>) -> Result<T, Error> {
    from_bytes(&to_bytes(&value.into()).unwrap())
}

#[test]
fn a_class_is_written_as_java_writes_it() {
    same_as_java("object/address", &address("Road 1", "Città", 1001));
    same_as_java("object/address-nulls", &Address { street: None, city: None, zip: 0 });
    same_as_java("object/same-class-twice", &vec![address("a", "b", 1), address("c", "d", 2)]);
}

#[test]
fn shared_parts_are_read_wherever_they_are_used() {
    assert_eq!(from_bytes::<User>(&written_by_java("object/user")).unwrap(), user(1));
    let page = Page { number: 1, last: true, items: vec![user(1), user(2)] };
    assert_eq!(from_bytes::<Page<User>>(&written_by_java("object/page")).unwrap(), page);
    assert_eq!(from_bytes::<Page<User>>(&to_bytes(&page).unwrap()).unwrap(), page);
}

#[test]
fn the_fields_of_a_superclass_are_between_the_fields_of_the_class() {
    let unset = User {
        id: 9,
        name: Some("e".into()),
        age: None,
        active: false,
        score: 0.0,
        color: None,
        born: Value::Null,
        balance: Value::Null,
        home: None,
        others: Some(Vec::new()),
        extra: Value::map::<&str, i32>([]),
    };
    let employee = Employee { user: unset, title: "t".into(), boss: Some(Box::new(user(2))) };
    let java = written_by_java("object/employee");
    let read = from_bytes::<Employee>(&java).unwrap();
    assert_eq!(read, employee);

    // Java shares an address, so only what comes before is the same: the class definition.
    let definition = java.iter().position(|b| *b == 0x60).unwrap();
    let written = to_bytes(&employee).unwrap();
    assert_eq!(written[..=definition], java[..=definition]);
    assert_eq!(from_bytes::<Employee>(&written).unwrap(), employee);
}

#[test]
fn a_hidden_field_keeps_both_values() {
    let parent = Parent { kind: "p".into(), only_parent: 2 };
    same_as_java("object/hidden-field", &Child { parent, kind: "c".into(), only_child: 1 });
}

#[test]
fn a_subclass_is_a_variant() {
    let dog = Dog { animal: Named { name: "rex".into() }, bones: 3 };
    let java = written_by_java("object/dog");
    assert_eq!(from_bytes::<Animal>(&java).unwrap(), Animal::Dog(dog));

    let cat = Animal::Cat(Box::new(Cat { animal: Named { name: "tom".into() }, indoor: true }));
    assert_eq!(from_bytes::<Animal>(&to_bytes(&cat).unwrap()).unwrap(), cat);
    let other = from_bytes::<AnyAnimal>(&to_bytes(&cat).unwrap()).unwrap();
    assert!(matches!(&other, AnyAnimal::Other(v) if v.class().unwrap() == "peer.api.Animal$Cat"));
    assert_eq!(from_bytes::<Animal>(&to_bytes(&other).unwrap()).unwrap(), cat);

    let bird = Value::object("peer.api.Animal$Bird");
    let error = through::<Animal>(bird).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.to_string().contains("peer.api.Animal$Bird"), "{error}");
    assert_eq!(through::<Animal>(Value::Null).unwrap_err().kind(), ErrorKind::Null);
}

#[test]
fn a_constant_is_an_object_with_a_name() {
    same_as_java("enum/red", &Color::Red);
    same_as_java("enum/constant-with-body", &Color::Azure);
    let java = written_by_java("enum/list");
    let colors = vec![Color::Red, Color::Red, Color::Green];
    assert_eq!(from_bytes::<Vec<Color>>(&java).unwrap(), colors);
    assert_eq!(through::<Color>("GREEN").unwrap(), Color::Green);
    let error = through::<Color>("PINK").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Range);
}

#[derive(Java, Debug, PartialEq)]
#[java(class = "a.Level", crate = "dubhe_hessian2")]
enum Level {
    VeryLow,
    #[java(other)]
    Other(String),
}

#[test]
fn an_enum_may_take_constants_that_it_does_not_know() {
    assert_eq!(through::<Level>("VERY_LOW").unwrap(), Level::VeryLow);
    let high = through::<Level>(Value::constant("a.Level", "HIGH")).unwrap();
    assert_eq!(high, Level::Other("HIGH".into()));
    assert_eq!(
        from_bytes::<Value>(&to_bytes(&high).unwrap()).unwrap(),
        Value::constant("a.Level", "HIGH")
    );
}

#[derive(Java, Debug, Default, PartialEq)]
#[java(class = "a.Options", crate = "dubhe_hessian2")]
struct Options<'a> {
    r#type: Cow<'a, str>,
    #[java(name = "URL")]
    url: &'a str,
    #[java(default)]
    label: String,
    count: i64,
    maybe: Option<f32>,
    #[java(skip)]
    cached: Vec<u8>,
}

#[test]
fn fields_are_found_by_name_in_objects_and_maps() {
    let options = Options { r#type: "t".into(), url: "u", count: 7, ..Options::default() };
    let object = Value::object("a.Options")
        .field("unknown", Value::list([1, 2]))
        .field("URL", "u")
        .field("label", Value::Null)
        .field("type", "t")
        .field("count", 7)
        .field("cached", Value::Bytes(vec![1].into()));
    let map = Value::map([("type", Value::from("t")), ("count", 7.into()), ("URL", "u".into())]);
    for message in [object.into(), map] {
        let bytes = to_bytes(&message).unwrap();
        let read = from_bytes::<Options<'_>>(&bytes).unwrap();
        assert_eq!(read, options);
        assert!(bytes.as_ptr_range().contains(&read.url.as_ptr()), "the text is borrowed");
    }
    let written = from_bytes::<Value>(&to_bytes(&options).unwrap()).unwrap();
    let names: Vec<_> = written.as_object().unwrap().fields.iter().map(|(n, _)| &**n).collect();
    assert_eq!(names, ["maybe", "count", "label", "URL", "type"]);
}

#[test]
fn fields_are_read_in_our_order_as_in_any_other() {
    let options = Options { r#type: "t".into(), url: "u", count: 7, ..Options::default() };
    let mut fields = [
        ("maybe", Value::Null),
        ("count", 7.into()),
        ("label", Value::Null),
        ("URL", "u".into()),
        ("type", "t".into()),
    ];
    for _ in 0..fields.len() {
        let object = Value::object("a.Options");
        let object = fields.iter().fold(object, |o, (name, value)| o.field(*name, value.clone()));
        let bytes = to_bytes(&Value::from(object)).unwrap();
        assert_eq!(from_bytes::<Options<'_>>(&bytes).unwrap(), options);
        fields.rotate_left(1);
    }
}

#[derive(Java, Clone, Debug, PartialEq)]
#[java(class = "a.Both", crate = "dubhe_hessian2")]
struct Both {
    x: i32,
    y: i32,
}

#[derive(Java, Debug, PartialEq)]
#[java(class = "a.Both", crate = "dubhe_hessian2")]
struct OnlyX {
    x: i32,
}

#[test]
fn a_class_is_read_as_two_types_in_turn() {
    let bytes = to_bytes(&vec![Both { x: 1, y: 2 }; 3]).unwrap();
    let mut d = Decoder::new(&bytes);
    let read = d
        .read_list(|d, items| {
            assert!(items.next(d)?);
            let first = Both::decode(d)?;
            assert!(items.next(d)?);
            let second = OnlyX::decode(d)?;
            assert!(items.next(d)?);
            Ok((first, second, Both::decode(d)?))
        })
        .unwrap();
    assert_eq!(read, (Both { x: 1, y: 2 }, OnlyX { x: 1 }, Both { x: 1, y: 2 }));
    d.end().unwrap();
}

#[test]
fn a_missing_field_is_zero_or_an_error_that_names_it() {
    let read = through::<Address>(Value::object("peer.api.Address")).unwrap();
    assert_eq!(read, Address { street: None, city: None, zip: 0 });
    let error = through::<Named>(Value::object("peer.api.Animal")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MissingField);
    assert!(error.to_string().contains("no field name of peer.api.Animal"), "{error}");
}

#[derive(Java, Debug, PartialEq)]
#[java(class = "a.Base", crate = "dubhe_hessian2")]
struct Base<T> {
    value: T,
    note: Option<String>,
}

#[derive(Java, Debug, PartialEq)]
#[java(class = "a.Middle", crate = "dubhe_hessian2")]
struct Middle<T> {
    #[java(flatten)]
    base: Base<T>,
    list: Vec<i32>,
}

#[derive(Java, Debug, PartialEq)]
#[java(class = "a.Leaf", crate = "dubhe_hessian2")]
struct Leaf<T> {
    #[java(flatten)]
    middle: Middle<T>,
    count: i32,
}

#[test]
fn a_chain_of_generic_superclasses_is_one_object() {
    let leaf = |text: &str| Leaf {
        middle: Middle {
            base: Base { value: Value::from(text), note: Some("n".into()) },
            list: vec![1],
        },
        count: 2,
    };
    let leaves = vec![leaf("x"), leaf("y")];
    let bytes = to_bytes(&leaves).unwrap();
    assert_eq!(from_bytes::<Vec<Leaf<Value>>>(&bytes).unwrap(), leaves);
    let value = from_bytes::<Value>(&bytes).unwrap();
    let expected = Value::object("a.Leaf")
        .field("value", "x")
        .field("list", Value::list([1]))
        .field("note", "n")
        .field("count", 2);
    assert_eq!(value.items()[0], expected.into());
}

#[test]
fn the_type_has_javas_name() {
    assert_eq!(User::descriptor(), "Lpeer/api/User;");
    assert_eq!(Page::<User>::class_name(), "peer.api.Page");
    assert_eq!(Dog::descriptor(), "Lpeer/api/Animal$Dog;");
    assert_eq!(<Option<Color>>::descriptor(), "Lpeer/api/Color;");
    assert_eq!(<Vec<Color>>::descriptor(), "Ljava/util/List;");
}

#[test]
fn a_number_is_no_instance_of_a_class() {
    use dubhe_core::Payload;
    use dubhe_core::payload::Args;
    use dubhe_hessian2::payload;

    #[derive(Java, Clone, Debug, PartialEq)]
    #[java(class = "a.Money", crate = "dubhe_hessian2")]
    struct Money {
        value: String,
        cents: i32,
    }
    let taken = |value: Value| {
        let args = Payload::Args(Args::Values([value].into()));
        payload::arguments::<(Money,)>(&args).map(|(money,)| money)
    };
    let money = Money { value: "12.50".into(), cents: 0 };
    assert_eq!(taken(Value::map([("value", "12.50")])).unwrap(), money);
    // JSON has 12.50, whose digits a double does not keep, as a BigDecimal.
    let number = Value::object("java.math.BigDecimal").field("value", "12.50");
    let message = taken(number.into()).unwrap_err().message().to_string();
    assert!(message.contains("expected a.Money, found a number"), "{message}");
}

#[test]
fn a_lifetime_may_be_called_de() {
    #[derive(Java, Debug, PartialEq)]
    #[java(class = "org.example.Borrowed", crate = "dubhe_hessian2")]
    struct Borrowed<'de> {
        name: &'de str,
    }

    let bytes = to_bytes(&Borrowed { name: "Ada" }).unwrap();
    assert_eq!(from_bytes::<Borrowed<'_>>(&bytes).unwrap().name, "Ada");
}

/// `class Names extends ArrayList<String>`, and `class Sub extends Names`.
#[derive(Java, Clone, Debug, Default, PartialEq)]
#[java(class = "zoo.Names", crate = "dubhe_hessian2")]
struct Names(Vec<String>);

#[derive(Java, Clone, Debug, Default, PartialEq)]
#[java(class = "zoo.Sub", crate = "dubhe_hessian2")]
struct Sub(Names);

/// `class Attrs extends HashMap<String, Object>`.
#[derive(Java, Clone, Debug, Default, PartialEq)]
#[java(class = "zoo.Attrs", crate = "dubhe_hessian2")]
struct Attrs(HashMap<String, Value>);

/// `class Tags extends TreeSet<String>`.
#[derive(Java, Clone, Debug, Default, PartialEq)]
#[java(class = "zoo.Tags", crate = "dubhe_hessian2")]
struct Tags(BTreeSet<String>);

/// `class Props extends Properties`, whose keys are any objects.
#[derive(Java, Clone, Debug, Default, PartialEq)]
#[java(class = "zoo.Props", crate = "dubhe_hessian2")]
struct Props(Value);

#[derive(Java, Clone, Debug, PartialEq)]
#[java(class = "zoo.Bytes", crate = "dubhe_hessian2")]
struct Octets(Vec<u8>);

#[test]
fn a_class_that_extends_a_collection_is_one_of_its_name() {
    // What hessian-lite 4.0.4 writes of each.
    let names = Names(vec!["a".into()]);
    assert_eq!(to_bytes(&names).unwrap(), b"\x71\x09zoo.Names\x01a"[..]);
    assert_eq!(to_bytes(&Sub(names.clone())).unwrap(), b"\x71\x07zoo.Sub\x01a"[..]);
    let attrs = Attrs([("k".to_owned(), Value::Int(1))].into());
    assert_eq!(to_bytes(&attrs).unwrap(), b"M\x09zoo.Attrs\x01k\x91Z"[..]);
    let tags = Tags(["a".to_owned(), "b".to_owned()].into());
    assert_eq!(to_bytes(&tags).unwrap(), b"\x72\x08zoo.Tags\x01a\x01b"[..]);
    let props = Props(Value::map([("k", "v")]));
    assert_eq!(to_bytes(&props).unwrap(), b"M\x09zoo.Props\x01k\x01vZ"[..]);

    assert_eq!(through_bytes(&names), names);
    assert_eq!(through_bytes(&Sub(names.clone())), Sub(names.clone()));
    assert_eq!(through_bytes(&attrs), attrs);
    assert_eq!(through_bytes(&tags), tags);
    // Within others, behind pointers and where null may be.
    let within = vec![Some(Box::new(names.clone())), None];
    assert_eq!(to_bytes(&within).unwrap(), b"\x7a\x71\x09zoo.Names\x01aN"[..]);
    assert_eq!(through_bytes(&within), within);
    // Peers that lack the class, and declared types, have no name.
    assert_eq!(from_bytes::<Names>(&to_bytes(&vec!["a"]).unwrap()).unwrap(), names);
    // Bytes have no class.
    assert_eq!(to_bytes(&Octets(vec![1])).unwrap(), to_bytes(&[1_u8][..]).unwrap());
}

/// `abstract class Texts extends AbstractList<String>` with classes below it, one of which is a map as well.
#[derive(Java, Debug, PartialEq)]
#[java(class = "zoo.Texts", crate = "dubhe_hessian2")]
enum Texts {
    Names(Names),
    Attrs(Attrs),
    Address(Address),
}

#[test]
fn a_collection_is_a_variant_by_its_class() {
    let all = [
        Texts::Names(Names(vec!["a".into()])),
        Texts::Attrs(Attrs([("k".to_owned(), Value::Int(1))].into())),
        Texts::Names(Names((0..9).map(|at| at.to_string()).collect())),
        Texts::Address(address("Road 1", "Citta", 1001)),
        Texts::Names(Names::default()),
    ];
    let bytes = to_bytes(&all[..]).unwrap();
    assert_eq!(from_bytes::<Vec<Texts>>(&bytes).unwrap(), all);
    // Once more, by a reference.
    let list = Value::from(dubhe_core::value::List::new(["a"]).class("zoo.Names"));
    let twice = Value::list([list.shared(1), Value::reference(1)]);
    let read: Vec<Texts> = through(twice).unwrap();
    assert_eq!(
        read,
        [Texts::Names(Names(vec!["a".into()])), Texts::Names(Names(vec!["a".into()]))]
    );
    // None of the classes, and no class.
    for other in [dubhe_core::value::List::new(["a"]).class("zoo.Other").into(), Value::list(["a"])]
    {
        let error = through::<Texts>(other).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch, "{error}");
    }
}

fn through_bytes<T: Encode + for<'de> Decode<'de>>(value: &T) -> T {
    from_bytes(&to_bytes(value).unwrap()).unwrap()
}
