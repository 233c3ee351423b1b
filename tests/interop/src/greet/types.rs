//! The classes of `peer.api`.

use std::collections::HashMap;

use dubhe::hessian2::Array;
use dubhe::java::{BigDecimal, Date};
use dubhe::{Java, JavaException, Value};

#[derive(Java, Clone, Debug, Default, PartialEq)]
#[java(class = "peer.api.Address")]
pub(crate) struct Address {
    pub(crate) street: Option<String>,
    pub(crate) city: Option<String>,
    pub(crate) zip: i32,
}

#[derive(Java, Clone, Copy, Debug, PartialEq)]
#[java(class = "peer.api.Color")]
pub(crate) enum Color {
    Red,
    Green,
    Blue,
}

#[derive(Java, Clone, Debug, Default, PartialEq)]
#[java(class = "peer.api.User")]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) name: Option<String>,
    pub(crate) age: Option<i32>,
    pub(crate) active: bool,
    pub(crate) score: f64,
    pub(crate) color: Option<Color>,
    pub(crate) born: Option<Date>,
    pub(crate) balance: Option<BigDecimal>,
    pub(crate) home: Option<Address>,
    #[java(default)]
    pub(crate) others: Vec<Address>,
    #[java(default)]
    pub(crate) extra: HashMap<String, Value>,
}

/// Inherits all fields of [`User`].
#[derive(Java, Clone, Debug, Default, PartialEq)]
#[java(class = "peer.api.Employee")]
pub(crate) struct Employee {
    #[java(flatten)]
    pub(crate) user: User,
    pub(crate) title: Option<String>,
    pub(crate) boss: Option<User>,
}

#[derive(Java, Clone, Debug, Default, PartialEq)]
#[java(class = "peer.api.Parent")]
pub(crate) struct Parent {
    pub(crate) kind: Option<String>,
    pub(crate) only_parent: i32,
}

/// Hides a field of its parent: both are on the wire under the same name.
#[derive(Java, Clone, Debug, Default, PartialEq)]
#[java(class = "peer.api.Child")]
pub(crate) struct Child {
    #[java(flatten)]
    pub(crate) parent: Parent,
    pub(crate) kind: Option<String>,
    pub(crate) only_child: i32,
}

/// An abstract class by its subclasses.
#[derive(Java, Clone, Debug, PartialEq)]
#[java(class = "peer.api.Animal")]
pub(crate) enum Animal {
    Dog(Dog),
    Cat(Cat),
}

#[derive(Java, Clone, Debug, PartialEq)]
#[java(class = "peer.api.Animal$Dog")]
pub(crate) struct Dog {
    pub(crate) name: Option<String>,
    pub(crate) bones: i32,
}

#[derive(Java, Clone, Debug, PartialEq)]
#[java(class = "peer.api.Animal$Cat")]
pub(crate) struct Cat {
    pub(crate) name: Option<String>,
    pub(crate) indoor: bool,
}

/// A field of every primitive and boxed type.
#[derive(Java, Clone, Debug, Default, PartialEq)]
#[java(class = "peer.api.Types")]
pub(crate) struct Types {
    pub(crate) z: bool,
    pub(crate) b: i8,
    pub(crate) s: i16,
    pub(crate) c: char,
    pub(crate) i: i32,
    pub(crate) l: i64,
    pub(crate) f: f32,
    pub(crate) d: f64,
    pub(crate) boxed_z: Option<bool>,
    pub(crate) boxed_b: Option<i8>,
    pub(crate) boxed_s: Option<i16>,
    pub(crate) boxed_c: Option<char>,
    pub(crate) boxed_i: Option<i32>,
    pub(crate) boxed_l: Option<i64>,
    pub(crate) boxed_f: Option<f32>,
    pub(crate) boxed_d: Option<f64>,
    pub(crate) bytes: Option<Vec<u8>>,
    pub(crate) ints: Option<Array<i32>>,
    pub(crate) strings: Option<Array<Option<String>>>,
    pub(crate) any: Value,
}

#[derive(Java, Clone, Debug, PartialEq)]
#[java(class = "peer.api.Page")]
pub(crate) struct Page<T> {
    pub(crate) number: i32,
    pub(crate) last: bool,
    pub(crate) items: Vec<T>,
}

/// A checked exception with data of its own.
#[derive(JavaException, Clone, Debug, PartialEq)]
#[java(class = "peer.api.GreetException")]
pub(crate) struct GreetException {
    #[java(message)]
    pub(crate) message: Option<String>,
    pub(crate) code: i32,
    pub(crate) detail: Option<String>,
}

#[derive(JavaException, Clone, Debug, PartialEq)]
#[java(class = "peer.api.GreetRuntimeException")]
pub(crate) struct GreetRuntimeException {
    #[java(message)]
    pub(crate) message: Option<String>,
}
