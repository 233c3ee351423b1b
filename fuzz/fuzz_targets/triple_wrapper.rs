//! Any bytes as the messages around calls of Java interfaces, as percent-encoded text, as a
//! timeout and as metadata: an error or a value, and what is written is read back.

#![no_main]

use bytes::{Bytes, BytesMut};
use dubhe_core::payload::DecodeLimits;
use dubhe_triple::wrapper::{RequestWrapper, ResponseWrapper};
use dubhe_triple::metadata::BinaryNames;
use dubhe_triple::{metadata, percent, status, timeout};
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let message = Bytes::copy_from_slice(input);
    if let Ok(wrapper) = RequestWrapper::decode(message.clone()) {
        let content: usize = wrapper.args.iter().map(Bytes::len).sum();
        assert!(content <= input.len());
        let mut out = BytesMut::new();
        wrapper.write(&mut out);
        let again = RequestWrapper::decode(out.freeze()).expect("what is written is read");
        assert_eq!(again.args, wrapper.args);
        assert_eq!(again.serialize_type, wrapper.serialize_type);
    }
    if let Ok(wrapper) = ResponseWrapper::decode(message) {
        assert!(wrapper.data.len() <= input.len());
    }

    let text = percent::decode(input);
    assert_eq!(percent::decode(percent::encode(&text).as_bytes()), text);
    if let Ok(text) = std::str::from_utf8(input)
        && let Some(parsed) = timeout::parse(text)
    {
        assert!(timeout::parse(&timeout::format(parsed)).is_some_and(|again| again <= parsed));
    }
    let Ok(value) = HeaderValue::from_bytes(input) else { return };
    for name in ["tri-header-convert", "k-bin", "K", "grpc-status-details-bin", "grpc-message"] {
        let Ok(name) = http::HeaderName::from_bytes(name.as_bytes()) else { continue };
        let mut headers = HeaderMap::new();
        headers.insert("k", HeaderValue::from_static("v"));
        headers.insert("grpc-status", HeaderValue::from_static("3"));
        headers.insert(name, value.clone());
        let read = metadata::read(&headers, BinaryNames::Dubbo);
        let mut written = HeaderMap::new();
        metadata::write(&read, &mut written);
        let _ = status::read(&headers, BinaryNames::Grpc, &DecodeLimits::default());
    }
});
