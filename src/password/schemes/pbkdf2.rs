//! PBKDF2 (RFC 8018): PHC text, passlib's text, GRUB's text, Atlassian, and parts.

use zeroize::Zeroizing;

use crate::password::credential::Credential;
use crate::password::digests::Digest;
use crate::password::encoding::{from_ab64, from_base64, from_hex, same, to_ab64, to_base64, to_base64_unpadded};
use crate::password::length::HashLength;
use crate::password::limits::Cost;
use crate::password::parts::{Parameters, after, cut, decoded, positive, split};
use crate::password::stored::{Attempt, ParseResult, Printed, StoredHash};
use crate::password::verdict::{Problem, Verdict};

use super::scrypt::is_length;

/// The longest output that is derived, in bytes; passport-local-mongoose uses 512.
const MAX_OUTPUT_BYTES: usize = 4096;

/// The text format of a hash.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// `$pbkdf2-sha256$i=,l=$salt$hash`
    Phc,
    /// passlib: `$pbkdf2-sha256$rounds$salt$hash`
    Passlib,
    /// `{PKCS5S2}` and base64 of salt and hash
    Atlassian,
    /// No text, or one that another parser prints.
    Other,
}

/// The parameters and bytes of a PBKDF2 hash.
pub(super) struct Pbkdf2 {
    pub digest: Digest,
    pub iterations: u64,
    pub salt: Vec<u8>,
    pub hash: Vec<u8>,
    pub spelling: Spelling,
}

/// Parses scheme `pbkdf2`: any text form, or parts `digest`, `iterations`, `salt`, `hash`.
pub(super) fn parse(credential: &Credential) -> ParseResult {
    match credential.whole()? {
        Some(text) => boxed(text),
        None => read_parts(credential)?.boxed(),
    }
}

/// Parses scheme `pbkdf2-phc` and `pbkdf2-mcf`.
pub(super) fn parse_text(credential: &Credential) -> ParseResult {
    boxed(credential.required()?)
}

/// Any text form as a boxed stored hash.
pub(super) fn boxed(text: &str) -> ParseResult {
    if text.starts_with("grub.") {
        return read_grub(text)?.boxed();
    }
    if text.starts_with("$p5k2$") {
        return Printed::boxed(text.to_owned(), read_p5k2(text)?.boxed());
    }
    if text.starts_with("$ml$") {
        return Printed::boxed(text.to_owned(), read_ml(text)?.boxed());
    }
    let (name, rest) =
        after(text, "$pbkdf2")?.split_once('$').ok_or(Problem::malformed("the hash is missing parts"))?;
    let digest = digest(name)?;
    let parts: Vec<&str> = rest.split('$').collect();
    match parts.as_slice() {
        [parameters, salt, hash] if parameters.contains('=') => read_phc(digest, parameters, salt, hash)?.boxed(),
        [rounds, salt, hash] => read_passlib(digest, rounds, salt, hash)?.boxed(),
        _ => Err(Problem::malformed("the hash does not have its three parts")),
    }
}

/// The digest after `$pbkdf2`; SHA-1 if there is none.
fn digest(name: &str) -> Result<Digest, Problem> {
    let name = if name.is_empty() { "sha1" } else { name.strip_prefix('-').unwrap_or(name) };
    Digest::named(name).ok_or(Problem::unsupported("unknown digest"))
}

/// Parses the parts of a PHC text; `l` may be missing.
pub(super) fn read_phc(digest: Digest, parameters: &str, salt: &str, hash: &str) -> Result<Pbkdf2, Problem> {
    let parameters = Parameters::read(parameters, &["i", "l", "v"])?;
    let hash = decoded("pbkdf2 hash", from_base64(hash))?;
    if parameters.text("l").is_some() {
        let length = parameters.positive("l")?;
        if usize::try_from(length).map_or(true, |length| length > MAX_OUTPUT_BYTES) {
            return Err(Problem::cost(format!(
                "a derived key of {length} bytes exceeds the limit of {MAX_OUTPUT_BYTES}"
            )));
        }
        if !is_length(length, &hash) {
            return Err(Problem::malformed("the key length differs from the hash"));
        }
    }
    let salt = decoded("pbkdf2 salt", from_base64(salt))?;
    Ok(Pbkdf2 { digest, iterations: parameters.positive("i")?, salt, hash, spelling: Spelling::Phc })
}

fn read_passlib(digest: Digest, rounds: &str, salt: &str, hash: &str) -> Result<Pbkdf2, Problem> {
    let salt = decoded("pbkdf2 salt", from_ab64(salt))?;
    let hash = decoded("pbkdf2 hash", from_ab64(hash))?;
    Ok(Pbkdf2 { digest, iterations: positive("number of rounds", rounds)?, salt, hash, spelling: Spelling::Passlib })
}

/// Parses `grub.pbkdf2.sha512.10000.<salt>.<hash>` (GRUB manual, `password_pbkdf2`).
fn read_grub(text: &str) -> Result<Pbkdf2, Problem> {
    let [_, _, name, rounds, salt, hash] = split::<6>(text, '.')?;
    Ok(Pbkdf2 {
        digest: digest(name)?,
        iterations: positive("number of rounds", rounds)?,
        salt: decoded("salt", from_hex(salt))?,
        hash: decoded("hash", from_hex(hash))?,
        spelling: Spelling::Other,
    })
}

/// Iterations of `$p5k2$` if none are given.
const P5K2_ITERATIONS: u64 = 400;

/// Parses `$p5k2$<hexadecimal rounds>$salt$hash`: Dwayne Litzenberger's format, whose salt is everything before the
/// hash, or Cryptacular's, whose salt is base64 and whose hash is padded (passlib, `dlitz_pbkdf2_sha1` and
/// `cta_pbkdf2_sha1`).
fn read_p5k2(text: &str) -> Result<Pbkdf2, Problem> {
    let (head, _) = text.rsplit_once('$').unwrap_or((text, ""));
    let [rounds, salt, hash] = split::<3>(after(text, "$p5k2$")?, '$')?;
    let iterations = match rounds {
        "" => P5K2_ITERATIONS,
        _ => u64::from_str_radix(rounds, 16).map_err(|_| Problem::malformed("the rounds are not hexadecimal"))?,
    };
    let is_cryptacular = hash.ends_with('=');
    let salt = if is_cryptacular { decoded("salt", from_base64(salt))? } else { head.as_bytes().to_vec() };
    let hash = decoded("hash", if is_cryptacular { from_base64(hash) } else { from_ab64(hash) })?;
    Ok(Pbkdf2 { digest: Digest::Sha1, iterations, salt, hash, spelling: Spelling::Other })
}

/// Parses `$ml$rounds$salt$hash` of macOS since 10.8, in hexadecimal (`ShadowHashData`, SALTED-SHA512-PBKDF2).
fn read_ml(text: &str) -> Result<Pbkdf2, Problem> {
    let [rounds, salt, hash] = split::<3>(after(text, "$ml$")?, '$')?;
    let iterations = positive("number of rounds", rounds)?;
    let (salt, hash) = (decoded("salt", from_hex(salt))?, decoded("hash", from_hex(hash))?);
    Ok(Pbkdf2 { digest: Digest::Sha512, iterations, salt, hash, spelling: Spelling::Other })
}

/// Parses scheme `atlassian-pkcs5s2`: 16 bytes of salt, 32 of key, SHA-1, 10 000 iterations.
pub(super) fn parse_atlassian(credential: &Credential) -> ParseResult {
    let text = after(credential.required()?, "{PKCS5S2}")?;
    let bytes = decoded("hash", from_base64(text))?;
    if bytes.len() != 48 {
        return Err(Problem::malformed("the hash does not have 48 bytes"));
    }
    let (salt, hash) = cut(&bytes, 16)?;
    let (salt, hash) = (salt.to_vec(), hash.to_vec());
    Pbkdf2 { digest: Digest::Sha1, iterations: 10_000, salt, hash, spelling: Spelling::Atlassian }.boxed()
}

fn read_parts(credential: &Credential) -> Result<Pbkdf2, Problem> {
    credential.confirm("pbkdf2")?;
    let hash = credential.bytes("hash", "hex")?.ok_or(Problem::malformed("the part `hash` is missing"))?;
    if credential.number(&["keylen", "key_length", "dklen"])?.is_some_and(|length| !is_length(length, &hash)) {
        return Err(Problem::malformed("the key length differs from the hash"));
    }
    Ok(Pbkdf2 {
        digest: digest(credential.text(&["digest", "prf", "hash_function"])?.unwrap_or("sha1"))?,
        iterations: credential.required_number(&["iterations", "rounds", "hashIterations"])?,
        salt: credential.bytes("salt", "utf8")?.unwrap_or_default(),
        hash,
        spelling: Spelling::Other,
    })
}

impl Pbkdf2 {
    /// The boxed hash, after checks.
    pub(super) fn boxed(self) -> ParseResult {
        if self.iterations == 0 {
            return Err(Problem::malformed("the number of iterations is zero"));
        }
        if self.hash.is_empty() {
            return Err(Problem::malformed("the pbkdf2 hash is empty"));
        }
        if self.hash.len() > MAX_OUTPUT_BYTES {
            return Err(Problem::cost(format!("the derived key exceeds {MAX_OUTPUT_BYTES} bytes")));
        }
        Ok(Box::new(self))
    }

    /// The derived key for a password.
    pub(super) fn derive(&self, password: &[u8]) -> Result<Zeroizing<Vec<u8>>, Problem> {
        let iterations = u32::try_from(self.iterations).map_err(|_| Problem::cost("more than 2^32 iterations"))?;
        let mut output = Zeroizing::new(vec![0; self.hash.len()]);
        self.digest.pbkdf2(password, &self.salt, iterations, &mut output);
        Ok(output)
    }
}

impl StoredHash for Pbkdf2 {
    fn cost(&self) -> Cost {
        let blocks = self.hash.len().div_ceil(self.digest.size().max(1));
        Cost::Pbkdf2 { iterations: self.iterations, blocks: u64::try_from(blocks).unwrap_or(u64::MAX) }
    }

    fn length(&self) -> HashLength {
        HashLength::Bytes(self.hash.len())
    }

    fn check(&self, attempt: &mut Attempt<'_>) -> Verdict {
        match self.derive(attempt.password) {
            Ok(output) => Verdict::match_if(same(&output, &self.hash)),
            Err(problem) => problem.into(),
        }
    }

    fn canonical(&self) -> Option<String> {
        let name = self.digest.name();
        match self.spelling {
            Spelling::Phc => Some(format!(
                "$pbkdf2-{name}$i={},l={}${}${}",
                self.iterations,
                self.hash.len(),
                to_base64_unpadded(&self.salt),
                to_base64_unpadded(&self.hash)
            )),
            Spelling::Passlib => {
                let name = if self.digest == Digest::Sha1 { String::new() } else { format!("-{name}") };
                Some(format!("$pbkdf2{name}${}${}${}", self.iterations, to_ab64(&self.salt), to_ab64(&self.hash)))
            }
            Spelling::Atlassian => {
                Some(format!("{{PKCS5S2}}{}", to_base64(&[self.salt.as_slice(), &self.hash].concat())))
            }
            Spelling::Other => None,
        }
    }
}
