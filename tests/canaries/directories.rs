//! Directories as sources and verifiers: one that tells everything, and a real one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::canary::Kind;
use super::directory::{Directory, Entry, Mood};
use super::house::House;
use super::receiver::Receiver;
use super::servers::slapd::{READER, Slapd};
use super::trace::Trace;

pub const RULES: &str = "\
landfall: 1
name: directory
schema: standard
identify: { id: '$.employeeNumber[0]', logins: [ '$.mail[0]' ] }
account:
  external_id: '$.employeeNumber[0]'
  email.value: { from: '$.mail[0]', do: [ email ], on_error: reject }
  email.verified: true
  name.full: { from: '$.cn[0]', do: [ squish ] }
credential: { source: directory }
";

/// The settings of a directory as a source and as a verifier, and of the same one with a wrong password.
fn systems(house: &mut House, directory: &str, account: &str, password: &str) -> String {
    house.write("directory.yaml", RULES);
    house.write("locked.yaml", &RULES.replace("name: directory", "name: locked"));
    let wrong = house.aviary.token("the wrong password of the bind account");
    let source = |name: &str, password: &str| {
        format!(
            "{{ kind: ldap, name: {name}, directory: {{ {directory}, bind: {{ dn: '{account}', \
             password: '{password}' }} }}, search: {{ base: 'dc=example,dc=org', filter: '(mail={{filter:identifier}})' }} }}"
        )
    };
    format!(
        "rules: directory.yaml\nsource: {}\ndomains: [ directory.example ]\nmore_sources:\n  - {{ rules: locked.yaml, \
         source: {}, domains: [ locked.example ] }}\n\
         verifiers: {{ directory: {{ kind: ldap, directory: {{ {directory} }} }} }}\n",
        source("directory", password),
        source("locked", &wrong)
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_that_tells_everything_leaks_no_secrets() {
    let (receiver, mut house) = (Receiver::start().await, House::new());
    let password = house.aviary.token("the password of the bind account");
    let entries: Vec<Entry> =
        ["fine", "visited"].map(|state| Entry::new(&mut house.aviary, state)).into_iter().collect();
    let directory = Directory::start("cn=landfall,dc=services", entries.clone());
    let address = format!("servers: [ 'ldap://{}' ]", directory.address);
    let settings = systems(&mut house, &address, "cn=landfall,dc=services", &password);
    house.configure(&settings, &receiver.base);
    let (server, visitor) = house.start();
    let wrong = house.aviary.password("a wrong password");
    let (fine, visited) = (&entries[0], &entries[1]);
    assert_eq!(visitor.login(&fine.mail, &wrong).await.0, 401);
    assert_eq!(visitor.login(&fine.mail, &fine.password).await.0, 200);
    let stranger = format!("{}@directory.example", house.aviary.word(Kind::Login, "a stranger"));
    assert_eq!(visitor.login(&stranger, &wrong).await.0, 401);
    let mut traces = Vec::new();
    let binds = [1, 2, 8, 10, 32, 34, 49, 50, 51, 53, 80].map(Mood::Bind);
    let accounts = [1, 8, 49, 50, 53].map(Mood::Account);
    let searches = [1, 3, 4, 10, 11, 32, 50, 53, 80].map(Mood::Search);
    let moods = binds.into_iter().chain(searches).chain([Mood::Reference, Mood::Notice, Mood::Garbage]);
    for mood in moods.chain(accounts) {
        directory.set(mood);
        for password in [&visited.password, &wrong] {
            let (status, _) = visitor.login(&visited.mail, password).await;
            // connections that search are kept, so that a refused account shows only in the trial
            assert!(matches!(status, 401 | 503) || matches!(mood, Mood::Account(_)), "{mood:?}: {status}");
        }
        traces.push(house.command(&["check", "--config", "landfall.yaml", "--connect"], &[]));
        assert!(directory.moody() > 0, "{mood:?} did not happen");
    }
    directory.set(Mood::Right);
    let heard = directory.heard();
    for sent in [&password, &wrong, &visited.password] {
        assert!(memchr::memmem::find(&heard, sent.as_bytes()).is_some(), "{sent} was not sent");
    }
    traces.push(Trace::of("the events", receiver.received(), &[]));
    house.search(server, visitor, traces).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs slapd; run tests/run"]
async fn slapd_leaks_no_secrets() {
    let (receiver, mut house) = (Receiver::start().await, House::new());
    house.aviary.add(Kind::Secret, "the password of the reader", READER.1);
    let states = [("fine", ""), ("locked", "pwdAccountLockedTime: 000001010000Z\n"), ("visited", "")];
    let (mut people, mut ldif) = (Vec::new(), String::new());
    for (number, (state, more)) in states.into_iter().enumerate() {
        let login = format!("{}@directory.example", house.aviary.word(Kind::Login, &format!("the {state} mail")));
        let password = house.aviary.password(&format!("the password of the {state} entry"));
        let name = house.aviary.word(Kind::Personal, &format!("the {state} name"));
        let id = house.aviary.word(Kind::LegacyId, &format!("the {state} number"));
        ldif += &format!(
            "dn: uid=u{number},ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: u{number}\ncn: {name}\n\
             sn: {name}\nmail: {login}\nemployeeNumber: {id}\nuserPassword:: {}\n{more}\n",
            STANDARD.encode(&password)
        );
        people.push((state, login, password));
    }
    let slapd = Slapd::start(&ldif);
    let address = format!("servers: [ '{}' ], ca: '{}'", slapd.secure(), slapd.ca().display());
    let settings = systems(&mut house, &address, READER.0, READER.1);
    house.configure(&settings, &receiver.base);
    let (server, visitor) = house.start();
    let wrong = house.aviary.password("a wrong password");
    for (state, login, password) in people.iter().filter(|(state, ..)| *state != "visited") {
        assert_eq!(visitor.login(login, &wrong).await.0, 401, "{state}");
        assert_eq!(visitor.login(login, password).await.0, if *state == "fine" { 200 } else { 401 }, "{state}");
    }
    let locked = people[2].1.replace("directory.example", "locked.example");
    assert_eq!(visitor.login(&locked, &wrong).await.0, 503);
    let mut traces = vec![house.command(&["check", "--config", "landfall.yaml", "--connect"], &[])];
    slapd.stop();
    assert_eq!(visitor.login(&people[2].1, &people[2].2).await.0, 503);
    traces.push(Trace::of("the events", receiver.received(), &[]));
    house.search(server, visitor, traces).await;
}
