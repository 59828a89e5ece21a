//! Several instances on one PostgreSQL server, and faults on the way to it.

mod bounds;
mod copying;
mod lost;
mod sharing;
mod starting;

use std::time::Duration;

use crate::adapters::suites::ledger::{at, decision, keyring};
use crate::ports::{
    AccountLookup, AccountState, Claim, ClaimAnswer, Decision, Event, EventKind, Finish, Ledger, LegacyKey, TargetId,
};

fn key(id: &str) -> LegacyKey {
    LegacyKey { source: "shop".into(), id: id.into() }
}

fn claim(id: &str) -> Claim {
    Claim {
        key: key(id),
        logins: vec![keyring().subject(id)],
        lookup: AccountLookup::Login,
        external_id: keyring().external_id(&key(id)),
        rules: "r1".into(),
        claimed_at: at(0),
        verified_at: Some(at(0)),
        creating_at: at(0),
        lease: Duration::from_secs(10),
    }
}

async fn granted(ledger: &dyn Ledger, id: &str) -> u64 {
    match ledger.claim(&claim(id)).await.unwrap() {
        ClaimAnswer::Granted(grant) => grant.token,
        other => panic!("{other:?}"),
    }
}

fn account(id: &str) -> TargetId {
    TargetId(format!("account of {id}"))
}

fn finish(id: &str, token: u64) -> Finish {
    Finish {
        key: key(id),
        token,
        account: account(id),
        state: AccountState::Active,
        created_at: at(1),
        tags: Vec::new(),
        decision: Decision { request_id: format!("request {id}"), ..decision("migrated", 1) },
        events: vec![event(id)],
    }
}

fn event(id: &str) -> Event {
    Event {
        at: at(1),
        kind: EventKind::Migrated,
        reason: "migrated".into(),
        account: Some(account(id)),
        request_id: format!("request {id}"),
        tags: Vec::new(),
        customer: None,
    }
}
