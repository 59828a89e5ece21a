//! Which parts of a credential each scheme reads: what rules have to give, and what they may give besides.

/// One way to store what a scheme needs. The names are those of rule files.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// What must be given; of names that stand together one is enough.
    pub needs: &'static [&'static [&'static str]],
    /// What may be given besides.
    pub takes: &'static [&'static [&'static str]],
}

const STORED: &[&str] = &["value"];
const HASH: &[&str] = &["hash_hex", "hash_b64", "hash"];
const STORED_OR_HASH: &[&str] = &["value", "hash_hex", "hash_b64", "hash"];
const SALT: &[&str] = &["salt", "salt_hex", "salt_b64"];
const SECRET: &[&str] = &["secret", "secret_hex", "secret_b64", "pepper"];
const DATA: &[&str] = &["ad", "ad_hex", "ad_b64"];
const USER: &[&str] = &["username"];

const TEXT: Form = Form { needs: &[STORED], takes: &[] };
const WITH_USER: &[Form] = &[Form { needs: &[STORED, USER], takes: &[] }];
const WITH_PREHASH: &[Form] = &[Form { needs: &[STORED], takes: &[&["prehash"], SALT, USER, SECRET] }];

/// The ways to store what a scheme needs, the usual one first. A part that none of them has makes a stored hash unusable.
#[must_use]
pub fn forms(scheme: &str) -> &'static [Form] {
    match super::find(scheme).map_or(scheme, |info| info.name) {
        "argon2" => {
            const PARTS: Form = Form {
                needs: &[HASH, SALT, &["memory"], &["passes", "iterations"]],
                takes: &[&["lanes"], &["variant"], &["version"], SECRET, DATA],
            };
            &[Form { needs: &[STORED], takes: &[SECRET, DATA] }, PARTS]
        }
        "bcrypt" | "wordpress" | "php" => WITH_PREHASH,
        "spring" => &[Form { needs: &[STORED], takes: &[SECRET] }],
        "scrypt" => &[TEXT, Form { needs: &[HASH, SALT, &["n"]], takes: &[&["r"], &["p"]] }],
        "pbkdf2" => &[TEXT, Form { needs: &[HASH, SALT, &["iterations", "rounds"], &["digest"]], takes: &[] }],
        "firebase-scrypt" => {
            const PARTS: Form = Form {
                needs: &[&["value", "hash"], &["salt"], &["signer_key"], &["mem_cost"]],
                takes: &[&["salt_separator"], &["rounds"]],
            };
            &[PARTS, Form { needs: &[STORED], takes: &[&["signer_key"]] }]
        }
        "digest" => {
            const OPTIONS: &[&[&str]] =
                &[SALT, &["order"], &["iterations", "rounds"], &["encoding"], &["password_encoding"]];
            // the other names of the scheme are digests
            match scheme {
                "digest" => &[Form { needs: &[STORED_OR_HASH, &["digest"]], takes: OPTIONS }],
                _ => &[Form { needs: &[STORED_OR_HASH], takes: OPTIONS }],
            }
        }
        "hmac" => {
            const KEY: &[&str] = &["key", "secret", "secret_hex", "secret_b64", "pepper"];
            &[Form { needs: &[STORED_OR_HASH, &["digest"], KEY], takes: &[&["encoding"], &["password_encoding"]] }]
        }
        "template" => &[Form { needs: &[STORED_OR_HASH, &["template"]], takes: &[SALT, USER, SECRET, &["encoding"]] }],
        "ssha" => &[TEXT, Form { needs: &[HASH, SALT], takes: &[] }],
        "nthash" => &[Form { needs: &[&["value", "hash"]], takes: &[] }],
        "oracle10" | "postgres-md5" => WITH_USER,
        "clerk" => &[Form { needs: &[STORED, &["hasher"]], takes: &[] }],
        _ => &[TEXT],
    }
}

/// What a part is, for people who write rules.
#[must_use]
pub fn about(part: &str) -> &'static str {
    match part {
        "value" => "the stored text, by `from`",
        "hash" => "the hash as the scheme writes it",
        "hash_hex" => "the hash in hexadecimal",
        "hash_b64" => "the hash in Base64",
        "salt" => "the salt as it stands",
        "salt_hex" => "a salt in hexadecimal",
        "salt_b64" => "a salt in Base64",
        "order" => "where the salt stands: `salt+password` (when left out) or `password+salt`",
        "iterations" | "rounds" => "how often the digest runs",
        "template" => "how the digest is made, such as `md5($salt . $pass)`",
        "digest" => "the name of the digest, such as `sha256`",
        "encoding" => "how the hash is written: `hex`, `base64` or `text`",
        "password_encoding" => "the letters of the password: `utf8` (when left out), `utf16le`, `latin1`",
        "prehash" => "a template for what is hashed in place of the password",
        "username" => "the name that is hashed with the password",
        "secret" | "pepper" => "the secret of the installation",
        "secret_hex" => "the secret in hexadecimal",
        "secret_b64" => "the secret in Base64",
        "ad" => "associated data",
        "ad_hex" => "associated data in hexadecimal",
        "ad_b64" => "associated data in Base64",
        "key" => "the key of the HMAC",
        "hasher" => "the name of the algorithm, as the system stores it beside the hash",
        "memory" => "the memory in KiB",
        "passes" => "the number of passes",
        "lanes" => "the number of lanes",
        "variant" => "`argon2id` (when left out), `argon2i` or `argon2d`",
        "version" => "19 (when left out) or 16",
        "n" => "the cost, a power of two",
        "r" => "the size of blocks, 8 when left out",
        "p" => "the parallelism, 1 when left out",
        "signer_key" => "the project's signer key, in Base64",
        "salt_separator" => "the project's salt separator, in Base64",
        "mem_cost" => "the project's memory cost",
        _ => "",
    }
}

/// Whether a word is one that a part may hold; parts that are no words may hold everything.
#[must_use]
pub fn is_known_word(part: &str, word: &str) -> bool {
    match part {
        "order" => super::schemes::is_order(word),
        "digest" => super::digests::Digest::named(word).is_some(),
        "encoding" => super::credential::decode("hash", "", word).is_ok(),
        "password_encoding" => super::schemes::is_password_encoding(word),
        _ => true,
    }
}

/// Whether the system that writes hashes of this scheme stores an object, which `from` hands over as it is.
#[must_use]
pub fn reads_object(scheme: &str) -> bool {
    matches!(scheme, "auth0" | "okta" | "keycloak" | "fusionauth")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::schemes;
    use crate::rules::CREDENTIAL_PARTS;

    #[test]
    fn every_part_is_one_that_rules_can_give_and_is_explained() {
        let all = schemes().iter().flat_map(|info| forms(info.name));
        for name in all.flat_map(|form| form.needs.iter().chain(form.takes)).copied().flatten() {
            assert!(CREDENTIAL_PARTS.contains(name), "{name}");
            assert!(!about(name).is_empty(), "{name}");
        }
    }
}
