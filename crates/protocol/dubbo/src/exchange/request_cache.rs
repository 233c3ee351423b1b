//! Requests whose bytes recur.
//!
//! A client that calls one method again and again sends the same names in front of the arguments
//! and, as a rule, the same attachments behind them. What both mean is remembered by their bytes:
//! a call that is known costs two comparisons in place of some twenty decoded strings and a
//! look-up.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;
use dubhe_core::serve::Target;
use dubhe_core::{Metadata, Value};
use dubhe_hessian2::{Decode, Decoder};

use crate::body::{Attachments, BodyLimits, Request};
use crate::payload::PayloadLimit;

/// The number of requests that are remembered for a connection.
const MAX_ENTRIES: usize = 8;
/// The largest names and attachments that are remembered, in bytes together.
const MAX_ENTRY_BYTES: usize = 2048;

/// A request without its arguments.
#[derive(Clone)]
pub(super) struct RequestHead {
    pub(super) target: Target,
    pub(super) limit: PayloadLimit,
    pub(super) timeout: Option<Duration>,
    pub(super) priority: Option<ByteString>,
    pub(super) metadata: Metadata,
    /// The client's ability to read attachments of replies.
    pub(super) attachments: bool,
}

#[derive(Default)]
pub(super) struct RequestCache {
    entries: Vec<Entry>,
    next: usize,
    /// The [generation](dubhe_core::serve::Dispatch::generation) that the targets are of.
    generation: u64,
    /// `true` if a call has brought the number since the last [`RequestCache::renew_idle`].
    renewed: bool,
    /// The bytes around the arguments of the last unknown request: worth keeping when they recur.
    last: Vec<u8>,
}

struct Entry {
    names: Bytes,
    attachments: Bytes,
    count: usize,
    known: Arc<RequestHead>,
}

/// A request that was recognised.
pub(super) struct CachedRequest {
    pub(super) known: Arc<RequestHead>,
    pub(super) count: usize,
    pub(super) arguments: Bytes,
}

impl RequestCache {
    /// Forgets the targets of another generation than `present`. Called before a target is
    /// looked up, so that one found during a change is not kept under the newer number.
    #[inline]
    pub(super) fn renew(&mut self, present: u64) {
        self.renewed = true;
        if self.generation != present {
            self.generation = present;
            self.clear();
        }
    }

    #[cold]
    fn clear(&mut self) {
        self.entries.clear();
        self.next = 0;
    }

    /// Forgets the targets of another generation than the present one, of all if that is unknown.
    /// Nothing is asked if a call has brought the number since the last time, or no target is kept.
    #[inline]
    pub(super) fn renew_idle(&mut self, present: impl FnOnce() -> Option<u64>) {
        if !self.renewed && !self.entries.is_empty() {
            match present() {
                Some(present) => self.renew(present),
                None => self.clear(),
            }
        }
        self.renewed = false;
    }

    /// Finds what is known of a request with this body.
    pub(super) fn recognise(&self, body: &Bytes) -> Option<CachedRequest> {
        // Neighbours may share their names and differ in their attachments.
        self.entries.iter().find_map(|entry| {
            let rest = body.strip_prefix(&*entry.names)?;
            let mut d = Decoder::new(rest);
            for _ in 0..entry.count {
                d.skip_value().ok()?;
            }
            let end = d.position();
            if rest.get(end..)? != &*entry.attachments {
                return None;
            }
            let start = entry.names.len();
            let arguments = body.slice(start..start + end);
            Some(CachedRequest { known: entry.known.clone(), count: entry.count, arguments })
        })
    }

    /// Remembers a request when it came for the second time in a row. `request` was read from
    /// `body`.
    pub(super) fn learn(&mut self, body: &Bytes, request: &Request<'_>, known: &RequestHead) {
        let start = offset(body, &request.arguments);
        let Some((names, rest)) = body.split_at_checked(start) else { return };
        let Some(attachments) = rest.get(request.arguments.len()..) else { return };
        if names.len() + attachments.len() > MAX_ENTRY_BYTES {
            return;
        }
        let same = self.last.strip_prefix(names) == Some(attachments);
        if !same {
            self.last.clear();
            self.last.extend_from_slice(names);
            self.last.extend_from_slice(attachments);
            return;
        }
        // Decoded again from a copy, so that nothing remembered keeps the frame's memory.
        let attachments = Bytes::copy_from_slice(attachments);
        let Some(metadata) = decode_scalars(&attachments) else { return };
        let entry = Entry {
            names: Bytes::copy_from_slice(names),
            attachments,
            count: request.count,
            known: Arc::new(RequestHead { metadata, ..known.clone() }),
        };
        match self.entries.get_mut(self.next) {
            Some(place) => *place = entry,
            None => self.entries.push(entry),
        }
        self.next = (self.next + 1) % MAX_ENTRIES;
    }
}

/// The place of `part` in `whole`, of which it is a slice.
fn offset(whole: &Bytes, part: &Bytes) -> usize {
    (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize)
}

/// Decodes the attachments that handlers see, unless one is a container: a container is numbered
/// after those in the arguments, so that its meaning depends on them.
fn decode_scalars(bytes: &Bytes) -> Option<Metadata> {
    let value = Value::decode(&mut Decoder::new(bytes)).ok()?;
    let Value::Map(map) = value else { return None };
    let container = |v: &Value| {
        matches!(
            v,
            Value::List(_) | Value::Map(_) | Value::Object(_) | Value::Shared(..) | Value::Ref(_)
        )
    };
    if map.entries.iter().any(|(key, value)| container(key) || container(value)) {
        return None;
    }
    Attachments::read(&mut Decoder::shared(bytes), bytes, &BodyLimits::default())
        .ok()
        .map(|a| a.metadata)
}

#[cfg(test)]
mod tests {
    use dubhe_core::gate::Gates;
    use dubhe_core::value::Object;
    use dubhe_core::{Args, Call, Head, Invoke, Invoking, Method, Payload, ServiceKey};
    use dubhe_net::session::Outbox;

    use super::*;
    use crate::body::{RequestFacts, frame, write_request};
    use crate::header::{Header, Kind, LEN};
    use crate::serialization::SerializationId;

    struct Nobody;

    impl Invoke for Nobody {
        fn invoke(&self, _: Call) -> Invoking {
            panic!("not called here");
        }
    }

    fn body(method: &str, argument: Value, metadata: Metadata) -> Bytes {
        let service = Arc::new(ServiceKey::new("a.B", "g", "1.0.0"));
        let mut head = Head::new(service, Arc::new(Method::java(method, "Ljava/lang/Object;")));
        head.metadata = metadata;
        let call = Call::new(head, Payload::Args(Args::Values([argument].into())));
        let kind = Kind::Call { two_way: true };
        let header = Header { kind, serialization: SerializationId::HESSIAN2, id: 1, length: 0 };
        let facts = RequestFacts {
            timeout: Some(Duration::from_secs(3)),
            application: "shop",
            template: None,
        };
        let mut out = Outbox::default();
        frame(&mut out, header, PayloadLimit::UNLIMITED, |w| write_request(w, &call, &facts))
            .unwrap();
        out.to_bytes().slice(LEN..)
    }

    fn known(request: &Request<'_>) -> RequestHead {
        let target = Target {
            service: Arc::new(ServiceKey::interface_only("a.B")),
            method: Arc::new(Method::java(request.method.to_string(), "")),
            params: Arc::default(),
            gates: Gates::default(),
            invoke: Arc::new(Nobody),
        };
        RequestHead {
            target,
            limit: PayloadLimit::default(),
            timeout: request.attachments.timeout,
            priority: None,
            metadata: request.attachments.metadata.clone(),
            attachments: true,
        }
    }

    fn learn(request_cache: &mut RequestCache, body: &Bytes) {
        let request = Request::read(body).unwrap();
        request_cache.learn(body, &request, &known(&request));
    }

    fn user(name: &str) -> Value {
        Object::new("a.User").field("name", name).into()
    }

    fn traced(trace: &str) -> Metadata {
        Metadata::from_iter([("trace", trace)])
    }

    #[test]
    fn a_request_is_known_from_its_third_time_on_whatever_its_arguments() {
        let mut request_cache = RequestCache::default();
        for (method, name) in [("a", "Ada"), ("b", "Bea")] {
            let first = body(method, user(name), traced("t"));
            assert!(request_cache.recognise(&first).is_none());
            learn(&mut request_cache, &first);
            assert!(request_cache.recognise(&first).is_none());
            learn(&mut request_cache, &first);
        }
        for (method, argument) in [("a", user("Eve")), ("b", Value::list([1, 2, 3]))] {
            let again = body(method, argument, traced("t"));
            let request = Request::read(&again).unwrap();
            let recognised = request_cache.recognise(&again).unwrap();
            assert_eq!(recognised.arguments, request.arguments);
            assert_eq!(recognised.count, 1);
            assert_eq!(&*recognised.known.target.method.name, method);
            assert_eq!(recognised.known.metadata, request.attachments.metadata);
            assert_eq!(recognised.known.timeout, Some(Duration::from_secs(3)));
        }
    }

    #[test]
    fn other_attachments_are_another_request() {
        let mut request_cache = RequestCache::default();
        let one = body("a", Value::Int(1), traced("t-1"));
        learn(&mut request_cache, &one);
        learn(&mut request_cache, &one);
        assert!(request_cache.recognise(&one).is_some());
        assert!(request_cache.recognise(&body("a", Value::Int(1), traced("t-2"))).is_none());
        assert!(request_cache.recognise(&one.slice(..one.len() - 1)).is_none());
        assert!(request_cache.recognise(&Bytes::new()).is_none());
    }

    #[test]
    fn containers_in_attachments_and_long_ones_are_not_remembered() {
        let mut request_cache = RequestCache::default();
        let container = Metadata::from_iter([("user", user("Ada"))]);
        let long = traced(&"x".repeat(MAX_ENTRY_BYTES));
        for metadata in [container, long] {
            let body = body("a", Value::Int(1), metadata);
            for _ in 0..3 {
                learn(&mut request_cache, &body);
            }
            assert!(request_cache.recognise(&body).is_none());
        }
    }

    #[test]
    fn targets_of_another_generation_are_forgotten() {
        let mut request_cache = RequestCache::default();
        let body = body("a", Value::Int(1), traced("t"));
        learn(&mut request_cache, &body);
        learn(&mut request_cache, &body);
        request_cache.renew(0);
        assert!(request_cache.recognise(&body).is_some());
        request_cache.renew(1);
        assert!(request_cache.recognise(&body).is_none());
        learn(&mut request_cache, &body);
        assert!(request_cache.recognise(&body).is_some());
    }

    #[test]
    fn the_generation_is_asked_for_while_targets_are_kept_and_no_call_has_brought_it() {
        let mut request_cache = RequestCache::default();
        let body = body("a", Value::Int(1), traced("t"));
        let not_asked = || panic!("not to be asked");
        request_cache.renew_idle(not_asked);
        for present in [Some(1), None] {
            request_cache.renew(0);
            learn(&mut request_cache, &body);
            learn(&mut request_cache, &body);
            request_cache.renew_idle(not_asked);
            for _ in 0..2 {
                request_cache.renew_idle(|| Some(0));
                assert!(request_cache.recognise(&body).is_some());
            }
            request_cache.renew_idle(|| present);
            assert!(request_cache.recognise(&body).is_none());
            request_cache.renew_idle(not_asked);
        }
    }

    #[test]
    fn what_is_remembered_stays_bounded() {
        let mut request_cache = RequestCache::default();
        for n in 0..3 * MAX_ENTRIES {
            let body = body(&format!("m{n}"), Value::Int(1), traced("t"));
            learn(&mut request_cache, &body);
            learn(&mut request_cache, &body);
            assert!(request_cache.recognise(&body).is_some());
        }
        assert_eq!(request_cache.entries.len(), MAX_ENTRIES);
    }
}
