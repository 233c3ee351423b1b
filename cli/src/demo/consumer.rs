//! The calls that the demo makes.

use std::fmt;
use std::io::Write;
use std::time::{Duration, Instant};

use dubhe::{App, CallOptions, ReplyAttachments, Status};
use futures_util::TryStreamExt as _;

use super::DemoArgs;
use super::greeter::{GreeterClient, PROVIDER};
use super::hello::proto::{Greeting, HelloClient, Times};
use crate::failure::Failure;

/// A line of the table.
struct Row<'a> {
    number: &'a str,
    call: &'a str,
    protocol: &'a str,
    provider: &'a str,
    micros: &'a str,
    result: &'a str,
}

/// The first line of the table.
pub(super) const TITLES: &dyn fmt::Display = &Row {
    number: "#",
    call: "call",
    protocol: "over",
    provider: "answered by",
    micros: "µs",
    result: "result",
};

impl fmt::Display for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, call, protocol, provider, micros, result } = self;
        write!(f, "{number:>5}  {call:<14}  {protocol:<5}  {provider:<11}  {micros:>6}  {result}")
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

    /// Calls and prints a line for each, up to the number that was asked for.
    pub(super) async fn run(
        &self,
        options: &DemoArgs,
        out: &mut impl Write,
    ) -> Result<(), Failure> {
        for number in 1..=options.calls.unwrap_or(u64::MAX) {
            if number > 1 {
                tokio::time::sleep(Duration::from_millis(options.interval)).await;
            }
            let began = Instant::now();
            let (call, protocol, result) = self.call(number).await;
            let attachments = self.received.get();
            let row = Row {
                number: &number.to_string(),
                call,
                protocol,
                provider: attachments.get_str(PROVIDER).unwrap_or("-"),
                micros: &began.elapsed().as_micros().to_string(),
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
        match number % 5 {
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

fn describe<T: fmt::Debug>(result: Result<T, Status>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(status) => match status.java() {
            Some(exception) => format!("{}: {}", exception.class(), status.message()),
            None => status.to_string(),
        },
    }
}
