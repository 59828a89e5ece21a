//! Masks secrets that are written in the settings file, so that findings do not show them.

use super::settings::is_secret_name;
use crate::rules::{Node, NodeKind};

/// The section of the rule parameters; members whose names suggest a secret are secrets.
const PARAMS: &str = "params";

/// The sections that contain secrets, each with those of its members that are not secret. All other members count as
/// secrets, because a misspelt key may contain a secret; elements of lists have no names. Other sections contain no
/// secrets.
const OPEN: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "listen",
            "rules",
            "params",
            "tenant",
            "identifier",
            "source",
            "target",
            "ledger",
            "password",
            "lane",
            "login",
            "guard",
            "hooks",
            "service",
            "log",
        ],
    ),
    ("ledger", &["url", "anchor"]),
    ("ledger.anchor", &["every", "file", "webhook"]),
    ("ledger.anchor.webhook", &["url"]),
    (
        "source",
        &[
            "kind",
            "name",
            "path",
            "format",
            "logins",
            "unique_logins",
            "record_limit",
            "records",
            "spool",
            "record",
            "lists",
            "list_rows",
            "connections",
        ],
    ),
    ("password", &["argon2", "peppers", "decoy", "longest_check", "plain_text"]),
    ("password.peppers", &["id"]),
    ("hooks", &["before_fetch", "after_fetch", "before_create", "after_create", "on_refusal", "webhooks"]),
    ("hooks.webhooks", &["name", "url", "events"]),
    (
        "service",
        &[
            "callers",
            "nonces",
            "tls",
            "allow_plain_http",
            "trusted_proxies",
            "header_timeout",
            "body_timeout",
            "request_timeout",
            "idle_timeout",
            "body_limit",
            "header_limit",
            "connections",
            "connections_per_peer",
            "streams",
            "requests",
            "unverified",
            "notice",
            "drain",
        ],
    ),
    ("service.callers", &["name", "basic"]),
    ("service.callers.basic", &["user"]),
];

/// Whether a value is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Open,
    Secret,
}

/// The text with every character of a secret replaced by as many `*` as it has bytes, so that all positions stay the
/// same.
pub(super) fn masked(text: &str, node: &Node) -> String {
    let mut bytes = text.as_bytes().to_vec();
    mask(&mut bytes, "", node, Shown::Open);
    // only whole characters were replaced
    String::from_utf8(bytes).unwrap_or_default()
}

/// The same for a text that cannot be parsed: only known words before a colon are kept.
pub(super) fn masked_blindly(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if !matches!(character, ' ' | '\t' | '\n' | '\r' | '{' | '}' | '[' | ']' | ',' | ':' | '"' | '\'' | '#') {
            word.push(character);
            continue;
        }
        let ends_key = character == ':' && characters.peek().is_none_or(|next| next.is_ascii_whitespace());
        push_word(&mut out, &word, if ends_key && is_name(&word) { Shown::Open } else { Shown::Secret });
        word.clear();
        out.push(character);
    }
    push_word(&mut out, &word, Shown::Secret);
    out
}

fn push_word(out: &mut String, word: &str, shown: Shown) {
    match shown {
        Shown::Open => out.push_str(word),
        Shown::Secret => out.extend(std::iter::repeat_n('*', word.len())),
    }
}

/// Whether a word is the name of a setting in a section with secrets.
fn is_name(word: &str) -> bool {
    const SECRETS: [&str; 6] = ["key", "secret", "bearer", "basic", "signed", "password"];
    SECRETS.contains(&word) || OPEN.iter().any(|(_, members)| members.contains(&word))
}

fn mask(bytes: &mut [u8], path: &str, node: &Node, shown: Shown) {
    match &node.kind {
        NodeKind::Scalar(scalar) => {
            // a text in place of a section may be a secret that belongs in the section
            let is_section = OPEN.iter().any(|(section, _)| *section == path);
            if (shown == Shown::Secret || is_section) && !only_names(&scalar.text) {
                let written = bytes.get_mut(node.span.start..node.span.end).unwrap_or_default();
                written.iter_mut().filter(|byte| !matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b'*');
            }
        }
        NodeKind::List(items) => items.iter().for_each(|item| mask(bytes, path, item, shown)),
        NodeKind::Map(entries) => {
            let open = OPEN.iter().find(|(section, _)| *section == path).map(|(_, members)| *members);
            for entry in entries {
                let is_open = match open {
                    Some(members) => members.contains(&entry.key.as_str()),
                    None => !is_below_params(path) || !is_secret_name(&entry.key),
                };
                let shown = if is_open { shown } else { Shown::Secret };
                let path = if path.is_empty() { entry.key.clone() } else { format!("{path}.{}", entry.key) };
                mask(bytes, &path, &entry.value, shown);
            }
        }
    }
}

/// Whether a path is `params` or inside it.
fn is_below_params(path: &str) -> bool {
    path.strip_prefix(PARAMS).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The parameters whose values contain an environment variable; secrets are often set that way.
pub(super) fn from_environment(settings: &Node) -> Vec<String> {
    let params = settings.get(PARAMS).and_then(Node::as_map).unwrap_or_default();
    params.iter().filter(|entry| has_variable(&entry.value)).map(|entry| entry.key.clone()).collect()
}

fn has_variable(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Scalar(scalar) => scalar.text.contains("${"),
        NodeKind::List(items) => items.iter().any(has_variable),
        NodeKind::Map(entries) => entries.iter().any(|entry| has_variable(&entry.value)),
    }
}

/// Whether a text refers to a secret and is not one itself: a file, a variable without a default, an SQLite file.
fn only_names(text: &str) -> bool {
    let is_variable = text.starts_with("${") && text.ends_with('}') && !text.contains(":-");
    is_variable || text.starts_with("file:") || text.starts_with("sqlite:")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Files, Findings};

    fn check(text: &str, wanted: &str) {
        let mut files = Files::default();
        let file = files.add("a", text);
        let node = crate::rules::read(&files, file, &mut Findings::default()).unwrap();
        assert_eq!(masked(text, &node), wanted);
        assert_eq!(wanted.len(), text.len());
    }

    #[test]
    fn secrets_are_masked_and_positions_stay() {
        check(
            "ledger: { url: a, key: \"hünter2\" }\nservice: { callers: [ { bearer: pass, signed: [ x, 'file:y' ] } ] }\n\
             password: { peppers: [ { id: a, secret: '${A:-b}' }, { secret: '${A}' } ] }\n",
            "ledger: { url: a, key: ********** }\nservice: { callers: [ { bearer: ****, signed: [ *, 'file:y' ] } ] }\n\
             password: { peppers: [ { id: a, secret: ********* }, { secret: '${A}' } ] }\n",
        );
    }

    #[test]
    fn misspelt_and_misplaced_values_are_masked() {
        check("ledger: { keey: a, url: b }\nledgr: { url: c }\n", "ledger: { keey: *, url: b }\nledgr: { url: * }\n");
        check(
            "ledger: { key: { a: b } }\nservice: { callers: c }\n",
            "ledger: { key: { a: * } }\nservice: { callers: * }\n",
        );
        check("login: { floor: x, of: y }\nparams: { a: b }\n", "login: { floor: x, of: y }\nparams: { a: b }\n");
        check("params: { pepper: a, api_key: b, region: c }\n", "params: { pepper: *, api_key: *, region: c }\n");
        check("params: { deep: { secret: a, b: c } }\n", "params: { deep: { secret: *, b: c } }\n");
        check(
            "password: { peppers: [ a ], decoy: { value: b } }\n",
            "password: { peppers: [ * ], decoy: { value: b } }\n",
        );
    }

    #[test]
    fn only_known_names_of_an_invalid_text_are_kept() {
        for (text, wanted) in [
            ("ledger: { key: 'a b#c }\n", "ledger: { key: '* *#* }\n"),
            ("\tkey: a:b: c", "\tkey: *:*: *"),
            ("hünter: x\nsecret:\n  ü\n", "*******: *\nsecret:\n  **\n"),
        ] {
            assert_eq!(masked_blindly(text), wanted);
            assert_eq!(wanted.len(), text.len());
        }
    }
}
