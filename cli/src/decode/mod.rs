//! `dubhe decode`: captured bytes, readably.

mod date;
mod frame;
mod input;
mod printer;

use std::io::Write;

use bytes::Bytes;
use dubhe_dubbo::header::MAGIC;
use dubhe_hessian2::{self as hessian2, Decoder};

use crate::failure::Failure;
use printer::Printer;

/// Print captured dubbo frames or Hessian 2 values readably.
///
/// What begins with da bb is read as frames, anything else as Hessian 2 values, one after the
/// other. Numbers in front are offsets in bytes.
#[derive(Debug, clap::Args)]
pub(crate) struct DecodeArgs {
    /// Hex digits, with or without spaces; a file of them or of raw bytes; or - for stdin
    #[arg(value_name = "HEX|FILE|-")]
    input: Vec<String>,
}

/// Reads what was asked for and prints it, up to the first error.
pub(crate) fn run(options: &DecodeArgs, out: &mut impl Write) -> Result<(), Failure> {
    let input = input::read(&options.input)?;
    let mut printer = Printer::new(out);
    if input.starts_with(&MAGIC) {
        frame::print_all(&input, &mut printer)
    } else {
        print_values(&input, &mut printer)
    }
}

fn print_values(input: &Bytes, printer: &mut Printer<'_>) -> Result<(), Failure> {
    let mut decoder = Decoder::shared(input);
    while !decoder.is_at_end() {
        let at = decoder.position();
        let value = decoder.read_value().map_err(|error| undecodable(0, &error))?;
        printer.item(at, "", &value)?;
    }
    Ok(())
}

/// An error within a message that begins at byte `base` of the input.
fn undecodable(base: usize, error: &hessian2::Error) -> Failure {
    let text = error.to_string();
    let Some(offset) = error.offset() else { return Failure::Failed(format!("error: {text}")) };
    // The error's own offset counts from the start of its message.
    let detail = text.split_once(": ").map_or(&*text, |(_, detail)| detail);
    Failure::Failed(format!("error at byte {}: {detail}", base + offset))
}
