//! What holds for all rules and records: no panic, right places, same results again, canonical forms, no leaked value.

use bumpalo::Bump;
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
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};

use crate::bodies;
use crate::reference::generate::{Chance, RuleGenerator, record};

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
    let (mut out, mut plainly) = (Vec::new(), Vec::new());
    made.write_json(&mut out);
    write(made.account.value(), &mut plainly);
    assert_eq!(out, plainly, "written along the skeleton and without it");
    Some(String::from_utf8(out).unwrap())
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
fn stepped(plan: &Plan, text: &str, region: &str) -> Option<Json> {
    let record = json!({ "v": text, "r": region }).to_string();
    // a number that no double holds is of no interest here
    let made: Json = serde_json::from_str(&account(plan, &record)?).ok()?;
    made.get("custom").map(|custom| custom["v"].clone())
}

fn step_plan(step: &str) -> Plan {
    plan(&format!("account: {{ custom.v: {{ from: $.v, do: [ {step} ], on_error: warn }} }}")).expect(step)
}

/// The steps that make a canonical form, with values that are changed by chance.
const CANONICAL: &[(&str, &[&str])] = &[
    (
        "email",
        &[
            "Ada@Example.COM",
            "a+b.c@sub.example.org",
            "ü@münchen.example",
            "\"a b\"@example.com",
            "<ada@example.com>",
            "mailto:ada@example.com",
            "x@xn--mnchen-3ya.example",
            "ada@[192.0.2.1]",
            "o'brien_9@example.co.uk",
        ],
    ),
    (
        "phone: { region: [ $.r ] }",
        &[
            "(202) 555-0143",
            "+49 30 901820",
            "0044 20 7946 0958",
            "tel:+1-202-555-0143",
            "2025550143 ext. 7",
            "+33 1 42 68 53 00",
            "1-800-FLOWERS",
            "٢٠٢٥٥٥٠١٤٣",
            "+1 202.555.0143x9",
        ],
    ),
    (
        "locale",
        &[
            "en_US",
            "de-DE",
            "zh_Hans_CN",
            "pt_BR.UTF-8",
            "sr@latin",
            "es-419",
            "i-klingon",
            "no",
            "iw",
            "en-x-a",
            "EN",
            "sl-rozaj-biske",
            "de-DE-u-co-phonebk",
            "fr_FR.ISO8859-1@euro",
            "zh-cmn-Hans",
        ],
    ),
    (
        "username",
        &[
            "Ada",
            "élodie",
            "e\u{301}lodie",
            "Straße",
            "İstanbul",
            "ΣΟΦΟΣ",
            "ﬀ",
            "ＡＢＣ１",
            "ada.king",
            "ǅ",
            "a\u{200d}b",
            "ſ",
            "Ω",
            "K",
        ],
    ),
    (
        "date",
        &[
            "2024-02-29",
            "2024-02-29T23:59:59Z",
            "2024-02-29 23:59:59 +0000",
            "2024-02-29T23:59:59.123456+01:00",
            "0001-01-01T00:00:00Z",
            "2016-12-31T23:59:60Z",
            "2024-02-29T24:00:00Z",
            "20240229T235959Z",
            "2024-060",
            "2024-02-29T23:59:59+00",
        ],
    ),
    (
        "uuid",
        &[
            "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
            "{6BA7B810-9DAD-11D1-80B4-00C04FD430C8}",
            "6ba7b8109dad11d180b400c04fd430c8",
            "urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        ],
    ),
    (
        "country",
        &[
            "DE",
            "deu",
            "Germany",
            "276",
            "UK",
            "USA",
            "Holland",
            "Côte d'Ivoire",
            "St. Lucia",
            "South Korea",
            "the Netherlands",
            "United States",
        ],
    ),
    (
        "time_zone",
        &[
            "Europe/Berlin",
            "UTC",
            "GMT+1",
            "+01:00",
            "(GMT+01:00) Amsterdam",
            "US/Eastern",
            "Etc/GMT-3",
            "CET",
            "Pacific Standard Time",
            "europe/berlin",
            "America/Argentina/Buenos_Aires",
            "Eastern Time (US & Canada)",
        ],
    ),
    (
        "url",
        &[
            "https://Example.COM:443/a/../b?q=ü#f",
            "http://münchen.example/%7Ea",
            "https://user@example.com",
            "HTTP://EXAMPLE.com",
            "https://example.com/a b",
        ],
    ),
    ("language", &["en", "English", "deu", "zh-Hans", "fr_CA", "german", "ger", "Norwegian"]),
    (
        "ip_address",
        &["192.168.0.1", "::1", "2001:DB8::0:1", "::ffff:192.0.2.1", "fe80::1%eth0", "192.168.000.001", "[::1]"],
    ),
    ("domain", &["Example.COM", "münchen.example", "xn--mnchen-3ya.example", "example.com.", "faß.example", "a。b"]),
    ("gender", &["F", "male", "Female", "m", "divers", "0", "non-binary"]),
    ("squish", &[" Ada  King\u{a0}", "a\u{200b} b", "\t\n", "a \u{2060} b"]),
    ("title_case", &["ANNE-MARIE O'BRIEN", "it's j.r.", "ßa ﬀ", "ΣΟΦΟΣ ΑΣ", "o’neil", "ǆ"]),
    ("to_number", &["0012.50", "+7", "-0", "-0.0E+7", " 1.10 ", "123456789012345678901"]),
    ("capitalize", &["ada", "ßa", "ǆ", "ﬀ", "élodie", "ŉ"]),
];

/// A value with up to two changes: another case, a blank, a character more, less or twice, a part of another value.
fn varied(values: &[&str], chance: &mut Chance) -> String {
    let mut chars: Vec<char> = chance.pick(values).chars().collect();
    for _ in 0..chance.below(3) {
        let at = chance.below(chars.len().max(1)).min(chars.len());
        match chance.below(7) {
            0 => chars = chars.iter().collect::<String>().to_uppercase().chars().collect(),
            1 => chars = chars.iter().collect::<String>().to_lowercase().chars().collect(),
            2 => chars
                .insert(at, *chance.pick(&[' ', '\u{a0}', '-', '_', '.', '0', '9', 'ß', 'İ', '\u{200b}', '+', '/'])),
            3 if at < chars.len() => drop(chars.remove(at)),
            4 if at < chars.len() => chars.insert(at, chars[at]),
            5 => chars.truncate(at),
            _ => chars.extend(chance.pick(values).chars().skip(at)),
        }
    }
    chars.into_iter().collect()
}

/// Values of the corpora with their regions.
fn naughty() -> Vec<(String, String)> {
    let mut values: Vec<String> = vec![String::new(), " ".to_owned()];
    values.extend(serde_json::from_str::<Vec<String>>(include_str!("../corpora/blns.json")).unwrap());
    let addresses = include_str!("../corpora/isemail_tests.xml").split("<address>").skip(1);
    let addresses = addresses.filter_map(|part| part.split("</address>").next());
    values.extend(addresses.map(|address| address.replace("&lt;", "<").replace("&amp;", "&")));
    // some of its texts are halves of surrogate pairs, which no record holds
    let names: Vec<Box<RawValue>> = serde_json::from_str(include_str!("../corpora/precis_golden.json")).unwrap();
    let names = names.iter().filter_map(|case| serde_json::from_str::<Json>(case.get()).ok());
    values.extend(names.filter_map(|case| Some(case["input"].as_str()?.to_owned())));
    let mut values: Vec<(String, String)> = values.into_iter().map(|value| (value, "US".to_owned())).collect();
    let phones = include_str!("../corpora/phones_libphonenumber.jsonl").lines();
    let phones = phones.map(|line| serde_json::from_str::<Json>(line).unwrap());
    values.extend(
        phones.filter_map(|line| Some((line["raw"].as_str()?.to_owned(), line["region"].as_str()?.to_owned()))),
    );
    values
}

#[test]
fn canonical_forms_stay_as_they_are() {
    let naughty = naughty();
    let mut chance = Chance::new(3);
    let mut problems = Vec::new();
    for (step, seeds) in CANONICAL {
        let plan = step_plan(step);
        let whole = seeds.iter().map(|seed| ((*seed).to_owned(), "US".to_owned()));
        let mut inputs: Vec<(String, String)> = whole.collect();
        inputs.extend((0..3_000).map(|_| (varied(seeds, &mut chance), "US".to_owned())));
        let mut valid = 0;
        for (input, region) in inputs.iter().chain(&naughty) {
            let Some(once) = stepped(&plan, input, region) else { continue };
            valid += 1;
            // what is written as a number is read as its text
            let text = once.as_str().map_or_else(|| once.to_string(), str::to_owned);
            let twice = stepped(&plan, &text, region);
            if twice.as_ref() != Some(&once) {
                problems.push(format!("{step}: {input:?} gives {once}, and that gives {twice:?}"));
            }
        }
        println!("{step}: {valid} values of {}", inputs.len() + naughty.len());
        assert!(valid >= 100, "{step}: hardly any value passes");
    }
    assert!(problems.is_empty(), "{} forms change:\n{}", problems.len(), problems[..problems.len().min(60)].join("\n"));
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
            Outcome::Denied(reason) => said += reason,
            Outcome::Invalid(reasons) => reasons.iter().for_each(|reason| said += &reason.to_json().to_string()),
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
        assert!(said.contains("Invalid"), "{said}");
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
                 let: { again: { from: $.id, do: [ to_text, to_number ], on_error: reject } }\n\
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
    assert_eq!(to_json(made.who.id), json!(ID));
    assert_eq!(to_json(made.who.logins), json!([ID]));
}
