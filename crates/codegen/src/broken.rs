//! Texts that are broken by chance, the same each time.

const WORDS: [&str; 14] = [
    "null",
    "7",
    "\"\"",
    "[]",
    "{}",
    "\"$ref\"",
    "\"#/components/schemas/Order\"",
    "\"object\"",
    "\"r#x\"",
    "\"int[]\"",
    "\"?\"",
    "\"a.B<c.D>\"",
    "\"\\u0000{}\"",
    "true",
];

/// `count` texts, each with a few values in quotes of `text` replaced by words or by others of its values.
pub(crate) fn texts(text: &str, count: usize) -> Vec<String> {
    let parts: Vec<&str> = text.split_inclusive('"').collect();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let below = u64::try_from(below).unwrap_or(1);
        usize::try_from(state % below).unwrap_or(0)
    };
    let mut texts = Vec::new();
    for _ in 0..count {
        let mut parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
        let last = parts.len() - 1;
        for _ in 0..=next(4) {
            let at = next(parts.len());
            match next(3) {
                // Of every second part the text is between quotes.
                0 => {
                    parts[(at | 1).min(last)] =
                        WORDS[next(WORDS.len())].trim_matches('"').to_owned() + "\"";
                }
                1 => parts[at] = parts[next(parts.len())].clone(),
                _ => {
                    let word = WORDS[next(WORDS.len())];
                    parts[at] = parts[at].replacen("[]", word, 1).replacen("{}", word, 1);
                }
            }
        }
        texts.push(parts.concat());
    }
    texts
}
