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

use dubhe::registry::RegistryParts;
use dubhe::{Code, Status};

use crate::failure::Failure;
use options::Action;
pub(crate) use options::RegistryArgs;

/// The name that registries see.
const APPLICATION: &str = "dubhe-cli";

/// Lists, watches or changes what a registry holds.
pub(crate) async fn run(options: RegistryArgs, out: &mut impl Write) -> Result<(), Failure> {
    let (within, format) = (options.timeout, options.output);
    match options.action {
        Action::Ls { url, what, name } => {
            let parts = open(&url)?;
            list::run(&parts, what, name.as_deref(), within, format, out).await
        }
        Action::Watch { url, services, rules } => {
            watch::run(&open(&url)?, &services, &rules, out).await
        }
        Action::Get { url, key } => documents::get(&open(&url)?, &key, within, out).await,
        Action::Put { url, key, file, force } => {
            documents::put(&open(&url)?, &key, &file, force, within, out).await
        }
        Action::Rm { url, key } => documents::remove(&open(&url)?, &key, within, out).await,
        Action::Copy { from, to, dry_run, follow } => {
            let (from, to) = (open(&from)?, open_for_writing(&to)?);
            copy::run(&from, &to, dry_run, follow, within, out).await
        }
    }
}

/// Opens a registry to look at it: it learns nothing of us.
fn open(url: &str) -> Result<RegistryParts, Failure> {
    let between = if url.contains('?') { '&' } else { '?' };
    let query = format!("{between}register=false");
    // A folder has no parameter of this name, and no need of one.
    let query = if url.starts_with("file:") || url.starts_with("memory:") { "" } else { &query };
    open_for_writing(&format!("{url}{query}"))
}

fn open_for_writing(url: &str) -> Result<RegistryParts, Failure> {
    RegistryParts::open(url, APPLICATION).map_err(failed)
}

fn failed(status: Status) -> Failure {
    match status.code() {
        Code::InvalidArgument => Failure::Usage(format!("error: {}", status.message())),
        _ => Failure::Failed(format!("error: {}", status.message())),
    }
}

/// Waits for an answer, as long as the command line says.
async fn within<T>(
    limit: std::time::Duration,
    what: &str,
    answer: impl Future<Output = Result<T, Status>>,
) -> Result<T, Failure> {
    match tokio::time::timeout(limit, answer).await {
        Ok(answer) => answer.map_err(failed),
        Err(_) => {
            let limit = humantime::format_duration(limit);
            Err(Failure::Failed(format!("error: no answer to {what} within {limit}")))
        }
    }
}
