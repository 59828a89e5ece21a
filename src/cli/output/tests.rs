//! Files that commands write.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;

use super::*;

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn message(result: Result<Sink, CommandError>) -> (String, String) {
    let error = result.err().unwrap();
    (error.message, error.help.unwrap_or_default())
}

fn finish(sink: Sink) -> Result<(), ErrorKind> {
    Sink::finish([sink]).map_err(|error| error.error.kind())
}

#[test]
fn a_file_gets_its_name_when_it_is_complete() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out");
    let mut sink = Sink::create(&path, Existing::Stays).ok().unwrap();
    sink.write(b"text").ok().unwrap();
    assert!(!path.exists());
    assert_eq!(names(folder.path()).len(), 1, "the temporary file is beside it");
    finish(sink).unwrap();
    assert_eq!((names(folder.path()), fs::read(&path).unwrap()), (vec!["out".to_owned()], b"text".to_vec()));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_file_that_is_not_finished_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut sink = Sink::create(&folder.path().join("out"), Existing::Stays).ok().unwrap();
    sink.write(&vec![7; 1024 * 1024]).ok().unwrap();
    drop(sink);
    assert!(names(folder.path()).is_empty());
}

#[test]
fn a_file_that_exists_is_only_replaced_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out");
    fs::write(&path, "before").unwrap();
    let (text, help) = message(Sink::create(&path, Existing::Stays));
    assert!(text.ends_with("/out` already exists") && help.contains("`--force`"), "{text}: {help}");
    let mut sink = Sink::create(&path, Existing::IsReplaced).ok().unwrap();
    sink.write(b"after").ok().unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "before", "until it is complete");
    finish(sink).unwrap();
    assert_eq!(
        (names(folder.path()), fs::read_to_string(&path).unwrap()),
        (vec!["out".to_owned()], "after".to_owned())
    );
}

#[test]
fn a_file_that_somebody_else_writes_meanwhile_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let sinks = ["a", "b", "c"].map(|name| Sink::create(&path(name), Existing::Stays).ok().unwrap());
    fs::write(path("b"), "theirs").unwrap();
    let error = Sink::finish(sinks).err().unwrap();
    assert_eq!((error.error.kind(), error.name.ends_with("/b`")), (ErrorKind::AlreadyExists, true));
    assert_eq!(
        (names(folder.path()), fs::read_to_string(path("b")).unwrap()),
        (vec!["a".to_owned(), "b".to_owned()], "theirs".to_owned())
    );
}

#[test]
fn a_link_leads_to_the_file_that_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("there")).unwrap();
    let (real, link) = (folder.path().join("there/out"), folder.path().join("link"));
    fs::write(&real, "before").unwrap();
    symlink(&real, &link).unwrap();
    let mut sink = Sink::create(&link, Existing::IsReplaced).ok().unwrap();
    sink.write(b"after").ok().unwrap();
    finish(sink).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&real).unwrap(), "after");
}

#[test]
fn a_link_that_leads_nowhere_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("link");
    symlink(folder.path().join("gone"), &link).unwrap();
    for existing in [Existing::Stays, Existing::IsReplaced] {
        let (text, help) = message(Sink::create(&link, existing));
        assert!(text.ends_with("/link` is a symbolic link that leads to no file"), "{text}");
        assert_eq!(help, "remove the link, or choose another path");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }
}

#[test]
fn readable_files_keep_the_mode_of_what_they_replace() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rules.yaml");
    fs::write(&path, "before").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let mut sink = Sink::create_readable(&path, Existing::IsReplaced).ok().unwrap();
    sink.write(b"after").ok().unwrap();
    finish(sink).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn pipes_and_devices_are_written_directly() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::read_to_string(pipe).unwrap()
    });
    for path in [PathBuf::from("/dev/null"), pipe] {
        let mut sink = Sink::create(&path, Existing::Stays).ok().unwrap();
        sink.write(b"text").ok().unwrap();
        finish(sink).unwrap();
    }
    assert_eq!((reader.join().unwrap(), names(folder.path())), ("text".to_owned(), vec!["pipe".to_owned()]));
}

#[test]
fn places_where_no_file_can_be_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let (text, _) = message(Sink::create(folder.path(), Existing::IsReplaced));
    assert!(text.ends_with(": is a directory"), "{text}");
    let (text, help) = message(Sink::create(&folder.path().join("no/out"), Existing::Stays));
    assert!(text.ends_with(": entity not found") && help.contains("folder"), "{text}: {help}");
}

#[test]
fn databases_are_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    fs::write(&path, b"SQLite format 3\0and its pages").unwrap();
    let error = Sink::create(&path, Existing::IsReplaced).err().unwrap();
    assert!(error.to_string().ends_with("is an SQLite database, which is never replaced"), "{error}");
    fs::write(&path, b"a list").unwrap();
    assert!(Sink::create(&path, Existing::IsReplaced).is_ok());
}
