//! The first bytes of a connection.

use std::{sync::Arc, time::Duration};

use bytes::BytesMut;
use dubhe_core::time::after;
use tokio::io::AsyncReadExt;

use super::{MAX_SNIFF_BYTES, Probe, Protocol};
use crate::{Error, ErrorKind, Result, io::Io, time};

/// The first byte of a TLS handshake record (RFC 8446 §5.1).
const TLS_HANDSHAKE: u8 = 0x16;

/// The time to wait for bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct SniffTimeouts {
    /// The time until the first byte.
    pub(super) first: Duration,
    /// The time from then on until the protocol is known.
    pub(super) rest: Duration,
}

/// Reads until `decide` is sure. Returns what it said and the stream, to be read from its start;
/// `None` when the peer left before it sent a byte.
async fn peek<T>(
    mut io: Io,
    timeouts: SniffTimeouts,
    mut decide: impl FnMut(&[u8]) -> Result<Option<T>>,
) -> Result<Option<(T, Io)>> {
    let mut seen = BytesMut::from(io.take_prefix());
    seen.reserve(MAX_SNIFF_BYTES);
    let mut limit = if seen.is_empty() { timeouts.first } else { timeouts.rest };
    let mut until = after(time::now(), limit);
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
                let message = format!("the peer closed after {n} bytes of no known protocol");
                return Err(Error::protocol(message));
            }
            (_, 0) => {
                limit = timeouts.rest;
                until = after(time::now(), limit);
            }
            _ => {}
        }
    }
}

/// Finds the protocol of a connection.
pub(super) async fn protocol(
    io: Io,
    protocols: &[Arc<dyn Protocol>],
    timeouts: SniffTimeouts,
) -> Result<Option<(Arc<dyn Protocol>, Io)>> {
    peek(io, timeouts, |seen| {
        let mut undecided = false;
        for protocol in protocols {
            match protocol.probe(seen) {
                Probe::Yes => return Ok(Some(protocol.clone())),
                Probe::More => undecided = true,
                Probe::No => {}
            }
        }
        if undecided && seen.len() < MAX_SNIFF_BYTES {
            return Ok(None);
        }
        if seen.first() == Some(&TLS_HANDSHAKE) {
            let message =
                "the peer begins with tls, which is off here; call without it, or set tls";
            return Err(Error::new(ErrorKind::Tls, message));
        }
        let known: Vec<_> = protocols.iter().map(|p| p.name()).collect();
        Err(Error::protocol(format!("the first bytes are of none of: {}", known.join(", "))))
    })
    .await
}

/// Returns true if a connection begins with a TLS handshake.
#[cfg(feature = "tls")]
pub(super) async fn is_tls(io: Io, timeouts: SniffTimeouts) -> Result<Option<(bool, Io)>> {
    peek(io, timeouts, |seen| Ok(seen.first().map(|first| *first == TLS_HANDSHAKE))).await
}
