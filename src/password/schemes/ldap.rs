//! LDAP's `userPassword`: `{SCHEME}` and its text (RFC 2307; OpenLDAP, 389 Directory Server, Dovecot).

use crate::password::credential::Credential;
use crate::password::detect::placeholder;
use crate::password::digests::Digest;
use crate::password::encoding::{from_ab64, from_base64, from_hex, to_ab64, to_base64};
use crate::password::parts::{after, cut, decoded, positive, split};
use crate::password::stored::{ParseResult, PlainText, Printed, Wrapped};
use crate::password::verdict::Problem;

use super::digest::{Digested, sized};
use super::pbkdf2::{Pbkdf2, Spelling};
use super::{argon2, cms, crypt, databases, des_crypt, md5_crypt, nt, sha_crypt};

/// The format of the text after a scheme's name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Base64 (or hexadecimal) of a bare digest.
    Plain(Digest),
    /// Base64 of a digest and the salt, which comes after the password.
    Salted(Digest),
    /// `rounds$ab64$ab64`
    Pbkdf2(Digest),
    /// 389 Directory Server: base64 of rounds, 64 bytes of salt, 256 of key.
    Pbkdf2Binary,
    /// A crypt(3) text.
    Crypt,
    /// A PHC text.
    Argon2,
    /// Hexadecimal MD4 of UTF-16LE.
    Nt,
    /// Hexadecimal LM hash.
    Lm,
    /// Dovecot's `rounds,salt,stored key,server key`.
    Scram(Digest),
    /// The password itself.
    ClearText,
    /// The password is verified by another system.
    Elsewhere,
}

/// Every scheme name, in upper case.
const SCHEMES: [(&str, Kind); 59] = [
    ("MD4", Kind::Plain(Digest::Md4)),
    ("MD5", Kind::Plain(Digest::Md5)),
    ("LDAP-MD5", Kind::Plain(Digest::Md5)),
    ("PLAIN-MD4", Kind::Plain(Digest::Md4)),
    ("PLAIN-MD5", Kind::Plain(Digest::Md5)),
    ("SHA", Kind::Plain(Digest::Sha1)),
    ("SHA1", Kind::Plain(Digest::Sha1)),
    ("SHA224", Kind::Plain(Digest::Sha224)),
    ("SHA256", Kind::Plain(Digest::Sha256)),
    ("SHA384", Kind::Plain(Digest::Sha384)),
    ("SHA512", Kind::Plain(Digest::Sha512)),
    ("SHA-256", Kind::Plain(Digest::Sha256)),
    ("SHA-384", Kind::Plain(Digest::Sha384)),
    ("SHA-512", Kind::Plain(Digest::Sha512)),
    ("RMD160", Kind::Plain(Digest::Ripemd160)),
    ("SMD5", Kind::Salted(Digest::Md5)),
    ("SMD4", Kind::Salted(Digest::Md4)),
    ("SSHA", Kind::Salted(Digest::Sha1)),
    ("SSHA1", Kind::Salted(Digest::Sha1)),
    ("SSHA224", Kind::Salted(Digest::Sha224)),
    ("SSHA256", Kind::Salted(Digest::Sha256)),
    ("SSHA384", Kind::Salted(Digest::Sha384)),
    ("SSHA512", Kind::Salted(Digest::Sha512)),
    ("SSHA-256", Kind::Salted(Digest::Sha256)),
    ("SSHA-384", Kind::Salted(Digest::Sha384)),
    ("SSHA-512", Kind::Salted(Digest::Sha512)),
    ("SRMD160", Kind::Salted(Digest::Ripemd160)),
    ("PBKDF2", Kind::Pbkdf2(Digest::Sha1)),
    ("PBKDF2-SHA1", Kind::Pbkdf2(Digest::Sha1)),
    ("PBKDF2-SHA256", Kind::Pbkdf2(Digest::Sha256)),
    ("PBKDF2-SHA384", Kind::Pbkdf2(Digest::Sha384)),
    ("PBKDF2-SHA512", Kind::Pbkdf2(Digest::Sha512)),
    ("PBKDF2_SHA256", Kind::Pbkdf2Binary),
    ("CRYPT", Kind::Crypt),
    ("DES-CRYPT", Kind::Crypt),
    ("MD5-CRYPT", Kind::Crypt),
    ("SHA256-CRYPT", Kind::Crypt),
    ("SHA512-CRYPT", Kind::Crypt),
    ("BLF-CRYPT", Kind::Crypt),
    ("BCRYPT", Kind::Crypt),
    ("CRYPT-MD5", Kind::Crypt),
    ("CRYPT-SHA256", Kind::Crypt),
    ("CRYPT-SHA512", Kind::Crypt),
    ("ARGON2", Kind::Argon2),
    ("ARGON2D", Kind::Argon2),
    ("ARGON2I", Kind::Argon2),
    ("ARGON2ID", Kind::Argon2),
    ("NT", Kind::Nt),
    ("NTLM", Kind::Nt),
    ("NTHASH", Kind::Nt),
    ("LANMAN", Kind::Lm),
    ("SCRAM-SHA-1", Kind::Scram(Digest::Sha1)),
    ("SCRAM-SHA-256", Kind::Scram(Digest::Sha256)),
    ("CLEARTEXT", Kind::ClearText),
    ("CLEAR", Kind::ClearText),
    ("PLAIN", Kind::ClearText),
    ("SASL", Kind::Elsewhere),
    ("KERBEROS", Kind::Elsewhere),
    ("UNIX", Kind::Elsewhere),
];

/// Parses scheme `ldap`.
pub(super) fn parse(credential: &Credential) -> ParseResult {
    boxed(credential.required()?)
}

/// Whether a text starts with a scheme of LDAP.
pub(super) fn is_ldap(text: &str) -> bool {
    name_and_rest(text).is_ok_and(|(name, _)| kind(name).is_some()) && !cms::is_joomla(text)
}

/// The name in braces and the text after it.
pub(super) fn name_and_rest(text: &str) -> Result<(&str, &str), Problem> {
    let rest = text.strip_prefix('{').ok_or(Problem::malformed("the scheme in braces is missing"))?;
    rest.split_once('}').ok_or(Problem::malformed("the brace after the scheme is missing"))
}

fn kind(name: &str) -> Option<Kind> {
    let name = name.to_ascii_uppercase();
    // Dovecot appends the encoding: `{SSHA256.HEX}`.
    let name = name.strip_suffix(".HEX").or_else(|| name.strip_suffix(".B64")).unwrap_or(&name);
    SCHEMES.iter().find(|(other, _)| *other == name).map(|(_, kind)| *kind)
}

/// A text with its scheme in braces as a boxed stored hash.
pub(super) fn boxed(text: &str) -> ParseResult {
    let (name, rest) = name_and_rest(text)?;
    let prefix = format!("{{{name}}}");
    if rest.is_empty() {
        return Err(Problem::malformed("the text after the scheme is missing"));
    }
    match kind(name).ok_or(Problem::unsupported("unknown scheme"))? {
        Kind::Plain(digest) => {
            let hash =
                sized(rest, digest).ok_or(Problem::malformed("the length of the hash does not match its digest"))?;
            let printed = format!("{prefix}{}", to_base64(&hash));
            Digested::between(digest, &[], &[], hash).printed(printed).boxed()
        }
        Kind::Salted(digest) => salted(&prefix, digest, rest),
        Kind::Pbkdf2(digest) => pbkdf2(prefix, digest, rest),
        Kind::Pbkdf2Binary => pbkdf2_binary(rest),
        Kind::Crypt => wrap(prefix, crypt_text(name, rest)),
        Kind::Argon2 => wrap(prefix, argon2::boxed(rest)),
        Kind::Nt => wrap(prefix, nt::boxed(rest)),
        Kind::Lm => wrap(prefix, nt::lm(rest)),
        Kind::Scram(digest) => Printed::boxed(text.to_owned(), scram(digest, rest)),
        Kind::ClearText => Ok(Box::new(PlainText { prefix, text: rest.to_owned().into() })),
        Kind::Elsewhere => Err(Problem::unsupported("the password is verified by another system")),
    }
}

fn wrap(prefix: String, inner: ParseResult) -> ParseResult {
    Ok(Box::new(Wrapped { prefix, inner: inner? }))
}

/// The text after `{CRYPT}` and its Dovecot variants with the name of the algorithm.
fn crypt_text(name: &str, text: &str) -> ParseResult {
    if let Some(why) = placeholder(text) {
        return Err(Problem::unusable(why));
    }
    match name.to_ascii_uppercase().as_str() {
        "DES-CRYPT" => des_crypt::traditional(text),
        "MD5-CRYPT" | "CRYPT-MD5" => md5_crypt::read(text, "$1$"),
        "SHA256-CRYPT" | "SHA512-CRYPT" | "CRYPT-SHA256" | "CRYPT-SHA512" => sha_crypt::boxed(text),
        _ => crypt::boxed(text),
    }
}

fn salted(prefix: &str, digest: Digest, text: &str) -> ParseResult {
    let hexadecimal = prefix.to_ascii_uppercase().ends_with(".HEX}");
    let bytes = if hexadecimal { from_hex(text) } else { from_base64(text) };
    let bytes = decoded("hash", bytes)?;
    let (hash, salt) = cut(&bytes, digest.size())?;
    if salt.is_empty() {
        return Err(Problem::malformed("the salt is missing"));
    }
    let printed = if hexadecimal { hex::encode(&bytes) } else { to_base64(&bytes) };
    Digested::between(digest, &[], salt, hash.to_vec()).printed(format!("{prefix}{printed}")).boxed()
}

/// OpenLDAP's pw-pbkdf2 and 389's newer form: `rounds$salt$key` in base64 with or without padding, `.` for `+`.
fn pbkdf2(prefix: String, digest: Digest, text: &str) -> ParseResult {
    if text.starts_with("$1$") {
        return Printed::boxed(format!("{prefix}{text}"), dovecot_pbkdf2(digest, text));
    }
    let [rounds, salt, hash] = split::<3>(text, '$')?;
    let iterations = positive("number of rounds", rounds)?;
    let salt = decoded("salt", from_ab64(salt))?;
    let hash = decoded("hash", from_ab64(hash))?;
    let printed = format!("{prefix}{iterations}${}${}", to_ab64(&salt), to_ab64(&hash));
    let inner = Pbkdf2 { digest, iterations, salt, hash, spelling: Spelling::Other }.boxed()?;
    Printed::boxed(printed, Ok(inner))
}

/// Dovecot's `$1$salt$rounds$hex`, whose salt is text (`password-scheme-pbkdf2.c`).
fn dovecot_pbkdf2(digest: Digest, text: &str) -> ParseResult {
    let [salt, rounds, hash] = split::<3>(after(text, "$1$")?, '$')?;
    let (iterations, hash) = (positive("number of rounds", rounds)?, decoded("hash", from_hex(hash))?);
    Pbkdf2 { digest, iterations, salt: salt.as_bytes().to_vec(), hash, spelling: Spelling::Other }.boxed()
}

/// Dovecot's `rounds,salt,stored key,server key` (`password-scheme-scram.c`) is SCRAM with other separators.
fn scram(digest: Digest, text: &str) -> ParseResult {
    let [iterations, salt, stored, server] = split::<4>(text, ',')?;
    let name = if digest == Digest::Sha1 { "SHA-1" } else { "SHA-256" };
    let text = format!("SCRAM-{name}${iterations}:{salt}${stored}:{server}");
    databases::parse_scram(&Credential::encoded("scram", text))
}

/// 389's `{PBKDF2_SHA256}`: rounds (big-endian), salt and key in one piece (`pbkdf2_pwd.c`).
fn pbkdf2_binary(text: &str) -> ParseResult {
    let bytes = decoded("hash", from_base64(text))?;
    if bytes.len() != 4 + 64 + 256 {
        return Err(Problem::malformed("the hash does not have 324 bytes"));
    }
    let (rounds, rest) = cut(&bytes, 4)?;
    let (salt, hash) = cut(rest, 64)?;
    let iterations = rounds.iter().fold(0, |rounds, byte| rounds << 8 | u64::from(*byte));
    let inner = Pbkdf2 {
        digest: Digest::Sha256,
        iterations,
        salt: salt.to_vec(),
        hash: hash.to_vec(),
        spelling: Spelling::Other,
    };
    let printed = format!("{{PBKDF2_SHA256}}{}", to_base64(&bytes));
    Printed::boxed(printed, inner.boxed())
}
