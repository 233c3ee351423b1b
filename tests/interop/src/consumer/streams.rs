//! The protobuf service and the streams of the Java peer, which Triple alone carries.

use dubhe::{Code, Response, Status, Streaming};
use dubhe_testkit::samples::bytes;
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};

use super::cases::{CaseResult, Cases, same};
use super::echo::user;
use crate::idl::proto::peer::proto::{Color, GreeterClient, HelloReply, HelloRequest};
use crate::java::api::User;
use crate::java::proto::StreamServiceClient;

pub(super) async fn run(cases: &mut Cases, g: &GreeterClient, s: &StreamServiceClient) {
    unary(cases, g).await;
    for n in [0, 1, 10, 1000] {
        let check = async move {
            let replies = collect(g.server_stream(request("s", n)).await?).await?;
            same(
                &(0..n).collect::<Vec<i32>>(),
                &replies.iter().map(|reply| reply.index).collect::<Vec<_>>(),
            )
        };
        cases.check(format!("idl/server-stream-{n}"), check).await;
    }
    let refused = async { collect(g.server_stream(request("error", 3)).await?).await };
    cases.fails("idl/server-stream-error", invalid, refused).await;
    for n in [1, 100] {
        cases.check(format!("idl/client-stream-{n}"), client_stream(g, n)).await;
    }
    for n in [1, 100] {
        cases.check(format!("idl/bidi-stream-{n}"), bidi_stream(g, n)).await;
    }
    let refused = async {
        let requests = [request("fine", 0), request("error", 0)];
        collect(g.bi_stream(stream::iter(requests).chain(stream::pending())).await?).await
    };
    cases.fails("idl/bidi-stream-error", invalid, refused).await;
    wrapped(cases, s).await;
}

async fn unary(cases: &mut Cases, g: &GreeterClient) {
    let check = async {
        let reply = g.unary(request("idl", 1)).await?.into_inner();
        let HelloRequest { payload, color, tags, scores, .. } = request("idl", 1);
        let message = "Hello, idl".into();
        same(&HelloReply { message, index: 0, payload, color, tags, scores }, &reply)
    };
    cases.check("idl/unary", check).await;
    let message = |response: Response<HelloReply>| response.into_inner().message;
    let empty = g.unary(HelloRequest::default()).map(|reply| reply.map(message));
    cases.equal("idl/unary-empty", "Hello, ", empty).await;
    let large = HelloRequest { payload: bytes(1 << 20).into(), ..HelloRequest::default() };
    let large = g.unary(large).map(|reply| reply.map(|reply| reply.into_inner().payload.len()));
    cases.equal("idl/unary-1MB", 1_usize << 20, large).await;
    cases.fails("idl/unary-error", invalid, g.unary(request("error", 0))).await;
    for code in (1..=16).filter_map(Code::from_number) {
        let judge = |status: &Status| status.code() == code && status.message().contains("closed");
        let call = g.unary(request("code", code.number().into()));
        cases.fails(format!("idl/code/{code}"), judge, call).await;
    }
    let later = g.unary(request("later", 0)).map(|reply| reply.map(message));
    cases.equal("idl/unary-async", "Hello, later", later).await;
}

async fn client_stream(g: &GreeterClient, n: i32) -> CaseResult {
    let requests = stream::iter((0..n).map(|i| request(&format!("n{i}"), 0)));
    let reply = g.client_stream(requests).await?.into_inner();
    same(&n, &reply.index)?;
    same(&Some(&(100 * i64::from(n))), &reply.scores.get("bytes"))
}

async fn bidi_stream(g: &GreeterClient, n: i32) -> CaseResult {
    let requests = stream::iter((0..n).map(|i| request(&format!("n{i}"), 0)));
    let replies = collect(g.bi_stream(requests).await?).await?;
    let expected: Vec<_> = (0..n).map(|i| (format!("Hello, n{i}"), i)).collect();
    let got = replies.into_iter().map(|reply| (reply.message, reply.index));
    same(&expected, &got.collect::<Vec<_>>())
}

async fn wrapped(cases: &mut Cases, s: &StreamServiceClient) {
    let count = async { s.count("w".into()).await?.try_collect::<Vec<_>>().await };
    cases.equal("wrapper/server-stream", ["w 0", "w 1", "w 2", "w 3", "w 4"], count).await;
    let older = async {
        let users = stream::iter((0..10).map(user));
        s.older(users).await?.try_collect::<Vec<User>>().await
    };
    let aged = |user: User| User { age: user.age.map(|age| age + 1), ..user };
    let expected: Vec<_> = (0..10).map(user).map(aged).collect();
    cases.equal("wrapper/bidi-stream", expected, older).await;
}

fn request(name: &str, count: i32) -> HelloRequest {
    HelloRequest {
        name: name.into(),
        count,
        payload: bytes(100).into(),
        color: Color::Blue.into(),
        tags: vec!["x".into(), "é中😀".into()],
        scores: [("a".to_owned(), 1 << 40)].into(),
    }
}

async fn collect(replies: Response<Streaming<HelloReply>>) -> Result<Vec<HelloReply>, Status> {
    replies.into_inner().try_collect().await
}

fn invalid(status: &Status) -> bool {
    status.code() == Code::InvalidArgument && status.message().contains("name is error")
}
