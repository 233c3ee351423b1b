//! `dubhe call`: a call to any provider, by names and JSON.

mod arguments;
mod describe;
mod explain;
mod interface;
mod protobuf;
mod providers;
mod reflection;
mod target;

use std::io::Write;
use std::time::Duration;

use dubhe::{CallOptions, ServiceKey};

use crate::failure::Failure;
use arguments::PositionalArgs;
use explain::Error;
use providers::Providers;
use target::Target;

/// Call a method of any provider, with JSON in and out.
///
/// TARGET is a provider, dubbo://HOST:PORT, tri://HOST:PORT, grpc://HOST:PORT or HOST:PORT for
/// dubbo, tri+unix:///PATH for a Unix socket, or a registry to find one in, zookeeper://HOST:PORT or
/// file:///FOLDER. SERVICE is org.example.Users, or GROUP/INTERFACE:VERSION; SERVICE/METHOD is one
/// word for both.
///
/// The ARGS of a Java interface are JSON; a word that is not JSON is a string. Without types the
/// provider finds the method by its name and the number of arguments. A type in front picks an
/// overload or a class: long:42, String:"x", int[]:[1,2], 'org.example.User:{"id":1}'.
///
/// A protobuf service, over tri or grpc, is known by the server's reflection. Its argument is the
/// message, such as '{"name":"Ada"}'; without one it is empty. A method that takes a stream takes
/// several, or without any, one a line from stdin. The messages of a reply come one a line.
///
/// Exit status: 0 when there was a reply, 1 when there was none or an exception, 2 when the
/// command line is wrong.
#[derive(Debug, clap::Args)]
#[command(override_usage = "dubhe call [OPTIONS] <TARGET> <SERVICE> <METHOD> [ARGS]...
       dubhe call [OPTIONS] --registry <URL> <SERVICE> <METHOD> [ARGS]...
       dubhe call [OPTIONS] <TARGET> --describe [SERVICE [METHOD]]")]
pub(crate) struct CallArgs {
    /// The target, unless --registry names one, the service, the method, the arguments
    #[arg(value_name = "TARGET SERVICE METHOD ARGS", allow_negative_numbers = true)]
    positional: Vec<String>,
    /// Find a provider in this registry, zookeeper://HOST:PORT or file:///FOLDER
    #[arg(long, value_name = "URL", value_parser = Target::registry)]
    registry: Option<Target>,
    /// Take providers of this protocol from a registry; by default dubbo, else tri
    #[arg(long, value_name = "NAME")]
    protocol: Option<String>,
    /// Print what there is to be called, in place of calling: services, methods, messages
    #[arg(long)]
    describe: bool,
    /// The group of the service
    #[arg(long)]
    group: Option<String>,
    /// The version of the service
    #[arg(long)]
    version: Option<String>,
    /// Time to wait, in milliseconds; 0 for as long as it takes
    #[arg(long, value_name = "MS", default_value_t = 5000)]
    timeout: u64,
    /// Send an attachment, which is a header over tri and grpc; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = |text: &str| pair(text, '='))]
    attachment: Vec<(String, String)>,
    /// The same, written as curl has it; may be repeated
    #[arg(long, short = 'H', value_name = "KEY: VALUE", value_parser = |text: &str| pair(text, ':'))]
    header: Vec<(String, String)>,
    /// The Java types of all arguments, separated by commas
    #[arg(long, value_delimiter = ',')]
    types: Option<Vec<String>>,
    /// Print the result on one line
    #[arg(long)]
    compact: bool,
    /// Print the provider's stack trace when it sends one with an error
    #[arg(long)]
    trace: bool,
}

fn pair(text: &str, between: char) -> Result<(String, String), String> {
    let (key, value) = text.split_once(between).ok_or_else(|| {
        format!("write KEY{between}{}VALUE", if between == ':' { " " } else { "" })
    })?;
    Ok((key.trim().to_owned(), value.trim_start().to_owned()))
}

/// "As long as it takes": longer than anybody waits, and still a time that can be counted.
const NO_TIMEOUT: Duration = Duration::from_hours(10 * 365 * 24);

impl CallArgs {
    fn timeout(&self) -> Duration {
        if self.timeout == 0 { NO_TIMEOUT } else { Duration::from_millis(self.timeout) }
    }

    /// The service with the group and version that options give.
    fn service(&self, key: &ServiceKey) -> ServiceKey {
        let group = self.group.clone().map_or_else(|| key.group().clone(), Into::into);
        let version = self.version.clone().map_or_else(|| key.version().clone(), Into::into);
        ServiceKey::new(key.interface().clone(), group, version)
    }

    /// The options of the call.
    fn call(&self) -> CallOptions {
        let pairs = self.attachment.iter().chain(&self.header);
        // Of the call, and not of the client alone: streams too end with it.
        let bounded = CallOptions::new().timeout(self.timeout());
        pairs.fold(bounded, |call, (key, value)| call.attachment(key.as_str(), value.as_str()))
    }
}

/// Calls and prints the result as JSON, or describes.
pub(crate) async fn run(options: CallArgs, out: &mut impl Write) -> Result<(), Failure> {
    let wrong = |what| Failure::Usage(format!("error: {what}"));
    let mut arguments =
        PositionalArgs::read(&options.positional, options.registry.as_ref()).map_err(wrong)?;
    arguments.service = arguments.service.map(|service| options.service(&service));
    let ended = if options.describe {
        describe::run(&arguments, &options, out).await
    } else {
        call(&arguments, &options, out).await
    };
    ended.map_err(|error| error.explain(&arguments.target, options.trace))
}

async fn call(
    arguments: &PositionalArgs,
    options: &CallArgs,
    out: &mut impl Write,
) -> Result<(), Error> {
    let PositionalArgs { target, service: Some(_), method: Some(method), args } = arguments else {
        let missing = "<SERVICE> or <METHOD> is missing; --describe shows what there is";
        return Err(Error::Usage(missing.into()));
    };
    let values = interface::arguments(args, options.types.as_deref()).map_err(Error::Usage);
    if target.is_dubbo() {
        // What is wrong with the arguments can be said before anybody is asked.
        return interface::call(&Providers::find(arguments, options).await?, method, values?, out)
            .await;
    }
    let providers = Providers::find(arguments, options).await?;
    match providers.schema().await? {
        Some(schema) => protobuf::call(&providers, &schema, method, args, out).await,
        None => interface::call(&providers, method, values?, out).await,
    }
}
