//! Secrets that many customers share are in no report, whatever they are called and wherever they stand.

use super::*;

const SHARED: &str = "Winter-2019-shared";

const RULES_OF_CODES: &str = "
landfall: 1
name: shop
defaults: { on_error: warn }
lookups: { kinds: { none: x } }
identify: { id: $.id, logins: [ $.login ] }
let:
  user: { from: [ $.user, $ ] }
  parts: { from: $.stored, do: [ { pivot: { key: part, value: text } } ] }
account:
  external_id: { from: $.id, required: true }
  name.nickname: $.code
  roles: { from: $.mixed, as: list, each: [ { lookup: kinds } ] }
credential:
  value: { from: [ $user.code, $parts.digest, $.first ] }
  salt: { from: $.mixed }
  scheme: md5
ignore: [ $.activation, $.city ]
checks: [ { that: { $.city: present }, needs: { $account.external_id: present }, because: x } ]
";

/// The reports about 40 records with these members beside those of a customer: JSON and HTML, also with all values.
fn reports(rules: Option<&str>, members: &str) -> [String; 4] {
    let all: Vec<String> =
        (0..40).map(|n| format!(r#"{{"id": "{n}", "login": "u{n}", "country": "Norway", {members}}}"#)).collect();
    let report = |shows_values| {
        let options = Options { shows_values, ..DETERMINISTIC };
        let assessment = collected(rules, &all).assessment(options, None).unwrap();
        (serde_json::to_string(&assessment).unwrap(), html::render(&assessment).unwrap())
    };
    let ((json, page), (all_json, all_page)) = (report(false), report(true));
    [json, page, all_json, all_page]
}

fn has_no_trace(rules: Option<&str>, members: &str) {
    for report in reports(rules, members) {
        assert!(report.contains("Norway"), "values that are no secrets are shown");
        // the value, its beginning and its pattern
        for trace in ["Winter", "2019", "Aaaa…-9999-aaaa…"] {
            assert!(!report.contains(trace), "{members}: `{trace}` is in\n{report}");
        }
    }
}

#[test]
fn what_the_credential_reads_is_secret() {
    let rules = Some(RULES_OF_CODES);
    for members in [
        format!(r#""code": "{SHARED}""#),
        format!(r#""user": {{"code": "{SHARED}"}}"#),
        format!(r#""user": {{"code": {{"deep": ["{SHARED}"]}}}}"#),
        format!(r#""stored": [{{"part": "digest", "text": "{SHARED}"}}]"#),
        format!(r#""first": "{SHARED}""#),
        // a claim reads it, too, and its lookup has no entry
        format!(r#""mixed": "{SHARED}""#),
        format!(r#""activation": {{"sent": "{SHARED}"}}"#),
    ] {
        has_no_trace(rules, &members);
    }
    for members in [format!(r#""city": "{SHARED}""#), format!(r#""user": {{"nick": "{SHARED}"}}"#)] {
        for report in reports(rules, &members) {
            assert!(report.contains(SHARED), "{members}");
        }
    }
}

#[test]
fn values_beside_the_name_of_a_secret_are_secret() {
    for members in [
        format!(
            r#""meta": [{{"meta_key": "locale", "meta_value": "de"}}, {{"meta_key": "session_tokens", "meta_value": "{SHARED}"}}]"#
        ),
        format!(r#""meta": [{{"meta_value": "{SHARED}", "meta_key": "session_tokens"}}]"#),
        format!(r#""rows": [{{"name": "password", "value": {{"of": "{SHARED}"}}}}]"#),
        format!(r#""rows": [{{"type": "api-key", "key": "{SHARED}"}}]"#),
        format!(r#""row": {{"name": "Passwort", "value": "{SHARED}"}}"#),
        format!(r#""name": "security answer", "value": "{SHARED}""#),
        format!(r#""pairs": [["lang", "de"], ["reset_key", "{SHARED}"]]"#),
    ] {
        has_no_trace(None, &members);
        has_no_trace(Some(RULES_OF_CODES), &members);
    }
    let shown = reports(None, r#""meta": [{"meta_key": "locale", "meta_value": "Bokmal"}]"#);
    assert!(shown.iter().all(|report| report.contains("Bokmal")));
}

#[test]
fn documents_in_texts_are_formats_only() {
    for text in [
        format!(r#"{{"token": "{SHARED}"}}"#),
        format!(r#"["{SHARED}"]"#),
        format!(r#" {{ "token": "{SHARED}"#),
        format!(r#"a:1:{{s:5:"token";s:18:"{SHARED}";}}"#),
        format!(r#"O:4:"User":1:{{s:5:"token";s:18:"{SHARED}";}}"#),
        format!(r#"s:18:"{SHARED}";"#),
        format!("{SHARED}{}", "x".repeat(5000)),
    ] {
        let members = serde_json::json!({ "settings": text }).to_string();
        has_no_trace(None, members.trim_matches(['{', '}']));
        let field = |report: &str| report.contains("settings");
        assert!(reports(None, members.trim_matches(['{', '}'])).iter().all(|report| field(report)));
    }
}

#[test]
fn parts_hide_what_the_whole_hides() {
    let record = |n: usize, members: &str| format!(r#"{{"id": "{n}", "login": "u{n}", {members}}}"#);
    let open: Vec<String> = (0..25).map(|n| record(n, r#""rows": [{"name": "lang", "value": "Winter"}]"#)).collect();
    let secret: Vec<String> = (0..25).map(|n| record(n, r#""rows": [{"name": "pin", "value": "1234"}]"#)).collect();
    for (one, other) in [(&open, &secret), (&secret, &open)] {
        let mut merged = collected(None, one);
        let mut written = Vec::new();
        collected(None, other).write_partial(&mut written).unwrap();
        merged.add(Collected::read_partial(&mut written.as_slice()).unwrap()).unwrap();
        let assessment = merged.assessment(DETERMINISTIC, None).unwrap();
        let field = assessment.fields.iter().find(|field| field.path == "$.rows[*].value").unwrap();
        assert!(field.is_secret && field.values.is_empty() && field.patterns.is_empty());
    }
}
