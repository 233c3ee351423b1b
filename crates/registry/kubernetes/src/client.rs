//! The client of an API server, from what `kube` reads of credentials to the options of its sockets.

use std::error::Error;

use dubhe_core::time::{Duration, SharedClock, after};
use http::Uri;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use kube::client::{Body, ClientBuilder, ConfigExt as _};
use kube::{Client, Config};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use tower::util::{MapErr, ServiceExt as _, service_fn};

/// The silence of a connection after which the kernel asks whether its peer is there.
const KEEPALIVE: Duration = Duration::from_secs(10);
/// The pause between two such questions.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
/// The questions without an answer after which the connection is cut.
const KEEPALIVE_RETRIES: u32 = 3;

type BoxError = Box<dyn Error + Send + Sync>;

/// Makes a client; nothing is sent yet. `kube` would make one without keepalive, and each watch has a
/// connection of its own: one that is dead looks as one on which nothing happens.
///
/// # Errors
/// When certificates or credentials cannot be used, or a proxy is asked for.
pub(crate) fn of(
    config: &Config,
    connect_timeout: Duration,
    clock: &SharedClock,
) -> Result<Client, BoxError> {
    if let Some(proxy) = config.proxy_url.as_ref().and_then(|url| url.host()) {
        let what = format!(
            "a proxy to the API server ({proxy}) is not supported; leave out proxy-url of the kubeconfig, or \
             name the server in the variable NO_PROXY"
        );
        return Err(what.into());
    }
    // As `kube` does: where several are compiled in, rustls takes none by itself.
    if CryptoProvider::get_default().is_none() {
        // An error says that another thread was faster.
        let _ = aws_lc_rs::default_provider().install_default();
    }
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_keepalive(Some(KEEPALIVE));
    tcp.set_keepalive_interval(Some(KEEPALIVE_INTERVAL));
    tcp.set_keepalive_retries(Some(KEEPALIVE_RETRIES));
    let tls = config.rustls_https_connector_with_connector(tcp)?;
    let clock = clock.clone();
    let connect = service_fn(move |to: Uri| {
        let (connecting, clock) = (tls.clone().oneshot(to), clock.clone());
        Box::pin(async move {
            tokio::select! {
                connected = connecting => connected,
                () = clock.sleep_until(after(clock.now(), connect_timeout)) => {
                    let late = format!("not connected within {connect_timeout:?} (parameter connectionTimeout)");
                    Err(late.into())
                }
            }
        })
    });
    let http = legacy::Client::builder(TokioExecutor::new()).build::<_, Body>(connect);
    // Trying again is ours, with our clock and our pauses: no layer does.
    let client = ClientBuilder::new(MapErr::new(http, BoxError::from), &*config.default_namespace)
        .with_layer(&config.extra_headers_layer()?);
    let (auth, base) = (config.auth_layer()?, config.base_uri_layer());
    Ok(match auth {
        Some(auth) => client.with_layer(&auth).with_layer(&base).build(),
        None => client.with_layer(&base).build(),
    })
}
