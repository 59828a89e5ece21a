//! Translates expressions such as `$.a + $.b`, `$.a || 'x'` and `lower($.mail)` into rules.

use super::condition::as_map;
use super::tokens::{Token, tokens};
use super::{in_quotes, quoted, reference_for};
use crate::diag::Diagnostic;
use crate::rules::Node;
use crate::rules::condition::Subject;

/// The finding for an expression that reads the record.
pub(super) fn check(node: &Node, text: &str, counts: &dyn Fn(&str) -> bool) -> Option<Diagnostic> {
    let help = help(text, counts)?;
    let message = format!("`{text}` is an expression, and a value here is a reference, a text or a constant");
    Some(Diagnostic::error("R216", node.span, message, help))
}

fn help(text: &str, counts: &dyn Fn(&str) -> bool) -> Option<String> {
    let found = tokens(text)?;
    if !found.iter().any(|token| matches!(token, Token::Reference(reference) if counts(reference))) {
        return None;
    }
    match found.as_slice() {
        [Token::Reference(reference), Token::Sign("("), ..] => method(reference),
        [Token::Word(name), Token::Sign("("), ..] if matches!(lower(name).as_str(), "if" | "iif") => conditional(text),
        [Token::Word(name), Token::Sign("("), arguments @ .., Token::Sign(")")] => call(name, arguments),
        [Token::Sign("!"), Token::Reference(value)] => inverted(value),
        [Token::Word(word), Token::Reference(value)] if lower(word) == "not" => inverted(value),
        _ => ternary(text).or_else(|| chain(&with_signs(&found))).or_else(|| comparison(&found, text)),
    }
}

/// `$.a or $.b` as `$.a || $.b`.
fn with_signs<'t>(found: &[Token<'t>]) -> Vec<Token<'t>> {
    let sign = |token: &Token<'t>| match token {
        Token::Word(word) if lower(word) == "or" => Token::Sign("||"),
        other => *other,
    };
    found.iter().map(sign).collect()
}

/// `not $.a`
fn inverted(value: &str) -> Option<String> {
    Some(format!("to invert a boolean, write `{{ from: {value}, do: [ invert ] }}`"))
}

/// Calls of functions from other languages without a reference in their arguments: `concat(first, ' ', last)`.
pub(super) fn call_without_references(node: &Node, text: &str) -> Option<Diagnostic> {
    if !text.ends_with(')') {
        return None;
    }
    let found = tokens(text)?;
    let [Token::Word(name), Token::Sign("("), arguments @ .., Token::Sign(")")] = found.as_slice() else {
        return None;
    };
    let is_known = JOINING.contains(&lower(name).as_str()) || FIRST.contains(&lower(name).as_str()) || step(name).1;
    let help = call(name, arguments).filter(|_| is_known)?;
    let message = format!("`{text}` is a function call, and stays text here");
    Some(Diagnostic::warning("R216", node.span, message, help))
}

fn lower(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// Functions that join texts.
const JOINING: &[&str] = &["concat", "concat_ws", "join", "format", "str", "string"];

/// Functions that return the first value that is present.
const FIRST: &[&str] = &["coalesce", "ifnull", "nvl", "isnull"];

/// The step for a name, and whether the name is from another language.
fn step(name: &str) -> (String, bool) {
    const NAMES: &[(&str, &[&str])] = &[
        ("lowercase", &["lower", "lcase", "tolowercase", "to_lower", "downcase", "tolower"]),
        ("uppercase", &["upper", "ucase", "touppercase", "to_upper", "upcase", "toupper"]),
        ("trim", &["trim", "strip", "btrim"]),
        ("length", &["len", "length"]),
        ("to_integer", &["int", "parseint", "tointeger"]),
        ("to_text", &["tostring", "to_string"]),
    ];
    let known = NAMES.iter().find(|(_, names)| names.contains(&lower(name).as_str()));
    known.map_or_else(|| (name.to_owned(), false), |(step, _)| ((*step).to_owned(), true))
}

/// `$.mail.toLowerCase()`
fn method(reference: &str) -> Option<String> {
    let (value, name) = reference.rsplit_once('.')?;
    if value == "$" {
        return None;
    }
    Some(format!("steps change a value: `{{ from: {value}, do: [ {} ] }}`", step(name).0))
}

/// `lower($.mail)`, `concat($.a, ' ', $.b)`, `coalesce($.a, $.b)`
fn call(name: &str, arguments: &[Token<'_>]) -> Option<String> {
    let values = || arguments.iter().copied().filter(|token| *token != Token::Sign(","));
    // if no argument is a reference, words are names of fields
    let names: Vec<String> = values().filter_map(reference).collect();
    let has_reference = values().any(|token| matches!(token, Token::Reference(_)));
    let mut names = names.iter();
    let values: Vec<Token<'_>> = values()
        .map(|token| match token {
            Token::Word(_) if !has_reference => names.next().map_or(token, |name| Token::Reference(name)),
            other => other,
        })
        .collect();
    if JOINING.contains(&lower(name).as_str()) {
        return joined(&values);
    }
    if FIRST.contains(&lower(name).as_str()) {
        return first_of(&values);
    }
    match values.as_slice() {
        [value] => {
            Some(format!("steps change a value: `{{ from: {}, do: [ {} ] }}`", reference(*value)?, step(name).0))
        }
        _ => {
            let value = values.iter().find_map(|token| reference(*token))?;
            Some(format!("steps change a value: `{{ from: {value}, do: [ … ] }}`; `landfall ops` lists them"))
        }
    }
}

fn reference(token: Token<'_>) -> Option<String> {
    match token {
        Token::Reference(text) => Some(text.to_owned()),
        Token::Word(word) => reference_for(word, Subject::Record),
        _ => None,
    }
}

/// Several values joined to one text.
fn joined(values: &[Token<'_>]) -> Option<String> {
    let mut text = String::new();
    for value in values {
        match value {
            Token::Quoted(part) | Token::Number(part) => text.push_str(part),
            other => text.push_str(&format!("{{{}}}", reference(*other)?)),
        }
    }
    Some(format!("to join them write `{}`", in_quotes(&text)))
}

/// The first value that is present.
fn first_of(values: &[Token<'_>]) -> Option<String> {
    let (last, others) = values.split_last()?;
    let references: Option<Vec<String>> = others.iter().map(|token| reference(*token)).collect();
    let mut references = references?;
    let default = match last {
        Token::Reference(text) => {
            references.push((*text).to_owned());
            String::new()
        }
        Token::Quoted(text) => format!(", default: {}", quoted(text)),
        Token::Number(text) | Token::Word(text) => format!(", default: {text}"),
        Token::Sign(_) => return None,
    };
    let from = match references.as_slice() {
        [one] => one.clone(),
        several => format!("[ {} ]", several.join(", ")),
    };
    Some(format!("for the first that is present write `{{ from: {from}{default} }}`"))
}

/// Values with operators between them.
fn chain(found: &[Token<'_>]) -> Option<String> {
    if let [Token::Reference(value), Token::Sign("|" | "|>"), rest @ ..] = found {
        return piped(value, rest);
    }
    let values: Vec<Token<'_>> = found.iter().copied().step_by(2).collect();
    let signs: Vec<&str> = found.iter().skip(1).step_by(2).map_while(sign).collect();
    let is_chain = found.len() % 2 == 1 && found.len() > 1 && signs.len() == found.len() / 2;
    if !is_chain || values.iter().any(|value| matches!(value, Token::Sign(_))) {
        return None;
    }
    let only = |wanted: &[&str]| signs.iter().all(|sign| wanted.contains(sign));
    let has_text = values.iter().any(|value| matches!(value, Token::Quoted(_)));
    let inner_text = values.split_last().is_some_and(|(_, rest)| rest.iter().any(|v| matches!(v, Token::Quoted(_))));
    if only(&["??", "?:"]) || (only(&["||", "|"]) && !inner_text) {
        let first = first_of(&values)?;
        return Some(if has_text { first } else { format!("{first}; {}", joined(&values)?) });
    }
    if only(&["+", "~", ".", "&", "||"]) {
        let joined = joined(&values);
        return if has_text || !only(&["+"]) { joined } else { Some(format!("{}; {}", joined?, computed(found)?)) };
    }
    computed(found)
}

fn sign<'t>(token: &Token<'t>) -> Option<&'t str> {
    match token {
        Token::Sign(sign) => Some(sign),
        _ => None,
    }
}

/// `$.a * 100`
fn computed(found: &[Token<'_>]) -> Option<String> {
    let [Token::Reference(left), Token::Sign(sign), right, ..] = found else { return None };
    let op = match *sign {
        "+" => "add",
        "-" => "subtract",
        "*" => "multiply",
        "/" => "divide",
        _ => return None,
    };
    let right = match right {
        Token::Reference(text) | Token::Number(text) => *text,
        _ => return None,
    };
    Some(format!("to compute write `{{ from: {left}, do: [ {{ {op}: {right} }} ] }}`"))
}

/// `$.mail | lower | trim`
fn piped(value: &str, rest: &[Token<'_>]) -> Option<String> {
    let steps: Vec<String> = rest.split(|token| matches!(token, Token::Sign("|" | "|>"))).filter_map(filter).collect();
    (!steps.is_empty()).then(|| format!("steps change a value: `{{ from: {value}, do: [ {} ] }}`", steps.join(", ")))
}

fn filter(tokens: &[Token<'_>]) -> Option<String> {
    let (Token::Word(name), arguments) = tokens.split_first()? else { return None };
    let value = arguments.iter().find_map(|token| match token {
        Token::Quoted(text) => Some(quoted(text)),
        Token::Number(text) | Token::Reference(text) => Some((*text).to_owned()),
        _ => None,
    });
    let name = step(name).0;
    Some(value.map_or_else(|| name.clone(), |value| format!("{{ {name}: {value} }}")))
}

/// `$.a == 1` in place of a value.
fn comparison(found: &[Token<'_>], text: &str) -> Option<String> {
    const COMPARING: &[&str] = &["==", "===", "!=", "!==", "<>", ">", ">=", "<", "<=", "=~", "!~", "&&"];
    const WORDS: &[&str] = &["is", "in", "and", "not", "contains", "matches", "includes", "startswith", "endswith"];
    let compares = found.iter().any(|token| match token {
        Token::Sign(sign) => COMPARING.contains(sign),
        Token::Word(word) => WORDS.contains(&lower(word).as_str()),
        _ => false,
    });
    let map = as_map(text, Subject::Record).filter(|_| compares)?;
    Some(format!("write `{{ when: {map}, value: true, otherwise: false }}`"))
}

/// `$.a == 1 ? x : y`
fn ternary(text: &str) -> Option<String> {
    let (condition, values) = text.split_once('?')?;
    let (then, otherwise) = values.split_once(':')?;
    chosen(condition, then, otherwise)
}

/// `if($.a == 1, 'x', 'y')`
fn conditional(text: &str) -> Option<String> {
    let (_, arguments) = text.split_once('(')?;
    let mut arguments = arguments.trim_end().strip_suffix(')')?.split(',');
    let (condition, then, otherwise) = (arguments.next()?, arguments.next()?, arguments.next()?);
    if arguments.next().is_some() {
        return None;
    }
    chosen(condition, then, otherwise)
}

/// One of two values, chosen by a condition.
fn chosen(condition: &str, then: &str, otherwise: &str) -> Option<String> {
    let map = as_map(condition, Subject::Record)?;
    let value = |text: &str| match tokens(text)?.as_slice() {
        [Token::Reference(text) | Token::Number(text) | Token::Word(text)] => Some((*text).to_owned()),
        [Token::Quoted(text)] => Some(quoted(text)),
        _ => None,
    };
    Some(format!("write `{{ when: {map}, value: {}, otherwise: {} }}`", value(then)?, value(otherwise)?))
}
