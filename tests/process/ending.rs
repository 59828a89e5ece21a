//! SIGTERM under load: whatever was sent before it has an answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::signer::shop;
use super::support::running::Running;
use super::support::{client, customer, password, sign_in};

/// How often, and how many customers at the same time.
const ROUNDS: usize = 5;
const AT_ONCE: usize = 24;

/// Requests that were sent so long before the signal were sent before it: both are seen by two clocks of one machine.
const BEFORE: Duration = Duration::from_millis(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_was_sent_before_the_end_is_answered() {
    let shop = shop(AT_ONCE);
    shop.export((0..AT_ONCE).map(customer));
    for round in 0..ROUNDS {
        let server = Running::start(shop.folder.path(), &[]);
        let (client, stopped) = (client(), Arc::new(AtomicBool::new(false)));
        let mut crowd = tokio::task::JoinSet::new();
        for number in 0..AT_ONCE {
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
        let told = Instant::now();
        stopped.store(true, Ordering::SeqCst);
        let code = tokio::task::spawn_blocking(move || server.stop()).await.unwrap();
        assert_eq!(code, Some(0));
        let mut answered = 0;
        while let Some(last) = crowd.join_next().await {
            let (sent, answer) = last.unwrap();
            if sent + BEFORE < told {
                assert!(answer.is_some(), "round {round}: a request of {:?} before the end", told - sent);
                answered += 1;
            }
        }
        println!("round {round}: {answered} requests were running and were answered");
    }
}
