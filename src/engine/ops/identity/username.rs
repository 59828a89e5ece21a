//! `username`: normalizes user names as in RFC 8265.

use std::borrow::Cow;

use precis_profiles::UsernameCaseMapped;
use precis_profiles::precis_core::profile::PrecisFastInvocation as _;
use unicode_normalization::UnicodeNormalization as _;

use crate::engine::context::Cx;
use crate::engine::op::{Failure, Family, Op, OpSpec, Output, example, example_failure};
use crate::model::{Kinds, Value};

/// The longest user name, in bytes: the limit of RFC 7622 for the parts of an address, and more than any login form accepts.
const MAX_BYTES: usize = 1023;

/// How often the rules are applied until the name no longer changes (RFC 8264 §7 requires at most three repetitions).
const MAX_ROUNDS: usize = 4;

/// The row of the step table.
pub const USERNAME: OpSpec = OpSpec {
    name: "username",
    family: Family::Identity,
    summary: "normalizes a user name and converts it to lower case",
    details: "Uses the PRECIS profile UsernameCaseMapped (RFC 8265): full-width letters become plain letters, upper \
              case becomes lower case, and composed characters are in NFC; whitespace, control characters, symbols and \
              mixed writing directions fail. Nothing is trimmed, because two names must not silently become one; put \
              `trim` before it if needed.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: &[],
    fails: "the profile does not allow a character, or the name is empty or longer than 1023 bytes",
    takes_nothing: false,
    examples: &[
        example("", r#""Ada.Lovelace""#, r#""ada.lovelace""#),
        example("", r#""ＡＤＡ""#, r#""ada""#),
        example("", r#""Ju\u0308rgen""#, r#""jürgen""#),
        example_failure("", r#""ada lovelace""#),
        example_failure("", r#""ada\u202e""#),
    ],
    build: |_| Ok(Box::new(Username)),
};

#[derive(Debug)]
struct Username;

impl Op for Username {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?;
        match one_spelling(text) {
            Ok(Cow::Borrowed(name)) => Ok(Value::Text(name)),
            Ok(Cow::Owned(name)) => Ok(cx.keep(&name)),
            Err(error) => Err(error.into()),
        }
    }
}

/// Why text is not a user name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UsernameError {
    /// More than [`MAX_BYTES`] bytes, before or after the mapping.
    TooLong,
    /// The profile does not allow a character, or the result is empty.
    NotAllowed,
    /// The result changes again when it is normalized.
    Unstable,
}

impl From<UsernameError> for Failure {
    fn from(error: UsernameError) -> Self {
        match error {
            UsernameError::TooLong => {
                Self::new(format!("the text is longer than the {MAX_BYTES} bytes of a user name"))
            }
            UsernameError::NotAllowed => Self::new("the text is not allowed as a user name"),
            UsernameError::Unstable => Self::new("the text is not allowed as a user name: it has no stable spelling"),
        }
    }
}

/// Normalizes a user name (UsernameCaseMapped, RFC 8265 §3.3), for the step and for the identifiers that customers enter.
pub(crate) fn one_spelling(text: &str) -> Result<Cow<'_, str>, UsernameError> {
    if text.len() > MAX_BYTES {
        return Err(UsernameError::TooLong);
    }
    plain_spelling(text).map_or_else(|| spelling_by_profile(text), Ok)
}

/// The same for names of only visible ASCII characters: the profile allows all of them and changes only the letter case
/// (RFC 8264 §9.11, ASCII7).
fn plain_spelling(text: &str) -> Option<Cow<'_, str>> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    Some(if is_lower { Cow::Borrowed(text) } else { Cow::Owned(text.to_ascii_lowercase()) })
}

fn spelling_by_profile(text: &str) -> Result<Cow<'_, str>, UsernameError> {
    // mapped before the profile checks the characters (RFC 8264 §7): the Kelvin sign is a `k`, a Greek question mark is `;`
    let mapped = text.to_lowercase().nfc().collect::<String>();
    let mut name = if mapped == text { Cow::Borrowed(text) } else { Cow::Owned(mapped) };
    for _ in 0..MAX_ROUNDS {
        let next = UsernameCaseMapped::enforce(&*name).map_err(|_| UsernameError::NotAllowed)?;
        if next == name {
            return if name.len() > MAX_BYTES { Err(UsernameError::TooLong) } else { Ok(name) };
        }
        name = Cow::Owned(next.into_owned());
    }
    Err(UsernameError::Unstable)
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;
    use proptest::prelude::*;

    use super::*;

    fn username(text: &str) -> Option<String> {
        let arena = Bump::new();
        Username.apply(Value::Text(text), &Cx::bare(&arena)).ok()?.as_text().map(ToOwned::to_owned)
    }

    #[test]
    fn length_is_bounded() {
        assert!(username(&"a".repeat(MAX_BYTES)).is_some());
        assert!(username(&"a".repeat(MAX_BYTES + 1)).is_none());
    }

    #[test]
    fn ascii_names_take_the_fast_path() {
        for (text, want) in
            [("Ada.Lovelace+x", Some("ada.lovelace+x")), ("ada", Some("ada")), ("", None), ("a b", None), ("ü", None)]
        {
            assert_eq!(plain_spelling(text).as_deref(), want, "{text}");
        }
    }

    proptest! {
        #[test]
        fn fast_path_agrees_with_the_profile(text in "[ -~\\x7fü]{0,12}") {
            if let Some(name) = plain_spelling(&text) {
                prop_assert_eq!(spelling_by_profile(&text), Ok(name));
            }
        }

        #[test]
        fn result_is_idempotent(text in "\\PC{0,12}") {
            if let Some(once) = username(&text) {
                prop_assert_eq!(username(&once), Some(once.clone()));
            }
        }
    }

    /// The golden cases of another implementation of PRECIS.
    #[test]
    fn agrees_with_the_golden_cases() {
        let text = include_str!("../../../../tests/corpora/precis_golden.json");
        // cases may contain lone surrogates, which Rust strings cannot represent
        let cases: Vec<&str> =
            text.split("},{").filter(|case| case.contains("\"profile\":\"UsernameCaseMapped\"")).collect();
        let (mut same, mut unreadable, mut other) = (0, 0, Vec::new());
        for case in cases {
            let object = format!("{{{}}}", case.trim().trim_start_matches("[{").trim_end_matches("}]"));
            let Ok(case) = serde_json::from_str::<serde_json::Value>(&object) else {
                unreadable += 1;
                continue;
            };
            let got = username(case["input"].as_str().unwrap());
            if got.as_deref() == case["output"].as_str() { same += 1 } else { other.push(format!("{case}: {got:?}")) }
        }
        println!("precis: {same} agree, {unreadable} cannot be read, {} do not:\n{}", other.len(), other.join("\n"));
        assert!(same >= 314, "{same} {unreadable}\n{}", other.join("\n"));
    }
}
