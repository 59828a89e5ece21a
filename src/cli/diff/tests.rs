//! Complete runs of the command, on files in a temporary folder.

use std::fs;

use clap::Parser;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::*;

#[derive(Parser)]
struct Program {
    #[command(flatten)]
    arguments: Arguments,
}

const OLD: &str = "
landfall: 1
name: shop
target: standard
params: { region: { default: DE } }
admit:
  - { deny: banned, when: { $.banned: yes please } }
identify: { id: $.id, logins: [ $.login, $.mail ] }
account:
  username: { from: $.login, do: [ trim ] }
  email.value: { from: $.mail, do: [ trim ], required: true, on_error: reject }
  locale: { from: $params.region }
credential: { from: $.hash, scheme: bcrypt }
";

/// A temporary folder with the old rules.
struct Shop(TempDir);

impl Shop {
    fn new(new: &str) -> Self {
        let shop = Self(tempfile::tempdir().unwrap());
        shop.put("old.yaml", OLD);
        shop.put("new.yaml", new);
        shop
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    fn arguments(&self, arguments: &str) -> Arguments {
        let path = |word: &str| match word.strip_prefix('@') {
            Some(name) => self.0.path().join(name).display().to_string(),
            None => word.to_owned(),
        };
        let words = ["x", "@old.yaml", "@new.yaml", "--in", "@in.ndjson"].into_iter();
        Program::try_parse_from(words.chain(arguments.split_whitespace()).map(path)).unwrap().arguments
    }

    /// The tally as text and JSON, as `run` reports it.
    fn report(&self, arguments: &str) -> (String, Json) {
        let arguments = self.arguments(arguments);
        let (tally, comparison) = compared(&arguments).unwrap();
        let report = Report { arguments: &arguments, tally: &tally, comparison: &comparison };
        (report.human(), report.json())
    }

    fn run(&self, arguments: &str) -> Result<u8, String> {
        run(&self.arguments(arguments)).map_err(|error| error.to_string())
    }
}

fn counts(report: &Json) -> Vec<(String, String, u64)> {
    let of = |difference: &Json| {
        let text = |key: &str| difference[key].as_str().unwrap().to_owned();
        (text("of"), text("change"), difference["count"].as_u64().unwrap())
    };
    report["differences"].as_array().unwrap().iter().map(of).collect()
}

#[test]
fn the_same_rules_make_the_same_accounts() {
    let shop = Shop::new(OLD);
    shop.put("in.ndjson", "{\"id\":1,\"login\":\"ada\",\"mail\":\"ada@example.org\"}\n{\"id\":2}\nno json\n");
    assert_eq!(shop.run(""), Ok(FINE));
    let (text, report) = shop.report("");
    assert_eq!(text, "2 records: 2 the same, 0 differ, 1 unreadable\naccounts: 1 before, 1 now\n");
    assert_eq!(report["differences"], json!([]));
}

#[test]
fn differences_are_grouped_by_claim_and_kind() {
    let new = OLD
        .replace("do: [ trim ] }\n  email", "do: [ trim, lowercase ] }\n  name.nickname: $.nick\n  email")
        .replace("  locale: { from: $params.region }\n", "")
        .replace("banned: yes please", "banned: true");
    let shop = Shop::new(&new);
    let hash = "$2b$10$abcdefghijklmnopqrstuuwLVsr2pRQXMpCwEDrB5fLNk6rhfc1sO";
    let lines = [
        json!({"id": 1, "login": "Ada", "mail": "ada@example.org", "nick": "Ad 7", "hash": hash}),
        json!({"id": 2, "login": "bo", "mail": "bo@example.org", "banned": "yes please"}),
        json!({"id": 3, "login": "cy", "mail": "cy@example.org", "banned": true}),
        json!({"id": 4, "login": "Di", "mail": "di@example.org"}),
    ];
    shop.put("in.ndjson", &lines.map(|line| line.to_string() + "\n").concat());
    let (text, report) = shop.report("--jobs 2");
    let wanted = [
        ("account", "made", 1),
        ("account", "denied", 1),
        ("username", "changed", 2),
        ("name.nickname", "added", 1),
        ("locale", "removed", 2),
    ];
    assert_eq!(counts(&report), wanted.map(|(of, change, count)| (of.to_owned(), change.to_owned(), count)), "{text}");
    assert!(text.contains("         1  made (before: denied: banned)\n            record 2\n"), "{text}");
    assert!(
        text.contains("            record 1  \"Aaa\" → \"aaa\"\n            record 4  \"Aa\" → \"aa\"\n"),
        "{text}"
    );
    assert!(text.contains("            record 1  \"Aa 9\"\n"), "{text}");
    assert!(!text.contains("ada") && !text.contains("Ada") && !text.contains(hash), "{text}");
    assert_eq!(report["records"], json!({"all": 4, "same": 0, "differ": 4, "unreadable": 0, "failed": 0}));
    assert_eq!(shop.run("--format json"), Ok(FINDINGS));
    let (text, report) = shop.report("--show-values --limit 1");
    assert!(text.contains("record 1  \"Ada\" → \"ada\""), "{text}");
    assert_eq!((&report["records"]["all"], &report["shows_values"]), (&json!(1), &json!(true)));
}

#[test]
fn stored_passwords_are_named_by_their_scheme_alone() {
    let shop = Shop::new(&OLD.replace("{ from: $.hash, scheme: bcrypt }", "{ from: $.md5, scheme: md5 }"));
    let hash = "$2b$10$abcdefghijklmnopqrstuuwLVsr2pRQXMpCwEDrB5fLNk6rhfc1sO";
    let record = json!({"id": 1, "login": "ada", "mail": "a@example.org", "hash": hash, "md5": "900150983cd24fb0d6963f7d28e17f72"});
    shop.put("in.ndjson", &record.to_string());
    let (text, report) = shop.report("--show-values");
    assert_eq!(counts(&report), [("credential".to_owned(), "changed".to_owned(), 1)]);
    assert!(text.contains("record 1  bcrypt → digest\n"), "{text}");
    assert!(!text.contains("$2b$") && !text.contains("9001"), "{text}");
}

#[test]
fn another_legacy_id_is_a_difference_and_so_are_other_logins() {
    let new = OLD.replace("id: $.id, logins: [ $.login, $.mail ]", "id: $.mail, logins: [ $.mail ]");
    let shop = Shop::new(&new);
    shop.put("in.ndjson", "{\"id\":1,\"login\":\"ada\",\"mail\":\"ada@example.org\"}\n");
    let wanted = [("identify.id", "changed", 1), ("identify.logins", "changed", 1)];
    assert_eq!(counts(&shop.report("").1), wanted.map(|(of, change, count)| (of.to_owned(), change.to_owned(), count)));
}

#[test]
fn accounts_of_a_record_are_compared_by_their_ids() {
    let several = "landfall: 1\nname: t\ntarget: standard\naccounts: { name: person, from: $.people }\n\
                   identify: { id: $account.external_id, logins: [ $account.username ] }\n\
                   account:\n  external_id: $person.id\n  username: $person.login\n";
    let shop = Shop::new(&several.replace("from: $.people", "from: $.people, where: { $item.gone: missing }"));
    shop.put("old.yaml", several);
    let people = json!([{"id": "1", "login": "a", "gone": 1}, {"id": "2", "login": "b"}, {"id": "3", "login": "c"}]);
    shop.put("in.ndjson", &json!({"people": people}).to_string());
    let (text, report) = shop.report("");
    assert_eq!(counts(&report), [("account".to_owned(), "removed".to_owned(), 1)], "{text}");
    let account = &report["differences"][0]["examples"][0]["account"];
    assert_eq!((&report["accounts"], account), (&json!({"old": 3, "new": 2}), &json!(1)));
}

#[test]
fn each_version_is_given_the_parameters_that_it_declares() {
    let shop = Shop::new(
        &OLD.replace("region: { default: DE }", "zone: { default: fr }").replace("$params.region", "$params.zone"),
    );
    shop.put("in.ndjson", "{\"id\":1,\"login\":\"ada\",\"mail\":\"ada@example.org\"}\n");
    let (text, _) = shop.report("--param region=de --param zone=de");
    assert!(text.starts_with("1 records: 1 the same"), "{text}");
    assert_eq!(shop.run("--param zones=de"), Err("unknown parameter `zones`".to_owned()));
    assert_eq!(shop.run("--param zone"), Err("`--param zone` has no `=`".to_owned()));
}

#[test]
fn records_that_cannot_be_read_to_the_end_are_an_error() {
    let shop = Shop::new(OLD);
    shop.put("in.ndjson", "{\"a\": 1}");
    let path = shop.run("--records $.users").unwrap_err();
    assert!(path.contains("there is no list at `$.users`"), "{path}");
    shop.put("in.ndjson", "");
    assert_eq!(shop.run(""), Err("the input has no record".to_owned()));
    shop.put("in.ndjson", "no json\n[1]\n");
    assert_eq!(shop.run(""), Err("none of the 2 records can be read".to_owned()));
    shop.put("new.yaml", "landfall: 1\nname: t\naccount: { usrname: $.a }\n");
    assert!(shop.run("").unwrap_err().contains("has errors"));
}
