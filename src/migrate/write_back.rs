//! What a legacy system is to be told of a customer who was migrated from it.

use std::collections::BTreeMap;

use bumpalo::Bump;
use jiff::Timestamp;

use super::context::Records;
use crate::model::read::{ReadLimits, parse};
use crate::model::{Password, Value};
use crate::password::Credential;
use crate::ports::{Event, EventKind, LegacyKey, MigratedCustomer, Record, TargetId};

/// The longest value that is kept, in bytes. Stops a record from filling the ledger; keys and addresses are shorter.
const LONGEST: usize = 512;

/// The values of a customer that are kept in the outbox until the legacy system was told, besides the legacy id, which the
/// ledger has anyway.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeptValues {
    /// Whether the identifier that the customer signed in with is kept.
    pub identifier: bool,
    /// Fields of the record: names, and the members that lead to them.
    pub fields: Vec<(String, Vec<String>)>,
}

/// What is known of a customer when the account is created.
pub(super) struct Known<'k> {
    pub identifier: &'k str,
    pub record: &'k Record,
    pub password: &'k Password,
    pub credential: Option<&'k Credential>,
}

impl Known<'_> {
    /// Whether a value is the password, or a part of its stored hash.
    fn is_secret(&self, text: &str) -> bool {
        text.as_bytes() == self.password.expose() || self.credential.is_some_and(|credential| credential.has_part(text))
    }
}

impl KeptValues {
    /// The values. One that the record does not have is left out, and so are the password and
    /// its stored hash, wherever a record has them.
    fn of(&self, known: &Known<'_>) -> BTreeMap<String, String> {
        let mut kept = BTreeMap::new();
        if self.identifier {
            kept.insert(MigratedCustomer::IDENTIFIER.to_owned(), known.identifier.to_owned());
        }
        if self.fields.is_empty() {
            return kept;
        }
        let arena = Bump::new();
        let limits = ReadLimits { bytes: usize::MAX, ..ReadLimits::default() };
        let record = parse(known.record.json(), &arena, &limits).unwrap_or(Value::Missing);
        for (name, path) in &self.fields {
            let value = path.iter().fold(record, |value, name| value.member(name));
            let text = value.scalar_text(&arena).filter(|text| text.len() <= LONGEST);
            if let Some(text) = text.filter(|text| !known.is_secret(text)) {
                kept.insert(name.clone(), text.to_owned());
            }
        }
        kept
    }
}

impl Records {
    /// The event by which the legacy system is told, if the settings want that. Without `known`, as after a crash or when a
    /// pending account gets a password, nothing but the legacy id is known.
    pub(super) fn write_back(
        &self,
        key: &LegacyKey,
        account: &TargetId,
        known: Option<&Known<'_>>,
        at: Timestamp,
        request_id: &str,
    ) -> Option<Event> {
        let values = self.write_backs.get(&key.source)?;
        let kept = known.map(|known| values.of(known)).unwrap_or_default();
        Some(Event {
            at,
            kind: EventKind::WriteBack,
            reason: String::new(),
            account: Some(account.clone()),
            request_id: request_id.to_owned(),
            tags: Vec::new(),
            customer: Some(MigratedCustomer { key: key.clone(), at, kept }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_declared_is_kept_and_never_the_password() {
        let hash = "0123456789abcdef0123456789abcdef";
        let json = r#"{"mail":"a@b.example","plain":"hunter2","hash":"HASH","deep":{"n":12},"list":[1],"null":null}"#;
        let record = Record::new(json.replace("HASH", hash));
        let credential = Credential::encoded("md5", hash);
        let password = Password::new(b"hunter2".to_vec()).unwrap();
        let known = Known { identifier: "ada", record: &record, password: &password, credential: Some(&credential) };
        let field = |name: &str, path: &[&str]| (name.to_owned(), path.iter().map(|&step| step.to_owned()).collect());
        let fields = vec![
            field("mail", &["mail"]),
            field("number", &["deep", "n"]),
            field("plain", &["plain"]),
            field("hash", &["hash"]),
            field("list", &["list"]),
            field("null", &["null"]),
            field("absent", &["x"]),
        ];
        let kept = KeptValues { identifier: false, fields: fields.clone() }.of(&known);
        let kept: Vec<(&str, &str)> = kept.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        assert_eq!(kept, [("mail", "a@b.example"), ("number", "12")]);
        assert_eq!(KeptValues { identifier: true, fields: Vec::new() }.of(&known)["identifier"], "ada");
        assert!(KeptValues::default().of(&known).is_empty());
    }
}
