//! Amazon Cognito as target by the preset. moto stands for Cognito. The customer signs in by InitiateAuth.

use serde_json::{Value, json};

use crate::client::aws;
use crate::life::{self, Product};
use crate::servers::moto::{Moto, REGION};
use crate::servers::proxy::Proxy;
use crate::service::{PASSWORD_OF_ROLF_THERE, ROLF};

/// A user pool with its client.
struct Pool {
    moto: Moto,
    proxy: Proxy,
    id: String,
    client: String,
}

impl Pool {
    async fn start() -> Self {
        let moto = Moto::start();
        let proxy = Proxy::to(moto.address);
        let mut pool = Self { moto, proxy, id: String::new(), client: String::new() };
        (pool.id, pool.client) = pool.create().await;
        pool
    }

    /// Makes the pool and its first user. A pool of the same name has the same id every time.
    async fn create(&self) -> (String, String) {
        let schema = json!([{ "Name": "landfall_external_id", "AttributeDataType": "String", "Mutable": true }]);
        let policy = json!({ "PasswordPolicy": {
            "MinimumLength": 8, "RequireUppercase": true, "RequireLowercase": true, "RequireNumbers": true,
            "RequireSymbols": true,
        } });
        let made =
            self.call("CreateUserPool", json!({ "PoolName": "shop", "Schema": schema, "Policies": policy })).await;
        let id = text(&made["UserPool"]["Id"]);
        let flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
        let client = json!({ "UserPoolId": id, "ClientName": "shop", "ExplicitAuthFlows": flows });
        let made = self.call("CreateUserPoolClient", client).await;
        let client = text(&made["UserPoolClient"]["ClientId"]);
        let rolf = json!({
            "UserPoolId": id, "Username": ROLF.login(), "MessageAction": "SUPPRESS",
            "UserAttributes": [{ "Name": "email", "Value": ROLF.mail() }],
        });
        self.call("AdminCreateUser", rolf).await;
        let password = json!({
            "UserPoolId": id, "Username": ROLF.login(), "Password": PASSWORD_OF_ROLF_THERE, "Permanent": true,
        });
        self.call("AdminSetUserPassword", password).await;
        (id, client)
    }

    async fn call(&self, operation: &str, body: Value) -> Value {
        let (status, answer) = aws(&self.moto.url(), operation, REGION, &body).await;
        assert_eq!(status, 200, "{operation}: {answer}");
        answer
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

impl Product for Pool {
    const VERIFIES: bool = true;
    const HAS_POLICY: bool = true;

    fn settings(&self) -> (String, Option<&str>) {
        let (url, Self { id, client, .. }) = (self.proxy.address, self);
        let settings = format!(
            "  kind: http\n  preset: cognito\n  params: {{ user_pool: {id}, client_id: {client} }}\n  server:\n    \
             url: http://{url}\n    allow: [ 127.0.0.1 ]\n    auth: {{ kind: aws, region: {REGION}, service: cognito-idp, \
             access_key: AKID, secret_key: secret }}\n"
        );
        (settings, None)
    }

    fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    async fn accounts(&self, login: &str) -> usize {
        let users = self.call("ListUsers", json!({ "UserPoolId": self.id })).await;
        users["Users"].as_array().expect("users").iter().filter(|user| user["Username"] == login).count()
    }

    async fn signs_in(&self, login: &str, password: &str) -> bool {
        let body = json!({
            "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": self.client,
            "AuthParameters": { "USERNAME": login, "PASSWORD": password },
        });
        let (status, answer) = aws(&self.moto.url(), "InitiateAuth", REGION, &body).await;
        assert!(status == 200 || answer["__type"].is_string(), "{status} {answer}");
        // a challenge is no sign-in
        answer["AuthenticationResult"]["AccessToken"].is_string()
    }

    fn stop(&self) {
        self.moto.stop();
    }

    async fn serve(&self) {
        self.moto.serve();
        assert_eq!(self.create().await, (self.id.clone(), self.client.clone()));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto; run tests/run"]
async fn customers_move_to_cognito() {
    life::whole(&Pool::start().await).await;
}
