//! The stored passwords of the shop: the hashes that fifteen years of WordPress and its plugins have written.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::{Digest as _, Md5};
use sha2::Sha384;

use super::ShopError;

/// How a password is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    /// phpass, `$P$`, with 2^n rounds.
    Phpass(u8),
    /// `$wp$2y$`: bcrypt with a cost, over an HMAC, since WordPress 6.8.
    WordPress68(u32),
    /// bcrypt with a cost, as PHP's `password_hash` writes it.
    Bcrypt(u32),
    /// MD5 in hexadecimal, from before WordPress 2.5.
    Md5,
    /// Argon2id, as PHP's `password_hash` writes it.
    Argon2id,
    /// A fixed text, from another system.
    Text(&'static str),
}

/// The alphabet of phpass and crypt(3), in the order of its values.
const CRYPT: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl Stored {
    /// The stored text of a password.
    pub(super) fn text(self, password: &str, salt: [u8; 16]) -> Result<String, ShopError> {
        match self {
            Self::Phpass(log2) => Ok(phpass(log2, password, salt)),
            Self::WordPress68(cost) => Ok(format!("$wp{}", bcrypt_text(cost, &wordpress_key(password)?, salt)?)),
            Self::Bcrypt(cost) => bcrypt_text(cost, password, salt),
            Self::Md5 => Ok(hex::encode(Md5::digest(password))),
            Self::Argon2id => argon2id(password, salt),
            Self::Text(text) => Ok(text.to_owned()),
        }
    }
}

fn character(value: u32) -> char {
    let at = usize::try_from(value & 63).unwrap_or(0);
    CRYPT.get(at).copied().map_or('.', char::from)
}

/// openwall.com/phpass: MD5 of salt and password, then 2^n times MD5 of the digest and the password.
fn phpass(log2: u8, password: &str, salt: [u8; 16]) -> String {
    let salt: String = salt.iter().take(8).map(|byte| character(u32::from(*byte))).collect();
    let mut digest = Md5::new().chain_update(&salt).chain_update(password).finalize();
    for _ in 0..1_u32 << log2 {
        digest = Md5::new().chain_update(digest).chain_update(password).finalize();
    }
    format!("$P${}{salt}{}", character(u32::from(log2)), crypt64(&digest))
}

/// Encodes three bytes, lowest first, as four characters.
fn crypt64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let value = group.iter().rev().fold(0_u32, |value, byte| value << 8 | u32::from(*byte));
        text.extend((0..=group.len()).map(|at| character(value >> (6 * at))));
    }
    text
}

/// wp-includes/pluggable.php, `wp_hash_password`: the key of the HMAC is only a domain separator.
fn wordpress_key(password: &str) -> Result<String, ShopError> {
    let mut mac = Hmac::<Sha384>::new_from_slice(b"wp-sha384").map_err(|_| ShopError::Hash)?;
    mac.update(password.as_bytes());
    Ok(STANDARD.encode(mac.finalize().into_bytes()))
}

fn bcrypt_text(cost: u32, password: &str, salt: [u8; 16]) -> Result<String, ShopError> {
    let parts = bcrypt::hash_with_salt(password, cost, salt).map_err(|_| ShopError::Hash)?;
    Ok(parts.format_for_version(bcrypt::Version::TwoY))
}

/// A quarter of PHP's default memory, so that the demo responds at once on a small machine.
fn argon2id(password: &str, salt: [u8; 16]) -> Result<String, ShopError> {
    let (memory_kib, passes) = (16_384, 3);
    let params = Params::new(memory_kib, passes, 1, None).map_err(|_| ShopError::Hash)?;
    let mut hash = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password.as_bytes(), &salt, &mut hash)
        .map_err(|_| ShopError::Hash)?;
    let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash));
    Ok(format!("$argon2id$v=19$m={memory_kib},t={passes},p=1${salt}${hash}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Password;
    use crate::password::{Credential, Limits, Verdict, verify};

    #[test]
    fn every_scheme_verifies_its_password_and_no_other() {
        let forms = [
            (Stored::Phpass(7), "wordpress"),
            (Stored::WordPress68(4), "wordpress"),
            (Stored::Bcrypt(4), "wordpress"),
            (Stored::Md5, "wordpress"),
            (Stored::Argon2id, "wordpress"),
            (Stored::Text("Lff0PKOx9LFac"), "descrypt"),
        ];
        for (form, scheme) in forms {
            let text = form.text("walnut77", [7; 16]).unwrap();
            let credential = Credential::encoded(scheme, text);
            let check =
                |password: &str| verify(&credential, &Password::new(password.into()).unwrap(), &Limits::default());
            assert_eq!(check("walnut77"), Verdict::Match, "{form:?}");
            assert_eq!(check("walnut78"), Verdict::Mismatch, "{form:?}");
        }
    }
}
