//! Detects the scheme of a stored text.

use super::registry::{SchemeInfo, schemes};

/// What a stored text reveals about its scheme.
#[derive(Debug, Clone, Copy)]
pub enum Detection {
    /// The scheme is certain.
    Known(&'static SchemeInfo),
    /// Several schemes write such texts.
    Ambiguous {
        /// The possible schemes, as a sentence.
        why: &'static str,
        /// Schemes that can be tried one after the other, because a match under any of them is a match; empty if the
        /// scheme must be declared.
        readings: &'static [&'static str],
    },
    /// No password can match the text.
    Unusable(&'static str),
    /// No known scheme writes such texts.
    Unknown,
}

/// Why no password can match a text that is a placeholder and not a hash.
///
/// ```
/// assert!(landfall::password::placeholder("!!").is_some());
/// assert!(landfall::password::placeholder("$6$salt$hash").is_none());
/// ```
#[must_use]
pub fn placeholder(text: &str) -> Option<&'static str> {
    let is_mysql = |text: &str| text.len() == 41 && text.bytes().skip(1).all(|byte| byte.is_ascii_hexdigit());
    match text {
        "" => Some("no password hash is stored"),
        "x" => Some("the hash is in the shadow file"),
        "NP" | "LK" => Some("the account has no password login"),
        _ if text.starts_with('!') => Some("the account is locked or has no usable password"),
        _ if text.starts_with('*') && !is_mysql(text) => Some("the account is locked or has no password login"),
        _ => None,
    }
}

/// Detects the scheme from the stored text alone.
///
/// ```
/// use landfall::password::{Detection, detect};
/// assert!(matches!(detect("$6$salt$hash"), Detection::Known(scheme) if scheme.name == "sha512crypt"));
/// assert!(matches!(detect("900150983cd24fb0d6963f7d28e17f72"), Detection::Ambiguous { .. }));
/// ```
#[must_use]
pub fn detect(text: &str) -> Detection {
    if let Some(why) = placeholder(text) {
        return Detection::Unusable(why);
    }
    if let Some(scheme) = schemes().iter().find(|scheme| scheme.claims(text)) {
        return Detection::Known(scheme);
    }
    ambiguous(text).unwrap_or(Detection::Unknown)
}

fn ambiguous(text: &str) -> Option<Detection> {
    let undeclared = |why| Some(Detection::Ambiguous { why, readings: &[] });
    let is_hex = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if text.starts_with("md5$") || text.starts_with("sha1$") {
        let why = "Django (digest of salt and password) or old Werkzeug (HMAC keyed by the salt)";
        return Some(Detection::Ambiguous { why, readings: &["django", "werkzeug"] });
    }
    if is_hex(text) {
        match text.len() {
            16 => return undeclared("16 hexadecimal digits may be MySQL OLD_PASSWORD or Oracle 10"),
            32 => return undeclared("32 hexadecimal digits may be MD5, MD4, an NT or LM hash, or an MD5 of an MD5"),
            40 => return undeclared("40 hexadecimal digits may be SHA-1 or RIPEMD-160, salted or not"),
            56 | 64 | 96 | 128 => {
                return undeclared(
                    "hexadecimal digits may be any SHA-2, SHA-3, BLAKE2 or Whirlpool digest, salted or not",
                );
            }
            _ => {}
        }
    }
    if text.split_once(':').is_some_and(|(hash, _)| is_hex(hash) && hash.len() >= 32) {
        return undeclared("`hash:salt` may be Joomla, Magento, vBulletin, Better Auth and others");
    }
    if text.len() == 13 && text.bytes().all(|byte| super::encoding::crypt64_value(byte).is_some()) {
        return undeclared("13 characters may be DES crypt");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_are_detected_from_the_text() {
        let cases = [
            ("$2b$10$", "bcrypt"),
            ("$bcrypt-sha256$v=2", "bcrypt-sha256"),
            ("$argon2id$", "argon2"),
            ("$sha1$pf=", "kratos"),
            ("$sha1$40000$", "sha1crypt"),
            ("$md5,rounds=", "sunmd5"),
            ("$md5salted-suffix$", "passwap"),
            ("*A3C79DD4D50F0C8B46516EC6EA74F1E7763E46B0", "mysql41"),
            ("{SSHA}abc", "ldap"),
            ("{ssha}abc", "ldap"),
            ("{SHA256}LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=", "ldap"),
            ("{SHA256}2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824:salt", "joomla"),
            ("{MD5}{salt}0123", "spring"),
            ("{MD5}kIHECkx2vNR7NIQgvrFgJA==", "ldap"),
            ("{x-issha, 1024}abc", "sap-issha"),
            ("md5f26ad40ec79bd3a3c5078c7edcdeb45c", "postgres-md5"),
            ("_J9..bkWNBg27Tx7gVjs", "bsdicrypt"),
        ];
        for (text, name) in cases {
            assert!(matches!(detect(text), Detection::Known(scheme) if scheme.name == name), "{text}");
        }
    }

    #[test]
    fn other_texts_are_ambiguous_unusable_or_unknown() {
        for text in ["md5$salt$hash", "0123456789abcdef", "ewd4zEhvmzjsA", "900150983cd24fb0d6963f7d28e17f72:salt"] {
            assert!(matches!(detect(text), Detection::Ambiguous { .. }), "{text}");
        }
        for text in ["", "x", "!", "*", "!!", "*LK*", "NP", "!$6$salt$hash", "*0"] {
            assert!(matches!(detect(text), Detection::Unusable(_)), "{text}");
        }
        for text in ["plain text?", "$", "$$", "{", "{FOO}bar", "\0\u{1}", "$99$foo$bar"] {
            assert!(matches!(detect(text), Detection::Unknown), "{text}");
        }
    }
}
