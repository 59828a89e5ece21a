//! Numbering plans: which digits are a phone number of which country.
//!
//! Only libphonenumber's metadata are used. The parser of the `phonenumber` crate is not: it takes the national prefix off
//! twice where numbers begin with it (`+7 800 …`, `+7 812 …`), and panics on some input.

use std::sync::LazyLock;

use phonenumber::metadata::{DATABASE, Database, Descriptor, Descriptors};
use phonenumber::{Metadata, Type};

use super::country;

/// How many compiled patterns the metadata may keep. The plans of North America alone have some 200, and the default of 100
/// would compile them anew for every number.
const COMPILED_PATTERNS: usize = 2_000;

/// The most digits of a number with its country code (ITU-T E.164).
const MAX_DIGITS: usize = 15;

/// Every kind of number that can be somebody's.
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

/// How much is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// The number is one of those that are given out.
    Valid,
    /// Numbers of this length are given out.
    Possible,
}

/// The numbering plan of a country, when it has one.
pub(super) fn of_country(code: &str) -> Option<&'static Metadata> {
    PLANS.by_id(country::by_code(code.trim())?.alpha2)
}

/// A number with its country code, in E.164, when it passes the check. Both are digits only.
pub(super) fn international(digits: &str, check: Check) -> Option<String> {
    let (code, national, plans) = (1..=3).find_map(|length| {
        let (code, national) = digits.split_at_checked(length)?;
        Some((code, national, PLANS.by_code(&code.parse::<u16>().ok()?)?))
    })?;
    let main = plans.first()?;
    // the national prefix may stand there although it should not: `+44 (0)20 …`
    [without_prefix(main, national).as_deref(), Some(national)]
        .into_iter()
        .flatten()
        .find(|national| passes(&plans, code, national, check))
        .map(|national| format!("+{code}{national}"))
}

/// A number as it is dialled inside a country, in E.164, when it passes the check.
pub(super) fn national(digits: &str, plan: &Metadata, check: Check) -> Option<String> {
    if let Some(number) = after_international_prefix(digits, plan).and_then(|rest| international(rest, check)) {
        return Some(number);
    }
    let code = plan.country_code().to_string();
    let plans = PLANS.by_code(&plan.country_code())?;
    // the country code may stand there without a `+`
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

/// What stands behind the prefix that is dialled for calls abroad: `00` in most countries, `011` in North America.
fn after_international_prefix<'a>(digits: &'a str, plan: &Metadata) -> Option<&'a str> {
    let prefix = plan.international_prefix()?.find(digits).filter(|found| found.start() == 0)?;
    // no country code begins with 0: then it is a national number that begins alike
    digits.get(prefix.end()..).filter(|rest| !rest.is_empty() && !rest.starts_with('0'))
}

/// The number without the national prefix and a carrier's code, when it has them; some countries put other digits in their
/// place.
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

/// Whether a kind of number matches from the first digit to the last.
fn is_whole(kind: &Descriptor, national: &str) -> bool {
    let whole = || kind.national_number().find(national).is_some_and(|found| found.end() == national.len());
    kind.is_match(national) && (!kind.possible_length().is_empty() || whole())
}

fn has_length(kinds: &Descriptors, length: usize) -> bool {
    let length = u16::try_from(length).unwrap_or(u16::MAX);
    KINDS.iter().any(|kind| kinds.get(*kind).is_some_and(|kind| kind.possible_length().contains(&length)))
}
