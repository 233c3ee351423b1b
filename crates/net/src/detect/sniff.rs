//! The first bytes of a connection.

use std::sync::Arc;

use bytes::BytesMut;
use tokio::io::AsyncReadExt;

use super::{Probe, Protocol, SNIFF};
use crate::{Error, Result, io::Io};

/// The first byte of a TLS handshake record (RFC 8446 §5.1).
#[cfg(feature = "tls")]
const TLS_HANDSHAKE: u8 = 0x16;

/// Reads until `decide` is sure. Returns what it said and the stream, to be read from its start;
/// `None` when the peer left before it sent a byte.
async fn peek<T>(
    mut io: Io,
    mut decide: impl FnMut(&[u8]) -> Result<Option<T>>,
) -> Result<Option<(T, Io)>> {
    let mut seen = BytesMut::from(io.take_prefix());
    seen.reserve(SNIFF);
    loop {
        if !seen.is_empty()
            && let Some(decided) = decide(&seen)?
        {
            return Ok(Some((decided, io.with_prefix(seen))));
        }
        if io.read_buf(&mut seen).await? == 0 {
            return match seen.len() {
                0 => Ok(None),
                n => Err(Error::protocol(format!("the peer left after {n} bytes of no protocol"))),
            };
        }
    }
}

/// Finds the protocol of a connection.
pub(super) async fn protocol(
    io: Io,
    protocols: &[Arc<dyn Protocol>],
) -> Result<Option<(Arc<dyn Protocol>, Io)>> {
    peek(io, |seen| {
        let mut undecided = false;
        for protocol in protocols {
            match protocol.probe(seen) {
                Probe::Yes => return Ok(Some(protocol.clone())),
                Probe::More => undecided = true,
                Probe::No => {}
            }
        }
        if undecided && seen.len() < SNIFF {
            return Ok(None);
        }
        let known: Vec<_> = protocols.iter().map(|p| p.name()).collect();
        Err(Error::protocol(format!("the first bytes are of none of: {}", known.join(", "))))
    })
    .await
}

/// Whether a connection begins with a TLS handshake.
#[cfg(feature = "tls")]
pub(super) async fn is_tls(io: Io) -> Result<Option<(bool, Io)>> {
    peek(io, |seen| Ok(seen.first().map(|first| *first == TLS_HANDSHAKE))).await
}
