//! Searches: for one entry, and for all pages of a list.

use ldap3::asn1::{PL, parse_tag};
use ldap3::controls::{PagedResults, RawControl};
use ldap3::{Ldap, LdapResult, Scope, SearchOptions};

use super::entry::Entry;
use super::error::Failure;
use super::settings::SearchScope;
use super::template::Template;
use crate::ports::{Identifier, PortErrorKind};

/// The control that asks for a list in pages (RFC 2696).
const PAGED: &str = "1.2.840.113556.1.4.319";

/// Entries of a page: what servers commonly allow.
const PAGE: i32 = 500;

/// The most groups of one entry. Stops a filter that matches everything; admits the groups of anybody.
const MAX_GROUPS: usize = 5000;

/// Bytes of an entry of which one attribute or the name is read.
pub(super) const NAME_LIMIT: usize = 64 * 1024;

/// A search for one entry.
pub(super) struct Finder {
    pub base: Template,
    pub filter: Template,
    pub scope: SearchScope,
    pub attributes: Vec<String>,
    pub limit: usize,
}

impl Finder {
    /// The one entry of an identifier.
    pub async fn find(&self, ldap: &mut Ldap, identifier: &Identifier) -> Result<Option<Entry>, Failure> {
        let value_of = |name: &str| match name {
            "typed" => Some(identifier.typed().as_bytes().to_vec()),
            _ => Some(identifier.canonical().as_bytes().to_vec()),
        };
        self.find_by(ldap, value_of).await
    }

    /// The one entry that the values of placeholders lead to.
    pub async fn find_by(
        &self,
        ldap: &mut Ldap,
        value_of: impl Fn(&str) -> Option<Vec<u8>>,
    ) -> Result<Option<Entry>, Failure> {
        let (Some(base), Some(filter)) = (self.base.fill(&value_of), self.filter.fill(&value_of)) else {
            return Err(Failure::new(PortErrorKind::Misconfigured, "a placeholder has no value"));
        };
        // not every server heeds the limit
        let options = SearchOptions::new().sizelimit(2);
        ldap.with_search_options(options);
        let wanted = Wanted { base: &base, scope: scope(self.scope), filter: &filter, attributes: &self.attributes };
        let (mut entries, result) = wanted.ask(ldap, 1, self.limit).await?;
        match result {
            None => Err(ambiguous()),
            Some(result) if result.rc == 4 => Err(ambiguous()),
            Some(result) if result.rc == 32 && self.is_only_unknown(&result) => Ok(None),
            Some(result) if result.rc != 0 => Err(Failure::result(&result)),
            Some(_) if entries.len() > 1 => Err(ambiguous()),
            Some(_) => Ok(entries.pop()),
        }
    }

    /// Whether a base that does not exist is the customer's and not the settings': everything above it exists.
    fn is_only_unknown(&self, result: &LdapResult) -> bool {
        self.base.constant_end().is_some_and(|end| is_same_name(end, &result.matched))
    }
}

/// Whether two names are the same apart from case and blanks.
fn is_same_name(one: &str, other: &str) -> bool {
    let plain = |name: &str| name.split(',').map(|part| part.trim().to_ascii_lowercase()).collect::<Vec<_>>();
    plain(one) == plain(other)
}

fn ambiguous() -> Failure {
    Failure::of_one_record("more than one record has this login")
}

fn scope(scope: SearchScope) -> Scope {
    match scope {
        SearchScope::Base => Scope::Base,
        SearchScope::One => Scope::OneLevel,
        SearchScope::Sub => Scope::Subtree,
    }
}

/// What is asked of the server.
pub(super) struct Wanted<'w> {
    pub base: &'w str,
    pub scope: Scope,
    pub filter: &'w str,
    pub attributes: &'w [String],
}

impl Wanted<'_> {
    /// The entries and the result. There is no result if there are more entries than so many: then the rest is on its way, and
    /// the connection must not be used again. References to other servers are ignored.
    pub async fn ask(
        &self,
        ldap: &mut Ldap,
        most: usize,
        limit: usize,
    ) -> Result<(Vec<Entry>, Option<LdapResult>), Failure> {
        let driver = |error| Failure::driver(&error);
        let attributes: Vec<&str> = self.attributes.iter().map(String::as_str).collect();
        let stream = ldap.streaming_search(self.base, self.scope, self.filter, attributes).await;
        let (mut stream, mut entries) = (stream.map_err(driver)?, Vec::new());
        while let Some(item) = stream.next().await.map_err(driver)? {
            if item.is_ref() || item.is_intermediate() {
                continue;
            }
            if entries.len() == most {
                return Ok((entries, None));
            }
            entries.push(Entry::read(item.0, limit)?);
        }
        Ok((entries, Some(stream.finish().await)))
    }

    /// The entries of all pages.
    pub async fn all(&self, ldap: &mut Ldap, limit: usize) -> Result<Vec<Entry>, Failure> {
        let (mut all, mut cookie) = (Vec::new(), Vec::new());
        loop {
            let page: RawControl = PagedResults { size: PAGE, cookie }.into();
            ldap.with_controls(vec![page]);
            let (entries, result) = self.ask(ldap, MAX_GROUPS.saturating_sub(all.len()), limit).await?;
            all.extend(entries);
            let Some(result) = result else {
                return Err(Failure::of_one_record(format!("there are more than {MAX_GROUPS} groups")));
            };
            if result.rc != 0 {
                return Err(Failure::result(&result));
            }
            cookie = next_page(&result);
            if cookie.is_empty() {
                return Ok(all);
            }
        }
    }
}

/// The cookie of the next page; empty if there is none.
fn next_page(result: &LdapResult) -> Vec<u8> {
    let control = result.ctrls.iter().find(|control| control.1.ctype == PAGED);
    let value = control.and_then(|control| control.1.val.as_deref()).unwrap_or_default();
    let Ok((_, tag)) = parse_tag(value) else { return Vec::new() };
    let PL::C(parts) = tag.payload else { return Vec::new() };
    match parts.into_iter().nth(1).map(|cookie| cookie.payload) {
        Some(PL::P(cookie)) => cookie,
        _ => Vec::new(),
    }
}
