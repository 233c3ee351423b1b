//! Waiting for providers in a registry, and for the connections to them.

use std::time::Duration;

use dubhe::connect::ChannelState;
use dubhe::directory::Directory as _;
use dubhe::{App, ServiceKey, Status};

/// The longest time for a registry to serve, and for providers to register.
const LIMIT: Duration = Duration::from_mins(1);

/// Waits until `registry` has a provider by `protocol` of each of `services`.
///
/// # Errors
/// When the URL is wrong, or a provider does not come.
pub(crate) async fn run(registry: &str, protocol: &str, services: &[String]) -> Result<(), Status> {
    let app = App::builder("rust-consumer").registry(registry).build()?;
    let all = async {
        for service in services {
            // Some have a group or a version.
            let service = ServiceKey::new(service.as_str(), "*", "*");
            let directories = app.environment().directories();
            let directory = directories.directory(&service, vec![protocol.into()]);
            loop {
                let set = directory.snapshot();
                if !set.is_empty() {
                    break;
                }
                directory.changed(set.number()).await;
            }
        }
    };
    tokio::time::timeout(LIMIT, all).await.map_err(|_| {
        Status::unavailable(format!("not all of {services:?} have a provider within {LIMIT:?}"))
    })
}

/// Connects `app` to the providers of `interface` by `protocol`, and waits until as many as `providers` are connected:
/// one that is not is passed over while others are there.
///
/// # Errors
/// When they do not come.
pub(crate) async fn connected(
    app: &App,
    interface: &str,
    protocol: &str,
    providers: usize,
) -> Result<(), Status> {
    let service = ServiceKey::interface_only(interface);
    let directory = app.environment().directories().directory(&service, vec![protocol.into()]);
    let all = async {
        loop {
            let set = directory.snapshot();
            // A call would open those that it needs.
            let open = |endpoint| app.environment().channels().open(endpoint);
            let channels = set.iter().map(|one| one.state().channel_or(|| open(one)));
            if channels.flatten().filter(|c| c.state() == ChannelState::Ready).count() >= providers
            {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(LIMIT, all).await.map_err(|_| {
        Status::unavailable(format!(
            "not {providers} of {interface} are connected within {LIMIT:?}"
        ))
    })
}
