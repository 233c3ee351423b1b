//! URLs of rules, as Dubbo Java's `URL.valueOf` reads them: nothing is decoded.

use std::collections::BTreeMap;

use dubhe_core::url::Url;

/// The parts of a URL. Unlike [`Url`] it may be without host, its parameters stay encoded, and `;`
/// separates them as well as `&` (Dubbo Java `URLStrParser.parseDecodedStr`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JavaUrl {
    pub(crate) protocol: String,
    pub(crate) username: Option<String>,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) path: String,
    /// The parameters; of equal names the last one.
    pub(crate) params: BTreeMap<String, String>,
}

impl JavaUrl {
    /// Reads a URL; the error is for people.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (body, query) = text.split_once('?').unwrap_or((text, ""));
        let body = body.split('#').next().unwrap_or_default();
        let (protocol, rest) = body.split_once("://").unwrap_or(("", body));
        if protocol.is_empty() {
            return Err("the URL has no protocol".to_owned());
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, address) = match authority.rsplit_once('@') {
            Some((user, address)) => (Some(user), address),
            None => (None, authority),
        };
        let username = user.and_then(|user| user.split(':').next()).filter(|name| !name.is_empty());
        let (host, port) = match address.rsplit_once(':') {
            // The scope of an IPv6 address.
            Some((_, behind)) if behind.contains('%') => (address, 0),
            Some((_, "")) | None => (address, 0),
            Some((host, port)) => {
                let bad = |_| {
                    // It may be the beginning of a password.
                    let shown = if text.contains('@') { String::new() } else { format!(" {port}") };
                    format!("the port{shown} of the URL is no number below 65536")
                };
                (host, port.parse().map_err(bad)?)
            }
        };
        let mut params = BTreeMap::new();
        for pair in query.split(['&', ';']) {
            let pair = pair.trim_start_matches('=');
            if pair.is_empty() {
                continue;
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            params.insert(name.to_owned(), value.to_owned());
            // From versions before 2.0, and still there.
            if let Some(name) = name.strip_prefix("default.") {
                params.entry(name.to_owned()).or_insert_with(|| value.to_owned());
            }
        }
        Ok(Self {
            protocol: protocol.to_owned(),
            username: username.map(str::to_owned),
            host: host.to_owned(),
            port,
            path: path.to_owned(),
            params,
        })
    }

    /// The parameter `name`, as it stands there.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.params.get(name).map(String::as_str)
    }

    /// The parameter `name`, percent-decoded.
    pub(crate) fn decoded(&self, name: &str) -> Option<String> {
        let value = self.param(name)?;
        let decoded = Url::parse(&format!("x://x/x?v={value}"), "x").ok()?;
        decoded.param("v").map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_split_as_java_splits_it() {
        let url =
            JavaUrl::parse("override://u:p@0.0.0.0:20880/a.B?x=1&y=a=b;z&=w=2&x=3&e=%2B").unwrap();
        assert_eq!(
            (&*url.protocol, &*url.host, url.port, &*url.path),
            ("override", "0.0.0.0", 20880, "a.B")
        );
        assert_eq!(url.username.as_deref(), Some("u"));
        let params: Vec<_> = url.params.iter().map(|(k, v)| (&**k, &**v)).collect();
        assert_eq!(params, [("e", "%2B"), ("w", "2"), ("x", "3"), ("y", "a=b"), ("z", "")]);
        assert_eq!(url.decoded("e").as_deref(), Some("+"));
        assert!(JavaUrl::parse("override://0.0.0.0:*/a.B").unwrap_err().contains('*'));
        let cut = JavaUrl::parse("override://u:se/cret@h:1/a.B").unwrap_err();
        assert!(!cut.contains("se "), "{cut}");
        assert!(JavaUrl::parse("0.0.0.0/a.B").is_err());
        assert_eq!(JavaUrl::parse("override://fe80::1%en0/a").unwrap().port, 0);
    }
}
