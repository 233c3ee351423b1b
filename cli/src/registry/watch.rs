//! `dubhe registry watch`.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, SystemTime};

use dubhe::documents::{Document, DocumentState};
use dubhe::registry::application::InstanceSnapshot;
use dubhe::registry::{Health, Snapshot};
use dubhe::{Code, ServiceKey, Status};
use dubhe_core::printable::Printable;
use futures_util::stream::{LocalBoxStream, SelectAll};
use futures_util::{StreamExt as _, stream};
use serde::Serialize;
use serde_json::{Value, json};

use super::options::Format;
use super::rows::{InstanceRow, ProviderRow};
use super::{Asked, failed, keys};
use crate::failure::Failure;

/// The time from one question which names there are to the next: registries do not tell of them.
const PERIOD: Duration = Duration::from_secs(1);

/// The names to watch; nothing stands for the names of all applications and services.
pub(super) struct Names {
    pub(super) services: Vec<String>,
    pub(super) applications: Vec<String>,
    pub(super) rules: Vec<String>,
}

/// The kind of what is watched, and its name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Watched<'a> {
    kind: &'static str,
    of: Option<&'a str>,
}

/// The entries that there are now, by name; the reason while the registry is out of reach, as far as
/// it is known.
type State = Result<BTreeMap<String, Entry>, String>;

/// An entry, for people and for programs.
#[derive(Clone, PartialEq)]
struct Entry {
    about: String,
    value: Value,
}

/// The record of a change, for programs.
#[derive(Serialize)]
struct Record<'a> {
    time: &'a str,
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<&'a str>,
    change: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<&'a Value>,
}

/// Prints what is there of `names`, and each change, until there is no reader.
pub(super) async fn run(
    of: Asked<'_>,
    names: &Names,
    format: Format,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let mut late = std::pin::pin!(tokio::time::sleep(of.limit));
    let (all, mut states) = everything(of, names).await?;
    let mut seen: BTreeMap<Watched<'_>, Seen> =
        all.into_iter().map(|watched| (watched, Seen::default())).collect();
    let mut is_late = false;
    loop {
        let changed = tokio::select! {
            next = states.next() => match next {
                Some((watched, state)) => vec![(watched, state)],
                None => return Ok(()),
            },
            () = &mut late, if !is_late => {
                is_late = true;
                let silent = seen.iter().filter(|(_, seen)| !seen.told);
                silent.map(|(watched, _)| (*watched, Err(why(of, *watched)))).collect()
            }
        };
        let time = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
        for (watched, state) in changed {
            let seen = seen.entry(watched).or_default();
            if state.is_err() && !seen.told && !is_late {
                // The first answer may still come.
                continue;
            }
            for told in seen.changed(state) {
                print(&told, watched, &time, format, out)?;
            }
        }
        out.flush()?;
    }
}

/// Prints a change.
fn print(
    told: &Told,
    watched: Watched<'_>,
    time: &str,
    format: Format,
    out: &mut impl Write,
) -> Result<(), Failure> {
    match format {
        Format::Table => told.line(watched, time, out)?,
        Format::Json => writeln!(out, "{}", json!(told.record(watched, time)))?,
        Format::Yaml => {
            let text = serde_saphyr::to_string(&told.record(watched, time));
            let text = text.map_err(|error| Failure::Failed(format!("error: {error}")))?;
            writeln!(out, "---\n{}", text.trim_end())?;
        }
    }
    Ok(())
}

/// The reason why the state of `watched` is not known, as far as the registry tells.
fn why(of: Asked<'_>, watched: Watched<'_>) -> String {
    let registry = of.parts.registry.as_ref();
    let of_service = |key: &ServiceKey| registry.and_then(|registry| registry.failure(key));
    let failure = match (watched.kind, watched.of) {
        ("service", Some(service)) => of_service(&ServiceKey::parse(service)),
        ("application", Some(name)) => {
            of.parts.instances.as_ref().and_then(|instances| instances.failure(name))
        }
        _ => None,
    };
    let failure = failure.or_else(|| of_service(&ServiceKey::default()));
    failure.map(|status| status.message().to_owned()).unwrap_or_default()
}

type States<'a> = SelectAll<LocalBoxStream<'a, (Watched<'a>, State)>>;
/// A list of names that is watched, with its states.
type Listing<'a> = (Watched<'a>, LocalBoxStream<'a, (Watched<'a>, State)>);

/// The states of all that `names` says.
///
/// # Errors
/// When the registry has nothing of the kind.
async fn everything<'a>(
    of: Asked<'a>,
    names: &'a Names,
) -> Result<(Vec<Watched<'a>>, States<'a>), Failure> {
    let (mut watching, mut all) = (Vec::new(), States::new());
    for name in &names.services {
        let key = ServiceKey::parse(name);
        let snapshots = of.registry()?.subscribe(&key).await.map_err(failed)?;
        let watched = Watched { kind: "service", of: Some(name) };
        watching.push(watched);
        let state = move |one| (watched, state(of, watched, providers(&key, &one)));
        all.push(snapshots.map(state).boxed_local());
    }
    for name in &names.applications {
        let snapshots = of.instances()?.subscribe(name).await.map_err(failed)?;
        let watched = Watched { kind: "application", of: Some(name) };
        watching.push(watched);
        let state = move |one| (watched, state(of, watched, instances(name, &one)));
        all.push(snapshots.map(state).boxed_local());
    }
    for name in &names.rules {
        let states = of.documents()?.watch(&keys::parse(name));
        let watched = Watched { kind: "rule", of: Some(name) };
        watching.push(watched);
        let state = move |one| (watched, state(of, watched, rule(&one)));
        all.push(states.map(state).boxed_local());
    }
    if !all.is_empty() {
        return Ok((watching, all));
    }
    let (applications, services) = (List::Applications.states(of), List::Services.states(of));
    let (applications, services) = tokio::try_join!(applications, services)?;
    for (watched, states) in [applications, services].into_iter().flatten() {
        watching.push(watched);
        all.push(states);
    }
    if all.is_empty() {
        let what = format!("error: name a rule of {} by --rule KEY", of.parts.name);
        return Err(Failure::Usage(what));
    }
    Ok((watching, all))
}

/// A list of names, which is asked for again and again.
#[derive(Clone, Copy)]
enum List {
    Applications,
    Services,
}

impl List {
    /// The states of it; `None` if the registry has nothing of the kind.
    ///
    /// # Errors
    /// When the registry cannot list them.
    async fn states(self, of: Asked<'_>) -> Result<Option<Listing<'_>>, Failure> {
        let there = match self {
            Self::Applications => of.parts.instances.is_some(),
            // At the application level, the mapping has them.
            Self::Services => of.parts.services.is_some() || of.parts.instances.is_some(),
        };
        if !there {
            return Ok(None);
        }
        let kind = match self {
            Self::Applications => "applications",
            Self::Services => "services",
        };
        let watched = Watched { kind, of: None };
        let state = |names: Result<Vec<String>, Status>| -> State {
            let entry = |name| (name, Entry { about: String::new(), value: Value::Null });
            let names = names.map_err(|status| status.message().to_owned())?;
            Ok(names.into_iter().map(entry).collect())
        };
        let first = match self.names(of).await {
            Err(status) if status.code() == Code::Unimplemented => return Err(failed(status)),
            first => (watched, state(first)),
        };
        let others = stream::unfold((), move |()| async move {
            tokio::time::sleep(PERIOD).await;
            Some(((watched, state(self.names(of).await)), ()))
        });
        Ok(Some((watched, stream::iter([first]).chain(others).boxed_local())))
    }

    async fn names(self, of: Asked<'_>) -> Result<Vec<String>, Status> {
        let names = async {
            match (self, &of.parts.instances, &of.parts.registry) {
                (Self::Applications, Some(instances), _) => {
                    Ok(instances.applications().await?.iter().map(ToString::to_string).collect())
                }
                (Self::Services, _, Some(registry)) => {
                    Ok(registry.services().await?.iter().map(ToString::to_string).collect())
                }
                _ => Ok(Vec::new()),
            }
        };
        let late = |_| {
            let registry = of.parts.registry.as_ref();
            let failure = registry.and_then(|registry| registry.failure(&ServiceKey::default()));
            Err(failure.unwrap_or_else(|| Status::unavailable("there is no answer")))
        };
        tokio::time::timeout(of.limit, names).await.unwrap_or_else(late)
    }
}

fn providers(service: &ServiceKey, snapshot: &Snapshot) -> Current {
    let rows = ProviderRow::all(service, snapshot);
    current(snapshot.health, rows.iter().map(|row| (row.told(), json!(row))))
}

fn instances(application: &str, snapshot: &InstanceSnapshot) -> Current {
    let rows = InstanceRow::all(application, snapshot);
    current(snapshot.health, rows.iter().map(|row| (row.told(), json!(row))))
}

fn rule(state_of: &DocumentState) -> Current {
    let entry = |Document { text, version }: &Document| {
        let about = format!("version {version}, {} bytes", text.len());
        let value = json!({"version": &**version, "bytes": text.len()});
        (("rule".to_owned(), about), value)
    };
    current(state_of.health, state_of.document.iter().map(entry))
}

/// The entries, unless they are those from before an outage.
type Current = Option<BTreeMap<String, Entry>>;

fn current(health: Health, all: impl Iterator<Item = ((String, String), Value)>) -> Current {
    let entry = |((name, about), value)| (name, Entry { about, value });
    (health != Health::Stale).then(|| all.map(entry).collect())
}

fn state(of: Asked<'_>, watched: Watched<'_>, current: Current) -> State {
    current.ok_or_else(|| why(of, watched))
}

/// The entries that were last told of something that is watched.
#[derive(Default)]
struct Seen {
    entries: BTreeMap<String, Entry>,
    stale: bool,
    told: bool,
}

/// A change.
enum Told {
    /// The reason, if it is known.
    OutOfReach(String),
    CurrentAgain,
    Nothing,
    Gone(String),
    New(String, Entry),
    Changed(String, Entry),
}

impl Seen {
    fn changed(&mut self, state: State) -> Vec<Told> {
        let was_stale = std::mem::replace(&mut self.stale, state.is_err());
        let now = match state {
            Ok(now) => now,
            // What was known before an outage stays.
            Err(_) if was_stale => return Vec::new(),
            Err(why) => return vec![Told::OutOfReach(why)],
        };
        let mut told = Vec::new();
        if was_stale {
            told.push(Told::CurrentAgain);
        }
        let before = std::mem::replace(&mut self.entries, now);
        let gone = before.keys().filter(|name| !self.entries.contains_key(*name));
        told.extend(gone.map(|name| Told::Gone(name.clone())));
        for (name, entry) in &self.entries {
            match before.get(name) {
                None => told.push(Told::New(name.clone(), entry.clone())),
                Some(old) if old != entry => told.push(Told::Changed(name.clone(), entry.clone())),
                Some(_) => {}
            }
        }
        let first = !std::mem::replace(&mut self.told, true);
        if self.entries.is_empty() && (first || !before.is_empty()) {
            told.push(Told::Nothing);
        }
        told
    }
}

const OUT_OF_REACH: &str = "? the registry is out of reach";

impl Told {
    /// Prints it for people.
    fn line(&self, watched: Watched<'_>, time: &str, out: &mut impl Write) -> Result<(), Failure> {
        let of = Printable(watched.of.unwrap_or(watched.kind));
        let text = match self {
            Self::OutOfReach(why) if why.is_empty() => OUT_OF_REACH.to_owned(),
            Self::OutOfReach(why) => format!("{OUT_OF_REACH}: {why}"),
            Self::CurrentAgain => "= current again".to_owned(),
            Self::Nothing => match watched.kind {
                "service" => "= no provider".to_owned(),
                "application" => "= no instance".to_owned(),
                "rule" => "= no such rule".to_owned(),
                kind => format!("= no {kind}"),
            },
            Self::Gone(name) => format!("- {name}"),
            Self::New(name, Entry { about, .. }) if about.is_empty() => format!("+ {name}"),
            Self::New(name, Entry { about, .. }) => format!("+ {name} ({about})"),
            Self::Changed(name, Entry { about, .. }) => format!("~ {name} ({about})"),
        };
        Ok(writeln!(out, "{time} {of} {}", Printable(text))?)
    }

    /// Returns it for programs.
    fn record<'a>(&'a self, watched: Watched<'a>, time: &'a str) -> Record<'a> {
        let (change, name, entry) = match self {
            Self::OutOfReach(_) => ("out-of-reach", None, None),
            Self::CurrentAgain => ("current-again", None, None),
            Self::Nothing => ("empty", None, None),
            Self::Gone(name) => ("gone", Some(name), None),
            Self::New(name, entry) => ("new", Some(name), Some(entry)),
            Self::Changed(name, entry) => ("changed", Some(name), Some(entry)),
        };
        let now = entry.map(|entry| &entry.value).filter(|value| !value.is_null());
        let name = name.map(String::as_str);
        let why = match self {
            Self::OutOfReach(why) => Some(&**why).filter(|why| !why.is_empty()),
            _ => None,
        };
        Record { time, kind: watched.kind, of: watched.of, change, name, why, now }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use dubhe::registry::{Memory, Registering, Registration, Registry, Snapshots};

    use super::*;
    use crate::registry::Opened;

    /// A registry that answers late, once, and is away again.
    struct Late(Snapshot);

    impl Registry for Late {
        fn register(&self, _: Registration) -> Registering<'_, ()> {
            Box::pin(async { Ok(()) })
        }

        fn unregister(&self, _: &Registration) -> Registering<'_, ()> {
            Box::pin(async { Ok(()) })
        }

        fn subscribe(&self, _: &ServiceKey) -> Registering<'_, Snapshots> {
            let stale = |of: &Snapshot| Snapshot { health: Health::Stale, ..of.clone() };
            let all = [stale(&Snapshot::default()), self.0.clone(), stale(&self.0)];
            Box::pin(async { Ok(Box::pin(stream::iter(all)) as Snapshots) })
        }

        fn failure(&self, _: &ServiceKey) -> Option<Status> {
            Some(Status::unavailable("refused"))
        }
    }

    #[tokio::test]
    async fn a_registry_is_out_of_reach_once_it_has_answered() {
        let key = ServiceKey::parse("a.Users");
        let snapshot = Memory::new().subscribe(&key).await.unwrap().next().await.unwrap();
        let registry: Arc<dyn Registry> = Arc::new(Late(snapshot));
        let parts = Opened {
            name: "late://".into(),
            registry: Some(registry),
            services: None,
            application_level: None,
            instances: None,
            documents: None,
        };
        let of = Asked { parts: &parts, limit: Duration::from_hours(1) };
        let services = vec!["a.Users".to_owned()];
        let names = Names { services, applications: Vec::new(), rules: Vec::new() };
        let mut out = Vec::new();
        run(of, &names, Format::Table, &mut out).await.ok().unwrap();
        let out = String::from_utf8(out).unwrap();
        let told: Vec<_> = out.lines().map(|line| line.split_once(' ').unwrap().1).collect();
        let away = "a.Users ? the registry is out of reach: refused";
        assert_eq!(told, ["a.Users = no provider", away]);
    }
}
