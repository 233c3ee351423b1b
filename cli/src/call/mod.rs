//! `dubhe call`: a generic call to any provider.

mod argument;
mod convert;
mod explain;
mod java_type;
mod readable;
mod target;

use std::io::Write;
use std::time::Duration;

use dubhe::{App, CallOptions, Generic, ServiceKey, Status, Value, json};

use crate::failure::Failure;
use argument::Argument;
use target::Target;

/// Call a method of any provider of the dubbo protocol.
///
/// ARGS are JSON; a word that is no JSON is a string. Without types the provider finds the method
/// by its name and the number of arguments. A type in front picks an overload or a class:
/// long:42, String:"x", int[]:[1,2], 'org.example.User:{"id":1}'.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// A provider, dubbo://HOST:PORT or HOST:PORT, or a registry to find one in, file:///FOLDER
    #[arg(value_parser = Target::parse)]
    target: Target,
    /// The interface, such as org.example.Users, or GROUP/INTERFACE:VERSION
    service: String,
    /// The method, such as getUser
    method: String,
    /// The arguments
    #[arg(allow_negative_numbers = true)]
    args: Vec<String>,
    /// The group of the service
    #[arg(long)]
    group: Option<String>,
    /// The version of the service
    #[arg(long)]
    version: Option<String>,
    /// How long to wait, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 5000)]
    timeout: u64,
    /// Send an attachment; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    attachment: Vec<(String, String)>,
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

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// Calls and prints the result as JSON.
pub(crate) async fn run(options: Options, out: &mut impl Write) -> Result<(), Failure> {
    let arguments = argument::parse_all(&options.args, options.types.as_deref())
        .map_err(|what| Failure::Usage(format!("error: {what}")))?;
    let app = app(&options.target)?;
    let generic = client(&app, &options)?;
    let result = call(&generic, &options.method, arguments)
        .await
        .map_err(|status| explain::failure(&options.target, &status, options.trace))?;
    print(&readable::value(result), options.compact, out)
}

fn app(target: &Target) -> Result<App, Status> {
    let app = App::builder("dubhe-cli");
    match target {
        Target::Provider(_) => app,
        Target::Registry(url) => app.registry(url),
    }
    .build()
}

fn client(app: &App, options: &Options) -> Result<Generic, Status> {
    let key = ServiceKey::parse(&options.service);
    let group = options.group.clone().map_or_else(|| key.group().clone(), Into::into);
    let version = options.version.clone().map_or_else(|| key.version().clone(), Into::into);
    let mut client = app
        .generic(key.interface().clone())
        .service(ServiceKey::new(key.interface().clone(), group, version))
        .timeout(Duration::from_millis(options.timeout))
        // Whoever types a call wants it to run once.
        .retries(0);
    if let Target::Provider(url) = &options.target {
        client = client.url(url);
    }
    let attachments = options.attachment.iter();
    let call = attachments.fold(CallOptions::new(), |call, (key, value)| {
        call.attachment(key.as_str(), value.as_str())
    });
    Ok(client.build()?.with(call))
}

/// Calls `method`. Arguments without any type leave it to the provider to find the method; when it
/// cannot, because the method is overloaded, nothing has run, and the types are inferred here.
async fn call(generic: &Generic, method: &str, arguments: Vec<Argument>) -> Result<Value, Status> {
    if arguments.iter().all(Argument::is_untyped) {
        let values = arguments.iter().map(|a| a.value.clone()).collect();
        match generic.call_untyped(method, values).await {
            Err(status) if explain::is_overloaded(&status) => {}
            ended => return ended,
        }
    }
    generic.call(method, arguments.into_iter().map(Argument::into_typed)).await
}

fn print(result: &Value, compact: bool, out: &mut impl Write) -> Result<(), Failure> {
    let text = match json::to_json(result, json::Classes::Keep) {
        Ok(json) if compact => json.to_string(),
        Ok(json) => format!("{json:#}"),
        Err(error) => {
            return Err(Failure::Failed(format!("error: {error}; the result is\n{result}")));
        }
    };
    Ok(writeln!(out, "{text}")?)
}
