//! Keycloak as target by the preset. The customer signs in at its token endpoint.

use reqwest::Method;
use serde_json::Value;

use crate::client::{bearer, call, send_form};
use crate::life::{self, Product};
use crate::servers::keycloak::{ADMIN_CLIENT, Keycloak, PUBLIC_CLIENT};
use crate::servers::proxy::Proxy;

struct Realm {
    server: Keycloak,
    proxy: Proxy,
}

impl Realm {
    /// Its one customer is [`ROLF`](crate::service::ROLF).
    fn start() -> Self {
        let server = Keycloak::start_as_target();
        Self { proxy: Proxy::to(server.address), server }
    }

    async fn users(&self, login: &str) -> Value {
        let token = bearer(&self.server.token_url(), ADMIN_CLIENT).await;
        let query = format!("{}?username={login}&exact=true", self.server.users_url());
        call(Method::GET, &query, &token, &Value::Null).await.1
    }
}

impl Product for Realm {
    const VERIFIES: bool = true;
    const HAS_POLICY: bool = true;

    fn settings(&self) -> (String, Option<&str>) {
        let (url, (id, secret)) = (self.proxy.address, ADMIN_CLIENT);
        let settings = format!(
            "  kind: http\n  preset: keycloak\n  params: {{ realm: customers, client_id: {PUBLIC_CLIENT} }}\n  server:\n    \
             url: http://{url}\n    allow: [ 127.0.0.1 ]\n    auth: {{ kind: oauth, \
             token_url: /realms/customers/protocol/openid-connect/token, client_id: {id}, client_secret: {secret} }}\n"
        );
        (settings, None)
    }

    fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    async fn accounts(&self, login: &str) -> usize {
        self.users(login).await.as_array().expect("users").len()
    }

    async fn signs_in(&self, login: &str, password: &str) -> bool {
        let form =
            [("grant_type", "password"), ("client_id", PUBLIC_CLIENT), ("username", login), ("password", password)];
        let (status, answer) = send_form(&self.server.token_url(), "", &form).await;
        assert!(status == 200 || answer["error"] == "invalid_grant", "{status} {answer}");
        status == 200
    }

    fn stop(&self) {
        self.server.stop();
    }

    async fn serve(&self) {
        self.server.serve();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Keycloak; run tests/run"]
async fn customers_move_to_keycloak() {
    life::whole(&Realm::start()).await;
}
