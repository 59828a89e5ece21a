//! Single records that cannot be used are no outage: their customers are refused like others, everybody else is served.

use super::house::{House, add, execute};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_bad_record_does_not_close_the_door_for_others() {
    let ordinary: Vec<String> = (0..8).map(|number| format!("ordinary{number}")).collect();
    let mut names: Vec<&str> = ordinary.iter().map(String::as_str).collect();
    names.extend(["twin", "huge"]);
    let house = House::new(&names, 1000).await;
    let mut legacy = house.database("legacy.db").await;
    add(&mut legacy, "twin").await;
    execute(&mut legacy, "UPDATE customers SET about = hex(randomblob(4096)) WHERE login = 'huge'").await;
    for name in &ordinary {
        // more often than the breaker would bear
        for bad in ["twin", "huge"] {
            assert_eq!(house.right(bad).await, 401);
            assert_eq!(house.wrong(bad).await, 401);
        }
        assert_eq!(house.right(name).await, 200, "{name}");
    }
    house.says("landfall_breaker_state{adapter=\"shop\"} 0").await;
    assert_eq!((house.accounts("twin").await, house.accounts("huge").await), (0, 0));
    execute(&mut legacy, "DELETE FROM customers WHERE rowid = (SELECT MAX(rowid) FROM customers)").await;
    execute(&mut legacy, "UPDATE customers SET about = NULL").await;
    for bad in ["twin", "huge"] {
        assert_eq!(house.wrong(bad).await, 401);
        assert_eq!(house.right(bad).await, 200);
    }
}
