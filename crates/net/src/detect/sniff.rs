//! The first bytes of a connection.

use std::{sync::Arc, time::Duration};

use bytes::BytesMut;
use tokio::io::AsyncReadExt;

use super::{Probe, Protocol, SNIFF};
use crate::{Error, Result, io::Io, time};

/// The first byte of a TLS handshake record (RFC 8446 §5.1).
#[cfg(feature = "tls")]
const TLS_HANDSHAKE: u8 = 0x16;

/// How long to wait for bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// For the first of them.
    pub(super) first: Duration,
    /// From then on until they say enough.
    pub(super) rest: Duration,
}

/// Reads until `decide` is sure. Returns what it said and the stream, to be read from its start;
/// `None` when the peer left before it sent a byte.
async fn peek<T>(
    mut io: Io,
    patience: Patience,
    mut decide: impl FnMut(&[u8]) -> Result<Option<T>>,
) -> Result<Option<(T, Io)>> {
    let mut seen = BytesMut::from(io.take_prefix());
    seen.reserve(SNIFF);
    let mut limit = if seen.is_empty() { patience.first } else { patience.rest };
    let mut until = time::now() + limit;
    loop {
        if !seen.is_empty()
            && let Some(decided) = decide(&seen)?
        {
            return Ok(Some((decided, io.with_prefix(seen))));
        }
        let before = seen.len();
        let read = tokio::time::timeout_at(until.into(), io.read_buf(&mut seen)).await;
        let read = read.map_err(|_| {
            let what = format_args!("the beginning of a connection, {before} bytes so far,");
            Error::timeout(what, limit)
        })?;
        match (read?, before) {
            (0, 0) => return Ok(None),
            (0, n) => {
                let message = format!("the peer left after {n} bytes of no protocol");
                return Err(Error::protocol(message));
            }
            (_, 0) => {
                limit = patience.rest;
                until = time::now() + limit;
            }
            _ => {}
        }
    }
}

/// Finds the protocol of a connection.
pub(super) async fn protocol(
    io: Io,
    protocols: &[Arc<dyn Protocol>],
    patience: Patience,
) -> Result<Option<(Arc<dyn Protocol>, Io)>> {
    peek(io, patience, |seen| {
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
pub(super) async fn is_tls(io: Io, patience: Patience) -> Result<Option<(bool, Io)>> {
    peek(io, patience, |seen| Ok(seen.first().map(|first| *first == TLS_HANDSHAKE))).await
}
