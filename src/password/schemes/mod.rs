//! The schemes: one file per family, one line per scheme in the table below.

use super::credential::Credential;
use super::detect::{self, Detection};
use super::registry::SchemeInfo;
use super::stored::{ParseResult, PlainText};
use super::verdict::Problem;

mod argon2;
mod aspnet;
mod auth0;
mod bcrypt;
mod bcrypt_sha256;
mod cisco;
mod cms;
mod crypt;
mod databases;
mod des;
mod des_crypt;
mod digest;
mod django;
mod enterprise;
mod firebase;
mod java;
mod keycloak;
mod kratos;
mod ldap;
mod md5_crypt;
mod nt;
mod okta;
mod pbkdf2;
mod phpass;
mod platforms;
mod scrypt;
mod sha1_crypt;
mod sha_crypt;
mod spring;
mod sun_md5;
mod template;
mod werkzeug;
mod yescrypt;

/// A line of the table: name, aliases, summary, prefixes that identify the scheme, and its parser.
const fn scheme(
    name: &'static str,
    aliases: &'static [&'static str],
    summary: &'static str,
    prefixes: &'static [&'static str],
    parse: fn(&Credential) -> ParseResult,
) -> SchemeInfo {
    SchemeInfo { name, aliases, summary, prefixes, shape: None, parse }
}

/// A scheme that a prefix alone cannot identify.
const fn shaped(info: SchemeInfo, shape: fn(&str) -> bool) -> SchemeInfo {
    SchemeInfo { shape: Some(shape), ..info }
}

/// Whether a text is `count` hexadecimal digits.
fn is_hex(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a word says where the salt stands.
pub(super) fn is_order(word: &str) -> bool {
    digest::order(word).is_some()
}

/// Whether a word names an encoding of passwords.
pub(super) fn is_password_encoding(word: &str) -> bool {
    digest::Letters::named(word).is_ok()
}

/// Every scheme. Detection uses the first line that matches, so a longer prefix comes before a shorter one.
#[rustfmt::skip]
pub(super) static SCHEMES: &[SchemeInfo] = &[
    // --- made to be slow
    scheme("argon2", &["argon2id", "argon2i", "argon2d"], "Argon2 in PHC text", &["$argon2"], argon2::parse),
    scheme("bcrypt-sha256", &["passlib-bcrypt-sha256"], "passlib's bcrypt of a SHA-256", &["$bcrypt-sha256$"], bcrypt_sha256::parse),
    scheme("bcrypt", &[], "bcrypt, with an optional template applied to the password", &["$2"], parse_bcrypt),
    scheme("scrypt", &["scrypt-phc"], "scrypt in PHC text or in parts", &["$scrypt$"], scrypt::parse),
    scheme("scrypt-mcf7", &["scrypt7"], "scrypt in crypt(3) text", &["$7$"], scrypt::parse_seven),
    scheme("yescrypt", &[], "yescrypt", &["$y$", "$gy$"], yescrypt::parse),
    scheme("firebase-scrypt", &["firebase", "firescrypt"], "Firebase's scrypt in six formats", &["$firescrypt$", "$fbscrypt$", "$firebase-scrypt$", "$f_scrypt$"], firebase::parse),
    scheme("better-auth", &[], "Better Auth's scrypt", &[], scrypt::parse_better_auth),
    scheme("pbkdf2", &["pbkdf2-phc", "pbkdf2-mcf", "grub", "dlitz-pbkdf2", "cta-pbkdf2", "macos-ml"], "PBKDF2 in the text format of PHC, passlib, GRUB or macOS, or in parts", &["$pbkdf2", "grub.pbkdf2.", "$p5k2$", "$ml$"], pbkdf2::parse),
    scheme("pbkdf2-text", &[], "PBKDF2 in text only", &[], pbkdf2::parse_text),
    scheme("atlassian-pkcs5s2", &["atlassian"], "Atlassian's PBKDF2", &["{PKCS5S2}"], pbkdf2::parse_atlassian),
    // --- crypt(3)
    scheme("crypt", &["shadow"], "any crypt(3) text", &[], crypt::parse),
    scheme("sha256crypt", &["sha256-crypt"], "SHA-256 crypt", &["$5$"], sha_crypt::parse_256),
    scheme("sha512crypt", &["sha512-crypt"], "SHA-512 crypt", &["$6$"], sha_crypt::parse_512),
    scheme("md5crypt", &["md5-crypt"], "MD5 crypt", &["$1$"], md5_crypt::parse),
    scheme("apr1", &[], "Apache's MD5 crypt", &["$apr1$"], md5_crypt::parse_apr1),
    scheme("descrypt", &["des-crypt"], "DES crypt", &[], des_crypt::parse),
    shaped(scheme("bsdicrypt", &["bsdi-crypt"], "BSDi's extended DES crypt", &[], des_crypt::parse_extended), |text| text.starts_with('_') && text.len() == 20),
    scheme("sunmd5", &["sun-md5"], "Solaris' MD5 crypt", &["$md5,"], sun_md5::parse),
    scheme("cisco", &["cisco-type8", "cisco-type9"], "Cisco IOS' types 8 and 9", &["$8$", "$9$"], cisco::parse),
    // --- frameworks
    scheme("phpass", &[], "phpass", &["$P$", "$H$"], phpass::parse),
    scheme("drupal7", &[], "Drupal 7, including hashes upgraded from Drupal 6", &["$S$", "U$S$", "U$P$", "U$H$"], phpass::parse_drupal),
    scheme("django", &[], "Django's hashers", &["pbkdf2_", "argon2$", "bcrypt$", "bcrypt_sha256$", "scrypt$", "crypt$", "unsalted_md5$", "unsalted_sha1$"], django::parse),
    scheme("werkzeug", &["flask"], "Werkzeug and Flask", &["pbkdf2:", "scrypt:", "sha224$", "sha256$", "sha384$", "sha512$"], werkzeug::parse),
    shaped(scheme("aspnet-identity", &["aspnet"], "ASP.NET Identity, versions 2 and 3", &[], aspnet::parse), aspnet::is_aspnet),
    scheme("shiro1", &["shiro", "shiro2"], "Apache Shiro", &["$shiro1$", "$shiro2$"], java::parse_shiro),
    scheme("jasypt", &[], "Jasypt's digesters", &[], java::parse_jasypt),
    // --- content management systems, shops, forums
    scheme("wordpress", &[], "WordPress, with an optional input template", &["$wp$"], cms::parse_wordpress),
    shaped(scheme("joomla", &[], "Joomla", &[], cms::parse_joomla), cms::is_joomla),
    scheme("php", &["phpbb", "drupal", "password_hash"], "hashes of other PHP applications", &[], cms::parse_php),
    shaped(scheme("magento", &["magento1", "magento2"], "Magento 1 and 2, including upgrade chains", &[], cms::parse_magento), cms::is_magento),
    scheme("mediawiki", &[], "MediaWiki", &[":A:", ":B:", ":pbkdf2:", ":argon2:", ":bcrypt:", "$B$"], cms::parse_mediawiki),
    scheme("authme-sha256", &["authme"], "AuthMe Reloaded", &["$SHA$"], cms::parse_authme),
    // --- directories and enterprise systems; Spring before LDAP, whose names it shares
    scheme("sap-issha", &[], "SAP CODVN H", &["{x-is"], enterprise::parse_sap),
    scheme("fshp", &[], "FSHP", &["{FSHP"], enterprise::parse_fshp),
    shaped(scheme("spring", &[], "Spring Security's delegating encoder", &[], spring::parse), spring::is_spring),
    shaped(scheme("ldap", &["dovecot"], "LDAP's userPassword", &[], ldap::parse), ldap::is_ldap),
    scheme("ssha", &["smd5", "ssha1", "ssha256", "ssha384", "ssha512"], "LDAP's salted digests in parts", &[], digest::parse_salted),
    scheme("nthash", &["nt", "ntlm"], "Windows' NT hash", &["$3$$"], nt::parse),
    scheme("lmhash", &["lm"], "Windows' LM hash", &[], nt::parse_lm),
    // --- databases
    shaped(scheme("mysql41", &["mysql"], "MySQL PASSWORD()", &[], databases::parse_mysql41), |text| text.strip_prefix('*').is_some_and(|hex| is_hex(hex, 40))),
    scheme("mysql323", &["mysql-old"], "MySQL OLD_PASSWORD()", &[], databases::parse_mysql323),
    scheme("mssql", &["mssql2000", "mssql2005", "mssql2012"], "SQL Server", &["0x0100", "0x0200"], databases::parse_mssql),
    scheme("oracle", &["oracle11", "oracle12"], "Oracle 11g and 12c", &["S:", "T:"], databases::parse_oracle),
    scheme("oracle10", &[], "Oracle 10, needs the user name", &[], databases::parse_oracle10),
    shaped(scheme("postgres-md5", &[], "PostgreSQL MD5, needs the user name", &[], databases::parse_postgres_md5), |text| text.strip_prefix("md5").is_some_and(|hex| is_hex(hex, 32))),
    scheme("scram", &["scram-sha-256", "postgres-scram"], "SCRAM of PostgreSQL and others", &["SCRAM-SHA-"], databases::parse_scram),
    // --- identity platforms
    scheme("auth0", &[], "Auth0's custom_password_hash", &[], auth0::parse),
    scheme("auth0-bcrypt", &[], "Auth0's password_hash", &[], auth0::parse_password_hash),
    scheme("okta", &[], "Okta's password hash object", &[], okta::parse),
    scheme("keycloak", &[], "Keycloak's secretData and credentialData", &[], keycloak::parse),
    scheme("kratos", &["ory"], "Ory Kratos", &["$md5$pf=", "$sha1$pf=", "$sha256$", "$sha512$", "$hmac-", "$md5-crypt$", "$sha256-crypt$", "$sha512-crypt$"], kratos::parse),
    scheme("passwap", &["zitadel"], "Zitadel's passwap", &["$md5salted-"], platforms::parse_passwap),
    scheme("clerk", &[], "Clerk's hasher and digest", &[], platforms::parse_clerk),
    scheme("logto", &[], "Logto's legacy list", &[], platforms::parse_logto),
    scheme("fusionauth", &[], "FusionAuth's encryption schemes", &[], platforms::parse_fusionauth),
    // --- crypt(3) identifiers that Kratos shares
    scheme("sha1crypt", &["sha1-crypt"], "NetBSD's SHA-1 crypt", &["$sha1$"], sha1_crypt::parse),
    scheme("sunmd5-bare", &[], "Solaris' MD5 crypt without rounds", &["$md5$"], sun_md5::parse),
    // --- described by a rule
    scheme("digest", DIGESTS, "a digest with salt, order, encoding and repetitions", &[], digest::parse),
    scheme("hmac", &[], "an HMAC", &[], digest::parse),
    scheme("template", &[], "a digest template", &[], template::parse),
    scheme("plain", &["cleartext", "plaintext"], "plain text, if the limits allow it", &[], parse_plain),
    scheme("phc", &["mcf"], "any text whose scheme is detected", &[], parse_detected),
];

/// Bare digest names as schemes.
const DIGESTS: &[&str] = &[
    "md4",
    "md5",
    "ripemd160",
    "sha1",
    "sha224",
    "sha256",
    "sha384",
    "sha512",
    "sha3-224",
    "sha3-256",
    "sha3-384",
    "sha3-512",
    "sha-1",
    "sha-256",
    "sha-512",
    "sha512-256",
    "blake2b",
    "blake2s",
    "streebog256",
    "streebog512",
    "whirlpool",
];

fn parse_bcrypt(credential: &Credential) -> ParseResult {
    match credential.whole()? {
        Some(text) if text.starts_with("$bcrypt-sha256$") => bcrypt_sha256::boxed(text),
        _ => bcrypt::parse(credential),
    }
}

fn parse_plain(credential: &Credential) -> ParseResult {
    Ok(Box::new(PlainText { prefix: String::new(), text: credential.required()?.to_owned().into() }))
}

fn parse_detected(credential: &Credential) -> ParseResult {
    match detect::detect(credential.required()?) {
        Detection::Known(info) => (info.parse)(&credential.with_scheme(info.name)),
        _ => Err(Problem::unsupported("the scheme cannot be detected from the text")),
    }
}
