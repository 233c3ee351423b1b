//! The positional arguments of the command line.

use dubhe::{ByteString, ServiceKey};

use super::Target;

/// The parts of a call, or of what is to be described.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PositionalArgs {
    pub(super) target: Target,
    pub(super) service: Option<ServiceKey>,
    pub(super) method: Option<String>,
    pub(super) args: Vec<String>,
}

impl PositionalArgs {
    /// Reads `TARGET SERVICE METHOD ARGS`, the target only where no registry is given, and the service
    /// where the target does not name it; service and method may be one word.
    pub(super) fn read(words: &[String], registry: Option<&Target>) -> Result<Self, String> {
        let mut words = words.iter().peekable();
        let target = match registry {
            Some(registry) => registry.clone(),
            None => Target::parse(words.next().ok_or("<TARGET> is missing")?)?,
        };
        let named = target.service();
        let (service, mut method) = if named.interface().is_empty() {
            let word = words.next();
            if word.is_some_and(|word| word.contains("://")) {
                return Err("give one target: a provider or a registry".into());
            }
            let (service, method) = word.map(|word| split(word)).unzip();
            let service = service.map(|service| within(ServiceKey::parse(service), &named));
            (service, method.flatten().map(str::to_owned))
        } else {
            // Whoever names it twice is understood.
            words.next_if(|word| *word == &**named.interface());
            (Some(named), None)
        };
        if method.is_none() {
            method = words.next().cloned();
        }
        Ok(Self { target, service, method, args: words.cloned().collect() })
    }
}

/// The service with group and version of the target, where it has none of its own.
fn within(service: ServiceKey, target: &ServiceKey) -> ServiceKey {
    let or = |own: &ByteString, other: &ByteString| {
        if own.is_empty() { other.clone() } else { own.clone() }
    };
    let group = or(service.group(), target.group());
    let version = or(service.version(), target.version());
    ServiceKey::new(service.interface().clone(), group, version)
}

/// Splits `package.Service/Method`, and `Service/Method` too. What has a dot or a version behind the slash is
/// an interface of a group: `group/package.Service`.
fn split(service: &str) -> (&str, Option<&str>) {
    match service.rsplit_once('/') {
        Some((front, method)) if !method.contains(['.', ':']) => (front, Some(method)),
        _ => (service, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Option<String>, Option<String>, Vec<String>) {
        let words: Vec<String> = text.split_whitespace().map(Into::into).collect();
        let PositionalArgs { service, method, args, .. } =
            PositionalArgs::read(&words, None).unwrap();
        (service.map(|key| key.to_string()), method, args)
    }

    #[test]
    fn service_and_method_may_be_one_word() {
        let some = |text: &str| Some(text.to_owned());
        for (text, service, method, args) in [
            ("h:1 a.B m 1 2", some("a.B"), some("m"), &["1", "2"][..]),
            ("h:1 a.B/m 1", some("a.B"), some("m"), &["1"]),
            ("h:1 g/a.B m", some("g/a.B"), some("m"), &[]),
            ("h:1 g.x/a.B:1.0 m", some("g.x/a.B:1.0"), some("m"), &[]),
            ("h:1 g/a.B:1.0/m", some("g/a.B:1.0"), some("m"), &[]),
            ("h:1 B/m 1", some("B"), some("m"), &["1"]),
            ("h:1 B m 1", some("B"), some("m"), &["1"]),
            ("h:1?group=g&version=1 a.B m 1", some("g/a.B:1"), some("m"), &["1"]),
            ("h:1?group=g&version=1 f/a.B:2 m", some("f/a.B:2"), some("m"), &[]),
            ("dubbo://h:1/a.B?group=g m 1", some("g/a.B"), some("m"), &["1"]),
            ("tri://h:1/a.B?version=2 a.B m 1", some("a.B:2"), some("m"), &["1"]),
            ("tri://h:1/p?interface=a.B m 1", some("a.B"), some("m"), &["1"]),
            ("h:1 a.B", some("a.B"), None, &[]),
            ("h:1", None, None, &[]),
        ] {
            let args = args.iter().map(|arg| (*arg).to_owned()).collect();
            assert_eq!(read(text), (service, method, args), "{text}");
        }
    }

    #[test]
    fn a_registry_takes_the_place_of_the_target() {
        let registry = Target::registry("file:///x").unwrap();
        let words = ["a.B".to_owned(), "m".to_owned()];
        let read = PositionalArgs::read(&words, Some(&registry)).unwrap();
        assert_eq!((read.target, read.method.as_deref()), (registry.clone(), Some("m")));
        let both = ["dubbo://h:1".to_owned(), "a.B".to_owned()];
        assert!(PositionalArgs::read(&both, Some(&registry)).unwrap_err().contains("one target"));
        assert!(PositionalArgs::read(&[], None).unwrap_err().contains("<TARGET>"));
    }
}
