//! The services of the peers, provided.

use std::sync::Arc;

use dubhe::registry::File;
use dubhe::{Code, Export, Server, Service, Status, TokioClock};

use crate::greet::{GreetServiceServer, Greeter};
use crate::pojo::{PojoServiceServer, Pojos};

/// Serves at `addr` until the process is asked to end.
///
/// # Errors
/// When the address cannot be listened on, or the registry is unknown.
pub(crate) async fn run(addr: &str, registry: Option<&str>) -> Result<(), Status> {
    let mut server = Server::builder()
        .application("rust-provider")
        .service(export(GreetServiceServer::new(Greeter::new())))
        .service(export(PojoServiceServer::new(Pojos)));
    if let Some(registry) = registry {
        server = server.registry(file_registry(registry)?);
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

/// The registry at `file:///FOLDER`.
fn file_registry(url: &str) -> Result<File, Status> {
    let folder = url.strip_prefix("file://").filter(|folder| folder.starts_with('/'));
    let folder = folder.ok_or_else(|| {
        Status::new(
            Code::InvalidArgument,
            format!("cannot use registry {url:?}; write file:///FOLDER"),
        )
    })?;
    Ok(File::new(folder, Arc::new(TokioClock)))
}
