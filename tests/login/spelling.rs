//! A customer has one canonical identifier: other spellings create no second account or counter.

use landfall::migrate::{Outcome, Refusal};

use super::fixture::{Fixture, customer};

#[tokio::test]
async fn every_spelling_is_the_same_customer() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("jürgen"));
    assert_eq!(fixture.outcome("JÜRGEN", "secret jürgen").await, Outcome::Migrated);
    for spelling in ["jürgen", "Ju\u{308}rgen", "ｊürgen", "  jürgen  ", "JÜRGEN@EXAMPLE.ORG"] {
        assert_eq!(fixture.outcome(spelling, "secret jürgen").await, Outcome::Authenticated, "{spelling}");
    }
    assert_eq!(fixture.accounts().await.len(), 1);
}

#[tokio::test]
async fn confusable_names_are_other_customers() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("mike"));
    for spelling in ["mıke", "mіke", "mike.", "m\u{200b}ike"] {
        let outcome = fixture.outcome(spelling, "secret mike").await;
        assert!(matches!(outcome, Outcome::Refused(Refusal::Unknown | Refusal::Malformed)), "{spelling}: {outcome:?}");
    }
}
