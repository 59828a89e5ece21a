//! SCIM targets: canaille, where the customer signs in in a browser, and scim2-server, which only keeps users.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{bearer, call, encode};
use crate::driver::Browser;
use crate::life::{self, Product};
use crate::servers::canaille::{Canaille, WRITER};
use crate::servers::proxy::Proxy;
use crate::servers::scim2_server::{Scim2Server, TOKEN};
use crate::service::{PASSWORD_OF_ROLF_THERE, ROLF};
use crate::visit;

/// The user whom nobody migrated.
fn rolf() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": ROLF.login(), "active": true,
        "password": PASSWORD_OF_ROLF_THERE, "emails": [{ "value": ROLF.mail() }],
        "name": { "formatted": "Rolf Weber", "familyName": "Weber" },
    })
}

struct Provider {
    server: Canaille,
    browser: Browser,
}

impl Provider {
    async fn start() -> Self {
        let server = Canaille::start();
        let token = bearer(&format!("{}/oauth/token", server.url()), WRITER).await;
        let users = format!("{}/Users", server.scim_url());
        assert_eq!(call(Method::POST, &users, &token, &rolf()).await.0, 201);
        Self { server, browser: Browser::start() }
    }
}

impl Product for Provider {
    const VERIFIES: bool = false;
    const HAS_POLICY: bool = false;

    fn settings(&self) -> (String, Option<&str>) {
        let (url, (id, secret)) = (self.server.scim_url(), WRITER);
        let settings = format!(
            "  kind: scim\n  server:\n    url: {url}\n    allow: [ localhost ]\n    auth: {{ kind: oauth, \
             token_url: '{}/oauth/token', client_id: {id}, client_secret: {secret} }}\n",
            self.server.url(),
        );
        (settings, None)
    }

    fn keeps_our_id(&self) -> bool {
        false
    }

    fn proxy(&self) -> &Proxy {
        &self.server.proxy
    }

    async fn accounts(&self, login: &str) -> usize {
        self.server.count(login)
    }

    async fn signs_in(&self, login: &str, password: &str) -> bool {
        let claims = visit::canaille(&self.browser, &self.server, login, password);
        claims.is_some_and(|claims| claims["email"] == format!("{login}@example.com"))
    }

    fn stop(&self) {
        self.server.stop();
    }

    async fn serve(&self) {
        self.server.serve();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs canaille and chromium; run tests/run"]
async fn customers_move_to_an_openid_provider_by_scim() {
    life::whole(&Provider::start().await).await;
}

struct Store {
    server: Scim2Server,
    proxy: Proxy,
}

impl Store {
    async fn start() -> Self {
        let server = Scim2Server::start();
        let users = format!("{}/Users", server.url());
        assert_eq!(call(Method::POST, &users, &token(), &rolf()).await.0, 201);
        Self { proxy: Proxy::to(server.address), server }
    }

    async fn found(&self, filter: &str) -> usize {
        let query = format!("{}/Users?{}", self.server.url(), encode(&[("filter", filter)]));
        let (status, found) = call(Method::GET, &query, &token(), &Value::Null).await;
        assert_eq!(status, 200, "{found}");
        found["Resources"].as_array().expect("users").len()
    }
}

fn token() -> String {
    format!("Bearer {TOKEN}")
}

impl Product for Store {
    const VERIFIES: bool = false;
    const HAS_POLICY: bool = false;

    fn settings(&self) -> (String, Option<&str>) {
        let settings = format!(
            "  kind: scim\n  server:\n    url: http://{}/v2\n    allow: [ 127.0.0.1 ]\n    \
             auth: {{ kind: bearer, token: '{TOKEN}' }}\n",
            self.proxy.address,
        );
        (settings, None)
    }

    fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    async fn accounts(&self, login: &str) -> usize {
        self.found(&format!("userName eq \"{login}\"")).await
    }

    /// It signs nobody in, but its filter compares passwords.
    async fn signs_in(&self, login: &str, password: &str) -> bool {
        self.found(&format!("userName eq \"{login}\" and password eq \"{password}\"")).await == 1
    }

    fn stop(&self) {
        self.server.stop();
    }

    async fn serve(&self) {
        self.server.serve();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs scim2-server; run tests/run"]
async fn customers_move_to_a_scim_server() {
    life::whole(&Store::start().await).await;
}
