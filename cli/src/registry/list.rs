//! `dubhe registry ls`.

use std::io::Write;

use serde::Serialize;

use super::Asked;
use super::collect::{self, Listed};
use super::options::{Format, What};
use super::output::{document, rows};
use super::rows::{ApplicationRow, DocumentRow, InstanceRow, ProviderRow, ServiceRow};
use crate::failure::Failure;

/// The rows of each part of an overview for people.
const OVERVIEW: usize = 50;

/// All that a registry holds, in short.
#[derive(Debug, Serialize)]
struct Overview {
    applications: Vec<ApplicationRow>,
    services: Vec<ServiceRow>,
    rules: Vec<DocumentRow>,
}

/// Lists `what`, of `name` where one is given.
pub(super) async fn run(
    of: Asked<'_>,
    what: Option<What>,
    name: Option<&str>,
    format: Format,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let all = usize::MAX;
    match what {
        None => overview(of, format, out).await,
        Some(What::Applications) => {
            let found = collect::applications(of, all).await?.rows;
            section(
                &found,
                "applications",
                &ApplicationRow::HEADS,
                ApplicationRow::cells,
                format,
                out,
            )
        }
        Some(What::Instances) => {
            let found = collect::instances(of, name).await?;
            section(&found, "instances", &InstanceRow::HEADS, InstanceRow::cells, format, out)
        }
        Some(What::Services) => {
            let found = collect::services(of, all).await?.rows;
            section(&found, "services", &ServiceRow::HEADS, ServiceRow::cells, format, out)
        }
        Some(What::Providers) => {
            let found = collect::providers(of, name).await?;
            section(&found, "providers", &ProviderRow::HEADS, ProviderRow::cells, format, out)
        }
        Some(What::Rules) => {
            let found = collect::documents(of, true, all).await?.rows;
            section(&found, "rules", &DocumentRow::HEADS, DocumentRow::cells, format, out)
        }
        Some(What::Metadata) => {
            let found = collect::documents(of, false, all).await?.rows;
            section(&found, "metadata", &DocumentRow::HEADS, DocumentRow::cells, format, out)
        }
    }
}

async fn overview(of: Asked<'_>, format: Format, out: &mut impl Write) -> Result<(), Failure> {
    let most = if format == Format::Table { OVERVIEW } else { usize::MAX };
    let applications = match of.parts.instances {
        Some(_) => Some(collect::applications(of, most).await?),
        None => None,
    };
    let services = match of.parts.services {
        Some(_) => Some(collect::services(of, most).await?),
        None => None,
    };
    let rules = match of.parts.documents {
        Some(_) => Some(collect::documents(of, true, most).await?),
        None => None,
    };
    if format != Format::Table {
        fn all<T>(listed: Option<Listed<T>>) -> Vec<T> {
            listed.map(|listed| listed.rows).unwrap_or_default()
        }
        let overview = Overview {
            applications: all(applications),
            services: all(services),
            rules: all(rules),
        };
        return document(&overview, format, out);
    }
    let mut first = true;
    let mut between = |out: &mut dyn Write| {
        if std::mem::take(&mut first) { Ok(()) } else { writeln!(out) }
    };
    if let Some(found) = applications {
        between(out)?;
        part(&found, "applications", &ApplicationRow::HEADS, ApplicationRow::cells, out)?;
    }
    if let Some(found) = services {
        between(out)?;
        part(&found, "services", &ServiceRow::HEADS, ServiceRow::cells, out)?;
    }
    if let Some(found) = rules {
        between(out)?;
        part(&found, "rules", &DocumentRow::HEADS, DocumentRow::cells, out)?;
    }
    Ok(())
}

/// Prints a part of an overview, and how much it leaves out.
fn part<T: Serialize>(
    Listed { rows, left_out }: &Listed<T>,
    what: &str,
    heads: &[&str],
    cells: impl Fn(&T) -> Vec<String>,
    out: &mut impl Write,
) -> Result<(), Failure> {
    section(rows, what, heads, cells, Format::Table, out)?;
    if *left_out > 0 {
        writeln!(out, "and {left_out} more; dubhe registry ls URL {what} lists all")?;
    }
    Ok(())
}

fn section<T: Serialize>(
    found: &[T],
    what: &str,
    heads: &[&str],
    cells: impl Fn(&T) -> Vec<String>,
    format: Format,
    out: &mut impl Write,
) -> Result<(), Failure> {
    if found.is_empty() && format == Format::Table {
        return Ok(writeln!(out, "no {what}")?);
    }
    rows(found, heads, cells, format, out)
}
