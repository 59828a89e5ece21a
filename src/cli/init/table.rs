//! Lists of objects, such as addresses: which element to take, and what its members contain.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::names::singular;
use super::profile::{MAX_TEXTS, member, text_of};
use super::values::is_yes;
use super::words::plain;

/// Kinds of phone numbers that customers carry with them.
const MOBILE: [&str; 5] = ["mobile", "cell", "mobil", "handy", "cellphone"];

/// Maximum number of members of a list of objects.
const MAX_MEMBERS: usize = 200;

/// A list of objects, such as addresses or roles.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    pub path: Vec<String>,
    /// The working value that is one of its elements: the primary one, or the first.
    pub working: String,
    /// How many records have elements.
    pub filled: usize,
    /// Whether one of the lists has more than one element.
    pub is_long: bool,
    /// The members that hold text, numbers or flags, with some of their texts.
    pub members: BTreeMap<String, Vec<String>>,
    /// The flag that tells the primary element, with the words that say yes.
    pub primary: Option<(String, BTreeSet<String>)>,
    /// Members that are lists of text.
    pub lists: BTreeSet<String>,
}

impl Table {
    /// The list as a reference.
    pub fn reference(&self) -> String {
        self.path.iter().fold("$".to_owned(), |text, name| member(&text, name))
    }

    /// Its own name, in lower case without separators.
    pub fn plain(&self) -> String {
        plain(self.path.last().map_or("", String::as_str))
    }

    /// The first of these members that it has.
    pub fn member(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|wanted| self.members.keys().find(|have| plain(have) == *wanted)).map(String::as_str)
    }

    /// The member that tells the element to take, with its words: the primary one, of phone numbers the mobile one.
    pub fn preferred(&self) -> Option<(String, BTreeSet<String>)> {
        if self.primary.is_some() {
            return self.primary.clone();
        }
        let kind = self.member(&["type", "kind", "label", "usage"])?.to_owned();
        let is_mobile = |text: &&String| MOBILE.contains(&text.trim().to_ascii_lowercase().as_str());
        let words: BTreeSet<String> = self.members.get(&kind)?.iter().filter(is_mobile).cloned().collect();
        let is_phones = ["phone", "phonenumber", "telephone", "telephonenumber"].contains(&singular(&self.plain()));
        (is_phones && !words.is_empty()).then_some((kind, words))
    }

    /// Adds the elements of one record.
    pub fn add(&mut self, items: &[Json]) {
        const PRIMARY: [&str; 8] =
            ["primary", "isprimary", "default", "isdefault", "preferred", "defaultbilling", "ismain", "main"];
        self.filled += 1;
        self.is_long |= items.len() > 1;
        for (name, value) in items.iter().filter_map(Json::as_object).flatten() {
            match value {
                Json::Array(inner) if inner.iter().all(Json::is_string) && !inner.is_empty() => {
                    self.lists.insert(name.clone());
                }
                Json::String(_) | Json::Number(_) | Json::Bool(_)
                    if self.members.len() < MAX_MEMBERS || self.members.contains_key(name) =>
                {
                    let text = text_of(Some(value));
                    if PRIMARY.contains(&plain(name).as_str()) && is_yes(&text) {
                        let (flag, words) = self.primary.get_or_insert_with(|| (name.clone(), BTreeSet::new()));
                        if flag == name {
                            words.insert(text.clone());
                        }
                    }
                    let texts = self.members.entry(name.clone()).or_default();
                    if texts.len() < MAX_TEXTS && !text.trim().is_empty() {
                        texts.push(text);
                    }
                }
                _ => {}
            }
        }
    }
}
