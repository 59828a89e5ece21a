//! glewlwyd as target. Landfall knows nothing of it: its requests and its rules, two YAML files beside this one, and the JSON
//! Schema of the body are all there is. The customer signs in in a browser.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::call;
use crate::driver::Browser;
use crate::life::{self, Product};
use crate::servers::glewlwyd::{API_KEY, Glewlwyd};
use crate::servers::proxy::Proxy;
use crate::service::{PASSWORD_OF_ROLF_THERE, ROLF};
use crate::visit;

struct Provider {
    server: Glewlwyd,
    proxy: Proxy,
    browser: Browser,
}

impl Provider {
    async fn start() -> Self {
        let server = Glewlwyd::start();
        let rolf = json!({
            "username": ROLF.login(), "name": "Rolf", "email": ROLF.mail(), "enabled": true, "scope": ["g_profile"],
            "password": PASSWORD_OF_ROLF_THERE,
        });
        let users = format!("{}/api/user/?source=database", server.url());
        assert_eq!(call(Method::POST, &users, &key(), &rolf).await.0, 200);
        Self { proxy: Proxy::to(server.address), server, browser: Browser::start() }
    }
}

fn key() -> String {
    format!("token {API_KEY}")
}

impl Product for Provider {
    const VERIFIES: bool = true;
    const HAS_POLICY: bool = false;

    fn settings(&self) -> (String, Option<&str>) {
        let settings = format!(
            "  kind: http\n  preset: glewlwyd.yaml\n  server:\n    url: http://{}\n    allow: [ 127.0.0.1 ]\n    \
             auth: {{ kind: header, name: Authorization, value: '{}' }}\n",
            self.proxy.address,
            key(),
        );
        (settings, Some("glewlwyd"))
    }

    fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    async fn accounts(&self, login: &str) -> usize {
        let query = format!("{}/api/user/?pattern={login}", self.server.url());
        let (status, found) = call(Method::GET, &query, &key(), &Value::Null).await;
        assert_eq!(status, 200, "{found}");
        found.as_array().expect("users").iter().filter(|user| user["username"] == login).count()
    }

    async fn signs_in(&self, login: &str, password: &str) -> bool {
        let profile = visit::glewlwyd(&self.browser, &self.server, login, password);
        profile.is_some_and(|profile| profile["username"] == login)
    }

    fn stop(&self) {
        self.server.stop();
    }

    async fn serve(&self) {
        self.server.serve();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs glewlwyd and chromium; run tests/run"]
async fn customers_move_to_a_product_of_two_yaml_files() {
    life::whole(&Provider::start().await).await;
}
