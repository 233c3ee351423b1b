//! Templates: texts with `<<name>>` for values, and lines between `<<if name>>`, `<<else>>` and `<<end>>`,
//! each on a line of its own, that are there or not.

/// The values and conditions of a project.
#[derive(Debug, Default)]
pub(super) struct Values {
    texts: Vec<(&'static str, String)>,
    conditions: Vec<(&'static str, bool)>,
}

impl Values {
    /// Sets what stands for `<<name>>`.
    pub(super) fn text(&mut self, name: &'static str, text: impl Into<String>) {
        self.texts.push((name, text.into()));
    }

    /// Sets whether lines after `<<if name>>` are there.
    pub(super) fn condition(&mut self, name: &'static str, holds: bool) {
        self.conditions.push((name, holds));
    }

    /// Returns the text that `template` makes.
    ///
    /// # Errors
    /// When the template has a name that is not set, or a condition without its end.
    pub(super) fn fill(&self, template: &str) -> Result<String, String> {
        let mut out = String::new();
        // Whether the lines of each condition around this line are there.
        let mut open: Vec<bool> = Vec::new();
        for line in template.lines() {
            if let Some(name) = command(line).and_then(|command| command.strip_prefix("if ")) {
                open.push(lookup(&self.conditions, name)?);
            } else if command(line) == Some("else") {
                let last = open.last_mut().ok_or("<<else>> stands outside a condition")?;
                *last = !*last;
            } else if command(line) == Some("end") {
                open.pop().ok_or("<<end>> stands outside a condition")?;
            } else if open.iter().all(|there| *there) {
                self.fill_line(line, &mut out)?;
            }
        }
        if open.is_empty() { Ok(out) } else { Err("a condition has no <<end>>".to_owned()) }
    }

    fn fill_line(&self, line: &str, out: &mut String) -> Result<(), String> {
        let mut rest = line;
        while let Some((before, after)) = rest.split_once("<<") {
            let (name, after) =
                after.split_once(">>").ok_or_else(|| format!("no >> ends a name in {line:?}"))?;
            out.push_str(before);
            out.push_str(&lookup(&self.texts, name)?);
            rest = after;
        }
        out.push_str(rest);
        out.push('\n');
        Ok(())
    }
}

/// The words of a line that is nothing else than `<<words>>`.
fn command(line: &str) -> Option<&str> {
    line.strip_prefix("<<")?.strip_suffix(">>")
}

fn lookup<T: Clone>(values: &[(&'static str, T)], name: &str) -> Result<T, String> {
    let value = values.iter().find(|(known, _)| *known == name);
    value.map(|(_, value)| value.clone()).ok_or_else(|| format!("nothing is set for <<{name}>>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Values {
        let mut values = Values::default();
        values.text("name", "shop");
        values.condition("yes", true);
        values.condition("no", false);
        values
    }

    #[test]
    fn names_become_values() {
        assert_eq!(values().fill("a <<name>>, <<name>>.\n").unwrap(), "a shop, shop.\n");
        assert_eq!(values().fill("1 << 2").unwrap_err(), "no >> ends a name in \"1 << 2\"");
    }

    #[test]
    fn conditions_choose_lines_and_nest() {
        let template = "1\n<<if no>>\n2\n<<if yes>>\n3\n<<end>>\n<<else>>\n4\n<<end>>\n5\n";
        assert_eq!(values().fill(template).unwrap(), "1\n4\n5\n");
        assert_eq!(values().fill("<<if yes>>\n1\n<<else>>\n2\n<<end>>").unwrap(), "1\n");
    }

    #[test]
    fn what_is_not_set_is_an_error() {
        for wrong in
            ["<<nme>>", "x <<nme>>", "<<if nme>>\n<<end>>", "<<if yes>>", "<<end>>", "<<else>>"]
        {
            assert!(values().fill(wrong).is_err(), "{wrong}");
        }
    }
}
