//! Arguments as payloads of a call, in either layout.

use bytes::Bytes;
use dubhe_core::payload::{Args, Content};
use dubhe_core::{Code, Encoded, EncodedArgs, Format, Payload, Value};
use dubhe_hessian2::Encoder;
use dubhe_hessian2::payload::{args, arguments, separate, shared, write_args};

use super::{lies_in, user};

fn values() -> (Value, i32, Value) {
    (user("a"), 5, user("b"))
}

/// The same arguments in both layouts.
fn encoded() -> (EncodedArgs, EncodedArgs) {
    let values = [user("a"), 5.into(), user("b")];
    let pieces = super::separate(&values);
    let one = EncodedArgs::shared(Format::Hessian2, 3, super::shared(&values));
    (one, EncodedArgs::separate(Format::Hessian2, pieces))
}

#[test]
fn every_kind_of_arguments_is_written_in_the_layout_of_the_encoder() {
    let (one, each) = encoded();
    let Payload::Args(typed) = args(values()) else { unreachable!() };
    let dynamic = Args::Values([user("a"), 5.into(), user("b")].into());
    for arguments in [typed, dynamic, Args::Encoded(one.clone()), Args::Encoded(each.clone())] {
        let mut encoder = Encoder::separate();
        write_args(&arguments, &mut encoder).unwrap();
        let pieces = encoder.arguments().map(Bytes::copy_from_slice);
        assert_eq!(EncodedArgs::separate(Format::Hessian2, pieces), each);
        let mut encoder = Encoder::new();
        write_args(&arguments, &mut encoder).unwrap();
        let bytes = encoder.into_buffer().freeze();
        assert_eq!(EncodedArgs::shared(Format::Hessian2, 3, bytes), one);
    }
}

#[test]
fn arguments_of_either_layout_are_read() {
    let (one, each) = encoded();
    for payload in [Payload::from(one), each.into(), args(values())] {
        assert_eq!(arguments::<(Value, i32, Value)>(&payload).unwrap(), values());
        let (first, second, third) = values();
        let dynamic = dubhe_hessian2::payload::values(&payload);
        assert_eq!(dynamic.unwrap(), [first, second.into(), third]);
        let missing = arguments::<(Value, i32, Value, i32)>(&payload).unwrap_err();
        assert_eq!(missing.code(), Code::InvalidArgument);
    }
}

#[test]
fn an_argument_that_is_cut_does_not_read_on_in_the_next() {
    let pieces = ["\x03ab", "\x01c"].map(Bytes::from);
    let payload = Payload::from(EncodedArgs::separate(Format::Hessian2, pieces));
    assert!(arguments::<(String, String)>(&payload).is_err());
    let pieces = ["\x01ab", "\x01c"].map(Bytes::from);
    let payload = Payload::from(EncodedArgs::separate(Format::Hessian2, pieces));
    let read = arguments::<(String, String)>(&payload).unwrap();
    assert_eq!(read, ("a".to_owned(), "c".to_owned()));
}

#[test]
fn a_message_is_the_only_argument_and_the_other_way_round() {
    let bytes = Bytes::from_static(b"\x01a");
    let message = Payload::from(Encoded::new(Format::Hessian2, bytes.clone()));
    assert_eq!(arguments::<(String,)>(&message).unwrap().0, "a");
    let typed = Payload::Message(Content::Dynamic("a".into()));
    assert_eq!(arguments::<(String,)>(&typed).unwrap().0, "a");
    let one = EncodedArgs::shared(Format::Hessian2, 1, bytes);
    let reply =
        |payload| dubhe_hessian2::payload::reply::<String>(&dubhe_core::Reply::new(payload));
    assert_eq!(reply(one.into()).unwrap(), "a");
    assert_eq!(reply(args(("a".to_owned(),))).unwrap(), "a");
    let error = reply(encoded().0.into()).unwrap_err();
    assert!(error.message().contains("a list of 3 arguments is not a message"), "{error}");
}

#[test]
fn a_message_of_another_type_is_the_fault_of_who_sent_it() {
    use dubhe_hessian2::payload::decode_or;
    let payload = || Payload::Message(Content::Dynamic("a".into()));
    assert_eq!(decode_or::<String>(payload(), Code::Internal).unwrap(), "a");
    for code in [Code::InvalidArgument, Code::Internal] {
        assert_eq!(decode_or::<i32>(payload(), code).unwrap_err().code(), code);
    }
}

#[test]
fn layouts_that_match_are_passed_on_untouched() {
    let (one, each) = encoded();
    let (pieces, whole) = (separate(&each).unwrap(), shared(&one).unwrap());
    let (again, bytes) = (separate(&each).unwrap(), shared(&one).unwrap());
    assert!(pieces.iter().zip(&*again).all(|(a, b)| a.as_ptr() == b.as_ptr()));
    assert_eq!(whole[0].as_ptr(), bytes[0].as_ptr());
    // The first argument, and the one without containers, in the other layout.
    let converted = separate(&one).unwrap();
    assert_eq!([0, 1, 2].map(|n| lies_in(&converted[n], &whole[0])), [true, true, false]);
}

#[test]
fn another_format_is_refused() {
    let json = EncodedArgs::shared(Format::Json, 2, Bytes::from_static(b"[1,2]"));
    for error in [separate(&json).unwrap_err(), shared(&json).unwrap_err()] {
        assert_eq!(error.code(), Code::InvalidArgument);
        assert!(error.message().contains("json cannot be sent as hessian2"), "{error}");
    }
    assert_eq!(arguments::<(i32,)>(&json.into()).unwrap_err().code(), Code::Internal);
}
