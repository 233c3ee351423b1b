//! Sending one direction of a stream.

use std::future::poll_fn;

use bytes::Bytes;
use h2::SendStream;

use crate::frame::Framed;

/// Waits until the peer takes more bytes, so that a reader that stops stops the writer, with one
/// message waiting. `false` when the stream has ended.
pub(crate) async fn room(send: &mut SendStream<Framed>, message: &Bytes) -> bool {
    send.reserve_capacity(message.len().max(1));
    while send.capacity() == 0 {
        match poll_fn(|cx| send.poll_capacity(cx)).await {
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return false,
        }
    }
    true
}
