//! Status as trailers, and back: `grpc-status`, `grpc-message`, `grpc-status-details-bin`.

use base64::Engine;
use dubhe_core::payload::DecodeLimits;
use dubhe_core::status::{Exception, Origin, Retry, marks, table};
use dubhe_core::{Code, Metadata, Status};
use dubhe_hessian2::java::Throwable;
use dubhe_hessian2::payload::exception_bytes;
use dubhe_hessian2::{Decode as _, Decoder};
use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::wire::frame::FrameError;
use crate::wire::metadata::BinaryNames;
use crate::wire::{details, metadata, percent};

/// The number of a code; 0 is success.
pub const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
/// The message of an error, percent-encoded.
pub const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// A `google.rpc.Status`, for its details.
pub const GRPC_DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");

/// The mark of a refusal before the call began, which Dubhe alone sends and reads: gRPC has
/// `grpc-retry-pushback-ms` for "try again" (gRFC A6), which says nothing of what has run.
const UNSTARTED: HeaderName = HeaderName::from_static("dubhe-unstarted");

/// The code of a business error, which Dubhe alone sends and reads.
const BUSINESS: HeaderName = HeaderName::from_static(marks::BUSINESS);

/// The code of an error of the call that is an exception.
const CALL: HeaderName = HeaderName::from_static(marks::STATUS);

/// The details of an error that is an exception: a `google.rpc.Status`, as in [`GRPC_DETAILS`].
const DETAILS: HeaderName = HeaderName::from_static("dubhe-details-bin");

/// The exception that an error is, where the reply has no place for it or another stands for it: a
/// Hessian message.
const EXCEPTION: HeaderName = HeaderName::from_static("dubhe-exception-bin");

/// The longest exception that is a header, in bytes: lists of headers have bounds at the other end.
const MOST_EXCEPTION: usize = 4 * 1024;

/// The bytes of a message that are sent; Dubbo Java's bound too. Headers have bounds of their own
/// at the other end.
const MOST_MESSAGE: usize = 1024;

/// The trailers of an outcome, `None` being success.
pub fn trailers(status: Option<&Status>, extra: &Metadata) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(2 + extra.len().min(metadata::MAX_HEADERS));
    let number = status.map_or(0, |status| u16::from(status.code().number()));
    headers.insert(GRPC_STATUS, number.into());
    if let Some(status) = status {
        if !status.message().is_empty() {
            let message = status.message();
            let message = message.get(..message.floor_char_boundary(MOST_MESSAGE));
            let encoded = percent::encode(message.unwrap_or_default());
            if let Ok(value) = HeaderValue::from_str(&encoded) {
                headers.insert(GRPC_MESSAGE, value);
            }
        }
        if !status.details().is_empty() {
            let value = metadata::BASE64.encode(details::write(status));
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(GRPC_DETAILS, value);
            }
        }
        if status.is_business() {
            mark(&BUSINESS, status.code(), &mut headers);
        }
        if let Some(exception) = status.java() {
            put_exception(exception, &mut headers);
        }
        metadata::write(status.trailers(), &mut headers);
    }
    metadata::write(extra, &mut headers);
    headers
}

/// Marks the headers of a refusal. That of a gate, or of a service that was removed, may be sent to
/// another provider; any other refusal would be the same there.
pub(crate) fn mark_refusal(status: &Status, headers: &mut HeaderMap) {
    if status.retry() == Retry::Unstarted && is_of_provider(status.code()) {
        headers.insert(UNSTARTED, HeaderValue::from_static("1"));
    }
}

fn mark(name: &HeaderName, code: Code, headers: &mut HeaderMap) {
    headers.insert(name, u16::from(code.number()).into());
}

fn put_exception(exception: &Exception, headers: &mut HeaderMap) {
    let bytes = exception_bytes(exception).filter(|bytes| bytes.len() <= MOST_EXCEPTION);
    let value = bytes.and_then(|bytes| HeaderValue::try_from(metadata::BASE64.encode(bytes)).ok());
    if let Some(value) = value {
        headers.insert(EXCEPTION, value);
    }
}

/// Adds to the headers of a reply what the exception in it does not say of `status`.
pub(crate) fn mark_exception(status: &Status, headers: &mut HeaderMap) {
    if let Some((name, code)) = marks::of_exception(status) {
        let name = if name == marks::BUSINESS { &BUSINESS } else { &CALL };
        mark(name, code, headers);
    }
    if !status.details().is_empty()
        && let Ok(value) = HeaderValue::try_from(metadata::BASE64.encode(details::write(status)))
    {
        headers.insert(DETAILS, value);
    }
    if let Some(exception) = status.java().filter(|exception| exception.is_wrapped()) {
        put_exception(exception, headers);
    }
}

/// The error that `thrown`, the exception in a reply, is with what its headers say.
pub(crate) fn of_exception(thrown: Status, headers: &HeaderMap, limits: &DecodeLimits) -> Status {
    let thrown = read_exception(headers, limits).map_or(thrown, Status::from);
    let code = |name| headers.get(name)?.to_str().ok().and_then(marks::code);
    add_details(marks::apply(thrown, code(BUSINESS), code(CALL)), headers.get(DETAILS))
}

fn read_exception(headers: &HeaderMap, limits: &DecodeLimits) -> Option<Throwable> {
    let bytes = metadata::BASE64.decode(headers.get(EXCEPTION)?.as_bytes()).ok()?;
    let own = dubhe_hessian2::Limits::of(limits);
    // What cannot be read is left out; code and message stand on their own.
    Throwable::decode(&mut Decoder::with_limits(&bytes, own).memory(limits.memory())).ok()
}

fn add_details(status: Status, header: Option<&HeaderValue>) -> Status {
    header.into_iter().fold(status, |status, value| {
        // What cannot be read is left out; code and message stand on their own.
        let bytes = metadata::BASE64.decode(value.as_bytes()).unwrap_or_default();
        let details = details::read(bytes.into()).unwrap_or_default();
        details.into_iter().fold(status, Status::with_detail)
    })
}

/// Returns `true` for codes that tell of the state of one provider and not of the call.
fn is_of_provider(code: Code) -> bool {
    matches!(code, Code::ResourceExhausted | Code::Unavailable)
}

/// The outcome that headers or trailers tell of; `None` when they tell of none.
///
/// A number that is no code counts as [`Code::Unknown`].
pub fn read(
    headers: &HeaderMap,
    names: BinaryNames,
    limits: &DecodeLimits,
) -> Option<Result<(), Status>> {
    let number = headers.get(GRPC_STATUS)?;
    if number == "0" {
        return Some(Ok(()));
    }
    let code = number.to_str().ok().and_then(|n| n.parse().ok()).and_then(Code::from_number);
    let message = headers.get(GRPC_MESSAGE).map(|m| percent::decode(m.as_bytes()));
    // An error of the service is never sent again, whatever its code.
    let business = headers.contains_key(BUSINESS);
    let code = code.unwrap_or(Code::Unknown);
    let code = match &message {
        Some(message) if !business => table::from_triple(code, message),
        _ => code,
    };
    let retry = match code {
        _ if business => Retry::Never,
        code if is_of_provider(code) && headers.contains_key(UNSTARTED) => Retry::Unstarted,
        Code::Unavailable => Retry::Unknown,
        _ => Retry::Never,
    };
    let status = Status::new(code, message.unwrap_or_default());
    let status = add_details(status, headers.get(GRPC_DETAILS));
    let status = match read_exception(headers, limits) {
        Some(thrown) => match Status::from(thrown).java() {
            Some(exception) => status.with_exception(exception.clone()),
            None => status,
        },
        None => status,
    };
    Some(Err(status
        .with_origin(if business { Origin::RemoteBusiness } else { Origin::RemoteFramework })
        .with_retry(retry)
        .with_trailers(metadata::read(headers, names))))
}

/// The error of a response that ended without `grpc-status`.
pub fn from_http(status: http::StatusCode) -> Status {
    let (code, what) = if status == http::StatusCode::OK {
        (Code::Internal, "the response ended without grpc-status".to_owned())
    } else {
        let what = format!("the server answered with HTTP status {}, not as gRPC", status.as_u16());
        (table::from_http(status.as_u16()), what)
    };
    Status::new(code, what).with_origin(Origin::RemoteFramework)
}

/// The error of a message that cannot be sent or received.
pub(crate) fn of_frame(error: FrameError) -> Status {
    let code = match error {
        FrameError::Compressed | FrameError::Flag(_) | FrameError::NotGzip => Code::Internal,
        FrameError::TooLarge { .. } | FrameError::TooLargeToSend { .. } => Code::ResourceExhausted,
    };
    Status::new(code, error.to_string()).with_source(error)
}

#[cfg(test)]
mod tests {
    use dubhe_core::status::Detail;

    use super::*;

    #[test]
    fn an_error_survives_a_round_trip() {
        let extra: Metadata = [("k", "v")].into_iter().collect();
        let detail = Detail { type_url: "type.googleapis.com/a.B".into(), value: "v".into() };
        let sent = Status::new(Code::NotFound, "no é\n")
            .with_trailers(extra.clone())
            .with_detail(detail.clone());
        let headers = trailers(Some(&sent), &Metadata::new());
        assert_eq!(headers["grpc-status"], "5");
        assert_eq!(headers["grpc-message"], "no %C3%A9%0A");
        let got = read(&headers, BinaryNames::Grpc, &DecodeLimits::default()).unwrap().unwrap_err();
        assert_eq!((got.code(), got.message()), (Code::NotFound, "no é\n"));
        assert_eq!(got.origin(), Origin::RemoteFramework);
        assert_eq!(got.trailers(), &extra);
        assert_eq!(got.details(), [detail]);
    }

    #[test]
    fn only_a_marked_refusal_by_the_state_of_a_provider_has_not_begun() {
        for (code, sent, got) in [
            (Code::ResourceExhausted, Retry::Unstarted, Retry::Unstarted),
            (Code::Unavailable, Retry::Unstarted, Retry::Unstarted),
            (Code::PermissionDenied, Retry::Unstarted, Retry::Never),
            (Code::ResourceExhausted, Retry::Unknown, Retry::Never),
            (Code::Unavailable, Retry::Unknown, Retry::Unknown),
        ] {
            let status = Status::new(code, "full").with_retry(sent);
            let mut headers = trailers(Some(&status), &Metadata::new());
            assert!(!headers.contains_key(UNSTARTED));
            mark_refusal(&status, &mut headers);
            let read =
                read(&headers, BinaryNames::Grpc, &DecodeLimits::default()).unwrap().unwrap_err();
            assert_eq!(read.retry(), got, "{code}");
            assert!(read.trailers().is_empty());
        }
        // It is no metadata, so that no handler passes on that of another provider.
        let passed_on = Metadata::from_iter([("dubhe-unstarted", "1")]);
        let status = Status::new(Code::Unavailable, "down").with_trailers(passed_on);
        assert!(!trailers(Some(&status), &Metadata::new()).contains_key(UNSTARTED));
    }

    #[test]
    fn a_business_error_is_one_at_the_other_end_too_and_is_never_sent_again() {
        for number in 1..=16 {
            let code = Code::from_number(number).unwrap();
            let headers = trailers(Some(&Status::business(code, "closed")), &Metadata::new());
            let got =
                read(&headers, BinaryNames::Grpc, &DecodeLimits::default()).unwrap().unwrap_err();
            assert_eq!((got.code(), got.retry()), (code, Retry::Never));
            assert_eq!((got.origin(), got.message()), (Origin::RemoteBusiness, "closed"));
            assert!(got.trailers().is_empty(), "the mark is no metadata");
        }
        let passed_on = Metadata::from_iter([(marks::BUSINESS, "5")]);
        let status = Status::new(Code::NotFound, "").with_trailers(passed_on);
        let headers = trailers(Some(&status), &Metadata::new());
        let got = read(&headers, BinaryNames::Grpc, &DecodeLimits::default()).unwrap().unwrap_err();
        assert_eq!(got.origin(), Origin::RemoteFramework);
    }

    #[test]
    fn success_and_what_is_neither() {
        let headers = trailers(None, &Metadata::new());
        assert_eq!(headers.len(), 1);
        assert!(matches!(
            read(&headers, BinaryNames::Grpc, &DecodeLimits::default()),
            Some(Ok(()))
        ));
        assert!(read(&HeaderMap::new(), BinaryNames::Grpc, &DecodeLimits::default()).is_none());
        let odd = HeaderMap::from_iter([(GRPC_STATUS, HeaderValue::from_static("99"))]);
        assert_eq!(
            read(&odd, BinaryNames::Grpc, &DecodeLimits::default()).unwrap().unwrap_err().code(),
            Code::Unknown
        );
    }

    #[test]
    fn a_long_message_is_cut_at_a_character() {
        let status = Status::new(Code::Internal, "a".repeat(1023) + "é");
        let headers = trailers(Some(&status), &Metadata::new());
        assert_eq!(headers["grpc-message"], "a".repeat(1023));
    }

    #[test]
    fn http_statuses_speak_when_grpc_does_not() {
        assert_eq!(from_http(http::StatusCode::BAD_GATEWAY).code(), Code::Unavailable);
        assert_eq!(from_http(http::StatusCode::OK).code(), Code::Internal);
    }
}
