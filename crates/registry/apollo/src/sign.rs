//! The signature of a request, for apps with an access key.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Returns the value of `Authorization` for a request of `path_and_query` at `timestamp`, in
/// milliseconds: HMAC-SHA1 of `{timestamp}\n{path_and_query}` (Apollo `Signature.buildHttpHeaders`).
pub(crate) fn authorization(
    app: &str,
    secret: &str,
    timestamp: &str,
    path_and_query: &str,
) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{timestamp}\n{path_and_query}").as_bytes());
    format!("Apollo {app}:{}", STANDARD.encode(tag.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of `SignatureTest` and `HmacSha1UtilsTest` of Apollo's own client.
    #[test]
    fn signatures_are_those_of_apollos_client() {
        let path = "/configs/100004458/default/application?ip=10.0.0.1";
        let value =
            authorization("100004458", "df23df3f59884980844ff3dada30fa97", "1576478257344", path);
        assert_eq!(value, "Apollo 100004458:EoKyziXvKqzHgwx+ijDJwgVTDgE=");
    }
}
