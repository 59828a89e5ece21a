//! The generated parts of the settings' reference: tables from the JSON Schema of the settings, and the docs of adapters.
//!
//! The docs of an adapter stand between `<!-- docs: FILE -->` and `<!-- end -->`.
//!
//! A table stands between `<!-- settings: … -->` and `<!-- end -->`. The first comment names its rows: `rules` is one row,
//! `login.*` are the keys of a section, `source[sql].*` those of a kind, `bridges[].*` those of an element of a list, and
//! `source.kind` is the row of the kinds. A section within a section is one row, unless the page has a table of its keys.
//! Rows keep the order that the page gives them.

use std::fs;

use serde_json::Value as Json;

/// The end of a generated part.
const END: &str = "<!-- end -->";

/// A row: key, default, meaning.
struct Row {
    key: String,
    default: String,
    meaning: String,
}

/// The page with all its tables generated anew.
pub fn generated(page: &str, schema: &Json) -> String {
    let tokens = tokens(page);
    let mut out = String::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        out.push_str(line);
        out.push('\n');
        if let Some(file) = file(line) {
            lines.by_ref().take_while(|line| *line != END).for_each(drop);
            out.push_str(&fs::read_to_string(file).unwrap_or_else(|error| panic!("{file}: {error}")));
            out.push_str(&format!("{END}\n"));
        }
        let Some(words) = words(line) else { continue };
        let present: Vec<String> = lines.by_ref().take_while(|line| *line != END).filter_map(key_of).collect();
        out.push_str("| key | default | meaning |\n|---|---|---|\n");
        let mut rows: Vec<Row> = words.iter().flat_map(|word| rows(word, schema, &tokens)).collect();
        rows.sort_by_key(|row| {
            let is_near = |have: &String| *have == row.key || have.starts_with(&format!("{}.", row.key));
            present.iter().position(is_near).unwrap_or(usize::MAX)
        });
        for Row { key, default, meaning } in rows {
            let default = if default.is_empty() { String::new() } else { format!(" `{default}`") };
            out.push_str(&format!("| `{key}` |{default} | {} |\n", meaning.replace('|', "\\|")));
        }
        out.push_str(&format!("{END}\n"));
    }
    out
}

/// The files that a page contains.
pub fn files(page: &str) -> Vec<&str> {
    page.lines().filter_map(file).collect()
}

fn file(line: &str) -> Option<&str> {
    line.strip_prefix("<!-- docs: ")?.strip_suffix(" -->")
}

/// The keys that the tables of a page have.
pub fn keys(page: &str) -> Vec<String> {
    page.lines().filter_map(key_of).collect()
}

fn key_of(line: &str) -> Option<String> {
    line.strip_prefix("| `").and_then(|rest| rest.split_once('`')).map(|(key, _)| key.to_owned())
}

fn words(line: &str) -> Option<Vec<&str>> {
    Some(line.strip_prefix("<!-- settings: ")?.strip_suffix(" -->")?.split_whitespace().collect())
}

fn tokens(page: &str) -> Vec<String> {
    page.lines().filter_map(words).flatten().map(without_kinds).collect()
}

/// `source.search.*` of `source[ldap].search.*`.
fn without_kinds(word: &str) -> String {
    let mut parts = word.split('[');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |path, part| path + part.split_once(']').map_or("", |(_, rest)| rest))
}

/// The rows of a word of a table's comment.
fn rows(word: &str, schema: &Json, tokens: &[String]) -> Vec<Row> {
    if let Some(section) = word.strip_suffix(".kind").filter(|section| section_of(schema, section)["anyOf"].is_array())
    {
        return vec![kinds(section, section_of(schema, section))];
    }
    let Some(section) = word.strip_suffix(".*") else { return vec![row(word, section_of(schema, word))] };
    let name = without_kinds(section);
    let keys = section_of(schema, section)["properties"].as_object().unwrap_or_else(|| panic!("`{word}` has no keys"));
    let has_table =
        |key: &str| tokens.iter().any(|token| token.starts_with(&format!("{key}.")) || (token == key && word != key));
    keys.iter()
        // one way among several, which has a row of its own
        .filter(|(key, below)| *key != "kind" || below["const"].is_null())
        .map(|(key, below)| (format!("{name}.{key}"), below))
        .filter(|(key, _)| !has_table(key))
        .map(|(key, below)| row(&key, below))
        .collect()
}

/// The schema of a setting such as `login.attempts` or `source[sql]`.
fn section_of<'s>(schema: &'s Json, path: &str) -> &'s Json {
    path.split('.').fold(schema, |at, step| {
        let (name, kind) = step.trim_end_matches(']').split_once('[').unwrap_or((step, ""));
        let found = at["properties"].get(name).unwrap_or_else(|| panic!("`{path}` is not a setting"));
        if step.ends_with("[]") {
            return &found["items"];
        }
        if kind.is_empty() { found } else { of_kind(found, kind).unwrap_or_else(|| panic!("no kind in `{path}`")) }
    })
}

fn of_kind<'s>(schema: &'s Json, kind: &str) -> Option<&'s Json> {
    let ways = schema["anyOf"].as_array()?;
    ways.iter().find(|way| way["properties"]["kind"]["const"] == kind)
}

fn about(schema: &Json) -> &str {
    schema["description"].as_str().unwrap_or_default()
}

fn row(key: &str, schema: &Json) -> Row {
    Row { key: key.to_owned(), default: default(schema), meaning: about(schema).to_owned() }
}

/// A default as it is written; for a section whose keys all have one, all of them.
fn default(schema: &Json) -> String {
    match (&schema["default"], schema["properties"].as_object()) {
        (Json::Null, Some(keys)) => {
            let parts: Vec<String> = keys.iter().map(|(key, below)| format!("{key}: {}", default(below))).collect();
            if parts.iter().any(|part| part.ends_with(": ")) {
                String::new()
            } else {
                format!("{{ {} }}", parts.join(", "))
            }
        }
        (Json::Null, None) => String::new(),
        (Json::String(text), _) => text.clone(),
        (value, _) => value.to_string(),
    }
}

fn kinds(section: &str, schema: &Json) -> Row {
    let ways = schema["anyOf"].as_array().expect("kinds");
    let mut meaning = about(schema).to_owned();
    for kind in ways.iter().filter_map(|way| way["properties"].get("kind")) {
        meaning.push_str(&format!(" `{}`: {}", kind["const"].as_str().expect("a kind"), about(kind)));
    }
    Row { key: format!("{section}.kind"), default: default(schema), meaning }
}
