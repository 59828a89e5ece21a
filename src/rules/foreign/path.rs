//! `.mail`, `this.id`, `row["a"]`, `[user][name]`, `/user/mail`, `.a | ascii_downcase`: paths of other languages, which are
//! constants here. Only a whole text is one, and only without quotes where it could be meant as text.

use crate::diag::Diagnostic;
use crate::rules::Node;

/// What other languages call the record.
const RECORDS: &[&str] =
    &["this", "self", "var", "row", "record", "input", "event", "source", "doc", "payload", "r", "u", "x", "d", "o"];

/// Names that may be the record, or a member of it.
const MEMBERS: &[&str] = &["user", "data"];

/// Ends of domains and file names.
const ENDINGS: &str = "com net org edu gov info biz dev app io json csv tsv txt xml yaml yml log js ts py rb sql html htm \
                       pdf png jpg jpeg gif svg zip gz md ini conf env exe local localhost";

/// A whole text that is a path or an expression of another language.
pub(super) fn check(node: &Node, text: &str) -> Option<Diagnostic> {
    let trimmed = text.trim();
    let (what, help) = piped(trimmed).or_else(|| case_when(trimmed)).or_else(|| {
        let is_plain = node.plain().is_some();
        brackets(trimmed).or_else(|| if is_plain { plain(trimmed) } else { None })
    })?;
    let message = format!("`{text}` is text, and looks like {what}");
    Some(Diagnostic::warning("R216", node.span, message, help))
}

type Meant = (&'static str, String);

fn plain(text: &str) -> Option<Meant> {
    let help = |reference: String| format!("write `{reference}`; for the text itself write {}", in_code(text));
    if let Some(path) = text.strip_prefix('.') {
        return members(path).map(|names| ("a path of jq or VRL", help(reference(&names))));
    }
    if let Some(path) = text.strip_prefix('/') {
        let names: Vec<&str> = path.split('/').collect();
        let is_pointer = names.len() > 1 && names.iter().all(|name| is_name(name)) && !is_ending(names.last()?);
        return is_pointer.then(|| ("a JSON pointer", help(reference(&names))));
    }
    if let Some(at) = text.find('[').filter(|at| text.get(..*at).is_some_and(is_name)) {
        let names = quoted_members(text.get(at..)?)?;
        return Some(("a member of another language", help(reference(&names))));
    }
    let (root, rest) = text.split_once('.')?;
    let names = members(rest)?;
    if MEMBERS.contains(&root) {
        let (short, long) = (reference(&names), reference(&[&[root], names.as_slice()].concat()));
        let help = format!(
            "write `{short}`, or `{long}` if the record has `{root}`; for the text itself write {}",
            in_code(text)
        );
        return Some(("a reference without its dollar", help));
    }
    RECORDS.contains(&root).then(|| ("a reference without its dollar", help(reference(&names))))
}

/// `a.b`, whose end is not that of a domain or file.
fn members(path: &str) -> Option<Vec<&str>> {
    let names: Vec<&str> = path.split('.').collect();
    (names.iter().all(|name| is_name(name)) && !is_ending(names.last()?)).then_some(names)
}

/// `["a"]['b']`
fn quoted_members(mut text: &str) -> Option<Vec<&str>> {
    let mut names = Vec::new();
    while let Some(inner) = text.strip_prefix('[') {
        let quote = inner.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (name, rest) = inner.get(1..)?.split_once(quote)?;
        names.push(name);
        text = rest.strip_prefix(']')?;
    }
    (text.is_empty() && names.iter().all(|name| !name.contains('\''))).then_some(names)
}

/// `[user][name]`, as Logstash writes it.
fn brackets(text: &str) -> Option<Meant> {
    let names: Vec<&str> = text.strip_prefix('[')?.strip_suffix(']')?.split("][").collect();
    let is_path = names.len() > 1 && names.iter().all(|name| is_name(name));
    is_path.then(|| ("a field of Logstash", format!("write `{}`", reference(&names))))
}

/// `.a | ascii_downcase`
fn piped(text: &str) -> Option<Meant> {
    let (path, filters) = text.split_once('|')?;
    let names: Vec<&str> = path.trim().strip_prefix('.')?.split('.').collect();
    if !names.iter().all(|name| is_name(name)) || filters.trim().is_empty() {
        return None;
    }
    let help = format!(
        "write `{{ from: {}, do: [ … ] }}`, with the steps in place of `{}`",
        reference(&names),
        filters.trim()
    );
    Some(("a filter of jq", help))
}

/// `CASE WHEN a = 1 THEN 'x' ELSE 'y' END`
fn case_when(text: &str) -> Option<Meant> {
    let lower = text.to_ascii_lowercase();
    let is_case = lower.starts_with("case ") && lower.contains(" then ") && lower.ends_with(" end");
    let help = "write `{ value: …, when: { $.field: … }, otherwise: … }`, or a lookup for several values";
    is_case.then(|| ("a `CASE` of SQL", help.to_owned()))
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_alphabetic() || c == '_') && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}

fn is_ending(name: &str) -> bool {
    ENDINGS.split(' ').any(|ending| ending.eq_ignore_ascii_case(name))
}

fn reference(names: &[&str]) -> String {
    let member = |name: &&str| if is_name(name) { format!(".{name}") } else { format!("['{name}']") };
    format!("${}", names.iter().map(member).collect::<String>())
}

fn in_code(text: &str) -> String {
    if text.contains('"') { format!("`'{}'`", text.replace('\'', "''")) } else { format!("`\"{text}\"`") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_not_taken_for_a_path() {
        for text in
            [".net", "example.com", "user.json", "a.b", "/home", "Mr. Smith", ".5", "v1.2", "/a/b.txt", "x.1", "..."]
        {
            assert_eq!(plain(text), None, "{text}");
        }
        for text in ["[x]", "[a, b]", "a | b", "case closed", "yes | no"] {
            assert!(brackets(text).or_else(|| piped(text)).or_else(|| case_when(text)).is_none(), "{text}");
        }
    }
}
