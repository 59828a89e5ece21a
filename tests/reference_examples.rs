//! Every example of the language reference is run: rules compile without findings, records become the accounts shown.

#![allow(
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test stops where it fails, and says what it measured"
)]

use bumpalo::Bump;
use landfall::diag::render::plain;
use landfall::diag::{Files, Findings};
use landfall::engine::compile::{Loaded, Loader, compile};
use landfall::engine::outcome::Outcome;
use landfall::engine::plan::Plan;
use landfall::engine::probe::Silent;
use landfall::engine::run::{Facts, Settings};
use landfall::model::json::to_json;
use serde_json::{Value, json};

const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/rules/reference.md");

/// The files that the examples name.
struct Named;

impl Loader for Named {
    fn load(&self, _: &str, name: &str) -> Result<Loaded, String> {
        let text = match name {
            "common/contact.yaml" => "landfall: 1\nsteps:\n  person: [ squish, { unicode: nfc } ]\n",
            "stores.csv" => "code,store\nB1,Berlin\nH1,Hamburg\n",
            "crm.schema.json" => {
                r#"{ "type": "object", "required": ["mail"], "additionalProperties": false,
                "properties": { "mail": { "type": "string", "format": "email" }, "segment": { "type": "string" } } }"#
            }
            _ => return Err(format!("`{name}` is not a file of the examples")),
        };
        Ok(Loaded { name: name.to_owned(), text: text.to_owned() })
    }
}

/// A fenced block: its words, its text and its line.
struct Block {
    info: String,
    text: String,
    line: usize,
}

fn blocks(text: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in text.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => open = Some(Block { info: info.to_owned(), text: String::new(), line: number + 1 }),
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some(block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    found
}

fn compiled(block: &Block) -> Plan {
    let mut files = Files::default();
    let file = files.add(format!("reference.md:{}", block.line), block.text.clone());
    let mut findings = Findings::default();
    let plan = compile(&mut files, file, &Named, &mut findings);
    let findings = findings.sorted();
    assert!(findings.is_empty(), "the example at line {}:\n{}", block.line, plain(&files, &findings));
    plan.expect("rules without findings have a plan")
}

/// What becomes of a record, as the examples write it.
fn outcome(plan: &Plan, record: &str) -> Value {
    let added = [("tier".to_owned(), Value::from("gold"))].into_iter().collect();
    let (now, tenant) = (Some("2026-03-01T09:30:00Z".into()), Some("emea".into()));
    let facts = Facts { now, tenant, identifier: None, added };
    let settings = Settings { facts, ..Settings::default() };
    let arena = Bump::new();
    let run = plan.run(record, &settings, &arena, &mut Silent);
    let mut each: Vec<Value> = run.outcomes.iter().map(one).collect();
    if each.len() == 1 { each.remove(0) } else { Value::Array(each) }
}

fn one(outcome: &Outcome<'_>) -> Value {
    let made = match outcome {
        Outcome::Denied(reason) => return json!({ "denied": reason }),
        Outcome::Invalid(reasons) => {
            return json!({ "invalid": reasons.iter().map(|reason| &*reason.rule).collect::<Vec<_>>() });
        }
        Outcome::Account(made) => made,
    };
    let mut account = to_json(made.account.value());
    if !made.warnings.is_empty() {
        account["warnings"] = json!(made.warnings);
    }
    if made.credential.is_present() {
        account["credential"] = to_json(made.credential);
    }
    account
}

#[test]
fn every_rule_file_compiles_and_every_record_becomes_the_account_shown() {
    let (mut plan, mut record) = (None, None);
    let (mut rules, mut accounts) = (0, 0);
    let text = std::fs::read_to_string(REFERENCE).expect("the reference can be read");
    for block in blocks(&text) {
        match block.info.as_str() {
            "yaml" if block.text.starts_with("landfall:") => {
                assert!(record.is_none(), "line {}: the record above has no account", block.line);
                plan = Some(compiled(&block));
                rules += 1;
            }
            "json record" => record = Some(block.text),
            "json account" => {
                let plan = plan.as_ref().expect("rules stand above an account");
                let record = record.take().expect("a record stands above an account");
                let wanted: Value = serde_json::from_str(&block.text).expect("an account is JSON");
                assert_eq!(outcome(plan, &record), wanted, "the account at line {}", block.line);
                accounts += 1;
            }
            "text" | "json" | "sh" => {}
            other => panic!(
                "line {}: a block is `yaml` with `landfall:`, `json record` or `json account`, found `{other}`",
                block.line
            ),
        }
    }
    assert!(record.is_none(), "the last record has no account");
    assert!(rules > 10 && accounts >= rules, "{rules} rule files and {accounts} accounts were found");
}

#[test]
fn the_rules_of_the_readme_compile() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("the README");
    let rules: Vec<Block> = blocks(&text).into_iter().filter(|block| block.info == "yaml").collect();
    assert!(!rules.is_empty(), "the README shows no rules");
    rules.iter().for_each(|block| drop(compiled(block)));
}
