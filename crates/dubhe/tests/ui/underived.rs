use std::time::SystemTime;

use dubhe::prelude::*;
use futures_util::Stream;

struct U;

#[dubhe::interface("org.example.Takes")]
trait Takes {
    async fn take(&self, n: U) -> Result<i64, Status>;
}

#[dubhe::interface("org.example.Gives")]
trait Gives {
    async fn give(&self, id: i64) -> Result<SystemTime, Status>;
}

#[dubhe::interface("org.example.Sends")]
trait Sends {
    async fn send(&self, requests: Streaming<U>) -> Result<i64, Status>;
}

#[dubhe::interface("org.example.Watches")]
trait Watches {
    async fn watch(&self, id: i64) -> Result<impl Stream<Item = Result<U, Status>>, Status>;
}

#[dubhe::interface("org.example.Borrows")]
trait Borrows {
    async fn borrow(&self, times: &[SystemTime]) -> Result<Vec<i64>, Status>;
}

#[dubhe::interface("org.example.Both")]
trait Both {
    async fn both(&self, n: U, m: SystemTime, id: i64) -> Result<Option<U>, Status>;
}

fn main() {}
