//! A starter settings file for given rules: it names them, and has their parameters and the logins of their records.

use std::path::Path;

use crate::cli::{CommandError, load};
use crate::config::STARTER;
use crate::diag::{Files, Findings};
use crate::engine::plan::Plan;
use crate::rules::syntax::{Param, RuleFile};
use crate::rules::{read_rules, rule_file};

/// The column of the comments in the starter file.
const COMMENTS: usize = 32;

/// The starter file for rules.
///
/// # Errors
/// If the rules cannot be read or have errors.
pub(super) fn of_rules(path: &Path) -> Result<String, CommandError> {
    let plan = load::plan(path)?;
    let text = std::fs::read_to_string(path)?;
    let (mut files, mut findings) = (Files::default(), Findings::default());
    let file = files.add(path.display().to_string(), text.as_str());
    let tree = read_rules(&files, file, &mut findings);
    let rules = tree.and_then(|tree| rule_file(&tree, &mut findings));
    // a file whose plan was made can be read
    let rules = rules.ok_or_else(|| CommandError::new(format!("cannot read `{}`", path.display())))?;
    Ok(filled(path, &text, &plan, &rules))
}

fn filled(path: &Path, text: &str, plan: &Plan, rules: &RuleFile) -> String {
    let mut out = String::new();
    for line in STARTER.lines() {
        if line.starts_with("rules:") {
            out.push_str(&commented(&format!("rules: {}", scalar(&path.display().to_string())), ""));
        } else if line.starts_with("params:") {
            out.push_str(&params(text, plan, rules));
        } else if line.trim_start().starts_with("logins:") {
            out.push_str(&logins(text, rules).unwrap_or_else(|| format!("{line}\n")));
        } else if line.starts_with("target:") {
            out.push_str(&verifiers(plan));
            out.push_str(&format!("{line}\n"));
        } else {
            out.push_str(&format!("{line}\n"));
        }
    }
    out
}

/// A line with a comment.
fn commented(line: &str, comment: &str) -> String {
    if comment.is_empty() { format!("{line}\n") } else { format!("{line:COMMENTS$}# {comment}\n") }
}

/// The parameters with their defaults; those without one have no value yet.
fn params(text: &str, plan: &Plan, rules: &RuleFile) -> String {
    if plan.params.is_empty() {
        return commented("params: {}", "the rules declare no parameters");
    }
    let mut out = commented("params:", "values of the rule parameters; here are their defaults");
    for declared in &plan.params {
        let own = rules.params.iter().find(|param| param.name.text == declared.name);
        let name = scalar(&declared.name);
        let about = declared.about.as_str();
        let values = declared.values.as_ref().map(|_| format!("one of {}", declared.listed_values()));
        let comment = [Some(about.to_owned()).filter(|about| !about.is_empty()), values];
        let comment = comment.into_iter().flatten().collect::<Vec<_>>().join("; ");
        let default = own.and_then(|param| default_text(text, param));
        out.push_str(&match (&declared.default, default) {
            (None, _) => commented(&format!("  {name}:"), format!("required: {comment}").trim_end_matches(": ")),
            (Some(_), Some(default)) => commented(&format!("  {name}: {default}"), &comment),
            // in a file that the rules use, or over several lines
            (Some(_), None) => commented(&format!("  # {name}: …"), &comment),
        });
    }
    out
}

/// The default as it is written, if it is on one line.
fn default_text<'t>(text: &'t str, param: &Param) -> Option<&'t str> {
    let span = param.default.as_ref()?.span;
    let written = text.get(span.start..span.end)?.trim();
    (!written.is_empty() && !written.contains('\n') && !written.starts_with(['*', '&', '|', '>'])).then_some(written)
}

/// Where the logins of the records are, if the rules read them at plain paths.
fn logins(text: &str, rules: &RuleFile) -> Option<String> {
    let written = |start: usize, end: usize| text.get(start..end).map(|text| text.trim_matches(['"', '\'']));
    let logins = &rules.identify.as_ref()?.logins;
    let paths: Option<Vec<&str>> = logins.iter().map(|login| written(login.span().start, login.span().end)).collect();
    let is_plain = |path: &&str| {
        path.strip_prefix("$.").is_some_and(|names| names.chars().all(|c| c.is_alphanumeric() || "_.-".contains(c)))
    };
    // a name that is no plain word, such as `$['E-Mail']`
    let is_bracketed = |path: &&str| {
        let name = path.strip_prefix("$['").and_then(|rest| rest.strip_suffix("']"));
        name.is_some_and(|name| !name.contains(['\'', '"', '\\']))
    };
    let paths =
        paths.filter(|paths| !paths.is_empty() && paths.iter().all(|path| is_plain(path) || is_bracketed(path)))?;
    let written = paths.iter().map(|path| if is_plain(path) { (*path).to_owned() } else { format!("\"{path}\"") });
    Some(format!("  logins: [ {} ]\n", written.collect::<Vec<_>>().join(", ")))
}

/// The verifiers that the rules name.
fn verifiers(plan: &Plan) -> String {
    let names: Vec<&str> =
        plan.verifiers.iter().map(|(name, _)| name.as_str()).filter(|name| *name != "stored_hash").collect();
    if names.is_empty() {
        return String::new();
    }
    let mut out = commented("# verifiers:", "what verifies passwords besides stored hashes, by the names in the rules");
    for name in names {
        out.push_str(&commented(
            &format!("#   {}: {{ kind: … }}", scalar(name)),
            "`landfall schema settings` has the kinds",
        ));
    }
    out + "\n"
}

/// A text as a YAML scalar.
fn scalar(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./-".contains(c);
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(is_plain);
    let is_other = matches!(text.to_ascii_lowercase().as_str(), "true" | "false" | "null" | "yes" | "no");
    // YAML has the escapes of JSON
    if is_word && !is_other { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, Settings};

    fn starter(rules: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.yaml");
        std::fs::write(&path, rules).unwrap();
        of_rules(&path).unwrap().replace(&folder.path().display().to_string(), "rules")
    }

    #[test]
    fn the_rules_and_their_parameters_are_in_the_settings() {
        let text = starter(
            "landfall: 1\nparams:\n  zone: { default: UTC, about: time zone of dates }\n  region: { about: a country, values: [ DE, AT ] }\n\
             identify: { id: $.id, logins: [ $.login, \"$.mail.value\" ] }\naccount:\n  username: { from: $.login, do: [ default: $params.zone ] }\n  \
             name.nickname: $params.region\n  email.value: $.mail.value\ncredential: { from: $.hash, scheme: bcrypt }\n",
        );
        for part in [
            "\nrules: \"rules/shop.yaml\"\n",
            "\nparams:                         # values of the rule parameters; here are their defaults\n",
            "\n  zone: UTC                     # time zone of dates\n",
            "\n  region:                       # required: a country; one of `DE`, `AT`\n",
            "\n  logins: [ $.login, $.mail.value ]\n",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn logins_with_names_that_are_no_words_are_quoted() {
        let rules = "landfall: 1\nidentify: { id: $.id, logins: [ \"$['E-Mail-Adresse']\", $.login ] }\naccount: { username: $.login }\n";
        let text = starter(rules);
        assert!(text.contains("  logins: [ \"$['E-Mail-Adresse']\", $.login ]\n"), "{text}");
    }

    #[test]
    fn starters_are_valid_settings() {
        let environment: &Environment<'_> = &|_| Some("0123456789abcdef".repeat(4));
        for rules in [
            "landfall: 1\naccount: { username: $.login }\n",
            "landfall: 1\nidentify: { id: $.id, logins: [ \"{$.a}@b\" ] }\naccount: { username: $.login }\ncredential: { source: shop }\nverifiers: [ shop ]\n",
        ] {
            let text = starter(rules);
            let (mut files, mut findings) = (Files::default(), Findings::default());
            let file = files.add("landfall.yaml", text.as_str());
            let settings = Settings::parse(&files, file, environment, &mut findings);
            assert!(settings.is_some(), "{findings:?}: {text}");
            assert!(text.contains("  logins: [ $.user_login, $.user_email ]\n"), "the rules name no plain fields");
        }
    }
}
