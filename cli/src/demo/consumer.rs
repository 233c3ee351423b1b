//! The calls that the demo makes.

use std::fmt;
use std::io::Write;
use std::time::{Duration, Instant};

use dubhe::{App, CallOptions, ReplyAttachments, Status};
use futures_util::TryStreamExt as _;

use super::DemoArgs;
use super::greeter::{GreeterClient, PROVIDER};
use super::hello::proto::{Greeting, HelloClient, Times};
use super::latency::{Latencies, millis};
use crate::failure::Failure;

/// The number of kinds of calls.
const KINDS: u64 = 5;
/// The calls before any is shown: they connect to both providers, and run what is slow the first time.
const WARM_UP: u64 = 100 * KINDS;
/// The longest time until the providers are found.
const FOUND: Duration = Duration::from_secs(30);
/// The calls whose latency is told, for each protocol.
const MEASURED: u32 = 1_000;

/// A line of the table.
struct Row<'a> {
    number: &'a str,
    call: &'a str,
    protocol: &'a str,
    provider: &'a str,
    millis: &'a str,
    result: &'a str,
}

/// The first line of the table.
const TITLES: &dyn fmt::Display = &Row {
    number: "#",
    call: "call",
    protocol: "over",
    provider: "answered by",
    millis: "ms",
    result: "result",
};

impl fmt::Display for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, call, protocol, provider, millis, result } = self;
        write!(f, "{number:>5}  {call:<14}  {protocol:<5}  {provider:<11}  {millis:>6}  {result}")
    }
}

/// The clients of both services; they find the providers through the registry of the app.
pub(super) struct Consumer {
    over_dubbo: GreeterClient,
    over_triple: GreeterClient,
    hello: HelloClient,
    received: ReplyAttachments,
}

impl Consumer {
    pub(super) fn of(app: &App) -> Result<Self, Status> {
        let received = ReplyAttachments::new();
        let options = || CallOptions::new().reply_attachments(&received);
        let greeter = |protocol: &'static str| {
            Ok::<_, Status>(
                app.client::<GreeterClient>().protocol(protocol).build()?.with(options()),
            )
        };
        Ok(Self {
            over_dubbo: greeter("dubbo")?,
            over_triple: greeter("tri")?,
            hello: app.client::<HelloClient>().build()?.with(options()),
            received,
        })
    }

    /// Makes calls that nobody sees, prints the latency of many others, and then calls and prints a line
    /// for each, up to the number that was asked for.
    pub(super) async fn run(
        &self,
        options: &DemoArgs,
        out: &mut impl Write,
    ) -> Result<(), Failure> {
        // A registry may tell of providers a while after it has taken them.
        let until = Instant::now() + FOUND;
        let Self { over_dubbo, over_triple, hello, .. } = self;
        for client in [over_dubbo.client(), over_triple.client(), hello.client()] {
            client.ready(until).await?;
        }
        for number in 1..=WARM_UP {
            // An error comes again where it is shown.
            let _ = self.call(number).await;
        }
        for (protocol, client) in [("dubbo", &self.over_dubbo), ("tri", &self.over_triple)] {
            let latencies = measure(client).await?;
            writeln!(out, "{MEASURED} calls of greet over {protocol:<5}  {latencies}")?;
        }
        writeln!(out, "\n{TITLES}")?;
        for number in 1..=options.calls.unwrap_or(u64::MAX) {
            if number > 1 {
                tokio::time::sleep(Duration::from_millis(options.interval)).await;
            }
            let began = Instant::now();
            let (call, protocol, result) = self.call(number).await;
            let took = began.elapsed();
            let attachments = self.received.get();
            let row = Row {
                number: &number.to_string(),
                call,
                protocol,
                provider: attachments.get_str(PROVIDER).unwrap_or("-"),
                millis: &millis(took).to_string(),
                result: &result,
            };
            writeln!(out, "{row}")?;
            out.flush()?;
        }
        Ok(())
    }

    /// Call `number` of a sequence that repeats, and what came of it.
    async fn call(&self, number: u64) -> (&'static str, &'static str, String) {
        let Self { over_dubbo, over_triple, .. } = self;
        match number % KINDS {
            1 => ("greet(\"Dubhe\")", "dubbo", describe(over_dubbo.greet("Dubhe".into()).await)),
            2 => ("greet(\"Dubhe\")", "tri", describe(over_triple.greet("Dubhe".into()).await)),
            3 => ("getUser(1)", "dubbo", describe(over_dubbo.get_user(1).await)),
            4 => ("getUser(404)", "tri", describe(over_triple.get_user(404).await)),
            _ => ("Repeat ×3", "tri", describe(self.repeat().await)),
        }
    }

    /// The messages of a stream.
    async fn repeat(&self) -> Result<Vec<String>, Status> {
        let times = Times { name: "Dubhe".into(), times: 3 };
        let greetings = self.hello.repeat(times).await?.into_inner();
        greetings.map_ok(|Greeting { text }| text).try_collect().await
    }
}

/// The times of calls that are made one after the other.
async fn measure(greeter: &GreeterClient) -> Result<Latencies, Status> {
    let mut times = Vec::new();
    for _ in 0..MEASURED {
        let began = Instant::now();
        greeter.greet("Dubhe".into()).await?;
        times.push(began.elapsed());
    }
    Ok(Latencies::new(times))
}

fn describe<T: fmt::Debug>(result: Result<T, Status>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(status) => match status.java() {
            Some(exception) => format!("{}: {}", exception.class(), status.message()),
            None => status.to_string(),
        },
    }
}
