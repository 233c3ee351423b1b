//! `peer.proto.StreamService`: the streams without IDL of the Java peer.

use dubhe::{Status, Streaming};
use futures_util::{Stream, StreamExt as _, stream};

use crate::java::api::User;
use crate::java::proto::StreamService;

/// Does what the provider of the Java peer does.
pub(crate) struct Streams;

impl StreamService for Streams {
    async fn count(
        &self,
        name: String,
    ) -> Result<impl Stream<Item = Result<String, Status>>, Status> {
        Ok(stream::iter((0..5).map(move |i| Ok(format!("{name} {i}")))))
    }

    async fn older(
        &self,
        users: Streaming<User>,
    ) -> Result<impl Stream<Item = Result<User, Status>>, Status> {
        Ok(users.map(|user| user.map(|user| User { age: user.age.map(|age| age + 1), ..user })))
    }
}
