//! What bridges need of JOSE: access tokens of callers (RFC 7515, RFC 7517, RFC 7519), and what a product encrypts for us
//! (RFC 7516).
//!
//! Signatures are verified by `ring`, which TLS uses already. It has no RSA decryption, so that `rsa` decrypts: from its
//! version 0.10 with arithmetic in constant time and with blinding (the Marvin attack, RUSTSEC-2023-0071, is against the
//! versions before it). OAEP only: the older padding, which the attack needs, is not accepted. Nothing is decrypted for a
//! caller whose access token was not verified before.

mod access_token;
mod compact;
mod content;
mod inflate;
mod jwe;
mod jwk;
mod jws;
mod keys;
#[cfg(test)]
mod tests;

pub(super) use access_token::{AccessTokens, Denied, mistake as access_token_mistake, valid_until};
pub(super) use compact::unsecured;
pub(super) use jwe::Decrypter;
