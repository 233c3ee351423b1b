//! The 16-byte header in front of every body.
//!
//! | bytes | meaning |
//! | --- | --- |
//! | 0–1 | magic `da bb` |
//! | 2 | `0x80` request, `0x40` two-way (requests only), `0x20` event, `0x1f` serialization id |
//! | 3 | status of a response, 0 in requests |
//! | 4–11 | request id, which the response repeats |
//! | 12–15 | body length, a signed 32-bit number |
//!
//! Source: Dubbo Java `ExchangeCodec`.

use crate::serialization::SerializationId;

/// The length of a header in bytes.
pub const LEN: usize = 16;

/// The first two bytes of a header.
pub const MAGIC: [u8; 2] = [0xda, 0xbb];

const REQUEST: u8 = 0x80;
const TWO_WAY: u8 = 0x40;
const EVENT: u8 = 0x20;

/// The kind of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A call; without `two_way` nobody answers it.
    Call {
        /// The expectation of an answer.
        two_way: bool,
    },
    /// A heartbeat when `two_way`, else a notice such as readonly.
    Event {
        /// The expectation of an answer.
        two_way: bool,
    },
    /// The answer to a call.
    Reply {
        /// The status byte; see [`dubhe_core::status::table::dubbo`].
        status: u8,
    },
    /// The answer to a heartbeat.
    EventReply {
        /// The status byte.
        status: u8,
    },
}

/// A parsed header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Header {
    /// The kind of the frame.
    pub kind: Kind,
    /// The serialization of its body.
    pub serialization: SerializationId,
    /// The identity of the call it belongs to: opaque bits, printed by Java as a signed number.
    pub id: u64,
    /// The length of the body in bytes.
    pub length: u32,
}

/// A body length below zero: the stream cannot be followed any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NegativeLength(pub i32);

impl Header {
    /// Reads a header. The magic is the caller's business: it is what frames are found by.
    ///
    /// # Errors
    /// When the body length is negative.
    pub fn parse(bytes: &[u8; LEN]) -> Result<Self, NegativeLength> {
        let [_, _, flags, status, i0, i1, i2, i3, i4, i5, i6, i7, l0, l1, l2, l3] = *bytes;
        let length = i32::from_be_bytes([l0, l1, l2, l3]);
        let length = u32::try_from(length).map_err(|_| NegativeLength(length))?;
        let two_way = flags & TWO_WAY != 0;
        let kind = match (flags & REQUEST != 0, flags & EVENT != 0) {
            (true, false) => Kind::Call { two_way },
            (true, true) => Kind::Event { two_way },
            (false, false) => Kind::Reply { status },
            (false, true) => Kind::EventReply { status },
        };
        Ok(Self {
            kind,
            serialization: SerializationId::from_flags(flags),
            id: u64::from_be_bytes([i0, i1, i2, i3, i4, i5, i6, i7]),
            length,
        })
    }

    /// The header as it is written.
    pub fn to_bytes(self) -> [u8; LEN] {
        let (flags, status) = match self.kind {
            Kind::Call { two_way } => (REQUEST | if two_way { TWO_WAY } else { 0 }, 0),
            Kind::Event { two_way } => (REQUEST | EVENT | if two_way { TWO_WAY } else { 0 }, 0),
            Kind::Reply { status } => (0, status),
            Kind::EventReply { status } => (EVENT, status),
        };
        let [m0, m1] = MAGIC;
        let [i0, i1, i2, i3, i4, i5, i6, i7] = self.id.to_be_bytes();
        let [l0, l1, l2, l3] = self.length.to_be_bytes();
        let flags = flags | self.serialization.number();
        [m0, m1, flags, status, i0, i1, i2, i3, i4, i5, i6, i7, l0, l1, l2, l3]
    }

    /// Returns `true` if it is a heartbeat, a notice, or the answer to one.
    pub fn is_event(&self) -> bool {
        matches!(self.kind, Kind::Event { .. } | Kind::EventReply { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(kind: Kind) -> Header {
        Header { kind, serialization: SerializationId::HESSIAN2, id: u64::MAX - 1, length: 258 }
    }

    /// Byte 2 as measured between Dubbo Java 3.3 peers with hessian2.
    #[test]
    fn flags_are_those_of_java_and_survive_a_round_trip() {
        for (kind, flags, status) in [
            (Kind::Call { two_way: true }, 0xc2, 0),
            (Kind::Call { two_way: false }, 0x82, 0),
            (Kind::Reply { status: 20 }, 0x02, 20),
            (Kind::Event { two_way: true }, 0xe2, 0),
            (Kind::Event { two_way: false }, 0xa2, 0),
            (Kind::EventReply { status: 20 }, 0x22, 20),
        ] {
            let bytes = header(kind).to_bytes();
            assert_eq!(bytes[..4], [0xda, 0xbb, flags, status]);
            assert_eq!(bytes[4..], [255, 255, 255, 255, 255, 255, 255, 254, 0, 0, 1, 2]);
            assert_eq!(Header::parse(&bytes), Ok(header(kind)));
        }
    }

    #[test]
    fn a_negative_length_is_refused() {
        let mut bytes = header(Kind::Reply { status: 20 }).to_bytes();
        bytes[12..].copy_from_slice(&(-1_i32).to_be_bytes());
        assert_eq!(Header::parse(&bytes), Err(NegativeLength(-1)));
    }
}
