//! The cases of the dubbo-go consumer for its protobuf service.

use std::time::Duration;

use dubhe::{CallOptions, Code, Status};
use futures_util::{TryStreamExt as _, stream};
use tokio::sync::mpsc;

use super::cases::{CaseResult, Cases, same};
use crate::idl::proto::org::example::interop::{GreetReply, GreetRequest, GreeterClient};

pub(super) async fn run(cases: &mut Cases, g: &GreeterClient) {
    cases.check("tri/pb/unary", unary(g)).await;
    let large = async {
        let payload = b"dubbo".repeat((1 << 20) / 5);
        let request = GreetRequest { payload: payload.clone().into(), ..request("big") };
        same(&payload.as_slice(), &&*g.greet(request).await?.into_inner().payload)
    };
    cases.check("tri/pb/unary-1MiB", large).await;
    let judge = |status: &Status| status.code() == Code::NotFound;
    cases.fails("tri/pb/error-code", judge, g.greet(request("fail"))).await;
    let impatient = g.with(CallOptions::new().timeout(Duration::from_millis(200)));
    let sleep = impatient.greet(GreetRequest { count: 2000, ..request("sleep") });
    cases.fails("tri/pb/deadline", Status::is_timeout, sleep).await;
    let collect = async {
        let reply = g.collect(stream::iter(["a", "b", "c"].map(request))).await?.into_inner();
        same(&("a,b,c", 3), &(&*reply.greeting, reply.index))
    };
    cases.check("tri/pb/client-stream", collect).await;
    let expand = async {
        let replies = g.expand(GreetRequest { count: 10, ..request("x") }).await?.into_inner();
        let replies: Vec<GreetReply> = replies.try_collect().await?;
        same(
            &(0..10).collect::<Vec<i32>>(),
            &replies.iter().map(|reply| reply.index).collect::<Vec<_>>(),
        )
    };
    cases.check("tri/pb/server-stream", expand).await;
    cases.check("tri/pb/bidi-stream", chat(g)).await;
}

async fn unary(g: &GreeterClient) -> CaseResult {
    let labels = [("a", "1"), ("b", "zwei")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    let request = GreetRequest { payload: vec![0, 1, 255].into(), labels, ..request("go") };
    let GreetRequest { payload, labels, .. } = request.clone();
    let expected = GreetReply { greeting: "hello go".into(), index: 0, payload, labels };
    same(&expected, &g.greet(request).await?.into_inner())
}

/// Sends each request once the reply to the one before has come. dubbo-go begins a reply with its
/// first message, so the first request goes before it is awaited.
async fn chat(g: &GreeterClient) -> CaseResult {
    let (say, mut said) = mpsc::unbounded_channel();
    let next = |index: i32| say.send(request(&index.to_string()));
    next(0)?;
    let mut replies = g.chat(stream::poll_fn(move |cx| said.poll_recv(cx))).await?.into_inner();
    for index in 0..5 {
        let greeting = format!("hello {index}");
        let expected = GreetReply { greeting, index, ..GreetReply::default() };
        same(&Some(expected), &replies.message().await?)?;
        if index < 4 {
            next(index + 1)?;
        }
    }
    drop(say);
    same(&None, &replies.message().await?)
}

fn request(name: &str) -> GreetRequest {
    GreetRequest { name: name.into(), ..GreetRequest::default() }
}
