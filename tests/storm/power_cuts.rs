//! Killed at random moments under load, again and again: what was acknowledged is there, and nothing is there twice.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::ledger::{count, open};
use super::support::running::Running;
use super::support::shop::CHEAP;
use super::support::{BRISK, LONG_QUEUE, Shop, client, customer, password, sign_in};

/// How often: `LANDFALL_POWER_CUTS=300` for the whole storm.
fn power_cuts() -> usize {
    std::env::var("LANDFALL_POWER_CUTS").ok().and_then(|text| text.parse().ok()).unwrap_or(20)
}

/// Customers who may sign in between two cuts: more than can.
const PER_CUT: usize = 400;

/// Customers at the same time.
const WORKERS: usize = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_power_cuts() {
    let cuts = power_cuts();
    let shop = Shop::new(std::iter::empty(), &format!("{CHEAP}{LONG_QUEUE}{BRISK}"));
    let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
    let mut slowest = Duration::ZERO;
    for cut in 0..cuts {
        // only those who come now: reading an export is no part of a recovery
        shop.export((cut * PER_CUT..(cut + 1) * PER_CUT).map(customer));
        let began = Instant::now();
        let server = Running::start(shop.folder.path(), &[]);
        let client = client();
        // recovered: it answers, and the customers of the last cut can sign in
        if let Some(number) = last(&acknowledged) {
            assert_eq!(right(&client, &server.base, number).await, Some(200), "customer {number} after cut {cut}");
        }
        slowest = slowest.max(began.elapsed());
        let mut load = tokio::task::JoinSet::new();
        for worker in 0..WORKERS {
            let (client, base, acknowledged) = (client.clone(), server.base.clone(), Arc::clone(&acknowledged));
            load.spawn(async move {
                for number in (cut * PER_CUT..(cut + 1) * PER_CUT).skip(worker).step_by(WORKERS) {
                    // a wrong password among the right ones: it must leave nothing behind
                    if number % 3 == 0 {
                        sign_in(&client, &base, &format!("customer{number}"), "wrong").await;
                    }
                    match right(&client, &base, number).await {
                        Some(200) => drop(acknowledged.lock().unwrap().insert(number)),
                        None => return,
                        Some(_) => {}
                    }
                }
            });
        }
        // a moment that differs from cut to cut, without a random number that could not be repeated
        tokio::time::sleep(Duration::from_micros(20_000 + (cut as u64 * 79_190) % 500_000)).await;
        drop(server);
        while load.join_next().await.is_some() {}
    }
    let server = Running::start(shop.folder.path(), &[]);
    let client = client();
    let acknowledged = acknowledged.lock().unwrap().clone();
    println!("{} logins were acknowledged between {cuts} cuts; slowest recovery {slowest:.2?}", acknowledged.len());
    assert!(acknowledged.len() > cuts, "hardly anybody signed in");
    assert!(slowest < Duration::from_secs(2), "recovery took {slowest:?}");
    // They authenticate without the legacy system.
    std::fs::remove_file(shop.path("export.ndjson")).expect("the export");
    authenticate(&client, &server.base, &acknowledged).await;
    drop(server);
    let accounts = open(&shop.path("accounts.db")).await;
    assert_eq!(
        count(&accounts, "SELECT COUNT(*) - COUNT(DISTINCT source || '/' || legacy_id) FROM accounts").await,
        0,
        "an account is there twice"
    );
    assert_eq!(count(&accounts, "SELECT COUNT(*) FROM accounts WHERE phc IS NULL").await, 0);
}

/// Every one of them signs in with the right password, and not with a wrong one.
async fn authenticate(client: &reqwest::Client, base: &str, acknowledged: &BTreeSet<usize>) {
    let mut checks = tokio::task::JoinSet::new();
    for number in acknowledged.iter().copied() {
        while checks.len() >= WORKERS {
            checks.join_next().await.unwrap().unwrap();
        }
        let (client, base) = (client.clone(), base.to_owned());
        checks.spawn(async move {
            assert_eq!(right(&client, &base, number).await, Some(200), "customer {number}");
            assert_eq!(sign_in(&client, &base, &format!("customer{number}"), "wrong").await, Some(401));
        });
    }
    while let Some(check) = checks.join_next().await {
        check.unwrap();
    }
}

fn last(acknowledged: &Mutex<BTreeSet<usize>>) -> Option<usize> {
    acknowledged.lock().unwrap().last().copied()
}

async fn right(client: &reqwest::Client, base: &str, number: usize) -> Option<u16> {
    sign_in(client, base, &format!("customer{number}"), &password(number)).await
}
