//! The values of the reference interpreter: JSON with the missing value, numbers as they are written.

use serde_json::Value as Json;

#[derive(Debug, Clone, PartialEq)]
pub enum V {
    Missing,
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<V>),
    Object(Vec<(String, V)>),
}

impl V {
    pub fn of_json(json: &Json) -> Self {
        match json {
            Json::Null => V::Null,
            Json::Bool(flag) => V::Bool(*flag),
            Json::Number(number) => V::Number(number.to_string()),
            Json::String(text) => V::Text(text.clone()),
            Json::Array(items) => V::List(items.iter().map(V::of_json).collect()),
            Json::Object(members) => V::Object(members.iter().map(|(k, v)| (k.clone(), V::of_json(v))).collect()),
        }
    }

    pub fn to_json(&self) -> Json {
        match self {
            V::Missing | V::Null => Json::Null,
            V::Bool(flag) => Json::Bool(*flag),
            V::Number(text) => serde_json::from_str(text).unwrap(),
            V::Text(text) => Json::String(text.clone()),
            V::List(items) => items.iter().filter(|item| **item != V::Missing).map(V::to_json).collect(),
            V::Object(members) => Json::Object(
                members.iter().filter(|(_, v)| *v != V::Missing).map(|(k, v)| (k.clone(), v.to_json())).collect(),
            ),
        }
    }

    pub fn present(&self) -> bool {
        !matches!(self, V::Missing | V::Null)
    }

    /// Nothing worth keeping.
    pub fn empty(&self) -> bool {
        match self {
            V::Missing | V::Null => true,
            V::Text(text) => text.is_empty(),
            V::List(items) => items.is_empty(),
            V::Object(members) => members.is_empty(),
            V::Bool(_) | V::Number(_) => false,
        }
    }

    /// The text of a scalar.
    pub fn scalar(&self) -> Option<String> {
        match self {
            V::Text(text) | V::Number(text) => Some(text.clone()),
            V::Bool(flag) => Some(flag.to_string()),
            _ => None,
        }
    }

    /// The text that text steps read.
    pub fn textual(&self) -> Option<String> {
        if let V::Bool(_) = self { None } else { self.scalar() }
    }

    pub fn member(&self, name: &str) -> V {
        match self {
            V::Object(members) => members.iter().find(|(k, _)| k == name).map_or(V::Missing, |(_, v)| v.clone()),
            _ => V::Missing,
        }
    }

    pub fn element(&self, index: i64) -> V {
        let V::List(items) = self else { return V::Missing };
        let at = if index < 0 { items.len() as i64 + index } else { index };
        if at < 0 { V::Missing } else { items.get(at as usize).cloned().unwrap_or(V::Missing) }
    }

    /// Whether it equals another value, or an element of it.
    pub fn is_among(&self, other: &V) -> bool {
        self.equals(other) || matches!(other, V::List(items) if items.iter().any(|item| self.equals(item)))
    }

    /// Equality of conditions: scalars by text, nothing with nothing.
    pub fn equals(&self, other: &V) -> bool {
        match (self, other) {
            (V::List(a), V::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.equals(b)),
            (V::Object(a), V::Object(b)) => a.len() == b.len() && a.iter().all(|(k, v)| v.equals(&other.member(k))),
            _ if !self.present() && !other.present() => true,
            _ => match (self.scalar(), other.scalar()) {
                (Some(a), Some(b)) => a == b,
                _ => false,
            },
        }
    }
}

/// What a path finds: `.name`, `['name']`, `[0]`, `[*]`.
pub fn walk(start: &V, path: &str) -> V {
    let mut found = vec![start.clone()];
    let mut several = false;
    let mut rest = path;
    while !rest.is_empty() {
        let (step, after) = next_step(rest);
        found = match step {
            Step::Each => {
                several = true;
                found.into_iter().flat_map(children).collect()
            }
            Step::Name(name) => found.iter().map(|v| v.member(&name)).collect(),
            Step::Index(index) => found.iter().map(|v| v.element(index)).collect(),
        };
        found.retain(|v| *v != V::Missing);
        rest = after;
    }
    if several {
        return if found.is_empty() { V::Missing } else { V::List(found) };
    }
    found.pop().unwrap_or(V::Missing)
}

enum Step {
    Name(String),
    Index(i64),
    Each,
}

fn children(value: V) -> Vec<V> {
    match value {
        V::List(items) => items,
        V::Object(members) => members.into_iter().map(|(_, v)| v).collect(),
        _ => Vec::new(),
    }
}

fn next_step(path: &str) -> (Step, &str) {
    if let Some(rest) = path.strip_prefix('.') {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        return (Step::Name(rest[..end].to_owned()), &rest[end..]);
    }
    let end = path.find(']').unwrap();
    let inner = &path[1..end];
    let step = if inner == "*" {
        Step::Each
    } else if let Some(name) = inner.strip_prefix('\'') {
        Step::Name(name.trim_end_matches('\'').to_owned())
    } else {
        Step::Index(inner.parse().unwrap())
    };
    (step, &path[end + 1..])
}
