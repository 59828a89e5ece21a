//! Numbering plans: which digits are valid phone numbers in which country.
//!
//! Only libphonenumber's metadata is used, not the parser of the `phonenumber` crate: it removes the national prefix twice
//! if numbers start with it (`+7 800 …`, `+7 812 …`), and panics on some input.

use std::sync::LazyLock;

use phonenumber::metadata::{DATABASE, Database, Descriptor, Descriptors};
use phonenumber::{Metadata, Type};

use super::country;

/// The number of compiled patterns that the metadata may cache. The plans of North America alone have about 200, and with
/// the default of 100 they would be recompiled for every number.
const COMPILED_PATTERNS: usize = 2_000;

/// The maximum number of digits with country code (ITU-T E.164).
const MAX_DIGITS: usize = 15;

/// Every type of number that a person can have.
const KINDS: [Type; 10] = [
    Type::FixedLine,
    Type::Mobile,
    Type::TollFree,
    Type::Voip,
    Type::SharedCost,
    Type::PersonalNumber,
    Type::Uan,
    Type::Pager,
    Type::PremiumRate,
    Type::Voicemail,
];

/// The plans of all countries.
static PLANS: LazyLock<&'static Database> = LazyLock::new(|| {
    if let Ok(mut patterns) = DATABASE.cache().lock() {
        patterns.set_capacity(COMPILED_PATTERNS);
    }
    &DATABASE
});

/// How strict the check is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// The number is in an assigned range.
    Valid,
    /// The number has a length that is in use.
    Possible,
}

/// The numbering plan of a country, if it has one.
pub(super) fn of_country(code: &str) -> Option<&'static Metadata> {
    PLANS.by_id(country::by_code(code.trim())?.alpha2)
}

/// A number with its country code, in E.164, if it passes the check. Both are only digits.
pub(super) fn international(digits: &str, check: Check) -> Option<String> {
    let (code, national, plans) = (1..=3).find_map(|length| {
        let (code, national) = digits.split_at_checked(length)?;
        Some((code, national, PLANS.by_code(&code.parse::<u16>().ok()?)?))
    })?;
    let main = plans.first()?;
    // the national prefix may be present although it should not: `+44 (0)20 …`
    [without_prefix(main, national).as_deref(), Some(national)]
        .into_iter()
        .flatten()
        .find(|national| passes(&plans, code, national, check))
        .map(|national| format!("+{code}{national}"))
}

/// A number as it is dialled inside a country, in E.164, if it passes the check.
pub(super) fn national(digits: &str, plan: &Metadata, check: Check) -> Option<String> {
    if let Some(number) = after_international_prefix(digits, plan).and_then(|rest| international(rest, check)) {
        return Some(number);
    }
    let code = plan.country_code().to_string();
    let plans = PLANS.by_code(&plan.country_code())?;
    // the country code may be present without a `+`
    let behind_code = digits.strip_prefix(code.as_str());
    let candidates = [
        without_prefix(plan, digits),
        Some(digits.to_owned()),
        behind_code.and_then(|national| without_prefix(plan, national)),
        behind_code.map(ToOwned::to_owned),
    ];
    candidates
        .into_iter()
        .flatten()
        .find(|national| passes(&plans, &code, national, check))
        .map(|national| format!("+{code}{national}"))
}

/// The digits after the prefix for international calls: `00` in most countries, `011` in North America.
fn after_international_prefix<'a>(digits: &'a str, plan: &Metadata) -> Option<&'a str> {
    let prefix = plan.international_prefix()?.find(digits).filter(|found| found.start() == 0)?;
    // no country code starts with 0, so this is a national number with the same digits
    digits.get(prefix.end()..).filter(|rest| !rest.is_empty() && !rest.starts_with('0'))
}

/// The number without the national prefix and a carrier code, if present; some countries replace them with other digits.
fn without_prefix(plan: &Metadata, national: &str) -> Option<String> {
    let Some(prefix) = plan.national_prefix_for_parsing() else {
        return plan.national_prefix().and_then(|prefix| national.strip_prefix(prefix)).map(ToOwned::to_owned);
    };
    let groups = prefix.captures(national)?;
    let found = groups.get(0).filter(|found| found.start() == 0 && found.end() > 0)?;
    match plan.national_prefix_transform_rule() {
        Some(rule) if groups.len() > 1 && groups.get(groups.len() - 1).is_some() => {
            Some(prefix.replace(national, rule).into_owned())
        }
        _ => national.get(found.end()..).map(ToOwned::to_owned),
    }
}

fn passes(plans: &[&Metadata], code: &str, national: &str, check: Check) -> bool {
    let fits = !national.is_empty() && code.len() + national.len() <= MAX_DIGITS;
    fits && plans.iter().any(|plan| match check {
        Check::Valid => is_in_use(plan.descriptors(), national),
        Check::Possible => has_length(plan.descriptors(), national.len()),
    })
}

fn is_in_use(kinds: &Descriptors, national: &str) -> bool {
    kinds.general().is_match(national)
        && KINDS.iter().any(|kind| kinds.get(*kind).is_some_and(|kind| is_whole(kind, national)))
}

/// Whether a type of number matches all digits.
fn is_whole(kind: &Descriptor, national: &str) -> bool {
    let whole = || kind.national_number().find(national).is_some_and(|found| found.end() == national.len());
    kind.is_match(national) && (!kind.possible_length().is_empty() || whole())
}

fn has_length(kinds: &Descriptors, length: usize) -> bool {
    let length = u16::try_from(length).unwrap_or(u16::MAX);
    KINDS.iter().any(|kind| kinds.get(*kind).is_some_and(|kind| kind.possible_length().contains(&length)))
}
