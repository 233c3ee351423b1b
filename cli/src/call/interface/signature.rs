//! The methods that a provider of Dubhe lists in the error of a method that it lacks.

use std::fmt;

use dubhe::CallKind;

/// A method of an interface: `chat(stream java.lang.String) returns (stream)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    pub(crate) name: String,
    /// The types of its arguments, or of the messages that it takes.
    pub(crate) types: Vec<String>,
    pub(crate) kind: CallKind,
}

/// The methods in an error.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Listing {
    pub(crate) methods: Vec<Signature>,
    /// `true` if there are more than it lists.
    pub(crate) more: bool,
}

impl Listing {
    /// The methods that `error` lists: `...; it has add(long, int), half(double) and more`.
    pub(crate) fn read(error: &str) -> Option<Self> {
        let (_, mut rest) = error.split_once("; it has ")?;
        let mut listing = Self::default();
        loop {
            let method = Signature::read(rest);
            let Some((method, behind)) = method else {
                // Errors have a longest text, at which the list is cut.
                listing.more = true;
                return (!listing.methods.is_empty()).then_some(listing);
            };
            listing.methods.push(method);
            match behind.strip_prefix(", ") {
                Some(next) => rest = next,
                None => {
                    listing.more = behind.starts_with(" and more");
                    return Some(listing);
                }
            }
        }
    }

    /// The names of the methods.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.methods.iter().map(|method| &*method.name)
    }
}

impl Signature {
    /// The method that `text` begins with, and what is behind it.
    fn read(text: &str) -> Option<(Self, &str)> {
        let (name, rest) = text.split_once('(')?;
        let (types, rest) = rest.split_once(')')?;
        let (requests, types) = match types.strip_prefix("stream ") {
            Some(types) => (true, types),
            None => (false, types),
        };
        let (replies, rest) = match rest.strip_prefix(" returns (stream)") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let kind = match (requests, replies) {
            (false, false) => CallKind::Unary,
            (true, false) => CallKind::ClientStream,
            (false, true) => CallKind::ServerStream,
            (true, true) => CallKind::Bidirectional,
        };
        let types = types.split(", ").filter(|name| !name.is_empty()).map(str::to_owned).collect();
        Some((Self { name: name.to_owned(), types, kind }, rest))
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (requests, replies) = match self.kind {
            CallKind::Unary | CallKind::OneWay => ("", ""),
            CallKind::ClientStream => ("stream ", ""),
            CallKind::ServerStream => ("", " returns (stream)"),
            CallKind::Bidirectional => ("stream ", " returns (stream)"),
        };
        write!(f, "{}({requests}{}){replies}", self.name, self.types.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_a_provider_lists_its_methods() {
        let list = "add(long, int), now(), chat(stream a.B) returns (stream), sum(stream a.C), \
                    count(int) returns (stream)";
        let error = format!("no method \"?\" with 0 arguments in a.B; it has {list}");
        let read = Listing::read(&error).unwrap();
        let texts: Vec<String> = read.methods.iter().map(ToString::to_string).collect();
        assert_eq!((texts.join(", "), read.more), (list.to_owned(), false));
        let kinds: Vec<CallKind> = read.methods.iter().map(|method| method.kind).collect();
        assert_eq!(
            kinds,
            [
                CallKind::Unary,
                CallKind::Unary,
                CallKind::Bidirectional,
                CallKind::ClientStream,
                CallKind::ServerStream
            ]
        );
        assert_eq!(Listing::read("No such method ? in class interface a.B"), None);
    }

    #[test]
    fn a_list_that_is_cut_says_so() {
        for cut in ["x; it has add(long), half(dou", "x; it has add(long) and more"] {
            let read = Listing::read(cut).unwrap();
            assert_eq!((read.names().collect::<Vec<_>>(), read.more), (vec!["add"], true), "{cut}");
        }
    }
}
