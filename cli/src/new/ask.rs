//! Questions at a terminal.

use std::io::{BufRead, Write};

use super::usage;
use crate::failure::Failure;

/// Questions to somebody at a terminal, or to nobody: then the defaults are the answers.
pub(super) struct Questions<'a>(Option<(&'a mut dyn BufRead, &'a mut dyn Write)>);

impl<'a> Questions<'a> {
    /// Questions to whoever reads `output` and types `input`.
    pub(super) fn to(input: &'a mut impl BufRead, output: &'a mut impl Write) -> Self {
        Self(Some((input, output)))
    }

    /// Questions to nobody.
    pub(super) fn nobody() -> Self {
        Self(None)
    }

    /// Returns what `given` says, else the answer to a question, which `read` understands. Enter takes the
    /// default, and what `read` refuses is asked again.
    pub(super) fn unless<T>(
        &mut self,
        given: Option<&str>,
        question: &str,
        default: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, Failure> {
        let (None, Some((input, output))) = (given, &mut self.0) else {
            return read(given.unwrap_or(default)).map_err(|why| usage(&why));
        };
        loop {
            write!(output, "{question} [{default}]: ")?;
            output.flush()?;
            let mut line = String::new();
            if input.read_line(&mut line)? == 0 {
                writeln!(output)?;
                return Err(Failure::Failed(
                    "error: the input ended before all was answered\nhint: nothing was written"
                        .to_owned(),
                ));
            }
            let answer = Some(line.trim()).filter(|line| !line.is_empty()).unwrap_or(default);
            match read(answer) {
                Ok(read) => return Ok(read),
                Err(why) => writeln!(output, "  {why}")?,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Result<u8, String> {
        text.parse().map_err(|_| format!("{text:?} is no number"))
    }

    #[test]
    fn an_answer_is_asked_for_until_it_is_understood() {
        let (mut input, mut output) = (&b"x\n 7 \n\n"[..], Vec::new());
        let mut questions = Questions::to(&mut input, &mut output);
        assert_eq!(questions.unless(None, "How many?", "1", number).unwrap(), 7);
        // Enter.
        assert_eq!(questions.unless(None, "And now?", "2", number).unwrap(), 2);
        // Not asked.
        assert_eq!(questions.unless(Some("3"), "Never?", "2", number).unwrap(), 3);
        let told = String::from_utf8(output).unwrap();
        assert_eq!(told, "How many? [1]:   \"x\" is no number\nHow many? [1]: And now? [2]: ");
    }

    #[test]
    fn the_end_of_the_input_is_an_error() {
        let (mut input, mut output) = (&b""[..], Vec::new());
        let mut questions = Questions::to(&mut input, &mut output);
        let ended = questions.unless(None, "How many?", "1", number);
        assert!(matches!(ended, Err(Failure::Failed(_))), "{ended:?}");
    }

    #[test]
    fn nobody_takes_the_default() {
        let mut questions = Questions::nobody();
        assert_eq!(questions.unless(None, "How many?", "1", number).unwrap(), 1);
        let wrong = questions.unless(Some("x"), "How many?", "1", number);
        assert!(matches!(wrong, Err(Failure::Usage(_))), "{wrong:?}");
    }
}
