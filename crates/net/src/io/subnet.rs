//! Ranges of IP addresses.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use crate::{Error, ErrorKind};

/// A range of IP addresses in CIDR notation, such as `10.0.0.0/8` or `fd00::/8`; an address alone is a
/// range of one. IPv4 addresses that are mapped into IPv6 (`::ffff:10.0.0.1`) count as IPv4.
///
/// ```
/// # mod dubhe { pub mod net { pub use dubhe_net::io::Subnet; } }
/// use dubhe::net::Subnet;
///
/// let balancers: Subnet = "10.1.0.0/16".parse()?;
/// assert!(balancers.contains("10.1.2.3".parse()?));
/// assert!(!balancers.contains("10.2.0.1".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subnet {
    /// The first address.
    first: IpAddr,
    /// The number of bits that all addresses have in common.
    bits: u8,
}

impl Subnet {
    /// The range of the addresses whose first `bits` are those of `ip`, of 32 bits for IPv4 and 128
    /// for IPv6; more count as all.
    pub fn new(ip: IpAddr, bits: u8) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(ip) => {
                let bits = bits.min(32);
                let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
                Self { first: Ipv4Addr::from(u32::from(ip) & mask).into(), bits }
            }
            IpAddr::V6(ip) => {
                let bits = bits.min(128);
                let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
                Self { first: Ipv6Addr::from(u128::from(ip) & mask).into(), bits }
            }
        }
    }

    /// Returns true if `ip` is in the range.
    pub fn contains(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        ip.is_ipv4() == self.first.is_ipv4() && Self::new(ip, self.bits) == *self
    }
}

impl FromStr for Subnet {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || {
            let message = format!("{text:?} is no range of addresses such as 10.0.0.0/8");
            Error::new(ErrorKind::Config, message)
        };
        let (ip, bits) = text.split_once('/').map_or((text, None), |(ip, bits)| (ip, Some(bits)));
        let ip: IpAddr = ip.parse().map_err(|_| wrong())?;
        let all: u8 = if ip.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(all), |bits| bits.parse().map_err(|_| wrong()))?;
        if bits > all {
            return Err(wrong());
        }
        // The bits of a mapped address count from its own beginning.
        let bits = if ip.to_canonical().is_ipv4() && all == 128 {
            bits.checked_sub(96).ok_or_else(wrong)?
        } else {
            bits
        };
        Ok(Self::new(ip, bits))
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.bits)
    }
}

impl fmt::Debug for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_contain_their_addresses_and_no_other() {
        for (range, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.0"),
            ("10.1.2.3/8", "10.0.0.0", "9.255.255.255"),
            ("10.1.2.3", "::ffff:10.1.2.3", "10.1.2.4"),
            ("::ffff:10.0.0.0/104", "10.9.9.9", "11.0.0.0"),
            ("2001:db8:1:2::/64", "2001:db8:1:2:ffff::1", "2001:db8:1:3::"),
            ("0.0.0.0/0", "255.255.255.255", "::1"),
            ("::/0", "fe80::1", "10.0.0.1"),
        ] {
            let range: Subnet = range.parse().unwrap();
            assert!(range.contains(inside.parse().unwrap()), "{range} {inside}");
            assert!(!range.contains(outside.parse().unwrap()), "{range} {outside}");
        }
        assert_eq!("10.1.2.3/8".parse::<Subnet>().unwrap().to_string(), "10.0.0.0/8");
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in
            ["", "10.0.0/8", "10.0.0.0/33", "::/129", "10.0.0.0/", "host", "::ffff:1.2.3.4/9"]
        {
            assert!(text.parse::<Subnet>().is_err(), "{text}");
        }
    }
}
