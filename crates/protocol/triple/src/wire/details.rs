//! `google.rpc.Status`: code 1, message 2, details 3; of each detail (`google.protobuf.Any`) the
//! type 1 and the value 2.

use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use dubhe_core::Status;
use dubhe_core::status::Detail;

use crate::wire::fields::{Fields, Malformed, put, put_number, put_some};

/// The message of a status.
pub(crate) fn write(status: &Status) -> BytesMut {
    let mut out = BytesMut::new();
    put_number(1, status.code().number().into(), &mut out);
    put_some(2, status.message().as_bytes(), &mut out);
    for detail in status.details() {
        let mut any = BytesMut::new();
        put_some(1, detail.type_url.as_bytes(), &mut any);
        put_some(2, &detail.value, &mut any);
        put(3, &any, &mut out);
    }
    out
}

/// The details in such a message.
pub(crate) fn read(message: Bytes) -> Result<Vec<Detail>, Malformed> {
    let mut details = Vec::new();
    let mut fields = Fields::new(message);
    while let Some((field, bytes)) = fields.next_bytes()? {
        if field == 3 {
            details.push(read_any(bytes)?);
        }
    }
    Ok(details)
}

fn read_any(message: Bytes) -> Result<Detail, Malformed> {
    let mut detail = Detail { type_url: ByteString::new(), value: Bytes::new() };
    let mut fields = Fields::new(message);
    while let Some((field, bytes)) = fields.next_bytes()? {
        match field {
            1 => detail.type_url = ByteString::try_from(bytes).map_err(|_| Malformed)?,
            2 => detail.value = bytes,
            _ => {}
        }
    }
    Ok(detail)
}

#[cfg(test)]
mod tests {
    use dubhe_core::Code;

    use super::*;

    #[test]
    fn a_status_as_grpc_writes_it() {
        let detail = Detail { type_url: "t/a".into(), value: Bytes::from_static(b"\x08\x01") };
        let status = Status::new(Code::NotFound, "no").with_detail(detail.clone());
        let message = write(&status).freeze();
        assert_eq!(message, &b"\x08\x05\x12\x02no\x1a\x09\x0a\x03t/a\x12\x02\x08\x01"[..]);
        assert_eq!(read(message), Ok(vec![detail]));
        assert_eq!(read(Bytes::from_static(b"\x1a\x05\x0a")), Err(Malformed));
    }
}
