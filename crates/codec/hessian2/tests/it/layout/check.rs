//! Properties of any bytes; fuzzing asks for the same.

use bytes::Bytes;
use dubhe_hessian2::layout::{join, split};
use dubhe_hessian2::{Decoder, Error, ErrorKind, Value};

use super::meaning::alike;

/// Asserts that both are the same values, as far as the bytes can be read at all.
fn compare(a: &[Option<Value>], b: &[Option<Value>]) {
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(b) {
        if let (Some(a), Some(b)) = (a, b) {
            assert!(alike(a, b), "{a} became {b}");
        }
    }
}

/// Values of one numbering. One that exceeds a limit, or whose text is malformed, ends them.
fn shared(bytes: &[u8], count: usize) -> Vec<Option<Value>> {
    let mut decoder = Decoder::new(bytes);
    let mut values: Vec<_> =
        (0..count).map_while(|_| decoder.read_value().ok().map(Some)).collect();
    values.resize(count, None);
    values
}

/// Values of a numbering each.
fn separate(pieces: &[Bytes]) -> Vec<Option<Value>> {
    pieces.iter().map(|piece| Decoder::new(piece).read_value().ok()).collect()
}

fn only_limits(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
}

/// `count` arguments of one numbering, alone and back.
pub(crate) fn there_and_back(message: &[u8], count: usize) {
    let mut decoder = Decoder::new(message);
    if (0..count).any(|_| decoder.skip_value().is_err()) {
        return;
    }
    let whole = Bytes::copy_from_slice(&message[..decoder.position()]);
    let pieces = match split(&whole, count) {
        Ok(pieces) => pieces,
        Err(error) => return only_limits(&error),
    };
    let length: usize = pieces.iter().map(Bytes::len).sum();
    assert!(length <= 18 * whole.len() + (1 << 20), "{length} of {}", whole.len());
    compare(&shared(&whole, count), &separate(&pieces));
    back(&pieces);
}

/// Arguments of a numbering each, joined.
pub(crate) fn back(pieces: &[Bytes]) {
    let joined = match join(pieces) {
        Ok(joined) => joined.concat(),
        // A piece that is not one value.
        Err(_) if !pieces.iter().all(|piece| is_one(piece)) => return,
        Err(error) => return only_limits(&error),
    };
    assert!(pieces.iter().all(|piece| is_one(piece)));
    let mut decoder = Decoder::new(&joined);
    for _ in pieces {
        decoder.skip_value().expect("what was written can be read");
    }
    decoder.end().expect("there is nothing else");
    compare(&separate(pieces), &shared(&joined, pieces.len()));
}

fn is_one(piece: &[u8]) -> bool {
    let mut decoder = Decoder::new(piece);
    decoder.skip_value().is_ok() && decoder.is_at_end()
}
