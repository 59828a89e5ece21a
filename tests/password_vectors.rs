//! All password vectors: hashes made by about twenty independent programs, broken ones, and hostile ones.
//!
//! `tests/vectors/password_vectors.jsonl` holds one row per line: the stored credential, the presented password, and what
//! is expected. Rows marked `policy` are those on which implementations differ.

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

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use landfall::model::Password;
use landfall::password::lane::Workspace;
use landfall::password::{Credential, Limits, Verdict, verify, verify_in};
use serde_json::{Map, Value};

/// Policy rows whose recommendation is not followed, and the verdict that is given instead.
const OTHER_POLICY: [(&str, &str); 0] = [];

type Row = Map<String, Value>;

fn rows() -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/password_vectors.jsonl");
    std::fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text<'a>(row: &'a Row, key: &str) -> &'a str {
    row.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn password(row: &Row) -> Vec<u8> {
    match row.get("password_b64").and_then(Value::as_str) {
        Some(encoded) => STANDARD.decode(encoded).unwrap(),
        None => text(row, "password").as_bytes().to_vec(),
    }
}

/// Plain text is part of the vectors, so it is allowed here.
fn limits() -> Limits {
    Limits { plain_text: true, ..Limits::default() }
}

fn answer(row: &Row, scheme: Option<&str>, workspace: &mut Workspace) -> Verdict {
    let mut row = row.clone();
    let password = Password::new(password(&row));
    row.remove("password");
    if let Some(scheme) = scheme {
        row.insert("format".to_owned(), scheme.into());
    }
    let Ok(password) = password else { return Verdict::CostRefused("the password is too long".into()) };
    match Credential::from_json(&row) {
        Ok(credential) => verify_in(&credential, &password, &limits(), workspace),
        Err(problem) => problem.into(),
    }
}

fn is_right(row: &Row, verdict: &Verdict) -> bool {
    if let Some((_, wanted)) = OTHER_POLICY.iter().find(|(id, _)| *id == text(row, "id")) {
        return verdict.name() == *wanted;
    }
    match row.get("expect") {
        Some(Value::Bool(true)) => verdict.is_proof(),
        Some(Value::Bool(false)) => *verdict == Verdict::Mismatch,
        _ => match text(row, "error_kind") {
            "malformed" | "unsupported" => matches!(verdict, Verdict::Malformed(_) | Verdict::Unsupported(_)),
            "unusable" => matches!(verdict, Verdict::Unusable(_)),
            "cost_too_high" => matches!(verdict, Verdict::CostRefused(_)),
            _ => false,
        },
    }
}

/// Runs the rows on two threads and lists those that are answered wrongly.
fn wrong(rows: &[Row], scheme: Option<&str>) -> Vec<String> {
    let half = |odd: usize| {
        let mut workspace = Workspace::new();
        let mine = rows.iter().enumerate().filter(move |(at, _)| at % 2 == odd).map(|(_, row)| row);
        mine.filter_map(|row| {
            let verdict = answer(row, scheme, &mut workspace);
            let line = format!("{} expected {}: {} {}", text(row, "id"), row["expect"], verdict.name(), verdict.why());
            (!is_right(row, &verdict)).then_some(line)
        })
        .collect::<Vec<_>>()
    };
    thread::scope(|scope| {
        let other = scope.spawn(move || half(1));
        let mut lines = half(0);
        lines.extend(other.join().unwrap());
        lines
    })
}

#[test]
fn every_row_is_answered_as_expected() {
    let rows = rows();
    assert_eq!(rows.len(), 1152);
    let wrong = wrong(&rows, None);
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn texts_that_name_their_scheme_need_no_declared_one() {
    let rows: Vec<Row> =
        rows().into_iter().filter(|row| row["autodetect"] == Value::Bool(true) && !row.contains_key("slow")).collect();
    let wrong = wrong(&rows, Some("auto"));
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn hostile_costs_are_refused_before_any_work() {
    for row in rows().iter().filter(|row| text(row, "error_kind") == "cost_too_high") {
        let start = Instant::now();
        let verdict = answer(row, None, &mut Workspace::new());
        let took = start.elapsed();
        assert_eq!(verdict.name(), "cost_refused", "{}", text(row, "id"));
        assert!(took < Duration::from_millis(50), "{} took {took:?}", text(row, "id"));
    }
}

#[test]
fn plain_text_is_off_unless_limits_allow_it() {
    for encoded in ["{CLEARTEXT}secret", "{noop}secret"] {
        let credential = Credential::encoded("auto", encoded);
        let password = Password::new(b"secret".to_vec()).unwrap();
        assert_eq!(verify(&credential, &password, &Limits::default()).name(), "unsupported", "{encoded}");
        assert_eq!(verify(&credential, &password, &limits()), Verdict::Match, "{encoded}");
    }
}

#[test]
fn every_format_of_the_vectors_is_a_known_scheme() {
    let mut formats: BTreeMap<String, usize> = BTreeMap::new();
    for row in rows() {
        *formats.entry(text(&row, "format").to_owned()).or_default() += 1;
    }
    for format in formats.keys().filter(|format| *format != "auto") {
        assert!(landfall::password::find(format).is_some(), "{format}");
    }
}

/// The credential objects that rules make of the challenge records, with the passwords of those customers.
#[test]
fn credentials_of_the_challenges_prove_their_passwords() {
    let rows: Vec<(&str, Value)> = vec![
        (
            "paper-lantern-61",
            serde_json::json!({"scheme": "bcrypt", "value": "$2b$10$tZbqQCnwKJP6Nyh9EaJ/DeteNibtN1I0PFNqcI6K0951mFQ.WmmMm"}),
        ),
        (
            "Molen&Gracht9",
            serde_json::json!({"scheme": "md5", "hash_hex": "c7b7278e06acf48828dbae1b1e3bd943", "salt": "xSQeRINIPsBbhQ4BzhpLgE2fNBe1KGSc", "order": "password+salt"}),
        ),
        (
            "Café-Brûlot-44",
            serde_json::json!({"scheme": "bcrypt", "value": "$2b$10$2DOvUCt450YKBn1IWAJfou5g3BpMqweIfp.0UKa.mHHo9PSPG8CJy", "set_at": "2022-01-28T20:03:44.35Z"}),
        ),
        (
            "Kowhai-Tui-2025",
            serde_json::json!({"scheme": "bcrypt", "value": "$2b$10$O.3GERIMu48FaivGgBvqxePe.HX0KtL.wQnuHTCEuXEXcnQq9k5qW"}),
        ),
        ("Vltava-Most-8", serde_json::json!({"scheme": "phpass", "value": "$P$B5b98XUIku/oVW3o8Y3.ZjX/G3wWP8."})),
        (
            "observatory dome 3",
            serde_json::json!({"scheme": "ssha", "hash_b64": "X3MGW6yxTEzyhsOmCCAadLoT0fY=", "salt_b64": "bo2FLZr3T7U="}),
        ),
        (
            "Pelican-2022-new",
            serde_json::json!({"scheme": "phc", "value": "$pbkdf2-sha256$i=27500,l=32$7qj11hVqhv5TgBUGw1Qbkg$550i8IWM8uVCeJOFi75uPiXukwL0QLRxaYIHaSt6z2Y", "set_at": "2022-11-18T06:40:09.25Z"}),
        ),
        (
            "Galley-Proof-5",
            serde_json::json!({"scheme": "md5", "hash_hex": "2e0e193e10c5dc728216b5f60ad4698d", "salt": "k7", "order": "salt+password"}),
        ),
        ("fjord-and-fell", serde_json::json!({"scheme": "md5", "hash_hex": "cb4c10e59c79b065ecdeeff732d9e0a7"})),
    ];
    for (password, object) in rows {
        let credential = Credential::from_json(object.as_object().unwrap()).unwrap();
        let right = Password::new(password.as_bytes().to_vec()).unwrap();
        let other = Password::new(format!("{password}x").into_bytes()).unwrap();
        assert_eq!(verify(&credential, &right, &Limits::default()), Verdict::Match, "{object}");
        assert_eq!(verify(&credential, &other, &Limits::default()), Verdict::Mismatch, "{object}");
    }
}
