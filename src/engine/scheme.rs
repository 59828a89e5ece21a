//! The scheme of a stored password, as rules name it: a format, or several that are told apart by their prefix.

use crate::diag::{Findings, Span};

/// The first of the schemes that the stored text belongs to.
#[must_use]
pub fn choose<'s>(_schemes: &'s [String], _encoded: &str) -> Option<&'s str> {
    None
}

/// Reports a scheme that does not exist, or that cannot be told apart from others.
pub fn check(_scheme: &str, _span: Span, _among_others: bool, _findings: &mut Findings) {}
