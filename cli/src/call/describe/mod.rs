//! `dubhe call --describe`: what there is to be called.

mod java;
mod proto;

use std::io::Write;

use super::explain::Error;
use super::protobuf;
use super::providers::Providers;
use super::reflection::Reflection;
use super::{CallArgs, PositionalArgs, Target};

/// Prints the services of a server, a service, or a method.
pub(super) async fn run(
    arguments: &PositionalArgs,
    options: &CallArgs,
    out: &mut impl Write,
) -> Result<(), Error> {
    let method = arguments.method.as_deref();
    if arguments.service.is_none()
        && (arguments.target.is_dubbo() || is_registry(&arguments.target))
    {
        let what = "<SERVICE> is missing; only tri and grpc servers list what they have";
        return Err(Error::Usage(what.into()));
    }
    let providers = Providers::find(arguments, options).await?;
    if arguments.service.is_none() {
        let names = Reflection::of(&providers).list().await?;
        return Ok(writeln!(out, "{}", names.join("\n"))?);
    }
    let text = match providers.schema().await? {
        Some(service) => {
            let method = method.map(|name| protobuf::find(&service, name)).transpose()?;
            proto::text(&service, method.as_ref())
        }
        None => java::text(&providers, method).await?,
    };
    Ok(writeln!(out, "{}", text.trim_end())?)
}

fn is_registry(target: &Target) -> bool {
    matches!(target, Target::Registry(_))
}
