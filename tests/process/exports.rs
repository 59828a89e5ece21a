//! `transform` as a process: its streams, what is left when it is interrupted, and its report.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

const RULES: &str = "
landfall: 1
name: shop
target: standard
account:
  external_id: { from: $.id, required: true, on_error: reject }
  username: { from: $.login }
";

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("rules.yaml"), RULES).unwrap();
    fs::write(folder.path().join("users.csv"), "1;ada\n2;bo\n;nobody\n").unwrap();
    folder
}

fn program(folder: &Path, line: &str) -> Command {
    let mut command = Command::new("sh");
    let line = line.replace("landfall ", &format!("'{}' ", env!("CARGO_BIN_EXE_landfall")));
    command.args(["-c", &line]).current_dir(folder).stdin(Stdio::null());
    command
}

/// Runs a line of the shell: its exit code, and both of its outputs.
fn run(folder: &Path, line: &str) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = program(folder, line).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Starts a run that has written something and waits for more input.
fn waiting(folder: &Path, arguments: &str) -> Child {
    let mut command = program(folder, &format!("exec landfall transform --rules rules.yaml --from ndjson {arguments}"));
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let records: String = (0..20_000).map(|id| format!("{{\"id\":{id},\"login\":\"a{id}\"}}\n")).collect();
    child.stdin.as_mut().unwrap().write_all(records.as_bytes()).unwrap();
    let has_text = |name: &String| {
        name.starts_with(".landfall-") && fs::metadata(folder.join(name)).is_ok_and(|about| about.len() > 0)
    };
    until("something is written under a temporary name", || names(folder).iter().any(has_text));
    child
}

#[test]
fn an_interrupted_run_leaves_no_file() {
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let folder = folder();
        fs::write(folder.path().join("before.ndjson"), "before").unwrap();
        let arguments = "--out before.ndjson --force --rejects rejects.ndjson --warnings warnings.ndjson";
        let mut child = waiting(folder.path(), arguments);
        assert_eq!(fs::read_to_string(folder.path().join("before.ndjson")).unwrap(), "before");
        assert!(
            Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap().success()
        );
        let status = child.wait().unwrap();
        assert_eq!(status.code(), Some(code), "{signal}");
        assert_eq!(names(folder.path()), ["before.ndjson", "rules.yaml", "users.csv"], "{signal}");
        assert_eq!(fs::read_to_string(folder.path().join("before.ndjson")).unwrap(), "before");
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(said, "error: the run was interrupted, and its files were not written\n");
    }
}

#[test]
fn a_complete_run_replaces_what_was_there() {
    let folder = folder();
    fs::write(folder.path().join("before.ndjson"), "before").unwrap();
    let mut child = waiting(folder.path(), "--out before.ndjson --force");
    drop(child.stdin.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(fs::read_to_string(folder.path().join("before.ndjson")).unwrap().lines().count(), 20_000);
    assert_eq!(names(folder.path()), ["before.ndjson", "rules.yaml", "users.csv"]);
}

#[test]
fn streams_and_devices_are_read_and_written_as_they_are() {
    let folder = folder();
    let columns = "--columns id,login";
    let wanted = "{\"external_id\":\"1\",\"username\":\"ada\"}\n{\"external_id\":\"2\",\"username\":\"bo\"}\n";
    for line in [
        format!("landfall transform --rules rules.yaml --in users.csv {columns}"),
        format!("landfall transform --rules rules.yaml {columns} < users.csv"),
        format!("gzip -c users.csv | landfall transform --rules rules.yaml --in - {columns}"),
        format!("landfall transform --rules rules.yaml --in users.csv {columns} --out /dev/stdout"),
        format!("landfall transform --rules rules.yaml --in users.csv {columns} --out /dev/stdout > here; cat here"),
        format!("landfall transform --rules rules.yaml --in users.csv {columns} --out - --rejects /dev/null"),
        format!(
            "printf 'kept\\n' > log; landfall transform --rules rules.yaml --in users.csv {columns} --out /dev/stdout >> log; tail -2 log; head -1 log >&2"
        ),
    ] {
        let (_, stdout, stderr) = run(folder.path(), &line);
        assert_eq!(stdout, wanted, "{line}: {stderr}");
        assert!(stderr.contains("3 records: 2 accounts, 0 denied, 1 invalid, 0 unreadable"), "{line}: {stderr}");
        assert!(!line.contains(">> log") || stderr.ends_with("kept\n"), "{line}: {stderr}");
    }
    let (code, stdout, stderr) =
        run(folder.path(), "yes '{\"id\":1}' | landfall transform --rules rules.yaml --from ndjson | head -1");
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (Some(0), "{\"external_id\":\"1\"}\n", ""));
    let (code, _, stderr) = run(folder.path(), "landfall transform --rules rules.yaml --in users.csv --out users.csv");
    assert_eq!((code, stderr.lines().next()), (Some(2), Some("error: `--out` and `--in` are the same file")));
    fs::write(folder.path().join("out"), "").unwrap();
    let (code, _, stderr) = run(folder.path(), "landfall transform --rules rules.yaml --in users.csv --out out");
    let wanted = "error: `out` already exists\nhelp: replace it with `--force`, or choose another path\n";
    assert_eq!((code, stderr.as_str()), (Some(2), wanted));
}

#[test]
fn the_report_is_one_document() {
    let folder = folder();
    fs::write(folder.path().join("names.ndjson"), "{\"user\":1,\"n\":\"Ada\"}\n{\"user\":7,\"n\":\"x\"}\n").unwrap();
    let join = "--join names.ndjson --on '$.id=$.user' --as name";
    let line = format!(
        "landfall transform --rules rules.yaml --in users.csv --columns id,login --out o --report json --fail-over 40% {join}"
    );
    let (code, stdout, stderr) = run(folder.path(), &line);
    let mut report: Value = serde_json::from_str(&stderr).unwrap();
    assert!(report["seconds"].take().is_number());
    let wanted = json!({
        "records": 3, "accounts": 2, "denied": 0, "invalid": 1, "unreadable": 0, "without_password": 0, "seconds": null,
        "fails": false,
        "findings": [],
        "notes": ["`name`: 1 of 3 records have a row; 1 of 2 rows belong to no record"],
        "reasons": {
            "denied": {}, "unreadable": {}, "warnings": {}, "unusable_passwords": {}, "unread_fields": {},
            "invalid": {"external_id: it has no value and is required": 1},
        },
    });
    assert_eq!((code, stdout.as_str(), report), (Some(0), "", wanted));
}

#[test]
fn a_source_that_is_compressed_is_found_when_the_settings_are_checked() {
    let folder = folder();
    let settings = "rules: rules.yaml\nsource: { kind: file, path: users.csv.gz, format: csv, columns: [ id, login ], logins: [ $.login ] }\n\
                    ledger: { url: 'sqlite:ledger.db', key: 'file:key' }\ntarget: { kind: sql, url: 'sqlite:accounts.db' }\n";
    fs::write(folder.path().join("landfall.yaml"), settings).unwrap();
    let (_, stdout, _) = run(folder.path(), "gzip -k users.csv; landfall check --config landfall.yaml --format plain");
    let line = stdout.lines().find(|line| line.contains("R505") && line.contains("users.csv.gz"));
    let line = line.unwrap_or_else(|| panic!("no finding: {stdout}"));
    assert!(line.contains("`users.csv.gz` cannot be a source: it is compressed with gzip"), "{line}");
    let unpacked =
        "sed -i s/users.csv.gz/users.csv/ landfall.yaml; landfall check --config landfall.yaml --format plain";
    let (_, stdout, _) = run(folder.path(), unpacked);
    assert!(!stdout.contains("users.csv"), "{stdout}");
}

/// `ulimit -f` counts blocks of 512 bytes, and the ready rules of WordPress are larger. A file that grows beyond it fails like
/// one on a full disk.
#[test]
fn a_full_disk_leaves_nothing_under_the_names_of_files() {
    let folder = folder();
    let before = names(folder.path());
    let full = |line: &str| run(folder.path(), &format!("ulimit -f 1; landfall {line}"));
    let (code, _, text) = full("rules copy wordpress --to shop/rules");
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("file too large\nhelp: nothing was written; make room"), "{text}");
    assert_eq!(names(folder.path()), before, "no folder is left either");
    let ids: String = (0..2000).map(|id| format!("{id},user{id}\n")).collect();
    fs::write(folder.path().join("users.csv"), ids).unwrap();
    fs::write(folder.path().join("old.yaml"), "landfall: 1\n").unwrap();
    // starter rules say of each field what they make of it
    let fields: Vec<String> = (0..60).map(|at| format!("field{at}")).collect();
    fs::write(folder.path().join("wide.csv"), format!("id,{0}\n1,{0}\n", fields.join(","))).unwrap();
    for line in [
        "transform --rules rules.yaml --in users.csv --columns id,login --out accounts.ndjson",
        "init --in wide.csv --out new.yaml",
        "init --in wide.csv --out old.yaml --force",
    ] {
        let (code, _, text) = full(line);
        assert_eq!(code, Some(2), "{line}: {text}");
        assert!(text.contains("file too large"), "{line}: {text}");
        assert_eq!(names(folder.path()), ["old.yaml", "rules.yaml", "users.csv", "wide.csv"], "{line}");
    }
    assert_eq!(fs::read_to_string(folder.path().join("old.yaml")).unwrap(), "landfall: 1\n");
    let ugly = format!("{RULES}\n\n\n# {}\n", "a comment ".repeat(100));
    fs::write(folder.path().join("rules.yaml"), &ugly).unwrap();
    let (code, _, text) = full("fmt rules.yaml");
    assert!(code == Some(2) && text.contains("file too large"), "{text}");
    assert_eq!(fs::read_to_string(folder.path().join("rules.yaml")).unwrap(), ugly);
    // once there is room, the same command works
    let (code, out, _) = run(folder.path(), "umask 022; landfall rules copy wordpress --to shop/rules");
    assert_eq!(code, Some(0));
    assert!(out.contains("wrote     shop/rules/wordpress.yaml\n"), "{out}");
    let mode =
        std::os::unix::fs::MetadataExt::mode(&fs::metadata(folder.path().join("shop/rules/wordpress.yaml")).unwrap());
    assert_eq!(mode & 0o777, 0o644, "others can read rules as usual");
}
