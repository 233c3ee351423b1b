//! `dubhe demo`: the main job in one process.

mod greeter;
mod stop;

use std::fmt;
use std::io::Write;
use std::time::{Duration, Instant};

use dubhe::registry::Memory;
use dubhe::{App, CallOptions, ReplyAttachments, Running, Server, Status};

use crate::failure::Failure;
use greeter::{GreeterClient, GreeterServer, Named, PROVIDER};

/// Run two providers and a consumer in this process, and show their calls until Ctrl-C.
///
/// The providers serve org.example.Greeter over the dubbo protocol, to Java and Go as well.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Where the first provider listens; port 0 takes a free one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:20880")]
    addr: String,
    /// End after this many calls
    #[arg(long, value_name = "N")]
    calls: Option<u64>,
    /// How long to pause between calls, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 1000)]
    interval: u64,
}

/// Runs until Ctrl-C, SIGTERM or the last call, then drains.
pub(crate) async fn run(options: Options, out: &mut impl Write) -> Result<(), Failure> {
    let stop = stop::Stop::listen()?;
    let registry = Memory::new();
    let first = start("provider 1", &options.addr, &registry).await.map_err(|status| {
        Failure::Failed(format!("error: {status}\nhint: dubhe demo --addr {}", free(&options.addr)))
    })?;
    let beside = format!("{}:0", host(&options.addr));
    let second = start("provider 2", &beside, &registry).await?;
    introduce(&first, &second, out)?;

    let app = App::builder("dubhe-demo").registry_instance(registry).build()?;
    let greeter = app.client::<GreeterClient>().build()?;
    let ended = tokio::select! {
        ended = call(&greeter, &options, out) => ended,
        () = stop.wanted() => Ok(()),
    };
    drain(&app, [first, second], out).await?;
    ended
}

async fn start(name: &str, addr: &str, registry: &Memory) -> Result<Running, Status> {
    Server::builder()
        .application("dubhe-demo")
        .registry(registry.clone())
        .service(GreeterServer::new(Named(name.to_owned())))
        .start(addr)
        .await
}

fn host(addr: &str) -> &str {
    addr.rsplit_once(':').map_or("127.0.0.1", |(host, _)| host)
}

/// The address that a hint proposes: the next port.
fn free(addr: &str) -> String {
    let port = addr.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
    let next = port.and_then(|port| port.checked_add(1)).unwrap_or(20880);
    format!("{}:{next}", host(addr))
}

fn introduce(first: &Running, second: &Running, out: &mut impl Write) -> Result<(), Failure> {
    let addr = first.addr();
    let dubhe = std::env::args().next().unwrap_or_else(|| "dubhe".to_owned());
    Ok(write!(
        out,
        "\
org.example.Greeter over the dubbo protocol, in one process:

  provider 1  dubbo://{addr}
  provider 2  dubbo://{second}
  consumer    finds both through a registry in memory

Try from another terminal:

  {dubhe} call {addr} org.example.Greeter greet Ada
  {dubhe} call {addr} org.example.Greeter getUser 1
  {dubhe} call {addr} org.example.Greeter getUser 404

From Java:

  @DubboReference(url = \"dubbo://{addr}\")
  private Greeter greeter;   // interface Greeter {{ String greet(String name); }}

Ctrl-C ends it.

{}
",
        Row { number: "#", call: "call", provider: "answered by", micros: "µs", result: "result" },
        second = second.addr(),
    )
    .and_then(|()| out.flush())?)
}

/// A line of the table.
struct Row<'a> {
    number: &'a str,
    call: &'a str,
    provider: &'a str,
    micros: &'a str,
    result: &'a str,
}

impl fmt::Display for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, call, provider, micros, result } = self;
        write!(f, "{number:>5}  {call:<14}  {provider:<11}  {micros:>6}  {result}")
    }
}

async fn call(
    greeter: &GreeterClient,
    options: &Options,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let received = ReplyAttachments::new();
    let greeter = greeter.with(CallOptions::new().reply_attachments(&received));
    for number in 1..=options.calls.unwrap_or(u64::MAX) {
        if number > 1 {
            tokio::time::sleep(Duration::from_millis(options.interval)).await;
        }
        let began = Instant::now();
        let (call, result) = one(&greeter, number).await;
        let attachments = received.get();
        let row = Row {
            number: &number.to_string(),
            call,
            provider: attachments.get_str(PROVIDER).unwrap_or("-"),
            micros: &began.elapsed().as_micros().to_string(),
            result: &result,
        };
        writeln!(out, "{row}")?;
        out.flush()?;
    }
    Ok(())
}

/// Call `number` of a sequence that repeats, and what came of it.
async fn one(greeter: &GreeterClient, number: u64) -> (&'static str, String) {
    match number % 4 {
        3 => ("getUser(1)", told(greeter.get_user(1).await)),
        0 => ("getUser(404)", told(greeter.get_user(404).await)),
        _ => ("greet(\"Dubhe\")", told(greeter.greet("Dubhe".into()).await)),
    }
}

fn told<T: fmt::Debug>(result: Result<T, Status>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(status) => match status.java() {
            Some(exception) => format!("{}: {}", exception.class(), status.message()),
            None => status.to_string(),
        },
    }
}

async fn drain(app: &App, providers: [Running; 2], out: &mut impl Write) -> Result<(), Failure> {
    writeln!(out, "\ndraining: no new calls, those that have begun end")?;
    out.flush()?;
    app.close();
    let mut cut = 0;
    for provider in providers {
        cut += provider.stop().await;
    }
    Ok(writeln!(out, "drained, {cut} connections cut")?)
}
