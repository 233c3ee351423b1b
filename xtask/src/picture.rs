//! The picture of the demo: its output as an SVG.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use crate::Result;
use crate::process::output;
use crate::repo::root;
use crate::tally::Tally;

const FILE: &str = "docs/demo.svg";
/// The calls on the picture.
const CALLS: &str = "10";

/// Pixels of a character, a line, and the margin around the text.
const CHARACTER: f64 = 8.4;
const LINE: usize = 19;
const MARGIN: usize = 20;

/// Runs the demo and writes the picture anew.
pub(crate) fn run(tally: &mut Tally) -> Result<()> {
    let mut demo = Command::new("cargo");
    demo.args(["run", "--quiet", "--release", "--bin", "dubhe", "--", "demo", "--calls", CALLS]);
    let text = output(demo.args(["--interval", "100"]).current_dir(root()))?;
    // The program is called as users call it, wherever cargo put it.
    let text = text.replace("target/release/dubhe", "dubhe");
    fs::write(root().join(FILE), svg(&format!("$ dubhe demo\n{text}")))?;
    tally.pass(FILE);
    Ok(())
}

/// The text on a dark ground; lines of headings and results in brighter colours.
fn svg(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    let longest = lines.iter().map(|line| line.chars().count()).max().unwrap_or_default();
    let width = longest as f64 * CHARACTER + 2.0 * MARGIN as f64;
    let height = lines.len() * LINE + 2 * MARGIN;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height}\" \
         font-family=\"ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" font-size=\"14\">\n\
         <title>Output of dubhe demo</title>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#10141c\"/>\n"
    );
    for (number, line) in lines.iter().enumerate().filter(|(_, line)| !line.is_empty()) {
        let y = MARGIN + number * LINE + LINE * 3 / 4;
        let (colour, line) = (colour(line), escaped(line));
        let at = format!("x=\"{MARGIN}\" y=\"{y}\"");
        // Writing to a string cannot fail.
        let _ = writeln!(out, "<text {at} fill=\"{colour}\" xml:space=\"preserve\">{line}</text>");
    }
    out + "</svg>\n"
}

/// Commands are blue, rows of the table green, the rest is grey.
fn colour(line: &str) -> &'static str {
    let first = line.trim_start().chars().next().unwrap_or_default();
    match first {
        '$' => "#79b8ff",
        '#' => "#e6edf3",
        '0'..='9' => "#7ee787",
        _ => "#aab4c0",
    }
}

fn escaped(line: &str) -> String {
    line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::svg;

    #[test]
    fn a_picture_has_each_line_as_it_was() {
        let picture = svg("$ dubhe demo\n\n  1  greet(\"A\")  a < b & c\n");
        assert_eq!(picture.matches("<text").count(), 2);
        assert!(picture.contains(">  1  greet(\"A\")  a &lt; b &amp; c</text>"), "{picture}");
        assert!(picture.ends_with("</svg>\n"));
    }
}
