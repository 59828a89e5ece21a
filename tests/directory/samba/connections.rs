//! TLS, several domain controllers, and controllers that go and come back.

use std::time::{Duration, Instant};

use serde_json::json;

use super::controller;
use super::service::{Service, directory};
use crate::servers::certificates::Authority;

const UNAVAILABLE: u16 = 503;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Samba and root; run tests/run"]
async fn a_bind_without_tls_is_an_outage_and_no_wrong_password() {
    let samba = controller();
    let refused = samba.search(None, "", &["-s", "base", "-D", "ada@ad.example.org", "-w", "Harbour-Lamp-42"]);
    assert_eq!(refused.status.code(), Some(8), "{refused:?}");
    for plain in [&["source", "verifier"][..], &["verifier"]] {
        let service = Service::with(&[&samba], |settings| {
            plain.iter().for_each(|side| directory(settings, side)["servers"] = json!([samba.plain()]));
        });
        for password in ["Harbour-Lamp-42", "wrong"] {
            let (status, outcome) = service.sign_in("ada", password).await;
            assert_eq!((status, outcome.as_str()), (UNAVAILABLE, "legacy_unavailable"), "{plain:?}");
        }
        assert_eq!(service.accounts(), "");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Samba and root; run tests/run"]
async fn only_the_domains_own_authority_is_trusted() {
    let samba = controller();
    let folder = tempfile::tempdir().unwrap();
    let stranger = Authority::new().write(folder.path());
    for start_tls in [false, true] {
        for (ca, expected) in [(stranger.as_path(), UNAVAILABLE), (samba.ca(), 200)] {
            let service = Service::with(&[&samba], |settings| {
                for side in ["source", "verifier"] {
                    let directory = directory(settings, side);
                    directory["ca"] = json!(ca);
                    directory["start_tls"] = json!(start_tls);
                    directory["servers"] = json!([if start_tls { samba.plain() } else { samba.secure() }]);
                }
            });
            assert_eq!(service.sign_in("ada", "Harbour-Lamp-42").await.0, expected, "{start_tls} {}", ca.display());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Samba and root; run tests/run"]
async fn one_domain_controller_stands_in_for_the_other() {
    let (first, second) = (controller(), controller());
    let service = Service::start(&[&first, &second]);
    assert_eq!(service.sign_in("ada", "Harbour-Lamp-42").await.0, 200);
    first.stop();
    assert_eq!(service.sign_in("bo", "Copper-Kettle-5").await.0, 200);
    assert_eq!(service.sign_in("jörg.müller", "wrong").await.0, 401);
    first.serve();
    second.stop();
    assert_eq!(service.sign_in("jörg.müller", "Wïnter-Coat-88").await.0, 200);
    first.stop();
    assert_eq!(service.sign_in("tim", "Two-Twins-22").await.0, UNAVAILABLE);
    assert_eq!(service.sign_in("bo", "Copper-Kettle-5").await.0, 200, "migrated");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Samba and root; run tests/run"]
async fn a_domain_controller_that_hangs_does_not_stop_logins() {
    let (first, second) = (controller(), controller());
    first.pause();
    let service = Service::start(&[&first, &second]);
    assert_eq!(service.sign_in("ada", "Harbour-Lamp-42").await.0, 200);
}

/// The connections that are open to it have to be given up before another controller is asked.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Samba and root; run tests/run"]
async fn a_domain_controller_that_begins_to_hang_costs_a_few_logins() {
    let (first, second) = (controller(), controller());
    let service = Service::with(&[&first, &second], |settings| {
        settings.as_object_mut().unwrap().remove("guard");
        settings["login"]["deadline"] = json!("1500ms");
    });
    assert_eq!(service.sign_in("ada", "Harbour-Lamp-42").await.0, 200);
    first.pause();
    let began = Instant::now();
    let mut answers = Vec::new();
    while !answers.contains(&200) {
        answers.push(service.sign_in("bo", "Copper-Kettle-5").await.0);
        assert!(began.elapsed() < Duration::from_secs(30), "{answers:?}");
    }
    assert!(answers.iter().all(|status| [200, UNAVAILABLE].contains(status)), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Samba and root; run tests/run"]
async fn a_restart_of_the_domain_controller_is_not_noticed() {
    let samba = controller();
    let service = Service::start(&[&samba]);
    assert_eq!(service.sign_in("ada", "Harbour-Lamp-42").await.0, 200);
    samba.stop();
    samba.serve();
    assert_eq!(service.sign_in("bo", "Copper-Kettle-5").await.0, 200);
    assert_eq!(service.sign_in("jörg.müller", "wrong").await.0, 401);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Samba and root; run tests/run"]
async fn a_global_catalog_answers_for_all_domains() {
    let samba = controller();
    let service = Service::with(&[&samba], |settings| {
        directory(settings, "source")["servers"] = json!([format!("{}:3269", samba.secure())]);
        settings["source"]["search"]["base"] = json!("");
        settings["source"]["groups"]["base"] = json!("");
    });
    assert_eq!(service.sign_in("ada", "Harbour-Lamp-42").await.0, 200);
    assert_eq!(service.account("ada")["claims"]["groups"], json!(["Engineers", "Staff"]));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Samba and root; run tests/run"]
async fn a_check_tells_what_the_domain_is() {
    let samba = controller();
    let service = Service::start(&[&samba]);
    let shown = service.landfall(&["check", "--config", "landfall.yaml", "--connect"]);
    for part in [
        "source: Samba Team",
        "verifiers.legacy-ldap-bind: Samba Team",
        " directory: DC=ad,DC=example,DC=org naming context",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}
