//! `dubhe call --describe`: what there is to be called.

mod java;
mod proto;

use std::io::Write;

use dubhe_core::printable::Printable;

use super::explain::Error;
use super::protobuf;
use super::providers::{self, Providers};
use super::reflection::Reflection;
use super::timing::Times;
use super::{CallArgs, PositionalArgs, Target};

/// The note about what the list of a server over Triple lacks.
const INTERFACES: &str =
    "Java interfaces are not in this list: the provider's URLs in a registry name them";

/// Prints the services of a server, a service, or a method.
pub(super) async fn run(
    arguments: &PositionalArgs,
    options: &CallArgs,
    times: &Times,
    out: &mut impl Write,
) -> Result<(), Error> {
    if !arguments.args.is_empty() {
        let what = format!("--describe takes no arguments, and there are {:?}", arguments.args);
        return Err(Error::Usage(what));
    }
    if let (None, Target::Registry(url)) = (&arguments.service, &arguments.target) {
        let known = providers::services(&*providers::open(url, options)?, options).await?;
        if !known.is_empty() {
            let known: Vec<_> = known.iter().map(ToString::to_string).collect();
            return print(&known.join("\n"), out);
        }
    }
    let method = arguments.method.as_deref();
    if arguments.service.is_none()
        && (arguments.target.is_dubbo() || is_registry(&arguments.target))
    {
        let what = "<SERVICE> is missing; only tri and grpc servers list what they have, and of that the \
                    protobuf services; the Java interfaces of a provider are in its registry, and this one \
                    lists none";
        return Err(Error::Usage(what.into()));
    }
    let providers = Providers::find(arguments, options, times).await?;
    if arguments.service.is_none() {
        let names = providers.within_timeout(Reflection::of(&providers).list()).await?;
        print(&names.join("\n"), out)?;
        if providers.protocol() == "tri" {
            // Results alone are on stdout.
            writeln!(std::io::stderr(), "{INTERFACES}")?;
        }
        return Ok(());
    }
    let text = match providers.schema().await? {
        Some(service) => {
            let method = method.map(|name| protobuf::find(&service, name)).transpose()?;
            proto::text(&service, method.as_ref())
        }
        None => java::text(&providers, method).await?,
    };
    print(&text, out)
}

/// Prints the lines, of which a server may have written parts.
fn print(text: &str, out: &mut impl Write) -> Result<(), Error> {
    text.trim_end().lines().try_for_each(|line| writeln!(out, "{}", Printable(line)))?;
    Ok(())
}

fn is_registry(target: &Target) -> bool {
    matches!(target, Target::Registry(_))
}
