//! The order of hooks and filters.

use std::sync::Arc;

use dubhe_core::end::Until;
use dubhe_core::filter::{Next, Step};
use dubhe_core::{Call, Code, Invoke, Invoking, Reply, Status};

use crate::support::{Handler, Refuse, Scene, call, ready, reply};

async fn pass(call: Call, next: Next) -> Result<Reply, Status> {
    next.run(call).await
}

#[test]
fn the_innermost_hook_is_told_first() {
    let scene = Scene::new();
    let [a, b, c] = ["a", "b", "c"].map(|name| scene.journal.hook(name));
    let chain = scene.chain([a, b, Step::Filter(Arc::new(pass)), c], Until::Sent);
    ready(scene.run(&chain, |_| Invoking::ready(Ok(reply())))).unwrap().delivered();
    assert_eq!(scene.journal.take(), ["c OK 0ms 1/0", "b OK 0ms 1/0", "a OK 0ms 1/0"]);
}

#[test]
fn a_refusal_is_told_to_the_hooks_before_it() {
    let scene = Scene::new();
    let [a, b, c] = ["a", "b", "c"].map(|name| scene.journal.hook(name));
    let chain = scene.chain([a, Step::Filter(Arc::new(pass)), b, c], Until::Sent);
    let target: Arc<dyn Invoke> = Arc::new(Handler(|_| panic!("the handler is not asked")));
    let mut refused = call();
    refused.head.extensions.insert(Refuse("c", Status::new(Code::PermissionDenied, "no")));
    let status = ready(chain.run(refused, scene.began, &target)).unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert_eq!(scene.journal.take(), ["b PERMISSION_DENIED 0ms 0/0"]);
    drop(status);
    assert_eq!(scene.journal.take(), ["a PERMISSION_DENIED 0ms 0/0"]);
}

#[test]
fn an_error_that_others_keep_a_copy_of_ends_when_it_is_sent() {
    let scene = Scene::new();
    let [a, b] = ["a", "b"].map(|name| scene.journal.hook(name));
    let chain = scene.chain([a, Step::Filter(Arc::new(pass)), b], Until::Sent);
    let failed = |_| Invoking::ready(Err(Status::not_found("no")));
    let mut status = ready(scene.run(&chain, failed)).unwrap_err().with_code(Code::Aborted);
    drop(status.clone());
    assert!(scene.journal.take().is_empty());
    status.delivered();
    assert_eq!(scene.journal.take(), ["b ABORTED 0ms 0/0", "a ABORTED 0ms 0/0"]);
}

#[test]
fn a_hook_that_panics_at_the_end_harms_no_other() {
    let scene = Scene::new();
    let [a, b, c] = ["a", "panics", "c"].map(|name| scene.journal.hook(name));
    let chain = scene.chain([a, b, c], Until::Received);
    ready(scene.run(&chain, |_| Invoking::ready(Ok(reply())))).unwrap();
    assert_eq!(scene.journal.take().len(), 3);
}

#[test]
fn hooks_before_the_first_filter_need_no_future() {
    let scene = Scene::new();
    let [a, b] = ["a", "b"].map(|name| scene.journal.hook(name));
    let hooks = scene.chain([a.clone(), b], Until::Received);
    let mut call = call();
    let mut passed = hooks.begin(&mut call, scene.began).unwrap();
    assert!(passed.next(|| panic!("no filter needs a target")).is_none());
    passed.hooks.end(&mut Ok(reply()));
    assert_eq!(scene.journal.take(), ["b OK 0ms 1/0", "a OK 0ms 1/0"]);

    let filtered = scene.chain([a, Step::Filter(Arc::new(pass))], Until::Received);
    let mut passed = filtered.begin(&mut call, scene.began).unwrap();
    let target: Arc<dyn Invoke> = Arc::new(Handler(|_| Invoking::ready(Ok(reply()))));
    let next = passed.next(|| target).unwrap();
    ready(next.run(call)).unwrap();
    drop(passed);
    assert_eq!(scene.journal.take(), ["a CANCELLED 0ms 0/0"]);
}
