//! Findings in test files, each with its rendered text; coverage.

use super::coverage::Coverage;
use super::*;
use crate::diag::Files;
use crate::diag::Findings;
use crate::diag::render::plain;
use crate::engine::compile::{Loaded, NoFiles, compile};
use crate::engine::plan::Plan;

const RULES: &str = "\
landfall: 1
name: tiny
target: standard
params: { region: {}, zone: UTC }
defaults: { on_error: warn }
lookups:
  roles: { a: admin, c: customer }
admit:
  - { deny: spammer, when: { $.status: spam } }
account:
  username: { from: $.login, do: [ lowercase ], required: true }
  locale: $params.region
  zoneinfo: $params.zone
  phone.value: { from: $.phone, do: [ phone: { region: US } ] }
  name.nickname: { from: $.nick, default: friend }
  status: active
  roles: { from: $.roles, each: [ lookup: roles ] }
";

/// Finds two records for `*.json`, and a file that is not a record file.
struct TwoRecords;

impl Shelf for TwoRecords {
    fn find(&self, _: &str, pattern: &str) -> Result<Vec<Loaded>, String> {
        let record = |name: &str| Loaded { name: name.to_owned(), text: r#"{"login": "ada"}"#.to_owned() };
        match pattern {
            "*.json" => Ok(vec![record("a.json"), record("b.json")]),
            "a.csv" => Ok(vec![record("a.csv")]),
            _ => Err(format!("`{pattern}` cannot be read: entity not found")),
        }
    }

    fn snapshot(&self, _: &str, _: &str) -> Result<Option<String>, String> {
        Ok(None)
    }

    fn write_snapshot(&self, _: &str, _: &str, _: &str) -> Result<(), String> {
        Ok(())
    }
}

fn plan() -> Plan {
    let (mut files, mut findings) = (Files::default(), Findings::default());
    let file = files.add("tiny.yaml", RULES);
    let plan = compile(&mut files, file, &NoFiles, &mut findings);
    plan.unwrap_or_else(|| panic!("{}", plain(&files, &findings.sorted())))
}

fn findings(text: &str) -> String {
    let (mut files, mut findings) = (Files::default(), Findings::default());
    let file = files.add("t", text);
    if let Some(tests) = test_file(&files, file, &mut findings) {
        check_names(&tests, &plan(), &mut findings);
        cases(&tests, &mut files, &TwoRecords, &mut findings);
    }
    plain(&files, &findings.sorted())
}

#[test]
fn problems_have_codes_places_and_help() {
    for (tests, wanted) in [
        (
            "{ params: { region: DE }, tests: [] }",
            "t:1:34: error[R601]: there is no test in this list (help: write a test, or remove the key; an empty list tests \
             nothing)\n",
        ),
        (
            "params: { region: DE }\ntests:\n- { name: a, record: {}, invalid: true }\n- { name: a, record: {}, invalid: true }",
            "t:4:11: error[R602]: two tests are named `a` (first here: t:3:11) (help: give each test its own name; \
             `--filter` and snapshots use it)\n",
        ),
        (
            "params: { region: DE }\ntests:\n- { name: a, record: {}, invalid: true, with: { $meta.x: 1, '$.a[*]': 1 } }",
            "t:3:49: error[R603]: a change names one field of the record (help: write `$.name`, `$.list[0].name` or \
             `$['odd name']`; to test another record, change `record`)\n\
             t:3:61: error[R603]: a change names one field of the record (help: write `$.name`, `$.list[0].name` or \
             `$['odd name']`; to test another record, change `record`)\n",
        ),
        (
            "params: { region: DE }\ntests:\n- { name: a, record: {} }",
            "t:3:3: error[R604]: the test expects nothing (help: add one of `expect`, `exactly`, `denied`, `invalid`, \
             `accounts`, `password` or `snapshot`)\n",
        ),
        (
            "params: { region: DE }\ntests:\n- { name: a, record: {}, denied: spammer, expect: {} }",
            "t:3:43: error[R605]: `expect` and `denied` cannot be used together (`denied` here: t:3:26) (help: a record becomes \
             an account, is denied, or is invalid: keep one of the keys, or write two tests)\n",
        ),
        (
            "params: { region: DE }\ntests:\n- { name: a, record: a.csv, invalid: true }\n- { name: b, record: b.json, invalid: true }",
            "t:3:22: error[R606]: `a.csv` is not a record file (help: record files are `.json`, `.yaml`, or `.ndjson` and `.jsonl` \
             with one record per line)\n\
             t:4:22: error[R606]: `b.json` cannot be read: entity not found (help: the path is relative to the test file; `*` \
             in its last part stands for any text)\n",
        ),
        (
            "params: { region: DE }\ntests:\n- { name: a, record: '*.json', snapshot: s.json }",
            "t:3:42: error[R607]: two records share the snapshot `s.json` (help: name a folder, ending in `/`, in which \
             each record gets its own file)\n",
        ),
        (
            "- { name: a, record: {}, invalid: true }",
            "t:1:11: error[R608]: the parameter `region` has no value (help: add `params: { region: … }` to the test or to \
             the top of the test file)\n",
        ),
        (
            "params: { region: DE }\ntests:\n- { name: a, record: {}, invalid: true, params: { region: \"\" } }",
            "t:3:11: error[R608]: the parameter `region` has no value (help: add `params: { region: … }` to the test or to \
             the top of the test file)\n",
        ),
        (
            "params: { region: DE }\ntests:\n- { name: a, record: {}, denied: spamer }\n- { name: b, record: {}, warnings: [ q ] }",
            "t:3:34: error[R609]: the rules have no denial `spamer` (help: did you mean `spammer`?)\n\
             t:4:38: error[R609]: the rules have no warning `q` (help: the rules have `username`, `locale`, `zoneinfo`, \
             `phone.value`, `name.nickname`, `roles`)\n",
        ),
        (
            "params: { region: DE }\ntests:\n- { name: a, record: {}, expect: { usrname: null, email.value: x } }",
            "t:3:36: error[R610]: the target schema has no claim `usrname` here (help: see the schema for its claims)\n\
             t:3:51: error[R610]: the target schema has no claim `email.value` here (help: accounts are nested: `email: { \
             value: … }`)\n",
        ),
        (
            "params: { region: DE }\ntests:\n- { name: a, record: {}, expect: {} }\n- { name: b, record: {}, expect: { custom: {} } }\n\
             - { name: c, record: {}, expect: { custom: { nn: null }, locale: null } }\n\
             - { name: d, record: {}, credential: { schema: null } }\n- { name: e, record: {}, facts: { now: yesterday }, invalid: true }\n\
             - { name: f, record: { mail: a }, without: [ $.maill, $.mail ], invalid: true }",
            "t:3:34: warning[R604]: `expect` names no claim, so any account passes (help: name at least one claim, such as \
             `expect: { username: … }`)\n\
             t:4:44: warning[R604]: `custom` names no claim, so any object passes (help: name a claim, `custom: { name: … }`; that \
             there is none is `custom: null`, and `exactly` compares all claims)\n\
             t:5:46: error[R610]: no rule makes `custom.nn`, so `null` passes always (help: name a claim that a rule makes, or \
             remove it)\n\
             t:6:40: error[R610]: a credential has no part `schema`, so `null` passes always (help: did you mean `scheme`?)\n\
             t:7:40: error[R107]: `now` is a time with an offset (help: write it as in `now: \"2026-01-01T00:00:00Z\"`)\n\
             t:8:46: error[R603]: the record has no `$.maill`, so nothing is removed (help: name a field of the record, or remove \
             the entry)\n",
        ),
        (
            "params: { region: DE }\ntests:\n- { name: a, record: {}, expect: {}, accounts: [ { expect: { username: a } } ] }",
            "t:3:26: error[R605]: `expect` and `accounts` cannot be used together (`accounts` here: t:3:38) (help: `accounts` lists \
             what is expected of each account: move `expect` into an entry, `accounts: [ { expect: … } ]`)\n",
        ),
        (
            "params: { region: DE }\ntests:\n- { name: a, record: {}, records: users, expect: { username: a } }",
            "t:3:35: error[R606]: `users` is not the path of a list of records (help: a path begins with `$`: write \
             `$.users`)\n",
        ),
        (
            "params: { region: DE }\ntests:\n- { name: a, record: {}, records: $.users, expect: { username: a } }",
            "t:3:35: error[R606]: `records` is for records in a file (help: remove it, or name a file: `record: \
             records/export.json`)\n",
        ),
        (
            "params: { region: DE }\ntests:\n- { name: a, record: [], invalid: true, fact: {} }",
            "t:3:22: error[R107]: expected a record or the name of a file, found a list (help: write a record or the name of a \
             file here)\n\
             t:3:41: error[R106]: `fact` is not a key of a test (help: did you mean `facts`?)\n",
        ),
    ] {
        assert_eq!(findings(tests), wanted, "{tests}");
    }
}

#[test]
fn a_missing_credential_is_reported() {
    let text = "\
params: { region: DE }
tests:
- { name: a, record: { login: A }, credential: { scheme: md5 } }
- { name: b, record: { login: A }, exactly: { credential: { scheme: md5 } } }
";
    let (mut files, mut findings, plan) = (Files::default(), Findings::default(), plan());
    let file = files.add("t", text);
    let tests = test_file(&files, file, &mut findings).expect("tests");
    let mut messages = Vec::new();
    for case in cases(&tests, &mut files, &TwoRecords, &mut findings) {
        let tested = run_case(&case, &plan, &TwoRecords, Options::default(), &mut Coverage::default());
        let Status::Failed(failures) = tested.status else { panic!("{tested:?}") };
        messages.extend(failures.into_iter().map(|failure| failure.message));
    }
    let differs = "the account differs at `credential.scheme`, `username`, `locale`, `zoneinfo`, `name`, `status`";
    assert_eq!(messages, ["there is no credential", differs]);
}

#[test]
fn coverage_counts_outcomes() {
    let text = "\
params: { region: DE }
tests:
- { name: a, record: { login: A, phone: x, roles: [ a, q ] }, expect: { username: a }, warnings: [ phone.value, roles ] }
- { name: b, record: { login: B, nick: N }, expect: { username: b } }
";
    let (mut files, mut findings, plan) = (Files::default(), Findings::default(), plan());
    let file = files.add("t", text);
    let tests = test_file(&files, file, &mut findings).expect("tests");
    let mut coverage = Coverage::default();
    for case in cases(&tests, &mut files, &TwoRecords, &mut findings) {
        let tested = run_case(&case, &plan, &TwoRecords, Options::default(), &mut coverage);
        assert!(tested.passed(), "{tested:?}");
    }
    let report = coverage.report("tiny.yaml", &plan);
    let lines: Vec<String> = report
        .rules
        .iter()
        .map(|rule| format!("{} {}/{} {}", rule.name, rule.seen, rule.total, rule.open.join(", ")))
        .collect();
    assert_eq!(
        lines,
        [
            "username 1/2 missing, and required",
            "locale 1/2 missing",
            "zoneinfo 1/2 missing",
            "phone.value 2/3 gives a value",
            "name.nickname 2/2 ",
            "status 1/1 ",
            "roles 3/3 ",
            "admit spammer 1/2 `admit` is true",
            "lookup roles 2/3 entry `c`",
        ]
    );
    assert_eq!(report.count(), (14, 20));
    assert_eq!((coverage::percent(14, 20), coverage::percent(199, 200)), (70, 99));
}

#[test]
fn a_test_can_say_what_hooks_add() {
    let (mut files, mut findings) = (Files::default(), Findings::default());
    let text = "{ tests: [ { name: a, record: { login: ada }, facts: { tenant: shop, added: { tier: gold, seats: 3 } }, expect: { username: ada } } ] }";
    let file = files.add("t", text);
    let tests = test_file(&files, file, &mut findings).unwrap();
    let cases = cases(&tests, &mut files, &TwoRecords, &mut findings);
    let facts = cases.first().unwrap().settings().facts;
    assert_eq!(serde_json::Value::Object(facts.added), serde_json::json!({ "tier": "gold", "seats": 3 }));
    assert_eq!((facts.tenant.as_deref(), plain(&files, &findings.sorted()).as_str()), (Some("shop"), ""));
}
