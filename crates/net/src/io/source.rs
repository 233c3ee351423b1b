//! The address of this machine.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};

/// Asks the kernel for the source address of packets to other hosts, of the family of `any`; `127.0.0.1` without a
/// network. Connecting a UDP socket sends nothing; the target is of a range for documentation (RFC 5737, RFC
/// 3849).
///
/// ```
/// use std::net::{IpAddr, Ipv4Addr};
///
/// let own = dubhe_net::io::source_address(Ipv4Addr::UNSPECIFIED.into());
/// assert!(!own.is_unspecified());
/// ```
pub fn source_address(any: IpAddr) -> IpAddr {
    let (from, to) = match any {
        IpAddr::V4(_) => ("0.0.0.0:0", "192.0.2.1:9"),
        IpAddr::V6(_) => ("[::]:0", "[2001:db8::1]:9"),
    };
    let found = UdpSocket::bind(from).and_then(|socket| {
        socket.connect(to)?;
        socket.local_addr()
    });
    found.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.ip())
}
