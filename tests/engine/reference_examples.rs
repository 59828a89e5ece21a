//! Every example of the documentation is run: rules compile without findings, records become the accounts shown, tests pass,
//! and links lead somewhere. Settings are read in `tests/settings.rs`, commands in `src/cli/documented_tests.rs`.

use std::path::Path;

use bumpalo::Bump;
use landfall::diag::render::plain;
use landfall::diag::{Files, Findings};
use landfall::engine::compile::{Loaded, Loader, compile};
use landfall::engine::outcome::Outcome;
use landfall::engine::plan::Plan;
use landfall::engine::probe::Silent;
use landfall::engine::run::{Facts, Settings};
use landfall::model::json::to_json;
use landfall::testing::coverage::Coverage;
use landfall::testing::{Options, Shelf, cases, check_names, run_case, run_examples, test_file};
use serde_json::{Value, json};

use crate::pages::{Block, Page, Row, pages};

/// The files that examples name.
struct Named;

const FILES: [(&str, &str); 5] = [
    ("common/contact.yaml", "landfall: 1\nsteps:\n  person: [ squish, { unicode: nfc } ]\n"),
    ("stores.csv", "code,store\nB1,Berlin\nH1,Hamburg\n"),
    (
        "crm.schema.json",
        r#"{ "type": "object", "required": ["mail"], "additionalProperties": false,
             "properties": { "mail": { "type": "string", "format": "email" }, "segment": { "type": "string" } } }"#,
    ),
    ("records/ada.json", r#"{ "ID": 7, "login": "ada", "mail": "Ada@Example.com", "phone": "none" }"#),
    ("records/two.ndjson", "{\"ID\":8,\"login\":\"bo\"}\n{\"ID\":9,\"login\":\"cy\"}\n"),
];

fn named(name: &str) -> Result<Loaded, String> {
    let file = FILES.iter().find(|(file, _)| *file == name);
    let (name, text) = file.ok_or_else(|| format!("`{name}` is not a file of the examples"))?;
    Ok(Loaded { name: (*name).to_owned(), text: (*text).to_owned() })
}

impl Loader for Named {
    fn load(&self, _: &str, name: &str) -> Result<Loaded, String> {
        named(name)
    }
}

impl Shelf for Named {
    fn find(&self, _: &str, pattern: &str) -> Result<Vec<Loaded>, String> {
        Ok(vec![named(pattern)?])
    }

    fn snapshot(&self, _: &str, _: &str) -> Result<Option<String>, String> {
        Ok(None)
    }

    fn write_snapshot(&self, _: &str, _: &str, _: &str) -> Result<(), String> {
        Err("examples write nothing".to_owned())
    }
}

/// What is wrong with an example, or nothing.
type Checked<T = ()> = Result<T, String>;

fn compiled(text: &str, place: &str) -> Checked<Plan> {
    let mut files = Files::default();
    let file = files.add(place, text);
    let mut findings = Findings::default();
    let plan = compile(&mut files, file, &Named, &mut findings);
    let findings = findings.sorted();
    match plan {
        Some(plan) if findings.is_empty() => Ok(plan),
        _ => Err(format!("the rules at {place}:\n{}", plain(&files, &findings))),
    }
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

/// The account that an example shows. `refused` and `rejected` are the older names of `denied` and `invalid`.
fn wanted(block: &Block) -> Checked<Value> {
    let mut wanted = json_of(block)?;
    for (old, new) in [("refused", "denied"), ("rejected", "invalid")] {
        if let Some(value) = wanted.as_object_mut().and_then(|members| members.remove(old)) {
            wanted[new] = value;
        }
    }
    Ok(wanted)
}

/// Runs a test file over rules, and counts its tests.
fn tested(block: &Block, plan: &Plan) -> Checked<usize> {
    let (mut files, mut findings) = (Files::default(), Findings::default());
    let file = files.add(&*block.place, &*block.text);
    let tests = test_file(&files, file, &mut findings);
    if let Some(tests) = &tests {
        check_names(tests, plan, &mut findings);
    }
    let found = tests.as_ref().map(|tests| cases(tests, &mut files, &Named, &mut findings)).unwrap_or_default();
    let findings = findings.sorted();
    if !findings.is_empty() {
        return Err(format!("the tests at {}:\n{}", block.place, plain(&files, &findings)));
    }
    let mut coverage = Coverage::default();
    for case in &found {
        let tested = run_case(case, plan, &Named, Options::default(), &mut coverage);
        if !tested.passed() {
            let trace = tested.trace.join("\n");
            return Err(format!("{}: `{}` fails: {:?}\n{trace}", block.place, tested.name, tested.status));
        }
    }
    Ok(found.len())
}

/// How many examples of each kind a page has.
#[derive(Default)]
struct Counted {
    rules: usize,
    accounts: usize,
    tests: usize,
}

/// What stands above the block that is read.
#[derive(Default)]
struct Above {
    plan: Option<Plan>,
    record: Option<String>,
}

impl Above {
    fn plan(&self, block: &Block) -> Checked<&Plan> {
        self.plan.as_ref().ok_or_else(|| format!("{}: there are no rules above", block.place))
    }
}

fn run_page(page: &Page, problems: &mut Vec<String>) -> Counted {
    let (mut counted, mut above) = (Counted::default(), Above::default());
    for block in page.blocks() {
        problems.extend(run_block(&block, &mut above, &mut counted).err());
    }
    problems.extend(above.record.map(|_| format!("{}: the last record has no account", page.name)));
    counted
}

fn run_block(block: &Block, above: &mut Above, counted: &mut Counted) -> Checked {
    match block.info.as_str() {
        "yaml" => {
            above.plan = Some(rules(block)?);
            counted.rules += 1;
        }
        "yaml tests" => counted.tests += tested(block, above.plan(block)?)?,
        "json record" => above.record = Some(block.text.clone()),
        "json account" => {
            account(block, above)?;
            counted.accounts += 1;
        }
        "json" => drop(json_of(block)?),
        "yaml settings" | "sql" | "text" | "sh" | "sh run" | "sh serve" => {}
        other => {
            return Err(format!(
                "{}: a block is `yaml` (a rule file), `yaml tests`, `yaml settings`, `json record`, `json account`, `json`, \
                 `sql`, `sh`, `sh run`, `sh serve` or `text`, found `{other}`",
                block.place
            ));
        }
    }
    Ok(())
}

fn rules(block: &Block) -> Checked<Plan> {
    let plan = compiled(&block.text, &block.place)?;
    let examples = run_examples(&block.place, &plan, &mut Coverage::default());
    match examples.iter().find(|tested| !tested.passed()) {
        None => Ok(plan),
        Some(tested) => Err(format!("{}: `{}` fails: {:?}", block.place, tested.name, tested.status)),
    }
}

fn account(block: &Block, above: &mut Above) -> Checked {
    let record = above.record.take().ok_or_else(|| format!("{}: there is no record above", block.place))?;
    let (found, wanted) = (outcome(above.plan(block)?, &record), wanted(block)?);
    if found == wanted { Ok(()) } else { Err(format!("{}: the record becomes {found}", block.place)) }
}

fn json_of(block: &Block) -> Checked<Value> {
    serde_json::from_str(&block.text).map_err(|error| format!("{}: {error}", block.place))
}

#[test]
fn every_example_does_what_its_page_says() {
    let mut problems = Vec::new();
    let run = |page: Page| (page.name.clone(), run_page(&page, &mut problems));
    let counted: Vec<(String, Counted)> = pages().into_iter().map(run).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    let on = |name: &str| counted.iter().find(|(page, _)| page.ends_with(name)).map(|(_, counted)| counted).unwrap();
    let language = on("docs/rules.md");
    assert!(language.rules > 10 && language.accounts >= language.rules, "{} rule files", language.rules);
    assert!(on("README.md").rules > 0, "README shows no rules");
    assert!(on("docs/credentials.md").tests > 10, "{} tests of credentials", on("docs/credentials.md").tests);
    assert!(on("docs/rule-tests.md").tests > 3, "{} tests of tests", on("docs/rule-tests.md").tests);
}

/// The text of a cell that is code: between one or two backticks.
fn code(cell: &str) -> Option<&str> {
    let inner = cell.strip_prefix("``").and_then(|rest| rest.strip_suffix("``"));
    Some(inner.or_else(|| cell.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')))?.trim())
}

#[test]
fn every_row_of_coming_from_gives_what_it_says() {
    let page = pages().into_iter().find(|page| page.name == "docs/coming-from.md").expect("the page");
    let record = page.blocks().into_iter().find(|block| block.info == "json").expect("a record").text;
    let rows = page.rows(&["Landfall", "result"]);
    let problems: Vec<String> = rows.iter().filter_map(|row| run_row(row, &record).err()).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(rows.len() > 40, "{} rows", rows.len());
}

fn run_row(row: &Row, record: &str) -> Checked {
    let [.., rule, result] = row.cells.as_slice() else { return Err(format!("{}: too few cells", row.place)) };
    let (Some(rule), Some(result)) = (code(rule), code(result)) else {
        return Err(format!("{}: the last two cells are not code", row.place));
    };
    let rules = format!("landfall: 1\ndefaults: {{ on_error: warn }}\naccount:\n  custom.it: {rule}\n");
    let account = outcome(&compiled(&rules, &row.place)?, record);
    let wanted = match result {
        "nothing" => Value::Null,
        result => serde_json::from_str(result).map_err(|error| format!("{}: {error}", row.place))?,
    };
    let found = &account["custom"]["it"];
    if *found == wanted { Ok(()) } else { Err(format!("{}: {rule} gives {found}, not {wanted}", row.place)) }
}

/// A heading as GitHub names it in links.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().trim().to_lowercase().replace(' ', "-")
}

fn headings(text: &str) -> Vec<String> {
    text.lines().filter(|line| line.starts_with('#')).map(|line| anchor(line.trim_start_matches('#'))).collect()
}

/// The targets of links outside of fenced blocks.
fn links(page: &Page) -> Vec<String> {
    let prose: String = page.text.split("```").step_by(2).collect();
    let parts = prose.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target.to_owned());
    parts.filter(|target| !target.contains(['\n', ' ']) && !target.contains("://")).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut broken = Vec::new();
    for page in pages() {
        let folder = root.join(&page.name).parent().expect("a folder").to_owned();
        for link in links(&page) {
            let (file, section) = link.split_once('#').unwrap_or((&link, ""));
            let path = if file.is_empty() { root.join(&page.name) } else { folder.join(file) };
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let found = section.is_empty() || headings(&text).iter().any(|heading| heading == section);
            if !path.exists() || !found {
                broken.push(format!("{}: {link}", page.name));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn readme_is_short() {
    let readme = pages().into_iter().find(|page| page.name == "README.md").expect("the README");
    let lines = readme.text.lines().count();
    assert!(lines <= 200, "README.md has {lines} lines; what is more belongs in docs/");
}
