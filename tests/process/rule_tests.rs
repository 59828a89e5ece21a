//! Runs every rule test below `tests/cases`, and checks the output and exit codes of `landfall test`.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn landfall(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_landfall"))
        .arg("test")
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .output()
        .expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
    (status.code().expect("an exit code"), text(stdout), text(stderr))
}

fn rules(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("written");
    }
    folder
}

const RULES: &str = "\
landfall: 1
name: tiny
target: standard
account:
  username: { from: $.login, do: [ lowercase ], required: true }
  name.nickname: { from: $.nick, default: friend }
";

#[test]
fn all_cases_pass() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (code, out, err) =
        landfall(root, &["rules", "tests/cases/challenges", "tests/cases/testing", "--format", "json"]);
    assert_eq!(code, 0, "{out}{err}");
    let document: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(document["failed"], 0);
    assert!(document["passed"].as_u64().is_some_and(|passed| passed >= 15), "{out}");
}

#[test]
fn a_failed_test_shows_both_sides_and_the_trace() {
    let test = "- { name: wrong, record: { login: ADA }, expect: { username: Ada } }\n\
                - { name: right, record: { login: ADA }, expect: { username: ada } }\n";
    let folder = rules(&[("tiny.yaml", RULES), ("tiny.test.yaml", test)]);
    let (code, out, err) = landfall(folder.path(), &["tiny.yaml"]);
    assert_eq!((code, err.as_str()), (1, ""), "{out}");
    insta::assert_snapshot!(out, @r#"
    FAILED tiny.test.yaml: wrong
      the account differs at `username`
        expected            │   actual
        {                   │   {
      -   "username": "Ada" │ +   "username": "ada"
        }                   │   }
      trace
        claim username  (tiny.yaml:5:3)
          from         $.login is "ADA"
          lowercase    "ADA" → "ada"
          result       "ada"

    2 tests: 1 passed, 1 failed
    "#);
}

#[test]
fn nothing_to_run_is_an_error() {
    let cases: [(&[(&str, &str)], &[&str], &str); 6] = [
        (&[], &["."], "error: `.` contains no rule file"),
        (&[], &["nowhere"], "error: `nowhere` does not exist"),
        (&[("tiny.yaml", RULES)], &["."], "error: there are no tests"),
        (
            &[("tiny.test.yaml", "[]")],
            &["."],
            "error: there are no rules `./tiny.yaml` for the tests in `./tiny.test.yaml`",
        ),
        (
            &[("a.test.yaml", "rules: b.yaml\ntests: []")],
            &["a.test.yaml"],
            "error: `a.test.yaml` names the rules `b.yaml`",
        ),
        (
            &[("tiny.yaml", RULES), ("tiny.test.yaml", "- { name: a, record: { login: A }, expect: { username: a } }")],
            &[".", "--filter", "b"],
            "error: no test name contains `b`",
        ),
    ];
    for (files, arguments, message) in cases {
        let folder = rules(files);
        let (code, out, err) = landfall(folder.path(), arguments);
        assert_eq!(code, 2, "{arguments:?}: {out}{err}");
        assert!(err.starts_with(message), "{err}");
    }
}

#[test]
fn broken_rules_and_broken_tests_could_not_run() {
    for (rules_text, test, code) in [
        ("landfall: 2\nname: x\n", "- { name: a, record: {}, expect: {} }", "R111"),
        (RULES, "[]", "R601"),
        (RULES, "- { name: a, record: gone.json, expect: {} }", "R606"),
        (RULES, "- { name: a, record: 'gone/*.json', expect: {} }", "R606"),
    ] {
        let folder = rules(&[("tiny.yaml", rules_text), ("tiny.test.yaml", test)]);
        let (exit, out, err) = landfall(folder.path(), &["."]);
        assert_eq!(exit, 2, "{out}{err}");
        assert!(err.contains(code), "{err}");
    }
}

#[test]
fn snapshots_are_written_and_compared() {
    let test = "- { name: Ada's own, record: { login: ADA }, snapshot: golden/ }";
    let folder = rules(&[("tiny.yaml", RULES), ("tiny.test.yaml", test)]);
    let (code, out, _) = landfall(folder.path(), &["tiny.test.yaml"]);
    assert_eq!(code, 1);
    assert!(
        out.contains("there is no snapshot `golden/ada-s-own.json` yet; `landfall test --update` writes it"),
        "{out}"
    );
    let (code, out, _) = landfall(folder.path(), &["tiny.test.yaml", "--update"]);
    assert_eq!(code, 0);
    assert!(out.contains("wrote golden/ada-s-own.json"), "{out}");
    let path = folder.path().join("golden/ada-s-own.json");
    let written = fs::read_to_string(&path).expect("written");
    insta::assert_snapshot!(written, @r#"
    {
      "account": {
        "username": "ada",
        "name": {
          "nickname": "friend"
        }
      }
    }
    "#);
    assert_eq!(landfall(folder.path(), &["."]).0, 0);
    fs::write(&path, written.replace("friend", "foe")).expect("written");
    let (code, out, _) = landfall(folder.path(), &["."]);
    assert_eq!(code, 1);
    assert!(out.contains("the snapshot `golden/ada-s-own.json` differs at `account.name.nickname`"), "{out}");
}

#[test]
fn coverage_has_a_threshold() {
    let test = "- { name: a, record: { login: ADA }, expect: { username: ada } }";
    let folder = rules(&[("tiny.yaml", RULES), ("tiny.test.yaml", test)]);
    let (code, out, _) = landfall(folder.path(), &["--coverage", "--threshold", "50", "."]);
    assert_eq!(code, 0, "{out}");
    insta::assert_snapshot!(out, @r#"
    1 test: 1 passed, 0 failed
    coverage of ./tiny.yaml
      rule           seen  not seen
      username        1/2  missing, and required
      name.nickname   1/2  gives a value
                      2/4  50%

    coverage: 2 of 4 outcomes, 50%
    "#);
    let (code, _, err) = landfall(folder.path(), &["--coverage", "--threshold", "51", "."]);
    assert_eq!((code, err.as_str()), (1, "the coverage of 50% is below the threshold of 51%\n"));
}

#[test]
fn junit_names_tests_and_failures() {
    let test = "- { name: 'a & b', record: { login: ADA }, expect: { username: Ada } }";
    let folder = rules(&[("tiny.yaml", RULES), ("tiny.test.yaml", test)]);
    let (code, out, _) = landfall(folder.path(), &[".", "--format", "junit"]);
    assert_eq!(code, 1);
    for part in [
        "tests=\"1\" skipped=\"0\" failures=\"1\"",
        "name=\"a &amp; b\"",
        "<failure message=\"the account differs at `username`\"",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
}
