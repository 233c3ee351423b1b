//! An enum is constants or subclasses, not both.

use dubhe_macros::Java;

#[derive(Java)]
#[java(class = "org.example.Mixed")]
enum Mixed {
    Red,
    Dog(Dog),
}

#[derive(Java)]
#[java(class = "org.example.Inline")]
enum Inline {
    Dog { bones: i32 },
}

#[derive(Java)]
#[java(class = "org.example.Twice")]
enum Twice {
    DarkRed,
    #[java(name = "DARK_RED")]
    Crimson,
}

#[derive(Java)]
#[java(class = "org.example.Rest")]
enum Rest {
    Red,
    #[java(other)]
    Other,
}

#[derive(Java)]
#[java(class = "org.example.Animal")]
enum Animal {
    #[java(name = "org.example.Dog")]
    Dog(Dog),
}

#[derive(Java)]
#[java(class = "org.example.Nothing")]
enum Nothing {}

fn main() {}
