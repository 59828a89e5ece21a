//! Guesses which field becomes which claim, with which steps.

use std::collections::BTreeSet;

use super::credential::{Stored, holds_password, stored};
use super::dates::dates;
use super::derived;
use super::names::{CLAIMS, Holds, Known, STATUSES, fit, is_negative, is_secret};
use super::profile::{Field, Profile, Root};
use super::table::Table;
use super::values::{are_addresses, are_flags, are_languages, are_salutations, is_same, is_yes, pairs, to_boolean};
use super::words::{place, plain};
use super::yaml::{quoted, scalar};

/// Maximum number of different words of a status field; a field with more is not a status.
const MAX_STATUSES: usize = 12;

/// A claim of the starter rules.
#[derive(Debug, Clone, Default)]
pub(super) struct Claim {
    pub name: &'static str,
    /// The fields' positions in the profile: the one that is read, or all that `whole` reads.
    pub fields: Vec<usize>,
    /// Steps, or nothing.
    pub steps: String,
    /// Steps of each element.
    pub each: String,
    /// The reference of a claim that this claim depends on.
    pub needs: &'static str,
    /// The value if there is none, or nothing.
    pub default: &'static str,
    /// The whole rule, if it is more than steps on one field.
    pub whole: Option<String>,
    pub unsure: Vec<String>,
}

/// The result of guessing.
#[derive(Debug, Default)]
pub(super) struct Guess {
    pub claims: Vec<Claim>,
    /// Working values besides those of the profile: their names and rules.
    pub lets: Vec<(String, String)>,
    pub credential: Stored,
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
    let credential = stored(profile);
    taken.extend(credential.fields());
    guess.credential = credential;
    for known in CLAIMS.iter().filter(|known| known.holds != Holds::Password) {
        if guess.has(known.claim) {
            continue;
        }
        for at in candidates(known, profile, &taken) {
            if guess.take(known, at, profile) {
                taken.insert(at);
                break;
            }
        }
    }
    // the schema requires the value if the flag that it is verified is present
    for (flag, value) in [("email.verified", "email.value"), ("phone.verified", "phone.value")] {
        if !guess.has(value) && value != "email.value" {
            guess.release(flag, &mut taken);
        }
    }
    derived::add(&mut guess, profile, &mut taken);
    guess.region_of_address();
    if !guess.has("email.value") {
        guess.release("email.verified", &mut taken);
    }
    let order = |name: &str| CLAIMS.iter().position(|known| known.claim == name).unwrap_or(usize::MAX);
    guess.claims.sort_by_key(|claim| order(claim.name));
    for (at, field) in profile.fields.iter().enumerate().filter(|(at, _)| !taken.contains(at)) {
        if holds_secret(field) {
            guess.secrets.push(at);
        } else {
            guess.unmapped.push(at);
        }
    }
    guess
}

/// Whether a field without a claim probably contains a secret: by its name, or because it is a text that belongs to a
/// password. Flags and dates are not secrets.
fn holds_secret(field: &Field) -> bool {
    let is_text = field.booleans == 0 && field.dates == 0 && dates(&field.texts, false).is_none();
    let is_long = field.texts.iter().any(|text| text.len() >= 13);
    let of_password = field.path.iter().any(|name| plain(name).contains("password"));
    is_text && (field.path.iter().any(|name| is_secret(name)) || (of_password && is_long) || holds_password(field))
}

/// The fields that a claim can be made from, best first: by name, then by their depth in the record.
fn candidates(known: &Known, profile: &Profile, taken: &BTreeSet<usize>) -> Vec<usize> {
    let mut found: Vec<(usize, usize, usize)> = profile
        .fields
        .iter()
        .enumerate()
        .filter(|(at, field)| !taken.contains(at) && field.objects == 0 && field.filled > 0)
        // roles in a list of objects are all of them, and not those of one element
        .filter(|(_, field)| known.holds != Holds::Words || table_of(field, profile).is_none())
        .filter_map(|(at, field)| {
            let (path, below) = whole_path(field, profile);
            let rank = fit(known, &path)?;
            let is_fine = known.holds == Holds::Password || !is_secret(field.name());
            // an element of a list, such as one of the addresses, knows less about the person
            is_fine.then_some((path.len() + below, rank + 100 * below, at))
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

/// The path of a field from the record, and how much deeper it counts because a working value leads to it. An element of
/// a list has the name of the list before its own.
fn whole_path(field: &Field, profile: &Profile) -> (Vec<String>, usize) {
    if field.root == Root::Record {
        return (field.path.clone(), 0);
    }
    let before = table_of(field, profile).map_or(&[][..], |table| &table.path);
    (before.iter().chain(&field.path).cloned().collect(), 1)
}

/// The list of objects that a field is in.
fn table_of<'p>(field: &Field, profile: &'p Profile) -> Option<&'p Table> {
    let Root::Let(name) = &field.root else { return None };
    profile.tables.iter().find(|table| table.working == *name)
}

impl Guess {
    /// Whether there is a rule for a claim.
    pub fn has(&self, name: &str) -> bool {
        self.claims.iter().any(|claim| claim.name == name)
    }

    /// Reads phone numbers without a country code for the country of the address, if there is one.
    fn region_of_address(&mut self) {
        if !self.has("address.country") {
            return;
        }
        for claim in self.claims.iter_mut().filter(|claim| claim.name == "phone.value") {
            let by_country = "region: [ $account.address.country, $params.region ]";
            claim.steps = claim.steps.replace("region: $params.region", by_country);
        }
    }

    /// Takes a claim back.
    fn release(&mut self, name: &str, taken: &mut BTreeSet<usize>) {
        self.claims.retain(|claim| {
            let stays = claim.name != name;
            if !stays {
                claim.fields.iter().for_each(|field| {
                    taken.remove(field);
                });
            }
            stays
        });
    }

    /// Uses a field for a claim if its values fit.
    pub fn take(&mut self, known: &Known, at: usize, profile: &Profile) -> bool {
        let Some(field) = profile.fields.get(at) else { return false };
        let mut claim = Claim { name: known.claim, fields: vec![at], ..Claim::default() };
        let steps: Option<String> = match known.holds {
            Holds::Id => id(field),
            Holds::Username => username(field),
            Holds::Text => (field.booleans == 0 && field.bytes == 0).then(|| "squish".to_owned()),
            Holds::Salutation => are_salutations(&field.texts).then(|| "squish".to_owned()),
            Holds::Region => is_region(field).then(|| "squish".to_owned()),
            Holds::Mail => are_addresses(&field.texts).then(|| "trim, email".to_owned()),
            Holds::Mails => are_addresses(&field.texts).then(String::new),
            Holds::Flag => self.flag(field, &mut claim),
            Holds::Phone => self.phone(field, &mut claim),
            Holds::Birthdate | Holds::Time => self.date(field, known.holds, &mut claim),
            Holds::Gender => Some("gender".to_owned()),
            Holds::Locale => are_languages(&field.texts).then(|| "trim, locale: { loose: true }".to_owned()),
            Holds::Zone => is_text(field).then(|| "trim, time_zone".to_owned()),
            Holds::Address => field.texts.iter().any(|text| text.contains("://")).then(|| "trim, url".to_owned()),
            Holds::Country => is_text(field).then(|| "trim, country".to_owned()),
            Holds::Words => words(field, &mut claim),
            Holds::Status => self.status(field, profile, &mut claim),
            Holds::Password => None,
        };
        let Some(steps) = steps else { return false };
        let is_list_claim = matches!(known.holds, Holds::Words | Holds::Mails);
        claim.steps = if is_list_claim { list_steps(field, &steps) } else { scalar_steps(field, &steps) };
        if known.holds == Holds::Id && field.bytes > 0 {
            let first = if field.lists > 0 { "[0]" } else { "" };
            let from = scalar(&format!("{}{first}.base64", field.reference()));
            claim.whole = Some(format!("{{ from: {from}, do: [ {steps} ] }}"));
        }
        if claim.whole.is_none() {
            claim.steps = cleaned(field, claim.steps);
        }
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
        let verified = claim.name.ends_with(".verified");
        if verified
            && field.filled > 0
            && (field.dates > 0 || dates(&field.texts, false).is_some_and(|_| !are_flags(&field.texts)))
        {
            // a date says when it was verified
            return Some("is_present".to_owned());
        }
        if verified && are_flags(&field.texts) {
            claim.default = "false";
        }
        let is_boolean = field.booleans == field.texts.len();
        are_flags(&field.texts).then(|| if is_boolean { String::new() } else { to_boolean(&field.texts) })
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
        let tel = if field.texts.iter().any(|text| text.starts_with("tel:")) { "strip_prefix: \"tel:\", " } else { "" };
        Some(format!("{tel}phone: {{ region: $params.region }}"))
    }

    fn date(&mut self, field: &Field, holds: Holds, claim: &mut Claim) -> Option<String> {
        if field.dates > 0 {
            let only = if holds == Holds::Birthdate { ", to_date" } else { "" };
            return Some(format!("extended_json_date{only}"));
        }
        let dates = dates(&field.texts, holds == Holds::Birthdate)?;
        self.zone |= dates.zone;
        claim.unsure.extend(dates.unsure.map(str::to_owned));
        Some(dates.steps)
    }

    fn status(&mut self, field: &Field, profile: &Profile, claim: &mut Claim) -> Option<String> {
        let words: BTreeSet<&str> = field.texts.iter().map(|text| text.trim()).collect();
        let name = plain(&place(&field.path).1);
        let is_lock =
            ["locked", "verrouill", "vergrendeld"].iter().any(|lock| name.replace("blocked", "").contains(lock));
        let off = if is_lock { "locked" } else { "disabled" };
        if name == "useraccountcontrol" {
            // ADS_UF_ACCOUNTDISABLE
            let at = derived::first_of(field);
            claim.whole =
                Some(format!("{{ when: {{ {at}: {{ has_bits: 2 }} }}, value: disabled, otherwise: active }}"));
            return Some(String::new());
        }
        let is_date = field.dates > 0 || (!are_flags(&field.texts) && dates(&field.texts, false).is_some());
        // SAP writes an X, OpenLDAP the year 0 for a lock that never ends
        let is_mark = is_negative(&name)
            && !are_flags(&field.texts)
            && (words.iter().all(|word| word.eq_ignore_ascii_case("x")) || name.ends_with("time"));
        if is_date || is_mark {
            if !is_negative(&name) && !name.ends_with("at") {
                return None;
            }
            // there only where the customer is barred
            let at = derived::first_of(field);
            claim.whole = Some(format!("{{ when: {{ {at}: present }}, value: {off}, otherwise: active }}"));
            return Some(String::new());
        }
        let says_state = matches!(name.as_str(), "status" | "state" | "userstatus" | "accountstatus");
        let is_number = matches!(name.as_str(), "status" | "state") && words.contains("1") && are_flags(&field.texts);
        if is_number {
            claim.unsure.push("does 1 mean active?".to_owned());
        }
        if are_flags(&field.texts) && (!says_state || is_number) {
            let (yes, no) = if is_negative(&name) { (off, "active") } else { ("active", off) };
            self.statuses =
                flag_words(&words).into_iter().map(|(word, on)| (word, Some(if on { yes } else { no }))).collect();
            // a flag that is there only when it is set
            if is_negative(&name) && field.filled < profile.records {
                claim.default = "active";
            }
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
}

/// Both words of a flag, in the spelling of the samples, with their meanings.
fn flag_words(words: &BTreeSet<&str>) -> Vec<(String, bool)> {
    let mut found: Vec<(String, bool)> = words.iter().map(|word| ((*word).to_owned(), is_yes(word))).collect();
    for (yes, no) in pairs(words) {
        let has = |word: &str| words.iter().find(|have| is_same(have, word)).copied();
        let missing = |word: &str| match has(yes).or(has(no)) {
            Some(other) if other.starts_with(|c: char| c.is_uppercase()) => capitalised(word, other),
            _ => word.to_owned(),
        };
        found.extend(
            [(yes, true), (no, false)]
                .into_iter()
                .filter(|(word, _)| has(word).is_none())
                .map(|(word, on)| (missing(word), on)),
        );
    }
    found.sort_by_key(|(_, is_on)| !is_on);
    found
}

/// A word in the case of another one: `Yes` or `YES`.
fn capitalised(word: &str, like: &str) -> String {
    if like.chars().nth(1).is_some() && like.chars().all(char::is_uppercase) {
        return word.to_uppercase();
    }
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| format!("{}{}", first.to_uppercase(), chars.as_str()))
}

fn id(field: &Field) -> Option<String> {
    // directories use `uid` for the login name, other systems for account numbers
    let name = plain(field.name());
    let is_login =
        name == "uid" && field.texts.iter().any(|text| !text.bytes().all(|b| b.is_ascii_digit()) && text.len() < 20);
    let steps = match name.as_str() {
        "objectguid" => "guid",
        "objectsid" => "sid",
        _ if field.bytes > 0 => return None,
        _ => "",
    };
    (!is_login && field.booleans == 0 && field.dates == 0 && !is_long_list(field)).then(|| steps.to_owned())
}

fn username(field: &Field) -> Option<String> {
    let is_time = field.dates > 0 || (field.name() == "login" && dates(&field.texts, false).is_some());
    (field.booleans == 0 && !is_long_list(field) && !is_time).then(|| "trim".to_owned())
}

/// Whether the values are text, and not numbers or flags that need a lookup.
fn is_text(field: &Field) -> bool {
    field.booleans == 0 && !field.texts.iter().all(|text| text.trim().parse::<f64>().is_ok())
}

/// Whether the values are regions of an address, and not the state of an account.
fn is_region(field: &Field) -> bool {
    let is_state = |text: &String| STATUSES.iter().any(|(word, _)| *word == plain(text));
    is_text(field) && !are_flags(&field.texts) && !field.texts.iter().any(is_state)
}

fn words(field: &Field, claim: &mut Claim) -> Option<String> {
    if field.texts.is_empty() {
        return Some(String::new());
    }
    if field.booleans > 0 || are_flags(&field.texts) && field.numbers == 0 && field.lists == 0 {
        return None;
    }
    if field.texts.iter().all(|text| text.starts_with("a:") && text.ends_with('}')) {
        return Some("php_unserialize, keys: { where: true }".to_owned());
    }
    if field.texts.iter().all(|text| text.contains('=') && text.to_ascii_lowercase().starts_with("cn=")) {
        claim.each = "dn_part: cn".to_owned();
        return Some(String::new());
    }
    if field.texts.iter().all(|text| text.starts_with('/')) {
        claim.each = "after_last: { text: \"/\", or: whole }".to_owned();
        return Some(String::new());
    }
    if field.lists == 0 && field.texts.iter().any(|text| text.contains(',')) {
        claim.unsure.push("some values have commas; are they lists?".to_owned());
        claim.each = "trim".to_owned();
        return Some("split: \",\"".to_owned());
    }
    if field.numbers > 0 || field.texts.iter().all(|text| text.bytes().all(|byte| byte.is_ascii_digit())) {
        claim.each = "to_text".to_owned();
        claim.unsure.push("the numbers probably stand for names; use a lookup to map them".to_owned());
    }
    Some(String::new())
}

/// Steps behind those that remove what a CSV file writes in place of nothing, or before numbers.
fn cleaned(field: &Field, steps: String) -> String {
    let mut all = Vec::new();
    if !field.nulls.is_empty() {
        let words: Vec<String> = field.nulls.iter().map(|word| quoted(word)).collect();
        all.push(format!("nothing_if: [ {} ]", words.join(", ")));
    }
    if field.has_apostrophes {
        all.push("strip_prefix: \"'\"".to_owned());
    }
    all.push(steps);
    all.retain(|part| !part.is_empty());
    all.join(", ")
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
    let is_made = steps.contains("keys") || steps.starts_with("split");
    let before = if is_made || field.lists == field.filled { "" } else { "to_list" };
    [before, steps].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}
