//! No command replaces a file that it depends on, by whatever name.

use std::fs;
use std::path::Path;

use clap::Args;

use super::*;
use crate::cli::{CommandError, assess, bulk, decommission, remaining, transform};

const SETTINGS: &str = "rules: rules/shop.yaml\nsource: { kind: file, path: users.ndjson, logins: [ $.login ] }\n\
    target: { kind: sql, url: 'sqlite:accounts.db' }\nledger: { url: 'sqlite:ledger.db', key: 'file:ledger.key' }\n\
    shadow: { rules: rules/new.yaml }\ndrift: { assessment: shape.json }\n\
    service: { tls: { certificate: tls.pem, key: tls.key } }\n";

const RULES: &str = "landfall: 1\ntarget: standard\nuse: [ common/steps.yaml ]\n\
    lookups: { roles: { file: roles.csv, key: key, value: value } }\nidentify: { id: $.id, logins: [ $.login ] }\n\
    account: { username: $.login, roles: { from: $.role, do: [ lookup: roles ] } }\n\
    credential: { scheme: md5, hash_hex: $.hash }\n";

/// Files with this content, as far as commands that refuse look at it.
const FILES: [(&str, &str); 11] = [
    ("landfall.yaml", SETTINGS),
    ("rules/shop.yaml", RULES),
    ("rules/common/steps.yaml", "landfall: 1\nsteps: { x: [ trim ] }\n"),
    ("rules/roles.csv", "key,value\na,b\n"),
    ("rules/new.yaml", "landfall: 1\n"),
    ("users.ndjson", "{\"id\":1,\"login\":\"ada\"}\n"),
    ("shape.json", "{}"),
    ("ledger.key", "k"),
    ("tls.pem", "c"),
    ("tls.key", "k"),
    ("ledger.db-wal", "w"),
];

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in FILES {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// Runs a command. `FOLDER/` in an argument is the folder.
fn run<A: Args>(
    command: fn(&A) -> Result<u8, CommandError>,
    folder: &Path,
    arguments: &[&str],
) -> Result<u8, CommandError> {
    let clap = A::augment_args(clap::Command::new("landfall"));
    let at = format!("{}/", folder.display());
    let given = ["landfall"].into_iter().chain(arguments.iter().copied()).map(|text| text.replace("FOLDER/", &at));
    command(&A::from_arg_matches(&clap.get_matches_from(given)).unwrap())
}

/// Checks that a command replaces none of these files, and that their content stays.
fn check<A: Args>(command: fn(&A) -> Result<u8, CommandError>, arguments: &[&str], option: &str, files: &[&str]) {
    for name in files {
        let folder = folder();
        let before = fs::read(folder.path().join(name)).unwrap();
        let output = format!("FOLDER/rules/../{name}");
        let error = run(command, folder.path(), &[arguments, &[option, &output]].concat()).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with(&format!("`{option}` ")), "{name}: {text}");
        assert!(text.contains(name) || text.ends_with("are the same file"), "{name}: {text}");
        assert_eq!(fs::read(folder.path().join(name)).unwrap(), before, "{name}");
    }
}

const OF_RULES: [&str; 3] = ["rules/shop.yaml", "rules/common/steps.yaml", "rules/roles.csv"];

/// Those that the settings lead to.
fn of_settings() -> Vec<&'static str> {
    FILES.iter().map(|(name, _)| *name).collect()
}

#[test]
fn transform_and_assess_keep_the_files_of_their_rules() {
    let given = ["--rules", "FOLDER/rules/shop.yaml", "--in", "FOLDER/users.ndjson"];
    let with_force = [&given[..], &["--force"]].concat();
    for option in ["--out", "--rejects", "--warnings"] {
        check(transform::run, &with_force, option, &OF_RULES);
    }
    for option in ["--out", "--html", "--duplicates", "--partial"] {
        check(assess::run, &with_force, option, &OF_RULES);
    }
    check(transform::run, &with_force, "--out", &["users.ndjson"]);
}

#[test]
fn remaining_decommission_and_bulk_keep_the_files_of_their_settings() {
    let given = ["--config", "FOLDER/landfall.yaml", "--in", "FOLDER/users.ndjson"];
    let with_force = [&given[..], &["--force"]].concat();
    check(remaining::run, &with_force, "--out", &of_settings());
    check(decommission::run, &with_force, "--html", &of_settings());
    check(decommission::run, &["--config", "FOLDER/landfall.yaml", "--force"], "--html", &of_settings());
    for option in ["--results", "--rejects"] {
        check(bulk::run, &given, option, &of_settings());
    }
}

#[test]
fn the_message_says_what_the_file_is() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let (rules, settings) = (path("rules/shop.yaml"), path("landfall.yaml"));
    let message = |reads: Reads<'_>, name: &str| {
        let error = reads.check(&[("--out", &path(name))]).unwrap_err();
        let text = error.message.replace(&format!("{}/", folder.path().display()), "");
        format!("{text}\n{}", error.help.unwrap_or_default())
    };
    let help = "choose another path for `--out`; `--force` does not replace what a command depends on";
    let of_rules = Reads { rules: Some(&rules), ..Reads::default() };
    assert_eq!(
        message(of_rules, "rules/roles.csv"),
        format!("`--out` is `rules/roles.csv`, which the rules use\n{help}")
    );
    let of_settings = || Reads { settings: Some(&settings), ..Reads::default() };
    assert_eq!(
        message(of_settings(), "ledger.key"),
        format!("`--out` is `ledger.key`, which the settings need for `ledger.key`\n{help}")
    );
    // by another name
    std::os::unix::fs::symlink(path("tls.key"), path("link")).unwrap();
    fs::hard_link(path("tls.key"), path("hard")).unwrap();
    for name in ["link", "hard"] {
        assert!(message(of_settings(), name).contains("`tls.key`, which the settings need for `service.tls.key`"));
    }
    assert!(of_settings().check(&[("--out", &path("new.csv"))]).is_ok());
    fs::write(path("old.csv"), "").unwrap();
    assert!(of_settings().check(&[("--out", &path("old.csv"))]).is_ok(), "any other file may be replaced");
}
