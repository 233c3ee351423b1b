//! Fields have names of their own, and one superclass.

use dubhe_macros::Java;

#[derive(Java)]
#[java(class = "org.example.Point")]
struct Point(i32, i32);

#[derive(Java)]
#[java(class = "org.example.User")]
struct User {
    first_name: String,
    #[java(name = "firstName")]
    given_name: String,
}

#[derive(Java)]
#[java(class = "org.example.Both")]
struct Both {
    #[java(flatten)]
    one: User,
    #[java(flatten)]
    two: User,
}

#[derive(Java)]
#[java(class = "org.example.Torn")]
struct Torn {
    #[java(skip, default)]
    both: i32,
    #[java(flatten, name = "parent")]
    parent: User,
}

#[derive(Java)]
#[java(class = "org.example.Named")]
struct Named {
    #[java(flatten, name = "parent")]
    parent: User,
}

fn main() {}
