use super::*;

fn starter_and_outcomes(name: &str, records: &[&str]) -> (String, String) {
    let records: Vec<String> = records.iter().map(|record| (*record).to_owned()).collect();
    let text = starter(name, &records);
    let (mut files, mut findings) = (Files::default(), Findings::default());
    let file = files.add("made.yaml", text.as_str());
    let plan = compile(&mut files, file, &NoFiles, &mut findings);
    let found = crate::diag::render::plain(&files, &findings.sorted());
    assert_eq!(found, "", "{text}");
    let tried = tried(&plan.unwrap(), &records);
    (text, tried)
}

const WORDPRESS: [&str; 2] = [
    r#"{"ID": 1, "user_login": "ada", "user_pass": "$P$BVrdsW/NUuXDi0Od0uUdk2SnJHHmQ01", "user_email": "Ada@Example.com",
        "user_registered": "2024-02-21 07:09:20", "user_activation_key": "", "user_status": 0, "display_name": "Ada",
        "meta": [{"meta_key": "first_name", "meta_value": "Ada"}, {"meta_key": "billing_phone", "meta_value": "(202) 555-0143"},
        {"meta_key": "wp_capabilities", "meta_value": "a:1:{s:13:\"administrator\";b:1;}"},
        {"meta_key": "session_tokens", "meta_value": "a:0:{}"}, {"meta_key": "rich_editing", "meta_value": "true"}]}"#,
    r#"{"ID": 2, "user_login": "bob", "user_pass": "$wp$2y$10$abcdefghijklmnopqrstuv", "user_email": "nope",
        "user_registered": "0000-00-00 00:00:00", "user_activation_key": "k", "user_status": 0, "display_name": "Bob", "meta": []}"#,
];

#[test]
fn rows_passwords_and_secrets_of_wordpress() {
    let (text, tried) = starter_and_outcomes("wordpress", &WORDPRESS);
    insta::assert_snapshot!(text);
    assert_eq!(tried, "2 of 2 samples become accounts; left out because of bad values: email.value (1)");
}

#[test]
fn of_the_values_only_status_words_are_written() {
    let (text, _) = starter_and_outcomes("wordpress", &WORDPRESS);
    for value in ["Ada", "Example.com", "$P$", "administrator", "202"] {
        assert!(!text.contains(value), "{value}: {text}");
    }
}

#[test]
fn each_kind_of_system_gets_rules_that_load_and_make_accounts() {
    let cases: [(&str, &[&str], &[&str]); 8] = [
        (
            "ldap",
            &[
                r#"{"dn": "uid=wil,dc=x", "uid": ["wil"], "cn": ["Wil S"], "sn": ["S"], "mail": ["wil@example.org", "w@example.org"], "memberOf": ["cn=staff,dc=x"], "createTimestamp": ["20190830110205Z"], "userPassword": ["{SSHA}abcdefghijklmn"]}"#,
            ],
            &[
                "identify: { id: \"$.uid[0]\", logins: [ \"$.uid[0]\", \"$.mail[0]\" ] }",
                "username: { from: $.uid, do: [ first, trim ] }",
                "created_at: { from: $.createTimestamp, do: [ first, generalized_time ] }",
                "groups: { from: $.memberOf, each: [ dn_part: cn ] }",
                "scheme: ldap",
            ],
        ),
        (
            "cognito",
            &[
                r#"{"Username": "testuser", "Attributes": [{"Name": "sub", "Value": "eaad0219"}, {"Name": "email", "Value": "t@example.com"}, {"Name": "email_verified", "Value": "true"}], "Enabled": true, "UserCreateDate": 1682955829.578}"#,
            ],
            &[
                "attributes: { from: $.Attributes, do: [ pivot: { key: Name, value: Value } ] }",
                "email.value: { from: $attributes.email, do: [ trim, email ] }",
                "when: { $account.email.value: present }",
                "created_at: { from: $.UserCreateDate, do: [ epoch: s ] }",
                "\"true\": active",
            ],
        ),
        (
            "joomla",
            &[
                r#"{"id": 412, "name": "Bram", "username": "bram.o", "email": "b@example.net", "password": "c7b7278e06acf48828dbae1b1e3bd943:xSQeRINIPsBbhQ4BzhpLgE2fNBe1KGSc", "block": 0, "params": "{\"language\": \"en-GB\", \"editor\": \"x\"}"}"#,
            ],
            &["\"1\": disabled", "params", "# unsure: the stored passwords do not show their scheme", "  - $.password"],
        ),
        (
            "blocked",
            &[
                r#"{"id": 1, "login": "x", "account_blocked": "1"}"#,
                r#"{"id": 2, "login": "y", "account_blocked": "0"}"#,
            ],
            &["\"1\": disabled", "\"0\": active"],
        ),
        (
            "spring",
            &[
                r#"{"id": 1, "login": "x", "accountNonLocked": true}"#,
                r#"{"id": 2, "login": "y", "accountNonLocked": false}"#,
            ],
            &["\"true\": active"],
        ),
        (
            "odd",
            &[
                r##"{"User Name": "x", "E-Mail": "x@example.com", "it's": 1, "a]b": "c", "": 2, "dob": "03/04/1999", "#: {y}": "\u0007"}"##,
            ],
            &["username: { from: \"$['User Name']\"", "unsure: day and month may be swapped"],
        ),
        ("nothing", &[r#"{"a": {}}"#], &["no field looks like a claim"]),
        (
            "words",
            &[r#"{"id": "1", "login": "a", "status": "ACTIVE"}"#, r#"{"id": "2", "login": "b", "status": "STAGED"}"#],
            &[
                "\"ACTIVE\": active",
                "# unsure: \"STAGED\"",
                "status: { from: $.status, do: [ trim, lookup: statuses ] }",
            ],
        ),
    ];
    for (name, records, wanted) in cases {
        let (text, tried) = starter_and_outcomes(name, records);
        for part in wanted {
            assert!(text.contains(part), "{name}: {part}\n{text}");
        }
        let accounts = if name == "nothing" { 0 } else { records.len() };
        assert!(tried.starts_with(&format!("{accounts} of {} ", records.len())), "{name}: {tried}");
    }
}

#[test]
fn an_existing_file_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let (from, out) = (folder.path().join("a.json"), folder.path().join("a.yaml"));
    fs::write(&from, r#"{"id": 1, "email": "a@example.com"}"#).unwrap();
    let arguments = Arguments { input: from, records: None, name: None, out: Some(out.clone()) };
    assert_eq!(run(&arguments).unwrap(), FINE);
    assert!(fs::read_to_string(&out).unwrap().contains("\nname: a\n"));
    assert!(run(&arguments).is_err());
}
