//! Arguments as the command line, files and stdin have them.

use std::io::{BufRead as _, IsTerminal as _, Read as _};

use dubhe::{Code, Status};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

/// A text and the place that it comes from, for errors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) place: String,
    pub(super) text: String,
}

/// The arguments of a call, of which those on stdin are not read yet.
#[derive(Debug)]
pub(super) struct Inputs(Vec<Input>);

#[derive(Debug)]
enum Input {
    Text(Text),
    File(Text),
    Stdin,
}

/// The messages that a stream sends.
#[derive(Debug)]
pub(super) enum Messages {
    These(Vec<Text>),
    /// A line of stdin each, as they are typed.
    Stdin,
}

impl Inputs {
    /// The arguments that `words` are.
    ///
    /// # Errors
    /// For a file that cannot be read, and a second `-`.
    pub(super) fn read(words: &[String]) -> Result<Self, String> {
        if words.iter().filter(|word| *word == "-").count() > 1 {
            return Err("- is there twice, and stdin can be read once".into());
        }
        let input = |(at, word): (usize, &String)| {
            let place = format!("argument {}", at + 1);
            Ok(match word.strip_prefix('@') {
                Some(path) => Input::File(Text { text: file(path)?, place: path.to_owned() }),
                None if word == "-" => Input::Stdin,
                None => Input::Text(Text { text: word.clone(), place }),
            })
        };
        Ok(Self(words.iter().enumerate().map(input).collect::<Result<_, String>>()?))
    }

    /// The number of arguments.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns true if there may be one value or many: all that is asked for is on stdin, or something in
    /// a file.
    pub(super) fn may_be_many(&self) -> bool {
        matches!(&*self.0, [Input::Stdin])
            || self.0.iter().any(|input| matches!(input, Input::File(_)))
    }

    /// Returns true if an argument is on stdin, which can be read once.
    pub(super) fn reads_stdin(&self) -> bool {
        self.0.iter().any(|input| matches!(input, Input::Stdin))
    }

    /// A value for each argument; stdin is read to its end.
    ///
    /// # Errors
    /// When stdin cannot be read, or is empty.
    pub(super) fn values(&self) -> Result<Vec<Text>, String> {
        let value = |input: &Input| match input {
            Input::Text(text) | Input::File(text) => Ok(text.clone()),
            Input::Stdin => {
                let mut text = String::new();
                std::io::stdin().lock().read_to_string(&mut text).map_err(cannot_read_stdin)?;
                let text = without_mark(text);
                if text.trim().is_empty() {
                    return Err("stdin is empty, and - asks for the argument there".into());
                }
                Ok(Text { place: "stdin".into(), text: without_end_of_line(text) })
            }
        };
        self.0.iter().map(value).collect()
    }

    /// The messages of a stream: an argument each, the lines of files and, for `-` or without any
    /// argument, those of stdin.
    ///
    /// # Errors
    /// For `-` beside other arguments.
    pub(super) fn messages(&self) -> Result<Messages, String> {
        if let [] | [Input::Stdin] = &*self.0 {
            return Ok(Messages::Stdin);
        }
        let mut all = Vec::new();
        for input in &self.0 {
            match input {
                Input::Text(text) => all.push(text.clone()),
                Input::File(file) => {
                    let lines = file.text.lines().enumerate();
                    let lines = lines.filter(|(_, line)| !line.trim().is_empty());
                    all.extend(lines.map(|(at, line)| numbered(&file.place, at, line.to_owned())));
                }
                Input::Stdin => {
                    let what = "- has all messages of the stream; give no others beside it";
                    return Err(what.into());
                }
            }
        }
        Ok(Messages::These(all))
    }
}

impl Messages {
    /// The same, all read, so that they can be sent again.
    ///
    /// # Errors
    /// When stdin cannot be read.
    pub(super) fn read_all(self) -> Result<Self, String> {
        let Self::Stdin = self else { return Ok(self) };
        Ok(Self::These(stdin_lines().collect::<Result<_, _>>()?))
    }

    /// The messages as they come.
    pub(super) fn stream(&self) -> BoxStream<'static, Result<Text, Status>> {
        match self {
            Self::These(all) => stream::iter(all.clone()).map(Ok).boxed(),
            Self::Stdin => lines(),
        }
    }
}

fn numbered(place: &str, at: usize, text: String) -> Text {
    Text { place: format!("line {} of {place}", at + 1), text }
}

fn file(path: &str) -> Result<String, String> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        format!("cannot read {path}: {error}; a text that begins with @ is written '\"@{path}\"'")
    })?;
    Ok(without_end_of_line(without_mark(text)))
}

/// The text without the mark of UTF-8 that it may begin with, which editors of Windows add.
fn without_mark(mut text: String) -> String {
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    text
}

/// The text without the end of its last line, which editors and shells add.
fn without_end_of_line(mut text: String) -> String {
    text.truncate(text.trim_end_matches(['\r', '\n']).len());
    text
}

fn cannot_read_stdin(error: std::io::Error) -> String {
    format!("cannot read stdin: {error}")
}

/// The lines of stdin that are not empty.
fn stdin_lines() -> impl Iterator<Item = Result<Text, String>> {
    let message = |(at, line): (usize, std::io::Result<String>)| match line {
        Ok(line) => {
            let line = if at == 0 { without_mark(line) } else { line };
            (!line.trim().is_empty()).then(|| Ok(numbered("stdin", at, line)))
        }
        Err(error) => Some(Err(cannot_read_stdin(error))),
    };
    std::io::stdin().lock().lines().enumerate().filter_map(message)
}

/// The lines of stdin that are not empty, as they are typed.
fn lines() -> BoxStream<'static, Result<Text, Status>> {
    if std::io::stdin().is_terminal() {
        use std::io::Write as _;
        // Whoever cannot be told types all the same.
        let _ = writeln!(std::io::stderr(), "one message a line; Ctrl-D ends them");
    }
    let (send, receive) = tokio::sync::mpsc::channel(1);
    // Reading blocks, and a thread of its own does not keep the process from ending.
    std::thread::spawn(move || {
        for line in stdin_lines() {
            if send.blocking_send(line).is_err() {
                return;
            }
        }
    });
    let lines = stream::unfold(receive, |mut receive| async {
        let line = receive.recv().await?;
        Some((line, receive))
    });
    lines.map_err(|text| Status::new(Code::InvalidArgument, text)).boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(words: &[&str]) -> Result<Inputs, String> {
        Inputs::read(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_file_is_one_value_or_a_message_a_line() {
        let folder = dubhe_testkit::Folder::new().unwrap();
        let path = folder.path().join("a.json").display().to_string();
        std::fs::write(&path, "1\n\n{\"a\":2}\n").unwrap();
        let inputs = inputs(&["x", &format!("@{path}")]).unwrap();
        let texts = |texts: Vec<Text>| -> Vec<(String, String)> {
            texts.into_iter().map(|text| (text.place, text.text)).collect()
        };
        let pair = |place: &str, text: &str| (place.to_owned(), text.to_owned());
        let first = pair("argument 1", "x");
        let file = pair(&path, "1\n\n{\"a\":2}");
        assert_eq!(texts(inputs.values().unwrap()), [first.clone(), file]);
        let Messages::These(all) = inputs.messages().unwrap() else { panic!("stdin is not asked") };
        let lines = [(1, "1"), (3, "{\"a\":2}")];
        let lines = lines.map(|(at, text)| pair(&format!("line {at} of {path}"), text));
        assert_eq!(texts(all), [&[first][..], &lines].concat());
    }

    #[test]
    fn stdin_is_for_one() {
        assert!(inputs(&["-", "-"]).unwrap_err().contains("twice"));
        assert!(inputs(&["-", "1"]).unwrap().messages().unwrap_err().contains("no others"));
        for all in [&[][..], &["-"]] {
            assert!(matches!(inputs(all).unwrap().messages(), Ok(Messages::Stdin)));
        }
        let missing = inputs(&["@no/such"]).unwrap_err();
        assert!(missing.contains("no/such") && missing.contains("'\"@no/such\"'"), "{missing}");
    }
}
