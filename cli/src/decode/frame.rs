//! Frames of the dubbo protocol.

use bytes::Bytes;
use dubhe::Value;
use dubhe::hessian2::Decoder;
use dubhe_core::descriptor;
use dubhe_core::status::table::dubbo as status;
use dubhe_dubbo::body::Event;
use dubhe_dubbo::header::{Header, Kind, LEN, MAGIC, NegativeLength};
use dubhe_dubbo::serialization::SerializationId;

use super::printer::Printer;
use super::undecodable;
use crate::failure::Failure;

/// Names of the status bytes (Dubbo Java `Response`).
const STATUS: [(u8, &str); 12] = [
    (status::OK, "OK"),
    (status::SERIALIZATION_ERROR, "SERIALIZATION_ERROR"),
    (status::CLIENT_TIMEOUT, "CLIENT_TIMEOUT"),
    (status::SERVER_TIMEOUT, "SERVER_TIMEOUT"),
    (status::CHANNEL_INACTIVE, "CHANNEL_INACTIVE"),
    (status::BAD_REQUEST, "BAD_REQUEST"),
    (status::BAD_RESPONSE, "BAD_RESPONSE"),
    (status::SERVICE_NOT_FOUND, "SERVICE_NOT_FOUND"),
    (status::SERVICE_ERROR, "SERVICE_ERROR"),
    (status::SERVER_ERROR, "SERVER_ERROR"),
    (status::CLIENT_ERROR, "CLIENT_ERROR"),
    (status::SERVER_THREADPOOL_EXHAUSTED, "SERVER_THREADPOOL_EXHAUSTED"),
];

/// The meaning of the tags of a reply (Dubbo Java `DubboCodec`).
const REPLY_TAGS: [(i32, &str); 6] = [
    (0, "exception"),
    (1, "value"),
    (2, "null"),
    (3, "exception, attachments"),
    (4, "value, attachments"),
    (5, "null, attachments"),
];

/// The strings that a request begins with.
const CALL: [&str; 5] = ["dubbo version", "service", "service version", "method", "types"];

/// Prints all frames of `input`.
pub(super) fn print_all(input: &Bytes, printer: &mut Printer<'_>) -> Result<(), Failure> {
    let (mut at, mut number) = (0, 0);
    while at < input.len() {
        number += 1;
        let header = header(input, at)?;
        let length = usize::try_from(header.length).unwrap_or(usize::MAX);
        let start = at + LEN;
        let end = start.saturating_add(length).min(input.len());
        let body = input.slice(start..end);
        printer.title(&format!("frame {number} at byte {at}: {}", kind(header.kind)))?;
        print_header(&header, at, printer)?;
        print_body(&header, &body, start, printer)?;
        if body.len() < length {
            return Err(Failure::Failed(format!(
                "error at byte {end}: the input ends after {} of {length} bytes of the body",
                body.len()
            )));
        }
        at = end;
    }
    Ok(())
}

fn header(input: &Bytes, at: usize) -> Result<Header, Failure> {
    let rest = input.get(at..).unwrap_or_default();
    let failed = |what: String| Failure::Failed(format!("error at byte {at}: {what}"));
    if !rest.starts_with(&MAGIC) {
        return Err(failed(format!(
            "{} bytes begin no frame; a frame begins with da bb",
            rest.len()
        )));
    }
    let Some(bytes) = rest.first_chunk::<LEN>() else {
        return Err(failed(format!(
            "the input ends after {} of {LEN} bytes of a header",
            rest.len()
        )));
    };
    Header::parse(bytes)
        .map_err(|NegativeLength(n)| failed(format!("the header declares a body of {n} bytes")))
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Call { two_way: true } => "request",
        Kind::Call { two_way: false } => "request, one-way",
        Kind::Event { two_way: true } => "event, answer expected",
        Kind::Event { two_way: false } => "event",
        Kind::Reply { .. } => "reply",
        Kind::EventReply { .. } => "answer to an event",
    }
}

fn print_header(header: &Header, at: usize, printer: &mut Printer<'_>) -> Result<(), Failure> {
    let [_, _, flags, ..] = header.to_bytes();
    let serialization = header.serialization;
    printer.line(at + 2, "flags", &format!("{flags:02x}"))?;
    printer.line(at + 2, "serialization", &serialization.to_string())?;
    if let Kind::Reply { status } | Kind::EventReply { status } = header.kind {
        let name = STATUS.iter().find(|(s, _)| *s == status).map_or("unknown", |(_, name)| name);
        printer.line(at + 3, "status", &format!("{status} {name}"))?;
    }
    // Java prints ids signed.
    printer.line(at + 4, "request id", &header.id.cast_signed().to_string())?;
    Ok(printer.line(at + 12, "body", &format!("{} bytes", header.length))?)
}

fn print_body(
    header: &Header,
    bytes: &Bytes,
    start: usize,
    printer: &mut Printer<'_>,
) -> Result<(), Failure> {
    if bytes.is_empty() {
        return Ok(());
    }
    if header.serialization != SerializationId::HESSIAN2 {
        printer.raw(start, "content", bytes)?;
        let what = format!("of {} is not decoded, only hessian2 is", header.serialization);
        return Ok(printer.line(start, "", &what)?);
    }
    let mut body = Body { decoder: Decoder::shared(bytes), start, printer };
    match header.kind {
        Kind::Event { .. } | Kind::EventReply { .. } => body.event(bytes),
        Kind::Call { .. } => body.call(),
        Kind::Reply { status: status::OK } => body.reply(),
        Kind::Reply { .. } => body.item("error").map(drop),
    }?;
    body.rest()
}

/// A body of hessian2, printed as it is read.
struct Body<'a, 'p> {
    decoder: Decoder<'a>,
    start: usize,
    printer: &'a mut Printer<'p>,
}

impl Body<'_, '_> {
    fn item(&mut self, name: &str) -> Result<Value, Failure> {
        let at = self.start + self.decoder.position();
        let value = self.decoder.read_value().map_err(|error| undecodable(self.start, &error))?;
        self.printer.item(at, name, &value)?;
        Ok(value)
    }

    fn event(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let name = match Event::read(bytes) {
            Event::Heartbeat => "heartbeat",
            Event::Readonly => "readonly",
            Event::Writeable => "writeable",
            Event::Other => "unknown event",
        };
        self.item(name).map(drop)
    }

    fn call(&mut self) -> Result<(), Failure> {
        let mut types = Value::Null;
        for name in CALL {
            types = self.item(name)?;
        }
        let at = self.start + self.decoder.position();
        let count = descriptor::count(types.as_str().unwrap_or_default()).map_err(|_| {
            Failure::Failed(format!("error at byte {at}: the types are not JVM descriptors"))
        })?;
        for number in 1..=count {
            self.item(&format!("argument {number}"))?;
        }
        self.attachments()
    }

    fn reply(&mut self) -> Result<(), Failure> {
        let at = self.start + self.decoder.position();
        let tag = self.decoder.read_i32().map_err(|error| undecodable(self.start, &error))?;
        let Some((_, follows)) = REPLY_TAGS.iter().find(|(t, _)| *t == tag) else {
            let text = format!("error at byte {at}: no reply begins with the tag {tag}");
            return Err(Failure::Failed(text));
        };
        self.printer.line(at, "tag", &format!("{tag} ({follows})"))?;
        if follows.starts_with("exception") {
            self.item("exception")?;
        } else if follows.starts_with("value") {
            self.item("value")?;
        }
        if follows.ends_with("attachments") { self.attachments() } else { Ok(()) }
    }

    fn attachments(&mut self) -> Result<(), Failure> {
        if self.decoder.is_at_end() { Ok(()) } else { self.item("attachments").map(drop) }
    }

    /// Skips what follows the last item, which means nothing; dubbo-go leaves a byte there.
    fn rest(&mut self) -> Result<(), Failure> {
        if self.decoder.is_at_end() {
            return Ok(());
        }
        let at = self.start + self.decoder.position();
        Ok(self.printer.raw(at, "left over", self.decoder.remaining())?)
    }
}
