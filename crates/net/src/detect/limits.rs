//! The limits of connections, in all and by address.

use std::{collections::HashMap, net::IpAddr, pin::pin, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::AcceptOptions;
use crate::io::Subnet;

/// Counts connections; clones count together.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    max: usize,
    max_per_ip: usize,
    ipv6_bits: u8,
    unlimited: Arc<[Subnet]>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    counts: Mutex<Counts>,
    none: Notify,
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    by_ip: HashMap<Subnet, usize>,
}

/// A counted connection.
#[derive(Debug)]
pub(super) struct ConnectionPermit {
    ip: Option<Subnet>,
    shared: Arc<Shared>,
}

impl Limits {
    pub(super) fn new(options: &AcceptOptions) -> Self {
        Self {
            max: options.max_connections,
            max_per_ip: options.max_per_ip,
            ipv6_bits: options.ipv6_bits,
            unlimited: options.unlimited.as_slice().into(),
            shared: Arc::default(),
        }
    }

    /// The addresses that count together with `ip`, if they are limited.
    fn counted(&self, ip: IpAddr) -> Option<Subnet> {
        let ip = ip.to_canonical();
        let bits = if ip.is_ipv4() { 32 } else { self.ipv6_bits };
        let limited = !self.unlimited.iter().any(|range| range.contains(ip));
        limited.then(|| Subnet::new(ip, bits))
    }

    /// Counts a connection from `ip`, or says which bound it would pass. One over a Unix socket is
    /// from no address, and counts in all alone.
    pub(super) fn admit(&self, ip: Option<IpAddr>) -> Result<ConnectionPermit, &'static str> {
        let ip = ip.and_then(|ip| self.counted(ip));
        let mut counts = self.shared.counts.lock();
        if counts.all >= self.max {
            return Err("too many connections; raise max_connections");
        }
        let own = ip.and_then(|ip| counts.by_ip.get(&ip));
        if own.is_some_and(|own| *own >= self.max_per_ip) {
            return Err(
                "too many connections from one address or network; raise max_per_ip, or name it in \
                        unlimited",
            );
        }
        if let Some(ip) = ip {
            *counts.by_ip.entry(ip).or_default() += 1;
        }
        counts.all += 1;
        Ok(ConnectionPermit { ip, shared: self.shared.clone() })
    }

    /// Waits until there is none.
    pub(super) async fn emptied(&self) {
        loop {
            let mut none = pin!(self.shared.none.notified());
            none.as_mut().enable();
            if self.shared.counts.lock().all == 0 {
                return;
            }
            none.await;
        }
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let mut counts = self.shared.counts.lock();
        counts.all -= 1;
        if let Some(ip) = self.ip
            && let Some(own) = counts.by_ip.get_mut(&ip)
        {
            *own -= 1;
            if *own == 0 {
                counts.by_ip.remove(&ip);
            }
        }
        if counts.all == 0 {
            self.shared.none.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(max: usize, max_per_ip: usize) -> Limits {
        Limits::new(&AcceptOptions { max_connections: max, max_per_ip, ..AcceptOptions::default() })
    }

    #[test]
    fn addresses_of_a_network_count_together_and_those_that_are_unlimited_do_not() {
        let ip = |text: &str| Some(text.parse().unwrap());
        let unlimited = vec!["10.0.0.0/8".parse().unwrap()];
        let options = AcceptOptions { max_per_ip: 1, unlimited, ..AcceptOptions::default() };
        let limits = Limits::new(&options);
        let kept: Vec<_> = ["10.0.0.1", "10.0.0.1", "11.0.0.1", "2001:db8::1", "2001:db8:0:1::1"]
            .iter()
            .map(|text| limits.admit(ip(text)).unwrap())
            .collect();
        for text in ["11.0.0.1", "::ffff:11.0.0.1", "2001:db8::2", "2001:db8::ffff:0:0:1"] {
            assert!(limits.admit(ip(text)).unwrap_err().contains("max_per_ip"), "{text}");
        }
        drop(kept);
        let options = AcceptOptions { max_per_ip: 1, ipv6_bits: 128, ..AcceptOptions::default() };
        let limits = Limits::new(&options);
        let _first = limits.admit(ip("2001:db8::1")).unwrap();
        let _second = limits.admit(ip("2001:db8::2")).unwrap();
        assert!(limits.admit(ip("2001:db8::2")).is_err());
    }

    #[test]
    fn both_bounds_hold_and_places_become_free() {
        let limits = limits(3, 2);
        let (a, b) = (Some([10, 0, 0, 1].into()), Some([10, 0, 0, 2].into()));
        let first = limits.admit(a).unwrap();
        let _second = limits.admit(a).unwrap();
        assert!(limits.admit(a).unwrap_err().contains("max_per_ip"));
        let _third = limits.admit(b).unwrap();
        assert!(limits.admit(b).unwrap_err().contains("max_connections"));
        drop(first);
        limits.admit(a).unwrap();
    }

    #[test]
    fn a_connection_without_address_counts_in_all_alone() {
        let limits = limits(2, 1);
        let first = limits.admit(None).unwrap();
        let _second = limits.admit(None).unwrap();
        assert!(limits.admit(None).unwrap_err().contains("max_connections"));
        drop(first);
        limits.admit(None).unwrap();
    }
}
