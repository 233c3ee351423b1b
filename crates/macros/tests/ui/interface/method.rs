//! The forms of a method.

use dubhe_macros::interface;

#[interface("org.example.Sync")]
trait Sync {
    fn get(&self) -> Result<(), Status>;
}

#[interface("org.example.Mutable")]
trait Mutable {
    async fn get(&mut self) -> Result<(), Status>;
}

#[interface("org.example.Static")]
trait Static {
    async fn get(id: i64) -> Result<(), Status>;
}

#[interface("org.example.Generic")]
trait Generic {
    async fn get<T>(&self, value: T) -> Result<(), Status>;
}

#[interface("org.example.Parameters")]
trait Parameters<T> {
    async fn get(&self, value: T) -> Result<(), Status>;
}

#[interface("org.example.Constant")]
trait Constant {
    const LIMIT: i32;
}

#[interface("org.example.Infallible")]
trait Infallible {
    async fn get(&self) -> String;
}

#[interface("org.example.Silent")]
trait Silent {
    async fn get(&self);
}

#[interface("org.example.Oneway")]
trait Oneway {
    #[java(oneway)]
    async fn get(&self) -> Result<String, Status>;
}

#[interface("org.example.Taken")]
trait Taken {
    async fn with(&self, id: i64) -> Result<String, Status>;
}

fn main() {}
