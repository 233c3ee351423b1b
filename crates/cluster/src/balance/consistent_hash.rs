//! The same provider for the same arguments.

use std::collections::HashMap;
use std::fmt;

use bytestring::ByteString;
use dubhe_core::balance::{Balance, Pick, Selection};
use dubhe_core::descriptor;
use dubhe_core::endpoint::Provider;
use dubhe_core::time::Instant;
use dubhe_core::value::List;
use dubhe_core::{CallView, Endpoint, Value};
use md5::{Digest as _, Md5};

use super::java_text;

/// The parameter with the number of points of each endpoint, 160 by default.
const NODES: &str = "hash.nodes";
/// The parameter with the arguments that are hashed, by their numbers with commas; the first by default.
const ARGUMENTS: &str = "hash.arguments";
/// The points of an endpoint that one digest makes.
const POINTS: usize = 4;
/// The most points of an endpoint, whatever it publishes.
const MOST_NODES: usize = 4096;

/// Picks the endpoint by a hash of the arguments (Dubbo's `consistenthash`): calls with equal ones go to the same
/// endpoint as long as it can be asked, and those of an endpoint that goes are spread over the others.
///
/// Endpoints and keys have the places of Dubbo Java's `ConsistentHashLoadBalance` on the ring, so that consumers of both
/// pick alike: `hash.arguments`, of the method or of all, names the arguments whose texts make the key, and
/// `hash.nodes` the number of points of each endpoint. The first endpoint's parameters count. A number that is none is
/// passed over, and each endpoint has four points at least. Weights do not count.
///
/// ```
/// # mod dubhe { pub mod balance { pub use dubhe_core::balance::{Balance, Selection}; pub use dubhe_cluster::balance::ConsistentHash; } pub mod directory { pub use dubhe_core::endpoint::Endpoints; } pub use dubhe_core::{Call, CallView, Endpoint, Head, Method, Payload, ServiceKey, Value}; }
/// use std::sync::Arc;
/// use std::time::Instant;
/// use dubhe::balance::{Balance, ConsistentHash, Selection};
/// use dubhe::directory::Endpoints;
/// use dubhe::{Call, CallView, Endpoint, Head, Method, Payload, ServiceKey, Value};
///
/// let set = Endpoints::new((1..=3).map(|n| Endpoint::of("dubbo", format!("10.0.0.{n}"), 20880)));
/// let set = Selection::new(&Arc::new(set), None, Instant::now());
/// let ring = ConsistentHash.prepare(&set);
/// let of_user = |user: &str| {
///     let method = Arc::new(Method::java("hello", "Ljava/lang/String;"));
///     let head = Head::new(Arc::new(ServiceKey::interface_only("demo.Greet")), method);
///     let call = Call::new(head, Payload::dynamic(Value::from(user)));
///     ring.pick(&CallView::new(&call, None), &set, Instant::now()).map(|picked| picked.address())
/// };
/// assert_eq!(of_user("user-0").as_deref(), Some("10.0.0.2:20880")); // as in Java
/// assert_eq!(of_user("user-0"), of_user("user-0"));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct ConsistentHash;

impl Balance for ConsistentHash {
    fn prepare(&self, set: &Selection) -> Box<dyn Pick> {
        let Some(first) = set.get(0) else { return Box::new(Rings::default()) };
        let mut rings = Rings::default();
        rings.service = rings.add(set, nodes(first, None), arguments(first, None));
        let mut methods: Vec<&str> = Vec::new();
        for (key, _) in first.service().iter().chain(first.instance().params.iter()) {
            let method = [NODES, ARGUMENTS]
                .into_iter()
                .find_map(|name| key.strip_suffix(name)?.strip_suffix('.'));
            methods.extend(method.filter(|method| !methods.contains(method)));
        }
        for method in methods {
            let of = rings.add(set, nodes(first, Some(method)), arguments(first, Some(method)));
            rings.methods.insert(method.into(), of);
        }
        Box::new(rings)
    }
}

/// The parameter of `method`, else of all methods.
fn param<'a>(provider: &'a Provider, method: Option<&str>, name: &str) -> Option<&'a str> {
    let own = method.and_then(|method| provider.param(&format!("{method}.{name}")));
    own.filter(|value| !value.is_empty()).or_else(|| provider.param(name))
}

/// The number of points of each endpoint.
fn nodes(provider: &Provider, method: Option<&str>) -> usize {
    let nodes = param(provider, method, NODES).and_then(|nodes| nodes.parse::<i32>().ok());
    usize::try_from(nodes.unwrap_or(160)).unwrap_or(0).clamp(POINTS, MOST_NODES)
}

/// The numbers of the arguments that are hashed.
fn arguments(provider: &Provider, method: Option<&str>) -> Vec<usize> {
    let all = param(provider, method, ARGUMENTS).filter(|all| !all.is_empty()).unwrap_or("0");
    // As Java splits: commas in a row, and spaces beside them, are one gap.
    let numbers = all.split(',').enumerate().map(|(n, number)| match number.trim() {
        "" if n > 0 => Ok(None),
        number => number.parse::<i32>().map(Some),
    });
    match numbers.collect::<Result<Vec<_>, _>>() {
        Ok(numbers) => numbers.into_iter().flatten().filter_map(|n| n.try_into().ok()).collect(),
        Err(_) => vec![0],
    }
}

/// The rings of a set: one for each number of points.
#[derive(Default)]
struct Rings {
    by_nodes: Vec<(usize, Ring)>,
    service: Hashed,
    methods: HashMap<ByteString, Hashed>,
}

/// The arguments that are hashed, and the number of the ring on which their hash falls.
#[derive(Default)]
struct Hashed {
    ring: usize,
    arguments: Vec<usize>,
}

impl Rings {
    fn add(&mut self, set: &Selection, nodes: usize, arguments: Vec<usize>) -> Hashed {
        let known = self.by_nodes.iter().position(|(known, _)| *known == nodes);
        let ring = known.unwrap_or_else(|| {
            self.by_nodes.push((nodes, Ring::new(set, nodes)));
            self.by_nodes.len() - 1
        });
        Hashed { ring, arguments }
    }
}

/// The points of endpoints, ascending, with the places in the set.
struct Ring(Vec<(u32, usize)>);

impl Ring {
    fn new(set: &Selection, nodes: usize) -> Self {
        let mut points = Vec::with_capacity(set.len() * nodes);
        for n in 0..set.len() {
            let (Some(endpoint), Some(place)) = (set.get(n), set.place(n)) else { continue };
            let address = address(endpoint);
            for i in 0..nodes / POINTS {
                let mut digest = Md5::new();
                digest.update(&address);
                digest.update(i.to_string());
                let digest: [u8; 16] = digest.finalize().into();
                points.extend((0..POINTS).map(|part| (point(&digest, part), place)));
            }
        }
        // Of equal points the last one counts, as in a map.
        points.reverse();
        points.sort_by_key(|(point, _)| *point);
        points.dedup_by_key(|(point, _)| *point);
        Self(points)
    }

    /// The first member of `from` at `key` or behind it, around the ring.
    fn find<'a>(&self, key: u32, from: &'a Selection) -> Option<&'a Endpoint> {
        let (before, behind) = self.0.split_at(self.0.partition_point(|(point, _)| *point < key));
        behind.iter().chain(before).find_map(|(_, place)| from.at(*place))
    }
}

/// The address as Java's URL has it: without a port where there is none.
fn address(endpoint: &Endpoint) -> String {
    let address = endpoint.address();
    match address.strip_suffix(":0") {
        Some(host) if endpoint.offer().port == 0 => host.to_owned(),
        _ => address,
    }
}

/// Part number `part` of a digest, as a number.
fn point(digest: &[u8; 16], part: usize) -> u32 {
    let bytes = digest.chunks_exact(4).nth(part).and_then(|bytes| bytes.try_into().ok());
    bytes.map_or(0, u32::from_le_bytes)
}

/// Hashes what is written.
struct Key(Md5);

impl fmt::Write for Key {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text);
        Ok(())
    }
}

/// The array of the arguments of a generic call, where it has one.
fn inner<'a>(call: &'a CallView<'_>) -> Option<&'a List> {
    if !matches!(&*call.head().method.name, "$invoke" | "$invokeAsync") {
        return None;
    }
    match call.argument(2)? {
        Value::List(list) if list.class.as_ref().is_some_and(|class| class.starts_with('[')) => {
            Some(list)
        }
        _ => None,
    }
}

impl Pick for Rings {
    fn pick<'a>(
        &self,
        call: &CallView<'_>,
        from: &'a Selection,
        _: Instant,
    ) -> Option<&'a Endpoint> {
        if from.len() < 2 {
            return from.get(0);
        }
        let own = if self.methods.is_empty() { None } else { self.methods.get(call.method_name()) };
        let hashed = own.unwrap_or(&self.service);
        let (mut key, inner) = (Key(Md5::new()), inner(call));
        for number in &hashed.arguments {
            let argument = match inner {
                Some(list) => list.items.get(*number),
                None => call.argument(*number),
            };
            if let Some(argument) = argument {
                let types = call.head().method.descriptor.as_deref().unwrap_or_default();
                let own = descriptor::parameters(types).nth(*number).and_then(Result::ok);
                java_text::write(&mut key, argument, own.filter(|_| inner.is_none()), 0).ok()?;
            }
        }
        let digest: [u8; 16] = key.0.finalize().into();
        let (_, ring) = self.by_nodes.get(hashed.ring)?;
        ring.find(point(&digest, 0), from)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use dubhe_core::endpoint::{Endpoints, ServiceParams};
    use dubhe_core::payload::Args;
    use dubhe_core::router::Bitmap;
    use dubhe_core::{Call, Head, Instance, Method, Offer, Payload, ServiceKey};

    use super::*;

    fn endpoint(host: &str, params: &[(&str, &str)]) -> Endpoint {
        let params = params.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        Endpoint::new(
            Arc::new(Instance { host: host.into(), ..Instance::default() }),
            Offer { protocol: "dubbo".into(), port: 20880 },
            Arc::new(ServiceParams::new(&params)),
        )
    }

    #[test]
    fn parameters_are_read_as_in_java_and_what_it_throws_for_is_passed_over() {
        let of = |params: &[(&str, &str)]| {
            let one = endpoint("h", params);
            (nodes(&one, Some("m")), arguments(&one, Some("m")))
        };
        assert_eq!(of(&[]), (160, vec![0]));
        assert_eq!(of(&[(NODES, "8"), ("m.hash.nodes", "40")]).0, 40);
        assert_eq!((of(&[(NODES, "many")]).0, of(&[(NODES, "1")]).0), (160, 4));
        for (text, numbers) in
            [("0,,1", &[0, 1][..]), ("0 , 2", &[0, 2]), ("-1", &[]), ("x", &[0]), ("1,", &[1])]
        {
            assert_eq!(of(&[(ARGUMENTS, text)]).1, numbers, "{text:?}");
        }
    }

    #[test]
    fn who_cannot_be_asked_is_passed_over_on_the_ring() {
        let hosts = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];
        let set = Arc::new(Endpoints::new(hosts.map(|host| endpoint(host, &[]))));
        let now = Instant::now();
        let all = Selection::new(&set, None, now);
        let mut without = Bitmap::full(3);
        without.remove(1);
        let without = Selection::new(&set, Some(&without), now);
        let ring = ConsistentHash.prepare(&all);
        let pick = |user: &str, from: &Selection| {
            let service = Arc::new(ServiceKey::interface_only("a.B"));
            let head = Head::new(service, Arc::new(Method::java("m", "Ljava/lang/String;")));
            let args = Args::Values(Arc::new([Value::from(user)]));
            let call = Call::new(head, Payload::Args(args));
            let picked = ring.pick(&CallView::new(&call, None), from, now);
            picked.map(|picked| picked.instance().host.to_string())
        };
        let both = |user| (pick(user, &all).unwrap(), pick(user, &without).unwrap());
        // As Dubbo Java with and without the second one.
        assert_eq!(both("user-0"), ("10.0.0.2".into(), "10.0.0.1".into()));
        assert_eq!(both("user-1"), ("10.0.0.3".into(), "10.0.0.3".into()));
        assert_eq!(both("user-3"), ("10.0.0.1".into(), "10.0.0.1".into()));
    }
}
