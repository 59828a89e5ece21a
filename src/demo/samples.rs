//! The customers on the page, with their passwords, and what each of them demonstrates.

/// A customer to sign in with. All of them are fictional.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// The login.
    pub login: &'static str,
    /// The password.
    pub password: &'static str,
    /// The title of the sample.
    pub title: &'static str,
    /// What the sample demonstrates, in a sentence.
    pub shows: &'static str,
    /// The name of the outcome of the first sign-in.
    pub outcome: &'static str,
}

const fn sample(
    [login, password]: [&'static str; 2],
    title: &'static str,
    shows: &'static str,
    outcome: &'static str,
) -> Sample {
    Sample { login, password, title, shows, outcome }
}

/// The customers who migrate.
pub const MIGRATING: &[Sample] = &[
    sample(
        ["ida.brandt", "harbour-lamp-42"],
        "phpass",
        "The hash that most WordPress shops store: 8,192 rounds of salted MD5. Sign in twice: the second time, the shop is not queried.",
        "migrated",
    ),
    sample(
        ["tomas.novak", "seven green kites"],
        "WordPress 6.8",
        "bcrypt over an SHA-384 HMAC, the hash that WordPress writes today.",
        "migrated",
    ),
    sample(
        ["siobhan.murphy", "tea4two"],
        "Unsalted MD5",
        "A hash from 2004 that was never replaced. It verifies the password once, and an Argon2id hash is stored.",
        "migrated",
    ),
    sample(
        ["jose.alvarez", "Paper-Moon-19"],
        "bcrypt, an unknown role",
        "One plugin wrote a bcrypt hash, another one a role that the rules do not know: it is left out with a warning.",
        "migrated",
    ),
    sample(
        ["mei.tanaka", "kumo to yama"],
        "Argon2id",
        "A hash from a modern plugin, and names in another script.",
        "migrated",
    ),
    sample(
        ["otto.lindgren", "walnut77"],
        "DES crypt",
        "Thirteen characters from a Unix of the nineties; the rules choose this scheme for this hash only.",
        "migrated",
    ),
    sample(
        ["amelie.roux", "lavande!2020"],
        "A messy record",
        "Spaces, capitals, a decomposed accent, an invalid phone number: cleaned claim by claim.",
        "migrated",
    ),
];

/// The customers who do not migrate.
pub const NOT_MIGRATING: &[Sample] = &[
    sample(
        ["ida.brandt", "not-her-password"],
        "Wrong password",
        "Counted before it is verified, and answered like every other refusal.",
        "refused",
    ),
    sample(
        ["nobody.here", "anything"],
        "Unknown customer",
        "The same answer after the same work, so that it does not reveal who is a customer.",
        "refused",
    ),
    sample(
        ["nadia.haddad", "blue-door-7"],
        "A locked account",
        "The password is right, but the account is locked.",
        "refused",
    ),
    sample(
        ["petra.vogel", "rainy-tuesday"],
        "Blocked by the shop",
        "`user_status` is 1, and the rules deny such customers.",
        "denied_by_rule",
    ),
    sample(
        ["leo.martins", "sandcastle"],
        "An invalid record",
        "The email address is invalid, and the target requires one: nothing is stored.",
        "invalid_record",
    ),
    sample(
        ["grace.okafor", "old-postcard"],
        "No password hash",
        "The shop has `*` instead of a hash, so no password can be right.",
        "refused",
    ),
];

/// All samples.
pub fn all() -> impl Iterator<Item = &'static Sample> {
    MIGRATING.iter().chain(NOT_MIGRATING)
}

/// The sample with a login; the first one if there are several.
#[must_use]
pub fn find(login: &str) -> Option<&'static Sample> {
    all().find(|sample| sample.login == login)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_is_found_by_its_login() {
        for sample in all() {
            assert_eq!(find(sample.login).map(|found| found.login), Some(sample.login));
        }
        assert_eq!(find("mallory"), None);
    }
}
