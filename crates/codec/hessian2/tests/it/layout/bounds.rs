//! Arguments that no honest peer sends.

use std::iter::repeat_n;

use bytes::Bytes;
use dubhe_hessian2::layout::{join, split};
use dubhe_hessian2::{Encoder, Error, ErrorKind};

fn text(error: &Error) -> String {
    error.to_string()
}

#[test]
fn bytes_that_are_not_so_many_values() {
    let three = Bytes::from_static(b"\x90\x91\x92");
    for (count, kind) in [(2, ErrorKind::Malformed), (4, ErrorKind::Truncated)] {
        assert_eq!(split(&three, count).unwrap_err().kind(), kind);
    }
    assert!(text(&split(&three, 4).unwrap_err()).contains("argument 4 of 4"));
    assert_eq!(split(&three, usize::MAX).unwrap_err().kind(), ErrorKind::Truncated);
    assert_eq!(split(&three, 3).unwrap(), [&b"\x90"[..], b"\x91", b"\x92"]);
}

#[test]
fn a_piece_that_is_not_one_value() {
    // What follows a value could pass for the next argument, or for the attachments.
    let smuggled = Bytes::from_static(b"\x01aH\x05token\x01tZ");
    for bad in [smuggled, Bytes::new(), Bytes::from_static(b"\x05ab"), Bytes::from_static(b"Z")] {
        for pieces in [vec![bad.clone()], vec![Bytes::from_static(b"N"), bad.clone()]] {
            let error = join(&pieces).unwrap_err();
            let place = format!("argument {0} of {0}", pieces.len());
            assert!(text(&error).contains(&place), "{error}");
        }
    }
}

#[test]
fn a_reference_out_of_a_piece_leads_nowhere() {
    let pieces = [Bytes::from_static(b"\x78"), Bytes::from_static(b"\x51\x90")];
    assert_eq!(join(&pieces).unwrap_err().kind(), ErrorKind::Reference);
    let pieces = [Bytes::from_static(b"C\x01a\x90\x60"), Bytes::from_static(b"\x60")];
    assert_eq!(join(&pieces).unwrap_err().kind(), ErrorKind::Reference);
}

/// `first`, and then `count` times `each`.
fn many(first: &[u8], each: &[u8], count: usize) -> Bytes {
    [first, &each.repeat(count)].concat().into()
}

#[test]
fn copies_of_one_argument_are_bounded() {
    let mut list = Encoder::new();
    list.write_list(50_000, |e| {
        repeat_n((), 50_000).for_each(|()| e.write_i32(1));
        Ok(())
    })
    .unwrap();
    let list = list.into_buffer();
    let copies = |count| split(&many(&list, b"\x51\x90", count), count + 1);
    let messages = copies(10).unwrap();
    assert!(messages.iter().all(|message| message == &list[..]));
    let error = copies(1000).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert!(text(&error).contains("argument "), "{error}");
}

#[test]
fn definitions_and_types_written_again_are_bounded() {
    let name = "x".repeat(30_000);
    let mut class = Encoder::new();
    class.buffer_mut().extend_from_slice(b"C");
    class.write_str(&name);
    class.buffer_mut().extend_from_slice(b"\x90\x60");
    let mut typed = Encoder::new();
    typed.write_typed_list(&name, 0, |_| Ok(())).unwrap();
    for (first, each) in [(class, &b"\x60"[..]), (typed, b"\x70\x90")] {
        let first = first.into_buffer();
        let messages = split(&many(&first, each, 10), 11).unwrap();
        assert!(messages.iter().all(|message| message == &first[..]));
        let error = split(&many(&first, each, 10_000), 10_001).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit);
        assert!(text(&error).contains("share so much"), "{error}");
    }
}

#[test]
fn copies_that_nest_are_bounded() {
    // Each argument is a list that holds the one before it.
    let chain = |length: u8| -> Bytes {
        let links = (0..length).flat_map(|n| match n {
            0 => vec![0x78],
            n => vec![0x79, 0x51, 0xc8, n - 1],
        });
        links.collect::<Vec<u8>>().into()
    };
    let messages = split(&chain(60), 60).unwrap();
    assert_eq!(messages.iter().map(Bytes::len).max(), Some(60));
    let error = split(&chain(200), 200).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert!(text(&error).contains("nest deeper than 128"), "{error}");
}

#[test]
fn parts_and_then_their_wholes_cost_no_more_than_the_limit() {
    // One argument nests 100 lists around 100,000 numbers; the next refers to each list, from the
    // innermost outwards, so that each copy finds the one before it within.
    let core = b"\x90".repeat(100_000);
    let mut first = Encoder::new();
    fn nest(e: &mut Encoder, depth: usize, core: &[u8]) {
        let len = if depth == 0 { core.len() } else { 1 };
        e.write_list(len, |e| {
            match depth {
                0 => e.buffer_mut().extend_from_slice(core),
                _ => nest(e, depth - 1, core),
            }
            Ok(())
        })
        .unwrap();
    }
    nest(&mut first, 99, &core);
    let mut second = Encoder::new();
    second
        .write_list(100, |e| {
            (0..100).rev().for_each(|n| e.write_reference(n));
            Ok(())
        })
        .unwrap();
    let whole = [first.into_buffer(), second.into_buffer()].concat();
    assert_eq!(split(&whole.into(), 2).unwrap_err().kind(), ErrorKind::Limit);
}
