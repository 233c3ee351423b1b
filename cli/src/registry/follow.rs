//! `dubhe registry copy --follow`: the providers of one registry, kept registered in another.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::time::Duration;

use dubhe::registry::application::{ServiceDiscovery, ServiceInstance};
use dubhe::registry::{Health, Registration, Registry};
use dubhe::{ServiceKey, Status};
use futures_util::stream::{BoxStream, SelectAll};
use futures_util::{StreamExt as _, stream};
use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval};

use super::collect::first;
use super::copy::{self, Lines};
use super::rows::address;
use super::{Asked, failed};
use crate::counted::counted;
use crate::failure::{Failure, remark};
use crate::stop::Stop;

/// The time from one look for new names, and one attempt at what failed, to the next.
const PERIOD: Duration = Duration::from_secs(2);
/// The registrations that are taken back at once.
const AT_ONCE: usize = 32;

/// Keeps all that is registered in `from` registered in `to`, at each level that both have, until a
/// signal comes; then takes it back.
pub(super) async fn run(
    from: Asked<'_>,
    to: Asked<'_>,
    out: &Lines<'_, impl Write>,
) -> Result<(), Failure> {
    let mut stop = Stop::listen()?;
    let news = Notify::new();
    let services = match (&from.parts.services, &to.parts.services) {
        (Some(source), Some(target)) => Some(Services { source: &**source, target: &**target }),
        _ => None,
    };
    let instances = match (&from.parts.instances, &to.parts.instances) {
        (Some(source), Some(target)) => Some(Instances { source: &**source, target: &**target }),
        _ => None,
    };
    let mut services = services.map(|level| Mirror::new(level, from, to, &news));
    let mut instances = instances.map(|level| Mirror::new(level, from, to, &news));
    let mut followed = Vec::new();
    if let Some(mirror) = &mut services {
        followed.push(counted(mirror.begin().await?, "service"));
    }
    if let Some(mirror) = &mut instances {
        followed.push(counted(mirror.begin().await?, "application"));
    }
    if followed.is_empty() {
        let (from, to) = (&from.parts.name, &to.parts.name);
        return Err(Failure::Failed(format!(
            "error: there is no level that both have: {from} and {to} must both hold services, or both \
             applications"
        )));
    }
    out.print(&format!("following {}; ends with ctrl-c", followed.join(" and ")))?;
    let ended = tokio::select! {
        failure = kept(&mut services, out) => failure,
        failure = kept(&mut instances, out) => failure,
        failure = described(from, to, &news, out) => failure,
        () = stop.wanted() => Ok(()),
    };
    let mut taken = Taken::default();
    if let Some(mirror) = services {
        mirror.take_back(&mut taken).await;
    }
    if let Some(mirror) = instances {
        mirror.take_back(&mut taken).await;
    }
    ended?;
    out.print(&format!("took back {}", counted(taken.done, "registration")))?;
    match taken.failed {
        None => Ok(()),
        Some((count, why)) => Err(Failure::Failed(format!(
            "error: not taken back, {}: {why}\n\
             hint: most registries drop them when the session of this command has expired",
            counted(count, "registration")
        ))),
    }
}

/// The registrations that were taken back, and how many were not, with the first reason.
#[derive(Default)]
struct Taken {
    done: usize,
    failed: Option<(usize, String)>,
}

/// Keeps one level; never ends without a failure.
async fn kept<L: Level>(
    mirror: &mut Option<Mirror<'_, L>>,
    out: &Lines<'_, impl Write>,
) -> Result<(), Failure> {
    match mirror {
        Some(mirror) => mirror.keep(out).await,
        None => std::future::pending().await,
    }
}

/// Copies what tells of providers whenever there are new ones.
async fn described(
    from: Asked<'_>,
    to: Asked<'_>,
    news: &Notify,
    out: &Lines<'_, impl Write>,
) -> Result<(), Failure> {
    loop {
        news.notified().await;
        match copy::of_providers(from, to, out).await {
            Err(Failure::NoReader) => return Err(Failure::NoReader),
            Err(failure) => {
                let why = failure.text();
                remark(&format!(
                    "warning: mappings and metadata are not copied, tried again: {why}"
                ));
                news.notify_one();
            }
            Ok(()) => {}
        }
        tokio::time::sleep(PERIOD).await;
    }
}

/// A level of registration.
trait Level {
    /// The registrations of the level.
    type Entry: Clone + PartialEq + Send + 'static;
    /// The words for names, and for an entry.
    const KIND: (&'static str, &'static str);
    /// `true` if an entry takes the place of another one of its id.
    const REPLACES: bool;

    async fn names(&self) -> Result<Vec<String>, Status>;

    /// The entries of a name as they change; `None` while the source is out of reach.
    async fn follow(&self, name: &str) -> Result<Entries<Self::Entry>, Status>;

    /// The entries of a name that the target has.
    async fn present(&self, name: &str) -> Result<Vec<Self::Entry>, Status>;

    async fn register(&self, entry: Self::Entry) -> Result<(), Status>;

    async fn unregister(&self, entry: &Self::Entry) -> Result<(), Status>;

    /// The identity of an entry in both registries, whatever else they say of it.
    fn id(entry: &Self::Entry) -> String;

    /// The revision of its metadata.
    fn revision(entry: &Self::Entry) -> Option<&str>;
}

type Entries<E> = BoxStream<'static, Option<Vec<E>>>;
/// The entries of a name, with it.
type Changes<E> = BoxStream<'static, (String, Option<Vec<E>>)>;

struct Services<'a> {
    source: &'a dyn Registry,
    target: &'a dyn Registry,
}

impl Level for Services<'_> {
    type Entry = Registration;
    const KIND: (&'static str, &'static str) = ("services", "provider");
    const REPLACES: bool = false;

    async fn names(&self) -> Result<Vec<String>, Status> {
        Ok(self.source.services().await?.iter().map(ToString::to_string).collect())
    }

    async fn follow(&self, name: &str) -> Result<Entries<Registration>, Status> {
        let snapshots = self.source.subscribe(&ServiceKey::parse(name)).await?;
        Ok(snapshots.map(|one| (one.health != Health::Stale).then_some(one.providers)).boxed())
    }

    async fn present(&self, name: &str) -> Result<Vec<Registration>, Status> {
        let snapshots = self.target.subscribe(&ServiceKey::parse(name)).await?;
        Ok(first(snapshots, |one| one.health).await?.providers)
    }

    async fn register(&self, entry: Registration) -> Result<(), Status> {
        self.target.register(entry).await
    }

    async fn unregister(&self, entry: &Registration) -> Result<(), Status> {
        self.target.unregister(entry).await
    }

    fn id(entry: &Registration) -> String {
        format!("{}://{}", entry.offer.protocol, address(entry))
    }

    fn revision(_: &Registration) -> Option<&str> {
        None
    }
}

struct Instances<'a> {
    source: &'a dyn ServiceDiscovery,
    target: &'a dyn ServiceDiscovery,
}

impl Level for Instances<'_> {
    type Entry = ServiceInstance;
    const KIND: (&'static str, &'static str) = ("applications", "instance");
    const REPLACES: bool = true;

    async fn names(&self) -> Result<Vec<String>, Status> {
        Ok(self.source.applications().await?.iter().map(ToString::to_string).collect())
    }

    async fn follow(&self, name: &str) -> Result<Entries<ServiceInstance>, Status> {
        let snapshots = self.source.subscribe(name).await?;
        Ok(snapshots.map(|one| (one.health != Health::Stale).then_some(one.instances)).boxed())
    }

    async fn present(&self, name: &str) -> Result<Vec<ServiceInstance>, Status> {
        Ok(first(self.target.subscribe(name).await?, |one| one.health).await?.instances)
    }

    async fn register(&self, entry: ServiceInstance) -> Result<(), Status> {
        self.target.register(entry).await
    }

    async fn unregister(&self, entry: &ServiceInstance) -> Result<(), Status> {
        self.target.unregister(entry).await
    }

    fn id(entry: &ServiceInstance) -> String {
        entry.address()
    }

    fn revision(entry: &ServiceInstance) -> Option<&str> {
        entry.revision()
    }
}

/// A level that is kept.
struct Mirror<'a, L: Level> {
    level: L,
    from: Asked<'a>,
    to: Asked<'a>,
    names: BTreeMap<String, Name<L::Entry>>,
    changes: SelectAll<Changes<L::Entry>>,
    /// The last failure to list the names.
    failure: Option<String>,
    /// The signal that there are providers whose documents may not be copied yet.
    news: &'a Notify,
}

/// A service or an application.
struct Name<E> {
    /// The entries of the source.
    wanted: Vec<E>,
    /// The entries that were sent to the target, also without an answer.
    sent: Vec<Sent<E>>,
    /// The time to reconcile it: after a change now, after a failure at the next tick.
    due: Due,
    /// The last failure.
    failure: Option<String>,
}

struct Sent<E> {
    entry: E,
    done: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Due {
    Nothing,
    Now,
    Later,
}

impl<'a, L: Level> Mirror<'a, L> {
    fn new(level: L, from: Asked<'a>, to: Asked<'a>, news: &'a Notify) -> Self {
        let (names, changes) = (BTreeMap::new(), SelectAll::new());
        Self { level, from, to, names, changes, failure: None, news }
    }

    /// Follows all names that there are now, and returns their number.
    async fn begin(&mut self) -> Result<usize, Failure> {
        let question = format!("which {} there are", L::KIND.0);
        let names = self.from.answer(&question, self.level.names()).await?;
        self.add(names).await?;
        Ok(self.names.len())
    }

    /// Follows those of `names` that are new; returns `true` if there are any.
    async fn add(&mut self, names: Vec<String>) -> Result<bool, Failure> {
        let known = self.names.len();
        for name in names {
            if self.names.contains_key(&name) {
                continue;
            }
            let entries = self.level.follow(&name).await.map_err(failed)?;
            let of = name.clone();
            self.changes.push(entries.map(move |one| (of.clone(), one)).boxed());
            let (wanted, sent) = (Vec::new(), Vec::new());
            self.names.insert(name, Name { wanted, sent, due: Due::Nothing, failure: None });
        }
        Ok(self.names.len() > known)
    }

    /// Follows the source until nobody reads what is printed.
    async fn keep(&mut self, out: &Lines<'_, impl Write>) -> Result<(), Failure> {
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first one is now.
        ticks.tick().await;
        loop {
            tokio::select! {
                Some((name, entries)) = self.changes.next() => self.changed(&name, entries),
                _ = ticks.tick() => self.look().await,
            }
            self.reconcile(out).await?;
        }
    }

    /// Takes a state of the source; what was known before an outage stays.
    fn changed(&mut self, name: &str, entries: Option<Vec<L::Entry>>) {
        let (Some(name), Some(entries)) = (self.names.get_mut(name), entries) else { return };
        let revisions = |entries: &[L::Entry]| -> BTreeSet<String> {
            entries.iter().filter_map(|one| L::revision(one).map(str::to_owned)).collect()
        };
        if !revisions(&entries).is_subset(&revisions(&name.wanted)) {
            self.news.notify_one();
        }
        name.wanted = entries;
        name.due = Due::Now;
    }

    /// Looks for new names, and makes due what failed.
    async fn look(&mut self) {
        let question = format!("which {} there are", L::KIND.0);
        let names = self.from.answer(&question, self.level.names()).await;
        let added = match names {
            Ok(names) => self.add(names).await,
            Err(failure) => Err(failure),
        };
        let failure = match added {
            Ok(any) => {
                if any {
                    self.news.notify_one();
                }
                None
            }
            Err(failure) => Some(failure.text().to_owned()),
        };
        if let Some(why) = failure.as_ref().filter(|_| failure != self.failure) {
            remark(&format!("warning: new {} are not seen, tried again: {why}", L::KIND.0));
        }
        self.failure = failure;
        for name in self.names.values_mut().filter(|name| name.due == Due::Later) {
            name.due = Due::Now;
        }
    }

    /// Brings the target to what is wanted, and says so.
    async fn reconcile(&mut self, out: &Lines<'_, impl Write>) -> Result<(), Failure> {
        let Self { level, to, names, .. } = self;
        for (key, name) in names.iter_mut().filter(|(_, name)| name.due == Due::Now) {
            let (_, entry) = L::KIND;
            let present = to.answer(&format!("what {key} has"), level.present(key)).await;
            let answered = present.is_ok();
            let reconciled = match present {
                Ok(present) => name.reconcile(level, *to, &present).await,
                Err(failure) => Err(failure),
            };
            name.due = Due::Nothing;
            match reconciled {
                Ok(elsewhere) => {
                    let there = match elsewhere {
                        0 => String::new(),
                        count => format!(", {count} there already by others"),
                    };
                    let sent = counted(name.sent.len(), entry);
                    out.print(&format!("{key}: {sent}{there}"))?;
                    name.failure = None;
                }
                Err(failure) => {
                    name.due = Due::Later;
                    let why = failure.text().to_owned();
                    if name.failure.as_ref() != Some(&why) {
                        let done = name.sent.iter().filter(|sent| sent.done).count();
                        remark(&format!(
                            "warning: {key}: {done} of {}, the others are tried again: {why}",
                            counted(name.wanted.len(), entry)
                        ));
                    }
                    name.failure = Some(why);
                    if !answered {
                        // The others would wait as long for nothing.
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// Takes back all that was sent.
    async fn take_back(self, taken: &mut Taken) {
        let Self { level, to, names, .. } = self;
        let sent = names.into_values().flat_map(|name| name.sent);
        let all = stream::iter(sent).map(async |Sent { entry, .. }| {
            to.answer("the removal of what was registered", level.unregister(&entry)).await
        });
        let mut all = std::pin::pin!(all.buffer_unordered(AT_ONCE));
        while let Some(ended) = all.next().await {
            match ended {
                Ok(()) => taken.done += 1,
                Err(failure) => {
                    let first = || (0, failure.text().to_owned());
                    taken.failed.get_or_insert_with(first).0 += 1;
                }
            }
        }
    }
}

impl<E: Clone + PartialEq> Name<E> {
    /// Registers what is wanted and not there, and takes back what is not wanted any more. Returns the
    /// number of those that somebody else has registered; an error is the first one, after all was tried.
    async fn reconcile<L: Level<Entry = E>>(
        &mut self,
        level: &L,
        to: Asked<'_>,
        present: &[E],
    ) -> Result<usize, Failure> {
        let ours: BTreeSet<String> = self.sent.iter().map(|sent| L::id(&sent.entry)).collect();
        let others = present.iter().map(L::id).filter(|id| !ours.contains(id));
        let others: BTreeSet<String> = others.collect();
        let is_wanted = |entry: &E| self.wanted.contains(entry);
        let is_replaced = |entry: &E| {
            L::REPLACES && self.wanted.iter().any(|wanted| L::id(wanted) == L::id(entry))
        };
        let mut failure = None;
        let mut kept = Vec::new();
        for sent in std::mem::take(&mut self.sent) {
            if is_wanted(&sent.entry) {
                kept.push(sent);
                continue;
            }
            if is_replaced(&sent.entry) {
                continue;
            }
            let question = format!("the removal of {}", L::id(&sent.entry));
            if let Err(error) = to.answer(&question, level.unregister(&sent.entry)).await {
                failure.get_or_insert(error);
                kept.push(sent);
            }
        }
        self.sent = kept;
        let mut elsewhere = 0;
        for entry in &self.wanted {
            let id = L::id(entry);
            if others.contains(&id) {
                elsewhere += 1;
                continue;
            }
            let place = self.sent.iter().position(|sent| sent.entry == *entry);
            let is_done = |at| self.sent.get(at).is_some_and(|sent: &Sent<E>| sent.done);
            if place.is_some_and(is_done) {
                continue;
            }
            // It is taken back later, whatever the answer is.
            let at = place.unwrap_or(self.sent.len());
            if place.is_none() {
                self.sent.push(Sent { entry: entry.clone(), done: false });
            }
            let question = format!("the registration of {id}");
            let registered = to.answer(&question, level.register(entry.clone())).await;
            if let Some(sent) = self.sent.get_mut(at) {
                sent.done = registered.is_ok();
            }
            if let Err(error) = registered {
                failure.get_or_insert(error);
            }
        }
        failure.map_or(Ok(elsewhere), Err)
    }
}
