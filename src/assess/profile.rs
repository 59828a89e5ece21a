//! What the fields of the records contain, as a tree of their names.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::document::Field;
use super::secret::{Hidden, Role, is_secret, role};
use super::stats::{Buffers, KINDS, Stats};
use super::text::FORMATS;
use crate::engine::capture::member_path;
use crate::model::Value;

/// How deep objects and lists are entered. Real profiles nest five levels.
const MAX_DEPTH: usize = 10;

/// Different members of a record. Stops records whose keys are data; exports have a few hundred columns.
const MAX_MEMBERS: usize = 1000;

/// Fields below one member of a record. Stops objects whose keys are data, such as tokens by session.
const MAX_BELOW: usize = 200;

/// What the fields of records contain.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Profile {
    root: Node,
    #[serde(skip)]
    buffers: Buffers,
}

/// A field and what is below it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Node {
    stats: Stats,
    /// Whether it has too many members to list.
    is_wide: bool,
    members: Vec<(Box<str>, Node)>,
    /// The elements of its lists.
    elements: Option<Box<Node>>,
    /// Whether its name or place, or that of a field around it, says that it contains secrets.
    is_named_secret: bool,
    /// What is hidden in it.
    #[serde(skip)]
    hidden: Hidden,
    /// What it is in a row of keys and values.
    #[serde(skip)]
    role: Role,
    /// Whether it stands for the elements of a list.
    #[serde(skip)]
    is_element: bool,
    #[serde(skip)]
    index: FxHashMap<Box<str>, usize>,
}

impl Profile {
    /// The profile of records in which places are hidden.
    pub(super) fn hiding(hidden: Hidden) -> Self {
        let is_named_secret = hidden.secret.is_whole();
        Self { root: Node { hidden, is_named_secret, ..Node::default() }, buffers: Buffers::default() }
    }

    /// Counts the fields of a record.
    pub(super) fn count(&mut self, record: Value<'_>, number: u64) {
        let Value::Object(members) = record else { return };
        if !self.root.is_wide {
            self.root.hide_in_row(members, &mut self.buffers);
        }
        for (at, (name, value)) in members.iter().enumerate() {
            if self.root.is_wide {
                return;
            }
            let Some(node) = self.root.member(name, at, &mut self.buffers) else { continue };
            self.buffers.has_new_field = false;
            node.count(*value, number, 1, &mut self.buffers);
            if self.buffers.has_new_field {
                node.bound();
            }
            if self.root.members.len() > MAX_MEMBERS {
                self.root.cut();
            }
        }
    }

    /// Adds the fields of another part.
    pub(super) fn merge(&mut self, other: Self) {
        self.root.merge(other.root, &mut self.buffers);
        self.root.members.iter_mut().for_each(|(_, node)| node.bound());
        if self.root.members.len() > MAX_MEMBERS {
            self.root.cut();
        }
    }

    /// All fields in the order of their paths, as if the rules read them.
    pub(super) fn fields(&self, shows_values: bool) -> Vec<Field> {
        let mut fields = BTreeMap::new();
        if self.root.is_wide {
            fields.insert("$".to_owned(), self.root.field("$", shows_values));
        }
        for (name, node) in &self.root.members {
            node.fields(&member_path("$", name), shows_values, &mut fields);
        }
        fields.into_values().collect()
    }
}

impl Node {
    /// The member with a name, which is made if it is new; `at` is where it probably is.
    fn member(&mut self, name: &str, at: usize, buffers: &mut Buffers) -> Option<&mut Self> {
        let at = match self.members.get(at) {
            Some((known, _)) if **known == *name => at,
            _ => match self.place(name) {
                Some(at) => at,
                None => self.new_member(name, buffers),
            },
        };
        self.members.get_mut(at).map(|(_, node)| node)
    }

    /// Where a member is. A partial result that was read has no index yet.
    fn place(&mut self, name: &str) -> Option<usize> {
        if self.index.len() < self.members.len() {
            self.index = self.members.iter().enumerate().map(|(at, (name, _))| (name.clone(), at)).collect();
        }
        self.index.get(name).copied()
    }

    fn new_member(&mut self, name: &str, buffers: &mut Buffers) -> usize {
        buffers.has_new_field = true;
        let node = Self { role: role(name), ..self.inner(self.hidden.in_member(name), is_secret(name)) };
        self.members.push((name.into(), node));
        self.index.insert(name.into(), self.members.len() - 1);
        self.members.len() - 1
    }

    /// The node of the elements.
    fn new_elements(&self) -> Box<Self> {
        Box::new(Self { is_element: true, ..self.inner(self.hidden.in_element(), false) })
    }

    /// A field inside of this one. What is inside of a secret is secret, whatever its name is.
    fn inner(&self, hidden: Hidden, is_secret: bool) -> Self {
        let is_named_secret = is_secret || self.is_named_secret || hidden.secret.is_whole();
        let mut stats = if is_named_secret { Stats::of_secret() } else { Stats::default() };
        if hidden.ignored.is_whole() {
            stats.ignore();
        }
        Self { stats, is_named_secret, hidden, ..Self::default() }
    }

    /// Hides the field and what is inside of it.
    fn hide(&mut self) {
        if self.is_named_secret {
            return;
        }
        self.is_named_secret = true;
        self.stats.hide();
        self.members.iter_mut().for_each(|(_, node)| node.hide());
        self.elements.iter_mut().for_each(|node| node.hide());
    }

    /// If an object is a row of keys and values whose key is the name of a secret, hides its value: in a list all other
    /// members, otherwise those whose name says that they are the value.
    fn hide_in_row(&mut self, members: &[(&str, Value<'_>)], buffers: &mut Buffers) {
        let is_element = self.is_element;
        let mut has_open_value = false;
        for (at, (name, _)) in members.iter().enumerate() {
            let Some(node) = self.member(name, at, buffers) else { continue };
            has_open_value |= (is_element || node.role == Role::Value) && !node.is_named_secret;
        }
        // most objects are no rows, and need no look at their texts
        if !has_open_value {
            return;
        }
        let mut is_secret = false;
        for (at, (name, value)) in members.iter().enumerate() {
            let Some(node) = self.member(name, at, buffers) else { continue };
            is_secret |= node.role == Role::Key && is_secret_key(*value, buffers);
        }
        if !is_secret {
            return;
        }
        for (at, (name, value)) in members.iter().enumerate() {
            let Some(node) = self.member(name, at, buffers) else { continue };
            let is_value = node.role == Role::Value || is_element;
            if is_value && !(node.role == Role::Key && is_secret_key(*value, buffers)) {
                node.hide();
            }
        }
    }

    fn count(&mut self, value: Value<'_>, number: u64, depth: usize, buffers: &mut Buffers) {
        self.stats.count(value, number, buffers);
        if self.is_wide || depth == MAX_DEPTH {
            return;
        }
        match value {
            Value::Object(members) => {
                self.hide_in_row(members, buffers);
                for (at, (name, value)) in members.iter().enumerate() {
                    if let Some(node) = self.member(name, at, buffers) {
                        node.count(*value, number, depth + 1, buffers);
                    }
                }
            }
            Value::List(items) if !items.is_empty() => {
                if self.elements.is_none() {
                    buffers.has_new_field = true;
                    self.elements = Some(self.new_elements());
                }
                let Some(elements) = &mut self.elements else { return };
                // a row as a pair
                if self.is_element && items.len() == 2 && items.first().is_some_and(|key| is_secret_key(*key, buffers))
                {
                    elements.hide();
                }
                items.iter().for_each(|item| elements.count(*item, number, depth + 1, buffers));
            }
            _ => {}
        }
    }

    /// The number of fields below.
    fn below(&self) -> usize {
        let members = self.members.iter().map(|(_, node)| 1 + node.below()).sum::<usize>();
        members + self.elements.as_ref().map_or(0, |node| 1 + node.below())
    }

    /// Drops what is below a member of the record if it is too much. Whether it is depends only on the names in all records,
    /// and not on their order.
    fn bound(&mut self) {
        if self.below() > MAX_BELOW {
            self.cut();
        }
    }

    /// Drops what is below, for good.
    fn cut(&mut self) {
        self.is_wide = true;
        self.members = Vec::new();
        self.index = FxHashMap::default();
        self.elements = None;
    }

    fn merge(&mut self, other: Self, buffers: &mut Buffers) {
        self.stats.merge(other.stats);
        if other.is_named_secret {
            self.hide();
        }
        if self.is_wide || other.is_wide {
            return self.cut();
        }
        for (at, (name, node)) in other.members.into_iter().enumerate() {
            if let Some(own) = self.member(&name, at, buffers) {
                own.merge(node, buffers);
            }
        }
        if let Some(node) = other.elements {
            let inner = self.new_elements();
            self.elements.get_or_insert(inner).merge(*node, buffers);
        }
    }

    fn field(&self, path: &str, shows_values: bool) -> Field {
        let counted = |names: &[&str], counts: &[u64]| {
            let named = names.iter().zip(counts).filter(|(_, count)| **count > 0);
            named.map(|(name, count)| ((*name).to_owned(), *count)).collect::<BTreeMap<_, _>>()
        };
        let stats = &self.stats;
        let (distinct, values, patterns) = stats.shown(shows_values);
        let is_container =
            stats.kinds.iter().zip(KINDS).any(|(count, kind)| *count > 0 && matches!(kind, "list" | "object"));
        Field {
            path: path.to_owned(),
            filled: stats.filled,
            null: stats.null,
            empty: stats.empty,
            kinds: counted(&KINDS, &stats.kinds),
            lengths: stats.lengths(),
            formats: counted(&FORMATS, &stats.formats),
            // of lists, objects and documents, values are not compared
            distinct: distinct.filter(|_| !is_container && stats.documents == 0),
            values,
            patterns,
            is_read: true,
            is_secret: stats.is_secret,
            is_ignored: stats.is_ignored,
            is_wide: self.is_wide,
        }
    }

    fn fields(&self, path: &str, shows_values: bool, fields: &mut BTreeMap<String, Field>) {
        fields.insert(path.to_owned(), self.field(path, shows_values));
        for (name, node) in &self.members {
            node.fields(&member_path(path, name), shows_values, fields);
        }
        if let Some(node) = &self.elements {
            node.fields(&format!("{path}[*]"), shows_values, fields);
        }
    }
}

/// Whether a value is the name of a secret.
fn is_secret_key(value: Value<'_>, buffers: &mut Buffers) -> bool {
    value.as_text().is_some_and(|text| buffers.keys.is_secret(text))
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;

    use super::*;
    use crate::model::read::{ReadLimits, parse};

    fn profile(records: &[&str], first: u64) -> Profile {
        let mut profile = Profile::default();
        for (number, record) in (first..).zip(records) {
            let arena = Bump::new();
            profile.count(parse(record, &arena, &ReadLimits::default()).unwrap(), number);
        }
        profile
    }

    fn fields(profile: &Profile) -> Vec<Field> {
        profile.fields(true)
    }

    #[test]
    fn fields_are_counted_by_record_and_by_value() {
        let profile = profile(
            &[
                r#"{"a": "x", "tags": [{"n": 1}, {"n": 2}, {"n": null}], "b-c": " "}"#,
                r#"{"a": null, "tags": [], "x": {"y": 1.5}}"#,
                r#"{"a": "yy", "tags": "none"}"#,
            ],
            1,
        );
        let found: Vec<(String, u64, u64, u64)> =
            fields(&profile).into_iter().map(|field| (field.path, field.filled, field.null, field.empty)).collect();
        let wanted = [
            ("$.a", 2, 1, 0),
            ("$.tags", 2, 0, 1),
            ("$.tags[*]", 1, 0, 0),
            ("$.tags[*].n", 1, 1, 0),
            ("$.x", 1, 0, 0),
            ("$.x.y", 1, 0, 0),
            ("$['b-c']", 0, 0, 1),
        ];
        assert_eq!(found, wanted.map(|(path, filled, null, empty)| (path.to_owned(), filled, null, empty)));
        let all = fields(&profile);
        let numbers = all.iter().find(|field| field.path == "$.tags[*].n").unwrap();
        assert_eq!((numbers.kinds.get("integer"), numbers.distinct), (Some(&2), Some(2)));
        let texts = all.iter().find(|field| field.path == "$.a").unwrap();
        let lengths = texts.lengths.clone().unwrap();
        assert_eq!((lengths.min, lengths.max, lengths.mean), (1, 2, 1.5));
        let values: Vec<&str> = texts.values.iter().map(|value| value.value.as_str()).collect();
        assert_eq!(values, [r#""x""#, r#""yy""#]);
    }

    #[test]
    fn parts_give_the_same_as_the_whole() {
        let records: Vec<String> = (0..300)
            .map(|n| {
                let key = if n > 50 { n } else { 0 };
                format!(r#"{{"id": {n}, "city": "c{}", "map": {{"k{key}": "{n}"}}, "k{}": true}}"#, n % 7, n % 3)
            })
            .collect();
        let records: Vec<&str> = records.iter().map(String::as_str).collect();
        let whole = fields(&profile(&records, 1));
        assert!(whole.iter().any(|field| field.path == "$.map" && field.is_wide));
        for cut in [0, 1, 50, 150, 299] {
            let (one, other) = records.split_at(cut);
            let mut merged = profile(other, 1);
            merged.merge(profile(one, 1));
            assert_eq!(fields(&merged), whole, "{cut}");
        }
    }

    #[test]
    fn rare_values_and_secrets_are_not_shown() {
        let hash = "$2y$10$vI8aWBnW3fID.ZQ4/zo1G.6/UQE4RgJUiGpVd38goaqoUp26vkx9e";
        let record =
            format!(r#"{{"city": "Fairmont", "h": "{hash}", "token": "abc", "deep": {{"secret": {{"x": 1}}}}}}"#);
        let mut records = vec![record.as_str(); 30];
        records.push(r#"{"city": "Aberfeldy"}"#);
        let all = profile(&records, 1).fields(false);
        for field in &all {
            match field.path.as_str() {
                "$.city" => {
                    assert_eq!((field.values.len(), field.values[0].value.as_str()), (1, r#""Fairmont""#));
                    assert_eq!(field.distinct, Some(2));
                }
                "$.deep" => {}
                path => assert!(field.is_secret && field.values.is_empty() && field.patterns.is_empty(), "{path}"),
            }
        }
        assert_eq!(all.len(), 6);
    }

    #[test]
    fn records_whose_keys_are_data_are_not_profiled() {
        let records: Vec<String> = (0..1100).map(|n| format!(r#"{{"u{n}": 1}}"#)).collect();
        let records: Vec<&str> = records.iter().map(String::as_str).collect();
        let found = fields(&profile(&records, 1));
        assert_eq!(found.iter().map(|field| (field.path.as_str(), field.is_wide)).collect::<Vec<_>>(), [("$", true)]);
    }
}
