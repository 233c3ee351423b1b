//! Calls through a treatment of failures.

use std::sync::{Arc, Mutex, PoisonError};

use dubhe_cluster::balance::{Published, Sticky};
use dubhe_cluster::destination::BalancedDestination;
use dubhe_cluster::fault::{Broadcast, named};
use dubhe_cluster::plan::{ClientOptions, StaticPlan};
use dubhe_cluster::{Channels, Cluster, RetryBudget};
use dubhe_core::connect::{Channel, ChannelKey, ChannelState, Connect};
use dubhe_core::fault::Fault;
use dubhe_core::invoke::Outcome;
use dubhe_core::payload::Content;
use dubhe_core::random::SplitMix;
use dubhe_core::reply::ReplyBody;
use dubhe_core::status::{Exception, Origin, Retry, table};
use dubhe_core::{Call, Code, Endpoint, Invoke, Invoking, Payload, Reply, Status, Value};
use serde::Deserialize;

use super::providers::{ProviderUrl, address, call, clock, directory, field, outcome};
use super::same;
use crate::case::Case;

/// The result of a call in Java.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Recorded {
    value: Option<String>,
    exception: Option<String>,
    thrown: Option<String>,
    code: Option<i32>,
    tried: Vec<String>,
}

/// The error that a provider throws, as a protocol of ours reports it.
fn error(answer: &str) -> Option<Status> {
    let status = |number: i32, retry| {
        let code = table::code_of_rpc_exception(number);
        Status::new(code, format!("RpcException {number}")).with_retry(retry)
    };
    Some(match answer {
        "result" => Status::exception(Exception::of_class(ILLEGAL_ARGUMENT, "answered")),
        "biz" => rpc_exception(3),
        "runtime" => status(0, Retry::Unknown),
        _ => {
            let number = answer.strip_prefix("code:")?.parse().ok()?;
            match number {
                3 => rpc_exception(3),
                // Forbidden, cannot be serialized, no such method, not valid, not authorized: it would fail again.
                4 | 5 | 11 | 12 | 13 => {
                    status(number, Retry::Never).with_origin(Origin::RemoteFramework)
                }
                // Above a limit: refused before it began.
                7 => status(number, Retry::Unstarted).with_origin(Origin::RemoteFramework),
                number => status(number, Retry::Unknown),
            }
        }
    })
}

const ILLEGAL_ARGUMENT: &str = "java.lang.IllegalArgumentException";

fn rpc_exception(code: i32) -> Status {
    let value = Value::object(table::RPC_EXCEPTION).field("code", code);
    let content = Content::Dynamic(value.into());
    Status::exception(Exception::new(table::RPC_EXCEPTION, None, content))
}

/// Providers that answer as a case says, by their places, and note who was asked.
#[derive(Clone, Default)]
struct Answers(Arc<[(String, String)]>, Arc<Mutex<Vec<String>>>);

impl Connect for Answers {
    fn protocol(&self) -> &'static str {
        "dubbo"
    }

    fn key(&self, endpoint: &Endpoint) -> ChannelKey {
        ChannelKey::new(endpoint)
    }

    fn connect(&self, endpoint: &Endpoint) -> Result<Arc<dyn Channel>, Status> {
        let address = address(endpoint);
        let known = self.0.iter().find(|(known, _)| *known == address);
        let answer = known.map(|(_, answer)| answer.clone()).unwrap_or_default();
        Ok(Arc::new(Provider { address, answer, asked: self.1.clone() }))
    }
}

struct Provider {
    address: String,
    answer: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Invoke for Provider {
    fn invoke(&self, _: Call) -> Invoking {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(self.address.clone());
        Invoking::ready(match error(&self.answer) {
            Some(status) => Err(status),
            None => Ok(Reply::new(Payload::dynamic(Value::from(self.address.as_str())))),
        })
    }
}

impl Channel for Provider {
    fn state(&self) -> ChannelState {
        if self.answer == "down" { ChannelState::Connecting } else { ChannelState::Ready }
    }
}

pub(super) async fn calls(case: &Case) -> Result<(), String> {
    let providers: Vec<ProviderUrl> = field(case, "providers")?;
    let answers: Vec<String> = field(case, "answers")?;
    let consumer: ProviderUrl = field(case, "consumer")?;
    let name: String = field(case, "cluster")?;
    let number: usize = field(case, "calls")?;
    let results: Vec<Recorded> = outcome(case, "results")?;

    let param = |name: &str| consumer.param(name).and_then(|value| value.parse::<i64>().ok());
    let fault = match param("broadcast.fail.percent") {
        Some(percent) => {
            let percent = u32::try_from(percent).unwrap_or(100);
            Fault::strategy(Broadcast::default().fail_percent(percent))
        }
        None => named(&name).map_err(|error| error.to_string())?,
    };
    let retries = param("hello.retries").or_else(|| param("retries"));
    let retries = retries.map(|retries| u32::try_from(retries).unwrap_or(0));
    let options = ClientOptions { fault: Some(fault), retries, ..ClientOptions::default() };

    let all = providers.iter().map(ProviderUrl::address).zip(answers).collect();
    let answers = Answers(all, Arc::default());
    let endpoints = providers.iter().map(ProviderUrl::endpoint).collect();
    let directory = directory(endpoints, Arc::new(answers.clone()));
    for endpoint in directory.snapshot().iter() {
        let channel = answers.connect(endpoint).map_err(|error| error.to_string())?;
        endpoint.state().set_channel_state(channel.state());
    }
    let random = Arc::new(SplitMix::new(1));
    let balance = Published::new(random.clone(), clock());
    let balance = Arc::new(Sticky::new(Arc::new(balance)));
    let plan = StaticPlan::new(&options, [], &clock(), |_| {
        BalancedDestination::new(directory.clone(), Vec::new(), balance.clone(), clock())
    });
    let channels = Arc::new(Channels::new(vec![Arc::new(answers.clone())]));
    let tasks = Arc::default();
    let cluster = Cluster::new(Arc::new(plan), channels, &tasks, clock());
    let cluster = cluster.with_retries(RetryBudget::UNLIMITED, random);
    same(number, results.len())?;
    for (n, java) in results.iter().enumerate() {
        let outcome = cluster.call(call("hello")).await;
        let asked = std::mem::take(&mut *answers.1.lock().unwrap_or_else(PoisonError::into_inner));
        compare(&outcome, &asked, java).map_err(|error| format!("call {}: {error}", n + 1))?;
    }
    Ok(())
}

fn compare(outcome: &Outcome, asked: &[String], java: &Recorded) -> Result<(), String> {
    same(asked, &java.tried)?;
    let status = match outcome {
        Ok(reply) if java.exception.is_none() && java.thrown.is_none() => {
            return same(value(reply), java.value.as_deref());
        }
        Ok(reply) => return Err(format!("{:?} and in Java {java:?}", value(reply))),
        Err(status) => status,
    };
    if let Some(class) = &java.exception {
        return same(status.java().map(|own| own.class().to_string()), Some(class.clone()));
    }
    if java.thrown.is_none() {
        return Err(format!("{status} and in Java {java:?}"));
    }
    match java.code {
        // The number of what has no code.
        None | Some(0) => Ok(()),
        Some(3) => same(status.is_business(), true),
        Some(code) => same(status.code(), code_of(code)),
    }
}

fn code_of(number: i32) -> Code {
    table::code_of_rpc_exception(number)
}

/// The address in a reply.
fn value(reply: &Reply) -> Option<&str> {
    match &reply.body {
        ReplyBody::One(Payload::Message(Content::Dynamic(Value::String(address))), _) => {
            Some(address)
        }
        _ => None,
    }
}
