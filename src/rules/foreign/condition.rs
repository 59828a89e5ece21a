//! Translates `$.a == true and $.b > 5`, a comparison as text, into a map.

use super::name::reference_for;
use super::tokens::{Token, tokens};
use crate::rules::condition::Subject;

/// The deepest nesting that is read; real conditions stop at three.
const MAX_DEPTH: usize = 16;

/// A condition, as a rule file writes it.
#[derive(Debug)]
enum Written {
    /// `$.a: true`
    Entry(String, String),
    All(Vec<Written>),
    Any(Vec<Written>),
    Not(Box<Written>),
}

/// The map that means the same as a comparison in a text.
pub(in crate::rules) fn as_map(text: &str, subject: Subject) -> Option<String> {
    let tokens = tokens(text)?;
    let mut reader = Reader { tokens: &tokens, subject, depth: 0 };
    let condition = reader.any()?;
    reader.tokens.is_empty().then(|| condition.map())
}

struct Reader<'t> {
    tokens: &'t [Token<'t>],
    subject: Subject,
    depth: usize,
}

impl<'t> Reader<'t> {
    fn any(&mut self) -> Option<Written> {
        let mut parts = vec![self.all()?];
        while self.takes(&["||", "|"], &["or"]) {
            parts.push(self.all()?);
        }
        if parts.len() == 1 { parts.pop() } else { Some(Written::Any(parts)) }
    }

    fn all(&mut self) -> Option<Written> {
        let mut parts = vec![self.negated()?];
        while self.takes(&["&&", "&", ","], &["and"]) {
            parts.push(self.negated()?);
        }
        if parts.len() == 1 { parts.pop() } else { Some(Written::All(parts)) }
    }

    fn negated(&mut self) -> Option<Written> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let read = if self.takes(&["!"], &["not"]) {
            self.negated().map(|inner| Written::Not(Box::new(inner)))
        } else if self.takes(&["("], &[]) {
            let inner = self.any();
            inner.filter(|_| self.takes(&[")"], &[]))
        } else {
            self.comparison()
        };
        self.depth -= 1;
        read
    }

    fn comparison(&mut self) -> Option<Written> {
        let left = self.next()?;
        let Some(reference) = self.reference(left) else { return self.reversed(left) };
        Some(Written::Entry(reference, self.test()?))
    }

    /// `5 < $.a`
    fn reversed(&mut self, left: Token<'t>) -> Option<Written> {
        let Token::Sign(sign) = self.next()? else { return None };
        let turned = match sign {
            ">" => "<",
            ">=" => "<=",
            "<" => ">",
            "<=" => ">=",
            other => other,
        };
        let right = self.next()?;
        Some(Written::Entry(self.reference(right)?, compared(turned, &value(left)?)?))
    }

    fn test(&mut self) -> Option<String> {
        if self.takes(&[], &["is"]) {
            let negated = self.takes(&[], &["not"]);
            let value = value(self.next()?)?;
            return compared(if negated { "!=" } else { "==" }, &value);
        }
        let negated = self.takes(&[], &["not"]);
        let test = if self.takes(&[], &["in"]) {
            self.list()?
        } else if let Some(op) = self.predicate() {
            self.next();
            format!("{{ {op}: {} }}", value(self.next()?)?)
        } else if negated {
            return compared("!=", &value(self.next()?)?);
        } else {
            match self.tokens.first() {
                Some(Token::Sign(sign)) if compared(sign, "x").is_some() => {
                    self.next();
                    let value = value(self.next()?)?;
                    compared(sign, &value)?
                }
                Some(Token::Sign(_)) | None => "true".to_owned(),
                Some(Token::Word(word)) if matches!(word.to_ascii_lowercase().as_str(), "and" | "or") => {
                    "true".to_owned()
                }
                Some(_) => return None,
            }
        };
        Some(if negated { format!("{{ not: {test} }}") } else { test })
    }

    /// The predicate for the next word, a name from another language.
    fn predicate(&self) -> Option<&'static str> {
        let Some(Token::Word(word)) = self.tokens.first() else { return None };
        PREDICATES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, op)| *op)
    }

    /// `[a, b]` or `(a, b)` after `in`.
    fn list(&mut self) -> Option<String> {
        if !self.takes(&["[", "("], &[]) {
            return value(self.next()?);
        }
        let mut items = Vec::new();
        loop {
            items.push(value(self.next()?)?);
            if self.takes(&["]", ")"], &[]) {
                return Some(format!("[ {} ]", items.join(", ")));
            }
            if !self.takes(&[","], &[]) {
                return None;
            }
        }
    }

    fn reference(&self, token: Token<'_>) -> Option<String> {
        match token {
            Token::Reference(text) => Some(text.to_owned()),
            Token::Word(word) if !CONSTANTS.contains(&word.to_ascii_lowercase().as_str()) => {
                reference_for(word, self.subject)
            }
            _ => None,
        }
    }

    fn next(&mut self) -> Option<Token<'t>> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(*first)
    }

    /// Consumes the next word if it is one of these.
    fn takes(&mut self, signs: &[&str], words: &[&str]) -> bool {
        let comes = match self.tokens.first() {
            Some(Token::Sign(sign)) => signs.contains(sign),
            Some(Token::Word(word)) => words.iter().any(|wanted| wanted.eq_ignore_ascii_case(word)),
            _ => false,
        };
        if comes {
            self.next();
        }
        comes
    }
}

const CONSTANTS: &[&str] = &["true", "false", "null", "nil", "none"];

/// Words between two values in other languages.
const PREDICATES: &[(&str, &str)] = &[
    ("contains", "contains"),
    ("includes", "contains"),
    ("matches", "matches"),
    ("startswith", "starts_with"),
    ("starts_with", "starts_with"),
    ("endswith", "ends_with"),
    ("ends_with", "ends_with"),
    ("eq", "equals"),
    ("gt", "more_than"),
    ("ge", "at_least"),
    ("gte", "at_least"),
    ("lt", "less_than"),
    ("le", "at_most"),
    ("lte", "at_most"),
];

/// The test of the value on the left of a comparison.
fn compared(sign: &str, value: &str) -> Option<String> {
    let is_nothing = matches!(value, "null" | "nil" | "\"\"") || value.eq_ignore_ascii_case("none");
    Some(match sign {
        "==" | "===" | "=" if is_nothing => "missing".to_owned(),
        "!=" | "!==" | "<>" if is_nothing => "present".to_owned(),
        "==" | "===" | "=" => value.to_owned(),
        "!=" | "!==" | "<>" => format!("{{ not: {value} }}"),
        ">" => format!("{{ more_than: {value} }}"),
        ">=" => format!("{{ at_least: {value} }}"),
        "<" => format!("{{ less_than: {value} }}"),
        "<=" => format!("{{ at_most: {value} }}"),
        "=~" => format!("{{ matches: {value} }}"),
        "!~" => format!("{{ not: {{ matches: {value} }} }}"),
        _ => return None,
    })
}

/// A value as YAML writes it inside a flow map.
fn value(token: Token<'_>) -> Option<String> {
    match token {
        Token::Reference(text) | Token::Number(text) => Some(text.to_owned()),
        Token::Word(word) if CONSTANTS.contains(&word.to_ascii_lowercase().as_str()) => Some(word.to_ascii_lowercase()),
        Token::Word(word) => Some(word.to_owned()),
        Token::Quoted(text) => Some(super::quoted(text)),
        Token::Sign(_) => None,
    }
}

impl Written {
    fn map(&self) -> String {
        match self {
            Self::Entry(reference, test) => format!("{{ {}: {test} }}", super::key(reference)),
            Self::All(parts) => match parts.iter().map(Self::entry).collect::<Option<Vec<_>>>() {
                Some(entries) if is_unique(parts) => format!("{{ {} }}", entries.join(", ")),
                _ => format!("{{ all: [ {} ] }}", maps(parts)),
            },
            Self::Any(parts) => format!("{{ any: [ {} ] }}", maps(parts)),
            Self::Not(part) => format!("{{ not: {} }}", part.map()),
        }
    }

    fn entry(&self) -> Option<String> {
        match self {
            Self::Entry(reference, test) => Some(format!("{}: {test}", super::key(reference))),
            _ => None,
        }
    }
}

fn maps(parts: &[Written]) -> String {
    parts.iter().map(Written::map).collect::<Vec<_>>().join(", ")
}

/// Whether the key occurs only once in its map.
fn is_unique(parts: &[Written]) -> bool {
    let mut seen = std::collections::BTreeSet::new();
    parts.iter().all(|part| matches!(part, Written::Entry(reference, _) if seen.insert(reference)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_become_maps() {
        let cases = [
            ("$.a == true", "{ $.a: true }"),
            ("$.a != 'x y'", "{ $.a: { not: \"x y\" } }"),
            ("$.age >= 18 and $.state = active", "{ $.age: { at_least: 18 }, $.state: active }"),
            ("$.a > 1 && $.a < 5", "{ all: [ { $.a: { more_than: 1 } }, { $.a: { less_than: 5 } } ] }"),
            ("$.a or $.b is not null", "{ any: [ { $.a: true }, { $.b: present } ] }"),
            ("record.role in ['admin', \"staff\"]", "{ $.role: [ admin, staff ] }"),
            ("not ($.a == 1 || $.b)", "{ not: { any: [ { $.a: 1 }, { $.b: true } ] } }"),
            ("5 < $.a", "{ $.a: { more_than: 5 } }"),
            ("$.a == null", "{ $.a: missing }"),
            ("$.x not null", "{ $.x: present }"),
            ("$.x not in (a, b)", "{ $.x: { not: [ a, b ] } }"),
            ("$.mail contains '@'", "{ $.mail: { contains: \"@\" } }"),
            ("$.a[0] == 1", "{ \"$.a[0]\": 1 }"),
        ];
        for (text, map) in cases {
            assert_eq!(as_map(text, Subject::Record).as_deref(), Some(map), "{text}");
        }
        assert_eq!(as_map("kind == home", Subject::Element).as_deref(), Some("{ $item.kind: home }"));
        assert_eq!(as_map("a sentence of words", Subject::Record), None);
    }
}
