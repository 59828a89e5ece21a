//! Complete runs of the command, on files in a temporary folder.

use std::fs;

use clap::Parser;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

#[derive(Parser)]
struct Program {
    #[command(flatten)]
    arguments: Arguments,
}

const RULES: &str = "
landfall: 1
name: shop
target: standard
params: { shop: { default: main } }
admit:
  - { deny: banned, when: { $.banned: yes please } }
account:
  external_id: { from: $.id, required: true, on_error: reject }
  username: { from: $.login, do: [ trim ] }
  email.value: { from: $.mail, required: true, on_error: reject }
credential: { from: $.hash, scheme: bcrypt }
";

/// A temporary folder with the rules, in which the command runs.
struct Shop(TempDir);

impl Shop {
    fn new() -> Self {
        let shop = Self(tempfile::tempdir().unwrap());
        shop.put("shop.yaml", RULES);
        shop
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.0.path().join(name)).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn lines(&self, name: &str) -> Vec<Value> {
        self.text(name).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Runs the command; in the arguments, file names begin with `@`.
    fn run(&self, arguments: &str) -> Result<u8, String> {
        let path = |word: &str| match word.strip_prefix('@') {
            Some(name) => self.0.path().join(name).display().to_string(),
            None => word.to_owned(),
        };
        let words = ["x", "--rules", "@shop.yaml"].into_iter().chain(arguments.split_whitespace()).map(path);
        let program = Program::try_parse_from(words).map_err(|error| error.to_string())?;
        run(&program.arguments).map_err(|error| error.to_string())
    }
}

fn legacy(count: usize) -> String {
    (0..count)
        .map(|id| {
            json!({"id": format!("u{id}"), "login": " a ", "mail": format!("u{id}@example.org")}).to_string() + "\n"
        })
        .collect()
}

#[test]
fn accounts_come_in_the_order_of_the_records_whatever_the_jobs() {
    let shop = Shop::new();
    shop.put("in.ndjson", &legacy(3000));
    for jobs in [1, 2, 5] {
        assert_eq!(shop.run(&format!("--in @in.ndjson --out @out{jobs}.ndjson --jobs {jobs}")), Ok(FINE));
    }
    let accounts = shop.lines("out1.ndjson");
    assert_eq!(accounts[2999], json!({"external_id":"u2999","username":"a","email":{"value":"u2999@example.org"}}));
    assert_eq!((accounts.len(), shop.text("out1.ndjson") == shop.text("out2.ndjson")), (3000, true));
    assert_eq!(shop.text("out1.ndjson"), shop.text("out5.ndjson"));
}

#[test]
fn rejects_can_be_fixed_and_run_again() {
    let shop = Shop::new();
    shop.put(
        "in.ndjson",
        "{\"id\":\"1\",\"mail\":\"a@example.org\"}\n{\"id\":\"2\"}\n[3]\n{\"id\":}\n{\"id\":\"5\",\"banned\":\"yes please\"}\n",
    );
    assert_eq!(shop.run("--in @in.ndjson --out @out.ndjson --rejects @bad.ndjson"), Ok(FINDINGS));
    assert_eq!(shop.lines("out.ndjson").len(), 1);
    let rejects = shop.lines("bad.ndjson");
    assert_eq!(rejects.len(), 3);
    assert_eq!(rejects[0]["record"], json!({"id": "2"}));
    let about = &rejects[0]["landfall_reject"];
    assert_eq!((&about["number"], &about["line"]), (&json!(2), &json!(2)));
    assert_eq!(
        (&about["reasons"][0]["rule"], &about["reasons"][0]["step"]),
        (&json!("email.value"), &json!("required"))
    );
    assert_eq!((&rejects[1]["text"], &rejects[2]["text"]), (&json!("[3]"), &json!("{\"id\":}")));
    let fixed = shop
        .text("bad.ndjson")
        .replace("{\"id\":\"2\"}", "{\"id\":\"2\",\"mail\":\"b@example.org\"}")
        .replace("\"[3]\"", "\"{\\\"id\\\":\\\"3\\\",\\\"mail\\\":\\\"c@example.org\\\"}\"")
        .replace("{\\\"id\\\":}", "{\\\"id\\\":\\\"4\\\",\\\"mail\\\":\\\"d@example.org\\\"}");
    shop.put("fixed.ndjson", &fixed);
    assert_eq!(shop.run("--in @fixed.ndjson --out @again.ndjson --rejects @worse.ndjson"), Ok(FINE));
    let ids: Vec<Value> = shop.lines("again.ndjson").iter().map(|account| account["external_id"].clone()).collect();
    assert_eq!((ids, shop.text("worse.ndjson").as_str()), (vec![json!("2"), json!("3"), json!("4")], ""));
}

#[test]
fn accounts_are_lines_lists_or_rows() {
    let shop = Shop::new();
    shop.put("in.csv", "id,login,mail,hash\n0012,\"a, \"\"b\"\"\",a@example.org,$2b$05$OFow9ag/05kVW63TyCOfNuSrVaR6nDyy4v5i0n9nK7gqJ/L9O38kW\n13,c,c@example.org,\n");
    assert_eq!(shop.run("--in @in.csv --out @out.json --credentials"), Ok(FINE));
    let accounts: Value = serde_json::from_str(&shop.text("out.json")).unwrap();
    assert_eq!(accounts[0]["external_id"], json!("0012"));
    assert_eq!(
        accounts[0]["credential"],
        json!({"scheme":"bcrypt","value":"$2b$05$OFow9ag/05kVW63TyCOfNuSrVaR6nDyy4v5i0n9nK7gqJ/L9O38kW"})
    );
    assert_eq!((accounts.as_array().map(Vec::len), &accounts[1]["credential"]), (Some(2), &Value::Null));
    assert_eq!(shop.run("--in @in.csv --out @out.csv"), Ok(FINE));
    let wanted =
        "external_id,username,email.value,warnings\r\n0012,\"a, \"\"b\"\"\",a@example.org,\r\n13,c,c@example.org,\r\n";
    assert_eq!(shop.text("out.csv"), wanted);
    shop.put("none.csv", "id,mail\n");
    assert_eq!(shop.run("--in @none.csv --out @none.json"), Ok(FINE));
    assert_eq!(shop.text("none.json"), "[]\n");
}

#[test]
fn mistakes_in_the_arguments_are_errors() {
    let shop = Shop::new();
    shop.put("in.ndjson", &legacy(1));
    shop.put("cut.json", "[{\"id\":\"1\",\"mail\":\"a@example.org\"},{");
    shop.put("odd", "word");
    for (arguments, wanted) in [
        ("--in @in.ndjson --out @in.ndjson", "`--out` and `--in` are the same file"),
        ("--in @in.ndjson --out @shop.yaml", "`--out` and `--rules` are the same file"),
        ("--in @in.ndjson --out @x --rejects @x", "`--rejects` and `--out` are the same file"),
        ("--in @in.ndjson --rejects -", "`--rejects` and `--out` are the same file"),
        ("--in @in.ndjson --out @out.ldif", "cannot write accounts as `.ldif`"),
        ("--in @in.ndjson --out @o --param zone=x", "unknown parameter `zone`"),
        ("--in @in.ndjson --out @out.ndjson.gz", "accounts are not compressed"),
        ("--in @odd --out @o", "cannot detect the format"),
        ("--in @cut.json --out @o", "cannot read the input to the end: line 1: the text ends in the middle of"),
        ("--in @in.ndjson --out @o --from xml", "invalid value 'xml'"),
    ] {
        let message = shop.run(arguments).unwrap_err();
        assert!(message.contains(wanted), "{arguments}: {message}");
    }
    assert_eq!(shop.text("in.ndjson"), legacy(1));
}

const FAMILY: &str = "
landfall: 1
name: family
target: standard
defaults: { on_error: warn }
identify: { id: \"{$.id}-{$member.no}\", logins: [ $member.login, \"$member.mails[*].value\" ] }
admit:
  - { deny: child, when: { $member.child: true } }
accounts: { name: member, from: $.members }
account:
  username: { from: $member.login, required: true }
";

#[test]
fn each_account_of_a_record_has_its_own_outcome() {
    let shop = Shop::new();
    shop.put("shop.yaml", FAMILY);
    let record = json!({"id": 7, "members": [
        {"no": 1, "login": "a"}, {"no": 2}, {"no": 3, "login": "c", "child": true}, {"login": "d"},
    ]});
    let all_denied = json!({"id": 8, "members": [{"no": 1, "login": "e", "child": true}]});
    let fine = json!({"id": 9, "members": [{"no": 1, "login": "f"}]});
    shop.put("in.ndjson", &format!("{record}\n{all_denied}\n{fine}\n"));
    assert_eq!(shop.run("--in @in.ndjson --out @out.ndjson --rejects @bad.ndjson"), Ok(FINDINGS));
    assert_eq!(shop.lines("out.ndjson"), [json!({"username": "a"}), json!({"username": "f"})]);
    let rejects = shop.lines("bad.ndjson");
    assert_eq!((rejects.len(), &rejects[0]["record"]), (2, &record));
    let about = &rejects[0]["landfall_reject"];
    assert_eq!(about["accounts"], json!([2, 3, 4]));
    let missing = "it has no value and is required";
    let no_id = "the record has no id: `identify.id` has no value";
    let wanted = json!([
        {"account": 2, "id": "7-2", "rule": "username", "step": "required", "message": missing},
        {"account": 3, "id": "7-3", "denied": "child"},
        {"account": 4, "rule": "identify", "step": "id", "message": no_id},
    ]);
    assert_eq!(about["reasons"], wanted);
    assert_eq!(rejects[1]["landfall_reject"]["reasons"], json!([{"account": 1, "id": "8-1", "denied": "child"}]));
    let none = json!({"id": 10, "members": []});
    shop.put("none.ndjson", &format!("{none}\n"));
    assert_eq!(shop.run("--in @none.ndjson --out @o.ndjson --rejects @none_bad.ndjson"), Ok(FINDINGS));
    let about = &shop.lines("none_bad.ndjson")[0]["landfall_reject"];
    assert_eq!((&about["accounts"], &about["reasons"][0]["account"]), (&Value::Null, &Value::Null));
    // those that were made are not made again
    let fixed = shop.text("bad.ndjson").replace("{\"no\":2}", "{\"no\":2,\"login\":\"b\"}");
    shop.put("fixed.ndjson", &fixed);
    assert_eq!(shop.run("--in @fixed.ndjson --out @again.ndjson --rejects @worse.ndjson"), Ok(FINDINGS));
    assert_eq!(shop.lines("again.ndjson"), [json!({"username": "b"})]);
    assert_eq!(shop.lines("worse.ndjson")[0]["landfall_reject"]["accounts"], json!([3, 4]));
    assert_eq!(shop.run("--in @in.ndjson --out @any.ndjson --no-as-login"), Ok(FINDINGS));
    assert_eq!(shop.lines("any.ndjson").len(), 3);
}

#[test]
fn records_that_a_login_would_not_accept_are_rejected() {
    let shop = Shop::new();
    shop.put("plain.ndjson", "{\"mail\":\"a@example.org\",\"id\":\"1\"}\n");
    let message = shop.run("--in @plain.ndjson --out @o --as-login").unwrap_err();
    assert!(message.contains("the rules have no `identify`"), "{message}");
    shop.put("shop.yaml", &RULES.replace("admit:", "identify: { id: $.key, logins: [ $.login, $.mails ] }\nadmit:"));
    let records = [
        json!({"id": "1", "mail": "a@example.org", "key": 1, "login": "a"}),
        json!({"id": "2", "mail": "a@example.org", "key": [1], "login": "a"}),
        json!({"id": "3", "mail": "a@example.org", "key": 3, "mails": ["b@example.org"]}),
        json!({"id": "4", "mail": "a@example.org", "key": 4, "login": "\u{200b}"}),
        json!({"id": "5", "mail": "a@example.org", "login": "a"}),
    ];
    shop.put("in.ndjson", &records.map(|record| record.to_string() + "\n").concat());
    assert_eq!(shop.run("--in @in.ndjson --out @out.ndjson --rejects @bad.ndjson"), Ok(FINDINGS));
    let ids: Vec<Value> = shop.lines("out.ndjson").iter().map(|account| account["external_id"].clone()).collect();
    assert_eq!(ids, ["1", "3"]);
    let reasons: Vec<Value> =
        shop.lines("bad.ndjson").iter().map(|reject| reject["landfall_reject"]["reasons"][0]["step"].clone()).collect();
    assert_eq!(reasons, ["id", "logins", "id"]);
    assert_eq!(shop.run("--in @in.ndjson --out @all.ndjson --no-as-login"), Ok(FINE));
    assert_eq!(shop.lines("all.ndjson").len(), 5);
}

#[test]
fn records_are_read_from_the_list_at_a_path() {
    let shop = Shop::new();
    let users = json!([{"id": "1", "mail": "a@example.org"}, {"id": "2", "mail": "b@example.org"}]);
    shop.put("in.json", &json!({"version": 3, "data": {"users": users}}).to_string());
    assert_eq!(shop.run("--in @in.json --out @out.ndjson --records $.data.users"), Ok(FINE));
    assert_eq!(shop.lines("out.ndjson").len(), 2);
    // without a path, the document is one record
    assert_eq!(shop.run("--in @in.json --out @one.ndjson"), Ok(FINDINGS));
    for (path, wanted) in [
        ("$.users", "there is no list at `$.users`; there is a list at `$.data.users`"),
        ("users", "a path begins with `$`: write `$.users`"),
    ] {
        let message = shop.run(&format!("--in @in.json --out @o --records {path}")).unwrap_err();
        assert!(message.contains(wanted), "{message}");
    }
}

#[test]
fn a_stored_password_that_cannot_be_used_is_left_out() {
    let shop = Shop::new();
    let record = r#"{"id":1,"login":"ada","mail":"ada@example.com","hash":"$2b$10$cut"}"#;
    shop.put("in.ndjson", record);
    shop.run("--in @in.ndjson --out @out.ndjson --credentials").unwrap();
    let account = shop.lines("out.ndjson").remove(0);
    assert_eq!((&account["credential"], &account["username"]), (&Value::Null, &json!("ada")));
    shop.put("shop.yaml", &RULES.replace("scheme: bcrypt }", "scheme: bcrypt, check: false }"));
    shop.run("--in @in.ndjson --out @out.ndjson --credentials --force").unwrap();
    assert_eq!(shop.lines("out.ndjson")[0]["credential"]["value"], "$2b$10$cut");
}

#[test]
fn an_output_that_exists_needs_force_and_an_incomplete_one_is_not_there() {
    let shop = Shop::new();
    shop.put("in.ndjson", &legacy(1));
    shop.put("out.ndjson", "before");
    let message = shop.run("--in @in.ndjson --out @out.ndjson").unwrap_err();
    assert!(message.ends_with("/out.ndjson` already exists"), "{message}");
    let message = shop.run("--in @in.ndjson --out @new.ndjson --rejects @out.ndjson").unwrap_err();
    assert!(message.ends_with("/out.ndjson` already exists"), "{message}");
    let message = shop.run("--in @in.ndjson --out @new.ndjson --warnings @out.ndjson").unwrap_err();
    assert!(message.ends_with("/out.ndjson` already exists"), "{message}");
    assert_eq!((shop.text("out.ndjson").as_str(), shop.0.path().join("new.ndjson").exists()), ("before", false));
    shop.put("cut.json", "[{\"id\":\"1\",\"mail\":\"a@example.org\"},{");
    let cut = shop.run("--in @cut.json --out @out.ndjson --rejects @bad.ndjson --force").unwrap_err();
    assert!(cut.contains("cannot read the input to the end"), "{cut}");
    assert_eq!(
        (shop.text("out.ndjson").as_str(), shop.names()),
        ("before", ["cut.json", "in.ndjson", "out.ndjson", "shop.yaml"].map(str::to_owned).to_vec())
    );
    assert_eq!(shop.run("--in @in.ndjson --out @out.ndjson --force"), Ok(FINE));
    assert_eq!(shop.lines("out.ndjson").len(), 1);
}

#[test]
fn exports_are_read_as_they_come() {
    let shop = Shop::new();
    let csv = "1,a@example.org\n2,b@example.org\n";
    shop.put("plain.txt", csv);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, csv.as_bytes()).unwrap();
    fs::write(shop.0.path().join("users.csv.gz"), gzip.finish().unwrap()).unwrap();
    fs::write(shop.0.path().join("users.zst"), zstd::encode_all(csv.as_bytes(), 1).unwrap()).unwrap();
    for name in ["plain.txt", "users.csv.gz", "users.zst"] {
        let arguments = format!("--in @{name} --out @{name}.ndjson --columns id,mail");
        assert_eq!(shop.run(&arguments), Ok(FINE), "{name}");
        let ids: Vec<Value> = shop.lines(&format!("{name}.ndjson")).iter().map(|a| a["external_id"].clone()).collect();
        assert_eq!(ids, ["1", "2"], "{name}");
    }
    shop.put("dump.sql", "-- MySQL dump 10.13\n");
    shop.put("users.ndjson", "{\"id\":\"1\",\"mail\":\"a@example.org\"}\n");
    for (arguments, wanted) in [
        ("--in @dump.sql", "as records: it is an SQL dump of MySQL"),
        ("--in @users.ndjson --columns id,mail --from json", "`--columns` is for CSV, and the format is json"),
        ("--in @plain.txt --columns id,id", "`--columns` has the name `id` twice"),
        ("--in @plain.txt --columns id,,x", "a name in `--columns` is empty"),
        ("--in @users.ndjson --join @plain.txt --on $.id", "required arguments were not provided"),
    ] {
        let message = shop.run(&format!("{arguments} --out @o")).unwrap_err();
        assert!(message.contains(wanted), "{arguments}: {message}");
    }
    shop.put("head.csv", "id,mail\n1,a@example.org\n");
    let header = shop.run("--in @head.csv --out @o --columns id,mail").unwrap_err();
    assert!(header.contains("the first row is a header with these columns"), "{header}");
}

#[test]
fn rows_of_another_file_are_joined_and_rejects_run_again() {
    let shop = Shop::new();
    shop.put("shop.yaml", &RULES.replace("$.mail,", "$.contact.mail,"));
    shop.put("in.ndjson", "{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n");
    shop.put("mails.csv", "user,mail\n1,a@example.org\n3,nobody\n");
    let join = "--join @mails.csv --on $.id=$.user --as contact";
    assert_eq!(shop.run(&format!("--in @in.ndjson --out @out.ndjson --rejects @bad.ndjson {join}")), Ok(FINDINGS));
    assert_eq!(shop.lines("out.ndjson")[0]["email"]["value"], "a@example.org");
    let rejects = shop.lines("bad.ndjson");
    assert_eq!((rejects.len(), &rejects[1]["record"]["contact"]["mail"]), (2, &json!("nobody")));
    let fixed = shop.text("bad.ndjson").replace("nobody", "c@example.org");
    shop.put("fixed.ndjson", &fixed);
    // what was joined before stays, also with the same arguments
    assert_eq!(shop.run(&format!("--in @fixed.ndjson --out @again.ndjson {join}")), Ok(FINDINGS));
    let ids: Vec<Value> = shop.lines("again.ndjson").iter().map(|account| account["external_id"].clone()).collect();
    assert_eq!(ids, ["3"]);
    assert_eq!(shop.run(&format!("--in @in.ndjson --out @one.ndjson --limit 1 {join}")), Ok(FINE));
    let message = shop.run(&format!("--in @in.ndjson --out @mails.csv --force {join}")).unwrap_err();
    assert!(message.contains("`--out` and `--join` are the same file"), "{message}");
}

#[test]
fn warnings_have_their_reasons() {
    let shop = Shop::new();
    let rules = "landfall: 1\nname: shop\ntarget: standard\ndefaults: { on_error: warn }\nlet: { spare: { from: $.spare, do: [ email ] } }\n\
                 account:\n  username: { from: $.login }\n  email.value: { from: [ $.mail, $spare ], do: [ email ] }\n  \
                 phone.value: { from: $.phone, do: [ { phone: { region: DE } } ] }\n\
                 credential: { from: $.hash, scheme: bcrypt }\n";
    shop.put("shop.yaml", rules);
    let records = [
        json!({"login": "a", "mail": "a@example.org", "hash": "$2b$10$cut"}),
        json!({"login": "b", "mail": "nobody", "phone": "12"}),
        json!({"login": "c", "mail": "c@example.org"}),
    ];
    shop.put("in.ndjson", &records.map(|record| record.to_string() + "\n").concat());
    assert_eq!(shop.run("--in @in.ndjson --out @out.ndjson --warnings @warn.ndjson"), Ok(FINE));
    let found: Vec<Value> = shop.lines("warn.ndjson");
    let about = |line: &Value| (line["number"].as_u64().unwrap(), line["claim"].as_str().unwrap().to_owned());
    let wanted = [(1, "credential.value"), (2, "email.value"), (2, "phone.value")];
    assert_eq!(found.iter().map(about).collect::<Vec<_>>(), wanted.map(|(number, claim)| (number, claim.to_owned())));
    assert_eq!((&found[1]["step"], &found[1]["line"]), (&json!("email"), &json!(2)));
    assert!(found.iter().all(|line| !line["reason"].as_str().unwrap().is_empty()), "{found:?}");
    assert!(!shop.text("warn.ndjson").contains("nobody"), "no value of a record");
    // the accounts are the same without them
    assert_eq!(shop.run("--in @in.ndjson --out @same.ndjson"), Ok(FINE));
    assert_eq!(shop.text("same.ndjson"), shop.text("out.ndjson"));
}

#[test]
fn a_share_of_the_records_may_fail() {
    let shop = Shop::new();
    let mut records = legacy(98);
    records.push_str("{}\n[]\n");
    shop.put("in.ndjson", &records);
    for (arguments, wanted) in [("", FINDINGS), ("--fail-over 2%", FINE), ("--fail-over 1.9%", FINDINGS)] {
        assert_eq!(
            shop.run(&format!("--in @in.ndjson --out @out.ndjson --force {arguments}")),
            Ok(wanted),
            "{arguments}"
        );
    }
    assert_eq!(shop.lines("out.ndjson").len(), 98);
    let none = "--in @in.ndjson --out @out.ndjson --force --fail-over 0%";
    assert_eq!(shop.run(none), Ok(FINDINGS));
    shop.put("in.ndjson", &legacy(9));
    assert_eq!(shop.run(none), Ok(FINE));
    shop.put("in.ndjson", "");
    assert_eq!(shop.run(none), Err("there are no records, so `--fail-over` cannot be judged".to_owned()));
    assert_eq!(shop.run("--in @in.ndjson --out @out.ndjson --force"), Ok(FINE));
}

#[test]
fn a_part_of_the_records_keeps_its_numbers() {
    let shop = Shop::new();
    let records: String = legacy(500).lines().map(|line| line.replace("@example.org", "") + "\n").collect();
    shop.put("in.ndjson", &records.replace("\"mail\"", "\"nothing\""));
    assert_eq!(
        shop.run("--in @in.ndjson --out @out --rejects @bad.ndjson --limit 400 --sample 20 --seed 5"),
        Ok(FINDINGS)
    );
    let rejects = shop.lines("bad.ndjson");
    assert_eq!(rejects.len(), 20);
    for reject in rejects {
        let number = reject["landfall_reject"]["number"].as_u64().unwrap();
        assert!(number <= 400 && reject["record"]["id"] == format!("u{}", number - 1), "{reject}");
    }
}
