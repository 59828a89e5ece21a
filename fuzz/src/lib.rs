//! What each fuzz target does with its bytes, as plain functions that the property tests call too.
//!
//! A body returns when a promise holds and panics when it does not.

pub mod engine;
pub mod fields;

use landfall::model::Password;
use landfall::password::lane::Workspace;
use landfall::password::store::{PasswordStore, Peppers, StoreParameters, needs_upgrade};
use landfall::password::template::{Template, TemplateInput};
use landfall::password::{Credential, Limits, detect, parse, schemes};

/// Templates of this many calls are evaluated too; costlier ones are only compiled, to keep a run fast.
const EVALUATED_CALLS: u64 = 1_000;

/// A template text, a NUL, and the password: compiling and evaluating never panic, errors point into the text, results
/// repeat and are bounded.
pub fn password_template(data: &[u8]) {
    let split = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    let (text, pass) = data.split_at(split);
    let Ok(text) = std::str::from_utf8(text) else { return };
    let template = match Template::compile(text) {
        Ok(template) => template,
        Err(error) => {
            assert!(text.get(error.range()).is_some(), "the error points out of the text");
            return;
        }
    };
    assert!(template.calls() <= Template::MAX_CALLS);
    if template.calls() > EVALUATED_CALLS {
        return;
    }
    let input = TemplateInput { pass, salt: b"salt", user: b"User", pepper: b"pepper" };
    let value = template.evaluate(&input);
    assert!(value.as_ref().map_or(true, |value| value.len() <= Template::MAX_VALUE));
    assert_eq!(value, template.evaluate(&input), "the value does not repeat");
}

/// A stored string under every scheme and under detection: reading it never panics, its canonical text reads as itself, and a
/// check that the limits admit has a verdict.
pub fn password_parse(data: &[u8]) {
    let Ok(stored) = std::str::from_utf8(data) else { return };
    let names = schemes().iter().map(|info| info.name).chain(["auto"]);
    for name in names {
        let Ok(parsed) = parse(&Credential::encoded(name, stored)) else { continue };
        if let Some(canonical) = parsed.canonical() {
            let again = parse(&Credential::encoded(parsed.scheme(), canonical.as_str()));
            assert_eq!(again.ok().and_then(|parsed| parsed.canonical()), Some(canonical), "{name}");
        }
        let password = Password::new(b"password".to_vec()).expect("a short password");
        let _ = parsed.verify(&password, &cheap(), &mut Workspace::new());
    }
    let _ = detect(stored);
    own_store(stored);
}

/// Limits that keep a run fast: whatever is costlier is refused before any work.
fn cheap() -> Limits {
    Limits {
        bcrypt_cost: 4,
        argon2_memory_kib: 64,
        argon2_work_kib: 256,
        scrypt_memory_kib: 64,
        scrypt_work_kib: 256,
        pbkdf2_iterations: 20,
        pbkdf2_work: 200,
        crypt_rounds: 1_000,
        des_rounds: 100,
        phpass_log2: 7,
        digest_calls: 500,
        ..Limits::default()
    }
}

/// A stored string as Landfall's own: a verification that starts is one that the parameters admit.
fn own_store(stored: &str) {
    let cheap = StoreParameters::new(8, 1, 1).expect("the least parameters");
    if needs_upgrade(stored, &cheap) {
        // verifying would work as hard as the string says
        return;
    }
    let password = Password::new(b"password".to_vec()).expect("a short password");
    // any outcome is right, as long as there is one
    let _ = PasswordStore::new(cheap, Peppers::none()).verify(&password, stored, &mut Workspace::new());
}
