//! Verifies passwords with the credential that the rules made, as a login does.

use serde_json::Value;

use crate::model::Password;
use crate::password::{Credential, Limits, Verdict, verify};

/// Verifies a password with a credential as the rules write it.
///
/// # Errors
/// If there is no credential, or the password is too long.
pub fn verify_password(credential: &Value, password: &str) -> Result<Verdict, String> {
    let object = credential.as_object().ok_or("the account has no credential")?;
    let credential = Credential::from_json(object).map_err(|problem| problem.to_string())?;
    let password = Password::new(password.as_bytes().to_vec()).map_err(|error| error.to_string())?;
    Ok(verify(&credential, &password, &Limits::default()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_password_is_verified() {
        let md5 = json!({"scheme": "md5", "hash_hex": "900150983cd24fb0d6963f7d28e17f72"});
        assert_eq!(verify_password(&md5, "abc"), Ok(Verdict::Match));
        assert_eq!(verify_password(&md5, "abd"), Ok(Verdict::Mismatch));
        assert_eq!(verify_password(&Value::Null, "abc"), Err("the account has no credential".to_owned()));
    }
}
