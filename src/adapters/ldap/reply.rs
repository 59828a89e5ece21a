//! What the answer to a bind says about a password.

use ldap3::LdapResult;
use ldap3::asn1::{PL, StructureTag, TagClass, parse_tag};

use super::error::Failure;
use super::settings::ExpiredPasswords;
use crate::password::Verdict;
use crate::ports::PortErrorKind;

/// The control of password policies (draft-behera-ldap-password-policy).
pub(super) const PASSWORD_POLICY: &str = "1.3.6.1.4.1.42.2.27.8.5.1";

/// The verdict of a bind as an entry that exists. Everything that is not positive evidence is an error.
pub(super) fn verdict(result: &LdapResult, expired: ExpiredPasswords) -> Result<Verdict, Failure> {
    let policy = policy_error(result)?;
    match (result.rc, policy) {
        (0, None) => Ok(Verdict::Match),
        // also with 49: only after the right password
        (0 | 49, Some(0)) => Ok(expired.verdict()),
        (0, Some(2)) => Ok(Verdict::MustChange),
        (49, Some(1)) => Ok(Verdict::Locked),
        (49, None) => match sub_code(&result.text) {
            None => Ok(Verdict::Mismatch),
            Some(code) => of_active_directory(code, expired),
        },
        (0 | 49, Some(_)) => Err(unusable("the answer to a bind contradicts its password policy control")),
        _ => Err(Failure::result(result)),
    }
}

/// The sub-codes of Active Directory, which are Windows error codes in hexadecimal.
fn of_active_directory(code: &str, expired: ExpiredPasswords) -> Result<Verdict, Failure> {
    match code.to_ascii_lowercase().as_str() {
        "52e" | "525" => Ok(Verdict::Mismatch),
        "533" => Ok(Verdict::Disabled),
        // not at this hour, not from this machine
        "530" | "531" => Ok(Verdict::Disabled),
        "701" => Ok(Verdict::Expired),
        "532" => Ok(expired.verdict()),
        "773" => Ok(Verdict::MustChange),
        "775" => Ok(Verdict::Locked),
        _ => Err(unusable("Active Directory answered a bind with an unknown sub-code")),
    }
}

/// `…, comment: AcceptSecurityContext error, data 52e, v1db1`
fn sub_code(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("AcceptSecurityContext error, data ")?;
    Some(rest.split(|letter: char| !letter.is_ascii_alphanumeric()).next().unwrap_or_default())
}

fn policy_error(result: &LdapResult) -> Result<Option<u8>, Failure> {
    let mut values = result.ctrls.iter().filter(|control| control.1.ctype == PASSWORD_POLICY);
    let Some(control) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(unusable("a bind was answered with two password policy controls"));
    }
    let unreadable = || unusable("the password policy control cannot be read");
    let bytes = control.1.val.as_deref().unwrap_or_default();
    let Ok(([], StructureTag { class: TagClass::Universal, id: 16, payload: PL::C(parts) })) = parse_tag(bytes) else {
        return Err(unreadable());
    };
    let error = parts.iter().find(|part| part.class == TagClass::Context && part.id == 1);
    match error.map(|error| &error.payload) {
        None => Ok(None),
        Some(PL::P(bytes)) => match bytes.as_slice() {
            [code] => Ok(Some(*code)),
            _ => Err(unreadable()),
        },
        Some(PL::C(_)) => Err(unreadable()),
    }
}

fn unusable(detail: &'static str) -> Failure {
    Failure::new(PortErrorKind::BadResponse, detail)
}

#[cfg(test)]
pub(in crate::adapters) mod tests {
    use ldap3::controls::{Control, RawControl};

    use super::*;

    fn answer(rc: u32, text: &str, control: Option<&[u8]>) -> LdapResult {
        let raw = |val: &[u8]| RawControl { ctype: PASSWORD_POLICY.to_owned(), crit: false, val: Some(val.to_vec()) };
        let ctrls = control.map(|val| Control(None, raw(val))).into_iter().collect();
        LdapResult { rc, matched: String::new(), text: text.to_owned(), refs: Vec::new(), ctrls }
    }

    fn name(rc: u32, text: &str, control: Option<&[u8]>) -> &'static str {
        verdict(&answer(rc, text, control), ExpiredPasswords::Refuse).map_or("error", |verdict| verdict.name())
    }

    #[test]
    pub(in crate::adapters) fn password_policies_are_read() {
        for (rc, control, expected) in [
            (0, None, "match"),
            (0, Some(&[0x30, 0][..]), "match"),
            (49, None, "mismatch"),
            (49, Some(&[0x30, 0]), "mismatch"),
            (49, Some(&[0x30, 3, 0x81, 1, 1]), "locked"),
            (49, Some(&[0x30, 3, 0x81, 1, 0]), "expired"),
            (0, Some(&[0x30, 3, 0x81, 1, 2]), "must_change"),
            // a warning: two grace logins left
            (0, Some(&[0x30, 5, 0xa0, 3, 0x81, 1, 2]), "match"),
            (0, Some(&[0x30, 3, 0x81, 1, 1]), "error"),
            (49, Some(&[0x30, 3, 0x81, 1, 2]), "error"),
            (49, Some(&[0x30, 9, 0x81]), "error"),
            (49, Some(&[]), "error"),
            (8, None, "error"),
            (32, None, "error"),
            (48, None, "error"),
            (50, None, "error"),
            (53, None, "error"),
            (80, None, "error"),
        ] {
            assert_eq!(name(rc, "", control), expected, "{rc} {control:?}");
        }
    }

    #[test]
    fn sub_codes_of_active_directory_are_read() {
        for (code, expected) in [
            ("52e", "mismatch"),
            ("525", "mismatch"),
            ("533", "disabled"),
            ("530", "disabled"),
            ("701", "expired"),
            ("532", "expired"),
            ("773", "must_change"),
            ("775", "locked"),
            ("57", "error"),
            ("", "error"),
        ] {
            let text =
                format!("80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data {code}, v1db1");
            assert_eq!(name(49, &text, None), expected, "{code}");
        }
        assert_eq!(ExpiredPasswords::MustChange.verdict(), Verdict::MustChange);
    }
}
