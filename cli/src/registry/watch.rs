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

/// The entries that there are now, by name; `None` while the registry is out of reach.
type State = Option<BTreeMap<String, Entry>>;

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
    now: Option<&'a Value>,
}

/// Prints what is there of `names`, and each change, until there is no reader.
pub(super) async fn run(
    of: Asked<'_>,
    names: &Names,
    format: Format,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let mut all = everything(of, names).await?;
    let mut seen: BTreeMap<Watched<'_>, Seen> = BTreeMap::new();
    while let Some((watched, state)) = all.next().await {
        let time = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
        for told in seen.entry(watched).or_default().changed(state) {
            match format {
                Format::Table => told.line(watched, &time, out)?,
                Format::Json => {
                    writeln!(out, "{}", json!(told.record(watched, &time)))?;
                }
                Format::Yaml => {
                    let text = serde_saphyr::to_string(&told.record(watched, &time));
                    let text = text.map_err(|error| Failure::Failed(format!("error: {error}")))?;
                    writeln!(out, "---\n{}", text.trim_end())?;
                }
            }
        }
        out.flush()?;
    }
    Ok(())
}

type States<'a> = SelectAll<LocalBoxStream<'a, (Watched<'a>, State)>>;

/// The states of all that `names` says.
async fn everything<'a>(of: Asked<'a>, names: &'a Names) -> Result<States<'a>, Failure> {
    let mut all = States::new();
    for name in &names.services {
        let key = ServiceKey::parse(name);
        let snapshots = of.registry()?.subscribe(&key).await.map_err(failed)?;
        let watched = Watched { kind: "service", of: Some(name) };
        all.push(snapshots.map(move |one| (watched, providers(&key, &one))).boxed_local());
    }
    for name in &names.applications {
        let snapshots = of.instances()?.subscribe(name).await.map_err(failed)?;
        let watched = Watched { kind: "application", of: Some(name) };
        all.push(snapshots.map(move |one| (watched, instances(name, &one))).boxed_local());
    }
    for name in &names.rules {
        let states = of.documents()?.watch(&keys::parse(name));
        let watched = Watched { kind: "rule", of: Some(name) };
        all.push(states.map(move |one| (watched, rule(&one))).boxed_local());
    }
    if !all.is_empty() {
        return Ok(all);
    }
    if of.parts.instances.is_some() {
        all.push(List::Applications.states(of).await?);
    }
    if of.parts.services.is_some() {
        all.push(List::Services.states(of).await?);
    }
    if all.is_empty() {
        let what = format!("error: name a rule of {} by --rule KEY", of.parts.name);
        return Err(Failure::Usage(what));
    }
    Ok(all)
}

/// A list of names, which is asked for again and again.
#[derive(Clone, Copy)]
enum List {
    Applications,
    Services,
}

impl List {
    /// The states of it.
    ///
    /// # Errors
    /// When the registry cannot list them.
    async fn states(
        self,
        of: Asked<'_>,
    ) -> Result<LocalBoxStream<'_, (Watched<'_>, State)>, Failure> {
        let kind = match self {
            Self::Applications => "applications",
            Self::Services => "services",
        };
        let watched = Watched { kind, of: None };
        let state = |names: Result<Vec<String>, Status>| {
            let entry = |name| (name, Entry { about: String::new(), value: Value::Null });
            names.ok().map(|names| names.into_iter().map(entry).collect())
        };
        let first = match self.names(of).await {
            Err(status) if status.code() == Code::Unimplemented => return Err(failed(status)),
            first => (watched, state(first)),
        };
        let others = stream::unfold((), move |()| async move {
            tokio::time::sleep(PERIOD).await;
            Some(((watched, state(self.names(of).await)), ()))
        });
        Ok(stream::iter([first]).chain(others).boxed_local())
    }

    async fn names(self, of: Asked<'_>) -> Result<Vec<String>, Status> {
        let names = async {
            match (self, &of.parts.instances, &of.parts.services) {
                (Self::Applications, Some(instances), _) => {
                    Ok(instances.applications().await?.iter().map(ToString::to_string).collect())
                }
                (Self::Services, _, Some(services)) => {
                    Ok(services.services().await?.iter().map(ToString::to_string).collect())
                }
                _ => Ok(Vec::new()),
            }
        };
        let late = |_| Err(Status::unavailable("there is no answer"));
        tokio::time::timeout(of.limit, names).await.unwrap_or_else(late)
    }
}

fn providers(service: &ServiceKey, snapshot: &Snapshot) -> State {
    let rows = ProviderRow::all(service, snapshot);
    state(snapshot.health, rows.iter().map(|row| (row.told(), json!(row))))
}

fn instances(application: &str, snapshot: &InstanceSnapshot) -> State {
    let rows = InstanceRow::all(application, snapshot);
    state(snapshot.health, rows.iter().map(|row| (row.told(), json!(row))))
}

fn rule(state_of: &DocumentState) -> State {
    let entry = |Document { text, version }: &Document| {
        let about = format!("version {version}, {} bytes", text.len());
        let value = json!({"version": &**version, "bytes": text.len()});
        (("rule".to_owned(), about), value)
    };
    state(state_of.health, state_of.document.iter().map(entry))
}

fn state(health: Health, all: impl Iterator<Item = ((String, String), Value)>) -> State {
    let entry = |((name, about), value)| (name, Entry { about, value });
    (health != Health::Stale).then(|| all.map(entry).collect())
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
    OutOfReach,
    CurrentAgain,
    Nothing,
    Gone(String),
    New(String, Entry),
    Changed(String, Entry),
}

impl Seen {
    fn changed(&mut self, state: State) -> Vec<Told> {
        let was_stale = std::mem::replace(&mut self.stale, state.is_none());
        let Some(now) = state else {
            // What was known before an outage stays.
            return if was_stale { Vec::new() } else { vec![Told::OutOfReach] };
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

impl Told {
    /// Prints it for people.
    fn line(&self, watched: Watched<'_>, time: &str, out: &mut impl Write) -> Result<(), Failure> {
        let of = Printable(watched.of.unwrap_or(watched.kind));
        let text = match self {
            Self::OutOfReach => "? the registry is out of reach".to_owned(),
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
            Self::OutOfReach => ("out-of-reach", None, None),
            Self::CurrentAgain => ("current-again", None, None),
            Self::Nothing => ("empty", None, None),
            Self::Gone(name) => ("gone", Some(name), None),
            Self::New(name, entry) => ("new", Some(name), Some(entry)),
            Self::Changed(name, entry) => ("changed", Some(name), Some(entry)),
        };
        let now = entry.map(|entry| &entry.value).filter(|value| !value.is_null());
        let name = name.map(String::as_str);
        Record { time, kind: watched.kind, of: watched.of, change, name, now }
    }
}
