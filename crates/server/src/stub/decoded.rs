//! The memory of decoded arguments, counted for their connection until the handler ends.

use std::sync::Arc;

use dubhe_core::{Head, Status};
use dubhe_net::memory::{Charge, ConnectionMemory};

/// The most decoded memory of a call that is not counted: 4 KiB. Calls with less cost nothing, and the
/// limit of calls of a connection bounds them.
const UNCOUNTED: usize = 4 * 1024;

/// The count of the arguments of a call, in the extensions of its head: it ends with the context of the
/// handler, which the head goes to.
#[derive(Clone)]
struct Counted(#[allow(dead_code, reason = "it is there to be dropped")] Arc<Charge>);

/// Counts `bytes` that the arguments of the call take.
///
/// # Errors
/// `RESOURCE_EXHAUSTED` when the connection or the server would hold more than it may. The arguments
/// are to be dropped then.
#[inline]
pub(super) fn count(head: &mut Head, bytes: usize) -> Result<(), Status> {
    if bytes <= UNCOUNTED { Ok(()) } else { count_many(head, bytes) }
}

fn count_many(head: &mut Head, bytes: usize) -> Result<(), Status> {
    let peer = head.peer.as_ref();
    let Some(memory) = peer.and_then(|peer| peer.extensions.get::<ConnectionMemory>()) else {
        return Ok(());
    };
    memory.check(bytes)?;
    let charge = memory.charge(bytes);
    head.extensions.insert(Counted(Arc::new(charge)));
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use dubhe_core::status::Retry;
    use dubhe_core::{Code, Method, Peer, ServiceKey};
    use dubhe_net::io::SockAddr;
    use dubhe_net::memory::{MemoryBudget, MemoryOptions};

    use super::*;

    fn head(memory: Option<&ConnectionMemory>) -> Head {
        let mut peer = Peer::default();
        if let Some(memory) = memory {
            peer.extensions.insert(memory.clone());
        }
        let service = Arc::new(ServiceKey::interface_only("a.B"));
        let mut head = Head::new(service, Arc::new(Method::java("m", "")));
        head.peer = Some(Arc::new(peer));
        head
    }

    #[test]
    fn arguments_count_until_the_head_is_gone_and_not_above_the_limit() {
        let options = MemoryOptions::default().server(0).connection(100_000);
        let remote = SockAddr::from(std::net::SocketAddr::from(([127, 0, 0, 1], 1)));
        let memory = MemoryBudget::new(options).connection(remote);
        let mut first = head(Some(&memory));
        count(&mut first, 60_000).unwrap();
        let mut second = head(Some(&memory));
        let refused = count(&mut second, 40_001).unwrap_err();
        assert_eq!((refused.code(), refused.retry()), (Code::ResourceExhausted, Retry::Unstarted));
        assert_eq!(memory.used(), 60_000);
        count(&mut second, 40_000).unwrap();
        assert_eq!(memory.used(), 100_000);
        drop(first);
        assert_eq!(memory.used(), 40_000);
        drop(second);
        assert_eq!(memory.used(), 0);
    }

    #[test]
    fn little_is_not_counted_nor_is_a_call_without_a_connection() {
        let options = MemoryOptions::default().server(0).connection(1);
        let remote = SockAddr::from(std::net::SocketAddr::from(([127, 0, 0, 1], 1)));
        let memory = MemoryBudget::new(options).connection(remote);
        let mut small = head(Some(&memory));
        count(&mut small, UNCOUNTED).unwrap();
        assert_eq!(memory.used(), 0);
        assert!(count(&mut head(Some(&memory)), 5 * UNCOUNTED).is_err());
        count(&mut head(None), usize::MAX).unwrap();
    }
}
