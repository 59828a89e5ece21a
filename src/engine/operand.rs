//! A value in a rule: a literal, a reference, a template, or a list or map of these.

use bumpalo::collections::{String as ArenaString, Vec as ArenaVec};

use super::context::Cx;
use super::limits::MAX_MADE_BYTES;
use super::path::Tail;
use crate::model::Value;

/// A compiled value of a rule.
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
    /// A list or map whose parts without a value are left out, as in `value:` and `default:`.
    Parts(Box<Parts>),
}

/// A list or map whose parts without a value are left out.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The list or map.
    written: Operand,
    /// Whether `""`, `[]` and `{}` count as values.
    keep_empty: bool,
}

impl Parts {
    /// The operand with its lists and maps as parts; scalars and references are unchanged.
    #[must_use]
    pub fn of(operand: Operand, keep_empty: bool) -> Operand {
        let written = match operand {
            Operand::List(items) => Operand::List(items.into_iter().map(|item| Self::of(item, keep_empty)).collect()),
            Operand::Object(members) => {
                Operand::Object(members.into_iter().map(|(key, value)| (key, Self::of(value, keep_empty))).collect())
            }
            other => return other,
        };
        Operand::Parts(Box::new(Self { written, keep_empty }))
    }

    /// The list or map as written.
    #[must_use]
    pub fn written(&self) -> &Operand {
        &self.written
    }

    fn keeps(&self, value: Value<'_>) -> bool {
        if self.keep_empty { value.is_present() } else { !value.is_empty() }
    }

    fn value<'a>(&'a self, cx: &Cx<'a>) -> Value<'a> {
        match &self.written {
            Operand::List(items) => list(items, cx, |value| self.keeps(value)),
            Operand::Object(members) => object(members, cx, |value| self.keeps(value)),
            other => other.value(cx),
        }
    }
}

fn list<'a>(items: &'a [Operand], cx: &Cx<'a>, keeps: impl Fn(Value<'a>) -> bool) -> Value<'a> {
    let mut list = ArenaVec::with_capacity_in(items.len(), cx.arena);
    list.extend(items.iter().map(|item| item.value(cx)).filter(|value| keeps(*value)));
    Value::List(list.into_bump_slice())
}

fn object<'a>(members: &'a [(Box<str>, Operand)], cx: &Cx<'a>, keeps: impl Fn(Value<'a>) -> bool) -> Value<'a> {
    let mut object = ArenaVec::with_capacity_in(members.len(), cx.arena);
    let values = members.iter().map(|(key, value)| (&**key, value.value(cx)));
    object.extend(values.filter(|(_, value)| keeps(*value)));
    Value::Object(object.into_bump_slice())
}

/// Whether a value is present. Records and expectations of tests are operands too: in them, `null` is a value.
fn is_there(value: Value<'_>) -> bool {
    !matches!(value, Value::Missing)
}

/// Several values. A reference to a list means its elements, so that a parameter can contain all of them.
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
    /// Values, each with a flag that says whether it is a parameter.
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

    /// The same list with each value replaced.
    ///
    /// # Errors
    /// The first error of `replace`.
    pub fn try_map<'a, E>(&'a self, replace: impl Fn(&'a Operand) -> Result<Operand, E>) -> Result<Self, E> {
        let values = self.values.iter().map(replace).collect::<Result<_, E>>()?;
        Ok(Self { values, params: self.params.clone() })
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

    /// The values in order, with lists expanded; missing values are left out.
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

    /// The first value that passes. Here a list from the record is one value; only a list parameter means its elements.
    pub fn first<'a>(&'a self, cx: &Cx<'a>, passes: impl Fn(Value<'a>) -> bool) -> Option<Value<'a>> {
        self.values.iter().zip(&self.params).find_map(|(operand, is_param)| match operand.value(cx) {
            Value::List(items) if *is_param => items.iter().copied().find(|item| passes(*item)),
            value => passes(value).then_some(value),
        })
    }
}

/// The root of a reference.
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

/// `$.a.b`, `$name.a`, `$item.a`: its root and the path from there.
#[derive(Debug, Clone)]
pub struct Reference {
    /// Its root.
    pub base: Base,
    /// The path from there.
    pub tail: Tail,
}

impl Reference {
    /// The value of the reference in this run.
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

/// Whether a text has nothing but whitespace; most texts begin with something else.
fn is_blank(text: &str) -> bool {
    !text.as_bytes().first().is_some_and(u8::is_ascii_graphic) && text.trim_start().is_empty()
}

/// Text with references: `"wp:{$.ID}"`.
#[derive(Debug, Clone)]
pub struct Template(pub(super) Vec<Part>);

/// A part of a template.
#[derive(Debug, Clone)]
pub enum Part {
    /// Literal text.
    Text(Box<str>),
    /// A reference; if its value is not a scalar, the whole template has no value.
    Reference(Reference),
}

/// Most templates produce an id or a name, for which the buffer does not need to grow.
const USUAL_BYTES: usize = 64;

impl Template {
    /// The text, or [`Value::Missing`] if one of the references has no value.
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
            // the rule fails then, so that the rest is not needed
            if text.len() > MAX_MADE_BYTES {
                break;
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
            Self::List(items) => list(items, cx, is_there),
            Self::Object(members) => object(members, cx, is_there),
            Self::Parts(parts) => parts.value(cx),
        }
    }

    /// Whether one of its references begins at a register for which `is` is true.
    pub(super) fn reads(&self, is: &dyn Fn(usize) -> bool) -> bool {
        let reference = |reference: &Reference| matches!(reference.base, Base::Register(at) if is(at));
        match self {
            Self::Reference(one) => reference(one),
            Self::Template(template) => {
                template.0.iter().any(|part| matches!(part, Part::Reference(one) if reference(one)))
            }
            Self::List(items) => items.iter().any(|item| item.reads(is)),
            Self::Object(members) => members.iter().any(|(_, value)| value.reads(is)),
            Self::Parts(parts) => parts.written.reads(is),
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Decimal(_) | Self::Text(_) => false,
        }
    }

    /// The constant text, if the operand is one.
    #[must_use]
    pub fn constant_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}
