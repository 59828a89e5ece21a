//! Amazon Cognito as target by the preset. moto stands for Cognito. The customer signs in by InitiateAuth.

use serde_json::{Value, json};

use crate::client::aws;
use crate::life::{self, Product};
use crate::servers::moto::{Moto, REGION};
use crate::servers::proxy::Proxy;
use crate::service::{PASSWORD_OF_ROLF_THERE, ROLF};

/// moto answers a wrong password as Cognito does only in this flow, which clients without credentials use.
const VERIFY: &str = "  \
  requests:
    verify:
      request:
        path: /
        headers: { X-Amz-Target: AWSCognitoIdentityProviderService.InitiateAuth }
        body:
          json:
            AuthFlow: USER_PASSWORD_AUTH
            ClientId: '{param.client_id}'
            AuthParameters: { USERNAME: '{id}', PASSWORD: '{password}' }
          content_type: application/x-amz-json-1.1
      verified_when: [ { status: 200, body: { $.AuthenticationResult.AccessToken: { exists: true } } } ]
      mismatch_when:
        - status: 400
          body: { $.__type: { contains: NotAuthorizedException }, $.message: Incorrect username or password. }
      must_change_when: [ { status: 200, body: { $.ChallengeName: NEW_PASSWORD_REQUIRED } } ]
      none_when: [ { status: 400, body: { $.__type: { contains: UserNotFoundException } } } ]
";

/// What the names of users are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    /// Mail addresses, which Cognito replaces by ids of its own.
    Mail,
    /// Landfall's ids. Customers sign in by an alias, which moto lacks: the tests look the name up.
    ExternalId,
}

/// A user pool with its client.
struct Pool {
    names: Names,
    moto: Moto,
    proxy: Proxy,
    id: String,
    client: String,
}

impl Pool {
    async fn start(names: Names) -> Self {
        let moto = Moto::start();
        let mut pool = Self { names, proxy: Proxy::to(moto.address), moto, id: String::new(), client: String::new() };
        (pool.id, pool.client) = pool.create().await;
        pool
    }

    /// Makes the pool and its first user. A pool of the same name has the same id every time.
    async fn create(&self) -> (String, String) {
        let mut pool = json!({
            "PoolName": "shop",
            "Schema": [{ "Name": "landfall_external_id", "AttributeDataType": "String", "Mutable": true }],
            "Policies": { "PasswordPolicy": {
                "MinimumLength": 8, "RequireUppercase": true, "RequireLowercase": true, "RequireNumbers": true,
                "RequireSymbols": true,
            } },
        });
        match self.names {
            Names::Mail => pool["UsernameAttributes"] = json!(["email"]),
            Names::ExternalId => pool["AliasAttributes"] = json!(["email", "preferred_username"]),
        }
        let made = self.call("CreateUserPool", pool).await;
        let id = text(&made["UserPool"]["Id"]);
        let flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
        let client = json!({ "UserPoolId": id, "ClientName": "shop", "ExplicitAuthFlows": flows });
        let made = self.call("CreateUserPoolClient", client).await;
        let rolf = json!({
            "UserPoolId": id, "Username": ROLF.mail(), "MessageAction": "SUPPRESS",
            "UserAttributes": [{ "Name": "email", "Value": ROLF.mail() }],
        });
        self.call("AdminCreateUser", rolf).await;
        let password = json!({
            "UserPoolId": id, "Username": ROLF.mail(), "Password": PASSWORD_OF_ROLF_THERE, "Permanent": true,
        });
        self.call("AdminSetUserPassword", password).await;
        (id, text(&made["UserPoolClient"]["ClientId"]))
    }

    async fn call(&self, operation: &str, body: Value) -> Value {
        let (status, answer) = aws(&self.moto.url(), operation, REGION, &body).await;
        assert_eq!(status, 200, "{operation}: {answer}");
        answer
    }

    /// The names of the users with the address of a customer.
    async fn names(&self, login: &str) -> Vec<String> {
        let users = self.call("ListUsers", json!({ "UserPoolId": self.id })).await;
        let mail = json!({ "Name": "email", "Value": format!("{login}@example.com") });
        let users = users["Users"].as_array().expect("users").iter();
        let found = users.filter(|user| user["Attributes"].as_array().is_some_and(|all| all.contains(&mail)));
        found.map(|user| text(&user["Username"])).collect()
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
        let names = match self.names {
            Names::Mail => "  rule_params: { username: email }\n",
            Names::ExternalId => "",
        };
        let settings = format!(
            "  kind: http\n  preset: cognito\n{names}{VERIFY}  params: {{ user_pool: {id}, client_id: {client} }}\n  server:\n    \
             url: http://{url}\n    allow: [ 127.0.0.1 ]\n    auth: {{ kind: aws, region: {REGION}, service: cognito-idp, \
             access_key: AKID, secret_key: secret }}\n"
        );
        (settings, None)
    }

    fn keeps_logins_unique(&self) -> bool {
        self.names == Names::Mail
    }

    fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    async fn accounts(&self, login: &str) -> usize {
        self.names(login).await.len()
    }

    async fn signs_in(&self, login: &str, password: &str) -> bool {
        let name = match self.names {
            Names::Mail => format!("{login}@example.com"),
            Names::ExternalId => self.names(login).await.pop().expect("a user"),
        };
        let body = json!({
            "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": self.client,
            "AuthParameters": { "USERNAME": name, "PASSWORD": password },
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
async fn customers_move_to_cognito_where_they_sign_in_by_mail() {
    life::whole(&Pool::start(Names::Mail).await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto; run tests/run"]
async fn customers_move_to_cognito_where_they_sign_in_by_an_alias() {
    life::whole(&Pool::start(Names::ExternalId).await).await;
}
