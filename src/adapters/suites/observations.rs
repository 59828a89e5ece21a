//! Observations of every ledger. Each case runs against the file, in memory, and against PostgreSQL.

use super::ledger::{at, every_ledger, open};
use crate::ports::{
    Event, EventKind, Observation, ObservationKey, ObservationKind, Observations, Observed, Outbox, Subscription,
};

every_ledger! {
    counts_are_added_up
    the_newest_customers_are_kept
    what_is_new_sends_its_event_once
    observations_of_rules_that_are_gone_are_removed
}

pub(in crate::adapters) fn observation(
    kind: ObservationKind,
    name: &str,
    count: u64,
    customers: &[&str],
) -> Observation {
    Observation {
        key: ObservationKey {
            kind,
            source: "shop".into(),
            about: "old..new".into(),
            name: name.into(),
            change: "changed".into(),
        },
        count,
        customers: customers.iter().map(|customer| (*customer).to_owned()).collect(),
        event: None,
    }
}

fn seen(observation: &Observation, count: u64, first: i64, last: i64, customers: &[&str]) -> Observed {
    Observed {
        key: observation.key.clone(),
        count,
        first_at: at(first),
        last_at: at(last),
        customers: customers.iter().map(|customer| (*customer).to_owned()).collect(),
    }
}

async fn counts_are_added_up(ledger: &dyn Observations) {
    let name = observation(ObservationKind::Shadow, "name", 2, &["c1"]);
    let email = observation(ObservationKind::Shadow, "email", 1, &[]);
    ledger.note(&[name.clone(), email.clone()], at(0)).await.unwrap();
    ledger.note(&[Observation { count: 3, customers: vec!["c2".into()], ..name.clone() }], at(60)).await.unwrap();
    // a clock that is behind changes no time
    ledger.note(std::slice::from_ref(&name), at(30)).await.unwrap();
    let wanted = [seen(&email, 1, 0, 0, &[]), seen(&name, 7, 0, 60, &["c1", "c2"])];
    assert_eq!(ledger.observed().await.unwrap(), wanted);
    ledger.note(&[], at(60)).await.unwrap();
    assert_eq!(ledger.observed().await.unwrap(), wanted);
}

async fn the_newest_customers_are_kept(ledger: &dyn Observations) {
    for number in 0..20 {
        let customer = format!("c{number}");
        ledger.note(&[observation(ObservationKind::Shadow, "name", 1, &[&customer])], at(number)).await.unwrap();
    }
    let observed = ledger.observed().await.unwrap().remove(0);
    assert_eq!(observed.customers, ["c19", "c18", "c17", "c16", "c15", "c14", "c13", "c12"]);
}

async fn what_is_new_sends_its_event_once(ledger: &(impl Outbox + Observations)) {
    let event = Event {
        at: at(0),
        kind: EventKind::Drift,
        reason: "disappeared".into(),
        account: None,
        request_id: String::new(),
        tags: vec!["source:shop".into(), "field:$.mail".into()],
        customer: None,
    };
    let drift = Observation { event: Some(event.clone()), ..observation(ObservationKind::Drift, "$.mail", 1, &[]) };
    ledger.note(std::slice::from_ref(&drift), at(0)).await.unwrap();
    ledger.note(std::slice::from_ref(&drift), at(1)).await.unwrap();
    let crm = [Subscription::new("crm", &EventKind::ALL)];
    ledger.route(&crm, at(1), 9).await.unwrap();
    let due = ledger.due(&crm[0], at(1), std::time::Duration::from_secs(9), 9).await.unwrap();
    assert_eq!(due.into_iter().map(|outgoing| outgoing.event).collect::<Vec<_>>(), [event]);
}

async fn observations_of_rules_that_are_gone_are_removed(ledger: &dyn Observations) {
    let month = 31 * 24 * 60 * 60;
    let old = observation(ObservationKind::Shadow, "name", 1, &[]);
    let drift = observation(ObservationKind::Drift, "$.mail", 1, &[]);
    ledger.note(&[old, drift.clone()], at(0)).await.unwrap();
    let new = observation(ObservationKind::Shadow, "email", 1, &[]);
    ledger.note(std::slice::from_ref(&new), at(month)).await.unwrap();
    let wanted = [seen(&new, 1, month, month, &[]), seen(&drift, 1, 0, 0, &[])];
    assert_eq!(ledger.observed().await.unwrap(), wanted);
}

/// Two processes.
#[tokio::test]
async fn two_ledgers_on_one_file_add_to_the_same_counts() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (open(&folder).await, open(&folder).await);
    let name = observation(ObservationKind::Shadow, "name", 2, &["c1"]);
    one.note(std::slice::from_ref(&name), at(0)).await.unwrap();
    two.note(std::slice::from_ref(&name), at(1)).await.unwrap();
    assert_eq!(one.observed().await.unwrap(), [seen(&name, 4, 0, 1, &["c1"])]);
}
