//! The documentation of dialects in Markdown, from their rows: the table that compares them, and one page for each.

use std::fmt::Write as _;

use super::dialect::Topology;
use super::kinds::{Authentication, Kind};
use crate::settings::units::time_text;

impl Topology {
    /// The word for it in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ReturnProfile => "handed over",
            Self::VerifyOnly => "verified",
            Self::Write => "written",
        }
    }

    /// Who writes the account, in one sentence without a period.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::ReturnProfile => "the product stores the account and the password; Landfall's reply has the profile",
            Self::VerifyOnly => "the account exists at the product, which stores the password that Landfall verifies",
            Self::Write => "Landfall stores the account in its target before it replies",
        }
    }
}

impl Authentication {
    /// The word for it in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Callers => "service.callers",
            Self::Own => "own way",
        }
    }

    /// How callers authenticate, in one sentence without a period.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::Callers => "as one of `service.callers` that the bridge names in `callers`",
            Self::Own => "in a way of the product's own, by settings of the bridge",
        }
    }
}

impl Kind {
    /// The settings of its own: those that it needs, and those that it can do without. Empty if it has none.
    #[must_use]
    pub fn own_settings(&self) -> String {
        let list = |keys: &[&str]| keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
        match (self.needs, self.takes) {
            ([], []) => String::new(),
            (needs, []) => list(needs),
            ([], takes) => format!("{} (optional)", list(takes)),
            (needs, takes) => format!("{}; {} (optional)", list(needs), list(takes)),
        }
    }
}

/// The table that compares dialects. Links lead to their pages, from a page in the folder above.
#[must_use]
pub fn table(kinds: &[Kind]) -> String {
    let mut out = "| kind | product | account | callers | deadline | repeats | what it does |\n\
                   |---|---|---|---|---|---|---|\n"
        .to_owned();
    for kind in kinds {
        let is_repeated = kind.topology != Topology::Write;
        let repeat = if is_repeated { format!("`{}`", time_text(kind.repeat)) } else { String::new() };
        // writing to a `String` cannot fail
        let _ = writeln!(
            out,
            "| [`{name}`](bridges/{name}.md) | {} | {} | {} | `{}` | {repeat} | {} |",
            cell(kind.product),
            kind.topology.name(),
            kind.authentication.name(),
            time_text(kind.deadline),
            cell(kind.about),
            name = kind.name,
        );
    }
    out
}

/// The page of a dialect: its row as a table, below the heading of its documentation.
#[must_use]
pub fn page(kind: &Kind) -> String {
    let docs = raised(kind.docs);
    let (heading, rest) = docs.split_once('\n').unwrap_or((&docs, ""));
    let mut out = format!(
        "<!-- Generated from src/bridge/dialects/{}.md and the row of the dialect: UPDATE_DOCS=1 cargo test --test settings -->\n\
         {heading}\n\n| | |\n|---|---|\n",
        kind.name
    );
    for (name, value) in facts(kind) {
        let _ = writeln!(out, "| {name} | {} |", cell(&value));
    }
    let _ = write!(out, "\n{}\n", rest.trim());
    scripts(kind, &mut out);
    out
}

/// What the row says.
#[must_use]
pub fn facts(kind: &Kind) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("what it does", kind.about.to_owned()),
        ("kind", format!("`{}`", kind.name)),
        ("account", format!("{}: {}", kind.topology.name(), kind.topology.about())),
        ("callers", kind.authentication.about().to_owned()),
        ("deadline", format!("`{}`, a little less than the product waits", time_text(kind.deadline))),
        ("repeats", format!("`{}` after a customer was handed over", time_text(kind.repeat))),
    ];
    if kind.topology == Topology::Write {
        facts.retain(|(name, _)| *name != "repeats");
    }
    match kind.rules {
        Some(file) => facts.push(("profile", format!("made by `rules/bridges/{file}`"))),
        None => facts.push(("profile", "none: the product takes no profile".to_owned())),
    }
    let own = kind.own_settings();
    if !own.is_empty() {
        facts.push(("settings", own));
    }
    if !kind.scripts.is_empty() {
        let names: Vec<String> = kind.scripts.iter().map(|script| format!("`{}`", script.name)).collect();
        facts.push(("scripts", names.join(", ")));
    }
    facts
}

fn scripts(kind: &Kind, out: &mut String) {
    if kind.scripts.is_empty() {
        return;
    }
    out.push_str(
        "\n## Scripts\n\nThese commands print what runs at the product, with the address of your service:\n\n```sh\n",
    );
    for script in kind.scripts {
        let _ = writeln!(out, "landfall bridge script {} {} --url https://login.example.com", kind.name, script.name);
    }
    out.push_str("```\n");
}

/// A text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// Markdown with its headings two levels higher: the documentation of a dialect begins at the third.
fn raised(docs: &str) -> String {
    let mut is_code = false;
    let lines = docs.lines().map(|line| {
        is_code ^= line.trim_start().starts_with("```");
        let heading = (!is_code && line.starts_with("###")).then(|| line.strip_prefix("##")).flatten();
        heading.unwrap_or(line).to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::kinds::{KINDS, Script};
    use super::*;

    fn kind() -> Kind {
        let scripts = &[Script { name: "login", text: "fetch('{{url}}')" }];
        let docs = "### A | B\n\nText.\n\n#### Set-up\n\n```sh\n### no heading\n```\n";
        let template = *Kind::named("keycloak").unwrap();
        let (needs, takes): (&[&str], &[&str]) = (&["clients"], &["signing_secrets"]);
        Kind { name: "ab", product: "A | B", about: "asks | answers", needs, takes, docs, scripts, ..template }
    }

    #[test]
    fn a_page_has_the_row_the_documentation_and_the_scripts() {
        insta::assert_snapshot!(page(&kind()));
        insta::assert_snapshot!(table(&[kind()]));
    }

    #[test]
    fn every_row_is_documented_alike() {
        for pair in KINDS.windows(2) {
            assert!(pair[0].name < pair[1].name, "{} stands before {}", pair[0].name, pair[1].name);
        }
        for kind in KINDS {
            let name = kind.name;
            assert!(kind.docs.starts_with("### "), "{name}: the documentation begins with `### PRODUCT`");
            assert!(!kind.about.ends_with('.') && !kind.about.is_empty(), "{name}: one line without a period");
            assert!(
                kind.scripts.iter().all(|script| script.text.contains("{{url}}")),
                "{name}: a script without `{{{{url}}}}`"
            );
            assert!(page(kind).starts_with("<!-- Generated"));
        }
    }
}
