//! The target of a request.

use std::borrow::Cow;

use dubhe_core::serve::{self, Dispatch, Overload, Target, Wanted};
use dubhe_core::{Code, ServiceKey, Status};
use http::{HeaderName, request};

use crate::options::{MessageLimits, TripleOptions};
use crate::wire::headers::{REST_GROUP, REST_VERSION, SERVICE_GROUP, SERVICE_VERSION};

/// The version that Dubbo Java tries when the one that was asked for is not there.
const DEFAULT_VERSION: &str = "1.0.0";

/// The character before the initials of a method's types, which Dubbo Java lets follow its name.
const INITIALS: char = '~';

/// The service and method that a request names: its path, and the group and version that headers
/// give.
pub(super) struct RequestTarget<'a> {
    service: &'a str,
    /// The path behind its last `/`.
    method: &'a str,
    group: &'a str,
    version: &'a str,
}

/// The target that a dispatch found for a request.
pub(super) struct ResolvedTarget<'a> {
    /// The only method of its name, or any of them.
    pub(super) target: Target,
    /// The names under which it was found, unless they are those of the request.
    other: Option<Box<(RequestTarget<'a>, Cow<'a, str>)>>,
}

/// The account that arguments give of which of several methods of one name is meant.
#[derive(Debug)]
pub(super) enum Overloaded {
    Types(String),
    Count(usize),
    Initials(String),
}

impl<'a> RequestTarget<'a> {
    /// A context path may precede the service.
    ///
    /// # Errors
    /// When the path is not `/service/method`.
    pub(super) fn of(head: &'a request::Parts) -> Result<Self, Status> {
        let path = head.uri.path();
        let malformed =
            || Status::new(Code::Unimplemented, format!("{path} is not /service/method"));
        let parts = path.strip_prefix('/').and_then(|path| path.rsplit_once('/'));
        let (service, method) = parts
            .filter(|(service, method)| !service.is_empty() && !method.is_empty())
            .ok_or_else(malformed)?;
        let header = |names: [HeaderName; 2]| {
            let mut values = names.iter().filter_map(|name| head.headers.get(name)?.to_str().ok());
            values.next().unwrap_or_default()
        };
        let group = header([SERVICE_GROUP, REST_GROUP]);
        let version = header([SERVICE_VERSION, REST_VERSION]);
        Ok(Self { service, method, group, version })
    }

    /// The target: of the group and version as asked for, then of version 1.0.0, then of neither
    /// (Dubbo Java `TriplePathResolver`); its method as named, then with a small first letter, as
    /// protobuf clients call `SayHello` and Java methods are `sayHello` (Dubbo Java
    /// `DescriptorUtils`).
    ///
    /// # Errors
    /// The error of the target as asked for, or that a service lacks the method.
    pub(super) fn find(self, dispatch: &dyn Dispatch) -> Result<ResolvedTarget<'a>, Status> {
        match serve::find(dispatch, self.wanted(self.name(), Overload::Any)) {
            Ok(target) => Ok(ResolvedTarget { target, other: None }),
            Err(status) => self.fall_back(dispatch, status),
        }
    }

    #[cold]
    fn fall_back(
        self,
        dispatch: &dyn Dispatch,
        mut status: Status,
    ) -> Result<ResolvedTarget<'a>, Status> {
        let services = [Some(self.service), self.service.rsplit_once('/').map(|(_, last)| last)];
        let keys = [(self.group, self.version), (self.group, DEFAULT_VERSION), ("", "")];
        let methods = [Some(Cow::Borrowed(self.name())), small_first(self.name()).map(Cow::Owned)];
        for service in services.into_iter().flatten() {
            for (group, version) in keys {
                let named = RequestTarget { service, group, version, ..self };
                for method in methods.iter().flatten() {
                    match serve::find(dispatch, named.wanted(method, Overload::Any)) {
                        Ok(target) => {
                            let other = Some(Box::new((named, method.clone())));
                            return Ok(ResolvedTarget { target, other });
                        }
                        // That a service lacks the method says more than that one is missing.
                        Err(closer) if closer.code() != Code::Unimplemented => status = closer,
                        Err(_) => {}
                    }
                }
            }
        }
        Err(status)
    }

    /// The names of the service and of the method.
    pub(super) fn names(&self) -> (ServiceKey, &'a str) {
        (ServiceKey::new(self.service, self.group, self.version), self.name())
    }

    /// The name of the method.
    fn name(&self) -> &'a str {
        self.method.split(INITIALS).next().unwrap_or_default()
    }

    /// The initials of the types of the method's arguments.
    pub(super) fn initials(&self) -> Option<&'a str> {
        self.method.split_once(INITIALS).map(|(_, initials)| initials)
    }

    fn wanted<'w>(&'w self, method: &'w str, overload: Overload<'w>) -> Wanted<'w> {
        let Self { service: interface, group, version, .. } = *self;
        Wanted { interface, group, version, method, overload }
    }
}

impl ResolvedTarget<'_> {
    /// Returns `true` if the method that was found is the one with these arguments.
    pub(super) fn fits(&self, overload: &Overloaded) -> bool {
        let found = self.target.method.descriptor.as_deref();
        matches!(overload, Overloaded::Types(types) if found == Some(types))
    }

    /// The method that `overload` says, of those of this name in the service that was found.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn choose(
        self,
        dispatch: &dyn Dispatch,
        head: &request::Parts,
        overload: &Overloaded,
    ) -> Result<Target, Status> {
        let find = |overload| match &self.other {
            Some(other) => serve::find(dispatch, other.0.wanted(&other.1, overload)),
            None => {
                let named = RequestTarget::of(head)?;
                serve::find(dispatch, named.wanted(named.name(), overload))
            }
        };
        // The method is there, so it is its arguments that are wrong.
        let wrong = |status: Status| status.with_code(Code::InvalidArgument);
        match overload {
            _ if self.fits(overload) => Ok(self.target),
            Overloaded::Types(types) => find(Overload::Types(types)),
            Overloaded::Count(count) => find(Overload::Count(*count)).map_err(wrong),
            Overloaded::Initials(initials) => find(Overload::Initials(initials)).map_err(wrong),
        }
    }
}

/// The bytes in a message of this service.
pub(super) fn message_limits(target: &Target, options: &TripleOptions) -> MessageLimits {
    let own = target.params.get("payload").and_then(|text| text.trim().parse().ok());
    options.message_limits(own)
}

fn small_first(name: &str) -> Option<String> {
    let first = name.chars().next().filter(char::is_ascii_uppercase)?;
    Some(name.replacen(first, &first.to_ascii_lowercase().to_string(), 1))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use dubhe_core::gate::Gates;
    use dubhe_core::{Call, Invoke, Invoking, Method};

    use super::*;

    struct Never;

    impl Invoke for Never {
        fn invoke(&self, _: Call) -> Invoking {
            Invoking::ready(Err(Status::new(Code::Internal, "not to be called")))
        }
    }

    /// Exports one service with one method of two overloads.
    struct One(ServiceKey, AtomicUsize);

    impl Dispatch for One {
        fn find(&self, wanted: Wanted<'_>) -> Result<Target, Status> {
            self.1.fetch_add(1, Ordering::Relaxed);
            let key = ServiceKey::new(wanted.interface, wanted.group, wanted.version);
            if key != self.0 || wanted.method != "sayHello" {
                return Err(Status::new(Code::Unimplemented, format!("no {key}")));
            }
            let types = match wanted.overload {
                Overload::Any | Overload::Count(1) | Overload::Types("I") => "I",
                Overload::Count(2) | Overload::Types("II") => "II",
                other => return Err(Status::new(Code::Unimplemented, format!("{other:?}"))),
            };
            Ok(Target {
                service: Arc::new(key),
                method: Arc::new(Method::java("sayHello", types)),
                params: Arc::default(),
                gates: Gates::default(),
                invoke: Arc::new(Never),
            })
        }
    }

    fn head(path: &str, group: &str, version: &str) -> request::Parts {
        let head = http::Request::get(path).header("tri-service-group", group);
        head.header("tri-service-version", version).body(()).unwrap().into_parts().0
    }

    fn find(exported: &str, path: &str, group: &str, version: &str) -> Result<String, Status> {
        let head = head(path, group, version);
        let one = One(ServiceKey::parse(exported), AtomicUsize::new(0));
        let found = RequestTarget::of(&head)?.find(&one)?.target;
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
    fn an_overload_is_chosen_where_the_target_was_found() {
        for path in ["/context/a.B/SayHello~x", "/a.B/sayHello~x"] {
            overloads_of(&head(path, "", ""));
        }
    }

    fn overloads_of(head: &request::Parts) {
        assert_eq!(RequestTarget::of(head).unwrap().initials(), Some("x"));
        let one = One(ServiceKey::parse("a.B"), AtomicUsize::new(0));
        let chosen = |overload| {
            let found = RequestTarget::of(head).unwrap().find(&one).unwrap();
            one.1.store(0, Ordering::Relaxed);
            let target = found.choose(&one, head, &overload);
            let target = target.map(|target| target.method.descriptor.clone().unwrap().to_string());
            (target.map_err(|status| status.code()), one.1.load(Ordering::Relaxed))
        };
        assert_eq!(chosen(Overloaded::Types("I".into())), (Ok("I".into()), 0));
        assert_eq!(chosen(Overloaded::Types("II".into())), (Ok("II".into()), 1));
        assert_eq!(chosen(Overloaded::Count(2)), (Ok("II".into()), 1));
        let missing = chosen(Overloaded::Types("J".into()));
        assert_eq!(missing, (Err(Code::Unimplemented), 1));
        for missing in [Overloaded::Count(3), Overloaded::Initials("x".into())] {
            assert_eq!(chosen(missing), (Err(Code::InvalidArgument), 1));
        }
    }

    #[test]
    fn other_paths_are_malformed() {
        for path in ["/", "/service", "/service/", "//method"] {
            assert!(RequestTarget::of(&head(path, "", "")).is_err(), "{path}");
        }
    }
}
