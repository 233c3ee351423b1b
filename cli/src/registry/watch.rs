//! `dubhe registry watch`.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::SystemTime;

use dubhe::ServiceKey;
use dubhe::documents::DocumentState;
use dubhe::registry::{Health, RegistryParts, Snapshot};
use dubhe_core::printable::Printable;
use futures_util::StreamExt as _;
use futures_util::stream::{BoxStream, SelectAll};

use super::collect::address;
use super::{failed, keys};
use crate::failure::Failure;

/// News of what is watched, by its name.
enum News {
    Providers(Snapshot),
    Rule(DocumentState),
}

/// Prints the present providers of `services` and `rules`, and each change, until there is no reader.
pub(super) async fn run(
    parts: &RegistryParts,
    services: &[String],
    rules: &[String],
    out: &mut impl Write,
) -> Result<(), Failure> {
    if services.is_empty() && rules.is_empty() {
        return Err(Failure::Usage("error: name a service, or a rule by --rule KEY".into()));
    }
    let mut all: SelectAll<BoxStream<'_, (&str, News)>> = SelectAll::new();
    for name in services {
        let snapshots = parts.registry.subscribe(&ServiceKey::parse(name)).await.map_err(failed)?;
        all.push(snapshots.map(move |one| (name.as_str(), News::Providers(one))).boxed());
    }
    for name in rules {
        let Some(documents) = &parts.documents else {
            let registry = parts.registry.name();
            return Err(Failure::Failed(format!("error: the registry {registry} has no rules")));
        };
        let states = documents.watch(&keys::parse(name));
        all.push(states.map(move |one| (name.as_str(), News::Rule(one))).boxed());
    }
    let mut seen: BTreeMap<&str, Seen> = BTreeMap::new();
    while let Some((name, news)) = all.next().await {
        let seen = seen.entry(name).or_default();
        let lines = match news {
            News::Providers(snapshot) => seen.providers(&snapshot),
            News::Rule(state) => seen.rule(&state),
        };
        let now = humantime::format_rfc3339_seconds(SystemTime::now());
        for line in lines {
            writeln!(out, "{now} {} {}", Printable(name), Printable(line))?;
        }
        out.flush()?;
    }
    Ok(())
}

/// The lines that were last told of something that is watched.
#[derive(Default)]
struct Seen {
    lines: BTreeMap<String, String>,
    stale: bool,
    told: bool,
}

impl Seen {
    fn providers(&mut self, snapshot: &Snapshot) -> Vec<String> {
        let used = snapshot.providers.iter().map(|one| {
            let name = format!("{}://{}", one.offer.protocol, address(one));
            let state = if one.instance.is_available() { "" } else { ", not available" };
            let weight = one.params.get("weight").map(|weight| format!(", weight {weight}"));
            let about =
                format!("{}{state}{}", one.instance.application, weight.unwrap_or_default());
            (name, about)
        });
        let excluded = snapshot.excluded.iter();
        let excluded =
            excluded.map(|one| (one.instance.to_string(), format!("not used: {}", one.why)));
        self.changed(used.chain(excluded).collect(), snapshot.health, "no provider")
    }

    fn rule(&mut self, state: &DocumentState) -> Vec<String> {
        let lines = state.document.as_ref().map(|document| {
            let about = format!("version {}, {} bytes", document.version, document.text.len());
            ("rule".to_owned(), about)
        });
        self.changed(lines.into_iter().collect(), state.health, "no such rule")
    }

    fn changed(
        &mut self,
        now: BTreeMap<String, String>,
        health: Health,
        nothing: &str,
    ) -> Vec<String> {
        let before = std::mem::replace(&mut self.lines, now);
        let mut lines = Vec::new();
        let stale = health == Health::Stale;
        if std::mem::replace(&mut self.stale, stale) != stale {
            lines.push(
                if stale { "? the registry is out of reach" } else { "= current again" }.to_owned(),
            );
        }
        for name in before.keys().filter(|name| !self.lines.contains_key(*name)) {
            lines.push(format!("- {name}"));
        }
        for (name, about) in &self.lines {
            match before.get(name) {
                None => lines.push(format!("+ {name} ({about})")),
                Some(old) if old != about => lines.push(format!("~ {name} ({about})")),
                Some(_) => {}
            }
        }
        if self.lines.is_empty() && (!self.told || !before.is_empty()) && !stale {
            lines.push(format!("= {nothing}"));
        }
        self.told = true;
        lines
    }
}
