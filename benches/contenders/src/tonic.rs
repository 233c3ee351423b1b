//! tonic.

use std::net::SocketAddr;

use bytes::Bytes;
use dubhe_load::{Error, Load, Outgoing};
use futures_util::{StreamExt, TryStreamExt};
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status, Streaming};

use proto::Msg;
use proto::echo_client::EchoClient;
use proto::echo_server::{Echo, EchoServer};

mod proto {
    tonic::include_proto!("bench");
}

struct Same;

#[tonic::async_trait]
impl Echo for Same {
    type StreamStream = Streaming<Msg>;

    async fn echo(&self, request: Request<Msg>) -> Result<Response<Msg>, Status> {
        Ok(Response::new(request.into_inner()))
    }

    async fn stream(
        &self,
        request: Request<Streaming<Msg>>,
    ) -> Result<Response<Streaming<Msg>>, Status> {
        Ok(Response::new(request.into_inner()))
    }
}

pub async fn serve(addr: SocketAddr) -> Result<(), Error> {
    Ok(Server::builder().add_service(EchoServer::new(Same)).serve(addr).await?)
}

/// A channel has one connection.
async fn clients(load: &Load) -> Result<Vec<EchoClient<Channel>>, Error> {
    let mut clients = Vec::new();
    for _ in 0..load.conns {
        let channel = Endpoint::from_shared(format!("http://{}", load.addr))?.connect().await?;
        clients.push(EchoClient::new(channel));
    }
    Ok(clients)
}

pub async fn unary(load: &Load) -> Result<(), Error> {
    let clients = clients(load).await?;
    let caller = |number: usize| {
        let client = clients[number % clients.len()].clone();
        move |data: Bytes| {
            let mut client = client.clone();
            async move { Ok::<_, Status>(client.echo(Msg { data }).await?.into_inner().data) }
        }
    };
    dubhe_load::unary("tonic", load, caller).await
}

pub async fn streams(load: &Load) -> Result<(), Error> {
    let clients = clients(load).await?;
    let open = |number: usize| {
        let mut client = clients[number % clients.len()].clone();
        async move |outgoing: Outgoing| {
            let replies = client.stream(outgoing.map(|data| Msg { data })).await?.into_inner();
            Ok::<_, Status>(replies.map_ok(|message| message.data))
        }
    };
    dubhe_load::streams("tonic", load, open).await
}
