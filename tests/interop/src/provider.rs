//! The services of the peers, provided.

use dubhe::{Export, Server, Service, Status};

use crate::greet::{GreetServiceServer, Greeter};
use crate::pojo::{PojoServiceServer, Pojos};

/// What registries know us as.
const APPLICATION: &str = "rust-provider";

/// Serves at `addr` until the process is asked to end.
///
/// # Errors
/// When the address cannot be listened on, or the registry is unknown.
pub(crate) async fn run(addr: &str, registry: Option<&str>) -> Result<(), Status> {
    let mut server = Server::builder()
        .application(APPLICATION)
        .service(export(GreetServiceServer::new(Greeter::new())))
        .service(export(PojoServiceServer::new(Pojos)));
    if let Some(registry) = registry {
        server = server.registry(dubhe::registry_at(registry, APPLICATION)?);
    }
    let running = server.start(addr).await?;
    println!("READY dubbo://{}", running.addr());
    running.until_signalled().await;
    Ok(())
}

/// A service that takes as much as those of the Java peers.
fn export(service: impl Service) -> Export {
    Export::new(service).param("payload", crate::PAYLOAD.to_string())
}
