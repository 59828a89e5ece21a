//! A directory as a source: one search for the entry, and one for its groups.

use std::fmt;
use std::path::Path;

use ldap3::{Ldap, Scope};
use tokio::time::{Instant, timeout_at};

use super::check;
use super::connection::{Pool, Servers};
use super::entry::Entry;
use super::error::Failure;
use super::search::{Finder, Wanted};
use super::settings::{Groups, LdapSettings};
use super::template::{Place, Template};
use super::trial;
use crate::adapters::registry::Trial;
use crate::ports::{BoxFuture, Call, Identifier, PortError, PortErrorKind, Record, Source};

/// Entries of a directory.
pub struct LdapSource {
    pool: Pool,
    finder: Finder,
    groups: Option<(Template, Groups)>,
    settings: LdapSettings,
}

impl LdapSource {
    /// Creates a source; connects to nothing. Paths are relative to the folder.
    ///
    /// # Errors
    /// If the settings are invalid, as one sentence.
    pub fn open(settings: LdapSettings, folder: &Path) -> Result<Self, String> {
        let servers = Servers::new(settings.directory.clone(), folder, settings.record_limit)?;
        let pool = Pool::new(servers, settings.connections)?;
        let (base, filter) = check::templates(&settings.search).map_err(|error| error.to_string())?;
        let (scope, attributes) = (settings.search.scope, settings.attributes.clone());
        let finder = Finder { base, filter, scope, attributes, limit: settings.record_limit };
        let groups = settings.groups.clone().map(|groups| {
            let filter = Template::parse(&groups.filter, Place::Filter, check::is_of_group);
            let filter = filter.map_err(|error| error.to_string())?;
            Ok::<_, String>((filter, groups))
        });
        Ok(Self { pool, finder, groups: groups.transpose()?, settings })
    }

    async fn find(&self, identifier: &Identifier, deadline: Instant) -> Result<Option<Record>, Failure> {
        loop {
            let mut lease = self.pool.lease(deadline).await?;
            match self.entry(lease.ldap()?, identifier).await {
                Err(failure) => self.pool.again(&lease, failure)?,
                Ok(found) => {
                    lease.end();
                    let json = |entry: Entry| entry.json(&self.settings.binary, self.settings.record_limit);
                    return found.map(|entry| json(entry).map(Record::new)).transpose();
                }
            }
        }
    }

    /// The entry with its groups.
    async fn entry(&self, ldap: &mut Ldap, identifier: &Identifier) -> Result<Option<Entry>, Failure> {
        let Some(mut entry) = self.finder.find(ldap, identifier).await? else { return Ok(None) };
        if let Some((filter, groups)) = &self.groups {
            let values = self.groups_of(ldap, &entry, filter, groups).await?;
            let have = entry.values(&groups.name);
            let new = values.into_iter().filter(|value| !have.contains(value)).collect();
            entry.add(groups.name.clone(), new)?;
        }
        Ok(Some(entry))
    }

    async fn groups_of(
        &self,
        ldap: &mut Ldap,
        entry: &Entry,
        filter: &Template,
        groups: &Groups,
    ) -> Result<Vec<Vec<u8>>, Failure> {
        // an entry without the attribute is in no group
        let Some(filter) = filter.fill(|name| entry.first(name).map(<[u8]>::to_vec)) else {
            return Ok(Vec::new());
        };
        let attributes = [if groups.attribute == "dn" { "1.1".to_owned() } else { groups.attribute.clone() }];
        let wanted = Wanted { base: &groups.base, scope: Scope::Subtree, filter: &filter, attributes: &attributes };
        let found = wanted.all(ldap, self.settings.record_limit).await?;
        let values = |group: Entry| match groups.attribute.as_str() {
            "dn" => vec![group.dn.into_bytes()],
            name => group.values(name).to_vec(),
        };
        Ok(found.into_iter().flat_map(values).collect())
    }

    /// Connects, searches, and tells the names of attributes.
    pub(super) async fn try_out(&self) -> Trial {
        trial::of(&self.pool, Some(&self.finder)).await
    }
}

impl fmt::Debug for LdapSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LdapSource").field("name", &self.settings.name).finish_non_exhaustive()
    }
}

impl Source for LdapSource {
    fn name(&self) -> &str {
        &self.settings.name
    }

    fn fetch<'a>(
        &'a self,
        call: Call<'a>,
        identifier: &'a Identifier,
    ) -> BoxFuture<'a, Result<Option<Record>, PortError>> {
        Box::pin(async move {
            let found = timeout_at(call.deadline, self.find(identifier, call.deadline)).await;
            let late = || Failure::new(PortErrorKind::Unavailable, "the search took too long");
            found.unwrap_or_else(|_| Err(late())).map_err(|failure| failure.of(&self.settings.name, "fetch"))
        })
    }
}
