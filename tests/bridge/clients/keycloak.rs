//! The user-migration plugin of Keycloak, and its variant of Phase Two: Keycloak looks the customer up several times, each a
//! GET for the profile, then a POST with the user name of this profile for the verdict.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Asked, Client, Decision, json_body, send};

/// How often one login looks the customer up.
const LOOKUPS: usize = 3;

/// What `java.net.URLEncoder` encodes, but the blank, which becomes a plus sign.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'*').remove(b'_');

/// The plugin, or its variant.
pub struct UserMigration {
    kind: &'static str,
    settings: &'static str,
    reads: fn(&str) -> Option<User>,
}

impl UserMigration {
    /// The plugin of Keycloak.
    pub fn keycloak() -> Self {
        Self { kind: "keycloak", settings: "callers: [ idp ]", reads: |body| serde_json::from_str(body).ok() }
    }

    /// The same with other settings of the bridge.
    pub fn with(self, settings: &'static str) -> Self {
        Self { settings, ..self }
    }

    /// The extension of Phase Two, which does not document one-time passwords and organizations.
    pub fn phasetwo() -> Self {
        let reads = |body: &str| {
            let user: User = serde_json::from_str(body).ok()?;
            (user.totps.is_none() && user.organizations.is_none()).then_some(user)
        };
        Self { kind: "phasetwo", settings: "callers: [ idp ]", reads }
    }
}

/// The user as the plugin reads it: an unknown member is an error, and a missing boolean is `false`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(dead_code, reason = "what is only read must have its type")]
struct User {
    id: Option<String>,
    username: Option<String>,
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    #[serde(default)]
    enabled: bool,
    #[serde(default)]
    email_verified: bool,
    attributes: Option<BTreeMap<String, Vec<String>>>,
    roles: Option<Vec<String>>,
    groups: Option<Vec<String>>,
    required_actions: Option<Vec<String>>,
    totps: Option<Vec<Value>>,
    organizations: Option<Vec<Value>>,
}

/// Compares as the plugin does.
fn is_same(name: Option<&str>, wanted: &str) -> bool {
    name.is_some_and(|name| name.to_uppercase() == wanted.to_uppercase())
}

impl UserMigration {
    /// The address of both calls.
    pub fn url(bridge: &str, name: &str) -> String {
        format!("{bridge}/{}", utf8_percent_encode(name, ENCODED).to_string().replace("%20", "+"))
    }

    /// A look-up as Keycloak makes it: an address is looked up as one, then as a user name.
    async fn find(&self, http: &reqwest::Client, bridge: &str, typed: &str) -> (Answer, Option<User>) {
        let url = Self::url(bridge, typed);
        let mut found = (send(http.get(&url), true).await, None);
        let read = |answer: &Answer| (answer.status == 200).then(|| (self.reads)(&answer.body)).flatten();
        if typed.contains('@') {
            found.1 = read(&found.0).filter(|user| is_same(user.email.as_deref(), typed));
            if found.1.is_some() {
                return found;
            }
            found.0 = send(http.get(&url), true).await;
        }
        found.1 = read(&found.0).filter(|user| is_same(user.username.as_deref(), typed));
        found
    }
}

impl Client for UserMigration {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn settings(&self) -> String {
        self.settings.to_owned()
    }

    fn is_told_early(&self) -> bool {
        true
    }

    fn asks_twice(&self) -> bool {
        true
    }

    fn sign_in<'a>(
        &'a self,
        http: &'a reqwest::Client,
        bridge: &'a str,
        identifier: &'a str,
        password: &'a str,
    ) -> Asked<'a> {
        Box::pin(async move {
            // as the login page of Keycloak 26 does
            let typed = identifier.trim().to_lowercase();
            let (mut answer, mut found) = self.find(http, bridge, &typed).await;
            for _ in 1..LOOKUPS {
                (answer, found) = self.find(http, bridge, &typed).await;
            }
            let Some(user) = found else { return answer.seen(Decision::Refused) };
            let name = user.username.unwrap_or_default();
            // the plugin throws an exception if Keycloak changes the name, and Keycloak signs nobody in who is disabled
            if name.is_empty() || name != name.to_lowercase() || !user.enabled {
                return answer.seen(Decision::Refused);
            }
            let url = Self::url(bridge, &name);
            let verdict = send(json_body(http.post(&url), &json!({ "password": password })), true).await;
            if verdict.status != 200 {
                return verdict.seen(Decision::Refused);
            }
            // refreshing the attributes at the next login
            let (after, found) = self.find(http, bridge, &name).await;
            // an outage at this moment costs the attributes, and not the login
            let is_known = found.is_some() || after.status == 503;
            assert!(is_known, "{name} is known after the hand-over: {}", after.status);
            let actions = user.required_actions.unwrap_or_default();
            verdict.seen(Decision::SignedIn { must_change: actions.iter().any(|action| action == "UPDATE_PASSWORD") })
        })
    }
}
