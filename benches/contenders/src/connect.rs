//! connect-rust, over gRPC.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use connectrpc::client::{ClientConfig, Http2Connection, SharedHttp2Connection};
use connectrpc::{
    ConnectError, InboundStream, Protocol, RequestContext, Response, Router, Server,
    ServiceRequest, ServiceResult, ServiceStream, StreamMessage,
};
use dubhe_load::{Error, Load, Outgoing};
use futures_util::{StreamExt, stream};

use proto::bench::{Echo, EchoClient, Msg};

mod proto {
    include!(concat!(env!("OUT_DIR"), "/connect/mod.rs"));
}

struct Same;

#[allow(refining_impl_trait, reason = "nobody else names these types")]
impl Echo for Same {
    async fn echo(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, Msg>,
    ) -> ServiceResult<Msg> {
        Response::ok(request.to_owned_message())
    }

    async fn stream(
        &self,
        _: RequestContext,
        requests: InboundStream<Msg>,
    ) -> ServiceResult<ServiceStream<StreamMessage<Msg>>> {
        Response::ok(requests)
    }
}

pub async fn serve(addr: SocketAddr) -> Result<(), Error> {
    let router = Router::new().add_service(Arc::new(Same));
    Ok(Server::new(router).serve(addr).await?)
}

/// A transport has one connection.
async fn clients(load: &Load) -> Result<Vec<EchoClient<SharedHttp2Connection>>, Error> {
    let uri: http::Uri = format!("http://{}", load.addr).parse()?;
    let mut clients = Vec::new();
    for _ in 0..load.conns {
        let transport = Http2Connection::connect_plaintext(uri.clone()).await?.shared(1024);
        let config = ClientConfig::new(uri.clone()).with_protocol(Protocol::Grpc);
        clients.push(EchoClient::new(transport, config));
    }
    Ok(clients)
}

pub async fn unary(load: &Load) -> Result<(), Error> {
    let clients = clients(load).await?;
    let caller = |number: usize| {
        let client = clients[number % clients.len()].clone();
        move |data: Bytes| {
            let client = client.clone();
            async move {
                let message = Msg { data: data.into(), ..Default::default() };
                Ok::<_, ConnectError>(client.echo(message).await?.into_owned().data)
            }
        }
    };
    dubhe_load::unary("connect", load, caller).await
}

pub async fn streams(load: &Load) -> Result<(), Error> {
    let clients = clients(load).await?;
    let open = |number: usize| {
        let client = clients[number % clients.len()].clone();
        async move |mut outgoing: Outgoing| {
            let (mut send, receive) = client.stream().await?.into_split();
            tokio::spawn(async move {
                while let Some(data) = outgoing.next().await {
                    let message = Msg { data: data.into(), ..Default::default() };
                    if send.send(message).await.is_err() {
                        return;
                    }
                }
                send.close_send();
            });
            Ok::<_, ConnectError>(stream::try_unfold(receive, async |mut receive| {
                let message = receive.message::<Msg>().await?;
                Ok::<_, ConnectError>(message.map(|m| (m.to_owned_message().data, receive)))
            }))
        }
    };
    dubhe_load::streams("connect", load, open).await
}
