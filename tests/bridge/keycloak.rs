//! A real Keycloak: customers of the shop sign in at its login page in a browser. The user-migration plugin is in no package
//! registry, so `keycloak-provider` makes its calls; `LANDFALL_KEYCLOAK_EXTENSION=…/plugin.jar` runs the test with the plugin.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use crate::clients::keycloak::UserMigration;
use crate::clients::{Answer, Decision, json_body, send};
use crate::driver::Browser;
use crate::keycloak_extended::extended;
use crate::servers::keycloak::{ADMIN_CLIENT, Keycloak, PUBLIC_CLIENT};
use crate::shop::{Shop, TOKEN};

/// What Keycloak says to everybody whom it does not sign in.
const REFUSED: &str = "Invalid username or password.";

/// A message beside a field.
const MESSAGE: &str = "[id^=input-error]:not([id^=input-error-container])";

/// What becomes of a form.
#[derive(Debug, PartialEq)]
enum Page {
    SignedIn,
    /// Keycloak asks for a new password.
    NewPassword,
    Message(String),
}

/// Keycloak with a realm whose users are those of a bridge.
struct Realm {
    keycloak: Keycloak,
    browser: Browser,
}

impl Realm {
    fn start(bridge: &str) -> Self {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bridge/keycloak-provider");
        let import =
            include_str!("keycloak-provider/realm.json").replace("{{bridge}}", bridge).replace("{{token}}", TOKEN);
        let keycloak = Keycloak::with(("shop", &import), &extended(&sources));
        Self { keycloak, browser: Browser::start() }
    }

    /// Signs in at the login page, as somebody who was never there.
    fn sign_in(&self, user: &str, password: &str) -> Page {
        let (base, browser) = (self.keycloak.url(), &self.browser);
        browser.forget();
        let request =
            format!("client_id={PUBLIC_CLIENT}&response_type=code&scope=openid&redirect_uri={base}/realms/shop");
        browser.open(&format!("{base}/realms/shop/protocol/openid-connect/auth?{request}"));
        browser.fill("#username", user);
        browser.fill("#password", password);
        browser.click("#kc-login");
        self.sent("#password-new")
    }

    /// Chooses a new password on the page that asks for it.
    fn choose(&self, password: &str) -> Page {
        self.browser.fill("#password-new", password);
        self.browser.fill("#password-confirm", password);
        self.browser.click("#kc-passwd-update-form [type=submit]");
        self.sent("none")
    }

    /// What comes after a form: another form, a message, or what the shop shows.
    fn sent(&self, form: &str) -> Page {
        let text = self.browser.text(&format!("{form}, {MESSAGE}, pre"));
        let is_there = |condition: &str| self.browser.number(&format!("{condition} ? 1 : 0")) == 1;
        if is_there("location.search.includes('code=')") {
            Page::SignedIn
        } else if is_there("document.querySelector('#password-new')") {
            Page::NewPassword
        } else {
            Page::Message(text)
        }
    }

    /// The answer of the admin API.
    async fn admin(&self, http: &reqwest::Client, path: &str) -> Value {
        let (id, secret) = ADMIN_CLIENT;
        let form = format!("grant_type=client_credentials&client_id={id}&client_secret={}", secret.replace(' ', "+"));
        let call = http.post(self.keycloak.token_url()).header("content-type", "application/x-www-form-urlencoded");
        let granted: Value = json_of(call.body(form)).await;
        let token = granted["access_token"].as_str().expect("a token");
        json_of(http.get(format!("{}{path}", self.keycloak.admin_url())).bearer_auth(token)).await
    }

    /// A user as the admin API has it, if there is one.
    async fn user(&self, http: &reqwest::Client, name: &str) -> Option<Value> {
        let users = self.admin(http, &format!("/users?exact=true&briefRepresentation=false&username={name}")).await;
        assert!(users.as_array().expect("users").len() < 2, "{users}");
        users.get(0).cloned()
    }

    /// The names of roles, of a user or of the realm.
    async fn roles(&self, http: &reqwest::Client, path: &str) -> Vec<String> {
        let roles = self.admin(http, path).await;
        let names =
            roles.as_array().expect("roles").iter().map(|role| role["name"].as_str().expect("a name").to_owned());
        let mut names: Vec<String> = names.filter(|name| name != "default-roles-shop").collect();
        names.sort();
        names
    }
}

async fn json_of(request: reqwest::RequestBuilder) -> Value {
    let answer = request.send().await.expect("an answer");
    let (status, body) = (answer.status(), answer.text().await.expect("a body"));
    assert!(status.is_success(), "{status} {body}");
    serde_json::from_str(&body).expect("JSON")
}

/// The answers to a GET and to a POST.
async fn asked(shop: &Shop, name: &str, password: &str) -> [Answer; 2] {
    let url = UserMigration::url(&format!("{}/bridge/keycloak", shop.base()), name);
    let post = json_body(shop.http.post(&url), &json!({ "password": password }));
    [send(shop.http.get(&url), true).await, send(post, true).await]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_user_has_what_the_verdict_cannot_say() {
    let shop = Shop::start(&UserMigration::keycloak(), "").await;
    for (user, password, actions) in [
        // verifies 8 bytes, whatever follows
        ("otto.lindgren", "walnut77 and more", json!(["UPDATE_PASSWORD"])),
        ("ida.brandt", "harbour-lamp-42", Value::Null),
        ("TOMAS.Novak@example.net", "seven green kites", Value::Null),
    ] {
        let [profile, verdict] = asked(&shop, user, password).await;
        assert_eq!((profile.status, verdict.status), (200, 200), "{user}");
        let profile: Value = serde_json::from_str(&profile.body).expect("JSON");
        assert_eq!(profile["requiredActions"], actions, "{user}");
        // nothing that no parameter maps, and no hash
        assert_eq!((&profile["roles"], &profile["groups"]), (&Value::Null, &Value::Null), "{user}");
        assert!(!profile.to_string().contains('$') && !profile.to_string().contains("Lff0"), "{profile}");
        assert_eq!(verdict.body, "", "{user}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_legacy_password_is_worth_nothing_after_the_time_for_repeats() {
    let client = UserMigration::keycloak().with("callers: [ idp ], repeat: 0s");
    let shop = Shop::start(&client, "").await;
    let statuses = |[profile, verdict]: [Answer; 2]| (profile.status, verdict.status);
    // a wrong password hands nobody over
    assert_eq!(statuses(asked(&shop, "ida.brandt", "not-her-password").await), (200, 401));
    assert_eq!(statuses(asked(&shop, "ida.brandt", "harbour-lamp-42").await), (200, 200));
    // by any of her logins
    for login in ["ida.brandt", "IDA.BRANDT", "ida.brandt@example.com"] {
        assert_eq!(statuses(asked(&shop, login, "harbour-lamp-42").await), (404, 401), "{login}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_alike_and_an_outage_is_none_of_them() {
    let shop = Shop::start(&UserMigration::keycloak(), "").await;
    let raw = |answer: &Answer| answer.seen(Decision::Refused).raw;
    let (mut unknown, mut refused) = (BTreeSet::new(), BTreeSet::new());
    // locked, denied by the rules, a record that is no account, nobody, and names that no shop has
    for user in ["nadia.haddad", "petra.vogel", "leo.martins", "nobody.here", " ", "a/b", "+", "张\u{1F600}"] {
        let [profile, verdict] = asked(&shop, user, "blue-door-7").await;
        assert_eq!((profile.status, verdict.status), (404, 401), "{user}");
        unknown.insert(raw(&profile));
        refused.insert(raw(&verdict));
    }
    let [profile, verdict] = asked(&shop, "ida.brandt", "not-her-password").await;
    assert_eq!((profile.status, verdict.status), (200, 401));
    refused.insert(raw(&verdict));
    assert_eq!((unknown.len(), refused.len()), (1, 1), "{unknown:?} {refused:?}");

    std::fs::remove_file(shop.path().join("shop.db")).expect("the shop");
    std::fs::create_dir(shop.path().join("shop.db")).expect("no shop");
    for user in ["jose.alvarez", "nobody.here"] {
        let [profile, verdict] = asked(&shop, user, "Paper-Moon-19").await;
        assert_eq!((profile.status, verdict.status), (503, 503), "{user}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Keycloak, a JDK and a browser; run tests/run"]
async fn customers_are_migrated_at_the_login_page_of_keycloak() {
    let settings = "callers: [ idp ], rule_params: { roles: { customer: shop-customer, subscriber: reader } }";
    let client = UserMigration::keycloak().with(settings);
    let mut shop = Shop::start(&client, "").await;
    let http = shop.http.clone();
    let realm = Realm::start(&format!("{}/bridge/keycloak", shop.base()));
    let refused = || Page::Message(REFUSED.to_owned());

    // wrong password, locked, denied by the rules, no password at all, a record that is no account, nobody
    for (user, password) in [
        ("ida.brandt", "not-her-password"),
        ("nadia.haddad", "blue-door-7"),
        ("petra.vogel", "rainy-tuesday"),
        ("grace.okafor", "old-postcard"),
        ("leo.martins", "sandcastle"),
        ("nobody.here", "anything"),
    ] {
        assert_eq!(realm.sign_in(user, password), refused(), "{user}");
    }
    // who was refused before a password was asked for is not there
    for user in ["nadia.haddad", "petra.vogel", "leo.martins", "nobody.here"] {
        assert_eq!(realm.user(&http, user).await, None, "{user}");
    }
    // who has only mistyped is there, and belongs to Landfall
    let ida = realm.user(&http, "ida.brandt").await.expect("a user");
    assert!(ida["federationLink"].is_string(), "{ida}");

    assert_eq!(realm.sign_in("IDA.Brandt@example.com", "harbour-lamp-42"), Page::SignedIn);
    let ida = realm.user(&http, "ida.brandt").await.expect("a user");
    assert_eq!(ida["federationLink"], Value::Null, "{ida}");
    assert_eq!(ida["enabled"], json!(true));
    assert_eq!(ida["emailVerified"], json!(false));
    assert_eq!((&ida["firstName"], &ida["lastName"]), (&json!("Ida"), &json!("Brandt")));
    assert_eq!(ida["requiredActions"], json!([]));
    assert_eq!(ida["attributes"]["legacy_id"], json!(["1"]));
    assert_eq!(ida["attributes"]["phoneNumberVerified"], json!(["false"]));
    let roles = format!("/users/{}/role-mappings/realm", ida["id"].as_str().expect("an id"));
    assert_eq!(realm.roles(&http, &roles).await, ["shop-customer"]);

    // DES crypt ignores what follows 8 bytes; he closes the page once, and comes again
    assert_eq!(realm.sign_in("otto.lindgren", "walnut77"), Page::NewPassword);
    assert_eq!(realm.sign_in("otto.lindgren", "walnut77"), Page::NewPassword);
    assert_eq!(realm.choose("chestnut-7788"), Page::SignedIn);
    // the realm wants 8 characters
    assert_eq!(realm.sign_in("siobhan.murphy", "tea4two"), Page::NewPassword);
    assert_eq!(realm.sign_in("siobhan.murphy", "tea4two"), Page::NewPassword);
    assert_eq!(realm.choose("coffee-for-two"), Page::SignedIn);
    // blanks, and a second role that nothing maps
    assert_eq!(realm.sign_in("tomas.novak", "seven green kites"), Page::SignedIn);
    let of_realm = realm.roles(&http, "/roles").await;
    assert_eq!(of_realm, ["offline_access", "reader", "shop-customer", "uma_authorization"]);

    shop.kill();
    assert_eq!(realm.sign_in("ida.brandt", "not-her-password"), refused());
    for (user, password) in [
        ("ida.brandt", "harbour-lamp-42"),
        ("tomas.novak@example.net", "seven green kites"),
        ("otto.lindgren", "chestnut-7788"),
        ("siobhan.murphy", "coffee-for-two"),
    ] {
        assert_eq!(realm.sign_in(user, password), Page::SignedIn, "{user}");
    }
    for (user, password) in
        [("otto.lindgren", "walnut77"), ("siobhan.murphy", "tea4two"), ("jose.alvarez", "Paper-Moon-19")]
    {
        assert_eq!(realm.sign_in(user, password), refused(), "{user}");
    }
}
