//! A user base of known dirt through the rules for WordPress and Auth0: rejects, warnings and gaps are exactly those of its
//! manifest.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use bumpalo::Bump;
use landfall::diag::render::plain;
use landfall::diag::{Files, Findings};
use landfall::engine::compile::{Loaded, Loader, compile};
use landfall::engine::outcome::{Made, Outcome};
use landfall::engine::plan::Plan;
use landfall::engine::probe::Silent;
use landfall::engine::run::Settings;
use landfall::model::json::to_json;
use serde_json::{Value, json};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const USERS: &str = "2000";

/// The user base, written once for all tests.
static USER_BASE: LazyLock<UserBase> = LazyLock::new(|| UserBase::read(&written()));

/// The user base and what is known of it.
struct UserBase {
    manifest: Value,
    wordpress: String,
    auth0: String,
    auth0_passwords: String,
}

impl UserBase {
    fn read(folder: &Path) -> Self {
        let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        Self {
            manifest: serde_json::from_str(&text("manifest.json")).unwrap(),
            wordpress: text("wordpress_users.ndjson"),
            auth0: text("auth0_users.ndjson"),
            auth0_passwords: text("auth0_passwords.ndjson"),
        }
    }

    /// How many users have a kind of dirt.
    fn count(&self, kind: &str) -> u64 {
        self.manifest["counts"][kind].as_u64().unwrap_or_else(|| panic!("no count of {kind}"))
    }
}

struct Beside(PathBuf);

impl Loader for Beside {
    fn load(&self, _: &str, name: &str) -> Result<Loaded, String> {
        let text = fs::read_to_string(self.0.join(name)).map_err(|error| error.to_string())?;
        Ok(Loaded { name: name.to_owned(), text })
    }
}

fn rules(name: &str) -> Plan {
    let root = Path::new(ROOT);
    let mut files = Files::default();
    let text = fs::read_to_string(root.join("rules").join(name)).unwrap();
    let file = files.add(name.to_owned(), text);
    let mut findings = Findings::default();
    let plan = compile(&mut files, file, &Beside(root.join("rules")), &mut findings);
    plan.unwrap_or_else(|| panic!("{}", plain(&files, &findings.sorted())))
}

/// Writes the user base, with its manifest.
fn written() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("legacy");
    let script = Path::new(ROOT).join("tests/make_legacy.py");
    let mut command = Command::new("python3");
    command.arg(script).args(["--users", USERS, "--seed", "1", "--sql", "", "--out"]).arg(&folder);
    let output = command.output().expect("this test needs python3, which tests/run installs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder
}

/// What came of the records.
#[derive(Default)]
struct Tally {
    rejected: BTreeMap<String, u64>,
    warned: BTreeMap<String, u64>,
    without: BTreeMap<&'static str, u64>,
    schemes: BTreeMap<String, u64>,
    disabled: u64,
    must_change: u64,
    repeated: u64,
    mails: BTreeSet<String>,
    texts: String,
}

impl Tally {
    fn add(&mut self, outcome: &Outcome<'_>) {
        match outcome {
            Outcome::Account(made) => self.account(made),
            Outcome::Invalid(reasons) => {
                let rules: Vec<&str> = reasons.iter().map(|reason| reason.rule.as_str()).collect();
                *self.rejected.entry(rules.join("+")).or_default() += 1;
            }
            Outcome::Denied(reason) => panic!("refused: {reason}"),
        }
    }

    fn account(&mut self, made: &Made<'_>) {
        let account = to_json(made.account.value());
        for warning in made.warnings {
            *self.warned.entry((*warning).to_owned()).or_default() += 1;
        }
        for claim in ["/phone/value", "/name/full", "/created_at", "/roles"] {
            *self.without.entry(claim).or_default() += u64::from(account.pointer(claim).is_none());
        }
        let scheme = made.credential.member("scheme").as_text().unwrap_or("none");
        let has_hash = made.credential.is_present();
        *self.schemes.entry(if has_hash { scheme } else { "no hash" }.to_owned()).or_default() += 1;
        self.disabled += u64::from(account["status"] == "disabled");
        self.must_change += u64::from(account["must_change_password"] == true);
        // the generator puts another nickname behind the first one: the last row wins
        let nickname = account["name"]["nickname"].as_str().unwrap_or("");
        self.repeated += u64::from(nickname.starts_with("old-"));
        self.mails.insert(account["email"]["value"].as_str().unwrap().to_owned());
        self.texts.push_str(&account.to_string());
    }
}

#[test]
#[ignore = "needs python3; run tests/run"]
fn wordpress_rejects_and_warns_as_the_manifest_says() {
    let base = &*USER_BASE;
    let count = |kind: &str| base.count(kind);
    let plan = rules("wordpress.yaml");
    let settings = Settings::default();
    let (mut tally, mut arena) = (Tally::default(), Bump::new());
    let mut dirty = Overlap::default();
    for line in base.wordpress.lines() {
        let run = plan.run(line, &settings, &arena, &mut Silent);
        run.outcomes.iter().for_each(|outcome| tally.add(outcome));
        dirty.add(line, &run.outcomes);
        drop(run);
        arena.reset();
    }
    let rejected = count("email_missing") + count("email_invalid");
    assert_eq!(tally.rejected, BTreeMap::from([("email.value".to_owned(), rejected)]));
    assert_eq!(tally.mails.len() as u64, count("emails_distinct_after_folding"));
    // of each kind of dirt, those that the rejected records took with them are not seen in an account
    assert_eq!(tally.warned.get("phone.value"), Some(&(count("phone_bad") - dirty.bad_phones)));
    assert_eq!(tally.warned.get("roles"), Some(&(count("role_unknown") - dirty.unknown_roles)));
    assert_eq!(tally.warned.len(), 2, "{:?}", tally.warned);
    assert_eq!(tally.without["/created_at"], count("date_zero") - dirty.zero_dates);
    assert_eq!(tally.without["/name/full"], count("names_missing") - dirty.nameless);
    assert_eq!(tally.without["/roles"], count("role_none") + count("role_unknown") - dirty.without_roles);
    assert_eq!(
        tally.without["/phone/value"],
        count("phone_missing") + count("phone_bad") - dirty.no_phones - dirty.bad_phones
    );
    assert_eq!(tally.disabled, count("blocked") - dirty.blocked);
    assert_eq!(tally.must_change, count("hash_unusable") - dirty.unusable);
    assert_eq!(tally.schemes["no hash"], count("hash_unusable") - dirty.unusable);
    assert_eq!(tally.repeated, count("meta_repeated") - dirty.repeated);
    for secret in ["session_tokens", "expiration", "$P$", "$wp$", "$2y$", "Elsewhere"] {
        assert!(!tally.texts.contains(secret), "an account holds `{secret}`");
    }
    assert!(!tally.texts.contains('\u{301}'), "an account holds a decomposed letter");
}

#[test]
#[ignore = "needs python3; run tests/run"]
fn auth0_rejects_and_warns_as_the_manifest_says() {
    let base = &*USER_BASE;
    let rows: BTreeMap<String, Value> = base
        .auth0_passwords
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|row| (row["_ID"]["$oid"].as_str().unwrap().to_owned(), row))
        .collect();
    let plan = rules("auth0.yaml");
    let settings = Settings::default();
    let (mut warned, mut without_date, mut disabled, mut hashes) = (BTreeMap::<String, u64>::new(), 0, 0, 0);
    for line in base.auth0.lines() {
        let user: Value = serde_json::from_str(line).unwrap();
        let id = user["user_id"].as_str().unwrap().rsplit('|').next().unwrap();
        let row = rows.get(id);
        let record = json!({ "user": user, "passwords": row.into_iter().collect::<Vec<_>>() }).to_string();
        let arena = Bump::new();
        let run = plan.run(&record, &settings, &arena, &mut Silent);
        let [Outcome::Account(made)] = &run.outcomes[..] else { panic!("no account: {:?}", run.outcomes) };
        let account = to_json(made.account.value());
        made.warnings.iter().for_each(|warning| *warned.entry((*warning).to_owned()).or_default() += 1);
        without_date += u64::from(account["created_at"].is_null());
        disabled += u64::from(account["status"] == "disabled");
        hashes += u64::from(made.credential.is_present());
    }
    let wanted = [("email.value", "email_invalid"), ("phone.value", "phone_bad")];
    assert_eq!(warned, wanted.map(|(claim, kind)| (claim.to_owned(), base.count(kind))).into());
    assert_eq!(without_date, base.count("date_zero"));
    assert_eq!(disabled, base.count("blocked"));
    assert_eq!(hashes, base.count("auth0_password_rows"));
}

/// How much dirt of other kinds the rejected records carry, counted on the raw records.
#[derive(Default)]
struct Overlap {
    bad_phones: u64,
    no_phones: u64,
    unknown_roles: u64,
    without_roles: u64,
    zero_dates: u64,
    nameless: u64,
    blocked: u64,
    unusable: u64,
    repeated: u64,
}

impl Overlap {
    fn add(&mut self, line: &str, outcomes: &[Outcome<'_>]) {
        if !outcomes.iter().all(|outcome| matches!(outcome, Outcome::Invalid(_))) {
            return;
        }
        let record: Value = serde_json::from_str(line).unwrap();
        let meta = |key: &str| {
            let rows = record["meta"].as_array().unwrap();
            rows.iter().rfind(|row| row["meta_key"] == key).and_then(|row| row["meta_value"].as_str()).unwrap_or("")
        };
        let phone = meta("billing_phone");
        // well-formed numbers are those that the generator writes in full or with the prefix of London or Washington
        let good = ["+1202", "+1 (202) ", "(202) ", "+4420", "+44 20 7", "020 "];
        let bad = phone.contains(" x") || phone.contains(" / ") || !good.iter().any(|start| phone.starts_with(start));
        self.no_phones += u64::from(phone.is_empty());
        self.bad_phones += u64::from(!phone.is_empty() && bad);
        let roles = meta("wp_capabilities");
        let known = ["customer", "subscriber", "contributor", "author", "editor", "shop_manager", "administrator"];
        let unknown = !roles.is_empty() && !known.iter().any(|role| roles.contains(&format!("\"{role}\"")));
        self.unknown_roles += u64::from(unknown);
        self.without_roles += u64::from(unknown || roles.is_empty());
        self.zero_dates += u64::from(record["user_registered"] == "0000-00-00 00:00:00");
        self.nameless += u64::from(record["display_name"] == record["user_login"]);
        self.blocked += u64::from(meta("account_blocked") == "1");
        self.repeated += u64::from(meta("nickname").starts_with("old-"));
        self.unusable += u64::from(["", "*", "!"].iter().any(|hash| record["user_pass"] == *hash));
    }
}
