//! Long replies are encoded beside other tasks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dubhe_core::status::table::dubbo;
use dubhe_core::{Code, EncodePayload, Invoking, Payload, Reply, Sink, Status};
use dubhe_dubbo::DubboOptions;
use dubhe_dubbo::server::DubboProtocol;
use dubhe_hessian2::Encoder;
use dubhe_net::detect::Protocol;
use dubhe_net::drain::Trigger;
use dubhe_net::io::memory::Network;
use dubhe_testkit::another_task_runs;

use crate::support::{Methods, Raw, Request};

/// A text that is long, or that is encoded once another task has run.
struct Text {
    waits: bool,
}

impl EncodePayload for Text {
    fn encode(&self, sink: &mut Sink<'_>) -> Result<(), Status> {
        if self.waits && !another_task_runs() {
            return Err(Status::new(Code::Internal, "no other task runs"));
        }
        let text = if self.waits { "short".to_owned() } else { "a".repeat(100 * 1024) };
        sink.encoder::<Encoder>().unwrap().write_str(&text);
        Ok(())
    }
}

/// Has one worker, so that another task runs only if the encoding gives way.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn replies_after_a_long_one_are_encoded_beside_other_tasks() {
    let text = || {
        let calls = AtomicUsize::new(0);
        move || {
            Ok(Reply::new(Payload::typed(Text { waits: calls.fetch_add(1, Ordering::SeqCst) > 0 })))
        }
    };
    let (now, later) = (text(), Arc::new(text()));
    let methods = Methods::default().method("now", move |_| Invoking::ready(now()));
    let methods = methods.method("later", move |_| {
        let later = later.clone();
        Invoking::boxed(async move {
            tokio::task::yield_now().await;
            later()
        })
    });
    let protocol = DubboProtocol::new(Arc::new(methods), DubboOptions::default());
    for method in ["now", "later"] {
        // What one connection has shown, the server knows for all.
        for (id, length) in [(1, 100 * 1024), (2, 5), (3, 5)] {
            let ((io, _), (other, peer)) = Network::default().pair();
            let trigger = Trigger::new();
            tokio::spawn(protocol.serve(other, peer, trigger.shutdown()));
            let mut raw = Raw::new(io);
            raw.send(&Request::new(id, method, "x").bytes()).await;
            let (found, status, text) = raw.reply().await;
            assert_eq!((found, status), (id, dubbo::OK), "{method}: {text}");
            assert_eq!(text.as_str().unwrap().len(), length, "{method}");
        }
    }
}
