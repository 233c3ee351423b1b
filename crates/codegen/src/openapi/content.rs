//! Content of bodies and responses: the media type that is taken of several, as it is sent and asked for.

use serde_json::Value;

use super::items::Media;

/// The content that is taken of several.
pub(super) struct Content<'a> {
    pub(super) kind: Media,
    pub(super) schema: &'a Value,
    /// Media types as the document has them, without their `charset`; none where it says nothing more than the kind.
    types: Vec<String>,
}

impl Content<'_> {
    /// The media type of a body that is sent.
    pub(super) fn sent(&self) -> String {
        let own = self.types.first().map(String::as_str);
        match self.kind {
            Media::Plain => format!("{}; charset=utf-8", own.unwrap_or("text/plain")),
            _ => own.unwrap_or("application/json").to_owned(),
        }
    }

    /// The media types that are asked for. What is no JSON is read whatever its type is, so that errors have their text.
    pub(super) fn accepted(&self) -> String {
        let own = self.types.join(", ");
        match self.kind {
            Media::Json if own.is_empty() => "application/json".to_owned(),
            Media::Json => own,
            Media::Plain if own.is_empty() => "text/plain, */*".to_owned(),
            _ if own.is_empty() => "*/*".to_owned(),
            _ => own + ", */*",
        }
    }
}

/// The content of a body or response: JSON before text, and both before bytes.
pub(super) fn content(of: &Value) -> Result<Option<Content<'_>>, String> {
    let Some(content) = of.get("content").and_then(Value::as_object).filter(|of| !of.is_empty())
    else {
        return Ok(None);
    };
    let find = |is: &dyn Fn(&str) -> bool| content.iter().find(|(media, _)| is(&essence(media)));
    let is_one = |media: &str| is_json(media) && !media.contains('*');
    let json = find(&|media| media == "application/json");
    if let Some((media, of)) = json.or_else(|| find(&is_one)).or_else(|| find(&is_json)) {
        let schema = of.get("schema").unwrap_or(&Value::Null);
        // Spring writes a String as it is, under any media type.
        let is_text =
            media.starts_with("*/") && schema.get("type").and_then(Value::as_str) == Some("string");
        let is_bytes = schema.get("format").and_then(Value::as_str) == Some("binary");
        let kind = match (is_bytes, is_text && schema.get("enum").is_none()) {
            (true, _) => Media::Bytes,
            (_, true) => Media::Plain,
            _ => Media::Json,
        };
        return Ok(Some(Content { kind, schema, types: named(media)?.into_iter().collect() }));
    }
    if let Some((media, _)) = find(&|media| media.starts_with("text/")) {
        let types = named(media)?.into_iter().collect();
        return Ok(Some(Content { kind: Media::Plain, schema: &Value::Null, types }));
    }
    let form = ["multipart/form-data", "application/x-www-form-urlencoded"];
    match content
        .keys()
        .map(|media| essence(media))
        .find(|media| form.contains(&media.as_str()) || media.starts_with("multipart/"))
    {
        Some(media) => Err(format!("{media} is not written; send it with `HttpClient::send`")),
        None => {
            let types = content.keys().filter_map(|media| named(media).ok().flatten()).collect();
            Ok(Some(Content { kind: Media::Bytes, schema: &Value::Null, types }))
        }
    }
}

/// A media type without its parameters.
fn essence(media: &str) -> String {
    media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn is_json(media: &str) -> bool {
    media == "*/*"
        || media == "application/*"
        || media == "application/json"
        || media.ends_with("+json")
}

/// A media type with its parameters but `charset`, since JSON has none, and other text is sent as UTF-8. None of one with
/// `*`, which names no type.
fn named(media: &str) -> Result<Option<String>, String> {
    let wrong = || format!("`{}` is no media type", media.escape_debug());
    let mut parts = media.trim().split(';');
    let own = parts.next().unwrap_or_default().trim();
    let (kind, sub) = own.split_once('/').ok_or_else(wrong)?;
    // What a header may have.
    let is_plain = media.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if !is_plain || !is_token(kind) || !is_token(sub) {
        return Err(wrong());
    }
    if own.contains('*') {
        return Ok(None);
    }
    let is_charset = |part: &&str| {
        let name = part.split('=').next().unwrap_or_default();
        name.trim().eq_ignore_ascii_case("charset")
    };
    let rest = parts.filter(|part| !part.trim().is_empty() && !is_charset(part));
    Ok(Some([own].into_iter().chain(rest).collect::<Vec<_>>().join(";")))
}

/// `true` for a name of HTTP, such as that of a header.
pub(super) fn is_token(name: &str) -> bool {
    let is_plain =
        |letter: char| letter.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(letter);
    !name.is_empty() && name.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_are_sent_as_they_are_named() {
        let own = |media: &str| named(media).map(Option::unwrap_or_default);
        for (media, sent) in [
            ("application/json", "application/json"),
            ("application/json;charset=UTF-8", "application/json"),
            ("application/vnd.shop.v2+json", "application/vnd.shop.v2+json"),
            ("application/vnd.shop+json; Charset=utf-8; v=2", "application/vnd.shop+json; v=2"),
            ("text/csv;header=present;", "text/csv;header=present"),
            ("*/*", ""),
            ("application/*+json", ""),
        ] {
            assert_eq!(own(media).as_deref(), Ok(sent), "{media}");
        }
        for media in ["json", "a b/c+json", "a/b+json;x=\n", "a/b+json;x=\u{e9}", "/+json"] {
            assert!(own(media).unwrap_err().ends_with("is no media type"), "{media}");
        }
    }
}
