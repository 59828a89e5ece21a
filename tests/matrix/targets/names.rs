//! A target whose host has no address.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::cells::Store;
use super::product::Product;
use super::settings::{at, service};
use crate::servers::http_faults::FaultServer;
use crate::service::{ALLOWANCE, DEADLINE, name};

/// How long after the correction a login may still be an outage: the claim of the first one has to end.
const RECOVERY: Duration = Duration::from_secs(10);

/// The customer is answered 503 in time, and signs in once the settings are corrected.
pub async fn play() {
    let product = Product::default();
    let answering = product.clone();
    let server = FaultServer::start_tls(move |request| answering.answer(request));
    let service = service(&server, &at(Store::OneCall, "https://accounts.invalid"));
    let answered = service.sign_in(&name(1)).await;
    assert!(answered.took <= DEADLINE + ALLOWANCE, "late: {answered:?}");
    let is_outage = answered.failures.last().is_some_and(|failed| failed.kind == "unavailable");
    assert!(answered.status == 503 && is_outage && answered.outcome == "target_unavailable", "{answered:?}");
    let service = service.restart(&at(Store::OneCall, &server.url()));
    let began = Instant::now();
    loop {
        let answered = service.sign_in(&name(1)).await;
        if answered.status == 200 {
            break;
        }
        assert!(answered.status == 503 && began.elapsed() < RECOVERY, "{answered:?}");
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(product.accounts_of(&format!("{}@example.org", name(1))).len(), 1);
}
