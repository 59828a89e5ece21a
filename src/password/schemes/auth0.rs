//! Auth0's `custom_password_hash` objects (bulk user import, "custom password hash" schema).

use crate::password::credential::{Credential, decode};
use crate::password::digests::Digest;
use crate::password::parts::split;
use crate::password::stored::{ParseResult, Prepared, StoredHash};
use crate::password::verdict::Problem;

use super::digest::{Digested, Letters};
use super::scrypt::{Scrypt, Spelling, is_length};
use super::{argon2, bcrypt, ldap, pbkdf2};

/// The parameters of a PBKDF2 text of Auth0 that has none.
const DEFAULT_PARAMETERS: &str = "i=100000,l=64";

/// The parts of the object.
struct Parts {
    hash: Vec<u8>,
    text: String,
    before: Vec<u8>,
    after: Vec<u8>,
    letters: Letters,
}

/// Parses scheme `auth0`: `algorithm`, `hash`, `salt`, `password`, and the parameters of scrypt.
pub(super) fn parse(credential: &Credential) -> ParseResult {
    let credential = &credential.object(&["custom_password_hash"])?.unwrap_or_else(|| credential.clone());
    let algorithm = credential.required_text(&["algorithm"])?.to_ascii_lowercase();
    let hash = credential.required_object("hash")?;
    let parts = read(credential, &hash, &algorithm)?;
    match algorithm.as_str() {
        "argon2" => Ok(parts.salted(argon2::boxed(&parts.text)?)),
        "bcrypt" => Ok(parts.salted(bcrypt::boxed(&parts.text)?)),
        "ldap" => ldap::boxed(&parts.text),
        "pbkdf2" => Ok(parts.salted(pbkdf2_text(&parts.text)?)),
        "scrypt" => scrypt(credential, parts),
        "hmac" => hmac(&hash, parts),
        _ => {
            let digest = Digest::named(&algorithm).ok_or(Problem::unsupported("unknown Auth0 algorithm"))?;
            let mut digested = Digested::between(digest, &parts.before, &parts.after, parts.hash);
            digested.letters = parts.letters;
            digested.boxed()
        }
    }
}

fn read(credential: &Credential, hash: &Credential, algorithm: &str) -> Result<Parts, Problem> {
    let text = hash.required_text(&["value"])?.to_owned();
    let is_text = matches!(algorithm, "argon2" | "bcrypt" | "ldap" | "pbkdf2");
    let encoding = hash.text(&["encoding"])?.unwrap_or(if is_text { "utf8" } else { "hex" });
    let hash = if is_text { Vec::new() } else { decode("hash", &text, encoding)? };
    let (mut before, mut after) = (Vec::new(), Vec::new());
    if let Some(salt) = credential.object(&["salt"])? {
        let bytes = decode("salt", salt.required_text(&["value"])?, salt.text(&["encoding"])?.unwrap_or("utf8"))?;
        match salt.text(&["position"])?.unwrap_or("prefix") {
            "prefix" => before = bytes,
            "suffix" => after = bytes,
            _ => return Err(Problem::unsupported("unknown salt position")),
        }
    }
    let letters = match credential.object(&["password"])? {
        Some(password) => Letters::named(password.text(&["encoding"])?.unwrap_or("utf8"))?,
        None => Letters::AsPresented,
    };
    Ok(Parts { hash, text, before, after, letters })
}

impl Parts {
    /// A self-contained hash of the password, with the extra salt around the password.
    fn salted(&self, inner: Box<dyn StoredHash>) -> Box<dyn StoredHash> {
        if self.before.is_empty() && self.after.is_empty() && self.letters == Letters::AsPresented {
            return inner;
        }
        let (before, after, letters) = (self.before.clone(), self.after.clone(), self.letters);
        let prepare = move |password: &[u8]| {
            let password = letters.encode(password).ok_or(crate::password::Verdict::Mismatch)?;
            Ok([before.as_slice(), &password, &after].concat().into())
        };
        Prepared::boxed(inner, Box::new(prepare))
    }
}

/// A PBKDF2 text of Auth0: some or all parameters may be missing.
fn pbkdf2_text(text: &str) -> ParseResult {
    let rest = text.strip_prefix("$pbkdf2-").ok_or(Problem::malformed("the hash does not start with `$pbkdf2-`"))?;
    let parts: Vec<&str> = rest.split('$').collect();
    let (name, parameters, salt, hash) = match parts.as_slice() {
        [name, salt, hash] => (*name, DEFAULT_PARAMETERS.to_owned(), *salt, *hash),
        [name, parameters, salt, hash] if parameters.contains("i=") => (*name, (*parameters).to_owned(), *salt, *hash),
        [name, parameters, salt, hash] => (*name, format!("i=100000,{parameters}"), *salt, *hash),
        _ => return Err(Problem::malformed("the hash is missing parts")),
    };
    let digest = Digest::named(name).ok_or(Problem::unsupported("unknown digest"))?;
    pbkdf2::read_phc(digest, &parameters, salt, hash)?.boxed()
}

fn scrypt(credential: &Credential, parts: Parts) -> ParseResult {
    if credential.number(&["keylen"])?.is_some_and(|length| !is_length(length, &parts.hash)) {
        return Err(Problem::malformed("the key length differs from the hash"));
    }
    let (n, r) = (credential.number(&["cost"])?.unwrap_or(16384), credential.number(&["blockSize"])?.unwrap_or(8));
    let p = credential.number(&["parallelization"])?.unwrap_or(1);
    let salt = [parts.before.as_slice(), &parts.after].concat();
    let inner = Scrypt { n, r, p, salt, hash: parts.hash, spelling: Spelling::Other }.boxed()?;
    Ok(Parts { hash: Vec::new(), text: String::new(), before: Vec::new(), after: Vec::new(), letters: parts.letters }
        .salted(inner))
}

fn hmac(hash: &Credential, parts: Parts) -> ParseResult {
    let digest = Digest::named(hash.required_text(&["digest"])?).ok_or(Problem::unsupported("unknown digest"))?;
    let key = hash.required_object("key")?;
    let key = decode("key", key.required_text(&["value"])?, key.text(&["encoding"])?.unwrap_or("utf8"))?;
    let mut digested = Digested::keyed(digest, key, parts.hash.clone());
    digested.letters = parts.letters;
    if parts.before.is_empty() && parts.after.is_empty() {
        return digested.boxed();
    }
    digested.letters = Letters::AsPresented;
    Ok(parts.salted(digested.boxed()?))
}

/// The text of a bare `password_hash`, which Auth0 only accepts for bcrypt.
pub(super) fn parse_password_hash(credential: &Credential) -> ParseResult {
    let text = credential.required_text(&["password_hash", "encoded", "value"])?;
    let [_, _, _, _] = split::<4>(text, '$')?;
    bcrypt::boxed(text)
}
