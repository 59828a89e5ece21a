//! Invalid settings that contain secrets: the findings must not show them.

use std::process::Command;

use super::canary::Aviary;
use super::scan::Scanner;

/// Valid settings, except for two places.
fn settings(ledger: &str, more: &str) -> String {
    format!(
        "listen: 127.0.0.1:0\nrules: rules.yaml\n\
         source: {{ name: shop, kind: file, path: export.ndjson, logins: [ $.login ] }}\n\
         target: {{ kind: sql, url: 'sqlite:accounts.db' }}\n{ledger}\n{more}\n"
    )
}

/// The mistakes, with `CANARY` in place of the secret.
const MISTAKES: [(&str, &str); 16] = [
    ("an invalid key", "ledger: { url: 'sqlite:ledger.db', key: CANARY }"),
    ("an additional member", "ledger: { url: 'sqlite:ledger.db', key: CANARY, kee: CANARY }"),
    ("an unclosed quote", "ledger: { url: 'sqlite:ledger.db', key: 'CANARY }"),
    ("an unclosed brace", "ledger: { url: 'sqlite:ledger.db', key: CANARY"),
    ("a tab", "ledger:\n\turl: sqlite:ledger.db\n\tkey: CANARY"),
    ("a list", "ledger: { url: 'sqlite:ledger.db', key: [ CANARY ] }"),
    ("a map", "ledger: { url: 'sqlite:ledger.db', key: { value: CANARY } }"),
    ("a repeated key", "ledger: { url: 'sqlite:ledger.db', key: CANARY, key: CANARY }"),
    ("an unknown section", "ledgr: { url: 'sqlite:ledger.db', key: CANARY }"),
    ("a misspelt bearer", "service: { callers: [ { name: a, baerer: CANARY } ] }"),
    ("a bearer that is too short", "service: { callers: [ { name: a, bearer: CANARY } ] }"),
    ("a password as a caller", "service: { callers: CANARY }"),
    ("a pepper without a name", "password: { peppers: [ CANARY ] }"),
    ("a misspelt pepper", "password: { peppers: [ { id: k1, secert: CANARY } ] }"),
    (
        "a webhook of no event",
        "hooks: { webhooks: [ { name: a, url: 'https://a.example/', events: [ b ], secret: CANARY } ] }",
    ),
    ("an unclosed variable", "ledger: { url: 'sqlite:ledger.db', key: '${CANARY' }"),
];

#[test]
fn findings_do_not_show_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("rules.yaml", super::shop::RULES);
    write("export.ndjson", "{}\n");
    let mut found = Vec::new();
    for (name, mistake) in MISTAKES {
        let mut aviary = Aviary::default();
        let secret = aviary.word(super::canary::Kind::Secret, name);
        let mistake = mistake.replace("CANARY", &secret);
        let valid = "ledger: { url: 'sqlite:ledger.db', key: abababababababababababababababababababababababababababababababab }";
        let text = if mistake.starts_with("ledg") { settings(&mistake, "") } else { settings(valid, &mistake) };
        write("landfall.yaml", &text);
        for arguments in [&["check", "--config", "landfall.yaml"][..], &["config", "show"], &["serve"], &["status"]] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
            let done = command.args(arguments).current_dir(folder.path()).output().unwrap();
            assert!(!done.status.success(), "{name}: {arguments:?}");
            let output = [done.stdout, done.stderr].concat();
            let hits = Scanner::new(&aviary).scan(&output, &[]);
            if !hits.is_empty() && !found.iter().any(|output: &String| output.starts_with(name)) {
                found.push(format!("{name}: {arguments:?}: {}", String::from_utf8_lossy(&output)));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
