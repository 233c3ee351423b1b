//! Replies and events of the server.

use bytes::Bytes;

use super::read::{Malformed, Reader};

/// The server's half of the handshake.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ConnectResponse {
    /// The granted session timeout in milliseconds; not positive when the session is over.
    pub(crate) timeout: i32,
    /// The session.
    pub(crate) session: i64,
    /// The password that a later connection must send to go on with the session.
    pub(crate) password: Bytes,
}

impl ConnectResponse {
    pub(crate) fn read(frame: Bytes) -> Result<Self, Malformed> {
        let mut record = Reader::new(frame);
        let _protocol = record.int()?;
        // A flag "read only" follows since 3.4; nobody asked for that.
        Ok(Self { timeout: record.int()?, session: record.long()?, password: record.buffer()? })
    }
}

/// The header before the record of a reply.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) xid: i32,
    /// The last transaction the server has seen; not positive when it does not say.
    pub(crate) zxid: i64,
    /// 0 or a `KeeperException.Code`.
    pub(crate) error: i32,
}

impl Header {
    /// The header of a frame, and what follows it.
    pub(crate) fn read(frame: Bytes) -> Result<(Self, Reader), Malformed> {
        let mut record = Reader::new(frame);
        let header = Self { xid: record.int()?, zxid: record.long()?, error: record.int()? };
        Ok((header, record))
    }
}

/// The facts of a node (ZooKeeper `Stat`).
///
/// ```
/// # mod dubhe { pub mod zookeeper { pub use dubhe_zookeeper::client::{Client, Error, Stat}; } }
/// use dubhe::zookeeper::{Client, Error, Stat};
///
/// /// Tells if a node ends with the session of this client.
/// async fn is_ours(client: &Client, path: &str) -> Result<bool, Error> {
///     let session = client.connected().await?;
///     let stat: Option<Stat> = client.stat(path).await?;
///     Ok(stat.is_some_and(|stat| stat.ephemeral_owner == session.id()))
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// The session that the node goes with, or 0 when it stays.
    pub ephemeral_owner: i64,
    /// The number of its children.
    pub children: i32,
    /// The number of times its data was replaced, since it was made.
    pub version: i32,
}

impl Stat {
    pub(crate) fn read(record: &mut Reader) -> Result<Self, Malformed> {
        let (_created, _modified) = (record.long()?, record.long()?);
        let (_created_at, _modified_at) = (record.long()?, record.long()?);
        let version = record.int()?;
        let (_children_version, _acl_version) = (record.int()?, record.int()?);
        let ephemeral_owner = record.long()?;
        let _data_length = record.int()?;
        let children = record.int()?;
        let _children_changed = record.long()?;
        Ok(Self { ephemeral_owner, children, version })
    }
}

/// The data and the facts of a node.
pub(crate) fn data(record: &mut Reader) -> Result<(Bytes, Stat), Malformed> {
    Ok((record.buffer()?, Stat::read(record)?))
}

/// The names of a node's children.
pub(crate) fn names(record: &mut Reader) -> Result<Vec<String>, Malformed> {
    record.strings()
}

/// A watch fired.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) kind: EventKind,
    pub(crate) path: String,
}

/// The kind of a change of a node, by the numbers of `Watcher.Event.EventType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventKind {
    Created,
    Deleted,
    DataChanged,
    ChildrenChanged,
    /// A change of the connection, which tells of no node.
    Connection,
}

impl Event {
    pub(crate) fn read(record: &mut Reader) -> Result<Self, Malformed> {
        let kind = match record.int()? {
            1 => EventKind::Created,
            2 => EventKind::Deleted,
            3 => EventKind::DataChanged,
            4 => EventKind::ChildrenChanged,
            -1 => EventKind::Connection,
            // Those of watches that nobody asked for (`AddWatchMode`), or no event at all.
            _ => return Err(Malformed("an event of an unknown kind")),
        };
        let _state = record.int()?;
        Ok(Self { kind, path: record.string()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_is_read_with_and_without_its_last_flag() {
        let frame = b"\0\0\0\0\0\0\x0f\xa0\0\0\0\0\0\0\0\x2a\0\0\0\x02pw";
        let response =
            ConnectResponse { timeout: 4000, session: 42, password: Bytes::from_static(b"pw") };
        assert_eq!(ConnectResponse::read(Bytes::from_static(frame)).unwrap(), response);
        let with_flag: Bytes = [&frame[..], b"\0"].concat().into();
        assert_eq!(ConnectResponse::read(with_flag).unwrap(), response);
        for cut in 0..frame.len() {
            assert!(ConnectResponse::read(Bytes::from_static(&frame[..cut])).is_err(), "{cut}");
        }
    }

    #[test]
    fn a_stat_is_read_and_never_beyond_its_end() {
        let mut frame = vec![0; 68];
        frame[35] = 9;
        frame[51] = 7;
        frame[59] = 3;
        let stat = Stat::read(&mut Reader::new(frame.clone().into())).unwrap();
        assert_eq!(stat, Stat { ephemeral_owner: 7, children: 3, version: 9 });
        for cut in 0..68 {
            assert!(Stat::read(&mut Reader::new(frame[..cut].to_vec().into())).is_err(), "{cut}");
        }
    }

    #[test]
    fn a_header_and_an_event_are_read() {
        let frame = b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0\
                      \0\0\0\x04\0\0\0\x03\0\0\0\x02/a";
        let (header, mut record) = Header::read(Bytes::from_static(frame)).unwrap();
        assert_eq!(header, Header { xid: super::super::xid::EVENT, zxid: -1, error: 0 });
        let event = Event { kind: EventKind::ChildrenChanged, path: "/a".to_owned() };
        assert_eq!(Event::read(&mut record).unwrap(), event);
        let unknown = b"\0\0\0\xfb\0\0\0\x03\0\0\0\x02/a";
        assert!(Event::read(&mut Reader::new(Bytes::from_static(unknown))).is_err());
    }
}
