//! An account that keeps the schema. Only [`Schema::accept`] makes one.

use std::fmt;

use super::Schema;
use super::path::path_names;
use super::violation::{Place, Violations};
use crate::model::{Value, json};

/// An account whose every claim keeps the schema, ready for a target.
///
/// There is no other way to one than [`Schema::accept`]:
///
/// ```compile_fail
/// use landfall::model::Value;
/// let account = landfall::schema::Account(Value::Object(&[]));
/// ```
#[derive(Clone, Copy)]
pub struct Account<'a>(Value<'a>);

impl<'a> Account<'a> {
    /// The claims, as one object in the order in which they were made.
    #[must_use]
    pub fn value(self) -> Value<'a> {
        self.0
    }

    /// The value of a claim, by its path; [`Value::Missing`] when the account has no such claim.
    #[must_use]
    pub fn claim(self, path: &str) -> Value<'a> {
        path_names(path).map_or(Value::Missing, |names| names.into_iter().fold(self.0, Value::member))
    }

    /// Appends the account as compact JSON.
    pub fn write_json(self, out: &mut Vec<u8>) {
        json::write(self.0, out);
    }
}

/// Never shows claims.
impl fmt::Debug for Account<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Account(***)")
    }
}

impl Schema {
    /// Makes a draft an account. The account is the draft itself, not a copy.
    ///
    /// # Errors
    /// All violations at once, when there are any.
    pub fn accept<'a>(&self, draft: Value<'a>) -> Result<Account<'a>, Violations> {
        let mut found = Violations::default();
        self.root().check(draft, Place::account(), &mut found);
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
    fn every_wanted_account_is_accepted() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/records/challenges.jsonl");
        let text = std::fs::read_to_string(path).expect("the challenges");
        let schema = Schema::builtin("standard").expect("built in");
        for line in text.lines() {
            let mut challenge: Json = serde_json::from_str(line).expect("JSON");
            let mut wanted = challenge["wanted"].take();
            let claims = wanted.as_object_mut().expect("an object");
            claims.remove("credential");
            claims.remove("warnings");
            assert_eq!(violations(&schema, &wanted), Vec::<String>::new(), "{}", challenge["id"]);
        }
    }

    #[test]
    fn all_violations_are_told_at_once() {
        let schema = Schema::builtin("standard").expect("built in");
        let draft = json!({
            "email": {"verified": "yes"}, "status": "asleep", "usrname": "x", "created_at": "2024-01-01 00:00:00",
            "consents": [{"id": "a"}, {"granted": true}], "birthdate": null, "custom": {"a.b": 1},
            "last_login_at": "2024-01-01T00:00:00+01:00",
        });
        assert_eq!(
            violations(&schema, &draft),
            [
                "`birthdate` takes text, not null",
                "`consents[1].id` is required",
                "`created_at` is not a date and time as in RFC 3339",
                "`email.verified` takes boolean, not text",
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
    fn bytes_reach_no_account() {
        let schema = Schema::builtin("standard").expect("built in");
        let custom = [("photo", Value::List(&[Value::Bytes(b"x")]))];
        let found = schema.accept(Value::Object(&[("custom", Value::Object(&custom))])).expect_err("bytes");
        assert!(found.to_string().starts_with("`custom.photo[0]` takes"), "{found}");
        assert!(schema.accept(Value::Text("x")).is_err());
    }

    #[test]
    fn the_users_of_rfc_7643_are_accepted() {
        let schema = Schema::builtin("scim").expect("built in");
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/records/scim");
        for name in ["rfc7643-8.1-user-minimal", "rfc7643-8.2-user-full", "rfc7643-8.3-enterprise_user"] {
            let text = std::fs::read_to_string(format!("{folder}/{name}.json")).expect(name);
            let mut user: Json = serde_json::from_str(&text).expect("JSON");
            // Set by the service provider (id, meta, groups) or not part of the account (password).
            for read_only in ["id", "meta", "groups", "password"] {
                user.as_object_mut().expect("an object").remove(read_only);
            }
            assert_eq!(violations(&schema, &user), Vec::<String>::new(), "{name}");
        }
        assert_eq!(violations(&schema, &json!({"active": true})), ["`userName` is required"]);
    }
}
