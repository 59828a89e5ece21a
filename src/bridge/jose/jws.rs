//! Signed tokens (RFC 7515).

use ring::signature::{
    self, ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey,
    VerificationAlgorithm,
};
use serde::Deserialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::compact::{decoded, header, parts};
use super::jwk::{Key, Public};

/// A token whose signature has not been verified yet.
pub(super) struct Signed<'t> {
    alg: Algorithm,
    kid: Option<String>,
    /// What is signed: the first two parts, as they were sent.
    signed: &'t [u8],
    payload: Zeroizing<Vec<u8>>,
    signature: Zeroizing<Vec<u8>>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// What must be understood. Nothing is.
    crit: Option<Value>,
}

/// An algorithm with a public key. There is no other: whoever knows a public key could sign with `HS256`, and everybody with
/// `none`.
#[derive(Debug, Clone, Copy)]
struct Algorithm {
    name: &'static str,
    scheme: Scheme,
}

#[derive(Debug, Clone, Copy)]
enum Scheme {
    Rsa(&'static RsaParameters),
    P256,
    P384,
}

/// The keys of RSA have at least 2048 bits.
const ALGORITHMS: &[Algorithm] = &[
    Algorithm { name: "RS256", scheme: Scheme::Rsa(&signature::RSA_PKCS1_2048_8192_SHA256) },
    Algorithm { name: "RS384", scheme: Scheme::Rsa(&signature::RSA_PKCS1_2048_8192_SHA384) },
    Algorithm { name: "RS512", scheme: Scheme::Rsa(&signature::RSA_PKCS1_2048_8192_SHA512) },
    Algorithm { name: "PS256", scheme: Scheme::Rsa(&signature::RSA_PSS_2048_8192_SHA256) },
    Algorithm { name: "PS384", scheme: Scheme::Rsa(&signature::RSA_PSS_2048_8192_SHA384) },
    Algorithm { name: "PS512", scheme: Scheme::Rsa(&signature::RSA_PSS_2048_8192_SHA512) },
    Algorithm { name: "ES256", scheme: Scheme::P256 },
    Algorithm { name: "ES384", scheme: Scheme::P384 },
];

impl<'t> Signed<'t> {
    /// Reads a token; `None` if it has another form or another algorithm.
    pub fn read(token: &'t str) -> Option<Self> {
        let [head, payload, signature] = parts(token)?;
        let Header { alg, kid, crit } = header(head)?;
        let alg = *ALGORITHMS.iter().find(|known| known.name == alg && crit.is_none())?;
        let signed = token.as_bytes().get(..head.len() + 1 + payload.len())?;
        Some(Self { alg, kid, signed, payload: decoded(payload)?, signature: decoded(signature)? })
    }

    /// The id of the key that it names.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The payload, if one of these keys has signed it.
    pub fn payload<'k>(&self, mut keys: impl Iterator<Item = &'k Key>) -> Option<&[u8]> {
        keys.any(|key| self.is_signed_by(key)).then_some(self.payload.as_slice())
    }

    fn is_signed_by(&self, key: &Key) -> bool {
        let is_for = key.alg.as_deref().is_none_or(|alg| alg == self.alg.name);
        let is_valid = |algorithm: &'static dyn VerificationAlgorithm, point: &[u8]| {
            UnparsedPublicKey::new(algorithm, point).verify(self.signed, &self.signature).is_ok()
        };
        is_for
            && match (self.alg.scheme, &key.public) {
                (Scheme::Rsa(parameters), Public::Rsa { n, e }) => {
                    RsaPublicKeyComponents { n, e }.verify(parameters, self.signed, &self.signature).is_ok()
                }
                (Scheme::P256, Public::P256(point)) => is_valid(&ECDSA_P256_SHA256_FIXED, point),
                (Scheme::P384, Public::P384(point)) => is_valid(&ECDSA_P384_SHA384_FIXED, point),
                _ => false,
            }
    }
}
