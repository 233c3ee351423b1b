//! Dubbo's URL, parsed once at the edge.
//!
//! `protocol://[user[:password]@]host[:port][/path][?key=value&…]`, percent-encoded in the query,
//! as Dubbo Java `URL.valueOf` reads it; or `protocol+unix:///path[?key=value&…]`, which no other
//! Dubbo reads, for a provider behind a Unix socket. Nothing inside Dubhe passes one around: it becomes an
//! [`Endpoint`] or the address of a registry, and is printed only for the wire or a registry.

use std::fmt;
use std::net::Ipv6Addr;
use std::sync::Arc;

use bytestring::ByteString;

use crate::endpoint::{Endpoint, Instance, Offer, Params, ServiceParams};
use crate::params::zone;
use crate::percent;
use crate::service::ServiceKey;
use crate::sock_addr::{unix_path, write_unix};
use crate::time::{Duration, SystemTime};

/// A parsed URL. Its parameters are sorted; unknown ones are kept. Passwords never print.
///
/// ```
/// # mod dubhe { pub use dubhe_core::url::{Url, UrlError}; }
/// use dubhe::{Url, UrlError};
///
/// let url = Url::parse("10.0.0.7:20880/org.example.Greeter?version=1.0.0&timeout=3000", "dubbo")?;
/// assert_eq!((&*url.protocol, &*url.host, url.port), ("dubbo", "10.0.0.7", 20880));
/// assert_eq!(url.param("timeout"), Some("3000"));
/// assert_eq!(url.service().to_string(), "org.example.Greeter:1.0.0");
/// # Ok::<(), UrlError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Url {
    /// The text before `://`.
    pub protocol: ByteString,
    /// The user, or `""`.
    pub user: ByteString,
    /// The password, or `""`.
    pub password: ByteString,
    /// Host name or address; an IPv6 address without brackets; `unix:PATH` for a Unix socket.
    pub host: ByteString,
    /// The port, 0 when there is none.
    pub port: u16,
    /// The path without its leading slash.
    pub path: ByteString,
    /// The query, decoded.
    pub params: Params,
}

/// The reason why a text is no URL.
///
/// ```
/// # mod dubhe { pub use dubhe_core::url::Url; }
/// use dubhe::Url;
///
/// let error = Url::parse("dubbo://10.0.0.7:port", "dubbo").unwrap_err();
/// println!("{error}"); // says which part of which URL is wrong
/// # assert!(error.to_string().contains("port"), "{error}");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlError(String);

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UrlError {}

/// The bytes of an address that an error quotes.
const QUOTED_BYTES: usize = 256;

impl Url {
    /// Parses `text`; `protocol` is what it is when the text names none.
    ///
    /// `tri+unix:///run/shop.sock` names a Unix socket, `tri+unix:shop.sock` one relative to the
    /// working directory, and without protocol `unix:///run/shop.sock` and `unix:shop.sock`, as
    /// gRPC has it. A `?` or a `%` in the path is percent-encoded. There is no room for the
    /// interface but in the parameter of this name.
    ///
    /// # Errors
    /// When the host is missing, has spaces in it or is in brackets and no IPv6 address, the port is
    /// not a number below 65536, or a Unix socket has a host or no path.
    pub fn parse(text: &str, protocol: &str) -> Result<Self, UrlError> {
        // The user info may hold a password, so errors quote only what is known to be harmless.
        let bad = |what: String| UrlError(format!("{what}; write PROTOCOL://HOST:PORT"));
        if let Some((protocol, rest)) = split_unix(text, protocol) {
            return Self::parse_unix(protocol, rest);
        }
        let (protocol, rest) = match text.split_once("://") {
            Some(parts) if is_scheme(parts.0) => parts,
            // It is a part of the query.
            Some(_) => (protocol, text),
            None if text.split_once(':').is_some_and(|(_, rest)| rest.starts_with('/')) => {
                return Err(bad("the URL has :/ where :// belongs".into()));
            }
            None => (protocol, text),
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user_info, address) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
        // Then the address is perhaps the beginning of a password.
        let is_cut = path.contains('@') || query.contains('@');
        let quoted = |text: &str| {
            if is_cut {
                return "of the URL (/ and ? in a password are written %2F and %3F)".to_owned();
            }
            let end = text.floor_char_boundary(QUOTED_BYTES);
            let more = if end < text.len() { "…" } else { "" };
            format!("{:?}{more}", text.get(..end).unwrap_or_default())
        };
        let (host, port) = split_address(address)
            .ok_or_else(|| bad(format!("the address {} has no valid port", quoted(address))))?;
        if host.is_empty() {
            return Err(bad("the URL has no host".into()));
        }
        if host.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '[' | ']')) {
            let what = "spaces, brackets or control characters";
            return Err(bad(format!("the host {} has {what} in it", quoted(host))));
        }
        Ok(Self {
            protocol: protocol.into(),
            user: decode(user).into(),
            password: decode(password).into(),
            host: host.into(),
            port,
            path: decode(path).into(),
            params: parameters(query),
        })
    }

    fn parse_unix(protocol: &str, rest: &str) -> Result<Self, UrlError> {
        let bad = |what| Err(UrlError(format!("{what}; write PROTOCOL+unix:///PATH")));
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let path = match path.strip_prefix("//") {
            Some(path) if !path.is_empty() && !path.starts_with('/') => {
                return bad("the URL of a Unix socket has no place for a host");
            }
            Some(path) => path,
            None => path,
        };
        if path.is_empty() {
            return bad("the URL of a Unix socket has no path");
        }
        // In a path, unlike in a query, a plus is a plus.
        let host = format!("unix:{}", decode(&path.replace('+', "%2B")));
        let params = parameters(query);
        Ok(Self { protocol: protocol.into(), host: host.into(), params, ..Self::default() })
    }

    /// The parameter `name`.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.get(name).map(|v| &**v)
    }

    /// The service it names: `group`, `interface` (else the path) and `version`.
    pub fn service(&self) -> ServiceKey {
        let interface = self.param("interface").unwrap_or(&self.path);
        ServiceKey::new(
            interface,
            self.param("group").unwrap_or_default(),
            self.param("version").unwrap_or_default(),
        )
    }

    /// The instance it names, with the facts that Dubbo's providers publish: `application`, `zone`,
    /// and the start of the process by `timestamp`.
    pub fn instance(&self) -> Instance {
        Instance {
            host: self.host.clone(),
            application: self.param("application").unwrap_or_default().into(),
            zone: zone(self.param("zone")),
            started: self.param("timestamp").and_then(timestamp),
            ..Instance::default()
        }
    }

    /// The endpoint it describes.
    pub fn endpoint(&self) -> Endpoint {
        let instance = self.instance();
        let offer = Offer { protocol: self.protocol.clone(), port: self.port };
        let service = ServiceParams::new(&self.params);
        Endpoint::new(Arc::new(instance), offer, Arc::new(service))
    }
}

/// Returns what may be shown of a text that is no URL: scheme, address and path, at most 256 bytes. User,
/// password and parameters are left out, which may hold secrets, also where a `/` or a `?` in a password is not
/// encoded; and they are known in a text that is encoded as a whole, such as the name of a node.
pub fn redacted(text: &str) -> String {
    let decoded;
    let text = if text.contains("://") {
        text
    } else {
        decoded = decode(text);
        &decoded
    };
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => (format!("{scheme}://"), rest),
        _ => (String::new(), text),
    };
    let (base, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut shown = match base.rsplit_once('@') {
        _ if query.contains('@') => format!("{scheme}…"),
        Some((_, address)) => format!("{scheme}…@{address}"),
        None => format!("{scheme}{base}"),
    };
    if shown.len() > QUOTED_BYTES {
        shown.truncate(shown.floor_char_boundary(QUOTED_BYTES));
        shown.push('…');
    }
    shown
}

/// Reads the parameter `timestamp`, the start of a process: in milliseconds since the epoch, as Java writes it, or in
/// seconds, as dubbo-go does (`server/action.go`). `None` for 0 and for what is no number.
pub fn timestamp(text: &str) -> Option<SystemTime> {
    /// The number that decides between the two units: as milliseconds, a smaller one is before
    /// 1974; as seconds, a larger one is after the year 5000.
    const MILLIS: u64 = 100_000_000_000;
    let number: u64 = text.parse().ok().filter(|number| *number > 0)?;
    let since_epoch =
        if number < MILLIS { Duration::from_secs(number) } else { Duration::from_millis(number) };
    SystemTime::UNIX_EPOCH.checked_add(since_epoch)
}

/// The protocol and the rest of a text that names a Unix socket.
fn split_unix<'a>(text: &'a str, protocol: &'a str) -> Option<(&'a str, &'a str)> {
    match text.split_once(':')? {
        ("unix", rest) => Some((protocol, rest)),
        (scheme, rest) => Some((scheme.strip_suffix("+unix")?, rest)),
    }
}

/// The parameters in a query.
fn parameters(query: &str) -> Params {
    let pairs = query.split('&').filter(|p| !p.is_empty());
    pairs
        .map(|p| p.split_once('=').unwrap_or((p, "")))
        .map(|(k, v)| (decode(k).into(), decode(v).into()))
        .collect()
}

fn is_scheme(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.' | b'_'))
}

fn split_address(address: &str) -> Option<(&str, u16)> {
    if let Some(rest) = address.strip_prefix('[') {
        let (host, port) = rest.split_once(']')?;
        let (ip, _zone) = host.split_once('%').unwrap_or((host, ""));
        ip.parse::<Ipv6Addr>().ok()?;
        return match port.strip_prefix(':') {
            Some(port) => Some((host, port.parse().ok()?)),
            None => port.is_empty().then_some((host, 0)),
        };
    }
    match address.split_once(':') {
        None => Some((address, 0)),
        Some((host, port)) => Some((host, port.parse().ok()?)),
    }
}

/// Percent-decoding as Java's `URLDecoder` does it; bytes that are not UTF-8 become U+FFFD.
fn decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(b) = bytes.next() {
        let mut ahead = bytes.clone();
        let hex = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16));
        match (b, hex(ahead.next()), hex(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).unwrap_or(b'%'));
                bytes = ahead;
            }
            (b'+', ..) => out.push(b' '),
            _ => out.push(b),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

impl Url {
    /// Writes everything before the query.
    fn write_base(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = unix_path(&self.host) {
            return write_unix(f, &self.protocol, path);
        }
        write!(f, "{}://", self.protocol)?;
        if !self.user.is_empty() {
            percent::encode(f, &self.user)?;
            f.write_str("@")?;
        }
        if self.host.contains(':') {
            write!(f, "[{}]", self.host)?;
        } else {
            f.write_str(&self.host)?;
        }
        if self.port != 0 {
            write!(f, ":{}", self.port)?;
        }
        if !self.path.is_empty() {
            f.write_str("/")?;
            percent::encode_path(f, &self.path)?;
        }
        Ok(())
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_base(f)?;
        for (i, (key, value)) in self.params.iter().enumerate() {
            f.write_str(if i == 0 { "?" } else { "&" })?;
            percent::encode(f, key)?;
            f.write_str("=")?;
            percent::encode(f, value)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Url({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_every_part_and_prints_it_back_without_the_password() {
        let text = "dubbo://me:secret@10.0.0.1:20880/a.B?group=g&timeout=1000&version=1.0.0";
        let url = Url::parse(text, "").unwrap();
        assert_eq!((&*url.user, &*url.password, url.port), ("me", "secret", 20880));
        assert_eq!(url.service(), ServiceKey::new("a.B", "g", "1.0.0"));
        assert_eq!(url.endpoint().param("timeout"), Some("1000"));
        let printed = format!("{url} {url:?}");
        assert!(printed.contains("dubbo://me@10.0.0.1:20880/a.B?group=g&timeout=1000"));
        assert!(!printed.contains("secret"));
    }

    #[test]
    fn takes_a_bare_address_and_ipv6() {
        let url = Url::parse("localhost:20880", "dubbo").unwrap();
        assert_eq!(url.to_string(), "dubbo://localhost:20880");
        let url = Url::parse("tri://[::1]:50051", "").unwrap();
        assert_eq!((&*url.host, url.port), ("::1", 50051));
        assert_eq!(url.endpoint().address(), "[::1]:50051");
    }

    #[test]
    fn what_means_something_in_a_url_is_printed_encoded() {
        let text = "dubbo://a%40b%3A@[fe80::1%eth0]:1/p%3Fq%25%2B%20%23?x=%26";
        let url = Url::parse(text, "").unwrap();
        assert_eq!((&*url.user, &*url.host, &*url.path), ("a@b:", "fe80::1%eth0", "p?q%+ #"));
        assert_eq!(url.to_string(), text);
    }

    #[test]
    fn a_protocol_in_the_query_is_not_that_of_the_url() {
        let url = Url::parse("h:1?to=http://b/c", "dubbo").unwrap();
        assert_eq!(
            (&*url.protocol, &*url.host, url.param("to")),
            ("dubbo", "h", Some("http://b/c"))
        );
    }

    #[test]
    fn brackets_hold_an_ipv6_address() {
        for text in ["[[]", "[]:1", "[h]:1", "[::1", "a]b", "[1.2.3.4]:1"] {
            assert!(Url::parse(text, "dubbo").is_err(), "{text}");
        }
    }

    #[test]
    fn an_error_quotes_a_part_of_what_is_long() {
        let error = Url::parse(&format!("{}:x", "h".repeat(100_000)), "dubbo").unwrap_err();
        assert!(error.to_string().len() < 400, "{error}");
    }

    #[test]
    fn decodes_the_query() {
        let url = Url::parse("a://h?x=%7B1%7D+%e4%b8%ad&bad=%zz", "").unwrap();
        assert_eq!(url.param("x"), Some("{1} 中"));
        assert_eq!(url.param("bad"), Some("%zz"));
    }

    #[test]
    fn names_a_unix_socket_and_prints_it_back() {
        let text = "tri+unix:///run/shop.sock?group=g&interface=a.B";
        let url = Url::parse(text, "").unwrap();
        assert_eq!((&*url.protocol, &*url.host, url.port), ("tri", "unix:/run/shop.sock", 0));
        assert_eq!(url.service(), ServiceKey::new("a.B", "g", ""));
        assert_eq!(url.to_string(), text);
        let endpoint = url.endpoint();
        assert_eq!(endpoint.unix_path(), Some("/run/shop.sock"));
        assert_eq!(endpoint.address(), "unix:/run/shop.sock");
        assert_eq!(endpoint.to_string(), "tri+unix:///run/shop.sock");
    }

    #[test]
    fn takes_every_form_of_a_unix_socket() {
        for (text, host, printed) in [
            ("unix:///run/a.sock", "unix:/run/a.sock", "dubbo+unix:///run/a.sock"),
            ("unix:/run/a.sock", "unix:/run/a.sock", "dubbo+unix:///run/a.sock"),
            ("unix:a.sock?x=1", "unix:a.sock", "dubbo+unix:a.sock?x=1"),
            ("dubbo+unix:run/a.sock", "unix:run/a.sock", "dubbo+unix:run/a.sock"),
            ("dubbo+unix:///a%3Fb+c%25", "unix:/a?b+c%", "dubbo+unix:///a%3Fb%2Bc%25"),
        ] {
            let url = Url::parse(text, "dubbo").unwrap();
            assert_eq!((&*url.host, &*url.to_string()), (host, printed), "{text}");
            assert_eq!(Url::parse(printed, "").unwrap(), url);
        }
        for bad in ["tri+unix://run/a.sock", "tri+unix://", "tri+unix:?x=1", "unix:"] {
            let error = Url::parse(bad, "dubbo").unwrap_err().to_string();
            assert!(error.contains("PROTOCOL+unix:///PATH"), "{bad}: {error}");
        }
    }

    #[test]
    fn no_part_of_a_password_is_quoted() {
        for text in ["a://me:se/cret@h:1", "a://me:se?cret@h:1", "me:[se/cret@h", "a://me:s e/x@h"]
        {
            let error = Url::parse(text, "a").unwrap_err().to_string();
            let expected = "the address of the URL (/ and ? in a password are written %2F and %3F) has no \
                            valid port; write PROTOCOL://HOST:PORT";
            assert_eq!(error, expected, "{text}");
        }
    }

    #[test]
    fn what_is_shown_has_no_secrets() {
        for (text, shown) in [
            ("zookeeper://zk:2181/x?password=secret", "zookeeper://zk:2181/x"),
            ("zookeeper://me:secret@zk:2181", "zookeeper://…@zk:2181"),
            ("zookeeper://me:se/cr@et@zk:2181/x", "zookeeper://…@zk:2181/x"),
            ("zookeeper://me:se?cret@zk:2181", "zookeeper://…"),
            ("me:secret@zk", "…@zk"),
            ("me:secret@x://zk", "…@x://zk"),
            ("zk:2181", "zk:2181"),
            ("dubbo%3A%2F%2Fme%3Asecret%40h%3A1%2Fa.B%3Ftoken%3Dsecret", "dubbo://…@h:1/a.B"),
            ("a node", "a node"),
        ] {
            assert_eq!(redacted(text), shown, "{text}");
        }
        assert!(redacted(&"x".repeat(1_000)).len() < 300);
    }

    #[test]
    fn says_what_is_wrong() {
        for bad in ["dubbo://:20880", "dubbo://h:port", "dubbo://h:99999", "dubbo://[::1", "a b:1"]
        {
            let error = Url::parse(bad, "").unwrap_err().to_string();
            assert!(error.contains("PROTOCOL://HOST:PORT"), "{bad}: {error}");
        }
        for bad in ["dubbo:/bad", "tri:/h:50051", "dubbo:/u:secret@h:1"] {
            let error = Url::parse(bad, "").unwrap_err().to_string();
            let text = "the URL has :/ where :// belongs; write PROTOCOL://HOST:PORT";
            assert_eq!(error, text, "{bad}");
        }
    }
}
