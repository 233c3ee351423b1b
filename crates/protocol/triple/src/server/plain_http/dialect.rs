//! The look of errors and metadata.

use base64::Engine;
use dubhe_core::status::{Detail, table};
use dubhe_core::{Code, Metadata, Method, Status};
use http::{HeaderMap, HeaderName, StatusCode};
use serde_json::{Value as Json, json};

use crate::wire::metadata::{self, BASE64};

/// The look of errors and metadata in plain HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Connect's, for protobuf methods.
    Connect,
    /// Dubbo Java's, for methods of interfaces.
    Java,
    /// dubbo-go's, for those who say so.
    Go,
}

/// The prefix that Connect and dubbo-go put before the name of a trailer.
const TRAILER: &str = "trailer-";

impl Dialect {
    /// The dialect of a request with these headers for `method`, if there is one.
    pub(super) fn of(headers: &HeaderMap, method: Option<&Method>) -> Self {
        if headers.contains_key("triple-protocol-version") {
            Self::Go
        } else if method.is_some_and(|method| method.descriptor.is_some()) {
            Self::Java
        } else {
            Self::Connect
        }
    }

    /// Adds metadata to the headers of a response.
    pub(super) fn metadata(self, headers: &Metadata, trailers: &Metadata, out: &mut HeaderMap) {
        metadata::write(headers, out);
        if self == Self::Java {
            return metadata::write(trailers, out);
        }
        let mut late = HeaderMap::new();
        metadata::write(trailers, &mut late);
        for (name, value) in &late {
            if let Ok(name) = HeaderName::try_from(format!("{TRAILER}{name}")) {
                out.append(name, value.clone());
            }
        }
    }

    /// The HTTP status of an error.
    pub(super) fn http_status(self, status: &Status) -> StatusCode {
        let number = match self {
            Self::Go => go(status.code()),
            // What a service throws is 500 to Dubbo Java, whatever it is.
            Self::Java if status.is_business() => 500,
            Self::Java | Self::Connect => table::to_http(status.code()),
        };
        StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The body of the error of a target that was not found. Nothing says if a protobuf service or an
    /// interface was meant, so that it has the fields of both.
    pub(super) fn not_found(self, status: &Status, http: StatusCode) -> Json {
        let mut error = self.error(status, http);
        if let (Self::Connect, Json::Object(fields)) = (self, &mut error) {
            fields.insert("status".into(), http.as_str().into());
        }
        error
    }

    /// The body of an error.
    pub(super) fn error(self, status: &Status, http: StatusCode) -> Json {
        if self == Self::Java {
            return json!({ "message": status.message(), "status": http.as_str() });
        }
        let mut error = json!({ "code": status.code().name().to_ascii_lowercase() });
        if let Json::Object(fields) = &mut error {
            if status.code() == Code::Cancelled {
                // Connect spells it with one l.
                fields.insert("code".into(), "canceled".into());
            }
            if !status.message().is_empty() {
                fields.insert("message".into(), status.message().into());
            }
            if !status.details().is_empty() {
                let details = status.details().iter().map(detail).collect();
                fields.insert("details".into(), Json::Array(details));
            }
        }
        error
    }
}

fn detail(detail: &Detail) -> Json {
    let name = detail.type_url.rsplit('/').next().unwrap_or_default();
    json!({ "type": name, "value": BASE64.encode(&detail.value) })
}

/// dubbo-go's HTTP status of a code (dubbo-go `tripleCodeToHTTP`).
fn go(code: Code) -> u16 {
    match code {
        Code::Cancelled | Code::DeadlineExceeded => 408,
        Code::Unimplemented => 404,
        Code::FailedPrecondition => 412,
        other => table::to_http(other),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn each_has_its_own_errors() {
        let detail =
            Detail { type_url: "type.googleapis.com/a.B".into(), value: Bytes::from_static(&[0]) };
        let status = Status::new(Code::FailedPrecondition, "no").with_detail(detail);
        let written = |dialect: Dialect| {
            let http = dialect.http_status(&status);
            (http.as_u16(), dialect.error(&status, http))
        };
        let details = json!([{ "type": "a.B", "value": "AA" }]);
        let error = json!({ "code": "failed_precondition", "message": "no", "details": details });
        assert_eq!(written(Dialect::Connect), (400, error.clone()));
        assert_eq!(written(Dialect::Go), (412, error));
        assert_eq!(written(Dialect::Java), (400, json!({ "message": "no", "status": "400" })));
        let thrown = Status::business(Code::NotFound, "");
        assert_eq!(Dialect::Java.http_status(&thrown), 500);
        let cancelled = Status::new(Code::Cancelled, "");
        let body = Dialect::Connect.error(&cancelled, StatusCode::OK);
        assert_eq!(body, json!({ "code": "canceled" }));
    }

    #[test]
    fn trailers_are_marked_but_for_java() {
        let (headers, trailers) = ([("a", "1")], [("b", "2")]);
        let written = |dialect: Dialect| {
            let mut out = HeaderMap::new();
            let (headers, trailers) =
                (headers.into_iter().collect(), trailers.into_iter().collect());
            dialect.metadata(&headers, &trailers, &mut out);
            out.keys().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(written(Dialect::Connect), ["a", "trailer-b"]);
        assert_eq!(written(Dialect::Go), ["a", "trailer-b"]);
        assert_eq!(written(Dialect::Java), ["a", "b"]);
    }
}
