//! What a target can do. The login, the commands and the behaviour suite go by what is declared here.

/// What a target can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// How it verifies a password. Refusals are equalised with a hash of the target only if it computes any.
    pub password: PasswordCheck,
    /// How it finds the account of a login.
    pub lookup: AccountLookup,
    /// Whether it lists its accounts, for `landfall account list`.
    pub listing: Support,
    /// Whether it can delete an account on the condition that nobody has changed it, for `landfall undo`.
    pub undo: Support,
    /// Whether it keeps external ids unique, also between concurrent creations.
    pub unique_external_id: Support,
    /// How it creates an account.
    pub creation: Creation,
    /// Whether it tells an account that has no password from one that has.
    pub states: Support,
}

impl Capabilities {
    /// An account store in a database: it can do everything, within transactions.
    pub const DATABASE: Self = Self {
        password: PasswordCheck::Hash,
        lookup: AccountLookup::Login,
        listing: Support::Yes,
        undo: Support::Yes,
        unique_external_id: Support::Yes,
        creation: Creation::OneCall,
        states: Support::Yes,
    };

    /// A product behind an API: accounts are found by their external id, and whether it keeps that unique is not known.
    #[must_use]
    pub const fn remote(password: PasswordCheck) -> Self {
        Self {
            password,
            lookup: AccountLookup::ExternalId,
            listing: Support::No,
            undo: Support::No,
            unique_external_id: Support::No,
            // an answer that was lost leaves an account
            creation: Creation::Steps,
            states: Support::No,
        }
    }
}

/// Whether a target can do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// It can.
    Yes,
    /// It cannot. The operation fails with [`PortErrorKind::Unsupported`](super::PortErrorKind::Unsupported).
    No,
}

/// How the account of a login is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountLookup {
    /// The target is asked for the login.
    Login,
    /// The target knows accounts by their external id, and the [`Ledger`](super::Ledger) which logins were migrated, so that
    /// no remote call is made to find out. [`Target::find`](super::Target::find) is never called.
    ExternalId,
}

/// How a target verifies a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordCheck {
    /// With a hash computed on this machine, whatever the result.
    Hash,
    /// Another system verifies it.
    Api,
    /// Not at all: every account is [`Unusable`](super::Authentication::Unusable).
    Nothing,
}

/// How a target creates an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creation {
    /// In one call: a creation that was rejected has written nothing.
    OneCall,
    /// In several calls: a creation that fails may have written a part, which recovery looks up.
    Steps,
}
