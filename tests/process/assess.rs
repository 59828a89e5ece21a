//! `landfall assess` on user bases of known dirt and on real exports.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn passes(output: &Output) {
    let (out, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{errors}");
}

#[test]
#[ignore = "needs python3; run tests/run"]
fn every_count_is_that_of_the_manifest() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("assess");
    let script = |name: &str| {
        let mut python = Command::new("python3");
        python.arg(Path::new(ROOT).join("tests").join(name));
        python
    };
    let made =
        script("make_legacy.py").args(["--users", "2000", "--seed", "1", "--sql", "", "--out"]).arg(&folder).output();
    passes(&made.expect("this test needs python3, which tests/run installs"));
    let mut checks = script("assess_manifest.py");
    checks.args(["--bin", env!("CARGO_BIN_EXE_landfall"), "--rules"]).arg(Path::new(ROOT).join("rules/wordpress.yaml"));
    passes(&checks.arg("--folder").arg(&folder).output().unwrap());
}

/// A report that nobody could read is no reason to replace the one before.
#[cfg(target_os = "linux")]
#[test]
fn files_are_written_only_if_standard_output_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("in.ndjson"), "{\"id\":1}\n").unwrap();
    std::fs::write(path("old.json"), "{}").unwrap();
    let run = |output: std::process::Stdio| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
        command.args(["assess", "--in", "in.ndjson", "--out", "old.json", "--html", "new.html", "--force"]);
        command.current_dir(folder.path()).stdout(output).status().unwrap().code()
    };
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let (reader, closed) = std::io::pipe().unwrap();
    drop(reader);
    for (output, code) in [(full.into(), 2), (closed.into(), 0)] {
        assert_eq!(run(output), Some(code));
        assert_eq!(std::fs::read_to_string(path("old.json")).unwrap(), "{}");
        assert!(!path("new.html").exists());
    }
    assert_eq!(run(std::process::Stdio::null()), Some(0));
    assert!(path("new.html").exists());
}

/// The commands of the page run in one folder, in their order, and print what the page shows.
#[cfg(unix)]
#[test]
fn the_page_works_as_it_is_written() {
    let page = crate::pages::pages().into_iter().find(|page| page.name == "docs/assess.md").expect("the page");
    let folder = tempfile::tempdir().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_landfall")).parent().unwrap().display();
    let path = format!("{program}:{}", std::env::var("PATH").unwrap_or_default());
    let mut printed = None;
    let mut compared = 0;
    for block in page.blocks() {
        match (block.info.as_str(), printed.take()) {
            ("sh run", _) => {
                let mut shell = Command::new("sh");
                shell.args(["-ec", &block.text]).current_dir(&folder).env("PATH", &path).env("NO_COLOR", "1");
                let output = shell.output().unwrap();
                passes(&output);
                printed = Some(String::from_utf8(output.stdout).unwrap());
            }
            ("text", Some(printed)) => {
                assert!(
                    crate::pattern::is_like(printed.trim(), block.text.trim()),
                    "{}: it prints\n{printed}",
                    block.place
                );
                compared += 1;
            }
            _ => {}
        }
    }
    assert_eq!(compared, 4);
}
