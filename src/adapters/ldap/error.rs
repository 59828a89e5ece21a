//! From the errors of a directory to port errors.

use ldap3::{LdapError, LdapResult};

use crate::ports::{PortError, PortErrorKind};

/// A failure before it is known whose it is. Contains no text of the server, which may name a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    kind: PortErrorKind,
    detail: String,
    about_one_record: bool,
    is_broken: bool,
}

impl Failure {
    /// A failure for this reason.
    pub fn new(kind: PortErrorKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), about_one_record: false, is_broken: false }
    }

    /// The record is at fault while the directory works.
    pub fn of_one_record(detail: impl Into<String>) -> Self {
        Self { about_one_record: true, ..Self::new(PortErrorKind::BadResponse, detail) }
    }

    /// The failure of an operation that was answered.
    pub fn result(result: &LdapResult) -> Self {
        Self::code(result.rc)
    }

    /// The failure that a result code means.
    pub fn code(code: u32) -> Self {
        let (kind, detail) = meaning(code);
        Self::new(kind, format!("{detail} (LDAP result {code})"))
    }

    /// The failure of a change that was answered.
    pub fn change(result: &LdapResult) -> Self {
        let (kind, detail) = match result.rc {
            16..=21 | 64..=71 => {
                (PortErrorKind::Conflict, "the schema or a constraint of the directory forbids the change")
            }
            50 => (PortErrorKind::Denied, "the bind account may not change the entry"),
            code => meaning(code),
        };
        Self::new(kind, format!("{detail} (LDAP result {})", result.rc))
    }

    /// The failure of a connection or a driver.
    pub fn driver(error: &LdapError) -> Self {
        match error {
            LdapError::LdapResult { result } => Self::result(result),
            LdapError::FilterParsing => Self::new(PortErrorKind::Misconfigured, "a search filter cannot be parsed"),
            _ => Self { is_broken: true, ..Self::new(PortErrorKind::Unavailable, "the connection broke") },
        }
    }

    /// No answer in time.
    pub fn late() -> Self {
        Self::new(PortErrorKind::Unavailable, "the server does not answer")
    }

    /// Whether another server may do better. One that refuses the account would count another failure.
    pub fn may_pass_elsewhere(&self) -> bool {
        self.kind != PortErrorKind::Denied
    }

    /// Whether the server is not available, or too busy.
    pub fn is_outage(&self) -> bool {
        matches!(self.kind, PortErrorKind::Unavailable | PortErrorKind::RateLimited)
    }

    /// Whether the connection ended before there was an answer.
    pub fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// The error of a port.
    pub fn of(self, adapter: &str, operation: &'static str) -> PortError {
        let error = PortError::new(self.kind, adapter, operation).because(self.detail);
        if self.about_one_record { error.about_one_record() } else { error }
    }
}

/// RFC 4511, appendix A.2.
fn meaning(code: u32) -> (PortErrorKind, &'static str) {
    match code {
        // Active Directory answers 1 to searches of strangers
        1 => (PortErrorKind::Denied, "the directory wants a bind first, or failed"),
        2 => (PortErrorKind::BadResponse, "the server does not speak the expected protocol"),
        3 | 11 => (PortErrorKind::Unavailable, "the directory reached a limit of its own"),
        7 | 8 | 13 => (PortErrorKind::Misconfigured, "the directory wants another way to bind, or TLS"),
        10 => (PortErrorKind::Misconfigured, "the directory refers to another server, which is not followed"),
        16..=21 | 34 => (PortErrorKind::Misconfigured, "the directory does not understand a filter or a name"),
        32 => (PortErrorKind::Misconfigured, "the base of the search does not exist, or may not be read"),
        48..=50 => (PortErrorKind::Denied, "the directory refused the bind account"),
        51 => (PortErrorKind::RateLimited, "the directory is busy"),
        53 => (PortErrorKind::Unavailable, "the directory is unwilling to perform the operation"),
        _ => (PortErrorKind::Unavailable, "the directory failed"),
    }
}
