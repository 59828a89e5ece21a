//! What a team writes over a tree of `serde_json` values with regexes. Three engines share it; they differ in how they find a
//! field.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use regex::Regex;
use serde_json::{Map, Value, json};

/// A field of the record.
#[derive(Debug, Clone, Copy)]
pub enum Field {
    Id,
    Login,
    Mail,
    MailOk,
    Phone,
    PhoneOk,
    Web,
    Name,
    Nick,
    Alias,
    Sex,
    Born,
    Language,
    Zone,
    Street,
    City,
    Zip,
    Country,
    State,
    Created,
    Changed,
    Seen,
    Groups,
    Tags,
    Orders,
    Kind,
    Company,
    Newsletter,
}

/// Where the fields are, in their order.
pub const PATHS: [&str; 28] = [
    "$.id",
    "$.login",
    "$.contact.mail",
    "$.contact.mail_ok",
    "$.contact.phone",
    "$.contact.phone_ok",
    "$.contact.web",
    "$.person.name",
    "$.person.nick",
    "$.person.alias",
    "$.person.sex",
    "$.person.born",
    "$.person.language",
    "$.person.zone",
    "$.address.street",
    "$.address.city",
    "$.address.zip",
    "$.address.country",
    "$.state",
    "$.dates.created",
    "$.dates.changed",
    "$.dates.seen",
    "$.groups",
    "$.tags",
    "$.stats.orders",
    "$.kind",
    "$.company.name",
    "$.flags.newsletter",
];

type Table = HashMap<&'static str, &'static str>;

/// Regexes and tables, made once.
pub struct Mapping {
    mail: Regex,
    blanks: Regex,
    phone_signs: Regex,
    phone: Regex,
    states: Table,
    countries: Table,
    languages: Table,
    roles: Table,
    genders: Table,
}

impl Default for Mapping {
    fn default() -> Self {
        let regex = |pattern| Regex::new(pattern).expect("a regex");
        Self {
            mail: regex(r"^[^@\s]+@[^@\s]+\.[^@\s]+$"),
            blanks: regex(r"\s+"),
            phone_signs: regex(r"[\s()./-]"),
            phone: regex(r"^\+[1-9][0-9]{6,14}$"),
            states: Table::from([("A", "active"), ("B", "disabled"), ("L", "locked")]),
            countries: Table::from([
                ("Germany", "DE"),
                ("Austria", "AT"),
                ("France", "FR"),
                ("Spain", "ES"),
                ("Poland", "PL"),
            ]),
            languages: Table::from([
                ("german", "de-DE"),
                ("french", "fr-FR"),
                ("spanish", "es-ES"),
                ("english", "en-GB"),
            ]),
            roles: Table::from([("cust", "customer"), ("vip", "vip"), ("adm", "admin"), ("sup", "support")]),
            genders: Table::from([("m", "male"), ("f", "female"), ("o", "other")]),
        }
    }
}

impl Mapping {
    /// The account of a record; nothing without a mail address.
    pub fn account<'v>(&self, get: impl Fn(Field) -> Option<&'v Value>) -> Option<Value> {
        let text = |field| get(field).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
        let copy = |field| text(field).map(Value::from);
        let lookup = |table: &Table, field| text(field).and_then(|key| table.get(key)).map(|word| Value::from(*word));
        let flag = |field| text(field).and_then(flag).map(Value::Bool);
        let mail = text(Field::Mail)?.trim().to_lowercase();
        if !self.mail.is_match(&mail) {
            return None;
        }

        let mut account = Map::new();
        put(&mut account, "external_id", Some(Value::from(format!("shop:{}", get(Field::Id)?))));
        put(&mut account, "username", text(Field::Login).map(|login| login.trim().to_lowercase().into()));
        put(
            &mut account,
            "email",
            Some(json!({ "value": mail, "verified": flag(Field::MailOk).unwrap_or(false.into()) })),
        );
        if let Some(phone) = text(Field::Phone).and_then(|phone| self.phone(phone)) {
            let verified = flag(Field::PhoneOk).unwrap_or(false.into());
            put(&mut account, "phone", Some(json!({ "value": phone, "verified": verified })));
        }
        put(
            &mut account,
            "name",
            text(Field::Name)
                .map(|name| self.name(name, [Field::Nick, Field::Alias, Field::Login].into_iter().find_map(text))),
        );
        put(&mut account, "gender", lookup(&self.genders, Field::Sex));
        put(&mut account, "birthdate", text(Field::Born).and_then(birthdate).map(Value::from));
        put(&mut account, "locale", lookup(&self.languages, Field::Language));
        put(&mut account, "zoneinfo", Some(text(Field::Zone).unwrap_or("Europe/Berlin").into()));
        put(&mut account, "website", copy(Field::Web));

        let mut address = Map::new();
        put(&mut address, "street_address", copy(Field::Street));
        put(&mut address, "locality", copy(Field::City));
        put(&mut address, "postal_code", copy(Field::Zip));
        put(&mut address, "country", lookup(&self.countries, Field::Country));
        put(&mut account, "address", Some(address.into()));

        put(&mut account, "status", lookup(&self.states, Field::State));
        put(&mut account, "created_at", text(Field::Created).and_then(stored_time).map(Value::from));
        put(&mut account, "updated_at", text(Field::Changed).and_then(stored_time).map(Value::from));
        put(&mut account, "last_login_at", text(Field::Seen).and_then(epoch).map(Value::from));
        put(&mut account, "roles", get(Field::Groups).and_then(Value::as_array).map(|groups| self.roles(groups)));
        put(&mut account, "tags", text(Field::Tags).map(|tags| tags.split(',').map(str::trim).collect()));

        let mut custom = Map::new();
        put(&mut custom, "orders", text(Field::Orders).and_then(|orders| orders.parse::<i64>().ok()).map(Value::from));
        if text(Field::Kind) == Some("business") {
            put(&mut custom, "company", copy(Field::Company));
        }
        put(&mut custom, "newsletter", flag(Field::Newsletter));
        put(&mut account, "custom", Some(custom.into()));
        Some(account.into())
    }

    fn phone(&self, text: &str) -> Option<String> {
        let number = self.phone_signs.replace_all(text, "");
        self.phone.is_match(&number).then(|| number.into_owned())
    }

    fn name(&self, text: &str, nickname: Option<&str>) -> Value {
        let full = self.blanks.replace_all(text.trim(), " ").into_owned();
        let mut name = Map::new();
        if let Some((given, family)) = full.rsplit_once(' ') {
            put(&mut name, "given", Some(given.into()));
            put(&mut name, "family", Some(family.into()));
        }
        put(&mut name, "nickname", nickname.map(Value::from));
        put(&mut name, "full", Some(full.into()));
        name.into()
    }

    fn roles(&self, groups: &[Value]) -> Value {
        let mut roles: Vec<&str> = Vec::new();
        for role in groups.iter().filter_map(Value::as_str).filter_map(|group| self.roles.get(group)) {
            if !roles.contains(role) {
                roles.push(role);
            }
        }
        roles.into()
    }
}

fn put(object: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    if let Some(value) = value {
        object.insert(name.to_owned(), value);
    }
}

fn flag(word: &str) -> Option<bool> {
    match word.trim().to_lowercase().as_str() {
        "1" | "yes" | "true" => Some(true),
        "0" | "no" | "false" => Some(false),
        _ => None,
    }
}

fn birthdate(text: &str) -> Option<String> {
    Date::strptime("%d.%m.%Y", text).ok().map(|date| date.to_string())
}

fn stored_time(text: &str) -> Option<String> {
    let time = DateTime::strptime("%Y-%m-%d %H:%M:%S", text).ok()?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp().to_string())
}

fn epoch(text: &str) -> Option<String> {
    Some(Timestamp::from_second(text.parse().ok()?).ok()?.to_string())
}
