//! The address and the protocols that a server announces in registries.

use std::net::IpAddr;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::endpoint::{Instance, Offer};
use dubhe_core::metadata_info::ExportedMetadata;
use dubhe_core::random::SplitMix;
use dubhe_core::registry::Registry;
use dubhe_core::time::Clock as _;
use dubhe_core::{Code, Status};
use dubhe_net::detect::TlsMode;
use dubhe_net::io::SockAddr;
use dubhe_net::time::TokioClock;

use super::ServerOptions;
use crate::announce::{self, Announcer};

/// The protocols that are built in.
const BUILT_IN: &[&str] = &[
    #[cfg(feature = "dubbo")]
    "dubbo",
    #[cfg(feature = "triple")]
    "tri",
    #[cfg(feature = "triple")]
    "grpc",
];

/// The protocols that services speak inside another server, where HTTP is all there is.
const HOSTED: [&str; 2] = ["tri", "grpc"];

/// Checks what would otherwise fail at the callers who read it. Only the `built_in` protocols have
/// known names.
///
/// # Errors
/// When the host to announce is none, or no protocol of the server has an announced name.
pub(super) fn check(options: &ServerOptions, built_in: bool) -> Result<(), Status> {
    let wrong = |text: String| Err(Status::new(Code::InvalidArgument, text));
    if let Some(host) = &options.advertise
        && !is_host(host)
    {
        return wrong(format!(
            "cannot announce {host:?} as the host; write a name or an address without scheme and \
             port, and set advertise_port for another port"
        ));
    }
    let unknown = |name: &&ByteString| !BUILT_IN.contains(&&***name);
    match options.announce.iter().find(unknown) {
        Some(name) if built_in => wrong(format!(
            "cannot announce the protocol {name:?}; the server has {}",
            BUILT_IN.join(", ")
        )),
        _ => Ok(()),
    }
}

fn is_host(text: &str) -> bool {
    let stray = |c: char| c.is_whitespace() || c.is_control() || "/?#@:[]".contains(c);
    text.parse::<IpAddr>().is_ok() || (!text.is_empty() && !text.contains(stray))
}

/// Returns the name of the application, for a server that has these sources of metadata: the one of its
/// options, else the first that a registry of application level has of its own.
///
/// # Errors
/// When a registry of application level has none, and the options neither.
pub(super) fn application(
    options: &ServerOptions,
    sources: &[Arc<dyn ExportedMetadata>],
) -> Result<ByteString, Status> {
    if !options.application.is_empty() {
        return Ok(options.application.clone());
    }
    let own: Vec<_> = sources.iter().map(|source| source.application()).collect();
    if own.iter().any(|own| own.is_empty()) {
        let text = "a registry of application level holds instances of an application, and this \
                    server has no name for it: set Server::builder().application(\"NAME\")";
        return Err(Status::new(Code::InvalidArgument, text));
    }
    Ok(own.into_iter().next().unwrap_or_default())
}

/// The announcer of a server that listens on `addrs`.
pub(super) fn announcer(
    registries: Vec<Arc<dyn Registry>>,
    addrs: &[SockAddr],
    options: &ServerOptions,
) -> Result<Announcer, Status> {
    let bound = addrs.iter().find_map(SockAddr::as_socket_addr);
    let port = options.advertise_port.or(bound.map(|bound| bound.port()));
    let host = announce::host(options.advertise.as_deref(), bound);
    let offer = |port| move |protocol: &ByteString| Offer { protocol: protocol.clone(), port };
    let (host, offers) = match (host, port) {
        (Some(host), Some(port)) => {
            let spoken = |name: &&ByteString| !addrs.is_empty() || HOSTED.contains(&&***name);
            (host, options.announce.iter().filter(spoken).map(offer(port)).collect())
        }
        _ if registries.is_empty() => (String::new(), Vec::new()),
        _ => {
            let text = "there is no TCP address to announce in registries: add one with \
                        listen(..), or set advertise and advertise_port";
            return Err(Status::new(Code::InvalidArgument, text));
        }
    };
    let instance = Instance {
        host: host.into(),
        application: options.application.clone(),
        zone: options.zone.clone(),
        // One moment for all registries, of which some write its milliseconds.
        started: Some(TokioClock.wall()),
        ..Instance::default()
    };
    let http = http(port.filter(|_| !instance.host.is_empty()), options);
    let random = Arc::new(SplitMix::from_os());
    Ok(Announcer::new(registries, instance, offers, http, options.withdraw_timeout, random))
}

/// The way to the server by HTTP, which every port speaks with Triple.
fn http(port: Option<u16>, options: &ServerOptions) -> Option<Offer> {
    let protocol = match options.accept.tls_mode {
        TlsMode::Required => "https",
        TlsMode::Off | TlsMode::Optional => "http",
    };
    let offer = |port| Offer { protocol: protocol.into(), port };
    port.filter(|_| cfg!(feature = "triple")).map(offer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_to_announce_has_neither_scheme_nor_port() {
        for host in ["shop.example", "10.0.0.1", "::1", "my_host", "a1"] {
            assert!(is_host(host), "{host}");
        }
        for other in ["", "shop.example:1", "tri://shop", "a b", "[::1]", "u@h"] {
            assert!(!is_host(other), "{other}");
        }
    }

    #[test]
    fn an_unknown_protocol_is_not_announced_unless_the_server_has_one_of_its_own() {
        let options = ServerOptions { announce: vec!["triple".into()], ..ServerOptions::default() };
        let error = check(&options, true).unwrap_err();
        let expected = "cannot announce the protocol \"triple\"; the server has dubbo, tri, grpc";
        assert_eq!((error.code(), error.message()), (Code::InvalidArgument, expected));
        assert!(check(&options, false).is_ok());
    }
}
