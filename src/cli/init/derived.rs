//! Claims that more than one field makes, or that the values of a field show: further addresses, roles from flags,
//! identities at other providers, parts of a full name.

use std::collections::BTreeSet;

use super::guess::{Claim, Guess};
use super::identities;
use super::names::{CLAIMS, PERSONS, fit, singular};
use super::profile::{Field, Profile, Root, member};
use super::table::Table;
use super::values::{are_addresses, are_flags, is_yes, to_boolean};
use super::words::{plain, variants, words};
use super::yaml::{quoted, scalar};

/// The reference of a field in the forms in which rules need it.
pub(super) struct Text(String);

impl Text {
    /// The first value of a field.
    pub fn of(field: &Field) -> Self {
        let first = if field.lists > 0 && field.lists == field.filled { "[0]" } else { "" };
        Self(format!("{}{first}", field.reference()))
    }

    /// As a YAML scalar.
    pub fn bare(&self) -> String {
        scalar(&self.0)
    }

    /// Inside a template.
    pub fn inside(&self) -> String {
        format!("{{{}}}", self.0)
    }
}

/// The reference of the first value of a field, as a YAML scalar.
pub(super) fn first_of(field: &Field) -> String {
    Text::of(field).bare()
}

/// Adds what is found.
pub(super) fn add(guess: &mut Guess, profile: &Profile, taken: &mut BTreeSet<usize>) {
    address_by_value(guess, profile, taken);
    id_by_value(guess, profile, taken);
    id_of_login(guess);
    further_addresses(guess, profile);
    for (flag, value, about) in
        [("email.verified", "email.value", "addresses are"), ("phone.verified", "phone.value", "numbers are")]
    {
        if guess.has(value) && !guess.has(flag) {
            let whole = Some(format!("{{ when: {{ $account.{value}: present }}, value: false }}"));
            let unsure = vec![format!("no field says whether {about} verified")];
            guess.claims.push(Claim { name: flag, whole, unsure, ..Claim::default() });
        }
    }
    names(
        guess,
        profile,
        "roles",
        &["name", "value", "display", "rolename", "title", "authority", "slug", "code", "key", "id"],
    );
    names(
        guess,
        profile,
        "groups",
        &["display", "name", "groupname", "displayname", "title", "value", "path", "slug", "code", "key", "id"],
    );
    names(guess, profile, "tags", &["name", "label", "tag", "title", "value", "slug"]);
    roles_of_flags(guess, profile, taken);
    identities::add(guess, profile, taken);
    second_factors(guess, profile, taken);
    parts_of_name(guess, profile);
    lines_of_street(guess, profile, taken);
    consents(guess, profile, taken);
}

/// Free fields that hold scalars.
fn free<'p>(profile: &'p Profile, taken: &BTreeSet<usize>) -> Vec<(usize, &'p Field)> {
    let fields = profile.fields.iter().enumerate();
    fields.filter(|(at, field)| !taken.contains(at) && field.objects == 0 && field.filled > 0).collect()
}

/// A field whose values are mail addresses, whatever its name.
fn address_by_value(guess: &mut Guess, profile: &Profile, taken: &mut BTreeSet<usize>) {
    let Some(known) = CLAIMS.iter().find(|known| known.claim == "email.value").filter(|_| !guess.has("email.value"))
    else {
        return;
    };
    let is_address = |field: &Field| {
        let all = field.texts.iter().all(|text| text.matches('@').count() == 1 && !text.contains("://"));
        all && are_addresses(&field.texts) && field.root == Root::Record && field.path.len() <= 2
    };
    let found = free(profile, taken).into_iter().find(|(_, field)| is_address(field));
    if let Some((at, _)) = found
        && guess.take(known, at, profile)
    {
        taken.insert(at);
        if let Some(claim) = guess.claims.last_mut() {
            claim.unsure.push("only the values say that this is the mail address".to_owned());
        }
    }
}

/// A field at the top whose name ends like that of an id, and whose values are all different.
fn id_by_value(guess: &mut Guess, profile: &Profile, taken: &mut BTreeSet<usize>) {
    const ENDS: [&str; 10] = ["id", "key", "no", "nr", "num", "number", "nummer", "code", "uuid", "guid"];
    let ends = |field: &Field| words(field.name()).last().is_some_and(|word| ENDS.contains(&word.as_str()));
    let is_id = |field: &Field| {
        let is_person = |name: &String| PERSONS.contains(&singular(&plain(name)));
        field.path.split_last().is_some_and(|(_, parents)| parents.len() <= 1 && parents.iter().all(is_person))
            && field.root == Root::Record
            && field.booleans == 0
            && field.lists == 0
            && field.dates == 0
            && field.filled == profile.records
            && field.is_unique()
            && ends(field)
    };
    if guess.has("external_id") || profile.records < 2 {
        return;
    }
    if let Some((at, _)) = free(profile, taken).into_iter().find(|(_, field)| is_id(field)) {
        taken.insert(at);
        let unsure = vec!["is this the id that never changes?".to_owned()];
        guess.claims.push(Claim { name: "external_id", fields: vec![at], unsure, ..Claim::default() });
    }
}

/// What customers sign in with, where there is no id.
fn id_of_login(guess: &mut Guess) {
    let login =
        ["username", "email.value"].iter().find_map(|name| guess.claims.iter().find(|claim| claim.name == *name));
    if let Some(login) = login.filter(|_| !guess.has("external_id")) {
        let unsure = vec!["no field looks like an id that never changes".to_owned()];
        let (fields, steps) = (login.fields.clone(), login.steps.clone());
        guess.claims.push(Claim { name: "external_id", fields, steps, unsure, ..Claim::default() });
    }
}

/// The addresses behind the first one in a list.
fn further_addresses(guess: &mut Guess, profile: &Profile) {
    let Some(claim) = guess.claims.iter().find(|claim| claim.name == "email.value") else { return };
    let Some(field) = claim.fields.first().and_then(|at| profile.fields.get(*at)) else { return };
    if guess.has("secondary_emails") {
        return;
    }
    let others = "then: [ without: $account.email.value, unique ]";
    let table = profile.tables.iter().find(|table| field.root == Root::Let(table.working.clone()) && table.is_long);
    let whole = match table {
        Some(table) => {
            let from = scalar(&table.reference());
            format!("{{ from: {from}, each: [ {}, email ], {others} }}", member_of(field.name()))
        }
        None if field.lists == 0
            && let Some((table, member)) = addresses(profile) =>
        {
            let from = scalar(&table.reference());
            format!("{{ from: {from}, each: [ {}, email ], {others} }}", member_of(member))
        }
        None if field.lists > 0 && field.is_long => {
            let list = if field.lists == field.filled { "" } else { "do: [ to_list ], " };
            format!("{{ from: {}, {list}each: [ trim, email ], {others} }}", scalar(&field.reference()))
        }
        None => return,
    };
    guess.claims.push(Claim { name: "secondary_emails", whole: Some(whole), ..Claim::default() });
}

/// The step that takes a member of an element; `get` reads paths, so that a name with signs in it needs a reference.
fn member_of(name: &str) -> String {
    let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_plain { format!("get: {}", scalar(name)) } else { format!("constant: {}", scalar(&member("$item", name))) }
}

/// A list of objects with mail addresses.
fn addresses(profile: &Profile) -> Option<(&Table, &str)> {
    let is_of = |table: &&Table| ["email", "mail", "emailaddress"].contains(&singular(&table.plain()));
    let table = profile.tables.iter().find(is_of)?;
    Some((table, table.member(&["value", "address", "email", "emailaddress", "mail"])?))
}

/// Roles or groups in a list of objects, or in lists inside of one.
fn names(guess: &mut Guess, profile: &Profile, claim: &'static str, members: &[&str]) {
    if guess.has(claim) {
        return;
    }
    let known = CLAIMS.iter().filter(|known| known.claim == claim);
    let is_of = |table: &&Table| known.clone().any(|known| fit(known, &table.path).is_some());
    let found = profile.tables.iter().find(is_of).and_then(|table| Some((table, table.member(members)?)));
    let inside = || {
        let with = |table: &Table| table.lists.iter().find(|name| plain(name) == claim).cloned();
        profile.tables.iter().find_map(|table| Some((table, with(table)?)))
    };
    let whole = if let Some((table, name)) = found {
        format!("{{ from: {}, each: [ {}, to_text ] }}", scalar(&table.reference()), member_of(name))
    } else if let Some((table, name)) = inside() {
        let all = member(&format!("{}[*]", table.reference()), &name);
        format!("{{ from: {}, then: [ unique ] }}", quoted(&format!("{all}[*]")))
    } else {
        return;
    };
    guess.claims.push(Claim { name: claim, whole: Some(whole), ..Claim::default() });
}

/// Flags that say what somebody may do: `is_staff`, `admin`.
fn roles_of_flags(guess: &mut Guess, profile: &Profile, taken: &mut BTreeSet<usize>) {
    const ROLES: [&str; 16] = [
        "admin",
        "administrator",
        "superuser",
        "superadmin",
        "staff",
        "moderator",
        "mod",
        "editor",
        "manager",
        "owner",
        "root",
        "operator",
        "supervisor",
        "vendor",
        "seller",
        "agent",
    ];
    if guess.has("roles") {
        return;
    }
    let mut found: Vec<(usize, &Field, &str)> = Vec::new();
    for (at, field) in free(profile, taken).into_iter().filter(|(_, field)| are_flags(&field.texts) && field.lists == 0)
    {
        let name = words(field.name());
        let name: Vec<&str> =
            name.iter().map(String::as_str).filter(|word| !["is", "user", "has", "flag"].contains(word)).collect();
        let joined = name.concat();
        let role = ROLES.iter().find(|role| **role == joined || format!("{role}role") == joined);
        found.extend(role.map(|role| (at, field, *role)));
    }
    if found.is_empty() {
        return;
    }
    let mut entries = Vec::new();
    for (at, field, role) in &found {
        let reference = field.reference();
        let reference = if field.booleans == field.texts.len() {
            scalar(&reference)
        } else {
            guess.lets.push((
                format!("is_{role}"),
                format!("{{ from: {}, do: [ {} ] }}", scalar(&reference), to_boolean(&field.texts)),
            ));
            format!("$is_{role}")
        };
        entries.push(format!("{{ name: {role}, has: {reference} }}"));
        taken.insert(*at);
    }
    let whole = format!("{{ value: [ {} ], where: {{ $item.has: true }}, each: [ get: name ] }}", entries.join(", "));
    guess.claims.push(Claim { name: "roles", whole: Some(whole), ..Claim::default() });
}

/// Second factors, whose secrets stay behind: their owners must enrol again.
fn second_factors(guess: &mut Guess, profile: &Profile, taken: &mut BTreeSet<usize>) {
    let mut tests = Vec::new();
    for (at, field) in free(profile, taken) {
        let name = plain(field.name());
        let of_factor = ["twofactor", "2fa", "mfa", "totp", "otp", "multifactor", "tfa", "authenticator", "2step"];
        if !of_factor.iter().any(|part| name.contains(part)) || field.lists > 0 || field.dates > 0 {
            continue;
        }
        let reference = scalar(&field.reference());
        let is_switch =
            ["enabled", "required", "active", "requiredforlogin", "totp", "mfa", "enrolled", "isusing", "uses"];
        if are_flags(&field.texts) && is_switch.iter().any(|end| name.ends_with(end) || name.starts_with(end)) {
            let yes: BTreeSet<&String> = field.texts.iter().filter(|text| is_yes(text)).collect();
            let yes: Vec<String> = yes.into_iter().map(|word| quoted(word)).collect();
            let yes = if yes.is_empty() { "[ true, 1 ]".to_owned() } else { format!("[ {} ]", yes.join(", ")) };
            tests.push(format!("{{ {reference}: {yes} }}"));
        } else if name.ends_with("secret") || name.ends_with("key") {
            tests.push(format!("{{ {reference}: present }}"));
        } else {
            continue;
        }
        taken.insert(at);
    }
    const FACTORS: [&str; 8] = ["otp", "totp", "hotp", "webauthn", "webauthn-passwordless", "passkey", "u2f", "mfa"];
    for table in &profile.tables {
        let Some(kind) = table.member(&["type", "kind", "factortype", "method"]) else { continue };
        let seen = table.members.get(kind).map_or(&[][..], Vec::as_slice);
        let words: BTreeSet<&String> =
            seen.iter().filter(|text| FACTORS.contains(&text.to_lowercase().as_str())).collect();
        if !words.is_empty() {
            let words: Vec<String> = words.into_iter().map(|word| scalar(word)).collect();
            let (from, item) = (scalar(&table.reference()), scalar(&member("$item", kind)));
            tests.push(format!("{{ {from}: {{ any: {{ {item}: [ {} ] }} }} }}", words.join(", ")));
        }
    }
    if !tests.is_empty() {
        let whole = format!("{{ when: {{ any: [ {} ] }}, value: true }}", tests.join(", "));
        guess.claims.push(Claim { name: "mfa_reenroll", whole: Some(whole), ..Claim::default() });
    }
}

/// First and last name, where there is only a full name.
fn parts_of_name(guess: &mut Guess, profile: &Profile) {
    let field = |name: &str| {
        let claim = guess.claims.iter().find(|claim| claim.name == name)?;
        claim.fields.first().and_then(|at| profile.fields.get(*at))
    };
    let Some(full) = field("name.full") else { return };
    let known = [field("name.given"), field("name.family")];
    if known.iter().flatten().any(|part| part.filled >= full.filled) {
        return;
    }
    let with = |part: &str| full.texts.iter().filter(|text| text.trim().contains(part)).count() * 2 >= full.texts.len();
    let (pattern, unsure) = if with(", ") {
        ("^(?P<family>[^,]+), *(?P<given>.+)$", "the comma stands behind the last name")
    } else if with(" ") {
        ("^(?P<given>.*) (?P<family>[^ ]+)$", "the last blank stands before the last name")
    } else {
        return;
    };
    let missing: Vec<String> = known.iter().flatten().map(|part| format!("{}: missing", first_of(part))).collect();
    let when = if missing.is_empty() { String::new() } else { format!("when: {{ {} }}, ", missing.join(", ")) };
    let steps = format!("do: [ squish, extract_fields: '{pattern}' ], on_error: skip");
    let rule = format!("{{ {when}from: {}, {steps} }}", first_of(full));
    let parts = ["given", "family"].into_iter().zip(known.map(|part| part.map(first_of)));
    let parts: Vec<(&str, Option<String>)> = parts.collect();
    guess.lets.push(("name_parts".to_owned(), rule));
    for ((part, have), name) in parts.into_iter().zip(["name.given", "name.family"]) {
        let whole = match have {
            Some(have) => format!("{{ from: [ {have}, $name_parts.{part} ], do: [ squish ] }}"),
            None => format!("$name_parts.{part}"),
        };
        let unsure = vec![unsure.to_owned()];
        match guess.claims.iter_mut().find(|claim| claim.name == name) {
            Some(claim) => (claim.whole, claim.unsure) = (Some(whole), unsure),
            None => guess.claims.push(Claim { name, whole: Some(whole), unsure, ..Claim::default() }),
        }
    }
}

/// The second line of an address.
fn lines_of_street(guess: &mut Guess, profile: &Profile, taken: &mut BTreeSet<usize>) {
    const SECOND: [&str; 6] = ["address2", "addressline2", "street2", "line2", "streetline2", "streetaddress2"];
    let Some(claim) = guess.claims.iter_mut().find(|claim| claim.name == "address.street_address") else { return };
    let Some(field) = claim.fields.first().and_then(|at| profile.fields.get(*at)) else { return };
    let is_beside = |other: &Field| {
        let parents = |field: &Field| field.path.split_last().map(|(_, parents)| parents.to_vec());
        other.root == field.root && parents(other) == parents(field)
    };
    let is_second =
        |other: &Field| variants(other.name()).iter().any(|variant| SECOND.contains(&variant.plain.as_str()));
    let found = free(profile, taken).into_iter().find(|(_, other)| is_beside(other) && is_second(other));
    if let Some((at, second)) = found {
        let (first, second) = (first_of(field), first_of(second));
        claim.whole = Some(format!("{{ value: [ {first}, {second} ], do: [ compact, join: \"\\n\" ] }}"));
        claim.fields.push(at);
        taken.insert(at);
    }
}

/// Flags that say what customers agreed to.
fn consents(guess: &mut Guess, profile: &Profile, taken: &mut BTreeSet<usize>) {
    const WORDS: [&str; 9] =
        ["newsletter", "marketing", "optin", "subscribed", "consent", "gdpr", "accepted", "agreed", "termsaccepted"];
    let is_consent = |field: &Field| {
        let words = words(field.name());
        let ends = words.concat();
        words.iter().any(|word| WORDS.contains(&word.as_str())) || ends.ends_with("optin")
    };
    let mut entries = Vec::new();
    for (at, field) in free(profile, taken) {
        let is_flag = are_flags(&field.texts) && field.lists == 0 && field.root == Root::Record;
        if !is_flag || !is_consent(field) {
            continue;
        }
        let id = words(field.name()).join("_");
        let reference = scalar(&field.reference());
        let granted = if field.booleans == field.texts.len() {
            reference
        } else {
            let name = format!("granted_{}", entries.len() + 1);
            guess.lets.push((name.clone(), format!("{{ from: {reference}, do: [ {} ] }}", to_boolean(&field.texts))));
            format!("${name}")
        };
        entries.push(format!("{{ id: {}, granted: {granted} }}", scalar(&id)));
        taken.insert(at);
    }
    if !entries.is_empty() {
        let whole = format!("{{ value: [ {} ], where: {{ $item.granted: present }} }}", entries.join(", "));
        guess.claims.push(Claim { name: "consents", whole: Some(whole), ..Claim::default() });
    }
}
