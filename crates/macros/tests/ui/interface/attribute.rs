//! The interface must be named, and options known.

use dubhe_macros::interface;

#[interface]
trait Unnamed {
    async fn get(&self) -> Result<(), Status>;
}

#[interface(Users)]
trait Unquoted {
    async fn get(&self) -> Result<(), Status>;
}

#[interface("org.example.Users", verison = "1.0.0")]
trait Misspelt {
    async fn get(&self) -> Result<(), Status>;
}

#[interface("org.example.Users")]
trait Method {
    #[java(timeout = 5)]
    async fn get(&self) -> Result<(), Status>;
}

fn main() {}
