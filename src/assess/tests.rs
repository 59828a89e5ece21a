//! Whole assessments of a few records.

use std::collections::BTreeSet;

use super::*;
use crate::diag::{Files, Findings, codes};
use crate::engine::compile::{NoFiles, compile};
use crate::engine::plan::Plan;
use crate::engine::run::Settings;
use crate::formats::{Format, ReadOptions, open};
use crate::model::read::ReadLimits;

mod secrets;

const BCRYPT: &str = "$2b$10$4zDT/FAKvjR8F5qcKCHFoOZG67E8aZe0n0AmCkZjJVKCwi0ysLS1m";

const RULES: &str = "
landfall: 1
name: shop
lookups: { roles: { administrator: admin } }
defaults: { on_error: warn }
identify: { id: $.id, logins: [ $.login, $.mail ] }
admit: [ { deny: spammer, when: { $.spam: true } } ]
account:
  external_id: { from: $.id, required: true, on_error: reject }
  username: $.login
  email.value: { from: $.mail, do: [ email ], required: true, on_error: reject }
  phone.value: { from: $.phone, do: [ phone ] }
  roles: { from: $.roles, each: [ lookup: roles ] }
  status: { from: $.status, default: active }
  must_change_password: $.must_change
credential: { from: $.hash, scheme: [ bcrypt, descrypt ] }
";

/// An assessment of nothing.
pub(super) fn empty() -> Assessment {
    let about =
        About { landfall: String::new(), rules: None, exports: Vec::new(), now: String::new(), shows_values: false };
    Assessment {
        version: VERSION,
        about,
        records: Records::default(),
        fields: Vec::new(),
        claims: Vec::new(),
        lookups: Vec::new(),
        duplicates: Vec::new(),
        passwords: None,
        forecast: None,
        ready_rules: Vec::new(),
        findings: Vec::new(),
    }
}

fn plan(rules: &str) -> Plan {
    let mut files = Files::default();
    let file = files.add("shop.yaml", rules);
    let mut findings = Findings::default();
    compile(&mut files, file, &NoFiles, &mut findings).unwrap_or_else(|| panic!("{findings:?}"))
}

fn collected(rules: Option<&str>, records: &[String]) -> Collected {
    let plan = rules.map(plan);
    let settings = Settings { unread: true, ..Settings::default() };
    let rules = plan.as_ref().map(|plan| Rules { file_name: "shop.yaml", plan, settings: &settings, digest: "00" });
    let assessing = Assessing::new(rules, ReadLimits::default());
    let (mut rows, mut batch) = (Rows::default(), Batch::default());
    // two threads, which take turns
    let mut workers = [assessing.worker(), assessing.worker()];
    let text: Vec<u8> = records.join("\n").into_bytes();
    let source = Box::new(std::io::Cursor::new(text));
    for (at, record) in open(source, Format::Ndjson, ReadOptions::default()).enumerate() {
        match record {
            Ok(record) => workers[at % 2].record(&record, &mut batch),
            Err(error) => workers[at % 2].unreadable(&error),
        }
        rows.take(&mut batch).unwrap();
    }
    drop(workers);
    let about = About { exports: vec!["users".to_owned()], ..empty().about };
    assessing.end(rows, about)
}

const DETERMINISTIC: Options = Options { shows_values: false, peak: None };

fn assessed(rules: Option<&str>, records: &[String]) -> Assessment {
    collected(rules, records).assessment(DETERMINISTIC, None).unwrap()
}

#[test]
fn values_count_once_for_each_record() {
    let many = serde_json::json!({ "list": vec!["rare"; 30], "roles": vec!["unknown"; 30] }).to_string();
    let changes: Vec<&str> = std::iter::repeat_n(r#"{"list": ["usual"]}"#, 30).chain([many.as_str()]).collect();
    let assessment = assessed(Some(RULES), &records(&changes));
    let list = assessment.fields.iter().find(|field| field.path == "$.list[*]").unwrap();
    let values: Vec<_> = list.values.iter().map(|value| (value.value.as_str(), value.count)).collect();
    assert_eq!(values, [("\"usual\"", 30)]);
    assert_eq!((assessment.lookups[0].missing, assessment.lookups[0].values.len()), (1, 0));
}

#[test]
fn rules_without_a_name_are_called_by_their_file() {
    let name = |rules: &str| assessed(Some(rules), &records(&["{}"])).about.rules.unwrap().name;
    assert_eq!(name(RULES), "shop");
    assert_eq!(name(&RULES.replace("name: shop\n", "")), "shop.yaml");
}

/// Records of a shop, each with the members of a customer and some that replace or extend them.
fn records(changes: &[&str]) -> Vec<String> {
    let record = |(number, change): (usize, &&str)| {
        let mut record = serde_json::json!({
            "id": format!("{number}"), "login": format!("u{number}"), "mail": format!("u{number}@example.org"), "hash": BCRYPT,
            "roles": ["administrator"], "phone": format!("+120255501{:02}", number % 100), "must_change": false, "status": "active",
        });
        let change: serde_json::Value = serde_json::from_str(change).unwrap();
        for (name, value) in change.as_object().unwrap() {
            record[name] = value.clone();
        }
        record.to_string()
    };
    changes.iter().enumerate().map(record).collect()
}

#[test]
fn every_customer_is_counted_once() {
    let changes = [
        "{}",                                                                          // 1: migrates
        r#"{"mail": "nope"}"#,                                                         // 2: invalid
        r#"{"spam": true}"#,                                                           // 3: denied
        r#"{"hash": "!"}"#,                                                            // 4: unusable
        r#"{"hash": null}"#,                                                           // 5: none
        r#"{"status": "disabled"}"#,                                                   // 6: disabled
        r#"{"must_change": true}"#,                                                    // 7: a new password
        r#"{"id": "0"}"#,                                                              // 8: the id of the first record
        r#"{"login": "U8", "mail": "u8@example.org"}"#,                                // 9
        r#"{"login": "u8", "mail": "u8@example.org"}"#,                                // 10: both logins of record 9
        r#"{"hash": "$2b$31$4zDT/FAKvjR8F5qcKCHFoOZG67E8aZe0n0AmCkZjJVKCwi0ysLS1m"}"#, // 11: too expensive
        r#"{"login": "u0"}"#,                                                          // 12: keeps its mail address
        r#"{"phone": "x", "roles": ["administrator", "wholesale"]}"#,                  // 13: warnings
    ];
    let mut all = records(&changes);
    all.push("{\"id\": 14".to_owned());
    let assessment = assessed(Some(RULES), &all);
    let forecast = assessment.forecast.clone().unwrap();
    assert_eq!((forecast.migrate, forecast.new_password, forecast.cannot), (2, 4, 8));
    let reasons: Vec<(&str, &[u64])> = forecast
        .reasons
        .iter()
        .map(|reason| (reason.reason.reason.as_str(), reason.reason.numbers.as_slice()))
        .collect();
    let find =
        |start: &str| reasons.iter().find(|(reason, _)| reason.starts_with(start)).map(|(_, numbers)| numbers.to_vec());
    for (start, numbers) in [
        ("another record has the same id", vec![1, 8]),
        ("other records have every login", vec![9, 10]),
        ("email.value: ", vec![2]),
        ("the rules deny the customer: spammer", vec![3]),
        ("the account is disabled", vec![6]),
        ("the rules require a new password", vec![7]),
        ("no password is stored", vec![5]),
        ("the stored password cannot be used: ", vec![4]),
    ] {
        assert_eq!(find(start), Some(numbers), "{start}: {reasons:?}");
    }
    let records = &assessment.records;
    assert_eq!((records.all, records.accounts, records.invalid, records.unreadable), (14, 11, 1, 1));
    let claim = |name: &str| assessment.claims.iter().find(|claim| claim.name == name).unwrap();
    let phone = claim("phone.value");
    assert_eq!((phone.made, phone.missing, phone.warned, phone.invalid), (10, 0, 1, 0));
    assert_eq!(phone.reasons.iter().map(|reason| reason.numbers.clone()).collect::<Vec<_>>(), [[13]]);
    assert_eq!((claim("email.value").made, claim("email.value").invalid), (11, 1));
    let roles = claim("roles");
    assert_eq!((roles.made, roles.warned), (11, 1));
    let lookup = assessment.lookups.first().unwrap();
    assert_eq!((lookup.rule.as_str(), lookup.table.as_str(), lookup.missing), ("roles", "roles", 1));
    assert_eq!((lookup.numbers.as_slice(), lookup.values.len()), (&[13][..], 0));
}

#[test]
fn merged_parts_give_the_document_of_one_run() {
    let changes: Vec<String> = (0..200)
        .map(|n| match n % 9 {
            0 => r#"{"mail": "shared@example.org"}"#.to_owned(),
            1 => format!(r#"{{"login": "u{}"}}"#, n / 2),
            2 => r#"{"hash": "*", "city": "Fairmont"}"#.to_owned(),
            3 => format!(r#"{{"id": "{}", "roles": ["r{}"]}}"#, n % 20, n % 3),
            4 => r#"{"mail": null}"#.to_owned(),
            5 => format!(r#"{{"login": "u{}@example.org"}}"#, n - 1),
            _ => format!(r#"{{"note": "Note {n}"}}"#),
        })
        .collect();
    let changes: Vec<&str> = changes.iter().map(String::as_str).collect();
    let all = records(&changes);
    let json = |collected: Collected| {
        let mut duplicates = Vec::new();
        let assessment = collected.assessment(DETERMINISTIC, Some(&mut duplicates)).unwrap();
        (serde_json::to_string(&assessment).unwrap(), String::from_utf8(duplicates).unwrap())
    };
    for rules in [Some(RULES), None] {
        let whole = json(collected(rules, &all));
        for cut in [0, 1, 77, 199, 200] {
            let (one, other) = all.split_at(cut);
            let mut files = [one, other].map(|records| {
                let mut file = Vec::new();
                collected(rules, records).write_partial(&mut file).unwrap();
                file
            });
            let read = |file: &Vec<u8>| Collected::read_partial(&mut file.as_slice()).unwrap();
            let mut merged = read(&files[0]);
            merged.add(read(&files[1])).unwrap();
            assert_eq!(json(merged), whole, "{cut}");
            if rules.is_some() && cut > 0 {
                files[0].pop();
                let truncated = Collected::read_partial(&mut files[0].as_slice());
                assert!(matches!(truncated, Err(PartialError::Truncated)), "{cut}");
            }
        }
    }
}

#[test]
fn parts_of_other_rules_are_refused() {
    let all = records(&["{}"]);
    let mut one = collected(Some(RULES), &all);
    let error = one.add(collected(None, &all)).unwrap_err();
    assert_eq!(error.to_string(), "the parts were made with different rules: some have none");
    let other = collected(Some(&RULES.replace("name: shop", "name: other")), &all);
    assert_eq!(one.add(other).unwrap_err().to_string(), "the parts were made with different rules");
    assert!(matches!(Collected::read_partial(&mut &b"{}\n"[..]), Err(PartialError::Other)));
}

/// The findings of an assessment, as code and place.
fn findings(assessment: &Assessment) -> BTreeSet<(String, String)> {
    assessment.findings.iter().map(|finding| (finding.code.clone(), finding.place.clone())).collect()
}

#[test]
fn every_code_is_found_where_it_belongs() {
    let mut seen = BTreeSet::new();
    let nine = |change: &'static str| std::iter::repeat_n("{}", 9).chain([change]).collect::<Vec<_>>();
    let wide: String = (0..300).map(|n| format!(r#""k{n}":1,"#)).collect();
    let wide = format!(r#"{{"map": {{{} "x": 1}}}}"#, wide);
    for (code, place, changes) in [
        ("R702", "email.value", vec![r#"{"mail": "nope"}"#]),
        ("R703", "phone.value", vec!["{}", r#"{"phone": "x"}"#]),
        ("R704", "roles", vec![r#"{"roles": ["wholesale"]}"#]),
        ("R705", "$.note", vec![r#"{"note": "x"}"#]),
        ("R706", "identify.id", vec![r#"{"id": "7"}"#, r#"{"id": "7"}"#]),
        ("R707", "identify.logins", vec![r#"{"login": "ada"}"#, r#"{"login": "Ada"}"#]),
        ("R708", "email", vec![r#"{"mail": "a@example.org"}"#, r#"{"mail": " A@Example.org"}"#]),
        ("R709", "phone", vec![r#"{"phone": "+12025550100"}"#, r#"{"phone": "+1 (202) 555-0100"}"#]),
        ("R710", "identify.logins", vec!["{}", r#"{"login": "u0@example.org"}"#]),
        ("R711", "credential", vec![r#"{"hash": "$2b$10$cut"}"#]),
        ("R712", "credential", vec![r#"{"hash": "ab01FAX.bQRSU"}"#]),
        ("R713", "credential", vec![r#"{"hash": "$2b$31$4zDT/FAKvjR8F5qcKCHFoOZG67E8aZe0n0AmCkZjJVKCwi0ysLS1m"}"#]),
        ("R714", "credential", vec![r#"{"hash": "ab01FAX.bQRSU"}"#]),
        ("R715", "phone.value", vec![r#"{"phone": null}"#]),
        ("R716", "$.note", vec![r#"{"note": "x"}"#, r#"{"note": [1]}"#]),
        ("R717", "$.mail", nine(r#"{"mail": "none"}"#)),
        ("R718", "$.map", vec![&wide]),
    ] {
        let found = findings(&assessed(Some(RULES), &records(&changes)));
        assert!(found.contains(&(code.to_owned(), place.to_owned())), "{code}: {found:?}");
        let clean = findings(&assessed(Some(RULES), &records(&["{}"])));
        assert!(clean.iter().all(|(other, _)| other != code), "{code}: {clean:?}");
        seen.insert(code);
    }
    let broken = assessed(Some(RULES), &["{\"id\": 7".to_owned(), "7".to_owned()]);
    assert!(findings(&broken).iter().any(|(code, _)| code == "R701"));
    assert_eq!(broken.records.unreadable, 2);
    let mut stopped = collected(Some(RULES), &records(&["{}"]));
    stopped.stopped = Some("line 7: the file ends inside of a record".to_owned());
    let stopped = findings(&stopped.assessment(DETERMINISTIC, None).unwrap());
    assert!(stopped.contains(&("R701".to_owned(), "record".to_owned())));
    let profile = assessed(None, &records(&["{}"]));
    assert!(findings(&profile).contains(&("R719".to_owned(), "$.hash".to_owned())));
    assert!(profile.forecast.is_none() && profile.claims.is_empty());
    seen.extend(["R701", "R719"]);
    let all: BTreeSet<&str> = codes::all().map(|info| info.code).filter(|code| code.starts_with("R7")).collect();
    assert_eq!(seen, all);
}

#[test]
fn no_value_of_a_few_customers_is_in_the_document() {
    let changes: Vec<String> = (0..30)
        .map(|n| {
            format!(
                r#"{{"city": "{}", "roles": ["secret-role-{n}"], "token": "tok"}}"#,
                if n < 25 { "Fairmont" } else { "Aberfeldy" }
            )
        })
        .collect();
    let changes: Vec<&str> = changes.iter().map(String::as_str).collect();
    let all = records(&changes);
    let text = serde_json::to_string(&assessed(Some(RULES), &all)).unwrap();
    for hidden in ["Aberfeldy", "secret-role", "u3@example", "\\\"tok\\\"", "$2b$"] {
        assert!(!text.contains(hidden), "{hidden}");
    }
    assert!(text.contains("Fairmont"));
    let options = Options { shows_values: true, ..DETERMINISTIC };
    let shown = collected(Some(RULES), &all).assessment(options, None).unwrap();
    let text = serde_json::to_string(&shown).unwrap();
    assert!(text.contains("Aberfeldy") && text.contains("secret-role-0"));
    assert!(!text.contains("\\\"tok\\\"") && !text.contains("$2b$"));
}

#[test]
fn rules_without_identify_serve_nobody() {
    let rules = "landfall: 1\nname: t\naccount: { username: $.login }\n";
    let forecast = assessed(Some(rules), &records(&["{}", "{}"])).forecast.unwrap();
    assert_eq!((forecast.migrate, forecast.cannot), (0, 2));
}

#[test]
fn measured_hashes_give_the_cost_of_the_peak() {
    let options = Options { shows_values: false, peak: Some(50.0) };
    let assessment = collected(Some(RULES), &records(&["{}", "{}"])).assessment(options, None).unwrap();
    let passwords = assessment.passwords.unwrap();
    let peak = passwords.peak.unwrap();
    assert!(peak.milliseconds > 0.0 && (peak.processors - peak.milliseconds * 0.05).abs() < 0.02, "{peak:?}");
    assert!(passwords.schemes[0].milliseconds.is_some_and(|milliseconds| milliseconds > 0.0));
}

#[test]
fn plain_text_is_a_matter_of_the_settings() {
    let rules = RULES.replace("scheme: [ bcrypt, descrypt ]", "scheme: plain");
    let forecast = assessed(Some(&rules), &records(&["{}"])).forecast.unwrap();
    assert_eq!((forecast.new_password, forecast.cannot), (1, 0));
    assert!(forecast.reasons[0].help.starts_with("set `password.plain_text: true`"), "{forecast:?}");
}
