//! The decoders of frames, for the fuzz target alone.

use bytes::{Bytes, BytesMut};

use crate::wire::{ConnectResponse, Event, Header, data, names, split_frame};

/// Takes the first frame off `input` when all of it is there; `None` also for one of a negative length
/// or of more bytes than `most`.
pub fn frame(input: &mut BytesMut, most: usize) -> Option<Bytes> {
    split_frame(input, most).ok().flatten()
}

/// The bytes of data and texts that a frame has, read as a handshake and as a reply to each request,
/// each by itself.
pub fn sizes(frame: &Bytes) -> [usize; 4] {
    let record = || Some(Header::read(frame.clone()).ok()?.1);
    let password = ConnectResponse::read(frame.clone()).ok().map(|read| read.password.len());
    let path = record().and_then(|mut record| Some(Event::read(&mut record).ok()?.path.len()));
    let data = record().and_then(|mut record| Some(data(&mut record).ok()?.0.len()));
    let names = record().and_then(|mut record| {
        // Each has its length before it.
        Some(names(&mut record).ok()?.iter().map(|name| name.len() + 4).sum())
    });
    [password, path, data, names].map(Option::unwrap_or_default)
}
