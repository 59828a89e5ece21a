//! The reference for a name from another language.

use super::tokens::reference_length;
use crate::rules::condition::Subject;
use crate::rules::reference;

/// The names of the record in templates of other languages.
const RECORDS: &[&str] = &["record", "row", "this", "input", "source", "legacy", "doc", "root"];

/// The names of the element of a list there.
const ELEMENTS: &[&str] = &["item", "it", "element", "@"];

/// The variables of the rule language, which begin with a dollar here.
const VARIABLES: &[&str] = &["params", "account", "facts"];

/// The reference for `record.last`, `.last`, `item.kind`, `last`; `None` if the text is not a name.
pub(in crate::rules) fn reference_for(name: &str, subject: Subject) -> Option<String> {
    let name = name.trim();
    if reference::is_reference(name) {
        return (reference_length(name) == Some(name.len())).then(|| name.to_owned());
    }
    if let Some(member) = name.strip_prefix('.') {
        return is_path(member).then(|| format!("$.{member}"));
    }
    if !is_path(name) {
        return dashed(name, subject);
    }
    let (first, rest) = match name.split_once('.') {
        Some((first, rest)) => (first, Some(rest)),
        None => (name, None),
    };
    Some(match rest {
        Some(rest) if RECORDS.contains(&first) => format!("$.{rest}"),
        Some(rest) if ELEMENTS.contains(&first) => format!("$item.{rest}"),
        Some(_) if VARIABLES.contains(&first) => format!("${name}"),
        None if subject == Subject::Element && matches!(first, "item" | "it" | "index" | "key") => {
            format!("${}", if first == "it" { "item" } else { first })
        }
        _ => format!("{}.{name}", subject.base()),
    })
}

/// Whether a text consists of members separated by dots: `a.b`, `name.a[0]`.
fn is_path(text: &str) -> bool {
    let text = text.trim_start_matches('.');
    text.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '@'))
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '[' | ']' | '@'))
        && !text.ends_with('.')
        && reference::parse(&format!(".{}", text.trim_start_matches("@."))).is_ok()
}

/// `user-name`, `First Name`: names that need brackets.
fn dashed(name: &str, subject: Subject) -> Option<String> {
    let is_name = name.starts_with(|c: char| c.is_alphabetic())
        && name.split([' ', '-', ':']).count() <= 3
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ' ' | ':'));
    is_name.then(|| format!("{}['{name}']", subject.base()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_other_languages_have_a_reference() {
        let cases = [
            ("last", "$.last"),
            ("record.last", "$.last"),
            (".last.name", "$.last.name"),
            ("user.last", "$.user.last"),
            ("item.kind", "$item.kind"),
            ("params.zone", "$params.zone"),
            ("$.x", "$.x"),
            ("user-name", "$['user-name']"),
        ];
        for (name, wanted) in cases {
            assert_eq!(reference_for(name, Subject::Record).as_deref(), Some(wanted), "{name}");
        }
        assert_eq!(reference_for("kind", Subject::Element).as_deref(), Some("$item.kind"));
        assert_eq!(reference_for("key", Subject::Element).as_deref(), Some("$key"));
        assert_eq!(reference_for("\"a\": 1", Subject::Record), None);
    }
}
