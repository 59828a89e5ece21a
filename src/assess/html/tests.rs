use std::collections::BTreeMap;

use super::*;
use crate::assess::{About, Finding, ForecastReason, Lengths, Lookup, Peak, Records, RulesAbout, Scheme, VERSION};

fn reason(text: &str, count: u64, numbers: &[u64]) -> Reason {
    Reason { reason: text.to_owned(), count, numbers: numbers.to_vec() }
}

/// A document in which every list has something.
fn full() -> Assessment {
    Assessment {
        version: VERSION,
        about: About {
            landfall: "0.1.0".to_owned(),
            rules: Some(RulesAbout { name: "shop".to_owned(), digest: "abcdef0123456789".to_owned() }),
            exports: vec!["users.ndjson".to_owned()],
            now: "2026-11-29T12:00:00Z".to_owned(),
            shows_values: false,
        },
        records: Records {
            all: 12_000,
            accounts: 11_900,
            denied: vec![reason("blocked", 20, &[7, 9])],
            invalid: 60,
            invalid_reasons: vec![reason("email.value: is no mail address", 60, &[3])],
            unreadable: 20,
            unreadable_reasons: vec![reason("the record is not JSON", 20, &[1, 2])],
            other_warnings: vec![reason("meta", 4, &[2])],
            stopped: None,
        },
        fields: vec![Field {
            path: "$.country<script>".to_owned(),
            filled: 11_999,
            null: 1,
            empty: 0,
            kinds: BTreeMap::from([("text".to_owned(), 11_998), ("integer".to_owned(), 1)]),
            lengths: Some(Lengths { min: 2, max: 2000, mean: 2.5 }),
            formats: BTreeMap::from([("uuid".to_owned(), 4)]),
            distinct: None,
            values: vec![ValueCount { value: "\"<b>DE</b>\"".to_owned(), count: 9000 }],
            patterns: vec![ValueCount { value: "AA".to_owned(), count: 11_000 }],
            is_read: false,
            is_secret: false,
            is_ignored: false,
            is_wide: false,
        }],
        claims: vec![Claim {
            name: "email.value".to_owned(),
            made: 11_000,
            missing: 900,
            warned: 5,
            invalid: 60,
            reasons: vec![reason("is no mail address", 65, &[3, 4])],
        }],
        lookups: vec![Lookup {
            rule: "country".to_owned(),
            table: "countries".to_owned(),
            missing: 30,
            values: vec![ValueCount { value: "\"XX\"".to_owned(), count: 25 }],
            numbers: vec![5],
        }],
        duplicates: vec![Duplicates {
            of: DuplicateOf::Login,
            identifiers: 3,
            records: 7,
            groups: vec![vec![1, 1200, 3]],
        }],
        passwords: Some(Passwords {
            schemes: vec![Scheme {
                scheme: "bcrypt".to_owned(),
                cost: "cost 12".to_owned(),
                count: 10_000,
                weak: true,
                milliseconds: Some(250.0),
                too_expensive: true,
                ignores_part: true,
            }],
            none: 40,
            unusable: vec![reason("the text is cut off", 2, &[8, 10])],
            peak: Some(Peak { logins_per_second: 20.0, milliseconds: 250.0, processors: 5.0 }),
        }),
        forecast: Some(Forecast {
            migrate: 11_000,
            new_password: 900,
            cannot: 100,
            reasons: vec![ForecastReason {
                outcome: ForecastOutcome::Cannot,
                reason: reason("no mail address", 100, &[3, 5]),
                help: "fix the addresses".to_owned(),
            }],
        }),
        ready_rules: vec![crate::ready_rules::Fit { name: "wordpress".to_owned(), accounts: 99, of: 100, claims: 12 }],
        findings: vec![Finding {
            code: "R701".to_owned(),
            place: "$.country".to_owned(),
            message: "the field has values of two kinds".to_owned(),
            help: "use `to_text`".to_owned(),
            count: 1,
        }],
    }
}

/// A document of an export without records, assessed without rules.
fn empty() -> Assessment {
    let about = About { rules: None, exports: Vec::new(), ..full().about };
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

#[test]
fn every_part_of_the_document_is_in_the_report() {
    let html = render(&full()).unwrap();
    for wanted in [
        "Assessment of users.ndjson",
        "12,000",
        "91.7 %",
        "&gt; 99.9 %",
        "Of 12,000 customers, 91.7 % migrate at their first login, 7.5 % need a new password, 0.8 % cannot migrate.",
        "records 3, 5 and 98 more",
        "fix the addresses",
        "text 11,998, integer 1",
        "1, 1,200, 3",
        "20.0 first logins per second keep 5.0 processors",
        "more than a login may take",
        "99 of 100",
        "R701",
        "countries",
        "no value that fewer than 20 records share",
    ] {
        assert!(html.replace("&#62;", "&gt;").contains(wanted), "{wanted}\n{html}");
    }
}

#[test]
fn values_are_escaped_and_nothing_is_loaded() {
    let html = render(&full()).unwrap();
    assert!(!html.contains("<b>DE") && !html.contains("$.country<script>"), "{html}");
    assert!(!html.contains("http:") && !html.contains("https:") && !html.contains(" src="), "{html}");
    assert_eq!(html.matches("<script>").count(), 1);
}

#[test]
fn an_empty_export_has_a_report() {
    let html = render(&empty()).unwrap();
    assert!(html.contains("Assessment of an export") && html.contains("Nothing needs attention"), "{html}");
    assert!(!html.contains("id=\"claims\"") && !html.contains("id=\"forecast\""), "{html}");
}
