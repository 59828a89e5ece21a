//! Accounts that match the schema. Only the schema can create them.

use std::fmt;

use super::Schema;
use super::outline::{Outlined, Outlines};
use super::path::path_names;
use super::violation::{Place, Violations};
use crate::model::Value;

/// An account whose claims all match the schema, ready for a target.
///
/// [`Schema::accept`] is the only way to create one:
///
/// ```compile_fail
/// use landfall::model::Value;
/// let account = landfall::schema::Account(Value::Object(&[]));
/// ```
#[derive(Clone, Copy)]
pub struct Account<'a>(Value<'a>);

impl<'a> Account<'a> {
    /// The claims as an object, in the order in which they were computed.
    #[must_use]
    pub fn value(self) -> Value<'a> {
        self.0
    }

    /// The value of a claim, by its path; [`Value::Missing`] if the account has no such claim.
    #[must_use]
    pub fn claim(self, path: &str) -> Value<'a> {
        path_names(path).map_or(Value::Missing, |names| names.into_iter().fold(self.0, Value::member))
    }
}

/// Never shows claims.
impl fmt::Debug for Account<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Account(***)")
    }
}

impl Schema {
    /// Turns a draft into an account. The account is the draft itself, not a copy.
    ///
    /// # Errors
    /// All violations, if there are any.
    pub fn accept<'a>(&self, draft: Value<'a>) -> Result<Account<'a>, Violations> {
        self.found_in(draft, &[])
    }

    /// Turns a draft into an account like [`accept`](Self::accept), without checking the outlined claims again. Builds with
    /// debug assertions check them again, and panic if the results differ.
    ///
    /// The caller must have checked each of these claims with [`Shape::check`](super::Shape::check).
    ///
    /// # Errors
    /// All violations, if there are any.
    pub(crate) fn accept_made<'a>(&self, draft: Value<'a>, checked: &Outlines) -> Result<Account<'a>, Violations> {
        let made = if checked.settled { Ok(Account(draft)) } else { self.found_in(draft, &checked.claims) };
        debug_assert!(
            made.as_ref().err() == self.accept(draft).as_ref().err(),
            "an outlined claim was not checked when it was computed"
        );
        made
    }

    pub(super) fn found_in<'a>(&self, draft: Value<'a>, known: &[Outlined]) -> Result<Account<'a>, Violations> {
        let mut found = Violations::default();
        self.root().check_rest(draft, known, Place::account(), &mut found);
        if found.is_empty() { Ok(Account(draft)) } else { Err(found) }
    }
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::model::json::{from_json, to_json};

    fn violations(schema: &Schema, draft: &Json) -> Vec<String> {
        let arena = Bump::new();
        match schema.accept(from_json(draft, &arena)) {
            Ok(account) => {
                assert_eq!(to_json(account.value()), *draft);
                Vec::new()
            }
            Err(found) => found.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn the_standard_schema_accepts_all_its_claims() {
        let schema = Schema::builtin("standard").expect("built in");
        let full = json!({
            "external_id": "0", "username": "ines", "upn": "ines@corp.example.org",
            "email": {"value": "ines@example.org", "verified": true}, "secondary_emails": ["i.v@example.net"],
            "phone": {"value": "+442079460818", "verified": false},
            "name": {"given": "Inés", "middle": "P", "family": "Valdez", "full": "Dr. Inés P Valdez, Jr.",
                "nickname": "I", "prefix": "Dr.", "suffix": "Jr."},
            "birthdate": "1984-02-29", "gender": "female", "locale": "fr-CA", "zoneinfo": "America/New_York",
            "picture": "https://photos.example.com/p/40217/f", "website": "https://ines.example.org",
            "address": {"street_address": "14 Harbour Lane\nUnit 5", "locality": "Port Levy", "region": "CAN",
                "postal_code": "0612", "country": "NZ"},
            "status": "locked", "must_change_password": true,
            "created_at": "2024-11-19T22:14:07.039854206Z", "updated_at": "2024-12-24T05:06:09.6Z",
            "last_login_at": "2024-12-24T05:06:07Z", "last_activity_at": "2024-12-24T05:06:08Z",
            "password_changed_at": "2021-12-01T00:00:09Z",
            "roles": ["rédacteur"], "groups": ["Map Room"], "tags": ["boletin"],
            "consents": [{"id": "sms", "granted": false}, {"id": "terms-v3", "granted_at": "2024-11-19T22:14:06Z"}],
            "external_identities": [{"provider": "google", "subject": "115015401343387192604"}],
            "mfa": [{"type": "sms", "value": "+12025550117", "label": "Work", "enrolled_at": "2025-11-03T00:00:00Z"}],
            "mfa_reenroll": true,
            "custom": {"seats": 12, "optOut": false, "authors": ["A. Kornblom"], "shipping": {"country": "GB"}},
        });
        assert_eq!(violations(&schema, &full), Vec::<String>::new());
        let arena = Bump::new();
        let account = schema.accept(from_json(&full, &arena)).expect("an account");
        let left_out: Vec<_> =
            schema.claim_names().into_iter().filter(|name| !account.claim(name).is_present()).collect();
        assert_eq!(left_out, Vec::<String>::new());
        // Only claims that belong together are required.
        assert_eq!(violations(&schema, &json!({})), Vec::<String>::new());
        assert_eq!(violations(&schema, &json!({"phone": {"verified": true}})), ["`phone.value` is required"]);
    }

    #[test]
    fn all_violations_are_reported_at_once() {
        let schema = Schema::builtin("standard").expect("built in");
        let draft = json!({
            "email": {"verified": "yes"}, "status": "asleep", "usrname": "x", "created_at": "2024-01-01 00:00:00",
            "consents": [{"id": "a"}, {"granted": true}], "birthdate": null, "custom": {"a.b": 1},
            "last_login_at": "2024-01-01T00:00:00+01:00",
        });
        assert_eq!(
            violations(&schema, &draft),
            [
                "`birthdate` must be text, not null",
                "`consents[1].id` is required",
                "`created_at` is not an RFC 3339 date and time",
                "`email.verified` must be boolean, not text",
                "`email.value` is required",
                "`last_login_at` does not match `Z$`",
                "`status` is not one of \"active\", \"disabled\", \"locked\"",
                "`usrname` is not in the schema",
            ]
        );
    }

    #[test]
    fn the_account_is_the_draft() {
        let schema = Schema::builtin("standard").expect("built in");
        let draft = [("username", Value::Text("ada")), ("email", Value::Missing)];
        let account = schema.accept(Value::Object(&draft)).expect("an account");
        assert!(std::ptr::eq(account.value().as_object().expect("an object"), &raw const draft[..]));
        assert_eq!(account.claim("username").as_text(), Some("ada"));
        assert_eq!(format!("{account:?}"), "Account(***)");
    }

    #[test]
    fn bytes_are_rejected() {
        let schema = Schema::builtin("standard").expect("built in");
        let custom = [("photo", Value::List(&[Value::Bytes(b"x")]))];
        let found = schema.accept(Value::Object(&[("custom", Value::Object(&custom))])).expect_err("bytes");
        assert!(found.to_string().starts_with("`custom.photo[0]` must be"), "{found}");
        assert!(schema.accept(Value::Text("x")).is_err());
    }

    #[test]
    fn the_scim_schema_accepts_an_enterprise_user() {
        let schema = Schema::builtin("scim").expect("built in");
        let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let user = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", enterprise],
            "externalId": "701984", "userName": "ada@example.com", "active": true, "timezone": "Europe/London",
            "name": {"formatted": "Ms. Ada Byron", "familyName": "Byron", "givenName": "Ada"},
            "emails": [{"value": "ada@example.com", "type": "work", "primary": true}],
            "addresses": [{"type": "home", "streetAddress": "1 Engine Row\nUpstairs", "country": "GB"}],
            enterprise: {"employeeNumber": "701984", "manager": {"value": "26118915", "$ref": "../Users/26118915"}},
        });
        assert_eq!(violations(&schema, &user), Vec::<String>::new());
        assert_eq!(violations(&schema, &json!({"active": true})), ["`userName` is required"]);
        let extended = json!({"userName": "a", enterprise: {"manger": {}}});
        assert_eq!(violations(&schema, &extended), [format!("`\"{enterprise}\".manger` is not in the schema")]);
    }
}
