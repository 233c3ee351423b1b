//! Frames: a length and that many bytes.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::read::Malformed;

/// The largest frame that is read, in bytes. Java's clients stop at 1 MiB (`jute.maxbuffer`), or
/// about 2,000 providers of one service; this is room for 30,000. Memory grows with what arrives,
/// not with what is declared.
const MAX_FRAME: usize = 16 * 1024 * 1024;

/// Takes the first frame off `input`, when all of it is there.
pub(crate) fn split_frame(input: &mut BytesMut) -> Result<Option<Bytes>, Malformed> {
    let Some(mut length) = input.get(..4) else { return Ok(None) };
    let length = usize::try_from(length.get_i32())
        .ok()
        .filter(|length| *length <= MAX_FRAME)
        .ok_or(Malformed("a frame of a negative length or of more than 16 MiB"))?;
    if input.len() - 4 < length {
        return Ok(None);
    }
    input.advance(4);
    Ok(Some(input.split_to(length).freeze()))
}

/// Appends a frame to `output`, its content written by `content`.
pub(crate) fn write_frame(output: &mut BytesMut, content: impl FnOnce(&mut BytesMut)) {
    let at = output.len();
    output.put_i32(0);
    content(output);
    let length = i32::try_from(output.len() - at - 4).unwrap_or(i32::MAX);
    if let Some(place) = output.get_mut(at..at + 4) {
        place.copy_from_slice(&length.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_comes_out_once_it_is_whole() {
        let mut whole = BytesMut::new();
        write_frame(&mut whole, |out| out.put_slice(b"abc"));
        write_frame(&mut whole, |_| {});
        assert_eq!(&whole[..], b"\0\0\0\x03abc\0\0\0\0");
        for cut in 0..7 {
            let mut part = BytesMut::from(&whole[..cut]);
            assert_eq!(split_frame(&mut part), Ok(None), "{cut}");
        }
        assert_eq!(split_frame(&mut whole), Ok(Some(Bytes::from_static(b"abc"))));
        assert_eq!(split_frame(&mut whole), Ok(Some(Bytes::new())));
        assert_eq!(split_frame(&mut whole), Ok(None));
    }

    #[test]
    fn absurd_lengths_are_refused_before_anything_is_stored() {
        for length in [-1, i32::MIN, i32::MAX, 16 * 1024 * 1024 + 1] {
            let mut input = BytesMut::from(&i32::to_be_bytes(length)[..]);
            assert!(split_frame(&mut input).is_err(), "{length}");
        }
    }
}
