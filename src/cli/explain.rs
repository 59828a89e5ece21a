//! `landfall explain`: shows what happens to one record, rule by rule.

use std::fmt::Write as _;
use std::path::PathBuf;

use bumpalo::Bump;
use clap::ValueEnum;
use serde_json::{Value as Json, json};

use super::input::{InputArguments, is_dash};
use super::watch::{self, Involved};
use super::{CommandError, FINDINGS, FINE, load, show};
use crate::diag::{Files, closest};
use crate::engine::outcome::{Made, Outcome, Reason};
use crate::engine::plan::Plan;
use crate::engine::run::Run;
use crate::engine::trace::{Trace, View};
use crate::formats::ReadOptions;
use crate::migrate::refused_at_login;
use crate::model::Value;
use crate::model::json::to_json;
use crate::ports::IdentifierProfile;
use crate::schema::Shape;

/// Replaces a value that is not shown.
const MASK: &str = "•••";

/// Arguments of `landfall explain`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  landfall explain --rules rules/shop.yaml --record ada.json
  landfall explain --rules rules/shop.yaml --in users.ndjson.gz --number 3
  landfall explain --rules rules/shop.yaml --in export.json --records '$.users' --number 3
  landfall explain --rules rules/shop.yaml --in users.csv --sample 1 --seed 7      # any record
  landfall explain --rules rules/shop.yaml --record ada.json --watch               # while you write the rules
  landfall explain --rules rules/shop.yaml --record ada.json --claim phone.value --show-sensitive
  curl -s https://legacy.example/7 | landfall explain --rules shop.yaml --record - --format json")]
pub struct Arguments {
    /// The rule file
    #[arg(long, value_name = "FILE")]
    rules: PathBuf,
    /// The same as `--in`
    #[arg(long, value_name = "FILE", conflicts_with = "input")]
    record: Option<PathBuf>,
    /// The records.
    #[command(flatten)]
    input: InputArguments,
    /// Number of the record among those that are read, counted from 1
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    number: u64,
    /// Set a parameter of the rules; can be repeated
    #[arg(long = "param", value_name = "NAME=VALUE")]
    params: Vec<String>,
    /// Value of `$facts.now`, an RFC 3339 time
    #[arg(long, value_name = "TIME")]
    now: Option<String>,
    /// Value of `$facts.tenant`
    #[arg(long)]
    tenant: Option<String>,
    /// Value of `$facts.identifier`: what the customer typed
    #[arg(long)]
    identifier: Option<String>,
    /// Show only this claim, working value or part of the credential
    #[arg(long, value_name = "PATH")]
    claim: Option<String>,
    /// Show the values of sensitive claims, of working values and of the credential
    #[arg(long)]
    show_sensitive: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Explain again whenever the rules or the records change, until Ctrl-C ends with 0
    #[arg(long)]
    watch: bool,
}

/// The output format.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text for people
    Human,
    /// A JSON document
    Json,
}

/// Runs the command.
///
/// # Errors
/// If the rules or the record cannot be read, or the rules have no such claim.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    if !arguments.watch {
        return once(arguments, &mut Involved::default());
    }
    if arguments.record.as_deref().is_none_or(is_dash) && is_dash(arguments.input.path()) {
        let help = "give a file with `--in`";
        return Err(CommandError::new("`--watch` cannot read standard input again").help(help));
    }
    watch::run(|involved| once(arguments, involved))
}

/// Explains the record once.
fn once(arguments: &Arguments, involved: &mut Involved) -> Result<u8, CommandError> {
    involved.file(&arguments.rules);
    involved.file(arguments.record.as_deref().unwrap_or(arguments.input.path()));
    arguments.input.options.files().for_each(|(_, path)| involved.file(path));
    let plan = load::plan_telling(&arguments.rules, |compiled| {
        compiled.paths.iter().for_each(|path| involved.file(path));
        if !compiled.findings.is_empty() {
            show::findings(&compiled.files, &compiled.findings);
        }
    })?;
    let mut settings = load::settings(&plan, &arguments.params)?;
    settings.unread = true;
    settings.check_credentials = true;
    settings.facts.now.clone_from(&arguments.now);
    settings.facts.tenant.clone_from(&arguments.tenant);
    settings.facts.identifier.clone_from(&arguments.identifier);
    let claim = arguments.claim.as_deref().map(|claim| rule_name(&plan, claim));
    if let Some(claim) = claim {
        is_known(&plan, claim)?;
    }
    let record = record(arguments)?;
    let (arena, mut trace) = (Bump::new(), Trace::new());
    let run = plan.run(&record, &settings, &arena, &mut trace);
    let colour = arguments.format == Format::Human && show::colour();
    let view = View { sensitive: arguments.show_sensitive, colour };
    let explanation = Explanation { plan: &plan, run: &run, trace: &trace, claim, view };
    show::output(&match arguments.format {
        Format::Human => explanation.human(),
        Format::Json => format!("{:#}\n", explanation.json()),
    })?;
    Ok(if explanation.is_invalid() { FINDINGS } else { FINE })
}

fn record(arguments: &Arguments) -> Result<String, CommandError> {
    let InputArguments { input, from, options } = &arguments.input;
    let input =
        InputArguments { input: arguments.record.clone().or(input.clone()), from: *from, options: options.clone() };
    let number = usize::try_from(arguments.number).unwrap_or(usize::MAX);
    let records = input.prepare(ReadOptions::default())?.first(number)?;
    let count = records.len();
    records.into_iter().nth(number.saturating_sub(1)).ok_or_else(|| {
        let message = format!("there is no record {}", arguments.number);
        CommandError::new(message).help(format!("the file has {count} records, counted from 1"))
    })
}

/// The name of the rule that a claim names: warnings write parts of the credential as `credential.value`.
fn rule_name<'c>(plan: &Plan, claim: &'c str) -> &'c str {
    let is_rule = plan.named_rules().iter().any(|(_, rule)| rule.name == claim);
    claim.strip_prefix("credential.").filter(|_| !is_rule).unwrap_or(claim)
}

fn is_known(plan: &Plan, claim: &str) -> Result<(), CommandError> {
    let rules = plan.named_rules();
    let names = || rules.iter().map(|(_, rule)| rule.name.as_str()).chain(["value", "scheme"]);
    if names().any(|name| name == claim) {
        return Ok(());
    }
    let help = match closest(claim, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "name a claim as the rules write it, such as `email.value`".to_owned(),
    };
    Err(CommandError::new(format!("no rule makes `{claim}`")).help(help))
}

/// The explanation of a run.
struct Explanation<'t> {
    plan: &'t Plan,
    run: &'t Run<'t>,
    trace: &'t Trace,
    claim: Option<&'t str>,
    view: View,
}

impl Explanation<'_> {
    fn human(&self) -> String {
        let files = &self.plan.files;
        if let Some(claim) = self.claim {
            let mut out = self.trace.render_rule(claim, files, self.view);
            if claim == "value" {
                for outcome in &self.run.outcomes {
                    if let Outcome::Account(made) = outcome {
                        out.extend(self.no_password(made));
                    }
                }
            }
            return out;
        }
        let mut out = self.trace.render(files, self.view);
        out.push('\n');
        for (position, outcome) in self.run.outcomes.iter().enumerate() {
            if self.run.outcomes.len() > 1 {
                let _ = writeln!(out, "account {}", position + 1);
            }
            self.outcome(outcome, &mut out);
        }
        if self.run.unread.is_empty() {
            out.push_str("every field of the record was read or ignored\n");
        } else {
            // writing to a `String` cannot fail
            let _ = writeln!(out, "fields that no rule reads: {}", self.run.unread.join(", "));
        }
        out
    }

    fn outcome(&self, outcome: &Outcome<'_>, out: &mut String) {
        match outcome {
            Outcome::Account(made) => {
                let _ = writeln!(out, "the record becomes an account\n{:#}", self.account(made));
                if !made.warnings.is_empty() {
                    let _ = writeln!(out, "left out with a warning: {}", made.warnings.join(", "));
                }
                out.extend(self.no_password(made));
                if let Some(reason) = self.refused_at_login(made) {
                    let _ = writeln!(
                        out,
                        "a login would not accept the account\n  {}: {}: {}",
                        reason.rule, reason.step, reason.message
                    );
                }
            }
            Outcome::Denied(reason) => {
                let _ = writeln!(out, "the customer is denied: {reason}");
            }
            Outcome::Invalid(reasons) => {
                out.push_str("the record is invalid\n");
                for reason in reasons {
                    let place = place(reason, &self.plan.files).map(|place| format!("  ({place})")).unwrap_or_default();
                    let _ = writeln!(out, "  {}: {}: {}{place}", reason.rule, reason.step, reason.message);
                }
            }
        }
    }

    /// Why the account has no stored password that can be used; nothing if it has one, or the rules read none.
    fn no_password(&self, made: &Made<'_>) -> Option<String> {
        if !self.plan.has_credential() || made.credential.is_present() {
            return None;
        }
        Some(match made.unusable {
            Some(why) => format!("the stored password cannot be used (credential.value): {why}\n"),
            None => "the account has no credential: the record has no hash, or `when` does not hold\n".to_owned(),
        })
    }

    fn refused_at_login(&self, made: &Made<'_>) -> Option<Reason> {
        refused_at_login(self.plan, made, &IdentifierProfile::default())
    }

    fn is_invalid(&self) -> bool {
        self.run.outcomes.iter().any(|outcome| match outcome {
            Outcome::Account(made) => self.refused_at_login(made).is_some(),
            Outcome::Denied(_) => false,
            Outcome::Invalid(_) => true,
        })
    }

    fn account(&self, made: &Made<'_>) -> Json {
        shown(made.account.value(), self.plan.schema.root(), self.view.sensitive)
    }

    fn json(&self) -> Json {
        let mut trace = self.trace.to_json(&self.plan.files, self.view);
        if let (Some(claim), Some(entries)) = (self.claim, trace.as_array_mut()) {
            entries.retain(|entry| entry.get("rule").and_then(Json::as_str) == Some(claim));
        }
        let outcomes: Vec<Json> = self.run.outcomes.iter().map(|outcome| self.outcome_json(outcome)).collect();
        json!({ "trace": trace, "outcomes": outcomes, "unread": self.run.unread })
    }

    fn outcome_json(&self, outcome: &Outcome<'_>) -> Json {
        match outcome {
            Outcome::Account(made) => {
                let login = self.refused_at_login(made).map(|reason| reason.to_json());
                json!({
                    "outcome": "account",
                    "account": self.account(made),
                    "warnings": made.warnings,
                    "has_credential": made.credential.is_present(),
                    "unusable_credential": made.unusable,
                    "refused_at_login": login,
                })
            }
            Outcome::Denied(reason) => json!({ "outcome": "denied", "reason": reason }),
            Outcome::Invalid(reasons) => {
                let reasons: Vec<Json> = reasons
                    .iter()
                    .map(|reason| {
                        let mut json = reason.to_json();
                        if let (Some(members), Some(place)) = (json.as_object_mut(), place(reason, &self.plan.files)) {
                            members.insert("at".to_owned(), place.into());
                        }
                        json
                    })
                    .collect();
                json!({ "outcome": "invalid", "reasons": reasons })
            }
        }
    }
}

fn place(reason: &Reason, files: &Files) -> Option<String> {
    let span = reason.span?;
    let (line, column) = files.position(span);
    Some(format!("{}:{line}:{column}", files.name(span.file)))
}

/// The account as JSON, with sensitive claims masked.
fn shown(value: Value<'_>, shape: &Shape, sensitive: bool) -> Json {
    if sensitive {
        return to_json(value);
    }
    if shape.sensitive {
        return MASK.into();
    }
    match value {
        Value::Object(members) => {
            let shown_member = |(name, value): &(&str, Value<'_>)| {
                let json = shape.member(name).map_or_else(|| MASK.into(), |shape| shown(*value, shape, sensitive));
                ((*name).to_owned(), json)
            };
            Json::Object(members.iter().map(shown_member).collect())
        }
        Value::List(items) => {
            let item =
                |item: &Value<'_>| shape.element().map_or_else(|| MASK.into(), |shape| shown(*item, shape, sensitive));
            items.iter().map(item).collect()
        }
        scalar => to_json(scalar),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Findings;
    use crate::engine::compile::{NoFiles, compile};
    use crate::engine::run::Settings;

    const RULES: &str = "landfall: 1\nname: shop\ntarget: standard\ndefaults: { on_error: warn }\nidentify: { id: $.id, logins: [ $.login ] }\n\
        account:\n  username: { from: $.login, required: true }\n  email.value: { from: $.mail, do: [ email ] }\n  \
        status: { from: $.state, do: [ lowercase ], on_error: reject }\n";

    fn explain(record: &str, claim: Option<&str>, sensitive: bool) -> (String, Json) {
        let (mut files, mut findings) = (Files::default(), Findings::default());
        let file = files.add("shop.yaml", RULES);
        let plan = compile(&mut files, file, &NoFiles, &mut findings).unwrap();
        let settings = Settings { unread: true, ..Settings::default() };
        let (arena, mut trace) = (Bump::new(), Trace::new());
        let run = plan.run(record, &settings, &arena, &mut trace);
        let view = View { sensitive, colour: false };
        let explanation = Explanation { plan: &plan, run: &run, trace: &trace, claim, view };
        (explanation.human(), explanation.json())
    }

    #[test]
    fn an_account_is_shown_with_its_warnings_and_unread_fields() {
        let record = r#"{"id": 1, "login": "ada", "mail": "nope", "state": "ACTIVE", "shoe": 38}"#;
        let (human, json) = explain(record, None, false);
        insta::assert_snapshot!(human);
        assert_eq!(json["outcomes"][0]["account"], json!({ "username": "•••", "status": "active" }));
        assert_eq!(json["outcomes"][0]["warnings"], json!(["email.value"]));
        assert_eq!(json["unread"], json!(["$.shoe"]));
        let (_, json) = explain(record, Some("username"), true);
        assert_eq!(json["outcomes"][0]["account"]["username"], "ada");
        assert_eq!(json["trace"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn it_says_why_a_login_would_not_accept_an_account() {
        for (record, wanted) in [
            (r#"{"login": "ada"}"#, "the record has no id: `identify.id` has no value"),
            (r#"{"login": "ada", "id": ["1"]}"#, "`identify.id` gives a list; an id is text or a number"),
            (r#"{"login": "ada", "id": true}"#, "`identify.id` gives a boolean; an id is text or a number"),
            (r#"{"login": "ada", "id": {}}"#, "`identify.id` gives an object; an id is text or a number"),
            (r#"{"login": "a\u200bda", "id": 1}"#, "the record has no login that can be typed: the identifier "),
        ] {
            let (human, json) = explain(record, None, false);
            assert!(
                human.contains("a login would not accept the account") && human.contains(wanted),
                "{record}: {human}"
            );
            let message = json["outcomes"][0]["refused_at_login"]["message"].as_str().unwrap();
            assert!(message.starts_with(wanted), "{message}");
        }
        assert_eq!(
            explain(r#"{"login": "ada", "id": 1}"#, None, false).1["outcomes"][0]["refused_at_login"],
            Json::Null
        );
    }

    #[test]
    fn it_says_why_there_is_no_credential() {
        let rules = "landfall: 1\naccount: { status: active }\ncredential: { from: $.hash, scheme: md5 }\n";
        let (mut files, mut findings) = (Files::default(), Findings::default());
        let file = files.add("shop.yaml", rules);
        let plan = compile(&mut files, file, &NoFiles, &mut findings).unwrap();
        let settings = Settings { check_credentials: true, ..Settings::default() };
        let view = View { sensitive: false, colour: false };
        for (record, why) in [(r#"{"hash": "*"}"#, "the account is locked"), ("{}", "the account has no credential")] {
            let (arena, mut trace) = (Bump::new(), Trace::new());
            let run = plan.run(record, &settings, &arena, &mut trace);
            for claim in [None, Some(rule_name(&plan, "credential.value"))] {
                let explanation = Explanation { plan: &plan, run: &run, trace: &trace, claim, view };
                assert!(explanation.human().contains(why), "{}", explanation.human());
                assert_eq!(explanation.json()["outcomes"][0]["has_credential"], false);
            }
        }
    }

    #[test]
    fn reasons_have_their_place() {
        let (human, json) = explain(r#"{"login": "ada", "state": "gone"}"#, None, false);
        assert!(human.contains("the record is invalid\n  status: schema: "), "{human}");
        assert_eq!(json["outcomes"][0]["reasons"][0]["at"], "shop.yaml:9:3");
    }
}
