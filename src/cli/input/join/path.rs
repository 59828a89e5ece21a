//! The keys of a record: the values at a path, as text.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::str::FromStr;

use bumpalo::Bump;

use crate::model::Value;
use crate::model::read::{ReadLimits, Selection, select};
use crate::rules::RecordsPath;

/// The most keys of one record: rows of a directory list their members.
const MAX_KEYS: usize = 100_000;

/// A path of member names to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyPath(RecordsPath);

impl FromStr for KeyPath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const HELP: &str = "write the paths of two values, such as `$.id=$.user_id`";
        let path: RecordsPath = text.parse().map_err(|_| HELP.to_owned())?;
        if path.is_root() { Err(HELP.to_owned()) } else { Ok(Self(path)) }
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What was found in a record.
pub(super) struct Found {
    /// The values, as text, without empty ones; those of a list are values of their own, which may come twice.
    pub keys: Vec<String>,
    /// Whether there is anything at the path, such as an empty text or a null.
    pub has_path: bool,
    /// Whether the record has the member that was asked for.
    pub has_member: bool,
}

impl KeyPath {
    /// Reads the keys of a record, and whether it has a member. `None` if it cannot be read.
    pub fn read(&self, json: &str, member: Option<&str>, limits: &ReadLimits, arena: &Bump) -> Option<Found> {
        let (value, has_member) = (RefCell::new(Value::Missing), Cell::new(false));
        let at = Place { names: self.0.names(), member, is_member: false };
        select(json, arena, limits, at, |place, found| {
            // a part may be passed twice
            if place.is_member {
                has_member.set(true);
            } else {
                *value.borrow_mut() = found;
            }
        })
        .ok()?;
        let mut keys = Vec::new();
        let value = value.into_inner();
        let has_path = !matches!(value, Value::Missing);
        match value {
            Value::List(values) => values.iter().take(MAX_KEYS).for_each(|value| add(*value, arena, &mut keys)),
            value => add(value, arena, &mut keys),
        }
        Some(Found { keys, has_path, has_member: has_member.get() })
    }
}

/// Adds a value if it is text, a number or a boolean. An empty text is no key: it stands for nothing in a CSV file.
fn add(value: Value<'_>, arena: &Bump, keys: &mut Vec<String>) {
    keys.extend(value.scalar_text(arena).filter(|text| !text.is_empty()).map(str::to_owned));
}

/// A place on the way to the keys, or the member.
#[derive(Clone, Copy)]
struct Place<'p> {
    names: &'p [String],
    member: Option<&'p str>,
    is_member: bool,
}

impl Selection for Place<'_> {
    fn is_whole(self) -> bool {
        self.names.is_empty() || self.is_member
    }

    fn member(self, key: &str) -> Option<(usize, Self)> {
        if self.member == Some(key) {
            return Some((1, Self { is_member: true, ..self }));
        }
        let (name, rest) = self.names.split_first()?;
        (name == key).then_some((0, Self { names: rest, member: None, is_member: false }))
    }
}
