//! Plans of one's own, and limits by provider.

use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use dubhe_client::CallOptions;
use dubhe_core::endpoint::TimeoutLimit;
use dubhe_core::filter::{Guard, Hook};
use dubhe_core::plan::{Plan, Policy};
use dubhe_core::status::Retry;
use dubhe_core::{Call, CallView, Code, Status};
use futures_util::future::poll_immediate;

use crate::attempts::{First, ports};
use crate::support::{builder, call, down, environment, ok};

/// Lets as many calls at once to each provider as it says.
struct AtMost(u32);

impl Hook for AtMost {
    fn before(&self, call: &mut Call) -> Result<Guard, Status> {
        let stats = call.head.provider.as_ref().unwrap().stats();
        let running = stats.get_or_init(AtomicU32::default);
        // This attempt is on its way, too.
        assert!(stats.in_flight() >= 1);
        if running.fetch_add(1, Ordering::Relaxed) >= self.0 {
            running.fetch_sub(1, Ordering::Relaxed);
            return Err(down(Retry::Unstarted));
        }
        Ok(Guard::new(move |_| {
            running.fetch_sub(1, Ordering::Relaxed);
        }))
    }
}

#[tokio::test]
async fn a_hook_may_limit_the_calls_of_each_provider() {
    let (env, seen) = environment(|_, _| ok());
    let client = builder(&env, &[1, 2]).balance(First).retries(0).endpoint_hook(AtMost(1));
    let client = client.build().unwrap();
    let stats: Vec<_> = client.providers().iter().map(|e| e.state().stats().clone()).collect();
    // The first provider is busy: the call goes to the other one.
    stats[0].get_or_init(AtomicU32::default).store(1, Ordering::Relaxed);
    call(&client, "m", &CallOptions::new()).await.unwrap();
    assert_eq!(ports(&seen), [2]);
    stats[1].get_or_init(AtomicU32::default).store(1, Ordering::Relaxed);
    call(&client, "m", &CallOptions::new()).await.unwrap_err();
    for stats in &stats {
        stats.get_or_init(AtomicU32::default).store(0, Ordering::Relaxed);
    }
    call(&client, "m", &CallOptions::new()).await.unwrap();
    assert_eq!(ports(&seen), [1]);
    assert!(stats.iter().all(|stats| stats.in_flight() == 0));
}

/// The policy of all calls, which may change.
struct Live(Arc<Mutex<Arc<Policy>>>);

impl Plan for Live {
    fn plan(&self, _: &CallView<'_>) -> Arc<Policy> {
        self.0.lock().unwrap().clone()
    }

    fn default_policy(&self) -> Arc<Policy> {
        self.0.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn a_plan_of_ones_own_stands_over_that_of_the_options_and_changes_live() {
    let (env, seen) = environment(|_, _| Err(down(Retry::Unknown)));
    let (to, made) = std::sync::mpsc::channel();
    let client = builder(&env, &[1, 2]).balance(First).retries(0).plan(move |options| {
        let policy = Arc::new(Mutex::new(options.default_policy()));
        to.send(policy.clone()).unwrap();
        Live(policy)
    });
    let client = client.build().unwrap();
    call(&client, "m", &CallOptions::new()).await.unwrap_err();
    assert_eq!(ports(&seen), [1]);

    // Retries, and another destination: that of another client.
    let policy = made.recv().unwrap();
    let more = Policy { retries: 1, ..Policy::clone(&policy.lock().unwrap()) };
    *policy.lock().unwrap() = Arc::new(more);
    call(&client, "m", &CallOptions::new()).await.unwrap_err();
    assert_eq!(ports(&seen), [1, 2]);
    let (to, other) = std::sync::mpsc::channel();
    let second = builder(&env, &[3]).plan(move |options| {
        let policy = options.default_policy();
        to.send(policy.destination.clone()).unwrap();
        Live(Arc::new(Mutex::new(policy)))
    });
    let _second = second.build().unwrap();
    let destination = other.recv().unwrap();
    let elsewhere = Policy { destination, ..Policy::clone(&policy.lock().unwrap()) };
    *policy.lock().unwrap() = Arc::new(elsewhere);
    call(&client, "m", &CallOptions::new()).await.unwrap_err();
    assert_eq!(ports(&seen), [3]);
}

/// Panics for each call.
struct Panics(Arc<dyn Plan>);

impl Plan for Panics {
    fn plan(&self, _: &CallView<'_>) -> Arc<Policy> {
        panic!("as the test wants")
    }

    fn default_policy(&self) -> Arc<Policy> {
        self.0.default_policy()
    }
}

#[tokio::test]
async fn a_plan_that_panics_fails_the_call_alone() {
    let (env, _) = environment(|_, _| ok());
    let client = builder(&env, &[1]).plan(Panics).build().unwrap();
    let error = call(&client, "m", &CallOptions::new()).await.unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    assert_eq!(error.message(), "the plan panicked: as the test wants");
}

#[tokio::test(start_paused = true)]
async fn nobody_has_a_call_in_flight_that_pauses_before_its_retry() {
    let (env, _) = environment(|port, _| {
        if port == 2 {
            ok()
        } else {
            Err(Status::new(Code::ResourceExhausted, "full").with_retry(Retry::Unstarted))
        }
    });
    let client = builder(&env, &[1, 2]).balance(First).build().unwrap();
    let stats: Vec<_> = client.providers().iter().map(|e| e.state().stats().clone()).collect();
    let options = CallOptions::new();
    let mut calling = pin!(call(&client, "m", &options));
    assert!(poll_immediate(&mut calling).await.is_none());
    assert!(stats.iter().all(|stats| stats.in_flight() == 0));
    calling.await.unwrap();
}

#[tokio::test]
async fn for_ever_is_a_duration() {
    let (env, _) = environment(|_, _| ok());
    let limit = TimeoutLimit::default().in_a_row(1).pauses(Duration::MAX, Duration::MAX);
    let client = builder(&env, &[1]).timeout_limit(limit).build_checked(Duration::MAX);
    let client = client.await.unwrap();
    let endpoint = client.providers().get(0).unwrap().clone();
    let now = Instant::now();
    assert_eq!(endpoint.state().timed_out(now), Some(1));
    assert!(endpoint.state().is_away(now + Duration::from_hours(24 * 365)));
    call(&client, "m", &CallOptions::new()).await.unwrap();
}
