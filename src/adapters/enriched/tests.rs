use super::*;
use crate::adapters::memory::{Fault, MemorySource};

const NAME: &str = r#"{"id":"C-7","login":"ada"}"#;

struct World {
    customers: Arc<MemorySource>,
    orders: Arc<MemorySource>,
    enriched: EnrichedSource,
}

fn world(required: bool) -> World {
    let profile = IdentifierProfile::default();
    let customers = Arc::new(MemorySource::new("shop", profile.clone()));
    let orders = Arc::new(MemorySource::new("orders", profile));
    customers.insert(&["ada"], NAME).expect("a customer");
    customers.insert(&["bo"], r#"{"id":8,"login":"bo"}"#).expect("a customer");
    customers.insert(&["cy"], r#"{"login":"cy"}"#).expect("a customer");
    customers.insert(&["di"], r#"{"id":"C-7","login":"di","orders":0}"#).expect("a customer");
    customers.insert(&["ed"], r#"{"id":["C-7"],"login":"ed"}"#).expect("a customer");
    orders.insert(&["C-7"], r#"{"total":3}"#).expect("orders");
    orders.insert(&["8"], r#"{"total":4}"#).expect("orders");
    let part = RecordPart {
        member: "orders".to_owned(),
        source: Arc::clone(&orders) as _,
        by: vec!["id".to_owned()],
        required,
        timeout: Duration::from_millis(50),
    };
    let enriched = EnrichedSource::new(Arc::clone(&customers) as _, vec![part], 1024);
    World { customers, orders, enriched }
}

impl World {
    async fn fetch(&self, login: &str) -> Result<Option<String>, PortError> {
        let identifier = IdentifierProfile::default().canonical(login).expect("an identifier");
        let record = self.enriched.fetch(Call::outside_login("r1"), &identifier).await?;
        Ok(record.map(|record| record.json().to_owned()))
    }
}

#[tokio::test]
async fn a_record_gets_its_part() {
    let world = world(true);
    let ada = world.fetch("ada").await.expect("an answer");
    assert_eq!(ada.as_deref(), Some(r#"{"id":"C-7","login":"ada","orders":{"total":3}}"#));
    let bo = world.fetch("bo").await.expect("an answer");
    assert_eq!(bo.as_deref(), Some(r#"{"id":8,"login":"bo","orders":{"total":4}}"#));
    // no key, and no customer: nothing is asked
    let calls = world.orders.calls();
    assert_eq!(world.fetch("cy").await.expect("an answer").as_deref(), Some(r#"{"login":"cy"}"#));
    assert_eq!(world.fetch("nobody").await.expect("an answer"), None);
    assert_eq!(world.orders.calls(), calls);
    // no part
    world.orders.clear();
    assert_eq!(world.fetch("ada").await.expect("an answer").as_deref(), Some(NAME));
}

#[tokio::test]
async fn what_cannot_be_joined_is_the_fault_of_one_record() {
    let world = world(false);
    for login in ["di", "ed"] {
        let error = world.fetch(login).await.expect_err(login);
        assert!(error.is_about_one_record(), "{login}: {error}");
        assert_eq!(world.orders.calls(), 0, "{login}");
    }
}

#[tokio::test]
async fn an_outage_of_a_required_part_is_an_outage() {
    for fault in [Fault::Fail(PortErrorKind::Unavailable), Fault::Hang] {
        let required = world(true);
        required.orders.faults().push([fault]);
        let error = required.fetch("ada").await.expect_err("an outage");
        assert_eq!((error.kind(), error.adapter()), (PortErrorKind::Unavailable, "orders"), "{fault:?}");
        let optional = world(false);
        optional.orders.faults().push([fault]);
        assert_eq!(optional.fetch("ada").await.expect("an answer").as_deref(), Some(NAME), "{fault:?}");
        // the customers themselves are never optional
        optional.customers.faults().push([Fault::Fail(PortErrorKind::Unavailable)]);
        assert!(optional.fetch("ada").await.is_err());
    }
}

#[tokio::test]
async fn the_source_without_parts_is_there_for_lookups() {
    let world = world(true);
    let ada = IdentifierProfile::default().canonical("ada").expect("an identifier");
    let bare = world.enriched.without_parts().expect("a source");
    let record = bare.fetch(Call::outside_login("r1"), &ada).await.expect("an answer").expect("a record");
    assert_eq!((record.json(), world.orders.calls()), (NAME, 0));
}
