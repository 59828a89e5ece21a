//! Amazon Cognito as legacy system by the preset. moto stands for Cognito: what it answers differently is noted here.

use serde_json::{Value, json};

use crate::servers::moto::{Moto, REGION};
use crate::service::{Service, outage, refused, signed_in};

const AUTH: &str =
    "auth: { kind: aws, region: eu-central-1, service: cognito-idp, access_key: AKID, secret_key: secret }";

/// A user pool with its client.
struct Pool<'a> {
    moto: &'a Moto,
    id: String,
    client: String,
}

impl<'a> Pool<'a> {
    /// A pool whose users sign in by these attributes, or by user names, with users in all states.
    async fn create(moto: &'a Moto, attributes: Value) -> Self {
        let mut pool = Self { moto, id: String::new(), client: String::new() };
        let made = pool.call("CreateUserPool", json!({ "PoolName": "shop", "UsernameAttributes": attributes })).await;
        pool.id = text(&made["UserPool"]["Id"]);
        let flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
        let client = json!({ "UserPoolId": pool.id, "ClientName": "shop", "ExplicitAuthFlows": flows });
        let made = pool.call("CreateUserPoolClient", client).await;
        pool.client = text(&made["UserPoolClient"]["ClientId"]);
        for (name, password) in [
            ("ida", "Harbour-lamp-42"),
            ("hanna", "North-pier-7"),
            ("otto", "Old-anchor-60"),
            ("lina", "Winter-coat-88"),
        ] {
            pool.user(name, password).await;
            pool.admin("AdminSetUserPassword", name, json!({ "Password": password, "Permanent": true })).await;
        }
        pool.user("mia", "Copper-kettle-5").await;
        pool.admin("AdminDisableUser", "otto", json!({})).await;
        pool.admin("AdminResetUserPassword", "lina", json!({})).await;
        let sign_up = json!({
            "ClientId": pool.client, "Username": pool.login("newby"), "Password": "New-sails-2025",
            "UserAttributes": [{ "Name": "email", "Value": "newby@example.com" }],
        });
        pool.call("SignUp", sign_up).await;
        pool
    }

    fn login(&self, name: &str) -> String {
        format!("{name}@example.com")
    }

    async fn user(&self, name: &str, temporary: &str) {
        let attributes = [("email", self.login(name)), ("email_verified", "true".into()), ("given_name", name.into())];
        let attributes = attributes.map(|(name, value)| json!({ "Name": name, "Value": value }));
        let more = json!({ "TemporaryPassword": temporary, "MessageAction": "SUPPRESS", "UserAttributes": attributes });
        self.admin("AdminCreateUser", name, more).await;
    }

    async fn admin(&self, operation: &str, name: &str, mut body: Value) {
        body["UserPoolId"] = json!(self.id);
        body["Username"] = json!(self.login(name));
        self.call(operation, body).await;
    }

    async fn call(&self, operation: &str, body: Value) -> Value {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let call = client.post(self.moto.url()).header("content-type", "application/x-amz-json-1.1");
        let call = call.header("x-amz-target", format!("AWSCognitoIdentityProviderService.{operation}"));
        let scope = format!("20260101/{REGION}/cognito-idp/aws4_request");
        let signature = format!("AWS4-HMAC-SHA256 Credential=a/{scope}, SignedHeaders=host, Signature=0");
        let answer = call.header("authorization", signature).body(body.to_string()).send().await.expect("an answer");
        let status = answer.status().as_u16();
        let answer = answer.text().await.expect("a body");
        assert_eq!(status, 200, "{operation}: {answer}");
        serde_json::from_str(&answer).expect("JSON")
    }

    /// The service in front of it, with further keys of the verifier.
    fn service(&self, auth: &str, verifier: &str) -> Service {
        let (url, Self { id, client, .. }) = (self.moto.url(), self);
        let legacy = format!(
            "source:\n  kind: http\n  preset: cognito\n  params: {{ user_pool: {id} }}\n  \
             server: {{ url: {url}, allow: [ 127.0.0.1 ], {AUTH} }}\n\
             verifiers:\n  legacy-auth-api:\n    kind: http\n    preset: cognito\n    params: {{ client_id: {client} }}\n    \
             server: {{ url: {url}, allow: [ 127.0.0.1 ]{auth} }}\n{verifier}",
        );
        Service::start("cognito.yaml", &legacy)
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto; run tests/run"]
async fn customers_are_migrated_and_sign_in_without_cognito() {
    let moto = Moto::start();
    let pool = Pool::create(&moto, json!(["email"])).await;
    let service = pool.service("", "");
    assert_eq!(service.sign_in("ida@example.com", "wrong").await, refused("wrong_password"));
    assert_eq!(service.sign_in("nobody@example.com", "Harbour-lamp-42").await, refused("unknown"));
    // moto, and perhaps Cognito, says so with any password
    for password in ["Old-anchor-60", "wrong"] {
        assert_eq!(service.sign_in("otto@example.com", password).await, refused("disabled"));
    }
    assert_eq!(service.sign_in("newby@example.com", "wrong").await, refused("wrong_password"));
    assert_eq!(service.sign_in("newby@example.com", "New-sails-2025").await, refused("disabled"));
    assert_eq!(service.sign_in("mia@example.com", "wrong").await, refused("wrong_password"));
    assert_eq!(service.accounts(), 0, "nothing is stored for a refusal");
    assert_eq!(service.sign_in("Ida@example.com", "Harbour-lamp-42").await, signed_in("migrated"));
    let account = service.account("ida@example.com");
    assert_eq!(account["claims"]["email"], json!({ "value": "ida@example.com", "verified": true }), "{account}");
    let must_change = signed_in("migrated_must_change_password");
    assert_eq!(service.sign_in("mia@example.com", "Copper-kettle-5").await, must_change);
    // moto gives a token and does not accept it; Cognito answers PasswordResetRequiredException, which is `expired`
    assert_eq!(service.sign_in("lina@example.com", "Winter-coat-88").await, outage());

    moto.stop();
    assert_eq!(service.sign_in("ida@example.com", "Harbour-lamp-42").await, signed_in("authenticated"));
    assert_eq!(service.sign_in("ida@example.com", "wrong").await, refused("wrong_password_at_target"));
    for password in ["North-pier-7", "wrong"] {
        assert_eq!(service.sign_in("hanna@example.com", password).await, outage());
    }
    assert_eq!(service.sign_in("nobody@example.com", "wrong").await, outage());
    moto.serve();
    let again = Pool::create(&moto, json!(["email"])).await;
    assert_eq!((again.id, again.client), (pool.id.clone(), pool.client.clone()));
    assert_eq!(service.sign_in_at_last("hanna@example.com", "North-pier-7").await, signed_in("migrated"));
    assert_eq!(service.accounts(), 3);
    service.stop();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto; run tests/run"]
async fn requests_of_the_presets_page_work() {
    let moto = Moto::start();
    let pool = Pool::create(&moto, json!(["email"])).await;
    let request = format!(
        "    request:\n      path: /\n      \
         headers: {{ X-Amz-Target: AWSCognitoIdentityProviderService.AdminInitiateAuth }}\n      \
         body:\n        json:\n          AuthFlow: ADMIN_USER_PASSWORD_AUTH\n          UserPoolId: {}\n          \
         ClientId: {}\n          AuthParameters: {{ USERNAME: '{{$.Username}}', PASSWORD: '{{password}}' }}\n        \
         content_type: application/x-amz-json-1.1\n",
        pool.id, pool.client
    );
    let service = pool.service(&format!(", {AUTH}"), &request);
    // moto's reason is the user name, which no condition describes
    assert_eq!(service.sign_in("ida@example.com", "wrong").await, outage());
    assert_eq!(service.sign_in("otto@example.com", "Old-anchor-60").await, refused("disabled"));
    assert_eq!(service.sign_in("ida@example.com", "Harbour-lamp-42").await, signed_in("migrated"));
    let must_change = signed_in("migrated_must_change_password");
    assert_eq!(service.sign_in("mia@example.com", "Copper-kettle-5").await, must_change);
    service.stop();

    // an app client that Cognito does not know
    let nothing = Pool { moto: &moto, id: pool.id.clone(), client: "nothing".to_owned() };
    let service = nothing.service("", "");
    assert_eq!(service.sign_in("hanna@example.com", "North-pier-7").await, outage());
    assert_eq!(service.accounts(), 0);
    service.stop();
}
