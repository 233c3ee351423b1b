//! The boundaries of HTTP/2 frames in the bytes of a peer.

/// The length of the preface of a client (RFC 9113, 3.4).
const PREFACE: usize = 24;
/// The length of the head of a frame (RFC 9113, 4.1).
const HEAD: usize = 9;
/// The type of frames that carry a piece of a body.
const DATA: u8 = 0x0;
/// The types of frames that carry a piece of a header block, and the flag of its last piece.
const HEADERS: u8 = 0x1;
const PUSH_PROMISE: u8 = 0x5;
const CONTINUATION: u8 = 0x9;
const END_HEADERS: u8 = 0x4;

/// Follows the frames in what a peer sends: h2 does not say whether it waits for the rest of one.
#[derive(Debug)]
pub(crate) struct FrameBoundaries {
    /// The head of the next frame, as far as it has come.
    head: [u8; HEAD],
    known: usize,
    /// The bytes that the frame still lacks.
    left: usize,
    /// A header block is not whole.
    in_block: bool,
    /// The present frame carries a piece of a request.
    in_request: bool,
    requests: RequestBytes,
}

/// The parts of requests in the frames of a peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RequestBytes {
    /// Frames that have begun, of any type.
    pub(crate) frames: u64,
    /// Bytes of bodies and header blocks.
    pub(crate) bytes: u64,
}

impl FrameBoundaries {
    /// The boundaries of what a client sends, which begins with its preface.
    pub(crate) fn of_client() -> Self {
        Self {
            head: [0; HEAD],
            known: 0,
            left: PREFACE,
            in_block: false,
            in_request: false,
            requests: RequestBytes::default(),
        }
    }

    /// Takes bytes in the order in which they came.
    pub(crate) fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let taken = if self.left > 0 {
                let taken = self.left.min(bytes.len());
                self.left -= taken;
                if self.in_request {
                    let taken = u64::try_from(taken).unwrap_or(u64::MAX);
                    self.requests.bytes = self.requests.bytes.saturating_add(taken);
                }
                taken
            } else {
                let room = self.head.get_mut(self.known..).unwrap_or_default();
                let taken = room.len().min(bytes.len());
                if let (Some(room), Some(bytes)) = (room.get_mut(..taken), bytes.get(..taken)) {
                    room.copy_from_slice(bytes);
                }
                self.known += taken;
                if self.known == HEAD {
                    self.begin();
                }
                taken
            };
            bytes = bytes.get(taken..).unwrap_or_default();
        }
    }

    /// Begins the frame whose head is there.
    fn begin(&mut self) {
        self.known = 0;
        let [a, b, c, kind, flags, ..] = self.head;
        self.left = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
        if matches!(kind, HEADERS | PUSH_PROMISE | CONTINUATION) {
            self.in_block = flags & END_HEADERS == 0;
        }
        self.in_request = matches!(kind, DATA | HEADERS | CONTINUATION);
        self.requests.frames = self.requests.frames.saturating_add(1);
    }

    /// The parts of requests that ever came.
    pub(crate) fn requests(&self) -> RequestBytes {
        self.requests
    }

    /// Returns `true` while a frame or a header block is not whole.
    pub(crate) fn is_unfinished(&self) -> bool {
        self.left > 0 || self.known > 0 || self.in_block
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_and_a_block_of_several_are_followed_byte_by_byte() {
        let frame = |kind, flags, length: u8| {
            let head = [0, 0, length, kind, flags, 0, 0, 0, 1];
            [&head[..], &vec![0; usize::from(length)]].concat()
        };
        let whole = [
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
            frame(0x4, 0, 0),
            frame(0x6, 0, 8),
            [frame(HEADERS, 0, 3), frame(CONTINUATION, 0, 0), frame(CONTINUATION, 0x4, 2)].concat(),
            frame(0x0, 1, 200),
        ];
        for step in [1, 2, 7, 1000] {
            let mut frames = FrameBoundaries::of_client();
            for part in &whole {
                let (last, bytes) = part.split_last().unwrap();
                for piece in bytes.chunks(step) {
                    frames.push(piece);
                    assert!(frames.is_unfinished());
                }
                frames.push(&[*last]);
                assert!(!frames.is_unfinished(), "{step}");
            }
            // Those of SETTINGS do not count.
            assert_eq!(frames.requests(), RequestBytes { frames: 6, bytes: 3 + 2 + 200 });
        }
    }
}
