//! Who a request is for.

use dubhe_core::serve::{Dispatch, Overload, Target, Wanted};
use dubhe_core::{Code, Status};
use http::uri::Uri;
use http::{HeaderMap, HeaderName};

use crate::header::{REST_GROUP, REST_VERSION, SERVICE_GROUP, SERVICE_VERSION};

/// The version that Dubbo Java tries when the one that was asked for is not there.
const DEFAULT_VERSION: &str = "1.0.0";

/// What a request names: its path, and the group and version that headers give.
#[derive(Clone)]
pub(super) struct Route<'a> {
    service: &'a str,
    /// What the path has behind its last `/`.
    method: &'a str,
    group: &'a str,
    version: &'a str,
}

impl<'a> Route<'a> {
    /// A context path may precede the service.
    ///
    /// # Errors
    /// When the path is not `/service/method`.
    pub(super) fn of(uri: &'a Uri, headers: &'a HeaderMap) -> Result<Self, Status> {
        let no_route = || {
            let text = format!("{} is not /service/method", uri.path());
            Status::new(Code::Unimplemented, text)
        };
        let parts = uri.path().strip_prefix('/').and_then(|path| path.rsplit_once('/'));
        let (service, method) = parts
            .filter(|(service, method)| !service.is_empty() && !method.is_empty())
            .ok_or_else(no_route)?;
        let header = |names: [HeaderName; 2]| {
            names.iter().find_map(|name| headers.get(name)?.to_str().ok()).unwrap_or_default()
        };
        Ok(Self {
            service,
            method,
            group: header([SERVICE_GROUP, REST_GROUP]),
            version: header([SERVICE_VERSION, REST_VERSION]),
        })
    }

    /// The method as the path has it; Dubbo Java lets initials of its types follow behind a `~`.
    pub(super) fn named(&self) -> &'a str {
        self.method
    }

    /// The target: of the group and version as asked for, then of version 1.0.0, then of neither
    /// (Dubbo Java `TriplePathResolver`); its method as named, then with a small first letter, as
    /// protobuf clients call `SayHello` and Java methods are `sayHello` (Dubbo Java
    /// `DescriptorUtils`).
    ///
    /// # Errors
    /// What was wrong with the target as asked for, or that a service lacks the method.
    pub(super) fn find(
        &self,
        dispatch: &dyn Dispatch,
        overload: Overload<'_>,
    ) -> Result<Target, Status> {
        let wanted = Wanted {
            interface: self.service,
            group: self.group,
            version: self.version,
            method: self.method.split('~').next().unwrap_or_default(),
            overload,
        };
        dispatch.find(wanted).or_else(|status| self.fall_back(dispatch, wanted, status))
    }

    #[cold]
    fn fall_back(
        &self,
        dispatch: &dyn Dispatch,
        wanted: Wanted<'_>,
        mut status: Status,
    ) -> Result<Target, Status> {
        let services = [Some(self.service), self.service.rsplit_once('/').map(|(_, last)| last)];
        let keys = [(self.group, self.version), (self.group, DEFAULT_VERSION), ("", "")];
        let small = small_first(wanted.method);
        let methods = [Some(wanted.method), small.as_deref()];
        for interface in services.into_iter().flatten() {
            for (group, version) in keys {
                for method in methods.into_iter().flatten() {
                    let wanted = Wanted { interface, group, version, method, ..wanted };
                    match dispatch.find(wanted) {
                        Ok(target) => return Ok(target),
                        // That a service lacks the method says more than that one is missing.
                        Err(closer) if closer.code() != Code::Unimplemented => status = closer,
                        Err(_) => {}
                    }
                }
            }
        }
        Err(status)
    }
}

/// The bytes in a message of this service: its parameter `payload`, 0 or less for any number;
/// `otherwise` where it has none.
pub(super) fn payload_limit(target: &Target, otherwise: usize) -> usize {
    let own = target.params.get("payload").and_then(|text| text.trim().parse::<i64>().ok());
    let bytes = |own| usize::try_from(own).ok().filter(|own| *own > 0).unwrap_or(usize::MAX);
    own.map_or(otherwise, bytes)
}

fn small_first(name: &str) -> Option<String> {
    let first = name.chars().next().filter(char::is_ascii_uppercase)?;
    Some(name.replacen(first, &first.to_ascii_lowercase().to_string(), 1))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use dubhe_core::{Call, Code, Invoke, Invoking, Method, ServiceKey};

    use super::*;

    struct Never;

    impl Invoke for Never {
        fn invoke(&self, _: Call) -> Invoking {
            Invoking::ready(Err(Status::new(Code::Internal, "not to be called")))
        }
    }

    /// Exports one service with one method.
    struct One(ServiceKey);

    impl Dispatch for One {
        fn find(&self, wanted: Wanted<'_>) -> Result<Target, Status> {
            let key = ServiceKey::new(wanted.interface, wanted.group, wanted.version);
            if key != self.0 || wanted.method != "sayHello" {
                return Err(Status::new(Code::Unimplemented, format!("no {key}")));
            }
            Ok(Target {
                service: Arc::new(key),
                method: Arc::new(Method::java("sayHello", "")),
                params: Arc::default(),
                gates: Default::default(),
                invoke: Arc::new(Never),
            })
        }
    }

    fn find(exported: &str, path: &str, group: &str, version: &str) -> Result<String, Status> {
        let (uri, mut headers) = (path.parse().unwrap(), HeaderMap::new());
        headers.insert("tri-service-group", group.parse().unwrap());
        headers.insert("tri-service-version", version.parse().unwrap());
        let route = Route::of(&uri, &headers).unwrap();
        let found = route.find(&One(ServiceKey::parse(exported)), Overload::Any)?;
        Ok(format!("{}.{}", found.service, found.method.name))
    }

    #[test]
    fn falls_back_as_java_does() {
        for (exported, path, group, version) in [
            ("g/a.B:2", "/a.B/sayHello", "g", "2"),
            ("g/a.B:1.0.0", "/a.B/sayHello", "g", "9"),
            ("a.B", "/a.B/sayHello", "other", "9"),
            ("a.B", "/a.B/SayHello", "", ""),
            ("a.B", "/context/path/a.B/sayHello", "", ""),
        ] {
            assert_eq!(
                find(exported, path, group, version).unwrap(),
                format!("{exported}.sayHello")
            );
        }
        let error = find("g/a.B:2", "/a.B/sayHello", "h", "2").unwrap_err();
        assert_eq!(error.message(), "no h/a.B:2");
        assert_eq!(find("a.B", "/a.B/other", "", "").unwrap_err().code(), Code::Unimplemented);
    }

    #[test]
    fn other_paths_are_no_route() {
        for path in ["/", "/service", "/service/", "//method"] {
            assert!(Route::of(&path.parse().unwrap(), &HeaderMap::new()).is_err(), "{path}");
        }
    }
}
