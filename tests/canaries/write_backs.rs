//! Legacy systems that are told of migrated customers, and repeat what they were told.

use std::sync::Arc;

use super::canary::Kind;
use super::directory::{Directory, Entry, Mood as DirectoryMood};
use super::house::House;
use super::legacy::{Legacy, MOODS, Mood, Person};
use super::receiver::Receiver;
use super::running::until;
use super::scan::Scanner;
use super::trace::Trace;
use super::visitor::Visitor;

/// Waits until so many customers were written back, after those that were refused are tried again.
async fn written(house: &House, visitor: &Visitor, count: usize) -> Vec<Trace> {
    let listed = house.command(&["write-back", "list"], &[Kind::LegacyId]);
    let tried_again = house.command(&["write-back", "retry"], &[]);
    let line = format!("landfall_write_backs_total{{source=\"shop\",result=\"written\"}} {count}\n");
    until(&line, async || visitor.get("/metrics").await.1.contains(&line).then_some(())).await;
    vec![listed, tried_again]
}

/// The secrets with this in their names reached the legacy system; otherwise they could not have leaked.
fn assert_was_sent(house: &House, heard: &[u8], part: &str) {
    let sent = Scanner::new(&house.aviary).scan(heard, &[]);
    let mut secrets = house.aviary.canaries.iter().filter(|canary| canary.name.contains(part)).peekable();
    assert!(secrets.peek().is_some(), "there is no {part}");
    for canary in secrets {
        assert!(sent.iter().any(|hit| hit.canary == canary.name), "{} was not sent", canary.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_apis_that_are_told_leak_no_secrets() {
    let (receiver, mut house) = (Receiver::start().await, House::new());
    let mut legacy = Legacy::default();
    legacy.access_token = house.aviary.token("the access token");
    let mut people: Vec<Person> =
        (0..=MOODS.len()).map(|number| Person::new(&mut house.aviary, &format!("shop{number}"), "fine")).collect();
    legacy.people = people.iter().map(|person| (person.login.clone(), person.clone())).collect();
    let legacy = Arc::new(legacy);
    let url = format!("http://{}", legacy.serve().await);
    house.rules("shop", "credential: { source: shop }\n");
    let [reads, asks, client] = ["token of the source", "token of the verifier", "client secret of the write-back"]
        .map(|secret| house.aviary.token(secret));
    let [key, header] = ["parameter of the write-back", "header of the write-back"].map(|it| house.aviary.token(it));
    house.configure(
        &format!(
            "rules: shop.yaml
source:
  kind: http
  name: shop
  server: {{ url: '{url}', allow: [ 127.0.0.1 ], auth: {{ kind: bearer, token: '{reads}' }} }}
  record: {{ path: /record, query: {{ login: '{{identifier}}' }} }}
  none_when: [ {{ status: 404 }} ]
verifiers:
  shop:
    kind: http
    server: {{ url: '{url}', allow: [ 127.0.0.1 ], auth: {{ kind: bearer, token: '{asks}' }} }}
    request: {{ path: /verify, body: {{ json: {{ login: '{{identifier}}', password: '{{password}}' }} }} }}
    verified_when: [ {{ status: 200, body: {{ $.ok: true }} }} ]
    mismatch_when: [ {{ status: 401, body: {{ $.error: wrong }} }} ]
    subject: {{ answer: $.id, record: $.id }}
write_back:
  to:
    kind: http
    server:
      url: '{url}'
      allow: [ 127.0.0.1 ]
      auth: {{ kind: oauth, token_url: /token, client_id: landfall, client_secret: '{client}' }}
    params: {{ key: '{key}', header: '{header}' }}
    request:
      path: /written
      query: {{ id: '{{id}}', key: '{{param.key}}' }}
      headers: {{ X-Shop-Token: '{{param.header}}' }}
      body: {{ json: {{ id: '{{id}}' }} }}
    done_when: [ {{ status: 200, body: {{ $.written: true }} }} ]
"
        ),
        &receiver.base,
    );
    let (server, visitor) = house.start();
    let wrong = house.aviary.password("a wrong password");
    let last = people.pop().unwrap();
    assert_eq!(visitor.login(&last.login, &wrong).await.0, 401);
    legacy.set("/verify", Mood::Told(500, "text/plain"));
    assert_eq!(visitor.login(&last.login, &last.password).await.0, 503);
    for (mood, person) in MOODS.into_iter().zip(&people) {
        legacy.set("/written", mood);
        let before = legacy.moody();
        assert_eq!(visitor.login(&person.login, &person.password).await.0, 200, "{mood:?}");
        until(&format!("{mood:?}"), async || (legacy.moody() > before).then_some(())).await;
    }
    legacy.set("/token", Mood::Told(400, "application/json"));
    let before = legacy.moody();
    assert_eq!(visitor.login(&last.login, &last.password).await.0, 200);
    until("a refused token", async || (legacy.moody() > before).then_some(())).await;
    let mut traces = vec![house.command(&["check", "--config", "landfall.yaml", "--connect"], &[])];
    legacy.calm();
    traces.extend(written(&house, &visitor, people.len() + 1).await);
    assert_was_sent(&house, &legacy.heard(), "of the write-back");
    traces.push(Trace::of("the events", receiver.received(), &[]));
    house.search(server, visitor, traces).await;
}

/// Results of a change that is refused, or fails.
const CODES: [u8; 13] = [1, 2, 8, 10, 16, 19, 20, 21, 50, 51, 53, 65, 80];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_that_is_told_leaks_no_secrets() {
    let (receiver, mut house) = (Receiver::start().await, House::new());
    let [reads, writes] = ["the password of the reader", "the password of the writer"].map(|it| house.aviary.token(it));
    let mut entries: Vec<Entry> =
        (0..=CODES.len()).map(|number| Entry::new(&mut house.aviary, &format!("told{number}"))).collect();
    let account = "cn=landfall,dc=services";
    let directory = Directory::start(account, entries.clone());
    let address = format!("servers: [ 'ldap://{}' ]", directory.address);
    let bound = |password: &str| format!("{{ {address}, bind: {{ dn: '{account}', password: '{password}' }} }}");
    house.write("shop.yaml", &super::directories::RULES.replace("name: directory", "name: shop"));
    house.configure(
        &format!(
            "rules: shop.yaml
source:
  kind: ldap
  name: shop
  directory: {}
  search: {{ base: 'dc=example,dc=org', filter: '(mail={{filter:identifier}})' }}
verifiers: {{ directory: {{ kind: ldap, directory: {{ {address} }} }} }}
write_back:
  to:
    kind: ldap
    directory: {}
    search: {{ base: 'dc=example,dc=org', filter: '(employeeNumber={{filter:id}})' }}
    modify: {{ employeeType: migrated }}
",
            bound(&reads),
            bound(&writes)
        ),
        &receiver.base,
    );
    let (server, visitor) = house.start();
    let wrong = house.aviary.password("a wrong password");
    let last = entries.pop().unwrap();
    assert_eq!(visitor.login(&last.mail, &wrong).await.0, 401);
    directory.set(DirectoryMood::Bind(80));
    assert_eq!(visitor.login(&last.mail, &last.password).await.0, 503);
    for (code, entry) in CODES.into_iter().zip(&entries) {
        directory.set(DirectoryMood::Modify(code));
        assert_eq!(visitor.login(&entry.mail, &entry.password).await.0, 200, "{code}");
        until(&format!("{code}"), async || (directory.moody() > 0).then_some(())).await;
    }
    let mut traces = vec![house.command(&["check", "--config", "landfall.yaml", "--connect"], &[])];
    directory.set(DirectoryMood::Right);
    traces.extend(written(&house, &visitor, entries.len()).await);
    assert_was_sent(&house, &directory.heard(), "the password of the writer");
    traces.push(Trace::of("the events", receiver.received(), &[]));
    house.search(server, visitor, traces).await;
}
