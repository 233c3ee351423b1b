//! The memory of decoded arguments counts for their connection until the handler ends, and the log
//! names the budget that is used up.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test stops at the first surprise")]

use std::sync::Arc;
use std::time::Duration;

use dubhe::prelude::*;
use dubhe_testkit::log::Lines;
use dubhe_testkit::wait_until;
use tokio::sync::Semaphore;
use tracing::{Dispatch, Level, dispatcher};

#[dubhe::interface("org.example.Sums")]
trait Sums {
    /// Waits until the test lets it end.
    async fn sum(&self, numbers: Vec<i64>) -> Result<i64, Status>;
}

#[derive(Clone)]
struct Adds {
    begun: Arc<Semaphore>,
    go: Arc<Semaphore>,
}

impl Sums for Adds {
    async fn sum(&self, numbers: Vec<i64>) -> Result<i64, Status> {
        self.begun.add_permits(1);
        self.go.acquire().await.unwrap().forget();
        Ok(numbers.iter().sum())
    }
}

/// A hundred thousand numbers of one byte each, which take 800 kB when they are decoded.
const COUNT: usize = 100_000;
const DECODED: usize = 8 * COUNT;

#[tokio::test]
async fn decoded_arguments_count_until_the_handler_ends() {
    let warnings = Lines::of(Level::WARN);
    let _guard = dispatcher::set_default(&Dispatch::new(warnings.clone()));
    for protocol in ["dubbo", "tri"] {
        // One call fits with its request, and half of another.
        let service = Adds { begun: Arc::new(Semaphore::new(0)), go: Arc::new(Semaphore::new(0)) };
        let server = Server::builder()
            .service(SumsServer::new(service.clone()))
            .options(|o| o.memory = o.memory.connection(DECODED * 3 / 2))
            .start("127.0.0.1:0")
            .await
            .unwrap();
        let app = App::builder("test").build().unwrap();
        let url = format!("{protocol}://{}", server.addr());
        let sums = app.client::<SumsClient>().url(&url).retries(0);
        let sums = sums.timeout(Duration::from_secs(20)).build().unwrap();
        let numbers = vec![1_i64; COUNT];
        let first = tokio::spawn({
            let (sums, numbers) = (sums.clone(), numbers.clone());
            async move { sums.sum(numbers).await }
        });
        service.begun.acquire().await.unwrap().forget();
        let refused = sums.sum(numbers.clone()).await.unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted, "{protocol}: {refused}");
        assert!(refused.message().contains("raise memory.connection"), "{protocol}: {refused}");

        // Short calls fit beside it.
        service.go.add_permits(2);
        assert_eq!(sums.sum(vec![1, 2]).await.unwrap(), 3, "{protocol}");
        assert_eq!(first.await.unwrap().unwrap(), 100_000, "{protocol}");
        service.go.add_permits(1);
        assert_eq!(sums.sum(numbers).await.unwrap(), 100_000, "{protocol}");
        server.stop().await;
    }
    let named = || !warnings.with("raise memory.connection").is_empty();
    wait_until("a warning names the budget", named).await;
    let line = warnings.with("memory budget").into_iter().next().unwrap();
    assert!(line.contains("peer=127.0.0.1:") && line.contains("limit=1200000"), "{line}");
}
