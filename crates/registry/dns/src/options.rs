//! The URL of a registry by DNS.

use std::net::{IpAddr, SocketAddr};

use bytestring::ByteString;
use dubhe_core::time::Duration;
use dubhe_core::url::{Url, redacted};
use dubhe_core::{Code, Status};
use dubhe_registry::known_params::warn_of_unknown;

/// The port of name servers.
const DNS_PORT: u16 = 53;

/// The options of a URL `dns://[server[:53]][,server…]/name[:port]?parameters`, where servers are IP
/// addresses; without one those of the system, with its search list, are asked.
///
/// ```
/// # mod dubhe { pub mod registry { pub use dubhe_dns::{DnsOptions, Query as DnsQuery}; } }
/// use dubhe::registry::{DnsOptions, DnsQuery};
///
/// let options = DnsOptions::parse("dns://10.96.0.10/greeter.shop.svc:50051?protocol=tri")?;
/// assert_eq!(options.servers[0].to_string(), "10.96.0.10:53");
/// assert_eq!(options.query, DnsQuery::Addresses { port: 50051 });
/// let options = DnsOptions::parse("dns:///_tri._tcp.greeter.shop.svc.cluster.local")?;
/// assert_eq!((&*options.protocol, options.query), ("tri", DnsQuery::Services));
/// # Ok::<(), dubhe_core::Status>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DnsOptions {
    /// The name servers; empty for those of the system.
    pub servers: Vec<SocketAddr>,
    /// The name that is resolved. With `srv=true` it is `_{protocol}._tcp.` and the name of the URL.
    pub name: ByteString,
    /// The records that are asked for: SRV when the name begins with `_` or with `srv=true`, else
    /// addresses.
    pub query: Query,
    /// `protocol`: the protocol of the providers by Dubbo's name, such as `dubbo`. By default the first
    /// part of a name of SRV records, else `tri`.
    pub protocol: ByteString,
    /// `family`: which addresses are used.
    pub family: Family,
    /// `timeout` in milliseconds: the longest wait for an answer of a name server, which is asked
    /// twice. Default 5 s.
    pub timeout: Duration,
}

/// The records that are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Query {
    /// The addresses of the name; the port is that of the URL.
    Addresses {
        /// The port of all providers.
        port: u16,
    },
    /// SRV records, which name targets and ports.
    Services,
}

/// The addresses that are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Family {
    /// IPv4, and IPv6 when there are none of it. The default: a host with both is one
    /// provider.
    #[default]
    PreferIpv4,
    /// `ipv4`.
    Ipv4,
    /// `ipv6`.
    Ipv6,
    /// `both`: a host with both is two providers.
    Both,
}

impl DnsOptions {
    /// Reads the URL of a registry.
    ///
    /// # Errors
    /// When it has no name, a server is no address, a port is missing, or a parameter is not what it
    /// should be.
    pub fn parse(url: &str) -> Result<Self, Status> {
        let wrong = |what: String| {
            let what = format!("wrong registry URL: {what}; write dns://[SERVER]/NAME:PORT");
            Status::new(Code::InvalidArgument, what)
        };
        let rest = url.strip_prefix("dns://").unwrap_or(url);
        let (servers, name) = rest
            .split_once('/')
            .ok_or_else(|| wrong(format!("{:?} has no name after the server", redacted(url))))?;
        let servers = servers.split(',').map(str::trim).filter(|server| !server.is_empty());
        let servers = servers.map(|server| {
            address(server).ok_or_else(|| {
                wrong(format!("the name server {:?} is no IP address", redacted(server)))
            })
        });
        let servers = servers.collect::<Result<Vec<_>, _>>()?;
        let url = Url::parse(name, "").map_err(|error| wrong(error.to_string()))?;
        if !url.path.is_empty() {
            return Err(wrong(format!("{:?} after the name means nothing", redacted(&url.path))));
        }
        warn_of_unknown(format_args!("dns://{}", url.host), &url.params, &["family", "srv"]);
        let text = |name: &str| url.param(name).filter(|value| !value.is_empty());
        let named = url.host.starts_with('_');
        let srv = match url.param("srv") {
            None => named,
            Some("true") => true,
            Some("false") if !named => false,
            Some(other) => return Err(wrong(format!("srv={other:?} is not true"))),
        };
        let of_name = url.host.strip_prefix('_').and_then(|name| name.split('.').next());
        let protocol: ByteString = text("protocol").or(of_name).unwrap_or("tri").into();
        let name = match (srv, named) {
            (true, false) => format!("_{protocol}._tcp.{}", url.host).into(),
            _ => url.host.clone(),
        };
        let query = match (srv, url.port) {
            (true, 0) => Query::Services,
            (true, _) => return Err(wrong("SRV records have ports of their own".into())),
            (false, 0) => return Err(wrong("the name has no port".into())),
            (false, port) => Query::Addresses { port },
        };
        let family = match text("family") {
            None => Family::default(),
            Some("ipv4") => Family::Ipv4,
            Some("ipv6") => Family::Ipv6,
            Some("both") => Family::Both,
            Some(other) => {
                return Err(wrong(format!("family={other:?} is none of ipv4, ipv6 and both")));
            }
        };
        let timeout = match url.param("timeout") {
            None => Duration::from_secs(5),
            Some(text) => match text.parse() {
                Ok(number) if number > 0 => Duration::from_millis(number),
                _ => {
                    let what = format!("timeout={text:?} is not a number of milliseconds above 0");
                    return Err(wrong(what));
                }
            },
        };
        Ok(Self { servers, name, query, protocol, family, timeout })
    }
}

fn address(server: &str) -> Option<SocketAddr> {
    if let Ok(address) = server.parse() {
        return Some(address);
    }
    let ip: IpAddr = server.trim_start_matches('[').trim_end_matches(']').parse().ok()?;
    Some(SocketAddr::new(ip, DNS_PORT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_read() {
        let url = "dns://10.0.0.1,[::1]:5353/a.b:80?protocol=dubbo&family=both&timeout=100";
        let expected = DnsOptions {
            servers: vec!["10.0.0.1:53".parse().unwrap(), "[::1]:5353".parse().unwrap()],
            name: "a.b".into(),
            query: Query::Addresses { port: 80 },
            protocol: "dubbo".into(),
            family: Family::Both,
            timeout: Duration::from_millis(100),
        };
        assert_eq!(DnsOptions::parse(url).unwrap(), expected);
        let options = DnsOptions::parse("dns:///greeter.shop?srv=true&protocol=dubbo").unwrap();
        assert_eq!((&*options.name, options.query), ("_dubbo._tcp.greeter.shop", Query::Services));
        let options = DnsOptions::parse("dns://::1/_grpc._tcp.a?protocol=tri").unwrap();
        assert_eq!((&*options.name, &*options.protocol), ("_grpc._tcp.a", "tri"));
        assert_eq!(options.servers, ["[::1]:53".parse().unwrap()]);
    }

    #[test]
    fn what_cannot_work_is_said() {
        for (url, named) in [
            ("dns://a.b:80", "no name"),
            ("dns://server/a:80", "\"server\" is no IP address"),
            ("dns:///a", "no port"),
            ("dns:///:80", "no host"),
            ("dns:///a:80/x", "\"x\""),
            ("dns:///_tri._tcp.a:80", "ports of their own"),
            ("dns:///_tri._tcp.a?srv=false", "srv"),
            ("dns:///a:80?srv=maybe", "srv"),
            ("dns:///a:80?family=4", "family"),
            ("dns:///a:80?timeout=0", "timeout"),
        ] {
            let error = DnsOptions::parse(url).unwrap_err();
            assert!(error.message().contains(named), "{url}: {error}");
            assert!(error.message().contains("dns://[SERVER]/NAME:PORT"), "{error}");
        }
    }
}
