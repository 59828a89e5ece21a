//! Entries of Active Directory as records, through `rules/active-directory.yaml` as it is.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use landfall::adapters::ldap::LdapSource;
use landfall::formats::{Format, ReadOptions, open};
use landfall::ports::{Call, IdentifierProfile, PortError, PortErrorKind, Source as _};
use serde_json::{Value, json};

use super::service::Service;
use super::{controller, reader};
use crate::servers::samba::{SUFFIX, Samba};

/// The entry as a live source reads it.
async fn fetched(samba: &Samba, name: &str, attributes: &[&str]) -> Result<Value, PortError> {
    let (reader, password) = reader();
    let settings = json!({
        "directory": { "servers": [samba.secure()], "ca": samba.ca(), "bind": { "dn": reader, "password": password } },
        "search": { "base": SUFFIX, "filter": "(sAMAccountName={filter:identifier})" },
        "attributes": attributes,
    });
    let source = LdapSource::open(serde_json::from_value(settings).unwrap(), Path::new("")).unwrap();
    let identifier = IdentifierProfile::default().canonical(name).unwrap();
    let record = source.fetch(Call::outside_login("r1"), &identifier).await?.unwrap();
    Ok(serde_json::from_str(record.json()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Samba and root; run tests/run"]
async fn an_entry_is_the_record_of_its_ldif() {
    let samba = controller();
    for name in ["ada", "jörg.müller", "mia", "otto"] {
        let ldif = export(&samba, name);
        let mut records = open(Box::new(std::io::Cursor::new(ldif)), Format::Ldif, ReadOptions::default());
        let exported: Value = serde_json::from_str(&records.next().unwrap().unwrap().json).unwrap();
        assert_eq!(fetched(&samba, name, &["*"]).await.unwrap(), exported);
        for bytes in ["objectGUID", "objectSid"] {
            assert!(exported[bytes][0]["base64"].is_string(), "{exported}");
        }
    }
    let part = fetched(&samba, "ada", &["objectClass;range=0-1"]).await.unwrap_err();
    assert_eq!((part.kind(), part.is_about_one_record()), (PortErrorKind::BadResponse, true));
}

/// Seconds between 1601 and 1970.
const FILETIME_EPOCH: i64 = 11_644_473_600;

/// What an administrator exports of a user.
fn export(samba: &Samba, name: &str) -> String {
    let (reader, password) = reader();
    let filter = format!("(sAMAccountName={name})");
    let output = samba.search(Some((&reader, password)), SUFFIX, &[&filter]);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The value of an attribute in LDIF, as it is written there.
fn attribute<'l>(ldif: &'l str, name: &str) -> &'l str {
    let value = |line: &'l str| line.strip_prefix(name)?.strip_prefix(':');
    let found = ldif.lines().find_map(value).unwrap_or_else(|| panic!("no {name}"));
    found.trim_start_matches(':').trim()
}

/// The 16 bytes of a GUID as it is written: its first three groups are little-endian.
fn guid(base64: &str) -> String {
    let bytes = STANDARD.decode(base64).unwrap();
    let order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
    let digits: Vec<String> = order.iter().map(|at| format!("{:02x}", bytes[*at])).collect();
    let group = |from: usize, to: usize| digits[from..to].concat();
    [group(0, 4), group(4, 6), group(6, 8), group(8, 10), group(10, 16)].join("-")
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Samba and root; run tests/run"]
async fn a_user_becomes_the_same_account_as_from_an_export() {
    let samba = controller();
    for (name, password) in [("ada", "Harbour-Lamp-42"), ("jörg.müller", "Wïnter-Coat-88"), ("mia", "Old-Anchor-62")]
    {
        let ldif = export(&samba, name);
        let live = Service::with(&[&samba], |settings| {
            // an export knows nothing of groups within groups
            settings["source"].as_object_mut().unwrap().remove("groups");
        });
        assert_eq!(live.answer(name, password).await.0, 200, "{name}");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("export.ldif");
        std::fs::write(&file, &ldif).unwrap();
        let exported = Service::with(&[&samba], |settings| {
            let logins = ["$.sAMAccountName[0]", "$.userPrincipalName[0]", "$.mail[0]"];
            settings["source"] = json!({ "kind": "file", "name": "ad", "path": file, "logins": logins });
        });
        assert_eq!(exported.answer(name, password).await.0, 200, "{name}");
        let [from_live, from_export] = [&live, &exported].map(|service| {
            let mut account = service.account(name);
            for of_this_login in ["id", "created_at", "changed_at"] {
                account.as_object_mut().unwrap().remove(of_this_login).unwrap();
            }
            account
        });
        assert_eq!(from_live, from_export);
        let claims = &from_live["claims"];
        assert_eq!(claims["external_id"], json!(guid(attribute(&ldif, "objectGUID"))));
        assert_eq!(from_live["legacy_id"], claims["external_id"]);
        let filetime: i64 = attribute(&ldif, "pwdLastSet").parse().unwrap();
        match filetime {
            0 => assert_eq!(claims["must_change_password"], true),
            _ => assert_eq!(seconds(&claims["password_changed_at"]), filetime / 10_000_000 - FILETIME_EPOCH),
        }
        assert_eq!(claims["status"], "active", "{claims}");
    }
}

fn seconds(time: &Value) -> i64 {
    time.as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_second()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Samba and root; run tests/run"]
async fn groups_within_groups_are_found_and_the_primary_group_is_not() {
    let samba = controller();
    let service = Service::start(&[&samba]);
    assert_eq!(service.answer("ada", "Harbour-Lamp-42").await.0, 200);
    let account = service.account("ada");
    assert_eq!(account["claims"]["groups"], json!(["Engineers", "Staff"]), "{account}");
    assert_eq!(account["claims"]["username"], "ada");
    assert_eq!(account["claims"]["email"]["value"], "ada@shop.example.org");
    assert_eq!(account["claims"]["name"], json!({ "given": "Ada", "family": "Lovelace", "full": "Ada Lovelace" }));
    let ldif = export(&samba, "ada");
    assert_eq!(attribute(&ldif, "primaryGroupID"), "513", "Domain Users, of whom memberOf says nothing");
}

/// Everything that filters and distinguished names escape.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Samba and root; run tests/run"]
async fn a_name_full_of_special_characters_is_escaped() {
    let samba = controller();
    let dn = format!(r#"CN=\#M\C3\BCller\, \"Dr.\" (ext.)* \\2a\+\=\<1\>\ ,CN=Users,{SUFFIX}"#);
    let password: Vec<u8> = "\"Green-Door-17\"".encode_utf16().flat_map(u16::to_le_bytes).collect();
    samba.change(&format!(
        "dn:: {}\nobjectClass: user\nsAMAccountName: mueller\nuserAccountControl: 512\nunicodePwd:: {}\n",
        STANDARD.encode(dn),
        STANDARD.encode(password)
    ));
    samba.tool(&["group", "addmembers", "Engineers", "mueller"]);
    let service = Service::start(&[&samba]);
    assert_eq!(service.sign_in("mueller", "Green-Door-71").await, (401, "refused, wrong_password".to_owned()));
    assert_eq!(service.sign_in("mueller", "Green-Door-17").await, (200, "migrated".to_owned()));
    let account = service.account("mueller");
    assert_eq!(account["claims"]["groups"], json!(["Engineers", "Staff"]), "{account}");
    assert_eq!(account["claims"]["name"]["full"], r#"#Müller, "Dr." (ext.)* \2a+=<1>"#);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Samba and root; run tests/run"]
async fn users_who_share_a_name_are_not_told_apart_and_no_reference_is_followed() {
    let samba = controller();
    let (reader, password) = reader();
    let limited = ["-z", "2", "(mail=twins@shop.example.org)"];
    let output = samba.search(Some((&reader, password)), SUFFIX, &limited);
    let ldif = String::from_utf8(output.stdout).unwrap();
    assert_eq!(ldif.matches("sAMAccountName: t").count(), 3, "the limit of two is ignored: {ldif}");
    assert!(ldif.contains("# refldaps://ad.example.org/CN=Configuration"), "{ldif}");
    let service = Service::start(&[&samba]);
    let shared = service.sign_in("twins@shop.example.org", "Two-Twins-22").await;
    assert_eq!(shared, (401, "invalid_record, unreadable".to_owned()));
    // their own names lead to one of them, who does not own the address
    assert_eq!(service.sign_in("tim", "Two-Twins-22").await, (200, "migrated, login_left_out".to_owned()));
    assert_eq!(service.account("tim")["logins"], json!(["tim", "tim@ad.example.org"]));
    let again = service.sign_in("twins@shop.example.org", "Two-Twins-22").await;
    assert_eq!(again, (401, "invalid_record, unreadable".to_owned()));
}
