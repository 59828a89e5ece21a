//! `landfall password schemes`: lists the schemes that rules can name, and shows what one of them reads.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;

use crate::cli::terminal::{output_columns, row};
use crate::cli::{CommandError, FINE, show};
use crate::diag::closest;
use crate::password::{Form, SchemeInfo, about_part, find, forms, schemes};

/// Examples for the help.
pub const EXAMPLES: &str = "Examples:
  landfall password schemes
  landfall password schemes | grep -i django
  landfall password schemes firebase-scrypt     # its parts, and rules that read it";

/// What `landfall password schemes` is asked.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Show the parts of this scheme, the stored text, and rules that read it
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

/// The texts and examples of all schemes.
const GUIDE: &str = include_str!("schemes.yaml");

/// What one scheme stores, and rules that read it.
#[derive(Deserialize)]
struct Guide {
    text: String,
    examples: Vec<Example>,
}

/// Rules for one record, and the password that it belongs to.
#[derive(Deserialize)]
struct Example {
    credential: String,
    /// A parameter that the rules need.
    params: Option<String>,
    record: String,
    password: String,
}

/// Prints one line per scheme (its name, whether it is detected from the stored text, a summary and its aliases), or all of
/// one.
///
/// # Errors
/// If there is no scheme of the name, or standard output cannot be written.
pub(super) fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    let text = match &arguments.name {
        Some(name) => one(name)?,
        None => schemes().iter().map(line).collect(),
    };
    show::output(&text)?;
    Ok(FINE)
}

fn line(scheme: &SchemeInfo) -> String {
    let detection = if scheme.is_self_describing() { "detected" } else { "must be declared" };
    let aliases =
        if scheme.aliases.is_empty() { String::new() } else { format!(" (also {})", scheme.aliases.join(", ")) };
    let text = format!("{}{aliases}", scheme.summary);
    row(&format!("{:<18} {detection:<17} ", scheme.name), &text, output_columns())
}

fn one(name: &str) -> Result<String, CommandError> {
    let Some(scheme) = find(name) else {
        let names = schemes().iter().flat_map(|info| info.aliases.iter().chain(std::iter::once(&info.name))).copied();
        let help = match closest(name, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`landfall password schemes` lists all schemes".to_owned(),
        };
        return Err(CommandError::new(format!("there is no password scheme `{name}`")).help(help));
    };
    let mut text = line(scheme);
    let guide = guide().remove(scheme.name);
    if let Some(guide) = &guide {
        text.push('\n');
        text.push_str(&row("The stored text: ", &guide.text, output_columns()));
    }
    let forms = forms(name);
    for (at, form) in forms.iter().enumerate() {
        text.push_str(if at == 0 { "\nParts:\n" } else { "\nOr:\n" });
        parts(form, &mut text);
    }
    text.push_str("\nAn object that holds the parts is handed over as `parameters`.\n");
    for example in guide.iter().flat_map(|guide| &guide.examples) {
        let _ = write!(text, "\nExample:\n{}", indented(&example.rules()));
        let _ = write!(text, "for a record such as\n{}", indented(&example.record));
        let _ = writeln!(text, "whose password is `{}`", example.password);
    }
    Ok(text)
}

fn parts(form: &Form, text: &mut String) {
    for (word, groups) in [("needed", form.needs), ("optional", form.takes)] {
        for group in groups {
            let names = group.join(", ");
            let about = group.first().map_or("", |part| about_part(part));
            text.push_str(&row(&format!("  {names:<38} {word:<9} "), about, output_columns()));
        }
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

fn guide() -> BTreeMap<String, Guide> {
    serde_yaml::from_str(GUIDE).unwrap_or_default()
}

impl Example {
    /// A whole rule file.
    fn rules(&self) -> String {
        let params = self.params.as_ref().map_or_else(String::new, |params| format!("params: {{ {params} }}\n"));
        let credential = indented(&self.credential);
        format!("landfall: 1\n{params}account:\n  username: $.login\ncredential:\n{credential}")
    }
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;

    use super::*;
    use crate::diag::{Files, Findings};
    use crate::engine::compile::{NoFiles, compile};
    use crate::engine::run::Settings;
    use crate::model::Password;
    use crate::model::json::to_json;
    use crate::password::{Credential, Limits, Verdict, verify};

    #[test]
    fn every_scheme_has_a_guide_and_every_example_verifies() {
        let guide = guide();
        for scheme in schemes() {
            let guide = guide.get(scheme.name).unwrap_or_else(|| panic!("{} has no guide", scheme.name));
            assert!(!guide.examples.is_empty(), "{}", scheme.name);
            for example in &guide.examples {
                let (mut files, mut findings) = (Files::default(), Findings::default());
                let file = files.add("rules.yaml", example.rules());
                let plan = compile(&mut files, file, &NoFiles, &mut findings);
                assert!(findings.is_empty(), "{}: {findings:?}", scheme.name);
                let (plan, settings, arena) = (plan.unwrap(), Settings::default(), Bump::new());
                let customers = plan.customers(&example.record, &settings, &arena).unwrap();
                let stored = to_json(*customers[0].as_ref().unwrap().credential.as_ref().unwrap());
                let credential = Credential::from_json(stored.as_object().unwrap()).unwrap();
                let password = Password::new(example.password.clone().into_bytes()).unwrap();
                let verdict = verify(&credential, &password, &Limits { plain_text: true, ..Limits::default() });
                assert!(matches!(verdict, Verdict::Match | Verdict::LossyMatch(_)), "{}: {verdict:?}", scheme.name);
            }
        }
        assert_eq!(guide.len(), schemes().len());
    }

    #[test]
    fn a_scheme_is_shown_with_its_parts() {
        let shown = one("clerk").unwrap();
        for part in ["The stored text: ", "hasher", "needed", "scheme: clerk", "whose password is"] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        let error = one("bcrpyt").unwrap_err();
        assert!(format!("{error:?}").contains("bcrypt"), "{error:?}");
    }
}
