//! Operations on their way to the server and their answers on the way back.

use bytes::BytesMut;
use tokio::sync::oneshot;

use super::watches::{WatchKind, WatchTrigger, Watches};
use super::{Client, Error};
use crate::wire::{self, Acl, Malformed, Reader, Stat};

/// The sender of an answer.
pub(super) type Reply<T> = oneshot::Sender<Result<T, Error>>;

/// A command of a handle to the driver.
#[derive(Debug)]
pub(super) enum Command {
    Request(Request),
    Close(oneshot::Sender<()>),
}

/// An operation on a node. Dropped, it answers the caller that there is no connection.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) path: String,
    pub(super) operation: Operation,
}

/// An operation and the receiver of its answer.
#[derive(Debug)]
pub(super) enum Operation {
    Create { data: Vec<u8>, ephemeral: bool, reply: Reply<()> },
    Delete { reply: Reply<()> },
    Exists { fire: Option<WatchTrigger>, reply: Reply<Option<Stat>> },
    Children { fire: WatchTrigger, reply: Reply<Vec<String>> },
}

impl Client {
    /// Sends an operation and waits for its answer.
    pub(super) async fn ask<T>(
        &self,
        path: &str,
        operation: impl FnOnce(Reply<T>) -> Operation,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        let request = Request { path: path.to_owned(), operation: operation(reply) };
        self.commands.send(Command::Request(request)).await.map_err(|_| Error::Closed)?;
        // A request that is dropped unanswered has lost its connection.
        answer.await.unwrap_or(Err(Error::Disconnected))
    }
}

impl Request {
    pub(super) fn write(&self, out: &mut BytesMut, id: i32, acl: Acl) {
        match &self.operation {
            Operation::Create { data, ephemeral, .. } => {
                wire::create(out, id, &self.path, data, *ephemeral, acl);
            }
            Operation::Delete { .. } => wire::delete(out, id, &self.path),
            Operation::Exists { fire, .. } => wire::exists(out, id, &self.path, fire.is_some()),
            Operation::Children { .. } => wire::children(out, id, &self.path),
        }
    }

    /// Hands over the answer: an error code or a record. A caller that has left does not matter.
    pub(super) fn answer(
        self,
        code: i32,
        record: &mut Reader,
        watches: &mut Watches,
    ) -> Result<(), Malformed> {
        let error = Error::of_code(code);
        match self.operation {
            Operation::Create { reply, .. } | Operation::Delete { reply } => {
                let _ = reply.send(error.map_or(Ok(()), Err));
            }
            Operation::Exists { fire, reply } => {
                let (what, answer) = match error {
                    None => (WatchKind::Data, Some(Stat::read(record)?)),
                    Some(Error::NoNode) => (WatchKind::Absence, None),
                    Some(error) => {
                        let _ = reply.send(Err(error));
                        return Ok(());
                    }
                };
                if let Some(fire) = fire {
                    watches.add(what, self.path, fire);
                }
                let _ = reply.send(Ok(answer));
            }
            Operation::Children { fire, reply } => {
                let _ = reply.send(match error {
                    None => {
                        let names = wire::names(record)?;
                        watches.add(WatchKind::Children, self.path, fire);
                        Ok(names)
                    }
                    Some(error) => Err(error),
                });
            }
        }
        Ok(())
    }
}
