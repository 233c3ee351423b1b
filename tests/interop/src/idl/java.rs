//! `peer.proto.Greeter`, as the provider of the Java peer has it.

use dubhe::{Code, Request, Response, Status, Streaming};
use futures_util::{Stream, StreamExt as _, stream};

use super::proto::peer::proto::{Greeter, HelloReply, HelloRequest};

/// Does what the provider of the Java peer does.
pub(crate) struct Hellos;

fn reply(request: HelloRequest, index: i32) -> HelloReply {
    let HelloRequest { name, payload, color, tags, scores, .. } = request;
    HelloReply { message: format!("Hello, {name}"), index, payload, color, tags, scores }
}

/// A name of "error" is refused.
fn admitted(request: HelloRequest) -> Result<HelloRequest, Status> {
    match &*request.name {
        "error" => Err(Status::new(Code::InvalidArgument, "name is error")),
        _ => Ok(request),
    }
}

impl Greeter for Hellos {
    async fn unary(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        let request = request.into_inner();
        if request.name == "code" {
            let code = u8::try_from(request.count).ok().and_then(Code::from_number);
            return Err(Status::new(code.unwrap_or(Code::Unknown), "closed"));
        }
        Ok(reply(admitted(request)?, 0).into())
    }

    async fn server_stream(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<impl Stream<Item = Result<HelloReply, Status>>>, Status> {
        let request = admitted(request.into_inner())?;
        let replies = (0..request.count).map(move |index| Ok(reply(request.clone(), index)));
        Ok(stream::iter(replies).into())
    }

    async fn client_stream(
        &self,
        request: Request<Streaming<HelloRequest>>,
    ) -> Result<Response<HelloReply>, Status> {
        let mut requests = request.into_inner();
        let (mut reply, mut bytes) = (HelloReply::default(), 0);
        while let Some(request) = requests.message().await? {
            let HelloRequest { name, payload, .. } = admitted(request)?;
            reply.index += 1;
            reply.tags.push(name);
            bytes += i64::try_from(payload.len()).unwrap_or(i64::MAX);
        }
        reply.scores.insert("bytes".into(), bytes);
        Ok(reply.into())
    }

    async fn bi_stream(
        &self,
        request: Request<Streaming<HelloRequest>>,
    ) -> Result<Response<impl Stream<Item = Result<HelloReply, Status>>>, Status> {
        let requests = request.into_inner().zip(stream::iter(0..));
        Ok(requests.map(|(request, index)| Ok(reply(admitted(request?)?, index))).into())
    }
}
