//! `dubhe demo`: the main job in one process.

mod consumer;
mod greeter;
mod hello;
mod latency;

use std::io::Write;
use std::sync::Arc;

use dubhe::registry::Registry;
use dubhe::{App, RunningServer, Server, Status, registry_at};

use crate::failure::Failure;
use crate::registries;
use crate::stop::Stop;
use consumer::Consumer;
use greeter::{GreeterServer, Named};
use hello::proto::HelloServer;

/// The name of the application.
const APPLICATION: &str = "dubhe-demo";

/// Run two providers and a consumer in this process, and show their calls until Ctrl-C.
///
/// The providers serve a Java interface and a protobuf service over dubbo, Triple, gRPC and plain
/// HTTP, to Java, Go and curl as well. Prints lines to try, the latency of 1,000 calls over dubbo and over
/// Triple, and then each call with its time.
#[derive(Debug, clap::Args)]
pub(crate) struct DemoArgs {
    /// Address of the first provider; port 0 takes a free one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:20880")]
    addr: String,
    /// End after this many calls
    #[arg(long, value_name = "N")]
    calls: Option<u64>,
    /// Meet in this registry in place of one in memory: zookeeper://HOST:PORT, nacos://HOST:PORT or
    /// etcd://HOST:PORT, where Java and Go find the providers, or file:///FOLDER
    #[arg(long, value_name = "URL", default_value = "memory://")]
    registry: String,
    /// Pause between calls, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 1000)]
    interval: u64,
}

/// Runs until Ctrl-C, SIGTERM or the last call, then drains.
pub(crate) async fn run(options: DemoArgs, out: &mut impl Write) -> Result<(), Failure> {
    let mut stop = Stop::listen()?;
    let open = |url: &str| registry_at(url, APPLICATION);
    let wrong = |status| Failure::Usage(format!("error: {}", registries::explained(&status)));
    let registry = open(&options.registry).map_err(wrong)?;
    if registry.is_read_only() {
        let name = registry.name();
        return Err(Failure::Usage(format!(
            "error: {name} takes no registrations, and the demo registers its providers\n\
             hint: dubhe call --registry URL finds providers in one that is only for finding them"
        )));
    }
    // A registry that is away is waited for.
    let first = tokio::select! {
        started = start("provider 1", &options.addr, &registry) => {
            started.map_err(|status| not_started(&status, &options))?
        }
        () = stop.wanted() => return Ok(()),
    };
    let beside = format!("{}:0", host(&options.addr));
    let second = tokio::select! {
        started = start("provider 2", &beside, &registry) => {
            started.map_err(|status| not_started(&status, &options))?
        }
        () = stop.wanted() => {
            tokio::select! {
                _ = first.stop() => {}
                () = stop.wanted() => {}
            }
            return Ok(());
        }
    };
    introduce(&first, &second, registry.name(), out)?;

    let app = App::builder(APPLICATION).registry_instance(registry).build()?;
    let consumer = Consumer::of(&app)?;
    let ended = tokio::select! {
        ended = consumer.run(&options, out) => ended,
        () = stop.wanted() => Ok(()),
    };
    // Nobody looks for providers any more when they go.
    drop(consumer);
    tokio::select! {
        drained = drain(&app, [first, second], out) => drained?,
        // Asked twice, it ends at once.
        () = stop.wanted() => {}
    }
    ended
}

async fn start(
    name: &str,
    addr: &str,
    registry: &Arc<dyn Registry>,
) -> Result<RunningServer, Status> {
    Server::builder()
        .application(APPLICATION)
        .registry(registry.clone())
        .service(GreeterServer::new(Named(name.to_owned())))
        .service(HelloServer::new(Named(name.to_owned())))
        .start(addr)
        .await
}

/// Says why a provider did not start, and what to do.
fn not_started(status: &Status, options: &DemoArgs) -> Failure {
    let hint = if status.message().starts_with("cannot listen on ") {
        format!("dubhe demo --addr {}", free(&options.addr))
    } else {
        format!(
            "is there a registry at {}? without --registry, one in memory is used",
            options.registry
        )
    };
    Failure::Failed(format!("error: {status}\nhint: {hint}"))
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

/// Prints what there is, in lines that can be copied.
fn introduce(
    first: &RunningServer,
    second: &RunningServer,
    registry: &str,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let met = if registry == "memory://" { "a registry in memory" } else { registry };
    let (addr, port) = (first.addr(), first.addr().port());
    let second = second.addr();
    let dubhe = std::env::args().next().unwrap_or_else(|| "dubhe".to_owned());
    let json = "-H 'content-type: application/json'";
    let kubernetes = if cfg!(feature = "kubernetes") { "" } else { "   # feature kubernetes" };
    let dns = if cfg!(feature = "dns") { "" } else { "   # feature dns" };
    Ok(write!(
        out,
        "\
Two providers and a consumer in one process. One port takes dubbo, Triple, gRPC and plain HTTP:

  provider 1  dubbo://{addr}  tri://{addr}
  provider 2  dubbo://{second}  tri://{second}
  consumer    finds both through {met}

  org.example.Greeter  a Java interface
  org.example.Hello    a protobuf service, with a stream

Try from another terminal:

  {dubhe} call {addr} org.example.Greeter greet Ada
  {dubhe} call tri://{addr} org.example.Greeter getUser 1
  {dubhe} call {addr} org.example.Greeter getUser 404
  {dubhe} call grpc://{addr} org.example.Hello/Repeat '{{\"name\":\"Ada\",\"times\":3}}'
  {dubhe} call tri://{addr} --describe org.example.Hello
  curl {json} -d '[\"Ada\"]' http://{addr}/org.example.Greeter/greet
  curl {json} -d '{{\"name\":\"Ada\"}}' http://{addr}/org.example.Hello/Greet
  grpcurl -plaintext -d '{{\"name\":\"Ada\",\"times\":3}}' {addr} org.example.Hello/Repeat

From Java:

  @DubboReference(url = \"dubbo://{addr}\")   // or tri://{addr}
  private Greeter greeter;   // interface Greeter {{ String greet(String name); }}

Meet in a registry, beside Java and Go (etcd: Go; a folder: Rust), and find what a cluster or DNS knows:

  {dubhe} demo --addr 127.0.0.1:0 --registry zookeeper://127.0.0.1:2181
  {dubhe} demo --addr 127.0.0.1:0 --registry nacos://127.0.0.1:8848
  {dubhe} demo --addr 127.0.0.1:0 --registry etcd://127.0.0.1:2379
  {dubhe} demo --addr 127.0.0.1:0 --registry file:///tmp/dubhe-demo
  {dubhe} registry ls kubernetes://{kubernetes}
  {dubhe} call 'dns:///localhost:{port}?protocol=dubbo' org.example.Greeter greet Ada{dns}

Ctrl-C ends it.

"
    )
    .and_then(|()| out.flush())?)
}

async fn drain(
    app: &App,
    providers: [RunningServer; 2],
    out: &mut impl Write,
) -> Result<(), Failure> {
    writeln!(out, "\ndraining: no new calls, those that have begun end")?;
    out.flush()?;
    app.close();
    let mut cut = 0;
    for provider in providers {
        cut += provider.stop().await;
    }
    Ok(writeln!(out, "drained, {cut} connections cut")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_that_does_not_start_has_the_hint_for_its_reason() {
        let options = DemoArgs {
            addr: "127.0.0.1:20880".into(),
            calls: None,
            registry: "zookeeper://127.0.0.1:1".into(),
            interval: 0,
        };
        for (why, hint) in [
            ("cannot listen on 127.0.0.1:20880: in use", "dubhe demo --addr 127.0.0.1:20881"),
            ("zookeeper://127.0.0.1:1 is away", "is there a registry at zookeeper://127.0.0.1:1?"),
        ] {
            let failure = not_started(&Status::unavailable(why), &options);
            let Failure::Failed(text) = failure else { panic!("{why}") };
            assert!(text.contains(&format!("hint: {hint}")), "{text}");
        }
    }
}
