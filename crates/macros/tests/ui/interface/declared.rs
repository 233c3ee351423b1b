//! The Java type that a parameter is declared with.

use dubhe_macros::interface;

#[interface("org.example.Generic")]
trait Generic {
    async fn add(&self, #[java(type = "java.util.List<String>")] all: Vec<String>) -> Result<(), Status>;
}

#[interface("org.example.Nothing")]
trait Nothing {
    async fn add(&self, #[java(type = "void")] all: Value) -> Result<(), Status>;
}

#[interface("org.example.Brackets")]
trait Brackets {
    async fn add(&self, #[java(type = "int[][")] all: Value) -> Result<(), Status>;
}

#[interface("org.example.Misspelt")]
trait Misspelt {
    async fn add(&self, #[java(typ = "java.util.Set")] all: Value) -> Result<(), Status>;
}

#[interface("org.example.Listener")]
trait Listener {
    async fn add(&self, #[java(type = "a.B")] of: Callback<ListenerClient>) -> Result<(), Status>;
}

#[interface("org.example.Stream")]
trait Stream {
    async fn add(&self, #[java(type = "a.B")] all: Streaming<Value>) -> Result<(), Status>;
}

#[interface("org.example.Same")]
trait Same {
    async fn add(&self, #[java(type = "java.util.Set")] all: Vec<String>) -> Result<(), Status>;
    #[java(name = "add")]
    async fn add_all(&self, #[java(type = "java.util.Set")] all: Value) -> Result<(), Status>;
}

fn main() {}
