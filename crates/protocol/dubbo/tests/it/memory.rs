//! The budget of memory of a connection and of a server, over real sockets.

use std::sync::Arc;

use dubhe_core::serve::Dispatch;
use dubhe_core::status::table::dubbo;
use dubhe_dubbo::DubboOptions;
use dubhe_dubbo::header::LEN;
use dubhe_dubbo::server::DubboProtocol;
use dubhe_net::detect::{AcceptOptions, Acceptor};
use dubhe_net::drain::{Scope, Trigger};
use dubhe_net::io::tcp::{TcpListen, TcpOptions};
use dubhe_net::io::{Address, Dial, SockAddr, SocketDial};
use dubhe_net::memory::{FREE, MemoryBudget, MemoryOptions};
use dubhe_testkit::wait_until;
use tokio::sync::watch;

use crate::support::{Methods, Raw, Request};

const KIB: usize = 1024;

struct Server {
    addr: SockAddr,
    budget: Arc<MemoryBudget>,
    go: watch::Sender<bool>,
    _trigger: Trigger,
    _tasks: Scope,
}

/// A server whose method `wait` holds its calls.
fn server(server: usize, connection: usize) -> Server {
    let options = MemoryOptions::default().server(server).connection(connection);
    let budget = MemoryBudget::new(options);
    let (methods, go) = Methods::waiting();
    let dispatch: Arc<dyn Dispatch> = Arc::new(methods);
    let protocol = DubboProtocol::new(dispatch, DubboOptions::default()).memory(budget.clone());
    let any = ([127, 0, 0, 1], 0).into();
    let listen = TcpListen::bind(any, TcpOptions::default()).unwrap();
    let acceptor = Acceptor::new(listen, vec![Arc::new(protocol)], AcceptOptions::default());
    let acceptor = acceptor.unwrap();
    let (addr, trigger, tasks) = (acceptor.local_addr(), Trigger::new(), Scope::new());
    let shutdown = trigger.shutdown();
    tasks.spawn(async move { acceptor.run(shutdown).await });
    Server { addr, budget, go, _trigger: trigger, _tasks: tasks }
}

impl Server {
    async fn connect(&self) -> Raw {
        let to = Address::new("127.0.0.1", self.addr.as_socket_addr().unwrap().port());
        Raw::new(SocketDial::new(TcpOptions::default()).dial(&to).await.unwrap().0)
    }
}

/// A request whose body has this number of bytes.
fn request(id: u64, method: &str, bytes: usize) -> Vec<u8> {
    let argument = |length| Request::new(id, method, vec![0_u8; length]).bytes();
    // The length of an argument takes as many bytes as well, about.
    let mut length = bytes - 200;
    while argument(length).len() < LEN + bytes {
        length += 1;
    }
    argument(length)
}

async fn is_refused(raw: &mut Raw, id: u64, budget: &str) {
    let (found, status, text) = raw.reply().await;
    assert_eq!((found, status), (id, dubbo::SERVER_THREADPOOL_EXHAUSTED));
    let text = text.as_str().unwrap();
    assert!(text.contains(&format!("raise memory.{budget} of the server")), "{text}");
}

async fn is_served(raw: &mut Raw) {
    raw.send(&Request::new(99, "echo", "still here").bytes()).await;
    assert_eq!(raw.reply().await, (99, dubbo::OK, "still here".into()));
}

#[tokio::test]
async fn a_connection_holds_its_limit_and_not_one_byte_more() {
    let (first, second) = (request(1, "wait", 100 * KIB), request(2, "wait", 100 * KIB));
    // The first without its header, which is gone once it runs.
    let both = first.len() - LEN + second.len();
    for limit in [both, both - 1] {
        let server = server(0, limit);
        let mut raw = server.connect().await;
        raw.send(&first).await;
        is_served(&mut raw).await;
        raw.send(&second).await;
        if limit < both {
            is_refused(&mut raw, 2, "connection").await;
        }
        server.go.send_replace(true);
        let mut done = vec![raw.reply().await.0];
        if limit == both {
            done.push(raw.reply().await.0);
        }
        done.sort_unstable();
        assert_eq!(done, if limit == both { vec![1, 2] } else { vec![1] });
        wait_until("all is free", || server.budget.used() == 0).await;
        is_served(&mut raw).await;
    }
}

#[tokio::test]
async fn a_frame_that_grows_above_the_limit_is_given_up_and_its_call_alone_fails() {
    let server = server(0, 512 * KIB);
    let mut raw = server.connect().await;
    let frame = request(7, "echo", 4 * KIB * KIB);
    let (begin, rest) = frame.split_at(KIB * KIB);
    raw.send(begin).await;
    is_refused(&mut raw, 7, "connection").await;
    wait_until("its bytes are free", || server.budget.used() == 0).await;
    for piece in rest.chunks(KIB * KIB) {
        raw.send(piece).await;
    }
    is_served(&mut raw).await;
    raw.send(&request(8, "echo", 300 * KIB)).await;
    let (id, status, _) = raw.reply().await;
    assert_eq!((id, status), (8, dubbo::OK));
}

#[tokio::test]
async fn connections_that_fill_the_server_are_refused_more_and_small_calls_are_served() {
    let server = server(256 * KIB, 0);
    let (mut one, mut two) = (server.connect().await, server.connect().await);
    one.send(&request(1, "wait", FREE + 150 * KIB)).await;
    is_served(&mut one).await;
    wait_until("the call runs", || server.budget.used() == 192 * KIB).await;
    two.send(&request(2, "echo", FREE + 60 * KIB)).await;
    assert_eq!(two.reply().await.1, dubbo::OK);
    two.send(&request(3, "echo", FREE + 70 * KIB)).await;
    is_refused(&mut two, 3, "server").await;
    is_served(&mut two).await;

    server.go.send_replace(true);
    assert_eq!(one.reply().await.0, 1);
    wait_until("the call has ended", || server.budget.used() == 0).await;
    two.send(&request(4, "echo", FREE + 70 * KIB)).await;
    assert_eq!(two.reply().await.1, dubbo::OK);
}

#[tokio::test]
async fn a_connection_that_ends_gives_back_what_it_held() {
    let server = server(0, 0);
    let mut raw = server.connect().await;
    raw.send(&request(1, "wait", 200 * KIB)).await;
    raw.send(&request(2, "wait", 200 * KIB)[..100 * KIB]).await;
    wait_until("both count", || server.budget.used() == 320 * KIB).await;
    drop(raw);
    wait_until("all is free", || server.budget.used() == 0).await;
}
