//! Which customers are found, and what their records contain.

use landfall::ports::{IdentifierProfile, PortErrorKind};
use serde_json::{Value, json};

use super::{Make, by_login, insert, system_of, users};
use crate::legacy::{System, failure, fetch, record};

pub async fn customers_are_found_in_any_spelling(make: Make<'_>) {
    let legacy = make(&users(""));
    insert(&legacy, "Ada", "Ada@Example.org", "mark-ada");
    insert(&legacy, "JÖRG", "", "mark-jörg");
    insert(&legacy, "jorg", "", "mark-jorg");
    let both = format!("{} OR {}", by_login(&legacy), legacy.is_identifier("email"));
    let source = legacy.source(&both);
    for spelling in ["Ada", "ada", " ADA ", "ada@example.org", "ADA@EXAMPLE.ORG"] {
        assert_eq!(record(&source, spelling).await.0["mark"], "mark-ada", "{spelling}");
    }
    for (spelling, mark) in [("jörg", "mark-jörg"), ("JO\u{308}RG", "mark-jörg"), ("Jorg", "mark-jorg")] {
        assert_eq!(record(&source, spelling).await.0["mark"], mark, "{spelling}");
    }
    for unknown in
        ["adam", "ad", "ada@example.or", "mark-ada", "ada%", "a_a", "x", "null", "0", "'", "--", "jórg", "ада"]
    {
        assert_eq!(fetch(&source, unknown).await.unwrap(), None, "{unknown}");
    }
    let typed = legacy.source("SELECT * FROM users WHERE login = :typed");
    assert_eq!(record(&typed, "Ada").await.0["mark"], "mark-ada", "`:typed` is what was typed");
}

pub async fn what_is_not_one_usable_record_is_an_error(make: Make<'_>) {
    let legacy = make(&users(", filler text"));
    insert(&legacy, "twin", "one@example.org", "one");
    insert(&legacy, "TWIN", "two@example.org", "two");
    insert(&legacy, "large", "", "large");
    insert(&legacy, "ada", "", "ada");
    let filler = legacy.text(&"f".repeat(3000));
    legacy.sql(&format!("UPDATE users SET filler = {filler} WHERE login = 'large';"));
    let source = legacy.source_with(&format!("record: {}\nrecord_limit: 2KiB", json!(by_login(&legacy))));
    for typed in ["twin", "Twin", "large"] {
        let error = failure(&source, typed).await;
        assert_eq!((error.kind(), error.is_about_one_record()), (PortErrorKind::BadResponse, true), "{typed}: {error}");
    }
    assert!(fetch(&source, "ada").await.unwrap().is_some(), "the connection goes on");
    let twice = legacy.source(&by_login(&legacy).replace('*', "mark, login AS mark"));
    let error = failure(&twice, "ada").await;
    assert_eq!(error.kind(), PortErrorKind::Misconfigured, "the query is wrong, not the record: {error}");
    assert!(!error.is_about_one_record() && error.detail().contains("the column `mark` occurs twice"), "{error}");
    for (query, kind) in [
        (by_login(&legacy).replace('*', "nothing"), PortErrorKind::Misconfigured),
        (by_login(&legacy).replace("users", "nowhere"), PortErrorKind::Misconfigured),
        (by_login(&legacy).replace("SELECT", "SELEKT"), PortErrorKind::Misconfigured),
    ] {
        let error = failure(&legacy.source(&query), "ada").await;
        assert_eq!(error.kind(), kind, "{query}: {error}");
    }
}

pub async fn hostile_logins_are_found_literally(make: Make<'_>) {
    let long = "x".repeat(IdentifierProfile::MAX_BYTES);
    let hostile = [
        "'or/**/1=1--",
        "%",
        "_",
        "*",
        ")(uid=*",
        "a'b",
        "a''b",
        "\"",
        "\\",
        "\\'",
        "\\2a",
        "${x}",
        ":identifier",
        "$1",
        "?",
        "?1",
        "{0}",
        "%s",
        "`",
        "/*",
        "--",
        "#",
        ";",
        "0",
        "1abc",
        "null",
        "é",
        "日本語",
        &long,
    ];
    let legacy = make(&users(""));
    hostile.iter().for_each(|login| insert(&legacy, login, "", &format!("mark-{login}")));
    let source = legacy.source(&by_login(&legacy));
    for login in hostile {
        assert_eq!(record(&source, login).await.0["mark"], format!("mark-{login}"));
    }
}

pub async fn many_columns_and_odd_names_arrive(make: Make<'_>) {
    let many: Vec<String> = (0..300).map(|at| format!("c{at} int")).collect();
    let quote = if system_of(make) == System::MariaDb { '`' } else { '"' };
    let odd = ["a\"b", "Mixed Case", "größe", "a:b", "a?b", "select", "a'b", "landfall", "c0\\"];
    let odd_columns: Vec<String> = odd
        .iter()
        .map(|name| {
            format!("{quote}{}{quote} int", if quote == '"' { name.replace('"', "\"\"") } else { (*name).to_owned() })
        })
        .collect();
    let legacy = make(&format!(
        "CREATE TABLE users (login varchar(20), {}, {}); INSERT INTO users (login, c0, c299) VALUES ('ada', 7, 8);",
        many.join(", "),
        odd_columns.join(", ")
    ));
    let source = legacy.source(&by_login(&legacy));
    let (ada, text) = record(&source, "ada").await;
    assert_eq!((&ada["c0"], &ada["c299"], &ada["c298"]), (&json!(7), &json!(8), &Value::Null));
    for name in odd {
        assert!(ada.get(name).is_some(), "{name}: {text}");
    }
    let names: Vec<&String> = ada.as_object().unwrap().keys().collect();
    assert_eq!(names.len(), 301 + odd.len());
    assert!(text.starts_with("{\"login\":\"ada\",\"c0\":7,\"c1\":null"), "columns keep their order: {text}");
    let long = "n".repeat(60);
    let source = legacy.source(
        &by_login(&legacy)
            .replace('*', &format!("login AS {quote}{long}{quote}, login AS {quote} {quote}x"))
            .replace(&format!("{quote} {quote}x"), &format!("{quote}x y{quote}")),
    );
    let (ada, _) = record(&source, "ada").await;
    assert_eq!((&ada[&long], &ada["x y"]), (&json!("ada"), &json!("ada")));
}

pub async fn empty_tables_and_nulls_are_no_customers(make: Make<'_>) {
    let legacy = make(&users(", doc text"));
    let source = legacy.source(&by_login(&legacy));
    for typed in ["ada", "null", "0"] {
        assert_eq!(fetch(&source, typed).await.unwrap(), None);
    }
    legacy.sql("INSERT INTO users (login, email) VALUES (NULL, NULL), ('', '');");
    for typed in ["ada", "null", "0", "''"] {
        assert_eq!(fetch(&source, typed).await.unwrap(), None);
    }
    insert(&legacy, "ada", "", "");
    let (ada, _) = record(&source, "ada").await;
    assert_eq!((&ada["mark"], &ada["doc"]), (&json!(""), &Value::Null), "empty text is not null");
}

pub async fn text_up_to_the_limit_arrives(make: Make<'_>) {
    let kind = if system_of(make) == System::MariaDb { "longtext" } else { "text" };
    let legacy = make(&users(&format!(", filler {kind}")));
    insert(&legacy, "ada", "", "");
    let limit = 1024 * 1024;
    let around = r#"{"login":"ada","email":"","mark":"","filler":""}"#.len();
    let source = legacy.source_with(&format!("record: {}\nrecord_limit: {limit}B", json!(by_login(&legacy))));
    for (length, fits) in [(limit - around, true), (limit - around + 1, false), (limit * 2, false)] {
        let text = match legacy.system() {
            System::Sqlite => format!("replace(hex(zeroblob({length})), '00', 'x')"),
            _ => format!("REPEAT('x', {length})"),
        };
        legacy.sql(&format!("UPDATE users SET filler = {text};"));
        let found = fetch(&source, "ada").await;
        assert_eq!(found.as_ref().is_ok_and(Option::is_some), fits, "{length}: {:?}", found.err());
    }
}
