//! `grpc.health.v1.Health`: whether the services of this server can be called.

use std::collections::BTreeSet;

use dubhe_core::{Code, ServiceKey, Status};
use dubhe_protobuf::{Request, Response};
use futures_util::{FutureExt as _, Stream, StreamExt as _, stream};
use tokio::sync::watch;

use super::generated::health::health_check_response::ServingStatus;
use super::generated::health::{
    self, HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse,
};
use super::stopped;

/// The health of a server: all its services serve until it stops.
pub(super) struct Health {
    /// What can be asked for: `""` for the server, and each service both by its interface and by
    /// its key with group and version, as dubbo-go asks (`TripleInvoker.startHealthWatch`).
    names: BTreeSet<String>,
    serving: watch::Receiver<bool>,
}

impl Health {
    /// The health of the services of these keys, which serve while `serving` is true.
    pub(super) fn of<'a>(
        keys: impl Iterator<Item = &'a ServiceKey>,
        serving: watch::Receiver<bool>,
    ) -> Self {
        let names = keys.flat_map(|key| [key.interface().to_string(), key.to_string()]);
        Self { names: names.chain([String::new()]).collect(), serving }
    }

    fn now(&self) -> HealthCheckResponse {
        let serving = *self.serving.borrow();
        of(if serving { ServingStatus::Serving } else { ServingStatus::NotServing })
    }
}

fn of(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}

impl health::Health for Health {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let HealthCheckRequest { service } = request.into_inner();
        if self.names.contains(&service) {
            return Ok(self.now().into());
        }
        let text = format!("service {service:?} is not exported; List tells which are");
        Err(Status::new(Code::NotFound, text))
    }

    async fn list(
        &self,
        _: Request<HealthListRequest>,
    ) -> Result<Response<HealthListResponse>, Status> {
        let statuses = self.names.iter().map(|name| (name.clone(), self.now())).collect();
        Ok(HealthListResponse { statuses }.into())
    }

    /// The stream ends with the server, lest it keep a connection from draining.
    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<impl Stream<Item = Result<HealthCheckResponse, Status>>>, Status> {
        let known = self.names.contains(&request.into_inner().service);
        let now = if known { self.now() } else { of(ServingStatus::ServiceUnknown) };
        let last = of(ServingStatus::NotServing);
        let changed = (known && now != last).then_some(last);
        let end = Status::new(Code::Unavailable, "the server is stopping");
        let rest = stopped(self.serving.clone())
            .map(move |()| stream::iter(changed.map(Ok).into_iter().chain([Err(end)])));
        Ok(stream::iter([Ok(now)]).chain(rest.flatten_stream()).into())
    }
}
