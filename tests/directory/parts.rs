//! Parts of records from a directory: a shop whose export names an entry.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::openldap::{person, ssha};
use super::running::{Running, client, md5};
use super::servers::slapd::{READER, Slapd};

const RULES: &str = "\
landfall: 1
name: shop
identify: { id: $.id, logins: [ $.login ] }
account:
  username: $.login
  name.full: '$.staff.title[0]'
  groups: $.staff.memberOf
credential: { scheme: md5, hash_hex: $.password }
";

/// A service whose records have a part from a directory.
struct Service {
    folder: tempfile::TempDir,
    running: Running,
}

impl Service {
    fn start(slapd: &Slapd, required: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (dn, password) = READER;
        let settings = format!(
            "listen: 127.0.0.1:0\nrules: rules.yaml\n\
             source: {{ kind: file, name: shop, path: users.ndjson, logins: [ $.login ] }}\n\
             enrich:\n  staff:\n    by: $.entry.name\n    required: {required}\n    source:\n      kind: ldap\n      \
             name: staff\n      directory: {{ servers: [ '{}' ], ca: '{}', bind: {{ dn: '{dn}', password: '{password}' }} }}\n      \
             search: {{ base: 'ou=people,dc=example,dc=org', filter: '(uid={{filter:typed}})' }}\n      \
             groups: {{ base: 'ou=groups,dc=example,dc=org' }}\n\
             target: {{ kind: sql, url: 'sqlite:accounts.db' }}\nledger: {{ url: 'sqlite:ledger.db', key: '{}' }}\n\
             login: {{ floor: 1ms, deadline: 3s, lease: 4s }}\n\
             password: {{ longest_check: 1ms, argon2: {{ memory: 8KiB, passes: 1, lanes: 1 }} }}\n",
            slapd.secure(),
            slapd.ca().display(),
            "0123456789abcdef".repeat(4)
        );
        let users: Vec<String> = [("ada", "ada"), ("bo", "a*"), ("cy", "nobody"), ("di", "dora"), ("ed", "ada")]
            .iter()
            .map(|(login, entry)| {
                let entry = json!({ "name": entry });
                json!({ "id": login, "login": login, "password": md5(login), "entry": entry }).to_string()
            })
            .collect();
        for (name, text) in
            [("landfall.yaml", &settings), ("rules.yaml", &RULES.into()), ("users.ndjson", &users.join("\n"))]
        {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let running = Running::start(folder.path(), &[]);
        Self { folder, running }
    }

    async fn sign_in(&self, name: &str) -> u16 {
        let body = json!({ "identifier": name, "password": name }).to_string();
        let call = client(std::time::Duration::from_secs(30)).post(format!("{}/v1/login", self.running.base));
        call.header("content-type", "application/json").body(body).send().await.unwrap().status().as_u16()
    }

    /// What the account of a customer has from the directory.
    fn staff_part(&self, name: &str) -> Value {
        let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
        command.args(["account", "show", "--format", "json", name]).current_dir(self.folder.path());
        let account: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
        json!([account["claims"]["name"]["full"], account["claims"]["groups"]])
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs slapd; run tests/run"]
async fn a_part_comes_from_the_entry_that_the_record_names() {
    let boss = "dn: cn=bosses,ou=groups,dc=example,dc=org\nobjectClass: groupOfNames\ncn: bosses\n\
                member: employeeNumber=1,ou=people,dc=example,dc=org\n\n";
    let people = [person(1, "ada", &ssha("x"), "title: Boss\n"), person(2, "dora", &ssha("x"), ""), boss.to_owned()];
    let slapd = Slapd::start(&people.concat());
    let [optional, required] = [false, true].map(|required| Service::start(&slapd, required));
    for service in [&optional, &required] {
        for (name, part) in [
            ("ada", json!(["Boss", ["cn=bosses,ou=groups,dc=example,dc=org"]])),
            ("bo", json!([null, null])),
            ("cy", json!([null, null])),
            ("di", json!([null, null])),
        ] {
            assert_eq!(service.sign_in(name).await, 200, "{name}");
            assert_eq!(service.staff_part(name), part, "{name}");
        }
    }
    slapd.stop();
    assert_eq!(required.sign_in("ed").await, 503);
    assert_eq!(optional.sign_in("ed").await, 200);
    assert_eq!(optional.staff_part("ed"), json!([null, null]));
    for service in [&optional, &required] {
        assert_eq!(service.sign_in("ada").await, 200, "migrated");
    }
    slapd.serve();
    let began = std::time::Instant::now();
    while required.sign_in("ed").await != 200 {
        assert!(began.elapsed() < std::time::Duration::from_secs(20), "the directory is back");
    }
    assert_eq!(required.staff_part("ed")[0], "Boss");
}
