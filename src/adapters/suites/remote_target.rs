//! The behaviour of targets that find accounts by our id, as far as they declare the capability.

use futures_util::future::join_all;
use jiff::Timestamp;
use serde_json::json;
use tokio::time::Instant;

use super::target::{call, password, soon};
use crate::ports::{
    AccountLookup, AccountState, Authentication, Conflict, Created, Deleted, Deletion, ExternalId, IdentifierProfile,
    LegacyKey, NewAccount, PasswordChange, PasswordCheck, PortError, PortErrorKind, StoredAccount, Support, Target,
    TargetId, Work,
};

/// A customer, and the account that a login would create.
#[derive(Clone)]
pub(in crate::adapters) struct RemoteCustomer {
    pub id: String,
    pub login: String,
    pub password: Option<&'static str>,
    pub pending: Option<TargetId>,
    pub change: PasswordChange,
    pub until: Instant,
}

const RIGHT: &str = "correct horse battery";
const VERIFIED: Authentication = Authentication::Verified(PasswordChange::Optional);

impl RemoteCustomer {
    pub fn new(id: &str, login: &str) -> Self {
        let change = PasswordChange::Optional;
        Self { id: id.to_owned(), login: login.to_owned(), password: Some(RIGHT), pending: None, change, until: soon() }
    }

    fn external(&self) -> ExternalId {
        ExternalId(format!("{:0>32}", self.id))
    }

    pub async fn create(&self, target: &dyn Target) -> Created {
        self.try_create(target).await.expect("an answer")
    }

    pub async fn try_create(&self, target: &dyn Target) -> Result<Created, PortError> {
        let (external, claims) = (self.external(), json!({ "username": self.login }).to_string());
        let legacy = LegacyKey { source: "legacy".to_owned(), id: self.id.clone() };
        let password = self.password.map(password);
        let new = NewAccount {
            external_id: &external,
            legacy: &legacy,
            logins: std::slice::from_ref(&self.login),
            claims: &claims,
            password: password.as_ref(),
            hash: None,
            pending: self.pending.as_ref(),
            change: self.change,
            rules: "rules-1",
            at: Timestamp::UNIX_EPOCH,
            until: self.until,
        };
        target.create(call(), new).await
    }

    async fn state(&self, target: &dyn Target) -> Option<(TargetId, AccountState)> {
        let found = target.find_created(call(), &self.external()).await.expect("an answer")?;
        assert_eq!(found.external_id, Some(self.external()));
        Some((found.id, found.state))
    }
}

fn new_id(created: Created) -> TargetId {
    match created {
        Created::New(id) => id,
        other => panic!("not new: {other:?}"),
    }
}

/// The verdict on a password, and that the declared work was done for it.
async fn sign_in(target: &dyn Target, id: &TargetId, typed: &str) -> Authentication {
    let answered = target.authenticate(call(), id, &password(typed)).await.expect("an answer");
    let work = match target.capabilities().password {
        PasswordCheck::Api => Work::Remote,
        PasswordCheck::Nothing => Work::Nothing,
        PasswordCheck::Hash => panic!("a remote target computes no hash here"),
    };
    assert_eq!(answered.work, work);
    answered.verdict
}

/// What a target with these capabilities says.
fn verdict(target: &dyn Target, wanted: Authentication) -> Authentication {
    match target.capabilities().password {
        PasswordCheck::Nothing => Authentication::Unusable,
        _ => wanted,
    }
}

async fn creates_and_finds(target: &dyn Target) {
    let ada = RemoteCustomer::new("1", "ada");
    let id = new_id(ada.create(target).await);
    assert_eq!(ada.state(target).await, Some((id.clone(), AccountState::Active)));
    assert_eq!(RemoteCustomer::new("9", "nobody").state(target).await, None);
    // the same customer again keeps the password of the account
    let again = RemoteCustomer { password: Some("another horse battery"), ..ada };
    assert_eq!(again.create(target).await, Created::Exists(id.clone()));
    assert_eq!(sign_in(target, &id, "another horse battery").await, verdict(target, Authentication::Mismatch));
    assert_eq!(sign_in(target, &id, RIGHT).await, verdict(target, VERIFIED));
    let nobody = TargetId("nobody".to_owned());
    assert_eq!(sign_in(target, &nobody, RIGHT).await, verdict(target, Authentication::Gone));
    let must_change = RemoteCustomer { change: PasswordChange::Required, ..RemoteCustomer::new("2", "must-change") };
    let id = new_id(must_change.create(target).await);
    let required = Authentication::Verified(PasswordChange::Required);
    assert_eq!(sign_in(target, &id, RIGHT).await, verdict(target, required));
}

async fn accounts_of_strangers_are_conflicts(target: &dyn Target) {
    let login = RemoteCustomer::new("21", "stranger");
    assert_eq!(login.create(target).await, Created::Conflict(Conflict::Login));
    assert_eq!(login.state(target).await, None);
    let other = RemoteCustomer::new("22", "ada");
    assert_eq!(other.create(target).await, Created::Conflict(Conflict::Login));
}

async fn completes_pending_accounts(target: &dyn Target) {
    let pending = RemoteCustomer { password: None, ..RemoteCustomer::new("30", "pending") };
    let id = new_id(pending.create(target).await);
    assert_eq!(pending.state(target).await, Some((id.clone(), AccountState::Pending)));
    assert_eq!(sign_in(target, &id, RIGHT).await, verdict(target, Authentication::Unusable));
    assert_eq!(pending.create(target).await, Created::New(id.clone()));
    // known to the ledger
    let complete =
        RemoteCustomer { password: Some(RIGHT), pending: Some(id.clone()), ..RemoteCustomer::new("30", "pending") };
    assert_eq!(complete.create(target).await, Created::New(id.clone()));
    assert_eq!(complete.state(target).await, Some((id.clone(), AccountState::Active)));
    let late = RemoteCustomer { password: Some("another horse battery"), ..complete };
    assert_eq!(late.create(target).await, Created::Exists(id.clone()));
    assert_eq!(sign_in(target, &id, RIGHT).await, verdict(target, VERIFIED));
    // left by a creation that was interrupted
    let left = RemoteCustomer { password: None, ..RemoteCustomer::new("31", "left") };
    let id = new_id(left.create(target).await);
    assert_eq!(RemoteCustomer::new("31", "left").create(target).await, Created::New(id.clone()));
    assert_eq!(sign_in(target, &id, RIGHT).await, verdict(target, VERIFIED));
}

async fn sets_passwords(target: &dyn Target) {
    let pending = RemoteCustomer { password: None, ..RemoteCustomer::new("40", "reset") };
    let id = new_id(pending.create(target).await);
    let set = async |id: &TargetId| {
        let new = password("a new horse battery");
        target.set_password(call(), id, &new, Timestamp::UNIX_EPOCH).await.expect("an answer")
    };
    assert_eq!(set(&id).await, Some(id.clone()));
    assert_eq!(pending.state(target).await, Some((id.clone(), AccountState::Active)));
    assert_eq!(sign_in(target, &id, "a new horse battery").await, verdict(target, VERIFIED));
    assert_eq!(set(&TargetId("nobody".to_owned())).await, None);
}

async fn passwords_that_a_policy_refuses_are_left_out(target: &dyn Target) {
    let weak = RemoteCustomer { password: Some("weak"), ..RemoteCustomer::new("50", "weak") };
    let Created::NewWithoutPassword(id) = weak.create(target).await else { panic!("the password is too weak") };
    assert_eq!(weak.state(target).await, Some((id.clone(), AccountState::Pending)));
    assert_eq!(sign_in(target, &id, "weak").await, verdict(target, Authentication::Unusable));
    let again = RemoteCustomer { pending: Some(id.clone()), ..weak };
    assert_eq!(again.create(target).await, Created::NewWithoutPassword(id));
}

async fn deletes_accounts(target: &dyn Target) {
    let gone = RemoteCustomer::new("60", "gone");
    let id = new_id(gone.create(target).await);
    let delete = async |how| target.delete(call(), &id, how).await;
    assert_eq!(delete(Deletion::ForGood).await.expect("an answer"), Deleted::Yes);
    assert_eq!(delete(Deletion::ForGood).await.expect("an answer"), Deleted::Missing);
    assert_eq!(gone.state(target).await, None);
    assert_eq!(sign_in(target, &id, RIGHT).await, verdict(target, Authentication::Gone));
    target.reopen(call(), &gone.external()).await.expect("an answer");
    new_id(gone.create(target).await);
    if target.capabilities().undo == Support::No {
        unsupported(delete(Deletion::Unchanged { until: soon() }).await);
    }
}

fn unsupported<T: std::fmt::Debug>(result: Result<T, PortError>) {
    assert_eq!(result.expect_err("unsupported").kind(), PortErrorKind::Unsupported);
}

async fn nothing_is_written_after_the_claim(target: &dyn Target) {
    let late = RemoteCustomer { until: Instant::now(), ..RemoteCustomer::new("70", "late") };
    assert_eq!(late.try_create(target).await.expect_err("too late").kind(), PortErrorKind::Unavailable);
    assert_eq!(late.state(target).await, None);
}

async fn racing_logins_create_one_account(target: &dyn Target) {
    let customer = RemoteCustomer::new("80", "race");
    let all = join_all((0..32).map(|_| customer.create(target))).await;
    let new: Vec<&Created> = all.iter().filter(|created| matches!(created, Created::New(_))).collect();
    assert_eq!(new.len(), 1, "{all:?}");
    let id = new_id(new[0].clone());
    assert_eq!(all.iter().filter(|created| **created == Created::Exists(id.clone())).count(), 31, "{all:?}");
}

async fn says_what_it_cannot_do(target: &dyn Target) {
    let capabilities = target.capabilities();
    assert_eq!(capabilities.lookup, AccountLookup::ExternalId);
    let identifier = IdentifierProfile::default().canonical("ada").expect("an identifier");
    unsupported(target.find(call(), &identifier).await);
    if capabilities.listing == Support::No {
        unsupported(target.list(call(), None, 3).await);
    }
    assert_eq!(target.ping().await.expect("it works"), None);
    let ada = RemoteCustomer::new("1", "ada").state(target).await.expect("an account").0;
    match target.read(call(), &ada).await {
        Ok(read) => {
            let StoredAccount { id, claims, .. } = read.expect("an account");
            assert!(id == ada && claims.contains("ada"));
            assert!(target.read(call(), &TargetId("nobody".to_owned())).await.expect("an answer").is_none());
        }
        unreadable => unsupported(unreadable),
    }
}

/// Checks a target that keeps user names unique, has an account `stranger` that is not ours, and refuses the password `weak`.
pub(in crate::adapters) async fn check_behaviour(target: &dyn Target) {
    creates_and_finds(target).await;
    accounts_of_strangers_are_conflicts(target).await;
    completes_pending_accounts(target).await;
    sets_passwords(target).await;
    passwords_that_a_policy_refuses_are_left_out(target).await;
    deletes_accounts(target).await;
    nothing_is_written_after_the_claim(target).await;
    racing_logins_create_one_account(target).await;
    says_what_it_cannot_do(target).await;
}
