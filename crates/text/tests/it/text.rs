//! Every length and every place of a byte that is not ASCII.

use bytes::Bytes;
use dubhe_text::{ascii, is_ascii, share};

/// The longest text: past every path of lengths, which are bytes, halves of words, words, and
/// several words.
const LONGEST: usize = if cfg!(miri) { 35 } else { 130 };

#[test]
fn ascii_is_given_back_as_it_is() {
    let all: Vec<u8> = (0..0x80).cycle().take(LONGEST).collect();
    for len in 0..=LONGEST {
        for start in 0..=(LONGEST - len).min(8) {
            let bytes = &all[start..start + len];
            assert_eq!(ascii(bytes), Some(std::str::from_utf8(bytes).unwrap()));
        }
    }
}

#[test]
fn one_other_byte_anywhere_is_seen() {
    for len in 1..=LONGEST {
        for at in 0..len {
            for other in [0x80, 0xc3, 0xff] {
                let mut bytes = vec![0x7f; len];
                bytes[at] = other;
                assert!(!is_ascii(&bytes), "{other:#x} at {at} of {len}");
                assert_eq!(ascii(&bytes), None);
            }
        }
    }
}

#[test]
fn bytes_around_a_string_do_not_count() {
    let mut all = [0xff; LONGEST + 16];
    for len in 0..=LONGEST {
        all[8..8 + len].fill(b'a');
        assert!(is_ascii(&all[8..8 + len]));
    }
}

#[test]
fn text_within_is_shared_and_outlives_the_rest() {
    let all = Bytes::from("a Grüße b".as_bytes().to_vec());
    let text = std::str::from_utf8(&all[2..9]).unwrap();
    let shared = share(&all, text);
    assert_eq!(shared, "Grüße");
    assert_eq!(shared.as_ptr(), text.as_ptr());
    drop(all);
    assert_eq!(shared, "Grüße");
}

#[test]
fn the_edges_are_within() {
    let all = Bytes::from_static(b"edge");
    let text = std::str::from_utf8(&all).unwrap();
    for part in [text, &text[..0], &text[4..]] {
        assert_eq!(share(&all, part), part);
    }
}

#[test]
fn text_elsewhere_is_copied() {
    let buffer = Bytes::from_static(b"before, within and after");
    let all = buffer.slice(8..14);
    let text = std::str::from_utf8(&buffer).unwrap();
    for part in [&text[..6], &text[4..10], &text[10..16], &text[15..]] {
        let copy = share(&all, part);
        assert_eq!(copy, part);
        assert_ne!(copy.as_ptr(), part.as_ptr());
    }
    assert_eq!(share(&Bytes::new(), "text"), "text");
}
