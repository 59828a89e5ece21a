//! Single unusable records are not an outage: their customers are refused like others, and everybody else is served.

use super::fixture::{Fixture, add, execute};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_bad_record_does_not_affect_other_customers() {
    let ordinary: Vec<String> = (0..8).map(|number| format!("ordinary{number}")).collect();
    let mut names: Vec<&str> = ordinary.iter().map(String::as_str).collect();
    names.extend(["twin", "huge"]);
    let fixture = Fixture::new(&names, 1000).await;
    let mut legacy = fixture.database("legacy.db").await;
    add(&mut legacy, "twin").await;
    execute(&mut legacy, "UPDATE customers SET about = hex(randomblob(4096)) WHERE login = 'huge'").await;
    for name in &ordinary {
        // more often than the breaker tolerates
        for bad in ["twin", "huge"] {
            assert_eq!(fixture.sign_in_status(bad).await, 401);
            assert_eq!(fixture.wrong_password_status(bad).await, 401);
        }
        assert_eq!(fixture.sign_in_status(name).await, 200, "{name}");
    }
    fixture.wait_for_metric("landfall_breaker_state{adapter=\"shop\"} 0").await;
    assert_eq!((fixture.accounts("twin").await, fixture.accounts("huge").await), (0, 0));
    execute(&mut legacy, "DELETE FROM customers WHERE rowid = (SELECT MAX(rowid) FROM customers)").await;
    execute(&mut legacy, "UPDATE customers SET about = NULL").await;
    for bad in ["twin", "huge"] {
        assert_eq!(fixture.wrong_password_status(bad).await, 401);
        assert_eq!(fixture.sign_in_status(bad).await, 200);
    }
}
