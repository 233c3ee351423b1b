//! Sending one direction of a stream.

use std::future::poll_fn;

use bytes::Buf;
use h2::SendStream;

use crate::frame::Data;

/// Sends `data` once the peer takes more bytes, so that a reader that stops stops the writer, with
/// this much waiting. `false` when the stream has ended.
pub(crate) async fn send(send: &mut SendStream<Data>, data: Data) -> bool {
    send.reserve_capacity(data.remaining().max(1));
    while send.capacity() == 0 {
        match poll_fn(|cx| send.poll_capacity(cx)).await {
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return false,
        }
    }
    send.send_data(data, false).is_ok()
}
