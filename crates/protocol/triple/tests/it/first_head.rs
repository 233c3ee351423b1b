//! The bytes that are kept for a peer before its first whole head.

use dubhe_net::detect::Protocol;
use dubhe_net::drain::Trigger;
use dubhe_net::io::memory::Network;
use dubhe_triple::{TripleOptions, TripleProtocol};
use tokio::io::AsyncWriteExt;

use crate::support::services;

const LIMIT: usize = 64 * 1024;
const PIPE: usize = 1024;

/// The bytes that a server takes of `begin` and then of `more` without end.
async fn taken(http1: bool, begin: &[u8], more: &[u8]) -> usize {
    let ((mut io, _), (other, peer)) = Network::with_pipe(PIPE).pair();
    let trigger = Trigger::new();
    let protocol = TripleProtocol::new(services(), TripleOptions::default());
    let shutdown = trigger.shutdown();
    let serving = if http1 {
        protocol.http1().serve(other, peer, shutdown)
    } else {
        protocol.serve(other, peer, shutdown)
    };
    tokio::spawn(serving);
    let mut taken = 0;
    let mut next = begin;
    while taken < 16 * LIMIT && io.write_all(next).await.is_ok() {
        taken += next.len();
        next = more;
    }
    taken
}

#[tokio::test]
async fn a_head_without_end_over_http1_is_not_kept() {
    for (begin, more) in
        [("GET /", "x"), ("GET / HTTP/1.1\r\n", "k: v\r\n"), ("GET / HTTP/1.1\r\nk: ", "v")]
    {
        let taken = taken(true, begin.as_bytes(), more.repeat(200).as_bytes()).await;
        assert!(taken <= LIMIT, "{taken} bytes of {begin:?}");
    }
}

#[tokio::test]
async fn a_head_without_end_over_http2_is_not_kept() {
    let frame = |kind: u8, flags: u8, stream: u8, body: &[u8]| {
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [&[0, length[0], length[1], kind, flags, 0, 0, 0, stream], body].concat()
    };
    // A field without indexing, whose value is long.
    let field = |length: u8| [&[0, 1, b'k', length][..], &vec![b'v'; length.into()]].concat();
    let begin = [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        &frame(4, 0, 0, &[])[..],
        &frame(1, 0, 1, &[0x83, 0x86, 0x84, 0x41, 0x01, b'h']),
    ]
    .concat();
    for (name, body) in
        [("small", field(1)), ("large", field(120).repeat(100)), ("empty", Vec::new())]
    {
        let taken = taken(false, &begin, &frame(9, 0, 1, &body)).await;
        // Fields beyond the limit of the list are dropped as they come, a few frames long.
        assert!(taken <= 2 * LIMIT, "{taken} bytes of {name} frames");
    }
}
