//! Customers of the shop sign in at cognito-local, which invokes the user-migration trigger.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::clients::{Asked, Client};
use crate::running::client;
use crate::servers::cognito_local::CognitoLocal;
use crate::servers::network::free_port;
use crate::shop::Shop;

/// The bridge as cognito-local calls it: it signs its calls with credentials of AWS, which are no caller's, so that the service
/// has no callers and listens on a loopback address.
struct Open {
    port: u16,
}

impl Client for Open {
    fn kind(&self) -> &'static str {
        "cognito"
    }

    fn settings(&self) -> String {
        "rules: cognito.yaml, rule_params: { external_id_attribute: 'custom:landfall_id' }".to_owned()
    }

    /// Rules of our own, by which one customer has to change the password: the shop asks nobody to.
    fn prepare(&self, folder: &Path) {
        let (rules, schema) =
            (include_str!("../../rules/bridges/cognito.yaml"), include_str!("../../rules/bridges/cognito.schema.json"));
        let own = rules.replace("{ $.must_change_password: true }", "{ $.username: mei.tanaka }");
        assert_ne!(own, rules);
        fs::write(folder.join("cognito.yaml"), own).expect("a file");
        fs::write(folder.join("cognito.schema.json"), schema).expect("a file");
    }

    fn listen(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn service(&self) -> String {
        "callers: [ ]".to_owned()
    }

    fn sign_in<'a>(&'a self, _: &'a reqwest::Client, _: &'a str, _: &'a str, _: &'a str) -> Asked<'a> {
        unreachable!("cognito-local asks")
    }
}

/// A pool of cognito-local whose users sign in by their addresses.
struct Pool {
    cognito: CognitoLocal,
    http: reqwest::Client,
    id: String,
    client: String,
}

impl Pool {
    async fn create(functions: &str) -> Self {
        let (cognito, http) = (CognitoLocal::start(functions), client(Duration::from_secs(30)));
        let schema = json!([{ "Name": "landfall_id", "AttributeDataType": "String", "Mutable": true }]);
        let mut pool = Self { cognito, http, id: String::new(), client: String::new() };
        let request = json!({ "PoolName": "shop", "UsernameAttributes": ["email"], "Schema": schema });
        let made = pool.done("CreateUserPool", request).await;
        made["UserPool"]["Id"].as_str().expect("an id").clone_into(&mut pool.id);
        let request = json!({ "UserPoolId": pool.id, "ClientName": "web" });
        let made = pool.done("CreateUserPoolClient", request).await;
        made["UserPoolClient"]["ClientId"].as_str().expect("an id").clone_into(&mut pool.client);
        pool
    }

    async fn call(&self, operation: &str, body: Value) -> (u16, Value) {
        self.cognito.call(&self.http, operation, &body).await
    }

    async fn done(&self, operation: &str, body: Value) -> Value {
        let (status, answer) = self.call(operation, body).await;
        assert_eq!(status, 200, "{operation}: {answer}\n{}", self.cognito.log());
        answer
    }

    async fn sign_in(&self, name: &str, password: &str) -> (u16, Value) {
        let parameters = json!({ "USERNAME": name, "PASSWORD": password });
        let request =
            json!({ "ClientId": self.client, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters });
        self.call("InitiateAuth", request).await
    }

    /// The users: their attributes, with the status as one more.
    async fn users(&self) -> Vec<Value> {
        let listed = self.done("ListUsers", json!({ "UserPoolId": self.id })).await;
        let users = listed["Users"].as_array().expect("users").iter();
        let attributes = |user: &Value| {
            let attributes = user["Attributes"].as_array().expect("attributes").iter();
            let mut map: serde_json::Map<String, Value> = attributes
                .map(|attribute| (attribute["Name"].as_str().expect("a name").to_owned(), attribute["Value"].clone()))
                .collect();
            map.insert("status".to_owned(), user["UserStatus"].clone());
            Value::Object(map)
        };
        users.map(attributes).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs cognito-local; run by tests/run"]
async fn customers_sign_in_at_cognito_local() {
    // the address of the service is in the settings of cognito-local, and stays the same when the service starts again
    let mut shop = Shop::start(&Open { port: free_port() }, "").await;
    let pool = Pool::create(&format!("{}/bridge/cognito", shop.base())).await;
    let (name, password) = ("ida.brandt@example.com", "harbour-lamp-42");

    let (status, refused) = pool.sign_in(name, "not her password").await;
    assert_eq!((status, &refused["__type"]), (400, &json!("NotAuthorizedException")), "{refused}");
    let (status, unknown) = pool.sign_in("nobody@example.com", password).await;
    assert_eq!((status, &unknown), (400, &refused), "whoever is refused sees the same");
    assert!(pool.users().await.is_empty(), "nobody is created before the password is proved");

    shop.kill();
    let (status, down) = pool.sign_in(name, password).await;
    assert_eq!(status, 400, "cognito-local shows every error of a function so: {down}");
    assert!(pool.users().await.is_empty(), "nobody is created by an outage");
    shop.resume();

    let (status, signed_in) = pool.sign_in(name, password).await;
    assert_eq!(status, 200, "{signed_in}\n{}", pool.cognito.log());
    let tokens = &signed_in["AuthenticationResult"];
    for token in ["IdToken", "AccessToken", "RefreshToken"] {
        assert!(tokens[token].as_str().is_some_and(|token| !token.is_empty()), "{token}: {signed_in}");
    }
    let users = pool.users().await;
    assert_eq!(users.len(), 1, "{users:?}");
    let user = &users[0];
    assert_eq!((&user["email"], &user["status"]), (&json!(name), &json!("CONFIRMED")), "{user}");
    assert_eq!((&user["email_verified"], &user["family_name"]), (&json!("false"), &json!("Brandt")), "{user}");
    assert!(user["custom:landfall_id"].as_str().is_some_and(|id| id.len() == 32), "{user}");

    let (status, must_change) = pool.sign_in("mei.tanaka", "kumo to yama").await;
    assert_eq!((status, &must_change["__type"]), (400, &json!("PasswordResetRequiredException")), "{must_change}");

    shop.kill();
    let (status, again) = pool.sign_in(name, password).await;
    assert_eq!(status, 200, "the pool has the password: {again}");
    let (status, again) = pool.sign_in(name, "not her password").await;
    assert_eq!(status, 400, "{again}");
}
