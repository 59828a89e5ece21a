//! Moving from files to a database: the copy goes on where the files ended, and the files serve nobody any more.

use std::path::Path;
use std::time::Duration;

use super::{claim, event, finish, granted, key};
use crate::adapters::postgres::PostgresLedger;
use crate::adapters::registry::{Copied, Copying, copy_ledger};
use crate::adapters::sqlite::{AccountStore, SqliteLedger};
use crate::adapters::suites::ledger::{at, decision, keyring};
use crate::adapters::suites::nonces::{NOW, nonce};
use crate::adapters::suites::postgres::{accounts_at, ledger_at, new_database};
use crate::adapters::suites::target::{Customer, call, hasher, new_id, password};
use crate::migrate::{bind_store, check_store};
use crate::ports::{
    AccountLookup, Authentication, Claim, ClaimAnswer, Counter, Decision, DeliveryState, EntryFilter, EntryPage, Event,
    EventKind, Fresh, Ledger as _, MigratedCustomer, Nonces as _, Outbox as _, PortError, PortErrorKind, Reports as _,
    Room, Settled, SharedLimits as _, Subscription, Target as _,
};

/// A ledger and an account store in files, with something in each table.
struct Files {
    folder: tempfile::TempDir,
    ledger: SqliteLedger,
    accounts: AccountStore,
}

impl Files {
    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at_path = |name: &str| folder.path().join(name);
        let ledger = SqliteLedger::open(at_path("ledger.db").to_str().unwrap(), keyring()).await.unwrap();
        let accounts = AccountStore::open("accounts", &at_path("accounts.db"), hasher(8)).await.unwrap();
        bind_store(&ledger, &accounts).await.unwrap();
        let files = Self { folder, ledger, accounts };
        files.fill().await;
        files
    }

    async fn fill(&self) {
        let (ledger, accounts) = (&self.ledger, &self.accounts);
        for number in 0..1203 {
            let (id, login) = (number.to_string(), format!("login {number}"));
            Customer { password: None, ..Customer::new(&id, &[&login]) }.create(accounts).await;
        }
        new_id(Customer::new("ada", &["ada", "ada@example.org"]).create(accounts).await);
        for id in ["1", "2", "3"] {
            let token = granted(ledger, id).await;
            ledger.finish(&finish(id, token)).await.unwrap();
        }
        granted(ledger, "creating").await;
        let keeping = Claim { lookup: AccountLookup::ExternalId, ..claim("kept") };
        ledger.claim(&keeping).await.unwrap();
        ledger.pause("target", at(60), at(0)).await.unwrap();
        ledger.bury(&key("3"), &["digest".to_owned()], at(2)).await.unwrap();
        let network = Settled::SeenAt { owner: "ada".into(), network: "home".into() };
        for second in 0..700 {
            let settled = if second == 0 { vec![Settled::Failed(counter(1)), network.clone()] } else { Vec::new() };
            let decided = Decision { settled, count: 1 + u64::from(second == 5), ..decision("refused", second) };
            ledger.decide(&decided, &[]).await.unwrap();
        }
        let crm = [Subscription::new("crm", &EventKind::ALL)];
        ledger.route(&crm, at(9), 1).await.unwrap();
        self.give_up_a_write_back().await;
        ledger.remember(&nonce(1, NOW, NOW)).await.unwrap();
    }

    /// Events 4 and 5: one that was given up, and one that is not yet queued.
    async fn give_up_a_write_back(&self) {
        let shop = Subscription::new("write_back:shop", &[EventKind::WriteBack]);
        for id in ["1", "2"] {
            let kept = [("email".to_owned(), format!("{id}@shop.example"))].into();
            let customer = Some(MigratedCustomer { key: key(id), at: at(1), kept });
            let told = Event { kind: EventKind::WriteBack, customer, ..event(id) };
            self.ledger.decide(&decision("migrated", 700), &[told]).await.unwrap();
            if id == "1" {
                self.ledger.route(std::slice::from_ref(&shop), at(9), 9).await.unwrap();
                self.ledger.sent(&shop.receiver, 4, DeliveryState::Dead { why: "no right" }).await.unwrap();
            }
        }
    }

    async fn copy(&self, url: &str) -> Result<Copied, PortError> {
        let (ledger_file, accounts_file) = (self.path("ledger.db"), self.path("accounts.db"));
        copy_ledger(Copying {
            ledger_file: &ledger_file,
            accounts_file: Some(&accounts_file),
            ledger_url: url,
            accounts: ("accounts", url),
            folder: Path::new(""),
            keyring: keyring(),
        })
        .await
    }
}

fn counter(limit: u32) -> Counter {
    Counter { owner: "ada".into(), lane: String::new(), limit, window: Duration::from_secs(6400) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn a_copy_goes_on_where_the_files_ended() {
    let (files, url) = (Files::new().await, new_database());
    let old = files.ledger.verify().await.unwrap();
    let copied = files.copy(&url).await.unwrap();
    assert_eq!(copied, Copied { entries: 5, accounts: 1204, head: old.head.clone() });
    let (ledger, hasher) = (ledger_at(&url).await, hasher(8));
    let accounts = accounts_at(&url, &hasher).await;
    bind_store(&ledger, &accounts).await.unwrap();
    assert_eq!(ledger.verify().await.unwrap(), old);
    assert_eq!(ledger.summary(at(700)).await.unwrap(), files.ledger.summary(at(700)).await.unwrap());
    let page = || EntryPage { after: None, limit: 99 };
    let [here, there] = [
        ledger.entries(EntryFilter::default(), page()).await.unwrap(),
        files.ledger.entries(EntryFilter::default(), page()).await.unwrap(),
    ];
    assert_eq!(here, there);
    let list = async |target: &dyn crate::ports::Target| target.list(call(), None, 5000).await.unwrap();
    assert_eq!(list(&accounts).await, list(&files.accounts).await);
    // whoever was refused, counted, remembered or deleted still is
    assert_eq!(ledger.would_admit(&counter(1), at(1)).await.unwrap(), Room::Full);
    assert_eq!(ledger.remember(&nonce(1, NOW, NOW)).await.unwrap(), Fresh::Seen);
    assert_eq!(ledger.buried("digest").await.unwrap().map(|buried| buried.key), Some(key("3")));
    assert_eq!(ledger.claim(&claim("1")).await.unwrap(), ClaimAnswer::Done(super::account("1")));
    let creating = there.iter().find(|report| report.entry.key == key("creating")).unwrap().entry.token;
    assert!(granted(&ledger, "new").await > creating, "an outdated token stays outdated");
    let told = async |outbox: &dyn crate::ports::Outbox| outbox.undelivered(EventKind::WriteBack, 0, 9).await.unwrap();
    assert_eq!(told(&ledger).await, told(&files.ledger).await);
    assert!(told(&ledger).await[0].is_dead());
    let same_login = Claim { lookup: AccountLookup::ExternalId, logins: claim("kept").logins, ..claim("other") };
    assert_eq!(ledger.claim(&same_login).await.unwrap(), ClaimAnswer::Taken);
    assert_eq!(ledger.paused("target", at(9)).await.unwrap(), Some(at(60)));
    // events keep their numbers, and new ones get further numbers
    let crm = [Subscription::new("crm", &EventKind::ALL)];
    ledger.decide(&decision("migrated", 701), &[event("new")]).await.unwrap();
    ledger.route(&crm, at(702), 99).await.unwrap();
    let due = ledger.due(&crm[0], at(703), Duration::from_secs(9), 99).await.unwrap();
    assert_eq!(due.iter().map(|outgoing| outgoing.id).collect::<Vec<_>>(), [1, 6]);
    assert_eq!(ledger.verify().await.unwrap().head.number, old.head.number + 1);
    let ada = accounts.find_external(call(), &Customer::new("ada", &[]).external).await.unwrap().unwrap().id;
    let signed_in = accounts.authenticate(call(), &ada, &password("correct horse")).await.unwrap().verdict;
    assert!(matches!(signed_in, Authentication::Verified(_)));
    // a service that still runs on the files is not ready, and nothing is copied twice
    let closed = check_store(&files.ledger, &files.accounts).await.unwrap_err();
    assert_eq!(closed.kind(), PortErrorKind::Misconfigured, "{closed}");
    assert!(files.ledger.decide(&decision("migrated", 800), &[]).await.is_err(), "no success is recorded there");
    assert!(files.copy(&new_database()).await.unwrap_err().detail().contains("already moved"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn a_copy_that_is_refused_or_interrupted_changes_nothing() {
    let (files, url) = (Files::new().await, new_database());
    // somebody has a ledger there already: the accounts were copied, and are replaced by the next copy
    let other = new_database();
    granted(&ledger_at(&other).await, "1").await;
    assert!(files.copy(&other).await.unwrap_err().detail().contains("already has a ledger"));
    check_store(&files.ledger, &files.accounts).await.unwrap();
    let foreign = new_database();
    new_id(Customer::new("x", &["x"]).create(&accounts_at(&foreign, &hasher(8)).await).await);
    assert!(files.copy(&foreign).await.unwrap_err().detail().contains("accounts of another store"));
    let wrong = PostgresLedger::open_existing(&foreign, Path::new(""), keyring()).await;
    assert!(wrong.is_err(), "no ledger was created");
    // a copy that ended between the accounts and the ledger
    let before = files.copy(&url).await.unwrap();
    let server = crate::adapters::suites::postgres::server();
    let database = url.rsplit('/').next().unwrap();
    for table in [
        "landfall_entries",
        "landfall_audit",
        "landfall_head",
        "landfall_meta",
        "landfall_tombstones",
        "landfall_attempts",
        "landfall_networks",
        "landfall_outbox",
        "landfall_deliveries",
        "landfall_nonces",
        "landfall_logins",
        "landfall_limits",
    ] {
        server.sql(database, &format!("DELETE FROM {table};"));
    }
    let id = files.accounts.ping().await.unwrap().unwrap();
    let unmoved = files.ledger.database.writer().write("reset", move |connection| {
        Box::pin(async move {
            sqlx::raw_sql("DROP TRIGGER audit_moved").execute(&mut *connection).await?;
            let sql = "UPDATE meta SET text = ? WHERE name = 'store'";
            sqlx::query(sql).bind(id.0).execute(connection).await.map(|_| ())
        })
    });
    unmoved.await.unwrap();
    assert_eq!(files.copy(&url).await.unwrap(), before);
}
