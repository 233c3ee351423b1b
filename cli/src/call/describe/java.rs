//! A Java interface, as far as its provider describes it.

use dubhe::{Code, Generic, Status};

use crate::call::providers::Providers;

/// The name of a method that no interface has.
const NONE: &str = "?";

/// The methods of the interface: with their types from a Dubhe provider, whose error lists them,
/// else their names from a registry.
pub(super) async fn text(
    providers: &Providers<'_>,
    method: Option<&str>,
) -> Result<String, Status> {
    let generic: Generic = providers.client(providers.service.clone())?;
    let generic = generic.with(providers.options.call());
    let Err(status) = generic.call(NONE, []).await else {
        return Err(Status::new(Code::Internal, "the provider answers what it cannot know"));
    };
    let names =
        providers.param("methods").map(|names| names.split(',').map(|n| format!("{n}(..)")));
    let methods: Vec<String> = match (signatures(status.message()), names) {
        (Some(signatures), _) => signatures,
        (None, Some(names)) => names.collect(),
        (None, None) => {
            let said = status.message().lines().next().unwrap_or_default();
            let text = format!(
                "the provider does not tell its methods, which a registry knows (--registry URL); \
                 it says: {said}"
            );
            return Err(Status::new(Code::Unimplemented, text));
        }
    };
    let shown = |text: &&String| method.is_none_or(|name| text.split('(').next() == Some(name));
    let lines: Vec<String> =
        methods.iter().filter(shown).map(|text| format!("  {text};\n")).collect();
    if lines.is_empty() {
        let known = methods.join(", ");
        let text = format!("no method {:?} in {}; it has {known}", method, providers.service);
        return Err(Status::new(Code::Unimplemented, text));
    }
    Ok(format!("interface {} {{\n{}}}\n", providers.service, lines.concat()))
}

/// The signatures in the error of a Dubhe provider: `...; it has add(long, int), half(double)`.
fn signatures(error: &str) -> Option<Vec<String>> {
    let (_, list) = error.split_once("; it has ")?;
    let list = list.trim_end_matches(" and more");
    Some(list.split_inclusive("), ").map(|one| one.trim_end_matches(", ").to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_a_provider_lists_its_methods() {
        let error = "no method \"?\" with 0 arguments in a.B; it has add(long, int), half(double)";
        assert_eq!(signatures(error).unwrap(), ["add(long, int)", "half(double)"]);
        assert_eq!(signatures("No such method ? in class interface a.B"), None);
    }
}
