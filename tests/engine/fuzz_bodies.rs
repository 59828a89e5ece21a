//! The engine's fuzz bodies without the fuzzer: seeds, changed at random, for a few seconds.
//!
//! `LANDFALL_FUZZ_MS` sets how long each body runs, `LANDFALL_SEED` where chance begins.

use std::time::{Duration, Instant};

use crate::reference::generate::{Chance, RuleGenerator, record};
use crate::{bodies, fields};

fn from_env(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// The rule files of the project.
fn rule_files() -> Vec<Vec<u8>> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/challenges");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let rules = files.filter(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    rules.map(|path| std::fs::read(path).unwrap()).collect()
}

/// One to four changes: a byte, a cut, a doubled or moved part, a part of another seed, a word that matters.
fn changed(seed: &[u8], seeds: &[Vec<u8>], words: &[&str], chance: &mut Chance) -> Vec<u8> {
    let mut data = seed.to_vec();
    for _ in 0..1 + chance.below(4) {
        let at = chance.below(data.len() + 1);
        let part = |from: &[u8], chance: &mut Chance| {
            let start = chance.below(from.len() + 1);
            let end = (start + chance.below(40)).min(from.len());
            from[start..end].to_vec()
        };
        match chance.below(6) {
            0 if !data.is_empty() => {
                let at = at.min(data.len() - 1);
                data[at] = (chance.next() % 256) as u8;
            }
            1 => drop(data.drain(at..(at + chance.below(20)).min(data.len()))),
            2 => {
                let part = part(&data.clone(), chance);
                data.splice(at..at, part);
            }
            3 => {
                let part = part(&seeds[chance.below(seeds.len())], chance);
                data.splice(at..at, part);
            }
            _ => drop(data.splice(at..at, chance.pick(words).bytes())),
        }
    }
    data
}

/// Runs a body over every seed and over changes of them until the time is up; gives the number of runs.
fn drive(name: &str, body: fn(&[u8]), seeds: &[Vec<u8>], words: &[&str]) {
    let mut chance = Chance::new(from_env("LANDFALL_SEED", 1));
    let until = Instant::now() + Duration::from_millis(from_env("LANDFALL_FUZZ_MS", 2_000));
    let mut runs = 0_u64;
    let run = |data: &[u8]| {
        let caught = std::panic::catch_unwind(|| body(data));
        assert!(
            caught.is_ok(),
            "{name} fails on {:?}\n{}",
            data.escape_ascii().to_string(),
            String::from_utf8_lossy(data)
        );
    };
    for seed in seeds {
        run(seed);
        runs += 1;
    }
    while Instant::now() < until {
        let seed = &seeds[chance.below(seeds.len())];
        run(&changed(seed, seeds, words, &mut chance));
        runs += 1;
    }
    println!("{name}: {runs} runs");
    assert!(runs > seeds.len() as u64, "{name}: there was no time for a change");
}

const YAML: &[&str] = &[
    "\n",
    "  ",
    ": ",
    "- ",
    "{ ",
    " }",
    "[ ",
    " ]",
    "\"",
    "'",
    "|\n",
    "#",
    "&a ",
    "*a",
    "<<: ",
    "!!str ",
    "é",
    "\u{feff}",
    "\r\n",
    "\t",
    "$.",
    "$account.",
    "$item",
    "{$.",
    "}}",
    "from: ",
    "do: ",
    "each: ",
    "when: ",
    "null",
    "~",
    "[?@.a == 'b']",
    "..",
    "\0",
    "\\u00e9",
    "---\n",
    "account:\n",
    "lookups:\n",
];

#[test]
fn rules_read() {
    drive("rules_read", bodies::rules_read, &rule_files(), YAML);
}

#[test]
fn rules_compile() {
    let mut chance = Chance::new(7);
    let mut seeds = rule_files();
    seeds.extend((0..20).map(|_| RuleGenerator::file(&mut chance).into_bytes()));
    drive("rules_compile", bodies::rules_compile, &seeds, YAML);
}

#[test]
fn transform() {
    let mut chance = Chance::new(8);
    let mut seeds: Vec<Vec<u8>> = Vec::new();
    for rules in rule_files() {
        seeds.push([&rules[..], b"\0{\"id\": 1, \"email\": \"a@example.com\"}"].concat());
    }
    for _ in 0..40 {
        seeds.push(format!("{}\0{}", RuleGenerator::file(&mut chance), record(&mut chance)).into_bytes());
    }
    drive("transform", bodies::transform, &seeds, YAML);
}

#[test]
fn php_unserialize() {
    let seeds = [
        "a:1:{s:13:\"administrator\";b:1;}",
        "i:-7;",
        "d:0.5;",
        "N;",
        "b:0;",
        "O:8:\"stdClass\":1:{s:1:\"a\";R:1;}",
        "a:2:{i:0;s:1:\"x\";i:1;a:1:{i:0;i:9;}}",
        "C:3:\"Foo\":2:{xx}",
        "E:7:\"Foo:Bar\";",
    ];
    let seeds: Vec<Vec<u8>> = seeds.iter().map(|text| text.as_bytes().to_vec()).collect();
    let words = [
        "a:99999999:{",
        "s:4294967295:\"",
        "i:",
        "R:1;",
        "r:9;",
        "}",
        ";",
        "a:1:{i:0;",
        "O:1:\"A\":",
        "d:1e999;",
        "é",
        "\0",
    ];
    drive("php_unserialize", bodies::php_unserialize, &seeds, &words);
}

#[test]
fn ldap() {
    let seeds = [
        "CN=Ada King\\, Countess,OU=People+UID=7,DC=example,DC=com",
        "2.5.4.3=#0C03416461",
        "{SSHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr",
        "{CRYPT}$6$rounds=5000$salt$hash",
        "20250131235959.5+0100",
        "19700101000000Z",
        "\u{1}\u{5}\0\0\0\0\0\u{5}",
    ];
    let seeds: Vec<Vec<u8>> = seeds.iter().map(|text| text.as_bytes().to_vec()).collect();
    let words = ["\\", "\\2C", "=", "+", ",", "#", "\"", "{SHA}", "{", "}", "$", "Z", "99", "é", "\0"];
    drive("ldap", bodies::ldap, &seeds, &words);
}

#[test]
fn script() {
    let seeds = [
        "if a == () { `x${a}` } else { a.len() }",
        "let s = 0; for x in a { if x == 7 { s += x; } } s",
        "fn f(x) { x + 1 } a.map(|x| x == 7)",
        "let m = #{a: 1, b: [2, 3]}; m.keys().join(\",\")",
        "throw \"bad_value\"",
        "let l = []; while l.len() < 9 { l.push(1); } l",
        "switch a { 1 => 2, _ => \"é\" }",
    ];
    let seeds: Vec<Vec<u8>> = seeds.iter().map(|text| text.as_bytes().to_vec()).collect();
    let words = [
        "loop { ",
        "}",
        "(",
        "[",
        "#{",
        "`",
        "${",
        "\"",
        "|x| ",
        "fn g(x) { g(x) }",
        "a",
        " += ",
        "..",
        "**",
        "9223372036854775807",
        "é",
        "/*",
        "import \"x\" as y;",
        "eval(",
    ];
    drive("script", bodies::script, &seeds, &words);
}

/// One line per part of a credential, as the body reads them.
fn lines_of(prefix: &str, value: &serde_json::Value, lines: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(parts) => {
            for (key, value) in parts {
                lines_of(&if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") }, value, lines);
            }
        }
        serde_json::Value::String(text) => lines.push(format!("{prefix}=s{text}")),
        other => lines.push(format!("{prefix}=j{other}")),
    }
}

/// Every credential in parts of the vectors, with its password.
fn credentials_in_parts() -> Vec<Vec<u8>> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/password_vectors.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    let rows = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let seed = |row: serde_json::Value| {
        let mut lines = vec![row["format"].as_str()?.to_owned(), row["password"].as_str()?.to_owned()];
        lines_of("", row.get("fields")?, &mut lines);
        Some(lines.join("\n").into_bytes())
    };
    rows.filter_map(seed).filter(|seed| seed.len() < 2_000).collect()
}

#[test]
fn password_fields() {
    let seeds = credentials_in_parts();
    assert!(seeds.len() > 300, "{}", seeds.len());
    let words = [
        "\n",
        "\nsalt=s",
        "\nsalt=n7",
        "=l",
        "=p",
        "=z",
        "=b",
        "=x",
        "=j[[]]",
        "=n18446744073709551616",
        "=n-1",
        "=n1e99",
        "_hex=",
        "_b64=",
        "_encoding=s",
        ".value=",
        "iterations=",
        "\nprehash=smd5($pass)",
        "\nalgorithm=s",
        "{\"a\":",
        "é",
        "\0",
    ];
    drive("password_fields", fields::password_fields, &seeds, &words);
}
