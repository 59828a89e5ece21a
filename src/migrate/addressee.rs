//! Whom a password reset may name: of an address that was typed, only the account whose own claims hold it.
//!
//! An account may own a login that looks like somebody's address without being reached there: a user name in the form of a
//! mail address, or a login that rules of an earlier time gave it. Who types an address expects the notice at it.

use serde_json::Value as Json;

use super::identifier::{Identifier, IdentifierProfile};

/// Whether an account may be named to whoever typed an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Addressee {
    /// The identifier is a name of the account, or an address among its claims.
    Account,
    /// The identifier is an address, and not one of the account's.
    Nobody,
}

/// Whether the account of these claims, a JSON text, may be named to whoever typed an identifier.
pub(super) fn addressee(identifier: &Identifier, claims: &str, profile: &IdentifierProfile) -> Addressee {
    let is_reached = |claims: &Json| holds(claims, Place::Elsewhere, identifier.canonical(), profile);
    if !is_address(identifier) || serde_json::from_str(claims).is_ok_and(|claims| is_reached(&claims)) {
        Addressee::Account
    } else {
        Addressee::Nobody
    }
}

/// Whether an identifier has the form of a mail address, or of a phone number with its country prefix.
pub(super) fn is_address(identifier: &Identifier) -> bool {
    let text = identifier.canonical();
    let digits = text.strip_prefix('+').unwrap_or_default();
    text.contains('@') || (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Where a value of the claims stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At or below a member that is named like an address.
    Address,
    /// Anywhere else: a user name or a full name is an address of nobody.
    Elsewhere,
}

fn holds(value: &Json, place: Place, canonical: &str, profile: &IdentifierProfile) -> bool {
    match value {
        Json::String(text) => {
            place == Place::Address && profile.canonical(text).is_ok_and(|found| found.canonical() == canonical)
        }
        Json::Array(items) => items.iter().any(|item| holds(item, place, canonical, profile)),
        Json::Object(members) => members.iter().any(|(name, member)| {
            let place = if names_address(name) { Place::Address } else { place };
            holds(member, place, canonical, profile)
        }),
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}

/// `email` of the standard schema, `emails` and `phoneNumbers` of SCIM, `e_mail`, `mobile` and the like of others.
fn names_address(member: &str) -> bool {
    let member = member.to_ascii_lowercase();
    ["mail", "phone", "tel", "mobile"].iter().any(|word| member.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_the_account_that_is_reached_there() {
        let profile = IdentifierProfile::default();
        let standard = r#"{"username":"victim@example.org","email":{"value":"Mallory@Example.org"}}"#;
        let scim = r#"{"userName":"m","emails":[{"type":"work","value":"victim@example.org"}]}"#;
        let phone = r#"{"username":"+4930901820","phone":{"value":"+49301234567"}}"#;
        for (typed, claims, wanted) in [
            ("victim@example.org", standard, Addressee::Nobody),
            ("VICTIM@example.org", scim, Addressee::Account),
            ("mallory@example.org", standard, Addressee::Account),
            ("+4930901820", phone, Addressee::Nobody),
            ("+49301234567", phone, Addressee::Account),
            ("victim", "{}", Addressee::Account),
            ("4711", "{}", Addressee::Account),
            ("victim@example.org", r#"{"name":{"full":"victim@example.org"}}"#, Addressee::Nobody),
            ("victim@example.org", "no JSON", Addressee::Nobody),
        ] {
            let identifier = profile.canonical(typed).unwrap();
            assert_eq!(addressee(&identifier, claims, &profile), wanted, "{typed} {claims}");
        }
    }
}
