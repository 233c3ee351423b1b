//! `dubhe registry ls`.

use std::io::Write;
use std::time::Duration;

use dubhe::registry::RegistryParts;
use serde::Serialize;

use super::collect::{self, ApplicationRow, DocumentRow, InstanceRow, ProviderRow, ServiceRow};
use super::options::{Format, What};
use super::output::{document, rows};
use crate::failure::Failure;

/// All that a registry holds, in short.
#[derive(Debug, Serialize)]
struct Overview {
    applications: Vec<ApplicationRow>,
    services: Vec<ServiceRow>,
    rules: Vec<DocumentRow>,
}

/// Lists `what`, of `name` where one is given.
pub(super) async fn run(
    parts: &RegistryParts,
    what: Option<What>,
    name: Option<&str>,
    limit: Duration,
    format: Format,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let lacks = |what| {
        let registry = parts.registry.name();
        Failure::Failed(format!("error: the registry {registry} has no {what}"))
    };
    let instances = || parts.instances.as_deref().ok_or_else(|| lacks("applications"));
    let services = || parts.services.as_deref().ok_or_else(|| lacks("services"));
    let documents = || parts.documents.as_deref().ok_or_else(|| lacks("documents"));
    match what {
        None => overview(parts, limit, format, out).await,
        Some(What::Applications) => {
            let found = collect::applications(instances()?, limit).await?;
            rows(&found, &ApplicationRow::HEADS, ApplicationRow::cells, format, out)
        }
        Some(What::Instances) => {
            let found = collect::instances(instances()?, name, limit).await?;
            rows(&found, &InstanceRow::HEADS, InstanceRow::cells, format, out)
        }
        Some(What::Services) => {
            let found = collect::services(services()?, limit).await?;
            rows(&found, &ServiceRow::HEADS, ServiceRow::cells, format, out)
        }
        Some(What::Providers) => {
            // Of one service, those that a consumer finds, at whichever level.
            let registry = if name.is_some() { &*parts.registry } else { services()? };
            let found = collect::providers(registry, name, limit).await?;
            rows(&found, &ProviderRow::HEADS, ProviderRow::cells, format, out)
        }
        Some(kind @ (What::Rules | What::Metadata)) => {
            let found = collect::documents(documents()?, kind == What::Rules, limit).await?;
            rows(&found, &DocumentRow::HEADS, DocumentRow::cells, format, out)
        }
    }
}

async fn overview(
    parts: &RegistryParts,
    limit: Duration,
    format: Format,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let overview = Overview {
        applications: match &parts.instances {
            Some(instances) => collect::applications(&**instances, limit).await?,
            None => Vec::new(),
        },
        services: match &parts.services {
            Some(services) => collect::services(&**services, limit).await?,
            None => Vec::new(),
        },
        rules: match &parts.documents {
            Some(documents) => collect::documents(&**documents, true, limit).await?,
            None => Vec::new(),
        },
    };
    if format != Format::Table {
        return document(&overview, format, out);
    }
    let Overview { applications, services, rules } = &overview;
    let mut first = true;
    let mut between = |out: &mut dyn Write| {
        if std::mem::take(&mut first) { Ok(()) } else { writeln!(out) }
    };
    if parts.instances.is_some() {
        between(out)?;
        rows_or_none(
            applications,
            "applications",
            &ApplicationRow::HEADS,
            ApplicationRow::cells,
            out,
        )?;
    }
    if parts.services.is_some() {
        between(out)?;
        rows_or_none(services, "services", &ServiceRow::HEADS, ServiceRow::cells, out)?;
    }
    if parts.documents.is_some() {
        between(out)?;
        rows_or_none(rules, "rules", &DocumentRow::HEADS, DocumentRow::cells, out)?;
    }
    Ok(())
}

fn rows_or_none<T: Serialize>(
    found: &[T],
    what: &str,
    heads: &[&str],
    cells: impl Fn(&T) -> Vec<String>,
    out: &mut impl Write,
) -> Result<(), Failure> {
    if found.is_empty() {
        return Ok(writeln!(out, "no {what}")?);
    }
    rows(found, heads, cells, Format::Table, out)
}
