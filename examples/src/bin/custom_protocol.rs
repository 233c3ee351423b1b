//! A protocol of our own on `dubhe-net` alone: a key-value store over one pipelined connection.
//!
//! A frame is the letter K, the length in four bytes, and the body. A request is `key=value` to
//! set or `key` to get; each is answered, in order, with the value there was before.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};
use dubhe_net::detect::{AcceptOptions, Acceptor, Probe, Protocol};
use dubhe_net::drain::{Scope, Shutdown, Trigger};
use dubhe_net::io::tcp::{TcpListen, TcpOptions};
use dubhe_net::io::{Address, BoxFuture, ConnectionInfo, Dial, Io, SocketDial};
use dubhe_net::session::{CloseReason, Driver, Handle, Outbox, Session, SessionOptions};
use dubhe_net::{Error, ErrorKind, Result};
use parking_lot::Mutex;
use tokio::sync::oneshot;

const MAGIC: u8 = b'K';
const HEADER_BYTES: usize = 5;
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Takes the next frame once it is whole.
fn take_frame(input: &mut BytesMut) -> Result<Option<Bytes>> {
    let Some([magic, length @ ..]) = input.first_chunk::<HEADER_BYTES>() else { return Ok(None) };
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    if *magic != MAGIC || length > MAX_BODY_BYTES {
        return Err(Error::protocol(format!(
            "no frame of kv, or one above {MAX_BODY_BYTES} bytes"
        )));
    }
    let whole = input.len() >= HEADER_BYTES + length;
    Ok(whole.then(|| input.split_to(HEADER_BYTES + length).freeze().slice(HEADER_BYTES..)))
}

fn put_frame(body: Bytes, out: &mut Outbox) {
    out.tail_mut().put_u8(MAGIC);
    out.tail_mut().put_u32(u32::try_from(body.len()).unwrap_or(u32::MAX));
    out.push(body);
}

/// The serving side: one store for all connections.
#[derive(Clone, Default)]
struct Store(Arc<Mutex<HashMap<Bytes, Bytes>>>);

impl Session for Store {
    fn on_data(&mut self, _: Instant, input: &mut BytesMut, out: &mut Outbox) -> Result<()> {
        // The rest waits for its turn when the peer does not read its answers.
        while !out.is_full()
            && let Some(request) = take_frame(input)?
        {
            let before = match request.iter().position(|byte| *byte == b'=') {
                Some(at) => self.0.lock().insert(request.slice(..at), request.slice(at + 1..)),
                None => self.0.lock().get(&request).cloned(),
            };
            put_frame(before.unwrap_or_default(), out);
        }
        Ok(())
    }
}

impl Protocol for Store {
    fn name(&self) -> &'static str {
        "kv"
    }

    fn probe(&self, prefix: &[u8]) -> Probe {
        if prefix.first() == Some(&MAGIC) { Probe::Yes } else { Probe::No }
    }

    fn serve(
        &self,
        io: Io,
        peer: ConnectionInfo,
        mut shutdown: Shutdown,
    ) -> BoxFuture<'static, ()> {
        let driver = Driver::new(io, peer, SessionOptions::default(), |_| self.clone());
        let handle = driver.handle().clone();
        Box::pin(async move {
            let tell = async {
                shutdown.draining().await;
                handle.close("the store is going");
                std::future::pending::<()>().await;
            };
            tokio::select! {
                why = driver => println!("server: {why}"),
                () = tell => {}
            }
        })
    }
}

/// The calling side: answers come in the order of the requests.
#[derive(Clone, Default)]
struct Waiting(Arc<Mutex<VecDeque<oneshot::Sender<Bytes>>>>);

impl Session for Waiting {
    fn on_data(&mut self, _: Instant, input: &mut BytesMut, _: &mut Outbox) -> Result<()> {
        while let Some(answer) = take_frame(input)? {
            // Whoever no longer waits does not want it.
            let _ = self.0.lock().pop_front().map(|asked| asked.send(answer));
        }
        Ok(())
    }

    fn on_close(&mut self, _: &CloseReason) {
        self.0.lock().clear();
    }
}

struct Client {
    handle: Handle,
    waiting: Waiting,
    _task: Scope,
}

impl Client {
    async fn connect(to: &Address) -> Result<Self> {
        let (io, peer) = SocketDial::default().dial(to).await?;
        let (waiting, task) = (Waiting::default(), Scope::new());
        let driver = Driver::new(io, peer, SessionOptions::default(), |_| waiting.clone());
        let handle = driver.handle().clone();
        task.spawn(async move { drop(driver.await) });
        Ok(Self { handle, waiting, _task: task })
    }

    async fn ask(&self, request: &'static str) -> Result<Bytes> {
        let (asked, answer) = oneshot::channel();
        // Both queues get the same order, under the connection's lock.
        let sent = self.handle.send(|out| {
            self.waiting.0.lock().push_back(asked);
            put_frame(request.into(), out);
        });
        sent.map_err(|e| Error::with_source(ErrorKind::Closed, "the store takes nothing", e))?;
        answer.await.map_err(|e| Error::with_source(ErrorKind::Closed, "the store is gone", e))
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let listen = TcpListen::bind(([127, 0, 0, 1], 0).into(), TcpOptions::default())?;
    let store = Arc::new(Store::default());
    let acceptor = Acceptor::new(listen, vec![store], AcceptOptions::default())?;
    let (addr, trigger) = (acceptor.local_addr().try_into()?, Trigger::new());
    let _server = tokio::spawn(acceptor.run(trigger.shutdown()));

    let client = Client::connect(&addr).await?;
    let (set, got) = tokio::try_join!(client.ask("star=Dubhe"), client.ask("star"))?;
    println!("client: before {set:?}, now {got:?}");
    assert_eq!((set, got), ("".into(), "Dubhe".into()));

    let cut = trigger.drain(Instant::now() + Duration::from_secs(5)).await;
    println!("server: drained, {cut} connections cut");
    assert!(client.ask("star").await.is_err_and(|e| cut == 0 && e.is_closed()));
    Ok(())
}
