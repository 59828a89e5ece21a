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

/// Bytes of all groups of one entry. Stops pages without end, each of which is an answer of its own; admits 5000 groups with
/// long names.
const MAX_GROUP_BYTES: usize = 4 * 1024 * 1024;

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
        let (mut all, mut cookie, mut bytes) = (Vec::new(), Vec::new(), 0);
        loop {
            let page: RawControl = PagedResults { size: PAGE, cookie }.into();
            ldap.with_controls(vec![page]);
            let (entries, result) = self.ask(ldap, MAX_GROUPS.saturating_sub(all.len()), limit).await?;
            bytes += entries.iter().map(Entry::bytes).sum::<usize>();
            all.extend(entries);
            let Some(result) = result else {
                return Err(Failure::of_one_record(format!("there are more than {MAX_GROUPS} groups")));
            };
            if bytes > MAX_GROUP_BYTES {
                return Err(Failure::of_one_record(format!("the groups are larger than {MAX_GROUP_BYTES} bytes")));
            }
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

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::path::Path;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use serde_json::json;

    use super::super::message::tests::tlv;
    use super::super::source::LdapSource;
    use super::*;
    use crate::ports::{Call, IdentifierProfile, Source as _};

    /// The next request; all of them are short.
    fn request(stream: &mut TcpStream) -> Option<Vec<u8>> {
        let mut begin = [0; 2];
        stream.read_exact(&mut begin).ok()?;
        let mut more = vec![0; usize::from(begin[1] & 0x7f)];
        let length = match begin[1] {
            short @ ..0x80 => usize::from(short),
            _ => {
                stream.read_exact(&mut more).ok()?;
                more.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
            }
        };
        let mut contents = vec![0; length];
        stream.read_exact(&mut contents).ok()?;
        Some(contents)
    }

    /// A message with the number of this request.
    fn message(request: &[u8], operation: &[u8], controls: &[u8]) -> Vec<u8> {
        let number = &request[..2 + usize::from(request[1])];
        tlv(0x30, &[number, operation, controls])
    }

    fn entry(name: &str, description: &[u8]) -> Vec<u8> {
        let values = tlv(0x31, &[&tlv(0x04, &[description])]);
        let attribute = tlv(0x30, &[&tlv(0x04, &[b"description"]), &values]);
        tlv(0x64, &[&tlv(0x04, &[name.as_bytes()]), &tlv(0x30, &[&attribute])])
    }

    /// Finds one entry, and pages of ten large groups that always have a next one. Counts the pages.
    fn serve(mut stream: TcpStream, pages: &AtomicUsize) -> Option<()> {
        let done = |tag: u8| tlv(tag, &[&tlv(0x0a, &[&[0]]), &tlv(0x04, &[]), &tlv(0x04, &[])]);
        let large = vec![b'x'; 100_000];
        while let Some(request) = request(&mut stream) {
            let is_paged = memchr::memmem::find(&request, PAGED.as_bytes()).is_some();
            let mut answer = Vec::new();
            if is_paged {
                pages.fetch_add(1, Ordering::SeqCst);
                answer.extend((0..10).flat_map(|_| message(&request, &entry("cn=staff", &large), &[])));
                let cookie = tlv(0x30, &[&tlv(0x02, &[&[0]]), &tlv(0x04, &[b"more"])]);
                let control = tlv(0x30, &[&tlv(0x04, &[PAGED.as_bytes()]), &tlv(0x04, &[&cookie])]);
                answer.extend(message(&request, &done(0x65), &tlv(0xa0, &[&control])));
            } else {
                answer.extend(message(&request, &entry("uid=ada", b"Ada"), &[]));
                answer.extend(message(&request, &done(0x65), &[]));
            }
            stream.write_all(&answer).ok()?;
        }
        None
    }

    #[tokio::test]
    async fn pages_of_groups_without_end_are_cut_off() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let pages = Arc::new(AtomicUsize::new(0));
        let served = Arc::clone(&pages);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let _ = serve(stream, &served);
            }
        });
        let settings = json!({
            "name": "staff", "directory": { "servers": [format!("ldap://{address}")] },
            "search": { "base": "o=x", "filter": "(uid={filter:identifier})" }, "groups": { "base": "o=x" },
        });
        let source = LdapSource::open(serde_json::from_value(settings).unwrap(), Path::new("")).unwrap();
        let ada = IdentifierProfile::default().canonical("ada").unwrap();
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        let error = source.fetch(Call { deadline, request_id: "r1" }, &ada).await.unwrap_err();
        assert!(error.to_string().contains("the groups are larger than 4194304 bytes"), "{error}");
        assert_eq!(pages.load(Ordering::SeqCst), 5);
    }
}
