//! Which hashes a target can import, so that passwords need not be verified at login where the hashes can be imported.
//!
//! The table is based on the products' documentation and source code at the time of reading; [`source`] names them.

use Acceptance::{WithLimit, Yes};
use Completeness::{Partial, Whole};

use super::registry::find;

/// Whether a target can import hashes of a scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acceptance {
    /// All hashes of the scheme.
    Yes,
    /// Some hashes, or in another format; the text says which.
    WithLimit(&'static str),
    /// No hashes: the password has to be verified at login.
    No,
    /// Unknown: an unlisted target, an unlisted scheme, or a scheme that covers many formats.
    Unknown,
}

/// A target and the schemes it can import.
struct Target {
    name: &'static str,
    source: &'static str,
    /// Whether the list contains every scheme that the target can import.
    completeness: Completeness,
    takes: &'static [(&'static str, Acceptance)],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Completeness {
    Whole,
    Partial,
}

/// Whether `target` can import hashes of `scheme`; both by their names in rules, aliases included.
///
/// ```
/// use landfall::password::matrix::{Acceptance, accepts};
///
/// assert_eq!(accepts("supabase", "bcrypt"), Acceptance::Yes);
/// assert_eq!(accepts("auth0", "yescrypt"), Acceptance::No);
/// assert!(matches!(accepts("auth0", "ssha512"), Acceptance::WithLimit(_)));
/// assert!(matches!(accepts("okta", "bcrypt"), Acceptance::WithLimit(_)));
/// ```
#[must_use]
pub fn accepts(target: &str, scheme: &str) -> Acceptance {
    let Some(target) = TARGETS.iter().find(|known| known.name == target) else { return Acceptance::Unknown };
    let scheme = listed(scheme);
    match target.takes.iter().find(|(taken, _)| *taken == scheme) {
        Some((_, acceptance)) => *acceptance,
        // PBKDF2 in text form is one of the forms of PBKDF2.
        None if scheme.starts_with("pbkdf2-") => accepts(target.name, "pbkdf2"),
        None if target.completeness == Whole && SCHEMES.contains(&scheme) => Acceptance::No,
        None => Acceptance::Unknown,
    }
}

/// The answer for schemes that [`taken_by`] does not list for `target`.
#[must_use]
pub fn of_others(target: &str) -> Acceptance {
    match TARGETS.iter().find(|known| known.name == target) {
        Some(target) if target.completeness == Whole => Acceptance::No,
        _ => Acceptance::Unknown,
    }
}

/// The name of a scheme in the table.
fn listed(name: &str) -> &str {
    if SCHEMES.contains(&name) {
        return name;
    }
    match find(name).map_or(name, |info| info.name) {
        "ssha" => "ldap",
        "auth0-bcrypt" => "bcrypt",
        "pbkdf2-text" => "pbkdf2",
        "sunmd5-bare" => "sunmd5",
        name => name,
    }
}

/// The names of the targets in the table.
pub fn targets() -> impl Iterator<Item = &'static str> {
    TARGETS.iter().map(|target| target.name)
}

/// The schemes that `target` can import, with their conditions; empty for an unlisted target.
pub fn taken_by(target: &str) -> impl Iterator<Item = (&'static str, Acceptance)> {
    let taken = TARGETS.iter().find(|known| known.name == target).map(|target| target.takes);
    taken.unwrap_or_default().iter().copied()
}

/// The source of the row of `target`.
#[must_use]
pub fn source(target: &str) -> Option<&'static str> {
    TARGETS.iter().find(|known| known.name == target).map(|target| target.source)
}

/// The schemes that a target with a complete list cannot import if they are not in it.
///
/// Names for many formats (`template`, `spring`, `joomla`) are not included: whether a target can import them depends
/// on the hash.
const SCHEMES: &[&str] = &[
    "apr1",
    "argon2",
    "aspnet-identity",
    "atlassian-pkcs5s2",
    "auth0",
    "authme-sha256",
    "bcrypt",
    "bcrypt-sha256",
    "better-auth",
    "bsdicrypt",
    "cisco",
    "clerk",
    "descrypt",
    "digest",
    "django",
    "drupal7",
    "firebase-scrypt",
    "fshp",
    "fusionauth",
    "hmac",
    "jasypt",
    "keycloak",
    "kratos",
    "ldap",
    "lmhash",
    "logto",
    "magento",
    "md5crypt",
    "mediawiki",
    "mssql",
    "mysql323",
    "mysql41",
    "nthash",
    "okta",
    "oracle",
    "oracle10",
    "passwap",
    "pbkdf2",
    "pbkdf2-mcf",
    "pbkdf2-phc",
    "phpass",
    "postgres-md5",
    "sap-issha",
    "scram",
    "scrypt",
    "scrypt-mcf7",
    "sha1crypt",
    "sha256crypt",
    "sha512crypt",
    "shiro1",
    "sunmd5",
    "werkzeug",
    "wordpress",
    "yescrypt",
];

const TARGETS: &[Target] = &[
    Target {
        name: "auth0",
        source: "auth0/docs-v2 bulk-user-import-database-schema-and-examples.mdx at 0cb5a09",
        completeness: Whole,
        takes: &[
            ("auth0", Yes),
            ("argon2", Yes),
            (
                "bcrypt",
                WithLimit("`$2a$` and `$2b$` with 10 rounds as `password_hash`, `$2y$` as `custom_password_hash`"),
            ),
            ("digest", WithLimit("md4, md5, sha1, sha256 and sha512, salt as prefix or suffix")),
            ("hmac", WithLimit("md4, md5, ripemd160, sha1, sha256, sha512 and whirlpool")),
            ("ldap", WithLimit("the md5 and sha families, not `{CRYPT}`")),
            ("nthash", WithLimit("as md4 with the password encoding utf16le")),
            ("pbkdf2", WithLimit("rewritten as `$pbkdf2-<digest>$i=,l=$salt$hash`")),
            ("pbkdf2-phc", Yes),
            ("scrypt", WithLimit("as fields: keylen, cost, blockSize, parallelization")),
        ],
    },
    Target {
        name: "okta",
        source: "okta/okta-management-openapi-spec management-minimal.yaml at fdda229",
        completeness: Whole,
        takes: &[
            ("okta", Yes),
            ("bcrypt", WithLimit("split into salt and value, workFactor 1 to 20, only at creation or while staged")),
            (
                "digest",
                WithLimit("md5, sha1, sha256 and sha512 as base64 with salt order, only at creation or while staged"),
            ),
            ("pbkdf2", WithLimit("HMAC-SHA256 or HMAC-SHA512 with at least 4096 iterations")),
        ],
    },
    Target {
        name: "fusionauth",
        source: "FusionAuth/fusionauth-site password-hashes.mdx at 0f7f5fe",
        completeness: Whole,
        takes: &[
            ("fusionauth", Yes),
            ("bcrypt", Yes),
            ("digest", WithLimit("md5 and sha256 of password and salt, then `factor` rounds of the bare digest")),
            ("hmac", WithLimit("HMAC-SHA256")),
            ("pbkdf2", WithLimit("HMAC-SHA256 with 256 or 512 bits, HMAC-SHA512 with 512 bits")),
            ("phpass", WithLimit("as `phpass-md5`, and `phppass-sha512` with that spelling")),
        ],
    },
    Target {
        name: "keycloak",
        source: "keycloak/keycloak Argon2PasswordHashProvider at 048da33; the PBKDF2 names are general knowledge",
        completeness: Whole,
        takes: &[
            ("keycloak", Yes),
            ("argon2", WithLimit("as secretData and credentialData, version 1.3")),
            ("pbkdf2", WithLimit("as secretData and credentialData: pbkdf2, pbkdf2-sha256, pbkdf2-sha512")),
        ],
    },
    Target {
        name: "kratos",
        source: "ory/kratos hash/hash_comparator.go at 01835df",
        completeness: Whole,
        takes: &[
            ("kratos", Yes),
            ("argon2", WithLimit("Argon2id and Argon2i, not Argon2d")),
            ("bcrypt", Yes),
            ("digest", WithLimit("rewritten as `$md5$`, `$sha1$`, `$sha256$` or `$sha512$` with `pf=`")),
            ("firebase-scrypt", WithLimit("rewritten as `$firescrypt$`")),
            ("hmac", WithLimit("rewritten as `$hmac-<digest>$`, md4 to sha512")),
            ("ldap", WithLimit("`{SSHA}`, `{SSHA256}` and `{SSHA512}`")),
            ("md5crypt", WithLimit("with the prefix `$md5-crypt$`")),
            ("pbkdf2", WithLimit("rewritten as `$pbkdf2-sha<n>$i=,l=$salt$hash`")),
            ("pbkdf2-phc", Yes),
            ("scrypt", WithLimit("`ln` has to be N itself, not its logarithm: a PHC string is read wrongly")),
            ("sha256crypt", WithLimit("with the prefix `$sha256-crypt$`")),
            ("sha512crypt", WithLimit("with the prefix `$sha512-crypt$`")),
        ],
    },
    Target {
        name: "zitadel",
        source: "zitadel/passwap at 9d6c1c0",
        completeness: Whole,
        takes: &[
            ("passwap", Yes),
            ("argon2", WithLimit("Argon2i and Argon2id with t up to 10, m up to 512 MiB, p up to 16")),
            ("bcrypt", Yes),
            ("digest", WithLimit("md5 in hex, or as `$md5salted-suffix$` or `$md5salted-prefix$`")),
            ("drupal7", Yes),
            ("md5crypt", Yes),
            ("pbkdf2-mcf", Yes),
            ("phpass", Yes),
            ("scrypt", WithLimit("ln from 14 to 20, r from 8 to 32, p up to 16")),
            ("scrypt-mcf7", WithLimit("ln from 14 to 20, r from 8 to 32, p up to 16")),
            ("sha256crypt", Yes),
            ("sha512crypt", Yes),
        ],
    },
    Target {
        name: "firebase",
        source: "pub.dev UserImportHashOptions and the Firebase Admin reference",
        completeness: Whole,
        takes: &[
            ("firebase-scrypt", Yes),
            ("bcrypt", Yes),
            ("digest", WithLimit("md5 with 0 to 8192 rounds, sha1, sha256 and sha512 with 1 to 8192")),
            ("hmac", WithLimit("md5, sha1, sha256 and sha512")),
            ("pbkdf2", WithLimit("PBKDF_SHA1 and PBKDF2_SHA256 with up to 120000 rounds")),
            ("scrypt", WithLimit("as STANDARD_SCRYPT with the parameters of the whole import")),
        ],
    },
    Target {
        name: "supertokens",
        source: "supertokens/supertokens-core PasswordHashingUtils.java at 0c1739b",
        completeness: Whole,
        takes: &[
            ("argon2", Yes),
            ("bcrypt", WithLimit("`$2x$` is read as `$2a$`")),
            ("firebase-scrypt", WithLimit("as `$f_scrypt$`; passwords outside of ASCII fail, and some collide")),
        ],
    },
    Target {
        name: "clerk",
        source: "the `password_hasher` list of Clerk's OpenAPI text and of `clerk migrate`",
        completeness: Whole,
        takes: &[
            ("clerk", Yes),
            ("argon2", WithLimit("Argon2i and Argon2id, not Argon2d")),
            ("bcrypt", WithLimit("plain, with a pepper, or over SHA-256 as Django writes it")),
            ("digest", WithLimit("md5 and sha256, plain or salted, and sha512 as Symfony writes it")),
            ("django", WithLimit("pbkdf2_sha256 and bcrypt_sha256")),
            ("firebase-scrypt", Yes),
            ("hmac", WithLimit("sha256 over UTF-16 as base64")),
            ("ldap", WithLimit("`{SSHA}`")),
            ("pbkdf2", WithLimit("sha1, sha256 and sha512; sha512 under 420000 iterations")),
            ("phpass", Yes),
            ("werkzeug", WithLimit("scrypt")),
        ],
    },
    Target {
        name: "workos",
        source: "workos/workos-node password hash types at fd885bc",
        completeness: Whole,
        takes: &[
            ("argon2", Yes),
            ("bcrypt", Yes),
            ("firebase-scrypt", WithLimit("rewritten as `$firebase-scrypt$hash=$salt=$sk=$ss=$r=$m=`")),
            ("ldap", WithLimit("`{SSHA}`")),
            ("scrypt", Yes),
        ],
    },
    Target {
        name: "stytch",
        source: "stytchauth/stytch-node at 72cab7d",
        completeness: Whole,
        takes: &[
            ("argon2", WithLimit("Argon2i and Argon2id, not Argon2d")),
            ("bcrypt", Yes),
            ("digest", WithLimit("md5, sha1 and sha512, salt before or after the password")),
            ("pbkdf2", WithLimit("sha256 and sha512")),
            ("phpass", Yes),
            ("scrypt", WithLimit("N under 262145")),
        ],
    },
    Target {
        name: "descope",
        source: "descope/node-sdk lib/management/types.ts at 892af50",
        completeness: Whole,
        takes: &[
            ("bcrypt", Yes),
            ("digest", WithLimit("md5")),
            ("django", Yes),
            ("firebase-scrypt", Yes),
            ("pbkdf2", WithLimit("sha1, sha256 and sha512")),
            ("phpass", WithLimit("md5 and sha512")),
        ],
    },
    Target {
        name: "supabase",
        source: "supabase/auth internal/crypto/password.go at bc32168",
        completeness: Whole,
        takes: &[
            ("argon2", WithLimit("Argon2i and Argon2id, version 19")),
            ("bcrypt", Yes),
            ("firebase-scrypt", WithLimit("rewritten as `$fbscrypt$v=1,n=,r=,p=,ss=,sk=$salt$hash`")),
        ],
    },
    Target {
        name: "logto",
        source: "logto-io/logto packages/core/src/utils/password.ts at 1fbc554; all but the legacy form is general knowledge",
        completeness: Partial,
        takes: &[
            ("logto", Yes),
            ("argon2", Yes),
            ("bcrypt", Yes),
            ("digest", WithLimit("md5, sha1 and sha256; salted as a legacy list of arguments")),
            ("firebase-scrypt", WithLimit("as a legacy list of arguments")),
            ("pbkdf2", WithLimit("as a legacy list of arguments, `hex:` for binary salts")),
        ],
    },
    Target {
        name: "strivacity",
        source: "the `passwordHash` methods of the Strivacity create-account body",
        completeness: Whole,
        takes: &[
            ("argon2", Yes),
            ("aspnet-identity", WithLimit("as the method AspDotNet")),
            ("bcrypt", Yes),
            ("digest", WithLimit("salted md5, sha1 and sha256")),
            ("ldap", WithLimit("`{SSHA256}` as SSHA256SaltedBase64")),
        ],
    },
    Target {
        name: "authentik",
        source: "not checked: authentik stores passwords with Django's hashers",
        completeness: Partial,
        takes: &[("django", WithLimit("not checked"))],
    },
    Target {
        name: "openldap",
        source: "slappasswd 2.5.13",
        completeness: Partial,
        takes: &[
            (
                "ldap",
                WithLimit(
                    "`{SSHA}`, `{SHA}`, `{SMD5}`, `{MD5}` and `{CRYPT}`; others with the modules pw-sha2 and pw-pbkdf2",
                ),
            ),
            ("argon2", WithLimit("as `{ARGON2}` with the module argon2")),
            ("bcrypt", WithLimit("as `{CRYPT}` where the crypt library of the server has it")),
            ("descrypt", WithLimit("as `{CRYPT}`")),
            ("md5crypt", WithLimit("as `{CRYPT}`")),
            ("sha256crypt", WithLimit("as `{CRYPT}`")),
            ("sha512crypt", WithLimit("as `{CRYPT}`")),
            ("yescrypt", WithLimit("as `{CRYPT}` where the crypt library of the server has it")),
        ],
    },
    Target {
        name: "389ds",
        source: "389ds/389-ds-base pbkdf2_pwd.c at 0a51077",
        completeness: Partial,
        takes: &[("ldap", WithLimit("the schemes of OpenLDAP and `{PBKDF2_SHA256}` with at least 2048 rounds"))],
    },
    Target {
        name: "cognito",
        source: "general knowledge: Amazon Cognito takes no password hashes",
        completeness: Whole,
        takes: &[],
    },
    Target {
        name: "entra",
        source: "general knowledge: Microsoft Entra External ID and Azure AD B2C take no password hashes",
        completeness: Whole,
        takes: &[],
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn rows_are_unique_and_name_known_schemes() {
        let names: BTreeSet<_> = targets().collect();
        assert_eq!(names.len(), TARGETS.len());
        assert!(SCHEMES.is_sorted() && SCHEMES.windows(2).all(|pair| pair[0] != pair[1]));
        for target in TARGETS {
            let schemes: BTreeSet<_> = target.takes.iter().map(|(scheme, _)| scheme).collect();
            assert_eq!(schemes.len(), target.takes.len(), "{}", target.name);
            for (scheme, acceptance) in target.takes {
                assert!(SCHEMES.contains(scheme), "{}: {scheme}", target.name);
                assert!(matches!(acceptance, Yes | WithLimit(_)), "{}: {scheme}", target.name);
            }
            assert!(!target.source.is_empty());
        }
    }

    #[test]
    fn targets_accept_listed_schemes() {
        for (target, scheme, expected) in [
            ("auth0", "argon2", Yes),
            ("auth0", "phpass", Acceptance::No),
            ("auth0", "template", Acceptance::Unknown),
            ("strivacity", "pbkdf2", Acceptance::No),
            ("cognito", "bcrypt", Acceptance::No),
            ("logto", "yescrypt", Acceptance::Unknown),
            ("unlisted", "bcrypt", Acceptance::Unknown),
            ("auth0", "rot13", Acceptance::Unknown),
            ("supabase", "argon2id", WithLimit("Argon2i and Argon2id, version 19")),
            ("supabase", "ssha", Acceptance::No),
            ("descope", "SHA-256", WithLimit("md5")),
            ("stytch", "pbkdf2-phc", WithLimit("sha256 and sha512")),
            ("workos", "pbkdf2-mcf", Acceptance::No),
            ("firebase", "auth0-bcrypt", Yes),
        ] {
            assert_eq!(accepts(target, scheme), expected, "{target} {scheme}");
        }
        assert_eq!(taken_by("supabase").count(), 3);
        assert_eq!(taken_by("unlisted").count(), 0);
        let others = ["okta", "logto", "unlisted"].map(of_others);
        assert_eq!(others, [Acceptance::No, Acceptance::Unknown, Acceptance::Unknown]);
        assert!(source("kratos").is_some_and(|source| source.contains("hash_comparator")));
    }
}
