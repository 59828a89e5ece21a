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

#[test]
fn a_report_says_why_nobody_can_be_found() {
    let folder = TempDir::new().expect("a folder");
    for (text, wanted) in [
        ("{\"login\":\"ada\"}\n{}\n", None),
        ("\n", Some("has no record that can be read")),
        ("{\"mail\":\"ada\"}\n", Some("value at any of `source.logins`")),
        ("{\"login\":\"a b\"}\n{}\n", Some("a login that can be typed")),
    ] {
        let path = folder.path().join("users.ndjson");
        fs::write(&path, text).expect("a file");
        let said = open(&path).report().nobody();
        assert!(
            match (said, wanted) {
                (Some(said), Some(wanted)) => said.contains(wanted),
                (said, wanted) => said == wanted,
            },
            "{text}: {said:?}"
        );
    }
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
    assert!(refused(settings(folder.path())).contains("is not a regular file"));
    let logins = FileSettings { logins: Vec::new(), ..file("b.json", "{}") };
    assert_eq!(refused(logins), "`` is not a login path: at least one path is required");
    let nowhere = FileSettings { spool: Some(folder.path().join("nowhere")), ..file("c.yaml", "login: ada") };
    assert!(refused(nowhere).contains("cannot spool"));
    assert!(refused(file("strange", "?")).contains("cannot detect the format"));
}

const FORMATS: [(&str, &str); 5] = [
    (
        "a.ndjson",
        "\u{feff}{\"login\":\"ada\",\"n\":1}\r\nbroken\n\n {\"login\":\"bo\",\"n\":2}\n{\"login\":[\"twin\",\"cy\"]}\n{\"login\":\"Twin\"}",
    ),
    (
        "a.json",
        "\u{feff}[{\"login\":\"ada\",\"n\":1},4,\n{\"login\":\"bo\",\"n\":2 } ,{\"login\":[\"twin\",\"cy\"]},{\"login\":\"Twin\"}]",
    ),
    (
        "b.json",
        "{\"a\":[4,{\"login\":\"ada\",\"n\":1},{\"login\":\"bo\",\"n\":2}, {\"login\":[\"twin\",\"cy\"]},{\"login\":\"Twin\"}]}",
    ),
    (
        "a.csv",
        "\u{feff}sep=;\r\nlogin;n;\"x\ny\"\r\nada;1;\"a\r\n;b\"\r\nbroken\r\n\r\nbo;2;\r\ntwin;;\r\nTwin;;\r\ncy;;",
    ),
    (
        "a.ldif",
        "version: 1\n\ndn: cn=a\nlogin: ada\nn: 1\n\nbroken\n\n\ndn: cn=b\nlogin: b\n o\nn: 2\n\ndn: c\nlogin: twin\nlogin: cy\n\ndn: d\nlogin: Twin\n",
    ),
];

fn kept(folder: &TempDir, name: &str, text: &str) -> FileSettings {
    let path = folder.path().join(name);
    fs::write(&path, text).expect("a file");
    let records = (name == "b.json").then(|| "$.a".to_owned());
    FileSettings { index: Some(folder.path().join("kept/index")), records, ..settings(&path) }
}

fn reopened(settings: &FileSettings) -> FileSource {
    FileSource::open(settings.clone(), IdentifierProfile::default()).expect("a source")
}

/// Asks until the answer is the expected one.
async fn comes(source: &FileSource, login: &str, expected: Result<Option<&str>, PortErrorKind>) {
    let expected = expected.map(|found| found.map(str::to_owned));
    for _ in 0..400 {
        if fetch(source, login).await == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert_eq!(fetch(source, login).await, expected);
}

fn folder() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    fs::create_dir(folder.path().join("kept")).expect("a folder");
    folder
}

#[tokio::test]
async fn every_format_answers_the_same_from_memory_from_a_new_index_and_from_a_kept_one() {
    for (name, text) in FORMATS {
        let folder = folder();
        let settings = kept(&folder, name, text);
        let memory = reopened(&FileSettings { index: Some("memory".into()), ..settings.clone() });
        let sources = [memory, reopened(&settings), reopened(&settings)];
        for source in &sources {
            assert_eq!(source.report(), sources[0].report(), "{name}");
            assert_eq!(source.coverage(), Coverage::Partial, "{name}");
            for (login, mark) in [("ADA", "1"), ("bo", "2")] {
                let found = fetch(source, login).await.expect(name).expect(name);
                assert!(found.contains(mark) && found.contains(&login.to_lowercase()), "{name} {found}");
                assert_eq!(fetch(&sources[0], login).await, Ok(Some(found)), "{name}");
            }
            assert!(fetch(source, "cy").await.expect(name).is_some(), "{name}");
            assert_eq!(fetch(source, "twin").await, Err(PortErrorKind::BadResponse), "{name}");
            for login in ["nobody", "%", "*", "\"", "x\":\"y", "${x}"] {
                assert_eq!(fetch(source, login).await, Ok(None), "{name}");
            }
        }
        let index = fs::read(folder.path().join("kept/index")).expect("an index");
        for login in ["ada", "twin"] {
            assert!(!index.windows(login.len()).any(|piece| piece == login.as_bytes()), "{name}");
        }
        assert_eq!(fs::read_dir(folder.path().join("kept")).expect("a folder").count(), 1, "{name}");
    }
}

/// An export that is larger than what is compared when it is opened.
fn large() -> String {
    (0..40_000).map(|at| format!("{{\"login\":\"user{at:05}\",\"n\":{at}}}\n")).collect()
}

#[tokio::test]
async fn an_index_is_used_again_without_reading_the_export() {
    let folder = folder();
    let settings = kept(&folder, "a.ndjson", &large());
    drop(reopened(&settings));
    let index = folder.path().join("kept/index");
    let written = fs::read(&index).expect("an index");
    let modified = fs::metadata(&settings.path).expect("a file").modified().expect("a time");
    // a change between the compared pieces, which the file system does not show either
    let mut text = fs::read(&settings.path).expect("a file");
    let at = text.windows(9).position(|piece| piece == b"user00300").expect("a login");
    text[at] = b'X';
    fs::write(&settings.path, text).expect("a file");
    fs::File::options().write(true).open(&settings.path).expect("a file").set_modified(modified).expect("a time");
    let source = reopened(&settings);
    assert_eq!(fs::read(&index).expect("an index"), written);
    // the record does not carry the login any more
    assert_eq!(fetch(&source, "user00300").await, Ok(None));
    assert!(fetch(&source, "user39999").await.expect("an answer").is_some());
}

#[tokio::test]
async fn an_index_that_does_not_belong_or_is_damaged_is_made_again() {
    let folder = folder();
    let settings = kept(&folder, "a.ndjson", &large());
    drop(reopened(&settings));
    let index = folder.path().join("kept/index");
    let good = fs::read(&index).expect("an index");
    for bytes in [0, 40, good.len() / 2, good.len() - 1] {
        fs::write(&index, &good[..bytes]).expect("a file");
        let source = reopened(&settings);
        assert!(fetch(&source, "user20000").await.expect("an answer").is_some(), "{bytes}");
        assert!(source.report().notice.is_none());
        // the description differs by the digits of its salt
        assert!(fs::read(&index).expect("an index").len() + 100 > good.len());
    }
    let other = FileSettings { logins: vec!["$.n".to_owned()], ..settings.clone() };
    assert_eq!(fetch(&reopened(&other), "user20000").await, Ok(None));
    assert!(fetch(&reopened(&other), "20000").await.expect("an answer").is_some());
    // a damaged page shows when it is read
    drop(reopened(&settings));
    let mut bytes = fs::read(&index).expect("an index");
    (64..bytes.len() / 2).step_by(1000).for_each(|at| bytes[at] ^= 1);
    fs::write(&index, bytes).expect("a file");
    let source = reopened(&settings);
    let damaged = (0..40_000).map(|at| format!("user{at:05}"));
    let mut errors = None;
    for login in damaged.take(50) {
        match fetch(&source, &login).await {
            Ok(found) => assert!(found.is_some()),
            Err(_) => errors = Some(login),
        }
    }
    let login = errors.expect("a damaged page");
    let number: u32 = login.get(4..).unwrap_or_default().parse().expect("a number");
    comes(&source, &login, Ok(Some(&format!("{{\"login\":\"{login}\",\"n\":{number}}}")))).await;
}

#[tokio::test]
async fn another_file_is_never_overwritten_and_the_index_falls_back_to_memory() {
    let folder = folder();
    let settings = kept(&folder, "a.ndjson", "{\"login\":\"ada\"}\n");
    let place = folder.path().join("kept/index");
    fs::write(&place, "accounts of somebody").expect("a file");
    let source = reopened(&settings);
    assert!(fetch(&source, "ada").await.expect("an answer").is_some());
    assert!(source.report().notice.as_deref().is_some_and(|notice| notice.contains("cannot be kept")));
    assert_eq!(fs::read_to_string(&place).expect("a file"), "accounts of somebody");
    let nowhere = FileSettings { index: Some(folder.path().join("nowhere/index")), ..settings };
    assert!(reopened(&nowhere).report().notice.is_some());
}

#[tokio::test]
async fn a_replaced_export_is_indexed_beside_the_old_one() {
    let folder = folder();
    let settings = kept(&folder, "a.ndjson", "{\"login\":\"ada\",\"n\":1}\n");
    let source = reopened(&settings);
    let new = folder.path().join("new");
    fs::write(&new, "{\"login\":\"bo\"}\n{\"login\":\"ada\",\"n\":2}\n").expect("a file");
    fs::rename(&new, &settings.path).expect("a file");
    assert_eq!(fetch(&source, "ada").await, Ok(Some("{\"login\":\"ada\",\"n\":1}".to_owned())));
    comes(&source, "ada", Ok(Some("{\"login\":\"ada\",\"n\":2}"))).await;
    comes(&source, "bo", Ok(Some("{\"login\":\"bo\"}"))).await;
}

#[tokio::test]
async fn an_export_without_records_takes_no_ones_place() {
    for nothing in ["", "<html>down</html>\n", "\n\n"] {
        let folder = folder();
        let settings = kept(&folder, "a.ndjson", "{\"login\":\"ada\"}\n");
        let source = reopened(&settings);
        comes(&source, "ada", Ok(Some("{\"login\":\"ada\"}"))).await;
        fs::write(folder.path().join("new"), nothing).unwrap();
        fs::rename(folder.path().join("new"), &settings.path).unwrap();
        comes(&source, "ada", Err(PortErrorKind::BadResponse)).await;
        fs::write(folder.path().join("new"), "{\"login\":\"bo\"}\n").unwrap();
        fs::rename(folder.path().join("new"), &settings.path).unwrap();
        comes(&source, "bo", Ok(Some("{\"login\":\"bo\"}"))).await;
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    let folder = folder();
    let path = folder.path().join("users.ndjson");
    let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    let refused = FileSource::open(settings(&path), IdentifierProfile::default()).unwrap_err();
    assert!(refused.to_string().contains("is not a regular file"), "{refused}");
}

#[tokio::test]
async fn an_export_that_is_modified_gives_no_answers_until_it_is_indexed_again() {
    for name in ["a.ndjson", "memory.ndjson"] {
        let folder = folder();
        let mut settings = kept(&folder, name, "{\"login\":\"ada\"}\n");
        if name.starts_with("memory") {
            settings.index = None;
        }
        let source = reopened(&settings);
        fs::write(&settings.path, "{\"login\":\"bo\"}\n{\"login\":\"ada\",\"n\":2}\n").expect("a file");
        assert_eq!(fetch(&source, "ada").await, Err(PortErrorKind::BadResponse));
        comes(&source, "ada", Ok(Some("{\"login\":\"ada\",\"n\":2}"))).await;
        comes(&source, "bo", Ok(Some("{\"login\":\"bo\"}"))).await;
    }
}

#[tokio::test]
async fn two_openings_at_once_do_not_disturb_each_other() {
    let folder = folder();
    let settings = kept(&folder, "a.ndjson", &large());
    let threads = [0, 1, 2].map(|_| {
        let settings = settings.clone();
        thread::spawn(move || reopened(&settings))
    });
    let sources = threads.map(|thread| thread.join().expect("a source"));
    for source in sources.iter().chain([&reopened(&settings)]) {
        assert!(fetch(source, "user12345").await.expect("an answer").is_some());
    }
}

#[tokio::test]
async fn rows_without_a_header_have_the_columns_of_the_settings() {
    for (text, mark) in [
        ("1;\"a,b\";ada\n2;c,d;bo\n", ""),
        ("1,\"a,b\",ada\n2,\"c,d\",bo\n", ""),
        ("1,\"a,b\",ada\n2,\"c,d\",bo\n", "\u{feff}"),
        ("sep=;\n1;\"a,b\";ada\n2;\"c,d\";bo\n", ""),
    ] {
        let folder = folder();
        let columns = Some(["id", "words", "login"].map(str::to_owned).to_vec());
        let settings = FileSettings { columns, ..kept(&folder, "users.txt", &format!("{mark}{text}")) };
        for source in [reopened(&settings), reopened(&settings)] {
            assert_eq!(source.report().records, 2, "{text}");
            let wanted = r#"{"id":"2","words":"c,d","login":"bo"}"#.to_owned();
            assert_eq!(fetch(&source, "bo").await, Ok(Some(wanted)), "{text}");
        }
        let renamed = FileSettings { columns: Some(["login", "x", "y"].map(str::to_owned).to_vec()), ..settings };
        assert_eq!(fetch(&reopened(&renamed), "bo").await, Ok(None), "other columns are another index");
    }
}

#[test]
fn files_without_records_are_recognised() {
    let folder = folder();
    for (name, bytes, wanted) in [
        ("a.csv.gz", &b"\x1F\x8B\x08\0\0\0\0\0"[..], "is compressed with gzip; unpack it"),
        ("a.ndjson", b"\x28\xB5\x2F\xFD\0\0", "is compressed with zstd; unpack it"),
        ("a.sql", b"-- MySQL dump 10.13\n", "is an SQL dump of MySQL; export one JSON object per row"),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("a file");
        let error = FileSource::open(settings(&path), IdentifierProfile::default()).expect_err("no source").to_string();
        assert!(error.contains(wanted), "{error}");
    }
}
