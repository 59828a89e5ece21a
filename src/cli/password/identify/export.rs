//! The stored passwords of an export: those that rules make of its records, or those in a field.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bumpalo::Bump;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use serde_json::Value;

use super::{Kind, kind};
use crate::cli::input::{Input, Opened};
use crate::cli::{CommandError, FINDINGS, FINE, load};
use crate::diag::{Files, Findings};
use crate::engine::compile::{NoFiles, compile};
use crate::engine::outcome::Reason;
use crate::engine::plan::Plan;
use crate::engine::run::Settings;
use crate::formats::{Format, ReadOptions};
use crate::model::json::to_json;
use crate::rules::RecordsPath;

/// Which records, and where their stored passwords are.
#[derive(clap::Args)]
pub(super) struct OfRecords {
    /// The input has records: count the stored passwords that these rules make of them
    #[arg(long, value_name = "FILE", group = "of_records")]
    rules: Option<PathBuf>,
    /// The input has records: count the stored passwords in this field, such as `$.user_pass`
    #[arg(long, value_name = "PATH", group = "of_records")]
    field: Option<String>,
    /// Set a parameter of the rules; can be repeated
    #[arg(long = "param", value_name = "NAME=VALUE", requires = "rules")]
    params: Vec<String>,
    /// Format of the records [default: detected from the file extension or the first bytes]
    #[arg(long, value_name = "FORMAT", requires = "of_records", value_parser = PossibleValuesParser::new(Format::NAMES.map(|(name, _)| name)).map(|name| Format::from_name(&name).unwrap_or(Format::Ndjson)))]
    from: Option<Format>,
    /// Path of the list of records in a JSON, NDJSON or YAML document, such as `$.users`
    #[arg(long, value_name = "PATH", requires = "of_records")]
    records: Option<RecordsPath>,
}

impl OfRecords {
    /// The rules that give the stored password of a record; `None` if the input has lines.
    ///
    /// # Errors
    /// If the rules or the path cannot be used.
    pub(super) fn plan(&self) -> Result<Option<(Plan, Settings)>, CommandError> {
        let (plan, place) = match (&self.rules, &self.field) {
            (Some(rules), _) => (load::plan(rules)?, format!("`{}`", rules.display())),
            (None, Some(field)) => (reading(field)?, String::new()),
            (None, None) => return Ok(None),
        };
        if !plan.has_credential() {
            return Err(CommandError::new(format!("{place} has no `credential`"))
                .help("add `credential: { from: $.…, scheme: … }`, or name the field with `--field`"));
        }
        let settings = load::settings(&plan, &self.params)?;
        Ok(Some((plan, settings)))
    }
}

/// Rules that read the stored password in a field, whatever its scheme is.
fn reading(field: &str) -> Result<Plan, CommandError> {
    let failed = |help: String| CommandError::new(format!("`{field}` is not the path of a field")).help(help);
    let Some(rest) = field.strip_prefix('$').filter(|rest| rest.starts_with(['.', '['])) else {
        return Err(failed(format!("a path begins with `$.`: `--field '$.{}'`", field.trim_start_matches(['$', '.']))));
    };
    let quoted = Value::from(format!("${rest}"));
    let text = format!("landfall: 1\naccount: {{ username: $.id }}\ncredential: {{ from: {quoted} }}\n");
    let (mut files, mut findings) = (Files::default(), Findings::default());
    let file = files.add("--field", text);
    let plan = compile(&mut files, file, &NoFiles, &mut findings);
    plan.ok_or_else(|| {
        let first = findings.sorted().into_iter().next();
        failed(first.map_or_else(String::new, |finding| format!("{}; {}", finding.message, finding.help)))
    })
}

/// Counts the stored passwords of all records.
///
/// # Errors
/// If the records cannot be read to the end.
pub(super) fn count(
    path: &Path,
    arguments: &OfRecords,
    plan: &Plan,
    mut settings: Settings,
    census: &mut BTreeMap<Kind, u64>,
) -> Result<u8, CommandError> {
    let options = ReadOptions::default();
    settings.limits.bytes = options.record_bytes;
    settings.facts.now = Some(jiff::Timestamp::now().to_string());
    let at = arguments.records.clone();
    let Opened { mut records, notes } =
        Input::whole_file(path.to_owned(), arguments.from, options, at).open(|source| source)?;
    let (mut arena, mut broken) = (Bump::new(), 0_u64);
    for record in records.by_ref() {
        arena.reset();
        let kinds = match record {
            Ok(record) => of_record(plan, &settings, &record.json, &arena),
            Err(error) if error.fatal => {
                return Err(CommandError::new(format!("cannot read `{}`: {error}", path.display())));
            }
            Err(_) => vec![unread()],
        };
        for kind in kinds {
            broken += u64::from(kind.state == UNREAD || kind.state == INVALID);
            *census.entry(kind).or_default() += 1;
        }
    }
    notes.show();
    Ok(if broken == 0 { FINE } else { FINDINGS })
}

/// The record cannot be read.
const UNREAD: &str = "unreadable";
/// The rules fail on the record, so that nobody knows its stored password.
const INVALID: &str = "invalid";

fn of_record(plan: &Plan, settings: &Settings, json: &str, arena: &Bump) -> Vec<Kind> {
    match plan.customers(json, settings, arena) {
        Err(reason) => vec![invalid(&reason)],
        Ok(customers) => {
            let stored = customers.into_iter().map(|customer| customer.and_then(|customer| customer.credential));
            stored
                .map(|stored| stored.map_or_else(|reason| invalid(&reason), |stored| of_credential(&to_json(stored))))
                .collect()
        }
    }
}

/// What a credential is that rules made.
fn of_credential(stored: &Value) -> Kind {
    let Some(object) = stored.as_object() else { return kind(b"") };
    let others = || object.keys().any(|key| key != "source" && key != "scheme");
    match object.get("source").and_then(Value::as_str) {
        Some(name) if !others() => Kind { state: "verified elsewhere", ..bare(format!("by `{name}`")) },
        _ => kind(stored.to_string().as_bytes()),
    }
}

fn invalid(reason: &Reason) -> Kind {
    let state = if reason.step == "record" { UNREAD } else { INVALID };
    Kind { state, ..bare("none".to_owned()) }
}

fn unread() -> Kind {
    Kind { state: UNREAD, ..bare("none".to_owned()) }
}

fn bare(scheme: String) -> Kind {
    Kind { state: "", scheme, cost: String::new(), weak: false, why: "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPORT: &str = r#"{"id":1,"hash":"$2b$12$4zDT/FAKvjR8F5qcKCHFoOZG67E8aZe0n0AmCkZjJVKCwi0ysLS1m","at":{"pw":"!!"}}
{"id":2,"hash":"900150983cd24fb0d6963f7d28e17f72","at":{"pw":null}}
{"id":3,"at":{"pw":"$1$abcdefgh$irWbblnpmw.5z7wgBnprh0"}}
{"id":4,
"#;

    fn counted(rules: Option<&str>, field: Option<&str>) -> (u8, Vec<(String, &'static str, u64)>) {
        let folder = tempfile::tempdir().unwrap();
        let (export, file) = (folder.path().join("a.ndjson"), folder.path().join("rules.yaml"));
        std::fs::write(&export, EXPORT).unwrap();
        std::fs::write(&file, rules.unwrap_or_default()).unwrap();
        let rules = rules.map(|_| file);
        let field = field.map(str::to_owned);
        let arguments = OfRecords { rules, field, params: Vec::new(), from: None, records: None };
        let (plan, settings) = arguments.plan().unwrap().unwrap();
        let mut census = BTreeMap::new();
        let code = count(&export, &arguments, &plan, settings, &mut census).unwrap();
        (code, census.into_iter().map(|(kind, count)| (kind.scheme, kind.state, count)).collect())
    }

    #[test]
    fn the_passwords_that_rules_make_are_counted() {
        let rules = "landfall: 1\naccount: { username: $.id }\ncredential: { from: $.hash, scheme: [ bcrypt, md5 ] }\n";
        let wanted = [("none", UNREAD, 1), ("none", "unusable", 1), ("bcrypt", "usable", 1), ("digest", "usable", 1)];
        let wanted = wanted.map(|(scheme, state, count)| (scheme.to_owned(), state, count)).to_vec();
        assert_eq!(counted(Some(rules), None), (FINDINGS, wanted));
        let elsewhere = "landfall: 1\naccount: { username: $.id }\ncredential: { source: shop }\nverifiers: [ shop ]\n";
        let (_, found) = counted(Some(elsewhere), None);
        assert!(found.contains(&("by `shop`".to_owned(), "verified elsewhere", 3)), "{found:?}");
    }

    #[test]
    fn the_passwords_in_a_field_are_counted() {
        let (_, found) = counted(None, Some("$.at.pw"));
        let wanted = [("none", UNREAD, 1), ("none", "unusable", 2), ("md5crypt", "usable", 1)];
        assert_eq!(found, wanted.map(|(scheme, state, count)| (scheme.to_owned(), state, count)));
        for wrong in ["hash", "$hash", "$.a[", "", "$"] {
            let error = reading(wrong).unwrap_err();
            assert_eq!(error.to_string(), format!("`{wrong}` is not the path of a field"));
        }
    }
}
