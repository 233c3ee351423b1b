//! The options of `dubhe call`.

use std::num::NonZeroU32;
use std::time::Duration;

use clap::ValueEnum;
use dubhe::{CallKind, CallOptions, ServiceKey};

use super::attachments::{self, pair};
use super::{Target, tls};

/// Call a method of any provider, with JSON in and out.
///
/// TARGET is a provider, dubbo://HOST:PORT, tri://HOST:PORT, grpc://HOST:PORT or HOST:PORT for
/// dubbo, tri+unix:///PATH for a Unix socket, or a registry to find one in, such as
/// zookeeper://HOST:PORT, nacos://HOST:PORT, etcd://HOST:PORT or file:///FOLDER. The URL of a provider may name the service, as in a registry:
/// dubbo://HOST:PORT/org.example.Users?group=shop&version=1.0. SERVICE is org.example.Users, or
/// GROUP/INTERFACE:VERSION; SERVICE/METHOD is one word for both.
///
/// The ARGS of a Java interface are JSON; a word that does not begin as JSON does is a string. Without
/// types the provider finds the method by its name and the number of arguments. A type in front picks
/// an overload or a class: long:42, String:"x", int[]:[1,2], 'org.example.User:{"id":1}'.
///
/// A protobuf service, over tri or grpc, is known by the server's reflection. Its argument is the
/// message, such as '{"name":"Ada"}'; without one it is empty.
///
/// The argument @FILE is what the file holds, - what comes on stdin. A method that takes a stream takes
/// several messages, or one a line from @FILE or -, and without arguments from stdin. The messages of
/// a streamed reply come one a line.
///
/// Exit status: 0 when there was a reply, 2 when the command line is wrong, 64 and the number of
/// gRPC's code when the call failed, such as 69 for NOT_FOUND, and 1 for all else. Results are on stdout
/// and nothing else is; errors are on stderr.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "dubhe call [OPTIONS] <TARGET> <SERVICE> <METHOD> [ARGS]...
       dubhe call [OPTIONS] --registry <URL> <SERVICE> <METHOD> [ARGS]...
       dubhe call [OPTIONS] <TARGET> --describe [SERVICE [METHOD]]",
    after_help = "--help has more, and examples",
    after_long_help = r#"Examples:
  dubhe call 127.0.0.1:20880 org.example.Users getUser 1
  dubhe call tri://127.0.0.1:20880 org.example.Users/rename 'org.example.User:{"id":1}' Ada
  dubhe call --registry zookeeper://127.0.0.1:2181 org.example.Users:1.0.0 getUser 1
  dubhe call grpc://127.0.0.1:20880 org.example.Hello/Repeat '{"name":"Ada","times":3}'
  dubhe call grpc://127.0.0.1:20880 org.example.Hello/Repeat @request.json
  jq -c '.[]' words.json | dubhe call grpc://127.0.0.1:20880 org.example.Hello/Join -
  dubhe call grpc://127.0.0.1:20880 --describe
  dubhe call --cacert ca.pem grpc://shop.example:443 org.example.Hello/Greet '{"name":"Ada"}'
  dubhe call -v --timeout 500ms 127.0.0.1:20880 org.example.Greeter greet Ada
  dubhe call --repeat 10000 --concurrency 16 127.0.0.1:20880 org.example.Greeter greet Ada
  dubhe call -o json 127.0.0.1:20880 org.example.Users getUser 404 | jq .code"#
)]
pub(crate) struct CallArgs {
    /// The target, unless --registry names one, the service, the method, the arguments
    #[arg(value_name = "TARGET SERVICE METHOD ARGS", allow_negative_numbers = true)]
    pub(super) positional: Vec<String>,
    /// Find a provider in this registry, such as nacos://HOST:PORT or file:///FOLDER
    #[arg(long, value_name = "URL", value_parser = Target::registry)]
    pub(super) registry: Option<Target>,
    /// Take providers of this protocol from a registry; by default dubbo, else tri
    #[arg(long, value_name = "NAME")]
    pub(super) protocol: Option<String>,
    /// Print what there is to be called, in place of calling: services, methods, messages
    #[arg(long, conflicts_with_all = ["types", "stream", "output", "compact", "verbose", "repeat"])]
    pub(super) describe: bool,
    /// The group of the service
    #[arg(long)]
    group: Option<String>,
    /// The version of the service
    #[arg(long)]
    version: Option<String>,
    /// Time to wait: 500ms, 5s, 1m, or a number of milliseconds; 0 for as long as it takes
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = timeout)]
    pub(super) timeout: Duration,
    /// Send an attachment, which is a header over tri and grpc, there with bytes in base64 if its name
    /// ends in -bin; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = |text: &str| pair(text, '='))]
    attachment: Vec<(String, String)>,
    /// The same, written as curl has it; may be repeated
    #[arg(long, short = 'H', value_name = "KEY: VALUE", value_parser = |text: &str| pair(text, ':'))]
    header: Vec<(String, String)>,
    /// The Java types of all arguments, separated by commas; of the messages of a stream, one
    #[arg(long, value_delimiter = ',')]
    pub(super) types: Option<Vec<String>>,
    /// The sides that stream, of a method of a Java interface over tri; a provider of Dubhe tells them
    #[arg(long, value_name = "SIDE", value_enum)]
    pub(super) stream: Option<Side>,
    /// Print the result as it is, or one JSON object of all that is known of the call
    #[arg(long, short, value_name = "FORM", value_enum, default_value = "text")]
    pub(super) output: Form,
    /// Print the result on one line
    #[arg(long)]
    pub(super) compact: bool,
    /// Print headers, trailers and the times of resolving, connecting, TLS and the call to stderr
    #[arg(long, short)]
    pub(super) verbose: bool,
    /// Print the provider's stack trace when it sends one with an error
    #[arg(long)]
    pub(super) trace: bool,
    /// Call so many times, and print latencies and errors in place of results
    #[arg(long, value_name = "N", conflicts_with = "verbose")]
    pub(super) repeat: Option<NonZeroU32>,
    /// The calls of --repeat that are on their way at once
    #[arg(long, value_name = "N", default_value = "1", requires = "repeat")]
    pub(super) concurrency: NonZeroU32,
    #[command(flatten)]
    pub(super) tls: tls::TlsArgs,
}

/// The sides that send more than one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Side {
    /// The client
    Client,
    /// The server
    Server,
    /// Both
    Both,
}

impl From<Side> for CallKind {
    fn from(side: Side) -> Self {
        match side {
            Side::Client => Self::ClientStream,
            Side::Server => Self::ServerStream,
            Side::Both => Self::Bidirectional,
        }
    }
}

/// The form of what is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// The result alone, as JSON
    Text,
    /// An object with result or error, code, headers, trailers and times
    Json,
}

/// The time that `text` is; a number alone is milliseconds, and 0 no limit.
fn timeout(text: &str) -> Result<Duration, String> {
    let time = match text.parse() {
        Ok(millis) => Duration::from_millis(millis),
        Err(_) => humantime::parse_duration(text)
            .map_err(|error| format!("{error}; write 500ms, 5s, 1m, or milliseconds"))?,
    };
    Ok(if time.is_zero() { Duration::MAX } else { time })
}

impl CallArgs {
    /// The service with the group and version that options give.
    pub(super) fn service(&self, key: &ServiceKey) -> ServiceKey {
        let group = self.group.clone().map_or_else(|| key.group().clone(), Into::into);
        let version = self.version.clone().map_or_else(|| key.version().clone(), Into::into);
        ServiceKey::new(key.interface().clone(), group, version)
    }

    /// The attachments that are sent.
    pub(super) fn attachments(&self) -> impl Iterator<Item = &(String, String)> {
        self.attachment.iter().chain(&self.header)
    }

    /// The options of a call over this protocol.
    ///
    /// # Errors
    /// For an attachment that the protocol cannot carry.
    pub(super) fn call(&self, protocol: &str) -> Result<CallOptions, String> {
        // Of the call, and not of the client alone: streams too end with it.
        let bounded = CallOptions::new().timeout(self.timeout);
        self.attachments().try_fold(bounded, |call, (key, text)| {
            Ok(call.attachment(key.as_str(), attachments::value(key, text, protocol)?))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_has_a_unit_or_is_milliseconds() {
        for (text, time) in [
            ("500ms", Duration::from_millis(500)),
            ("5s", Duration::from_secs(5)),
            ("1m", Duration::from_mins(1)),
            ("1m 30s", Duration::from_secs(90)),
            ("1.5s", Duration::from_millis(1_500)),
            ("250", Duration::from_millis(250)),
            ("0", Duration::MAX),
            ("0s", Duration::MAX),
        ] {
            assert_eq!(timeout(text), Ok(time), "{text}");
        }
        for wrong in ["", "x", "5 parsecs", "-1"] {
            assert!(timeout(wrong).unwrap_err().contains("500ms"), "{wrong}");
        }
    }
}
