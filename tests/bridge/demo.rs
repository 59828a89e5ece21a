//! `landfall demo --bridge`: recorded calls, the answers, and what the ledger recorded.

use std::process::Command;

use crate::pattern::is_like;

fn demo(arguments: &[&str]) -> (bool, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
    let output = command.arg("demo").args(arguments).output().expect("the program runs");
    let [out, errors] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).expect("UTF-8"));
    (output.status.success(), out, errors)
}

#[test]
fn the_calls_of_keycloak_are_shown_with_their_answers() {
    let (is_success, out, errors) = demo(&["--bridge", "keycloak"]);
    assert!(is_success, "{errors}");
    assert!(is_like(out.trim_end(), include_str!("demo.txt").trim_end()), "{out}");
}

#[test]
fn every_recorded_login_migrates_somebody_and_refuses_others() {
    for kind in landfall::demo::bridge::recorded() {
        let (is_success, out, errors) = demo(&["--bridge", kind]);
        assert!(is_success, "{kind}: {errors}");
        for text in ["ledger  login: migrated", "ledger  login: refused (wrong_password)"] {
            assert!(out.contains(text), "{kind}: {out}");
        }
        assert!(!out.contains("500 "), "{kind}: {out}");
    }
}

#[test]
fn a_dialect_without_recorded_calls_is_an_error_that_names_the_others() {
    let (is_success, _, errors) = demo(&["--bridge", "none"]);
    assert!(!is_success && errors.contains("[possible values: keycloak"), "{errors}");
}
