//! Which account a password reset may name: for a typed address, only an account whose own claims contain it.
//!
//! An account may own a login that looks like an address without being reachable there: a user name in the form of an
//! email address, or a login assigned by older rules. Customers who type an address expect the notice at that address.

use serde_json::Value as Json;

use crate::ports::{Identifier, IdentifierProfile};

/// Whether an account may be named in response to a typed identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Addressee {
    /// The identifier is a name of the account, or an address in its claims.
    Account,
    /// The identifier is an address that the account's claims do not contain.
    Nobody,
}

/// Whether the account with these claims (JSON text) may be named in response to a typed identifier.
pub(super) fn addressee(identifier: &Identifier, claims: &str, profile: &IdentifierProfile) -> Addressee {
    let is_reached = |claims: &Json| holds(claims, Place::Elsewhere, identifier.canonical(), profile);
    if !is_address(identifier) || serde_json::from_str(claims).is_ok_and(|claims| is_reached(&claims)) {
        Addressee::Account
    } else {
        Addressee::Nobody
    }
}

/// Whether an identifier has the form of an email address, or of a phone number with a country prefix.
pub(super) fn is_address(identifier: &Identifier) -> bool {
    let text = identifier.canonical();
    let digits = text.strip_prefix('+').unwrap_or_default();
    text.contains('@') || (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The position of a value in the claims.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At or below a member whose name denotes an address.
    Address,
    /// Anywhere else: a user name or a full name is not an address.
    Elsewhere,
}

fn holds(value: &Json, place: Place, canonical: &str, profile: &IdentifierProfile) -> bool {
    match value {
        Json::String(text) => {
            place == Place::Address && profile.canonical(text).is_ok_and(|found| found.canonical() == canonical)
        }
        Json::Array(items) => items.iter().any(|item| holds(item, place, canonical, profile)),
        Json::Object(members) => members.iter().any(|(name, member)| {
            let place = if denotes_address(name) { Place::Address } else { place };
            holds(member, place, canonical, profile)
        }),
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}

/// `email` of the standard schema, `emails` and `phoneNumbers` of SCIM, and similar names such as `e_mail` or `mobile`.
fn denotes_address(member: &str) -> bool {
    let member = member.to_ascii_lowercase();
    ["mail", "phone", "tel", "mobile"].iter().any(|word| member.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_only_the_account_that_is_reachable_there() {
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
            ("victim@example.org", "not JSON", Addressee::Nobody),
        ] {
            let identifier = profile.canonical(typed).unwrap();
            assert_eq!(addressee(&identifier, claims, &profile), wanted, "{typed} {claims}");
        }
    }
}
