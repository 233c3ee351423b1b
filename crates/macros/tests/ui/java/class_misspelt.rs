//! Options and class names are checked.

use dubhe_macros::Java;

#[derive(Java)]
#[java(clas = "org.example.User")]
struct User {
    id: i64,
}

#[derive(Java)]
#[java(class = "org/example/Page")]
struct Page {
    #[java(nam = "no")]
    number: i32,
}

#[derive(Java)]
#[java(class = "org.example.Item")]
struct Item {
    #[java(rename_all = "camelCase")]
    number: i32,
}

fn main() {}
