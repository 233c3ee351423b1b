//! Filters around attempts, and strategies that make several.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dubhe_client::{CallOptions, RetryBudget};
use dubhe_core::balance::{Balance, Pick, Selection};
use dubhe_core::endpoint::Endpoints;
use dubhe_core::fault::{Attempts, Fault};
use dubhe_core::filter::{Filter, Guard, Hook, Next};
use dubhe_core::reply::{Frame, ReplyBody, Trailers};
use dubhe_core::router::{Bitmap, PreparedRouter, Router, Trace};
use dubhe_core::status::Retry;
use dubhe_core::time::{Deadline, Instant};
use dubhe_core::{Call, CallView, Code, Endpoint, Invoking, Payload, Reply, Status, Value};
use futures_util::{StreamExt as _, stream};

use crate::budget::full;
use crate::support::{builder, call, down, environment, ok};

type Lines = Arc<Mutex<Vec<String>>>;

/// Notes the endpoint, if one is known, and the end of what it stands around.
#[derive(Clone, Default)]
struct Notes(Lines);

impl Hook for Notes {
    fn before(&self, call: &mut Call) -> Result<Guard, Status> {
        let port = call.head.provider.as_ref().map_or(0, |e| e.offer().port);
        let lines = self.0.clone();
        Ok(Guard::new(move |end| lines.lock().unwrap().push(format!("{port} {}", end.name()))))
    }
}

fn take(notes: &Notes) -> Vec<String> {
    std::mem::take(&mut *notes.0.lock().unwrap())
}

/// Picks the first that can be asked.
pub(crate) struct First;

impl Balance for First {
    fn prepare(&self, _: &Selection) -> Box<dyn Pick> {
        Box::new(Self)
    }
}

impl Pick for First {
    fn pick<'a>(&self, _: &CallView<'_>, from: &'a Selection, _: Instant) -> Option<&'a Endpoint> {
        from.get(0)
    }
}

#[tokio::test]
async fn an_endpoint_hook_stands_around_each_attempt_and_a_hook_around_all() {
    let (env, _) = environment(|port, _| if port == 3 { ok() } else { Err(down(Retry::Unknown)) });
    let (each, all) = (Notes::default(), Notes::default());
    let client = builder(&env, &[1, 2, 3]).balance(First);
    let client = client.hook(all.clone()).endpoint_hook(each.clone()).build().unwrap();
    call(&client, "m", &CallOptions::new()).await.unwrap();
    assert_eq!(take(&each), ["1 UNAVAILABLE", "2 UNAVAILABLE", "3 OK"]);
    assert_eq!(take(&all), ["0 OK"]);
}

/// Refuses the endpoint at port 1 with a status.
#[derive(Clone)]
struct RefusesFirst(Status);

impl Hook for RefusesFirst {
    fn before(&self, call: &mut Call) -> Result<Guard, Status> {
        match call.head.provider.as_ref().map(|e| e.offer().port) {
            Some(1) => Err(self.0.clone()),
            _ => Ok(Guard::none()),
        }
    }
}

impl Filter for RefusesFirst {
    fn filter(&self, mut call: Call, next: Next) -> Invoking {
        match self.before(&mut call) {
            Ok(_) => next.run(call),
            Err(status) => Invoking::ready(Err(status)),
        }
    }
}

#[tokio::test]
async fn what_an_endpoint_filter_refuses_goes_elsewhere_if_it_says_so() {
    let forbidden = || Status::permission_denied("not this one");
    let full = || Status::resource_exhausted("full");
    for (refusal, retries, asked) in [
        (forbidden(), 2, None),
        (forbidden().with_retry(Retry::Unknown), 2, None),
        (forbidden().with_retry(Retry::Unstarted), 0, Some(2)),
        (full().with_retry(Retry::Unstarted), 0, None),
        (full().with_retry(Retry::Unstarted), 1, Some(2)),
    ] {
        let (env, seen) = environment(|_, _| ok());
        let refuses = RefusesFirst(refusal.clone());
        let client = || builder(&env, &[1, 2]).balance(First).repeatable(false).retries(retries);
        for client in [client().endpoint_filter(refuses.clone()), client().endpoint_hook(refuses)] {
            let client = client.build().unwrap();
            let called = call(&client, "m", &CallOptions::new()).await;
            assert_eq!(called.is_ok(), asked.is_some(), "{refusal:?}: {called:?}");
            let ports: Vec<u16> = seen.lock().unwrap().drain(..).map(|(port, _)| port).collect();
            assert_eq!(ports, Vec::from_iter(asked), "{refusal:?}");
        }
    }
}

#[tokio::test]
async fn a_method_has_filters_of_its_own_inside_those_of_the_client() {
    let (env, _) = environment(|_, _| ok());
    let (outer, inner, each) = (Notes::default(), Notes::default(), Notes::default());
    let (one, attempt) = (inner.clone(), each.clone());
    let client = builder(&env, &[1]).hook(outer.clone());
    let client = client.method("one", |m| m.hook(one).endpoint_hook(attempt)).build().unwrap();
    call(&client, "one", &CallOptions::new()).await.unwrap();
    call(&client, "other", &CallOptions::new()).await.unwrap();
    assert_eq!(take(&outer), ["0 OK", "0 OK"]);
    assert_eq!(take(&inner), ["0 OK"]);
    assert_eq!(take(&each), ["1 OK"]);
}

#[tokio::test]
async fn a_dropped_call_is_told_to_everybody() {
    let (env, _) = environment(|_, _| ok());
    let (each, all) = (Notes::default(), Notes::default());
    let client = builder(&env, &[8]).hook(all.clone()).endpoint_hook(each.clone());
    let client = client.build().unwrap();
    let state = client.providers().get(0).unwrap().state().clone();
    let options = CallOptions::new();
    {
        let mut waits = std::pin::pin!(call(&client, "m", &options));
        assert!(futures_util::poll!(&mut waits).is_pending());
        assert_eq!(state.in_flight(), 1);
    }
    assert_eq!(state.in_flight(), 0);
    assert_eq!(take(&each), ["8 CANCELLED"]);
    assert_eq!(take(&all), ["0 CANCELLED"]);
}

/// Asks everybody at once; the answer that comes first counts.
async fn fork(call: Call, attempts: Attempts) -> Result<Reply, Status> {
    let each = attempts.candidates(&call);
    let each = each.iter().filter_map(|e| Some(attempts.on(e, call.try_clone()?)));
    futures_util::future::select_ok(each).await.map(|(reply, _)| reply)
}

#[tokio::test]
async fn a_strategy_may_ask_everybody_at_once() {
    let (env, seen) = environment(|port, _| if port == 3 { ok() } else { Err(down(Retry::Never)) });
    let each = Notes::default();
    let client = builder(&env, &[1, 8, 3]).fault(Fault::strategy(fork)).endpoint_hook(each.clone());
    let client = client.build().unwrap();
    call(&client, "m", &CallOptions::new()).await.unwrap();
    let mut asked: Vec<u16> = seen.lock().unwrap().iter().map(|(port, _)| *port).collect();
    asked.sort_unstable();
    assert_eq!(asked, [1, 3, 8]);
    let mut ends = take(&each);
    ends.sort();
    assert_eq!(ends, ["1 UNAVAILABLE", "3 OK", "8 CANCELLED"]);
    assert!(client.providers().iter().all(|endpoint| endpoint.state().in_flight() == 0));
}

/// Makes two attempts on two threads at once.
async fn race(call: Call, attempts: Attempts) -> Result<Reply, Status> {
    let again = call.try_clone().unwrap();
    let other = attempts.clone();
    let other = tokio::spawn(async move { other.next(again).await });
    let own = tokio::spawn(async move { attempts.next(call).await });
    other.await.unwrap()?;
    own.await.unwrap()
}

/// The first that can be asked, after a while in which the other attempt could pick as well.
#[derive(Clone)]
struct FirstTogether(Arc<AtomicUsize>);

impl Balance for FirstTogether {
    fn prepare(&self, _: &Selection) -> Box<dyn Pick> {
        Box::new(self.clone())
    }
}

impl Pick for FirstTogether {
    fn pick<'a>(&self, _: &CallView<'_>, from: &'a Selection, _: Instant) -> Option<&'a Endpoint> {
        self.0.fetch_add(1, Ordering::SeqCst);
        for _ in 0..1_000 {
            if self.0.load(Ordering::SeqCst).is_multiple_of(2) {
                break;
            }
            std::thread::yield_now();
        }
        from.get(0)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn attempts_that_begin_together_go_to_different_endpoints() {
    let (env, seen) = environment(|_, _| ok());
    let client = builder(&env, &[1, 2]).balance(FirstTogether(Arc::default()));
    let client = client.retry_budget(RetryBudget::UNLIMITED);
    let client = client.fault(Fault::strategy(race)).build().unwrap();
    for _ in 0..100 {
        call(&client, "m", &CallOptions::new()).await.unwrap();
        let asked = std::mem::take(&mut *seen.lock().unwrap());
        let asked: BTreeSet<u16> = asked.iter().map(|(port, _)| *port).collect();
        assert_eq!(asked, BTreeSet::from([1, 2]));
    }
}

/// Takes the first, and notes how attempts end.
#[derive(Clone, Default)]
struct Learns(Lines);

impl Balance for Learns {
    fn prepare(&self, _: &Selection) -> Box<dyn Pick> {
        Box::new(First)
    }

    fn finish(&self, endpoint: &Endpoint, end: &dubhe_core::End<'_>) {
        let line = format!("{} {}", endpoint.offer().port, end.name());
        self.0.lock().unwrap().push(line);
    }
}

/// Asks one after the other, and answers with the last.
async fn broadcast(call: Call, attempts: Attempts) -> Result<Reply, Status> {
    let mut outcome = Err(Status::unavailable("nobody"));
    for endpoint in attempts.candidates(&call) {
        let Some(again) = call.try_clone() else { break };
        outcome = attempts.on(&endpoint, again).await;
    }
    outcome
}

#[tokio::test]
async fn a_balancer_learns_of_attempts_that_a_strategy_makes_on_endpoints_of_its_choice() {
    let (env, _) = environment(|port, _| if port == 2 { ok() } else { Err(down(Retry::Unknown)) });
    let learns = Learns::default();
    let client = builder(&env, &[1, 2]).balance(learns.clone()).fault(Fault::strategy(broadcast));
    call(&client.build().unwrap(), "m", &CallOptions::new()).await.unwrap();
    assert_eq!(*learns.0.lock().unwrap(), ["1 UNAVAILABLE", "2 OK"]);
}

#[tokio::test]
async fn a_balancer_learns_how_a_stream_ends_and_not_before() {
    let end = |status: Option<Status>| Frame::Trailers(Trailers { status, ..Trailers::default() });
    let gone = || Status::unavailable("gone");
    // With as many frames as are read.
    for (status, read, learnt) in
        [(None, 2, "1 OK"), (Some(gone()), 2, "1 UNAVAILABLE"), (None, 1, "1 CANCELLED")]
    {
        let (env, _) = environment(move |_, _| {
            let message = Frame::Message(Payload::dynamic(Value::Null));
            Ok(Reply::stream(stream::iter([message, end(status.clone())])))
        });
        let learns = Learns::default();
        let client = builder(&env, &[1]).balance(learns.clone()).build().unwrap();
        let reply = call(&client, "m", &CallOptions::new()).await.unwrap();
        let ReplyBody::Stream(mut frames) = reply.body else { panic!("not a stream") };
        assert_eq!(*learns.0.lock().unwrap(), [""; 0]);
        for _ in 0..read {
            frames.next().await.unwrap();
        }
        drop(frames);
        assert_eq!(*learns.0.lock().unwrap(), [learnt]);
    }
}

async fn panic_later(_: Call, _: Next) -> Result<Reply, Status> {
    tokio::task::yield_now().await;
    panic!("as the test wants")
}

#[tokio::test]
async fn a_panic_of_the_caller_is_the_end_of_the_attempt() {
    let (env, _) = environment(|_, _| ok());
    let (learns, each, all) = (Learns::default(), Notes::default(), Notes::default());
    let client = builder(&env, &[1]).balance(learns.clone()).hook(all.clone());
    let client = client.endpoint_hook(each.clone()).endpoint_filter(panic_later).build().unwrap();
    let calling = client.clone();
    let task = tokio::spawn(async move { call(&calling, "m", &CallOptions::new()).await });
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!(*learns.0.lock().unwrap(), ["1 INTERNAL"]);
    assert_eq!((take(&each), take(&all)), (vec!["1 INTERNAL".into()], vec!["0 INTERNAL".into()]));
    assert!(client.providers().iter().all(|endpoint| endpoint.state().in_flight() == 0));
}

/// Answers at once, and sends the call again in the background until it has arrived.
async fn failback(call: Call, attempts: Attempts) -> Result<Reply, Status> {
    let again = call.try_clone();
    match (attempts.next(call).await, again) {
        (Err(_), Some(again)) => {
            let later = attempts.clone();
            attempts.spawn(async move {
                later.sleep(Duration::from_secs(5)).await;
                let _ = later.next(again).await;
            });
            ok()
        }
        (outcome, _) => outcome,
    }
}

#[tokio::test(start_paused = true)]
async fn a_strategy_may_go_on_after_the_answer() {
    let (env, seen) = environment(|_, _| Err(down(Retry::Unknown)));
    let client = builder(&env, &[1, 2]).balance(First).fault(Fault::strategy(failback));
    call(&client.build().unwrap(), "m", &CallOptions::new()).await.unwrap();
    assert_eq!(seen.lock().unwrap().len(), 1);
    tokio::time::sleep(Duration::from_secs(6)).await;
    let asked: Vec<u16> = seen.lock().unwrap().iter().map(|(port, _)| *port).collect();
    assert_eq!(asked, [1, 2], "another one, five seconds later");
}

/// Answers at once, and sends the call again in the background for ever.
async fn persist(call: Call, attempts: Attempts) -> Result<Reply, Status> {
    let later = attempts.clone();
    attempts.spawn(async move {
        while let Some(again) = call.try_clone() {
            let _ = later.next(again).await;
            later.sleep(Duration::from_secs(1)).await;
        }
    });
    ok()
}

#[tokio::test(start_paused = true)]
async fn a_strategy_goes_on_until_the_application_ends() {
    for closed in [true, false] {
        let (env, seen) = environment(|_, _| Err(down(Retry::Unknown)));
        let client = builder(&env, &[1, 2]).fault(Fault::strategy(persist)).build().unwrap();
        call(&client, "m", &CallOptions::new()).await.unwrap();
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert!(ports(&seen).len() > 5);
        if closed {
            env.close();
        } else {
            drop((client, env));
        }
        tokio::time::sleep(Duration::from_secs(100)).await;
        assert_eq!(ports(&seen), [0; 0], "closed: {closed}");
    }
}

/// Sees the first argument, whatever its type.
struct ByArgument;

impl Balance for ByArgument {
    fn prepare(&self, _: &Selection) -> Box<dyn Pick> {
        Box::new(Self)
    }
}

impl Pick for ByArgument {
    fn pick<'a>(
        &self,
        call: &CallView<'_>,
        from: &'a Selection,
        _: Instant,
    ) -> Option<&'a Endpoint> {
        match call.argument(0)? {
            Value::String(text) if **text == *"two" => from.get(1),
            _ => from.get(0),
        }
    }
}

#[tokio::test]
async fn a_balancer_sees_arguments_of_rust_types() {
    let (env, seen) = environment(|_, _| ok());
    let client = builder(&env, &[1, 2]).balance(ByArgument).build().unwrap();
    let method = Arc::new(dubhe_core::Method::java("m", "Ljava/lang/String;"));
    for text in ["one", "two"] {
        let arguments = dubhe_hessian2::payload::args((text.to_owned(),));
        client.call(&method, arguments, &CallOptions::new()).await.unwrap();
    }
    let asked: Vec<u16> = seen.lock().unwrap().iter().map(|(port, _)| *port).collect();
    assert_eq!(asked, [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn an_error_tells_of_each_attempt_and_its_time() {
    let (env, _) = environment(|_, _| Err(down(Retry::Unknown)));
    let client =
        builder(&env, &[1, 8]).balance(First).retries(1).timeout(Duration::from_millis(70));
    let slow = client.endpoint_filter(slow_second).build().unwrap();
    let status = call(&slow, "m", &CallOptions::new()).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    let text = "attempt 2 of the call, on test://h:8 after 70.0ms; before it, on test://h:1 after \
                0.0ns: UNAVAILABLE: down: late";
    assert_eq!(status.message(), text);
}

async fn slow_second(call: Call, next: Next) -> Result<Reply, Status> {
    if call.head.provider.as_ref().is_some_and(|e| e.offer().port == 8) {
        tokio::time::sleep(Duration::from_millis(70)).await;
        return Err(Status::new(Code::DeadlineExceeded, "late").with_retry(Retry::Unknown));
    }
    next.run(call).await
}

pub(crate) fn ports(seen: &crate::support::Seen) -> Vec<u16> {
    seen.lock().unwrap().drain(..).map(|(port, _)| port).collect()
}

#[tokio::test]
async fn what_may_have_run_is_not_sent_to_the_same_provider() {
    let (env, seen) = environment(|_, _| Err(down(Retry::Unknown)));
    let client = builder(&env, &[1]).build().unwrap();
    let status = call(&client, "m", &CallOptions::new()).await.unwrap_err();
    assert_eq!(status.message(), "down");
    assert_eq!(ports(&seen), [1]);
    // Nor after another one that nobody began.
    let answer =
        |port, _: &Call| Err(down(if port == 1 { Retry::Unknown } else { Retry::Unstarted }));
    let (env, seen) = environment(answer);
    let client = builder(&env, &[1, 2]).balance(First).retries(9).build().unwrap();
    call(&client, "m", &CallOptions::new()).await.unwrap_err();
    assert_eq!(ports(&seen)[..2], [1, 2]);
    assert_eq!(seen.lock().unwrap().iter().filter(|(port, _)| *port == 1).count(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_began_goes_elsewhere_and_is_no_retry() {
    let answer = |port, _: &Call| if port == 3 { ok() } else { Err(down(Retry::Unstarted)) };
    for fault in [Fault::Failover, Fault::Failfast] {
        let (env, seen) = environment(answer);
        let budget = RetryBudget::new(0, 0);
        let client = builder(&env, &[1, 2, 3]).balance(First).fault(fault).retries(0);
        let client = client.retry_budget(budget).build().unwrap();
        call(&client, "m", &CallOptions::new()).await.unwrap();
        // All in the time of one attempt.
        let deadlines: BTreeSet<_> =
            seen.lock().unwrap().iter().map(|(_, head)| head.deadline.unwrap()).collect();
        assert_eq!(deadlines.len(), 1);
        assert_eq!(ports(&seen), [1, 2, 3]);
    }
}

/// Keeps an attempt on port 1 for 60 ms; then it fails with the status.
struct SlowFirst(Status);

impl Filter for SlowFirst {
    fn filter(&self, call: Call, next: Next) -> Invoking {
        if call.head.provider.as_ref().is_none_or(|e| e.offer().port != 1) {
            return next.run(call);
        }
        let status = self.0.clone();
        Invoking::boxed(async move {
            tokio::time::sleep(Duration::from_millis(60)).await;
            Err(status)
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_has_its_own_timeout_and_what_nobody_began_the_rest_of_one() {
    let late = Status::new(Code::DeadlineExceeded, "late").with_retry(Retry::Unknown);
    // Of each failure of the first attempt: the deadline of the call, that of the second sending.
    for (failure, of_call, second) in [
        (&late, None, 160),
        (&late, Some(130), 130),
        (&down(Retry::Unstarted), None, 100),
        (&down(Retry::Unstarted), Some(130), 100),
        (&down(Retry::Unstarted), Some(90), 90),
    ] {
        let (env, seen) = environment(|_, _| ok());
        let client = builder(&env, &[1, 2]).balance(First).retries(1);
        let client = client.timeout(Duration::from_millis(100));
        let client = client.endpoint_filter(SlowFirst(failure.clone())).build().unwrap();
        let began = tokio::time::Instant::now().into_std();
        let after = |millis| Deadline::after(began, Duration::from_millis(millis));
        let options = match of_call {
            Some(millis) => CallOptions::new().deadline(after(millis)),
            None => CallOptions::new(),
        };
        call(&client, "m", &options).await.unwrap();
        let deadlines: Vec<_> = seen.lock().unwrap().iter().map(|(_, h)| h.deadline).collect();
        assert_eq!(deadlines, [Some(after(second))], "{failure:?}, {of_call:?}");
    }
}

#[tokio::test]
async fn the_only_provider_is_asked_once_more_when_it_did_not_begin_a_call() {
    let (env, seen) = environment(|_, _| Err(down(Retry::Unstarted)));
    let client = builder(&env, &[1]).retries(0).build().unwrap();
    call(&client, "m", &CallOptions::new()).await.unwrap_err();
    assert_eq!(ports(&seen), [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn no_pause_goes_beyond_the_deadline_of_the_call() {
    let (env, seen) = environment(full);
    let client = builder(&env, &[1]).retries(1_000).retry_budget(RetryBudget::UNLIMITED);
    let client = client.build().unwrap();
    let began = tokio::time::Instant::now();
    let deadline = Deadline::after(began.into_std(), Duration::from_millis(400));
    call(&client, "m", &CallOptions::new().deadline(deadline)).await.unwrap_err();
    assert!(ports(&seen).len() > 2);
    assert!(began.elapsed() < Duration::from_millis(400));
}

/// A balancer that picks nobody.
struct Nobody;

impl Balance for Nobody {
    fn prepare(&self, _: &Selection) -> Box<dyn Pick> {
        Box::new(Self)
    }
}

impl Pick for Nobody {
    fn pick<'a>(&self, _: &CallView<'_>, _: &'a Selection, _: Instant) -> Option<&'a Endpoint> {
        None
    }
}

/// A balancer that picks the first two times.
#[derive(Clone)]
struct Twice(Arc<AtomicUsize>);

impl Balance for Twice {
    fn prepare(&self, _: &Selection) -> Box<dyn Pick> {
        Box::new(self.clone())
    }
}

impl Pick for Twice {
    fn pick<'a>(&self, _: &CallView<'_>, from: &'a Selection, _: Instant) -> Option<&'a Endpoint> {
        // The second attempt draws again, since the first of all was tried.
        from.get(0).filter(|_| self.0.fetch_add(1, Ordering::Relaxed) < 3)
    }
}

/// A router that leaves nobody, or panics for a set that is not empty.
struct Out {
    panics: bool,
}

impl Router for Out {
    fn prepare(&self, set: &Arc<Endpoints>) -> Box<dyn PreparedRouter> {
        assert!(!self.panics || set.is_empty(), "no rule fits");
        Box::new(Self { panics: false })
    }
}

impl PreparedRouter for Out {
    fn narrow(&self, _: &CallView<'_>, left: &mut Bitmap, _: Instant, _: Option<&mut Trace>) {
        left.subtract(&left.clone());
    }
}

#[tokio::test]
async fn the_error_says_who_left_no_provider() {
    let (env, _) = environment(|_, _| ok());
    let both = || builder(&env, &[1, 2]);
    let balancer = both().balance(Nobody).build().unwrap();
    let routers = both().router(Out { panics: false }).build().unwrap();
    let one = || builder(&env, &[1]);
    let balancer_of_one = one().balance(Nobody).build().unwrap();
    let routers_of_one = one().router(Out { panics: false }).build().unwrap();
    for (client, why) in [
        (balancer, "the balancer picked none of the 2 providers for this call"),
        (
            routers,
            "2 providers are known, but routers, or a destination of your own, left none for this call",
        ),
        (balancer_of_one, "the balancer did not pick the only provider for this call"),
        (
            routers_of_one,
            "1 provider is known, but routers, or a destination of your own, left none for this call",
        ),
    ] {
        let error = call(&client, "m", &CallOptions::new()).await.unwrap_err();
        assert_eq!(error.code(), Code::Unavailable);
        assert_eq!(error.message(), format!("no provider for g/a.B:1.0.0: {why}"));
    }
    // A strategy that asks for more than there are, of a balancer that repeats nobody.
    async fn thrice(call: Call, attempts: Attempts) -> Result<Reply, Status> {
        attempts.next(call.try_clone().unwrap()).await?;
        attempts.next(call.try_clone().unwrap()).await?;
        attempts.next(call).await
    }
    let twice = Twice(Arc::default());
    let client = both().balance(twice).fault(Fault::strategy(thrice)).build().unwrap();
    let error = call(&client, "m", &CallOptions::new()).await.unwrap_err();
    let why = "tried on all 2 providers for it, and the balancer repeats none";
    assert!(error.message().ends_with(why), "{error}");
}

#[tokio::test]
async fn a_part_that_panics_at_the_first_set_is_an_error_of_build() {
    let (env, _) = environment(|_, _| ok());
    let error = builder(&env, &[1]).router(Out { panics: true }).build().unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    assert!(error.message().ends_with("panicked: no rule fits"), "{error}");
}

/// Panics when it picks for the method `bad`.
struct Panics;

impl Balance for Panics {
    fn prepare(&self, _: &Selection) -> Box<dyn Pick> {
        Box::new(Self)
    }
}

impl Pick for Panics {
    fn pick<'a>(
        &self,
        call: &CallView<'_>,
        from: &'a Selection,
        _: Instant,
    ) -> Option<&'a Endpoint> {
        assert!(&*call.head().method.name != "bad", "no endpoint for this one");
        from.get(0)
    }
}

#[tokio::test]
async fn a_balancer_that_panics_fails_that_call_alone() {
    let (env, _) = environment(|_, _| ok());
    let client = builder(&env, &[1, 2]).balance(Panics).build().unwrap();
    let status = call(&client, "bad", &CallOptions::new()).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    let text = "a router or the balancer panicked: no endpoint for this one";
    assert_eq!(status.message(), text);
    call(&client, "good", &CallOptions::new()).await.unwrap();
}

/// Sends the call again on the same endpoint, as often as the policy says and lets it.
async fn insist(call: Call, attempts: Attempts) -> Result<Reply, Status> {
    let mut left = attempts.retries();
    loop {
        let again = call.try_clone().unwrap();
        match attempts.next(again).await {
            Err(status) if left > 0 && attempts.may_repeat(&status) => left -= 1,
            outcome => return outcome,
        }
    }
}

#[tokio::test]
async fn a_strategy_is_told_what_may_be_repeated() {
    for (retry, repeatable, asked) in [
        (Retry::Unknown, true, 3),
        (Retry::Unknown, false, 1),
        (Retry::Unstarted, false, 3),
        (Retry::Never, true, 1),
    ] {
        let (env, seen) = environment(move |_, _| Err(down(retry)));
        let client = builder(&env, &[1]).fault(insist).repeatable(repeatable).build().unwrap();
        call(&client, "m", &CallOptions::new()).await.unwrap_err();
        assert_eq!(ports(&seen).len(), asked, "{retry:?}");
    }
}

#[tokio::test]
async fn a_retry_that_nobody_can_take_costs_nothing() {
    let (env, seen) =
        environment(|port, _| Err(down(if port == 1 { Retry::Unknown } else { Retry::Never })));
    let client = builder(&env, &[1]).retries(2).retry_budget(RetryBudget::new(0, 1));
    let client = client.build().unwrap();
    for _ in 0..5 {
        // It may have run on the only provider.
        let status = call(&client, "m", &CallOptions::new()).await.unwrap_err();
        assert_eq!(status.message(), "down");
    }
    assert_eq!(ports(&seen).len(), 5);
}

/// Sends the call to two providers at once if it may run twice.
async fn both(call: Call, attempts: Attempts) -> Result<Reply, Status> {
    let again = call.try_clone().filter(|_| attempts.is_repeatable());
    let first = attempts.next(call);
    match again {
        Some(again) => tokio::join!(first, attempts.next(again)).0,
        None => first.await,
    }
}

#[tokio::test]
async fn a_strategy_is_told_if_a_call_may_run_twice() {
    for (repeatable, asked) in [(true, 2), (false, 1)] {
        let (env, seen) = environment(|_, _| ok());
        let client = builder(&env, &[1, 2]).fault(both).repeatable(repeatable).build().unwrap();
        call(&client, "m", &CallOptions::new()).await.unwrap();
        assert_eq!(ports(&seen).len(), asked);
    }
}

#[tokio::test]
async fn the_deadline_of_a_call_ends_its_strategy() {
    struct Dropped(Arc<AtomicUsize>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let (env, seen) = environment(|_, _| Err(down(Retry::Unstarted)));
    let dropped = Arc::new(AtomicUsize::new(0));
    let count = dropped.clone();
    // Goes on for ever, and looks at no deadline.
    let stubborn = move |call: Call, attempts: Attempts| {
        let dropped = Dropped(count.clone());
        async move {
            let _dropped = &dropped;
            let _ = attempts.next(call).await;
            std::future::pending::<Result<Reply, Status>>().await
        }
    };
    let client = builder(&env, &[1]).fault(Fault::strategy(stubborn)).build().unwrap();
    let deadline = Deadline::after(Instant::now(), Duration::from_millis(20));
    let options = CallOptions::new().deadline(deadline);
    let status = call(&client, "m", &options).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(status.message().starts_with("no reply within "), "{status}");
    assert!(Instant::now() >= deadline.instant());
    assert_eq!((ports(&seen).len(), dropped.load(Ordering::Relaxed)), (1, 1));
}

#[tokio::test]
async fn attempts_of_a_strategy_beyond_the_first_take_from_the_retry_budget() {
    let spent = "the retry budget of the client is spent";
    // A retry: the floor of two, and not the third of the policy.
    let (env, seen) = environment(|_, _| Err(down(Retry::Unknown)));
    let client = builder(&env, &[1]).fault(insist).retries(9);
    let client = client.retry_budget(RetryBudget::new(0, 2)).build().unwrap();
    let status = call(&client, "m", &CallOptions::new()).await.unwrap_err();
    assert_eq!((status.message(), status.retry()), (&*format!("{spent}: down"), Retry::Never));
    assert_eq!(ports(&seen).len(), 3);

    // A share of the calls, which count with a strategy also when they have no retries.
    let client = builder(&env, &[1, 2, 3]).fault(twice).retries(0);
    let client = client.retry_budget(RetryBudget::new(50, 0)).build().unwrap();
    for _ in 0..10 {
        call(&client, "m", &CallOptions::new()).await.unwrap_err();
    }
    assert_eq!(ports(&seen).len(), 10 + 5);

    // To ask each provider once is no retry, nor to go on where nobody began.
    let client = builder(&env, &[1, 2, 3]).fault(fork);
    let client = client.retry_budget(RetryBudget::new(0, 0)).build().unwrap();
    call(&client, "m", &CallOptions::new()).await.unwrap_err();
    assert_eq!(ports(&seen).len(), 3);
    let (env, seen) = environment(|_, _| Err(down(Retry::Unstarted)));
    let client = builder(&env, &[1, 2, 3]).fault(insist).retries(9);
    let client = client.retry_budget(RetryBudget::new(0, 0)).build().unwrap();
    call(&client, "m", &CallOptions::new()).await.unwrap_err();
    assert_eq!(ports(&seen).len(), 4, "each, and one of them once more");
}

/// Sends each call twice, one after the other.
async fn twice(call: Call, attempts: Attempts) -> Result<Reply, Status> {
    let again = call.try_clone().unwrap();
    drop(attempts.next(call).await);
    attempts.next(again).await
}
