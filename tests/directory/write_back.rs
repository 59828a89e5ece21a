//! Entries of migrated customers in a real slapd.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use landfall::adapters::ldap::LdapWriteBack;
use landfall::adapters::registry::{WriteBackAdapter as _, WriteBackContext};
use landfall::ports::{Call, LegacyKey, LegacyWriter, MigratedCustomer, PortErrorKind, Written};
use tokio::time::Instant;

use super::openldap::{person, ssha};
use super::servers::slapd::{READER, Slapd, WRITER};

fn customer(id: &str) -> MigratedCustomer {
    let key = LegacyKey { source: "legacy".into(), id: id.into() };
    MigratedCustomer { key, at: Timestamp::UNIX_EPOCH, kept: [("mail".to_owned(), "p1@example.org".to_owned())].into() }
}

fn settings(slapd: &Slapd, (dn, password): (&str, &str), more: &str) -> LdapWriteBack {
    let yaml = format!(
        "directory: {{ servers: [ '{}' ], ca: '{}', bind: {{ dn: '{dn}', password: '{password}' }} }}\n{more}",
        slapd.secure(),
        slapd.ca().display()
    );
    serde_yaml::from_str(&yaml).expect(&yaml)
}

async fn writer(slapd: &Slapd, who: (&str, &str), more: &str) -> Arc<dyn LegacyWriter> {
    let context = WriteBackContext { name: "legacy", folder: Path::new("") };
    settings(slapd, who, more).open(context).await.unwrap()
}

fn call() -> Call<'static> {
    Call { deadline: Instant::now() + Duration::from_secs(5), request_id: "wb_1" }
}

async fn write(writer: &dyn LegacyWriter, id: &str) -> Result<Written, (PortErrorKind, bool)> {
    writer.write(call(), &customer(id)).await.map_err(|error| (error.kind(), error.is_temporary()))
}

const SEARCH: &str = "search: { base: 'ou=people,dc=example,dc=org', filter: '(uid={filter:id})' }\n";

/// The values of an attribute of an entry.
async fn values(slapd: &Slapd, number: usize, attribute: &str) -> Vec<String> {
    let (connection, mut ldap) = ldap3::LdapConnAsync::new(&slapd.plain()).await.unwrap();
    let driver = tokio::spawn(async move { drop(connection.drive().await) });
    ldap.simple_bind(READER.0, READER.1).await.unwrap();
    let filter = format!("(employeeNumber={number})");
    let base = "ou=people,dc=example,dc=org";
    let (found, _) = ldap.search(base, ldap3::Scope::Subtree, &filter, [attribute]).await.unwrap().success().unwrap();
    driver.abort();
    let Some(entry) = found.into_iter().next() else { return vec!["no entry".to_owned()] };
    ldap3::SearchEntry::construct(entry).attrs.remove(attribute).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs slapd; run tests/run"]
async fn an_entry_is_changed_or_nothing() {
    let hostile = ["*", ")(uid=*", "\\2a", "a,b"];
    let mut people = vec![person(1, "ada", &ssha("x"), "title: boss\n"), person(2, "bo", &ssha("x"), "")];
    people.extend(hostile.iter().zip(3..).map(|(uid, number)| person(number, uid, &ssha("x"), "")));
    let slapd = Slapd::start(&people.concat());
    let modify = format!("{SEARCH}modify: {{ employeeType: migrated, title: [] }}\n");
    let marks = writer(&slapd, WRITER, &modify).await;
    marks.rehearse(call(), &customer("ada")).await.unwrap();
    assert_eq!(values(&slapd, 1, "employeeType").await, [""; 0]);
    for _ in 0..2 {
        assert_eq!(write(&*marks, "ada").await, Ok(Written::Done), "the same twice");
        assert_eq!(values(&slapd, 1, "employeeType").await, ["migrated"]);
        assert_eq!(values(&slapd, 1, "title").await, [""; 0]);
    }
    for (uid, number) in hostile.iter().zip(3..) {
        assert_eq!(write(&*marks, uid).await, Ok(Written::Done), "{uid}");
        assert_eq!(values(&slapd, number, "employeeType").await, ["migrated"], "{uid}");
    }
    assert_eq!(values(&slapd, 2, "employeeType").await, [""; 0], "nobody else");
    for unknown in ["nobody", "a*", "bo)(uid=*"] {
        assert_eq!(write(&*marks, unknown).await, Ok(Written::Gone), "{unknown}");
    }
    let by_name =
        "search: { base: 'mail={dn:mail},ou=people,dc=example,dc=org', filter: '(uid={filter:id})', scope: base }\n";
    let by_name = writer(&slapd, WRITER, &format!("{by_name}delete: true\n")).await;
    assert_eq!(write(&*by_name, "ada").await, Ok(Written::Gone), "no entry has that name");
    let deletes = writer(&slapd, WRITER, &format!("{SEARCH}delete: true\n")).await;
    assert_eq!(write(&*deletes, "ada").await, Ok(Written::Done));
    assert_eq!(write(&*deletes, "ada").await, Ok(Written::Gone));
    assert_eq!(values(&slapd, 1, "uid").await, ["no entry"]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs slapd; run tests/run"]
async fn refusals_of_a_directory_are_final_and_outages_are_not() {
    let twins =
        [person(1, "ada", &ssha("x"), ""), person(2, "twin", &ssha("x"), ""), person(3, "twin", &ssha("x"), "")];
    let slapd = Slapd::start(&twins.concat());
    let modify = format!("{SEARCH}modify: {{ employeeType: migrated }}\n");
    let marks = writer(&slapd, WRITER, &modify).await;
    assert_eq!(write(&*marks, "twin").await, Err((PortErrorKind::BadResponse, false)), "two entries");
    let reader = writer(&slapd, READER, &modify).await;
    assert_eq!(write(&*reader, "ada").await, Err((PortErrorKind::Denied, false)));
    for wrong in ["modify: { sn: [] }", "modify: { noSuchAttribute: x }", "modify: { objectClass: device }"] {
        let writer = writer(&slapd, WRITER, &format!("{SEARCH}{wrong}\n")).await;
        assert_eq!(write(&*writer, "ada").await, Err((PortErrorKind::Conflict, false)), "{wrong}");
    }
    let parent = "search: { base: 'dc=example,dc=org', filter: '(ou={filter:id})', scope: one }\ndelete: true\n";
    let parent = writer(&slapd, WRITER, parent).await;
    assert_eq!(write(&*parent, "people").await, Err((PortErrorKind::Conflict, false)), "it has entries below it");
    let stranger = writer(&slapd, (WRITER.0, "wrong"), &modify).await;
    assert!(matches!(write(&*stranger, "ada").await, Err((_, true))), "a password that is being changed");
    slapd.stop();
    assert!(matches!(write(&*marks, "ada").await, Err((_, true))));
    slapd.serve();
    assert_eq!(write(&*marks, "ada").await, Ok(Written::Done));
    let settings = settings(&slapd, WRITER, &modify);
    let trial = settings.connect(WriteBackContext { name: "legacy", folder: Path::new("") }).await;
    assert!(trial.summary.is_some() && trial.findings.is_empty(), "{trial:?}");
}
