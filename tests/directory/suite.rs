//! The behaviour of every source, over real directories.

use std::fmt::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use landfall::adapters::ldap::{LdapSettings, LdapSource};
use landfall::ports;
use serde_json::{Value, json};

use crate::samba::{controller, reader};
use crate::servers::samba::SUFFIX;
use crate::servers::slapd::{READER, Slapd};

#[path = "../../src/adapters/suites/source/cases.rs"]
mod cases;

/// The record limit.
const LIMIT: usize = 64 * 1024;

fn source(settings: Value) -> LdapSource {
    let settings = LdapSettings { record_limit: LIMIT, ..serde_json::from_value(settings).unwrap() };
    LdapSource::open(settings, Path::new("")).unwrap()
}

/// Lines of LDIF for values of any text.
fn lines(attributes: &[(&str, String)]) -> String {
    let filled = attributes.iter().filter(|(_, value)| !value.is_empty());
    filled.fold(String::new(), |mut lines, (name, value)| {
        writeln!(lines, "{name}:: {}", STANDARD.encode(value)).unwrap();
        lines
    })
}

#[tokio::test]
#[ignore = "needs slapd; run tests/run"]
async fn slapd_passes() {
    let entry = |(at, [login, email, mark]): (usize, [String; 3])| {
        let filler = cases::filler(&login, LIMIT);
        let values = lines(&[("uid", login), ("mail", email), ("description", mark), ("street", filler)]);
        format!("dn: cn={at},ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\ncn: {at}\nsn: {at}\n{values}\n")
    };
    let slapd = Slapd::start(&cases::customers().into_iter().enumerate().map(entry).collect::<String>());
    let source = source(json!({
        "directory": {
            "servers": [slapd.secure()], "ca": slapd.ca(), "bind": { "dn": READER.0, "password": READER.1 },
        },
        "search": {
            "base": "ou=people,dc=example,dc=org", "filter": "(|(uid={filter:identifier})(mail={filter:identifier}))",
        },
    }));
    cases::check_behaviour("slapd", &source).await;
}

/// `sAMAccountName` allows few characters and no twins, so that `info` has the logins.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Samba and root; run tests/run"]
async fn samba_passes() {
    let entry = |(at, [login, email, mark]): (usize, [String; 3])| {
        let photo = cases::filler(&login, LIMIT);
        let values = lines(&[("info", login), ("mail", email), ("description", mark), ("thumbnailPhoto", photo)]);
        format!("dn: CN=c{at},CN=Users,{SUFFIX}\nobjectClass: user\nsAMAccountName: c{at}\n{values}\n")
    };
    let samba = controller();
    samba.change(&cases::customers().into_iter().enumerate().map(entry).collect::<String>());
    let (reader, password) = reader();
    let source = source(json!({
        "directory": {
            "servers": [samba.secure()], "ca": samba.ca(), "bind": { "dn": reader, "password": password },
        },
        "search": { "base": SUFFIX, "filter": "(|(info={filter:identifier})(mail={filter:identifier}))" },
    }));
    cases::check_behaviour("samba", &source).await;
}
