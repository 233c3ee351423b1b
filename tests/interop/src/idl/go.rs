//! `org.example.interop.Greeter`, as the provider of the dubbo-go peer has it.

use std::time::Duration;

use dubhe::{Code, Request, Response, Status, Streaming};
use futures_util::{Stream, StreamExt as _, stream};

use super::proto::org::example::interop::{GreetReply, GreetRequest, Greeter};

/// Does what the provider of the dubbo-go peer does.
pub(crate) struct Greets;

fn reply(request: GreetRequest, index: i32) -> GreetReply {
    let GreetRequest { name, payload, labels, .. } = request;
    GreetReply { greeting: format!("hello {name}"), index, payload, labels }
}

impl Greeter for Greets {
    /// Fails on the name "fail", and takes `count` milliseconds on the name "sleep".
    async fn greet(&self, request: Request<GreetRequest>) -> Result<Response<GreetReply>, Status> {
        let request = request.into_inner();
        match &*request.name {
            "fail" => return Err(Status::new(Code::NotFound, "no such name")),
            "sleep" => {
                let millis = u64::try_from(request.count).unwrap_or(0);
                tokio::time::sleep(Duration::from_millis(millis)).await;
            }
            _ => {}
        }
        Ok(reply(request, 0).into())
    }

    async fn collect(
        &self,
        request: Request<Streaming<GreetRequest>>,
    ) -> Result<Response<GreetReply>, Status> {
        let (mut requests, mut names) = (request.into_inner(), Vec::new());
        while let Some(request) = requests.message().await? {
            names.push(request.name);
        }
        let index = i32::try_from(names.len()).unwrap_or(i32::MAX);
        Ok(GreetReply { greeting: names.join(","), index, ..GreetReply::default() }.into())
    }

    async fn expand(
        &self,
        request: Request<GreetRequest>,
    ) -> Result<Response<impl Stream<Item = Result<GreetReply, Status>>>, Status> {
        let request = request.into_inner();
        let replies = (0..request.count).map(move |index| Ok(reply(request.clone(), index)));
        Ok(stream::iter(replies).into())
    }

    async fn chat(
        &self,
        request: Request<Streaming<GreetRequest>>,
    ) -> Result<Response<impl Stream<Item = Result<GreetReply, Status>>>, Status> {
        let requests = request.into_inner().zip(stream::iter(0..));
        Ok(requests.map(|(request, index)| Ok(reply(request?, index))).into())
    }
}
