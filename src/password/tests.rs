//! What holds for every scheme.

use super::*;

fn password(text: &str) -> Password {
    Password::new(text.as_bytes().to_vec()).unwrap()
}

#[test]
fn placeholders_are_unusable_under_every_scheme_with_a_text() {
    for info in schemes().iter().filter(|info| info.name != "plain") {
        for text in ["", "!", "*", "!!"] {
            let verdict = verify(&Credential::encoded(info.name, text), &password(text), &Limits::default());
            assert!(!verdict.is_proof(), "{}: {text}", info.name);
            assert_eq!(verdict.name(), "unusable", "{}: {text}", info.name);
        }
    }
}
