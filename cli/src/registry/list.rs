//! `dubhe registry ls`.

use std::io::Write;

use dubhe::ServiceKey;
use serde::Serialize;

use super::Asked;
use super::collect::{self, Listed};
use super::options::{Format, What};
use super::output::{document, rows};
use super::rows::{ApplicationRow, DocumentRow, InstanceRow, ProviderRow, ServiceRow};
use crate::call::meant;
use crate::failure::{Failure, remark};

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
            if let Some(name) = name.filter(|_| found.is_empty()) {
                // A registry that cannot tell knows of nothing like it.
                let known = of.answer("which services there are", of.registry()?.services()).await;
                let service = ServiceKey::parse(name);
                let meant = meant(&service, &known.unwrap_or_default());
                if let Some(meant) = meant.strip_prefix("; ") {
                    remark(&format!("hint: {meant}"));
                }
            }
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
    let has_services = of.parts.services.is_some() || of.parts.application_level.is_some();
    let services = if has_services { Some(collect::services(of, most).await?) } else { None };
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use dubhe::documents::{DocumentKey, DocumentStore as _};
    use dubhe::registry::application::{
        ApplicationOptions, ApplicationRegistry, MetadataStorage, MigrationStep, RegisterMode,
    };
    use dubhe::registry::{
        Instance, Memory, MemoryDiscovery, MemoryDocuments, Offer, Registration, Registry,
    };
    use dubhe::time::TokioClock;

    use super::*;
    use crate::registry::Opened;

    /// Both levels in memory.
    #[derive(Default)]
    struct World {
        services: Arc<Memory>,
        instances: Arc<MemoryDiscovery>,
        documents: Arc<MemoryDocuments>,
    }

    impl World {
        fn registry(
            &self,
            application: &'static str,
            mode: &str,
            step: &str,
        ) -> ApplicationRegistry {
            let mut options = ApplicationOptions::default();
            options.metadata_storage = MetadataStorage::Remote;
            options.register_mode = mode.parse::<RegisterMode>().unwrap();
            options.migration_step = step.parse::<MigrationStep>().unwrap();
            ApplicationRegistry::builder(application, Arc::new(TokioClock))
                .services(self.services.clone())
                .instances(self.instances.clone())
                .metadata_center(self.documents.clone())
                .options(options)
                .build()
        }

        async fn listed(&self, what: What, name: Option<&str>) -> String {
            let parts = Opened {
                name: "memory://".into(),
                registry: Some(Arc::new(self.registry("cli", "all", "APPLICATION_FIRST"))),
                services: Some(self.services.clone()),
                application_level: Some(Arc::new(self.registry("cli", "all", "FORCE_APPLICATION"))),
                instances: Some(self.instances.clone()),
                documents: Some(self.documents.clone()),
            };
            let of = Asked { parts: &parts, limit: Duration::from_secs(30) };
            let mut out = Vec::new();
            run(of, Some(what), name, Format::Table, &mut out).await.ok().unwrap();
            String::from_utf8(out).unwrap()
        }
    }

    fn registration(service: &str, port: u16) -> Registration {
        Registration {
            service: ServiceKey::parse(service),
            instance: Arc::new(Instance { host: "10.0.0.1".into(), ..Instance::default() }),
            offer: Offer { protocol: "dubbo".into(), port },
            params: Arc::default(),
        }
    }

    #[tokio::test]
    async fn services_of_both_levels_are_listed_with_their_providers() {
        let world = World::default();
        let shop = world.registry("shop", "instance", "APPLICATION_FIRST");
        shop.register(registration("g/a.Users:1", 1)).await.unwrap();
        let web = world.registry("web", "all", "APPLICATION_FIRST");
        web.register(registration("a.Pages", 2)).await.unwrap();
        world.services.register(registration("a.Old", 3)).await.unwrap();
        let mapping = DocumentKey::Mapping { interface: "a.Gone".into() };
        world.documents.put(&mapping, "gone".into()).await.unwrap();
        let services = world.listed(What::Services, None).await;
        let rows: Vec<Vec<&str>> =
            services.lines().skip(1).map(|line| line.split_whitespace().collect()).collect();
        let expected: [&[&str]; 4] = [
            &["a.Gone", "application", "0"],
            &["a.Old", "interface", "1", "dubbo"],
            &["a.Pages", "both", "1", "dubbo", "web"],
            &["g/a.Users:1", "application", "1", "dubbo", "shop"],
        ];
        let has = |row: &&[&str]| rows.iter().any(|of| of == row);
        assert!(rows.len() == 4 && expected.iter().all(has), "{services}");

        let users = world.listed(What::Providers, Some("g/a.Users:1")).await;
        assert!(users.contains("application  dubbo     10.0.0.1:1  shop"), "{users}");
        let other = world.listed(What::Providers, Some("a.Users")).await;
        assert!(other.contains("it offers g/a.Users:1, and a.Users is asked for"), "{other}");
        let pages = world.listed(What::Providers, Some("a.Pages")).await;
        assert!(pages.lines().count() == 2 && pages.contains("a.Pages  both "), "{pages}");
    }
}
