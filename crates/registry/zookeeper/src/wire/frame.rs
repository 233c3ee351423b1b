//! Frames: a length and that many bytes.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::read::Malformed;

/// Takes the first frame off `input`, when all of it is there. One with more than `most` bytes is
/// refused as soon as its length is known; memory grows with what arrives, not with what is declared.
pub(crate) fn split_frame(input: &mut BytesMut, most: usize) -> Result<Option<Bytes>, Malformed> {
    let Some(mut length) = input.get(..4) else { return Ok(None) };
    let length = usize::try_from(length.get_i32())
        .ok()
        .filter(|length| *length <= most)
        .ok_or(Malformed("a frame of a negative length or of more bytes than jute.maxbuffer"))?;
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
            assert_eq!(split_frame(&mut part, 3), Ok(None), "{cut}");
        }
        assert_eq!(split_frame(&mut whole, 3), Ok(Some(Bytes::from_static(b"abc"))));
        assert_eq!(split_frame(&mut whole, 3), Ok(Some(Bytes::new())));
        assert_eq!(split_frame(&mut whole, 3), Ok(None));
    }

    #[test]
    fn absurd_lengths_are_refused_before_anything_is_stored() {
        let limit = 16 * 1024 * 1024;
        let split =
            |length: i32, most| split_frame(&mut BytesMut::from(&length.to_be_bytes()[..]), most);
        for length in [-1, i32::MIN, i32::MAX, 16 * 1024 * 1024 + 1] {
            assert!(split(length, limit).is_err(), "{length}");
        }
        assert_eq!(split(16 * 1024 * 1024, limit), Ok(None), "the rest is waited for");
        for (length, fits) in [(3, true), (4, false)] {
            assert_eq!(split(length, 3).is_ok(), fits, "{length}");
        }
    }
}
