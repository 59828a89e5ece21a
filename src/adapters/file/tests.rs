//! Real files: lookups, reports, and changes to files.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::*;

fn settings(path: &Path) -> FileSettings {
    FileSettings::new(path, &["$.login", "$.emails[*].value"])
}

fn open(path: &Path) -> FileSource {
    FileSource::open(settings(path), IdentifierProfile::default()).expect("a source")
}

async fn fetch(source: &FileSource, typed: &str) -> Result<Option<String>, PortErrorKind> {
    let identifier = IdentifierProfile::default().canonical(typed).expect("an identifier");
    let found = source.fetch(Call::outside_login("r1"), &identifier).await;
    found.map(|record| record.map(|record| record.json().to_owned())).map_err(|error| error.kind())
}

#[tokio::test]
async fn every_user_of_the_example_is_found_by_each_login() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/wordpress_users.ndjson");
    let settings = FileSettings::new(&path, &["$.user_login", "$.user_email"]);
    let source = FileSource::open(settings, IdentifierProfile::default()).expect("a source");
    let (mut found, mut ambiguous) = (0_u64, 0_u64);
    for line in fs::read_to_string(&path).expect("a file").lines() {
        let Ok(user) = serde_json::from_str::<serde_json::Value>(line) else { continue };
        for login in ["user_login", "user_email"].iter().filter_map(|key| user[key].as_str()) {
            if IdentifierProfile::default().canonical(login).is_err() {
                continue;
            }
            match fetch(&source, login).await {
                Ok(Some(json)) => {
                    assert_eq!(json, line.trim());
                    found += 1;
                }
                Ok(None) => panic!("a user is not found"),
                Err(kind) => {
                    assert_eq!(kind, PortErrorKind::BadResponse);
                    ambiguous += 1;
                }
            }
        }
    }
    assert!(found > 100 && ambiguous < found / 10, "{found} {ambiguous}");
    assert_eq!(source.report().ambiguous > 0, ambiguous > 0);
}

#[tokio::test]
async fn lines_are_found_by_position_whatever_is_between_them() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("legacy.ndjson");
    let ada = r#"{"login":"Ada","emails":[{"value":"a@x.org"},{"value":"b@x.org"}]}"#;
    let reject = r#"{"landfall_reject":{"number":1,"line":1,"reasons":[]},"record":{"login":"cy"}}"#;
    let lines = [
        "  {\"login\":\"bo\"}  \r",
        "not a record",
        r#"{"login":"d","login":"d"}"#,
        "{}",
        r#"{"login":["a b","dee"]}"#,
    ];
    let text = format!("\u{feff}{ada}\r\n\n{}\n{reject}", lines.join("\n"));
    fs::write(&path, text).expect("a file");
    let source = open(&path);
    for login in ["ada", "A@X.org", "b@x.org"] {
        assert_eq!(fetch(&source, login).await, Ok(Some(ada.to_owned())));
    }
    assert_eq!(fetch(&source, "bo").await, Ok(Some(r#"{"login":"bo"}"#.to_owned())));
    assert_eq!(fetch(&source, "dee").await, Ok(Some(r#"{"login":["a b","dee"]}"#.to_owned())));
    assert_eq!(fetch(&source, "cy").await, Ok(Some(r#"{"login":"cy"}"#.to_owned())));
    assert_eq!(fetch(&source, "d").await, Ok(None));
    let report = source.report().clone();
    assert_eq!((report.records, report.logins, report.ambiguous), (4, 6, 0));
    assert_eq!((report.without_login, report.unusable_logins, report.unread), (1, 1, 2));
    let unread: Vec<_> = report.first_unread.iter().map(|record| (record.number, record.line)).collect();
    assert_eq!(unread, [(3, 4), (4, 5)]);
}

#[tokio::test]
async fn a_changed_file_gives_no_answers() {
    let folder = TempDir::new().expect("a folder");
    let text = "{\"login\":\"ada\"}\n{\"login\":\"bo\"}\n";
    for (name, change, kind) in [
        (
            "moved",
            (|path, away| fs::rename(path, away)) as fn(&Path, &Path) -> io::Result<()>,
            PortErrorKind::Unavailable,
        ),
        ("removed", |path, _| fs::remove_file(path), PortErrorKind::Unavailable),
        ("truncated", |path, _| fs::write(path, "{\"login\":\"ada\"}\n"), PortErrorKind::BadResponse),
        ("emptied", |path, _| fs::write(path, ""), PortErrorKind::BadResponse),
        (
            "grown",
            |path, _| fs::write(path, "{\"login\":\"ada\"}\n{\"login\":\"bo\"}\n{}\n"),
            PortErrorKind::BadResponse,
        ),
        (
            "replaced",
            |path, away| fs::copy(path, away).and_then(|_| fs::rename(away, path)),
            PortErrorKind::BadResponse,
        ),
    ] {
        for extension in ["ndjson", "json"] {
            let path = folder.path().join(format!("{name}.{extension}"));
            fs::write(&path, text).expect("a file");
            let source = open(&path);
            assert_eq!(fetch(&source, "cy").await, Ok(None));
            change(&path, &folder.path().join("away")).expect(name);
            for login in ["ada", "bo", "cy"] {
                assert_eq!(fetch(&source, login).await, Err(kind), "{name}.{extension}: {login}");
            }
        }
    }
}

#[test]
fn unusable_files_are_rejected() {
    let folder = TempDir::new().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("a file");
        settings(&path)
    };
    let refused = |settings: FileSettings| {
        FileSource::open(settings, IdentifierProfile::default()).expect_err("no source").to_string()
    };
    let broken = refused(file("broken.json", "[{\"login\":\"ada\"},{\"login\":"));
    assert!(broken.starts_with("cannot read the records after line 1"), "{broken}");
    let gone = refused(settings(&folder.path().join("gone.json")));
    assert!(gone.ends_with("cannot be read: entity not found"), "{gone}");
    assert!(refused(settings(folder.path())).contains("cannot be read"));
    let logins = FileSettings { logins: Vec::new(), ..file("b.json", "{}") };
    assert_eq!(refused(logins), "`` is not a login path: at least one path is required");
    let nowhere = FileSettings { spool: Some(folder.path().join("nowhere")), ..file("c.json", "{}") };
    assert!(refused(nowhere).contains("cannot spool"));
    assert!(refused(file("strange", "?")).contains("cannot detect the format"));
}
