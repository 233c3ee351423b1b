//! A provider of each group.

use std::collections::HashMap;

use bytestring::ByteString;
use dubhe_core::fault::{Attempts, FaultStrategy};
use dubhe_core::invoke::Outcome;
use dubhe_core::reply::ReplyBody;
use dubhe_core::{
    Call, Code, Endpoint, Invoking, Payload, Provider, Reply, ServiceKey, Status, Value,
};
use futures_util::future::join_all;

use super::{Merger, sent_once};

/// Asks a provider of each group at once, and joins the results (Dubbo's `mergeable`), for a client of several groups.
///
/// Methods have a [`Merger`]; of one without, the first group is asked that has a provider which can be. A group that
/// fails is left out, with a line in the log; if all do, the call fails with the last failure, where Dubbo Java gives
/// null. Results are joined that the client can decode: those of Java interfaces.
///
/// ```
/// # mod dubhe { pub mod fault { pub use dubhe_cluster::fault::{Mergeable, Merger}; } pub use dubhe_core::fault::Fault; }
/// use dubhe::Fault;
/// use dubhe::fault::{Mergeable, Merger};
///
/// // `<dubbo:method name="menu" merger="list"/>` of a reference of `group="*"`.
/// let fault = Fault::strategy(Mergeable::default().method("menu", Merger::List));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Mergeable {
    methods: HashMap<ByteString, Merger>,
}

impl Mergeable {
    /// The same with a merger for the results of a method, by its name on the wire.
    pub fn method(mut self, name: impl Into<ByteString>, merger: Merger) -> Self {
        self.methods.insert(name.into(), merger);
        self
    }
}

/// The providers of one group, in the order of the groups.
type Group = (Option<ServiceKey>, Vec<Endpoint>);

fn groups(all: Vec<Endpoint>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for endpoint in all {
        let key = endpoint.service_key().map(|key| ServiceKey::clone(key));
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, members)) => members.push(endpoint),
            None => groups.push((key, vec![endpoint])),
        }
    }
    groups
}

/// The provider of a group that the balancer picks.
fn of_group(group: &Group, groups: &[Group], call: &Call, attempts: &Attempts) -> Option<Endpoint> {
    let others = groups.iter().filter(|(key, _)| *key != group.0);
    let others: Vec<Provider> =
        others.flat_map(|(_, members)| members).map(|one| one.provider().clone()).collect();
    attempts.choose(call, &others).filter(|chosen| !others.contains(chosen.provider()))
}

impl FaultStrategy for Mergeable {
    fn run(&self, call: Call, attempts: Attempts) -> Invoking {
        let merger = self.methods.get(call.method_name()).copied();
        Invoking::boxed(async move {
            let Some(merger) = merger else { return first_group(call, &attempts).await };
            let groups = groups(attempts.candidates(&call));
            let each = groups.iter().filter_map(|group| {
                let (chosen, copy) =
                    (of_group(group, &groups, &call, &attempts)?, call.try_clone()?);
                Some(async {
                    let outcome = attempts.on(&chosen, copy).await;
                    (chosen, outcome)
                })
            });
            let outcomes = join_all(each).await;
            if outcomes.is_empty() {
                return match call.try_clone() {
                    Some(call) => attempts.next(call).await,
                    None => Err(sent_once("mergeable")),
                };
            }
            join(outcomes, merger, &attempts)
        })
    }
}

/// Asks the first group that has a provider which can be asked.
async fn first_group(call: Call, attempts: &Attempts) -> Outcome {
    let groups = groups(attempts.available(&call));
    let chosen = groups.first().and_then(|first| of_group(first, &groups, &call, attempts));
    match chosen {
        Some(chosen) => attempts.on(&chosen, call).await,
        None => attempts.next(call).await,
    }
}

fn join(outcomes: Vec<(Endpoint, Outcome)>, merger: Merger, attempts: &Attempts) -> Outcome {
    let (mut replies, mut failure) = (Vec::new(), None);
    for (provider, outcome) in outcomes {
        match outcome {
            Ok(reply) => replies.push(reply),
            Err(error) => {
                tracing::warn!(%provider, %error, "a group fails; its result is left out");
                failure = Some(error);
            }
        }
    }
    match (replies.len(), failure) {
        (0, Some(failure)) => return Err(failure),
        (1, _) => return replies.pop().ok_or_else(|| Status::internal("no reply")),
        _ => {}
    }
    let metadata = replies.first().map(|reply| reply.metadata.clone()).unwrap_or_default();
    let values =
        replies.iter().map(|reply| value(reply, attempts)).collect::<Result<Vec<_>, _>>()?;
    Ok(Reply::with_metadata(Payload::dynamic(merger.merge(values)?), metadata))
}

/// The result in a reply.
fn value(reply: &Reply, attempts: &Attempts) -> Result<Value, Status> {
    let values = match &reply.body {
        ReplyBody::One(payload, _) => attempts.values(payload),
        ReplyBody::Stream(_) => None,
    };
    values.and_then(|values| values.into_iter().next()).ok_or_else(|| {
        let text =
            "cannot merge the results of a call: one is in a format that is not decoded here";
        Status::new(Code::Unimplemented, text)
    })
}
