//! A deployment whose ledger is written by the tests, and the program beside it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use landfall::adapters::registry::{self, LedgerContext, Opening};
use landfall::ports::{
    AccountLookup, AccountState, Claim, ClaimAnswer, Decision, DecisionOutcome, DecisionReason, Event, EventKind,
    Finish, Keyring, LegacyKey, MigratedCustomer, OpenLedger, Operation, Refusal, TargetId,
};
use serde_json::Value;

use crate::servers::{ADMIN, Options, POSTGRES, Server};
use crate::support::Shop;

/// A deployment.
pub struct House {
    pub shop: Shop,
    pub ledger: OpenLedger,
    /// The address of the ledger.
    pub url: String,
    keyring: Arc<Keyring>,
    /// Ends after the ledger was dropped.
    _server: Option<Server>,
}

/// What a command has written.
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub error: String,
}

impl House {
    /// A deployment with files.
    pub async fn in_files() -> Self {
        Self::at(None).await
    }

    /// A deployment with a database of its own server.
    pub async fn in_postgres() -> Self {
        let server = tokio::task::spawn_blocking(|| Server::start(&POSTGRES, Options::default())).await.unwrap();
        Self::at(Some(server)).await
    }

    async fn at(server: Option<Server>) -> Self {
        let shop = Shop::new(std::iter::empty(), "");
        let url = match &server {
            None => format!("sqlite:{}", shop.path("ledger.db").display()),
            Some(server) => server.url(ADMIN.0, ADMIN.1, &server.create_database()),
        };
        let settings = fs::read_to_string(shop.path("landfall.yaml")).unwrap();
        fs::write(shop.path("landfall.yaml"), settings.replace("sqlite:ledger.db", &url)).unwrap();
        let keyring = Arc::new(Keyring::new(&[0xab; 32]).unwrap());
        let context = LedgerContext {
            url: &url,
            folder: Path::new(""),
            keyring: Arc::clone(&keyring),
            opening: Opening::Trusted,
        };
        let ledger = registry::open_ledger(context).await.unwrap();
        Self { shop, ledger, url, keyring, _server: server }
    }

    /// Runs a command of the program.
    pub fn landfall(&self, arguments: &[&str], input: &str) -> Ended {
        let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
        command.args(arguments).current_dir(self.shop.folder.path());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // a command that does not read its input may have ended
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let [out, error] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        Ended { code: output.status.code(), out, error }
    }

    /// The report of `landfall decommission`, its exit code, and the names of the conditions that are not met.
    pub fn decommission(&self, arguments: &[&str]) -> (Option<i32>, Vec<String>, Value) {
        let ended = self.landfall(&[&["decommission", "--format", "json"], arguments].concat(), "");
        assert!(ended.code < Some(2), "{}", ended.error);
        let report: Value = serde_json::from_str(&ended.out).unwrap();
        let checks = report["checks"].as_array().unwrap().clone();
        let unmet = checks.iter().filter(|check| check["result"] == "no");
        let names = unmet
            .map(|check| {
                assert!(check["help"].is_string(), "{check}");
                check["check"].as_str().unwrap().to_owned()
            })
            .collect();
        (ended.code, names, report)
    }

    /// Claims a customer, some days ago.
    pub async fn claim(&self, id: &str, days: i64, verified: bool) -> u64 {
        let at = days_ago(days);
        let claim = Claim {
            key: key(id),
            logins: Vec::new(),
            lookup: AccountLookup::Login,
            external_id: self.keyring.external_id(&key(id)),
            rules: "r1".into(),
            claimed_at: at,
            verified_at: verified.then_some(at),
            creating_at: at,
            lease: Duration::from_secs(2),
        };
        match self.ledger.ledger.claim(&claim).await.unwrap() {
            ClaimAnswer::Granted(grant) => grant.token,
            other => panic!("{other:?}"),
        }
    }

    /// Ends a claim with an account.
    pub async fn finish(&self, id: &str, token: u64, days: i64, state: AccountState) {
        let outcome = if state == AccountState::Pending { DecisionOutcome::Created } else { DecisionOutcome::Migrated };
        let operation = if state == AccountState::Pending { Operation::Bulk } else { Operation::Login };
        let finish = Finish {
            key: key(id),
            token,
            account: TargetId(format!("account of {id}")),
            state,
            created_at: days_ago(days),
            tags: Vec::new(),
            decision: Decision { operation, ..self.about(id, outcome, DecisionReason::None, days) },
            events: Vec::new(),
        };
        self.ledger.ledger.finish(&finish).await.unwrap();
    }

    /// Migrates a customer, some days ago.
    pub async fn migrate(&self, id: &str, days: i64) {
        let token = self.claim(id, days, true).await;
        self.finish(id, token, days, AccountState::Active).await;
    }

    /// Records a decision.
    pub async fn decide(&self, decision: Decision) {
        self.ledger.ledger.decide(&decision, &[]).await.unwrap();
    }

    /// Keeps a write-back.
    pub async fn tell(&self, id: &str) {
        let event = Event {
            at: days_ago(1),
            kind: EventKind::WriteBack,
            reason: String::new(),
            account: None,
            request_id: "r".into(),
            tags: Vec::new(),
            customer: Some(MigratedCustomer { key: key(id), at: days_ago(1), kept: BTreeMap::new() }),
        };
        self.ledger.ledger.decide(&decision(DecisionOutcome::Authenticated, 1), &[event]).await.unwrap();
    }

    /// A decision about a customer, for whom the legacy system was asked.
    pub fn about(&self, id: &str, outcome: DecisionOutcome, reason: DecisionReason, days: i64) -> Decision {
        let customer = Some(self.keyring.customer(&key(id)));
        let account = Some((TargetId(format!("account of {id}")), None));
        Decision { customer, account, source: Some("shop".into()), reason, ..decision(outcome, days) }
    }
}

/// A decision some days ago, for which no legacy system was asked.
pub fn decision(outcome: DecisionOutcome, days: i64) -> Decision {
    Decision {
        at: days_ago(days),
        request_id: "r".into(),
        operation: Operation::Login,
        outcome,
        reason: DecisionReason::None,
        subject: "subject".into(),
        customer: None,
        account: None,
        source: None,
        rules: None,
        micros: 1,
        count: 1,
        settled: Vec::new(),
    }
}

/// A login with an identifier that the legacy system does not know.
pub fn unknown(days: i64) -> Decision {
    let reason = DecisionReason::Refused(Refusal::Unknown);
    Decision { reason, source: Some("shop".into()), ..decision(DecisionOutcome::Refused, days) }
}

pub fn key(id: &str) -> LegacyKey {
    LegacyKey { source: "shop".into(), id: id.into() }
}

pub fn days_ago(days: i64) -> Timestamp {
    Timestamp::now() - SignedDuration::from_hours(24 * days)
}
