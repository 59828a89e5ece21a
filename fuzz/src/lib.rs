//! What each fuzz target does with its bytes, as plain functions that the property tests call too.
//!
//! A body returns when a promise holds and panics when it does not.

pub mod engine;

use landfall::model::Password;
use landfall::password::lane::Workspace;
use landfall::password::store::{PasswordStore, Peppers, StoreParameters, needs_upgrade};
use landfall::password::template::{Template, TemplateInput};

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

/// A stored string: reading it never panics, and a verification that starts is one that the limits admit.
pub fn password_parse(data: &[u8]) {
    let Ok(stored) = std::str::from_utf8(data) else { return };
    let cheap = StoreParameters::new(8, 1, 1).expect("the least parameters");
    let outdated = needs_upgrade(stored, &cheap);
    if outdated {
        // Verifying would work as hard as the string says.
        return;
    }
    let password = Password::new(b"password".to_vec()).expect("a short password");
    let store = PasswordStore::new(cheap, Peppers::none());
    // Any outcome is right, as long as there is one.
    let _ = store.verify(&password, stored, &mut Workspace::new());
}
