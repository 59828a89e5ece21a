//! Ory Kratos, whose identities are created by `landfall bulk` with the mark for its password-migration hook, and who sign in at
//! its own API.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::imported::{CUSTOMERS, Imported, mail, outcome, password};
use crate::running::client;
use crate::servers::kratos::Kratos;
use crate::servers::network::free_port;
use crate::shop::TOKEN;

/// What becomes of a login at Kratos.
#[derive(Debug, PartialEq)]
enum Login {
    /// A session of this identity.
    SignedIn(String),
    /// The form again, with this message: 4000006 is that of wrong credentials.
    Refused(u64),
    /// An error with this status.
    Failed(u64),
}

/// The message of wrong credentials.
const WRONG: Login = Login::Refused(4_000_006);

/// What Kratos says if the hook does not answer.
const OUTAGE: Login = Login::Failed(502);

struct Shop {
    kratos: Kratos,
    service: Imported,
    http: reqwest::Client,
}

impl Shop {
    /// Kratos with the hook, and Landfall with the identities in it; Landfall does not run yet.
    fn new() -> Self {
        let port = free_port();
        let kratos = Kratos::start(&format!("http://127.0.0.1:{port}/bridge/kratos"), TOKEN);
        let params =
            "{ schema_id: customer, traits: [ email, username, name ], external_id: metadata, migration_hook: true }";
        let server = format!("{{ url: '{}', allow: [ 127.0.0.1 ] }}", kratos.admin_url());
        let target = format!("{{ kind: http, preset: ./kratos.yaml, rule_params: {params}, server: {server} }}");
        let service = Imported::new(&format!("127.0.0.1:{port}"), &target, "kind: kratos, callers: [ idp ]");
        preset(service.path());
        Self { kratos, service, http: client(Duration::from_secs(60)) }
    }

    async fn get(&self, url: &str) -> Value {
        json_of(self.http.get(url)).await
    }

    /// A login as an app does it.
    async fn sign_in(&self, identifier: &str, password: &str) -> Login {
        let flow = self.get(&format!("{}/self-service/login/api", self.kratos.public_url())).await;
        let form = json!({ "method": "password", "identifier": identifier, "password": password });
        let action = flow["ui"]["action"].as_str().expect("an address");
        let answer = self.http.post(action).header("content-type", "application/json").body(form.to_string());
        let answer = json_of(answer).await;
        if let Some(code) = answer["error"]["code"].as_u64() {
            return Login::Failed(code);
        }
        match answer["session"]["identity"]["id"].as_str() {
            Some(id) => Login::SignedIn(id.to_owned()),
            None => Login::Refused(answer["ui"]["messages"][0]["id"].as_u64().expect("a message")),
        }
    }

    /// The password as Kratos stores it.
    async fn stored(&self, id: &str) -> Value {
        let url = format!("{}/admin/identities/{id}?include_credential=password", self.kratos.admin_url());
        self.get(&url).await["credentials"]["password"]["config"].clone()
    }
}

async fn json_of(request: reqwest::RequestBuilder) -> Value {
    let answer = request.send().await.expect("an answer").bytes().await.expect("a body");
    serde_json::from_slice(&answer).expect("JSON")
}

/// The preset and its rules, changed for Kratos 1 as the head of the preset says.
fn preset(folder: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("src/adapters/http/presets/kratos.yaml")).expect("the preset");
    let mut preset: Value = serde_yaml::from_str(&text).expect("YAML");
    let requests = preset["target"]["requests"].as_object_mut().expect("requests");
    requests.remove("lookup").expect("a look-up");
    requests.remove("adopt").expect("an adoption");
    for owner in requests["owner"].as_array_mut().expect("owners") {
        owner["external_id"] = json!("$.metadata_admin.landfall_external_id");
    }
    preset["target"]["rules"] = json!("rules/kratos.yaml");
    fs::write(folder.join("kratos.yaml"), preset.to_string()).expect("a file");
    fs::create_dir(folder.join("rules")).expect("a folder");
    for name in ["kratos.yaml", "kratos.schema.json"] {
        fs::copy(root.join("rules/targets").join(name), folder.join("rules").join(name)).expect("a file");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Ory Kratos; run tests/run"]
async fn identities_of_kratos_get_their_password_at_the_first_login() {
    let mut shop = Shop::new();
    let results = shop.service.bulk();
    let [ada, bo, cy, locked] = CUSTOMERS;
    let id = |login: &str| {
        let (outcome, account) = outcome(&results, login);
        assert_eq!(outcome, "created", "{login}: {results:?}");
        account.expect("an id").to_owned()
    };
    let ids = [id(ada), id(bo), id(cy)];
    assert_eq!(outcome(&results, locked), ("refused", None));
    for id in &ids {
        assert_eq!(shop.stored(id).await, json!({ "hashed_password": "", "use_password_migration_hook": true }));
    }

    // before the first login Landfall is down: not a wrong password, and nothing is lost
    assert_eq!(shop.sign_in(ada, &password(ada)).await, OUTAGE);
    assert_eq!(shop.sign_in(ada, "a wrong password").await, OUTAGE);

    shop.service.start();
    assert_eq!(shop.sign_in(ada, "a wrong password").await, WRONG);
    assert_eq!(shop.sign_in(locked, &password(locked)).await, WRONG, "there is no such identity");
    assert_eq!(shop.sign_in("nobody@example.com", "anything").await, WRONG);
    assert_eq!(shop.sign_in(ada, &password(ada)).await, Login::SignedIn(ids[0].clone()));
    assert_eq!(shop.sign_in(&mail(bo).to_uppercase(), &password(bo)).await, Login::SignedIn(ids[1].clone()));
    for id in &ids[..2] {
        let stored = shop.stored(id).await;
        assert!(stored["hashed_password"].as_str().is_some_and(|hash| hash.starts_with("$2a$")), "{stored}");
        assert_eq!(stored.get("use_password_migration_hook"), None);
    }
    let now = shop.service.bulk();
    assert_eq!([ada, bo, cy].map(|login| outcome(&now, login).0), ["migrated", "migrated", "pending"]);
    assert_eq!(shop.service.migrated(ada), [&*ids[0]]);
    assert_eq!(shop.service.migrated(&mail(bo)), [&*ids[1]]);

    shop.service.stop();
    assert_eq!(shop.sign_in(ada, &password(ada)).await, Login::SignedIn(ids[0].clone()));
    assert_eq!(shop.sign_in(&mail(ada), &password(ada)).await, Login::SignedIn(ids[0].clone()));
    assert_eq!(shop.sign_in(ada, "a wrong password").await, WRONG);
    assert_eq!(shop.sign_in(cy, &password(cy)).await, OUTAGE);
}

/// Landfall's answer to a caller whom it does not know is no wrong password either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Ory Kratos; run tests/run"]
async fn a_token_that_is_not_ours_is_an_outage_at_kratos() {
    let mut shop = Shop::new();
    let ada = CUSTOMERS[0];
    assert_eq!(outcome(&shop.service.bulk(), ada).0, "created");
    shop.service.change(TOKEN, "another-token-of-the-bridge-tests-0123456789");
    shop.service.start();
    assert_eq!(shop.sign_in(ada, &password(ada)).await, OUTAGE);
}
