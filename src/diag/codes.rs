//! Every code a finding can have, with the text of `landfall check --explain CODE`. A code is never reused.

/// What a code means.
#[derive(Debug, Clone, Copy)]
pub struct CodeInfo {
    /// Such as `R203`.
    pub code: &'static str,
    /// One line.
    pub title: &'static str,
    /// Why it is a finding, an example, and the usual cure.
    pub explain: &'static str,
}

/// All codes, in order: R1 YAML and shape, R2 names and paths, R3 regex and script, R4 types and schema, R5 settings and
/// adapters, R6 tests.
pub const CODES: &[CodeInfo] = &[];

/// The meaning of a code; letter case does not matter.
#[must_use]
pub fn find(code: &str) -> Option<&'static CodeInfo> {
    CODES.iter().find(|info| info.code.eq_ignore_ascii_case(code))
}
