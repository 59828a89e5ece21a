//! Ten thousand hostile identifiers in the filters and names of a real directory: the literal entry, or nobody.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt as _;
use landfall::ports::IdentifierProfile;

use super::generator::hostile;
use super::house::{Caller, House};
use super::running::Running;
use super::servers::slapd::{READER, Slapd};

const NUMBER: usize = 10_000;

const RULES: &str = "\
landfall: 1
name: directory
schema: standard
verifiers: [ directory ]
identify: { id: '$.employeeNumber[0]', logins: [ $.uid ] }
account:
  external_id: '$.employeeNumber[0]'
  username: { from: '$.uid[0]', on_error: reject }
credential: { source: directory }
";

/// An entry whose name and whose `uid` are this text.
fn entry(number: usize, uid: &str) -> String {
    let escaped = uid.bytes().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "\\{byte:02x}");
        out
    });
    let dn = STANDARD.encode(format!("uid={escaped},ou=people,dc=example,dc=org"));
    let uid = STANDARD.encode(uid);
    format!(
        "dn:: {dn}\nobjectClass: inetOrgPerson\nuid:: {uid}\ncn: p\nsn: p\nemployeeNumber: {number}\n\
         userPassword: right\n\n"
    )
}

fn canonical(text: &str) -> Option<String> {
    IdentifierProfile::default().canonical(text).ok().map(|found| found.canonical().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs slapd; run tests/run"]
async fn ten_thousand_identifiers_find_the_literal_entry_or_nobody() {
    let texts = hostile(NUMBER);
    // every twentieth identifier is the name of somebody
    let mut known = BTreeSet::new();
    let people: String = texts
        .iter()
        .filter(|text| text.len() < 100)
        .filter_map(|text| canonical(text))
        .step_by(20)
        .enumerate()
        .filter(|(_, name)| known.insert(name.clone()))
        .map(|(number, name)| entry(number, &name))
        .collect();
    assert!(known.len() > 50, "{} entries", known.len());
    let slapd = Slapd::start(&people);
    let (dn, password) = READER;
    let directory = format!("{{ servers: [ '{}' ], bind: {{ dn: '{dn}', password: '{password}' }} }}", slapd.plain());
    for search in [
        "{ base: 'ou=people,dc=example,dc=org', filter: '(|(uid={filter:identifier})(mail={filter:typed}))' }",
        "{ base: 'uid={dn:identifier},ou=people,dc=example,dc=org', filter: '(objectClass=*)', scope: base }",
    ] {
        let house = House::new(&format!(
            "rules: shop.yaml\nsource: {{ kind: ldap, directory: {directory}, search: {search}, connections: 16 }}\n\
             verifiers: {{ directory: {{ kind: ldap, directory: {directory} }} }}\n"
        ));
        house.write("shop.yaml", RULES);
        let running = Running::start(house.folder.path(), &[]);
        let caller = Caller::new(&running);
        let (caller, known) = (&caller, &known);
        let all = futures_util::stream::iter(&texts).map(|text| async move {
            let is_known = canonical(text).is_some_and(|name| known.contains(&name));
            let status = caller.login(text, "right").await;
            (status, is_known, text)
        });
        let all: Vec<_> = all.buffer_unordered(64).collect().await;
        let strangers = all.iter().filter(|(status, is_known, _)| *status == 200 && !is_known);
        assert_eq!(strangers.collect::<Vec<_>>(), Vec::<&(u16, bool, &String)>::new(), "{search}");
        let lost = all.iter().filter(|(status, is_known, _)| *status != 200 && (*is_known || *status != 401));
        assert_eq!(lost.collect::<Vec<_>>(), Vec::<&(u16, bool, &String)>::new(), "{search}");
    }
}
