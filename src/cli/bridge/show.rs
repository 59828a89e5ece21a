//! `landfall bridge show`: one dialect.

use std::fmt::Write as _;

use serde_json::Value as Json;

use super::Format;
use super::list::kind_json;
use super::markdown::rendered;
use crate::bridge::{Authentication, Kind, page};
use crate::cli::terminal::{output_columns, row};

/// A dialect in a format.
pub(super) fn text(kind: &Kind, format: Format) -> String {
    match format {
        Format::Human => human(kind),
        Format::Markdown => page::page(kind),
        Format::Json => {
            let mut document = kind_json(kind);
            if let Some(members) = document.as_object_mut() {
                members.insert("docs".to_owned(), Json::from(kind.docs));
            }
            format!("{document:#}\n")
        }
    }
}

fn human(kind: &Kind) -> String {
    let facts = page::facts(kind);
    let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let mut out = format!("{}: {}\n\n", kind.name, kind.product);
    for (name, value) in facts.iter().filter(|(name, _)| *name != "kind") {
        out.push_str(&row(&format!("{name:width$}  "), value, output_columns()));
    }
    // writing to a `String` cannot fail
    let _ = writeln!(out, "\nIn `landfall.yaml`:\n\n    {}\n", setting(kind));
    out.push_str(&rendered(kind.docs, output_columns()));
    for script in kind.scripts {
        let name = if kind.scripts.len() > 1 { format!(" {}", script.name) } else { String::new() };
        let _ = write!(
            out,
            "\n`landfall bridge script {}{name} --url URL` prints the script `{}`.",
            kind.name, script.name
        );
    }
    if !kind.scripts.is_empty() {
        out.push('\n');
    }
    out
}

/// The least that the settings need.
fn setting(kind: &Kind) -> String {
    let callers = (kind.authentication == Authentication::Callers).then(|| "callers: [ NAME ]".to_owned());
    let needs = kind.needs.iter().map(|key| format!("{key}: …"));
    let members: Vec<String> = std::iter::once(format!("kind: {}", kind.name)).chain(callers).chain(needs).collect();
    format!("bridges: [ {{ {} }} ]", members.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::{KINDS, Script};

    #[test]
    fn a_dialect_is_shown_with_its_settings_and_its_page() {
        let scripts = &[Script { name: "login", text: "{{url}}" }, Script { name: "getUser", text: "{{url}}" }];
        let docs = "### Example\n\nRead [settings](settings.md).\n";
        let template = *Kind::named("keycloak").unwrap();
        let (about, authentication) = ("asks twice", Authentication::Own);
        let kind =
            Kind { name: "ab", product: "Ab", about, authentication, needs: &["clients"], docs, scripts, ..template };
        insta::assert_snapshot!(text(&kind, Format::Human));
    }

    #[test]
    fn every_dialect_is_shown_in_every_format() {
        for kind in KINDS {
            assert!(text(kind, Format::Human).starts_with(&format!("{}: {}\n", kind.name, kind.product)));
            assert!(text(kind, Format::Markdown).starts_with("<!-- Generated"));
            let document: Json = serde_json::from_str(&text(kind, Format::Json)).unwrap();
            assert_eq!((&document["kind"], &document["docs"]), (&kind.name.into(), &kind.docs.into()));
        }
    }
}
