//! The disk space of a decision, as stated in docs/operating.md.

use futures_util::future::join_all;

use super::SqliteLedger;
use crate::adapters::suites::ledger::{decision, keyring, open};
use crate::ports::{Decision, ExternalId, Ledger as _, TargetId};

/// Enough for the trees to have their usual shape.
const DECISIONS: i64 = 20_000;

/// A later sign-in, the most common decision: with an account, and ids of realistic length.
fn sign_in(at: i64) -> Decision {
    let digest = |of: &str| keyring().subject(&format!("{of} {at}"));
    let account = TargetId(format!("01a2074e-2152-7377-8b8f-{at:012}"));
    Decision {
        request_id: digest("request"),
        subject: digest("subject"),
        account: Some((account, Some(ExternalId(digest("external"))))),
        source: None,
        rules: None,
        micros: 61_234,
        ..decision("authenticated", at)
    }
}

async fn bytes(ledger: &SqliteLedger) -> i64 {
    let sql = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
    let mut connection = ledger.database.reader().acquire("read").await.unwrap();
    sqlx::query_scalar(sql).fetch_one(&mut *connection).await.unwrap()
}

#[tokio::test]
async fn a_decision_takes_as_much_space_as_the_documentation_says() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(&folder).await;
    let before = bytes(&ledger).await;
    for page in 0..DECISIONS / 1000 {
        let decisions: Vec<Decision> = (0..1000).map(|at| sign_in(page * 1000 + at)).collect();
        let decided = join_all(decisions.iter().map(|decision| ledger.decide(decision, &[]))).await;
        assert!(decided.iter().all(Result::is_ok));
    }
    let measured = (bytes(&ledger).await - before) / DECISIONS;
    let page = include_str!("../../../../docs/operating.md");
    let stated = page.split_once(" bytes of the ledger").unwrap().0.rsplit(' ').next().unwrap();
    let stated: i64 = stated.parse().unwrap();
    assert!((measured - stated).abs() * 20 <= measured, "docs/operating.md says {stated}, a decision takes {measured}");
}
