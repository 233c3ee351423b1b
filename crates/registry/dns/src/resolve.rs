//! Resolution of a name to targets.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use dubhe_core::printable::Printable;
use dubhe_core::time::Duration;
use dubhe_core::{Code, Status};
use hickory_resolver::config::{NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::rr::{RData, Record, RecordType};
use hickory_resolver::{Resolver, TokioResolver};

use crate::options::{DnsOptions, Family, Query};

/// The targets of SRV records that are looked up at most.
const MAX_TARGETS: usize = 1024;
/// The attempts for each name server.
const ATTEMPTS: usize = 2;

/// The targets of a name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resolved {
    /// The targets by address, in its order: IPv4 first.
    pub(crate) targets: BTreeMap<SocketAddr, Target>,
    /// The shortest time for which a record is valid.
    pub(crate) ttl: Duration,
    /// Targets whose addresses are not known, with the reasons.
    pub(crate) lost: Vec<(String, String)>,
    /// The addresses of the hosts that SRV records name.
    hosts: BTreeMap<String, Vec<IpAddr>>,
    /// The error of a host about which no name server answers; its addresses are those of before.
    pub(crate) unanswered: Option<Status>,
}

/// An address, and what its SRV record says.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Target {
    /// `true` if there are records of a lower number, which are to be asked first (RFC 2782).
    pub(crate) reserve: bool,
    /// The weight; `None` when all are equal.
    pub(crate) weight: Option<u16>,
}

/// A resolver of its own: nothing is cached here, as the registry keeps what it knows for as long as
/// records say.
pub(crate) fn resolver(options: &DnsOptions) -> Result<TokioResolver, Status> {
    let provider = TokioRuntimeProvider::default();
    let failed = |error: NetError| {
        let what = format!(
            "dns: the name servers of the system are not known: {error}; name one: dns://SERVER/{}",
            options.name
        );
        Status::new(Code::FailedPrecondition, what)
    };
    let mut builder = if options.servers.is_empty() {
        Resolver::builder(provider).map_err(failed)?
    } else {
        let servers = options.servers.iter().map(|server| {
            let mut config = NameServerConfig::udp_and_tcp(server.ip());
            for connection in &mut config.connections {
                connection.port = server.port();
            }
            config
        });
        let config = ResolverConfig::from_parts(None, Vec::new(), servers.collect());
        let mut builder = Resolver::builder_with_config(config, provider);
        *builder.options_mut() = ResolverOpts::default();
        builder
    };
    let opts = builder.options_mut();
    opts.timeout = options.timeout;
    opts.attempts = ATTEMPTS;
    opts.cache_size = 0;
    builder.build().map_err(failed)
}

/// Resolves the name, of which `last` is what is known. A host about which no name server answers
/// keeps the addresses that it had.
pub(crate) async fn resolve(
    resolver: &TokioResolver,
    options: &DnsOptions,
    last: &Resolved,
) -> Result<Resolved, Status> {
    match options.query {
        Query::Addresses { port } => {
            let (addresses, ttl) = addresses(resolver, options, &options.name).await?;
            let targets =
                addresses.into_iter().map(|ip| (SocketAddr::new(ip, port), Target::default()));
            Ok(Resolved { targets: targets.collect(), ttl, ..Resolved::default() })
        }
        Query::Services => services(resolver, options, last).await,
    }
}

async fn services(
    resolver: &TokioResolver,
    options: &DnsOptions,
    last: &Resolved,
) -> Result<Resolved, Status> {
    let (records, mut ttl) = lookup(resolver, &options.name, RecordType::SRV).await?;
    let mut found: Vec<_> = records
        .iter()
        .filter_map(|record| match &record.data {
            // A root means "decidedly not available at this domain" (RFC 2782).
            RData::SRV(srv) if !srv.target.is_root() && srv.port != 0 => {
                Some((srv.priority, srv.weight, srv.port, srv.target.to_string()))
            }
            _ => None,
        })
        .collect();
    if found.is_empty() {
        let what = format!("dns: {} has no SRV record of a target", Printable(&options.name));
        return Err(Status::new(Code::NotFound, what));
    }
    found.sort();
    found.dedup();
    found.truncate(MAX_TARGETS);
    let first = found.first().map(|(priority, ..)| *priority);
    let weights = found.iter().map(|(_, weight, ..)| weight);
    let equal = weights.clone().min() == weights.max();
    // Several records may name one host, at several ports.
    let (mut hosts, mut failed) = (BTreeMap::new(), BTreeMap::new());
    let (mut unanswered, mut absent) = (None, None);
    for (.., host) in &found {
        if hosts.contains_key(host) || failed.contains_key(host) {
            continue;
        }
        let status = match addresses(resolver, options, host).await {
            Ok((addresses, of_host)) => {
                ttl = ttl.min(of_host);
                hosts.insert(host.clone(), addresses);
                continue;
            }
            Err(status) => status,
        };
        let known = last.hosts.get(host).filter(|_| status.code() != Code::NotFound);
        match known {
            Some(addresses) => drop(hosts.insert(host.clone(), addresses.clone())),
            None => drop(failed.insert(host.clone(), status.message().to_owned())),
        }
        let which = if status.code() == Code::NotFound { &mut absent } else { &mut unanswered };
        which.get_or_insert(status);
    }
    let (mut targets, mut lost) = (BTreeMap::new(), Vec::new());
    for (priority, weight, port, host) in &found {
        if let Some(why) = failed.get(host) {
            lost.push((format!("{host}:{port}"), why.clone()));
        }
        let target = Target {
            reserve: Some(*priority) != first,
            // One of weight 0 has "a very small chance".
            weight: (!equal).then_some((*weight).max(1)),
        };
        for ip in hosts.get(host).into_iter().flatten() {
            // The records come sorted: the first of an address is the preferred one.
            targets.entry(SocketAddr::new(*ip, *port)).or_insert(target);
        }
    }
    match unanswered.clone().or(absent) {
        Some(status) if targets.is_empty() => Err(status),
        _ => Ok(Resolved { targets, ttl, lost, hosts, unanswered }),
    }
}

/// The addresses of a host, and for how long they are valid.
async fn addresses(
    resolver: &TokioResolver,
    options: &DnsOptions,
    host: &str,
) -> Result<(Vec<IpAddr>, Duration), Status> {
    if let Ok(ip) = host.parse() {
        return Ok((vec![ip], Duration::MAX));
    }
    let (v4, v6) = (RecordType::A, RecordType::AAAA);
    let (records, ttl) = match options.family {
        Family::Ipv4 => lookup(resolver, host, v4).await?,
        Family::Ipv6 => lookup(resolver, host, v6).await?,
        Family::PreferIpv4 => match lookup(resolver, host, v4).await {
            // Only when the server says that there is none: an error of it says nothing of the host.
            Err(status) if status.code() == Code::NotFound => lookup(resolver, host, v6).await?,
            found => found?,
        },
        Family::Both => {
            match (lookup(resolver, host, v4).await, lookup(resolver, host, v6).await) {
                (Ok((mut all, one)), Ok((more, other))) => {
                    all.extend(more);
                    (all, one.min(other))
                }
                (Ok(found), Err(status)) | (Err(status), Ok(found)) => {
                    if status.code() != Code::NotFound {
                        return Err(status);
                    }
                    found
                }
                (Err(status), Err(_)) => return Err(status),
            }
        }
    };
    let ips = records.iter().filter_map(|record| match record.data {
        RData::A(a) => Some(IpAddr::V4(a.0)),
        RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.0)),
        _ => None,
    });
    Ok((ips.collect(), ttl))
}

/// The records of a type, of which there is one at least, and the shortest of their times.
async fn lookup(
    resolver: &TokioResolver,
    name: &str,
    of: RecordType,
) -> Result<(Vec<Record>, Duration), Status> {
    let failed = |code, why: &dyn std::fmt::Display| {
        let what = format!("dns: cannot resolve {} ({of}): {why}", Printable(name));
        Status::new(code, what)
    };
    match resolver.lookup(name, of).await {
        Ok(lookup) => {
            // A chain of aliases is as valid as its shortest part.
            let ttl = lookup.answers().iter().map(|record| record.ttl).min().unwrap_or_default();
            let records = lookup.answers().iter().filter(|record| record.record_type() == of);
            let records: Vec<_> = records.cloned().collect();
            if records.is_empty() {
                return Err(failed(Code::NotFound, &"there is no such record"));
            }
            Ok((records, Duration::from_secs(ttl.into())))
        }
        Err(NetError::Dns(DnsError::NoRecordsFound(none))) => {
            let why = format_args!("there is no such record ({})", none.response_code).to_string();
            Err(failed(Code::NotFound, &why))
        }
        Err(error) => Err(failed(Code::Unavailable, &error)),
    }
}
