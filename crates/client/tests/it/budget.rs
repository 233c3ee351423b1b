//! The budget of retries of all calls of a client.

use std::time::Duration;

use dubhe_client::{CallOptions, RetryBudget};
use dubhe_core::status::Retry;
use dubhe_core::{Call, Code, Reply, Status};

use crate::attempts::ports;
use crate::support::{builder, call, down, environment};

/// Twice as many calls would reach one that refuses streams, as by `REFUSED_STREAM`.
#[tokio::test(start_paused = true)]
async fn a_connected_provider_gets_what_it_refused_within_the_budget() {
    let (env, seen) = environment(|_, _| Err(down(Retry::Unstarted)));
    let client = builder(&env, &[1]).retries(0).retry_budget(RetryBudget::new(0, 3));
    let client = client.build().unwrap();
    for calls in 1..=10 {
        let status = call(&client, "m", &CallOptions::new()).await.unwrap_err();
        assert_eq!(ports(&seen).len(), if calls > 3 { 1 } else { 2 }, "{status}");
        assert_eq!(status.message().contains("retry budget"), calls > 3, "{status}");
    }
}

pub(crate) fn full(_: u16, _: &Call) -> Result<Reply, Status> {
    Err(Status::new(Code::ResourceExhausted, "full").with_retry(Retry::Unstarted))
}

#[tokio::test(start_paused = true)]
async fn retries_of_all_calls_have_a_budget() {
    let (env, seen) = environment(full);
    let client = builder(&env, &[1]).build().unwrap();
    let options = CallOptions::new();
    let calls = (0..301).map(|_| call(&client, "m", &options));
    let outcomes = futures_util::future::join_all(calls).await;
    // A fifth, and ten in each of the seconds that the pauses take.
    let asked = ports(&seen).len();
    assert!((301..=301 + 60 + 30).contains(&asked), "{asked}");
    let spent = outcomes.iter().filter(|outcome| {
        outcome.as_ref().unwrap_err().message() == "the retry budget of the client is spent: full"
    });
    assert!(spent.count() > 200);

    let unlimited = builder(&env, &[1]).retry_budget(RetryBudget::UNLIMITED);
    let client = unlimited.build().unwrap();
    let began = tokio::time::Instant::now();
    for _ in 0..20 {
        call(&client, "m", &CallOptions::new()).await.unwrap_err();
    }
    assert_eq!(ports(&seen).len(), 60);
    let paused = began.elapsed();
    assert!(paused > Duration::from_millis(200) && paused < Duration::from_secs(3), "{paused:?}");
}
