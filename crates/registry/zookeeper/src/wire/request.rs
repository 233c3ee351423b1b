//! The requests this client sends.

use bytes::{BufMut, BytesMut};

use super::frame::write_frame;
use super::write::{buffer, string, strings};
use super::xid;

/// Operations by ZooKeeper's numbers (`ZooDefs.OpCode`).
mod operation {
    pub(super) const CREATE: i32 = 1;
    pub(super) const DELETE: i32 = 2;
    pub(super) const EXISTS: i32 = 3;
    pub(super) const GET_DATA: i32 = 4;
    pub(super) const SET_DATA: i32 = 5;
    pub(super) const CHILDREN: i32 = 8;
    pub(super) const PING: i32 = 11;
    pub(super) const AUTH: i32 = 100;
    pub(super) const SET_WATCHES: i32 = 101;
    pub(super) const CLOSE: i32 = -11;
}

/// The access control list of a new node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acl {
    /// All rights for everybody (`OPEN_ACL_UNSAFE`).
    Open,
    /// All rights for whoever has authenticated as its creator did (`CREATOR_ALL_ACL`).
    Creator,
}

/// The first frame of a connection.
pub(crate) struct ConnectRequest<'a> {
    /// A server that has not seen this transaction yet refuses the session.
    pub(crate) last_zxid: i64,
    /// The wanted session timeout in milliseconds.
    pub(crate) timeout: i32,
    /// The session to go on with, or 0.
    pub(crate) session: i64,
    /// The password of that session.
    pub(crate) password: &'a [u8],
}

impl ConnectRequest<'_> {
    pub(crate) fn write(&self, out: &mut BytesMut) {
        const PROTOCOL: i32 = 0;
        const READ_ONLY: u8 = 0;
        write_frame(out, |out| {
            out.put_i32(PROTOCOL);
            out.put_i64(self.last_zxid);
            out.put_i32(self.timeout);
            out.put_i64(self.session);
            buffer(out, self.password);
            out.put_u8(READ_ONLY);
        });
    }
}

fn request(out: &mut BytesMut, id: i32, operation: i32, record: impl FnOnce(&mut BytesMut)) {
    write_frame(out, |out| {
        out.put_i32(id);
        out.put_i32(operation);
        record(out);
    });
}

/// Makes a node.
pub(crate) fn create(
    out: &mut BytesMut,
    id: i32,
    path: &str,
    data: &[u8],
    ephemeral: bool,
    acl: Acl,
) {
    const ALL_PERMISSIONS: i32 = 0b1_1111;
    let (scheme, who) = match acl {
        Acl::Open => ("world", "anyone"),
        Acl::Creator => ("auth", ""),
    };
    request(out, id, operation::CREATE, |out| {
        string(out, path);
        buffer(out, data);
        out.put_i32(1);
        out.put_i32(ALL_PERMISSIONS);
        string(out, scheme);
        string(out, who);
        out.put_i32(i32::from(ephemeral));
    });
}

/// The version of a node that stands for all of them.
pub(crate) const ANY_VERSION: i32 = -1;

/// Removes a node of this version.
pub(crate) fn delete(out: &mut BytesMut, id: i32, path: &str, version: i32) {
    request(out, id, operation::DELETE, |out| {
        string(out, path);
        out.put_i32(version);
    });
}

/// Replaces the data of a node of this version.
pub(crate) fn set_data(out: &mut BytesMut, id: i32, path: &str, data: &[u8], version: i32) {
    request(out, id, operation::SET_DATA, |out| {
        string(out, path);
        buffer(out, data);
        out.put_i32(version);
    });
}

/// Asks for the [`super::Stat`] of a node and watches it if told to.
pub(crate) fn exists(out: &mut BytesMut, id: i32, path: &str, watch: bool) {
    read(out, id, operation::EXISTS, path, watch);
}

/// Asks for the data and the [`super::Stat`] of a node and watches it if told to.
pub(crate) fn get_data(out: &mut BytesMut, id: i32, path: &str, watch: bool) {
    read(out, id, operation::GET_DATA, path, watch);
}

/// Asks for the names of a node's children and watches them if told to.
pub(crate) fn children(out: &mut BytesMut, id: i32, path: &str, watch: bool) {
    read(out, id, operation::CHILDREN, path, watch);
}

fn read(out: &mut BytesMut, id: i32, operation: i32, path: &str, watch: bool) {
    request(out, id, operation, |out| {
        string(out, path);
        out.put_u8(u8::from(watch));
    });
}

/// Authenticates as `user:password` under the scheme `digest`.
pub(crate) fn auth(out: &mut BytesMut, user: &str, password: &str) {
    request(out, xid::AUTH, operation::AUTH, |out| {
        out.put_i32(0);
        string(out, "digest");
        string(out, &format!("{user}:{password}"));
    });
}

/// Takes watches over from an earlier connection of the session. Those of nodes that changed after
/// the transaction `since` fire at once.
pub(crate) fn set_watches(
    out: &mut BytesMut,
    since: i64,
    data: &[&str],
    exist: &[&str],
    children: &[&str],
) {
    request(out, xid::SET_WATCHES, operation::SET_WATCHES, |out| {
        out.put_i64(since);
        for paths in [data, exist, children] {
            strings(out, paths);
        }
    });
}

/// A sign of life.
pub(crate) fn ping(out: &mut BytesMut) {
    request(out, xid::PING, operation::PING, |_| {});
}

/// Ends the session; its ephemeral nodes go at once.
pub(crate) fn close(out: &mut BytesMut, id: i32) {
    request(out, id, operation::CLOSE, |_| {});
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut BytesMut)) -> BytesMut {
        let mut out = BytesMut::new();
        write(&mut out);
        out
    }

    #[test]
    fn a_handshake_has_the_bytes_of_java() {
        let request =
            ConnectRequest { last_zxid: 5, timeout: 40_000, session: 0x0102, password: &[9; 16] };
        let mut expected =
            b"\0\0\0\x2d\0\0\0\0\0\0\0\0\0\0\0\x05\0\0\x9c\x40\0\0\0\0\0\0\x01\x02\0\0\0\x10"
                .to_vec();
        expected.extend([9; 16]);
        expected.push(0);
        assert_eq!(&written(|out| request.write(out))[..], &expected[..]);
    }

    #[test]
    fn requests_have_the_bytes_of_java() {
        assert_eq!(
            &written(|out| create(out, 1, "/a", b"x", true, Acl::Open))[..],
            b"\0\0\0\x32\0\0\0\x01\0\0\0\x01\0\0\0\x02/a\0\0\0\x01x\0\0\0\x01\0\0\0\x1f\
              \0\0\0\x05world\0\0\0\x06anyone\0\0\0\x01"
        );
        assert_eq!(
            &written(|out| create(out, 1, "/a", b"", false, Acl::Creator))[..],
            b"\0\0\0\x2a\0\0\0\x01\0\0\0\x01\0\0\0\x02/a\0\0\0\0\0\0\0\x01\0\0\0\x1f\
              \0\0\0\x04auth\0\0\0\0\0\0\0\0"
        );
        assert_eq!(
            &written(|out| delete(out, 2, "/a", ANY_VERSION))[..],
            b"\0\0\0\x12\0\0\0\x02\0\0\0\x02\0\0\0\x02/a\xff\xff\xff\xff"
        );
        assert_eq!(
            &written(|out| exists(out, 3, "/a", false))[..],
            b"\0\0\0\x0f\0\0\0\x03\0\0\0\x03\0\0\0\x02/a\0"
        );
        assert_eq!(
            &written(|out| children(out, 4, "/a", true))[..],
            b"\0\0\0\x0f\0\0\0\x04\0\0\0\x08\0\0\0\x02/a\x01"
        );
        assert_eq!(
            &written(|out| get_data(out, 6, "/a", true))[..],
            b"\0\0\0\x0f\0\0\0\x06\0\0\0\x04\0\0\0\x02/a\x01"
        );
        assert_eq!(
            &written(|out| set_data(out, 7, "/a", b"xy", 3))[..],
            b"\0\0\0\x18\0\0\0\x07\0\0\0\x05\0\0\0\x02/a\0\0\0\x02xy\0\0\0\x03"
        );
        assert_eq!(
            &written(|out| auth(out, "u", "p"))[..],
            b"\0\0\0\x1d\xff\xff\xff\xfc\0\0\0\x64\0\0\0\0\0\0\0\x06digest\0\0\0\x03u:p"
        );
        assert_eq!(&written(ping)[..], b"\0\0\0\x08\xff\xff\xff\xfe\0\0\0\x0b");
        assert_eq!(&written(|out| close(out, 5))[..], b"\0\0\0\x08\0\0\0\x05\xff\xff\xff\xf5");
        assert_eq!(
            &written(|out| set_watches(out, 7, &["/d"], &[], &["/c"]))[..],
            b"\0\0\0\x28\xff\xff\xff\xf8\0\0\0\x65\0\0\0\0\0\0\0\x07\0\0\0\x01\0\0\0\x02/d\
              \0\0\0\0\0\0\0\x01\0\0\0\x02/c"
        );
    }
}
