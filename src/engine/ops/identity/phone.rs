//! `phone`: phone numbers in E.164.

use bumpalo::collections::String as ArenaString;
use phonenumber::Metadata;

use super::phone_plan::{self, Check};
use super::phone_text::{Digits, read};
use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example, example_failure,
};
use crate::engine::operand::{Operand, Operands};
use crate::model::{Kinds, Value};

/// The row of the step table.
pub const PHONE: OpSpec = OpSpec {
    name: "phone",
    family: Family::Identity,
    summary: "checks a phone number and writes it in E.164, such as `+12025550143`",
    details: "Numbers without a country code belong to `region`: the first of its values that is there, an ISO 3166 code in either \
              case, so that the country of the address can stand before a default. The check uses libphonenumber's numbering \
              plans: `valid` wants a number that is in use, `possible` only a number of fitting length, `shape` only a `+` and 7 \
              to 15 digits. Letters (`1-800-FLOWERS`) are digits of a keypad only with `letters: true`; a number with an \
              extension is refused, because the account could not hold it, unless `extension: drop`.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: &[
        ArgumentSpec::main_optional("region", ArgumentKind::Operands, "the country of numbers without a country code"),
        ArgumentSpec::optional(
            "check",
            ArgumentKind::Choice(&["valid", "possible", "shape"]),
            "how much is checked; `valid` when left out",
        ),
        ArgumentSpec::optional(
            "extension",
            ArgumentKind::Choice(&["reject", "drop"]),
            "what becomes of an extension; `reject` when left out",
        ),
        ArgumentSpec::optional("letters", ArgumentKind::Boolean, "whether letters are read as digits of a keypad"),
    ],
    fails: "the text is not a phone number, has an extension, or needs a region and none of the values is a country",
    takes_nothing: false,
    examples: &[
        example("{ region: US }", r#""(202) 555-0143""#, r#""+12025550143""#),
        example("{ region: [de] }", r#""+44 (0)20 7946 0018""#, r#""+442079460018""#),
        example("{ check: shape }", r#""+999 123-4567""#, r#""+9991234567""#),
        example("{ region: US, extension: drop }", r#""202-555-0143 x56""#, r#""+12025550143""#),
        example_failure("", r#""202-555-0143""#),
        example_failure("{ region: US }", r#""12""#),
    ],
    build: |arguments| {
        let regions = arguments.operands("region").unwrap_or_default();
        for code in regions.as_slice().iter().filter_map(Operand::constant_text) {
            if phone_plan::of_country(code).is_none() {
                let help = "give an ISO 3166 code such as `DE`";
                return Err(ArgumentError::new("region", format!("`{code}` is not a country"), help));
            }
        }
        let check = match arguments.text("check").as_deref() {
            Some("possible") => Some(Check::Possible),
            Some("shape") => None,
            _ => Some(Check::Valid),
        };
        if check.is_none() && !regions.as_slice().is_empty() {
            let help = "remove `region`, or write `check: possible`, which reads national numbers";
            let message = "`check: shape` takes numbers with their country code only, so that `region` has no use";
            return Err(ArgumentError::new("region", message, help));
        }
        let drop_extension = arguments.text("extension").as_deref() == Some("drop");
        let letters = arguments.boolean("letters").unwrap_or(false);
        Ok(Box::new(Phone { regions, check, drop_extension, letters }))
    },
};

#[derive(Debug)]
struct Phone {
    regions: Operands,
    /// The check against numbering plans; without one the shape is checked.
    check: Option<Check>,
    drop_extension: bool,
    letters: bool,
}

impl Op for Phone {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?;
        let number = read(text, self.letters, cx)?;
        if number.extension && !self.drop_extension {
            return Err(Failure::new("is a phone number with an extension"));
        }
        let e164 = match self.check {
            None => return shape(&number, text, cx),
            Some(check) if number.international => international(number.digits, check)?,
            Some(check) => {
                let number = phone_plan::national(number.digits, self.region(cx)?, check);
                number.ok_or_else(|| not_a_number(check))?
            }
        };
        Ok(if e164 == text { Value::Text(text) } else { cx.keep(&e164) })
    }
}

impl Phone {
    /// The numbering plan for numbers without a country code.
    fn region<'a>(&'a self, cx: &Cx<'a>) -> Result<&'static Metadata, Failure> {
        let region = self
            .regions
            .find(cx, |value| value.is_present() && value.as_text().is_none_or(|text| !text.trim().is_empty()))
            .ok_or_else(|| Failure::new("is a phone number without a country code, and there is no region"))?;
        let code =
            region.as_text().ok_or_else(|| Failure::new(format!("the region is {}, not text", region.kind())))?;
        phone_plan::of_country(code).ok_or_else(|| Failure::new("the region is not a country with phone numbers"))
    }
}

/// The valid number that a customer typed to sign in, in E.164. Without a region it must begin with `+`.
#[cfg(feature = "login")]
pub(crate) fn one_spelling(text: &str, region: Option<&str>) -> Result<String, Failure> {
    let arena = bumpalo::Bump::new();
    let number = read(text, false, &Cx::bare(&arena))?;
    if number.extension {
        return Err(Failure::new("is a phone number with an extension"));
    }
    if number.international {
        return international(number.digits, Check::Valid);
    }
    let region = region.and_then(phone_plan::of_country);
    let region = region.ok_or_else(|| Failure::new("is a phone number without a country code"))?;
    phone_plan::national(number.digits, region, Check::Valid).ok_or_else(|| not_a_number(Check::Valid))
}

fn international(digits: &str, check: Check) -> Result<String, Failure> {
    if digits.starts_with('0') {
        return Err(Failure::new("is not a phone number: no country code begins with 0"));
    }
    phone_plan::international(digits, check).ok_or_else(|| not_a_number(check))
}

fn not_a_number(check: Check) -> Failure {
    Failure::new(match check {
        Check::Possible => "is not a possible phone number",
        Check::Valid => "is not a valid phone number",
    })
}

/// A `+`, and 7 to 15 digits of which the first is not 0 (ITU-T E.164).
fn shape<'a>(number: &Digits<'_>, text: &'a str, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
    let fits = number.international && (7..=15).contains(&number.digits.len()) && !number.digits.starts_with('0');
    if !fits {
        return Err(Failure::new("is not `+` and 7 to 15 digits"));
    }
    if text.strip_prefix('+') == Some(number.digits) {
        return Ok(Value::Text(text));
    }
    let mut made = ArenaString::with_capacity_in(1 + number.digits.len(), cx.arena);
    made.push('+');
    made.push_str(number.digits);
    Ok(Value::Text(made.into_bump_str()))
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;
    use proptest::prelude::*;

    use super::*;

    const VALID: Option<Check> = Some(Check::Valid);
    const POSSIBLE: Option<Check> = Some(Check::Possible);

    fn phone(region: Option<&str>, check: Option<Check>, text: &str) -> Option<String> {
        let arena = Bump::new();
        let regions = region.map(|code| Operand::Text(code.into())).into_iter().collect::<Vec<_>>().into();
        let op = Phone { regions, check, drop_extension: false, letters: false };
        op.apply(Value::Text(text), &Cx::bare(&arena)).ok()?.as_text().map(ToOwned::to_owned)
    }

    #[test]
    fn numbers_of_many_countries() {
        let cases = [
            ("US", "(202) 555-0143", Some("+12025550143")),
            ("us", "1 202 555 0143", Some("+12025550143")),
            ("DE", "030 901820", Some("+4930901820")),
            ("DE", "0151 23456789", Some("+4915123456789")),
            ("DE", "+49 (0)30 901820", Some("+4930901820")),
            ("DE", "0049 30 901820", Some("+4930901820")),
            ("DE", "0039 02 36618300", Some("+390236618300")),
            ("US", "011 39 02 36618300", Some("+390236618300")),
            ("IT", "02 36618300", Some("+390236618300")),
            ("GB", "07911 123456", Some("+447911123456")),
            ("FR", "06 12 34 56 78", Some("+33612345678")),
            ("RU", "8 (800) 555-35-35", Some("+78005553535")),
            ("RU", "+7 812 335-00-00", Some("+78123350000")),
            ("US", "+7 800 555 35 35", Some("+78005553535")),
            ("KZ", "8 727 250 00 00", Some("+77272500000")),
            ("CA", "(416) 555-0123", Some("+14165550123")),
            ("IN", "098765 43210", Some("+919876543210")),
            ("GB", "44 20 7946 0018", Some("+442079460018")),
            ("RU", "8 912 345 67 89", Some("+79123456789")),
            ("BR", "(11) 96123-4567", Some("+5511961234567")),
            ("AR", "011 15 8765-4321", Some("+5491187654321")),
            ("US", "12", None),
            ("US", "555-0143", None),
            ("US", "+0 202 555 0143", None),
            ("US", "202-555-CALL", None),
            ("US", "202-555-0143 x56", None),
            ("US", "+999 1234567", None),
            ("US", "", None),
        ];
        for (region, text, wanted) in cases {
            assert_eq!(phone(Some(region), VALID, text).as_deref(), wanted, "{region} {text}");
        }
    }

    #[test]
    fn checks_differ_in_strictness() {
        let cases = [
            ("+1 202 555 0143", true, true, true),
            ("+1 123 456 7890", false, true, true),
            ("+1 202 555", false, false, true),
            ("+999 1234567", false, false, true),
            ("+1 202", false, false, false),
            ("+1234567890123456", false, false, false),
            ("202 555 0143", false, false, false),
        ];
        for (text, valid, possible, shape) in cases {
            for (check, wanted) in [(VALID, valid), (POSSIBLE, possible), (None, shape)] {
                assert_eq!(phone(None, check, text).is_some(), wanted, "{check:?} {text}");
            }
        }
    }

    #[test]
    fn a_constant_region_must_be_a_country() {
        use crate::engine::op::{Argument, Arguments};
        for (code, fits) in [("DE", true), ("deu", true), ("XX", false), ("AQ", false), ("", false)] {
            let mut arguments = Arguments::default();
            arguments.push("region", Argument::Operands(vec![Operand::Text(code.into())].into()));
            assert_eq!((PHONE.build)(&mut arguments).is_ok(), fits, "{code}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics_and_results_are_stable(text in "(\\+|tel:|00)?[0-9٠-٩ x#;=*().,~\\-+/a-zA-Z\\PC]{0,40}", at in 0usize..249) {
            let region = super::super::tables::countries::COUNTRIES.get(at).map(|country| country.alpha2);
            for check in [VALID, POSSIBLE, None] {
                if let Some(once) = phone(region, check, &text) {
                    prop_assert_eq!(phone(None, check, &once), Some(once.clone()));
                }
            }
        }

        #[test]
        fn digits_of_any_length_do_not_panic(text in "\\+?[0-9]{0,40}", at in 0usize..249) {
            let region = super::super::tables::countries::COUNTRIES.get(at).map(|country| country.alpha2);
            for check in [VALID, POSSIBLE] {
                if let Some(once) = phone(region, check, &text) {
                    prop_assert!(once.starts_with('+'));
                }
            }
        }
    }

    /// The cases of libphonenumber's own tests, with what its current metadata say about them.
    #[test]
    fn agrees_with_libphonenumber() {
        let lines = include_str!("../../../../tests/corpora/phones_libphonenumber.jsonl");
        let (mut same, mut other) = (0, Vec::new());
        for line in lines.lines() {
            let case: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = case["raw"].as_str().unwrap();
            let region = case["region"].as_str().filter(|region| *region != "ZZ");
            let valid = case["real_metadata_valid"].as_bool().unwrap_or(false);
            let wanted = case["real_metadata_e164"].as_str().filter(|_| valid).map(ToOwned::to_owned);
            let arena = Bump::new();
            let regions = region.map(|code| Operand::Text(code.into())).into_iter().collect::<Vec<_>>().into();
            let op = Phone { regions, check: VALID, drop_extension: true, letters: true };
            let got = op.apply(Value::Text(text), &Cx::bare(&arena)).ok();
            let got = got.and_then(Value::as_text).map(ToOwned::to_owned);
            if got == wanted { same += 1 } else { other.push(format!("{text:?} {region:?}: {got:?}, not {wanted:?}")) }
        }
        println!("libphonenumber: {same} agree, {} do not:\n{}", other.len(), other.join("\n"));
        assert!(same >= 80, "{}", other.join("\n"));
    }
}
