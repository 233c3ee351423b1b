//! The constraints that the ports of a server place on its services.

use std::collections::HashSet;

use dubhe_core::endpoint::ServiceParams;
use dubhe_core::{Code, ServiceKey, Status};
#[cfg(feature = "dubbo")]
use dubhe_dubbo::{DubboOptions, PayloadLimit};

use super::ServerOptions;
use crate::services::Services;

/// The constraints that every service must meet.
#[derive(Debug)]
pub(super) struct Constraints {
    #[cfg(feature = "dubbo")]
    dubbo: DubboOptions,
    /// The prefixes of the mounted services, without slashes around them.
    mounts: HashSet<String>,
}

impl Constraints {
    /// The constraints of ports with these options and mounts.
    ///
    /// # Errors
    /// When two things are mounted at one prefix.
    #[cfg_attr(
        not(feature = "dubbo"),
        expect(unused_variables, reason = "only the dubbo protocol constrains by options")
    )]
    pub(super) fn new<'a>(
        options: &ServerOptions,
        mounts: impl Iterator<Item = &'a str>,
    ) -> Result<Self, Status> {
        let mut seen = HashSet::new();
        for prefix in mounts.map(|prefix| prefix.trim_matches('/')) {
            if !seen.insert(prefix.to_owned()) {
                return Err(cannot_mount(prefix, "another service is mounted there"));
            }
        }
        Ok(Self {
            #[cfg(feature = "dubbo")]
            dubbo: options.dubbo.clone(),
            mounts: seen,
        })
    }

    /// Checks the services of a server that starts.
    ///
    /// # Errors
    /// When a parameter is wrong, or something is mounted at the path of a service.
    pub(super) fn check_all(&mut self, services: &Services) -> Result<(), Status> {
        for (key, _) in services.iter() {
            self.check_path(key)?;
        }
        #[cfg(feature = "dubbo")]
        self.admit(services)?;
        Ok(())
    }

    /// Checks a service that is added to a running server.
    ///
    /// # Errors
    /// As [`Constraints::check_all`], and when its `payload` is larger than that of the port.
    #[cfg_attr(
        not(feature = "dubbo"),
        expect(unused_variables, reason = "only the dubbo protocol constrains parameters")
    )]
    pub(super) fn check(&self, key: &ServiceKey, params: &ServiceParams) -> Result<(), Status> {
        self.check_path(key)?;
        #[cfg(feature = "dubbo")]
        self.check_payload(key, params)?;
        Ok(())
    }

    /// Checks that nothing is mounted at the path of a service, where the target of a request would
    /// depend on the order of the builder's calls.
    fn check_path(&self, key: &ServiceKey) -> Result<(), Status> {
        if self.mounts.contains(&**key.interface()) {
            return Err(cannot_mount(key.interface(), "a service of that name is exported"));
        }
        Ok(())
    }
}

#[cfg(feature = "dubbo")]
impl Constraints {
    /// Raises the limit of connections to that of `services`. A frame is split off before its service
    /// is known, so the connection has the largest limit of all services; the limit of each service
    /// is checked once that is found.
    fn admit(&mut self, services: &Services) -> Result<(), Status> {
        let mut largest = self.dubbo.payload;
        for (key, params) in services.iter() {
            largest = largest.max(self.payload(key, params)?);
        }
        self.dubbo.payload = largest;
        Ok(())
    }

    /// The options of the connections.
    pub(super) fn dubbo(&self) -> DubboOptions {
        self.dubbo.clone()
    }

    fn check_payload(&self, key: &ServiceKey, params: &ServiceParams) -> Result<(), Status> {
        let (own, most) = (self.payload(key, params)?, self.dubbo.payload);
        if own > most {
            let text = format!(
                "service {key}: payload={} exceeds the limit of {} bytes of the running server; \
                 raise its option dubbo.payload before it starts",
                own.get(),
                most.get()
            );
            return Err(Status::new(Code::InvalidArgument, text));
        }
        Ok(())
    }

    fn payload(&self, key: &ServiceKey, params: &ServiceParams) -> Result<PayloadLimit, Status> {
        let wrong = |what| Status::new(Code::InvalidArgument, format!("service {key}: {what}"));
        Ok(self.dubbo.clone().with_params(params).map_err(wrong)?.payload)
    }
}

fn cannot_mount(prefix: &str, why: &str) -> Status {
    Status::new(Code::AlreadyExists, format!("cannot mount at /{prefix}: {why}"))
}
