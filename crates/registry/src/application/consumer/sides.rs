//! The two levels of which a subscription takes providers.

use std::collections::{HashMap, HashSet};
use std::pin::Pin;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::registry::{
    DiscoveryLevel, Excluded, Health, MAX_EXCLUDED, Registration, Registry, Snapshot,
};
use dubhe_core::{ServiceKey, Status};
use futures_util::StreamExt as _;
use futures_util::stream::{BoxStream, FuturesUnordered};
use tokio::sync::watch;

use super::Consumer;
use super::application::{Application, State};
use super::names::Names;
use crate::application::follow::{News, Pauses, follow};
use crate::application::migration::View;

/// The providers at one level.
#[derive(Default)]
pub(super) struct Side {
    pub(super) snapshot: Arc<Snapshot>,
    /// `true` once all that was asked has been answered.
    pub(super) complete: bool,
    pub(super) error: Option<Status>,
}

impl Side {
    pub(super) fn view(&self) -> View {
        View { count: self.snapshot.providers.len(), complete: self.complete }
    }
}

/// The snapshot, all of which was found at this level.
fn at(level: DiscoveryLevel, mut snapshot: Snapshot) -> Arc<Snapshot> {
    snapshot.level = Some(level);
    snapshot.excluded.truncate(MAX_EXCLUDED);
    snapshot.excluded.iter_mut().for_each(|one| one.level = Some(level));
    Arc::new(snapshot)
}

/// The interface level: a subscription of another registry.
pub(super) struct Interface {
    pub(super) side: Side,
    news: BoxStream<'static, News<Snapshot>>,
}

impl Interface {
    pub(super) fn new(registry: Arc<dyn Registry>, service: &ServiceKey, pauses: Pauses) -> Self {
        let (what, name) = (format!("providers of {service}"), registry.name().to_owned());
        let (service, backoff) = (service.clone(), registry.backoff());
        let news = follow(what, name, backoff, pauses, move || {
            let (registry, service) = (registry.clone(), service.clone());
            Box::pin(async move { registry.subscribe(&service).await })
        });
        Self { side: Side::default(), news }
    }

    /// Waits for a change.
    pub(super) async fn changed(&mut self) {
        let side = &mut self.side;
        match self.news.next().await {
            Some(News::Present(snapshot)) => {
                let snapshot = at(DiscoveryLevel::Interface, snapshot);
                *side = Side { snapshot, complete: true, error: None };
            }
            Some(News::Lost(error)) => {
                // Whoever was there stays.
                Arc::make_mut(&mut side.snapshot).health = Health::Stale;
                (side.complete, side.error) = (true, Some(error));
            }
            None => std::future::pending().await,
        }
    }
}

/// The application level: the instances of the applications that provide the service.
pub(super) struct Instances {
    pub(super) side: Side,
    service: ServiceKey,
    wanted: Arc<[ByteString]>,
    followed: HashMap<ByteString, Followed>,
    changes: FuturesUnordered<Change>,
    /// The state of the names of which the present side was made; `None` when it must be made anew.
    made_of: Option<(bool, bool)>,
    /// The number of subscriptions so far, which tells a past one of an application from the present.
    count: u64,
}

struct Followed {
    number: u64,
    state: Arc<State>,
    /// Goes on while this is held.
    _application: Arc<Application>,
}

/// Resolves when the state of an application changed: its name, the number of its subscription, and
/// what tells of the next change.
type Change = Pin<Box<dyn Future<Output = Changed> + Send>>;
type Changed = Option<(ByteString, u64, watch::Receiver<Arc<State>>)>;

fn change(name: ByteString, number: u64, mut state: watch::Receiver<Arc<State>>) -> Change {
    Box::pin(async move {
        state.changed().await.ok()?;
        Some((name, number, state))
    })
}

impl Instances {
    pub(super) fn new(service: ServiceKey) -> Self {
        Self {
            side: Side::default(),
            service,
            wanted: Arc::default(),
            followed: HashMap::new(),
            changes: FuturesUnordered::new(),
            made_of: None,
            count: 0,
        }
    }

    /// Follows these applications, and no others once all of these have answered.
    pub(super) fn want(&mut self, consumer: &Arc<Consumer>, names: &Names) {
        if !Arc::ptr_eq(&self.wanted, names.get()) {
            self.wanted = names.get().clone();
            self.made_of = None;
            for name in self.wanted.iter() {
                if self.followed.contains_key(name) {
                    continue;
                }
                let Some(application) = consumer.application(name) else { continue };
                self.count += 1;
                let mut receiver = application.follow();
                let state = receiver.borrow_and_update().clone();
                self.changes.push(change(name.clone(), self.count, receiver));
                let followed = Followed { number: self.count, state, _application: application };
                self.followed.insert(name.clone(), followed);
            }
        }
        let made_of = Some((names.answered, names.stale));
        if self.made_of != made_of {
            self.made_of = made_of;
            self.update(names);
        }
    }

    /// Waits for a change of an application.
    pub(super) async fn changed(&mut self) {
        loop {
            let Some(changed) = self.changes.next().await else {
                return std::future::pending().await;
            };
            let Some((name, number, mut receiver)) = changed else { continue };
            let followed = self.followed.get_mut(&name);
            let Some(followed) = followed.filter(|followed| followed.number == number) else {
                continue;
            };
            followed.state = receiver.borrow_and_update().clone();
            self.changes.push(change(name, number, receiver));
            self.made_of = None;
            return;
        }
    }

    /// Takes the providers of all applications together.
    fn update(&mut self, names: &Names) {
        let mut wanted = self.wanted.iter().filter_map(|name| self.followed.get(name));
        if wanted.all(|followed| followed.state.answered) {
            // Others stay until then, so that an application that gets another name is not lost.
            let wanted: HashSet<_> = self.wanted.iter().collect();
            self.followed.retain(|name, _| wanted.contains(name));
        }
        let mut states: Vec<_> = self.followed.iter().collect();
        states.sort_unstable_by_key(|(name, _)| *name);
        let states: Vec<_> = states.into_iter().map(|(_, followed)| &followed.state).collect();
        let members = states.iter().flat_map(|state| state.members.iter());
        let mut providers: Vec<Registration> =
            members.flat_map(|member| member.registrations(&self.service)).collect();
        if states.len() > 1 {
            // An address may be known by two names of its application.
            let mut seen = HashSet::new();
            providers.retain(|of| {
                seen.insert((of.service.clone(), of.instance.host.clone(), of.offer.clone()))
            });
        }
        providers.shrink_to_fit();
        let is_stale = |state: &&Arc<State>| state.health == Health::Stale;
        let stale = states.iter().any(is_stale) || states.is_empty() && names.stale;
        let excluded: Vec<Excluded> =
            states.iter().flat_map(|state| state.excluded.iter().cloned()).collect();
        let error = states.iter().find_map(|state| state.error.clone());
        let health = if stale { Health::Stale } else { Health::Fresh };
        let snapshot = Snapshot { providers, health, excluded, level: None };
        self.side = Side {
            snapshot: at(DiscoveryLevel::Application, snapshot),
            complete: names.answered && states.iter().all(|state| state.complete),
            error: error.or_else(|| names.error.clone()),
        };
    }
}
