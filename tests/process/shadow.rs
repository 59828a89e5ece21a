//! Candidate rules and drift beside live logins: what they notice is in the metrics, and in the ledger after a restart.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::support::running::Running;
use super::support::shop::{CHEAP, RULES};
use super::support::{LONG_QUEUE, PATIENT, Shop, client, customer, password, sign_in};

/// Enough that each drift is told.
const CUSTOMERS: usize = 25;

const SETTINGS: &str = "shadow: { rules: candidate.yaml, share: 100% }\ndrift: { assessment: assessment.json }\n";

fn shop() -> Shop {
    let shop = Shop::new((0..CUSTOMERS).map(customer), &format!("{CHEAP}{LONG_QUEUE}{PATIENT}{SETTINGS}"));
    fs::write(shop.path("candidate.yaml"), candidate("uppercase")).unwrap();
    let field = |path: &str| {
        json!({
            "path": path, "filled": 500, "null": 0, "empty": 0, "kinds": { "text": 500 }, "lengths": null, "formats": {},
            "distinct": null, "values": [], "patterns": [], "is_read": true, "is_secret": false, "is_wide": false,
        })
    };
    let assessment = json!({
        "version": 1,
        "about": { "landfall": "", "rules": null, "exports": [], "now": "2026-03-01T00:00:00Z", "shows_values": false },
        "records": {
            "all": 500, "accounts": 500, "denied": [], "invalid": 0, "invalid_reasons": [], "unreadable": 0,
            "unreadable_reasons": [], "other_warnings": [], "stopped": null,
        },
        "fields": [field("$.id"), field("$.login"), field("$.password")],
        "claims": [], "lookups": [], "duplicates": [], "passwords": null, "forecast": null, "ready_rules": [], "findings": [],
    });
    fs::write(shop.path("assessment.json"), assessment.to_string()).unwrap();
    shop
}

/// The rules of the shop, with another step for the user name.
fn candidate(step: &str) -> String {
    let changed = RULES.replacen("lowercase", step, 1);
    assert_ne!(changed, RULES);
    changed
}

async fn sign_all_in(server: &Running) {
    for number in 0..CUSTOMERS {
        let status = sign_in(&client(), &server.base, &format!("customer{number}"), &password(number)).await;
        assert_eq!(status, Some(200));
    }
}

fn status(folder: &Path) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_landfall"))
        .args(["status", "--shadow", "--format", "json"])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

async fn metrics(server: &Running) -> String {
    client().get(format!("{}/metrics", server.base)).send().await.unwrap().text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_candidates_make_differently_survives_a_restart() {
    let shop = shop();
    let server = Running::start(shop.folder.path(), &[]);
    sign_all_in(&server).await;
    let wanted = "landfall_shadow_differences_total{source=\"shop\",claim=\"username\",change=\"changed\"} 25";
    let text = super::support::running::until("all looks", async || {
        let text = metrics(&server).await;
        text.contains(wanted).then_some(text)
    });
    let text = text.await;
    assert!(text.contains("landfall_drifts_total{source=\"shop\",field=\"$.mail\",change=\"appeared\"} 1"), "{text}");
    assert!(text.contains("landfall_samples_total{result=\"looked_at\"} 25"), "{text}");
    assert_eq!(tokio::task::spawn_blocking(move || server.stop()).await.unwrap(), Some(0));
    // another candidate, and the customers who are migrated are not fetched any more
    fs::write(shop.path("candidate.yaml"), candidate("trim")).unwrap();
    let server = Running::start(shop.folder.path(), &[]);
    sign_all_in(&server).await;
    assert_eq!(tokio::task::spawn_blocking(move || server.stop()).await.unwrap(), Some(0));
    let found = status(shop.folder.path());
    let [shadow] = found["shadow"].as_array().unwrap().as_slice() else { panic!("{found}") };
    assert_eq!((&shadow["records"], &shadow["differing"]), (&json!(25), &json!(25)));
    let username = &shadow["differences"][0];
    assert_eq!(
        (&username["of"], &username["change"], &username["count"]),
        (&json!("username"), &json!("changed"), &json!(25))
    );
    assert_eq!(username["customers"].as_array().unwrap().len(), 8);
    assert_eq!((&found["drift"][0]["field"], &found["drift"][0]["change"]), (&json!("$.mail"), &json!("appeared")));
    let log = fs::read_to_string(shop.path("log")).unwrap();
    assert!(!found.to_string().contains("CUSTOMER") && !log.contains("customer0"), "no value of a customer: {log}");
}
