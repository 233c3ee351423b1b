//! `dubhe call --describe`: what there is to be called.

mod java;
mod proto;

use std::io::Write;

use super::explain::Error;
use super::protobuf;
use super::reach::Reached;
use super::reflection::Reflection;
use super::{Options, Target, Words};

/// Prints the services of a server, a service, or a method.
pub(super) async fn run(
    words: &Words,
    options: &Options,
    out: &mut impl Write,
) -> Result<(), Error> {
    let method = words.method.as_deref();
    if words.service.is_none() && (words.target.is_dubbo() || is_registry(&words.target)) {
        let what = "<SERVICE> is missing; only tri and grpc servers list what they have";
        return Err(Error::Usage(what.into()));
    }
    let reached = Reached::find(words, options).await?;
    if words.service.is_none() {
        let names = Reflection::of(&reached).list().await?;
        return Ok(writeln!(out, "{}", names.join("\n"))?);
    }
    let text = match reached.schema().await? {
        Some(service) => {
            let method = method.map(|name| protobuf::find(&service, name)).transpose()?;
            proto::text(&service, method.as_ref())
        }
        None => java::text(&reached, method).await?,
    };
    Ok(writeln!(out, "{}", text.trim_end())?)
}

fn is_registry(target: &Target) -> bool {
    matches!(target, Target::Registry(_))
}
