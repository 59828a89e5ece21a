//! The body of the fuzz target of credentials in parts: any parts of any type under any scheme.
//!
//! A body returns when a promise holds and panics when it does not. `tests/engine/fuzz_bodies.rs` of the project runs the same file.

use std::time::{Duration, Instant};

use landfall::model::Password;
use landfall::password::lane::Workspace;
use landfall::password::{Credential, Limits, Verdict, find, parse, schemes};
use serde_json::{Map, Value, json};

/// How often a text of the type `x` is repeated, to get past every length that is checked.
const REPEATED: usize = 300;
/// The longest text that is built so, in bytes.
const LONGEST: usize = 40_000;
/// The deepest nesting of parts.
const DEEPEST: usize = 8;
/// Texts without spaces in errors that are at least this long would be a leak; the sentences have no such words.
const TELLING: usize = 24;
/// Keys that mean something else beside the scheme than inside of `fields`.
const AROUND: [&str; 9] = ["id", "format", "scheme", "set_at", "username", "fields", "encoded", "value", "parameters"];

/// A credential in lines: the scheme, the presented password, and one `path=type` line per part, where the path has dots and
/// the letter of the type stands before the text.
///
/// Understanding it never panics and tells nothing of it, a check that the limits admit has a verdict soon, and a part of a
/// wrong type never reads as a wrong password.
pub fn password_fields(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.split('\n');
    let (scheme, pass) = (scheme(lines.next().unwrap_or_default()), lines.next().unwrap_or_default());
    let Ok(password) = Password::new(pass.as_bytes().to_vec()) else { return };
    let mut fields = Value::Object(Map::new());
    for line in lines.take(24) {
        let (path, typed) = line.split_once('=').unwrap_or((line, ""));
        place(&mut fields, path, value(typed));
    }
    let started = Instant::now();
    let verdict = check(scheme, &fields, &password);
    assert!(started.elapsed() < Duration::from_secs(5), "`{scheme}` took {:?}", started.elapsed());
    tells_nothing(&verdict, &fields);
    beside_is_inside(scheme, &fields);
    if verdict.is_match() {
        assert_eq!(check(scheme, &fields, &password), verdict, "the verdict does not repeat");
        mistyped(scheme, &fields, &password);
    }
}

/// The scheme of that name, or one that its first byte chooses.
fn scheme(name: &str) -> &str {
    let first = name.bytes().next().map_or(0, usize::from);
    match find(name) {
        Some(_) => name,
        None => schemes()[first % schemes().len()].name,
    }
}

/// A text with the letter of its type in front: text, number, list, pair, null, true, JSON, very long.
fn value(typed: &str) -> Value {
    let mut letters = typed.chars();
    let (kind, text) = (letters.next().unwrap_or('s'), letters.as_str());
    let parsed = || serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
    match kind {
        'n' | 'j' => parsed(),
        'l' => json!([text]),
        'p' => json!([text, text]),
        'z' => Value::Null,
        'b' => Value::Bool(true),
        'x' => Value::from(text.repeat(REPEATED.min(LONGEST / text.len().max(1)))),
        _ => Value::from(text),
    }
}

/// Puts a value at a path; what stood in the way becomes an object.
fn place(root: &mut Value, path: &str, value: Value) {
    let mut at = root;
    for key in path.split('.').take(DEEPEST) {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        at = &mut at[key];
    }
    *at = value;
}

/// Limits that keep a run fast: whatever is costlier is refused before any work.
fn cheap() -> Limits {
    Limits {
        bcrypt_cost: 4,
        argon2_memory_kib: 1024,
        argon2_passes: 4,
        argon2_lanes: 4,
        argon2_work_kib: 2048,
        scrypt_memory_kib: 512,
        scrypt_parallelism: 2,
        scrypt_work_kib: 1024,
        pbkdf2_iterations: 1_000,
        pbkdf2_work: 2_000,
        crypt_rounds: 1_000,
        des_rounds: 100,
        phpass_log2: 7,
        digest_calls: 1_000,
        ..Limits::default()
    }
}

fn check(scheme: &str, fields: &Value, password: &Password) -> Verdict {
    let fields = fields.as_object().cloned().unwrap_or_default();
    match parse(&Credential::fields(scheme, fields)) {
        Ok(parsed) => parsed.verify(password, &cheap(), &mut Workspace::new()),
        Err(problem) => problem.into(),
    }
}

/// No sentence holds a part of the credential.
fn tells_nothing(verdict: &Verdict, fields: &Value) {
    let why = verdict.why();
    for (key, value) in fields.as_object().into_iter().flatten() {
        match value {
            Value::Object(_) => tells_nothing(verdict, value),
            Value::String(text) if text.len() >= TELLING && !text.contains([' ', '`']) => {
                assert!(!why.contains(text.as_str()), "`{why}` tells `{key}`");
            }
            _ => {}
        }
    }
}

/// Parts beside the scheme are understood like parts inside of `fields`.
fn beside_is_inside(scheme: &str, fields: &Value) {
    let Some(parts) = fields.as_object().filter(|parts| parts.keys().all(|key| !AROUND.contains(&key.as_str()))) else {
        return;
    };
    let mut beside = parts.clone();
    beside.insert("scheme".to_owned(), scheme.into());
    let inside = json!({"format": scheme, "fields": parts});
    let [beside, inside] = [&beside, inside.as_object().expect("an object was made")].map(|object| {
        let credential = Credential::from_json(object).expect("scheme and parts are of their types");
        parse(&credential).map(|parsed| (parsed.scheme(), parsed.cost()))
    });
    assert_eq!(beside, inside);
}

/// A verified credential with one part of a wrong type is still verified, because its scheme does not look at that part, or is
/// malformed; never is it a wrong password.
fn mistyped(scheme: &str, fields: &Value, password: &Password) {
    let mut pointers = Vec::new();
    pointers_of(fields, "", &mut pointers);
    for pointer in pointers {
        for wrong in [json!(true), json!([]), json!(["a", "b"])] {
            let mut fields = fields.clone();
            let Some(part) = fields.pointer_mut(&pointer) else { continue };
            if part.is_null() || part.is_array() || part.is_boolean() {
                continue;
            }
            *part = wrong;
            let verdict = check(scheme, &fields, password);
            assert_ne!(verdict, Verdict::Mismatch, "{scheme}: {fields}: `{pointer}` was overlooked");
        }
    }
}

/// The JSON pointers (RFC 6901) of every part of every object.
fn pointers_of(value: &Value, prefix: &str, pointers: &mut Vec<String>) {
    for (key, value) in value.as_object().into_iter().flatten() {
        let pointer = format!("{prefix}/{}", key.replace('~', "~0").replace('/', "~1"));
        pointers_of(value, &pointer, pointers);
        pointers.push(pointer);
    }
}
