//! `dubhe registry`: what a registry holds, and changes of its documents.

mod collect;
mod copy;
mod documents;
mod follow;
mod keys;
mod levels;
mod list;
mod options;
mod output;
mod rows;
mod watch;

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use dubhe::documents::DocumentStore;
use dubhe::registry::application::ServiceDiscovery;
use dubhe::registry::{Registry, RegistryParts};
use dubhe::{Code, ServiceKey, Status, config_center_at};

use crate::failure::Failure;
use crate::registries::{self, APPLICATION};
use options::Action;
pub(crate) use options::RegistryArgs;

/// Lists, watches or changes what a registry holds.
pub(crate) async fn run(options: RegistryArgs, out: &mut impl Write) -> Result<(), Failure> {
    let (limit, format) = (options.timeout, options.output);
    match options.action {
        Action::Ls { url, what, name } => {
            let parts = open(&url)?;
            list::run(Asked { parts: &parts, limit }, what, name.as_deref(), format, out).await
        }
        Action::Watch { url, services, applications, rules } => {
            let parts = open(&url)?;
            let of = Asked { parts: &parts, limit };
            let names = watch::Names { services, applications, rules };
            watch::run(of, &names, format, out).await
        }
        Action::Get { url, key } => {
            let parts = open(&url)?;
            documents::get(Asked { parts: &parts, limit }, &key, out).await
        }
        Action::Put { url, key, file, force } => {
            let checked = documents::check(&key, &file, force)?;
            let parts = open_to_write(&url)?;
            documents::put(Asked { parts: &parts, limit }, checked, out).await
        }
        Action::Rm { url, key } => {
            let parts = open_to_write(&url)?;
            documents::remove(Asked { parts: &parts, limit }, &key, out).await
        }
        Action::Copy { from, to, dry_run, follow } => {
            let from = open(&from)?;
            let to = open_to_write(&to)?;
            let (from, to) = (Asked { parts: &from, limit }, Asked { parts: &to, limit });
            copy::run(from, to, dry_run, follow, out).await
        }
    }
}

/// The parts of what a URL names, which may be a config centre alone.
struct Opened {
    name: String,
    registry: Option<Arc<dyn Registry>>,
    services: Option<Arc<dyn Registry>>,
    /// The application level alone, as consumers see it.
    application_level: Option<Arc<dyn Registry>>,
    instances: Option<Arc<dyn ServiceDiscovery>>,
    documents: Option<Arc<dyn DocumentStore>>,
}

impl From<RegistryParts> for Opened {
    fn from(parts: RegistryParts) -> Self {
        let RegistryParts { registry, services, instances, application_level, documents, .. } =
            parts;
        let (name, registry) = (registry.name().to_owned(), Some(registry));
        Self { name, registry, services, application_level, instances, documents }
    }
}

impl From<Arc<dyn DocumentStore>> for Opened {
    fn from(documents: Arc<dyn DocumentStore>) -> Self {
        let name = documents.name().to_owned();
        let (registry, services, application_level, instances) = (None, None, None, None);
        let documents = Some(documents);
        Self { name, registry, services, application_level, instances, documents }
    }
}

/// Opens a registry to look at it: it learns nothing of us.
fn open(url: &str) -> Result<Opened, Failure> {
    opened(url, |url| registries::open(url, None))
}

/// Opens a registry to write to it, which needs that it registers; without a subscription nothing is.
fn open_to_write(url: &str) -> Result<Opened, Failure> {
    opened(url, registries::open_to_write)
}

/// Opens a registry by `open`, or a config centre that is none.
fn opened(
    url: &str,
    open: impl FnOnce(&str) -> Result<RegistryParts, Status>,
) -> Result<Opened, Failure> {
    let opened = if url.starts_with("apollo://") {
        config_center_at(url, APPLICATION)
            .map_err(|error| registries::explained(&error))
            .map(Opened::from)
    } else {
        open(url).map(Opened::from)
    };
    opened.map_err(failed)
}

fn failed(status: Status) -> Failure {
    match status.code() {
        Code::InvalidArgument => Failure::Usage(format!("error: {}", status.message())),
        _ => Failure::Failed(format!("error: {}", status.message())),
    }
}

/// A registry that is asked, each time as long as the command line says.
#[derive(Clone, Copy)]
struct Asked<'a> {
    parts: &'a Opened,
    limit: Duration,
}

impl<'a> Asked<'a> {
    /// Waits for an answer.
    ///
    /// # Errors
    /// Why there is none, as far as the registry knows.
    async fn answer<T>(
        &self,
        to: &str,
        answer: impl Future<Output = Result<T, Status>>,
    ) -> Result<T, Failure> {
        if let Ok(answer) = tokio::time::timeout(self.limit, answer).await {
            return answer.map_err(|status| match status.code() {
                Code::Unimplemented => Failure::Failed(format!(
                    "error: {}\nhint: it answers for one by name: dubhe registry ls URL providers SERVICE",
                    status.message()
                )),
                _ => failed(status),
            });
        }
        let registry = self.parts.registry.as_ref();
        let why = match registry.and_then(|registry| registry.failure(&ServiceKey::default())) {
            Some(status) => format!(": {}", status.message()),
            None => String::new(),
        };
        let limit = humantime::format_duration(self.limit);
        Err(Failure::Failed(format!(
            "error: no answer to {to} within {limit}{why}\n\
             hint: is there a registry at {}? --timeout waits longer",
            self.parts.name
        )))
    }

    /// Returns the registry as consumers see it.
    ///
    /// # Errors
    /// When it is a config centre alone.
    fn registry(&self) -> Result<&'a dyn Registry, Failure> {
        self.parts.registry.as_deref().ok_or_else(|| self.lacks("services"))
    }

    /// Returns its instances of applications.
    ///
    /// # Errors
    /// When it has none.
    fn instances(&self) -> Result<&'a dyn ServiceDiscovery, Failure> {
        self.parts.instances.as_deref().ok_or_else(|| self.lacks("applications"))
    }

    /// Returns its documents.
    ///
    /// # Errors
    /// When it has none.
    fn documents(&self) -> Result<&'a dyn DocumentStore, Failure> {
        self.parts.documents.as_deref().ok_or_else(|| self.lacks("documents"))
    }

    fn lacks(&self, what: &str) -> Failure {
        let Opened { name, registry, instances, documents, .. } = self.parts;
        let there = [
            registry.as_ref().map(|_| "services"),
            instances.as_ref().map(|_| "applications"),
            documents.as_ref().map(|_| "documents"),
        ];
        let there: Vec<_> = there.into_iter().flatten().collect();
        Failure::Failed(format!(
            "error: the registry {name} has no {what}\nhint: it has {}; dubhe registry ls URL lists them",
            there.join(" and ")
        ))
    }
}
