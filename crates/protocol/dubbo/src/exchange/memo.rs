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

use crate::body::{Attachments, Request};
use crate::payload::PayloadLimit;

/// How many requests are remembered for a connection.
const MOST: usize = 8;
/// The largest names and attachments that are remembered, in bytes together.
const LARGEST: usize = 2048;

/// What a request is about, apart from its arguments.
#[derive(Clone)]
pub(super) struct Known {
    pub(super) target: Target,
    pub(super) limit: PayloadLimit,
    pub(super) timeout: Option<Duration>,
    pub(super) priority: Option<ByteString>,
    pub(super) metadata: Metadata,
    /// Whether the client takes attachments in replies.
    pub(super) attachments: bool,
}

#[derive(Default)]
pub(super) struct Memo {
    entries: Vec<Entry>,
    next: usize,
    /// The [generation](dubhe_core::serve::Dispatch::generation) that the targets are of.
    generation: u64,
    /// What the last unknown request had around its arguments: worth keeping when it recurs.
    last: Vec<u8>,
}

struct Entry {
    names: Bytes,
    attachments: Bytes,
    count: usize,
    known: Arc<Known>,
}

/// A request that was recognised.
pub(super) struct Recognised {
    pub(super) known: Arc<Known>,
    pub(super) count: usize,
    pub(super) arguments: Bytes,
}

impl Memo {
    /// Forgets the targets of another generation than `present`. Called before a target is
    /// looked up, so that one found during a change is not kept under the newer number.
    pub(super) fn renew(&mut self, present: u64) {
        if self.generation != present {
            self.generation = present;
            self.entries.clear();
            self.next = 0;
        }
    }

    /// What is known of a request with this body.
    pub(super) fn recognise(&self, body: &Bytes) -> Option<Recognised> {
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
            Some(Recognised { known: entry.known.clone(), count: entry.count, arguments })
        })
    }

    /// Remembers a request when it came for the second time in a row. `request` was read from
    /// `body`.
    pub(super) fn learn(&mut self, body: &Bytes, request: &Request<'_>, known: &Known) {
        let start = offset(body, &request.arguments);
        let Some((names, rest)) = body.split_at_checked(start) else { return };
        let Some(attachments) = rest.get(request.arguments.len()..) else { return };
        if names.len() + attachments.len() > LARGEST {
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
        let Some(metadata) = plain(&attachments) else { return };
        let entry = Entry {
            names: Bytes::copy_from_slice(names),
            attachments,
            count: request.count,
            known: Arc::new(Known { metadata, ..known.clone() }),
        };
        match self.entries.get_mut(self.next) {
            Some(place) => *place = entry,
            None => self.entries.push(entry),
        }
        self.next = (self.next + 1) % MOST;
    }
}

/// Where `part` begins in `whole`, of which it is a slice.
fn offset(whole: &Bytes, part: &Bytes) -> usize {
    (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize)
}

/// The attachments that handlers see, when all are plain: a container would be numbered after
/// those in the arguments, so that its bytes alone say nothing.
fn plain(bytes: &Bytes) -> Option<Metadata> {
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
    Attachments::read(&mut Decoder::shared(bytes), bytes).ok().map(|a| a.metadata)
}

#[cfg(test)]
mod tests {
    use dubhe_core::gate::Gates;
    use dubhe_core::value::Object;
    use dubhe_core::{Args, Call, Head, Invoke, Invoking, Method, Payload, ServiceKey};
    use dubhe_net::session::Outbox;

    use super::*;
    use crate::body::{Outgoing, frame, write_request};
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
        let outgoing = Outgoing { timeout: Some(Duration::from_secs(3)), application: "shop" };
        let mut out = Outbox::default();
        frame(&mut out, header, PayloadLimit::UNLIMITED, |w| write_request(w, &call, &outgoing))
            .unwrap();
        out.to_bytes().slice(LEN..)
    }

    fn known(request: &Request<'_>) -> Known {
        let target = Target {
            service: Arc::new(ServiceKey::interface_only("a.B")),
            method: Arc::new(Method::java(request.method.to_string(), "")),
            params: Arc::default(),
            gates: Gates::default(),
            invoke: Arc::new(Nobody),
        };
        Known {
            target,
            limit: PayloadLimit::default(),
            timeout: request.attachments.timeout,
            priority: None,
            metadata: request.attachments.metadata.clone(),
            attachments: true,
        }
    }

    fn learn(memo: &mut Memo, body: &Bytes) {
        let request = Request::read(body).unwrap();
        memo.learn(body, &request, &known(&request));
    }

    fn user(name: &str) -> Value {
        Object::new("a.User").field("name", name).into()
    }

    fn traced(trace: &str) -> Metadata {
        Metadata::from_iter([("trace", trace)])
    }

    #[test]
    fn a_request_is_known_from_its_third_time_on_whatever_its_arguments() {
        let mut memo = Memo::default();
        for (method, name) in [("a", "Ada"), ("b", "Bea")] {
            let first = body(method, user(name), traced("t"));
            assert!(memo.recognise(&first).is_none());
            learn(&mut memo, &first);
            assert!(memo.recognise(&first).is_none());
            learn(&mut memo, &first);
        }
        for (method, argument) in [("a", user("Eve")), ("b", Value::list([1, 2, 3]))] {
            let again = body(method, argument, traced("t"));
            let request = Request::read(&again).unwrap();
            let recognised = memo.recognise(&again).unwrap();
            assert_eq!(recognised.arguments, request.arguments);
            assert_eq!(recognised.count, 1);
            assert_eq!(&*recognised.known.target.method.name, method);
            assert_eq!(recognised.known.metadata, request.attachments.metadata);
            assert_eq!(recognised.known.timeout, Some(Duration::from_secs(3)));
        }
    }

    #[test]
    fn other_attachments_are_another_request() {
        let mut memo = Memo::default();
        let one = body("a", Value::Int(1), traced("t-1"));
        learn(&mut memo, &one);
        learn(&mut memo, &one);
        assert!(memo.recognise(&one).is_some());
        assert!(memo.recognise(&body("a", Value::Int(1), traced("t-2"))).is_none());
        assert!(memo.recognise(&one.slice(..one.len() - 1)).is_none());
        assert!(memo.recognise(&Bytes::new()).is_none());
    }

    #[test]
    fn containers_in_attachments_and_long_ones_are_not_remembered() {
        let mut memo = Memo::default();
        let container = Metadata::from_iter([("user", user("Ada"))]);
        let long = traced(&"x".repeat(LARGEST));
        for metadata in [container, long] {
            let body = body("a", Value::Int(1), metadata);
            for _ in 0..3 {
                learn(&mut memo, &body);
            }
            assert!(memo.recognise(&body).is_none());
        }
    }

    #[test]
    fn targets_of_another_generation_are_forgotten() {
        let mut memo = Memo::default();
        let body = body("a", Value::Int(1), traced("t"));
        learn(&mut memo, &body);
        learn(&mut memo, &body);
        memo.renew(0);
        assert!(memo.recognise(&body).is_some());
        memo.renew(1);
        assert!(memo.recognise(&body).is_none());
        learn(&mut memo, &body);
        assert!(memo.recognise(&body).is_some());
    }

    #[test]
    fn what_is_remembered_stays_bounded() {
        let mut memo = Memo::default();
        for n in 0..3 * MOST {
            let body = body(&format!("m{n}"), Value::Int(1), traced("t"));
            learn(&mut memo, &body);
            learn(&mut memo, &body);
            assert!(memo.recognise(&body).is_some());
        }
        assert_eq!(memo.entries.len(), MOST);
    }
}
