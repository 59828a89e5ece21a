//! `landfall fmt`: formats rule and test files.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::output::{Existing, OutError, Sink};
use super::{CommandError, FINDINGS, FINE, show};
use crate::diag::{Files, Findings};
use crate::rules::{FormatError, Node, format, read_rules};

/// Arguments of `landfall fmt`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  landfall fmt                        # all rule and test files under rules/
  landfall fmt --check                # list the files that are not formatted, for CI
  landfall fmt rules/wordpress.yaml   # one file
  landfall fmt - < draft.yaml         # format standard input to standard output")]
pub struct Arguments {
    /// Rule or test files, or folders that contain them; `-` reads standard input
    #[arg(default_value = "rules")]
    paths: Vec<PathBuf>,
    /// List the files that would change, and write nothing
    #[arg(long)]
    check: bool,
}

/// How standard input is called in messages.
const STANDARD_INPUT: &str = "standard input";

/// The result for one file.
enum Done {
    Same,
    Formatted(String),
    /// The file has errors, which were printed.
    Unreadable,
}

/// Runs the command.
///
/// # Errors
/// If a path cannot be read or written, or a folder contains no rule file.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    if let [path] = arguments.paths.as_slice()
        && path == Path::new("-")
    {
        return standard_input(arguments.check);
    }
    let files = files(&arguments.paths)?;
    let mut texts = Vec::new();
    for path in &files {
        let text = fs::read_to_string(path).map_err(|error| failed("read", path, &error))?;
        // before any file is written
        refuse_others(&path.display().to_string(), &text)?;
        texts.push((path, text));
    }
    let (mut changed, mut unreadable) = (0, 0);
    for (path, text) in &texts {
        match formatted(&path.display().to_string(), text) {
            Done::Same => {}
            Done::Unreadable => unreadable += 1,
            Done::Formatted(_) if arguments.check => {
                show::output(&format!("would change {}\n", path.display()))?;
                changed += 1;
            }
            Done::Formatted(text) => {
                write(path, &text)?;
                show::output(&format!("formatted {}\n", path.display()))?;
                changed += 1;
            }
        }
    }
    if changed == 0 && unreadable == 0 {
        let files = if files.len() == 1 { "1 file is".to_owned() } else { format!("{} files are", files.len()) };
        show::output(&format!("{files} formatted\n"))?;
    }
    Ok(if unreadable > 0 || (arguments.check && changed > 0) { FINDINGS } else { FINE })
}

/// Replaces a file, so that a full disk leaves it as it was.
fn write(path: &Path, text: &str) -> Result<(), CommandError> {
    let mut sink = Sink::create_readable(path, Existing::IsReplaced)?;
    let written = sink.write(text.as_bytes()).and_then(|()| Sink::finish([sink]));
    written.map_err(|OutError { error, .. }| failed("write", path, &error))
}

fn standard_input(check: bool) -> Result<u8, CommandError> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    refuse_others(STANDARD_INPUT, &text)?;
    match formatted(STANDARD_INPUT, &text) {
        Done::Unreadable => Ok(FINDINGS),
        Done::Same => {
            show::output(if check { "" } else { &text })?;
            Ok(FINE)
        }
        Done::Formatted(_) if check => {
            show::output("would change standard input\n")?;
            Ok(FINDINGS)
        }
        Done::Formatted(text) => {
            show::output(&text)?;
            Ok(FINE)
        }
    }
}

/// Fails for a file that can be read and is neither a rule file nor a test file: the layout of settings, workflows and the
/// like is not ours to decide.
fn refuse_others(name: &str, text: &str) -> Result<(), CommandError> {
    if tree(name, text).is_none_or(|tree| is_rules_or_tests(&tree)) {
        return Ok(());
    }
    let name = if name == STANDARD_INPUT { name.to_owned() } else { format!("`{name}`") };
    Err(CommandError::new(format!("{name} is neither a rule file nor a test file"))
        .help("a rule file begins with `landfall: 1`, a test file is a list of tests or has them under `tests:`"))
}

/// What a text contains; `None` if it cannot be read.
fn tree(name: &str, text: &str) -> Option<Node> {
    let (mut files, mut findings) = (Files::default(), Findings::default());
    let file = files.add(name, text);
    read_rules(&files, file, &mut findings).filter(|_| !findings.has_errors())
}

fn is_rules_or_tests(tree: &Node) -> bool {
    let is_test = |item: &Node| item.get("record").or_else(|| item.get("records")).is_some();
    match tree.as_list() {
        Some(items) => items.iter().any(is_test),
        None => {
            let tests = tree.get("tests").and_then(Node::as_list);
            tree.get("landfall").is_some() || tests.is_some_and(|items| items.iter().any(is_test))
        }
    }
}

fn formatted(name: &str, text: &str) -> Done {
    match format(text) {
        Ok(formatted) if formatted == text => Done::Same,
        Ok(formatted) => Done::Formatted(formatted),
        Err(error) => {
            if error == FormatError::Unreadable {
                let (mut files, mut findings) = (Files::default(), Findings::default());
                let file = files.add(name, text);
                let _ = read_rules(&files, file, &mut findings);
                show::findings(&files, &findings.sorted());
            }
            anstream::eprintln!("{name}: {error}");
            Done::Unreadable
        }
    }
}

/// The files in the given paths: files as given, and every rule and test file in a folder.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, CommandError> {
    let mut found = Vec::new();
    for path in paths {
        let before = found.len();
        if path.is_dir() {
            walk(path, &mut found)?;
        } else {
            found.push(path.clone());
        }
        if found.len() == before {
            let message = format!("`{}` contains no rule or test file", path.display());
            let help = "a rule file begins with `landfall: 1`, a test file ends in `.test.yaml`";
            return Err(CommandError::new(message).help(help));
        }
    }
    Ok(found)
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), CommandError> {
    let entries: io::Result<Vec<_>> = fs::read_dir(folder).and_then(Iterator::collect);
    let entries = entries.map_err(|error| failed("read", folder, &error))?;
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            walk(&path, found)?;
        } else if is_rule_or_test_file(&path) {
            found.push(path);
        }
    }
    Ok(())
}

/// Whether a file in a folder is formatted. One that cannot be read is if it looks like ours, so that its errors are shown.
fn is_rule_or_test_file(path: &Path) -> bool {
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let Some(stem) = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml")) else { return false };
    let Ok(text) = fs::read_to_string(path) else { return stem.ends_with(".test") };
    match tree(&name, &text) {
        Some(tree) => is_rules_or_tests(&tree),
        None => stem.ends_with(".test") || text.lines().any(|line| line.starts_with("landfall:")),
    }
}

fn failed(action: &str, path: &Path, error: &io::Error) -> CommandError {
    let message = format!("cannot {action} `{}`: {}", path.display(), error.kind());
    CommandError::new(message).help("give rule or test files, folders, or `-` for standard input")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formatting_is_idempotent_and_check_writes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.yaml");
        let ugly = "name: shop\nlandfall: 1\n\n\n\naccount:\n    username: $.u\n";
        fs::write(&path, ugly).unwrap();
        fs::write(folder.path().join("other.yaml"), "a: 1\n").unwrap();
        let run = |check| run(&Arguments { paths: vec![folder.path().to_owned()], check }).unwrap();
        assert_eq!(run(true), FINDINGS);
        assert_eq!(fs::read_to_string(&path).unwrap(), ugly);
        assert_eq!(run(false), FINE);
        assert_eq!(fs::read_to_string(&path).unwrap(), "landfall: 1\nname: shop\n\naccount:\n  username: $.u\n");
        assert_eq!(run(true), FINE);
    }

    #[test]
    fn invalid_files_are_unchanged_and_empty_folders_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let arguments = |path: &Path| Arguments { paths: vec![path.to_owned()], check: false };
        assert!(run(&arguments(folder.path())).is_err());
        let path = folder.path().join("bad.yaml");
        fs::write(&path, "landfall: [").unwrap();
        assert_eq!(run(&arguments(&path)).unwrap(), FINDINGS);
        assert_eq!(fs::read_to_string(&path).unwrap(), "landfall: [");
    }

    #[test]
    fn other_files_are_refused_before_anything_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let (rules, other) = (folder.path().join("shop.yaml"), folder.path().join("landfall.yaml"));
        let ugly = "landfall:   1\naccount: { username: $.u }\n";
        fs::write(&rules, ugly).unwrap();
        for text in ["rules:   shop.yaml\n", "tests: unit\n", "- run:  make\n", "plain   text\n"] {
            fs::write(&other, text).unwrap();
            let error = run(&Arguments { paths: vec![rules.clone(), other.clone()], check: false }).unwrap_err();
            assert!(error.to_string().contains("neither a rule file nor a test file"), "{error}");
            assert_eq!(
                (fs::read_to_string(&rules).unwrap(), fs::read_to_string(&other).unwrap()),
                (ugly.into(), text.into())
            );
        }
        // in a folder, they are left alone
        assert_eq!(run(&Arguments { paths: vec![folder.path().to_owned()], check: false }).unwrap(), FINE);
        assert_eq!(fs::read_to_string(&rules).unwrap(), "landfall: 1\naccount: { username: $.u }\n");
    }
}
