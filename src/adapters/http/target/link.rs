//! Whether an account that is not ours belongs to the customer: only as the settings say.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What becomes of an account at the product that has a login of the customer and was not created by Landfall.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// It is a conflict, which an operator decides.
    #[default]
    Never,
    /// It is the customer's, if its mail address and that of the legacy profile are the same and both are verified.
    VerifiedEmail,
}

/// The mail address of claims, if it is verified.
pub(super) fn verified_email(claims: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Claims {
        email: Option<Email>,
    }
    #[derive(Deserialize)]
    struct Email {
        value: Option<String>,
        verified: Option<bool>,
    }
    let email = serde_json::from_str::<Claims>(claims).ok()?.email?;
    email.value.filter(|value| email.verified == Some(true) && !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_verified_address_counts() {
        for (claims, wanted) in [
            (r#"{"email":{"value":"a@example.org","verified":true}}"#, Some("a@example.org")),
            (r#"{"email":{"value":"a@example.org","verified":false}}"#, None),
            (r#"{"email":{"value":"a@example.org"}}"#, None),
            (r#"{"email":{"value":"","verified":true}}"#, None),
            (r#"{"email":"a@example.org"}"#, None),
            ("{}", None),
        ] {
            assert_eq!(verified_email(claims).as_deref(), wanted, "{claims}");
        }
    }
}
