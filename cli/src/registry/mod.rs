//! `dubhe registry`: what a registry holds, and changes of its documents.

mod collect;
mod copy;
mod documents;
mod keys;
mod list;
mod options;
mod output;
mod watch;

use std::io::Write;
use std::time::Duration;

use dubhe::documents::DocumentStore;
use dubhe::registry::RegistryParts;
use dubhe::{Code, ServiceKey, Status};

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
        Action::Watch { url, services, rules } => {
            watch::run(&open(&url)?, &services, &rules, out).await
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

/// Opens a registry to look at it: it learns nothing of us.
fn open(url: &str) -> Result<RegistryParts, Failure> {
    registries::open(url).map_err(failed)
}

/// Opens a registry to write to it, which needs that it registers; without a subscription nothing is.
fn open_to_write(url: &str) -> Result<RegistryParts, Failure> {
    RegistryParts::open(url, APPLICATION).map_err(failed)
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
    parts: &'a RegistryParts,
    limit: Duration,
}

impl Asked<'_> {
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
            return answer.map_err(failed);
        }
        let why = match self.parts.registry.failure(&ServiceKey::default()) {
            Some(status) => format!(": {}", status.message()),
            None => String::new(),
        };
        let limit = humantime::format_duration(self.limit);
        Err(Failure::Failed(format!(
            "error: no answer to {to} within {limit}{why}\n\
             hint: is there a registry at {}? --timeout waits longer",
            self.parts.registry.name()
        )))
    }

    /// Returns its documents.
    ///
    /// # Errors
    /// When it has none.
    fn documents(&self) -> Result<&dyn DocumentStore, Failure> {
        self.parts.documents.as_deref().ok_or_else(|| self.lacks("documents"))
    }

    fn lacks(&self, what: &str) -> Failure {
        let name = self.parts.registry.name();
        Failure::Failed(format!("error: the registry {name} has no {what}"))
    }
}
