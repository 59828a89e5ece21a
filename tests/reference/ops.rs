//! Some ops, written again in the simplest way that comes to mind. `None` is a failure.

use serde_yaml::Value as Yaml;

use super::interpreter::{Interpreter, Place, reference_parts};
use super::value::{V, walk};

impl Interpreter<'_> {
    pub fn op(&self, name: &str, argument: &Yaml, input: V, place: &Place) -> Option<V> {
        let takes_nothing = ["default", "coalesce", "is_present"].contains(&name);
        if !input.present() && !takes_nothing {
            return Some(input);
        }
        match name {
            "trim" => Some(V::Text(trimmed(&input.textual()?, argument.as_str()))),
            "squish" => {
                let text: String = input.textual()?.chars().filter(|c| !is_invisible(*c)).collect();
                Some(V::Text(text.split_whitespace().collect::<Vec<_>>().join(" ")))
            }
            "lowercase" => Some(V::Text(input.textual()?.to_lowercase())),
            "uppercase" => Some(V::Text(input.textual()?.to_uppercase())),
            "split" => split(&input.textual()?, argument),
            "join" => join(&input, argument),
            "starts_with" => Some(V::Bool(input.textual()?.starts_with(argument.as_str().unwrap()))),
            "before" | "after" => {
                let text = input.textual()?;
                let by = argument.as_str().or_else(|| argument.get("text")?.as_str()).unwrap();
                let whole = argument.get("or").and_then(Yaml::as_str) == Some("whole");
                Some(match text.find(by) {
                    Some(at) if name == "before" => V::Text(text[..at].to_owned()),
                    Some(at) => V::Text(text[at + by.len()..].to_owned()),
                    None if whole => V::Text(text),
                    None => V::Missing,
                })
            }
            "replace" => {
                let word = |key| argument.get(key).and_then(Yaml::as_str).unwrap();
                Some(V::Text(input.textual()?.split(word("find")).collect::<Vec<_>>().join(word("with"))))
            }
            "first" => {
                if let V::List(_) = input {
                    Some(input.element(0))
                } else {
                    None
                }
            }
            "last" => {
                if let V::List(_) = input {
                    Some(input.element(-1))
                } else {
                    None
                }
            }
            "unique" => {
                let V::List(items) = input else { return None };
                let mut kept: Vec<V> = Vec::new();
                for item in items {
                    if !kept.iter().any(|have| have.equals(&item)) {
                        kept.push(item);
                    }
                }
                Some(V::List(kept))
            }
            "compact" => match input {
                V::List(items) => Some(V::List(items.into_iter().filter(|v| !is_blank(v)).collect())),
                V::Object(members) => Some(V::Object(members.into_iter().filter(|(_, v)| !is_blank(v)).collect())),
                _ => None,
            },
            "default" => Some(if input.present() { input } else { self.expr(argument, place) }),
            "coalesce" => {
                // a parameter that is a list stands for its elements
                let others = argument.as_sequence().unwrap().iter().flat_map(|other| {
                    let is_param = other.as_str().is_some_and(|text| text.starts_with("$params"));
                    match self.expr(other, place) {
                        V::List(items) if is_param => items,
                        value => vec![value],
                    }
                });
                Some(std::iter::once(input).chain(others).find(|v| !v.empty()).unwrap_or(V::Missing))
            }
            "lookup" => {
                let key = input.scalar()?;
                let table = argument.as_str().or_else(|| argument.get("table")?.as_str()).unwrap();
                match (self.lookup_entry(table, &key), argument.get("default")) {
                    (Some(value), _) => Some(value),
                    (None, Some(default)) => Some(self.expr(default, place)),
                    (None, None) => None,
                }
            }
            "equals" => {
                let other = self.expr(argument, place);
                let is_reference = argument.as_str().is_some_and(|text| reference_parts(text).is_some());
                Some(V::Bool(if is_reference { input.is_among(&other) } else { input.equals(&other) }))
            }
            "one_of" => {
                let mut others = argument.as_sequence().unwrap().iter();
                Some(V::Bool(others.any(|other| input.is_among(&self.expr(other, place)))))
            }
            "to_list" => Some(match input {
                V::List(items) => V::List(items),
                value if value.present() => V::List(vec![value]),
                value => value,
            }),
            "is_present" => Some(V::Bool(input.present())),
            "to_text" => input.scalar().map(V::Text),
            "to_integer" => to_integer(&input.textual()?),
            "to_boolean" => match input {
                V::Bool(_) => Some(input),
                _ => match input.textual()?.trim().to_lowercase().as_str() {
                    "true" | "yes" | "y" | "on" | "t" | "1" => Some(V::Bool(true)),
                    "false" | "no" | "n" | "off" | "f" | "0" => Some(V::Bool(false)),
                    _ => None,
                },
            },
            "pivot" => pivot(&input, argument),
            "keys" => {
                let wanted = argument.get("where").map(|wanted| self.expr(wanted, place));
                let pairs: Vec<(V, V)> = match input {
                    V::Object(members) => members.into_iter().map(|(k, v)| (V::Text(k), v)).collect(),
                    V::List(items) => {
                        items.into_iter().enumerate().map(|(i, v)| (V::Number(i.to_string()), v)).collect()
                    }
                    _ => return None,
                };
                let equal = |v: &V| wanted.as_ref().is_none_or(|wanted| v.present() && v.equals(wanted));
                let kept = pairs.into_iter().filter(|(_, v)| equal(v));
                Some(V::List(kept.map(|(k, _)| k).collect()))
            }
            "get" => match input {
                V::List(_) | V::Object(_) => Some(walk(&input, &path_of(argument.as_str().unwrap()))),
                _ => None,
            },
            other => panic!("the reference has no op `{other}`"),
        }
    }

    fn lookup_entry(&self, table: &str, key: &str) -> Option<V> {
        let table =
            self.rules.get("lookups").and_then(|lookups| lookups.get(table)).and_then(Yaml::as_mapping).unwrap();
        table.iter().find(|(have, _)| have.as_str() == Some(key)).map(|(_, value)| self.literal(value))
    }
}

fn path_of(text: &str) -> String {
    match reference_parts(text) {
        Some((_, path)) => path.to_owned(),
        None if text.starts_with('[') => text.to_owned(),
        None => format!(".{text}"),
    }
}

fn is_invisible(c: char) -> bool {
    ['\u{200b}', '\u{2060}', '\u{feff}'].contains(&c)
}

fn is_blank(value: &V) -> bool {
    matches!(value, V::Text(text) if text.trim().is_empty()) || value.empty()
}

fn trimmed(text: &str, characters: Option<&str>) -> String {
    let goes = |c: char| match characters {
        Some(characters) => characters.chars().any(|have| have == c),
        None => c.is_whitespace() || is_invisible(c),
    };
    let mut chars: Vec<char> = text.chars().collect();
    while chars.last().is_some_and(|c| goes(*c)) {
        chars.pop();
    }
    chars.into_iter().skip_while(|c| goes(*c)).collect()
}

fn split(text: &str, argument: &Yaml) -> Option<V> {
    let by = argument.as_str().or_else(|| argument.get("by")?.as_str()).unwrap();
    let flag = |key| argument.get(key).and_then(Yaml::as_bool) == Some(true);
    let mut parts: Vec<String> = Vec::new();
    let mut rest = text;
    let limit = argument.get("limit").and_then(Yaml::as_u64).unwrap_or(u64::MAX);
    while (parts.len() as u64) + 1 < limit {
        let Some(at) = rest.find(by) else { break };
        parts.push(rest[..at].to_owned());
        rest = &rest[at + by.len()..];
    }
    parts.push(rest.to_owned());
    if flag("trim") {
        parts = parts.iter().map(|part| trimmed(part, None)).collect();
    }
    parts.retain(|part| flag("keep_empty") || !part.is_empty());
    Some(V::List(parts.into_iter().map(V::Text).collect()))
}

fn join(input: &V, argument: &Yaml) -> Option<V> {
    let V::List(items) = input else { return None };
    let by = argument.as_str().or_else(|| argument.get("by")?.as_str()).unwrap();
    let keep = argument.get("keep_empty").and_then(Yaml::as_bool) == Some(true);
    let mut texts = Vec::new();
    for item in items.iter().filter(|item| item.present()) {
        let text = item.scalar()?;
        if keep || !text.is_empty() {
            texts.push(text);
        }
    }
    Some(if texts.is_empty() { V::Missing } else { V::Text(texts.join(by)) })
}

/// Whole numbers; a fraction of zeros is fine. The generator writes no exponents.
fn to_integer(text: &str) -> Option<V> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let are_digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    if !are_digits(whole) || !are_digits(fraction) || fraction.contains(|c| c != '0') {
        return None;
    }
    let number: i128 = whole.parse().ok()?;
    i64::try_from(sign * number).ok().map(|number| V::Number(number.to_string()))
}

fn pivot(input: &V, argument: &Yaml) -> Option<V> {
    let V::List(rows) = input else { return None };
    let path = |key: &str| argument.get(key).and_then(Yaml::as_str).map(path_of);
    let duplicates = argument.get("duplicates").and_then(Yaml::as_str).unwrap_or("last");
    let mut made: Vec<(String, V)> = Vec::new();
    for row in rows {
        let Some(key) = walk(row, &path("key").unwrap()).scalar() else { continue };
        let value = path("value").map_or(row.clone(), |path| walk(row, &path));
        if value == V::Missing {
            continue;
        }
        match (made.iter_mut().find(|(have, _)| *have == key), duplicates) {
            (None, "list") => made.push((key, V::List(vec![value]))),
            (None, _) => made.push((key, value)),
            (Some((_, V::List(list))), "list") => list.push(value),
            (Some(_), "fail") => return None,
            (Some(_), "first") => {}
            (Some((_, have)), _) => *have = value,
        }
    }
    Some(V::Object(made))
}
