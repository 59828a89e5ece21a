//! `phone`: phone numbers in E.164.

use phonenumber::country::Id;
use phonenumber::metadata::DATABASE;
use phonenumber::{Metadata, PhoneNumber};

use super::country;
use super::phone_text::{Digits, read};
use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example, example_failure,
};
use crate::engine::operand::Operand;
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
        for code in regions.iter().filter_map(Operand::constant_text) {
            if numbering_plan(code).is_none() {
                let help = "give an ISO 3166 code such as `DE`";
                return Err(ArgumentError::new("region", format!("`{code}` is not a country"), help));
            }
        }
        let check = match arguments.text("check").as_deref() {
            Some("possible") => Check::Possible,
            Some("shape") => Check::Shape,
            _ => Check::Valid,
        };
        let drop_extension = arguments.text("extension").as_deref() == Some("drop");
        let letters = arguments.boolean("letters").unwrap_or(false);
        Ok(Box::new(Phone { regions, check, drop_extension, letters }))
    },
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Check {
    Valid,
    Possible,
    Shape,
}

#[derive(Debug)]
struct Phone {
    regions: Vec<Operand>,
    check: Check,
    drop_extension: bool,
    letters: bool,
}

impl Op for Phone {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?;
        let number = read(text, self.letters)?;
        if number.extension && !self.drop_extension {
            return Err(Failure::new("is a phone number with an extension"));
        }
        let e164 = match self.check {
            Check::Shape => shape(&number)?,
            _ if number.international => self.international(&number.digits)?,
            _ => self.national(&number.digits, self.region(cx)?)?,
        };
        Ok(if e164 == text { Value::Text(text) } else { cx.keep(&e164) })
    }
}

impl Phone {
    /// The country of numbers without a country code.
    fn region<'a>(&'a self, cx: &Cx<'a>) -> Result<(Id, &'static Metadata), Failure> {
        let mut values = self.regions.iter().map(|operand| operand.value(cx));
        let region = values
            .find(|value| value.is_present() && value.as_text().is_none_or(|text| !text.trim().is_empty()))
            .ok_or_else(|| Failure::new("is a phone number without a country code, and there is no region"))?;
        let code =
            region.as_text().ok_or_else(|| Failure::new(format!("the region is {}, not text", region.kind())))?;
        numbering_plan(code).ok_or_else(|| Failure::new("the region is not a country with phone numbers"))
    }

    fn international(&self, digits: &str) -> Result<String, Failure> {
        if digits.starts_with('0') {
            return Err(Failure::new("is not a phone number: no country code begins with 0"));
        }
        self.accept(None, &format!("+{digits}")).ok_or_else(|| not_a_number(self.check))
    }

    fn national(&self, digits: &str, (region, plan): (Id, &Metadata)) -> Result<String, Failure> {
        if let Some(rest) = after_international_prefix(digits, plan) {
            return self.international(rest);
        }
        // the parser cuts some national prefixes twice (`8 800 …` in Russia): then the number is tried as written
        let without_prefix = plan.national_prefix().and_then(|prefix| digits.strip_prefix(prefix));
        self.accept(Some(region), digits)
            .or_else(|| self.accept(None, &format!("+{}{}", plan.country_code(), without_prefix?)))
            .or_else(|| self.accept(None, &format!("+{}{digits}", plan.country_code())))
            .ok_or_else(|| not_a_number(self.check))
    }

    /// The number in E.164, when it passes the check. The text has nothing but digits and perhaps a `+` in front.
    fn accept(&self, region: Option<Id>, text: &str) -> Option<String> {
        let number = phonenumber::parse(region, text).ok()?;
        let passes = match self.check {
            Check::Possible => is_possible(&number),
            _ => number.is_valid(),
        };
        // not the library's own formatter, whose `Display` fails for unknown country codes
        passes.then(|| format!("+{}{}", number.code().value(), number.national()))
    }
}

fn not_a_number(check: Check) -> Failure {
    Failure::new(if check == Check::Possible {
        "is not a possible phone number"
    } else {
        "is not a valid phone number"
    })
}

/// A `+`, and 7 to 15 digits of which the first is not 0 (ITU-T E.164).
fn shape(number: &Digits) -> Result<String, Failure> {
    let fits = number.international && (7..=15).contains(&number.digits.len()) && !number.digits.starts_with('0');
    if fits { Ok(format!("+{}", number.digits)) } else { Err(Failure::new("is not `+` and 7 to 15 digits")) }
}

/// The country of a code and its numbering plan, when it has one.
fn numbering_plan(code: &str) -> Option<(Id, &'static Metadata)> {
    let id: Id = country::by_code(code.trim())?.alpha2.parse().ok()?;
    Some((id, DATABASE.by_id(id.as_ref())?))
}

/// What stands behind the prefix that is dialled for calls abroad: `00` in most countries, `011` in North America.
fn after_international_prefix<'a>(digits: &'a str, plan: &Metadata) -> Option<&'a str> {
    let prefix = plan.international_prefix()?.find(digits).filter(|found| found.start() == 0)?;
    // a country code does not begin with 0: then it is a national number that begins alike
    digits.get(prefix.end()..).filter(|rest| !rest.is_empty() && !rest.starts_with('0'))
}

/// Whether numbers of this length exist under the country code.
fn is_possible(number: &PhoneNumber) -> bool {
    let length = u16::try_from(number.national().to_string().len()).unwrap_or(u16::MAX);
    let plans = DATABASE.by_code(&number.code().value()).unwrap_or_default();
    plans.iter().any(|plan| plan.descriptors().general().possible_length().contains(&length))
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;
    use proptest::prelude::*;

    use super::*;

    fn phone(region: Option<&str>, check: Check, text: &str) -> Option<String> {
        let arena = Bump::new();
        let regions = region.map(|code| Operand::Text(code.into())).into_iter().collect();
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
            assert_eq!(phone(Some(region), Check::Valid, text).as_deref(), wanted, "{region} {text}");
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
            for (check, wanted) in [(Check::Valid, valid), (Check::Possible, possible), (Check::Shape, shape)] {
                assert_eq!(phone(None, check, text).is_some(), wanted, "{check:?} {text}");
            }
        }
    }

    #[test]
    fn a_constant_region_must_be_a_country() {
        use crate::engine::op::{Argument, Arguments};
        for (code, fits) in [("DE", true), ("deu", true), ("XX", false), ("AQ", false), ("", false)] {
            let mut arguments = Arguments::default();
            arguments.push("region", Argument::Operands(vec![Operand::Text(code.into())]));
            assert_eq!((PHONE.build)(&mut arguments).is_ok(), fits, "{code}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics_and_results_are_stable(text in "(\\+|tel:|00)?[0-9٠-٩ x#;=*().,~\\-+/a-zA-Z\\PC]{0,40}", at in 0usize..249) {
            let region = super::super::tables::countries::COUNTRIES.get(at).map(|country| country.alpha2);
            for check in [Check::Valid, Check::Possible, Check::Shape] {
                if let Some(once) = phone(region, check, &text) {
                    prop_assert_eq!(phone(None, check, &once), Some(once.clone()));
                }
            }
        }

        #[test]
        fn digits_of_any_length_do_not_panic(text in "\\+?[0-9]{0,40}", at in 0usize..249) {
            let region = super::super::tables::countries::COUNTRIES.get(at).map(|country| country.alpha2);
            for check in [Check::Valid, Check::Possible] {
                if let Some(once) = phone(region, check, &text) {
                    prop_assert!(once.starts_with('+'));
                }
            }
        }
    }

    /// The cases of libphonenumber's own tests, with what its current metadata say about them.
    #[test]
    fn agrees_with_libphonenumber() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/records/corpora/phones_libphonenumber.jsonl");
        let Ok(lines) = std::fs::read_to_string(path) else { return };
        let (mut same, mut other) = (0, Vec::new());
        for line in lines.lines() {
            let case: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = case["raw"].as_str().unwrap();
            let region = case["region"].as_str().filter(|region| *region != "ZZ");
            let valid = case["real_metadata_valid"].as_bool().unwrap_or(false);
            let wanted = case["real_metadata_e164"].as_str().filter(|_| valid).map(ToOwned::to_owned);
            let arena = Bump::new();
            let regions = region.map(|code| Operand::Text(code.into())).into_iter().collect();
            let op = Phone { regions, check: Check::Valid, drop_extension: true, letters: true };
            let got = op.apply(Value::Text(text), &Cx::bare(&arena)).ok();
            let got = got.and_then(Value::as_text).map(ToOwned::to_owned);
            if got == wanted { same += 1 } else { other.push(format!("{text:?} {region:?}: {got:?}, not {wanted:?}")) }
        }
        println!("libphonenumber: {same} agree, {} do not:\n{}", other.len(), other.join("\n"));
        assert!(same >= 80, "{}", other.join("\n"));
    }
}
