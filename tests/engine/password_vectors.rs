//! All password vectors: hashes from about twenty independent programs, malformed hashes, and hostile ones.
//!
//! `tests/vectors/password_vectors.jsonl` has one row per line: the stored credential, the presented password, and the
//! expected result. Rows marked `policy` are those on which implementations differ.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use landfall::model::Password;
use landfall::password::lane::Workspace;
use landfall::password::{Credential, Limits, Problem, Verdict, parse, verify, verify_in};
use serde_json::{Map, Value};

/// Policy rows whose recommendation is not followed, with the actual verdict.
const OTHER_POLICY: [(&str, &str); 0] = [];

/// Members of a row that are not part of the credential.
const ABOUT: [&str; 13] = [
    "family",
    "password",
    "password_b64",
    "expect",
    "error_kind",
    "pwclass",
    "autodetect",
    "oracle",
    "checked_by",
    "notes",
    "policy",
    "slow",
    "limits",
];

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
    row.retain(|key, _| !ABOUT.contains(&key.as_str()));
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
        Some(Value::Bool(true)) => verdict.is_match(),
        Some(Value::Bool(false)) => *verdict == Verdict::Mismatch,
        _ => match text(row, "error_kind") {
            "malformed" | "unsupported" => matches!(verdict, Verdict::Malformed(_) | Verdict::Unsupported(_)),
            "unusable" => matches!(verdict, Verdict::Unusable(_)),
            "cost_too_high" => matches!(verdict, Verdict::CostRefused(_)),
            _ => false,
        },
    }
}

/// Runs the rows on two threads, and lists those with a wrong verdict.
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
fn every_row_has_the_expected_verdict() {
    let rows = rows();
    assert_eq!(rows.len(), 1175);
    let wrong = wrong(&rows, None);
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn detectable_schemes_need_no_declaration() {
    let rows: Vec<Row> =
        rows().into_iter().filter(|row| row["autodetect"] == Value::Bool(true) && !row.contains_key("slow")).collect();
    let wrong = wrong(&rows, Some("auto"));
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn hostile_costs_are_rejected_before_any_work() {
    for row in rows().iter().filter(|row| text(row, "error_kind") == "cost_too_high") {
        let start = Instant::now();
        let verdict = answer(row, None, &mut Workspace::new());
        let took = start.elapsed();
        assert_eq!(verdict.name(), "cost_refused", "{}", text(row, "id"));
        assert!(took < Duration::from_millis(50), "{} took {took:?}", text(row, "id"));
    }
}

/// A truncated hash of a number of bytes, as a narrow column would keep it. `None` if the hash is not longer.
fn cut_hash(text: &str, bytes: usize) -> Option<String> {
    if text.len() >= 16 && text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return text.get(..2 * bytes).filter(|cut| cut.len() < text.len()).map(str::to_owned);
    }
    let plain = text.trim_end_matches('=').replace(['.', '-'], "+").replace('_', "/");
    match STANDARD_NO_PAD.decode(plain) {
        Ok(hash) if hash.len() <= bytes => None,
        Ok(hash) if text.ends_with('=') => Some(STANDARD.encode(&hash[..bytes])),
        Ok(hash) => Some(STANDARD_NO_PAD.encode(&hash[..bytes])),
        // Other alphabets have a fixed length: any missing character is an error.
        Err(_) => {
            let kept = text.trim_end_matches('=');
            Some(kept[..kept.len().checked_sub(bytes)?].to_owned())
        }
    }
}

/// A whole text with a truncated hash; a declared length is changed as well.
fn cut_text(text: &str, bytes: usize) -> Option<String> {
    let separators: &[char] = if text.starts_with("grub.") { &['.'] } else { &['$', ':', '}', ','] };
    let (head, hash) = text.rfind(separators).map_or(("", text), |at| text.split_at(at + 1));
    let mut head = head.to_owned();
    if let Some((before, rest)) = head.split_once(",l=") {
        let after = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
        head = format!("{before},l={bytes}{after}");
    }
    Some(head + cut_hash(hash, bytes)?.as_str())
}

/// A row with the text of a named part changed by `cut`.
fn cut_part(row: &Row, name: &str, cut: impl Fn(&str) -> Option<String>) -> Option<Row> {
    let mut row = row.clone();
    let parts = if row.contains_key("fields") { row["fields"].as_object_mut()? } else { &mut row };
    for length in ["keylen", "keySize"] {
        parts.remove(length);
    }
    let text = cut(parts.get(name)?.as_str()?)?;
    parts.insert(name.to_owned(), text.into());
    Some(row)
}

/// A row whose stored hash has a number of bytes; `None` if the row has no such hash.
fn with_cut_hash(row: &Row, bytes: usize) -> Option<Row> {
    let encoded = text(row, "encoded");
    // The last part is a key, a salt or a pepper, or the password itself.
    if ["$hmac-", "{CLEAR", "{noop}", "{PLAIN}", "plain$"].iter().any(|start| encoded.starts_with(start)) {
        return None;
    }
    let (fields, format) = (row.get("fields").and_then(Value::as_object), text(row, "format"));
    let first = |text: &str| {
        let (hash, rest) = text.split_once(':')?;
        Some(format!("{}:{rest}", cut_hash(hash, bytes)?))
    };
    match format {
        "magento" => cut_part(row, "encoded", first),
        "joomla" if encoded.contains(':') && !encoded.starts_with('{') => cut_part(row, "encoded", first),
        "joomla" if encoded.starts_with('{') => None,
        "aspnet-identity" => cut_part(row, "encoded", |text| {
            let blob = STANDARD.decode(text).ok()?;
            let salt = if blob[0] == 0 { 16 + 1 } else { 13 + usize::from(blob[12]) };
            Some(STANDARD.encode(blob.get(..salt + bytes)?))
        }),
        // The hash comes before the salt.
        "clerk" if text(fields.unwrap(), "hasher").contains("hmac") => cut_part(row, "digest", |text| {
            let parts: Vec<&str> = text.split('$').collect();
            let [name, hash, salt] = parts[..] else { return None };
            Some(format!("{name}${}${salt}", cut_hash(hash, bytes)?))
        }),
        "clerk" if ["pepper", "salted"].iter().any(|part| text(fields.unwrap(), "hasher").contains(part)) => None,
        "clerk" => cut_part(row, "digest", |text| cut_text(text, bytes)),
        // The other formats end with something other than the hash, or with a key that must be as long.
        "firebase-scrypt" if !encoded.is_empty() && !encoded.starts_with("$f") => None,
        "firebase-scrypt" if fields.is_some_and(|fields| fields.contains_key("encoded")) => None,
        "firebase-scrypt" if encoded.starts_with("$firebase-scrypt$") || encoded.starts_with("$f_scrypt$") => None,
        "okta" => cut_part(row, "value", |text| cut_hash(text, bytes)),
        "fusionauth" => cut_part(row, "password", |text| cut_hash(text, bytes)),
        "keycloak" => cut_part(row, "secretData", |text| {
            let mut secret: Value = serde_json::from_str(text).ok()?;
            let value = cut_hash(secret["value"].as_str()?, bytes)?;
            secret["value"] = value.into();
            Some(secret.to_string())
        }),
        "logto" => cut_part(row, "value", |text| {
            let mut list: Value = serde_json::from_str(text).ok()?;
            let hash = cut_hash(list[2].as_str()?, bytes)?;
            list[2] = hash.into();
            Some(list.to_string())
        }),
        "auth0" => {
            let mut row = row.clone();
            let fields = row["fields"].as_object_mut()?;
            fields.remove("keylen");
            let value = cut_text(fields["hash"]["value"].as_str()?, bytes)?;
            fields["hash"]["value"] = value.into();
            Some(row)
        }
        "firebase-scrypt" if fields.is_some_and(|fields| fields.contains_key("hash")) => {
            let row = cut_part(row, "signer_key", |text| cut_hash(text, bytes))?;
            cut_part(&row, "hash", |text| cut_hash(text, bytes))
        }
        _ if fields.is_some_and(|fields| fields.contains_key("hash")) => {
            cut_part(row, "hash", |text| cut_hash(text, bytes))
        }
        _ => cut_part(row, "encoded", |text| cut_text(text, bytes)),
    }
}

/// A hash that was truncated by a narrow column or a careless export is malformed. It never verifies a password, and
/// the verdict is never "wrong password".
#[test]
fn truncated_hashes_are_malformed() {
    // One block of DES, or two words.
    let shorter = ["descrypt", "bsdicrypt", "mysql323", "oracle10"];
    let (mut seen, mut wrong): (BTreeMap<String, usize>, Vec<String>) = (BTreeMap::new(), Vec::new());
    // Slow hashes as well, because nothing is computed.
    for row in rows().into_iter().filter(|row| row["expect"] == Value::Bool(true)) {
        let format = text(&row, "format").to_owned();
        let most = if shorter.contains(&format.as_str()) { 7 } else { 15 };
        for bytes in 1..=most {
            let Some(mut cut) = with_cut_hash(&row, bytes) else { continue };
            cut.retain(|key, _| !ABOUT.contains(&key.as_str()));
            let parsed = Credential::from_json(&cut).and_then(|credential| parse(&credential));
            *seen.entry(format.clone()).or_default() += 1;
            match parsed {
                Err(Problem::Malformed(_)) => {}
                Err(problem) => wrong.push(format!("{} at {bytes}: {problem}", text(&row, "id"))),
                Ok(_) => wrong.push(format!("{} at {bytes} is accepted", text(&row, "id"))),
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    let formats: BTreeSet<String> = rows()
        .iter()
        .filter(|row| row["expect"] == Value::Bool(true))
        .map(|row| text(row, "format").to_owned())
        .collect();
    let missing: Vec<&String> = formats.iter().filter(|format| !seen.contains_key(*format)).collect();
    assert!(missing.is_empty(), "not truncated: {missing:?}");
}

#[test]
fn plain_text_is_rejected_unless_limits_allow_it() {
    for encoded in ["{CLEARTEXT}secret", "{noop}secret"] {
        let credential = Credential::encoded("auto", encoded);
        let password = Password::new(b"secret".to_vec()).unwrap();
        assert_eq!(verify(&credential, &password, &Limits::default()).name(), "unsupported", "{encoded}");
        assert_eq!(verify(&credential, &password, &limits()), Verdict::Match, "{encoded}");
    }
}

#[test]
fn every_format_in_the_vectors_is_a_known_scheme() {
    let mut formats: BTreeMap<String, usize> = BTreeMap::new();
    for row in rows() {
        *formats.entry(text(&row, "format").to_owned()).or_default() += 1;
    }
    for format in formats.keys().filter(|format| *format != "auto") {
        assert!(landfall::password::find(format).is_some(), "{format}");
    }
}

/// The credential objects that rules make of the challenge records, with the passwords of the customers.
#[test]
fn credentials_of_the_challenges_verify() {
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
