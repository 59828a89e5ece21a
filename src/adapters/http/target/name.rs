//! The placeholders that only the requests of a target have.

use crate::adapters::http::path::{Path, PathError};
use crate::model::Value;
use crate::ports::ExternalId;

/// What placeholders of a target are known in a request.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct KnownTarget {
    /// Whether our id of the account is known.
    pub external_id: bool,
    /// Whether the product's id of the account is known.
    pub id: bool,
    /// Whether there is an account that the rules made.
    pub account: bool,
    /// Whether there is an element of a list.
    pub item: bool,
    /// Whether a password that nobody knows may stand here.
    pub unusable_password: bool,
    /// Whether there is a stored hash.
    pub hash: bool,
}

/// The value that a placeholder of a target stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TargetName {
    /// `{external_id}`: our id of the account.
    ExternalId,
    /// `{external_uuid}`: the same, written as a UUID.
    ExternalUuid,
    /// `{id}`: the product's id of the account.
    Id,
    /// `{must_change}`: whether the password must be changed.
    MustChange,
    /// `{keep_password}`: whether the password need not be changed.
    KeepPassword,
    /// `{unusable_password}`: a random password that nobody knows.
    UnusablePassword,
    /// `{account.$.email}`: a value of what the rules made.
    Account(Path),
    /// `{item}` or `{item.$.id}`: the element of a list.
    Item(Path),
    /// `{hash}`: the stored hash as one text.
    Hash,
    /// `{hash.salt_hex}`: a part of the stored hash.
    HashPart(String),
}

impl TargetName {
    /// The placeholder of this name; `None` if the target has none of this name here.
    pub fn parse(text: &str, known: KnownTarget) -> Result<Option<Self>, PathError> {
        let within = |prefix: &str, is_known: bool| text.strip_prefix(prefix).filter(|_| is_known);
        if let Some(path) = within("account.", known.account) {
            return Path::parse(path).map(Self::Account).map(Some);
        }
        if let Some(path) = within("item.", known.item) {
            return Path::parse(path).map(Self::Item).map(Some);
        }
        if let Some(part) = within("hash.", known.hash) {
            return Ok(Some(Self::HashPart(part.to_owned())));
        }
        Ok(match text {
            "external_id" if known.external_id => Some(Self::ExternalId),
            "external_uuid" if known.external_id => Some(Self::ExternalUuid),
            "id" if known.id => Some(Self::Id),
            "must_change" if known.account => Some(Self::MustChange),
            "keep_password" if known.account => Some(Self::KeepPassword),
            "unusable_password" if known.unusable_password => Some(Self::UnusablePassword),
            "item" if known.item => Path::parse("$").map(Self::Item).map(Some)?,
            "hash" if known.hash => Some(Self::Hash),
            _ => None,
        })
    }

    /// Whether it says which account is meant.
    pub fn is_customer(&self) -> bool {
        matches!(self, Self::ExternalId | Self::ExternalUuid | Self::Id | Self::Account(_))
    }

    /// Whether its value may be an object or a list.
    pub fn may_be_large(&self) -> bool {
        matches!(self, Self::Account(_) | Self::Item(_))
    }
}

/// What placeholders of a target stand for in one request.
#[derive(Clone, Copy, Default)]
pub(crate) struct TargetValues<'v> {
    /// Our id of the account.
    pub external_id: Option<&'v ExternalId>,
    /// The product's id.
    pub id: Option<&'v str>,
    /// What the rules made.
    pub account: Value<'v>,
    /// The element of a list.
    pub item: Value<'v>,
    /// Whether the password must be changed.
    pub must_change: bool,
    /// A password that nobody knows.
    pub unusable_password: Option<&'v str>,
    /// The stored hash as one text.
    pub hash: Option<&'v str>,
    /// The parts of the stored hash.
    pub hash_parts: Value<'v>,
}

impl<'v> TargetValues<'v> {
    /// A value, which may be an object or a list.
    pub fn value(&self, name: &TargetName, arena: &'v bumpalo::Bump) -> Value<'v> {
        let text = |text: Option<&'v str>| text.map_or(Value::Missing, Value::Text);
        match name {
            TargetName::ExternalId => text(self.external_id.map(|id| id.0.as_str())),
            TargetName::ExternalUuid => {
                self.external_id.map_or(Value::Missing, |id| Value::Text(arena.alloc_str(&uuid(&id.0))))
            }
            TargetName::Id => text(self.id),
            TargetName::MustChange => Value::Bool(self.must_change),
            TargetName::KeepPassword => Value::Bool(!self.must_change),
            TargetName::UnusablePassword => text(self.unusable_password),
            TargetName::Account(path) => path.find(self.account),
            TargetName::Item(path) => path.find(self.item),
            TargetName::Hash => text(self.hash),
            TargetName::HashPart(name) => self.hash_parts.member(name),
        }
    }
}

/// An id in the form of a UUID. Our ids are 128 bits in hexadecimal; another text is given back as it is.
fn uuid(id: &str) -> String {
    let is_hex = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let part = |from: usize, to: usize| id.get(from..to).unwrap_or_default();
    if !is_hex {
        return id.to_owned();
    }
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_the_form_of_a_uuid() {
        assert_eq!(uuid("00112233445566778899aabbccddeeff"), "00112233-4455-6677-8899-aabbccddeeff");
        for other in ["ext-1", "0011", "zz112233445566778899aabbccddeeff"] {
            assert_eq!(uuid(other), other);
        }
    }
}
