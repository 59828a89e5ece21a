//! Where placeholders stand in texts that are XML or JSON. Escaping is right only where a reader reverses it.

/// Stands for each placeholder.
pub(super) const MARK: char = '\u{1}';

/// Parts of XML in which references are not read, or in which a value does not belong.
const OPAQUE: [(&str, &str); 3] = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")];

/// Whether every mark is in character data or in the quoted value of an attribute.
pub(super) fn fits_xml(text: &str) -> bool {
    let (mut rest, mut in_tag, mut quote) = (text, false, None);
    while let Some(c) = rest.chars().next() {
        let opaque = OPAQUE.iter().find(|(start, _)| !in_tag && rest.starts_with(start));
        if let Some((start, end)) = opaque {
            let (inside, after) = rest.get(start.len()..).unwrap_or_default().split_once(end).unwrap_or((rest, ""));
            if inside.contains(MARK) {
                return false;
            }
            rest = after;
            continue;
        }
        match (in_tag, quote, c) {
            (true, None, MARK) => return false,
            (false, _, '<') => in_tag = true,
            (true, None, '>') => in_tag = false,
            (true, None, '"' | '\'') => quote = Some(c),
            (true, Some(open), _) if open == c => quote = None,
            _ => {}
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    true
}

/// Whether every mark is within a string, and not behind a backslash.
pub(super) fn fits_json(text: &str) -> bool {
    let (mut in_string, mut is_escaped) = (false, false);
    for c in text.chars() {
        match c {
            MARK if !in_string || is_escaped => return false,
            '"' if !is_escaped => in_string = !in_string,
            _ => {}
        }
        is_escaped = c == '\\' && !is_escaped && in_string;
    }
    true
}

/// Whether a content type or the declaration of an XML document says nothing else than UTF-8, in which bodies are sent.
pub(super) fn is_utf8(content_type: &str, text: &str) -> bool {
    let (content_type, text) = (content_type.to_ascii_lowercase(), text.trim_start().to_ascii_lowercase());
    let mut charsets = content_type.split("charset").skip(1);
    let declaration =
        text.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>")).map_or("", |(inside, _)| inside);
    let encoding = declaration.split_once("encoding").map(|(_, rest)| rest);
    let says_utf8 = |rest: &str| {
        let value = rest.trim_start_matches([' ', '=', '"', '\'']);
        value.strip_prefix("utf-8").is_some_and(|after| !after.starts_with(|c: char| c.is_alphanumeric()))
    };
    charsets.all(says_utf8) && encoding.is_none_or(says_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(text: &str) -> String {
        text.replace('*', "\u{1}")
    }

    #[test]
    fn values_of_xml_stand_in_text_and_quoted_attributes() {
        for text in ["<a>*</a>", "<a b='*'/>", "<a b=\"*>\" c='\"*'>*</a>", "<?xml version='1.0'?><!-- x --><a>*</a>"] {
            assert!(fits_xml(&marked(text)), "{text}");
        }
        for text in
            ["<a><![CDATA[*]]></a>", "<!-- * --><a/>", "<*/>", "<a *='b'/>", "<a b=*/>", "<?xml * ?><a/>", "<![CDATA[*"]
        {
            assert!(!fits_xml(&marked(text)), "{text}");
        }
    }

    #[test]
    fn values_of_json_stand_in_strings() {
        for text in [r#"{"a":"*"}"#, r#"{"*":1}"#, r#"["\"*", "\\*"]"#, "{}"] {
            assert!(fits_json(&marked(text)), "{text}");
        }
        for text in [r#"{"a":*}"#, r#"["a",*]"#, r#"{"a":"\*"}"#, r#"{"a":"b"*}"#, "*"] {
            assert!(!fits_json(&marked(text)), "{text}");
        }
    }

    #[test]
    fn charsets_are_utf8_or_not_written() {
        for (content_type, text) in [
            ("text/xml", "<a/>"),
            ("text/xml; charset=UTF-8", "<?xml version='1.0' encoding='utf-8'?><a/>"),
            ("application/json;charset=\"utf-8\"", "{}"),
            ("text/xml", "<?xml version='1.0'?><a encoding='latin1'/>"),
        ] {
            assert!(is_utf8(content_type, text), "{content_type} {text}");
        }
        for (content_type, text) in [
            ("text/xml; charset=iso-8859-1", "<a/>"),
            ("text/xml; charset=utf-16", "<a/>"),
            ("text/xml", "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a/>"),
        ] {
            assert!(!is_utf8(content_type, text), "{content_type} {text}");
        }
    }
}
