//! Shapes: the compiled constraints on the values at one place of an account.

use regex::Regex;

use super::claim::Requirement;
use super::format::TextFormat;
use super::residual::Residual;
use crate::model::Kinds;

/// The shape of the values at one place.
#[derive(Debug, Clone)]
pub struct Shape {
    /// The constraints on the values.
    pub kind: ShapeKind,
    /// The only allowed values, if the schema lists them.
    pub choices: Option<Vec<serde_json::Value>>,
    /// Whether values are masked everywhere except in the target.
    pub sensitive: bool,
    /// The description in the schema; may be empty.
    pub about: String,
    pub(super) kinds: Kinds,
    pub(super) residual: Option<Residual>,
}

/// The constraints of a shape.
#[derive(Debug, Clone)]
pub enum ShapeKind {
    /// Nothing beyond [`Shape::accepts_kinds`].
    Any,
    /// Text.
    Text(TextShape),
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer(Range<i64>),
    /// A number.
    Number(Range<f64>),
    /// A list.
    List(ListShape),
    /// An object.
    Object(ObjectShape),
}

/// The constraints on text.
#[derive(Debug, Clone, Default)]
pub struct TextShape {
    /// The format.
    pub format: Option<TextFormat>,
    /// The pattern that must match somewhere in the text.
    pub pattern: Option<Pattern>,
    /// The minimum number of characters.
    pub min_length: Option<u64>,
    /// The maximum number of characters.
    pub max_length: Option<u64>,
}

/// A pattern as written in the schema, and compiled.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// The pattern as written, in the syntax of ECMA-262.
    pub source: String,
    regex: Regex,
    /// The text that a value must end with, if the pattern requires nothing else.
    end: Option<String>,
}

impl Pattern {
    /// A pattern as written, and the equivalent regex.
    pub(super) fn new(source: &str, regex: Regex) -> Self {
        let end = source.strip_suffix('$').filter(|end| end.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        Self { source: source.to_owned(), regex, end: end.map(str::to_owned) }
    }

    /// Whether it matches somewhere in the text.
    pub(super) fn is_match(&self, text: &str) -> bool {
        match &self.end {
            Some(end) => text.ends_with(end.as_str()),
            None => self.regex.is_match(text),
        }
    }
}

/// Bounds of numbers, both inclusive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range<T> {
    /// The minimum.
    pub min: Option<T>,
    /// The maximum.
    pub max: Option<T>,
}

/// The constraints on a list.
#[derive(Debug, Clone)]
pub struct ListShape {
    /// The shape of every element.
    pub element: Box<Shape>,
    /// Whether elements must be unique.
    pub unique: bool,
    /// The minimum number of elements.
    pub min_items: Option<u64>,
    /// The maximum number of elements.
    pub max_items: Option<u64>,
}

/// The constraints on an object.
#[derive(Debug, Clone)]
pub struct ObjectShape {
    /// The members that the schema names, in its order.
    pub members: Vec<Member>,
    /// The shape of all other members; `None` if none are allowed.
    pub additional: Option<Box<Shape>>,
    pub(super) required: usize,
}

/// One named member of an object.
#[derive(Debug, Clone)]
pub struct Member {
    /// The name.
    pub name: String,
    /// The shape of its values.
    pub shape: Shape,
    /// Whether the member is required.
    pub required: bool,
}

impl Shape {
    pub(super) fn new(kind: ShapeKind, kinds: Kinds) -> Self {
        Self { kind, choices: None, sensitive: false, about: String::new(), kinds, residual: None }
    }

    /// The shape that allows every JSON value.
    #[must_use]
    pub fn any() -> Self {
        Self::new(ShapeKind::Any, Kinds::JSON)
    }

    /// The kinds of values that can be valid, for checks before there are values.
    #[must_use]
    pub fn accepts_kinds(&self) -> Kinds {
        self.kinds
    }

    /// The shape of a member of the object, named or additional; `None` if there is no such member.
    ///
    /// A shape without constraints has all members, with any shape.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Shape> {
        match &self.kind {
            ShapeKind::Object(object) => match object.find(name) {
                Some(member) => Some(&member.shape),
                None => object.additional.as_deref(),
            },
            ShapeKind::Any if self.kinds.meets(Kinds::OBJECT) => Some(any_shape()),
            _ => None,
        }
    }

    /// The shape of the elements of the list; `None` if this does not allow lists.
    #[must_use]
    pub fn element(&self) -> Option<&Shape> {
        match &self.kind {
            ShapeKind::List(list) => Some(&list.element),
            ShapeKind::Any if self.kinds.meets(Kinds::LIST) => Some(any_shape()),
            _ => None,
        }
    }

    /// Whether this shape or one inside it is marked sensitive.
    #[must_use]
    pub fn holds_sensitive(&self) -> bool {
        self.sensitive
            || match &self.kind {
                ShapeKind::List(list) => list.element.holds_sensitive(),
                ShapeKind::Object(object) => {
                    object.members.iter().any(|member| member.shape.holds_sensitive())
                        || object.additional.as_ref().is_some_and(|shape| shape.holds_sensitive())
                }
                _ => false,
            }
    }
}

impl ObjectShape {
    pub(super) fn new(members: Vec<Member>, additional: Option<Box<Shape>>) -> Self {
        let required = members.iter().filter(|member| member.required).count();
        Self { members, additional, required }
    }

    /// The named member.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }
}

impl Member {
    pub(super) fn requirement(&self, outer: Requirement) -> Requirement {
        match (self.required, outer) {
            (false, _) => Requirement::Optional,
            (true, Requirement::Always) => Requirement::Always,
            (true, _) => Requirement::WithParent,
        }
    }
}

/// The shared shape for values without constraints.
pub(super) fn any_shape() -> &'static Shape {
    static ANY: std::sync::LazyLock<Shape> = std::sync::LazyLock::new(Shape::any);
    &ANY
}
