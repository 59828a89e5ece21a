//! The customers whom the page names, with their passwords, and what each of them shows.

/// A customer to sign in with. All of them are invented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// What to type as the name.
    pub login: &'static str,
    /// What to type as the password.
    pub password: &'static str,
    /// What it shows, in a few words.
    pub title: &'static str,
    /// What it shows, in a sentence.
    pub shows: &'static str,
    /// The name of the outcome of a first sign-in.
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

/// The customers who come across.
pub const ARRIVING: &[Sample] = &[
    sample(
        ["ida.brandt", "harbour-lamp-42"],
        "phpass",
        "What most WordPress shops have stored: 8,192 rounds of salted MD5. Sign in twice, and the second time the shop is left alone.",
        "migrated",
    ),
    sample(
        ["tomas.novak", "seven green kites"],
        "WordPress 6.8",
        "An SHA-384 HMAC under bcrypt, the form that WordPress writes today.",
        "migrated",
    ),
    sample(
        ["siobhan.murphy", "tea4two"],
        "Bare MD5",
        "A hash from 2004 that nobody ever replaced. It verifies the password once; Argon2id is stored.",
        "migrated",
    ),
    sample(
        ["jose.alvarez", "Paper-Moon-19"],
        "bcrypt, a foreign role",
        "A password plugin wrote bcrypt, another plugin a role that the rules do not know: left out with a warning.",
        "migrated",
    ),
    sample(
        ["mei.tanaka", "kumo to yama"],
        "Argon2id",
        "A plugin that was ahead of its time, and names that are not Latin.",
        "migrated",
    ),
    sample(
        ["otto.lindgren", "walnut77"],
        "DES crypt",
        "Thirteen characters from a Unix of the nineties, chosen by the rules for this customer alone.",
        "migrated",
    ),
    sample(
        ["amelie.roux", "lavande!2020"],
        "A record full of dirt",
        "Spaces, capitals, a decomposed accent, a phone number that is none: cleaned claim by claim.",
        "migrated",
    ),
];

/// The customers who do not.
pub const STAYING: &[Sample] = &[
    sample(
        ["ida.brandt", "not-her-password"],
        "Wrong password",
        "Counted before it is checked, and answered like every other refusal.",
        "refused",
    ),
    sample(
        ["nobody.here", "anything"],
        "Nobody of that name",
        "The same answer, after the same work: the page does not tell who is a customer.",
        "refused",
    ),
    sample(
        ["nadia.haddad", "blue-door-7"],
        "A locked account",
        "The password is right, and the account is locked all the same.",
        "refused",
    ),
    sample(
        ["petra.vogel", "rainy-tuesday"],
        "Blocked by the shop",
        "`user_status` is 1, and the rules refuse such customers by name.",
        "denied_by_rule",
    ),
    sample(
        ["leo.martins", "sandcastle"],
        "A record that gives no account",
        "The mail address is none, and the target requires one: nothing half-made is stored.",
        "invalid_record",
    ),
    sample(
        ["grace.okafor", "old-postcard"],
        "Nothing stored to verify",
        "The shop holds `*` instead of a hash, so that no password can be right.",
        "refused",
    ),
];

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Sample> {
    ARRIVING.iter().chain(STAYING)
}

/// The sample of a login; the first when there are several.
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
