//! What is not kept of records, not even in memory: values and patterns of fields whose names say that they contain a secret,
//! of those that the rules read for `credential`, and of those that the rules ignore.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::diag::Span;
use crate::engine::places::{Places, ReadPlaces};
use crate::engine::plan::{Plan, RuleKind};

/// The places of a record whose values are not kept.
#[derive(Debug, Clone, Default)]
pub(super) struct Hidden {
    /// What `credential` reads.
    pub secret: Places,
    /// What the rules ignore.
    pub ignored: Places,
}

impl Hidden {
    pub(super) fn of(read: &ReadPlaces) -> Self {
        Self { secret: read.credential.clone(), ignored: read.ignored.clone() }
    }

    /// What is hidden in a member.
    pub(super) fn in_member(&self, name: &str) -> Self {
        Self { secret: self.secret.in_member(name), ignored: self.ignored.in_member(name) }
    }

    /// What is hidden in the elements.
    pub(super) fn in_element(&self) -> Self {
        Self { secret: self.secret.in_element(), ignored: self.ignored.in_element() }
    }
}

/// Parts of the names of such fields, in lower case and without separators.
const SECRETS: [&str; 76] = [
    "password",
    "passwd",
    "passphrase",
    "userpass",
    "pwd",
    "hash",
    "token",
    "session",
    "secret",
    "apikey",
    "activationkey",
    "resetkey",
    "recovery",
    "privatekey",
    "nonce",
    "authkey",
    "otp",
    "totp",
    "cookie",
    "securityanswer",
    "salt",
    "credential",
    "pincode",
    "signature",
    "backupcode",
    "verificationcode",
    "pswd",
    "passcode",
    "privkey",
    "bearer",
    "cleartext",
    "plaintext",
    "resetcode",
    "twofactor",
    "maidenname",
    // German, French, Spanish, Portuguese, Italian, Dutch, Swedish, Danish, Polish, Czech, Russian,
    // Norwegian, Finnish, Hungarian, Slovenian, Croatian, Turkish, Greek, Hebrew, Arabic, Japanese, Chinese, Korean
    "passwort",
    "kennwort",
    "geheim",
    "sicherheitsantwort",
    "aktivierungscode",
    "salz",
    "motdepasse",
    "contraseña",
    "contrasena",
    "clave",
    "senha",
    "parola",
    "wachtwoord",
    "lösenord",
    "adgangskode",
    "hasło",
    "heslo",
    "пароль",
    "klartext",
    "zugangscode",
    "losenord",
    "kodeord",
    "haslo",
    "passord",
    "salasana",
    "jelszó",
    "jelszo",
    "geslo",
    "lozinka",
    "şifre",
    "sifre",
    "parol",
    "κωδικός",
    "κωδικος",
    "סיסמה",
    "كلمةالسر",
    "كلمةالمرور",
    "パスワード",
    "密码",
    "密碼",
    "비밀번호",
];

/// Names of secrets that are parts of other words, and count only as whole words.
const WORDS: [&str; 10] = ["pass", "pin", "pw", "kw", "mdp", "jwt", "2fa", "mfa", "cvv", "plain"];

/// Whether a field's name says that it contains a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let plain: String = name.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    SECRETS.iter().any(|secret| plain.contains(secret))
        || words(name).any(|word| WORDS.contains(&word.as_str()) || word.ends_with("pw"))
}

/// The words of a name such as `old_pw`, `kodPIN` or `pw1`, in lower case and without digits behind them, and the name itself.
fn words(name: &str) -> impl Iterator<Item = String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && was_lower) {
            words.push(String::new());
        }
        was_lower = c.is_lowercase();
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
    }
    words.into_iter().map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned())
}

/// The places of the rules that read what `credential` reads, or what has the name of a secret.
pub(super) fn rules(plan: &Plan) -> FxHashSet<Span> {
    let read = &plan.places;
    let reads_secret = |places: &Places| places.touch(&read.credential) || places.names().into_iter().any(is_secret);
    let of_places = read.rules.iter().filter(|(_, places)| reads_secret(places)).map(|(span, _)| *span);
    let of_credential = plan.rules().filter(|rule| rule.kind == RuleKind::Credential).map(|rule| rule.span);
    of_places.chain(of_credential).collect()
}

/// What a member is in a row of keys and values, such as `{ "meta_key": "locale", "meta_value": "de" }`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Role {
    /// Its text may be the name of the value.
    Key,
    /// Its name says that it is the value.
    Value,
    /// It may be the value, too.
    #[default]
    Other,
}

/// How names of keys end, in lower case and without separators.
const KEYS: [&str; 18] = [
    "key",
    "name",
    "field",
    "attribute",
    "attr",
    "type",
    "kind",
    "property",
    "prop",
    "option",
    "setting",
    "label",
    "code",
    "param",
    "parameter",
    "variable",
    "slug",
    "title",
];

/// How names of values end.
const VALUES: [&str; 5] = ["value", "val", "content", "data", "text"];

/// What a member with this name is in a row of keys and values.
pub(super) fn role(name: &str) -> Role {
    let plain: String = name.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    match plain.as_str() {
        "k" | "n" | "id" => Role::Key,
        "v" => Role::Value,
        _ if VALUES.iter().any(|end| plain.ends_with(end)) => Role::Value,
        _ if KEYS.iter().any(|end| plain.ends_with(end)) => Role::Key,
        _ => Role::Other,
    }
}

/// The longest key of a row. Longer texts are no names.
const MAX_KEY: usize = 100;

/// How many keys are remembered. Exports have a few hundred; others are looked at again.
const MAX_KEYS: usize = 4096;

/// Which keys of rows are names of secrets; remembered because records have the same ones.
#[derive(Debug, Clone, Default)]
pub(super) struct Keys(FxHashMap<Box<str>, bool>);

impl Keys {
    /// Whether the text of a key is the name of a secret.
    pub(super) fn is_secret(&mut self, text: &str) -> bool {
        if text.len() > MAX_KEY {
            return false;
        }
        if let Some(known) = self.0.get(text) {
            return *known;
        }
        let found = is_secret(text);
        if self.0.len() < MAX_KEYS {
            self.0.insert(text.into(), found);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets() {
        for name in [
            "user_pass",
            "Password",
            "session_tokens",
            "api-key",
            "pin",
            "passwordHash",
            "secretData",
            "userPassword",
            "Passwort",
            "mot_de_passe",
            "Contraseña",
            "PW",
            "pw1",
            "old_pw",
            "oldpw",
            "kodPIN",
            "user-mdp",
            "2fa",
            "PlainText",
            "パスワード",
            "كلمة_السر",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "email",
            "passport_country",
            "pinterest",
            "name",
            "key",
            "options",
            "explained",
            "pwa_enabled",
            "spin_class",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn roles_in_rows() {
        for (name, wanted) in [
            ("meta_key", Role::Key),
            ("name", Role::Key),
            ("optionName", Role::Key),
            ("meta_value", Role::Value),
            ("Value", Role::Value),
            ("user_id", Role::Other),
        ] {
            assert_eq!(role(name), wanted, "{name}");
        }
        let mut keys = Keys::default();
        for _ in 0..2 {
            assert!(keys.is_secret("session_tokens") && keys.is_secret("API key") && !keys.is_secret("locale"));
        }
    }
}
