//! Lookup tables, written in the rules or read from files next to them.

use std::sync::Arc;

use super::{Compiler, Loader, value};
use crate::diag::{Diagnostic, Findings, Span, closest};
use crate::engine::lookup::{Lookup, LookupRef};
use crate::engine::operand::Operand;
use crate::rules::fields::{expected, word};
use crate::rules::syntax::{Expr, LookupDef, LookupSource, Word};
use crate::rules::{Node, NodeKind, reference};

/// The largest number of entries of a table. Stops a wrong file from filling the memory; the world's languages, places
/// and a large company's groups fit.
const MAX_ENTRIES: usize = 100_000;

/// A table while rules are compiled.
#[derive(Debug)]
pub(super) struct Table {
    pub lookup: LookupRef,
    pub span: Span,
    pub used: bool,
    /// Shared tables may be unused.
    pub shared: bool,
}

type Entries = Vec<(Box<str>, Operand)>;

/// Reads a table; its name has a prefix if it comes from a shared file. A table that cannot be read is reported and
/// stays empty, so that its uses are not findings.
pub(super) fn table(
    def: &LookupDef,
    prefix: &str,
    number: usize,
    asker: &str,
    loader: &dyn Loader,
    findings: &mut Findings,
) -> Table {
    let entries = entries(def, asker, loader, findings).unwrap_or_default();
    let name = format!("{prefix}{}", def.name.text);
    let lookup = Arc::new(Lookup::new(name, number, entries));
    Table { lookup, span: def.name.span, used: false, shared: !prefix.is_empty() }
}

fn entries(def: &LookupDef, asker: &str, loader: &dyn Loader, findings: &mut Findings) -> Option<Entries> {
    let entries: Entries = match &def.source {
        LookupSource::Inline(entries) => entries
            .iter()
            .map(|(key, node)| {
                (literal_key(key, findings), fixed(node, "the values of a lookup are constants", findings))
            })
            .collect(),
        LookupSource::File { file, key, value } => {
            let text = match loader.load(asker, &file.text) {
                Ok(loaded) => loaded.text,
                Err(problem) => {
                    findings.push(Diagnostic::error(
                        "R213",
                        file.span,
                        problem,
                        "the path is relative to the rule file",
                    ));
                    return None;
                }
            };
            file_entries(file, &text, key.as_ref(), value.as_ref(), findings)?
        }
    };
    if entries.len() > MAX_ENTRIES {
        let message = format!("a lookup has at most {MAX_ENTRIES} entries");
        findings.push(Diagnostic::error(
            "R412",
            def.name.span,
            message,
            "look up the value in a script or at the source",
        ));
        return None;
    }
    Some(entries)
}

/// The key of an entry: literal text, except for a doubled dollar at its start.
fn literal_key(key: &Word, findings: &mut Findings) -> Box<str> {
    taken_literally(&key.text, key.span, "the keys of a lookup are constants", findings);
    undoubled(&key.text).into()
}

/// A literal value, whatever it looks like.
pub(super) fn fixed(node: &Node, why: &str, findings: &mut Findings) -> Operand {
    literals(node, why, findings);
    undoubled_in(value::literal(node).0)
}

fn undoubled_in(operand: Operand) -> Operand {
    match operand {
        Operand::Text(text) => Operand::Text(undoubled(&text).into()),
        Operand::List(items) => Operand::List(items.into_iter().map(undoubled_in).collect()),
        Operand::Object(members) => {
            let member = |(key, value): (Box<str>, Operand)| (undoubled(&key).into(), undoubled_in(value));
            Operand::Object(members.into_iter().map(member).collect())
        }
        other => other,
    }
}

/// `$$.a` as `$.a`: elsewhere a doubled dollar escapes a reference, so it is allowed here too.
pub(super) fn undoubled(text: &str) -> &str {
    text.strip_prefix('$').filter(|rest| rest.starts_with('$')).unwrap_or(text)
}

/// Reports the references in a constant value, at any depth.
fn literals(node: &Node, why: &str, findings: &mut Findings) {
    match &node.kind {
        NodeKind::Scalar(scalar) => taken_literally(&scalar.text, node.span, why, findings),
        NodeKind::List(items) => items.iter().for_each(|item| literals(item, why, findings)),
        NodeKind::Map(entries) => {
            for entry in entries {
                taken_literally(&entry.key, entry.key_span, why, findings);
                literals(&entry.value, why, findings);
            }
        }
    }
}

pub(super) fn taken_literally(text: &str, span: Span, why: &str, findings: &mut Findings) {
    let in_braces = text.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map_or("", |(inner, _)| inner);
    let names = |text: &str| text.len() > 1 && reference::is_reference(text);
    let is_reference = names(text);
    if !is_reference && !names(in_braces) {
        return;
    }
    let message = format!("`{text}` is taken literally here, not as a reference");
    let help = match is_reference {
        true => format!("{why}; for a text that begins with a dollar write `$${}`", text.trim_start_matches('$')),
        false => format!("{why}: build the text in the rule that uses it"),
    };
    findings.push(Diagnostic::warning("R214", span, message, help));
}

fn file_entries(
    file: &Word,
    text: &str,
    key: Option<&Word>,
    value: Option<&Word>,
    findings: &mut Findings,
) -> Option<Entries> {
    if !file.text.to_ascii_lowercase().ends_with(".csv") {
        return json_entries(file, text, findings);
    }
    let mut problem = |span: Span, message: String, help: &str| {
        findings.push(Diagnostic::error("R213", span, message, help));
        None
    };
    let mut reader = csv::ReaderBuilder::new().from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let Ok(headers) = reader.headers().cloned() else {
        return problem(file.span, "the lookup file is not CSV".to_owned(), "it needs a header line and commas");
    };
    let mut columns = [0, 1];
    for (position, wanted) in [(0, key), (1, value)] {
        let Some(wanted) = wanted else { continue };
        match headers.iter().position(|header| header.trim() == wanted.text) {
            Some(column) => columns.iter_mut().skip(position).take(1).for_each(|slot| *slot = column),
            None => {
                let help = match closest(&wanted.text, headers.iter()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("its columns are {}", headers.iter().collect::<Vec<_>>().join(", ")),
                };
                return problem(wanted.span, format!("the file has no column `{}`", wanted.text), &help);
            }
        }
    }
    let [key_column, value_column] = columns;
    let mut entries: Entries = Vec::new();
    for record in reader.records().take(MAX_ENTRIES + 1) {
        match record.as_ref().ok().and_then(|row| Some((row.get(key_column)?, row.get(value_column)?))) {
            Some((key, value)) => entries.push((key.into(), Operand::Text(value.into()))),
            None => {
                let message = format!("row {} of the lookup file cannot be read", entries.len() + 2);
                return problem(file.span, message, "every row needs the columns of the header");
            }
        }
    }
    Some(entries)
}

fn json_entries(file: &Word, text: &str, findings: &mut Findings) -> Option<Entries> {
    let bounded = crate::rules::aliases_are_bounded(text);
    match serde_yaml::from_str::<std::collections::BTreeMap<String, serde_json::Value>>(if bounded { text } else { "" })
    {
        Ok(map) if bounded => Some(map.into_iter().map(|(key, value)| (key.into(), json_operand(value))).collect()),
        Ok(_) | Err(_) => {
            let help = "a lookup file is CSV with a header, or a JSON or YAML map of keys to values";
            findings.push(Diagnostic::error("R213", file.span, "the lookup file cannot be read", help));
            None
        }
    }
}

/// A JSON value as an operand.
pub(super) fn json_operand(value: serde_json::Value) -> Operand {
    use serde_json::Value as Json;
    match value {
        Json::Null => Operand::Null,
        Json::Bool(value) => Operand::Bool(value),
        Json::Number(number) => {
            number.as_i64().map_or_else(|| Operand::Decimal(number.to_string().into()), Operand::Int)
        }
        Json::String(text) => Operand::Text(text.into()),
        Json::Array(items) => Operand::List(items.into_iter().map(json_operand).collect()),
        Json::Object(members) => {
            Operand::Object(members.into_iter().map(|(key, value)| (key.into(), json_operand(value))).collect())
        }
    }
}

impl Compiler<'_> {
    /// `in: roles`: the name of a table, or another constant, where an object must stand.
    pub(super) fn names_no_object(&mut self, expr: &Expr) -> bool {
        let Expr::Literal(node) = expr else { return false };
        if !matches!(node.kind, NodeKind::Scalar(_)) {
            return false;
        }
        let text = node.as_text().unwrap_or_default();
        let meant = self.names_meant(text);
        let table = self.tables.iter_mut().find(|table| meant.contains(&table.lookup.name));
        let help = match table {
            Some(table) => {
                // it is meant, and so it is not unused as well
                table.used = true;
                format!(
                    "`{text}` is the name of a lookup: write `lookup: {text}`, or `table: {text}` beside other arguments"
                )
            }
            None => "write an object, such as `in: { A: active }`, a reference to one, or `lookup: NAME` for a table"
                .to_owned(),
        };
        let message = format!("`in` of `lookup` is an object, found `{}`", self.files.excerpt(node.span));
        self.findings.push(Diagnostic::error("R406", node.span, message, help));
        true
    }

    /// The table with a name.
    pub(super) fn lookup(&mut self, node: &Node) -> Option<LookupRef> {
        if !matches!(node.kind, NodeKind::Scalar(_)) {
            self.findings.push(expected(node, "the name of a lookup"));
            return None;
        }
        let name = word(node, self.findings)?;
        for meant in self.names_meant(&name.text) {
            if let Some(table) = self.tables.iter_mut().find(|table| table.lookup.name == meant) {
                table.used = true;
                return Some(Arc::clone(&table.lookup));
            }
        }
        if self.is_of_missing_file(&name.text) {
            return None;
        }
        let known: Vec<String> =
            self.tables.iter().map(|table| self.name_here(&table.lookup.name).to_owned()).collect();
        let of_shared = known.iter().find(|known| known.ends_with(&format!(".{}", name.text)));
        let near = of_shared.map(String::as_str).or_else(|| closest(&name.text, known.iter().map(String::as_str)));
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("declare it: `lookups: {{ {}: {{ … }} }}`", name.text),
        };
        self.findings.push(Diagnostic::error("R207", name.span, format!("there is no lookup `{}`", name.text), help));
        None
    }
}
