//! An exception is a struct, with one message.

use dubhe_macros::JavaException;

#[derive(JavaException)]
#[java(class = "org.example.Failure")]
enum Failure {
    Full,
}

#[derive(JavaException)]
#[java(class = "org.example.Twice")]
struct Twice {
    #[java(message)]
    one: String,
    #[java(message)]
    two: String,
}

#[derive(JavaException)]
#[java(class = "org.example.Slip")]
struct Slip {
    #[java(mesage)]
    message: String,
}

#[derive(JavaException)]
#[java(class = "org.example.Mute")]
struct Mute {
    message: String,
}

#[derive(JavaException)]
#[java(class = "org.example.Wide")]
struct Wide {
    #[java(flatten)]
    parent: Slip,
    #[java(message)]
    message: String,
}

fn main() {}
