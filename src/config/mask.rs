//! Secrets that are written in place, made unreadable in the text that findings show.

use crate::rules::{Node, NodeKind};

/// The settings that hold secrets; elements of lists are not counted.
const SECRETS: &[&str] = &[
    "ledger.key",
    "source.url",
    "password.peppers.secret",
    "hooks.webhooks.secret",
    "service.callers.bearer",
    "service.callers.basic.password",
    "service.callers.signed",
];

/// The text with every character of a secret replaced by as many `*` as it has bytes, so that all places stay.
pub(super) fn masked(text: &str, node: &Node) -> String {
    let mut bytes = text.as_bytes().to_vec();
    mask(&mut bytes, "", node);
    // whole characters were replaced
    String::from_utf8(bytes).unwrap_or_default()
}

fn mask(bytes: &mut [u8], path: &str, node: &Node) {
    match &node.kind {
        NodeKind::Scalar(scalar) if SECRETS.contains(&path) && !only_names(&scalar.text) => {
            let written = bytes.get_mut(node.span.start..node.span.end).unwrap_or_default();
            written.iter_mut().filter(|byte| !matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b'*');
        }
        NodeKind::Scalar(_) => {}
        NodeKind::List(items) => items.iter().for_each(|item| mask(bytes, path, item)),
        NodeKind::Map(entries) => {
            for entry in entries {
                let path = if path.is_empty() { entry.key.clone() } else { format!("{path}.{}", entry.key) };
                mask(bytes, &path, &entry.value);
            }
        }
    }
}

/// Whether a text names a secret and is none itself: a file, a variable without a default, an SQLite file.
fn only_names(text: &str) -> bool {
    let is_variable = text.starts_with("${") && text.ends_with('}') && !text.contains(":-");
    is_variable || text.starts_with("file:") || text.starts_with("sqlite:")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Files, Findings};

    #[test]
    fn secrets_in_place_are_masked_and_nothing_moves() {
        let text = "ledger: { url: a, key: \"hünter2\" }\nservice: { callers: [ { bearer: pass, signed: [ x, 'file:y' ] } ] }\n\
                    password: { peppers: [ { id: a, secret: '${A:-b}' }, { secret: '${A}' } ] }\n";
        let mut files = Files::default();
        let file = files.add("a", text);
        let node = crate::rules::read(&files, file, &mut Findings::default()).unwrap();
        let wanted = "ledger: { url: a, key: ********** }\nservice: { callers: [ { bearer: ****, signed: [ *, 'file:y' ] } ] }\n\
                      password: { peppers: [ { id: a, secret: ********* }, { secret: '${A}' } ] }\n";
        assert_eq!(masked(text, &node), wanted);
        assert_eq!(masked(text, &node).len(), text.len());
    }
}
