//! `landfall serve` in front of a legacy system, with the ready rules.

use std::path::Path;

use serde_json::Value;

use crate::running::until;
pub use crate::support_service::{Service, outage, refused, signed_in};

impl Service {
    /// Starts it with ready rules, and with the settings of sources and verifiers.
    pub fn start(rules: &str, legacy: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules").join(rules);
        let settings = format!(
            "listen: 127.0.0.1:0\nrules: '{}'\n{legacy}\
             target: {{ kind: sql, url: 'sqlite:accounts.db' }}\nledger: {{ url: 'sqlite:ledger.db', key: '{}' }}\n\
             login: {{ floor: 1ms, deadline: 8s, lease: 10s, attempts: {{ customer: {{ limit: 100, window: 15m }} }} }}\n\
             password: {{ longest_check: 1ms, argon2: {{ memory: 8KiB, passes: 1, lanes: 1 }} }}\nlane: {{ threads: 1 }}\nguard: {{ call: 4s }}\n",
            rules.display(),
            "0123456789abcdef".repeat(4),
        );
        Self::start_in(folder, &settings)
    }

    /// Signs in until it succeeds.
    pub async fn sign_in_at_last(&self, identifier: &str, password: &str) -> (u16, String) {
        let attempt = async || {
            let (status, how) = self.sign_in(identifier, password).await;
            assert!(matches!(status, 200 | 503), "{identifier}: {status} {how}");
            (status == 200).then_some((status, how))
        };
        until("a sign-in", attempt).await
    }

    /// The account of a customer.
    pub fn account(&self, login: &str) -> Value {
        serde_json::from_str(&self.landfall(&["account", "show", "--format", "json", login])).expect("JSON")
    }

    /// How many accounts there are.
    pub fn accounts(&self) -> usize {
        self.landfall(&["account", "list"]).lines().filter(|line| !line.trim().is_empty()).count()
    }

    /// What `landfall check` says of the systems.
    pub fn check(&self) -> String {
        self.landfall(&["check", "--config", "landfall.yaml", "--connect"])
    }
}

/// How a login ends whose password the legacy system verified for somebody else.
pub fn about_somebody_else() -> (u16, String) {
    (401, "invalid_record, unreadable".to_owned())
}
