//! Finds the identities at other providers: lists of them, columns such as `google_id`, and a provider beside a subject.

use std::collections::BTreeSet;

use super::guess::{Claim, Guess};
use super::profile::{Field, Profile, Root, member};
use super::table::Table;
use super::words::plain;
use super::yaml::scalar;

/// Members that name the provider.
const PROVIDERS: [&str; 10] = [
    "provider",
    "identityprovider",
    "providerid",
    "providername",
    "loginprovider",
    "oauthprovider",
    "authprovider",
    "socialprovider",
    "issuer",
    "connection",
];

/// Members that name the customer there.
const SUBJECTS: [&str; 13] = [
    "userid",
    "rawid",
    "subject",
    "sub",
    "provideruserid",
    "provideruid",
    "provideraccountid",
    "providerkey",
    "oauthuid",
    "oauthid",
    "socialid",
    "uid",
    "id",
];

/// Providers that people have columns for: `google_id`, `facebookUserId`.
const KNOWN: [&str; 10] =
    ["google", "facebook", "apple", "twitter", "github", "microsoft", "linkedin", "gitlab", "discord", "steam"];

/// What systems call their own passwords in such lists.
const OWN: [&str; 11] = [
    "auth0",
    "password",
    "local",
    "database",
    "email",
    "phone",
    "credentials",
    "credential",
    "site",
    "anonymous",
    "native",
];

/// Adds the claim.
pub(super) fn add(guess: &mut Guess, profile: &Profile, taken: &mut BTreeSet<usize>) {
    let whole = of_list(profile).or_else(|| of_pair(profile, taken)).or_else(|| of_columns(profile, taken));
    if let Some(whole) = whole {
        guess.claims.push(Claim { name: "external_identities", whole: Some(whole), ..Claim::default() });
    }
}

/// A list of objects with a provider and a subject.
fn of_list(profile: &Profile) -> Option<String> {
    let found = |table: &Table| Some((table.member(&PROVIDERS)?.to_owned(), table.member(&SUBJECTS)?.to_owned()));
    let (table, (provider, subject)) = profile.tables.iter().find_map(|table| Some((table, found(table)?)))?;
    let item = |name: &str| scalar(&member("$item", name));
    let seen = table.members.get(&provider).map_or(&[][..], Vec::as_slice);
    let own: Vec<String> =
        OWN.iter().filter(|own| seen.iter().any(|text| text == *own)).map(|own| (*own).to_owned()).collect();
    let filter = match own.as_slice() {
        [] => String::new(),
        own => format!("where: {{ {}: {{ not: [ {} ] }} }}, ", item(&provider), own.join(", ")),
    };
    Some(format!(
        "{{ from: {}, {filter}each: {{ provider: {{ from: {}, required: true }}, subject: {{ from: {}, required: true }} }} }}",
        scalar(&table.reference()),
        item(&provider),
        item(&subject)
    ))
}

fn is_scalar(field: &Field) -> bool {
    field.objects == 0 && field.lists == 0 && field.booleans == 0 && field.dates == 0 && field.filled > 0
}

/// A provider and a subject in fields beside each other.
fn of_pair(profile: &Profile, taken: &mut BTreeSet<usize>) -> Option<String> {
    let fields =
        || profile.fields.iter().enumerate().filter(|(_, field)| is_scalar(field) && field.root == Root::Record);
    let parents = |field: &Field| field.path.split_last().map(|(_, parents)| parents.to_vec());
    let (provider_at, provider) =
        fields().find(|(at, field)| !taken.contains(at) && PROVIDERS.contains(&plain(field.name()).as_str()))?;
    let subjects = SUBJECTS.iter().filter(|name| **name != "id" && **name != "userid");
    let (subject_at, subject) = subjects.into_iter().find_map(|name| {
        let mut beside = fields().filter(|(at, field)| !taken.contains(at) && parents(field) == parents(provider));
        beside.find(|(_, field)| plain(field.name()) == *name)
    })?;
    taken.extend([provider_at, subject_at]);
    Some(format!(
        "{{ value: [ {{ provider: {}, subject: {} }} ], where: {{ $item.provider: present, $item.subject: present }} }}",
        scalar(&provider.reference()),
        scalar(&subject.reference())
    ))
}

/// Columns that each belong to one provider.
fn of_columns(profile: &Profile, taken: &mut BTreeSet<usize>) -> Option<String> {
    let mut entries = Vec::new();
    for (at, field) in profile.fields.iter().enumerate().filter(|(at, field)| is_scalar(field) && !taken.contains(at)) {
        // `google_id`, or an object `google` with an `id`
        let name: String = field.path.iter().rev().take(2).rev().map(|name| plain(name)).collect();
        let ends = ["id", "userid", "uid", "sub", "subject"];
        let is_of = |known: &&&str| name.rsplit_once(**known).is_some_and(|(_, rest)| ends.contains(&rest));
        let provider = KNOWN.iter().find(is_of);
        if let Some(provider) = provider {
            entries.push((at, format!("{{ provider: {provider}, subject: {} }}", scalar(&field.reference()))));
        }
    }
    let list: Vec<&str> = entries.iter().map(|(_, entry)| entry.as_str()).collect();
    if list.is_empty() {
        return None;
    }
    taken.extend(entries.iter().map(|(at, _)| *at));
    Some(format!("{{ value: [ {} ], where: {{ $item.subject: present }} }}", list.join(", ")))
}
