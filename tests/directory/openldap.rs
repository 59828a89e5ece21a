//! OpenLDAP's slapd behind whole logins.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use landfall::adapters::ldap::LdapSource;
use landfall::config::{Settings, build};
use landfall::migrate::{Answer, Challenge, Login, Migrator, Outcome, Refusal, Silent};
use landfall::ports::{Call, IdentifierProfile, PasswordChange, Source as _};
use serde_json::json;
use sha1::{Digest as _, Sha1};
use zeroize::Zeroizing;

use crate::servers::certificates::Authority;
use crate::servers::proxy::Proxy;
use crate::servers::slapd::{READER, Slapd};

/// A person in LDIF: any text may be a user name.
pub(super) fn person(number: usize, uid: &str, password: &str, more: &str) -> String {
    let mut out = format!("dn: employeeNumber={number},ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\n");
    let uid = STANDARD.encode(uid);
    writeln!(out, "employeeNumber: {number}\nuid:: {uid}\ncn: Person {number}\nsn: Person").unwrap();
    writeln!(out, "mail: p{number}@example.org\nuserPassword: {password}\n{more}").unwrap();
    out
}

pub(super) fn ssha(password: &str) -> String {
    let mut hash = Sha1::new().chain_update(password).chain_update(b"salt").finalize().to_vec();
    hash.extend_from_slice(b"salt");
    format!("{{SSHA}}{}", STANDARD.encode(hash))
}

/// A service whose source and verifier are a directory.
struct Service {
    _folder: tempfile::TempDir,
    migrator: Migrator,
}

impl Service {
    async fn new(directory: &str) -> Self {
        Self::with(directory, "").await
    }

    async fn with(directory: &str, verifier: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/ldap.yaml");
        let settings = format!(
            "rules: '{rules}'\nsource:\n  kind: ldap\n  directory: {directory}\n  search:\n    \
             base: ou=people,dc=example,dc=org\n    \
             filter: '(|(uid={{filter:identifier}})(mail={{filter:identifier}}))'\n\
             verifiers: {{ directory: {{ kind: ldap, directory: {directory}{verifier} }} }}\nverify_with: [ directory ]\n\
             target: {{ kind: sql, url: 'sqlite:accounts.db' }}\nledger: {{ url: 'sqlite:ledger.db', key: '{key}' }}\n\
             login: {{ floor: 1ms, deadline: 1500ms, attempts: {{ customer: {{ limit: 100, window: 15m }} }} }}\n\
             password: {{ longest_check: 1ms, argon2: {{ memory: 8KiB, passes: 1, lanes: 1 }} }}\n\
             lane: {{ threads: 1 }}\n",
            rules = rules.display(),
            key = "0123456789abcdef".repeat(4),
        );
        let file = folder.path().join("landfall.yaml");
        std::fs::write(&file, settings).unwrap();
        let read = Settings::read(&file).unwrap();
        let shown = landfall::diag::render::plain(&read.files, &read.findings);
        let built = build(read.loaded.expect(&shown), Arc::new(Silent)).await.unwrap();
        Self { migrator: Migrator::new(built.parts, built.migrator), _folder: folder }
    }

    async fn answer(&self, identifier: &str, password: &str) -> Answer {
        let login = Login {
            request_id: "r1".to_owned(),
            identifier: identifier.to_owned(),
            password: Zeroizing::new(password.as_bytes().to_vec()),
            network: None,
            challenge: Challenge::None,
            tenant: None,
        };
        self.migrator.login(login).await
    }

    async fn login(&self, identifier: &str, password: &str) -> Outcome {
        self.answer(identifier, password).await.outcome
    }
}

/// How settings reach a directory by TLS.
fn secure(slapd: &Slapd) -> String {
    let (dn, password) = READER;
    format!(
        "{{ servers: [ '{}' ], ca: '{}', bind: {{ dn: '{dn}', password: '{password}' }} }}",
        slapd.secure(),
        slapd.ca().display()
    )
}

fn refused(refusal: Refusal) -> Outcome {
    Outcome::Refused(refusal)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs slapd; run tests/run"]
async fn customers_of_a_directory_are_migrated_and_sign_in_without_it() {
    let entries = [person(1, "ada", &ssha("secret ada"), ""), person(2, "bo", &ssha("secret bo"), "")].concat();
    let slapd = Slapd::start(&entries);
    let service = Service::new(&secure(&slapd)).await;
    assert_eq!(service.login("ada", "wrong").await, refused(Refusal::WrongPassword));
    assert_eq!(service.login("nobody", "secret ada").await, refused(Refusal::Unknown));
    assert_eq!(service.login("ADA", "secret ada").await, Outcome::Migrated);
    assert_eq!(service.login("p1@example.org", "secret ada").await, Outcome::Authenticated);
    slapd.stop();
    assert_eq!(service.login("ada", "secret ada").await, Outcome::Authenticated);
    assert_eq!(service.login("ada", "wrong").await, refused(Refusal::WrongPasswordAtTarget));
    assert_eq!(service.login("bo", "secret bo").await, Outcome::LegacyUnavailable);
    slapd.serve();
    let began = Instant::now();
    while service.login("bo", "secret bo").await != Outcome::Migrated {
        assert!(began.elapsed() < Duration::from_secs(20), "the directory is back");
    }
}

/// Passwords as slapd stores them, made by slappasswd and crypt(3). The password of `NAME` is `secret NAME`.
const STORED: [(&str, &str); 6] = [
    ("ssha", "{SSHA}SUieI0zJ7OotG16YhdIIK3eMBbwFjTAj"),
    (
        "crypt",
        "{CRYPT}$6$wesermund$XkXdVklrUqNl8jdHR1kBudeHaKsgOV9oAwd9wIOdw2Ran0/mz9KWK/Lv7DCeQngbGJZxzwoTfxEiujZllEK750",
    ),
    (
        "argon2",
        "{ARGON2}$argon2i$v=19$m=4096,t=3,p=1$DeQxsBWxzcUbhldK1CqTOw$vqGEQ6PF5Xxe9ch1V6Qt1L/VKwvavmpi+mmKkZRwqo0",
    ),
    ("pbkdf2", "{PBKDF2}10000$6dA5wnme4KiwLTu.CN5Ovg$z9gDzADoS/rg.MFDq9acPMum8xw"),
    ("pbkdf2-sha256", "{PBKDF2-SHA256}10000$DwVDp3y4JDYovgvt1iiwnw$wEVP3vbI43hKCJe/OH9wYAtD72UYXLqKOO4m65.IWLs"),
    (
        "pbkdf2-sha512",
        "{PBKDF2-SHA512}10000$c7CnHXPIlUmEbwu6Rxa2kw$RF.am4H.l0Pn0afGBMnGC3Pzs6qJnnEu4aFBoSCJyVJcOIVU6xL/HiL3NchWlLANln2s8catBlZ9UHb3PgymKg",
    ),
];

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs slapd; run tests/run"]
async fn customers_sign_in_however_their_passwords_are_stored_and_again_without_the_directory() {
    let people: Vec<String> =
        STORED.iter().enumerate().map(|(number, (name, stored))| person(number, name, stored, "")).collect();
    let slapd = Slapd::start(&people.concat());
    let service = Service::new(&secure(&slapd)).await;
    for (name, stored) in STORED {
        for wrong in ["wrong", stored] {
            assert_eq!(service.login(name, wrong).await, refused(Refusal::WrongPassword), "{name}");
        }
        assert_eq!(service.login(name, &format!("secret {name}")).await, Outcome::Migrated, "{name}");
    }
    slapd.stop();
    for (name, _) in STORED {
        assert_eq!(service.login(name, &format!("secret {name}")).await, Outcome::Authenticated, "{name}");
        assert_eq!(service.login(name, "wrong").await, refused(Refusal::WrongPasswordAtTarget), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs slapd; run tests/run"]
async fn password_policies_decide() {
    let entries = [
        person(1, "locked", &ssha("right"), "pwdAccountLockedTime: 000001010000Z\n"),
        person(2, "expired", &ssha("right"), "pwdChangedTime: 20200101000000Z\n"),
        person(3, "change", &ssha("right"), "pwdReset: TRUE\n"),
        person(4, "guessed", &ssha("right"), ""),
    ]
    .concat();
    let slapd = Slapd::start(&entries);
    let service = Service::new(&secure(&slapd)).await;
    assert_eq!(service.login("locked", "right").await, refused(Refusal::Locked));
    assert_eq!(service.login("locked", "wrong").await, refused(Refusal::Locked));
    assert_eq!(service.login("expired", "wrong").await, refused(Refusal::WrongPassword));
    assert_eq!(service.login("expired", "right").await, refused(Refusal::Expired));
    assert_eq!(service.login("change", "wrong").await, refused(Refusal::WrongPassword));
    let answer = service.answer("change", "right").await;
    assert_eq!((answer.outcome, answer.change), (Outcome::MigratedMustChangePassword, PasswordChange::Required));
    let lenient = Service::with(&secure(&slapd), ", expired_passwords: must_change").await;
    assert_eq!(lenient.login("expired", "right").await, Outcome::MigratedMustChangePassword);
    // the third wrong password locks: the directory counts, too
    for expected in [Refusal::WrongPassword, Refusal::WrongPassword, Refusal::WrongPassword, Refusal::Locked] {
        assert_eq!(lenient.login("guessed", "wrong").await, refused(expected));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs slapd; run tests/run"]
async fn hostile_identifiers_find_the_literal_entry_or_nobody() {
    let names = ["*", "a*", ")(uid=*", "\\2a", "a,b", "x)(|(uid=*", "(uid=plain)", "&", "!", "#", "\"q\"", "<a>"];
    let people: Vec<String> =
        names.iter().enumerate().map(|(number, name)| person(number, name, &ssha(&format!("p{number}")), "")).collect();
    let slapd = Slapd::start(&people.concat());
    let service = Service::new(&secure(&slapd)).await;
    for (number, name) in names.iter().enumerate() {
        assert_eq!(service.login(name, &format!("p{number}")).await, Outcome::Migrated, "{name}");
    }
    // filters that would find everybody, or somebody else
    let mut identifiers = Vec::new();
    for number in 0..1000_u32 {
        let parts =
            ["*", "(", ")", "\\", "uid=", "|", "&", "!", "2a", "a", ",", "=", "~=", "objectClass", "\u{e9}", " "];
        let mut identifier = String::new();
        let mut rest = number.wrapping_mul(2_654_435_761);
        for _ in 0..5 {
            identifier.push_str(parts[rest as usize % parts.len()]);
            rest /= 16;
        }
        identifiers.push(identifier);
    }
    for some in identifiers.chunks(4) {
        let outcomes =
            futures_util::future::join_all(some.iter().map(|identifier| service.login(identifier, "p0"))).await;
        for (identifier, outcome) in some.iter().zip(outcomes) {
            let is_nobody = matches!(outcome, Outcome::Refused(Refusal::Unknown | Refusal::Malformed));
            let is_literal = names.contains(&identifier.trim());
            assert!(is_nobody || is_literal, "{identifier:?}: {outcome:?}");
        }
    }
}

/// More groups than slapd tells at once.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs slapd; run tests/run"]
async fn groups_are_read_page_by_page() {
    const GROUPS: usize = 1234;
    let group = |number: usize| {
        format!(
            "dn: cn=g{number},ou=groups,dc=example,dc=org\nobjectClass: groupOfNames\ncn: g{number}\n\
             member: employeeNumber={},ou=people,dc=example,dc=org\n\n",
            if number < GROUPS { 1 } else { 2 }
        )
    };
    let people = [person(1, "ada", &ssha("x"), ""), person(2, "bo", &ssha("x"), "")];
    let entries: String = people.into_iter().chain((0..=GROUPS).map(group)).collect();
    let slapd = Slapd::start(&entries);
    let (dn, password) = READER;
    let settings = json!({
        "directory": { "servers": [slapd.secure()], "ca": slapd.ca(), "bind": { "dn": dn, "password": password } },
        "search": { "base": "ou=people,dc=example,dc=org", "filter": "(uid={filter:identifier})" },
        "groups": { "base": "ou=groups,dc=example,dc=org", "attribute": "cn", "as": "groups" },
    });
    let source = LdapSource::open(serde_json::from_value(settings).unwrap(), Path::new("")).unwrap();
    let mut found = Vec::new();
    for name in ["ada", "bo"] {
        let identifier = IdentifierProfile::default().canonical(name).unwrap();
        let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
        let record = source.fetch(Call { deadline, request_id: "r1" }, &identifier).await.unwrap().unwrap();
        let record: serde_json::Value = serde_json::from_str(record.json()).unwrap();
        let groups: BTreeSet<String> = serde_json::from_value(record["groups"].clone()).unwrap();
        found.push(groups);
    }
    assert_eq!(found[0], (0..GROUPS).map(|number| format!("g{number}")).collect());
    assert_eq!(found[1], [format!("g{GROUPS}")].into());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs slapd; run tests/run"]
async fn connections_are_verified_and_fail_over() {
    let slapd = Slapd::start(&person(1, "ada", &ssha("secret ada"), ""));
    let (dn, password) = READER;
    let bind = format!("bind: {{ dn: '{dn}', password: '{password}' }}");
    let (plain, tls, ca) = (slapd.plain(), slapd.secure(), slapd.ca().display());
    let strangers = tempfile::tempdir().unwrap();
    let stranger = Authority::new().write(strangers.path());
    let wrong = format!("bind: {{ dn: '{dn}', password: wrong }}");
    for (directory, expected) in [
        (format!("{{ servers: [ '{tls}' ], ca: '{}', {bind} }}", stranger.display()), Outcome::LegacyUnavailable),
        (
            format!("{{ servers: [ '{plain}' ], start_tls: true, ca: '{}', {bind} }}", stranger.display()),
            Outcome::LegacyUnavailable,
        ),
        (format!("{{ servers: [ '{tls}' ], ca: '{ca}', {wrong} }}"), Outcome::LegacyUnavailable),
        (format!("{{ servers: [ '{tls}' ], ca: '{ca}' }}"), Outcome::LegacyUnavailable),
        (format!("{{ servers: [ '{plain}' ], start_tls: true, ca: '{ca}', {bind} }}"), Outcome::Migrated),
        (format!("{{ servers: [ 'ldaps://127.0.0.1:9', '{tls}' ], ca: '{ca}', {bind} }}"), Outcome::Migrated),
    ] {
        let service = Service::new(&directory).await;
        assert_eq!(service.login("ada", "secret ada").await, expected, "{directory}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs slapd; run tests/run"]
async fn connections_that_were_closed_meanwhile_are_replaced() {
    let people: Vec<String> =
        (0..20).map(|number| person(number, &format!("p{number}"), &ssha("secret"), "")).collect();
    let slapd = Slapd::start(&people.concat());
    let proxy = Proxy::to(slapd.secure().strip_prefix("ldaps://").unwrap().parse().unwrap());
    let (dn, password) = READER;
    let service = Service::new(&format!(
        "{{ servers: [ 'ldaps://{}' ], ca: '{}', bind: {{ dn: '{dn}', password: '{password}' }} }}",
        proxy.address,
        slapd.ca().display()
    ))
    .await;
    for number in 0..20 {
        assert_eq!(service.login(&format!("p{number}"), "secret").await, Outcome::Migrated, "{number}");
        assert_eq!(proxy.cut(), 1, "the connection that searches");
    }
}
