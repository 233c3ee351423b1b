//! The forms of arguments.

use dubhe_macros::interface;

#[interface("org.example.Late")]
trait Late {
    async fn get(&self, id: i64, ctx: &Context) -> Result<(), Status>;
}

#[interface("org.example.Owned")]
trait Owned {
    async fn get(&self, ctx: Context) -> Result<(), Status>;
}

#[interface("org.example.Opaque")]
trait Opaque {
    async fn get(&self, name: impl Into<String>) -> Result<(), Status>;
}

#[interface("org.example.Mutable")]
trait Mutable {
    async fn get(&self, name: &mut String) -> Result<(), Status>;
}

#[interface("org.example.Pattern")]
trait Pattern {
    async fn get(&self, (a, b): (i32, i32)) -> Result<(), Status>;
}

#[interface("org.example.Many")]
trait Many {
    async fn get(
        &self,
        a: i32, b: i32, c: i32, d: i32, e: i32, f: i32, g: i32, h: i32,
        i: i32, j: i32, k: i32, l: i32, m: i32, n: i32, o: i32, p: i32, q: i32,
    ) -> Result<(), Status>;
}

fn main() {}
