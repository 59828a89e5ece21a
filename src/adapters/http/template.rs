//! Texts with placeholders. A value enters only where a placeholder stands, escaped for that place.

use std::collections::BTreeMap;

use bumpalo::Bump;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use thiserror::Error;
use zeroize::Zeroizing;

use super::error::Failure;
use super::path::{Path, PathError};
use super::target::{KnownTarget, TargetName, TargetValues};
use crate::model::Value;
use crate::ports::{Identifier, MigratedCustomer};
use crate::settings::Secret;

/// Everything but the unreserved characters of RFC 3986. A space is `%20`, which readers of forms understand too.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Where a value stands, and so how it is escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A segment of a path.
    Path,
    /// A value of a query, a form, or a body that is one.
    Form,
    /// The value of a header.
    Header,
    /// The user name or the password of basic authentication.
    Basic,
    /// A text within JSON.
    Json,
    /// Text within JSON that is built from a text.
    JsonText,
    /// Character data or an attribute of XML.
    Xml,
}

/// The value that a placeholder stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Name {
    /// `{identifier}`: the identifier in its canonical form.
    Identifier,
    /// `{typed}`: the identifier as it was typed.
    Typed,
    /// `{password}`: the presented password.
    Password,
    /// `{param.NAME}`: a parameter of the preset.
    Param(String),
    /// `{$.field}`: a value of the record.
    Record(Path),
    /// `{answer.$.field}`: a value of the first answer.
    Answer(Path),
    /// `{id}` and other values of a customer who was migrated.
    Migrated(String),
    /// `{external_id}` and other values that only a target has.
    Target(TargetName),
}

/// What placeholders may be used in a template.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Known<'k> {
    /// Whether there is a record.
    pub record: bool,
    /// Whether there was a first answer.
    pub answer: bool,
    /// Whether there is a password that may stand here.
    pub password: bool,
    /// Whether it is about a customer who was migrated: then only values that are kept of them and parameters are known.
    pub migrated: bool,
    /// What is known of an account at a target; `None` in other requests. Then there is no identifier.
    pub target: Option<KnownTarget>,
    /// The names of parameters.
    pub params: Option<&'k BTreeMap<String, Secret>>,
}

/// Why a template is invalid.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TemplateError {
    /// A brace without its partner.
    #[error("a placeholder is not closed, or a brace stands alone")]
    Brace,
    /// A name that has no value here.
    #[error("the placeholder `{{{0}}}` is unknown here")]
    Unknown(String),
    /// A name that no customer who was migrated has.
    #[error("the placeholder `{{{0}}}` is unknown here")]
    Migrated(String),
    /// A name that the request of a target does not have.
    #[error("the placeholder `{{{0}}}` is unknown here")]
    Target(String),
    /// The password in a place where it would be logged.
    #[error("`{{password}}` may stand only in the body or the basic authentication of a request that has a password")]
    Password,
    /// A parameter without a value.
    #[error("the parameter `{0}` is missing")]
    Param(String),
    /// A path that is not plain.
    #[error("{0}")]
    Path(#[from] PathError),
}

impl TemplateError {
    /// What to do.
    pub(super) fn help(&self) -> &'static str {
        match self {
            Self::Brace => "write a literal brace as `{{` or `}}`",
            Self::Unknown(_) => {
                "known are `{identifier}`, `{typed}`, `{param.NAME}`, and once there is a record `{$.field}`"
            }
            Self::Migrated(_) => {
                "known are `{id}`, `{identifier}`, `{migrated_at}`, `{param.NAME}`, and the names under `fields`"
            }
            Self::Target(_) => {
                "known are, where there is one, `{external_id}`, `{id}`, `{account.$.field}`, `{$.field}`, `{item}`, \
                 `{answer.$.field}` and `{param.NAME}`"
            }
            Self::Password => "URLs and headers are logged by servers and proxies; put the password into the body",
            Self::Param(_) => "add it to `params`",
            Self::Path(_) => PathError::help(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Value(Name),
}

/// A checked text with placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    parts: Vec<Part>,
}

impl Template {
    /// Parses a text. `{{` and `}}` are literal braces.
    pub fn parse(text: &str, known: Known<'_>) -> Result<Self, TemplateError> {
        let (mut parts, mut literal, mut rest) = (Vec::new(), String::new(), text);
        while let Some(at) = rest.find(['{', '}']) {
            let (before, after) = rest.split_at_checked(at).unwrap_or((rest, ""));
            literal.push_str(before);
            let doubled = ["{{", "}}"].into_iter().find_map(|two| Some((two, after.strip_prefix(two)?)));
            rest = if let Some((two, behind)) = doubled {
                literal.extend(two.chars().next());
                behind
            } else {
                let inside = after.strip_prefix('{').ok_or(TemplateError::Brace)?;
                let (name, behind) = inside.split_once('}').ok_or(TemplateError::Brace)?;
                parts.push(Part::Literal(std::mem::take(&mut literal)));
                parts.push(Part::Value(self::name(name, known)?));
                behind
            };
        }
        literal.push_str(rest);
        parts.push(Part::Literal(literal));
        parts.retain(|part| !matches!(part, Part::Literal(text) if text.is_empty()));
        Ok(Self { parts })
    }

    /// The same template with its literal parts encoded for a query or a form.
    pub fn encoded(mut self) -> Self {
        for part in &mut self.parts {
            if let Part::Literal(text) = part {
                *text = utf8_percent_encode(text, ENCODED).to_string();
            }
        }
        self
    }

    /// The text outside of placeholders.
    pub fn literals(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Literal(text) => Some(text.as_str()),
            Part::Value(_) => None,
        })
    }

    /// The text with this in place of each placeholder.
    pub fn marked(&self, mark: char) -> String {
        let part = |part: &Part| match part {
            Part::Literal(text) => text.clone(),
            Part::Value(_) => mark.to_string(),
        };
        self.parts.iter().map(part).collect()
    }

    /// The names of the placeholders.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.parts.iter().filter_map(|part| match part {
            Part::Value(name) => Some(name),
            Part::Literal(_) => None,
        })
    }

    /// The placeholder, if the text is one and nothing else.
    pub fn alone(&self) -> Option<&Name> {
        match self.parts.as_slice() {
            [Part::Value(name)] => Some(name),
            _ => None,
        }
    }

    /// The text with values, escaped for its place.
    pub fn fill(&self, place: Place, values: &Values<'_>) -> Result<Zeroizing<String>, Failure> {
        let mut out = Zeroizing::new(String::with_capacity(256));
        for part in &self.parts {
            match part {
                Part::Literal(text) => out.push_str(text),
                Part::Value(name) => escape(values.text(name)?, place, &mut out)?,
            }
        }
        Ok(out)
    }
}

fn name(text: &str, known: Known<'_>) -> Result<Name, TemplateError> {
    let unknown = || TemplateError::Unknown(text.to_owned());
    if let Some(name) = text.strip_prefix("param.") {
        let params = known.params.ok_or_else(unknown)?;
        return match params.contains_key(name) {
            true => Ok(Name::Param(name.to_owned())),
            false => Err(TemplateError::Param(name.to_owned())),
        };
    }
    if let Some(path) = text.strip_prefix("answer.") {
        return if known.answer { Ok(Name::Answer(Path::parse(path)?)) } else { Err(unknown()) };
    }
    if known.migrated {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let named = !text.is_empty() && text.bytes().all(is_name) && text != "password";
        return if named { Ok(Name::Migrated(text.to_owned())) } else { Err(TemplateError::Migrated(text.to_owned())) };
    }
    if let Some(target) = known.target
        && let Some(found) = TargetName::parse(text, target)?
    {
        return Ok(Name::Target(found));
    }
    match text {
        "identifier" if known.target.is_none() => Ok(Name::Identifier),
        "typed" if known.target.is_none() => Ok(Name::Typed),
        "password" if known.password => Ok(Name::Password),
        "password" => Err(TemplateError::Password),
        path if path.starts_with('$') && known.record => Ok(Name::Record(Path::parse(path)?)),
        _ if known.target.is_some() => Err(TemplateError::Target(text.to_owned())),
        _ => Err(unknown()),
    }
}

/// What placeholders stand for in one request.
pub(crate) struct Values<'v> {
    /// The identifier, in a login.
    pub identifier: Option<&'v Identifier>,
    /// The customer who was migrated, after it.
    pub customer: Option<&'v MigratedCustomer>,
    /// The record, if there is one.
    pub record: Value<'v>,
    /// The first answer, if there was one.
    pub answer: Value<'v>,
    /// The presented password.
    pub password: Option<&'v str>,
    /// What only a target has.
    pub target: Option<TargetValues<'v>>,
    /// The parameters of the preset.
    pub params: &'v BTreeMap<String, Secret>,
    /// Where numbers become text.
    pub arena: &'v Bump,
}

impl<'v> Values<'v> {
    /// The values of a request that is made before there is a record.
    pub fn new(identifier: &'v Identifier, params: &'v BTreeMap<String, Secret>, arena: &'v Bump) -> Self {
        Self { identifier: Some(identifier), ..Self::of_nobody(params, arena) }
    }

    /// The values of a request about a customer who was migrated.
    pub fn of_migrated(customer: &'v MigratedCustomer, params: &'v BTreeMap<String, Secret>, arena: &'v Bump) -> Self {
        Self { customer: Some(customer), ..Self::of_nobody(params, arena) }
    }

    /// The values of a request about an account at a target.
    pub fn of_target(target: TargetValues<'v>, params: &'v BTreeMap<String, Secret>, arena: &'v Bump) -> Self {
        Self { target: Some(target), ..Self::of_nobody(params, arena) }
    }

    fn of_nobody(params: &'v BTreeMap<String, Secret>, arena: &'v Bump) -> Self {
        let (record, answer) = (Value::Missing, Value::Missing);
        Self { identifier: None, customer: None, record, answer, password: None, target: None, params, arena }
    }

    /// A value that stands alone in JSON: in the requests of a target it may be an object or a list.
    pub fn whole(&self, name: &Name) -> Result<Value<'v>, Failure> {
        let may_be_large = match name {
            Name::Target(name) => name.may_be_large(),
            Name::Record(_) | Name::Answer(_) => self.target.is_some(),
            _ => false,
        };
        let value = self.found(name);
        if may_be_large && value.is_present() { Ok(value) } else { self.value(name) }
    }

    fn found(&self, name: &Name) -> Value<'v> {
        match name {
            Name::Identifier => {
                self.identifier.map_or(Value::Missing, |identifier| Value::Text(identifier.canonical()))
            }
            Name::Typed => self.identifier.map_or(Value::Missing, |identifier| Value::Text(identifier.typed())),
            Name::Migrated(name) => self.migrated(name),
            Name::Password => self.password.map_or(Value::Missing, Value::Text),
            Name::Param(name) => self.params.get(name).map_or(Value::Missing, |secret| Value::Text(secret.expose())),
            Name::Record(path) => path.find(self.record),
            Name::Answer(path) => path.find(self.answer),
            Name::Target(name) => self.target.map_or(Value::Missing, |target| target.value(name, self.arena)),
        }
    }

    /// A scalar value.
    pub fn value(&self, name: &Name) -> Result<Value<'v>, Failure> {
        let value = self.found(name);
        if value.scalar_text(self.arena).is_some() {
            return Ok(value);
        }
        Err(match name {
            Name::Record(path) => Failure::of_one_record(format!("the record has no single value at `{path}`")),
            Name::Answer(path) => Failure::bad(format!("the answer has no single value at `{path}`")),
            Name::Target(TargetName::Account(path)) => {
                Failure::of_one_record(format!("the rules of the target make no single value at `{path}`"))
            }
            Name::Target(TargetName::Item(path)) => Failure::of_one_record(format!(
                "an element that the rules of the target make has no single value at `{path}`"
            )),
            Name::Target(TargetName::HashPart(_)) => Failure::of_one_record("the stored hash lacks a part"),
            _ => Failure::new(crate::ports::PortErrorKind::Misconfigured, "a placeholder has no value"),
        })
    }

    fn migrated(&self, name: &str) -> Value<'v> {
        let found = self.customer.and_then(|customer| customer.value(name));
        found.map_or(Value::Missing, |text| Value::Text(self.arena.alloc_str(&text)))
    }

    fn text(&self, name: &Name) -> Result<&'v str, Failure> {
        Ok(self.value(name)?.scalar_text(self.arena).unwrap_or_default())
    }
}

/// Appends a value, escaped for its place.
fn escape(value: &str, place: Place, out: &mut String) -> Result<(), Failure> {
    match place {
        Place::Path | Place::Form => out.extend(utf8_percent_encode(value, ENCODED)),
        Place::Header if is_header(value) => out.push_str(value),
        Place::Header => return Err(Failure::of_one_record("a value cannot be sent in a header")),
        Place::Basic if !value.contains(char::is_control) => out.push_str(value),
        Place::Basic => return Err(Failure::of_one_record("a value cannot be sent by basic authentication")),
        Place::Json => out.push_str(value),
        Place::JsonText => {
            let mut quoted = Zeroizing::new(Vec::with_capacity(value.len() + 16));
            crate::model::json::write_text(value, &mut quoted);
            let inside = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
            out.push_str(std::str::from_utf8(inside).unwrap_or_default());
        }
        Place::Xml => return escape_xml(value, out),
    }
    Ok(())
}

/// Whether a text arrives in a header as it was sent: readers trim spaces, and disagree about what is not ASCII.
fn is_header(value: &str) -> bool {
    value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && value.trim_matches(' ').len() == value.len()
}

/// Line ends and tabs are written as references, because readers change them in attributes.
fn escape_xml(value: &str, out: &mut String) -> Result<(), Failure> {
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
                return Err(Failure::of_one_record("a value has a character that XML cannot have"));
            }
            c => out.push(c),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known<'static> {
        Known { record: true, answer: true, password: true, migrated: false, target: None, params: None }
    }

    #[test]
    fn placeholders_are_known_names() {
        let template = Template::parse("a{{b}}{identifier}{$.x[0]}c", known()).unwrap();
        assert_eq!(template.literals().collect::<Vec<_>>(), ["a{b}", "c"]);
        assert_eq!(template.names().count(), 2);
        assert!(Template::parse("{$.id}", known()).unwrap().alone().is_some());
        assert!(Template::parse("{$.id} ", known()).unwrap().alone().is_none());
        for (text, error) in [
            ("{", TemplateError::Brace),
            ("a}", TemplateError::Brace),
            ("{identifier", TemplateError::Brace),
            ("{name}", TemplateError::Unknown("name".into())),
            ("{}", TemplateError::Unknown(String::new())),
            ("{ identifier }", TemplateError::Unknown(" identifier ".into())),
            ("{param.realm}", TemplateError::Unknown("param.realm".into())),
        ] {
            assert_eq!(Template::parse(text, known()), Err(error), "{text}");
        }
        assert_eq!(Template::parse("{password}", Known::default()), Err(TemplateError::Password));
        assert!(matches!(Template::parse("{$.a}", Known::default()), Err(TemplateError::Unknown(_))));
        assert!(matches!(Template::parse("{$.a[*]}", known()), Err(TemplateError::Path(_))));
        let params = BTreeMap::from([("realm".to_owned(), Secret::new("shop"))]);
        let with = Known { params: Some(&params), ..known() };
        assert!(Template::parse("{param.realm}", with).is_ok());
        assert_eq!(Template::parse("{param.x}", with), Err(TemplateError::Param("x".into())));
    }
}
