//! A value that a rule names: a literal, a reference, a template, or a list or map of these.

use bumpalo::collections::{String as ArenaString, Vec as ArenaVec};

use super::context::Cx;
use super::path::Tail;
use crate::model::Value;

/// A value that a rule names, ready to be read for every record.
#[derive(Debug, Clone)]
pub enum Operand {
    /// `null`
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number, as written.
    Decimal(Box<str>),
    /// Text.
    Text(Box<str>),
    /// A reference.
    Reference(Reference),
    /// Text with references in it.
    Template(Template),
    /// A list of operands.
    List(Vec<Operand>),
    /// A map of operands.
    Object(Vec<(Box<str>, Operand)>),
}

/// Several values. A reference among them that names a list stands for its elements, so that a parameter may hold them all.
#[derive(Debug, Clone, Default)]
pub struct Operands {
    values: Vec<Operand>,
    /// Which of them are parameters.
    params: Vec<bool>,
}

impl From<Vec<Operand>> for Operands {
    fn from(values: Vec<Operand>) -> Self {
        Self { params: vec![false; values.len()], values }
    }
}

impl FromIterator<(Operand, bool)> for Operands {
    /// Values, each with whether it is a parameter.
    fn from_iter<I: IntoIterator<Item = (Operand, bool)>>(values: I) -> Self {
        let (values, params) = values.into_iter().unzip();
        Self { values, params }
    }
}

impl Operands {
    /// The values as written.
    #[must_use]
    pub fn as_slice(&self) -> &[Operand] {
        &self.values
    }

    /// Whether `null` is written among the values.
    #[must_use]
    pub fn has_null(&self) -> bool {
        self.values.iter().any(|operand| match operand {
            Operand::Null => true,
            Operand::List(items) => items.iter().any(|item| matches!(item, Operand::Null)),
            _ => false,
        })
    }

    /// Whether one of the values, or one of the elements of a list among them, passes.
    #[inline]
    pub fn any<'a>(&'a self, cx: &Cx<'a>, passes: impl Fn(Value<'a>) -> bool) -> bool {
        self.values.iter().any(|operand| match operand {
            Operand::Reference(_) | Operand::List(_) => {
                let value = operand.value(cx);
                passes(value) || value.as_list().is_some_and(|items| items.iter().any(|item| passes(*item)))
            }
            scalar => passes(scalar.made(cx)),
        })
    }

    /// The values in order, lists taken apart; what has no value is left out.
    #[must_use]
    pub fn spread<'a>(&'a self, cx: &Cx<'a>) -> ArenaVec<'a, Value<'a>> {
        let mut values = ArenaVec::new_in(cx.arena);
        for operand in &self.values {
            match operand.value(cx) {
                Value::List(items) => values.extend_from_slice(items),
                value if value.is_present() => values.push(value),
                _ => {}
            }
        }
        values
    }

    /// The first value, or element of a list among them, that passes.
    pub fn find<'a>(&'a self, cx: &Cx<'a>, passes: impl Fn(Value<'a>) -> bool) -> Option<Value<'a>> {
        self.values.iter().find_map(|operand| match operand.value(cx) {
            Value::List(items) => items.iter().copied().find(|item| passes(*item)),
            value => passes(value).then_some(value),
        })
    }

    /// The first value that passes. Here a list of the record is a value, and only a parameter stands for its elements.
    pub fn first<'a>(&'a self, cx: &Cx<'a>, passes: impl Fn(Value<'a>) -> bool) -> Option<Value<'a>> {
        self.values.iter().zip(&self.params).find_map(|(operand, is_param)| match operand.value(cx) {
            Value::List(items) if *is_param => items.iter().copied().find(|item| passes(*item)),
            value => passes(value).then_some(value),
        })
    }
}

/// Where a reference begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// A register of the run: a slot, a parameter, a working value, a claim.
    Register(usize),
    /// `$item`
    Item,
    /// `$index`
    Index,
    /// `$key`
    Key,
}

/// `$.a.b`, `$name.a`, `$item.a`: where it begins and the way from there.
#[derive(Debug, Clone)]
pub struct Reference {
    /// Where it begins.
    pub base: Base,
    /// The way from there.
    pub tail: Tail,
}

impl Reference {
    /// The value that the reference names in this run.
    #[inline]
    #[must_use]
    pub fn value<'a>(&'a self, cx: &Cx<'a>) -> Value<'a> {
        let start = match self.base {
            Base::Register(at) => cx.register(at),
            Base::Item => cx.item,
            Base::Index => cx.index,
            Base::Key => cx.key,
        };
        let found = match &self.tail {
            Tail::Whole => start,
            tail => tail.find(start, cx),
        };
        match found {
            Value::Text(text) if cx.fold_blank && is_blank(text) => Value::Missing,
            value => value,
        }
    }
}

/// Whether a text has nothing but white space; most texts begin with something else.
fn is_blank(text: &str) -> bool {
    !text.as_bytes().first().is_some_and(u8::is_ascii_graphic) && text.trim_start().is_empty()
}

/// Text with references: `"wp:{$.ID}"`.
#[derive(Debug, Clone)]
pub struct Template(pub(super) Vec<Part>);

/// A part of a template.
#[derive(Debug, Clone)]
pub enum Part {
    /// Text as it stands.
    Text(Box<str>),
    /// A reference; when it names no scalar, the whole template gives nothing.
    Reference(Reference),
}

/// Most templates make an id or a name, for which the text need not grow.
const USUAL_BYTES: usize = 64;

impl Template {
    /// The text, or [`Value::Missing`] when one of the references names nothing.
    #[must_use]
    pub fn value<'a>(&'a self, cx: &Cx<'a>) -> Value<'a> {
        let mut text = ArenaString::with_capacity_in(USUAL_BYTES, cx.arena);
        for part in &self.0 {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Reference(reference) => match reference.value(cx).scalar_text(cx.arena) {
                    Some(part) => text.push_str(part),
                    None => return Value::Missing,
                },
            }
        }
        Value::Text(text.into_bump_str())
    }
}

impl Operand {
    /// The value in this run.
    #[inline]
    #[must_use]
    pub fn value<'a>(&'a self, cx: &Cx<'a>) -> Value<'a> {
        match self {
            Self::Reference(reference) => reference.value(cx),
            other => other.made(cx),
        }
    }

    fn made<'a>(&'a self, cx: &Cx<'a>) -> Value<'a> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => Value::Int(*value),
            Self::Decimal(text) => Value::Decimal(text),
            Self::Text(text) => Value::Text(text),
            Self::Reference(reference) => reference.value(cx),
            Self::Template(template) => template.value(cx),
            Self::List(items) => {
                let mut list = ArenaVec::with_capacity_in(items.len(), cx.arena);
                list.extend(items.iter().map(|item| item.value(cx)).filter(|value| !matches!(value, Value::Missing)));
                Value::List(list.into_bump_slice())
            }
            Self::Object(members) => {
                let mut object = ArenaVec::with_capacity_in(members.len(), cx.arena);
                object.extend(
                    members
                        .iter()
                        .map(|(key, value)| (&**key, value.value(cx)))
                        .filter(|(_, value)| !matches!(value, Value::Missing)),
                );
                Value::Object(object.into_bump_slice())
            }
        }
    }

    /// The constant text, when the operand is one.
    #[must_use]
    pub fn constant_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}
