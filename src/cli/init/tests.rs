use std::fs;

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
    let options = InputOptions::default();
    let mut arguments =
        Arguments { input: Some(from), from: None, options, name: None, out: Some(out.clone()), force: false };
    assert_eq!(run(&arguments).unwrap(), FINE);
    assert!(fs::read_to_string(&out).unwrap().contains("\nname: a\n"));
    assert!(run(&arguments).is_err());
    fs::write(&out, "mine").unwrap();
    arguments.force = true;
    let samples = arguments.input.clone();
    let error = run(&Arguments { out: samples, ..arguments.clone() }).unwrap_err();
    assert_eq!(error.to_string(), "`--out` and `--in` are the same file");
    assert_eq!(run(&arguments).unwrap(), FINE);
    assert!(fs::read_to_string(&out).unwrap().contains("\nname: a\n"));
}

#[test]
fn samples_are_named_by_in_or_as_before_by_from() {
    use clap::Parser as _;

    #[derive(clap::Parser)]
    struct Program {
        #[command(flatten)]
        arguments: Arguments,
    }
    let file = |arguments: &[&str]| {
        let words = std::iter::once(&"init").chain(arguments);
        let program = Program::try_parse_from(words).map_err(|error| error.to_string())?;
        let found = program.arguments.file().map_err(|error| error.to_string())?;
        Ok::<_, String>((found.0.display().to_string(), found.1))
    };
    assert_eq!(file(&["--from", "users.json"]), Ok(("users.json".to_owned(), None)));
    assert_eq!(file(&["--in", "users", "--from", "csv"]), Ok(("users".to_owned(), Some(Format::Csv))));
    assert_eq!(file(&["--in", "users.json"]), Ok(("users.json".to_owned(), None)));
    assert_eq!(file(&["--in", "users", "--from", "xml"]), Err("there is no format `xml`".to_owned()));
    assert!(file(&[]).unwrap_err().contains("--in <FILE>"));
    assert_eq!(name_of(Path::new("x/shop.csv.gz")), "shop");
    assert_eq!(name_of(Path::new("-")), "legacy");
}

#[test]
fn shapes_of_other_systems() {
    let cases: [(&str, &[&str], &[&str]); 9] = [
        (
            "laravel",
            &[
                r#"{"id": 1, "email": "a@example.com", "email_verified_at": "2021-03-04 10:11:12", "is_admin": 1, "google_id": "104", "deleted_at": null, "two_factor_secret": "x"}"#,
                r#"{"id": 2, "email": "b@example.com", "email_verified_at": null, "is_admin": 0, "google_id": null, "deleted_at": "2023-01-01 00:00:00"}"#,
            ],
            &[
                "from: $.email_verified_at, do: [ is_present ]",
                "status: { when: { $.deleted_at: present }, value: disabled, otherwise: active }",
                "external_identities: { value: [ { provider: google, subject: $.google_id } ], where: { $item.subject: present } }",
                "roles: { value: [ { name: admin, has: $is_admin } ]",
                "mfa_reenroll: { when: { any: [ { $.two_factor_secret: present } ] }, value: true }",
            ],
        ),
        (
            "mongo",
            &[
                r#"{"_id": {"$oid": "5f"}, "emails": [{"address": "a@example.com", "verified": true}, {"address": "b@example.com"}], "services": {"password": {"bcrypt": "$2b$10$vI8aWBnW3fID.ZQ4/zo1G.6/UQE4RgJUiGpVd38goaqoUp26vkx9e"}}, "createdAt": {"$date": {"$numberLong": "1583599512905"}}}"#,
            ],
            &[
                "external_id: \"$._id['$oid']\"",
                "email: \"$.emails[0]\"",
                "email.value: { from: $email.address, do: [ trim, email ] }",
                "from: $email.verified, default: false",
                "secondary_emails: { from: $.emails, each: [ get: address, email ], then: [ without: $account.email.value, unique ] }",
                "created_at: { from: $.createdAt, do: [ extended_json_date ] }",
                "from: $.services.password.bcrypt\n  scheme: bcrypt",
            ],
        ),
        (
            "parts",
            &[
                r#"{"email": "a@example.com", "password": "wSMHfHu84ns5n4WeGY0Jn.ZwZsLj3zC", "encryptionScheme": "bcrypt", "factor": 12, "salt": "Oa88b1GmziTesQzGkMSYyu"}"#,
            ],
            &[
                "scheme: bcrypt\n  value: \"$$2b$${$cost}$${$.salt}{$.password}\"",
                "pad_start: { length: 2, with: \"0\" }",
            ],
        ),
        (
            "keycloak",
            &[
                r#"{"id": "1", "username": "a", "credentials": [{"type": "password", "secretData": "{\"value\":\"x\"}", "credentialData": "{\"hashIterations\":1}"}, {"type": "otp", "secretData": "{}", "credentialData": "{}"}]}"#,
            ],
            &[
                "stored: { from: $.credentials, do: [ find: { $item.type: password } ] }",
                "scheme: keycloak",
                "{ $.credentials: { any: { $item.type: [ otp ] } } }",
            ],
        ),
        (
            "sap",
            &[
                r#"{"KUNNR": "01", "SMTP_ADDR": "a@example.com", "LOEVM": "X", "ERDAT": "20190402", "TELEFON": "030 1234567", "LAND1": "DE", "Kennwort": "5f4dcc3b5aa765d61d8327deb882cf99", "MITTELNAME": "NULL", "ORT": "NULL"}"#,
                r#"{"KUNNR": "02", "SMTP_ADDR": "b@example.com", "LOEVM": "", "ERDAT": "20200131", "ORT": "Wien"}"#,
            ],
            &[
                "status: { when: { $.LOEVM: present }, value: disabled, otherwise: active }",
                "date: { format: \"%Y%m%d\", zone: $params.zone, to: time }",
                "region: [ $account.address.country, $params.region ]",
                "address.locality: { from: $.ORT, do: [ nothing_if: [ \"NULL\" ], squish ] }",
                "# credential: { from: $.Kennwort, scheme: md5 }",
            ],
        ),
        (
            "directory",
            &[
                r#"{"dn": "cn=a", "objectGUID": [{"base64": "MyIRAFVEd2aImaq7zN3u/w=="}], "sAMAccountName": ["a"], "userAccountControl": ["514"], "userPassword": [{"base64": "e1NTSEF9YWJjZGVmZ2hpamtsbW4="}]}"#,
            ],
            &[
                "external_id: { from: \"$.objectGUID[0].base64\", do: [ guid ] }",
                "identify: { id: $account.external_id",
                "status: { when: { \"$.userAccountControl[0]\": { has_bits: 2 } }, value: disabled, otherwise: active }",
                "from: \"$.userPassword[0].base64\"\n  do: [ from_base64 ]\n  scheme: ldap",
            ],
        ),
        (
            "lists",
            &[
                r#"{"id": 7, "email": "a@example.com", "addresses": [{"city": "Oslo"}, {"city": "London", "address1": "1 Row", "address2": "Flat 3", "default": true}], "groups": [{"id": 1, "name": "staff"}], "identities": [{"provider": "auth0", "user_id": "1"}, {"provider": "google", "user_id": "2"}], "orders": [{"created_at": "2020-01-01T00:00:00Z", "email": "x@example.com"}], "newsletter": true}"#,
            ],
            &[
                "primary_address: { from: $.addresses, do: [ find: { $item.default: true } ] }",
                "address.locality: { from: $address.city, do: [ squish ] }",
                "groups: { from: $.groups, each: [ get: name, to_text ] }",
                "where: { $item.provider: { not: [ auth0 ] } }",
                "consents: { value: [ { id: newsletter, granted: $.newsletter } ]",
                "$order.created_at",
            ],
        ),
        (
            "salesforce",
            &[
                r#"{"attributes": {"type": "Broker__c", "referenceId": "ARef"}, "Name": "Ada Lind", "Email__c": "a@example.com", "Mobile_Phone__c": "617-244-3672"}"#,
                r#"{"attributes": {"type": "Broker__c", "referenceId": "BRef"}, "Name": "Bo Lund", "Email__c": "b@example.com", "Mobile_Phone__c": "617-244-3673"}"#,
            ],
            &[
                "external_id: $.attributes.referenceId",
                "email.value: { from: $.Email__c, do: [ trim, email ] }",
                "phone.value: { from: $.Mobile_Phone__c,",
                "name.given: $name_parts.given",
            ],
        ),
        (
            "spreadsheet",
            &[
                r#"{"Customer ID": "'0090417", "E-Mail": "a@example.com", "Default Address City": "Oslo", "Registered": "6/30/2019 8:15:00 AM"}"#,
            ],
            &[
                "external_id: { from: \"$['Customer ID']\", do: [ strip_prefix: \"'\" ] }",
                "address.locality: { from: \"$['Default Address City']\"",
                "format: \"%m/%d/%Y %I:%M:%S %p\"",
            ],
        ),
    ];
    for (name, records, wanted) in cases {
        let (text, tried) = starter_and_outcomes(name, records);
        for part in wanted {
            assert!(text.contains(part), "{name}: {part}\n{text}");
        }
        assert!(
            !text.contains("no field looks like a stored password") || !text.to_lowercase().contains("password:"),
            "{text}"
        );
        assert!(tried.starts_with(&format!("{} of {} ", records.len(), records.len())), "{name}: {tried}\n{text}");
    }
}

#[test]
fn a_password_that_is_not_understood_is_named() {
    for (field, value) in [
        ("userPassword", "s3cret"),
        ("passwordHash", "AbCdEf0123456789+/=="),
        ("hash", "5f4dcc3b5aa765d61d8327deb882cf99"),
        ("Kennwort", "geheim"),
        ("pass", "zq9"),
    ] {
        let record = format!(r#"{{"id": 1, "login": "a", "{field}": "{value}"}}"#);
        let (text, _) = starter_and_outcomes("p", &[&record]);
        assert!(!text.contains("no field looks like a stored password"), "{field}: {text}");
        assert!(text.contains(&format!("  - $.{field}\n")), "{field}: {text}");
        assert!(!text.contains(value), "{field}: {text}");
    }
    for field in ["passwordChanged", "password_reset_required", "lastPasswordChange"] {
        let record = format!(r#"{{"id": 1, "login": "a", "{field}": true}}"#);
        let (text, _) = starter_and_outcomes("p", &[&record]);
        assert!(text.contains("no field looks like a stored password"), "{field}: {text}");
    }
}

#[test]
fn stored_passwords_of_other_schemes_are_named() {
    let bcrypt = "$2b$05$OFow9ag/05kVW63TyCOfNuSrVaR6nDyy4v5i0n9nK7gqJ/L9O38kW";
    let record = |n: usize, hash: &str| format!(r#"{{"id": "{n}", "login": "u{n}", "password": "{hash}"}}"#);
    let hashes = [bcrypt, bcrypt, bcrypt, "c7b7278e06acf48828dbae1b1e3bd943", "old", "!"];
    let records: Vec<String> = hashes.iter().enumerate().map(|(n, hash)| record(n, hash)).collect();
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    let (text, _) = starter_and_outcomes("mixed", &records);
    for part in [
        "# unsure: 2 of 5 stored passwords do not show their scheme",
        "#   1: 32 hexadecimal digits may be MD5",
        "#   1: they have no prefix of a known scheme",
        "scheme: bcrypt",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!text.contains("c7b7278e"), "{text}");
    let (text, _) = starter_and_outcomes("one", &records[..3]);
    assert!(!text.contains("unsure: 2 of"), "{text}");
    let beside = |scheme: &str| {
        format!(
            r#"{{"id": "1", "login": "a", "password": "0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33", "salt": "x", "encryptionScheme": "{scheme}"}}"#
        )
    };
    let (one, other) = (beside("SHA1"), beside("MD5"));
    let (text, _) = starter_and_outcomes("parts", &[&one, &one, &other]);
    assert!(text.contains("# unsure: of 3 samples, some have another scheme: `md5` (1)"), "{text}");
    assert!(text.contains("scheme: sha1"), "{text}");
}

#[test]
fn flags_and_statuses_are_known_in_many_languages() {
    for (records, wanted) in [
        (
            &[
                r#"{"id": "1", "email": "a@example.org", "gesperrt": "Ja"}"#,
                r#"{"id": "2", "email": "b@example.org", "gesperrt": "Nein"}"#,
            ][..],
            &["\"Ja\": disabled", "\"Nein\": active"][..],
        ),
        (
            &[
                r#"{"id": "1", "login": "a", "Status": "gelöscht"}"#,
                r#"{"id": "2", "login": "b", "Status": "Bestätigt"}"#,
            ],
            &["\"gelöscht\": disabled", "\"Bestätigt\": active"],
        ),
        (
            &[r#"{"id": "1", "login": "a", "vérifié": "oui", "courriel": "a@example.org"}"#],
            &["email.verified", "to_boolean: { \"true\": [ \"oui\" ], \"false\": [ \"non\" ] }"],
        ),
        (&[r#"{"id": "1", "login": "a", "verrouillé": "VRAI"}"#], &["\"VRAI\": locked", "\"FAUX\": active"]),
        (
            &[r#"{"id": "1", "login": "a", "estado_activo": "x", "activo": "Sí"}"#],
            &["\"Sí\": active", "\"No\": disabled"],
        ),
        (&[r#"{"id": "1", "login": "a", "freigeschaltet": "wahr"}"#], &["\"wahr\": active", "\"falsch\": disabled"]),
    ] {
        let (text, _) = starter_and_outcomes("languages", records);
        for part in wanted {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }
}

#[test]
fn an_empty_name_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let from = folder.path().join("a.json");
    fs::write(&from, r#"{"id": 1}"#).unwrap();
    for name in ["", " "] {
        let (input, options, name) = (Some(from.clone()), InputOptions::default(), Some(name.to_owned()));
        let error = run(&Arguments { input, from: None, options, name, out: None, force: false }).unwrap_err();
        assert_eq!(error.to_string(), "`--name` is empty");
    }
}
