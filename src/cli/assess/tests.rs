//! Complete runs of the command, on files in a temporary folder.

use std::fs;

use clap::Parser;
use serde_json::Value;
use tempfile::TempDir;

use super::*;
use crate::cli::{FINDINGS, FINE};

#[derive(Parser)]
struct Program {
    #[command(flatten)]
    arguments: Arguments,
}

const RULES: &str = "
landfall: 1
name: shop
identify: { id: $.id, logins: [ $.login ] }
account:
  external_id: { from: $.id, required: true, on_error: reject }
  email.value: { from: $.mail, do: [ email ], on_error: warn }
credential: { from: $.hash, scheme: bcrypt }
";

/// A temporary folder with the rules, in which the command runs.
struct Shop(TempDir);

impl Shop {
    fn new() -> Self {
        let shop = Self(tempfile::tempdir().unwrap());
        shop.put("shop.yaml", RULES);
        shop
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.0.path().join(name)).unwrap()
    }

    /// Runs the command; in the arguments, file names begin with `@`.
    fn run(&self, arguments: &str) -> Result<u8, String> {
        let path = |word: &str| match word.strip_prefix('@') {
            Some(name) => self.0.path().join(name).display().to_string(),
            None => word.to_owned(),
        };
        let words = ["x"].into_iter().chain(arguments.split_whitespace()).map(path);
        let program = Program::try_parse_from(words).map_err(|error| error.to_string())?;
        run(&program.arguments).map_err(|error| error.to_string())
    }
}

fn users(numbers: std::ops::Range<u32>) -> String {
    numbers
        .map(|n| {
            let mail = if n % 50 == 0 { "none".to_owned() } else { format!("u{n}@example.org") };
            format!(
                "{{\"id\":{n},\"login\":\"u{}\",\"mail\":\"{mail}\",\"hash\":\"$2b$10$4zDT/FAKvjR8F5qcKCHFoOZG67E8aZe0n0AmCkZjJVKCwi0ysLS1m\"}}\n",
                n % 900
            )
        })
        .collect()
}

const FIXED: &str = "--rules @shop.yaml --now 2026-01-01T00:00:00Z --name users";

#[test]
fn the_document_is_the_same_for_any_number_of_jobs_and_parts() {
    let shop = Shop::new();
    shop.put("all.ndjson", &users(0..1000));
    shop.put("a.ndjson", &users(0..333));
    shop.put("b.ndjson", &users(333..1000));
    for jobs in [1, 2, 5] {
        let all = format!("{FIXED} --in @all.ndjson --no-measure --jobs {jobs}");
        assert_eq!(shop.run(&format!("{all} --out @{jobs}.json --duplicates @{jobs}.dup")), Ok(FINE));
    }
    for part in ["a", "b"] {
        assert_eq!(shop.run(&format!("{FIXED} --in @{part}.ndjson --partial @{part}.part")), Ok(FINE));
    }
    assert_eq!(shop.run("merge @a.part @b.part --no-measure --out @m.json --duplicates @m.dup"), Ok(FINE));
    let whole = shop.text("1.json");
    for other in ["2.json", "5.json", "m.json"] {
        assert_eq!(shop.text(other), whole, "{other}");
    }
    assert_eq!(shop.text("m.dup"), shop.text("1.dup"));
    assert_eq!(shop.text("1.dup").lines().count(), 100);
    let document: Value = serde_json::from_str(&whole).unwrap();
    assert_eq!(document["forecast"]["migrate"], 800);
    assert_eq!(document["forecast"]["cannot"], 200);
    assert_eq!(shop.run("diff @1.json @m.json"), Ok(FINE));
    // partial results can be merged in steps
    assert_eq!(shop.run("merge @a.part @b.part --partial @ab.part"), Ok(FINE));
    assert_eq!(shop.run("merge @ab.part --no-measure --out @ab.json"), Ok(FINE));
    assert_eq!(shop.text("ab.json"), whole);
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_what_is_written() {
    use std::os::unix::fs::PermissionsExt as _;
    let shop = Shop::new();
    shop.put("in.ndjson", &users(0..3));
    shop.run(&format!("{FIXED} --in @in.ndjson --partial @p.part")).unwrap();
    let mode = fs::metadata(shop.0.path().join("p.part")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn thresholds_decide_the_exit_code() {
    let shop = Shop::new();
    shop.put("in.ndjson", &users(0..100));
    for (threshold, wanted) in [
        ("2%", Ok(FINE)),
        ("email.value=2%", Ok(FINE)),
        ("email.value=1.9%", Ok(FINDINGS)),
        ("R703=1", Ok(FINDINGS)),
        ("R703=2", Ok(FINE)),
    ] {
        let run =
            shop.run(&format!("{FIXED} --in @in.ndjson --no-measure --out @o.json --force --fail-over {threshold}"));
        assert_eq!(run, wanted, "{threshold}");
    }
    let unknown = shop.run(&format!("{FIXED} --in @in.ndjson --no-measure --fail-over phone=1%")).unwrap_err();
    assert!(unknown.contains("`phone` is not a claim of the rules"), "{unknown}");
    assert!(shop.run("--in @in.ndjson --fail-over x%").unwrap_err().contains("write a share such as `2%`"));
}

#[test]
fn unknown_thresholds_are_refused_before_the_export_is_read() {
    let shop = Shop::new();
    // a file that cannot be read tells whether it was
    for (arguments, wanted) in [
        ("--rules @shop.yaml --fail-over phone=1%", "`phone` is not a claim of the rules"),
        ("--rules @shop.yaml --fail-over R799=1", "`R799` is not a claim of the rules"),
        ("--rules @shop.yaml --fail-over reason:nothing=1", "no reason of the forecast begins with `nothing`"),
        ("--rules @shop.yaml --fail-over reason:no_password=1", "cannot read `"),
        ("--rules @shop.yaml --fail-over reason:email.value=1 --fail-over R707=0", "cannot read `"),
        ("--fail-over 2%", "`2%` needs rules, and there are none"),
        ("--fail-over R719=0", "cannot read `"),
    ] {
        let arguments = arguments.replace("no_password", "record");
        let error = shop.run(&format!("{arguments} --in @none.ndjson --html @page.html")).unwrap_err();
        assert!(error.contains(wanted), "{arguments}: {error}");
        assert!(!shop.0.path().join("page.html").exists());
    }
    shop.put("in.ndjson", &users(0..3));
    shop.run(&format!("{FIXED} --in @in.ndjson --partial @p.part")).unwrap();
    let error = shop.run("merge @p.part --no-measure --fail-over phone=1%").unwrap_err();
    assert!(error.contains("`phone` is not a claim of the rules"), "{error}");
}

#[test]
fn of_no_records_no_threshold_can_be_judged() {
    let shop = Shop::new();
    shop.put("in.ndjson", "");
    assert_eq!(shop.run("--rules @shop.yaml --in @in.ndjson --no-measure"), Ok(FINE));
    for threshold in ["0", "2%", "R707=0"] {
        let error = shop.run(&format!("--rules @shop.yaml --in @in.ndjson --no-measure --fail-over {threshold}"));
        assert_eq!(error, Err("there are no records, so `--fail-over` cannot be judged".to_owned()));
    }
}

#[test]
fn a_part_is_merged_once() {
    let shop = Shop::new();
    shop.put("in.ndjson", &users(0..50));
    shop.put("empty.ndjson", "");
    for (name, jobs) in [("a", 1), ("b", 4)] {
        shop.run(&format!("{FIXED} --in @in.ndjson --jobs {jobs} --partial @{name}.part")).unwrap();
    }
    for name in ["c", "d"] {
        shop.run(&format!("{FIXED} --in @empty.ndjson --partial @{name}.part")).unwrap();
    }
    let names = |error: &str, how: &str| error.contains("a.part` and `") && error.contains(how);
    let error = shop.run("merge @a.part @a.part --no-measure").unwrap_err();
    assert!(names(&error, "are the same file"), "{error}");
    let error = shop.run("merge @a.part @c.part @b.part --no-measure").unwrap_err();
    assert!(names(&error, "b.part` have the same content"), "{error}");
    assert_eq!(shop.run("merge @a.part @c.part @d.part --no-measure"), Ok(FINE));
}

#[test]
fn control_characters_of_field_names_are_not_obeyed() {
    let shop = Shop::new();
    let record = "{\"id\": 1, \"a\\u001b[2J\\nb\\u009b\\u202e\": {\"x\\u0007y\": \"v\\u001b\\u007f\"}}\n";
    shop.put("in.ndjson", &record.repeat(25));
    shop.run("--in @in.ndjson --show-values --html @page.html --out @page.json").unwrap();
    let shown = |c: char| c == '\n' || !(c.is_control() || c == '\u{202e}');
    for file in ["page.html", "page.json"] {
        let text = shop.text(file);
        assert!(text.contains("u001b[2J") && text.contains("u0007y"), "{file}: {text}");
    }
    assert!(shop.text("page.html").chars().all(shown));
    let assessment = serde_json::from_str(&shop.text("page.json")).unwrap();
    assert!(human::render(&assessment).chars().all(shown));
}

#[test]
fn what_changes_is_an_exit_code() {
    let shop = Shop::new();
    shop.put("in.ndjson", &users(0..100));
    shop.put("later.ndjson", &users(0..110));
    for name in ["in", "later"] {
        shop.run(&format!("{FIXED} --in @{name}.ndjson --no-measure --out @{name}.json")).unwrap();
    }
    assert_eq!(shop.run("diff @in.json @later.json"), Ok(FINDINGS));
    assert_eq!(shop.run("diff @in.json @in.json --format json"), Ok(FINE));
    let error = shop.run("diff @in.json @in.ndjson").unwrap_err();
    assert!(error.contains("it is not an assessment"), "{error}");
    shop.put("old.json", "{\"version\": 99}");
    assert!(shop.run("diff @in.json @old.json").unwrap_err().contains("it has version 99"));
}

#[test]
fn mistakes_are_named() {
    let shop = Shop::new();
    shop.put("in.ndjson", &users(0..3));
    shop.put("cut.json", "[{\"id\": 1}, {\"id\"");
    for (arguments, wanted) in [
        ("--in @in.ndjson --out @in.ndjson", "`--out` and `--in` are the same file"),
        ("--in @in.ndjson --out -", "`--out` cannot be standard output, which has the report"),
        ("--in @in.ndjson --partial @p --format json", "cannot be used with"),
        ("--in @in.ndjson --param a=b", "--rules"),
        ("merge @in.ndjson", "it is not a partial result of this version of Landfall"),
        ("merge", "PART"),
        ("--in @none.ndjson", "cannot read"),
        ("--rules @shop.yaml --in @cut.json --no-measure", "cannot read the input to the end"),
        ("--rules @shop.yaml --in @cut.json --partial @cut.part", "cannot read the input to the end"),
    ] {
        let error = shop.run(arguments).unwrap_err();
        assert!(error.contains(wanted), "{arguments}: {error}");
    }
    assert!(!shop.0.path().join("cut.part").exists());
    shop.put("cut.csv", "id,login\n1,ada\n2,\"bo\n3,cy\n");
    shop.put("kept.json", "{}");
    let files = "--out @kept.json --force --html @cut.html --duplicates @cut.dup";
    let error = shop.run(&format!("--rules @shop.yaml --in @cut.csv --no-measure {files}")).unwrap_err();
    assert!(error.contains("is never closed"), "{error}");
    assert_eq!(fs::read_to_string(shop.0.path().join("kept.json")).unwrap(), "{}");
    assert!(["cut.html", "cut.dup"].iter().all(|name| !shop.0.path().join(name).exists()));
    for part in ["a", "b"] {
        let now = if part == "a" { "2026-01-01T00:00:00Z" } else { "2026-01-02T00:00:00Z" };
        shop.run(&format!("--rules @shop.yaml --in @in.ndjson --now {now} --partial @{part}.part")).unwrap();
    }
    assert!(shop.run("merge @a.part @b.part").unwrap_err().contains("different values of `--now`"));
}
