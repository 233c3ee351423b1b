//! A connection that ends at every byte of an exchange, in both directions: each call gets exactly
//! one definite outcome.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dubhe_core::status::{Retry, Status};
use dubhe_core::{Code, Reply, Value};
use dubhe_dubbo::DubboOptions;
use dubhe_dubbo::exchange::Role;
use dubhe_net::io::memory::Network;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{End, Methods, call, echo, value};

/// Passes `limit` bytes on, then ends both directions.
async fn pass(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    limit: usize,
) -> usize {
    let mut passed = 0;
    let mut byte = [0];
    while passed < limit && from.read(&mut byte).await.is_ok_and(|n| n > 0) {
        if to.write_all(&byte).await.is_err() {
            break;
        }
        passed += 1;
    }
    passed
}

struct Exchanged {
    outcomes: Vec<Result<Reply, Status>>,
    ran: usize,
    requests: usize,
    replies: usize,
}

/// Three calls over a wire that passes only so many bytes each way.
async fn exchange(requests: usize, replies: usize) -> Exchanged {
    let ran = Arc::new(AtomicUsize::new(0));
    let count = ran.clone();
    let methods = Methods::default().method("echo", move |call| {
        count.fetch_add(1, Ordering::SeqCst);
        echo(call)
    });
    let network = Network::default();
    let ((client_io, client_peer), (near, _)) = network.pair();
    let ((far, _), (server_io, server_peer)) = network.pair();
    let client = End::start((client_io, client_peer), Role::Client, DubboOptions::default(), None);
    let server =
        End::start((server_io, server_peer), Role::Server, DubboOptions::default(), Some(methods));
    let calls: Vec<_> = (0..3).map(|n| client.connection.start(call("echo", n))).collect();

    let (near_read, near_write) = tokio::io::split(near);
    let (far_read, far_write) = tokio::io::split(far);
    let wire = tokio::spawn(async move {
        let mut passed = (0, 0);
        let mut up = std::pin::pin!(pass(near_read, far_write, requests));
        let mut down = std::pin::pin!(pass(far_read, near_write, replies));
        // The first direction to end takes the other with it, as a reset does.
        tokio::select! {
            up = &mut up => passed.0 = up,
            down = &mut down => passed.1 = down,
        }
        passed
    });
    let mut outcomes = Vec::new();
    for call in calls {
        outcomes.push(call.await);
    }
    assert_eq!(client.connection.waiting(), 0);
    client.connection.handle().close("test");
    client.task.await.unwrap();
    server.task.await.unwrap();
    let (requests, replies) = wire.await.unwrap();
    Exchanged { outcomes, ran: ran.load(Ordering::SeqCst), requests, replies }
}

fn check(at: &str, Exchanged { outcomes, ran, .. }: &Exchanged) {
    for (n, outcome) in outcomes.iter().enumerate() {
        match outcome {
            Ok(reply) => assert_eq!(value(reply), Value::Int(i32::try_from(n).unwrap()), "{at}"),
            Err(status) => {
                assert_eq!(status.code(), Code::Unavailable, "{at}: {status}");
                // All were written before the cut, so nobody can say that they did not start.
                assert_eq!(status.retry(), Retry::Unknown, "{at}: {status}");
            }
        }
    }
    let answered = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert!(answered <= *ran && *ran <= 3, "{at}: {answered} answered, {ran} ran");
}

#[tokio::test(start_paused = true)]
async fn every_cut_gives_each_call_one_definite_outcome() {
    let whole = exchange(usize::MAX, usize::MAX).await;
    assert!(whole.outcomes.iter().all(Result::is_ok));
    let total = whole.requests.max(whole.replies);
    assert!(total > 100, "{total}");
    let (mut all, mut none) = (0, 0);
    for cut in 0..=total {
        for (at, limits) in [("requests", (cut, usize::MAX)), ("replies", (usize::MAX, cut))] {
            let exchanged = exchange(limits.0, limits.1).await;
            check(&format!("{at} cut at {cut}"), &exchanged);
            match exchanged.outcomes.iter().filter(|outcome| outcome.is_ok()).count() {
                0 => none += 1,
                3 => all += 1,
                _ => {}
            }
        }
    }
    assert!(all > 0 && none > 0, "{all} {none}");
}
