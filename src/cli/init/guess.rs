//! Guesses which field becomes which claim, with which steps.

use std::collections::BTreeSet;

use super::names::{CLAIMS, Holds, Known, STATUSES, fit, is_negative, is_secret, plain};
use super::profile::{Field, Profile, Root};
use super::values::{are_addresses, are_flags, dates, schemes};

/// Maximum number of different words of a status field; a field with more is not a status.
const MAX_STATUSES: usize = 12;

/// A claim of the starter rules.
#[derive(Debug, Clone, Default)]
pub(super) struct Claim {
    pub name: &'static str,
    /// The field's position in the profile.
    pub field: usize,
    /// Steps, or nothing.
    pub steps: String,
    /// Steps of each element.
    pub each: String,
    /// The reference of a claim that this claim depends on.
    pub needs: &'static str,
    pub unsure: Vec<String>,
}

/// The result of guessing.
#[derive(Debug, Default)]
pub(super) struct Guess {
    pub claims: Vec<Claim>,
    /// The field of the stored password and its schemes; no scheme if the texts do not show one.
    pub credential: Option<(usize, Vec<&'static str>)>,
    /// The words of the status and what they mean; `None` for words that a person must judge.
    pub statuses: Vec<(String, Option<&'static str>)>,
    pub secrets: Vec<usize>,
    pub unmapped: Vec<usize>,
    pub zone: bool,
    pub region: bool,
}

/// Guesses, from the names and values of the fields.
pub(super) fn guess(profile: &Profile) -> Guess {
    let mut guess = Guess::default();
    let mut taken = BTreeSet::new();
    for known in CLAIMS {
        for at in candidates(known, profile, &taken) {
            if guess.take(known, at, profile) {
                taken.insert(at);
                break;
            }
        }
    }
    // the schema requires the value if the flag that it is verified is present
    for (flag, value) in [("email.verified", "email.value"), ("phone.verified", "phone.value")] {
        if !guess.claims.iter().any(|claim| claim.name == value) {
            guess.claims.retain(|claim| claim.name != flag || !taken.remove(&claim.field));
        }
    }
    for (at, field) in profile.fields.iter().enumerate().filter(|(at, _)| !taken.contains(at)) {
        if holds_secret(field) {
            guess.secrets.push(at);
        } else {
            guess.unmapped.push(at);
        }
    }
    guess
}

/// Whether a field without a claim probably contains a secret: by its name, or because it is a long text that belongs to a
/// password. Flags and dates are not secrets.
fn holds_secret(field: &Field) -> bool {
    let is_text = field.booleans == 0 && dates(&field.texts, false).is_none();
    let is_long = field.texts.iter().any(|text| text.len() >= 13);
    let of_password = field.path.iter().any(|name| plain(name).contains("password"));
    is_text && (field.path.iter().any(|name| is_secret(name)) || (of_password && is_long))
}

/// The fields that a claim can be made from, best first: by name, then by their depth in the record.
fn candidates(known: &Known, profile: &Profile, taken: &BTreeSet<usize>) -> Vec<usize> {
    let mut found: Vec<(usize, usize, usize)> = profile
        .fields
        .iter()
        .enumerate()
        .filter(|(at, field)| !taken.contains(at) && field.objects == 0 && field.filled > 0)
        .filter_map(|(at, field)| {
            let parent = field.path.iter().rev().nth(1).map_or("", String::as_str);
            let rank = fit(known, field.name(), parent)?;
            let is_fine = known.holds == Holds::Password || !is_secret(field.name());
            is_fine.then_some((field.path.len() + usize::from(field.root != Root::Record), rank, at))
        })
        .collect();
    // an id must be at the top of the record; other fields are often inside a profile
    let key = |entry: &(usize, usize, usize)| match known.holds {
        Holds::Id => (entry.0, entry.1, entry.2),
        _ => (entry.1, entry.0, entry.2),
    };
    found.sort_by_key(key);
    found.into_iter().map(|(_, _, at)| at).collect()
}

impl Guess {
    /// Uses a field for a claim if its values fit.
    fn take(&mut self, known: &Known, at: usize, profile: &Profile) -> bool {
        let Some(field) = profile.fields.get(at) else { return false };
        let mut claim = Claim { name: known.claim, field: at, ..Claim::default() };
        let steps: Option<String> = match known.holds {
            Holds::Id => id(field),
            Holds::Username => (field.booleans == 0 && !is_long_list(field)).then(|| "trim".to_owned()),
            Holds::Text => (field.booleans == 0).then(|| "squish".to_owned()),
            Holds::Mail => are_addresses(&field.texts).then(|| "trim, email".to_owned()),
            Holds::Mails => are_addresses(&field.texts).then(String::new),
            Holds::Flag => self.flag(field, &mut claim),
            Holds::Phone => self.phone(field, &mut claim),
            Holds::Birthdate | Holds::Time => self.date(field, known.holds, &mut claim),
            Holds::Gender => Some("gender".to_owned()),
            Holds::Locale => Some("trim, locale: { loose: true }".to_owned()),
            Holds::Zone => Some("trim, time_zone".to_owned()),
            Holds::Address => field.texts.iter().any(|text| text.contains("://")).then(|| "trim, url".to_owned()),
            Holds::Country => Some("trim, country".to_owned()),
            Holds::Words => words(field, &mut claim),
            Holds::Status => self.status(field, &mut claim),
            Holds::Password => return self.password(field, at),
        };
        let Some(steps) = steps else { return false };
        let is_list_claim = matches!(known.holds, Holds::Words | Holds::Mails);
        claim.steps = if is_list_claim { list_steps(field, &steps) } else { scalar_steps(field, &steps) };
        if known.holds == Holds::Mails {
            claim.each = "trim, email".to_owned();
        }
        if field.lists > 0 && field.is_long && !is_list_claim {
            claim.unsure.push("some records have several values; the first is used".to_owned());
        }
        self.claims.push(claim);
        true
    }

    fn flag(&mut self, field: &Field, claim: &mut Claim) -> Option<String> {
        claim.needs = match claim.name {
            "email.verified" => "$account.email.value",
            "phone.verified" => "$account.phone.value",
            _ => "",
        };
        let is_boolean = field.booleans == field.texts.len();
        are_flags(&field.texts).then(|| if is_boolean { String::new() } else { "to_boolean".to_owned() })
    }

    fn phone(&mut self, field: &Field, claim: &mut Claim) -> Option<String> {
        if field.booleans > 0 || !field.texts.iter().any(|text| text.chars().filter(char::is_ascii_digit).count() >= 5)
        {
            return None;
        }
        if field.texts.iter().all(|text| text.trim().starts_with('+')) {
            return Some("phone".to_owned());
        }
        self.region = true;
        claim.unsure.push("numbers without a country code are read for `$params.region`".to_owned());
        Some("phone: { region: $params.region }".to_owned())
    }

    fn date(&mut self, field: &Field, holds: Holds, claim: &mut Claim) -> Option<String> {
        let dates = dates(&field.texts, holds == Holds::Birthdate)?;
        self.zone |= dates.zone;
        claim.unsure.extend(dates.unsure.map(str::to_owned));
        Some(dates.steps)
    }

    fn status(&mut self, field: &Field, claim: &mut Claim) -> Option<String> {
        let words: BTreeSet<&str> = field.texts.iter().map(|text| text.trim()).collect();
        let name = plain(field.name());
        let says_state = matches!(name.as_str(), "status" | "state" | "userstatus" | "accountstatus");
        if are_flags(&field.texts) && !says_state {
            let off = if name.replace("blocked", "").contains("locked") { "locked" } else { "disabled" };
            let (yes, no) = if is_negative(&name) { (off, "active") } else { ("active", off) };
            self.statuses =
                flag_words(&words).into_iter().map(|(word, on)| (word, Some(if on { yes } else { no }))).collect();
            return Some("lookup: statuses".to_owned());
        }
        let meaning = |word: &str| STATUSES.iter().find(|(known, _)| *known == plain(word)).map(|(_, status)| *status);
        if words.len() > MAX_STATUSES || !words.iter().any(|word| meaning(word).is_some()) {
            return None;
        }
        self.statuses = words.iter().map(|word| ((*word).to_owned(), meaning(word))).collect();
        if self.statuses.iter().any(|(_, status)| status.is_none()) {
            claim.unsure.push("words without a meaning in the lookup give no status".to_owned());
        }
        Some("trim, lookup: statuses".to_owned())
    }

    fn password(&mut self, field: &Field, at: usize) -> bool {
        // short texts are flags or words such as `set`, not stored passwords
        let is_hash = field.booleans == 0 && field.texts.iter().any(|text| text.len() >= 13);
        if is_hash {
            self.credential = Some((at, schemes(&field.texts).unwrap_or_default()));
        }
        is_hash
    }
}

/// Both words of a flag, in the spelling of the samples, with their meanings.
fn flag_words(words: &BTreeSet<&str>) -> Vec<(String, bool)> {
    let pairs = [("1", "0"), ("true", "false"), ("yes", "no"), ("y", "n"), ("t", "f"), ("on", "off")];
    let mut found = Vec::new();
    for (yes, no) in pairs {
        let has = |word: &str| words.iter().find(|have| have.eq_ignore_ascii_case(word)).copied();
        if has(yes).is_some() || has(no).is_some() {
            let cased = |word: &str| match (has(word), has(yes).or(has(no))) {
                (Some(written), _) => written.to_owned(),
                (None, Some(other)) if other.starts_with(|c: char| c.is_ascii_uppercase()) => capitalised(word, other),
                _ => word.to_owned(),
            };
            found.extend([(cased(yes), true), (cased(no), false)]);
        }
    }
    found
}

/// A word in the case of another one: `Yes` or `YES`.
fn capitalised(word: &str, like: &str) -> String {
    if like.len() > 1 && like.chars().all(|c| c.is_ascii_uppercase()) {
        return word.to_ascii_uppercase();
    }
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| format!("{}{}", first.to_ascii_uppercase(), chars.as_str()))
}

fn id(field: &Field) -> Option<String> {
    // directories use `uid` for the login name, other systems for account numbers
    let is_login =
        plain(field.name()) == "uid" && field.texts.iter().any(|text| !text.bytes().all(|b| b.is_ascii_digit()));
    (!is_login && field.booleans == 0 && !is_long_list(field)).then(String::new)
}

fn words(field: &Field, claim: &mut Claim) -> Option<String> {
    if field.booleans > 0 {
        return None;
    }
    if field.texts.iter().all(|text| text.starts_with("a:") && text.ends_with('}')) {
        return Some("php_unserialize, keys: { where: true }".to_owned());
    }
    if field.texts.iter().all(|text| text.contains('=') && text.to_ascii_lowercase().starts_with("cn=")) {
        claim.each = "dn_part: cn".to_owned();
        return Some(String::new());
    }
    if field.texts.iter().any(|text| text.contains(',')) {
        claim.unsure.push("some values have commas; are they lists?".to_owned());
    }
    if field.numbers > 0 {
        claim.each = "to_text".to_owned();
        claim.unsure.push("the numbers probably stand for names; use a lookup to map them".to_owned());
    }
    Some(String::new())
}

fn is_long_list(field: &Field) -> bool {
    field.lists > 0 && field.is_long
}

fn scalar_steps(field: &Field, steps: &str) -> String {
    let before = match field.lists {
        0 => "",
        lists if lists == field.filled => "first",
        _ => "to_list, first",
    };
    [before, steps].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

fn list_steps(field: &Field, steps: &str) -> String {
    let is_made = steps.contains("keys");
    let before = if is_made || field.lists == field.filled { "" } else { "to_list" };
    [before, steps].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}
