//! A filter that waits for the rest of the chain.

use dubhe::{Call, Next, Reply, Status};

pub(crate) async fn pass(call: Call, next: Next) -> Result<Reply, Status> {
    next.run(call).await
}
