//! The decoder of watches, for the fuzz target alone.

use tokio::sync::watch;

use super::watcher::followed::Followed;
use super::{Entries, KeyRange, View};
use crate::generated::etcd::WatchResponse;
use crate::generated::protobuf::prost::Message as _;

/// Reads messages as the answers to a watch over `range`, one after another until one cannot be read,
/// and returns the content that they leave, and its bytes as they were counted.
pub fn watched<'a>(
    range: KeyRange,
    messages: impl IntoIterator<Item = &'a [u8]>,
) -> (Entries, usize) {
    let (view, views) = watch::channel(View::default());
    let mut followed = Followed::new(range, view);
    for message in messages {
        let Ok(answer) = WatchResponse::decode(message) else { break };
        followed.apply(answer.events);
    }
    followed.tell();
    let entries = views.borrow().entries.as_ref().clone();
    (entries, followed.bytes())
}
