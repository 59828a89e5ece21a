//! Any crypt(3) text: the second field of `/etc/shadow`, and the text after LDAP's `{CRYPT}`.

use crate::password::credential::Credential;
use crate::password::detect::placeholder;
use crate::password::stored::ParseResult;
use crate::password::verdict::Problem;

use super::{bcrypt, des_crypt, md5_crypt, nt, scrypt, sha_crypt, sha1_crypt, sun_md5, yescrypt};

/// Parses scheme `crypt`.
pub(super) fn parse(credential: &Credential) -> ParseResult {
    boxed(credential.required()?)
}

/// Any crypt(3) text as a boxed stored hash.
pub(super) fn boxed(text: &str) -> ParseResult {
    if let Some(why) = placeholder(text) {
        return Err(Problem::unusable(why));
    }
    let Some(rest) = text.strip_prefix('$') else {
        return if text.starts_with('_') { des_crypt::extended(text) } else { des_crypt::traditional(text) };
    };
    match rest.split(['$', ',']).next().unwrap_or_default() {
        "1" => md5_crypt::read(text, "$1$"),
        "apr1" => md5_crypt::read(text, "$apr1$"),
        "5" | "6" => sha_crypt::boxed(text),
        "7" => scrypt::parse_seven(&Credential::encoded("scrypt-mcf7", text)),
        "y" | "gy" => yescrypt::boxed(text),
        "3" => nt::crypt(text),
        "sha1" => sha1_crypt::boxed(text),
        "md5" => sun_md5::boxed(text),
        id if id.starts_with('2') => bcrypt::boxed(text),
        _ => Err(Problem::unsupported("unknown crypt(3) identifier")),
    }
}
