//! `dubhe call`: a call to any provider, by names and JSON.

mod arguments;
mod attachments;
mod describe;
mod explain;
mod input;
mod interface;
mod invocation;
mod json_text;
mod options;
mod output;
mod protobuf;
mod providers;
mod reflection;
mod repeat;
mod stdin;
mod target;
mod timing;
mod tls;

use std::io::Write;

use crate::failure::Failure;
use arguments::PositionalArgs;
use explain::{Error, Explanation};
use input::Inputs;
use invocation::Invocation;
pub(crate) use options::CallArgs;
use output::Output;
use providers::Providers;
pub(crate) use providers::meant;
use target::Target;
use timing::Times;

/// Calls and prints the result as JSON, or describes.
pub(crate) async fn run(
    options: &CallArgs,
    colour: bool,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let wrong = |what| Failure::Usage(format!("error: {what}"));
    let mut arguments =
        PositionalArgs::read(&options.positional, options.registry.as_ref()).map_err(wrong)?;
    arguments.service = arguments.service.map(|service| options.service(&service));
    let times = Times::default();
    if options.describe {
        let ended = describe::run(&arguments, options, &times, out).await;
        return failure(ended, &arguments, options)
            .await
            .map_or(Ok(()), |(failure, _)| Err(failure));
    }
    let mut output = Output::new(out, colour, (&arguments, options), &times);
    let ended = call(&arguments, options, &times, &mut output).await;
    match failure(ended, &arguments, options).await {
        None => output.end(None),
        Some((failure, Some(failed))) => output.end(Some(&failed)).and(Err(failure)),
        // There was no call to tell of.
        Some((failure, None)) => Err(failure),
    }
}

async fn call<W: Write>(
    arguments: &PositionalArgs,
    options: &CallArgs,
    times: &Times,
    output: &mut Output<'_, W>,
) -> Result<(), Error> {
    let PositionalArgs { target, service: Some(_), method: Some(_), args } = arguments else {
        let missing = "<SERVICE> or <METHOD> is missing; --describe shows what there is";
        return Err(Error::Usage(missing.into()));
    };
    let inputs = Inputs::read(args).map_err(Error::Usage)?;
    if target.is_dubbo() {
        // What is wrong with the arguments can be said before anybody is asked.
        interface::check(&inputs, options).map_err(Error::Usage)?;
    }
    let providers = Providers::find(arguments, options, times).await?;
    let invocation = Invocation::new(&providers, arguments, &inputs).await?;
    if options.repeat.is_some() {
        return output.repeat(&invocation).await;
    }
    output.begin();
    invocation.call(output).await
}

/// The failure of the command, and what is to be told of the call that failed.
async fn failure(
    ended: Result<(), Error>,
    arguments: &PositionalArgs,
    options: &CallArgs,
) -> Option<(Failure, Option<(dubhe::Status, Explanation)>)> {
    Some(match ended.err()? {
        Error::Usage(what) => (Failure::Usage(format!("error: {what}")), None),
        Error::Failure(failure) => (failure, None),
        Error::Status(status) => {
            let explanation = Explanation::of(&status, arguments, options).await;
            (explanation.clone().into_failure(&status), Some((status, explanation)))
        }
    })
}

/// A text for an error, of which the first part is enough.
fn shortened(text: &str) -> String {
    const MOST: usize = 60;
    let end = text.floor_char_boundary(MOST);
    let more = if end < text.len() { "…" } else { "" };
    format!("{:?}{more}", text.get(..end).unwrap_or_default())
}
