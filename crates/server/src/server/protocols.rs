//! The protocols that are built in, as the features of this crate say.

use std::sync::Arc;
use std::time::Duration;

use dubhe_core::serve::Dispatch;
#[cfg(feature = "dubbo")]
use dubhe_dubbo::{DubboOptions, server::DubboProtocol};
use dubhe_net::detect::Protocol;
use dubhe_net::memory::MemoryBudget;
use dubhe_net::poll_watch::PollWatch;
#[cfg(feature = "triple")]
use dubhe_triple::{TripleProtocol, http::HttpService};

use super::ServerOptions;

/// The parts of a server that its protocols share.
#[cfg_attr(
    not(any(feature = "dubbo", feature = "triple")),
    expect(dead_code, reason = "there is no protocol to read them")
)]
pub(super) struct Parts<'a> {
    pub(super) options: &'a ServerOptions,
    #[cfg(feature = "dubbo")]
    pub(super) dubbo: DubboOptions,
    pub(super) dispatch: Arc<dyn Dispatch>,
    pub(super) memory: Arc<MemoryBudget>,
    /// The watchdog, unless it is turned off.
    pub(super) watch: Option<Arc<PollWatch>>,
}

/// The services of other frameworks, which Triple serves: there are none without it.
#[derive(Default)]
pub(super) struct Mounts {
    prefixes: Vec<String>,
    /// The services of these prefixes.
    #[cfg(feature = "triple")]
    services: Vec<HttpService>,
}

/// The protocols.
pub(super) struct BuiltIn {
    pub(super) list: Vec<Arc<dyn Protocol>>,
    #[cfg(feature = "triple")]
    pub(super) triple: TripleProtocol,
}

impl Mounts {
    #[cfg(feature = "triple")]
    pub(super) fn add(&mut self, prefix: &str, service: HttpService) {
        self.prefixes.push(prefix.to_owned());
        self.services.push(service);
    }

    pub(super) fn prefixes(&self) -> impl Iterator<Item = &str> {
        self.prefixes.iter().map(String::as_str)
    }
}

impl BuiltIn {
    #[cfg_attr(
        not(feature = "triple"),
        expect(unused_variables, reason = "Triple alone serves what is mounted")
    )]
    pub(super) fn new(parts: &Parts<'_>, mounts: Mounts) -> Self {
        #[cfg(feature = "triple")]
        let triple = parts.triple(mounts);
        Self {
            list: vec![
                #[cfg(feature = "dubbo")]
                Arc::new(parts.dubbo()),
                #[cfg(feature = "triple")]
                Arc::new(triple.http1()),
                #[cfg(feature = "triple")]
                Arc::new(triple.clone()),
            ],
            #[cfg(feature = "triple")]
            triple,
        }
    }
}

impl Parts<'_> {
    #[cfg(feature = "dubbo")]
    fn dubbo(&self) -> DubboProtocol {
        let dubbo = DubboProtocol::new(self.dispatch.clone(), self.dubbo.clone());
        let dubbo = dubbo.memory(self.memory.clone());
        let dubbo = dubbo.session_options(self.options.session.clone());
        match &self.watch {
            Some(watch) => dubbo.poll_watch(watch.clone()),
            None => dubbo,
        }
    }

    #[cfg(feature = "triple")]
    fn triple(&self, mounts: Mounts) -> TripleProtocol {
        let triple = TripleProtocol::new(self.dispatch.clone(), self.options.triple.clone());
        let triple = triple.memory(self.memory.clone());
        let triple = match &self.watch {
            Some(watch) => triple.poll_watch(watch.clone()),
            None => triple,
        };
        let mounts = mounts.prefixes.iter().zip(mounts.services);
        mounts.fold(triple, |triple, (prefix, service)| triple.mount(prefix, service))
    }
}

/// The time for which a service that was withdrawn is still served: the longest quiet period of a
/// drain.
#[cfg_attr(
    not(any(feature = "dubbo", feature = "triple")),
    expect(unused_variables, reason = "there is no protocol that drains")
)]
pub(super) fn notice(options: &ServerOptions) -> Duration {
    let periods: &[Duration] = &[
        #[cfg(feature = "dubbo")]
        options.dubbo.drain_quiet,
        #[cfg(feature = "triple")]
        options.triple.drain_quiet,
    ];
    periods.iter().copied().max().unwrap_or_default()
}
