//! Finds the stored passwords: in one field, in fields of their own for hash, salt and cost, or in a list of credentials.

use std::collections::BTreeMap;

use super::dates::dates;
use super::derived::{Text, first_of};
use super::names::{CLAIMS, Holds, fit};
use super::profile::{Field, Profile, Root, member};
use super::values::{Schemes, are_flags, schemes};
use super::words::words;
use super::yaml::scalar;

/// The shortest text that can be a hash: DES crypt has 13 characters.
const MIN_HASH: usize = 13;

/// How many other schemes are named.
const MAX_KINDS: usize = 8;

/// The stored passwords.
#[derive(Debug, Clone, Default)]
pub(super) enum Stored {
    /// No field looks like one.
    #[default]
    Nothing,
    /// A field whose texts name their schemes.
    Field { at: usize, schemes: Schemes },
    /// Several fields, and the rule that reads them, with the working values that it needs.
    Parts { fields: Vec<usize>, lets: Vec<(String, String)>, rule: String, unsure: Option<String> },
    /// Fields that a person must look at: what they are, and rules that may fit.
    Unclear { fields: Vec<usize>, about: String, rules: Vec<String> },
}

impl Stored {
    /// The fields that belong to it.
    pub fn fields(&self) -> Vec<usize> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Field { at, .. } => vec![*at],
            Self::Parts { fields, .. } | Self::Unclear { fields, .. } => fields.clone(),
        }
    }
}

/// Whether a field is one of a password: by its name, if it holds text that is no date or flag.
pub(super) fn holds_password(field: &Field) -> bool {
    const OF_PASSWORD: [&str; 17] = [
        "password",
        "passwords",
        "passwd",
        "pwd",
        "pass",
        "passphrase",
        "passcode",
        "kennwort",
        "passwort",
        "motdepasse",
        "contrasena",
        "wachtwoord",
        "hash",
        "userpassword",
        "userpass",
        "hashedpassword",
        "pswd",
    ];
    const NOT: [&str; 27] = [
        "date",
        "at",
        "time",
        "changed",
        "change",
        "expires",
        "expired",
        "expiry",
        "reset",
        "policy",
        "hint",
        "question",
        "required",
        "count",
        "set",
        "last",
        "type",
        "format",
        "algorithm",
        "method",
        "age",
        "attempts",
        "hasher",
        "scheme",
        "kind",
        "provider",
        "encoder",
    ];
    let name = words(field.name());
    let is_word = |word: &String| OF_PASSWORD.contains(&word.as_str()) || word.ends_with("password");
    let parent = field.path.iter().rev().nth(1).map_or_else(Vec::new, |parent| words(parent));
    // the text in an object `password` may have the name of its scheme
    let is_of = name.iter().any(is_word)
        || name.concat().contains("secretdata")
        || (parent.iter().any(is_word) && field.texts.iter().any(|text| text.len() >= MIN_HASH));
    let is_text = field.booleans == 0 && field.dates == 0 && field.objects == 0 && !are_flags(&field.texts);
    is_of && is_text && !name.iter().any(|word| NOT.contains(&word.as_str())) && dates(&field.texts, false).is_none()
}

/// Finds the stored passwords.
pub(super) fn stored(profile: &Profile) -> Stored {
    if let Some(found) = of_table(profile) {
        return found;
    }
    let ranked = ranked(profile);
    if let Some(found) = ranked.iter().find_map(|at| parts(*at, profile)) {
        return found;
    }
    let known = |at: &&usize| of(profile, **at).and_then(|field| schemes(&field.texts)).is_some();
    if let Some(at) = ranked.iter().find(known) {
        let schemes = of(profile, *at).and_then(|field| schemes(&field.texts)).unwrap_or_default();
        return Stored::Field { at: *at, schemes };
    }
    let is_hash =
        |at: &&usize| of(profile, **at).is_some_and(|field| field.texts.iter().any(|text| text.len() >= MIN_HASH));
    if let Some(at) = ranked.iter().find(is_hash).or(ranked.first()) {
        return unclear(*at, profile);
    }
    // a name says nothing, but the text says what it is
    let told =
        |(_, field): &(usize, &Field)| field.booleans == 0 && field.objects == 0 && schemes(&field.texts).is_some();
    match profile.fields.iter().enumerate().find(told) {
        Some((at, field)) => Stored::Field { at, schemes: schemes(&field.texts).unwrap_or_default() },
        None => Stored::Nothing,
    }
}

fn of(profile: &Profile, at: usize) -> Option<&Field> {
    profile.fields.get(at)
}

/// The fields that may hold passwords, the most likely first.
fn ranked(profile: &Profile) -> Vec<usize> {
    let Some(known) = CLAIMS.iter().find(|known| known.holds == Holds::Password) else { return Vec::new() };
    let mut found: Vec<(usize, usize, usize)> = Vec::new();
    for (at, field) in profile.fields.iter().enumerate().filter(|(_, field)| field.filled > 0 && field.objects == 0) {
        let rank = fit(known, &field.path).filter(|_| field.booleans == 0 && !are_flags(&field.texts));
        let rank = rank.filter(|_| dates(&field.texts, false).is_none() && !field.texts.is_empty());
        let rank = rank.or_else(|| holds_password(field).then_some(known.names.len() + 100));
        found.extend(rank.map(|rank| (rank, field.path.len(), at)));
    }
    found.sort_unstable();
    found.into_iter().map(|(_, _, at)| at).collect()
}

/// A list of credentials whose parts are JSON inside texts, as Keycloak has it.
fn of_table(profile: &Profile) -> Option<Stored> {
    for table in &profile.tables {
        let (Some(secret), Some(data)) = (table.member(&["secretdata"]), table.member(&["credentialdata"])) else {
            continue;
        };
        let kind = table.member(&["type"]);
        let from = scalar(&table.reference());
        let find = match kind {
            Some(kind) => {
                format!("{{ from: {from}, do: [ find: {{ {}: password }} ] }}", scalar(&member("$item", kind)))
            }
            None => format!("{{ from: {from}, do: [ first ] }}"),
        };
        let fields = profile.fields.iter().enumerate().filter(|(_, field)| {
            field.root == Root::Let(table.working.clone()) && (field.name() == secret || field.name() == data)
        });
        let (secret_ref, data_ref) = (scalar(&member("$stored", secret)), scalar(&member("$stored", data)));
        let rule = format!(
            "\ncredential:\n  scheme: keycloak\n  value: {{ value: {{ secretData: {secret_ref}, credentialData: {data_ref} }} }}"
        );
        return Some(Stored::Parts {
            fields: fields.map(|(at, _)| at).collect(),
            lets: vec![("stored".to_owned(), find)],
            rule,
            unsure: None,
        });
    }
    None
}

/// A hash whose scheme, salt and cost stand in fields beside it.
fn parts(at: usize, profile: &Profile) -> Option<Stored> {
    let hash = of(profile, at)?;
    let beside = |names: &[&str]| {
        let mut found = profile.fields.iter().enumerate().filter(|(_, field)| is_beside(hash, field));
        found.find(|(_, field)| names.contains(&words(field.name()).concat().as_str()))
    };
    let (scheme_at, scheme) =
        beside(&["encryptionscheme", "hashalgorithm", "passwordalgorithm", "passwordscheme", "algorithm", "hashtype"])?;
    let (salt_at, salt) = beside(&["salt", "passwordsalt"])?;
    let factor = beside(&["factor", "iterations", "rounds", "hashiterations", "cost"]);
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    scheme.texts.iter().for_each(|text| *kinds.entry(text.trim().to_ascii_lowercase()).or_default() += 1);
    let (kind, _) = kinds.iter().max_by_key(|(_, count)| **count)?;
    let kind = kind.clone();
    kinds.remove(&kind);
    let (hash_ref, salt_ref) = (Text::of(hash), Text::of(salt));
    let mut fields = vec![at, scheme_at, salt_at];
    fields.extend(factor.map(|(at, _)| at));
    let count = factor.map(|(_, field)| Text::of(field).bare());
    let (lets, rule) = if kind == "bcrypt" {
        let count = count?;
        let cost = format!("{{ from: {count}, do: [ to_text, pad_start: {{ length: 2, with: \"0\" }} ] }}");
        // bcrypt's text is the cost, 22 characters of salt, and 31 of hash
        let value = scalar(&format!("$$2b$${{$cost}}$${}{}", salt_ref.inside(), hash_ref.inside()));
        (vec![("cost".to_owned(), cost)], format!("\ncredential:\n  scheme: bcrypt\n  value: {value}"))
    } else {
        let digest =
            ["sha512", "sha256", "sha1", "md5"].into_iter().find(|digest| kind.replace('-', "").contains(digest))?;
        let is_hex = |field: &Field| field.texts.iter().all(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let hashed = if is_hex(hash) { "hash_hex" } else { "hash_b64" };
        let salted = match (kind.starts_with("salted-"), is_hex(salt)) {
            (false, true) => "salt",
            _ => "salt_b64",
        };
        let parts = format!("  {hashed}: {}\n  {salted}: {}", hash_ref.bare(), salt_ref.bare());
        let iterations = count.map_or_else(String::new, |count| format!("\n  iterations: {count}"));
        let scheme = if kind.contains("pbkdf2") { format!("pbkdf2\n  digest: {digest}") } else { digest.to_owned() };
        (Vec::new(), format!("\ncredential:\n  scheme: {scheme}\n{parts}{iterations}"))
    };
    let mut unsure = "made of the fields beside the hash; add a test with a password that you know".to_owned();
    if !kinds.is_empty() {
        let others: Vec<String> =
            kinds.iter().take(MAX_KINDS).map(|(kind, count)| format!("`{}` ({count})", word(kind))).collect();
        unsure.push_str(&format!(
            "\n# unsure: of {} samples, some have another scheme: {}",
            scheme.texts.len(),
            others.join(", ")
        ));
    }
    Some(Stored::Parts { fields, lets, rule, unsure: Some(unsure) })
}

/// The name of a scheme, if the text is one.
fn word(text: &str) -> &str {
    let is_name = text.len() <= 40 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if is_name { text } else { "another" }
}

/// Whether two fields are members of one object.
fn is_beside(one: &Field, other: &Field) -> bool {
    let parent = |field: &Field| field.path.split_last().map(|(_, parents)| parents.to_vec());
    one.root == other.root && parent(one) == parent(other) && one.path != other.path
}

/// A field that looks like a stored password, but does not say how it was made.
fn unclear(at: usize, profile: &Profile) -> Stored {
    let Some(field) = of(profile, at) else { return Stored::Nothing };
    let salt = profile.fields.iter().enumerate().filter(|(_, other)| is_beside(field, other));
    let salt = salt.into_iter().find(|(_, other)| words(other.name()).last().is_some_and(|word| word == "salt"));
    let from = first_of(field);
    let length = field.texts.iter().map(|text| text.trim().len()).max().unwrap_or(0);
    let is_hex = field.texts.iter().all(|text| text.trim().bytes().all(|byte| byte.is_ascii_hexdigit()));
    let digest = match length {
        32 if is_hex => Some("md5"),
        40 if is_hex => Some("sha1"),
        64 if is_hex => Some("sha256"),
        128 if is_hex => Some("sha512"),
        _ => None,
    };
    let mut rules = Vec::new();
    let about = if length < MIN_HASH {
        "these texts are too short for hashes; are they plain-text passwords?"
    } else {
        "the stored passwords do not show their scheme"
    };
    match (digest, salt.map(|(_, salt)| first_of(salt))) {
        (Some(digest), Some(salt)) => {
            rules.push(format!(
                "credential: {{ scheme: {digest}, hash_hex: {from}, salt: {salt}, order: salt+password }}"
            ));
        }
        (Some(digest), None) => rules.push(format!("credential: {{ from: {from}, scheme: {digest} }}")),
        (None, _) if length < MIN_HASH => rules.push(format!("credential: {{ from: {from}, scheme: plain }}")),
        (None, Some(_)) if is_hex => {}
        (None, _) => rules.push(format!("credential: {{ from: {from}, scheme: bcrypt }}")),
    }
    if let Some((_, salt)) = salt.filter(|_| is_hex && length >= 64) {
        let salt = first_of(salt);
        // as passport-local-mongoose stores it
        rules.push(format!(
            "credential: {{ scheme: pbkdf2, digest: sha256, hash_hex: {from}, salt: {salt}, iterations: 25000 }}"
        ));
    }
    let mut fields = vec![at];
    fields.extend(salt.map(|(at, _)| at));
    Stored::Unclear { fields, about: about.to_owned(), rules }
}
