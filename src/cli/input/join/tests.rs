//! Joined records, from files in a temporary folder.

use std::fs;
use std::io::Write as _;
use std::sync::Arc;

use tempfile::TempDir;

use super::*;
use crate::formats::{Format, ReadOptions, open};

const LIMIT: usize = 4096;

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    files.iter().for_each(|(name, text)| fs::write(folder.path().join(name), text).unwrap());
    folder
}

fn joins(folder: &TempDir, joins: &[(&str, &str, &str)]) -> Result<Arc<Joins>, String> {
    let paths: Vec<PathBuf> = joins.iter().map(|(file, ..)| folder.path().join(file)).collect();
    let on: Vec<On> = joins.iter().map(|(_, on, _)| on.parse().unwrap()).collect();
    let named: Vec<JoinedAs> = joins.iter().map(|(_, _, named)| named.parse().unwrap()).collect();
    let joins = Joins::open(&paths, &on, &named, LIMIT).map(Arc::new);
    joins.map_err(|error| format!("{error}").replace(&format!("{}/", folder.path().display()), ""))
}

fn shown(joins: &Arc<Joins>, records: &str) -> Vec<String> {
    let records = open(Box::new(std::io::Cursor::new(records.to_owned())), Format::Ndjson, ReadOptions::default());
    let joined = Arc::clone(joins).join(records);
    joined.map(|item| item.map_or_else(|error| error.message, |record| record.json)).collect()
}

#[test]
fn a_row_becomes_a_member_of_its_record() {
    let folder = folder(&[
        ("p.csv", "user_id,hash\n7,x\n,none\n08,\"y\"\"z\"\n9,unused\n"),
        (
            "m.ndjson",
            "{\"user\":{\"id\":7},\"m\":\"b\"}\n{\"user\":{\"id\":8},\"m\":\"c\"}\n{\"user\":{\"id\":7},\"m\":\"a\"}\n[]\n",
        ),
    ]);
    let joins = joins(&folder, &[("p.csv", "$.id=$.user_id", "p"), ("m.ndjson", "$.id=$.user.id", "m[]")]).unwrap();
    let records = "{\"id\":7}\n{\"id\":\"08\"}\n{ \"id\" : 8 }\n{\"id\":\"\"}\n{}\n{\"id\":\n";
    let m = |rows: &[&str]| rows.join(",");
    let wanted = [
        format!(
            r#"{{"id":7,"p":{{"user_id":"7","hash":"x"}},"m":[{}]}}"#,
            m(&[r#"{"user":{"id":7},"m":"b"}"#, r#"{"user":{"id":7},"m":"a"}"#])
        ),
        r#"{"id":"08","p":{"user_id":"08","hash":"y\"z"},"m":[]}"#.to_owned(),
        r#"{ "id" : 8,"m":[{"user":{"id":8},"m":"c"}]}"#.to_owned(),
        r#"{"id":"","m":[]}"#.to_owned(),
        r#"{"m":[]}"#.to_owned(),
    ];
    let found = shown(&joins, records);
    assert_eq!(found[..5], wanted);
    assert!(found[5].starts_with("the line is not a single JSON object"), "{}", found[5]);
    let notes = [
        "`p`: 2 of 5 records have a row; 1 of 4 rows belong to no record; 1 rows have no value at `$.user_id`",
        "`m`: 2 of 5 records have a row; 1 rows of `m.ndjson` cannot be read",
    ];
    let path = format!("{}/", folder.path().display());
    let said: Vec<String> = joins.notes(Picked::All).iter().map(|note| note.replace(&path, "")).collect();
    assert_eq!(said, notes);
    // of a part of the records, nobody knows which rows are unused
    assert!(!joins.notes(Picked::Part)[0].contains("belong to no record"));
    // the counts are those of one pass
    shown(&joins, "{\"id\":7}\n");
    assert!(joins.notes(Picked::All)[0].starts_with("`p`: 1 of 1 records"));
}

#[test]
fn lists_are_keys_of_their_own() {
    let folder = folder(&[("groups.ldif", "dn: cn=a\nmember: u1\nmember: u2\n\ndn: cn=b\nmember: u2\nmember: u3\n")]);
    let joins = joins(&folder, &[("groups.ldif", "$.ids=$.member", "groups[]")]).unwrap();
    let a = r#"{"dn":"cn=a","member":["u1","u2"]}"#;
    let b = r#"{"dn":"cn=b","member":["u2","u3"]}"#;
    let found = shown(&joins, "{\"ids\":\"u1\"}\n{\"ids\":[\"u3\",\"u2\",\"u3\"]}\n");
    assert_eq!(
        found,
        [format!(r#"{{"ids":"u1","groups":[{a}]}}"#), format!(r#"{{"ids":["u3","u2","u3"],"groups":[{a},{b}]}}"#)]
    );
}

#[test]
fn compressed_files_are_joined() {
    let folder = folder(&[]);
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(b"id;x\n1;2\n").unwrap();
    fs::write(folder.path().join("p.csv.gz"), writer.finish().unwrap()).unwrap();
    let joins = joins(&folder, &[("p.csv.gz", "$.id", "p")]).unwrap();
    assert_eq!(shown(&joins, "{\"id\":1}\n"), [r#"{"id":1,"p":{"id":"1","x":"2"}}"#]);
}

#[test]
fn a_record_that_cannot_have_its_rows_is_unreadable() {
    let long = "x".repeat(3000);
    let rows = format!("id,x\n1,a\n1,b\n2,{long}\n2,{long}\n3,c\n");
    let folder = folder(&[("p.csv", &rows)]);
    let one = joins(&folder, &[("p.csv", "$.id", "p")]).unwrap();
    let found = shown(&one, "{\"id\":1}\n{\"id\":2}\n{\"id\":3,\"p\":null}\n{\"id\":3}\n");
    assert_eq!(
        found,
        [
            "several rows belong to the record; `--as 'p[]'` makes a list of them",
            "the record with its rows of `p` is longer than 4096 bytes",
            "the record has a member `p` of its own; choose another `--as`",
            r#"{"id":3,"p":{"id":"3","x":"c"}}"#,
        ]
    );
    // what was rejected keeps what was joined to it, and is joined if it has nothing yet
    let rejects = "{\"landfall_reject\":{\"number\":1,\"line\":1,\"reasons\":[]},\"record\":{\"id\":3,\"p\":{\"x\":\"d\"}}}\n\
                   {\"landfall_reject\":{\"number\":2,\"line\":2,\"format\":\"json\",\"reasons\":[]},\"text\":\"{\\\"id\\\":3}\"}\n";
    assert_eq!(shown(&one, rejects), [r#"{"id":3,"p":{"x":"d"}}"#, r#"{"id":3,"p":{"id":"3","x":"c"}}"#]);
}

#[test]
fn files_that_cannot_be_joined_are_errors() {
    let folder = folder(&[("p.csv", "id,x\n1,a\n"), ("bad.json", "[{\"id\":1},"), ("none.csv", "")]);
    for (join, wanted) in [
        (("p.csv", "$.id=$.user_id", "p"), "no row of `p.csv` has a value at `$.user_id`"),
        (("gone.csv", "$.id", "p"), "cannot read `gone.csv`: entity not found"),
        (("bad.json", "$.id", "p"), "cannot read `bad.json` to its end: line 1: "),
    ] {
        let error = joins(&folder, &[join]).unwrap_err();
        assert!(error.starts_with(wanted), "{error}");
    }
    assert!(joins(&folder, &[("none.csv", "$.id", "p")]).is_ok(), "an empty file has no rows");
    let twice = joins(&folder, &[("p.csv", "$.id", "p"), ("p.csv", "$.x", "p[]")]).unwrap_err();
    assert_eq!(twice, "two `--as` have the name `p`");
    let lonely =
        Joins::open(&[PathBuf::from("a"), PathBuf::from("b")], &["$.a".parse().unwrap()], &[], LIMIT).unwrap_err();
    assert_eq!(lonely.to_string(), "every `--join` needs an `--on` and an `--as`");
}

#[test]
fn keys_and_names_are_checked() {
    for text in ["$.a=$.b", "$.a = $.b", "$.a", "$['x=y']=$.b", "$._id['$oid']=$.user_id"] {
        assert!(text.parse::<On>().is_ok(), "{text}");
    }
    for text in ["", "a=b", "$=$.b", "$.a[0]=$.b", "$.a=b", "$.a=$.b=$.c"] {
        assert!(text.parse::<On>().is_err(), "{text}");
    }
    for text in ["", "[]", "a.b", "a\"b", "a[0]"] {
        assert!(text.parse::<JoinedAs>().is_err(), "{text}");
    }
}

#[test]
fn many_rows_are_found_by_their_keys() {
    let rows: String = (0..5000).map(|row| format!("{{\"id\":{},\"row\":{row}}}\n", row % 2500)).collect();
    let folder = folder(&[("rows.ndjson", &rows)]);
    let joins = joins(&folder, &[("rows.ndjson", "$.id", "r[]")]).unwrap();
    let records: String = (0..2500).map(|id| format!("{{\"id\":{id}}}\n")).collect();
    for (id, json) in shown(&joins, &records).iter().enumerate() {
        let wanted = format!(r#"{{"id":{id},"r":[{{"id":{id},"row":{id}}},{{"id":{id},"row":{}}}]}}"#, id + 2500);
        assert_eq!(*json, wanted);
    }
    assert_eq!(joins.notes(Picked::All), ["`r`: 2500 of 2500 records have a row"]);
}

#[test]
fn a_path_that_no_record_has_ends_the_records() {
    let folder = folder(&[("p.csv", "user_id,hash\n1,x\n")]);
    let help = "where `--on` looks for the key of `p`; `--on` is `PATH IN THE RECORDS=PATH IN THE ROWS`";
    let open = || joins(&folder, &[("p.csv", "$.idd=$.user_id", "p[]")]).unwrap();
    // at the end, if there are few; what is empty or null is no key
    let few = shown(&open(), "{\"id\":1}\n{\"idd\":null}\n{\"idd\":\"\"}\n");
    assert_eq!((few.len(), few[3].as_str()), (4, format!("no record has a value at `$.idd`, {help}").as_str()));
    // after a thousand without it, before the end
    let records: String = (0..5000).map(|id| format!("{{\"id\":{id}}}\n")).collect();
    let many = shown(&open(), &records);
    assert_eq!(
        (many.len(), many[999].as_str()),
        (1000, format!("none of the first 1000 records has a value at `$.idd`, {help}").as_str())
    );
    // fields that the first records leave empty are no mistake
    let late: String = (0..3000).map(|id| format!("{{\"idd\":\"{}\"}}\n", if id < 2000 { "" } else { "1" })).collect();
    assert_eq!(shown(&open(), &late).len(), 3000);
    assert!(shown(&open(), "").is_empty());
}

#[test]
fn rows_of_records_that_are_too_long_do_not_count_as_unused() {
    let long = "x".repeat(3000);
    let folder = folder(&[("p.csv", &format!("id,x\n1,a\n2,{long}\n2,{long}\n"))]);
    let joins = joins(&folder, &[("p.csv", "$.id", "p[]")]).unwrap();
    shown(&joins, "{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n");
    assert_eq!(
        joins.notes(Picked::All),
        [
            "`p`: 2 of 3 records have a row; 1 records are unreadable, because they are longer than 4096 bytes with their rows"
        ]
    );
}
