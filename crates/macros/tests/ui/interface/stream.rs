//! Methods that take and give many messages.

use dubhe_macros::interface;

#[interface("org.example.Opaque")]
trait Opaque {
    async fn sum(&self, numbers: impl Stream<Item = Result<i32, Status>>) -> Result<i64, Status>;
}

#[interface("org.example.Borrowed")]
trait Borrowed {
    async fn sum(&self, numbers: &Streaming<i32>) -> Result<i64, Status>;
}

#[interface("org.example.Beside")]
trait Beside {
    async fn sum(&self, from: i64, numbers: Streaming<i32>) -> Result<i64, Status>;
}

#[interface("org.example.Oneway")]
trait Oneway {
    #[java(oneway)]
    async fn log(&self, lines: Streaming<String>) -> Result<(), Status>;
}

#[interface("org.example.Fallible")]
trait Fallible {
    async fn upto(&self, n: i32) -> Result<impl Stream<Item = i32>, Status>;
}

#[interface("org.example.Same")]
trait Same {
    async fn find(&self, ids: Streaming<i64>) -> Result<(), Status>;
    #[java(name = "find")]
    async fn find_all(&self, ids: Streaming<i64>) -> Result<i64, Status>;
}

fn main() {}
