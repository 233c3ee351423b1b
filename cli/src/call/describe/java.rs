//! A Java interface, as far as its provider or a registry describes it.

use std::fmt::Display;

use dubhe::{CallKind, Code, Generic, JavaArgument, ServiceKey, Status, Value};

use crate::call::explain;
use crate::call::interface::NO_TYPE;
use crate::call::interface::signature::Listing;
use crate::call::providers::Providers;

/// The name of a method that no interface has.
const NONE: &str = "?";

/// The methods of the interface: with the types that they take from a Dubhe provider, whose error lists them,
/// else their names, from the URL of the provider.
pub(super) async fn text(
    providers: &Providers<'_>,
    method: Option<&str>,
) -> Result<String, Status> {
    let generic: Generic = providers.client(providers.service.clone())?;
    let generic = generic.with(providers.call.clone());
    // Where there are more methods than it lists, the ones of the name come first.
    let status = refusal(&generic, method.unwrap_or(NONE)).await?;
    let service = &providers.service;
    let listing = Listing::read(status.message());
    if explain::is_protobuf(&status) || lists_protobuf(&generic, listing.as_ref()).await? {
        return Err(Status::unimplemented(format!("{service} {}", explain::PROTOBUF)));
    }
    if let Some(listing) = listing {
        let more = listing.more.then_some("// and more, which the provider leaves out");
        let note = "// what they return is not on the wire";
        let methods = listing.methods.iter().map(|method| (&*method.name, method));
        return page(service, method, methods, more.into_iter().chain([note]));
    }
    let Some(names) = providers.param("methods") else {
        let said = status.message().lines().next().unwrap_or_default();
        let text = format!(
            "the provider does not tell its methods, which its URL in a registry names: find it \
             there by --registry URL, or give that URL as the target; it says: {said}"
        );
        return Err(Status::new(Code::Unimplemented, text));
    };
    let note = "// names alone, from the provider's URL in the registry: it has no types";
    let methods = names.split(',').map(|name| (name, format!("{name}(..)")));
    page(service, method, methods, [note])
}

/// The error of a call that no method takes.
async fn refusal(generic: &Generic, method: &str) -> Result<Status, Status> {
    match generic.call(method, [no_argument()]).await {
        Err(status) => Ok(status),
        Ok(_) => Err(Status::new(Code::Internal, "the provider answers what it cannot know")),
    }
}

/// Returns true if the methods are those of a protobuf service, which are listed without types. One that
/// takes nothing in Java has none either, but refuses an argument in other words.
async fn lists_protobuf(generic: &Generic, listing: Option<&Listing>) -> Result<bool, Status> {
    let methods = listing.map_or(&[][..], |listing| &listing.methods);
    let untyped = methods.iter().filter(|method| method.types.is_empty());
    for method in untyped {
        match method.kind {
            CallKind::Unary | CallKind::OneWay => {
                return Ok(explain::is_protobuf(&refusal(generic, &method.name).await?));
            }
            // Streams of a Java interface have the type of their messages.
            CallKind::ClientStream | CallKind::Bidirectional => return Ok(true),
            CallKind::ServerStream => {}
        }
    }
    Ok(false)
}

/// An argument of a type that no method takes, so that none runs.
fn no_argument() -> JavaArgument {
    JavaArgument::new(NO_TYPE, Value::Null)
}

/// The interface with its methods, or those of one name, and notes.
fn page<'a, M: Display>(
    service: &ServiceKey,
    only: Option<&str>,
    methods: impl Iterator<Item = (&'a str, M)>,
    notes: impl IntoIterator<Item = &'static str>,
) -> Result<String, Status> {
    let mut all = Vec::new();
    let mut lines = Vec::new();
    for (name, method) in methods {
        if only.is_none_or(|only| only == name) {
            lines.push(format!("  {method};"));
        }
        all.push(method.to_string());
    }
    if lines.is_empty() {
        let (only, all) = (only.unwrap_or_default(), all.join(", "));
        let text = format!("no method {only:?} in {service}; it has {all}");
        return Err(Status::new(Code::Unimplemented, text));
    }
    lines.extend(notes.into_iter().map(|note| format!("  {note}")));
    Ok(format!("interface {service} {{\n{}\n}}\n", lines.join("\n")))
}
