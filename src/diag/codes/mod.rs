//! Every code a finding can have, with the text of `landfall check --explain CODE`. A code is never reused.

mod r1;
mod r2;
mod r3;
mod r4;
mod r5;
mod r6;
mod r7;

/// What a code means.
#[derive(Debug, Clone, Copy)]
pub struct CodeInfo {
    /// Such as `R203`.
    pub code: &'static str,
    /// One line.
    pub title: &'static str,
    /// Why it is a finding, an example, and the usual fix.
    pub explain: &'static str,
}

/// One file per family, each in the order of its codes.
const FAMILIES: [&[CodeInfo]; 7] = [r1::CODES, r2::CODES, r3::CODES, r4::CODES, r5::CODES, r6::CODES, r7::CODES];

/// All codes, in order: R1 YAML and shape, R2 names and paths, R3 regex and script, R4 types and schema, R5 settings
/// and adapters, R6 tests, R7 assessments.
pub fn all() -> impl Iterator<Item = &'static CodeInfo> {
    FAMILIES.into_iter().flatten()
}

/// The meaning of a code, in upper or lower case.
#[must_use]
pub fn find(code: &str) -> Option<&'static CodeInfo> {
    all().find(|info| info.code.eq_ignore_ascii_case(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_in_its_family() {
        for (family, codes) in FAMILIES.iter().enumerate() {
            for info in *codes {
                let digits = info.code.strip_prefix(&format!("R{}", family + 1));
                let well_formed = digits.is_some_and(|d| d.len() == 2 && d.bytes().all(|b| b.is_ascii_digit()));
                assert!(well_formed, "{} in family {}", info.code, family + 1);
            }
        }
    }

    #[test]
    fn codes_are_sorted_and_unique() {
        let codes: Vec<&str> = all().map(|info| info.code).collect();
        assert!(codes.is_sorted_by(|one, next| one < next), "{codes:?}");
    }

    #[test]
    fn every_code_is_explained() {
        for info in all() {
            assert!(
                !info.title.is_empty() && !info.title.contains('\n') && !info.title.ends_with('.'),
                "{}",
                info.code
            );
            assert!(info.explain.lines().count() >= 3, "{} needs a reason, an example and a fix", info.code);
            assert!(
                info.explain.lines().all(|line| line.chars().count() <= 110),
                "{} has lines too long for a terminal",
                info.code
            );
        }
    }

    #[test]
    fn letter_case_does_not_matter() {
        assert_eq!(find("r102").map(|info| info.code), Some("R102"));
        assert!(find("R999").is_none());
    }
}
