//! A source in memory, for tests, benchmarks and the demo. It can be made to fail.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::fault::Faults;
use crate::adapters::{ambiguous, too_large};
use crate::ports::{BoxFuture, Call, Identifier, IdentifierError, IdentifierProfile, PortError, Record, Source};

/// Records by login.
///
/// ```
/// use landfall::ports::IdentifierProfile;
/// use landfall::adapters::memory::MemorySource;
/// let source = MemorySource::new("legacy", IdentifierProfile::default());
/// source.insert(&["Ada", "ada@example.org"], r#"{"id":1,"login":"Ada"}"#)?;
/// # Ok::<(), landfall::ports::IdentifierError>(())
/// ```
pub struct MemorySource {
    name: String,
    profile: IdentifierProfile,
    record_bytes: usize,
    records: Mutex<Records>,
    faults: Faults,
    calls: AtomicU64,
}

#[derive(Default)]
struct Records {
    texts: Vec<String>,
    /// The numbers of the records that have a login; more than one is ambiguous.
    by_login: HashMap<String, Vec<usize>>,
}

impl MemorySource {
    /// Creates an empty source. Its records are limited to 256 KiB, the limit of the engine.
    #[must_use]
    pub fn new(name: impl Into<String>, profile: IdentifierProfile) -> Self {
        Self {
            name: name.into(),
            profile,
            record_bytes: 256 * 1024,
            records: Mutex::default(),
            faults: Faults::default(),
            calls: AtomicU64::new(0),
        }
    }

    /// Adds a record, the JSON text of one object, under these logins.
    ///
    /// # Errors
    /// If a login is not a valid identifier; nothing is added then.
    pub fn insert(&self, logins: &[&str], json: impl Into<String>) -> Result<(), IdentifierError> {
        let logins = logins
            .iter()
            .map(|login| Ok(self.profile.canonical(login)?.canonical().to_owned()))
            .collect::<Result<Vec<_>, IdentifierError>>()?;
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let number = records.texts.len();
        records.texts.push(json.into());
        for login in logins {
            let numbers = records.by_login.entry(login).or_default();
            if !numbers.contains(&number) {
                numbers.push(number);
            }
        }
        Ok(())
    }

    /// Removes all records.
    pub fn clear(&self) {
        *self.records.lock().unwrap_or_else(PoisonError::into_inner) = Records::default();
    }

    /// The injected faults of `fetch`.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// How often `fetch` was called.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    fn find(&self, identifier: &Identifier) -> Result<Option<Record>, PortError> {
        let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        match records.by_login.get(identifier.canonical()).map(Vec::as_slice) {
            None | Some([]) => Ok(None),
            Some([number]) => match records.texts.get(*number) {
                Some(text) if text.len() > self.record_bytes => Err(too_large(&self.name, self.record_bytes)),
                text => Ok(text.map(|text| Record::new(text.clone()))),
            },
            Some(_) => Err(ambiguous(&self.name)),
        }
    }
}

/// Never shows records.
impl fmt::Debug for MemorySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorySource").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Source for MemorySource {
    fn name(&self) -> &str {
        &self.name
    }

    fn fetch<'a>(
        &'a self,
        _: Call<'a>,
        identifier: &'a Identifier,
    ) -> BoxFuture<'a, Result<Option<Record>, PortError>> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        Box::pin(self.faults.around(&self.name, "fetch", async { self.find(identifier) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::memory::Fault;
    use crate::ports::PortErrorKind;

    #[tokio::test]
    async fn injected_faults_apply_and_calls_are_counted() {
        let source = MemorySource::new("legacy", IdentifierProfile::default());
        source.insert(&["Ada", "ADA"], "{}").expect("identifiers");
        assert!(source.insert(&["Bo", ""], "{}").is_err());
        let profile = IdentifierProfile::default();
        let fetch = async |typed: &str| {
            let identifier = profile.canonical(typed).expect("an identifier");
            source.fetch(Call::outside_login("r1"), &identifier).await
        };
        source.faults().push([Fault::Fail(PortErrorKind::Denied)]);
        assert_eq!(fetch("ada").await.expect_err("an injected fault").kind(), PortErrorKind::Denied);
        assert!(fetch("ada").await.expect("an answer").is_some());
        assert!(fetch("bo").await.expect("an answer").is_none());
        source.clear();
        assert!(fetch("ada").await.expect("an answer").is_none());
        assert_eq!(source.calls(), 4);
    }
}
