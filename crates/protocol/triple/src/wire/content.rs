//! Content types of gRPC.

use dubhe_core::Format;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

/// The content type of requests and replies; Dubbo Java answers with it whatever was asked.
pub const GRPC: &str = "application/grpc";

/// The content type in the headers.
pub(crate) fn of(headers: &HeaderMap) -> Option<&str> {
    headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok())
}

/// The content type of messages of this format.
pub(crate) fn of_format(format: &Format) -> HeaderValue {
    match format {
        Format::Json => HeaderValue::from_static("application/grpc+json"),
        Format::Other(name) => HeaderValue::try_from(format!("{GRPC}+{name}"))
            .unwrap_or(HeaderValue::from_static(GRPC)),
        _ => HeaderValue::from_static(GRPC),
    }
}

/// Returns `true` if a content type, whatever its parameters, is `name` (RFC 9110, 8.3.1).
pub(crate) fn is(content_type: &str, name: &str) -> bool {
    content_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(name)
}

/// The format of the messages of a request, `None` when the content type is not gRPC's.
///
/// `application/grpc`, perhaps with a `+format`, perhaps with parameters (gRPC over HTTP/2,
/// "Content-Type"). gRPC-Web is another protocol.
pub fn format(content_type: &str) -> Option<Format> {
    let rest = content_type.get(..GRPC.len()).filter(|start| start.eq_ignore_ascii_case(GRPC));
    let rest = rest.and_then(|_| content_type.get(GRPC.len()..))?;
    let (kind, _) = rest.split_once(';').unwrap_or((rest, ""));
    match kind.trim() {
        "" => Some(Format::Protobuf),
        kind if kind.eq_ignore_ascii_case("+proto") => Some(Format::Protobuf),
        kind if kind.eq_ignore_ascii_case("+json") => Some(Format::Json),
        kind => kind.strip_prefix('+').map(Format::other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_grpc_from_what_only_begins_like_it() {
        assert_eq!(format("application/grpc"), Some(Format::Protobuf));
        assert_eq!(format("Application/GRPC+proto; charset=utf-8"), Some(Format::Protobuf));
        assert_eq!(format("application/grpc+JSON"), Some(Format::Json));
        assert_eq!(format("APPLICATION/GRPC+Proto"), Some(Format::Protobuf));
        assert_eq!(format("application/grpc+x"), Some(Format::other("x")));
        assert_eq!(format("application/grpc-web"), None);
        assert_eq!(format("application/json"), None);
        assert_eq!(format(""), None);
    }
}
