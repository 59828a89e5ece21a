//! A target in memory, for tests and benchmarks. It can be made to fail, and to play a system that can do less.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::time::Instant;

use crate::adapters::accounts::id;
use crate::adapters::accounts::verification::{self, Checked};
use crate::adapters::memory::Faults;
use crate::hashing::Hasher;
use crate::model::Password;
use crate::password::Credential;
use crate::ports::{
    AccountLookup, AccountState, Authenticated, Authentication, BoxFuture, Call, Capabilities, Conflict, Created,
    Deleted, Deletion, ExternalId, Found, Identifier, LegacyKey, NewAccount, PasswordChange, PasswordCheck, PortError,
    PortErrorKind, SinceMigration, StoreId, StoredAccount, Support, Target, TargetId, Verification, Work,
};

/// Accounts that live as long as the process.
pub struct MemoryTarget {
    name: String,
    hasher: Arc<Hasher>,
    capabilities: Capabilities,
    /// Shorter passwords are refused.
    shortest_password: usize,
    /// The schemes of the stored hashes that it takes.
    taken: Vec<String>,
    accounts: Mutex<Accounts>,
    faults: Faults,
}

#[derive(Default)]
struct Accounts {
    by_id: BTreeMap<TargetId, Account>,
    by_login: HashMap<String, TargetId>,
    by_external: HashMap<ExternalId, TargetId>,
    by_legacy: HashMap<LegacyKey, TargetId>,
    closed: HashSet<ExternalId>,
}

struct Account {
    external_id: ExternalId,
    legacy: LegacyKey,
    state: AccountState,
    password: Option<Stored>,
    change: PasswordChange,
    logins: Vec<String>,
    claims: String,
    rules: String,
    created_at: Timestamp,
    changed_at: Timestamp,
    changed: Changed,
}

/// The hash of a password.
#[derive(Clone)]
enum Stored {
    /// Computed by the target.
    Own(String),
    /// Taken from a legacy system as it is.
    Legacy(Credential),
}

/// Whether an account was changed since a migration created or completed it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Changed {
    Yes,
    No,
}

impl MemoryTarget {
    /// Creates an empty target that uses this hasher.
    #[must_use]
    pub fn new(name: impl Into<String>, hasher: Arc<Hasher>) -> Self {
        let (accounts, faults, capabilities) = (Mutex::default(), Faults::default(), Capabilities::DATABASE);
        Self { name: name.into(), hasher, capabilities, shortest_password: 0, taken: Vec::new(), accounts, faults }
    }

    /// Plays a system with these capabilities. One that verifies passwords through an API should have a hasher of its
    /// own, because its hashes are not computed on this machine.
    #[must_use]
    pub fn with_capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// Plays a system whose password policy refuses shorter passwords, in bytes.
    #[must_use]
    pub fn with_shortest_password(mut self, bytes: usize) -> Self {
        self.shortest_password = bytes;
        self
    }

    /// Plays a system that takes stored hashes of these schemes as they are.
    #[must_use]
    pub fn taking_hashes(mut self, schemes: &[&str]) -> Self {
        self.taken = schemes.iter().map(|&scheme| scheme.to_owned()).collect();
        self
    }

    /// The injected faults of all operations.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Disables an account, so that nobody can sign in to it. Returns the id if the account exists.
    pub fn disable(&self, id: &TargetId, at: Timestamp) -> Option<TargetId> {
        let mut accounts = self.lock();
        let account = accounts.by_id.get_mut(id)?;
        account.state = AccountState::Disabled;
        (account.changed_at, account.changed) = (at, Changed::Yes);
        Some(id.clone())
    }

    fn needs(&self, support: Support, operation: &'static str) -> Result<(), PortError> {
        match support {
            Support::Yes => Ok(()),
            Support::No => Err(PortError::new(PortErrorKind::Unsupported, &self.name, operation)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Accounts> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn create_now(&self, call: Call<'_>, new: NewAccount<'_>) -> Result<Created, PortError> {
        let is_refused = |password: &&Arc<Password>| password.expose().len() < self.shortest_password;
        let refused = new.password.filter(is_refused);
        let stored = match new.password.filter(|password| !is_refused(password)) {
            Some(password) => Some(Stored::Own(self.hasher.hash(password, call.deadline).await?)),
            None => new.hash.cloned().map(Stored::Legacy),
        };
        let id = id::new_id_at(&self.name, new.at)?;
        if Instant::now() >= new.until {
            let late = PortError::new(PortErrorKind::Unavailable, &self.name, "create");
            return Err(late.because("the claim on the customer has expired"));
        }
        Ok(match self.lock().create(id, &new, stored) {
            Created::New(id) if refused.is_some() => Created::NewWithoutPassword(id),
            created => created,
        })
    }

    async fn authenticate_now(
        &self,
        id: &TargetId,
        password: &Arc<Password>,
        deadline: Instant,
    ) -> Result<Authenticated, PortError> {
        let stored = self.lock().by_id.get(id).map(|account| (account.state, account.password.clone(), account.change));
        if self.capabilities.password == PasswordCheck::Nothing {
            let verdict = if stored.is_some() { Authentication::Unusable } else { Authentication::Gone };
            return Ok(Authenticated { verdict, work: Work::Nothing });
        }
        let stored = match stored {
            Some((AccountState::Active, Some(Stored::Legacy(hash)), change)) => {
                let Verification { verdict, work } = self.hasher.verify(&hash, password, deadline).await?;
                let is_match = verdict.is_match();
                let verdict = if is_match { Authentication::Verified(change) } else { Authentication::Mismatch };
                return Ok(self.answer(Authenticated { verdict, work }));
            }
            Some((state, Some(Stored::Own(phc)), change)) => Some((state, Some(phc), change)),
            Some((state, _, change)) => Some((state, None, change)),
            None => None,
        };
        let checked = verification::check(&self.hasher, stored, password, deadline).await?;
        if let Checked::Outdated { old, new, .. } = &checked
            && let Some(account) = self.lock().by_id.get_mut(id)
            && matches!(&account.password, Some(Stored::Own(stored)) if stored == old)
        {
            account.password = Some(Stored::Own(new.clone()));
        }
        Ok(self.answer(checked.answer()))
    }

    /// The answer of a system that is here, or behind an API.
    fn answer(&self, answer: Authenticated) -> Authenticated {
        let is_remote = self.capabilities.password == PasswordCheck::Api;
        if is_remote { Authenticated { work: Work::Remote, ..answer } } else { answer }
    }

    async fn set_password_now(
        &self,
        id: &TargetId,
        password: &Arc<Password>,
        at: Timestamp,
        deadline: Instant,
    ) -> Result<Option<TargetId>, PortError> {
        let phc = self.hasher.hash(password, deadline).await?;
        let mut accounts = self.lock();
        let Some(account) = accounts.by_id.get_mut(id) else { return Ok(None) };
        account.password = Some(Stored::Own(phc));
        account.change = PasswordChange::Optional;
        (account.changed_at, account.changed) = (at, Changed::Yes);
        if account.state == AccountState::Pending {
            account.state = AccountState::Active;
        }
        Ok(Some(id.clone()))
    }
}

impl Accounts {
    fn create(&mut self, id: TargetId, new: &NewAccount<'_>, stored: Option<Stored>) -> Created {
        if let Some(id) = self.by_external.get(new.external_id).cloned() {
            return self.complete(id, new, stored);
        }
        if self.closed.contains(new.external_id) {
            return Created::Conflict(Conflict::Deleted);
        }
        if self.by_legacy.contains_key(new.legacy) {
            return Created::Conflict(Conflict::Legacy);
        }
        if new.logins.iter().any(|login| self.by_login.contains_key(login)) {
            return Created::Conflict(Conflict::Login);
        }
        self.by_external.insert(new.external_id.clone(), id.clone());
        self.by_legacy.insert(new.legacy.clone(), id.clone());
        self.by_login.extend(new.logins.iter().map(|login| (login.clone(), id.clone())));
        self.by_id.insert(id.clone(), Account::new(new, stored));
        Created::New(id)
    }

    /// Completes a pending account; leaves a complete one unchanged.
    fn complete(&mut self, id: TargetId, new: &NewAccount<'_>, stored: Option<Stored>) -> Created {
        let Some(account) = self.by_id.get_mut(&id) else { return Created::Conflict(Conflict::Legacy) };
        if account.legacy != *new.legacy {
            return Created::Conflict(Conflict::Legacy);
        }
        if account.state != AccountState::Pending {
            return Created::Exists(id);
        }
        if stored.is_none() {
            return Created::New(id);
        }
        if new.logins.iter().any(|login| self.by_login.get(login).is_some_and(|other| *other != id)) {
            return Created::Conflict(Conflict::Login);
        }
        let created_at = account.created_at;
        self.by_login.retain(|_, other| *other != id);
        self.by_login.extend(new.logins.iter().map(|login| (login.clone(), id.clone())));
        *account = Account { created_at, ..Account::new(new, stored) };
        Created::New(id)
    }

    fn delete(&mut self, id: &TargetId, how: Deletion) -> Deleted {
        let Some(account) = self.by_id.get(id) else { return Deleted::Missing };
        if how != Deletion::ForGood && account.changed == Changed::Yes {
            return Deleted::Changed;
        }
        let Some(account) = self.by_id.remove(id) else { return Deleted::Missing };
        self.by_login.retain(|_, other| other != id);
        self.by_external.remove(&account.external_id);
        self.by_legacy.remove(&account.legacy);
        if how == Deletion::ForGood {
            self.closed.insert(account.external_id);
        }
        Deleted::Yes
    }

    fn found(&self, id: Option<&TargetId>) -> Option<Found> {
        let (id, account) = self.by_id.get_key_value(id?)?;
        Some(Found { id: id.clone(), external_id: Some(account.external_id.clone()), state: account.state })
    }
}

impl Account {
    fn new(new: &NewAccount<'_>, password: Option<Stored>) -> Self {
        Self {
            external_id: new.external_id.clone(),
            legacy: new.legacy.clone(),
            state: if password.is_some() { AccountState::Active } else { AccountState::Pending },
            password,
            change: new.change,
            logins: new.logins.to_vec(),
            claims: new.claims.to_owned(),
            rules: new.rules.to_owned(),
            created_at: new.at,
            changed_at: new.at,
            changed: Changed::No,
        }
    }

    fn stored_account(&self, id: &TargetId) -> StoredAccount {
        StoredAccount {
            id: id.clone(),
            state: self.state,
            legacy: Some(self.legacy.clone()),
            logins: self.logins.clone(),
            claims: self.claims.clone(),
            rules: Some(self.rules.clone()),
            created_at: self.created_at,
            changed_at: self.changed_at,
            since_migration: match self.changed {
                Changed::No => SinceMigration::Unchanged,
                Changed::Yes => SinceMigration::Changed,
            },
            change: self.change,
        }
    }
}

/// Never shows accounts.
impl fmt::Debug for MemoryTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryTarget").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Target for MemoryTarget {
    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    fn takes_hash(&self, credential: &Credential) -> bool {
        self.taken.iter().any(|scheme| scheme == credential.scheme())
    }

    fn find<'a>(&'a self, _: Call<'a>, identifier: &'a Identifier) -> BoxFuture<'a, Result<Option<Found>, PortError>> {
        let find = async {
            if self.capabilities.lookup == AccountLookup::ExternalId {
                return Err(PortError::new(PortErrorKind::Unsupported, &self.name, "find"));
            }
            let accounts = self.lock();
            Ok(accounts.found(accounts.by_login.get(identifier.canonical())))
        };
        Box::pin(self.faults.around(&self.name, "find", find))
    }

    fn find_external<'a>(
        &'a self,
        _: Call<'a>,
        external: &'a ExternalId,
    ) -> BoxFuture<'a, Result<Option<Found>, PortError>> {
        let find = async {
            let accounts = self.lock();
            Ok(accounts.found(accounts.by_external.get(external)))
        };
        Box::pin(self.faults.around(&self.name, "find_external", find))
    }

    fn authenticate<'a>(
        &'a self,
        call: Call<'a>,
        id: &'a TargetId,
        password: &'a Arc<Password>,
    ) -> BoxFuture<'a, Result<Authenticated, PortError>> {
        Box::pin(self.faults.around(&self.name, "authenticate", self.authenticate_now(id, password, call.deadline)))
    }

    fn create<'a>(&'a self, call: Call<'a>, account: NewAccount<'a>) -> BoxFuture<'a, Result<Created, PortError>> {
        Box::pin(self.faults.around(&self.name, "create", self.create_now(call, account)))
    }

    fn set_password<'a>(
        &'a self,
        call: Call<'a>,
        id: &'a TargetId,
        password: &'a Arc<Password>,
        at: Timestamp,
    ) -> BoxFuture<'a, Result<Option<TargetId>, PortError>> {
        let set = self.set_password_now(id, password, at, call.deadline);
        Box::pin(self.faults.around(&self.name, "set_password", set))
    }

    fn delete<'a>(&'a self, _: Call<'a>, id: &'a TargetId, how: Deletion) -> BoxFuture<'a, Result<Deleted, PortError>> {
        let delete = async move {
            if how != Deletion::ForGood {
                self.needs(self.capabilities.undo, "delete")?;
            }
            Ok(self.lock().delete(id, how))
        };
        Box::pin(self.faults.around(&self.name, "delete", delete))
    }

    fn reopen<'a>(&'a self, _: Call<'a>, external: &'a ExternalId) -> BoxFuture<'a, Result<(), PortError>> {
        let reopen = async move {
            self.lock().closed.remove(external);
            Ok(())
        };
        Box::pin(self.faults.around(&self.name, "reopen", reopen))
    }

    fn ping(&self) -> BoxFuture<'_, Result<Option<StoreId>, PortError>> {
        Box::pin(self.faults.around(&self.name, "ping", async { Ok(None) }))
    }

    fn read<'a>(&'a self, _: Call<'a>, id: &'a TargetId) -> BoxFuture<'a, Result<Option<StoredAccount>, PortError>> {
        let read = async { Ok(self.lock().by_id.get(id).map(|account| account.stored_account(id))) };
        Box::pin(self.faults.around(&self.name, "read", read))
    }

    fn list<'a>(
        &'a self,
        _: Call<'a>,
        after: Option<&'a TargetId>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<StoredAccount>, PortError>> {
        use std::ops::Bound;
        let list = async move {
            self.needs(self.capabilities.listing, "list")?;
            let begin = after.map_or(Bound::Unbounded, Bound::Excluded);
            let accounts = self.lock();
            let page = accounts.by_id.range::<TargetId, _>((begin, Bound::Unbounded)).take(limit);
            Ok(page.map(|(id, account)| account.stored_account(id)).collect())
        };
        Box::pin(self.faults.around(&self.name, "list", list))
    }
}
