//! A source whose records have parts from other sources: orders, roles, preferences.

mod splice;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bumpalo::Bump;
use futures_util::future::try_join_all;
use tokio::time::timeout_at;

use self::splice::with_members;
use crate::model::Value;
use crate::model::read::{ReadLimits, parse};
use crate::ports::{
    BoxFuture, Call, Coverage, Identifier, IdentifierKind, IdentifierProfile, Members, PortError, PortErrorKind,
    Record, Source,
};

/// A part of a record that comes from another source.
#[derive(Clone)]
pub struct RecordPart {
    /// The member of the record that it becomes.
    pub member: String,
    /// Where it comes from. It is asked for the value at `by`.
    pub source: Arc<dyn Source>,
    /// The names on the way to the field of the record that leads to the part.
    pub by: Vec<String>,
    /// Whether an outage of its source is an outage of the login; otherwise the part is left out and that is logged.
    pub required: bool,
    /// The longest time for it, within the deadline of the login.
    pub timeout: Duration,
}

/// A source whose records have parts from other sources. A customer for whom a source has no part gets none; a part is never
/// looked up for a customer who is not known.
pub struct EnrichedSource {
    source: Arc<dyn Source>,
    parts: Vec<RecordPart>,
    /// The maximum size of a record without its parts.
    limit: usize,
}

impl EnrichedSource {
    /// Adds parts to the records of a source, which have at most `limit` bytes.
    #[must_use]
    pub fn new(source: Arc<dyn Source>, parts: Vec<RecordPart>, limit: usize) -> Self {
        Self { source, parts, limit }
    }

    async fn enriched(&self, call: Call<'_>, record: Record) -> Result<Record, PortError> {
        let keys = self.keys(&record)?;
        let fetched = self.parts.iter().zip(keys).map(|(part, key)| part.fetch(call, key));
        let found = try_join_all(fetched).await?;
        let members = self.parts.iter().zip(found).filter_map(|(part, found)| Some((part.member.as_str(), found?)));
        with_members(record, members).ok_or_else(|| self.unusable("the record is not an object"))
    }

    /// The value that leads to each part, if the record has one.
    fn keys(&self, record: &Record) -> Result<Vec<Option<Identifier>>, PortError> {
        let arena = Bump::new();
        let limits = ReadLimits { bytes: self.limit, ..ReadLimits::default() };
        let value = parse(record.json(), &arena, &limits).map_err(|error| self.unusable(&error.to_string()))?;
        if value.as_object().is_none() {
            return Err(self.unusable("the record is not an object"));
        }
        if let Some(part) = self.parts.iter().find(|part| !matches!(value.member(&part.member), Value::Missing)) {
            return Err(self.unusable(&format!("the record has a member `{}` of its own", part.member)));
        }
        self.parts.iter().map(|part| key(&part.by, value).map_err(|why| self.unusable(&why))).collect()
    }

    /// A record that cannot be given its parts.
    fn unusable(&self, why: &str) -> PortError {
        PortError::new(PortErrorKind::BadResponse, self.source.name(), "enrich").because(why).about_one_record()
    }
}

impl RecordPart {
    /// The part, if there is one.
    async fn fetch(&self, call: Call<'_>, key: Option<Identifier>) -> Result<Option<Record>, PortError> {
        let Some(key) = key else { return Ok(None) };
        let call = call.within(Some(self.timeout));
        let late =
            || PortError::new(PortErrorKind::Unavailable, self.source.name(), "enrich").because("it took too long");
        let fetched = timeout_at(call.deadline, self.source.fetch(call, &key)).await.unwrap_or_else(|_| Err(late()));
        match fetched {
            Err(error) if !self.required => {
                tracing::warn!(
                    request_id = call.request_id,
                    part = self.member,
                    %error,
                    "a part of a record is left out, because its source failed"
                );
                Ok(None)
            }
            fetched => fetched,
        }
    }
}

/// The value at the end of `path` as what another source is asked for: exactly as it is in the record. `None` if there is
/// none.
fn key(path: &[String], record: Value<'_>) -> Result<Option<Identifier>, String> {
    let value = path.iter().fold(record, |value, name| value.member(name));
    let shown = || path.join(".");
    let text = match value {
        Value::Missing | Value::Null => return Ok(None),
        Value::Text(text) if text.trim().is_empty() => return Ok(None),
        Value::Text(text) => text.to_owned(),
        Value::Int(number) => number.to_string(),
        _ => return Err(format!("`{}` is neither text nor a whole number", shown())),
    };
    let profile = IdentifierProfile { kind: IdentifierKind::Username };
    profile.canonical(&text).map(Some).map_err(|error| format!("`{}` leads to no part: {error}", shown()))
}

impl Source for EnrichedSource {
    fn name(&self) -> &str {
        self.source.name()
    }

    fn coverage(&self) -> Coverage {
        self.source.coverage()
    }

    /// A part is a member that a record may lack.
    fn members(&self) -> Members {
        Members::Differ
    }

    fn without_parts(&self) -> Option<&dyn Source> {
        Some(&*self.source)
    }

    fn complete<'a>(&'a self, call: Call<'a>, record: Record) -> BoxFuture<'a, Result<Record, PortError>> {
        Box::pin(self.enriched(call, record))
    }

    fn fetch<'a>(
        &'a self,
        call: Call<'a>,
        identifier: &'a Identifier,
    ) -> BoxFuture<'a, Result<Option<Record>, PortError>> {
        Box::pin(async move {
            match self.source.fetch(call, identifier).await? {
                Some(record) => self.enriched(call, record).await.map(Some),
                None => Ok(None),
            }
        })
    }
}

impl fmt::Debug for EnrichedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnrichedSource").field("name", &self.name()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
