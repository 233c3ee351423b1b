//! The servers of a cluster: those of the URL, or those that an address server names (Nacos
//! `EndpointServerListProvider`).

use std::future::pending;
use std::str::FromStr as _;
use std::sync::Arc;

use dubhe_core::backoff::FullJitter;
use dubhe_core::printable::Shown;
use dubhe_core::random::RandomSource;
use dubhe_core::time::{Duration, after};
use dubhe_net::drain::Scope;
use dubhe_net::io::Address;
use http::{Method, StatusCode};
use tokio::sync::watch;

use crate::http::{HttpClient, HttpRequest};
use crate::options::{DEFAULT_PORT, NacosAddressServer, NacosOptions};

/// The bytes of an answer of an address server.
const LIMIT: usize = 64 * 1024;
/// The longest pause until an address server is asked again that never answered.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// The servers at present. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Servers(watch::Receiver<List>);

#[derive(Clone)]
struct List {
    servers: Arc<[Address]>,
    /// The reason why there are none.
    failure: Arc<str>,
}

impl Servers {
    /// The servers of these options; where they may change, a task in `tasks` keeps them. `http` connects
    /// to the address server. Must be called within a runtime.
    pub(crate) fn of(
        options: &NacosOptions,
        http: HttpClient,
        random: Arc<dyn RandomSource>,
        tasks: &Scope,
    ) -> Self {
        let Some(at) = options.address_server.clone() else {
            return Self::fixed(&options.servers);
        };
        let failure = format!("the address server {} was not asked yet", at.address);
        let (list, servers) = watch::channel(List { servers: [].into(), failure: failure.into() });
        let asking = Asking { at, port_offset: options.grpc_port_offset, http, random, list };
        tasks.spawn(asking.run());
        Self(servers)
    }

    /// Servers that never change.
    pub(crate) fn fixed(servers: &[Address]) -> Self {
        let list = List { servers: servers.into(), failure: "there is no server".into() };
        Self(watch::channel(list).1)
    }

    /// The present servers; none before an address server has answered for the first time.
    pub(crate) fn now(&self) -> Arc<[Address]> {
        self.0.borrow().servers.clone()
    }

    /// The reason why there is none.
    pub(crate) fn failure(&self) -> Arc<str> {
        self.0.borrow().failure.clone()
    }

    /// Waits for another list, or for another error.
    pub(crate) async fn changed(&mut self) {
        // An error says that there will be no other.
        if self.0.changed().await.is_err() {
            pending::<()>().await;
        }
    }
}

/// The task.
struct Asking {
    at: NacosAddressServer,
    port_offset: u16,
    http: HttpClient,
    random: Arc<dyn RandomSource>,
    list: watch::Sender<List>,
}

impl Asking {
    async fn run(self) {
        let backoff = FullJitter { initial: Duration::from_millis(200), ..FullJitter::default() };
        let backoff = backoff.capped(MAX_PAUSE);
        let mut failures: u32 = 0;
        loop {
            match self.ask().await {
                Ok(servers) => {
                    failures = 0;
                    self.list.send_if_modified(|list| {
                        if *list.servers == *servers {
                            return false;
                        }
                        tracing::info!(?servers, from = %self.at.address, "other servers of nacos");
                        list.servers = servers;
                        true
                    });
                }
                Err(why) => {
                    failures = failures.saturating_add(1);
                    // The first of a row and then ever fewer, lest an outage floods the log.
                    if failures.is_power_of_two() {
                        tracing::warn!(
                            why,
                            failures,
                            "no list of the servers of nacos; asking again"
                        );
                    }
                    self.list.send_if_modified(|list| {
                        list.failure = why.into();
                        list.servers.is_empty()
                    });
                }
            }
            let known = !self.list.borrow().servers.is_empty();
            let pause = if known { self.at.period } else { backoff.pause(failures, &*self.random) };
            self.http.clock.sleep_until(after(self.http.clock.now(), pause)).await;
        }
    }

    /// The list of the address server, sorted; the error is for people.
    async fn ask(&self) -> Result<Arc<[Address]>, String> {
        let NacosAddressServer { address, target, .. } = &self.at;
        let request = HttpRequest {
            method: Method::GET,
            target,
            form: &[],
            headers: Vec::new(),
            limit: LIMIT,
        };
        let (status, body) = self.http.send(address, request).await?;
        let body = String::from_utf8_lossy(&body);
        if status != StatusCode::OK {
            return Err(format!(
                "the address server {address} answers {status} to {target}: {}",
                Shown(&body)
            ));
        }
        servers(&body, self.port_offset)
            .map_err(|why| format!("the address server {address} answers {target} with {why}"))
    }
}

/// The servers of an answer, a line or what is between commas for each: `host`, `host:port`, and IPv6 hosts
/// in brackets where a port follows.
fn servers(answer: &str, port_offset: u16) -> Result<Arc<[Address]>, String> {
    let mut servers = Vec::new();
    for text in answer.split(['\n', ',']).map(str::trim).filter(|text| !text.is_empty()) {
        // The default port first, as an IPv6 host without brackets looks like one with a port.
        let bare = text.parse::<std::net::Ipv6Addr>().is_ok();
        let has_port = !bare && text.contains(':') && !text.ends_with(']');
        let server = if has_port {
            Address::from_str(text).map_err(|error| error.to_string())
        } else {
            Ok(Address::new(text.trim_matches(['[', ']']), DEFAULT_PORT))
        };
        let server = server.map_err(|why| format!("no server in {}: {why}", Shown(text)))?;
        if server.port().checked_add(port_offset).is_none() {
            return Err(format!("{server}, which has no gRPC port {port_offset} above"));
        }
        servers.push(server);
    }
    if servers.is_empty() {
        return Err("no server".to_owned());
    }
    servers.sort_by_key(ToString::to_string);
    servers.dedup();
    Ok(servers.into())
}

#[cfg(test)]
mod tests {
    use super::servers;

    #[test]
    fn answers_are_lines_of_servers() {
        let read = |text: &str| -> Vec<String> {
            servers(text, 1000).unwrap().iter().map(ToString::to_string).collect()
        };
        assert_eq!(read("10.0.0.2:8858\r\n10.0.0.1\n\n"), ["10.0.0.1:8848", "10.0.0.2:8858"]);
        assert_eq!(read("b:1,a , b:1"), ["a:8848", "b:1"]);
        assert_eq!(read("[::1]:4\n[::2]\n::3"), ["[::1]:4", "[::2]:8848", "[::3]:8848"]);
    }

    #[test]
    fn answers_that_name_no_servers_are_refused_whole() {
        for (text, named) in [
            ("", "no server"),
            ("\n \n", "no server"),
            ("a\nb:port", "b:port"),
            ("a:65000", "gRPC port"),
        ] {
            let why = servers(text, 1000).unwrap_err();
            assert!(why.contains(named), "{text}: {why}");
        }
    }
}
