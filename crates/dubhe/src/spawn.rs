//! Tasks that go on with what a handler was given.

use std::future::Future;

use dubhe_core::inherit::{inherited, scope};
use tokio::task::JoinHandle;
use tracing::Instrument as _;

/// Spawns a task on tokio that inherits what a handler has: calls that it makes end by the deadline
/// of the call that is handled, and carry its trace context and tag on. Its log lines stay in the
/// current span. Outside a handler it is `tokio::spawn`.
///
/// The task goes on when the handler has ended or its caller has given up; hold the handle and abort
/// it, or wait for [`Context::cancelled`](crate::Context::cancelled), where it should not.
///
/// ```no_run
/// use dubhe::prelude::*;
/// # #[dubhe::interface("org.example.Stock")]
/// # trait Stock { async fn left(&self, article: i64) -> Result<i32, Status>; }
///
/// # async fn run(stock: StockClient) -> Result<(), Status> {
/// // Both at once, neither longer than the caller of this handler waits:
/// let (a, b) = (stock.clone(), stock.clone());
/// let first = dubhe::spawn(async move { a.left(1).await });
/// let second = dubhe::spawn(async move { b.left(2).await });
/// let ended = |e: tokio::task::JoinError| Status::internal(e.to_string());
/// let sum = first.await.map_err(ended)?? + second.await.map_err(ended)??;
/// # Ok(())
/// # }
/// ```
///
/// # Panics
/// Outside a tokio runtime.
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let future = future.in_current_span();
    match inherited() {
        None => tokio::spawn(future),
        Some(inherited) => tokio::spawn(scope(inherited, future)),
    }
}
