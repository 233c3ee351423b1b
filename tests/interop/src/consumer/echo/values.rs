//! Instances of the classes.

use std::collections::HashMap;

use dubhe::hessian2::Array;
use dubhe::java::Date;
use dubhe_testkit::samples::bytes;

use crate::java::api::{Address, Animal, AnimalCat, AnimalDog, Color, Types, User};

pub(super) fn address(street: &str, city: &str, zip: i32) -> Address {
    Address { street: Some(street.into()), city: Some(city.into()), zip }
}

/// `Samples.user(n)`.
pub(crate) fn user(n: i32) -> User {
    let home = address(&format!("Road {n}"), "Città", 1000 + n);
    User {
        id: 1_000_000_007 * i64::from(n),
        name: Some(format!("user-{n}")),
        age: Some(20 + n),
        active: n % 2 == 0,
        score: f64::from(n) * 1.5,
        color: Some(match n % 3 {
            0 => Color::Red,
            1 => Color::Green,
            _ => Color::Blue,
        }),
        born: Some(Date(86_400_001 * i64::from(n))),
        balance: format!("{}.6789", 12_345 + n).parse().ok(),
        home: Some(home.clone()),
        others: Some(vec![address("A", "B", 1), home]),
        extra: Some(HashMap::from([(format!("k{n}"), i64::from(n).into())])),
    }
}

pub(super) fn dog() -> Animal {
    Animal::Dog(AnimalDog { name: Some("rex".into()), bones: 3 })
}

pub(super) fn cat() -> Animal {
    Animal::Cat(AnimalCat { name: Some("tom".into()), indoor: true })
}

/// `Samples.types()`, but for the float, which Java reads as 0.
pub(super) fn types() -> Types {
    Types {
        z: true,
        b: i8::MIN,
        s: i16::MIN,
        c: 'é',
        i: i32::MIN,
        l: i64::MIN,
        f: 0.0,
        d: std::f64::consts::PI,
        boxed_z: Some(false),
        boxed_b: Some(i8::MAX),
        boxed_s: Some(i16::MAX),
        boxed_c: Some('中'),
        boxed_i: Some(7),
        boxed_l: Some(7),
        boxed_f: Some(-0.5),
        boxed_d: Some(1e300),
        bytes: Some(bytes(5)),
        ints: Some(Array(vec![1, -1, 300])),
        strings: Some(Array(vec![Some("x".into()), None, Some(String::new())])),
        any: "any".into(),
    }
}
