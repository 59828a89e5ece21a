//! Every customer sixteen times at once, at two processes that share a ledger and an account store.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::ledger::{count, open};
use super::support::running::Running;
use super::support::shop::CHEAP;
use super::support::{LONG_QUEUE, PATIENT, Shop, client, customer, password, sign_in};

/// How many customers: `LANDFALL_CROWD=10000` for the whole storm, fewer where every change waits for it.
fn customers() -> usize {
    std::env::var("LANDFALL_CROWD").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000)
}

/// Logins of one customer at the same time; every fourth has a wrong password.
const AT_ONCE: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_make_every_account_once() {
    let customers = customers();
    let shop = Shop::new((0..customers).map(customer), &format!("{CHEAP}{LONG_QUEUE}{PATIENT}"));
    let servers = [Running::start(shop.folder.path(), &[]), Running::start(shop.folder.path(), &[])];
    let (client, began) = (client(), Instant::now());
    let wrong_answers = Arc::new(AtomicUsize::new(0));
    let mut crowd = tokio::task::JoinSet::new();
    for number in 0..customers {
        // A few customers at a time, each of them all at once.
        while crowd.len() >= 12 * AT_ONCE {
            crowd.join_next().await.unwrap().unwrap();
        }
        for attempt in 0..AT_ONCE {
            let (client, wrong_answers) = (client.clone(), Arc::clone(&wrong_answers));
            let base = servers[attempt % servers.len()].base.clone();
            let identifier = match attempt % 3 {
                0 => format!("CUSTOMER{number}"),
                1 => format!("customer{number}@example.org"),
                _ => format!("customer{number}"),
            };
            // a wrong password that is somebody else's right one
            let is_right = attempt % 4 != 3;
            let password = password(if is_right { number } else { number + 1 });
            crowd.spawn(async move {
                let wanted = if is_right { 200 } else { 401 };
                let status = sign_in(&client, &base, &identifier, &password).await;
                if status != Some(wanted) {
                    println!("{identifier}: {status:?} instead of {wanted}");
                    wrong_answers.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    }
    while let Some(done) = crowd.join_next().await {
        done.unwrap();
    }
    let (took, logins) = (began.elapsed(), customers * AT_ONCE);
    println!("{logins} logins of {customers} customers in {took:.1?}: {:.0}/s", logins as f64 / took.as_secs_f64());
    assert_eq!(wrong_answers.load(Ordering::Relaxed), 0);
    let accounts = open(&shop.path("accounts.db")).await;
    let wanted = i64::try_from(customers).unwrap();
    assert_eq!(count(&accounts, "SELECT COUNT(*) FROM accounts").await, wanted);
    assert_eq!(count(&accounts, "SELECT COUNT(DISTINCT legacy_id) FROM accounts").await, wanted);
    let ledger = open(&shop.path("ledger.db")).await;
    assert_eq!(count(&ledger, "SELECT COUNT(*) FROM entries WHERE state = 'done'").await, wanted);
    for server in servers {
        assert_eq!(server.stop(), Some(0));
    }
}
