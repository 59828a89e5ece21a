//! Directories: a proxy in front of slapd, and servers that answer in its place.

use std::fmt::Write as _;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha1::{Digest as _, Sha1};

use crate::expected::{Adapter, FAULTS, Fault};
use crate::servers::proxy::Serve;
use crate::servers::slapd::{READER, Slapd};
use crate::service::{Service, name, password};
use crate::stage::Stage;
use crate::wire::{Bad, HUGE, OTHER_PROTOCOL, Wire, bytes_without_end};

/// How many customers the directory has.
const CUSTOMERS: usize = 600;

/// Rules for entries, and for the same in an export.
const RULES: &str = "\
landfall: 1
name: directory
target: standard
verifiers: [ directory ]
identify: { id: '$.uid[0]', logins: [ '$.uid[0]' ] }
account: { external_id: '$.uid[0]', username: '$.uid[0]' }
credential: { source: directory }
";

/// The tag of an operation.
const BIND: u8 = 0x60;
const BIND_ANSWER: u8 = 0x61;
const UNBIND: u8 = 0x42;
const ENTRY: u8 = 0x64;
const DONE: u8 = 0x65;
const REFERENCE: u8 = 0x73;

static SLAPD: LazyLock<Slapd> = LazyLock::new(|| Slapd::start(&(0..CUSTOMERS).map(person).collect::<String>()));

fn dn(name: &str) -> String {
    format!("uid={name},ou=people,dc=example,dc=org")
}

fn person(number: usize) -> String {
    let name = name(number);
    let mut hash = Sha1::new().chain_update(password(&name)).chain_update(b"salt").finalize().to_vec();
    hash.extend_from_slice(b"salt");
    let mut out = format!("dn: {}\nobjectClass: inetOrgPerson\nuid: {name}\ncn: {name}\nsn: Person\n", dn(&name));
    writeln!(out, "userPassword: {{SSHA}}{}\n", STANDARD.encode(hash)).unwrap();
    out
}

/// Plays all faults of a directory that has this role. Those of TLS have a service of their own.
pub async fn play(adapter: Adapter) {
    let bad = Arc::new(Bad::new());
    let ca = std::fs::read_to_string(SLAPD.ca()).expect("a certificate") + &bad.authority;
    let [plain, secure] = [SLAPD.plain(), SLAPD.secure()].map(|url| Wire::to(&url));
    let (mut over_plain, mut over_tls) = tokio::join!(
        Stage::new(adapter, service(adapter, &format!("ldap://{}", plain.proxy.address), &ca)),
        Stage::new(adapter, service(adapter, &format!("ldaps://{}", secure.proxy.address), &ca)),
    );
    let of_bytes = async {
        for fault in FAULTS.into_iter().filter(|fault| fault.tls().is_none()) {
            let serve = || served(adapter, fault);
            over_plain.play(fault, || plain.inject(fault, serve), || plain.proxy.heal()).await;
        }
        over_plain.end();
    };
    let of_tls = async {
        for fault in FAULTS {
            let Some(tls) = fault.tls() else { continue };
            let serve =
                bad.server(tls, |_| Ok(()), |stream| stream.write_all(&message(&[0], 0x78, &result(52, b"", &[]))));
            over_tls.play(fault, || secure.proxy.instead(serve), || secure.proxy.heal()).await;
        }
        over_tls.end();
    };
    tokio::join!(of_bytes, of_tls);
}

/// The directory that does not get the faults verifies the customers of a source, and has the records for a verifier.
fn service(adapter: Adapter, faulty: &str, ca: &str) -> Service {
    let (account, secret) = READER;
    let directory = |server: &str| {
        format!("{{ servers: [ '{server}' ], ca: ca.pem, bind: {{ dn: '{account}', password: '{secret}' }} }}")
    };
    let verifier = |server: &str| {
        let directory = directory(server);
        format!("verifiers: {{ directory: {{ kind: ldap, directory: {directory} }} }}\n")
    };
    let settings = if adapter == Adapter::LdapSource {
        format!(
            "source: {{ name: shop, kind: ldap, directory: {}, search: {{ base: 'ou=people,dc=example,dc=org', \
             filter: '(uid={{filter:identifier}})' }} }}\n{}",
            directory(faulty),
            verifier(&SLAPD.secure())
        )
    } else {
        let source = "source: { name: shop, kind: file, path: export.ndjson, logins: [ '$.uid[0]' ] }\n";
        format!("{source}{}", verifier(faulty))
    };
    let record = |number| json!({ "dn": dn(&name(number)), "uid": [name(number)] });
    let export: String = (0..CUSTOMERS).map(|number| format!("{}\n", record(number))).collect();
    let files = [("rules.yaml", RULES), ("export.ndjson", &export), ("ca.pem", ca)];
    Service::start(&files, &format!("rules: rules.yaml\n{settings}"))
}

/// What answers in place of the directory: to the bind of a customer, or to a search after the bind of the account.
fn served(adapter: Adapter, fault: Fault) -> Arc<Serve> {
    let (asked, tag) = if adapter == Adapter::LdapSource { (0x63, DONE) } else { (BIND, BIND_ANSWER) };
    Arc::new(move |mut stream| {
        if fault == Fault::OtherProtocol {
            let _ = stream.write_all(OTHER_PROTOCOL);
        }
        while let Ok((id, operation)) = request(&mut stream) {
            let answered = match operation {
                UNBIND => return,
                operation if operation == asked => answer(&mut stream, fault, &id, tag),
                _ => stream.write_all(&message(&id, BIND_ANSWER, &result(0, b"", &[]))),
            };
            if answered.is_err() {
                return;
            }
        }
    })
}

fn answer(stream: &mut TcpStream, fault: Fault, id: &[u8], tag: u8) -> io::Result<()> {
    let fails = |code, text: &[u8], more: &[u8]| message(id, tag, &result(code, text, more));
    match fault {
        Fault::Broken => stream.write_all(&fails(80, b"", &[])),
        Fault::Unavailable => stream.write_all(&fails(52, b"", &[])),
        Fault::Busy => stream.write_all(&fails(51, b"", &[])),
        Fault::Redirect => stream.write_all(&fails(10, b"", &element(0xa3, &element(4, b"ldap://127.0.0.1:9/")))),
        Fault::Malformed => stream.write_all(&element(0x30, &[2, 1, 1, tag, 5, 0x0a, 1, 0, 4, 9])),
        Fault::Deep => stream.write_all(&message(id, ENTRY, &nested())),
        // the words of a directory that was installed in the nineties
        Fault::Charset => stream.write_all(&fails(49, b"Ung\xfcltig", &[])),
        Fault::Huge => {
            let tag = if tag == DONE { ENTRY } else { tag };
            stream.write_all(&[&[0x30, 0x84][..], &HUGE.to_be_bytes(), &element(2, id), &[tag, 0x84]].concat())?;
            stream.write_all(&(HUGE - 20).to_be_bytes())?;
            bytes_without_end(stream, &[b'x'; 64 * 1024])
        }
        Fault::Endless => {
            let reference = message(id, REFERENCE, &element(4, b"ldap://127.0.0.1:9/ou=elsewhere,dc=example,dc=org"));
            // nobody has asked for the second one
            let elsewhere = message(&[100], tag, &result(0, b"", &[]));
            bytes_without_end(stream, &if tag == DONE { reference } else { elsewhere }.repeat(1000))
        }
        _ => stream.write_all(OTHER_PROTOCOL),
    }
}

/// The number of a message, and the tag of its operation.
fn request(stream: &mut TcpStream) -> io::Result<(Vec<u8>, u8)> {
    let mut begin = [0; 2];
    stream.read_exact(&mut begin)?;
    let mut more = vec![0; usize::from(begin[1].saturating_sub(0x80))];
    stream.read_exact(&mut more)?;
    let length = more.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
    let mut contents = vec![0; if more.is_empty() { usize::from(begin[1]) } else { length }];
    stream.read_exact(&mut contents)?;
    let end = 2 + usize::from(contents[1]);
    Ok((contents[2..end].to_vec(), contents[end]))
}

fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = u32::try_from(contents.len()).expect("a length").to_be_bytes();
    [&[tag, 0x84][..], &length, contents].concat()
}

fn message(id: &[u8], tag: u8, contents: &[u8]) -> Vec<u8> {
    element(0x30, &[element(2, id), element(tag, contents)].concat())
}

fn result(code: u8, text: &[u8], more: &[u8]) -> Vec<u8> {
    [element(0x0a, &[code]), element(4, b""), element(4, text), more.to_vec()].concat()
}

/// Tens of thousands of sequences in each other, in a message that is not too large by itself.
fn nested() -> Vec<u8> {
    let (mut begin, mut inner) = (Vec::new(), 150_000_u32);
    while inner > 6 {
        begin.extend_from_slice(&[&[0x30, 0x84][..], &(inner - 6).to_be_bytes()].concat());
        inner -= 6;
    }
    begin
}
