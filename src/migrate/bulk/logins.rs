//! Which logins of a record its account owns, although nobody typed one: those that lead to this customer alone.

use futures_util::future::try_join_all;

use super::Bulk;
use super::account::Candidate;
use crate::migrate::logins::{Earlier, Resolution};
use crate::migrate::visit::Visit;
use crate::ports::{Identifier, PortError};

/// The logins that belong to several customers of an export that was read to its end.
pub trait SharedLogins: Send + Sync {
    /// Whether a login, as its digest in the ledger, is one of them.
    fn is_shared(&self, subject: &str) -> bool;
}

impl Bulk {
    /// The logins that the account owns, in the order of the record.
    pub(super) async fn own_logins(
        &self,
        visit: &mut Visit<'_>,
        candidate: &Candidate,
    ) -> Result<Vec<String>, PortError> {
        // one more than are looked up at a login, which has been typed one
        let most = self.cx().lookups.saturating_add(1);
        let canonical = |login: &Identifier| login.canonical().to_owned();
        if self.has_unique_logins() {
            return Ok(candidate.logins.iter().map(canonical).collect());
        }
        let resolved = candidate.logins.iter().take(most).map(|login| self.resolution(visit, login, candidate));
        let resolved = try_join_all(resolved).await?;
        let own = candidate.logins.iter().zip(resolved).filter(|(_, found)| *found == Resolution::SameCustomer);
        let own: Vec<String> = own.map(|(login, _)| canonical(login)).collect();
        visit.left_out = candidate.logins.len() - own.len();
        Ok(own)
    }

    async fn resolution(
        &self,
        visit: &Visit<'_>,
        login: &Identifier,
        candidate: &Candidate,
    ) -> Result<Resolution, PortError> {
        let Some(shared) = &self.settings.shared else { return visit.resolve(login, &candidate.key).await };
        Ok(match visit.resolve_earlier(login).await? {
            Earlier::Known => Resolution::Elsewhere,
            Earlier::NotServed => Resolution::Nobody,
            Earlier::Unknown if shared.is_shared(&self.cx().records.keyring.subject(login.canonical())) => {
                Resolution::Elsewhere
            }
            Earlier::Unknown => Resolution::SameCustomer,
        })
    }
}
