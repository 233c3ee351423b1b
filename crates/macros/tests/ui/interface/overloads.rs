//! Methods of one name differ in their arguments and share their options.

use dubhe_macros::interface;

#[interface("org.example.Same")]
trait Same {
    async fn find(&self, id: i64) -> Result<(), Status>;
    #[java(name = "find")]
    async fn find_by_id(&self, id: i64) -> Result<String, Status>;
}

#[interface("org.example.Limits")]
trait Limits {
    #[java(timeout_ms = 500)]
    async fn find(&self, id: i64) -> Result<(), Status>;
    #[java(name = "find")]
    async fn find_by_name(&self, name: String) -> Result<(), Status>;
}

fn main() {}
