//! General RFC 9535 queries: adapts captured values to jsonpath-rust.

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;
use jsonpath_rust::parser::model::JpQuery;
use jsonpath_rust::query::js_path_process;
use jsonpath_rust::query::queryable::Queryable;

use crate::model::Value;

/// Runs a parsed query; the results are the original values, so no number is rounded.
pub fn run<'a>(query: &JpQuery, value: Value<'a>, arena: &'a Bump) -> ArenaVec<'a, Value<'a>> {
    let tree = Node::of(value);
    let mut found = ArenaVec::new_in(arena);
    // a query that jsonpath-rust cannot run on this value finds nothing
    if let Ok(nodes) = js_path_process(query, &tree) {
        found.extend(nodes.into_iter().map(|node| node.val.origin));
    }
    found
}

/// A value in the form that the evaluator needs, with the original value.
#[derive(Clone, Debug, Default)]
struct Node<'a> {
    origin: Value<'a>,
    content: Content<'a>,
}

#[derive(Clone, Debug, Default)]
enum Content<'a> {
    #[default]
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'a str),
    Made(String),
    List(Vec<Node<'a>>),
    Object(Vec<(&'a str, Node<'a>)>),
}

impl<'a> Node<'a> {
    fn of(origin: Value<'a>) -> Self {
        let content = match origin {
            Value::Missing | Value::Null | Value::Bytes(_) => Content::Null,
            Value::Bool(value) => Content::Bool(value),
            Value::Int(value) => Content::Int(value),
            Value::Decimal(text) => text.parse().map_or(Content::Null, Content::Float),
            Value::Text(text) => Content::Text(text),
            Value::List(items) => Content::List(items.iter().map(|item| Self::of(*item)).collect()),
            Value::Object(members) => {
                Content::Object(members.iter().map(|(key, value)| (*key, Self::of(*value))).collect())
            }
        };
        Self { origin, content }
    }

    fn made(content: Content<'a>) -> Self {
        Self { origin: Value::Missing, content }
    }
}

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (&self.content, &other.content) {
            (Content::Null, Content::Null) => true,
            (Content::Bool(a), Content::Bool(b)) => a == b,
            (Content::List(a), Content::List(b)) => a == b,
            (Content::Object(a), Content::Object(b)) => {
                a.len() == b.len()
                    && a.iter().all(|(key, value)| b.iter().any(|(other, member)| key == other && value == member))
            }
            _ => match (self.as_str(), other.as_str()) {
                (Some(a), Some(b)) => a == b,
                (None, None) => self.as_f64().is_some() && self.as_f64() == other.as_f64(),
                _ => false,
            },
        }
    }
}

impl From<&str> for Node<'_> {
    fn from(value: &str) -> Self {
        Self::made(Content::Made(value.to_owned()))
    }
}

impl From<String> for Node<'_> {
    fn from(value: String) -> Self {
        Self::made(Content::Made(value))
    }
}

impl From<bool> for Node<'_> {
    fn from(value: bool) -> Self {
        Self::made(Content::Bool(value))
    }
}

impl From<i64> for Node<'_> {
    fn from(value: i64) -> Self {
        Self::made(Content::Int(value))
    }
}

impl From<f64> for Node<'_> {
    fn from(value: f64) -> Self {
        Self::made(Content::Float(value))
    }
}

impl From<Vec<Self>> for Node<'_> {
    fn from(value: Vec<Self>) -> Self {
        Self::made(Content::List(value))
    }
}

impl Queryable for Node<'_> {
    fn get(&self, key: &str) -> Option<&Self> {
        match &self.content {
            Content::Object(members) => members.iter().find(|(name, _)| *name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    fn as_array(&self) -> Option<&Vec<Self>> {
        match &self.content {
            Content::List(items) => Some(items),
            _ => None,
        }
    }

    fn as_object(&self) -> Option<Vec<(&str, &Self)>> {
        match &self.content {
            Content::Object(members) => Some(members.iter().map(|(key, value)| (*key, value)).collect()),
            _ => None,
        }
    }

    fn as_str(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            Content::Made(text) => Some(text),
            _ => None,
        }
    }

    fn as_i64(&self) -> Option<i64> {
        match self.content {
            Content::Int(value) => Some(value),
            _ => None,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "RFC 9535 compares numbers as IEEE 754 doubles")]
    fn as_f64(&self) -> Option<f64> {
        match self.content {
            Content::Int(value) => Some(value as f64),
            Content::Float(value) => Some(value),
            _ => None,
        }
    }

    fn as_bool(&self) -> Option<bool> {
        match self.content {
            Content::Bool(value) => Some(value),
            _ => None,
        }
    }

    fn null() -> Self {
        Self::default()
    }
}
