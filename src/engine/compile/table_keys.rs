//! Keys of a table that are not what they look like: `default` for all others, `null` for no value, `True` for a boolean.

use crate::diag::{Diagnostic, Findings};
use crate::rules::syntax::{LookupDef, LookupSource};

/// Reports such keys. Quotes say that the text is meant, except for signs that need them.
pub(super) fn check(def: &LookupDef, fold_blank: bool, findings: &mut Findings) {
    let LookupSource::Inline(entries) = &def.source else { return };
    for (key, _) in entries {
        let text = key.text.as_str();
        let is_quoted = key.span.end.saturating_sub(key.span.start) > text.len();
        let (message, help) = match text {
            "" if fold_blank => (
                "blank text counts as no value, which is never looked up".to_owned(),
                "remove the entry; write `default: …` in the rule for no value".to_owned(),
            ),
            "*" => catch_all(def, text),
            _ if is_quoted => continue,
            "default" | "_" | "else" | "otherwise" => catch_all(def, text),
            "null" | "Null" | "NULL" | "~" => (
                format!("`{text}` is the text `{text}`: no value is never looked up"),
                format!("write `default: …` in the rule for no value, or `\"{text}\"` for the text"),
            ),
            "True" | "TRUE" | "False" | "FALSE" => (
                format!("`{text}` is the text `{text}` as a key, not a boolean"),
                format!("write `{}` for the boolean, or `\"{text}\"` for the text", text.to_ascii_lowercase()),
            ),
            _ => continue,
        };
        findings.push(Diagnostic::warning("R113", key.span, message, help));
    }
}

fn catch_all(def: &LookupDef, key: &str) -> (String, String) {
    let name = &def.name.text;
    let message = format!("`{key}` is a key like any other, not the value for all others");
    let mut help = format!("write `lookup: {{ table: {name}, default: … }}` where the table is used");
    if key != "*" {
        help.push_str(&format!("; for the text itself write `\"{key}\"`"));
    }
    (message, help)
}
