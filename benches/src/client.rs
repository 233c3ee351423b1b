//! The clients.

use std::time::Duration;

use bytes::Bytes;
use dubhe::{App, Code, Status};
use dubhe_bench::EchoClient;
use dubhe_bench::proto::{self, Msg};
use dubhe_load::{Error, Load, Outgoing, streams, unary};
use futures_util::{StreamExt, TryStreamExt};

/// The longest time of a call.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest time of a stream.
const STREAM_TIMEOUT: Duration = Duration::from_hours(1);

fn url(protocol: &str, load: &Load) -> String {
    format!("{protocol}://{}?connections={}", load.addr, load.conns)
}

/// The dubbo protocol with Hessian2.
pub(crate) async fn dubbo(load: &Load) -> Result<(), Error> {
    let app = App::builder("bench").build()?;
    let url = url("dubbo", load);
    let echo = app.client::<EchoClient>().url(&url).timeout(TIMEOUT).retries(0).build()?;
    let caller = |_| {
        let echo = echo.clone();
        move |data: Bytes| {
            let echo = echo.clone();
            async move { echo.echo(data).await }
        }
    };
    unary("dubbo", load, caller).await
}

/// Triple with protobuf, a call at a time.
pub(crate) async fn triple(load: &Load) -> Result<(), Error> {
    let app = App::builder("bench").build()?;
    let url = url("tri", load);
    let echo = app.client::<proto::EchoClient>().url(&url).timeout(TIMEOUT).retries(0).build()?;
    let caller = |_| {
        let echo = echo.clone();
        move |data: Bytes| {
            let echo = echo.clone();
            async move { Ok::<_, Status>(echo.echo(Msg { data }).await?.into_inner().data) }
        }
    };
    unary("triple", load, caller).await
}

/// Triple with protobuf, on streams. An application for each connection: streams stay where they
/// were opened, and those opened in one go would be on the connection that was there first.
pub(crate) async fn triple_stream(load: &Load) -> Result<(), Error> {
    let url = format!("tri://{}", load.addr);
    let client = |_| {
        let app = App::builder("bench").build()?;
        app.client::<proto::EchoClient>().url(&url).timeout(STREAM_TIMEOUT).build()
    };
    let clients = (0..load.conns).map(client).collect::<Result<Vec<_>, _>>()?;
    let open = |number: usize| {
        let echo = clients.iter().cycle().nth(number).cloned();
        async move |outgoing: Outgoing| {
            let echo = echo.ok_or_else(|| Status::new(Code::InvalidArgument, "no connections"))?;
            let replies = echo.stream(outgoing.map(|data| Msg { data })).await?.into_inner();
            Ok::<_, Status>(replies.map_ok(|message| message.data))
        }
    };
    streams("triple-stream", load, open).await
}
