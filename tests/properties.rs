//! What holds for all rules and records: no panic, right places, same results again, canonical forms, no leaked value.

#[path = "../fuzz/src/engine.rs"]
#[allow(dead_code, reason = "the fuzz targets and their own test use the other bodies")]
mod bodies;
#[path = "reference/generate.rs"]
mod generate;

use std::path::{Path, PathBuf};

use bumpalo::Bump;
use generate::{Chance, RuleGenerator, record};
use landfall::diag::{Files, Findings};
use landfall::engine::compile::{NoFiles, compile};
use landfall::engine::ops;
use landfall::engine::outcome::Outcome;
use landfall::engine::plan::Plan;
use landfall::engine::probe::Silent;
use landfall::engine::run::Settings;
use landfall::model::Value;
use landfall::model::json::{to_json, write};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

fn plan(rules: &str) -> Option<Plan> {
    let mut files = Files::default();
    let file = files.add("rules.yaml", format!("landfall: 1\nname: rules\n{rules}"));
    compile(&mut files, file, &NoFiles, &mut Findings::default())
}

/// The one account of a record, its JSON text, or nothing when it is held back.
fn account(plan: &Plan, record: &str) -> Option<String> {
    let (arena, settings) = (Bump::new(), Settings::default());
    let run = plan.run(record, &settings, &arena, &mut Silent);
    let Outcome::Account(made) = &run.outcomes[0] else { return None };
    let mut out = Vec::new();
    write(made.account.value(), &mut out);
    Some(String::from_utf8(out).unwrap())
}

/// A file of the shared corpora, when they are there.
fn corpus(name: &str) -> Option<String> {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/records/corpora").join(name);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        println!("skipped: {} is not there", path.display());
    }
    text
}

// ------------------------------------------------------------------------------------------------------------- reading

/// Lines that look like rules.
fn rule_text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "account:\n",
        "  ",
        "custom.a: ",
        "{ from: $.a",
        ", do: [ trim ]",
        " }\n",
        "\"",
        "'",
        "|\n",
        "é",
        "\u{feff}",
        "\r\n",
        "\t",
        "- ",
        "[",
        "]",
        "{",
        "}",
        ": ",
        "$.",
        "$['",
        "']",
        "{$.a}",
        "#",
        "&x ",
        "*x",
        "null",
        "when: ",
        "any: ",
        "\\",
        "..",
        "[?@.a",
        "landfall: 1\n",
        "let:\n",
        "  x: $.a\n",
        "lookups: { a: { b: c } }\n",
        "lookup: a",
        "date: { format: \"%Q\" }",
        "matches: \"(\"",
    ]);
    prop::collection::vec(prop_oneof![9 => piece.prop_map(str::to_owned), 1 => any::<String>()], 0..24)
        .prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn any_text_gives_findings_at_valid_places(text in prop_oneof![rule_text(), any::<String>()]) {
        bodies::rules_read(text.as_bytes());
        bodies::rules_compile(text.as_bytes());
    }
}

// --------------------------------------------------------------------------------------------------------- determinism

#[test]
fn the_same_rules_and_record_give_the_same_bytes() {
    let mut chance = Chance::new(42);
    let mut compared = 0;
    while compared < 400 {
        let rules = RuleGenerator::file(&mut chance);
        let rules = rules.trim_start_matches("landfall: 1\nname: generated\n");
        let (Some(first), Some(second)) = (plan(rules), plan(rules)) else { continue };
        for _ in 0..4 {
            let record = record(&mut chance).to_string();
            assert_eq!(account(&first, &record), account(&first, &record), "{rules}\n{record}");
            assert_eq!(account(&first, &record), account(&second, &record), "{rules}\n{record}");
            compared += 1;
        }
    }
}

// ----------------------------------------------------------------------------------------------------- canonical forms

/// What a step makes of a text; nothing when it fails or makes nothing.
fn stepped(plan: &Plan, text: &str) -> Option<Json> {
    let made: Json = serde_json::from_str(&account(plan, &json!({ "v": text }).to_string())?).unwrap();
    made.get("custom").map(|custom| custom["v"].clone())
}

fn step_plan(step: &str) -> Plan {
    plan(&format!("account: {{ custom.v: {{ from: $.v, do: [ {step} ], on_error: warn }} }}")).expect(step)
}

/// The steps that make a canonical form, with words that get chance past the first check.
const CANONICAL: &[(&str, &[&str])] = &[
    (
        "email",
        &["Ada", "@", "example", ".com", ".", "+tag", "ü", " ", "<", ">", "mailto:", "\"", "(c)", "xn--", "EXAMPLE"],
    ),
    (
        "phone: { region: US }",
        &["+", "1", "202", "555", "0143", "-", " ", "(", ")", "00", "49", "ext. 7", "x9", "tel:", "٣"],
    ),
    (
        "locale",
        &[
            "en",
            "_",
            "-",
            "US",
            "de",
            "Latn",
            "zh",
            "Hans",
            "CN",
            ".UTF-8",
            "@euro",
            "x",
            "i-klingon",
            "419",
            "C",
            "no",
        ],
    ),
    (
        "username",
        &["Ada", "_", "é", "e\u{301}", "ß", "İ", " ", "Σ", "ς", "ﬀ", "１", ".", "-", "\u{200d}", "\u{ad}", "ǅ"],
    ),
    ("date", &["2024", "-", "02", "29", "T", "23", ":", "59", "60", ".5", "Z", "+01:00", "-00:00", " ", "1", "0000"]),
    (
        "uuid",
        &[
            "6ba7b810",
            "-",
            "9dad",
            "11d1",
            "80b4",
            "00c04fd430c8",
            "{",
            "}",
            "urn:uuid:",
            "F",
            "0",
            "6BA7B8109DAD11D180B400C04FD430C8",
        ],
    ),
    (
        "country",
        &["DE", "deu", "Germany", "276", " ", "UK", "USA", "Holland", "Côte", "d'Ivoire", "St.", "Korea", "the "],
    ),
    (
        "time_zone",
        &[
            "Europe",
            "/",
            "Berlin",
            "UTC",
            "GMT",
            "+1",
            "+01:00",
            "(GMT)",
            " ",
            "US",
            "Eastern",
            "Etc",
            "CET",
            "Pacific Time",
        ],
    ),
    (
        "url",
        &["https://", "Example.COM", ":443", "/a/../b", "?q=ü", "#f", "%7E", " ", "http:", "user@", "münchen", "\\"],
    ),
    ("language", &["en", "English", "deu", "-", "DE", "zh-Hans", "fr_CA", " ", "german"]),
    ("ip_address", &["192", ".", "168", "0", "1", "::", ":", "ffff", "[", "]", "%eth0", "/24", "00"]),
    ("domain", &["example", ".", "COM", "ü", "xn--", "mxa", "-", " ", "@", "。"]),
    ("squish", &[" ", "a", "\t", "\u{a0}", "\u{200b}", "é", "\u{2060}", "\n"]),
    ("title_case", &["ADA", "o'brien", "-", " ", "ß", "ﬀ", "ΣΟΦΟΣ", ".", "’"]),
];

fn naughty() -> Vec<String> {
    let mut values: Vec<String> =
        ["", " ", "a", "Ada@Example.com", "+1 (202) 555-0143", "en_US", "2024-02-29"].map(str::to_owned).into();
    if let Some(text) = corpus("blns.json") {
        values.extend(serde_json::from_str::<Vec<String>>(&text).unwrap());
    }
    if let Some(text) = corpus("isemail_tests.xml") {
        let addresses = text.split("<address>").skip(1).filter_map(|part| part.split("</address>").next());
        values.extend(
            addresses.map(|address| address.replace("&#x", "\u{1}").replace("&lt;", "<").replace("&amp;", "&")),
        );
    }
    if let Some(text) = corpus("phones_libphonenumber.jsonl") {
        let lines = text.lines().map(|line| serde_json::from_str::<Json>(line).unwrap());
        values.extend(lines.filter_map(|line| Some(line["raw"].as_str()?.to_owned())));
    }
    if let Some(text) = corpus("precis_golden.json") {
        let cases: Vec<Json> = serde_json::from_str(&text).unwrap();
        values.extend(cases.iter().filter_map(|case| Some(case["input"].as_str()?.to_owned())));
    }
    values
}

#[test]
fn canonical_forms_stay_as_they_are() {
    let naughty = naughty();
    let mut chance = Chance::new(3);
    let mut problems = Vec::new();
    for (step, words) in CANONICAL {
        let plan = step_plan(step);
        let made = (0..1_500).map(|_| (0..1 + chance.below(7)).map(|_| *chance.pick(words)).collect::<String>());
        let inputs: Vec<String> = made.collect();
        let mut valid = 0;
        for input in inputs.iter().chain(&naughty) {
            let Some(once) = stepped(&plan, input) else { continue };
            valid += 1;
            let twice = once.as_str().map(|once| stepped(&plan, once));
            if twice != Some(Some(once.clone())) {
                problems.push(format!("{step}: {input:?} gives {once}, and that gives {twice:?}"));
            }
        }
        println!("{step}: {valid} values of {}", inputs.len() + naughty.len());
        assert!(valid >= 5, "{step}: hardly any value passes");
    }
    assert!(problems.is_empty(), "{} forms change:\n{}", problems.len(), problems[..problems.len().min(40)].join("\n"));
}

// -------------------------------------------------------------------------------------------------------------- secrecy

/// Texts and digits that stand nowhere in the rules.
const CANARIES: &[&str] =
    &["CANARYtext", "canary@nest.example", "918273645546372819", "31337.12121", "cafebabe0badf00d", "2031-07-19"];

fn canary_values() -> Vec<Json> {
    let mut values: Vec<Json> = CANARIES.iter().map(|canary| json!(canary)).collect();
    values.extend([
        json!(918_273_645_546_372_819_i64),
        json!(31337.12121),
        json!([CANARIES[0], CANARIES[0], 918_273_645_546_372_819_i64]),
        json!({ "a": CANARIES[0], "k": CANARIES[1], "v": [CANARIES[2]] }),
        json!([{ "k": CANARIES[0], "v": CANARIES[1] }, { "k": CANARIES[0], "v": { "a": CANARIES[4] } }]),
        json!("a:1:{s:10:\"CANARYtext\";b:9;}"),
        json!("{\"a\": CANARYtext"),
        json!("CN=CANARYtext\\,,=x"),
        json!("{CRYPT}CANARYtext"),
        json!("2031-07-19T99:00:00CANARYtext"),
        json!("Q0FOQVJZdGV4dA=CANARYtext"),
    ]);
    values
}

/// Everything that a run says besides the account.
fn said(plan: &Plan, record: &str) -> String {
    let (arena, settings) = (Bump::new(), Settings { unread: true, ..Settings::default() });
    let run = plan.run(record, &settings, &arena, &mut Silent);
    let mut said = format!("{run:?}");
    for outcome in &run.outcomes {
        match outcome {
            Outcome::Account(made) => said += &made.warnings.join(","),
            Outcome::Refused(reason) => said += reason,
            Outcome::Rejected(reasons) => reasons.iter().for_each(|reason| said += &reason.to_json().to_string()),
        }
    }
    said
}

/// Rules that fail in every way: every step with the arguments of its examples, every claim, scripts, conditions.
fn failing_rules() -> Vec<String> {
    let mut rules = Vec::new();
    for spec in ops::all() {
        let mut arguments: Vec<&str> = spec.examples.iter().map(|example| example.arguments).collect();
        arguments.dedup();
        for argument in arguments {
            let step =
                if argument.is_empty() { spec.name.to_owned() } else { format!("{{ {}: {argument} }}", spec.name) };
            for policy in ["reject", "warn"] {
                rules.push(format!("account: {{ custom.v: {{ from: $.v, do: [ {step} ], on_error: {policy} }} }}"));
                rules.push(format!("account: {{ custom.v: {{ from: $.v, each: [ {step} ], on_error: {policy} }} }}"));
            }
        }
    }
    for claim in [
        "external_id",
        "username",
        "email.value",
        "email.verified",
        "phone.value",
        "birthdate",
        "locale",
        "zoneinfo",
        "picture",
        "status",
        "must_change_password",
        "created_at",
        "roles",
        "consents",
        "external_identities",
        "mfa",
        "custom",
        "secondary_emails",
    ] {
        rules.push(format!("account: {{ {claim}: {{ from: $.v, on_error: reject }} }}"));
        rules.push(format!("account: {{ {claim}: {{ from: $.none, default: $.v, required: true }} }}"));
    }
    for script in [
        "parse_int(v)",
        "v - 1",
        "v[0]",
        "v.a.b",
        "v.foo",
        "#{}[v]",
        "v.a()",
        "[1][v]",
        "throw \"reason\"",
        "let m = v; m.x = 1; m",
        "v.sorted()",
        "v.join(v)",
        "pad_start(v, 99999999, v)",
        "v / 0",
        "for x in v { x.y } 1",
        "switch v { _ => v.nope }",
        "-v",
        "!v",
        "v && true",
        "parse_float(v)",
        "v.remove(v)",
        "if v { 1 }",
    ] {
        let body = format!("with: {{ v: $.v }}, script: {}, on_error: reject", json!(script));
        rules.push(format!("account: {{ custom.v: {{ {body} }} }}"));
    }
    rules.push("defaults: { unread: reject }\naccount: { custom.a: $.other }".to_owned());
    rules.push("account: { custom.a: $.v }\nchecks: [ { needs: { $.v: nothing }, because: unfit } ]".to_owned());
    rules.push("account: { custom.a: $.v }\nadmit: [ { refuse: closed, when: { $.v: present } } ]".to_owned());
    rules.push("account: { custom.a: $.none }\naccounts: { from: $.none, name: person }".to_owned());
    rules.push("account: { custom.a: $.none }\ncredential: { from: $.v, scheme: [ bcrypt, argon2 ] }".to_owned());
    rules.push("account: { custom.a: { from: $.v, where: { $item: 1 }, each: { b: { from: $item.k, do: [ to_integer ], on_error: reject } } } }".to_owned());
    rules
}

#[test]
fn no_value_of_a_record_is_ever_said() {
    let mut tried = 0;
    let mut failed = 0;
    let mut leaks = Vec::new();
    for rules in failing_rules() {
        let Some(plan) = plan(&rules) else { continue };
        for value in canary_values() {
            let record = json!({ "v": value }).to_string();
            let said = said(&plan, &record);
            tried += 1;
            failed += usize::from(said.contains("message"));
            if let Some(canary) = CANARIES.iter().find(|canary| said.contains(**canary)) {
                leaks.push(format!("{canary} in {said}\n  of {rules}\n  and {record}"));
            }
        }
    }
    println!("{tried} runs, {failed} held back");
    assert!(tried > 5_000 && failed > 1_000, "{tried} {failed}");
    assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks[..leaks.len().min(10)].join("\n"));
}

#[test]
fn a_record_that_cannot_be_read_is_not_quoted() {
    let plan = plan("account: { custom.v: $.v }").unwrap();
    let long = "CANARYtext".repeat(40_000);
    for record in [
        "{\"v\": \"CANARYtext\", \"w\": CANARYtext}".to_owned(),
        "{\"v\": \"CANARYtext".to_owned(),
        "{\"v\": \"CANARYtext\\q\"}".to_owned(),
        "{\"v\": 918273645546372819e}".to_owned(),
        "{\"v\": \"CANARYtext\", \"v\": \"CANARYtext\"}".to_owned(),
        "\"CANARYtext\"".to_owned(),
        "[\"CANARYtext\"]".to_owned(),
        "CANARYtext".to_owned(),
        format!("{{\"v\": \"{long}\"}}"),
        format!("{{\"v\": {}\"CANARYtext\"{}}}", "[".repeat(100), "]".repeat(100)),
    ] {
        let said = said(&plan, &record);
        assert!(said.contains("Rejected"), "{said}");
        assert!(CANARIES.iter().all(|canary| !said.contains(canary)), "{said}");
    }
}

#[test]
fn debug_output_shows_kinds_only() {
    let arena = Bump::new();
    for value in canary_values() {
        let text = value.to_string();
        let read = landfall::model::read::parse(&text, &arena, &landfall::model::read::ReadLimits::default()).unwrap();
        let shown = format!("{read:?} {:?}", [Some(read)]);
        assert!(CANARIES.iter().all(|canary| !shown.contains(canary)), "{shown}");
    }
    let bytes = format!("{:?}", Value::Bytes(b"CANARYtext"));
    assert!(!bytes.contains("CANARY") && !bytes.contains("67"), "{bytes}");
}

// --------------------------------------------------------------------------------------------------------------- digits

#[test]
fn thirty_digits_stay_thirty_digits() {
    const ID: &str = "123456789012345678901234567890";
    let rules = "identify: { id: $.id, logins: [ $.id ] }\n\
                 let: { again: { from: $.id, do: [ to_text, to_number ] } }\n\
                 account:\n  external_id: $.id\n  custom.number: $.id\n  custom.text: \"id:{$.id}\"\n  custom.again: $again\n  \
                 roles: $.ids\n  custom.list: { from: $.ids, each: [ to_number ], then: [ unique ], on_error: reject }\n  \
                 custom.looked_up: { from: $.id, do: [ { lookup: known } ], on_error: reject }\n\
                 lookups: { known: { 123456789012345678901234567890: 123456789012345678901234567890 } }";
    let plan = plan(rules).unwrap();
    let record = format!("{{\"id\": {ID}, \"ids\": [{ID}, {ID}, 123456789012345678901234567891, 1.10]}}");
    let wanted = format!(
        "{{\"external_id\":\"{ID}\",\"custom\":{{\"number\":{ID},\"text\":\"id:{ID}\",\"again\":{ID},\
         \"list\":[{ID},123456789012345678901234567891,1.10],\"looked_up\":{ID}}},\
         \"roles\":[\"{ID}\",\"{ID}\",\"123456789012345678901234567891\",\"1.10\"]}}"
    );
    let (arena, settings) = (Bump::new(), Settings::default());
    let run = plan.run(&record, &settings, &arena, &mut Silent);
    let Outcome::Account(made) = &run.outcomes[0] else { panic!("{run:?}") };
    let mut out = Vec::new();
    write(made.account.value(), &mut out);
    assert_eq!(String::from_utf8(out).unwrap(), wanted);
    assert_eq!(to_json(made.id), json!(ID));
    assert_eq!(to_json(made.logins), json!([ID]));
}
