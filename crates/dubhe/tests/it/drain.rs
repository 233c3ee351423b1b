//! A server, callers of every protocol at once, and a stop that loses no call.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test stops at the first surprise")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use dubhe::prelude::*;
use dubhe_testkit::http1::request;
use dubhe_testkit::wait_until;

#[dubhe::interface("org.example.Patient")]
trait Patient {
    async fn wait(&self, millis: i32) -> Result<i32, Status>;
}

#[derive(Default)]
struct Slow {
    begun: Arc<AtomicU64>,
    ended: Arc<AtomicU64>,
}

impl Patient for Slow {
    async fn wait(&self, millis: i32) -> Result<i32, Status> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(millis.unsigned_abs().into())).await;
        self.ended.fetch_add(1, Ordering::SeqCst);
        Ok(millis)
    }
}

/// Makes calls in turn until the server refuses them; returns how many were answered.
async fn call_until_refused(patient: PatientClient, stopping: Arc<AtomicBool>) -> u64 {
    for answered in 0.. {
        match patient.wait(5).await {
            Ok(n) => assert_eq!(n, 5),
            // A call may be refused, but none that has begun may be lost.
            Err(status) => {
                assert!(stopping.load(Ordering::SeqCst), "refused before the stop: {status}");
                assert_eq!(status.code(), Code::Unavailable, "{status}");
                return answered;
            }
        }
    }
    unreachable!("the server stops")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_loses_no_call_of_any_protocol() {
    let slow = Slow::default();
    let (begun, ended) = (slow.begun.clone(), slow.ended.clone());
    let server = Server::builder().service(PatientServer::new(slow));
    let server = server.start("127.0.0.1:0").await.unwrap();
    let addr = server.addr();
    let stopping = Arc::new(AtomicBool::new(false));

    let app = App::builder("test").build().unwrap();
    let mut callers = Vec::new();
    for protocol in ["dubbo", "tri", "grpc"] {
        let url = format!("{protocol}://{addr}?connections=2");
        let patient = app.client::<PatientClient>().url(&url).retries(0);
        let patient = patient.timeout(Duration::from_secs(20)).build().unwrap();
        for _ in 0..8 {
            callers.push(tokio::spawn(call_until_refused(patient.clone(), stopping.clone())));
        }
    }
    let curls: Vec<_> = (0..4)
        .map(|_| {
            let stopping = stopping.clone();
            tokio::task::spawn_blocking(move || {
                let json = ["content-type: application/json"];
                for answered in 0_u64.. {
                    match request(addr, "POST /org.example.Patient/wait", &json, "[5]") {
                        Ok(got) if got.status == 200 => assert_eq!(got.body, "5"),
                        got => {
                            // Not taken at all: no byte of an answer.
                            assert!(stopping.load(Ordering::SeqCst), "before the stop: {got:?}");
                            assert!(got.is_err() || got.is_ok_and(|got| got.status == 0));
                            return answered;
                        }
                    }
                }
                unreachable!("the server stops")
            })
        })
        .collect();

    wait_until("all have begun", || begun.load(Ordering::SeqCst) > 100).await;
    stopping.store(true, Ordering::SeqCst);
    assert_eq!(server.stop().await, 0, "connections were cut");

    let mut answered = 0;
    for caller in callers {
        let own = caller.await.unwrap();
        assert!(own > 0);
        answered += own;
    }
    for curl in curls {
        answered += curl.await.unwrap();
    }
    // Every call that a handler began was answered.
    assert_eq!(answered, begun.load(Ordering::SeqCst));
    assert_eq!(answered, ended.load(Ordering::SeqCst));
}
