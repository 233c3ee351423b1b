//! Types that Java lacks.

use dubhe_macros::interface;

#[interface("org.example.Unsigned")]
trait Unsigned {
    async fn get(&self, found: i64, count: u64) -> Result<(), Status>;
}

#[interface("org.example.Int")]
trait Int {
    async fn get(&self) -> Result<u32, Status>;
}

#[interface("org.example.Size")]
trait Size {
    async fn get(&self, sizes: &[usize]) -> Result<(), Status>;
}

#[interface("org.example.Wide")]
trait Wide {
    async fn get(&self) -> Result<Option<Vec<i128>>, Status>;
}

#[interface("org.example.Keys")]
trait Keys {
    async fn get(&self, by_name: HashMap<String, u64>) -> Result<(), Status>;
}

#[interface("org.example.Stream")]
trait Stream {
    async fn sum(&self, numbers: Streaming<u32>) -> Result<i64, Status>;
}

#[interface("org.example.Replies")]
trait Replies {
    async fn upto(&self, n: i32) -> Result<impl Stream<Item = Result<isize, Status>>, Status>;
}

#[interface("org.example.Tuple")]
trait Tuple {
    async fn get(&self, pair: (i32, String)) -> Result<(), Status>;
}

#[interface("org.example.Function")]
trait Function {
    async fn get(&self, then: fn(i32)) -> Result<(), Status>;
}

#[interface("org.example.Object")]
trait Object {
    async fn get(&self, any: Box<dyn Any>) -> Result<(), Status>;
}

fn main() {}
