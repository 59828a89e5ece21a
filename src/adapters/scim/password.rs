//! How a service is given passwords.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use zeroize::Zeroizing;

use crate::model::json;

/// Which request gives the service the password of a new account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PasswordIn {
    /// The one that creates the account.
    #[default]
    Create,
    /// A change after it, for services that ignore a password when an account is created. Until then the account is inactive,
    /// which also shows that it is incomplete.
    Patch,
}

/// An object as JSON text with a password in it, which is in no other memory.
pub(super) fn with_password(object: &Map<String, Json>, password: Option<&str>) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(4096));
    out.push(b'{');
    for (name, value) in object {
        member(name, &mut out);
        out.extend_from_slice(value.to_string().as_bytes());
    }
    if let Some(password) = password {
        member("password", &mut out);
        json::write_text(password, &mut out);
    }
    out.push(b'}');
    out
}

fn member(name: &str, out: &mut Vec<u8>) {
    if out.len() > 1 {
        out.push(b',');
    }
    json::write_text(name, out);
    out.push(b':');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_a_member_of_valid_json() {
        let object: Map<String, Json> = serde_json::from_str(r#"{"a\"b":[1,{"c":"d"}]}"#).unwrap();
        for (object, wanted) in [(Map::new(), 1), (object, 2)] {
            let text = with_password(&object, Some("p\"\\w\u{7}"));
            let read: Map<String, Json> = serde_json::from_slice(&text).unwrap();
            assert_eq!((read.len(), read["password"].as_str()), (wanted, Some("p\"\\w\u{7}")));
        }
        assert_eq!(&**with_password(&Map::new(), None), b"{}");
    }
}
