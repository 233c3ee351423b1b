//! The side that is called.

use std::env;
use std::sync::Arc;

use bytes::Bytes;
use dubhe::{Request, Response, Server, ServerBuilder, Status, Streaming};
use dubhe_bench::{Echo, EchoServer, Same, proto};
use futures_util::Stream;
use serde_json::Value;
use tokio::process::Command;

use crate::filters::pass;
use crate::gate::Open;
use crate::hook::Observer;
use crate::window::Window;
use crate::{Error, Protocol, Setup, With};

/// A free port on loopback.
const LOOPBACK: &str = "127.0.0.1:0";

/// Serves a client in a child process and counts what its calls cost here.
pub(crate) async fn measure(setup: Setup) -> Result<Value, Error> {
    let window = Arc::new(Window::new(setup.calls));
    let echo = Counted(window.clone());
    let server = configure(Server::builder(), setup.with)?
        .service(EchoServer::new(echo.clone()))
        .service(proto::EchoServer::new(echo))
        .start(LOOPBACK)
        .await?;
    let protocol = match setup.protocol {
        Protocol::Dubbo => "dubbo",
        Protocol::Triple => "triple",
    };
    let ended = Command::new(env::current_exe()?)
        .args(["call", "--protocol", protocol, "--addr", &server.addr().to_string()])
        .args(["--calls", &setup.calls.to_string()])
        .kill_on_drop(true)
        .status()
        .await?;
    if !ended.success() {
        return Err(format!("the client ended with {ended}").into());
    }
    window.report()
}

fn configure(builder: ServerBuilder, with: With) -> Result<ServerBuilder, Error> {
    match with {
        With::None => Ok(builder),
        With::Hook => Ok(builder.hook(Observer)),
        With::Filter => Ok(builder.filter(pass)),
        With::Gate => Ok(builder.gate(Open)),
        With::Retries => Err("a server retries nothing".into()),
    }
}

/// Serves both protocols, prints the address, and ends when standard input closes.
#[allow(clippy::print_stdout, reason = "the parent process reads the address")]
pub(crate) async fn serve_until_closed() -> Result<(), Error> {
    let server = Server::builder()
        .service(EchoServer::new(Same))
        .service(proto::EchoServer::new(Same))
        .start(LOOPBACK)
        .await?;
    println!("{}", server.addr());
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()))
        .await??;
    Ok(())
}

/// Echoes, and counts the calls.
#[derive(Clone)]
struct Counted(Arc<Window>);

impl Echo for Counted {
    async fn echo(&self, data: Bytes) -> Result<Bytes, Status> {
        self.0.begin();
        Ok(data)
    }
}

impl proto::Echo for Counted {
    async fn echo(&self, request: Request<proto::Msg>) -> Result<Response<proto::Msg>, Status> {
        self.0.begin();
        Ok(request.into_inner().into())
    }

    async fn stream(
        &self,
        request: Request<Streaming<proto::Msg>>,
    ) -> Result<Response<impl Stream<Item = Result<proto::Msg, Status>>>, Status> {
        Ok(request.into_inner().into())
    }
}
