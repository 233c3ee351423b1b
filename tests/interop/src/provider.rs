//! The services of the peers, provided.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use dubhe::filter::ExceptionFilter;
use dubhe::{Call, Export, Guard, Hook, Server, Service, Status};

use crate::aged::Aged;
use crate::codes::Failing;
use crate::conventions;
use crate::greet::Greeter;
use crate::idl::proto::grpc::testing::TestServiceServer;
use crate::idl::proto::org::example::interop::GreeterServer as GreetsServer;
use crate::idl::proto::peer::proto::GreeterServer as HellosServer;
use crate::idl::{Greets, Hellos, Tester};
use crate::java::api::{CodesServer, GreetServiceServer, JsonServiceServer};
use crate::java::proto::StreamServiceServer;
use crate::json::Echo;
use crate::pojo::{PojoServiceServer, Pojos};
use crate::spring;
use crate::streams::Streams;

/// The application name in registries.
const APPLICATION: &str = "rust-provider";

/// Serves at `addr`, by all protocols, until the process is asked to end. The registry is told of
/// `protocol` alone, where one is named, and that this has run for `age`.
///
/// # Errors
/// When the address cannot be listened on, or the registry is unknown.
pub(crate) async fn run(
    addr: &str,
    registry: Option<&str>,
    protocol: Option<&str>,
    age: Option<Duration>,
) -> Result<(), Status> {
    let calls = Arc::new(AtomicU64::new(0));
    let mut server = Server::builder()
        .application(APPLICATION)
        .hook(Counting(calls.clone()))
        .service(export(GreetServiceServer::new(Greeter::new())))
        .service(export(CodesServer::new(Failing)).filter(ExceptionFilter::new()))
        .service(export(JsonServiceServer::new(Echo)))
        .service(export(PojoServiceServer::new(Pojos)))
        .service(export(StreamServiceServer::new(Streams)))
        .service(export(HellosServer::new(Hellos)))
        .service(export(GreetsServer::new(Greets)))
        .service(export(TestServiceServer::new(Tester)));
    for export in conventions::exports() {
        server = server.service(export);
    }
    if let Some(protocol) = protocol {
        server = server.announce([protocol]);
    }
    if let Some(registry) = registry {
        let registry = dubhe::registry_at(registry, APPLICATION)?;
        server = match age.and_then(|age| SystemTime::now().checked_sub(age)) {
            Some(started) => server.registry(Aged { registry, started }),
            None => server.registry(registry),
        };
    }
    let running = server.start(addr).await?;
    println!("READY {}", running.addr());
    running.until_signalled().await;
    // Whoever started it may not listen any more.
    let _ = writeln!(std::io::stdout(), "CALLS {}", calls.load(Ordering::Relaxed));
    Ok(())
}

/// Serves the application of the Spring Cloud peers at `addr` until the process is asked to end.
///
/// # Errors
/// When the address cannot be listened on, or the registry is unknown.
pub(crate) async fn spring(addr: &str, registry: &str) -> Result<(), Status> {
    let server = Server::builder()
        .application(spring::APPLICATION)
        .mount("/", spring::routes())
        .registry(dubhe::spring_cloud_at(registry, spring::APPLICATION)?);
    let running = server.start(addr).await?;
    println!("READY {}", running.addr());
    running.until_signalled().await;
    Ok(())
}

/// A service that takes as much as those of the Java peers.
fn export(service: impl Service) -> Export {
    Export::new(service).param("payload", crate::PAYLOAD.to_string())
}

/// Counts calls.
struct Counting(Arc<AtomicU64>);

impl Hook for Counting {
    fn before(&self, _call: &mut Call) -> Result<Guard, Status> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Guard::none())
    }
}
