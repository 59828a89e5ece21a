//! What remote targets are given as passwords.

use zeroize::Zeroizing;

use super::error::Failure;
use crate::model::Password;
use crate::ports::PortErrorKind;

/// The password as text, if it can be sent. Servers written in C may cut passwords at a NUL.
pub(in crate::adapters) fn sendable(password: &Password) -> Option<&str> {
    let text = std::str::from_utf8(password.expose()).ok()?;
    (!text.is_empty() && !text.contains('\0')).then_some(text)
}

/// A new password that is sent as it is.
///
/// # Errors
/// As for one that the policy of the target refuses, if it cannot be sent.
pub(in crate::adapters) fn new_password(password: &Password) -> Result<&str, Failure> {
    sendable(password).ok_or_else(|| refused("the password is not valid UTF-8"))
}

/// The policy of the target refuses a new password.
pub(in crate::adapters) fn refused_by_policy() -> Failure {
    refused("the password policy of the target refuses the password")
}

/// Says nothing of the target, which works.
fn refused(detail: &str) -> Failure {
    Failure::of_this_process(PortErrorKind::PasswordRefused, detail)
}

/// A password that nobody knows, with characters of every class that policies ask for.
///
/// # Errors
/// If the operating system gives no random bytes.
pub(in crate::adapters) fn unusable_password() -> Result<Zeroizing<String>, Failure> {
    let random = crate::random::bytes::<24>().map(Zeroizing::new).map_err(|_| {
        Failure::of_this_process(PortErrorKind::Unavailable, "the operating system gives no random bytes")
    })?;
    Ok(Zeroizing::new(format!("Lf-1!{}", hex::encode(*random))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_that_may_be_cut_are_not_sent() {
        let password = |bytes: &[u8]| Password::new(bytes.to_vec()).unwrap();
        assert_eq!(sendable(&password("päss".as_bytes())), Some("päss"));
        for bytes in [&b"a\0b"[..], b"\xff"] {
            assert_eq!(sendable(&password(bytes)), None);
        }
        let nobody = [unusable_password().unwrap(), unusable_password().unwrap()];
        assert!(nobody[0] != nobody[1] && nobody[0].len() > 40);
    }
}
