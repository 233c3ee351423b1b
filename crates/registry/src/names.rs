//! Names in a registry of paths, such as ZooKeeper or etcd: provider and consumer URLs,
//! percent-encoded whole.
//!
//! The parameters of such a URL are taken as they stand after that one decoding, as Java does
//! (`URL.toFullString`, `URLStrParser.parseEncodedStr`) and dubbo-go writes them.

use std::fmt::Write as _;
use std::net::IpAddr;

use bytestring::ByteString;
use dubhe_core::ServiceKey;
use dubhe_core::endpoint::Params;
use dubhe_core::registry::Registration;
use dubhe_core::url::Url;

use crate::provider_url;
use crate::simplified::simplify;

/// The parameters of a consumer that a simplified registration has (Dubbo Java
/// `RegistryProtocol.DEFAULT_REGISTER_CONSUMER_KEYS`), and what makes it one.
const SIMPLIFIED_CONSUMER: [&str; 7] =
    ["application", "category", "check", "dubbo", "group", "release", "version"];

/// The name of a provider; `dynamic` says whether it goes with the session of its process, and
/// `now_ms` when it began, where it does not say so itself. A simplified one has, of all parameters,
/// those of Dubbo Java, those of its methods, and those that `simplified` names.
pub fn provider(
    registration: &Registration,
    dynamic: bool,
    now_ms: u128,
    simplified: Option<&[ByteString]>,
) -> String {
    // What the measured URL of Dubbo Java 3.3.6 has.
    let mut url = provider_url::to_published_url(registration, dynamic, now_ms);
    if let Some(extra) = simplified {
        url.params = simplify(&url.params, extra);
    }
    encode(&text(&url))
}

/// The name of a consumer that runs on `host`.
pub fn consumer(
    service: &ServiceKey,
    host: IpAddr,
    application: &str,
    now_ms: u128,
    simplified: bool,
) -> String {
    let mut url = provider_url::consumer(service, host, application, now_ms);
    if simplified {
        url.params.retain(|name, _| SIMPLIFIED_CONSUMER.contains(&&**name));
    }
    encode(&text(&url))
}

/// The registration that the name of a provider describes; `None` when it describes none, as the
/// placeholder `empty://` does.
pub fn parse(name: &str) -> Option<Registration> {
    let text = decode(name);
    let (base, query) = text.split_once('?').unwrap_or((&text, ""));
    let mut url = Url::parse(base, "").ok()?;
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    url.params = pairs.map(|(name, value)| (name.into(), value.into())).collect();
    let usable = !url.protocol.is_empty() && url.protocol != "empty" && url.port != 0;
    usable.then(|| provider_url::from_url(&url))
}

/// The URL with its parameters as they are. `&` alone is encoded: Java could not tell it from the
/// one between two parameters.
fn text(url: &Url) -> String {
    let mut all = Url { params: Params::new(), ..url.clone() }.to_string();
    for (i, (name, value)) in url.params.iter().enumerate() {
        let between = if i == 0 { '?' } else { '&' };
        // Writing to a text never fails.
        let _ = write!(all, "{between}{name}={}", value.replace('&', "%26"));
    }
    all
}

/// Percent-encoding as Java's `URLEncoder` does it.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 3 / 2);
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'*' | b'_' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// Percent-decoding as Java's `URLDecoder` does it; what is no encoding stays as it is, and bytes
/// that are not UTF-8 become U+FFFD.
pub fn decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, after) {
            (b'%', [high, low, after @ ..]) => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16);
                let value = digit(high).zip(digit(low)).map(|(high, low)| high * 16 + low);
                match value.and_then(|value| u8::try_from(value).ok()) {
                    Some(byte) => {
                        out.push(byte);
                        rest = after;
                    }
                    None => out.push(b'%'),
                }
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(*byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use dubhe_core::endpoint::{Instance, Offer, ServiceParams};
    use provider_url::RELEASE;

    use super::*;

    #[test]
    fn a_provider_is_named_as_java_names_it() {
        let params = [("methods", "add,hello"), ("weight", "200"), ("timestamp", "7")];
        let registration = Registration {
            service: ServiceKey::new("demo.Greet", "g1", "1.2.3"),
            instance: Arc::new(Instance {
                host: "127.0.0.1".into(),
                application: "shop".into(),
                ..Instance::default()
            }),
            offer: Offer { protocol: "dubbo".into(), port: 20880 },
            params: Arc::new(ServiceParams::new(&params.map(|(k, v)| (k.into(), v.into())).into())),
        };
        let expected = format!(
            "dubbo%3A%2F%2F127.0.0.1%3A20880%2Fdemo.Greet%3Fapplication%3Dshop%26deprecated%3Dfalse\
             %26dubbo%3D2.0.2%26dynamic%3Dtrue%26generic%3Dfalse%26group%3Dg1\
             %26interface%3Ddemo.Greet%26methods%3Dadd%2Chello%26prefer.serialization%3Dhessian2\
             %26release%3D{RELEASE}%26revision%3D1.2.3%26side%3Dprovider%26timestamp%3D7%26version%3D1.2.3%26weight%3D200"
        );
        let name = provider(&registration, true, 99, None);
        assert_eq!(name, expected);
        let back = parse(&name).unwrap();
        assert_eq!((&back.service, &back.offer), (&registration.service, &registration.offer));
        assert_eq!(
            (back.params.get("methods"), back.params.get("weight")),
            (Some("add,hello"), Some("200"))
        );
    }

    #[test]
    fn a_simplified_provider_says_what_java_says() {
        let url = "dubbo://127.0.0.1:20880/peer.api.PlaceService?application=shop&group=north\
                   &methods=patient,slow&slow.timeout=300&slower.timeout=1&version=1.0.0&zone=a&x=y\
                   &timestamp=5&weight=7";
        let registration = provider_url::from_url(&Url::parse(url, "").unwrap());
        let name = provider(&registration, true, 99, Some(&["zone".into()]));
        // As measured of Dubbo Java 3.3.6 with `simplified=true&extra-keys=zone`.
        let expected = format!(
            "dubbo://127.0.0.1:20880/peer.api.PlaceService?application=shop&deprecated=false\
             &dubbo=2.0.2&group=north&prefer.serialization=hessian2&release={RELEASE}&side=provider\
             &slow.timeout=300&version=1.0.0&weight=7&zone=a"
        );
        assert_eq!(decode(&name), expected);
    }

    #[test]
    fn a_consumer_is_named_as_java_names_it() {
        let service = ServiceKey::new("demo.Greet", "", "1.0");
        let name = consumer(&service, IpAddr::from([10, 0, 0, 1]), "", 7, false);
        let pid = std::process::id();
        let expected = format!(
            "consumer://10.0.0.1/demo.Greet?category=consumers&check=false&dubbo=2.0.2\
             &interface=demo.Greet&pid={pid}&release={RELEASE}&revision=1.0&side=consumer\
             &timestamp=7&version=1.0"
        );
        assert_eq!(decode(&name), expected);
        let name = consumer(&service, IpAddr::from([10, 0, 0, 1]), "shop", 7, true);
        let expected = format!(
            "consumer://10.0.0.1/demo.Greet?application=shop&category=consumers&check=false&dubbo=2.0.2\
             &release={RELEASE}&version=1.0"
        );
        assert_eq!(decode(&name), expected);
    }

    #[test]
    fn parameters_are_decoded_once() {
        let name = encode("dubbo://h:1/a.B?methods=greet,say&x=a+b%2C");
        let params = parse(&name).unwrap().params;
        assert_eq!((params.get("methods"), params.get("x")), (Some("greet,say"), Some("a+b%2C")));
    }

    #[test]
    fn what_is_no_provider_is_passed_over() {
        for name in
            ["", "x", "empty%3A%2F%2Fh%3A1%2Fa.B", "dubbo%3A%2F%2Fh%2Fa.B", "%3A%2F%2F", "%", "%zz"]
        {
            assert_eq!(parse(name), None, "{name}");
        }
    }

    #[test]
    fn values_cannot_add_parameters() {
        let mut url = Url::parse("dubbo://h:1/a.B", "").unwrap();
        url.params.insert("x".into(), "1&weight=9".into());
        assert_eq!(text(&url), "dubbo://h:1/a.B?x=1%26weight=9");
    }
}
