//! SIGTERM under load: every request that was sent before it is answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::signer::shop;
use super::support::running::Running;
use super::support::{client, customer, password, sign_in};

/// The number of rounds, and of concurrent customers.
const ROUNDS: usize = 5;
const CUSTOMERS: usize = 24;

/// How long before the signal a request must have been sent to count: client and server take their times separately.
const BEFORE: Duration = Duration::from_millis(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_sent_before_sigterm_are_answered() {
    let shop = shop(CUSTOMERS);
    shop.export((0..CUSTOMERS).map(customer));
    for round in 0..ROUNDS {
        let server = Running::start(shop.folder.path(), &[]);
        let (client, stopped) = (client(), Arc::new(AtomicBool::new(false)));
        let mut crowd = tokio::task::JoinSet::new();
        for number in 0..CUSTOMERS {
            let (client, base, stopped) = (client.clone(), server.base.clone(), Arc::clone(&stopped));
            crowd.spawn(async move {
                loop {
                    let sent = Instant::now();
                    let answer = sign_in(&client, &base, &format!("customer{number}"), &password(number)).await;
                    if answer.is_none() || stopped.load(Ordering::SeqCst) {
                        return (sent, answer);
                    }
                }
            });
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        let signalled = Instant::now();
        stopped.store(true, Ordering::SeqCst);
        let code = tokio::task::spawn_blocking(move || server.stop()).await.unwrap();
        assert_eq!(code, Some(0));
        let mut answered = 0;
        while let Some(last) = crowd.join_next().await {
            let (sent, answer) = last.unwrap();
            if sent + BEFORE < signalled {
                assert!(answer.is_some(), "round {round}: a request of {:?} before the signal", signalled - sent);
                answered += 1;
            }
        }
        println!("round {round}: {answered} requests were in flight and were answered");
    }
}
