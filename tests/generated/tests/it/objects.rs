//! Objects of generated types, through Hessian.

use std::collections::{HashMap, HashSet};
use std::fmt::Debug;

use dubhe::java::{Array, Date, Throwable, Uuid};
use dubhe::{Status, Value};
use dubhe_hessian2::{Decode, Encode, JavaType, from_bytes, to_bytes, to_value};

use crate::Money;
use crate::generated::people::{Address, Child, Colour, Employee, Parent, User};
use crate::generated::shop::{
    AnyShopException, Crossed, CrossedOne, CrossedTwo, Drawing, Event, Expr, ExprLiteral, ExprSum,
    Fatal, FatalBurnt, Holder, HolderAny, HolderOfText, JavaResult, Keys, Knot, KnotBud, KnotLeaf,
    KnotTwig, Locked, Maybes, MaybesHeld, NoFunds, Node, Nowhere, Order, OrderLine2, Page, Ping,
    Pong, RoundedSquare, Shape, ShapeSquare, ShopException, T1, Tree, Types, UserPage,
    WrappedStream, WrappedText,
};

/// Writes a value and reads it back.
fn travels<T: Encode + for<'de> Decode<'de> + PartialEq + Debug>(value: &T) {
    assert_eq!(&from_bytes::<T>(&to_bytes(value).unwrap()).unwrap(), value);
}

/// The value of a field on the wire.
fn field<T: Encode>(value: &T, name: &str) -> Value {
    match to_value(value).unwrap() {
        Value::Object(object) => object.get(name).unwrap().clone(),
        other => panic!("{other}"),
    }
}

fn user() -> User {
    #[allow(deprecated, reason = "it is there still")]
    User {
        id: 7,
        first_name: Some("Ada".into()),
        login: "ada".into(),
        others: Some(vec![Address { zip_code: 1, ..Address::default() }]),
        extra: Some(HashMap::from([("k".into(), Value::from(1.5))])),
        likes: Some(Colour::V12),
        url: Some("u".into()),
        a_b_2: 2,
        a_b: 3,
        r#type: Some("t".into()),
        ..User::default()
    }
}

#[test]
fn fields_have_the_names_of_java() {
    travels(&user());
    for (name, value) in [
        ("firstName", Value::from("Ada")),
        ("URL", "u".into()),
        ("a_b", 2.into()),
        ("aB", 3.into()),
        ("type", "t".into()),
        ("self", Value::Null),
        ("likes", Value::constant("org.example.people.Colour", "V1_2")),
    ] {
        assert_eq!(field(&user(), name), value, "{name}");
    }
    assert_eq!(field(&Address { zip_code: 9, ..Address::default() }, "zip"), 9.into());
    assert_eq!(field(&T1 { _1: 4, größe: 5 }, "1"), 4.into());
    assert_eq!(OrderLine2::class_name(), "org.example.shop.Order$Line");
}

#[test]
fn superclasses_and_subclasses_travel() {
    travels(&Employee { user: user(), title: Some("Dr".into()), boss: Some(user()) });
    let parent = Parent { kind: Some("p".into()), only_parent: 1 };
    travels(&Child { parent, kind: Some("c".into()), only_child: 2 });
    let shape_square = ShapeSquare { name: Some("s".into()), side: 3 };
    let shapes = vec![
        Shape::RoundedSquare(RoundedSquare { shape_square: shape_square.clone(), radius: 1 }),
        Shape::Square(shape_square),
    ];
    travels(&Drawing { shapes: Some(shapes.clone()), frame: shapes.into_iter().next() });
    travels(&Holder::OfText(HolderOfText { held: Some("t".into()), length: 1 }));
    travels(&Holder::Any(HolderAny { held: Some(Value::from(1)), set: true }));
    travels(&UserPage { page: Page { first: Some(user()), ..Page::default() }, query: None });
}

#[test]
fn types_that_hold_themselves_travel() {
    let leaf = Tree { label: Some("leaf".into()), ..Tree::default() };
    let tree =
        Tree { left: Some(Box::new(leaf.clone())), more: Some(vec![leaf]), ..Tree::default() };
    travels(&tree);
    let one = || Some(Box::new(Expr::Literal(ExprLiteral { value: 1 })));
    travels(&Expr::Sum(ExprSum { left: one(), right: one() }));
    let page = Page { items: Some(vec![Ping::default()]), ..Page::default() };
    let pong = Pong { ping: None, page: Some(page) };
    travels(&Ping { count: 1, pong: Some(Box::new(pong)) });
    let sold = crate::generated::shop::sales::Order::default();
    travels(&Order { sold: Some(Box::new(sold)), at: Some(Date(5)), ..Order::default() });
    let cycle = Value::object("org.example.shop.Node").field("next", Value::reference(0));
    travels(&Node(Value::from(cycle).shared(0)));
    assert_eq!(Node::descriptor(), "Lorg/example/shop/Node;");
    travels(&Nowhere(Value::object("org.example.shop.Somewhere").field("id", 1).into()));
}

#[test]
fn classes_below_generic_ones_of_themselves_travel() {
    let leaf = |value: i32, parent: Option<Box<KnotLeaf>>| KnotLeaf {
        knot: Knot { parent, weight: 2 * value },
        value,
    };
    let one = leaf(1, Some(Box::new(leaf(2, None))));
    travels(&one);
    assert_eq!(field(&one, "weight"), Value::from(2));
    let bud = |petals: i32, parent: Option<Box<KnotBud>>| KnotBud {
        knot_twig: KnotTwig { knot: Knot { parent, weight: 1 } },
        petals,
    };
    travels(&bud(5, Some(Box::new(bud(3, None)))));
    let two = CrossedTwo { crossed: Crossed { other: None }, two: 2 };
    let event = Event { at: 1, what: Some(two) };
    travels(&CrossedOne { crossed: Crossed { other: Some(Box::new(event)) }, one: 1 });
}

#[test]
fn what_cannot_be_carried_leaves_the_rest() {
    travels(&WrappedText { size: 1, length: 2, weight: Some(3) });
    travels(&WrappedStream { size: 1, twice: 2, length: 3 });
    let maybes = Maybes(vec![Value::from("a")].into());
    let held = MaybesHeld { maybes: Some(maybes), contents: None };
    let Value::List(list) = field(&held, "maybes") else { panic!("{held:?}") };
    assert_eq!(list.class.as_deref(), Some("org.example.shop.Maybes"));
    assert_eq!(list.items, [Value::from("a")]);
}

#[test]
fn all_types_of_fields_travel() {
    travels(&Types {
        c: 'a',
        f: 0.1,
        boxed_i: Some(1),
        boxed_f: Some(0.1),
        present: 2,
        bytes: Some(vec![1, 2]),
        parts: Some(Array(vec![vec![1], vec![]])),
        ints: Some(Array(vec![1])),
        matrix: Some(Array(vec![Array(vec![1])])),
        strings: Some(Array(vec![None, Some("s".into())])),
        boxed_ints: Some(Array(vec![None, Some(1)])),
        numbers: Some(vec![1]),
        nested: Some(vec![vec!["n".into()]]),
        price: Some("1.50".parse().unwrap()),
        id: Some(Uuid(5)),
        error: Some(Throwable::new("java.lang.IllegalStateException", "no")),
        ..Types::default()
    });
    travels(&Keys {
        numbers: Some(HashSet::from([1])),
        sizes: Some(vec![1.5]),
        by_id: Some(HashMap::from([(Uuid(1), 1)])),
        by_size: Value::map([(1.5, "x")]),
        by_colour: Some(HashMap::from([(Colour::Red, vec![1])])),
        by_address: Some(HashMap::from([(Address::default(), "a".into())])),
        ordered: Some(vec![1]),
        sorted: Some(HashMap::from([("a".into(), 1)])),
        number: Value::from(1_i64),
        ..Keys::default()
    });
    let money = Money { amount: 5, currency: Some("EUR".into()) };
    travels(&Locked { price: Some(money), thing: Value::from(1), ..Locked::default() });
    travels(&JavaResult { ok: true, data: Some(Page::<Option<i32>>::default()) });
}

#[test]
fn exceptions_are_found_in_a_status() {
    let shop_exception =
        ShopException { message: Some("no".into()), code: 1, ..ShopException::default() };
    let thrown = NoFunds { shop_exception, missing: 30, message_2: Some("own".into()) };
    let status = Status::from(thrown.clone());
    assert_eq!(AnyShopException::from_status(&status), Some(AnyShopException::NoFunds(thrown)));
    let burnt = Fatal::Burnt(FatalBurnt { degrees: 400, ..FatalBurnt::default() });
    assert_eq!(Fatal::from_status(&Status::from(burnt.clone())), Some(burnt));
}
