//! `email`, `email_domain`, `email_local`: email addresses.

use std::borrow::Cow;

use bumpalo::collections::String as ArenaString;
use email_address::{EmailAddress, Options};

use super::domain::{IDN, Idn};
use crate::engine::context::Cx;
use crate::engine::op::{ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example, example_failure};
use crate::model::{Kinds, Value};
use crate::schema::{is_domain, is_local_part, split_address};

/// The longest address that can be used in an email (RFC 5321 §4.5.3.1.3 with erratum 1690).
const MAX_BYTES: usize = 254;

/// The row of `email`.
pub const EMAIL: OpSpec = OpSpec {
    name: "email",
    family: Family::Identity,
    summary: "checks an email address and converts it to lower case",
    details: "Surrounding whitespace is removed. The syntax is that of RFC 5321 and 6531, with the usual restrictions \
              of registration forms: a domain of at least two parts, no display name, no comment, no address literal. \
              International domains are written in ASCII unless `idn` is set, so that each mailbox has a single \
              spelling. `keep_case` keeps the case of the part before the `@`; domains are not case-sensitive.",
    input: Kinds::TEXT,
    output: Output::Is(Kinds::TEXT),
    arguments: &[
        ArgumentSpec::optional(
            "keep_case",
            ArgumentKind::Boolean,
            "whether to keep the case of the part before the `@`",
        ),
        IDN,
    ],
    fails: "the text is not an email address, or is longer than 254 bytes",
    takes_nothing: false,
    examples: &[
        example("", r#""  Jane.DOE@Example.COM ""#, r#""jane.doe@example.com""#),
        example("", r#""info@bücher.example""#, r#""info@xn--bcher-kva.example""#),
        example("{ keep_case: true, idn: unicode }", r#""Info@xn--bcher-kva.EXAMPLE""#, r#""Info@bücher.example""#),
        example_failure("", r#""a@b""#),
        example_failure("", r#""Jane Doe <jane@example.com>""#),
    ],
    build: |arguments| {
        let keep_case = arguments.boolean("keep_case").unwrap_or(false);
        Ok(Box::new(Email { keep_case, idn: Idn::of(arguments), part: Part::Whole }))
    },
};

/// The row of `email_domain`.
pub const EMAIL_DOMAIN: OpSpec = OpSpec {
    name: "email_domain",
    summary: "returns the domain of an email address",
    details: "The address is checked as by `email`. The domain can identify company accounts and tenants.",
    arguments: &[IDN],
    examples: &[
        example("", r#""jane@Example.COM""#, r#""example.com""#),
        example("{ idn: unicode }", r#""info@xn--bcher-kva.example""#, r#""bücher.example""#),
        example_failure("", r#""jane""#),
    ],
    build: |arguments| Ok(Box::new(Email { keep_case: false, idn: Idn::of(arguments), part: Part::Domain })),
    ..EMAIL
};

/// The row of `email_local`.
pub const EMAIL_LOCAL: OpSpec = OpSpec {
    name: "email_local",
    summary: "returns the part of an email address before the `@`",
    details: "The address is checked as by `email`. The result is in lower case unless `keep_case` is set.",
    arguments: &[ArgumentSpec::optional("keep_case", ArgumentKind::Boolean, "whether to keep the case")],
    examples: &[
        example("", r#""Jane.Doe@example.com""#, r#""jane.doe""#),
        example("{ keep_case: true }", r#""Jane.Doe@example.com""#, r#""Jane.Doe""#),
        example_failure("", r#""@example.com""#),
    ],
    build: |arguments| {
        let keep_case = arguments.boolean("keep_case").unwrap_or(false);
        Ok(Box::new(Email { keep_case, idn: Idn::Ascii, part: Part::Local }))
    },
    ..EMAIL
};

#[derive(Debug, Clone, Copy)]
enum Part {
    Whole,
    Local,
    Domain,
}

#[derive(Debug)]
struct Email {
    keep_case: bool,
    idn: Idn,
    part: Part,
}

impl Op for Email {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?.trim();
        let (local, domain) = check(text, self.idn, cx)?;
        let local = if self.keep_case {
            local
        } else if local.is_ascii() {
            cx.lowercase(local)
        } else if !local.chars().any(char::is_uppercase) {
            local
        } else if local.chars().any(|c| c.to_lowercase().count() > 1) {
            // `İ` becomes two characters, the second of which is not allowed in an address
            return Err(Failure::new(
                "the text is not an email address: it contains a letter without a lowercase form",
            ));
        } else {
            cx.lowercase(local)
        };
        match self.part {
            Part::Local => Ok(Value::Text(local)),
            Part::Domain => Ok(Value::Text(domain)),
            Part::Whole => whole(local, domain, text, cx),
        }
    }
}

/// Joins the two parts of an address; returns the text itself if it has these parts.
fn whole<'a>(local: &str, domain: &str, text: &'a str, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
    let length = local.len() + 1 + domain.len();
    if length > MAX_BYTES {
        return Err(too_long());
    }
    if text.strip_prefix(local).and_then(|rest| rest.strip_prefix('@')) == Some(domain) {
        return Ok(Value::Text(text));
    }
    let mut made = ArenaString::with_capacity_in(length, cx.arena);
    made.push_str(local);
    made.push('@');
    made.push_str(domain);
    Ok(Value::Text(made.into_bump_str()))
}

fn too_long() -> Failure {
    Failure::new(format!("the text is longer than the {MAX_BYTES} bytes of an email address"))
}

/// Checks an address; returns the part before the `@` unchanged, and the domain in the given form.
fn check<'a>(text: &'a str, idn: Idn, cx: &Cx<'a>) -> Result<(&'a str, &'a str), Failure> {
    if text.len() > MAX_BYTES {
        return Err(too_long());
    }
    let (local, domain) =
        split_address(text).ok_or_else(|| Failure::new("the text is not an email address: there is no `@`"))?;
    // UTS 46 would drop invisible characters from the domain, but they make it a different address
    if has_invisible(text) {
        return Err(Failure::new("the text is not an email address: it contains control or invisible characters"));
    }
    // UTS 46 converts to lower case too, but copies the name
    let domain = if domain.is_ascii() { cx.lowercase(domain) } else { domain };
    let kept = |written: Cow<'a, str>| match written {
        Cow::Borrowed(name) => name,
        Cow::Owned(name) => &*cx.arena.alloc_str(&name),
    };
    let written = kept(idn.write(domain)?);
    let ascii = if idn == Idn::Ascii { written } else { kept(Idn::Ascii.write(domain)?) };
    // the domain has two parts here; only an invalid address is copied, to find the reason
    if !is_local_part(local) || !is_domain(ascii) {
        parse(local, ascii)?;
    }
    Ok((local, written))
}

fn parse(local: &str, domain: &str) -> Result<(), Failure> {
    let options = Options::default().with_required_tld().without_display_text().without_domain_literal();
    match EmailAddress::parse_with_options(&format!("{local}@{domain}"), options) {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::new(format!("the text is not an email address: {}", reason(error)))),
    }
}

fn has_invisible(text: &str) -> bool {
    !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) && text.chars().any(is_invisible)
}

/// Control characters, whitespace other than the plain space, and invisible characters that change how text is displayed.
fn is_invisible(c: char) -> bool {
    let invisible = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    c.is_control() || (c.is_whitespace() && c != ' ') || invisible
}

fn reason(error: email_address::Error) -> &'static str {
    use email_address::Error;
    match error {
        Error::LocalPartEmpty => "there is nothing before the `@`",
        Error::LocalPartTooLong => "the part before the `@` is longer than 64 bytes",
        Error::DomainEmpty | Error::DomainTooFew | Error::DomainTooLong | Error::DomainInvalidSeparator => {
            "the domain is invalid"
        }
        _ => "a character is not allowed at its position",
    }
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;
    use proptest::prelude::*;

    use super::*;

    fn email(text: &str) -> Option<String> {
        let arena = Bump::new();
        let op = Email { keep_case: false, idn: Idn::Ascii, part: Part::Whole };
        let result = op.apply(Value::Text(text), &Cx::bare(&arena)).ok()?;
        result.as_text().map(ToOwned::to_owned)
    }

    #[test]
    fn valid_addresses_pass_and_others_fail() {
        let long_local = format!("{}@example.com", "a".repeat(65));
        let long = format!(
            "{}@{}.com",
            "a".repeat(60),
            ["b".repeat(60), "c".repeat(60), "d".repeat(60), "e".repeat(20)].join(".")
        );
        let cases = [
            ("a+b@example.com", Some("a+b@example.com")),
            ("O'Brien@example.co.uk", Some("o'brien@example.co.uk")),
            ("\u{a0}a@example.com\u{feff}", None),
            ("\u{a0}a@example.com\u{3000}", Some("a@example.com")),
            ("jürgen@example.com", Some("jürgen@example.com")),
            ("a@EXAMPLE。com", Some("a@example.com")),
            ("\"a b\"@example.com", Some("\"a b\"@example.com")),
            ("İ@example.com", None),
            ("a..b@example.com", None),
            (".a@example.com", None),
            ("a@b@example.com", None),
            ("a@example..com", None),
            ("a@-example.com", None),
            ("a@exa_mple.com", None),
            ("a@[127.0.0.1]", None),
            ("a@127.0.0.1", None),
            ("a@example.com\u{202e}", None),
            ("a\u{200b}b@example.com", None),
            ("a\nb@example.com", None),
            ("\"a\tb\"@example.com", None),
            ("<a@example.com>", None),
            ("a@example.com, b@example.com", None),
            ("", None),
            ("@", None),
            (&long_local, None),
            (&long, None),
        ];
        for (text, wanted) in cases {
            assert_eq!(email(text).as_deref(), wanted, "{text:?}");
        }
    }

    proptest! {
        /// The fast check of an address agrees with the full one.
        #[test]
        fn fast_and_full_check_agree(local in r#"[a-zé."<>@\[\\ +'-]{0,8}"#, domain in r"[a-z0-9.-]{1,12}") {
            if let Ok(domain) = Idn::Ascii.write(&domain) {
                let quick = EmailAddress::is_valid_local_part(&local) && EmailAddress::is_valid_domain(&domain);
                prop_assert_eq!(quick, parse(&local, &domain).is_ok());
            }
        }

        #[test]
        fn result_is_idempotent(text in r#"[ \PCa-zA-Z."+-]{1,20}@[a-zA-Zäöß.-]{1,12}\.[a-z]{2,4}"#) {
            if let Some(once) = email(&text) {
                prop_assert_eq!(email(&once), Some(once.clone()));
                prop_assert!(once.len() <= MAX_BYTES);
            }
        }
    }

    /// The public test set of isemail: everything that it calls an error must fail here, except where the rules above are wider.
    #[test]
    fn agrees_with_the_isemail_test_set() {
        let xml = include_str!("../../../../tests/corpora/isemail_tests.xml");
        let between = |text: &str, open: &str, close: &str| {
            text.split_once(open).and_then(|(_, rest)| rest.split_once(close)).map(|(inner, _)| inner.to_owned())
        };
        let (mut valid, mut valid_pass, mut wrong, mut wrong_pass) = (0, 0, 0, Vec::new());
        for test in xml.split("<test ").skip(1) {
            let address = between(test, "<address>", "</address>").unwrap_or_default();
            let address =
                address.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
            // the test set writes a control character as U+2400 plus its code
            let code = between(&address, "&#x", ";").and_then(|code| u32::from_str_radix(&code, 16).ok());
            let control = code.and_then(|code| char::from_u32(code.checked_sub(0x2400).unwrap_or(code)));
            let address = match (control, address.split_once("&#x")) {
                (Some(c), Some((before, rest))) => format!("{before}{c}{}", rest.split_once(';').unwrap().1),
                _ => address,
            };
            let category = between(test, "<category>", "</category>").unwrap_or_default();
            let passes = email(&address).is_some();
            match category.as_str() {
                "ISEMAIL_VALID_CATEGORY" | "ISEMAIL_DNSWARN" => {
                    valid += 1;
                    valid_pass += usize::from(passes);
                }
                // surrounding whitespace is trimmed here
                "ISEMAIL_ERR" if address.trim() == address => {
                    wrong += 1;
                    if passes {
                        wrong_pass.push(address);
                    }
                }
                _ => {}
            }
        }
        println!(
            "isemail: {valid_pass} of {valid} deliverable addresses pass; of {wrong} wrong ones pass: {wrong_pass:?}"
        );
        assert!(wrong > 50, "the test set was not read");
        assert!(wrong_pass.is_empty(), "{wrong_pass:?}");
    }
}
