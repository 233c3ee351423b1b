//! The side that calls.

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use dubhe::{App, ClientBuilder, Status, Stub};
use dubhe_bench::EchoClient;
use dubhe_bench::proto::{self, Msg};
use serde_json::Value;

use crate::filters::pass;
use crate::hook::Observer;
use crate::window::Window;
use crate::{Error, Protocol, Setup, With};

/// The time limit of a call, longer than any takes under an instrument.
const TIMEOUT: Duration = Duration::from_mins(1);
/// The data of each call.
const DATA: Bytes = Bytes::from_static(&[b'x'; 100]);

/// Starts a server in a child process and counts what calls to it cost here.
pub(crate) async fn measure(setup: Setup) -> Result<Value, Error> {
    let mut server = Command::new(env::current_exe()?)
        .arg("serve")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let output = server.stdout.take().ok_or("the server has no standard output")?;
    let mut addr = String::new();
    BufReader::new(output).read_line(&mut addr)?;

    let window = Window::new(setup.calls);
    call(addr.trim_end(), setup, &window).await?;
    // Closes its standard input, which ends it.
    server.wait()?;
    window.report()
}

/// Makes the calls of `window` one after the other.
pub(crate) async fn call(addr: &str, setup: Setup, window: &Window) -> Result<(), Error> {
    let app = App::builder("calls").build()?;
    match setup.protocol {
        Protocol::Dubbo => {
            let url = format!("dubbo://{addr}");
            let echo = configure(app.client::<EchoClient>().url(&url), setup.with)?.build()?;
            repeat(window, || async { echo.echo(DATA).await }).await
        }
        Protocol::Triple => {
            let url = format!("tri://{addr}");
            let echo =
                configure(app.client::<proto::EchoClient>().url(&url), setup.with)?.build()?;
            let call = || async { Ok(echo.echo(Msg { data: DATA }).await?.into_inner().data) };
            repeat(window, call).await
        }
    }
}

fn configure<T: Stub>(builder: ClientBuilder<T>, with: With) -> Result<ClientBuilder<T>, Error> {
    let builder = builder.timeout(TIMEOUT);
    Ok(match with {
        With::None => builder.retries(0),
        With::Hook => builder.retries(0).hook(Observer),
        With::Filter => builder.retries(0).filter(pass),
        With::Gate => return Err("a client has no gates".into()),
        With::Retries => builder.retries(2),
    })
}

async fn repeat(
    window: &Window,
    call: impl AsyncFn() -> Result<Bytes, Status>,
) -> Result<(), Error> {
    for _ in 0..window.total() {
        window.begin();
        if call().await? != DATA {
            return Err("a wrong reply".into());
        }
    }
    Ok(())
}
