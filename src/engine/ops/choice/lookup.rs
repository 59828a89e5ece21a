//! `lookup`: translates a word of the source into a word of the target.

use rustc_hash::FxHashMap;

use crate::engine::context::{Cx, Note};
use crate::engine::lookup::LookupRef;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example, example_failure,
};
use crate::engine::operand::Operand;
use crate::engine::ops::arguments::{Either, one_of, present, wrong_kind};
use crate::model::{Kinds, Value};

/// The row of the step table.
pub const LOOKUP: OpSpec = OpSpec {
    name: "lookup",
    family: Family::Choice,
    summary: "looks up the value of a key in a table",
    details: "The table is one of the file's `lookups`, or an object: written in place, or part of the record. The key \
              is the text of the value, so `1` and `\"1\"`, and `true` and `\"true\"`, are the same key. An unknown \
              key is a failure unless `default` is given: an unexpected role must not disappear silently.",
    input: Kinds::SCALAR,
    output: Output::Is(Kinds::ANY),
    arguments: &[
        ArgumentSpec::main_optional("table", ArgumentKind::Lookup, "the name of a lookup"),
        ArgumentSpec::optional("in", ArgumentKind::Operand, "an object to search instead of `table`"),
        ArgumentSpec::optional("default", ArgumentKind::Operand, "the value for unknown keys"),
        ArgumentSpec::optional("ignoring_case", ArgumentKind::Boolean, "whether to ignore case"),
    ],
    fails: "the key is unknown and no `default` is given, or `in` is not an object",
    takes_nothing: false,
    examples: &[
        example("{ in: { shop_manager: staff, customer: customer } }", r#""shop_manager""#, r#""staff""#),
        example("{ in: { 0: active, 1: disabled } }", "1", r#""disabled""#),
        example("{ in: { de: German }, ignoring_case: true, default: unknown }", r#""DE""#, r#""German""#),
        example("{ in: { de: German }, default: unknown }", r#""DE""#, r#""unknown""#),
        example_failure("{ in: { de: German } }", r#""fr""#),
    ],
    build: |arguments| {
        let ignoring_case = arguments.boolean("ignoring_case").unwrap_or(false);
        let place = match one_of(("table", arguments.lookup("table")), ("in", arguments.operand("in")))? {
            Either::First(table) if ignoring_case => {
                let folded = folded(&table)?;
                Place::Folded { table, folded }
            }
            Either::First(table) => Place::Table(table),
            Either::Second(object) => Place::Object { object, ignoring_case },
        };
        Ok(Box::new(Find { place, default: arguments.operand("default") }))
    },
};

#[derive(Debug)]
enum Place {
    Table(LookupRef),
    Folded { table: LookupRef, folded: FxHashMap<String, usize> },
    Object { object: Operand, ignoring_case: bool },
}

/// The entries by their keys in lower case.
fn folded(table: &LookupRef) -> Result<FxHashMap<String, usize>, ArgumentError> {
    let mut folded = FxHashMap::default();
    for (at, (key, _)) in table.entries.iter().enumerate() {
        if folded.insert(key.to_lowercase(), at).is_some() {
            let message = format!("has two keys that equal `{key}` when case is ignored");
            return Err(ArgumentError::new("table", message, "remove one of them, or `ignoring_case`"));
        }
    }
    Ok(folded)
}

#[derive(Debug)]
struct Find {
    place: Place,
    default: Option<Operand>,
}

impl Op for Find {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let key = input.scalar_text(cx.arena).ok_or_else(|| Failure::kind(Kinds::SCALAR, input))?;
        let found = match &self.place {
            Place::Table(table) => in_table(table, table.find(key), cx),
            Place::Folded { table, folded } => {
                let at = folded.get(&key.to_lowercase()).copied();
                in_table(table, at.and_then(|at| Some((at, &table.entries.get(at)?.1))), cx)
            }
            Place::Object { object, ignoring_case } => in_object(object, key, *ignoring_case, cx)?,
        };
        match (found, &self.default) {
            (Some(value), _) => Ok(value),
            (None, Some(default)) => Ok(default.value(cx)),
            (None, None) => Err(Failure::new("the key is not in the table and no `default` is given")),
        }
    }
}

/// Reads an entry of a table and reports it for coverage.
fn in_table<'a>(table: &LookupRef, entry: Option<(usize, &'a Operand)>, cx: &Cx<'a>) -> Option<Value<'a>> {
    let lookup = table.number;
    match entry {
        Some((entry, value)) => {
            cx.note(Note::LookupHit { lookup, entry });
            Some(value.value(cx))
        }
        None => {
            cx.note(Note::LookupMiss { lookup });
            None
        }
    }
}

fn in_object<'a>(
    object: &'a Operand,
    key: &str,
    ignoring_case: bool,
    cx: &Cx<'a>,
) -> Result<Option<Value<'a>>, Failure> {
    let object = present(object, "in", cx)?;
    let members = object.as_object().ok_or_else(|| wrong_kind("in", Kinds::OBJECT, object))?;
    let exact = members.iter().find(|(have, _)| *have == key);
    let found = exact.or_else(|| {
        let key = ignoring_case.then(|| key.to_lowercase())?;
        members.iter().find(|(have, _)| have.to_lowercase() == key)
    });
    Ok(found.map(|(_, value)| *value))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::sync::Arc;

    use bumpalo::Bump;

    use super::*;
    use crate::engine::lookup::Lookup;
    use crate::engine::op::{Argument, Arguments};

    fn table(keys: &[&str]) -> LookupRef {
        let entries =
            keys.iter().enumerate().map(|(at, key)| ((*key).into(), Operand::Int(i64::try_from(at).unwrap())));
        Arc::new(Lookup::new("roles".to_owned(), 3, entries.collect()))
    }

    fn build(table: LookupRef, ignoring_case: bool) -> Result<Box<dyn Op>, ArgumentError> {
        let mut arguments = Arguments::default();
        arguments.push("table", Argument::Lookup(table));
        arguments.push("ignoring_case", Argument::Boolean(ignoring_case));
        (LOOKUP.build)(&mut arguments)
    }

    #[test]
    fn tables_report_hits_and_misses() {
        let (arena, notes) = (Bump::new(), RefCell::new(Vec::new()));
        for ignoring_case in [false, true] {
            notes.borrow_mut().clear();
            let op = build(table(&["admin", "staff"]), ignoring_case).unwrap();
            let cx = Cx { notes: Some(&notes), ..Cx::bare(&arena) };
            assert!(matches!(op.apply(Value::Text("staff"), &cx), Ok(Value::Int(1))));
            assert_eq!(matches!(op.apply(Value::Text("STAFF"), &cx), Ok(Value::Int(1))), ignoring_case);
            assert!(op.apply(Value::Text("guest"), &cx).is_err());
            let (hit, miss) = (Note::LookupHit { lookup: 3, entry: 1 }, Note::LookupMiss { lookup: 3 });
            assert_eq!(*notes.borrow(), [hit, if ignoring_case { hit } else { miss }, miss]);
        }
    }

    #[test]
    fn table_keys_must_be_unambiguous() {
        assert!(build(table(&["Admin", "admin"]), false).is_ok());
        assert_eq!(build(table(&["Admin", "admin"]), true).unwrap_err().argument, "table");
        assert_eq!((LOOKUP.build)(&mut Arguments::default()).unwrap_err().argument, "table");
        let mut both = Arguments::default();
        both.push("table", Argument::Lookup(table(&[])));
        both.push("in", Argument::Operand(Operand::Object(Vec::new())));
        assert_eq!((LOOKUP.build)(&mut both).unwrap_err().argument, "in");
    }
}
