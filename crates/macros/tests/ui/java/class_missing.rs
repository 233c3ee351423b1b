//! A class must be named.

use dubhe_macros::Java;

#[derive(Java)]
struct User {
    id: i64,
}

fn main() {}
