//! The state that a store and its task share, and the requests of both.

use std::collections::BTreeMap;
use std::time::Duration;

use dubhe_core::registry::Health;
use dubhe_core::{Code, Status};
use http::StatusCode;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::{Notify, watch};

use crate::namespace::Namespace;
use crate::options::Options;
use crate::request::Answer;
use crate::wire::{Release, encode};

/// The state that the store and its task share.
pub(crate) struct Shared {
    pub(crate) options: Options,
    /// The namespaces that are followed, for as long as a receiver is left.
    pub(crate) namespaces: Mutex<BTreeMap<String, watch::Sender<Namespace>>>,
    /// A namespace is new.
    pub(crate) added: Notify,
}

impl Shared {
    /// Reads a namespace from the servers, one after the other.
    pub(crate) async fn read(&self, name: &str) -> Result<Namespace, Status> {
        let mut last = Status::new(Code::Unavailable, "Apollo has no servers");
        for server in 0..self.options.servers.len() {
            match self.release(server, name, None, &Value::Null).await {
                Ok(namespace) => return Ok(namespace.unwrap_or_default()),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Reads a namespace; `None` when its release is still `known`.
    pub(crate) async fn release(
        &self,
        server: usize,
        name: &str,
        known: Option<&str>,
        messages: &Value,
    ) -> Result<Option<Namespace>, Status> {
        let options = &self.options;
        let mut path = format!(
            "/configs/{}/{}/{}",
            encode(&options.app),
            encode(&options.cluster),
            encode(name)
        );
        path.push_str("?releaseKey=");
        path.push_str(&encode(known.unwrap_or_default()));
        if !messages.is_null() {
            path.push_str("&messages=");
            path.push_str(&encode(&messages.to_string()));
        }
        let answer = self.ask(server, &path, options.timeout).await?;
        match answer.status {
            StatusCode::NOT_MODIFIED => Ok(None),
            // There is no such namespace, or nothing of it is released.
            StatusCode::NOT_FOUND => {
                Ok(Some(Namespace { health: Some(Health::Fresh), ..Namespace::default() }))
            }
            _ => json(&answer).map(|release: Release| Some(Namespace::of(release))),
        }
    }

    /// Asks one of the servers; 200, 304 and 404 are answers.
    pub(crate) async fn ask(
        &self,
        server: usize,
        path: &str,
        timeout: Duration,
    ) -> Result<Answer, Status> {
        let servers = &self.options.servers;
        let number = server.checked_rem(servers.len()).unwrap_or_default();
        let Some(server) = servers.get(number) else {
            return Err(Status::new(Code::Unavailable, "Apollo has no servers"));
        };
        let answer = self.options.get(server, path, timeout).await?;
        match answer.status {
            StatusCode::OK | StatusCode::NOT_MODIFIED | StatusCode::NOT_FOUND => Ok(answer),
            StatusCode::UNAUTHORIZED => {
                let what = "check the access key of the app, and the clock";
                Err(Status::new(
                    Code::Unauthenticated,
                    format!("Apollo at {server} refuses the signature; {what}"),
                ))
            }
            status if status.is_client_error() => {
                let what = format!("Apollo at {server} answers {status}; check the name");
                Err(Status::new(Code::InvalidArgument, what))
            }
            status => {
                Err(Status::new(Code::Unavailable, format!("Apollo at {server} answers {status}")))
            }
        }
    }
}

/// The JSON of a response with status 200.
pub(crate) fn json<T: serde::de::DeserializeOwned>(answer: &Answer) -> Result<T, Status> {
    if answer.status != StatusCode::OK {
        return Err(Status::new(Code::Unavailable, format!("Apollo answers {}", answer.status)));
    }
    serde_json::from_slice(&answer.body).map_err(|error| {
        Status::new(Code::Internal, "Apollo's answer is not what it documents").context(error)
    })
}
