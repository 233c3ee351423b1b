//! The output of a call: its messages as they come, or all that is known of it in one object.

use std::io::Write;
use std::time::{Duration, Instant};

use dubhe::{Code, Metadata, Status, Value};
use dubhe_core::printable::Printable;

use super::explain::{self, Error, Explanation};
use super::invocation::Invocation;
use super::json_text::{Layout, object, quoted, write_line};
use super::options::Form;
use super::timing::Times;
use super::{CallArgs, PositionalArgs, repeat};
use crate::failure::Failure;

/// The receiver of what a call yields, in order.
pub(super) trait Receive {
    /// Takes the metadata at the head of the reply.
    fn head(&mut self, headers: &Metadata);

    /// Takes a message in JSON, one of many if `streamed`.
    ///
    /// # Errors
    /// When it cannot be passed on, which ends the call.
    fn message(&mut self, json: String, streamed: bool) -> Result<(), Error>;

    /// Takes the metadata at the end of a reply that went well.
    fn trailers(&mut self, trailers: &Metadata);
}

/// A receiver that only counts the call.
pub(super) struct Discard;

impl Receive for Discard {
    fn head(&mut self, _: &Metadata) {}

    fn message(&mut self, _: String, _: bool) -> Result<(), Error> {
        Ok(())
    }

    fn trailers(&mut self, _: &Metadata) {}
}

/// Prints what comes, and with `-v` what goes on, to stderr.
pub(super) struct Output<'a, W> {
    out: &'a mut W,
    arguments: &'a PositionalArgs,
    options: &'a CallArgs,
    times: &'a Times,
    /// The beginning of the call.
    began: Option<Instant>,
    colour: bool,
    repeated: bool,
    /// The results in the one object.
    messages: Vec<String>,
    streamed: bool,
    headers: Metadata,
    trailers: Metadata,
}

impl<'a, W: Write> Output<'a, W> {
    pub(super) fn new(
        out: &'a mut W,
        colour: bool,
        (arguments, options): (&'a PositionalArgs, &'a CallArgs),
        times: &'a Times,
    ) -> Self {
        Self {
            out,
            arguments,
            options,
            times,
            began: None,
            colour,
            repeated: false,
            messages: Vec::new(),
            streamed: false,
            headers: Metadata::new(),
            trailers: Metadata::new(),
        }
    }

    /// Begins the call: times count from here.
    pub(super) fn begin(&mut self) {
        self.began = Some(dubhe::time::now());
        if self.options.verbose {
            let (target, service) = (self.arguments.target.shown(), &self.arguments.service);
            let service = service.as_ref().map(ToString::to_string).unwrap_or_default();
            let method = self.arguments.method.as_deref().unwrap_or_default();
            note(format_args!("* {target} {service}/{method}"));
            for (key, value) in self.options.attachments() {
                note(format_args!("> {key}: {value}"));
            }
        }
    }

    /// Makes the call as often as is asked for, and prints how that went in place of the rest.
    pub(super) async fn repeat(&mut self, invocation: &Invocation<'_>) -> Result<(), Error> {
        self.repeated = true;
        let (ended, report) = repeat::run(invocation, (self.arguments, self.options)).await?;
        match self.options.output {
            Form::Text => write!(self.out, "{}", report.text)?,
            Form::Json => write_line(&report.json, self.layout(), self.out)?,
        }
        ended
    }

    /// Ends the call, with its error if it failed.
    pub(super) fn end(mut self, error: Option<&(Status, Explanation)>) -> Result<(), Failure> {
        if self.repeated {
            return Ok(());
        }
        let took = self.began.map(|began| began.elapsed());
        self.times.set(|times| times.end = took);
        if let Some((status, _)) = error {
            if self.headers.is_empty() {
                tell(self.options, status.headers(), "");
                self.headers = status.headers().clone();
            }
            self.trailers(status.trailers());
        }
        if self.options.verbose {
            let taken = self.times.taken();
            let parts: Vec<String> = taken
                .parts()
                .map(|(name, time)| format!("{} {:.3} ms", name.replace('_', " "), millis(time)))
                .collect();
            if !parts.is_empty() {
                note(format_args!("* {}", parts.join(", ")));
            }
        }
        if self.options.output == Form::Json {
            write_line(&self.json(error), self.layout(), self.out)?;
        }
        Ok(())
    }

    fn layout(&self) -> Layout {
        Layout { pretty: !self.options.compact, colour: self.colour }
    }

    /// All that is known of the call.
    fn json(&self, error: Option<&(Status, Explanation)>) -> String {
        let mut fields = called(self.arguments);
        let code =
            |name: &str, number: u8| [("code", quoted(name)), ("number", number.to_string())];
        match error {
            None => fields.extend(code("OK", 0)),
            Some((status, explanation)) => {
                fields.extend(code(status.code().name(), status.code().number()));
                fields.push(("message", quoted(&explanation.message)));
                fields.extend(explanation.hint.as_ref().map(|hint| ("hint", quoted(hint))));
                fields.extend(explain::exception(status).map(|(class, message)| {
                    let exception = [("class", quoted(&class)), ("message", quoted(&message))];
                    ("exception", object(exception))
                }));
            }
        }
        let list = || format!("[{}]", self.messages.join(","));
        match &*self.messages {
            _ if self.streamed => fields.push(("results", list())),
            [one] => fields.push(("result", one.clone())),
            _ => {}
        }
        let times = self.times.taken();
        let times = times.parts().map(|(name, time)| (name, format!("{:.3}", millis(time))));
        fields.extend([
            ("headers", metadata(&self.headers)),
            ("trailers", metadata(&self.trailers)),
            ("times_ms", object(times)),
        ]);
        object(fields)
    }
}

impl<W: Write> Receive for Output<'_, W> {
    fn head(&mut self, headers: &Metadata) {
        let took = self.began.map(|began| began.elapsed());
        self.times.set(|times| times.first_byte = took);
        tell(self.options, headers, "");
        self.headers = headers.clone();
    }

    fn message(&mut self, json: String, streamed: bool) -> Result<(), Error> {
        self.streamed = streamed;
        if self.options.output == Form::Json {
            self.messages.push(json);
            return Ok(());
        }
        let pretty = !streamed && !self.options.compact;
        write_line(&json, Layout { pretty, colour: self.colour }, self.out)?;
        Ok(self.out.flush()?)
    }

    fn trailers(&mut self, trailers: &Metadata) {
        tell(self.options, trailers, " (trailer)");
        self.trailers = trailers.clone();
    }
}

/// Prints a line for those who asked for more; stdout is for results alone.
fn note(line: std::fmt::Arguments<'_>) {
    // When stderr is gone, nobody asks any more.
    let _ = writeln!(std::io::stderr(), "{}", Printable(line));
}

fn tell(options: &CallArgs, metadata: &Metadata, of: &str) {
    if options.verbose {
        for (key, value) in metadata.iter() {
            note(format_args!("< {key}: {}{of}", shown(value)));
        }
    }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn metadata(metadata: &Metadata) -> String {
    object(metadata.iter().map(|(key, value)| (&**key, quoted(&shown(value)))))
}

/// Target, service and method as the fields of an object.
pub(super) fn called(arguments: &PositionalArgs) -> Vec<(&'static str, String)> {
    let service = arguments.service.as_ref().map(ToString::to_string).unwrap_or_default();
    let method = arguments.method.as_deref().unwrap_or_default();
    let target = arguments.target.shown();
    vec![("target", quoted(&target)), ("service", quoted(&service)), ("method", quoted(method))]
}

/// A time in milliseconds.
pub(super) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// The error of a reply that is not what it should be.
pub(super) fn unreadable(what: &str, error: &dyn std::fmt::Display) -> Status {
    Status::new(Code::Internal, format!("the reply is not a valid {what}: {error}"))
}
