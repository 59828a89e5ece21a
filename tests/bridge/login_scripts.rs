//! The scripts that run at products, run by Node.js with what the product has around them, against a running bridge.

use std::fs;
use std::path::PathBuf;

use landfall::bridge::KINDS;
use serde_json::{Value, json};

use crate::clients::{self, Client};
use crate::node::{run, script};
use crate::servers::network::{black_hole, refused_port};
use crate::shop::{Shop, TOKEN};

/// The largest script that Auth0 takes; nobody takes less.
const MAX_BYTES: usize = 100_000;

fn client(kind: &str) -> Box<dyn Client> {
    clients::all().into_iter().find(|client| client.kind() == kind).expect("a client")
}

/// The legacy database of a shop while it is unreadable.
struct Outage {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Outage {
    fn of(shop: &Shop) -> Self {
        let path = shop.path().join("shop.db");
        let bytes = fs::read(&path).expect("the shop");
        fs::write(&path, vec![b'x'; bytes.len()]).expect("the shop");
        Self { path, bytes }
    }

    fn end(self) {
        fs::write(self.path, self.bytes).expect("the shop");
    }
}

#[test]
fn scripts_contain_no_secrets_and_are_small() {
    for script in KINDS.iter().flat_map(|kind| kind.scripts) {
        assert!(script.text.len() < MAX_BYTES, "{}", script.name);
        assert_eq!(script.text.matches("{{").count(), script.text.matches("{{url}}").count(), "{}", script.name);
    }
}

#[test]
fn the_function_of_cognito_ends_before_cognito_gives_up() {
    let script = script("cognito", "user-migration", "https://login.example.com/bridge/cognito");
    let limit = script.split("AbortSignal.timeout(").nth(1).and_then(|rest| rest.split(')').next());
    let limit: u64 = limit.and_then(|limit| limit.parse().ok()).expect("a limit in milliseconds");
    assert!((4500..5000).contains(&limit), "longer than the bridge, shorter than Cognito: {limit}");
}

/// What the function of Cognito returns for an event, or the error that it throws.
async fn cognito(shop: &Shop, url: &str, token: &str, event: &Value) -> Value {
    let path = shop.path().join("index.mjs");
    fs::write(&path, script("cognito", "user-migration", url)).expect("a file");
    let text = format!(
        "import {{ handler }} from '{}';
         const ended = await handler({event}, {{}}).then((answer) => ({{ answer }}), ({{ name, message }}) => ({{ name, message }}));
         console.log(JSON.stringify(ended));",
        path.display()
    );
    run(shop.path(), &text, &[("LANDFALL_TOKEN", token)]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Node.js; run by tests/run"]
async fn the_function_of_cognito_forwards_events() {
    let shop = Shop::start(&*client("cognito"), "").await;
    let url = format!("{}/bridge/cognito", shop.base());
    let event = |trigger: &str, name: &str, password: Option<&str>| {
        json!({
            "version": "1", "triggerSource": format!("UserMigration_{trigger}"), "userName": name,
            "request": { "password": password, "validationData": { "a": "1" } }, "response": { "userAttributes": null },
        })
    };
    let wrong = json!({ "name": "NotAuthorizedException", "message": "Incorrect username or password." });
    let outage =
        json!({ "name": "ServiceUnavailable", "message": "Sign-in is temporarily unavailable. Try again later." });
    let sign_in = event("Authentication", "ida.brandt", Some("harbour-lamp-42"));

    assert_eq!(cognito(&shop, &url, TOKEN, &event("Authentication", "ida.brandt", Some("x"))).await, wrong);
    assert_eq!(cognito(&shop, &url, TOKEN, &event("ForgotPassword", "nobody", None)).await, wrong);
    let (refused, hole) = (refused_port(), black_hole());
    // neither a function without its token, nor a service that is down or hangs, makes a password wrong
    assert_eq!(cognito(&shop, &url, "another-token-of-32-characters-0123", &sign_in).await, outage);
    assert_eq!(cognito(&shop, &format!("http://{}/", refused.address), TOKEN, &sign_in).await, outage);
    assert_eq!(cognito(&shop, &format!("http://{}/", hole.address), TOKEN, &sign_in).await, outage);

    let legacy = Outage::of(&shop);
    assert_eq!(cognito(&shop, &url, TOKEN, &sign_in).await, outage);
    assert_eq!(cognito(&shop, &url, TOKEN, &event("ForgotPassword", "ida.brandt", None)).await, outage);
    legacy.end();

    let known = cognito(&shop, &url, TOKEN, &event("ForgotPassword", "ida.brandt@example.com", None)).await;
    assert_eq!(known["answer"]["response"]["finalUserStatus"], "RESET_REQUIRED", "{known}");
    let signed_in = cognito(&shop, &url, TOKEN, &sign_in).await;
    let mut answer = signed_in["answer"].clone();
    let response = answer["response"].take();
    let mut expected = sign_in.clone();
    expected["response"] = Value::Null;
    assert_eq!(answer, expected, "the event comes back whole");
    assert_eq!(response["userAttributes"]["email"], "ida.brandt@example.com");
    assert_eq!((&response["finalUserStatus"], &response["messageAction"]), (&json!("CONFIRMED"), &json!("SUPPRESS")));
}

/// What a script of Auth0 gives to its callback, with Auth0's globals around it: the arguments, where an error is a text.
async fn auth0(name: &str, url: &str, token: &str, arguments: &[&str]) -> Vec<Value> {
    let folder = tempfile::tempdir().expect("a folder");
    let (script, arguments) = (script("auth0", name, url), json!(arguments));
    let function = script.split("function ").nth(1).and_then(|rest| rest.split('(').next()).expect("a function");
    let text = format!(
        "import vm from 'node:vm';
         class WrongUsernameOrPasswordError extends Error {{
           constructor(user, message) {{ super(message); this.user = user; }}
         }}
         const globals = {{ fetch, AbortSignal, WrongUsernameOrPasswordError, configuration: {{ LANDFALL_TOKEN: process.env.LANDFALL_TOKEN }} }};
         const run = vm.runInNewContext({script} + '; {function}', globals);
         const shown = (one) => one instanceof WrongUsernameOrPasswordError ? 'wrong: ' + one.user : one?.message ?? one;
         let calls = 0;
         run(...{arguments}, (...given) => {{ calls += 1; globalThis.given = given.map(shown); }});
         process.on('exit', () => console.log(JSON.stringify(calls === 1 ? globalThis.given : ['called ' + calls])));",
        script = json!(script),
    );
    let given = run(folder.path(), &text, &[("LANDFALL_TOKEN", token)]).await;
    given.as_array().expect("a list").clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Node.js; run by tests/run"]
async fn the_scripts_of_auth0_decide() {
    let shop = Shop::start(&*client("auth0"), "").await;
    let url = format!("{}/bridge/auth0", shop.base());
    let (refused, hole) = (refused_port(), black_hole());
    let outage = [json!("Sign-in is temporarily unavailable. Try again later.")];
    let unknown = [json!("Temporarily unavailable. Try again later.")];

    for (login, password) in [("ida.brandt", "x"), ("nobody.here", "x"), ("ida.brandt@example.com", "\u{0}")] {
        let given = auth0("login", &url, TOKEN, &[login, password]).await;
        assert_eq!(given, [json!(format!("wrong: {login}"))], "the same for every reason");
    }
    for elsewhere in [format!("http://{}/", refused.address), format!("http://{}/", hole.address), format!("{url}/x")] {
        assert_eq!(auth0("login", &elsewhere, TOKEN, &["ida.brandt", "harbour-lamp-42"]).await, outage, "{elsewhere}");
        assert_eq!(auth0("getUser", &elsewhere, TOKEN, &["ida.brandt@example.com"]).await, unknown, "{elsewhere}");
    }
    let another = "another-token-of-32-characters-0123";
    assert_eq!(auth0("login", &url, another, &["ida.brandt", "harbour-lamp-42"]).await, outage);
    assert_eq!(auth0("getUser", &url, another, &["ida.brandt@example.com"]).await, unknown);

    let legacy = Outage::of(&shop);
    assert_eq!(auth0("login", &url, TOKEN, &["ida.brandt", "harbour-lamp-42"]).await, outage);
    assert_eq!(auth0("getUser", &url, TOKEN, &["ida.brandt@example.com"]).await, unknown);
    legacy.end();

    assert_eq!(auth0("getUser", &url, TOKEN, &["nobody@example.com"]).await, [Value::Null]);
    let found = auth0("getUser", &url, TOKEN, &["ida.brandt@example.com"]).await;
    assert_eq!((&found[0], &found[1]["email"]), (&Value::Null, &json!("ida.brandt@example.com")));
    assert_eq!(found[1]["email_verified"], json!(false));
    // organizations are on: their context stands before the callback
    let signed_in = auth0("login", &url, TOKEN, &["ida.brandt", "harbour-lamp-42", "the context"]).await;
    assert_eq!(signed_in, found, "both scripts give the same profile");
    let again = auth0("getUser", &url, TOKEN, &["ida.brandt"]).await;
    assert_eq!(again, found, "who was handed over a moment ago may be asked for again");
    // a customer who is locked has no profile, and cannot register a second time
    let locked = auth0("getUser", &url, TOKEN, &["nadia.haddad"]).await;
    assert_eq!(locked, [json!("This login is already in use. Contact support.")]);
}

/// What the action of Logto returns for an event, in a context that has nothing but `fetch`; an error is a text.
async fn logto(url: &str, token: &str, event: &Value) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!(
        "import vm from 'node:vm';
         const run = vm.runInNewContext({script} + ';runAction;', Object.freeze({{ fetch }}));
         const payload = {{ event: {event}, environmentVariables: {{ LANDFALL_TOKEN: process.env.LANDFALL_TOKEN }} }};
         const ended = await run(payload).then((result) => ({{ result }}), (error) => ({{ error: error.name }}));
         console.log(JSON.stringify(ended));",
        script = json!(script("logto", "action", url)),
    );
    run(folder.path(), &text, &[("LANDFALL_TOKEN", token)]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Node.js; run by tests/run"]
async fn the_action_of_logto_decides() {
    let shop = Shop::start(&*client("logto"), "").await;
    let url = format!("{}/bridge/logto", shop.base());
    let refused = refused_port();
    let event = |user: Value, password: &str| {
        json!({
            "key": "action.postFirstFactorVerification", "interactionEvent": "SignIn", "verificationType": "Password",
            "identifier": { "type": "username", "value": "ida.brandt" }, "user": user, "password": password,
        })
    };
    let right = event(Value::Null, "harbour-lamp-42");
    assert_eq!(logto(&url, TOKEN, &event(Value::Null, "x")).await, json!({}), "undefined is a refusal");
    let foreign = event(json!({ "id": "u1", "username": "ida.brandt", "customData": {} }), "harbour-lamp-42");
    assert_eq!(logto(&url, TOKEN, &foreign).await, json!({}), "who took the name first keeps it");
    assert_eq!(logto(&url, "another-token-of-32-characters-0123", &right).await, json!({ "error": "Error" }));
    assert!(logto(&format!("http://{}/", refused.address), TOKEN, &right).await["error"].is_string());

    let legacy = Outage::of(&shop);
    assert_eq!(logto(&url, TOKEN, &right).await, json!({ "error": "Error" }), "never invalid credentials");
    legacy.end();

    let created = logto(&url, TOKEN, &right).await;
    assert_eq!(
        (&created["result"]["action"], &created["result"]["passwordVerified"]),
        (&json!("createUser"), &json!(true))
    );
    let user = &created["result"]["user"];
    assert_eq!(user["customData"]["landfall_migrated"], true);
    let old = event(json!({ "id": "u1", "customData": user["customData"] }), "harbour-lamp-42");
    assert_eq!(logto(&url, TOKEN, &old).await, json!({}), "an old password never overwrites a changed one");
}
