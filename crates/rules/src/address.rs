//! Patterns of addresses in tag rules and configurators (Dubbo Java `NetUtils.matchIpExpression`).
//!
//! | pattern | providers |
//! | --- | --- |
//! | `*`, `*.*.*.*` | every one |
//! | `10.0.0.1`, `2001:db8::1`, `[2001:db8::1]` | at this address, at any port |
//! | `10.0.0.1:20880`, `[2001:db8::1]:20880` | at this address and port |
//! | `10.0.*.1-20`, `10.0.0.*:20880`, `2001:db8:0:0:0:0:0:*` | whose parts are any, or in a range |
//! | `10.0.0.0/8`, `2001:db8::/32` | in a network |
//!
//! Hosts are addresses; a name matches only what every provider does, since nothing is looked up here.

use std::collections::HashSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bytestring::ByteString;

/// The reason why a pattern says nothing of a host: one of both has a wrong form, or one is IPv4 and the
/// other IPv6.
///
/// ```
/// # mod dubhe { pub mod rules { pub use dubhe_rules::address; } }
/// use dubhe::rules::address;
///
/// let error = address::matches("10.0.0.0/8:20880", "10.0.0.1", 20880).unwrap_err();
/// assert_eq!(error.to_string(), "8:20880 is not the length of a network");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressError(String);

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for AddressError {}

fn wrong<T>(what: impl Into<String>) -> Result<T, AddressError> {
    Err(AddressError(what.into()))
}

/// Returns `true` if `pattern` is for the provider at `host` and `port`.
///
/// # Errors
/// When it says nothing of such a host.
pub fn matches(pattern: &str, host: &str, port: u16) -> Result<bool, AddressError> {
    if let Some((network, length)) = pattern.split_once('/') {
        return is_within(address(host)?, address(network)?, length);
    }
    let pattern = pattern.trim();
    if is_any(pattern) {
        return Ok(true);
    }
    let ip = address(host)?;
    let (pattern, wanted) = split_port(pattern, ip.is_ipv4());
    if wanted.is_some_and(|wanted| *wanted != *port.to_string()) {
        return Ok(false);
    }
    let separator = if ip.is_ipv4() { '.' } else { ':' };
    let parts: Vec<&str> = pattern.trim_end_matches(separator).split(separator).collect();
    let has_expression = pattern.contains(['*', '-']);
    let fits = match ip {
        IpAddr::V4(_) => parts.len() == 4,
        IpAddr::V6(_) => parts.len() == 8 || !has_expression && pattern.contains("::"),
    };
    if !fits {
        return wrong(format!("{pattern} has not the form of an address like {host}"));
    }
    if !has_expression {
        return Ok(address(pattern)? == ip);
    }
    for (part, own) in parts.into_iter().zip(segments(ip)) {
        if !part_matches(part, &own, ip.is_ipv4())? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_any(pattern: &str) -> bool {
    matches!(pattern, "*" | "*.*.*.*")
}

/// The host and the port of a pattern. Without brackets only one for IPv4 hosts has a port.
fn split_port(pattern: &str, is_ipv4: bool) -> (&str, Option<&str>) {
    if let Some(rest) = pattern.strip_prefix('[') {
        if let Some((host, port)) = rest.split_once("]:") {
            return (host, Some(port));
        }
        if let Some(host) = rest.strip_suffix(']') {
            return (host, None);
        }
    }
    match pattern.split_once(':') {
        Some((host, port)) if is_ipv4 => (host, Some(port)),
        _ => (pattern, None),
    }
}

/// The parts of an address as Java writes them: decimal, or hexadecimal without zeros in front.
fn segments(ip: IpAddr) -> Vec<String> {
    match ip {
        IpAddr::V4(ip) => ip.octets().iter().map(u8::to_string).collect(),
        IpAddr::V6(ip) => ip.segments().iter().map(|part| format!("{part:x}")).collect(),
    }
}

fn part_matches(part: &str, own: &str, is_ipv4: bool) -> Result<bool, AddressError> {
    if part == "*" || part == own {
        return Ok(true);
    }
    if part.contains('-') {
        let Some((from, to)) = part.split_once('-').filter(|(_, to)| !to.contains('-')) else {
            return wrong(format!("{part} is not a range"));
        };
        let number = |text: &str| {
            let radix = if is_ipv4 { 10 } else { 16 };
            let number = i32::from_str_radix(text, radix);
            number.map_err(|_| AddressError(format!("{part} is not a range of numbers")))
        };
        let (from, to, own) = (number(from)?, number(to)?, number(own)?);
        return Ok((from..=to).contains(&own));
    }
    Ok(own == "0" && matches!(part, "00" | "000" | "0000"))
}

/// Returns `true` if `ip` is in the network. As in Java, the numbers of both are compared, whichever family they
/// are of.
fn is_within(ip: IpAddr, network: IpAddr, length: &str) -> Result<bool, AddressError> {
    let Ok(length) = length.parse::<i32>() else {
        return wrong(format!("{length} is not the length of a network"));
    };
    let bits: u32 = if network.is_ipv4() { 32 } else { 128 };
    let length = u32::try_from(length).unwrap_or(0).min(bits);
    let hosts = match bits - length {
        128 => u128::MAX,
        hosts => (1_u128 << hosts) - 1,
    };
    let first = number(network) & !hosts;
    Ok((first..=first | hosts).contains(&number(ip)))
}

fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => ip.to_bits().into(),
        IpAddr::V6(ip) => ip.to_bits(),
    }
}

/// Reads an address, an IPv6 one also in brackets. Decimal parts may have zeros in front.
fn address(text: &str) -> Result<IpAddr, AddressError> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let v6 = bare.unwrap_or(text).parse::<Ipv6Addr>().ok().map(|ip| IpAddr::V6(ip).to_canonical());
    let found = v6.or_else(|| bare.is_none().then(|| v4(text).map(IpAddr::V4)).flatten());
    found.ok_or_else(|| AddressError(format!("{text} is not an IP address")))
}

fn v4(text: &str) -> Option<Ipv4Addr> {
    let mut octets = [0; 4];
    let mut parts = text.split('.');
    for octet in &mut octets {
        let part = parts.next()?;
        let digits =
            !part.is_empty() && part.len() <= 15 && part.bytes().all(|b| b.is_ascii_digit());
        *octet = if digits { part.parse::<u64>().ok()?.try_into().ok()? } else { return None };
    }
    parts.next().is_none().then(|| octets.into())
}

/// Patterns of which one must be for a provider. Asking takes the time of those alone that are not plain
/// addresses.
#[derive(Default)]
pub(crate) struct Addresses {
    any: bool,
    exact: HashSet<(IpAddr, Option<u16>)>,
    /// The ports of `0.0.0.0:port`, any IPv4 host.
    any_host: HashSet<u16>,
    others: Vec<ByteString>,
}

impl Addresses {
    pub(crate) fn new<'a>(all: impl IntoIterator<Item = &'a ByteString>) -> Self {
        let mut addresses = Self::default();
        for pattern in all {
            if is_any(pattern.trim()) {
                addresses.any = true;
            } else if let Some(exact) = exact(pattern.trim()) {
                if let (IpAddr::V4(Ipv4Addr::UNSPECIFIED), Some(port)) = exact {
                    addresses.any_host.insert(port);
                }
                addresses.exact.insert(exact);
            } else {
                addresses.others.push(pattern.clone());
            }
        }
        addresses
    }

    /// Returns `true` if one is for the provider at `host` and `port`. One that says nothing of it is not.
    pub(crate) fn contain(&self, host: &str, port: u16) -> bool {
        if self.any {
            return true;
        }
        let Ok(ip) = address(host) else { return false };
        let is_one = |port| self.exact.contains(&(ip, port));
        is_one(None)
            || is_one(Some(port))
            || ip.is_ipv4() && self.any_host.contains(&port)
            || self.others.iter().any(|other| matches(other, host, port) == Ok(true))
    }
}

/// The address and the port of a pattern that is no more than these.
fn exact(pattern: &str) -> Option<(IpAddr, Option<u16>)> {
    let has_port = pattern.starts_with('[') || pattern.matches(':').count() == 1;
    let (host, port) = if has_port { split_port(pattern, true) } else { (pattern, None) };
    let port = match port {
        // A text that is no number as Java prints it is the port of nobody.
        Some(text) => Some(text.parse::<u16>().ok().filter(|port| port.to_string() == text)?),
        None => None,
    };
    Some((address(host).ok()?, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_address_is_found_as_its_pattern_matches() {
        let hosts = ["10.0.0.1", "127.0.0.1", "2001:db8::1", "example.com", "::ffff:10.0.0.1"];
        let patterns = [
            "10.0.0.1",
            " 10.0.0.1:20880 ",
            "10.0.0.1:020880",
            "010.0.0.1",
            "10.0.0.1:*",
            "127.0.0.1:20880",
            "2001:db8:0:0:0:0:0:1",
            "[2001:db8::1]",
            "[2001:db8::1]:20880",
            "[2001:db8::1]:1",
            "2001:db8::1:20880",
            "[10.0.0.1]:20880",
            "*",
            "10.0.0.*",
            "10.0.0.0/8",
            "localhost",
            "",
        ];
        for pattern in patterns.map(ByteString::from) {
            let addresses = Addresses::new([&pattern]);
            for host in hosts {
                let expected = matches(&pattern, host, 20880) == Ok(true);
                assert_eq!(addresses.contain(host, 20880), expected, "{pattern} {host}");
            }
        }
    }

    #[test]
    fn zero_is_any_ipv4_host_with_a_port_alone() {
        let contain =
            |pattern: &str, host| Addresses::new([&ByteString::from(pattern)]).contain(host, 20880);
        assert!(contain("0.0.0.0:20880", "10.0.0.1") && contain("0.0.0.0:20880", "127.0.0.1"));
        assert!(!contain("0.0.0.0:20880", "2001:db8::1") && !contain("0.0.0.0:1", "10.0.0.1"));
        assert!(!contain("0.0.0.0", "10.0.0.1"));
    }

    #[test]
    fn networks_are_ranges_of_numbers() {
        for (pattern, host, expected) in [
            ("10.0.0.0/8", "10.255.255.255", Some(true)),
            ("10.0.0.0/8", "11.0.0.0", Some(false)),
            ("10.0.0.1/33", "10.0.0.1", Some(true)),
            ("10.0.0.1/-1", "11.0.0.1", Some(true)),
            ("2001:db8::/32", "[2001:db8:1::]", Some(true)),
            ("::/0", "ffff::", Some(true)),
            ("0.0.0.0/0", "2001:db8::1", Some(false)),
            ("10.0.0.0/a", "10.0.0.1", None),
            ("10.0.0/8", "10.0.0.1", None),
            ("10.0.0.0/8", "host", None),
        ] {
            assert_eq!(matches(pattern, host, 1).ok(), expected, "{pattern} {host}");
        }
    }
}
