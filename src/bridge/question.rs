//! What dialects ask, and what they are answered.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use serde_json::{Map, Value};
use zeroize::Zeroizing;

/// What a product wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Whether the customer may sign in with the password, and who the customer is.
    Login,
    /// Who the customer is, without a password: before a login, or because the password was forgotten.
    Profile,
    /// Whether the identifier belongs to somebody, so that a new customer may not take it.
    SignupCheck,
    /// That the account of the customer be created without a password, as after a forgotten one.
    Provision,
    /// Nothing: the customer has got a password at the product, so that the legacy one is worth nothing. The identifier is the
    /// id of the account at the target.
    PasswordSet,
}

/// A question.
pub struct Question {
    /// What is asked.
    pub ask: Ask,
    /// The identifier as the customer typed it; for [`Ask::PasswordSet`] the id of the account.
    pub identifier: String,
    /// The password as the customer typed it; needed by [`Ask::Login`], ignored otherwise.
    pub password: Option<Zeroizing<Vec<u8>>>,
    /// The external id of the customer whose account the product has, if it says it: nobody else is handed over.
    pub customer: Option<String>,
    /// The address of the customer, if the product says it.
    pub network: Option<IpAddr>,
    /// The product's own id of the request, for logs.
    pub correlation: Option<String>,
    /// What else the request says, for the rules that make the profile: `$facts.added.NAME`. Callers choose it, so that a
    /// dialect adds only short values of known shapes.
    pub facts: Map<String, Value>,
    /// What the reply has to repeat.
    pub echo: Value,
}

/// Never shows what was typed.
impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question").field("ask", &self.ask).finish_non_exhaustive()
    }
}

impl Question {
    /// A question without what most products do not say.
    #[must_use]
    pub fn new(ask: Ask, identifier: impl Into<String>) -> Self {
        Self {
            ask,
            identifier: identifier.into(),
            password: None,
            customer: None,
            network: None,
            correlation: None,
            facts: Map::new(),
            echo: Value::Null,
        }
    }

    /// A login.
    #[must_use]
    pub fn login(identifier: impl Into<String>, password: Zeroizing<Vec<u8>>) -> Self {
        Self { password: Some(password), ..Self::new(Ask::Login, identifier) }
    }
}

/// What became of a question.
#[derive(Debug, Clone, PartialEq)]
pub enum BridgeOutcome {
    /// The customer is signed in, or known.
    Accepted(Accepted),
    /// The customer is not signed in, or not known. The same for every reason.
    Refused,
    /// Sign-up: nobody has the identifier.
    Free,
    /// Sign-up: somebody has the identifier.
    Reserved,
    /// Provision: the account exists now, if there is such a customer.
    Provisioned {
        /// The id of the account at the target.
        account: Option<String>,
    },
    /// Password set: it is noted, if the account is one of a migration.
    Noted,
    /// Temporarily unknown. This is not a refusal.
    Unavailable {
        /// When to ask again.
        retry_after: Duration,
    },
}

/// A customer who is signed in, or known.
#[derive(Clone, PartialEq)]
pub struct Accepted {
    /// What the rules of the bridge made for the product; empty if the dialect takes no profile.
    pub profile: Map<String, Value>,
    /// The id of the account: at the target, or Landfall's own if the product stores the account. Empty for a profile.
    pub account: String,
    /// Whether a new password must be chosen.
    pub must_change_password: bool,
}

/// Never shows the profile.
impl fmt::Debug for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accepted").field("must_change_password", &self.must_change_password).finish_non_exhaustive()
    }
}
