//! The limits of connections, in all and by address.

use std::{collections::HashMap, net::IpAddr, pin::pin, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::Notify;

/// Counts connections; clones count together.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    max: usize,
    max_per_ip: usize,
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
    by_ip: HashMap<IpAddr, usize>,
}

/// A counted connection.
#[derive(Debug)]
pub(super) struct ConnectionPermit {
    ip: Option<IpAddr>,
    shared: Arc<Shared>,
}

impl Limits {
    pub(super) fn new(max: usize, max_per_ip: usize) -> Self {
        Self { max, max_per_ip, shared: Arc::default() }
    }

    /// Counts a connection from `ip`, or says which bound it would pass. One over a Unix socket is
    /// from no address, and counts in all alone.
    pub(super) fn admit(&self, ip: Option<IpAddr>) -> Result<ConnectionPermit, &'static str> {
        let mut counts = self.shared.counts.lock();
        if counts.all >= self.max {
            return Err("too many connections; raise max_connections");
        }
        let own = ip.and_then(|ip| counts.by_ip.get(&ip));
        if own.is_some_and(|own| *own >= self.max_per_ip) {
            return Err("too many connections from one address; raise max_per_ip");
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

    #[test]
    fn both_bounds_hold_and_places_become_free() {
        let limits = Limits::new(3, 2);
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
        let limits = Limits::new(2, 1);
        let first = limits.admit(None).unwrap();
        let _second = limits.admit(None).unwrap();
        assert!(limits.admit(None).unwrap_err().contains("max_connections"));
        drop(first);
        limits.admit(None).unwrap();
    }
}
