//! Clients that find their providers in registries.

use std::collections::BTreeSet;
use std::sync::Arc;

use dubhe_client::{CallOptions, Client};
use dubhe_core::endpoint::{EndpointState, Endpoints};
use dubhe_core::registry::{ConfiguredRegistry, Registry as _};
use dubhe_core::router::{Bitmap, PreparedRouter, Router, Trace};
use dubhe_core::status::{Origin, Retry};
use dubhe_core::time::{Duration, Instant};
use dubhe_core::{CallView, Code, Status};
use tokio::time::sleep;

use crate::support::{FakeRegistry, Seen, builder, call, ok, with, with_registries};

/// Lets the tasks of clients do what they can.
async fn yield_to_tasks() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

fn states(client: &Client) -> Vec<Arc<EndpointState>> {
    client.providers().iter().map(|endpoint| endpoint.state().clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn first_calls_wait_for_the_registry_and_no_longer_than_their_timeout() {
    let registry = FakeRegistry::default();
    let (env, seen) = with_registries(&[&registry], |_, _| ok());
    let client = builder(&env, &[]).build().unwrap();

    let late = call(&client, "m", &CallOptions::new()).await.unwrap_err();
    assert!(late.message().contains("has not answered"), "{late}");

    let options = CallOptions::new();
    let (reply, ()) = tokio::join!(call(&client, "m", &options), async {
        yield_to_tasks().await;
        registry.tell("h", &[1]);
    });
    reply.unwrap();
    assert_eq!(seen.lock().unwrap().len(), 1);

    // The provider answers, and is called until the registry insists that there is none.
    registry.tell("h", &[]);
    sleep(Duration::from_secs(29)).await;
    call(&client, "m", &options).await.unwrap();
    sleep(Duration::from_secs(2)).await;
    let gone = call(&client, "m", &CallOptions::new()).await.unwrap_err();
    assert!(gone.message().contains("no provider"), "{gone}");
}

#[tokio::test]
async fn clients_of_a_service_share_a_subscription_which_ends_with_the_last_of_them() {
    let registry = FakeRegistry::default();
    let (env, seen) = with_registries(&[&registry], |_, _| ok());
    let (one, other) =
        (builder(&env, &[]).build().unwrap(), builder(&env, &[]).retries(0).build().unwrap());
    let elsewhere = builder(&env, &[]).group("else").build().unwrap();
    registry.tell("h", &[1, 2]);
    for client in [&one, &other] {
        call(client, "m", &CallOptions::new()).await.unwrap();
    }
    assert_eq!((registry.asked(), registry.alive()), (2, 2), "one for each service");
    assert_eq!(seen.lock().unwrap().len(), 2);
    let (of_one, of_other) = (states(&one), states(&other));
    assert!(of_one.iter().zip(&of_other).all(|(a, b)| Arc::ptr_eq(a, b)), "and its endpoints");

    drop((one, elsewhere));
    yield_to_tasks().await;
    assert_eq!(registry.alive(), 1);
    call(&other, "m", &CallOptions::new()).await.unwrap();
    // The registry says nothing more.
    drop(other);
    yield_to_tasks().await;
    assert_eq!(registry.alive(), 0);

    let again = builder(&env, &[]).build().unwrap();
    call(&again, "m", &CallOptions::new()).await.unwrap();
    assert_eq!((registry.asked(), registry.alive()), (3, 1));
}

#[tokio::test]
async fn providers_of_all_registries_are_called() {
    let (one, other) = (FakeRegistry::default(), FakeRegistry::default());
    let (env, seen) = with_registries(&[&one, &other], |_, _| ok());
    let client = builder(&env, &[]).build().unwrap();
    one.tell("h", &[1, 2]);
    other.tell("h", &[2, 3]);
    yield_to_tasks().await;
    assert_eq!(client.providers().len(), 3);
    for _ in 0..100 {
        call(&client, "m", &CallOptions::new()).await.unwrap();
    }
    let ports: BTreeSet<u16> = seen.lock().unwrap().iter().map(|(port, _)| *port).collect();
    assert_eq!(ports, BTreeSet::from([1, 2, 3]));
}

#[tokio::test(start_paused = true)]
async fn the_error_of_the_registry_reaches_the_caller() {
    let registry = FakeRegistry::default();
    let (env, _) = with_registries(&[&registry], |_, _| ok());
    // The subscription fails, or goes on and the registry tells why it is silent.
    registry.refuse(Some("wrong password"));
    let client = builder(&env, &[]).build().unwrap();
    let error = call(&client, "m", &CallOptions::new()).await.unwrap_err();
    let expected = "the registry cannot be asked: UNAUTHENTICATED: wrong password";
    assert!(error.message().ends_with(expected), "{error}");
    let until = tokio::time::Instant::now().into_std() + Duration::from_millis(1);
    let error = client.ready(until).await.unwrap_err();
    assert!(error.message().ends_with(expected), "{error}");
    drop(client);

    registry.refuse(None);
    let client = builder(&env, &[]).build().unwrap();
    registry.fail("no permission");
    let error = call(&client, "m", &CallOptions::new()).await.unwrap_err();
    assert!(error.message().ends_with("UNAUTHENTICATED: no permission"), "{error}");
    registry.tell("h", &[]);
    yield_to_tasks().await;
    let error = call(&client, "m", &CallOptions::new()).await.unwrap_err();
    assert!(error.message().contains("no provider is registered"), "{error}");
}

/// A router that panics for every set that is not empty.
struct Unprepared;

impl Router for Unprepared {
    fn prepare(&self, set: &Arc<Endpoints>) -> Box<dyn PreparedRouter> {
        assert!(set.is_empty(), "no rule fits");
        Box::new(Self)
    }
}

impl PreparedRouter for Unprepared {
    fn narrow(&self, _: &CallView<'_>, _: &mut Bitmap, _: Instant, _: Option<&mut Trace>) {}
}

#[tokio::test(start_paused = true)]
async fn a_set_that_a_router_panics_at_is_the_reason_and_not_the_registry() {
    let registry = FakeRegistry::default();
    let (env, _) = with_registries(&[&registry], |_, _| ok());
    let client = builder(&env, &[]).router(Unprepared).build().unwrap();
    yield_to_tasks().await;
    registry.tell("h", &[1]);
    let error = call(&client, "m", &CallOptions::new()).await.unwrap_err();
    let reason = "the router it::registries::Unprepared panicked: no rule fits";
    assert!(error.message().contains(reason), "{error}");
    assert!(!error.message().contains("has not answered"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn first_calls_wait_for_every_registry_while_none_knows_a_provider() {
    let (quick, slow) = (FakeRegistry::default(), FakeRegistry::default());
    let (env, _) = with_registries(&[&quick, &slow], |_, _| ok());
    let client = builder(&env, &[]).build().unwrap();
    quick.tell("h", &[]);
    let options = CallOptions::new();
    let (reply, ()) = tokio::join!(call(&client, "m", &options), async {
        sleep(Duration::from_millis(300)).await;
        slow.tell("h", &[1]);
    });
    reply.unwrap();

    let (env, _) = with_registries(&[&quick, &slow], |_, _| ok());
    slow.tell("h", &[]);
    let client = builder(&env, &[]).build().unwrap();
    let began = tokio::time::Instant::now();
    let nobody = call(&client, "m", &options).await.unwrap_err();
    assert!(nobody.message().contains("no provider is registered"), "{nobody}");
    assert_eq!(began.elapsed(), Duration::ZERO, "both have said so");
}

/// A registry with these parameters in its URL.
fn with_params(registry: &FakeRegistry, params: &[(&str, &str)]) -> ConfiguredRegistry {
    let registry = ConfiguredRegistry::new(Arc::new(registry.clone()));
    registry.with_params(params.iter().copied()).unwrap()
}

/// A client of two registries, of which the first knows port 1 and the second port 2.
fn of_two(params: [&[(&str, &str)]; 2]) -> (Client, Seen, [FakeRegistry; 2]) {
    let registries = [FakeRegistry::default(), FakeRegistry::default()];
    for (registry, port) in registries.iter().zip(1..) {
        registry.tell("h", &[port]);
    }
    let (env, seen) = with(|mut env| {
        for (registry, params) in registries.iter().zip(params) {
            env = env.registry(Arc::new(with_params(registry, params)));
        }
        env.zone("hz")
    });
    (builder(&env, &[]).build().unwrap(), seen, registries)
}

/// The ports that 100 calls went to.
async fn ports(client: &Client, seen: &Seen, options: &CallOptions) -> BTreeSet<u16> {
    seen.lock().unwrap().clear();
    for _ in 0..100 {
        call(client, "m", options).await.unwrap();
    }
    seen.lock().unwrap().iter().map(|(port, _)| *port).collect()
}

#[tokio::test(start_paused = true)]
async fn calls_choose_between_registries_that_have_traits() {
    for (params, expected) in [
        ([&[][..], &[]], &[1, 2][..]),
        ([&[], &[("preferred", "true")]], &[2]),
        ([&[("zone", "hz")], &[("zone", "sh")]], &[1]),
        ([&[("weight", "0")], &[("weight", "100")]], &[2]),
    ] {
        let (client, seen, _) = of_two(params);
        client.ready(Instant::now() + Duration::from_secs(9)).await.unwrap();
        yield_to_tasks().await;
        let ports = ports(&client, &seen, &CallOptions::new()).await;
        assert_eq!(ports, expected.iter().copied().collect(), "{params:?}");
    }
    let (client, seen, _) = of_two([&[("zone", "hz")], &[("zone", "sh")]]);
    let elsewhere = CallOptions::new().attachment("registry_zone", "sh");
    yield_to_tasks().await;
    assert_eq!(ports(&client, &seen, &elsewhere).await, BTreeSet::from([2]));
    let nowhere = CallOptions::new().attachment("registry_zone", "bj");
    assert_eq!(ports(&client, &seen, &nowhere).await, BTreeSet::from([1, 2]));
    let nowhere = nowhere.attachment("registry_zone_force", "true");
    let error = call(&client, "m", &nowhere).await.unwrap_err();
    let expected = "no registry of the zone \"bj\", which the call insists on, has a provider";
    assert!(error.message().contains(expected), "{error}");
}

#[tokio::test(start_paused = true)]
async fn one_registry_is_read_while_another_is_written() {
    let (client, seen, registries) = of_two([&[("register", "false")], &[("subscribe", "false")]]);
    let none = client.explain().unwrap();
    assert_eq!(none.registries.len(), 1);
    assert_eq!(ports(&client, &seen, &CallOptions::new()).await, BTreeSet::from([1]));
    assert_eq!([registries[0].asked(), registries[1].asked()], [1, 0]);
    // The announcements of a server pass the first one over.
    let written = [&[("register", "false")][..], &[("subscribe", "false")]];
    let written = registries.iter().zip(written).map(|(one, params)| with_params(one, params));
    assert_eq!(written.map(|one| one.is_read_only()).collect::<Vec<_>>(), [true, false]);

    let only = FakeRegistry::default();
    let (env, _) =
        with(|env| env.registry(Arc::new(with_params(&only, &[("subscribe", "false")]))));
    let error = builder(&env, &[]).build().unwrap_err();
    assert!(error.message().contains("without subscribe=false"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_error_without_a_provider_says_why_those_that_are_known_are_not_used() {
    let registry = FakeRegistry::default();
    let (env, _) = with_registries(&[&registry], |_, _| ok());
    let client = builder(&env, &[]).build().unwrap();
    registry.exclude("10.0.0.7:20880", "it is disabled");
    let error = call(&client, "m", &CallOptions::new()).await.unwrap_err();
    let expected =
        "no provider that is registered can be used: 10.0.0.7:20880, since it is disabled";
    assert!(error.message().ends_with(expected), "{error}");
    let state = client.explain().unwrap();
    assert!(
        state
            .to_string()
            .contains("10.0.0.7:20880 (it::support::FakeRegistry): not used, since it is disabled"),
        "{state}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_service_that_a_provider_has_removed_is_not_called_there_though_the_registry_lost_most() {
    let gone = |code| {
        move |port, _: &_| match port {
            1 => Err(Status::new(code, "removed").with_origin(Origin::RemoteFramework).with_retry(
                if code == Code::Unavailable { Retry::Unstarted } else { Retry::Never },
            )),
            _ => ok(),
        }
    };
    for code in [Code::Unavailable, Code::Unimplemented] {
        let registry = FakeRegistry::default();
        let (env, seen) = with_registries(&[&registry], gone(code));
        let client = builder(&env, &[]).retries(0).build().unwrap();
        registry.tell("h", &[1, 2]);
        sleep(Duration::from_secs(1)).await;
        // While the registry knows it, its refusal is an answer.
        let mut outcomes = Vec::new();
        for _ in 0..20 {
            outcomes.push(call(&client, "m", &CallOptions::new()).await.is_ok());
        }
        assert!(outcomes.contains(&false), "{code:?}");

        registry.tell("h", &[2]);
        sleep(Duration::from_millis(150)).await;
        assert_eq!(client.providers().len(), 2, "held");
        seen.lock().unwrap().clear();
        for _ in 0..20 {
            call(&client, "m", &CallOptions::new()).await.unwrap();
        }
        let refused = seen.lock().unwrap().iter().filter(|(port, _)| *port == 1).count();
        assert_eq!(refused, 1, "{code:?}: once is enough");
        sleep(Duration::from_millis(250)).await;
        assert_eq!(client.providers().len(), 1);
    }
}
