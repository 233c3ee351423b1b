//! The parameters of instances and services.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::Arc;

use bytestring::ByteString;

/// Parameters by name, sorted. Unknown ones are kept and passed on.
pub type Params = BTreeMap<ByteString, ByteString>;

/// The zone that a parameter tells of an instance; `None` for none and for an empty one.
pub(crate) fn zone(param: Option<&str>) -> Option<ByteString> {
    param.filter(|zone| !zone.is_empty()).map(ByteString::from)
}

/// The names of parameters that tell one process from another: all others are mostly the same for all providers
/// of a service.
const OF_PROCESS: [&str; 5] = ["bind.ip", "bind.port", "pid", "qos.port", "timestamp"];

/// The parameters of a service, stored once for all endpoints that share them.
///
/// They do not change; [`to_params`](Self::to_params) is a copy that can. A look-up is a binary search.
/// Providers that each have their own, as at the interface level, mostly differ in the parameters of the process
/// alone (`pid`, `timestamp`, `qos.port`, `bind.ip`, `bind.port`): what else is equal, [`SharedParams`] keeps once.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Endpoint; pub mod registry { pub use dubhe_core::endpoint::{Instance, Offer, Params, ServiceParams}; } }
/// use std::sync::Arc;
/// use std::time::Instant;
/// use dubhe::Endpoint;
/// use dubhe::registry::{Instance, Offer, Params, ServiceParams};
///
/// let params = Params::from([("weight".into(), "200".into())]);
/// let params = ServiceParams::new(&params);
/// assert_eq!(params.get("weight"), Some("200"));
/// let endpoint = Endpoint::new(Arc::new(Instance::default()), Offer::default(), Arc::new(params));
/// assert_eq!(endpoint.weight(Instant::now()), 200);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ServiceParams {
    /// The parameters that tell one process from another.
    of_process: PackedParams,
    /// All others.
    others: Arc<PackedParams>,
}

impl ServiceParams {
    /// The same parameters, up to 4 GiB of names and values.
    pub fn new(params: &Params) -> Self {
        let is_of_process = |name: &str| OF_PROCESS.contains(&name);
        let packed = |of_process| {
            PackedParams::pack(
                params.iter().filter(move |(name, _)| is_of_process(name) == of_process),
            )
        };
        Self { of_process: packed(true), others: Arc::new(packed(false)) }
    }

    /// The zone of the instance, where the service names one: `zone`, unless it is empty.
    pub fn zone(&self) -> Option<ByteString> {
        zone(self.get("zone"))
    }

    /// The parameter `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.others.get(name).or_else(|| self.of_process.get(name))
    }

    /// All parameters, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut of_process = self.of_process.iter().peekable();
        let mut others = self.others.iter().peekable();
        std::iter::from_fn(move || match (of_process.peek(), others.peek()) {
            (Some(one), Some(other)) if one < other => of_process.next(),
            (Some(_), None) => of_process.next(),
            _ => others.next(),
        })
    }

    /// Returns `true` if there is none.
    pub fn is_empty(&self) -> bool {
        self.of_process.is_empty() && self.others.is_empty()
    }

    /// A copy that can be changed.
    pub fn to_params(&self) -> Params {
        copy(self.iter())
    }
}

fn copy<'a>(params: impl Iterator<Item = (&'a str, &'a str)>) -> Params {
    params.map(|(name, value)| (name.into(), value.into())).collect()
}

impl fmt::Debug for ServiceParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Parameters in two allocations, however many they are: those of an instance.
///
/// A look-up is a binary search. [`set`](Self::set) packs all of them anew, so make many from an iterator.
///
/// ```
/// # mod dubhe { pub mod registry { pub use dubhe_core::endpoint::{Instance, PackedParams}; } }
/// use dubhe::registry::{Instance, PackedParams};
///
/// let mut params = PackedParams::from([("env".into(), "test".into())]);
/// params.set("rack", "r7");
/// let instance = Instance { host: "10.0.0.7".into(), params, ..Instance::default() };
/// assert_eq!(instance.params.get("rack"), Some("r7"));
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct PackedParams {
    /// Every name with its value behind it, sorted.
    text: Box<str>,
    /// The place in the text at which each name begins, and that of its value, which ends where the next name
    /// begins.
    places: Box<[(u32, u32)]>,
}

impl PackedParams {
    /// The same parameters, up to 4 GiB of names and values.
    pub fn new(params: &Params) -> Self {
        Self::pack(params.iter())
    }

    /// These parameters, whose names are sorted.
    fn pack<'a>(params: impl Iterator<Item = (&'a ByteString, &'a ByteString)> + Clone) -> Self {
        let lengths = params.clone().map(|(name, value)| name.len() + value.len());
        let mut text = String::with_capacity(lengths.sum());
        let mut places = Vec::with_capacity(params.clone().count());
        for (name, value) in params {
            let [start, middle] = [text.len(), text.len() + name.len()];
            let end = u32::try_from(middle + value.len());
            let (Ok(start), Ok(middle), Ok(_)) = (start.try_into(), middle.try_into(), end) else {
                break;
            };
            places.push((start, middle));
            text.push_str(name);
            text.push_str(value);
        }
        Self { text: text.into(), places: places.into() }
    }

    /// Adds a parameter, or gives it this value.
    pub fn set(&mut self, name: impl Into<ByteString>, value: impl Into<ByteString>) {
        let mut params = self.to_params();
        params.insert(name.into(), value.into());
        *self = Self::new(&params);
    }

    /// The parameter `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        let name_at = |&(start, middle): &(u32, u32)| self.between(start, middle);
        let at = self.places.binary_search_by(|place| name_at(place).cmp(name)).ok()?;
        self.at(at).map(|(_, value)| value)
    }

    /// All parameters, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        (0..self.places.len()).filter_map(|at| self.at(at))
    }

    /// Returns `true` if there is none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// A copy that can be changed.
    pub fn to_params(&self) -> Params {
        copy(self.iter())
    }

    fn at(&self, at: usize) -> Option<(&str, &str)> {
        let &(start, middle) = self.places.get(at)?;
        let value = match self.places.get(at + 1) {
            Some(&(end, _)) => self.between(middle, end),
            None => self.text.get(middle as usize..).unwrap_or_default(),
        };
        Some((self.between(start, middle), value))
    }

    fn between(&self, start: u32, end: u32) -> &str {
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }
}

impl fmt::Debug for PackedParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl From<Params> for PackedParams {
    fn from(params: Params) -> Self {
        Self::new(&params)
    }
}

impl<const N: usize> From<[(ByteString, ByteString); N]> for PackedParams {
    fn from(params: [(ByteString, ByteString); N]) -> Self {
        Params::from(params).into()
    }
}

impl FromIterator<(ByteString, ByteString)> for PackedParams {
    fn from_iter<I: IntoIterator<Item = (ByteString, ByteString)>>(params: I) -> Self {
        params.into_iter().collect::<Params>().into()
    }
}

/// The parameters that providers have in common, each set of them kept once: for what follows the providers of a
/// service.
#[derive(Default)]
pub struct SharedParams(HashSet<Arc<PackedParams>>);

impl SharedParams {
    /// Lets each of `all` have one memory with equal ones that were here before. Neighbours that are one stay one.
    pub fn share<'a>(&mut self, all: impl IntoIterator<Item = &'a mut Arc<ServiceParams>>) {
        let mut last: Option<[Arc<ServiceParams>; 2]> = None;
        for params in all {
            match (&last, self.0.get(&params.others)) {
                (Some([before, after]), _) if Arc::ptr_eq(before, params) => {
                    *params = after.clone();
                }
                (_, Some(known)) if Arc::ptr_eq(known, &params.others) => {}
                (_, Some(known)) => {
                    let (of_process, others) = (params.of_process.clone(), known.clone());
                    let after = Arc::new(ServiceParams { of_process, others });
                    last = Some([std::mem::replace(params, after.clone()), after]);
                }
                (_, None) => {
                    self.0.insert(params.others.clone());
                }
            }
        }
    }

    /// Forgets those that nobody has any more.
    pub fn prune(&mut self) {
        self.0.retain(|known| Arc::strong_count(known) > 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(all: &[(&'static str, &'static str)]) -> Params {
        all.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
    }

    #[test]
    fn each_parameter_is_found_and_no_other() {
        let all = params(&[
            ("side", "provider"),
            ("a", ""),
            ("", "no name"),
            ("größe", "5 €"),
            ("ab", "a"),
        ]);
        let packed = ServiceParams::new(&all);
        for (name, value) in &all {
            assert_eq!(packed.get(name), Some(&**value), "{name}");
        }
        for name in ["b", "s", "sideprovider", "aab", "größ", "z"] {
            assert_eq!(packed.get(name), None, "{name}");
        }
        assert!(!packed.is_empty());
        assert_eq!(packed.to_params(), all);
        assert_eq!(format!("{packed:?}"), format!("{all:?}"));
    }

    #[test]
    fn equal_are_those_with_equal_parameters() {
        let one = |all: &[(&'static str, &'static str)]| ServiceParams::new(&params(all));
        assert_eq!(one(&[("a", "1"), ("b", "2")]), one(&[("b", "2"), ("a", "1")]));
        // The same text, parted otherwise.
        assert_ne!(one(&[("a", "bc")]), one(&[("ab", "c")]));
        assert_ne!(one(&[("a", "b"), ("c", "d")]), one(&[("a", "bcd")]));
        assert_eq!(one(&[]), ServiceParams::default());
        assert_ne!(one(&[("a", "b"), ("pid", "1")]), one(&[("a", "b"), ("pid", "2")]));
        assert_eq!(ServiceParams::default().get(""), None);
    }

    #[test]
    fn what_is_equal_but_for_the_process_is_kept_once() {
        let mut known = SharedParams::default();
        let share = |known: &mut SharedParams, all: &[(&'static str, &'static str)]| {
            let mut one = Arc::new(ServiceParams::new(&params(all)));
            let before = one.clone();
            known.share([&mut one]);
            assert_eq!(one, before);
            known.share([&mut one]);
            one
        };
        let first = share(&mut known, &[("a", "b"), ("timestamp", "1")]);
        let second = share(&mut known, &[("a", "b"), ("timestamp", "2")]);
        let other = share(&mut known, &[("a", "c"), ("timestamp", "2")]);
        assert!(Arc::ptr_eq(&first.others, &second.others));
        assert!(!Arc::ptr_eq(&first.others, &other.others));
        let anew = Arc::new(ServiceParams::new(&first.to_params()));
        let mut neighbours = [anew.clone(), anew];
        known.share(&mut neighbours);
        assert!(Arc::ptr_eq(&neighbours[0], &neighbours[1]));
        assert!(Arc::ptr_eq(&neighbours[0].others, &first.others));
        drop((first, other, neighbours));
        known.prune();
        assert_eq!(known.0.len(), 1);
        drop(second);
        known.prune();
        assert!(known.0.is_empty());
    }

    #[test]
    fn an_empty_zone_is_none() {
        let zone = |zone| ServiceParams::new(&params(&[("zone", zone)])).zone();
        assert_eq!((zone(""), zone("north")), (None, Some("north".into())));
    }
}
