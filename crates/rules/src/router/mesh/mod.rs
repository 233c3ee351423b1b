//! Mesh rules: subsets of the providers of an application, and the routes to them.

mod request;

use std::sync::Arc;

use bytestring::ByteString;
use dubhe_config::rule::mesh::{
    DestinationRule, MeshDestination, MeshRoute, MeshRule, MeshSpec, RouteDetail, VirtualService,
};
use dubhe_core::CallView;
use dubhe_core::endpoint::Endpoints;
use dubhe_core::random::RandomSource;
use dubhe_core::router::{Bitmap, Trace};

use self::request::Request;
use super::{Stage, draw};
use crate::consumer::Consumer;
use crate::provider;
use crate::text_match::TextMatcher;

/// The type of the rules that Dubbo's own router follows.
const STANDARD: &str = "standard";

/// The rules of the applications that provide a service.
pub(super) struct MeshStage {
    apps: Vec<Routes>,
    random: Arc<dyn RandomSource>,
}

/// The routes of one application for a consumer.
struct Routes {
    details: Vec<Detail>,
    /// The document.
    of: String,
}

/// A part of the route.
struct Detail {
    /// The conditions, all of which must hold.
    requests: Vec<Request>,
    destinations: Vec<Destination>,
    line: u32,
}

/// A destination and its fallbacks, of which the first with a provider is taken.
struct Destination {
    weight: u64,
    subsets: Vec<(ByteString, Bitmap)>,
}

impl MeshStage {
    /// Prepares the rules of applications, each with its document; `None` if none of them is whole.
    pub(super) fn new<'a>(
        rules: impl IntoIterator<Item = (&'a str, &'a MeshRule, String)>,
        set: &Endpoints,
        consumer: &Consumer,
        random: &Arc<dyn RandomSource>,
    ) -> Option<Self> {
        let routes = rules
            .into_iter()
            .filter_map(|(application, rule, of)| routes(application, rule, of, set, consumer));
        let apps: Vec<_> = routes.collect();
        (!apps.is_empty()).then(|| Self { apps, random: random.clone() })
    }
}

/// The routes of an application; `None` unless its rule has both kinds of documents.
fn routes(
    application: &str,
    rule: &MeshRule,
    of: String,
    set: &Endpoints,
    consumer: &Consumer,
) -> Option<Routes> {
    let standard = || rule.documents.iter().filter(|document| *document.suffix == *STANDARD);
    let services: Vec<&VirtualService> = standard()
        .filter_map(|document| match &document.spec {
            MeshSpec::VirtualService(service) => Some(service),
            _ => None,
        })
        .collect();
    let subsets: Vec<&DestinationRule> = standard()
        .filter_map(|document| match &document.spec {
            MeshSpec::DestinationRule(rule) => Some(rule),
            _ => None,
        })
        .collect();
    if services.is_empty() || subsets.is_empty() {
        return None;
    }
    let subsets = Subsets { application, rules: &subsets, set };
    // The first route of the first virtual service that has one for this service.
    let of_service = |route: &&MeshRoute| {
        let is_one = |service: &TextMatcher| service.matches(Some(consumer.service().interface()));
        route.services.is_empty() || TextMatcher::all(&route.services).iter().any(is_one)
    };
    let route = services.iter().find_map(|service| service.routes.iter().find(of_service));
    let details = route.map(|route| route.details.as_slice()).unwrap_or_default();
    let details = details.iter().filter_map(|one| detail(one, &subsets, consumer));
    Some(Routes { details: details.collect(), of })
}

/// The subsets of the providers of an application.
struct Subsets<'a> {
    application: &'a str,
    rules: &'a [&'a DestinationRule],
    set: &'a Endpoints,
}

impl Subsets<'_> {
    /// The providers in a subset, which several rules may have.
    fn find(&self, name: Option<&ByteString>) -> Bitmap {
        let mut found = Bitmap::empty(self.set.len());
        let all = self.rules.iter().flat_map(|rule| &rule.subsets);
        for subset in all.filter(|subset| subset.name.as_ref() == name) {
            for (place, endpoint) in self.set.iter().enumerate() {
                let mut labels = subset.labels.iter();
                let has = |(key, value): &(ByteString, ByteString)| {
                    provider::label(endpoint, key) == Some(value)
                };
                if provider::application(endpoint) == Some(self.application) && labels.all(has) {
                    found.insert(place);
                }
            }
        }
        found
    }
}

/// A part of a route; `None` for one that this consumer never meets.
fn detail(detail: &RouteDetail, subsets: &Subsets<'_>, consumer: &Consumer) -> Option<Detail> {
    let requests = detail.matches.iter().map(|request| Request::new(request, consumer));
    Some(Detail {
        requests: requests.collect::<Option<_>>()?,
        destinations: detail.destinations.iter().map(|one| destination(one, subsets)).collect(),
        line: detail.at.line,
    })
}

fn destination(destination: &MeshDestination, subsets: &Subsets<'_>) -> Destination {
    let weight = u64::try_from(destination.weight.max(1)).unwrap_or(1);
    let all = std::iter::successors(Some(destination), |one| one.fallback.as_deref());
    let found =
        all.map(|one| (one.subset.clone().unwrap_or_default(), subsets.find(one.subset.as_ref())));
    Destination { weight, subsets: found.filter(|(_, found)| !found.is_empty()).collect() }
}

impl Destination {
    fn find(&self, set: &Bitmap) -> Option<&(ByteString, Bitmap)> {
        self.subsets.iter().find(|(_, providers)| set.meets(providers))
    }
}

impl Detail {
    /// Draws a destination; when it has no provider, the next one that has.
    fn draw(&self, set: &Bitmap, random: &dyn RandomSource) -> Option<&(ByteString, Bitmap)> {
        let drawn = draw(random, self.destinations.iter().map(|one| one.weight));
        let (before, from) = self.destinations.split_at_checked(drawn)?;
        from.iter().chain(before).find_map(|one| one.find(set))
    }
}

impl Stage for MeshStage {
    fn narrow(&self, call: &CallView<'_>, set: &mut Bitmap, trace: Option<&mut Trace>) {
        let mut chosen: Option<Bitmap> = None;
        let mut why = Vec::new();
        for app in &self.apps {
            let mut details = app.details.iter();
            let holds = |one: &&Detail| one.requests.iter().all(|request| request.holds(call));
            let Some(detail) = details.find(holds) else { continue };
            let Some((name, providers)) = detail.draw(set, &*self.random) else { continue };
            match &mut chosen {
                Some(chosen) => chosen.union(providers),
                None => chosen = Some(providers.clone()),
            }
            if trace.is_some() {
                why.push(format!("subset `{name}` of {}, line {}", app.of, detail.line));
            }
        }
        // Without any all stay.
        let Some(chosen) = chosen else { return };
        set.intersect(&chosen);
        if let Some(trace) = trace {
            trace.record("mesh", why.join(", "), set);
        }
    }
}
