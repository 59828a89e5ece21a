//! The two parts of an email address. A fast path handles nearly all of them; `email_address` checks the rest.

use email_address::EmailAddress;

/// Bytes of the part before the `@` (RFC 5321, 4.5.3.1.1).
const LOCAL_BYTES: usize = 64;

/// Bytes of one label of a name (RFC 1035, 2.3.4). A name of at most this length has no longer label.
const LABEL_BYTES: usize = 63;

/// The text before and after the last `@`.
pub fn split_address(text: &str) -> Option<(&str, &str)> {
    let at = memchr::memrchr(b'@', text.as_bytes())?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// Whether a text can be the part before the `@` of an email address (RFC 5322, 3.4.1).
pub fn is_local_part(text: &str) -> bool {
    is_usual_local_part(text) || EmailAddress::is_valid_local_part(text)
}

/// Whether a text can be the part after the `@` of an email address.
pub fn is_domain(text: &str) -> bool {
    is_usual_domain(text) || EmailAddress::is_valid_domain(text)
}

/// ASCII letters, digits, `_` and `-`, with single dots between them.
fn is_usual_local_part(text: &str) -> bool {
    let mut before = b'.';
    for byte in text.bytes() {
        if !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || (byte == b'.' && before != b'.')) {
            return false;
        }
        before = byte;
    }
    before != b'.' && text.len() <= LOCAL_BYTES
}

/// Labels of ASCII letters and digits, optionally with hyphens inside.
fn is_usual_domain(text: &str) -> bool {
    let mut before = b'.';
    for byte in text.bytes() {
        let fits = match byte {
            b'.' => before.is_ascii_alphanumeric(),
            b'-' => before != b'.',
            _ => byte.is_ascii_alphanumeric(),
        };
        if !fits {
            return false;
        }
        before = byte;
    }
    before.is_ascii_alphanumeric() && text.len() <= LABEL_BYTES
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn usual_parts_take_the_fast_path() {
        assert!(is_usual_local_part("ada.king-noel_1") && is_usual_domain("mail-1.example.co.uk"));
        assert!(!is_usual_local_part("") && !is_usual_local_part(&"a".repeat(65)));
        assert!(!is_usual_domain("") && !is_usual_domain(&"a".repeat(64)));
    }

    proptest! {
        #[test]
        fn fast_path_agrees_with_full_check(text in "[a-zA-Z0-9._@\"ü -]{0,8}") {
            prop_assert!(!is_usual_local_part(&text) || EmailAddress::is_valid_local_part(&text), "{}", text);
            prop_assert!(!is_usual_domain(&text) || EmailAddress::is_valid_domain(&text), "{}", text);
        }
    }
}
