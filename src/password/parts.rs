//! Small parsers that the schemes share: PHC parameters, decimal numbers, split texts.

use super::verdict::Problem;

/// A decimal number without sign and without leading zeros.
///
/// # Errors
/// [`Problem::Malformed`] with the name of the number.
pub(crate) fn number(what: &str, text: &str) -> Result<u64, Problem> {
    let plain =
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten().ok_or_else(|| Problem::malformed(format!("the {what} is not a number")))
}

/// A decimal number of at least one.
///
/// # Errors
/// [`Problem::Malformed`] with the name of the number.
pub(crate) fn positive(what: &str, text: &str) -> Result<u64, Problem> {
    match number(what, text)? {
        0 => Err(Problem::malformed(format!("the {what} is zero"))),
        number => Ok(number),
    }
}

/// Exactly `N` parts of a text.
///
/// # Errors
/// [`Problem::Malformed`] if there are fewer or more.
pub(crate) fn split<const N: usize>(text: &str, separator: char) -> Result<[&str; N], Problem> {
    let parts: Vec<&str> = text.splitn(N + 1, separator).collect();
    parts.try_into().map_err(|_| Problem::malformed(format!("the stored hash does not have {N} parts")))
}

/// The text after a prefix.
///
/// # Errors
/// [`Problem::Malformed`] if the text has another prefix.
pub(crate) fn after<'a>(text: &'a str, prefix: &str) -> Result<&'a str, Problem> {
    text.strip_prefix(prefix)
        .ok_or_else(|| Problem::malformed(format!("the stored hash does not start with `{prefix}`")))
}

/// The parameters `k=v,k=v` of a PHC string, in any order.
pub(crate) struct Parameters<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Parameters<'a> {
    /// Reads parameters with these names only.
    ///
    /// # Errors
    /// [`Problem::Malformed`] for an unknown or repeated name, or a part without `=`.
    pub fn read(text: &'a str, names: &[&str]) -> Result<Self, Problem> {
        let mut found: Vec<(&str, &str)> = Vec::new();
        for part in text.split(',') {
            let (name, value) = part.split_once('=').ok_or(Problem::malformed("a parameter has no value"))?;
            if !names.contains(&name) {
                return Err(Problem::malformed("unknown parameter"));
            }
            if found.iter().any(|(other, _)| *other == name) {
                return Err(Problem::malformed(format!("the parameter `{name}` is repeated")));
            }
            found.push((name, value));
        }
        Ok(Self(found))
    }

    /// The text of a parameter.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(other, _)| *other == name).map(|(_, value)| *value)
    }

    /// A required number of at least one.
    ///
    /// # Errors
    /// [`Problem::Malformed`] if it is missing or zero.
    pub fn positive(&self, name: &str) -> Result<u64, Problem> {
        let text = self.text(name).ok_or_else(|| Problem::malformed(format!("the parameter `{name}` is missing")))?;
        positive(&format!("parameter `{name}`"), text)
    }
}

/// The decoded bytes of a part.
///
/// # Errors
/// [`Problem::Malformed`] if it could not be decoded.
pub(crate) fn decoded(what: &str, bytes: Option<Vec<u8>>) -> Result<Vec<u8>, Problem> {
    bytes.ok_or_else(|| Problem::malformed(format!("the {what} has characters outside of its alphabet")))
}

/// Exactly `N` bytes.
///
/// # Errors
/// [`Problem::Malformed`] if there are fewer or more.
pub(crate) fn exactly<const N: usize>(what: &str, bytes: Vec<u8>) -> Result<[u8; N], Problem> {
    bytes.try_into().map_err(|_| Problem::malformed(format!("the {what} does not have {N} bytes")))
}

/// Splits bytes after `at`.
///
/// # Errors
/// [`Problem::Malformed`] if there are fewer.
pub(crate) fn cut(bytes: &[u8], at: usize) -> Result<(&[u8], &[u8]), Problem> {
    bytes.split_at_checked(at).ok_or(Problem::malformed("the stored hash is too short"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_plain_decimals() {
        for (text, expected) in [("0", Some(0)), ("10", Some(10)), ("18446744073709551615", Some(u64::MAX))] {
            assert_eq!(number("n", text).ok(), expected, "{text}");
        }
        for text in ["", "+1", "-1", "01", "1.0", "18446744073709551616", " 1", "١"] {
            assert!(number("n", text).is_err(), "{text}");
        }
    }

    #[test]
    fn parameters_must_be_known_and_unique() {
        assert_eq!(Parameters::read("m=1,t=2", &["m", "t"]).unwrap().positive("t"), Ok(2));
        for text in ["m=1,m=2", "m", "x=1", "", "m=1,"] {
            assert!(Parameters::read(text, &["m", "t"]).is_err(), "{text}");
        }
    }
}
