use std::path::Path;
use std::{fs, io};

use super::*;

#[test]
fn every_rule_file_of_the_source_code_is_inside() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER);
    for kind in Kind::ALL {
        let folder = root.join(kind.folder());
        let entries: io::Result<Vec<_>> = fs::read_dir(folder).unwrap().collect();
        let mut wanted: Vec<String> = entries.unwrap().iter().map(|e| e.file_name().into_string().unwrap()).collect();
        wanted.retain(|name| name.ends_with(".yaml") && !name.ends_with(TESTS));
        wanted.sort();
        let found: Vec<&str> = all().filter(|ready| ready.kind == kind).map(|ready| ready.path).collect();
        assert_eq!(found, wanted.iter().map(|name| format!("{}{name}", kind.folder())).collect::<Vec<_>>());
    }
    assert!(all().count() > 30);
}

#[test]
fn each_compiles_and_says_what_it_is() {
    for ready in all() {
        assert!(ready.plan().is_some(), "{}", ready.name);
        let sentence = ready.sentence();
        assert!(sentence.len() > 12 && sentence.ends_with('.'), "{}: {sentence}", ready.name);
        let product = ready.product().unwrap_or_default();
        assert!(product.len() < 60 && !product.contains(". "), "{}: {product}", ready.name);
        if ready.kind == Kind::Legacy && ready.name != DEMO {
            assert!(!product.is_empty(), "{}", ready.name);
            let formats = ready.formats();
            assert!(!formats.is_empty() && formats.iter().all(|form| form.len() > 3), "{}: {formats:?}", ready.name);
        }
    }
    let find = |name: &str| find(name).unwrap();
    assert_eq!(find("ldap").product().unwrap(), "LDAP directory (inetOrgPerson, RFC 2798)");
    assert_eq!(find("scim").formats(), ["GET /Users"]);
    assert_eq!(find("cognito").formats().len(), 4);
    assert_eq!(find("drupal").sentence(), "Users of Drupal 6 and 7, and of the tables of Drupal 8 to 11.");
    assert_eq!(find("demo").sentence(), "The shop of `landfall demo`, a WordPress that has seen a lot since 2004.");
    assert_eq!(find("demo").product(), None);
}

#[test]
fn the_files_of_rules_are_what_they_use_their_tests_and_their_records() {
    let paths = |name: &str| find(name).unwrap().files().iter().map(|file| file.path).collect::<Vec<_>>();
    assert_eq!(
        paths("wordpress"),
        [
            "common/contact.yaml",
            "records/wordpress-rest.json",
            "records/wordpress.json",
            "wordpress.test.yaml",
            "wordpress.yaml"
        ]
    );
    let target = paths("targets/keycloak");
    for path in ["targets/keycloak.schema.json", "targets/keycloak.test.yaml", "records/targets/full.json"] {
        assert!(target.contains(&path), "{target:?}");
    }
    assert!(!target.contains(&"targets/auth0.yaml"));
}

#[test]
fn similar_names_are_suggested() {
    for (name, wanted) in [
        ("wordpres", "wordpress"),
        ("WordPress", "wordpress"),
        ("aspnet", "aspnet-identity"),
        ("rules/ldap.yaml", "ldap"),
        ("firebase.yaml", "firebase"),
        ("target/keycloak", "targets/keycloak"),
        ("curity", "bridges/curity"),
    ] {
        assert_eq!(similar(name).first(), Some(&wanted), "{name}: {:?}", similar(name));
    }
    assert!(similar("zzzzzz").is_empty());
}

/// The records in a file of the rules: of a list, a document with a list, or one per line.
fn records(text: &str) -> Vec<String> {
    use serde_json::Value as Json;
    let documents = serde_json::Deserializer::from_str(text).into_iter::<Json>();
    let list = |document: Json| match document {
        Json::Array(items) => items,
        other => vec![other],
    };
    documents.flat_map(|document| list(document.unwrap())).map(|record| record.to_string()).collect()
}

#[test]
fn the_records_of_a_system_are_recognised() {
    for ready in all().filter(|ready| ready.kind == Kind::Legacy && ready.name != DEMO) {
        let all_files = ready.files();
        for file in all_files.iter().filter(|file| file.path.starts_with("records/")) {
            let found = fit(&records(file.text));
            assert_eq!(found.first().map(|fit| &*fit.name), Some(ready.name), "{}: {found:?}", file.path);
        }
    }
}

#[test]
fn similar_systems_are_not_confused() {
    let django = r#"{"id": 8, "username": "jon", "password": "pbkdf2_sha256$20000$x$y", "first_name": "Jon", "last_name": "A",
        "email": "jon@example.com", "is_staff": false, "is_active": true, "is_superuser": false,
        "date_joined": "2016-12-17T07:03:31Z", "last_login": null}"#;
    let dump = r#"{"model": "auth.user", "pk": 3, "fields": {"username": "jon", "email": "jon@example.com",
        "is_staff": false, "is_superuser": false, "is_active": true, "date_joined": "2016-12-17T07:03:31Z"}}"#;
    let shop = r#"{"id": 1, "username": "ida", "email": "ida@example.com", "password": "x", "name": "Ida",
        "created_at": "2020-01-01", "status": "active", "phone": "1"}"#;
    let laravel = r#"{"id": 1, "name": "Ida", "email": "ida@example.com", "email_verified_at": "2020-01-01 10:00:00",
        "password": "$2y$10$x", "remember_token": "t", "created_at": "2020-01-01 10:00:00", "updated_at": null}"#;
    let ghost = r#"{"id": "63", "uuid": "6f9619ff", "email": "a@example.com", "status": "free", "name": "A", "note": null,
        "subscribed": true, "created_at": "2020-01-01T10:00:00.000Z", "labels": []}"#;
    for (records, wanted) in
        [(django, vec!["django"]), (dump, vec!["django"]), (shop, vec![]), (laravel, vec![]), (ghost, vec![])]
    {
        let found = fit(&[records.to_owned()]);
        assert_eq!(found.iter().map(|fit| &*fit.name).collect::<Vec<_>>(), wanted, "{found:?}: {records}");
    }
    for odd in ["", "[]", "7", "{", r#"{"a": {"a": {"a": {"a": {"a": {"a": {"a": 1}}}}}}}"#] {
        assert_eq!(fit(&[odd.to_owned()]), []);
    }
    assert_eq!(fit(&[]), []);
}
