//! Tests of the records of each format, and of hostile files.

use std::io::Cursor;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn read_bytes(bytes: &[u8], format: Format, record_bytes: usize) -> Vec<Result<RawRecord, RecordError>> {
    open(Box::new(Cursor::new(bytes.to_vec())), format, ReadOptions::of_bytes(record_bytes)).collect()
}

/// Each record as JSON, each error as `line: message`, with `!` if it is fatal.
fn shown(text: impl AsRef<[u8]>, format: Format) -> Vec<Value> {
    read_bytes(text.as_ref(), format, 1024)
        .into_iter()
        .map(|found| match found {
            Ok(record) => serde_json::from_str(&record.json).expect("well-formed"),
            Err(error) => Value::from(format!("{error}{}", if error.fatal { "!" } else { "" })),
        })
        .collect()
}

#[test]
fn formats_have_names_and_extensions() {
    for (name, format) in Format::NAMES {
        assert_eq!((Format::from_name(name), Format::from_extension(name)), (Some(format), Some(format)));
        assert_eq!(format.name(), name);
    }
    assert_eq!(Format::from_extension("JSONL"), Some(Format::Ndjson));
    assert_eq!(Format::from_extension("xml"), None);
}

#[test]
fn formats_are_detected_from_their_first_bytes() {
    for (text, wanted) in [
        ("{\"a\":1}\n{\"a\":2}\n", Some(Format::Ndjson)),
        ("{\"users\":[{}]}\n", Some(Format::Json)),
        ("{\n \"a\": 1\n}", Some(Format::Json)),
        ("\u{feff} [ {", Some(Format::Json)),
        ("# people\nversion: 1\ndn: cn=a", Some(Format::Ldif)),
        ("dn:: Y249YQ==\n", Some(Format::Ldif)),
        ("---\nversion: 1\n", Some(Format::Yaml)),
        ("- id: 1", Some(Format::Yaml)),
        ("id: 1\nmail: a", Some(Format::Yaml)),
        ("id;mail\n1;a", Some(Format::Csv)),
        ("", None),
        ("word", None),
    ] {
        assert_eq!(sniff(text.as_bytes()), wanted, "{text}");
    }
}

#[test]
fn ndjson_continues_after_lines_that_are_not_records() {
    let text = "\u{feff}{\"a\":1}\r\n\n  {\"a\":2}  \n[1]\n\"x\"\n{\"a\":3}";
    let not_one = "the line is not a single JSON object; to read JSON that spans several lines, use `--from json`";
    let wanted = [
        json!({"a":1}),
        json!({"a":2}),
        json!(format!("line 4: {not_one}")),
        json!(format!("line 5: {not_one}")),
        json!({"a":3}),
    ];
    assert_eq!(shown(text, Format::Ndjson), wanted);
    let found = read_bytes(b"{\"a\":\"\xff\"}\n[1]\n", Format::Ndjson, 99);
    assert_eq!(found[0].as_ref().unwrap_err().raw, None, "a repaired copy could be mistaken for the record");
    assert_eq!(found[1].as_ref().unwrap_err().raw.as_deref(), Some("[1]"));
}

#[test]
fn records_and_errors_are_numbered_together() {
    let found = read_bytes(b"{}\nx\n\n{}\n", Format::Ndjson, 99);
    assert_eq!((found[0].as_ref().unwrap().number, found[0].as_ref().unwrap().line), (1, 1));
    assert_eq!((found[1].as_ref().unwrap_err().number, found[1].as_ref().unwrap_err().line), (2, 2));
    assert_eq!((found[2].as_ref().unwrap().number, found[2].as_ref().unwrap().line), (3, 4));
}

/// The records and errors of a text as [`shown`], and the notice of the reader.
fn taken(text: &str, format: Format, at: Option<&str>) -> (Vec<Value>, String) {
    let at = at.map(|path| path.parse().unwrap());
    let source = Box::new(Cursor::new(text.as_bytes().to_vec()));
    let (records, reading) = open_at(source, format, ReadOptions::of_bytes(1024), at);
    let found = records.map(|found| match found {
        Ok(record) => serde_json::from_str(&record.json).expect("well-formed"),
        Err(error) => Value::from(format!("{error}{}", if error.fatal { "!" } else { "" })),
    });
    (found.collect(), reading.notice(|path| format!("--records '{path}'")).unwrap_or_default())
}

#[test]
fn json_lists_and_objects_are_records() {
    let both = [json!({"a":1}), json!({"a":[{"b":"]}"}],"c":[],"d":2})];
    for text in [r#"[{"a":1}, {"a":[{"b":"]}"}],"c":[],"d":2}]"#, r#"{"a":1}{"a":[{"b":"]}"}],"c":[],"d":2}"#] {
        assert_eq!(taken(text, Format::Json, None), (both.to_vec(), String::new()), "{text}");
    }
}

#[test]
fn a_list_is_unwrapped_only_if_no_other_member_contains_data() {
    let two = [json!({"a":1}), json!({"a":2})];
    let only = "records read from `$.users`, the only member that contains data";
    for text in [
        r#"{"users":[{"a":1},{"a":2}]}"#,
        r#"{"users":[{"a":1},{"a":2}],"next":null,"errors":[],"cursor":"","meta":{ }}"#,
        r#"{"next":null,"errors":[],"users":[{"a":1},{"a":2}]}"#,
    ] {
        for format in [Format::Json, Format::Yaml] {
            assert_eq!(taken(text, format, None), (two.to_vec(), only.to_owned()), "{text}");
        }
        let line: Value = serde_json::from_str(text).unwrap();
        let (records, notice) = taken(text, Format::Ndjson, None);
        assert_eq!(records, [line], "a line is a record");
        assert!(notice.contains("use `--records '$.users'`"), "{notice}");
    }
    for (text, count) in [("", 0), ("[]", 0), (r#"{"users":[]}"#, 0), ("{}", 1), (r#"{"data":[],"id":1}"#, 1)] {
        assert_eq!(taken(text, Format::Json, None).0.len(), count, "{text}");
    }
    // the names of the lists do not matter
    for text in [
        r#"{"total":2,"users":[{"a":1},{"a":2}],"roles":[{"r":1}]}"#,
        r#"{"users":[{"a":1},{"a":2}],"total":0,"roles":[{"r":1}]}"#,
        r#"{"users":[{"a":1},{"a":2}],"roles":[{"r":1}],"flag":false}"#,
    ] {
        for format in [Format::Json, Format::Yaml, Format::Ndjson] {
            let (records, notice) = taken(text, format, None);
            assert_eq!(records, [serde_json::from_str::<Value>(text).unwrap()], "{text}");
            let users_first =
                "the document was read as one record; to read a list in it, use `--records '$.users'` (or `$.roles`)";
            let roles_first =
                "the document was read as one record; to read a list in it, use `--records '$.roles'` (or `$.users`)";
            assert!([users_first, roles_first].contains(&notice.as_str()), "{notice}");
        }
    }
    // several documents are records
    let text = r#"{"id":1,"identities":[{"x":1}]} {"id":2,"identities":[{"x":1}]}"#;
    assert_eq!(taken(text, Format::Json, None).1, "");
    let only = r#"{"users":[{"a":1}]}"#;
    let whole: Value = serde_json::from_str(only).unwrap();
    for format in [Format::Json, Format::Yaml, Format::Ndjson] {
        assert_eq!(taken(only, format, Some("$")), (vec![whole.clone()], String::new()));
    }
}

#[test]
fn records_are_read_from_the_list_at_a_path() {
    let two = vec![json!({"a":1,"users":[{"x":1}]}), json!({"a":2})];
    for (at, text, notice) in [
        (
            "$.users",
            r#"{"version":1,"users":[{"a":1,"users":[{"x":1}]},{"a":2}],"roles":[{"users":[]}]}"#,
            "records read from `$.users`; members `version`, `roles` skipped",
        ),
        (
            "$.data.items",
            r#"{"data":{"n":1,"items":[{"a":1,"users":[{"x":1}]},{"a":2}],"m":{"items":[]}},"ok":true}"#,
            "records read from `$.data.items`; members `data.n`, `data.m`, `ok` skipped",
        ),
        ("$['it is'][*]", r#"{"it is":[{"a":1,"users":[{"x":1}]},{"a":2}]}"#, "records read from `$['it is']`"),
    ] {
        for format in [Format::Json, Format::Ndjson] {
            assert_eq!(taken(text, format, Some(at)), (two.clone(), notice.to_owned()), "{text}");
        }
        assert_eq!(taken(text, Format::Yaml, Some(at)).0, two, "{text}");
    }
    let pages = "{\"users\":[{\"a\":1,\"users\":[{\"x\":1}]}],\"page\":1}\n{\"users\":null}\n{\"users\":[{\"a\":2}],\"page\":2}\n";
    for format in [Format::Json, Format::Ndjson] {
        let notice = "records read from `$.users`; member `page` skipped".to_owned();
        assert_eq!(taken(pages, format, Some("$.users")), (two.clone(), notice));
    }
    let yaml = "# people\nversion: 1\ndata:\n  about: |\n    users:\n    - no: 1\n  \"users\": # here\n  - a: 1\n    users:\n    - x: 1\n\n  - a: 2\n  roles:\n  - users: []\nlast: x\n---\ndata:\n  users: []\n";
    let notice = "records read from `$.data.users`; members `version`, `data.about`, `data.roles`, `last` skipped";
    assert_eq!(taken(yaml, Format::Yaml, Some("$.data.users")), (two, notice.to_owned()));
}

#[test]
fn a_path_without_a_list_reports_where_lists_are() {
    let text = r#"{"version":1,"users":[{"a":1}],"data":{"roles":[1],"x":{"y":{"z":[]}}},"one":{"a":1}}"#;
    let lists = "there are lists at `$.users`, `$.data.roles`";
    for (at, wanted) in [
        ("$.user", format!("line 1: there is no list at `$.user`; {lists}!")),
        ("$.data.users", format!("line 1: there is no list at `$.data.users`; {lists}!")),
        ("$.one", format!("line 1: there is no list at `$.one`; {lists}!")),
        ("$.version", format!("line 1: there is no list at `$.version`; {lists}!")),
        ("$.users.a", format!("line 1: there is no list at `$.users.a`; {lists}!")),
    ] {
        for format in [Format::Json, Format::Ndjson, Format::Yaml] {
            assert_eq!(taken(text, format, Some(at)).0, [json!(wanted)], "{at} {}", format.name());
        }
    }
    for (text, format, wanted) in [
        ("[{}]", Format::Json, "line 1: there is no list at `$.u`; the document itself is a list: `$`!"),
        ("- a: 1\n", Format::Yaml, "line 1: there is no list at `$.u`; the document itself is a list: `$`!"),
        ("{\"a\":1}", Format::Json, "line 1: there is no list at `$.u`; the document contains no lists!"),
        (
            "{\"landfall_reject\":{},\"record\":{\"u\":[{}]}}",
            Format::Ndjson,
            "line 1: these records were rejected before and are single records: leave out the path of the records!",
        ),
        ("{\"u\":[{}],\"u\":[{}]}", Format::Json, "line 1: `$.u` appears twice!"),
        (
            "a;b\n1;2\n",
            Format::Csv,
            "line 1: there is no list at `$.u`; only JSON, NDJSON and YAML have lists, and the format is csv!",
        ),
    ] {
        let (records, _) = taken(text, format, Some("$.u"));
        assert_eq!(records.last(), Some(&json!(wanted)), "{text}");
    }
}

#[test]
fn lists_at_a_path_can_have_any_length() {
    let users: Vec<Value> = (0..500).map(|id| json!({"id": id, "mail": "someone@example.org"})).collect();
    let filler = "x".repeat(5000);
    let json = json!({"a": {"filler": filler, "users": users, "more": filler}, "z": filler}).to_string();
    assert_eq!(taken(&json, Format::Json, Some("$.a.users")).0, users);
    let mut yaml = format!("a:\n  filler: {filler}\n  users:\n");
    for id in 0..500 {
        yaml.push_str(&format!("    - id: {id}\n      mail: someone@example.org\n"));
    }
    yaml.push_str(&format!("  more: {filler}\nz: {filler}\n"));
    let notice = "records read from `$.a.users`; members `a.filler`, `a.more`, `z` skipped";
    assert_eq!(taken(&yaml, Format::Yaml, Some("$.a.users")), (users, notice.to_owned()));
    let wanted = "line 1: there is no block list at `$.a.people`, and the document is longer than 1024 bytes";
    assert_eq!(taken(&yaml, Format::Yaml, Some("$.a.people")).0, [json!(wanted)]);
}

#[test]
fn json_records_become_one_line() {
    let found = read_bytes(b"[\n {\n  \"a\" : 1.50,\r\n  \"b\":\"x  y \\\" \\\\\"\n }\n]", Format::Json, 99);
    let record = found[0].as_ref().unwrap();
    assert_eq!((record.json.as_str(), record.line), (r#"{ "a" : 1.50, "b":"x  y \" \\" }"#, 2));
}

#[test]
fn json_errors_have_a_line() {
    for (text, wanted) in [
        ("[{},7,{}]", "line 1: a record must be an object, found number"),
        ("[{},\n\"x\",{}]", "line 2: a record must be an object, found text"),
        ("[{},\n{", "line 2: the text ends in the middle of a value!"),
        ("[{}", "line 1: the text ends in the middle of a list!"),
        ("[{} {}]", "line 1: expected `,` or `]` after an element!"),
        ("[{},]", "line 1: expected a value!"),
        ("[{},{]]", "line 1: a list or object is closed by the wrong bracket!"),
        ("{}\nx", "line 2: expected a record, or a list of records!"),
        (
            "[{},{\"a\":\"x\n\"}]",
            "line 1: a text in the record continues past the end of its line; is a quote missing?",
        ),
    ] {
        let found = shown(text, Format::Json);
        assert_eq!((&found[0], found[1].as_str()), (&json!({}), Some(wanted)), "{text}");
    }
    let deep = "[".repeat(5000);
    assert_eq!(shown(format!("[{{\"a\":{deep}"), Format::Json), ["line 1: lists and objects are nested too deeply!"]);
}

#[test]
fn a_list_larger_than_any_record_is_the_list_of_records_if_nothing_else_contains_data() {
    let users: Vec<Value> = (0..500).map(|id| json!({"id": id, "mail": "someone@example.org"})).collect();
    for document in [json!({"customers": users}), json!({"customers": users, "next": null, "z": []})] {
        assert_eq!(shown(document.to_string(), Format::Json), users);
    }
    let mut found = shown(json!({"customers": users, "z": 1}).to_string(), Format::Json);
    let wanted =
        "line 1: `$.z` also contains data, besides `$.customers`; give the path of the records, such as `$.customers`!";
    assert_eq!((found.pop(), found), (Some(json!(wanted)), users.clone()));
    assert_eq!(
        shown(format!(r#"{{"z":[1],"customers":{},"roles":[{{"a":1}}]}}"#, json!(users)), Format::Json),
        ["line 1: the document is longer than 1024 bytes, so it cannot be one record; give the path of the records: \
          there are lists at `$.customers`, `$.roles`"]
    );
}

#[test]
fn csv_values_are_text() {
    let wanted = [json!({"id":"0012","name":"a \"b\",\nc","on":"true"}), json!({"id":"","name":" x ","on":"1e5"})];
    assert_eq!(shown("\u{feff}id, name ,on\r\n0012,\"a \"\"b\"\",\nc\",true\r\n\r\n, x ,1e5\n", Format::Csv), wanted);
    assert_eq!(shown("id;a,b;c\n1;2;3\n", Format::Csv), [json!({"id":"1","a,b":"2","c":"3"})]);
    assert_eq!(shown("id\ta\n1\t2", Format::Csv), [json!({"id":"1","a":"2"})]);
    assert_eq!(shown("sep=;\r\nid;a\n1;2,5,6,7", Format::Csv), [json!({"id":"1","a":"2,5,6,7"})]);
    assert_eq!(shown("id\n7", Format::Csv), [json!({"id":"7"})]);
    assert!(shown("", Format::Csv).is_empty() && shown("id,a\n", Format::Csv).is_empty());
}

/// What every reader says of text in another encoding.
fn not_utf8(extension: &str) -> String {
    let convert = format!("iconv -f WINDOWS-1252 -t UTF-8 in.{extension} > out.{extension}");
    format!("is not UTF-8; convert the file first, such as with `{convert}`")
}

#[test]
fn every_reader_says_how_to_convert_other_encodings() {
    for (text, format, extension) in [
        (&b"id,n\xe4me\n1,2\n"[..], Format::Csv, "csv"),
        (b"id,name\n1,J\xfcrgen\n", Format::Csv, "csv"),
        (b"{\"id\": 1, \"name\": \"J\xfcrgen\"}\n", Format::Ndjson, "ndjson"),
        (b"[{\"id\": 1, \"name\": \"J\xfcrgen\"}]", Format::Json, "json"),
        (b"- id: 1\n  name: J\xfcrgen\n", Format::Yaml, "yaml"),
        (b"dn: cn=J\xfcrgen\nsn: x\n", Format::Ldif, "ldif"),
    ] {
        let found = shown(text, format);
        let is_said = |line: &Value| line.as_str().is_some_and(|line| line.contains(&not_utf8(extension)));
        assert!(found.iter().any(is_said), "{format:?}: {found:?}");
    }
}

#[test]
fn csv_continues_after_rows_that_do_not_match_the_header() {
    let text = b"id,a\n1\n2,\"x\",3\n4,5\n6,\xff\n7,8\n";
    let wanted = [
        json!("line 2: the row has 1 fields, but the header has 2"),
        json!("line 3: the row has 3 fields, but the header has 2"),
        json!({"id":"4","a":"5"}),
        json!(format!("line 5: field 2 of the row {}", not_utf8("csv"))),
        json!({"id":"7","a":"8"}),
    ];
    assert_eq!(shown(text, Format::Csv), wanted);
    let found = read_bytes(text, Format::Csv, 99);
    assert_eq!(found[1].as_ref().unwrap_err().raw.as_deref(), Some("id,a\n2,x,3\n"));
}

#[test]
fn csv_that_would_lose_values_is_rejected() {
    assert_eq!(
        shown("id,a,id \n1,2,3\n", Format::Csv),
        [
            "line 1: columns 1 and 3 of the header have the same name; if it is a record, name them with `--columns`, in settings with `columns`!"
        ]
    );
    let open_quote = format!("id,a\n1,\"{}", "x\n".repeat(100_000));
    assert_eq!(shown(open_quote, Format::Csv), ["line 2: the row is longer than 1024 bytes; is a quote not closed?!"]);
}

#[test]
fn csv_without_a_header_is_no_header() {
    let refused = [
        "line 1: the first row looks like a record, and not like the names of the columns; name them with `--columns`, in settings with `columns`!",
    ];
    for first in [
        "7,ada@example.org,x",
        "7,$2y$10$vI8aWBnW3fID.ZQ4/zo1G.,x",
        "7,{SSHA}jlBNsfUWJ+KHXzkDUna2,x",
        "4915112345678,a,b",
    ] {
        assert_eq!(shown(format!("{first}\n8,y,z\n"), Format::Csv), refused, "{first}");
    }
    for first in ["id,e-mail (privat@firma),x", "@type,$t,{x}", "id,2024,100000", "id,mail@,x", "id,a@b,$x$y"] {
        assert_eq!(shown(format!("{first}\n8,y,z\n"), Format::Csv).len(), 1, "{first}");
        assert!(shown(format!("{first}\n8,y,z\n"), Format::Csv)[0].is_object(), "{first}");
    }
}

#[test]
fn csv_with_wrong_quotes_is_reported() {
    let follows = "text follows a closing quote: a quote inside a value must be doubled, and each must be closed";
    // a quote that is not closed ends where the next one begins
    let text = "sep=,\nid,a\n1,\"x\n2,y\n3,\"z\"\n4,u\n5,\"Joe \"Bob\" Smith\"\n6,5\" disk\n";
    let wanted = [
        json!(format!("line 3: {follows}")),
        json!({"id":"4","a":"u"}),
        json!(format!("line 7: {follows}")),
        json!({"id":"6","a":"5\" disk"}),
    ];
    assert_eq!(shown(text, Format::Csv), wanted);
    let open = "the quote that opens here is never closed, so that the rows after it are lost!";
    assert_eq!(
        shown("id,a\r\n1,x\r\n2,\"y\r\n3,z\r\n", Format::Csv),
        [json!({"id":"1","a":"x"}), json!(format!("line 3: {open}"))]
    );
    assert_eq!(shown("\"id\",\"a\" b\n1,2\n", Format::Csv), [json!(format!("line 1: {follows}!"))]);
}

#[test]
fn ldif_entries_are_objects_of_lists() {
    let text = "version: 1\n# people\n of all kinds\ndn: cn=Ann,\n dc=x\nchangetype: add\nMail: a@x\nmail;lang-en: b\n\
                mail:c@x\ncn:: w4RubmE=\nempty:\n\n\n# nothing\n\ndn:: Y249w6Q=\nuserPassword: {SSHA}x\r\n\r\n\
                dn: cn=b\nuserPassword:: e3g=\njpegPhoto: x\nodd:: //8=\nx;binary: y\nobjectGUID:: AAEC\n\n\
                search: 2\nresult: 0 Success\n";
    let wanted = [
        json!({"dn":"cn=Ann,dc=x","Mail":["a@x","c@x"],"mail;lang-en":["b"],"cn":["Änna"],"empty":[""]}),
        json!({"dn":"cn=ä","userPassword":["{SSHA}x"]}),
        json!({"dn":"cn=b","userPassword":[{"base64":"e3g="}],"jpegPhoto":[{"base64":"eA=="}],"odd":[{"base64":"//8="}],
            "x;binary":[{"base64":"eQ=="}],"objectGUID":[{"base64":"AAEC"}]}),
    ];
    assert_eq!(shown(text, Format::Ldif), wanted);
}

#[test]
fn ldif_continues_after_unreadable_entries() {
    for (entry, wanted) in [
        ("cn: a", "line 1: an entry must start with `dn:`"),
        ("dn: x\nchangetype: delete", "line 2: change records are not supported, except `changetype: add`"),
        ("dn: x\nmail: a\n-", "line 3: change records are not supported"),
        ("dn: x\nphoto:< file:///etc/passwd", "line 2: values from other files (`:<`) are not supported"),
        ("dn: x\n# c\n folded\nmail:: %%", "line 4: a value after `::` is not base64"),
        ("dn: x\nno colon", "line 2: a line has no `:`"),
        ("dn: x\nbad name: a", "line 2: the name of an attribute contains invalid characters"),
        ("dn: x\ncn: a\ndn: y", "line 3: an empty line is missing before the next entry"),
        (" folded", "line 1: there is no line before this folded line"),
    ] {
        let found = shown(format!("{entry}\n\ndn: cn=next\n"), Format::Ldif);
        assert_eq!(found, [json!(wanted), json!({"dn": "cn=next"})], "{entry}");
    }
    let long = format!("dn: x\njpegPhoto:: {}\n\ndn: y\n", "QUFB\n ".repeat(1000));
    assert_eq!(shown(long, Format::Ldif), [json!("line 1: the entry is longer than 1024 bytes"), json!({"dn":"y"})]);
}

#[test]
fn a_real_directory_entry_reads_as_a_record() {
    let found = shown(include_str!("../../tests/corpora/bender.ldif"), Format::Ldif);
    assert_eq!((found.len(), &found[0]["mail"]), (1, &json!(["bender@planetexpress.com"])));
    let password = "e3NzaGF9amxCTnNmVVdKK0tIWHprRFVuYTJSSTBjK09PNmlGdzAxZHd3K3c9PQ==";
    assert_eq!(found[0]["userPassword"], json!([{ "base64": password }]));
}

#[test]
fn yaml_lists_and_documents_are_records() {
    let wanted = [json!({"id":"0012","tags":["x"]}), json!({"n":null,"on":true,"big":"y"})];
    for text in [
        "- id: 0012\n  tags:\n  - x\n\n# next\n- {n: ~, on: true, big: 'y'}\n",
        "%YAML 1.2\n---\n  - id: '0012'\n    tags: [x]\n  - n:\n    on: true\n    big: y\n...\n",
        "id: 0012\ntags: [x]\n---\n# c\nn: ~\non: true\nbig: |-\n  y\n",
        "--- {id: 0012, tags: [x]}\n--- [{n: null, on: true, big: y}]\n",
    ] {
        assert_eq!(shown(text, Format::Yaml), wanted, "{text}");
    }
    let exact = read_bytes(b"- {a: 123456789012345678901234567890, b: 1.10, c: 0x1F}\n", Format::Yaml, 99);
    assert_eq!(exact[0].as_ref().unwrap().json, r#"{"a":123456789012345678901234567890,"b":1.10,"c":"0x1F"}"#);
}

#[test]
fn yaml_continues_after_unreadable_elements() {
    let text = "- id: 1\n- id: [\n- x\n- a: 1\n  a: 2\n- id: 2\n---\n- {t: !x y}\n- id: 3\n";
    let wanted = [
        json!({"id":1}),
        json!("line 3: the text is not YAML"),
        json!("line 3: a record must be a map, found a single value"),
        json!("line 5: a key appears twice"),
        json!({"id":2}),
        json!("line 8: tags, merge keys, keys that are not text, and aliases without an anchor are not supported"),
        json!({"id":3}),
    ];
    let found = shown(text, Format::Yaml);
    assert_eq!(found[0], wanted[0]);
    assert!(found[1].as_str().is_some_and(|message| message.ends_with("the text is not YAML")), "{:?}", found[1]);
    assert_eq!(found[2..], wanted[2..]);
    let long = format!("- a: {}\n- id: 1\n", "x".repeat(3000));
    assert_eq!(shown(long, Format::Yaml), [json!("line 1: the record is longer than 1024 bytes"), json!({"id":1})]);
}

#[test]
fn other_encodings_are_reported() {
    assert_eq!(shown(b"\xFF\xFEa\0", Format::Csv), ["line 1: the text is UTF-16; save it as UTF-8!"]);
    assert_eq!(shown(b"\x1F\x8B\x08\0", Format::Json), ["line 1: the file is compressed with gzip; unpack it first!"]);
}

#[test]
fn csv_without_a_header_has_the_columns_that_are_given() {
    let read = |text: &str, columns: &[&str]| -> Vec<String> {
        let columns: Vec<String> = columns.iter().map(|&name| name.to_owned()).collect();
        let options = ReadOptions { columns: Some(columns.into()), ..ReadOptions::default() };
        let records = open(Box::new(io::Cursor::new(text.to_owned())), Format::Csv, options);
        let shown = |found: Result<RawRecord, RecordError>| match found {
            Ok(record) => format!("{}: {}", record.line, record.json),
            Err(error) => format!("{error} {:?}", error.raw),
        };
        records.map(shown).collect()
    };
    assert_eq!(read("1,x\n2,y\n", &["id", "n"]), ["1: {\"id\":\"1\",\"n\":\"x\"}", "2: {\"id\":\"2\",\"n\":\"y\"}"]);
    // the delimiter is the one that gives the columns
    assert_eq!(read("1;a,b,c\n", &["id", "n"]), ["1: {\"id\":\"1\",\"n\":\"a,b,c\"}"]);
    assert_eq!(
        read("one, word\n", &["words"]),
        ["line 1: the row has 2 fields, but `columns` has 1 Some(\"words\\none, word\\n\")"]
    );
    assert_eq!(read("\u{feff}sep=;\n1;x\n", &["id", "n"]), ["2: {\"id\":\"1\",\"n\":\"x\"}"]);
    assert_eq!(read("", &["id"]), Vec::<String>::new());
    let header = read("id,n\n1,x\n", &["id", "n"]);
    assert_eq!(header, ["line 1: the first row is a header with these columns; leave `columns` out None"]);
    let message = "line 1: only CSV has columns, and the format is ndjson";
    let options = ReadOptions { columns: Some(vec!["a".to_owned()].into()), ..ReadOptions::default() };
    let mut records = open(Box::new(io::Cursor::new("{}\n")), Format::Ndjson, options);
    assert_eq!(records.next().unwrap().unwrap_err().to_string(), message);
}

struct Broken(usize);

impl Read for Broken {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(left) = self.0.checked_sub(1) else { return Err(io::ErrorKind::ConnectionReset.into()) };
        self.0 = left;
        buffer[0] = b"{}\n"[2 - self.0 % 3];
        Ok(1)
    }
}

#[test]
fn a_failing_source_ends_the_stream() {
    for (_, format) in Format::NAMES {
        let found: Vec<_> = open(Box::new(Broken(30)), format, ReadOptions::default()).collect();
        let last = found.last().unwrap().as_ref().unwrap_err();
        assert!(last.fatal && last.message.contains("reading failed"), "{format:?} {last:?}");
    }
}

fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        &b"{"[..],
        b"}",
        b"[",
        b"]",
        b"\"",
        b"\\",
        b",",
        b":",
        b"\n",
        b"\r\n",
        b" ",
        b";",
        b"\t",
        b"-",
        b"---",
        b"- ",
        b"#",
        b"dn: a",
        b"a:: ",
        b"a:< ",
        b"\xff",
        b"\xEF\xBB\xBF",
        b"\"users\":",
        b"{\"landfall_reject\":{},\"text\":\"",
        b"1",
        b"x",
        b"&a",
        b"*a",
        b"version: 1",
        b"changetype: add",
        b"sep=;\n",
        b"...",
        b"|",
        b"\0",
    ]);
    prop::collection::vec(pieces, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn readers_never_panic_or_loop_forever(
        bytes in prop_oneof![hostile(), prop::collection::vec(any::<u8>(), 0..300)],
        limit in 0_usize..64,
    ) {
        for (_, format) in Format::NAMES {
            let found = read_bytes(&bytes, format, limit);
            prop_assert!(found.len() <= bytes.len() + 1);
            let fatal = found.iter().filter(|found| found.as_ref().is_err_and(|error| error.fatal)).count();
            prop_assert!(fatal <= 1 && found.iter().rev().skip(1).all(|found| !found.as_ref().is_err_and(|e| e.fatal)));
        }
        let _ = sniff(&bytes);
    }

    #[test]
    fn objects_round_trip_through_json_and_ndjson(texts in prop::collection::vec(".{0,20}", 0..8)) {
        let records: Vec<Value> = texts.iter().map(|text| json!({"a": text, "b": [{"c": text}]})).collect();
        let lines: String = records.iter().map(|record| format!("{record}\n")).collect();
        prop_assert_eq!(&shown(&lines, Format::Ndjson), &records);
        prop_assert_eq!(&shown(serde_json::to_string_pretty(&records).unwrap(), Format::Json), &records);
    }

    #[test]
    fn rows_round_trip_through_csv(rows in prop::collection::vec((".{0,20}", "[^\0]{0,20}"), 0..8)) {
        let mut writer = ::csv::Writer::from_writer(Vec::new());
        writer.write_record(["a", "b"]).unwrap();
        rows.iter().for_each(|(a, b)| writer.write_record([a, b]).unwrap());
        let wanted: Vec<Value> = rows.iter().map(|(a, b)| json!({"a": a, "b": b})).collect();
        prop_assert_eq!(shown(writer.into_inner().unwrap(), Format::Csv), wanted);
    }
}
