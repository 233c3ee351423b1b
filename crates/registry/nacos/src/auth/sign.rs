//! Signatures by access keys (Nacos `NamingResourceInjector`, `ConfigResourceInjector`): HMAC-SHA1 over
//! the time and the resource. The newer form by region, `signatureVersion=v4`, is not written.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::wire::{Headers, Resource};

/// The headers that sign a request about `resource` at this time of day.
pub(super) fn headers(
    access: &str,
    secret: &str,
    resource: Resource<'_>,
    at: SystemTime,
) -> Headers {
    let millis = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis().to_string();
    let pairs = match resource {
        Resource::Connection => return Headers::new(),
        Resource::Service { group, name } => {
            let data = match (group, name) {
                (_, "") => millis,
                ("", name) => format!("{millis}@@{name}"),
                (group, name) => format!("{millis}@@{group}@@{name}"),
            };
            let signature = sign(&data, secret);
            [("ak", access.to_owned()), ("data", data), ("signature", signature)]
        }
        Resource::Config { tenant, group } => {
            let data = match (tenant, group) {
                ("", "") => millis.clone(),
                ("", group) => format!("{group}+{millis}"),
                (tenant, group) => format!("{tenant}+{group}+{millis}"),
            };
            [
                ("Spas-AccessKey", access.to_owned()),
                ("Timestamp", millis),
                ("Spas-Signature", sign(&data, secret)),
            ]
        }
    };
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn sign(data: &str, secret: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
    STANDARD.encode(hmac::sign(&key, data.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dubhe_core::time::Duration;

    fn of(resource: Resource<'_>) -> Vec<(String, String)> {
        let at = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        headers("ak1", "sk1", resource, at).into_iter().collect()
    }

    #[test]
    fn signatures_are_hmac_sha1_in_base64() {
        // RFC 2202, test case 2.
        assert_eq!(sign("what do ya want for nothing?", "Jefe"), "7/zfauXrL6LSdBbV8YTfnCWafHk=");
    }

    #[test]
    fn requests_of_either_module_have_their_headers() {
        let data = "1700000000000@@G@@a.B";
        let service = [("ak", "ak1"), ("data", data), ("signature", &sign(data, "sk1"))];
        let service = service.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(of(Resource::Service { group: "G", name: "a.B" }), service);

        let signature = sign("public+dubbo+1700000000000", "sk1");
        let config = [
            ("Spas-AccessKey", "ak1"),
            ("Spas-Signature", &signature),
            ("Timestamp", "1700000000000"),
        ];
        let config = config.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(of(Resource::Config { tenant: "public", group: "dubbo" }), config);
        assert_eq!(of(Resource::Connection), []);
    }
}
