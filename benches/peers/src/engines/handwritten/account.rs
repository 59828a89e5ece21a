//! The account, borrowed from the record where it says the same.

use std::borrow::Cow;

use serde::{Serialize, Serializer};

use super::dates::{self, Day, Moment};
use super::record::{Record, Text};
use super::text::{flag, lower, mail, phone, present};

/// The account.
#[derive(Debug, Serialize)]
pub struct Account<'a> {
    #[serde(serialize_with = "external_id")]
    external_id: u64,
    username: Cow<'a, str>,
    email: Contact<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<Contact<String>>,
    name: Name<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gender: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    birthdate: Option<Day>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locale: Option<&'static str>,
    zoneinfo: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    website: Option<&'a str>,
    address: Address<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_login_at: Option<Moment>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    roles: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "tags")]
    tags: Option<&'a str>,
    custom: Custom<'a>,
}

#[derive(Debug, Serialize)]
struct Contact<T> {
    value: T,
    verified: bool,
}

#[derive(Debug, Serialize)]
struct Name<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    full: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    given: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    family: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nickname: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Address<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    street_address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locality: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    postal_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct Custom<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    orders: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    company: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    newsletter: Option<bool>,
}

fn external_id<S: Serializer>(id: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("shop:{id}"))
}

fn tags<S: Serializer>(tags: &Option<&str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(tags.unwrap_or_default().split(',').map(str::trim))
}

/// The account of a record whose name is `full`; nothing without a login and a mail address.
pub fn of<'a>(record: &'a Record<'_>, full: Option<&'a str>) -> Option<Account<'a>> {
    let Record { contact, person, address, dates, .. } = record;
    let verified = |word: Option<&Text<'_>>| present(word).and_then(flag).unwrap_or(false);
    let halves = full.and_then(|full| full.rsplit_once(' '));
    let nickname = [&person.nick, &person.alias, &record.login].into_iter().find_map(|name| present(name.as_ref()));
    Some(Account {
        external_id: record.id,
        username: lower(present(record.login.as_ref())?.trim()),
        email: Contact { value: mail(present(contact.mail.as_ref())?)?, verified: verified(contact.mail_ok.as_ref()) },
        phone: present(contact.phone.as_ref())
            .and_then(phone)
            .map(|value| Contact { value, verified: verified(contact.phone_ok.as_ref()) }),
        name: Name { full, given: halves.map(|(given, _)| given), family: halves.map(|(_, family)| family), nickname },
        gender: present(person.sex.as_ref()).and_then(gender),
        birthdate: present(person.born.as_ref()).and_then(dates::day),
        locale: present(person.language.as_ref()).and_then(locale),
        zoneinfo: present(person.zone.as_ref()).unwrap_or("Europe/Berlin"),
        website: present(contact.web.as_ref()),
        address: Address {
            street_address: present(address.street.as_ref()),
            locality: present(address.city.as_ref()),
            postal_code: present(address.zip.as_ref()),
            country: present(address.country.as_ref()).and_then(country),
        },
        status: present(record.state.as_ref()).and_then(status),
        created_at: present(dates.created.as_ref()).and_then(dates::moment),
        updated_at: present(dates.changed.as_ref()).and_then(dates::moment),
        last_login_at: present(dates.seen.as_ref()).and_then(dates::epoch),
        roles: roles(&record.groups),
        tags: present(record.tags.as_ref()),
        custom: custom(record),
    })
}

fn custom<'a>(record: &'a Record<'_>) -> Custom<'a> {
    let business = present(record.kind.as_ref()) == Some("business");
    Custom {
        orders: present(record.stats.orders.as_ref()).and_then(|orders| orders.parse().ok()),
        company: present(record.company.name.as_ref()).filter(|_| business),
        newsletter: present(record.flags.newsletter.as_ref()).and_then(flag),
    }
}

fn roles(groups: &[Text<'_>]) -> Vec<&'static str> {
    let mut roles = Vec::with_capacity(groups.len());
    for role in groups.iter().filter_map(|group| role(group.as_str())) {
        if !roles.contains(&role) {
            roles.push(role);
        }
    }
    roles
}

fn role(group: &str) -> Option<&'static str> {
    Some(match group {
        "cust" => "customer",
        "vip" => "vip",
        "adm" => "admin",
        "sup" => "support",
        _ => return None,
    })
}

fn gender(letter: &str) -> Option<&'static str> {
    Some(match letter {
        "m" => "male",
        "f" => "female",
        "o" => "other",
        _ => return None,
    })
}

fn locale(language: &str) -> Option<&'static str> {
    Some(match language {
        "german" => "de-DE",
        "french" => "fr-FR",
        "spanish" => "es-ES",
        "english" => "en-GB",
        _ => return None,
    })
}

fn country(name: &str) -> Option<&'static str> {
    Some(match name {
        "Germany" => "DE",
        "Austria" => "AT",
        "France" => "FR",
        "Spain" => "ES",
        "Poland" => "PL",
        _ => return None,
    })
}

fn status(code: &str) -> Option<&'static str> {
    Some(match code {
        "A" => "active",
        "B" => "disabled",
        "L" => "locked",
        _ => return None,
    })
}
