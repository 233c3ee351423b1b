//! The address of a call: a service key and a method.

use std::fmt;
use std::sync::Arc;

use bytestring::ByteString;

use crate::printable::Printable;

/// The text for every group or version.
const ANY: &str = "*";
/// The group or version of a service that has none.
static NONE: ByteString = ByteString::from_static("");

/// The identity of a service: `group/interface:version`.
///
/// Empty group and version mean "none". Dubbo writes the version `0.0.0` for "none" on the wire
/// (Dubbo Java `GroupServiceKeyCache`), so [`ServiceKey::new`] folds it to empty.
///
/// ```
/// # mod dubhe { pub use dubhe_core::ServiceKey; }
/// use dubhe::ServiceKey;
///
/// let key = ServiceKey::new("org.example.Greeter", "north", "1.0.0");
/// assert_eq!(key.to_string(), "north/org.example.Greeter:1.0.0");
/// assert_eq!(ServiceKey::parse("north/org.example.Greeter:1.0.0"), key);
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct ServiceKey {
    interface: ByteString,
    /// The group and the version; `None` where both are empty, as they mostly are: lists of providers take less memory.
    of_group: Option<Arc<OfGroup>>,
}

#[derive(PartialEq, Eq, Hash, PartialOrd, Ord)]
struct OfGroup {
    group: ByteString,
    version: ByteString,
}

impl ServiceKey {
    /// A key without group and version.
    pub fn interface_only(interface: impl Into<ByteString>) -> Self {
        Self { interface: interface.into(), ..Self::default() }
    }

    /// A key of all three parts; empty strings and the version `0.0.0` mean "none".
    pub fn new(
        interface: impl Into<ByteString>,
        group: impl Into<ByteString>,
        version: impl Into<ByteString>,
    ) -> Self {
        let (group, version) = (group.into(), version.into());
        let version = if &*version == "0.0.0" { ByteString::new() } else { version };
        let any = !group.is_empty() || !version.is_empty();
        let of_group = any.then(|| Arc::new(OfGroup { group, version }));
        Self { interface: interface.into(), of_group }
    }

    /// The same service in another group.
    pub fn with_group(self, group: impl Into<ByteString>) -> Self {
        let version = self.version().clone();
        Self::new(self.interface, group, version)
    }

    /// The same service in another version.
    pub fn with_version(self, version: impl Into<ByteString>) -> Self {
        let group = self.group().clone();
        Self::new(self.interface, group, version)
    }

    /// The interface name, such as `org.apache.dubbo.UserProvider`.
    pub fn interface(&self) -> &ByteString {
        &self.interface
    }

    /// The group, or `""`.
    pub fn group(&self) -> &ByteString {
        self.of_group.as_ref().map_or(&NONE, |of| &of.group)
    }

    /// The version, or `""`.
    pub fn version(&self) -> &ByteString {
        self.of_group.as_ref().map_or(&NONE, |of| &of.version)
    }

    /// Returns `true` if it stands for services of several groups or versions, as a consumer may ask for
    /// them: the group or the version is `*`, or the group a list with commas.
    pub fn is_pattern(&self) -> bool {
        *self.version() == ANY || *self.group() == ANY || self.group().contains(',')
    }

    /// Returns `true` if a consumer of this service takes a provider of `offered` (Dubbo Java
    /// `UrlUtils.isMatch`): the interfaces are equal, the version is that of the provider or `*`, the
    /// group likewise or a list that has it.
    pub fn takes(&self, offered: &Self) -> bool {
        let (group, version) = (self.group(), self.version());
        let listed = || group.split(',').any(|group| group.trim() == &**offered.group());
        self.interface == offered.interface
            && (*version == ANY || version == offered.version())
            && (*group == ANY
                || group == offered.group()
                || !offered.group().is_empty() && listed())
    }

    /// Returns a service that a consumer of this one [takes](Self::takes): of the first group of a
    /// list, and of no group or version where any will do. A registry that knows of neither offers it.
    pub fn one_taken(&self) -> Self {
        let group = self.group().split(',').map(str::trim).find(|group| !group.is_empty());
        let known = |text: &str| if text == ANY { String::new() } else { text.to_owned() };
        let group = group.unwrap_or_default();
        Self::new(self.interface.clone(), known(group), known(self.version()))
    }

    /// Parses `group/interface:version`, where group and version may be missing.
    pub fn parse(text: &str) -> Self {
        let (group, rest) = text.split_once('/').unwrap_or(("", text));
        let (interface, version) = rest.split_once(':').unwrap_or((rest, ""));
        Self::new(interface, group, version)
    }
}

impl fmt::Display for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.group().is_empty() {
            write!(f, "{}/", Printable(self.group()))?;
        }
        write!(f, "{}", Printable(&self.interface))?;
        if !self.version().is_empty() {
            write!(f, ":{}", Printable(self.version()))?;
        }
        Ok(())
    }
}

impl fmt::Debug for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServiceKey({self})")
    }
}

/// The sides that send more than one message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CallKind {
    /// A request, and a reply.
    #[default]
    Unary,
    /// A request, and no reply at all, not even an error.
    OneWay,
    /// A stream of requests, and one reply.
    ClientStream,
    /// A request, and a stream of replies.
    ServerStream,
    /// A stream of requests, and a stream of replies.
    Bidirectional,
}

impl CallKind {
    /// Returns `true` if either side sends a stream.
    pub fn is_streamed(self) -> bool {
        matches!(self, Self::ClientStream | Self::ServerStream | Self::Bidirectional)
    }
}

/// A method of a service.
///
/// ```
/// # mod dubhe { pub use dubhe_core::{CallKind, Method}; }
/// use dubhe::{CallKind, Method};
///
/// let method = Method::java("add", "IJ"); // add(int, long)
/// assert_eq!(method.descriptor.as_deref(), Some("IJ"));
/// let watch = Method::java("watch", "").kind(CallKind::ServerStream);
/// assert!(watch.kind.is_streamed());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Method {
    /// The name on the wire, such as `getUser`.
    pub name: ByteString,
    /// The JVM descriptors of the parameters, one after the other (`JLjava/lang/String;`), or
    /// `None` where the service has no Java signature (a protobuf method).
    pub descriptor: Option<ByteString>,
    /// The direction of its messages.
    pub kind: CallKind,
}

impl Method {
    /// A unary method of a Java interface.
    pub fn java(name: impl Into<ByteString>, descriptor: impl Into<ByteString>) -> Self {
        Self { name: name.into(), descriptor: Some(descriptor.into()), kind: CallKind::Unary }
    }

    /// Sets the kind.
    pub fn kind(mut self, kind: CallKind) -> Self {
        self.kind = kind;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_prints_and_parses_its_three_parts() {
        let key = ServiceKey::new("a.B", "g", "1.0.0");
        assert_eq!(key.to_string(), "g/a.B:1.0.0");
        assert_eq!(ServiceKey::parse("g/a.B:1.0.0"), key);
        assert_eq!(ServiceKey::parse("a.B"), ServiceKey::interface_only("a.B"));
        assert_eq!(ServiceKey::interface_only("a.B").with_version("1.0.0").with_group("g"), key);
    }

    #[test]
    fn groups_and_versions_are_equal_any_or_listed() {
        let key =
            |group: &'static str, version: &'static str| ServiceKey::new("a.B", group, version);
        for (wanted, offered, expected) in [
            (key("", ""), key("", ""), true),
            (key("", ""), key("", "0.0.0"), true),
            (key("", ""), key("g", ""), false),
            (key("", ""), key("", "1"), false),
            (key("g", "1"), key("g", "1"), true),
            (key("*", "*"), key("g", "1"), true),
            (key("*", "*"), key("", ""), true),
            (key("*", "2"), key("g", "1"), false),
            (key("f, g", ""), key("g", ""), true),
            (key("f,g", ""), key("h", ""), false),
            (key("f,g", ""), key("", ""), false),
            (key("f,,g", ""), key("", ""), false),
        ] {
            assert_eq!(wanted.takes(&offered), expected, "{wanted} {offered}");
        }
        assert!(!key("*", "*").takes(&ServiceKey::new("a.C", "", "")));
        for (group, version) in [("", ""), ("g", "1"), ("*", "*"), ("f, g", "1"), (",g", "0.0.0")] {
            let wanted = key(group, version);
            assert!(wanted.takes(&wanted.one_taken()), "{wanted}: {}", wanted.one_taken());
        }
        let patterns = [key("*", ""), key("a,b", ""), key("", "*")];
        assert!(patterns.iter().all(ServiceKey::is_pattern) && !key("g", "1").is_pattern());
    }

    #[test]
    fn version_zero_is_no_version() {
        assert_eq!(ServiceKey::new("a.B", "", "0.0.0"), ServiceKey::interface_only("a.B"));
    }
}
