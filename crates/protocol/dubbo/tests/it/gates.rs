//! Gates, in front of a client that says exactly what the test wants: nothing is decoded before
//! they are asked, and the scan that finds what they need is bounded.

use std::alloc::System;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use dubhe_core::filter::Guard;
use dubhe_core::gate::{Arrival, Gate};
use dubhe_core::{CallBody, Code, Invoking, Payload, Reply, Status, Value};
use dubhe_dubbo::DubboOptions;
use dubhe_dubbo::body::{BodyLimits, Scanned};
use dubhe_dubbo::header::Kind;
use dubhe_dubbo::serialization::SerializationId;
use dubhe_hessian2::payload;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

use crate::support::{Methods, Raw, Request, frame};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Refuses calls while it is closed.
#[derive(Clone, Default)]
struct Door {
    closed: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
}

impl Gate for Door {
    fn admit(&self, arrival: &Arrival<'_>) -> Result<Guard, Status> {
        assert_eq!((&*arrival.method.name, arrival.priority), ("shout", Some("low")));
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.closed.load(Ordering::SeqCst) {
            return Err(Status::new(Code::ResourceExhausted, "the door is closed"));
        }
        Ok(Guard::none())
    }
}

/// A request with these bytes in place of its argument and of its attachment `k`.
fn body(argument: &[u8], attachment: &[u8]) -> Vec<u8> {
    let mut request = Request::new(5, "shout", "MARK");
    request.attachments.push(("k", "SIGN".into()));
    request.attachments.push(("dubhe-priority", "low".into()));
    let mut body = request.bytes()[16..].to_vec();
    for (mark, bytes) in [(b"\x04MARK", argument), (b"\x04SIGN", attachment)] {
        let at = body.windows(5).position(|window| window == mark).unwrap();
        body.splice(at..at + 5, bytes.iter().copied());
    }
    body
}

#[tokio::test]
async fn a_call_that_cannot_be_decoded_is_refused_by_the_gate() {
    let (door, ran) = (Door::default(), Arc::new(AtomicUsize::new(0)));
    let count = ran.clone();
    let methods = Methods::gated(door.clone()).method("shout", move |call| {
        count.fetch_add(1, Ordering::SeqCst);
        let CallBody::One(arguments) = &call.body else { panic!("no arguments") };
        let decoded = payload::arguments::<(String,)>(arguments);
        Invoking::ready(
            decoded.map(|(text,)| Reply::new(Payload::dynamic(text.to_uppercase().into()))),
        )
    });
    let (mut raw, _server) = Raw::client_of(DubboOptions::default(), methods);
    let good = body(b"\x01a", b"\x01b");
    // A character of three bytes of which the second is no continuation; a list for a string.
    let cases = [
        (body(b"\x01\xe4  ", b"\x01b"), "40 \"hessian2 at byte"),
        (body(b"\x79\x90", b"\x01b"), "40 \"hessian2 at byte"),
        (body(b"\x01a", b"\x01\xe4  "), "fail to decode request"),
        (body(b"\x01a", b"\x79\x01\xe4  "), "fail to decode request"),
    ];
    // Once before the request is known by its bytes, and once after.
    for round in 0..2 {
        for (bad, text) in &cases {
            for (closed, expected) in [(true, "the door is closed"), (false, *text)] {
                door.closed.store(closed, Ordering::SeqCst);
                let before = ran.load(Ordering::SeqCst);
                raw.send(&frame(Kind::Call { two_way: true }, SerializationId::HESSIAN2, 5, bad))
                    .await;
                let (id, status, answer) = raw.reply().await;
                let answer = format!("{status} {answer}");
                assert!(id == 5 && answer.contains(expected), "{round}: {answer}");
                let run = usize::from(!closed && text.starts_with("40"));
                assert_eq!(ran.load(Ordering::SeqCst) - before, run, "{answer}");
            }
        }
        raw.send(&frame(Kind::Call { two_way: true }, SerializationId::HESSIAN2, 6, &good)).await;
        assert_eq!(raw.reply().await, (6, 20, "A".into()));
    }
    assert_eq!(door.asked.load(Ordering::SeqCst), 18, "every request was shown to the gate");
}

/// The fewest allocations, and bytes of them, that `run` makes in a number of runs. The other
/// tests of this program allocate at the same time, which can only add to the count.
fn allocated<T>(run: impl Fn() -> T) -> (usize, usize) {
    let counts = (0..1000).map(|_| {
        let region = Region::new(ALLOCATOR);
        let result = run();
        let change = region.change();
        drop(result);
        (change.allocations + change.reallocations, change.bytes_allocated)
    });
    counts.min().unwrap()
}

#[test]
fn the_scan_builds_no_value() {
    let values = || Value::list((0..500).map(|n| Value::map([("key", Value::list([n, n]))])));
    let mut request = Request::new(5, "shout", values());
    request.attachments.push(("k", values()));
    let body = Bytes::from(request.bytes()[16..].to_vec());
    let (scanning, bytes) = allocated(|| Scanned::read(&body, BodyLimits::default()).unwrap());
    let (finishing, _) =
        allocated(|| Scanned::read(&body, BodyLimits::default()).unwrap().finish().unwrap());
    assert!(finishing > 500, "{finishing} allocations for the attachments");
    // The tables of containers and types grow by doubling.
    assert!(scanning <= 40, "{scanning} allocations");
    assert!(bytes <= 32 * body.len(), "{bytes} bytes for {}", body.len());
}

#[test]
fn the_scan_trusts_no_declared_size() {
    let class = b"C\x01AI\x7f\xff\xff\xff";
    let attacks =
        [&b"XI\x7f\xff\xff\xff"[..], b"VI\x7f\xff\xff\xff", class, &[b'X'; 5000], &[b'H'; 5000]];
    for attack in attacks {
        for body in [body(attack, b"\x01b"), body(b"\x01a", attack)] {
            let body = Bytes::from(body);
            let (count, bytes) =
                allocated(|| Scanned::read(&body, BodyLimits::default()).err().unwrap());
            assert!(count <= 40 && bytes <= 16 << 10, "{count}, {bytes}: {attack:x?}");
        }
    }
}
