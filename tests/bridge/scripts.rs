//! The scripts that run at products, under Node.js: they ask a running service, and the functions of the product are our own.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::clients::Client;
use crate::clients::kinde::{KEY, Kinde};
use crate::clients::strivacity::Strivacity;
use crate::node;
use crate::servers::program;
use crate::shop::{Shop, TOKEN, customers};

/// A script of a dialect, for a running service.
fn script(client: &dyn Client, name: &str, shop: &Shop) -> String {
    node::script(client.kind(), name, &format!("{}/bridge/{}", shop.base(), client.kind()))
}

fn password(login: &str) -> String {
    customers().into_iter().find(|customer| customer.login == login).expect("a customer").password
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("a file");
}

/// What a script has done with an event.
fn run(folder: &Path, script: &str, event: &Value, environment: &[(&str, &str)]) -> Value {
    let mut node = Command::new(program("node"));
    node.arg(script).current_dir(folder).env("EVENT", event.to_string()).envs(environment.iter().copied());
    node::printed(&mut node)
}

/// The workflow of Kinde with its functions replaced.
fn workflow(shop: &Shop) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let text = script(&Kinde, "workflow", shop);
    let modules = "node_modules/@kinde/infrastructure";
    write(folder.path(), "Workflow.mjs", &text.replace(": any", ""));
    write(folder.path(), "run.mjs", include_str!("scripts/kinde_run.mjs"));
    write(folder.path(), &format!("{modules}/index.mjs"), include_str!("scripts/kinde_infrastructure.mjs"));
    write(folder.path(), &format!("{modules}/package.json"), r#"{ "type": "module", "exports": "./index.mjs" }"#);
    folder
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Node.js; run by tests/run"]
async fn the_workflow_of_kinde_migrates_and_tells_an_outage_from_a_wrong_password() {
    let mut shop = Shop::start(&Kinde, "").await;
    let folder = workflow(&shop);
    let sign_in = |password: &str, known: bool, environment: &[(&str, &str)]| {
        let event = json!({
            "request": { "ip": "198.51.100.7", "userAgent": "Mozilla/5.0" },
            "context": {
                "domains": { "kindeDomain": "https://shop.kinde.com" },
                "auth": {
                    "providedEmail": "ida.brandt@example.com", "password": password, "hashedPassword": "$2b$10$hash",
                    "hasUserRecordInKinde": known,
                },
                "workflow": { "trigger": "user:existing_password_provided" },
            },
        });
        let environment = [&[("KEY", KEY)], environment].concat();
        run(folder.path(), "run.mjs", &event, &environment)
    };
    let (ida, imported) = (password("ida.brandt"), [("LANDFALL_IMPORTED_USERS", "yes")]);
    let stored = |id: &str| {
        let params = json!({ "hashed_password": "$2b$10$hash", "is_temporary_password": false });
        json!(["PUT", format!("users/{id}/password"), params])
    };
    let unavailable = json!("p_password: Signing in is temporarily unavailable. Please try again in a minute.");

    assert_eq!(sign_in("not hers", false, &[]), json!(["p_password: Email or password not found"]));
    let done = sign_in(&ida, false, &[]);
    assert_eq!((&done[0][0], &done[0][1], &done[1]), (&json!("POST"), &json!("user"), &stored("kp_1")));
    let identity = json!({ "type": "email", "is_verified": false, "details": { "email": "ida.brandt@example.com" } });
    assert_eq!(done[0][2]["identities"], json!([identity]));
    assert_eq!(done[0][2]["profile"]["given_name"], "Ida");

    // users whom Kinde has: it checks their passwords, unless they were imported without one
    assert_eq!(sign_in(&ida, true, &[]), json!([]));
    let done = sign_in(&ida, true, &imported);
    assert_eq!(done, json!([["GET", "users?email=ida.brandt%40example.com", null], stored("kp_7")]));
    assert_eq!(sign_in("not hers", true, &imported), json!([]));

    // Kinde does not do what it is asked
    assert_eq!(sign_in(&ida, false, &[("FAILS", "user")]).as_array().expect("calls").last(), Some(&unavailable));
    let done = sign_in(&ida, false, &[("FAILS", "/password")]);
    assert_eq!(done.as_array().expect("calls")[1..], [stored("kp_1"), stored("kp_1"), unavailable.clone()]);

    // another key, and an outage
    assert_eq!(sign_in(&ida, false, &[("KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")]), json!([unavailable]));
    shop.kill();
    assert_eq!(sign_in(&ida, false, &[]), json!([unavailable]));
    assert_eq!(sign_in(&ida, true, &imported), json!([]));
}

/// A hook of Strivacity whose `tenant` is filled in.
fn hook(name: &str, shop: &Shop, filled: bool) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let mut text = script(&Strivacity, name, shop);
    for (member, line) in [
        ("token", format!("\"{TOKEN}\"")),
        ("identifier", "args.typed.identifier".to_owned()),
        ("password", "args.typed.password".to_owned()),
        ("identify", "callback({ identify: true })".to_owned()),
        ("proceed", "callback({ proceed: true })".to_owned()),
    ] {
        if filled {
            text = text.replace(&format!("missing(\"{member}\")"), &line);
        }
    }
    write(folder.path(), "hook.js", &text);
    write(folder.path(), "run.js", include_str!("scripts/strivacity_run.js"));
    write(folder.path(), "node_modules/axios/index.js", include_str!("scripts/axios.js"));
    folder
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Node.js; run by tests/run"]
async fn the_hooks_of_strivacity_go_on_and_tell_an_outage_from_an_unknown_customer() {
    let mut shop = Shop::start(&Strivacity, "").await;
    let (before, unknown) = (hook("pre-password", &shop, true), hook("unidentified-user", &shop, true));
    let act = |folder: &tempfile::TempDir, identifier: &str, password: Option<&str>| {
        let mut typed = json!({ "identifier": identifier });
        if let Some(password) = password {
            typed["password"] = json!(password);
        }
        let event = json!({ "customer": { "ip_address": "198.51.100.7" }, "session": { "kept": 1 }, "typed": typed });
        run(folder.path(), "run.js", &event, &[])
    };
    let (proceed, identify) = (json!([{ "proceed": true }]), json!([{ "identify": true }]));

    let ida = password("ida.brandt");
    assert_eq!(act(&before, "ida.brandt", Some("not hers")), proceed);
    assert_eq!(act(&before, "ida.brandt", Some(&ida)), proceed);
    // by her: the account was there before the hook went on
    assert_eq!(shop.sign_in(&Strivacity, "ida.brandt", &ida).await.decision, signed_in());
    assert_eq!(act(&unknown, "ida.brandt", Some(&ida)), identify);
    assert_eq!(act(&unknown, "ida.brandt", Some("not hers")), proceed);
    assert_eq!(act(&unknown, "nobody.here", Some("anything")), proceed);
    assert_eq!(act(&unknown, "nadia.haddad", None), proceed);

    let message = "Signing in is temporarily unavailable. Please try again in a minute.";
    shop.kill();
    assert_eq!(act(&before, "ida.brandt", Some(&ida)), proceed);
    let shown = json!([{ "message": message, "session": { "kept": 1 } }]);
    assert_eq!(act(&unknown, "ida.brandt", Some(&ida)), shown);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Node.js; run by tests/run"]
async fn a_hook_that_is_not_filled_in_fails() {
    let shop = Shop::start(&Strivacity, "").await;
    for name in ["pre-password", "unidentified-user"] {
        let done = run(hook(name, &shop, false).path(), "run.js", &json!({}), &[]);
        assert!(done[0]["thrown"].as_str().expect("an error").contains("fill in tenant."), "{done}");
    }
}

fn signed_in() -> crate::clients::Decision {
    crate::clients::Decision::SignedIn { must_change: false }
}
