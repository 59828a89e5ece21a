//! The behaviour of every target, as far as it declares the capability.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::time::Instant;

use crate::adapters::memory::MemoryTarget;
use crate::adapters::sqlite::AccountStore;
use crate::hashing::Hasher;
use crate::model::Password;
use crate::password::lane::{Lane, LaneSettings};
use crate::password::store::{PasswordStore, Peppers, StoreParameters};
use crate::password::{Credential, Limits};
use crate::ports::{
    AccountLookup, AccountState, Authentication, Call, Capabilities, Conflict, Created, Creation, Deleted, Deletion,
    ExternalId, IdentifierProfile, LegacyKey, NewAccount, PasswordChange, PasswordCheck, PortError, PortErrorKind,
    SinceMigration, Support, Target, TargetId, Work,
};

/// A hasher that costs next to nothing.
pub(in crate::adapters) fn hasher(memory_kib: u32) -> Arc<Hasher> {
    let store = PasswordStore::new(StoreParameters::new(memory_kib, 1, 1).expect("parameters"), Peppers::none());
    let profile = Credential::encoded("md5", "900150983cd24fb0d6963f7d28e17f72");
    let lane = Lane::start(LaneSettings { threads: 2, ..LaneSettings::default() }).expect("a lane");
    Arc::new(Hasher::new(lane, store, Limits::default(), &profile).expect("a hasher"))
}

pub(in crate::adapters) fn password(text: &str) -> Arc<Password> {
    Arc::new(Password::new(text.as_bytes().to_vec()).expect("a password"))
}

/// The circumstances of a call that nothing limits.
pub(in crate::adapters) fn call() -> Call<'static> {
    Call::outside_login("r1")
}

pub(in crate::adapters) fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

pub(in crate::adapters) fn second(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).expect("a time")
}

/// A customer, and the account that a login would create.
pub(in crate::adapters) struct Customer {
    pub external: ExternalId,
    pub legacy: LegacyKey,
    pub logins: Vec<String>,
    pub password: Option<Arc<Password>>,
    pub change: PasswordChange,
    pub at: Timestamp,
    pub until: Instant,
}

impl Customer {
    pub fn new(id: &str, logins: &[&str]) -> Self {
        Self {
            external: ExternalId(format!("ext-{id}")),
            legacy: LegacyKey { source: "legacy".to_owned(), id: id.to_owned() },
            logins: logins.iter().map(|&login| login.to_owned()).collect(),
            password: Some(password("correct horse")),
            change: PasswordChange::Optional,
            at: second(0),
            until: soon(),
        }
    }

    pub async fn create(&self, target: &dyn Target) -> Created {
        self.try_create(target).await.expect("an answer")
    }

    async fn try_create(&self, target: &dyn Target) -> Result<Created, PortError> {
        let new = NewAccount {
            external_id: &self.external,
            legacy: &self.legacy,
            logins: &self.logins,
            claims: r#"{"username":"Ada","email":{"value":"ada@example.org"}}"#,
            password: self.password.as_ref(),
            hash: None,
            pending: None,
            change: self.change,
            rules: "rules-1",
            at: self.at,
            until: self.until,
        };
        target.create(call(), new).await
    }
}

pub(in crate::adapters) fn new_id(created: Created) -> TargetId {
    match created {
        Created::New(id) => id,
        other => panic!("not new: {other:?}"),
    }
}

async fn sign_in(target: &dyn Target, id: &TargetId, typed: &str) -> Authentication {
    target.authenticate(call(), id, &password(typed)).await.expect("an answer").verdict
}

async fn found(target: &dyn Target, login: &str) -> Option<(TargetId, AccountState)> {
    let identifier = IdentifierProfile::default().canonical(login).expect("an identifier");
    let found = target.find(call(), &identifier).await.expect("an answer")?;
    let external = found.external_id.clone().expect("an external id");
    assert_eq!(target.find_external(call(), &external).await.expect("an answer"), Some(found.clone()));
    Some((found.id, found.state))
}

const VERIFIED: Authentication = Authentication::Verified(PasswordChange::Optional);

async fn creates_and_finds(target: &dyn Target) {
    let id = new_id(Customer::new("1", &["ada", "ada@example.org"]).create(target).await);
    for login in ["Ada", "ADA@example.org"] {
        assert_eq!(found(target, login).await, Some((id.clone(), AccountState::Active)));
    }
    assert_eq!(found(target, "nobody").await, None);
    assert!(target.find_external(call(), &ExternalId("ext-9".to_owned())).await.expect("an answer").is_none());
    let account = target.read(call(), &id).await.expect("an answer").expect("an account");
    assert_eq!(account.logins, ["ada", "ada@example.org"]);
    assert_eq!(account.legacy, Some(LegacyKey { source: "legacy".to_owned(), id: "1".to_owned() }));
    assert_eq!(
        (account.rules.as_deref(), account.created_at, account.changed_at),
        (Some("rules-1"), second(0), second(0))
    );
    assert!(account.claims.contains("ada@example.org"));
    assert!(target.read(call(), &TargetId("nobody".to_owned())).await.expect("an answer").is_none());
    // The same customer again: the account exists, even if the login and password differ.
    let again = Customer { password: Some(password("another")), ..Customer::new("1", &["other"]) };
    assert_eq!(again.create(target).await, Created::Exists(id.clone()));
    assert_eq!(found(target, "other").await, None);
    assert_eq!(sign_in(target, &id, "another").await, verdict(target, Authentication::Mismatch));
}

/// The verdict of a target with these capabilities.
fn verdict(target: &dyn Target, wanted: Authentication) -> Authentication {
    match (target.capabilities().password, wanted) {
        (PasswordCheck::Nothing, Authentication::Verified(_) | Authentication::Mismatch) => Authentication::Unusable,
        (_, wanted) => wanted,
    }
}

/// The hashes that a password check computes on this machine, and the work it reports.
fn reports(target: &dyn Target, work: Work) -> (u64, bool) {
    match target.capabilities().password {
        PasswordCheck::Hash => (1, matches!(work, Work::Hash(_))),
        PasswordCheck::Api => (0, work == Work::Remote),
        PasswordCheck::Nothing => (0, work == Work::Nothing),
    }
}

async fn does_the_declared_work_whatever_the_result(target: &dyn Target, hasher: &Hasher) {
    let id = new_id(Customer::new("10", &["paid"]).create(target).await);
    let pending = Customer { password: None, ..Customer::new("11", &["pending"]) };
    let pending = new_id(pending.create(target).await);
    let required = Customer { change: PasswordChange::Required, ..Customer::new("12", &["required"]) };
    let required = new_id(required.create(target).await);
    for (id, typed, answer) in [
        (&id, "correct horse", VERIFIED),
        (&id, "wrong", Authentication::Mismatch),
        (&required, "correct horse", Authentication::Verified(PasswordChange::Required)),
        (&pending, "correct horse", Authentication::Unusable),
        (&pending, "", Authentication::Unusable),
        (&TargetId("nobody".to_owned()), "correct horse", Authentication::Gone),
    ] {
        let before = hasher.calls();
        let answered = target.authenticate(call(), id, &password(typed)).await.expect("an answer");
        assert_eq!(answered.verdict, verdict(target, answer));
        let (after, (hashes, is_reported)) = (hasher.calls(), reports(target, answered.work));
        assert_eq!((after.target - before.target, after.legacy - before.legacy), (hashes, 0), "{answer:?}");
        assert!(is_reported, "{:?} for {answer:?}", answered.work);
    }
    let before = hasher.calls().target;
    new_id(Customer::new("13", &["hashed"]).create(target).await);
    assert_eq!(hasher.calls().target - before, u64::from(target.capabilities().password == PasswordCheck::Hash));
}

async fn conflicts_write_nothing(target: &dyn Target) {
    let id = new_id(Customer::new("20", &["taken"]).create(target).await);
    let login = Customer::new("21", &["free", "taken"]);
    assert_eq!(login.create(target).await, Created::Conflict(Conflict::Login));
    assert_eq!(found(target, "free").await, None);
    assert!(target.find_external(call(), &login.external).await.expect("an answer").is_none());
    let legacy = Customer { external: ExternalId("ext-other".to_owned()), ..Customer::new("20", &["free"]) };
    assert_eq!(legacy.create(target).await, Created::Conflict(Conflict::Legacy));
    let stranger = Customer { external: ExternalId("ext-20".to_owned()), ..Customer::new("22", &["free"]) };
    assert_eq!(stranger.create(target).await, Created::Conflict(Conflict::Legacy));
    assert_eq!(found(target, "free").await, None);
    let pending = Customer { password: None, ..Customer::new("23", &["waits"]) };
    new_id(pending.create(target).await);
    let complete = Customer::new("23", &["waits", "taken"]);
    assert_eq!(complete.create(target).await, Created::Conflict(Conflict::Login));
    assert_eq!(found(target, "waits").await.expect("an account").1, AccountState::Pending);
    assert_eq!(sign_in(target, &id, "correct horse").await, verdict(target, VERIFIED));
}

async fn completes_a_pending_account(target: &dyn Target) {
    let pending = Customer { password: None, ..Customer::new("30", &["before", "both"]) };
    let id = new_id(pending.create(target).await);
    assert_eq!(pending.create(target).await, Created::New(id.clone()));
    let complete = Customer { at: second(9), ..Customer::new("30", &["both", "after"]) };
    assert_eq!(complete.create(target).await, Created::New(id.clone()));
    assert_eq!(complete.create(target).await, Created::Exists(id.clone()));
    assert_eq!(found(target, "before").await, None);
    for login in ["both", "after"] {
        assert_eq!(found(target, login).await, Some((id.clone(), AccountState::Active)));
    }
    let account = target.read(call(), &id).await.expect("an answer").expect("an account");
    assert_eq!((account.created_at, account.changed_at), (second(0), second(9)));
    assert_eq!(sign_in(target, &id, "correct horse").await, verdict(target, VERIFIED));
}

async fn sets_passwords(target: &dyn Target) {
    let pending = Customer { password: None, ..Customer::new("40", &["reset"]) };
    let pending = new_id(pending.create(target).await);
    let active = Customer { change: PasswordChange::Required, ..Customer::new("41", &["known"]) };
    let active = new_id(active.create(target).await);
    for id in [&pending, &active] {
        let set = target.set_password(call(), id, &password("new"), second(5)).await.expect("an answer");
        assert_eq!(set.as_ref(), Some(id));
        assert_eq!(sign_in(target, id, "new").await, verdict(target, VERIFIED));
        assert_eq!(sign_in(target, id, "correct horse").await, verdict(target, Authentication::Mismatch));
        let account = target.read(call(), id).await.expect("an answer").expect("an account");
        assert_eq!((account.state, account.changed_at), (AccountState::Active, second(5)));
        assert_eq!(account.change, PasswordChange::Optional);
    }
    let nobody = TargetId("nobody".to_owned());
    assert_eq!(target.set_password(call(), &nobody, &password("new"), second(5)).await.expect("an answer"), None);
}

async fn disabled_accounts_stay_disabled(target: &dyn Target, id: &TargetId) {
    assert_eq!(sign_in(target, id, "correct horse").await, Authentication::Unusable);
    target.set_password(call(), id, &password("new"), second(8)).await.expect("an answer");
    assert_eq!(sign_in(target, id, "new").await, Authentication::Unusable);
    assert_eq!(Customer::new("50", &["closed"]).create(target).await, Created::Exists(id.clone()));
    assert_eq!(found(target, "closed").await, Some((id.clone(), AccountState::Disabled)));
}

async fn deletes_accounts(target: &dyn Target) {
    let id = new_id(Customer::new("60", &["gone"]).create(target).await);
    let delete = async |how| target.delete(call(), &id, how).await.expect("an answer");
    assert_eq!(delete(Deletion::ForGood).await, Deleted::Yes);
    assert_eq!(delete(Deletion::ForGood).await, Deleted::Missing);
    assert_eq!(sign_in(target, &id, "new").await, Authentication::Gone);
    assert_eq!(found(target, "gone").await, None);
    // The deletion leaves nothing that conflicts.
    let other = Customer { external: ExternalId("ext-60-again".to_owned()), ..Customer::new("60", &["gone"]) };
    let again = new_id(other.create(target).await);
    assert_ne!(again, id);
}

/// What a creation in progress, or a repeated one, must not do.
async fn permanently_deleted_accounts_are_never_recreated(target: &dyn Target) {
    let customer = Customer::new("61", &["closed for good"]);
    let id = new_id(customer.create(target).await);
    assert_eq!(target.delete(call(), &id, Deletion::ForGood).await.expect("an answer"), Deleted::Yes);
    for _ in 0..2 {
        assert_eq!(customer.create(target).await, Created::Conflict(Conflict::Deleted));
    }
    target.reopen(call(), &customer.external).await.expect("an answer");
    new_id(customer.create(target).await);
}

/// Undo deletes an account that only migrations created or completed, and none that a person has changed.
async fn undo_deletes_only_accounts_unchanged_since_migration(target: &dyn Target) {
    let undo = async |id: &TargetId| {
        target.delete(call(), id, Deletion::Unchanged { until: soon() }).await.expect("an answer")
    };
    let pending = Customer { password: None, ..Customer::new("62", &["asked"]) };
    let id = new_id(pending.create(target).await);
    let completed = Customer { at: second(9), ..Customer::new("62", &["asked"]) };
    assert_eq!(completed.create(target).await, Created::New(id.clone()));
    assert_eq!(since_migration(target, &id).await, SinceMigration::Unchanged);
    assert_eq!(undo(&id).await, Deleted::Yes);
    let customer = Customer::new("65", &["changed"]);
    let id = new_id(customer.create(target).await);
    sign_in(target, &id, "correct horse").await;
    target.set_password(call(), &id, &password("new"), second(7)).await.expect("an answer");
    assert_eq!(undo(&id).await, Deleted::Changed);
    // The result does not depend on a clock that was set back.
    let customer = Customer { at: second(9), ..Customer::new("63", &["clock"]) };
    let id = new_id(customer.create(target).await);
    target.set_password(call(), &id, &password("new"), second(3)).await.expect("an answer");
    assert_eq!(since_migration(target, &id).await, SinceMigration::Changed);
    assert_eq!(undo(&id).await, Deleted::Changed);
}

async fn since_migration(target: &dyn Target, id: &TargetId) -> SinceMigration {
    let account = target.read(call(), id).await.expect("an answer");
    account.expect("an account").since_migration
}

async fn undo_is_unsupported(target: &dyn Target) {
    let id = new_id(Customer::new("62", &["asked"]).create(target).await);
    let deleted = target.delete(call(), &id, Deletion::Unchanged { until: soon() }).await;
    assert_eq!(deleted.expect_err("unsupported").kind(), PortErrorKind::Unsupported);
    assert_eq!(found(target, "asked").await, Some((id, AccountState::Active)));
}

async fn listing_is_unsupported(target: &dyn Target) {
    let listed = target.list(call(), None, 3).await;
    assert_eq!(listed.expect_err("unsupported").kind(), PortErrorKind::Unsupported);
}

async fn nothing_is_written_after_the_claim(target: &dyn Target) {
    let late = Customer { until: Instant::now(), ..Customer::new("64", &["late"]) };
    let new = late.try_create(target).await;
    assert_eq!(new.expect_err("too late").kind(), PortErrorKind::Unavailable);
    assert_eq!(found(target, "late").await, None);
    assert!(target.find_created(call(), &late.external).await.expect("an answer").is_none());
}

async fn lists_in_pages(target: &dyn Target) {
    let mut listed: Vec<TargetId> = Vec::new();
    loop {
        let page = target.list(call(), listed.last(), 3).await.expect("an answer");
        assert!(page.len() <= 3);
        if page.is_empty() {
            break;
        }
        listed.extend(page.into_iter().map(|account| account.id));
    }
    assert!(listed.len() > 10 && listed.is_sorted());
    let all = target.list(call(), None, 1000).await.expect("an answer");
    assert!(all.iter().map(|account| &account.id).eq(&listed));
}

async fn racing_logins_create_one_account(target: &dyn Target) {
    let customer = Customer::new("70", &["race", "race@example.org"]);
    let all = join_all((0..64).map(|_| customer.create(target))).await;
    let new: Vec<_> = all.iter().filter(|created| matches!(created, Created::New(_))).collect();
    assert_eq!(new.len(), 1);
    let id = new_id(new[0].clone());
    assert_eq!(all.iter().filter(|created| **created == Created::Exists(id.clone())).count(), 63);
    // Different customers race for one login.
    let customers: Vec<_> = (0..16).map(|at| Customer::new(&format!("8{at}"), &["shared"])).collect();
    let all = join_all(customers.iter().map(|customer| customer.create(target))).await;
    assert_eq!(all.iter().filter(|created| matches!(created, Created::New(_))).count(), 1);
    assert_eq!(all.iter().filter(|created| **created == Created::Conflict(Conflict::Login)).count(), 15);
}

pub(in crate::adapters) async fn check_behaviour(
    target: &dyn Target,
    hasher: &Hasher,
    disable: impl AsyncFn(&TargetId),
) {
    creates_and_finds(target).await;
    does_the_declared_work_whatever_the_result(target, hasher).await;
    conflicts_write_nothing(target).await;
    completes_a_pending_account(target).await;
    sets_passwords(target).await;
    let id = new_id(Customer::new("50", &["closed"]).create(target).await);
    disable(&id).await;
    disabled_accounts_stay_disabled(target, &id).await;
    deletes_accounts(target).await;
    permanently_deleted_accounts_are_never_recreated(target).await;
    match target.capabilities().undo {
        Support::Yes => undo_deletes_only_accounts_unchanged_since_migration(target).await,
        Support::No => undo_is_unsupported(target).await,
    }
    nothing_is_written_after_the_claim(target).await;
    if target.capabilities().unique_external_id == Support::Yes {
        racing_logins_create_one_account(target).await;
    }
    match target.capabilities().listing {
        Support::Yes => lists_in_pages(target).await,
        Support::No => listing_is_unsupported(target).await,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_target_passes() {
    let hasher = hasher(8);
    let target = MemoryTarget::new("memory", Arc::clone(&hasher));
    check_behaviour(&target, &hasher, async |id| assert!(target.disable(id, second(1)).is_some())).await;
    assert!(target.disable(&TargetId("nobody".to_owned()), second(1)).is_none());
}

/// A system behind an API, which computes its hashes on another machine.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn targets_with_fewer_capabilities_pass() {
    let less = Capabilities {
        lookup: AccountLookup::Login,
        password: PasswordCheck::Api,
        listing: Support::No,
        undo: Support::No,
        unique_external_id: Support::No,
        creation: Creation::Steps,
        states: Support::No,
    };
    for capabilities in [less, Capabilities { password: PasswordCheck::Nothing, ..Capabilities::DATABASE }] {
        let target = MemoryTarget::new("memory", hasher(8)).with_capabilities(capabilities);
        check_behaviour(&target, &hasher(8), async |id| assert!(target.disable(id, second(1)).is_some())).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
pub(in crate::adapters) async fn account_store_passes() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("accounts.db");
    let hasher = hasher(8);
    let target = AccountStore::open("accounts", &path, Arc::clone(&hasher)).await.expect("a store");
    check_behaviour(&target, &hasher, async |id| {
        assert!(target.disable(id, second(1)).await.expect("an answer").is_some());
    })
    .await;
    // Everything acknowledged is there when the file is opened again.
    let again = AccountStore::open("accounts", &path, hasher).await.expect("a store");
    assert_eq!(again.count().await.expect("an answer"), target.count().await.expect("an answer"));
    assert!(found(&again, "race").await.is_some());
}
