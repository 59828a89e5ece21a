//! Profiles sample records: how often each field has a value, and what kinds of values it has.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json};

use super::names::singular;
use super::table::Table;
use super::words::{is_wrapper, plain};
use super::yaml::{quoted, scalar};

/// How deep objects are entered. Profiles nest three levels (`profile.address.city`); deeper parts are listed as objects.
const MAX_DEPTH: usize = 5;

/// Maximum number of fields. Stops exports whose keys are ids; real profiles have a few hundred fields.
const MAX_FIELDS: usize = 2000;

/// Maximum number of texts of one field that are kept for guessing.
pub(super) const MAX_TEXTS: usize = 300;

/// Pairs of member names in lists of keys and values.
const ROWS: [(&str, &str); 10] = [
    ("meta_key", "meta_value"),
    ("Name", "Value"),
    ("name", "value"),
    ("key", "value"),
    ("Key", "Value"),
    ("attribute_id", "value"),
    ("attribute_code", "value"),
    ("field", "value"),
    ("k", "v"),
    ("type", "value"),
];

/// Lists of contacts, without a plural. Their kinds are no names of attributes, although each may be there once.
const CONTACTS: [&str; 10] =
    ["email", "mail", "emailaddress", "phone", "phonenumber", "telephone", "photo", "address", "im", "url"];

/// Words in CSV files of databases that stand for no value.
const NULLS: [&str; 3] = ["NULL", "\\N", "(null)"];

/// Maximum number of working values.
const MAX_WORKINGS: usize = 200;

/// Maximum number of lists of objects.
const MAX_TABLES: usize = 100;

/// Where a field is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Root {
    /// In the record.
    Record,
    /// In the working value of this name.
    Let(String),
}

/// A working value that makes further fields readable.
#[derive(Debug, Clone)]
pub(super) struct Working {
    pub name: String,
    /// What it reads.
    pub from: String,
    /// What makes it from there, in words of the rule language.
    pub step: String,
    /// The rule: everything behind the name.
    pub body: String,
    /// The working value that it reads, if it reads one.
    pub needs: Option<String>,
}

/// A field of the records.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub root: Root,
    pub path: Vec<String>,
    /// How many records have a value in this field.
    pub filled: usize,
    /// Texts of its values, or of the elements of its lists.
    pub texts: Vec<String>,
    pub booleans: usize,
    pub numbers: usize,
    /// How many values are lists of scalars.
    pub lists: usize,
    /// Whether one of the lists has more than one element.
    pub is_long: bool,
    /// How many values are lists of objects, or objects too deep to enter.
    pub objects: usize,
    /// How many values are dates as MongoDB writes them: `{ "$date": … }`.
    pub dates: usize,
    /// Words that stand for no value, such as the `NULL` of a database in a CSV file.
    pub nulls: BTreeSet<String>,
    /// Whether some of its texts have an apostrophe before them, as spreadsheets write it.
    pub has_apostrophes: bool,
    /// How many values are bytes as LDIF has them: `{ base64: … }`.
    pub bytes: usize,
}

/// The fields of sample records.
#[derive(Debug, Default)]
pub(super) struct Profile {
    pub records: usize,
    pub fields: Vec<Field>,
    pub workings: Vec<Working>,
    pub tables: Vec<Table>,
}

impl Field {
    /// The field as a reference.
    pub fn reference(&self) -> String {
        let root = match &self.root {
            Root::Record => "$".to_owned(),
            Root::Let(name) => format!("${name}"),
        };
        self.path.iter().fold(root, |text, name| member(&text, name))
    }

    /// The last name of the path, without those that MongoDB writes around a value.
    pub fn name(&self) -> &str {
        self.path.iter().rev().find(|name| !is_wrapper(name)).map_or("", String::as_str)
    }

    /// Whether every value is different from the others.
    pub fn is_unique(&self) -> bool {
        let different: BTreeSet<&String> = self.texts.iter().collect();
        !self.texts.is_empty() && different.len() == self.texts.len()
    }
}

/// A reference to a member (RFC 9535, 2.3.1.1 and 2.5.1.1).
pub(super) fn member(text: &str, name: &str) -> String {
    let is_plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_plain {
        return format!("{text}.{name}");
    }
    format!("{text}['{}']", name.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// Profiles records, given as JSON texts.
pub(super) fn profile(records: &[String]) -> Profile {
    let parsed: Vec<Json> = records.iter().filter_map(|record| serde_json::from_str(record).ok()).collect();
    let mut profile = Profile { records: parsed.len(), ..Profile::default() };
    for record in &parsed {
        profile.enter(&Root::Record, &mut Vec::new(), record);
    }
    profile.finish();
    profile
}

/// The value that MongoDB's Extended JSON or an LDIF export writes as an object with one member, and the name of the member.
fn wrapped(members: &Map<String, Json>) -> Option<(&str, &Json)> {
    let (mut all, only) = (members.iter(), members.len() == 1);
    let (name, value) = all.next().filter(|_| only)?;
    is_wrapper(name).then_some((name.as_str(), value))
}

/// Whether an element of a list is text, or bytes as LDIF has them.
fn is_bytes_or_text(item: &Json) -> bool {
    match item {
        Json::Object(members) => matches!(wrapped(members), Some(("base64", _))),
        other => !other.is_array(),
    }
}

impl Profile {
    fn enter(&mut self, root: &Root, path: &mut Vec<String>, value: &Json) {
        match value {
            Json::Null => {}
            Json::Object(members) if wrapped(members).is_some() => match wrapped(members) {
                Some(("$date" | "base64", _)) | None => self.note(root, path, value),
                Some((name, inner)) => {
                    path.push(name.to_owned());
                    self.note(root, path, inner);
                    path.pop();
                }
            },
            Json::Object(members) if path.len() < MAX_DEPTH => {
                for (name, value) in members {
                    path.push(name.clone());
                    self.enter(root, path, value);
                    path.pop();
                }
            }
            Json::Array(items) if items.is_empty() => {}
            Json::Array(items) if items.iter().all(is_bytes_or_text) => self.note(root, path, value),
            Json::Array(items) if items.iter().all(Json::is_object) => self.list(root, path, items, value),
            Json::String(text) if text.trim().is_empty() => {}
            Json::String(text) if text.starts_with('{') => match serde_json::from_str::<Json>(text) {
                // not in what is JSON in JSON already
                Ok(inner @ Json::Object(_)) if !self.is_json(root) && self.has_room(root, path) => {
                    let working = self.parsed(root, path, "parse_json".to_owned());
                    self.enter(&Root::Let(working), &mut Vec::new(), &inner);
                }
                _ => self.note(root, path, value),
            },
            Json::String(text) if NULLS.contains(&text.trim()) => self.note_null(root, path, text),
            _ => self.note(root, path, value),
        }
    }

    /// Notes a word that stands for no value.
    fn note_null(&mut self, root: &Root, path: &[String], text: &str) {
        if let Some(field) = self.field(root, path) {
            field.nulls.insert(text.to_owned());
        }
    }

    /// A list of objects: rows of keys and values, or something that a person must look at.
    fn list(&mut self, root: &Root, path: &[String], items: &[Json], value: &Json) {
        let is_scalar = |json: Option<&Json>| json.is_some_and(|json| !json.is_object() && !json.is_array());
        let name = plain(path.last().map_or("", String::as_str));
        let is_contact = CONTACTS.contains(&singular(&name));
        let rows = ROWS.iter().filter(|_| !is_contact).find(|(key, value)| {
            items.iter().all(|item| {
                let members = item.as_object().map_or(0, Map::len);
                is_scalar(item.get(key)) && item.get(value).is_some() && (members <= 4 || *key == "meta_key")
            })
        });
        let keys: BTreeSet<String> =
            rows.iter().flat_map(|(key, _)| items.iter().map(move |i| text_of(i.get(key)))).collect();
        match rows {
            // rows of contacts such as `{type: home, value: …}` may repeat a key; those are not attributes
            Some((key, row_value))
                if keys.len() == items.len() && matches!(root, Root::Record) && self.has_room(root, path) =>
            {
                let working = self.parsed(root, path, format!("pivot: {{ key: {key}, value: {row_value} }}"));
                let root = Root::Let(working);
                for item in items {
                    let mut path = vec![text_of(item.get(key))];
                    self.enter(&root, &mut path, item.get(row_value).unwrap_or(&Json::Null));
                }
            }
            _ if matches!(root, Root::Record) && path.len() < MAX_DEPTH && !items.is_empty() => self.table(path, items),
            _ => self.note(root, path, value),
        }
    }

    /// A list of objects that are alike: one of them is entered.
    fn table(&mut self, path: &[String], items: &[Json]) {
        let at = self.tables.iter().position(|table| table.path == path);
        if at.is_none() && self.tables.len() >= MAX_TABLES {
            return;
        }
        let at = at.unwrap_or_else(|| {
            let name = path.last().map_or("", String::as_str);
            let name = self.free_name(singular(name), "one_");
            self.workings.push(Working {
                name: name.clone(),
                from: field_at(&Root::Record, path).reference(),
                step: "first".to_owned(),
                body: String::new(),
                needs: None,
            });
            self.tables.push(Table { path: path.to_vec(), working: name, ..Table::default() });
            self.tables.len() - 1
        });
        let Some(table) = self.tables.get_mut(at) else { return };
        table.add(items);
        let preferred = table.preferred();
        let is_primary =
            |item: &&Json| preferred.as_ref().is_some_and(|(name, words)| words.contains(&text_of(item.get(name))));
        let one = items.iter().find(is_primary).or(items.first());
        let root = Root::Let(table.working.clone());
        if let Some(one) = one {
            self.enter(&root, &mut Vec::new(), one);
        }
    }

    /// The working value for a place that a step makes readable.
    fn parsed(&mut self, root: &Root, path: &[String], step: String) -> String {
        let from = field_at(root, path).reference();
        if let Some(known) = self.workings.iter().find(|working| working.from == from) {
            return known.name.clone();
        }
        let name = self.free_name(path.last().map_or("", String::as_str), "");
        let body = format!("{{ from: {}, do: [ {step} ] }}", scalar(&from));
        let needs = match root {
            Root::Record => None,
            Root::Let(name) => Some(name.clone()),
        };
        self.workings.push(Working { name: name.clone(), from, step, body, needs });
        name
    }

    /// Whether there may be a working value for a place.
    fn has_room(&self, root: &Root, path: &[String]) -> bool {
        let from = field_at(root, path).reference();
        self.workings.len() < MAX_WORKINGS || self.workings.iter().any(|working| working.from == from)
    }

    /// Whether a root is a working value that was JSON inside a text.
    fn is_json(&self, root: &Root) -> bool {
        let Root::Let(name) = root else { return false };
        self.workings.iter().any(|working| working.name == *name && working.step == "parse_json")
    }

    /// A name for a working value that no other one has.
    fn free_name(&self, like: &str, prefix: &str) -> String {
        let name: String = like.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        let name = name.to_ascii_lowercase();
        let taken = ["params", "account", "facts", "item", "index", "key", "made"];
        let is_taken = |name: &str| taken.contains(&name) || self.workings.iter().any(|working| working.name == name);
        let is_name = |name: &str| name.starts_with(|c: char| c.is_ascii_alphabetic()) && !is_taken(name);
        let prefixed = format!("{prefix}{name}");
        [name, prefixed].into_iter().find(|name| is_name(name)).unwrap_or_else(|| {
            (1..).map(|number| format!("working_{number}")).find(|name| !is_taken(name)).unwrap_or_default()
        })
    }

    /// Writes the rules of the working values of tables, when all records are known.
    fn finish(&mut self) {
        for table in &self.tables {
            let reference = table.reference();
            let first = scalar(&format!("{reference}[0]"));
            let Some(at) = self.workings.iter().position(|working| working.name == table.working) else { continue };
            let (body, finder) = match table.preferred().filter(|_| table.is_long) {
                None => (first, None),
                Some((flag, words)) => {
                    let item = scalar(&member("$item", &flag));
                    let words: Vec<String> =
                        words.iter().map(|word| if word == "true" { word.clone() } else { quoted(word) }).collect();
                    let words =
                        if let [word] = words.as_slice() { word.clone() } else { format!("[ {} ]", words.join(", ")) };
                    let name = self.free_name(&format!("primary_{}", table.working), "");
                    let step = format!("find: {{ {item}: {words} }}");
                    let body = format!("{{ from: {}, do: [ {step} ] }}", scalar(&reference));
                    let finder = Working { name: name.clone(), from: reference.clone(), step, body, needs: None };
                    (format!("{{ from: [ ${name}, {first} ] }}"), Some(finder))
                }
            };
            if let Some(working) = self.workings.get_mut(at) {
                working.body = body;
                working.needs = finder.as_ref().map(|finder| finder.name.clone());
            }
            if let Some(finder) = finder {
                self.workings.insert(at, finder);
            }
        }
    }

    fn note(&mut self, root: &Root, path: &[String], value: &Json) {
        if let Some(field) = self.field(root, path) {
            field.filled += 1;
            field.add(value);
        }
    }

    /// The field at a place; `None` if there are too many.
    fn field(&mut self, root: &Root, path: &[String]) -> Option<&mut Field> {
        let at = self.fields.iter().position(|field| field.root == *root && field.path == path);
        if at.is_none() && self.fields.len() >= MAX_FIELDS {
            return None;
        }
        let at = at.unwrap_or_else(|| {
            self.fields.push(field_at(root, path));
            self.fields.len() - 1
        });
        self.fields.get_mut(at)
    }
}

impl Field {
    fn add(&mut self, value: &Json) {
        match value {
            Json::Array(items) if !items.iter().all(is_bytes_or_text) => self.objects += 1,
            Json::Array(items) => {
                self.lists += 1;
                self.is_long |= items.len() > 1;
                items.iter().for_each(|item| self.add_scalar(item));
            }
            Json::Object(members) => match wrapped(members) {
                Some(("$date", inner)) => {
                    self.dates += 1;
                    self.keep(text_of(Some(inner)));
                }
                Some(("base64", _)) => self.add_scalar(value),
                _ => self.objects += 1,
            },
            scalar => self.add_scalar(scalar),
        }
    }

    fn add_scalar(&mut self, value: &Json) {
        match value {
            Json::Bool(_) => self.booleans += 1,
            Json::Number(_) => self.numbers += 1,
            Json::Object(members) => {
                self.bytes += 1;
                let text = members.values().next().map_or_else(String::new, |text| text_of(Some(text)));
                // a password is text behind its base64
                let decoded = STANDARD.decode(&text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
                return self.keep(decoded.unwrap_or(text));
            }
            _ => {}
        }
        self.keep(text_of(Some(value)));
    }

    fn keep(&mut self, text: String) {
        // a spreadsheet writes `'007`, so that nobody takes it for a number
        let bare = text.strip_prefix('\'').filter(|bare| !bare.ends_with('\''));
        self.has_apostrophes |= bare.is_some();
        let text = bare.map_or(text.clone(), str::to_owned);
        if self.texts.len() < MAX_TEXTS && !text.trim().is_empty() {
            self.texts.push(text);
        }
    }
}

fn field_at(root: &Root, path: &[String]) -> Field {
    Field {
        root: root.clone(),
        path: path.to_vec(),
        filled: 0,
        texts: Vec::new(),
        booleans: 0,
        numbers: 0,
        lists: 0,
        is_long: false,
        objects: 0,
        dates: 0,
        bytes: 0,
        nulls: BTreeSet::new(),
        has_apostrophes: false,
    }
}

pub(super) fn text_of(value: Option<&Json>) -> String {
    match value {
        Some(Json::String(text)) => text.clone(),
        Some(Json::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(record: &str) -> Vec<String> {
        profile(&[record.to_owned()]).fields.iter().map(Field::reference).collect()
    }

    #[test]
    fn fields_are_found_in_objects_rows_and_json_texts() {
        for (record, wanted) in [
            (r#"{"a": {"b-c": 1, "d": null}}"#, vec!["$.a['b-c']"]),
            (r#"{"m": [{"meta_key": "x", "meta_value": "1"}]}"#, vec!["$m.x"]),
            (r#"{"a": [{"type": "home", "value": 1}, {"type": "home", "value": 2}]}"#, vec!["$a.type", "$a.value"]),
            (r#"{"mails": [{"to": "a"}, {"to": "b", "primary": true}]}"#, vec!["$mail.primary", "$mail.to"]),
            (r#"{"_id": {"$oid": "5f"}, "at": {"$date": "2020-01-01T00:00:00Z"}}"#, vec!["$._id['$oid']", "$.at"]),
            (r#"{"objectGUID": [{"base64": "AAA="}]}"#, vec!["$.objectGUID"]),
            (r#"{"p": "{\"tz\": \"UTC\"}", "e": ""}"#, vec!["$p.tz"]),
            (r#"{"it's": [1]}"#, vec!["$['it\\'s']"]),
        ] {
            assert_eq!(fields(record), wanted, "{record}");
        }
    }
}
