//! The cost of following a fleet.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use dubhe::documents::{DocumentKey, DocumentStore as _};
use dubhe::registry::MemoryDocuments;
use dubhe::registry::application::{ApplicationOptions, ApplicationRegistry, MigrationStep};
use dubhe::time::TokioClock;
use dubhe::{App, Client, ServiceKey};
use dubhe_bench::EchoClient;
use stats_alloc::Region;

use crate::source::{Applications, Metadata, Services, Source, interface};
use crate::{ALLOCATOR, Error};

#[derive(Clone, Copy, ValueEnum)]
enum Level {
    Application,
    Interface,
}

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[arg(long, value_enum)]
    level: Level,
    #[arg(long)]
    services: u32,
    #[arg(long)]
    instances: u32,
    /// The port of the server that answers at every address of the loopback.
    #[arg(long)]
    port: u16,
    /// Instances that are replaced in a minute.
    #[arg(long, default_value_t = 0)]
    changes: u32,
    /// Seconds of changes.
    #[arg(long, default_value_t = 0)]
    seconds: u64,
}

/// Prints the bytes of an endpoint, the time until every client is connected or knows its providers, and
/// the share of a core that changes take.
#[allow(clippy::print_stdout, reason = "the report is the output of this program")]
pub(crate) async fn run(arguments: &Arguments) -> Result<(), Error> {
    let Arguments { services, instances, .. } = *arguments;
    let source = Arc::new(Source::new(services, instances, arguments.port));
    let app = App::builder("fleet-consumer");
    let app = match arguments.level {
        Level::Interface => app.registry_instance(Services(source.clone())),
        Level::Application => app.registry_instance(applications(&source, services).await?),
    };
    let app = app.build()?;
    let (region, begun) = (Region::new(ALLOCATOR), Instant::now());
    let clients: Vec<Client> = (0..services)
        .map(|service| {
            let key = ServiceKey::interface_only(interface(service));
            Ok(app.client::<EchoClient>().service(key).build()?.client().clone())
        })
        .collect::<Result<_, Error>>()?;
    let ready =
        |client: Client| async move { client.ready(Instant::now() + Duration::from_mins(1)).await };
    if arguments.seconds == 0 {
        let all: Vec<_> =
            clients.iter().map(|client| tokio::spawn(ready(client.clone()))).collect();
        for one in all {
            one.await??;
        }
    } else {
        wait_until_known(&clients, instances).await?;
    }
    let millis = begun.elapsed().as_millis();
    let change = region.change();
    let bytes = change.bytes_allocated.saturating_sub(change.bytes_deallocated);
    let each = bytes / usize::try_from(instances)?.max(1);
    let mut core = 0.0;
    if arguments.seconds > 0 {
        let (cpu, begun) = (cpu_ms()?, Instant::now());
        let pause = Duration::from_mins(1) / arguments.changes.max(1);
        let mut ticks = tokio::time::interval(pause);
        for change in 0_u32.. {
            if begun.elapsed() > Duration::from_secs(arguments.seconds) {
                break;
            }
            ticks.tick().await;
            source.replace(change);
        }
        core = (cpu_ms()? - cpu) / (begun.elapsed().as_secs_f64() * 1e3) * 100.0;
    }
    println!(r#"{{"bytes":{each},"ready_ms":{millis},"core_percent":{core:.2}}}"#);
    drop(clients);
    Ok(())
}

/// The registry of applications, with the mapping of interfaces to them.
async fn applications(source: &Arc<Source>, services: u32) -> Result<ApplicationRegistry, Error> {
    let center = Arc::new(MemoryDocuments::new());
    for service in 0..services {
        let key = DocumentKey::Mapping { interface: interface(service).into() };
        center.put(&key, format!("application-{service}").into()).await?;
    }
    let mut options = ApplicationOptions::default();
    options.migration_step = MigrationStep::ForceApplication;
    Ok(ApplicationRegistry::builder("fleet-consumer", Arc::new(TokioClock))
        .instances(Arc::new(Applications(source.clone())))
        .metadata_center(center)
        .metadata_client(Arc::new(Metadata))
        .options(options)
        .build())
}

/// Waits until the directories know all instances.
async fn wait_until_known(clients: &[Client], instances: u32) -> Result<(), Error> {
    let end = Instant::now() + Duration::from_mins(1);
    loop {
        let counts = clients.iter().map(|client| {
            let state = client.explain();
            state.map_or(0, |state| state.registries.iter().map(|of| of.providers).sum::<usize>())
        });
        if counts.sum::<usize>() == usize::try_from(instances)? {
            return Ok(());
        }
        if Instant::now() > end {
            return Err("the directories do not know all instances after a minute".into());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Processor time of this process.
fn cpu_ms() -> Result<f64, Error> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after = stat.rsplit_once(") ").ok_or("no times in /proc/self/stat")?.1;
    let ticks: Vec<f64> =
        after.split(' ').skip(11).take(2).filter_map(|n| n.parse().ok()).collect();
    // The kernel counts in hundredths of a second.
    Ok(ticks.iter().sum::<f64>() * 10.0)
}
