//! Calls that are cancelled before the server has looked at them.

use bytes::Bytes;
use dubhe_net::detect::Protocol;
use dubhe_net::drain::Trigger;
use dubhe_net::io::Io;
use dubhe_net::io::memory::Network;
use dubhe_triple::{TripleOptions, TripleProtocol};
use http::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::watch;

use crate::support::{framed, services};

fn request() -> Request<()> {
    let request = Request::post("http://h/test.Plain/Echo");
    request.header("content-type", "application/grpc").body(()).unwrap()
}

/// A stream whose bytes towards `io` are held while the sender says so.
fn held(io: Io) -> (DuplexStream, watch::Sender<bool>) {
    let (near, far) = tokio::io::duplex(1 << 20);
    let (hold, mut held) = watch::channel(false);
    let (mut from, mut back) = tokio::io::split(far);
    let (mut answers, mut to) = tokio::io::split(io);
    tokio::spawn(async move { tokio::io::copy(&mut answers, &mut back).await });
    tokio::spawn(async move {
        let mut bytes = vec![0; 1 << 20];
        while let Ok(length @ 1..) = from.read(&mut bytes).await {
            let mut length = length;
            while *held.borrow() {
                tokio::select! {
                    _ = held.changed() => {}
                    more = from.read(&mut bytes[length..]) => length += more.unwrap(),
                }
            }
            to.write_all(&bytes[..length]).await.unwrap();
        }
    });
    (near, hold)
}

/// Runs all tasks as far as they can go.
async fn settle() {
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
}

/// Begins and cancels `count` calls in one write. Returns `true` if another call is served then.
async fn is_served_after(count: usize, options: TripleOptions) -> bool {
    let ((io, _), (other, peer)) = Network::with_pipe(1 << 20).pair();
    let (near, hold) = held(io);
    let trigger = Trigger::new();
    let protocol = TripleProtocol::new(services(), options);
    let task = tokio::spawn(protocol.serve(other, peer, trigger.shutdown()));
    let (send, connection) = h2::client::handshake(near).await.unwrap();
    tokio::spawn(connection);
    let mut send = send.ready().await.unwrap();
    // Now the settings of the server have come.
    let (response, mut body) = send.send_request(request(), false).unwrap();
    body.send_data(framed(b"hi"), true).unwrap();
    response.await.unwrap();
    hold.send_replace(true);
    let cancelled: Vec<_> = (0..count)
        .map(|_| {
            let (response, mut body) = send.send_request(request(), false).unwrap();
            body.send_data(Bytes::from_static(b"x"), false).unwrap();
            (response, body)
        })
        .collect();
    // The requests leave, and then the resets, and all of it arrives at once.
    settle().await;
    for (_, mut body) in cancelled {
        body.send_reset(h2::Reason::CANCEL);
    }
    settle().await;
    hold.send_replace(false);
    let served = async {
        let mut send = send.ready().await?;
        let (response, mut body) = send.send_request(request(), false)?;
        body.send_data(framed(b"hi"), true)?;
        response.await
    };
    let served = served.await.is_ok();
    assert_eq!(served, !task.is_finished());
    served
}

#[tokio::test]
async fn honest_cancels_do_not_end_the_connection() {
    for count in [30, 200, 1_000] {
        assert!(is_served_after(count, TripleOptions::default()).await, "{count}");
    }
}

#[tokio::test]
async fn the_limit_of_resets_is_an_option() {
    for (count, served) in [(50, true), (51, false)] {
        let mut options = TripleOptions::default();
        options.max_pending_resets = 50;
        assert_eq!(is_served_after(count, options).await, served, "{count}");
    }
}
