//! Operations on their way to the server and their answers on the way back.

use bytes::{Bytes, BytesMut};
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
    /// Gives the session up for a new one.
    Renew,
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
    Delete { version: i32, reply: Reply<()> },
    Set { data: Vec<u8>, version: i32, reply: Reply<Stat> },
    Exists { fire: Option<WatchTrigger>, reply: Reply<Option<Stat>> },
    Get { fire: Option<WatchTrigger>, reply: Reply<(Bytes, Stat)> },
    Children { fire: Option<WatchTrigger>, reply: Reply<Vec<String>> },
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
            Operation::Delete { version, .. } => wire::delete(out, id, &self.path, *version),
            Operation::Set { data, version, .. } => {
                wire::set_data(out, id, &self.path, data, *version);
            }
            Operation::Exists { fire, .. } => wire::exists(out, id, &self.path, fire.is_some()),
            Operation::Get { fire, .. } => wire::get_data(out, id, &self.path, fire.is_some()),
            Operation::Children { fire, .. } => {
                wire::children(out, id, &self.path, fire.is_some());
            }
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
        let Self { path, operation } = self;
        let watch = |what, fire: Option<WatchTrigger>| {
            if let Some(fire) = fire {
                watches.add(what, path, fire);
            }
        };
        match operation {
            Operation::Create { reply, .. } | Operation::Delete { reply, .. } => {
                let _ = reply.send(error.map_or(Ok(()), Err));
            }
            Operation::Set { reply, .. } => {
                let _ = reply.send(answered(error, || Stat::read(record))?);
            }
            Operation::Exists { fire, reply } => {
                let answer = match error {
                    Some(Error::NoNode) => {
                        watch(WatchKind::Absence, fire);
                        Ok(None)
                    }
                    error => {
                        let answer = answered(error, || Stat::read(record))?;
                        if answer.is_ok() {
                            watch(WatchKind::Data, fire);
                        }
                        answer.map(Some)
                    }
                };
                let _ = reply.send(answer);
            }
            Operation::Get { fire, reply } => {
                let answer = answered(error, || wire::data(record))?;
                if answer.is_ok() {
                    watch(WatchKind::Data, fire);
                }
                let _ = reply.send(answer);
            }
            Operation::Children { fire, reply } => {
                let answer = answered(error, || wire::names(record))?;
                if answer.is_ok() {
                    watch(WatchKind::Children, fire);
                }
                let _ = reply.send(answer);
            }
        }
        Ok(())
    }
}

/// The answer of an error code, or of the record that follows where there is none.
fn answered<T>(
    error: Option<Error>,
    read: impl FnOnce() -> Result<T, Malformed>,
) -> Result<Result<T, Error>, Malformed> {
    match error {
        None => read().map(Ok),
        Some(error) => Ok(Err(error)),
    }
}
