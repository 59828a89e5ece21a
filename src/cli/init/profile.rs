//! Profiles sample records: how often each field has a value, and what kinds of values it has.

use std::collections::BTreeSet;

use serde_json::Value as Json;

/// How deep objects are entered. Profiles nest three levels (`profile.address.city`); deeper parts are listed as objects.
const MAX_DEPTH: usize = 5;

/// Maximum number of fields. Stops exports whose keys are ids; real profiles have a few hundred fields.
const MAX_FIELDS: usize = 2000;

/// Maximum number of texts of one field that are kept for guessing.
const MAX_TEXTS: usize = 300;

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
    /// The step that turns it into an object.
    pub step: String,
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
}

/// The fields of sample records.
#[derive(Debug, Default)]
pub(super) struct Profile {
    pub records: usize,
    pub fields: Vec<Field>,
    pub workings: Vec<Working>,
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

    /// The last name of the path.
    pub fn name(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }
}

/// A reference to a member (RFC 9535, 2.3.1.1 and 2.5.1.1).
fn member(text: &str, name: &str) -> String {
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
    profile
}

impl Profile {
    fn enter(&mut self, root: &Root, path: &mut Vec<String>, value: &Json) {
        match value {
            Json::Null => {}
            Json::Object(members) if path.len() < MAX_DEPTH => {
                for (name, value) in members {
                    path.push(name.clone());
                    self.enter(root, path, value);
                    path.pop();
                }
            }
            Json::Array(items) if items.is_empty() => {}
            Json::Array(items) if items.iter().all(Json::is_object) => self.list(root, path, items, value),
            Json::String(text) if text.trim().is_empty() => {}
            Json::String(text) if text.starts_with('{') => match serde_json::from_str::<Json>(text) {
                Ok(inner @ Json::Object(_)) if matches!(root, Root::Record) => {
                    let working = self.working(root, path, "parse_json".to_owned());
                    self.enter(&Root::Let(working), &mut Vec::new(), &inner);
                }
                _ => self.note(root, path, value),
            },
            _ => self.note(root, path, value),
        }
    }

    /// A list of objects: rows of keys and values, or something that a person must look at.
    fn list(&mut self, root: &Root, path: &[String], items: &[Json], value: &Json) {
        let is_scalar = |json: Option<&Json>| json.is_some_and(|json| !json.is_object() && !json.is_array());
        let rows = ROWS.iter().find(|(key, value)| {
            items.iter().all(|item| {
                let members = item.as_object().map_or(0, serde_json::Map::len);
                is_scalar(item.get(key)) && item.get(value).is_some() && (members <= 4 || *key == "meta_key")
            })
        });
        let keys: BTreeSet<String> =
            rows.iter().flat_map(|(key, _)| items.iter().map(move |i| text_of(i.get(key)))).collect();
        match rows {
            // rows of contacts such as `{type: home, value: …}` may repeat a key; those are not attributes
            Some((key, row_value)) if keys.len() == items.len() && matches!(root, Root::Record) => {
                let working = self.working(root, path, format!("pivot: {{ key: {key}, value: {row_value} }}"));
                let root = Root::Let(working);
                for item in items {
                    let mut path = vec![text_of(item.get(key))];
                    self.enter(&root, &mut path, item.get(row_value).unwrap_or(&Json::Null));
                }
            }
            _ => self.note(root, path, value),
        }
    }

    /// The name of the working value for a place.
    fn working(&mut self, root: &Root, path: &[String], step: String) -> String {
        let from = field_at(root, path).reference();
        if let Some(known) = self.workings.iter().find(|working| working.from == from) {
            return known.name.clone();
        }
        let mut name: String =
            path.last().map_or("", String::as_str).chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        name = name.to_ascii_lowercase();
        let taken = ["params", "account", "facts", "item", "index", "key"];
        let is_taken = |name: &str| taken.contains(&name) || self.workings.iter().any(|working| working.name == name);
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || is_taken(&name) {
            name = format!("working_{}", self.workings.len() + 1);
        }
        self.workings.push(Working { name: name.clone(), from, step });
        name
    }

    fn note(&mut self, root: &Root, path: &[String], value: &Json) {
        let at = self.fields.iter().position(|field| field.root == *root && field.path == path);
        if at.is_none() && self.fields.len() >= MAX_FIELDS {
            return;
        }
        let at = at.unwrap_or_else(|| {
            self.fields.push(field_at(root, path));
            self.fields.len() - 1
        });
        if let Some(field) = self.fields.get_mut(at) {
            field.filled += 1;
            field.add(value);
        }
    }
}

impl Field {
    fn add(&mut self, value: &Json) {
        match value {
            Json::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => self.objects += 1,
            Json::Array(items) => {
                self.lists += 1;
                self.is_long |= items.len() > 1;
                items.iter().for_each(|item| self.add_scalar(item));
            }
            Json::Object(_) => self.objects += 1,
            scalar => self.add_scalar(scalar),
        }
    }

    fn add_scalar(&mut self, value: &Json) {
        match value {
            Json::Bool(_) => self.booleans += 1,
            Json::Number(_) => self.numbers += 1,
            _ => {}
        }
        let text = text_of(Some(value));
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
    }
}

fn text_of(value: Option<&Json>) -> String {
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
            (r#"{"a": [{"type": "home", "value": 1}, {"type": "home", "value": 2}]}"#, vec!["$.a"]),
            (r#"{"p": "{\"tz\": \"UTC\"}", "e": ""}"#, vec!["$p.tz"]),
            (r#"{"it's": [1]}"#, vec!["$['it\\'s']"]),
        ] {
            assert_eq!(fields(record), wanted, "{record}");
        }
    }
}
