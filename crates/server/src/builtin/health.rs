//! `grpc.health.v1.Health`, the health of the services of a server.

use dubhe_core::{Code, Request, Response, Status};
use futures_util::{Stream, stream};
use tokio::sync::watch;

use super::catalog::Catalog;
use super::generated::health::health_check_response::ServingStatus;
use super::generated::health::{
    self, HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse,
};

/// The health service. A service is serving until its removal begins or the server
/// stops.
pub(super) struct Health {
    state: watch::Receiver<Catalog>,
}

impl Health {
    /// The health service of a server with this state.
    pub(super) fn of(state: watch::Receiver<Catalog>) -> Self {
        Self { state }
    }
}

/// Returns the status of `service`, `ServiceUnknown` if there is none of that name.
fn status(state: &Catalog, service: &str) -> ServingStatus {
    let serving = state.serving && !state.leaving.contains(service);
    match (state.names.contains(service), serving) {
        (false, _) => ServingStatus::ServiceUnknown,
        (true, true) => ServingStatus::Serving,
        (true, false) => ServingStatus::NotServing,
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
        match status(&self.state.borrow(), &service) {
            ServingStatus::ServiceUnknown => {
                let text =
                    format!("service {service:?} is not exported; List returns those that are");
                Err(Status::new(Code::NotFound, text))
            }
            known => Ok(of(known).into()),
        }
    }

    async fn list(
        &self,
        _: Request<HealthListRequest>,
    ) -> Result<Response<HealthListResponse>, Status> {
        let state = self.state.borrow().clone();
        let one = |name: &String| (name.clone(), of(status(&state, name)));
        Ok(HealthListResponse { statuses: state.names.iter().map(one).collect() }.into())
    }

    /// Sends the status on every change. The stream ends with the server, so that it keeps no
    /// connection from draining.
    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<impl Stream<Item = Result<HealthCheckResponse, Status>>>, Status> {
        let HealthCheckRequest { service } = request.into_inner();
        let watch = HealthWatch { state: self.state.clone(), service, last: None };
        let changes = stream::unfold(Some(watch), |watch| async move {
            let mut watch = watch?;
            match watch.next().await {
                Some(changed) => Some((Ok(of(changed)), Some(watch))),
                None => {
                    let end = Status::new(Code::Unavailable, "the server is stopping");
                    Some((Err(end), None))
                }
            }
        });
        Ok(changes.into())
    }
}

/// A watch on the health of a service.
struct HealthWatch {
    state: watch::Receiver<Catalog>,
    service: String,
    last: Option<ServingStatus>,
}

impl HealthWatch {
    /// Waits for a status that differs from the last one; the first call returns the current status.
    /// Returns `None` when the server has stopped.
    async fn next(&mut self) -> Option<ServingStatus> {
        loop {
            let dropped = self.state.has_changed().is_err();
            let (now, serving) = {
                let mut state = self.state.borrow_and_update().clone();
                state.serving &= !dropped;
                (status(&state, &self.service), state.serving)
            };
            if self.last.replace(now) != Some(now) {
                return Some(now);
            }
            if !serving {
                return None;
            }
            // A dropped server is handled above.
            let _ = self.state.changed().await;
        }
    }
}
