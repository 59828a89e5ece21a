//! Fields whose names say that they contain a secret. Their values and patterns are never kept, not even in memory.

/// Parts of the names of such fields, in lower case and without separators.
const SECRETS: [&str; 44] = [
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
    // German, French, Spanish, Portuguese, Italian, Dutch, Swedish, Danish, Polish, Czech, Russian
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
];

/// Whether a field's name says that it contains a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let plain: String = name.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    plain == "pass" || plain == "pin" || SECRETS.iter().any(|secret| plain.contains(secret))
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
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["email", "passport_country", "pinterest", "name", "key", "options"] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
