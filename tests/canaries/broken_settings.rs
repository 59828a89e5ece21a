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
const MISTAKES: [(&str, &str); 37] = [
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
    (
        "a token with a line end",
        "verifiers: { v: { kind: http, server: { url: 'https://a.example', auth: { kind: bearer, token: \"CANARY\\n\" } }, preset: rest } }",
    ),
    (
        "a misspelt token",
        "verifiers: { v: { kind: http, server: { url: 'https://a.example', auth: { kind: bearer, tokn: CANARY } }, preset: rest } }",
    ),
    (
        "a token of no kind",
        "verifiers: { v: { kind: http, server: { url: 'https://a.example', auth: { token: CANARY } }, preset: rest } }",
    ),
    (
        "a token as a kind",
        "verifiers: { v: { kind: http, server: { url: 'https://a.example', auth: CANARY }, preset: rest } }",
    ),
    (
        "a password that is a list",
        "verifiers: { v: { kind: http, server: { url: 'https://a.example', auth: { kind: basic, user: a, password: [ CANARY ] } }, preset: rest } }",
    ),
    (
        "a password in the address",
        "verifiers: { v: { kind: http, server: { url: 'https://me:CANARY@a.example' }, preset: rest } }",
    ),
    (
        "a password in the address of tokens",
        "verifiers: { v: { kind: http, server: { url: 'https://a.example', auth: { kind: oauth, token_url: 'https://me:CANARY@a.example', client_id: a, client_secret: CANARY } }, preset: rest } }",
    ),
    (
        "a misspelt client secret",
        "verifiers: { v: { kind: http, server: { url: 'https://a.example', auth: { kind: oauth, token_url: /token, client_id: a, client_secet: CANARY } }, preset: rest } }",
    ),
    (
        "a misspelt secret key",
        "verifiers: { v: { kind: http, server: { url: 'https://a.example', auth: { kind: aws, region: a, service: b, access_key: c, secert_key: CANARY } }, preset: rest } }",
    ),
    (
        "a key in place of a file",
        "verifiers: { v: { kind: http, server: { url: 'https://a.example', tls: { certificate: rules.yaml, key: \"-----BEGIN PRIVATE KEY-----\\nCANARY\" } }, preset: rest } }",
    ),
    (
        "an unknown parameter",
        "verifiers: { v: { kind: http, server: { url: 'https://a.example' }, preset: firebase, params: { api_kee: CANARY } } }",
    ),
    (
        "a parameter that is a map",
        "verifiers: { v: { kind: http, server: { url: 'https://a.example' }, preset: firebase, params: { api_key: { a: CANARY } } } }",
    ),
    (
        "a key in a header",
        "verifiers: { v: { kind: http, server: { url: 'https://a.example' }, preset: rest, request: { path: /x, headers: { X-Api-Key: CANARY } } } }",
    ),
    (
        "a token in a header",
        "verifiers: { v: { kind: http, server: { url: 'https://a.example' }, preset: rest, request: { path: /x, headers: { Authorization: 'Bearer CANARY' } } } }",
    ),
    (
        "a key in a query",
        "verifiers: { v: { kind: http, server: { url: 'https://a.example' }, preset: rest, request: { path: /x, query: { api_key: CANARY } } } }",
    ),
    (
        "a secret in a form",
        "verifiers: { v: { kind: http, server: { url: 'https://a.example' }, preset: rest, request: { path: x, body: { form: { client_secret: CANARY } } } } }",
    ),
    (
        "a secret in JSON",
        "verifiers: { v: { kind: http, server: { url: 'https://a.example' }, preset: rest, request: { path: x, body: { json: { client_secret: CANARY } } } } }",
    ),
    (
        "a password of a directory",
        "verifiers: { v: { kind: ldap, directory: { servers: [ 'ldaps://a.example' ], bind: { dn: a, passwrd: CANARY } } } }",
    ),
    (
        "a directory's password in its address",
        "verifiers: { v: { kind: ldap, directory: { servers: [ 'ldaps://me:CANARY@a.example' ] } } }",
    ),
    (
        "a database of another system",
        "more_sources: [ { rules: rules.yaml, source: { kind: sql, name: b, url: 'postgres://me:CANARY@a.example/b?x=1', record: 'SELECT 1 WHERE 1 = :identifier' } } ]",
    ),
    (
        "a database of a part",
        "enrich: { a: { by: $.id, source: { kind: sql, name: c, url: 'mysql://me:CANARY@/', record: 'SELECT 1 WHERE 1 = :identifier' } } }",
    ),
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
