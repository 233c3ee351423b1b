//! The cost of the protocol for a call of 100 bytes, without sockets: nanoseconds for people, and a
//! loop that callgrind can count the instructions of.
//!
//! `loopback` adds the sockets: CPU time of the server's one thread, 8 connections of 16 calls.
//!
//! `cargo bench -p dubhe-dubbo --bench echo -- [server|client|loopback] [CALLS]`
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs
)]

use std::hint::black_box;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use dubhe_core::connect::Connect;
use dubhe_core::gate::Gates;
use dubhe_core::serve::{Dispatch, Target, Wanted};
use dubhe_core::{
    Call, CallBody, EncodedArgs, Endpoint, Format, Head, Invoke, Invoking, Method, Reply,
    ServiceKey, Status,
};
use dubhe_dubbo::DubboOptions;
use dubhe_dubbo::exchange::{Connection, Exchange, Role};
use dubhe_dubbo::{DubboConnect, DubboProtocol};
use dubhe_net::detect::{AcceptOptions, Acceptor};
use dubhe_net::drain::Trigger;
use dubhe_net::io::memory::Network;
use dubhe_net::io::tcp::{TcpListen, TcpOptions};
use dubhe_net::session::{Driver, Outbox, Session, SessionOptions};
use tokio::runtime::Runtime;

/// The number of calls that arrive together.
const BATCH: usize = 16;

struct Echo(Target);

struct Handler;

impl Invoke for Handler {
    fn invoke(&self, call: Call) -> Invoking {
        let CallBody::One(payload) = call.body else { panic!("no arguments") };
        Invoking::ready(Ok(Reply::new(payload)))
    }
}

impl Dispatch for Echo {
    fn find(&self, wanted: Wanted<'_>) -> Result<Target, Status> {
        assert_eq!(black_box(wanted.method), "echo");
        Ok(self.0.clone())
    }
}

/// Keeps a driver busy with nothing while its exchange is used by hand.
struct Nothing;

impl Session for Nothing {
    fn on_data(
        &mut self,
        _: Instant,
        input: &mut BytesMut,
        _: &mut Outbox,
    ) -> dubhe_net::Result<()> {
        input.clear();
        Ok(())
    }
}

fn exchange(role: Role, dispatch: Option<Arc<dyn Dispatch>>) -> (Exchange, Driver<Nothing>) {
    let ((io, peer), _) = Network::default().pair();
    let mut exchange = None;
    let options = Arc::new(DubboOptions::default().application("bench"));
    let driver = Driver::new(io, peer, SessionOptions::default(), |handle| {
        exchange = Some(Exchange::new(handle, role, options, dispatch));
        Nothing
    });
    (exchange.unwrap(), driver)
}

fn target() -> Target {
    Target {
        service: Arc::new(ServiceKey::interface_only("org.example.bench.Echo")),
        method: Arc::new(Method::java("echo", "[B")),
        params: Arc::default(),
        gates: Gates::default(),
        invoke: Arc::new(Handler),
    }
}

fn call(target: &Target) -> Call {
    let mut bytes = vec![0x34, 100];
    bytes.resize(102, 7);
    let args = EncodedArgs::shared(Format::Hessian2, 1, bytes.into());
    let mut head = Head::new(target.service.clone(), target.method.clone());
    let now = dubhe_net::time::now();
    let timeout = Duration::from_secs(3);
    head.deadline = Some(dubhe_core::time::Deadline::after(now, timeout));
    Call::new(head, args.into())
}

/// Sends `BATCH` calls and gives them with the bytes they were written as.
fn batch(connection: &Arc<Connection>, target: &Target) -> (Vec<Invoking>, BytesMut) {
    let calls = (0..BATCH).map(|_| connection.start(call(target))).collect();
    let bytes = connection.handle().send(|out| out.tail_mut().split()).unwrap();
    (calls, bytes)
}

fn server(calls: usize) {
    let target = target();
    let (client, _driver) = exchange(Role::Client, None);
    let (_, requests) = batch(client.connection(), &target);
    let (mut server, _driver) = exchange(Role::Server, Some(Arc::new(Echo(target))));
    let mut out = Outbox::default();
    let mut input = BytesMut::new();
    let mut cx = Context::from_waker(Waker::noop());
    let begin = Instant::now();
    for _ in 0..calls / BATCH {
        input.extend_from_slice(&requests);
        server.on_data(Instant::now(), &mut input, &mut out).unwrap();
        assert!(server.poll(&mut cx, &mut out).is_pending());
        black_box(out.tail_mut()).clear();
    }
    print("server", begin, calls, requests.len() / BATCH);
}

fn client(calls: usize) {
    let target = target();
    let (mut client, _driver) = exchange(Role::Client, None);
    let (mut server, _driver) = exchange(Role::Server, Some(Arc::new(Echo(target.clone()))));
    let connection = client.connection().clone();
    let (mut out, mut nothing) = (Outbox::default(), Outbox::default());
    let mut cx = Context::from_waker(Waker::noop());
    let mut spent = Duration::ZERO;
    for _ in 0..calls / BATCH {
        let begin = Instant::now();
        let (mut pending, mut requests) = batch(&connection, &target);
        spent += begin.elapsed();
        server.on_data(Instant::now(), &mut requests, &mut out).unwrap();
        let begin = Instant::now();
        client.on_data(begin, out.tail_mut(), &mut nothing).unwrap();
        for call in &mut pending {
            let reply = std::pin::Pin::new(call).poll(&mut cx);
            assert!(matches!(black_box(reply), Poll::Ready(Ok(_))));
        }
        spent += begin.elapsed();
    }
    println!("client: {:.0} ns a call", spent.as_secs_f64() * 1e9 / calls as f64);
}

/// Time that the calling thread has spent on a processor (Linux).
fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split_whitespace().next().and_then(|text| text.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn loopback(calls: usize) {
    let (listening, address) = std::sync::mpsc::channel();
    let trigger = Trigger::new();
    let shutdown = trigger.shutdown();
    let server = std::thread::spawn(move || {
        runtime().block_on(async move {
            let any = ([127, 0, 0, 1], 0).into();
            let listen = TcpListen::bind(any, TcpOptions::default()).unwrap();
            let dispatch = Arc::new(Echo(target()));
            let protocol = Arc::new(DubboProtocol::new(dispatch, DubboOptions::default()));
            let acceptor = Acceptor::new(listen, vec![protocol], AcceptOptions::default()).unwrap();
            listening.send(acceptor.local_addr().as_socket_addr().unwrap()).unwrap();
            acceptor.run(shutdown).await;
            cpu()
        })
    });
    let address = address.recv().unwrap();
    let before = cpu();
    runtime().block_on(async {
        let connect = DubboConnect::new(DubboOptions::default());
        let mut workers = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let endpoint = Endpoint::of("dubbo", "127.0.0.1", address.port());
            let channel = connect.connect(&endpoint).unwrap();
            for _ in 0..BATCH {
                let (channel, target) = (channel.clone(), target());
                workers.spawn(async move {
                    for _ in 0..calls / 8 / BATCH {
                        channel.invoke(call(&target)).await.unwrap();
                    }
                });
            }
        }
        workers.join_all().await;
    });
    let each = |cpu: Duration| cpu.as_secs_f64() * 1e6 / calls as f64;
    println!("loopback: client {:.2} µs of CPU a call", each(cpu().saturating_sub(before)));
    trigger.force();
    println!("loopback: server {:.2} µs of CPU a call", each(server.join().unwrap()));
}

fn print(what: &str, begin: Instant, calls: usize, bytes: usize) {
    let each = begin.elapsed().as_secs_f64() * 1e9 / calls as f64;
    println!("{what}: {each:.0} ns a call, requests of {bytes} bytes");
}

fn main() {
    let args: Vec<_> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let calls = args.get(1).map_or(1_600_000, |calls| calls.parse().unwrap());
    let mode = args.first().map(String::as_str);
    if mode == Some("loopback") {
        return loopback(calls);
    }
    let runtime = runtime();
    let _inside = runtime.enter();
    match mode {
        Some("server") => server(calls),
        Some("client") => client(calls),
        _ => {
            server(calls);
            client(calls);
        }
    }
}
