//! What becomes of logins, and of the answers that a domain controller gives to a bind.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::service::Service;
use super::{LOCKOUT, controller, people, reader, upn};
use crate::servers::samba::{SUFFIX, Samba};

fn is(status: u16, outcome: &str) -> (u16, String) {
    (status, outcome.to_owned())
}

/// The sub-code with which a domain controller refuses a bind; empty if it does not.
fn sub_code(samba: &Samba, user: &str, password: &str) -> String {
    let output = samba.search(Some((&upn(user), password)), "", &["-s", "base"]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        return String::new();
    }
    let found = error.split_once("AcceptSecurityContext error, data ").map(|(_, rest)| rest.split(',').next());
    found.flatten().unwrap_or_else(|| panic!("{error}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Samba and root; run tests/run"]
async fn customers_sign_in_by_every_name_and_again_without_the_domain() {
    let samba = controller();
    let service = Service::start(&[&samba]);
    assert_eq!(service.sign_in("ada", "Harbour-Lamp-41").await, is(401, "refused, wrong_password"));
    assert_eq!(service.sign_in("nobody", "Harbour-Lamp-42").await, is(401, "refused, unknown"));
    // the name of the entry, and what is no login in the filter
    for unknown in ["ADX\\ada", "Ada Lovelace", "ada@ad.example.org", "landfall-*", "a*"] {
        assert_eq!(service.sign_in(unknown, "Harbour-Lamp-42").await.0, 401, "{unknown}");
    }
    assert_eq!(service.accounts(), "");
    for (login, password) in [
        ("ada@shop.example.org", "Harbour-Lamp-42"),
        ("BO@AD.Example.org", "Copper-Kettle-5"),
        ("JÖRG.müller", "Wïnter-Coat-88"),
    ] {
        assert_eq!(service.sign_in(login, password).await, is(200, "migrated"), "{login}");
    }
    samba.stop();
    for (login, password) in [
        ("ada", "Harbour-Lamp-42"),
        ("A.Lovelace@ad.example.org", "Harbour-Lamp-42"),
        ("ada@shop.example.org", "Harbour-Lamp-42"),
        ("bo", "Copper-Kettle-5"),
        ("jörg.müller@ad.example.org", "Wïnter-Coat-88"),
    ] {
        assert_eq!(service.sign_in(login, password).await, is(200, "authenticated"), "{login}");
    }
    assert_eq!(service.sign_in("ada", "wrong").await, is(401, "refused, wrong_password_at_target"));
    assert_eq!(service.sign_in("tim", "Two-Twins-22").await.0, 503);
    assert_eq!(service.accounts().lines().count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Samba and root; run tests/run"]
async fn every_sub_code_has_its_outcome() {
    let samba = controller();
    // nora may sign in at no hour, willi on one machine
    let never = STANDARD.encode([0; 21]);
    for (name, attribute, value) in
        [("nora", "logonHours", format!(": {never}")), ("willi", "userWorkstations", " PC7".to_owned())]
    {
        let entry = format!("dn: CN={name},CN=Users,{SUFFIX}");
        samba.change(&format!("{entry}\nchangetype: modify\nadd: {attribute}\n{attribute}:{value}\n"));
    }
    let service = Service::start(&[&samba]);
    for (name, password, code, outcome) in [
        ("bo", "wrong", "52e", "wrong_password"),
        ("nobody", "wrong", "52e", "unknown"),
        ("otto", "Old-Anchor-60", "533", "disabled"),
        ("otto", "wrong", "52e", "wrong_password"),
        ("nora", "Old-Anchor-65", "530", "disabled"),
        ("nora", "wrong", "52e", "wrong_password"),
        ("willi", "Old-Anchor-66", "531", "disabled"),
        ("willi", "wrong", "52e", "wrong_password"),
        ("erna", "Old-Anchor-61", "701", "expired"),
        ("erna", "wrong", "52e", "wrong_password"),
        ("paul", "Old-Anchor-64", "532", "expired"),
        ("paul", "wrong", "52e", "wrong_password"),
        ("mia", "wrong", "52e", "wrong_password"),
    ] {
        assert_eq!(sub_code(&samba, name, password), code, "{name}");
        let expected = is(401, &format!("refused, {outcome}"));
        assert_eq!(service.sign_in(name, password).await, expected, "{name}, {password}");
    }
    // Landfall's wrong passwords count in the domain
    for _ in 0..LOCKOUT {
        assert_eq!(service.sign_in("lina", "wrong").await, is(401, "refused, wrong_password"));
    }
    for password in ["wrong", "Old-Anchor-63"] {
        assert_eq!(sub_code(&samba, "lina", password), "775");
        assert_eq!(service.sign_in("lina", password).await, is(401, "refused, locked"));
    }
    assert_eq!(service.accounts(), "", "nobody was migrated");
    samba.tool(&["user", "unlock", "lina"]);
    assert_eq!(service.sign_in("lina", "Old-Anchor-63").await, is(200, "migrated"));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Samba and root; run tests/run"]
async fn who_must_change_a_password_is_migrated_and_told_so() {
    let samba = controller();
    let service = Service::with(&[&samba], |settings| {
        settings["verifiers"]["legacy-ldap-bind"]["expired_passwords"] = "must_change".into();
    });
    assert_eq!(sub_code(&samba, "mia", "Old-Anchor-62"), "773");
    assert_eq!(sub_code(&samba, "paul", "Old-Anchor-64"), "532");
    for (name, password) in [("mia", "Old-Anchor-62"), ("paul", "Old-Anchor-64")] {
        let (status, body) = service.answer(name, password).await;
        assert_eq!((status, &body["password_change_required"]), (200, &true.into()), "{name}: {body}");
    }
    // an account that has expired stays out
    assert_eq!(service.sign_in("erna", "Old-Anchor-61").await, is(401, "refused, expired"));
    samba.stop();
    let (status, body) = service.answer("mia", "Old-Anchor-62").await;
    assert_eq!((status, &body["password_change_required"]), (200, &true.into()), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Samba and root; run tests/run"]
async fn the_previous_password_binds_for_an_hour_unless_the_domain_says_otherwise() {
    for (options, old) in [("", 200), ("old password allowed period = 0", 401)] {
        let samba = people().controller(options);
        samba.tool(&["user", "setpassword", "ada", "--newpassword=Winter-Coat-88"]);
        let service = Service::start(&[&samba]);
        assert_eq!(service.sign_in("ada", "Harbour-Lamp-42").await.0, old, "{options}");
        // who was migrated with the old one has the old one
        let new = if old == 200 { is(401, "refused, wrong_password_at_target") } else { is(200, "migrated") };
        assert_eq!(service.sign_in("ada", "Winter-Coat-88").await, new, "{options}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Samba and root; run tests/run"]
async fn the_account_that_searches_is_no_customer_by_accident() {
    let samba = controller();
    let service = Service::start(&[&samba]);
    // an ordinary user, so an ordinary customer
    assert_eq!(service.sign_in("landfall", reader().1).await, is(200, "migrated"));
    // a machine is none: it is found by objectCategory=computer only
    assert_eq!(service.sign_in("dc1$", "wrong").await.0, 401);
}

/// Records from elsewhere, whose customers a search finds in the domain.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Samba and root; run tests/run"]
async fn a_verifier_searches_the_user_of_a_record_from_elsewhere() {
    let samba = controller();
    for user in ["$.dn", "$.userPrincipalName", "$.distinguishedName"] {
        let service = Service::with(&[&samba], |settings| {
            let file = samba.ca().with_file_name("elsewhere.json");
            let one = |number: usize, login: &str| {
                let guid = format!("4a1c8f30-0000-4000-8000-{number:012}");
                json!({ "objectGUID": guid, "objectClass": "user", "sAMAccountName": login, "mail": format!("{login}@example.org") })
            };
            let records = json!([one(1, "ada"), one(2, "jörg.müller"), one(3, "nobody.there")]);
            std::fs::write(&file, records.to_string()).unwrap();
            let source = settings["source"].take();
            let verifier = &mut settings["verifiers"]["legacy-ldap-bind"];
            verifier["directory"]["bind"] = source["directory"]["bind"].clone();
            verifier["search"] = json!({ "base": SUFFIX, "filter": "(sAMAccountName={filter:identifier})" });
            verifier["user"] = json!(user);
            settings["source"] =
                json!({ "kind": "file", "name": "elsewhere", "path": file, "logins": ["$.sAMAccountName", "$.mail"] });
        });
        assert_eq!(service.sign_in("ada", "wrong").await, is(401, "refused, wrong_password"), "{user}");
        assert_eq!(service.sign_in("ada", "Harbour-Lamp-42").await.0, 200, "{user}");
        assert_eq!(service.sign_in("jörg.müller", "Wïnter-Coat-88").await.0, 200, "{user}");
        // the domain does not know who the source knows
        let missing = service.sign_in("nobody.there", "Harbour-Lamp-42").await;
        assert_eq!(missing, is(401, "invalid_record, unreadable"), "{user}");
    }
}
