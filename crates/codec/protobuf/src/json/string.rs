//! Escapes of strings.

/// The text of a string with escapes; `None` if one of them is not right.
pub(super) fn unescape(raw: &str) -> Option<String> {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, escape)) = rest.split_once('\\') {
        out.push_str(before);
        let mut characters = escape.chars();
        let character = match characters.next()? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            plain @ ('"' | '\\' | '/') => plain,
            'u' => {
                let (unit, after) = unit(characters.as_str())?;
                characters = after.chars();
                match unit {
                    0xd800..0xdc00 => {
                        let (low, after) = self::unit(after.strip_prefix("\\u")?)?;
                        characters = after.chars();
                        let low = low.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                        char::from_u32(0x1_0000 + ((unit - 0xd800) << 10) + low)?
                    }
                    unit => char::from_u32(unit)?,
                }
            }
            _ => return None,
        };
        out.push(character);
        rest = characters.as_str();
    }
    out.push_str(rest);
    Some(out)
}

/// The four digits of a `\u`, and what follows.
fn unit(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    Some((u32::from_str_radix(digits, 16).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::unescape;

    #[test]
    fn escapes_are_characters() {
        assert_eq!(unescape(r#"a\"\\\/\b\f\n\r\tz"#).as_deref(), Some("a\"\\/\u{8}\u{c}\n\r\tz"));
        assert_eq!(unescape(r"\u00e9\uD83D\uDe00!").as_deref(), Some("é😀!"));
        for wrong in [
            r"\x",
            r"\u12",
            r"\u+123",
            r"\ud83d",
            r"\ud83dx",
            r"\ud83d\n",
            r"\ud83dé",
            r"\ude00",
            r"\ud83d\ud83d",
        ] {
            assert_eq!(unescape(wrong), None, "{wrong}");
        }
    }
}
