//! Checks that lists of `dubhe registry` are readable.

use crate::Result;

/// The characters of the longest line: a revision of dubbo-go has 128 of them, and its key is printed whole,
/// as `dubhe registry get` takes it.
const LINE: usize = 220;

/// Checks that a list reads well: lines that fit, and columns below their heads.
pub(crate) fn readable(printed: &str) -> Result<()> {
    let mut columns: Vec<usize> = Vec::new();
    for line in printed.lines() {
        let characters: Vec<char> = line.chars().collect();
        if characters.len() > LINE {
            return Err(format!("a line is too long in {printed}").into());
        }
        if line.is_empty() {
            columns.clear();
        } else if columns.is_empty() {
            let begins = |at: &usize| {
                let before = at.checked_sub(1).and_then(|before| characters.get(before));
                characters.get(*at) != Some(&' ') && before.is_none_or(|before| *before == ' ')
            };
            columns = (0..characters.len()).filter(begins).collect();
        } else if columns
            .iter()
            .skip(1)
            .any(|at| !matches!(characters.get(at - 1), None | Some(' ')))
        {
            return Err(format!("the line has other columns than its head: {line}").into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::readable;

    #[test]
    fn columns_stand_below_their_heads() {
        assert!(readable("NAME  COUNT\na     1\nbbbb  2\n\nKEY  X\nlong\n").is_ok());
        assert!(readable("NAME  COUNT\nlonger than its head\n").is_err());
        assert!(readable(&"x".repeat(300)).is_err());
    }
}
