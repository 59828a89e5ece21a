//! `landfall bridge list`: one line for each dialect.

use serde_json::{Value as Json, json};

use super::Format;
use crate::bridge::{Authentication, Kind, Topology, page};
use crate::cli::terminal::{output_columns, row as row_of};
use crate::settings::units::time_text;

/// The dialects in a format.
pub(super) fn text(kinds: &[Kind], format: Format) -> String {
    match format {
        Format::Human => human(kinds, output_columns()),
        Format::Markdown => page::table(kinds),
        Format::Json => format!("{:#}\n", Json::from_iter(kinds.iter().map(kind_json))),
    }
}

fn human(kinds: &[Kind], columns: Option<usize>) -> String {
    let width = |of: fn(&Kind) -> &str, heading: &str| {
        kinds.iter().map(|kind| of(kind).chars().count()).chain([heading.len()]).max().unwrap_or_default()
    };
    let (name, product) = (width(|kind| kind.name, "kind"), width(|kind| kind.product, "product"));
    let account = width(|kind| kind.topology.name(), "account");
    let callers = width(|kind| kind.authentication.name(), "callers");
    let mut out = String::new();
    let mut row = |cells: [&str; 5]| {
        let [kind, of, who, how, about] = cells;
        let head = format!("{kind:name$}  {of:product$}  {who:account$}  {how:callers$}  ");
        out.push_str(&row_of(&head, about, columns));
    };
    row(["kind", "product", "account", "callers", "what it does"]);
    for kind in kinds {
        row([kind.name, kind.product, kind.topology.name(), kind.authentication.name(), kind.about]);
    }
    out.push('\n');
    for (column, word, about) in legend() {
        out.push_str(&row_of(&format!("{column:7}  {word:15}  "), about, columns));
    }
    out.push_str("\n`landfall bridge show KIND` explains one of them.\n");
    out
}

/// What the words in the table mean.
fn legend() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let accounts = [Topology::ReturnProfile, Topology::VerifyOnly, Topology::Write];
    let callers = [Authentication::Callers, Authentication::Own];
    let accounts = accounts.into_iter().map(|topology| (topology.name(), topology.about()));
    let callers = callers.into_iter().map(|way| (way.name(), way.about()));
    let first = |column: &'static str, at: usize| if at == 0 { column } else { "" };
    let accounts = accounts.enumerate().map(move |(at, (word, about))| (first("account", at), word, about));
    accounts.chain(callers.enumerate().map(move |(at, (word, about))| (first("callers", at), word, about)))
}

/// A dialect for other programs.
pub(super) fn kind_json(kind: &Kind) -> Json {
    json!({
        "kind": kind.name,
        "product": kind.product,
        "about": kind.about,
        "account": kind.topology.name(),
        "callers": kind.authentication.name(),
        "deadline": time_text(kind.deadline),
        "repeat": time_text(kind.repeat),
        "rules": kind.rules.map(|file| format!("rules/bridges/{file}")),
        "needs": kind.needs,
        "takes": kind.takes,
        "scripts": kind.scripts.iter().map(|script| script.name).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dialects_are_listed_in_every_format() {
        let keycloak = Kind { about: "asks twice", ..*Kind::named("keycloak").unwrap() };
        insta::assert_snapshot!(human(&[keycloak], None));
        insta::assert_snapshot!(text(&[keycloak], Format::Json));
        assert_eq!(text(&[keycloak], Format::Markdown), page::table(&[keycloak]));
    }
}
