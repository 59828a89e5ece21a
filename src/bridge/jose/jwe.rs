//! Encrypted tokens (RFC 7516), for our RSA keys.

use std::fmt;

use rsa::PrivateKey;
use rsa::pkcs1::DecodeRsaPrivateKey as _;
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::traits::PublicKeyParts as _;
use serde::Deserialize;
use serde_json::Value;
use sha1::Sha1;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::compact::{decoded, header, parts};
use super::content::{ContentEncryption, Sealed};
use super::inflate::inflated;
use crate::random;

/// The most keys: the current one, the next one, and what is left of an incident. Each costs a decryption.
const MAX_KEYS: usize = 3;

/// The shortest key, in bits.
const MIN_BITS: u32 = 2048;

/// Decrypts what was encrypted for us.
pub(in crate::bridge) struct Decrypter(Vec<PrivateKey>);

/// Never shows the keys.
impl fmt::Debug for Decrypter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Decrypter").field(&self.0.len()).finish()
    }
}

/// How the key of the content is encrypted. `RSA1_5` is not there: its padding tells attackers too much.
#[derive(Debug, Clone, Copy)]
enum KeyEncryption {
    Oaep,
    Oaep256,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    enc: String,
    zip: Option<String>,
    /// What must be understood. Nothing is.
    crit: Option<Value>,
}

impl Decrypter {
    /// Reads the keys: one or more in PEM (PKCS #8 or PKCS #1), without a password.
    ///
    /// # Errors
    /// One sentence, without anything of the keys.
    pub fn open(pem: &str) -> Result<Self, String> {
        let keys: Vec<PrivateKey> = blocks(pem).map(read).collect::<Result<_, _>>()?;
        match keys.len() {
            0 => Err("there is no private key in PEM; it begins with `-----BEGIN PRIVATE KEY-----`".to_owned()),
            1..=MAX_KEYS => Ok(Self(keys)),
            count => Err(format!("there are {count} private keys; at most {MAX_KEYS} can be in use")),
        }
    }

    /// The content of a token. Nothing says why there is none.
    pub fn decrypt(&self, token: &str) -> Option<Zeroizing<Vec<u8>>> {
        let [head, key, iv, text, tag] = parts(token)?;
        let Header { alg, enc, zip, crit } = header(head)?;
        let (alg, enc) = (KeyEncryption::named(&alg)?, ContentEncryption::named(&enc)?);
        let is_compressed = match (zip.as_deref(), crit) {
            (None, None) => false,
            (Some("DEF"), None) => true,
            _ => return None,
        };
        let (key, iv, text, tag) = (decoded(key)?, decoded(iv)?, decoded(text)?, decoded(tag)?);
        let sealed = Sealed { iv: &iv, text: &text, tag: &tag, aad: head.as_bytes() };
        let content = self.0.iter().find_map(|ours| enc.open(&alg.content_key(ours, &key, enc)?, &sealed))?;
        if is_compressed { inflated(&content) } else { Some(content) }
    }
}

impl KeyEncryption {
    fn named(name: &str) -> Option<Self> {
        match name {
            "RSA-OAEP" => Some(Self::Oaep),
            "RSA-OAEP-256" => Some(Self::Oaep256),
            _ => None,
        }
    }

    /// The key of the content. One that cannot be decrypted is replaced by a random one, so that what follows is the same for
    /// every wrong token (RFC 7516, section 11.5).
    fn content_key(self, ours: &PrivateKey, key: &[u8], enc: ContentEncryption) -> Option<Zeroizing<Vec<u8>>> {
        let random: [u8; 64] = random::bytes().ok()?;
        let instead = Zeroizing::new(random.get(..enc.key_bytes())?.to_vec());
        let decrypted = match self {
            Self::Oaep => ours.oaep_decrypt::<Sha1>(key),
            Self::Oaep256 => ours.oaep_decrypt::<Sha256>(key),
        };
        let decrypted = decrypted.ok().map(Zeroizing::new).filter(|key| key.len() == enc.key_bytes());
        Some(decrypted.unwrap_or(instead))
    }
}

const BEGIN: &str = "-----BEGIN ";

/// The blocks of a file in PEM, without what is written before and between them.
fn blocks(pem: &str) -> impl Iterator<Item = &str> {
    pem.match_indices(BEGIN).filter_map(move |(start, _)| {
        let block = pem.get(start..)?;
        let label = block.strip_prefix(BEGIN)?.split_once("-----")?.0;
        let end = format!("-----END {label}-----");
        block.find(&end).and_then(|at| block.get(..at + end.len()))
    })
}

fn read(block: &str) -> Result<PrivateKey, String> {
    if block.contains("ENCRYPTED") {
        return Err("the private key has a password; write it without one, and protect the file instead".to_owned());
    }
    if block.starts_with("-----BEGIN CERTIFICATE") {
        return Err(
            "there is a certificate where the private key is expected; the certificate is for the product".to_owned()
        );
    }
    let key = PrivateKey::from_pkcs8_pem(block).ok().or_else(|| PrivateKey::from_pkcs1_pem(block).ok());
    let key = key.ok_or("the private key is no RSA key in PEM (PKCS #8 or PKCS #1)")?;
    let bits = key.n().bit_width();
    if bits < MIN_BITS {
        return Err(format!("the private key has {bits} bits, but needs at least {MIN_BITS}"));
    }
    Ok(key)
}
