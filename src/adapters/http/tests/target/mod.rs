//! Targets: products within the test, golden cases, and mistakes in settings.

mod fake;
mod golden;
mod product;
mod settings;

use super::*;
use crate::adapters::suites::remote_target::{RemoteCustomer, check_behaviour};
use crate::ports::{Capabilities, Created, PasswordCheck, Support, Target};

pub(super) use product::target_of;

/// The target of the preset `rest` at a product.
fn rest(server: &Server, more: Json) -> Json {
    merged(json!({ "preset": "rest", "server": server.settings() }), more)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
pub(in crate::adapters) async fn http_target_passes() {
    let server = fake::Product::default().start().await;
    let target = target_of(rest(&server, json!({})), Path::new("")).unwrap();
    assert_eq!(target.capabilities().password, PasswordCheck::Api);
    check_behaviour(&target).await;
}

/// A product whose API verifies no passwords.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_cannot_verify_passes() {
    let server = fake::Product::default().start().await;
    let folder = tempfile::tempdir().unwrap();
    let (_, text) = crate::adapters::http::preset::presets().find(|(name, _)| *name == "rest").unwrap();
    let text = text.replace("    verify:\n", "    verify:\n      needs: [ client ]\n");
    let text = format!("{text}params: {{ client: what verifies }}\ndefaults: {{ client: '' }}\n");
    std::fs::write(folder.path().join("shop.yaml"), text).unwrap();
    let rules = include_str!("../../../../../rules/targets/rest.yaml");
    std::fs::write(folder.path().join("rest.yaml"), rules).unwrap();
    let open = |more| target_of(rest(&server, merged(json!({ "preset": "shop.yaml" }), more)), folder.path()).unwrap();
    let target = open(json!({}));
    let Capabilities { password, .. } = target.capabilities();
    assert_eq!(password, PasswordCheck::Nothing);
    check_behaviour(&target).await;
    assert_eq!(open(json!({ "params": { "client": "c-1" } })).capabilities().password, PasswordCheck::Api);
}

/// Only conditions in the look-up tell accounts without a password from others.
#[tokio::test]
async fn a_target_says_whether_it_tells_pending_accounts() {
    let server = fake::Product::default().start().await;
    let target = target_of(rest(&server, json!({})), Path::new("")).unwrap();
    assert_eq!(target.capabilities().states, Support::Yes);
    let folder = tempfile::tempdir().unwrap();
    let (_, text) = crate::adapters::http::preset::presets().find(|(name, _)| *name == "rest").unwrap();
    let text = text.replace("      pending_when: [ { $.has_password: false } ]\n", "");
    std::fs::write(folder.path().join("shop.yaml"), text).unwrap();
    std::fs::write(folder.path().join("rest.yaml"), include_str!("../../../../../rules/targets/rest.yaml")).unwrap();
    let target = target_of(rest(&server, json!({ "preset": "shop.yaml" })), folder.path()).unwrap();
    assert_eq!(target.capabilities().states, Support::No);
}

#[tokio::test]
async fn a_first_login_needs_one_call() {
    let product = fake::Product::default();
    let server = product.start().await;
    let target = target_of(rest(&server, json!({})), Path::new("")).unwrap();
    assert!(matches!(RemoteCustomer::new("1", "ada").create(&target).await, Created::New(_)));
    assert_eq!(product.asked(), ["POST /accounts"]);
    for _ in 0..3 {
        assert_eq!(target.ping().await.unwrap(), None);
    }
    assert_eq!(product.asked(), ["GET /health"]);
}

/// Two YAML files and no Rust: a product that is called otherwise and wants another body.
#[tokio::test]
async fn a_product_is_two_files() {
    let folder = tempfile::tempdir().unwrap();
    let preset = "\
# A product.
params: { tenant: the tenant }
target:
  rules: rules/shop.yaml
  requests:
    create:
      request: { path: '/v2/{param.tenant}/users' }
      body: { add: { source: landfall }, with_password: { secret: { plain: '{password}' } } }
      id: $.uid
      created_when: [ { status: 200, body: { $.uid: { exists: true } } } ]
      duplicate_when: [ { status: 400, body: { $.code: USER_EXISTS } } ]
    lookup: { request: { path: '/v2/{param.tenant}/users/{external_uuid}' }, id: $.uid }
    set_password: { request: { method: PUT, path: '/v2/users/{id}', body: { json: { plain: '{password}' } } } }
";
    let rules = "\
landfall: 1
name: shop-target
schema: shop.schema.json
account:
  key: { from: $.landfall.external_id }
  nick: { from: $.username, do: [ uppercase ] }
  secret.hint: { value: none }
";
    let schema = json!({ "type": "object", "additionalProperties": false, "properties": {
        "key": { "type": "string" },
        "nick": { "type": "string" },
        "secret": { "type": "object", "properties": { "hint": { "type": "string" } } },
    } });
    std::fs::create_dir(folder.path().join("rules")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("shop.yaml", preset);
    write("rules/shop.yaml", rules);
    write("rules/shop.schema.json", &schema.to_string());
    let sent = Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = Arc::clone(&sent);
    let server = Server::answering(move |request: Request| {
        let kept = Arc::clone(&kept);
        async move {
            let path = request.uri().path().to_owned();
            let body = axum::body::to_bytes(request.into_body(), 1 << 16).await.unwrap();
            kept.lock().unwrap().push((path, serde_json::from_slice::<Json>(&body).unwrap()));
            reply(200, "application/json", json!({ "uid": "u-1" }).to_string())
        }
    })
    .await;
    let settings = json!({ "preset": "shop.yaml", "params": { "tenant": "a/b" }, "server": server.settings() });
    let target = target_of(settings, folder.path()).unwrap();
    let created = RemoteCustomer::new("7", "ada").create(&target).await;
    assert_eq!(created, Created::New(crate::ports::TargetId("u-1".to_owned())));
    let body = json!({
        "key": format!("{:0>32}", 7), "nick": "ADA", "source": "landfall",
        "secret": { "hint": "none", "plain": "correct horse battery" },
    });
    assert_eq!(*sent.lock().unwrap(), [("/v2/a%2Fb/users".to_owned(), body)]);
}
