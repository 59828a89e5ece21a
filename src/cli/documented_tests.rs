//! Every command line that the documentation shows is one that the program understands.

use std::fs;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{Command, CommandFactory as _, Parser as _};

use super::Arguments;

fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["docs", "docs/bridges"].map(|folder| fs::read_dir(root.join(folder)).unwrap());
    let docs = folders.into_iter().flatten().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let pages = ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"].map(|name| root.join(name));
    docs.chain(pages).collect()
}

/// The shell scripts of a page.
fn scripts(text: &str) -> Vec<String> {
    // blocks in lists are indented
    let text: String = text.lines().map(|line| format!("{}\n", line.trim_start())).collect();
    let blocks = text.split("\n```sh").skip(1).filter_map(|rest| rest.split("\n```").next());
    blocks.filter_map(|block| block.split_once('\n')).map(|(_, script)| script.replace("\\\n", " ")).collect()
}

/// The lines of a script without the files that it writes in place.
fn lines(script: &str) -> Vec<&str> {
    let mut inside = false;
    let outside = |line: &&str| {
        let was_inside = inside;
        inside = if inside { *line != "EOF" } else { line.contains("<<'EOF'") };
        !was_inside
    };
    script.lines().filter(outside).collect()
}

/// The commands of a line, each as its words. What follows a redirection is no word.
#[derive(Default)]
struct Line {
    commands: Vec<Vec<String>>,
    word: String,
    is_redirected: bool,
}

impl Line {
    fn end_word(&mut self) {
        let word = std::mem::take(&mut self.word);
        if !word.is_empty() && !self.is_redirected {
            self.commands.last_mut().unwrap().push(word);
        }
    }

    fn end_command(&mut self) {
        self.is_redirected = false;
        self.commands.push(Vec::new());
    }
}

fn commands(text: &str) -> Vec<Vec<String>> {
    let (mut line, mut quote) = (Line { commands: vec![Vec::new()], ..Line::default() }, None);
    for letter in text.chars() {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (None, '\'' | '"') => quote = Some(letter),
            (None, '#') if line.word.is_empty() => break,
            (None, ' ' | '|' | ';' | '>' | '<' | '(' | ')') => {
                line.end_word();
                match letter {
                    ' ' => {}
                    '>' | '<' => line.is_redirected = true,
                    _ => line.end_command(),
                }
            }
            _ => line.word.push(letter),
        }
    }
    line.end_word();
    line.commands
}

/// The arguments when a command is ours, also through cargo.
fn ours(words: &[String]) -> Option<&[String]> {
    match words.first().map(String::as_str) {
        Some("landfall") => words.get(1..),
        Some("cargo")
            if words.get(1).is_some_and(|word| word == "run") && !words.contains(&"--manifest-path".to_owned()) =>
        {
            words.split(|word| word == "--").nth(1)
        }
        _ => None,
    }
}

/// Why the program does not understand arguments. What the shell would put in their place may be any value.
fn misunderstood(arguments: &[String]) -> Option<String> {
    let error = Arguments::try_parse_from(std::iter::once(&"landfall".to_owned()).chain(arguments)).err()?;
    let is_open = error.kind() == ErrorKind::ValueValidation && arguments.iter().any(|word| word.starts_with('$'));
    (!is_open).then(|| error.to_string())
}

#[test]
fn every_documented_command_is_understood() {
    let (mut seen, mut wrong) = (0, Vec::new());
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for script in scripts(&text) {
            for words in lines(&script).into_iter().flat_map(commands) {
                let Some(arguments) = ours(&words) else { continue };
                seen += 1;
                wrong.extend(misunderstood(arguments).map(|why| format!("{}: {words:?}: {why}", page.display())));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 30, "{seen} commands");
}

/// The commands that do something, each with its path.
fn leaves(command: &Command, path: &str, found: &mut Vec<(String, Command)>) {
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        let path = format!("{path} {}", inner.get_name());
        if inner.get_subcommands().next().is_none() {
            found.push((path, inner.clone()));
        } else {
            leaves(inner, &path, found);
        }
    }
}

/// The lines of the examples in a help text.
fn examples(help: &str) -> Vec<String> {
    // lines that end with a backslash go on
    let help = help.split(" \\\n").map(str::trim_start).collect::<Vec<_>>().join(" ");
    let blocks = help.split("Examples:\n").skip(1).chain(help.split("Example:\n").skip(1));
    let lines = blocks.flat_map(|block| block.lines().take_while(|line| line.starts_with("  ")));
    lines.map(|line| line.trim().to_owned()).collect()
}

#[test]
fn every_command_has_examples_that_can_be_pasted() {
    let (mut found, mut wrong) = (Vec::new(), Vec::new());
    leaves(&Arguments::command(), "landfall", &mut found);
    for (path, command) in &found {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let lines = examples(&help);
        let is_own = |line: &String| line.contains(path.as_str());
        if !lines.iter().any(is_own) {
            wrong.push(format!("{path}: no example"));
        }
        for line in &lines {
            if line.contains('…') || line.contains("  ") && !line.contains("  #") && !line.contains("  >") {
                wrong.push(format!("{path}: cannot be pasted: {line}"));
            }
            for words in commands(line) {
                let why = ours(&words).and_then(misunderstood);
                wrong.extend(why.map(|why| format!("{path}: {words:?}: {why}")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(found.len() > 25, "{}", found.len());
}

#[test]
fn words_of_commands_are_found() {
    let found = commands("landfall audit verify --anchor \"a b\" | tee x.txt # why");
    assert_eq!(found, [vec!["landfall", "audit", "verify", "--anchor", "a b"], vec!["tee", "x.txt"]]);
    assert_eq!(lines("cat <<'EOF'\nlandfall nothing\nEOF\nlandfall check"), ["cat <<'EOF'", "landfall check"]);
}
