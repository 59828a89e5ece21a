//! One customer has one spelling: no other makes a second account or a second counter.

use landfall::migrate::{Outcome, Refusal};

use super::house::{House, customer};

#[tokio::test]
async fn every_spelling_is_the_same_customer() {
    let house = House::new();
    house.legacy(&customer("jürgen"));
    assert_eq!(house.outcome("JÜRGEN", "secret jürgen").await, Outcome::Migrated);
    for spelling in ["jürgen", "Ju\u{308}rgen", "ｊürgen", "  jürgen  ", "JÜRGEN@EXAMPLE.ORG"] {
        assert_eq!(house.outcome(spelling, "secret jürgen").await, Outcome::Authenticated, "{spelling}");
    }
    assert_eq!(house.accounts().await.len(), 1);
}

#[tokio::test]
async fn look_alikes_are_other_customers() {
    let house = House::new();
    house.legacy(&customer("mike"));
    for spelling in ["mıke", "mіke", "mike.", "m\u{200b}ike"] {
        let outcome = house.outcome(spelling, "secret mike").await;
        assert!(matches!(outcome, Outcome::Refused(Refusal::Unknown | Refusal::Malformed)), "{spelling}: {outcome:?}");
    }
}
