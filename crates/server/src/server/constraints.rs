//! The constraints that the ports of a server put on its services.

use std::collections::HashSet;

use dubhe_core::endpoint::ServiceParams;
use dubhe_core::{Code, ServiceKey, Status};
use dubhe_dubbo::{DubboOptions, PayloadLimit};

use crate::services::Services;

/// The constraints that every service must keep, from the start on.
#[derive(Debug)]
pub(super) struct Constraints {
    dubbo: DubboOptions,
    /// The prefixes that something is mounted at, without slashes around them.
    mounts: HashSet<String>,
}

impl Constraints {
    /// The constraints of ports with these options and mounts.
    ///
    /// # Errors
    /// When two things are mounted at one prefix.
    pub(super) fn new<'a>(
        dubbo: DubboOptions,
        mounts: impl Iterator<Item = &'a str>,
    ) -> Result<Self, Status> {
        let mut seen = HashSet::new();
        for prefix in mounts.map(|prefix| prefix.trim_matches('/')) {
            if !seen.insert(prefix.to_owned()) {
                return Err(cannot_mount(prefix, "something is mounted there already"));
            }
        }
        Ok(Self { dubbo, mounts: seen })
    }

    /// Admits the services that are there at the start, and gives the options of connections. A
    /// frame is cut before its service is known, so the largest limit of all services holds for
    /// the connection; each service's own is checked once it is found.
    ///
    /// # Errors
    /// When a parameter is wrong, or something is mounted at the path of a service.
    pub(super) fn settle(&mut self, services: &Services) -> Result<DubboOptions, Status> {
        let mut largest = self.dubbo.payload;
        for (key, params) in services.iter() {
            self.has_its_path(key)?;
            largest = largest.max(self.payload(key, params)?);
        }
        self.dubbo.payload = largest;
        Ok(self.dubbo.clone())
    }

    /// Admits a service that is added while connections are there.
    ///
    /// # Errors
    /// As [`Constraints::settle`], and when its messages may be larger than those of the port.
    pub(super) fn admit(&self, key: &ServiceKey, params: &ServiceParams) -> Result<(), Status> {
        self.has_its_path(key)?;
        let (own, most) = (self.payload(key, params)?, self.dubbo.payload);
        if own > most {
            let text = format!(
                "service {key}: payload={} is above the {} bytes of a server that runs already; \
                 give the server's option dubbo.payload as much before it starts",
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

    /// The target of a path must not depend on the order of the builder's calls.
    fn has_its_path(&self, key: &ServiceKey) -> Result<(), Status> {
        if self.mounts.contains(&**key.interface()) {
            return Err(cannot_mount(key.interface(), "the service of that name is exported"));
        }
        Ok(())
    }
}

fn cannot_mount(prefix: &str, why: &str) -> Status {
    Status::new(Code::AlreadyExists, format!("cannot mount at /{prefix}: {why}"))
}
