//! `pivot`, `index_by`, `from_entries`, `group_by`: convert a list of rows to an object.

use bumpalo::collections::Vec as ArenaVec;

use super::support::{Members, elements, key_text};
use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Arguments, Failure, Family, Op, OpSpec, Output, example, example_failure,
};
use crate::engine::path::{PathStep, Tail};
use crate::model::{Kinds, Value};

const DUPLICATES: ArgumentSpec = ArgumentSpec::optional(
    "duplicates",
    ArgumentKind::Choice(&["last", "first", "list", "fail"]),
    "which of the rows with the same key to use; `list` keeps all of them and makes every member a list",
);

/// The row of `pivot`.
pub const PIVOT: OpSpec = OpSpec {
    name: "pivot",
    family: Family::Collection,
    summary: "builds an object from a list of key and value rows",
    details: "Custom attributes are often stored as rows: WordPress's usermeta, Cognito's `Attributes`, Magento's EAV \
              tables. Keys that are numbers or booleans become text; rows without a key or without a value are \
              skipped. Without `value`, the whole row is the value. The last row of a key wins unless `duplicates` is \
              set.",
    input: Kinds::LIST,
    output: Output::Is(Kinds::OBJECT),
    arguments: &[
        ArgumentSpec::required("key", ArgumentKind::Path, "the path of the key in a row"),
        ArgumentSpec::optional("value", ArgumentKind::Path, "the path of the value in a row; the whole row by default"),
        DUPLICATES,
    ],
    fails: "two rows have the same key and `duplicates` is `fail`",
    takes_nothing: false,
    examples: &[
        example(
            "{ key: Name, value: Value }",
            r#"[{"Name": "sub", "Value": "1"}, {"Name": "email", "Value": "a@example.com"}, {"Value": "x"}]"#,
            r#"{"sub": "1", "email": "a@example.com"}"#,
        ),
        example(
            "{ key: k, value: v }",
            r#"[{"k": 7, "v": 1}, {"k": 8, "v": 2}, {"k": "7", "v": 3}]"#,
            r#"{"7": 3, "8": 2}"#,
        ),
        example(
            "{ key: k, value: v, duplicates: list }",
            r#"[{"k": "a", "v": 1}, {"k": "a", "v": 2}]"#,
            r#"{"a": [1, 2]}"#,
        ),
        example(r#"{ key: "[0]", value: "[1]", duplicates: first }"#, r#"[["a", 1], ["a", 2]]"#, r#"{"a": 1}"#),
        example_failure("{ key: k, value: v, duplicates: fail }", r#"[{"k": "a", "v": 1}, {"k": "a", "v": 1}]"#),
    ],
    build: |arguments| Pivot::build(arguments, "key", Tail::Whole, Tail::Whole),
};

/// The row of `index_by`.
pub const INDEX_BY: OpSpec = OpSpec {
    name: "index_by",
    summary: "builds an object from a list, with each element under its own key",
    details: "The same as `pivot` without `value`. Elements without the key are skipped.",
    arguments: &[ArgumentSpec::main("path", ArgumentKind::Path, "the path of the key in an element"), DUPLICATES],
    examples: &[
        example("type", r#"[{"type": "home", "n": 1}, {"n": 2}]"#, r#"{"home": {"type": "home", "n": 1}}"#),
        example(
            "{ path: type, duplicates: first }",
            r#"[{"type": "home", "n": 1}, {"type": "home", "n": 2}]"#,
            r#"{"home": {"type": "home", "n": 1}}"#,
        ),
        example_failure("{ path: type, duplicates: fail }", r#"[{"type": "home"}, {"type": "home"}]"#),
    ],
    build: |arguments| Pivot::build(arguments, "path", Tail::Whole, Tail::Whole),
    ..PIVOT
};

/// The row of `from_entries`.
pub const FROM_ENTRIES: OpSpec = OpSpec {
    name: "from_entries",
    summary: "builds an object from a list of `key` and `value` rows",
    details: "The opposite of `entries`; the same as `pivot` with the usual names.",
    arguments: &[
        ArgumentSpec::optional("key", ArgumentKind::Path, "the path of the key in a row; `key` by default"),
        ArgumentSpec::optional("value", ArgumentKind::Path, "the path of the value in a row; `value` by default"),
        DUPLICATES,
    ],
    examples: &[
        example("", r#"[{"key": "a", "value": 1}, {"key": "b", "value": 2}]"#, r#"{"a": 1, "b": 2}"#),
        example("{ key: n }", r#"[{"n": "a", "value": 1}]"#, r#"{"a": 1}"#),
        example_failure("{ duplicates: fail }", r#"[{"key": "a", "value": 1}, {"key": "a", "value": 2}]"#),
    ],
    build: |arguments| Pivot::build(arguments, "key", member("key"), member("value")),
    ..PIVOT
};

/// The row of `group_by`.
pub const GROUP_BY: OpSpec = OpSpec {
    name: "group_by",
    summary: "groups the elements of a list by a key",
    details: "Returns an object with a list of elements for each key, in the order of their first element. Elements \
              without the key are skipped.",
    arguments: &[ArgumentSpec::main("path", ArgumentKind::Path, "the path of the key in an element")],
    fails: "",
    examples: &[
        example(
            "type",
            r#"[{"type": "sms", "n": 1}, {"type": "totp", "n": 2}, {"type": "sms", "n": 3}, {}]"#,
            r#"{"sms": [{"type": "sms", "n": 1}, {"type": "sms", "n": 3}], "totp": [{"type": "totp", "n": 2}]}"#,
        ),
        example("type", "[]", "{}"),
    ],
    build: |arguments| {
        let key = arguments.path("path").unwrap_or_default();
        Ok(Box::new(Pivot { key, value: Tail::Whole, duplicates: Duplicates::List }))
    },
    ..PIVOT
};

fn member(name: &str) -> Tail {
    Tail::Steps(vec![PathStep::Member(name.into())])
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Duplicates {
    Last,
    First,
    List,
    Fail,
}

#[derive(Debug)]
struct Pivot {
    key: Tail,
    value: Tail,
    duplicates: Duplicates,
}

impl Pivot {
    fn build(arguments: &mut Arguments, name: &str, key: Tail, value: Tail) -> Result<Box<dyn Op>, ArgumentError> {
        let duplicates = match arguments.text("duplicates").as_deref() {
            Some("first") => Duplicates::First,
            Some("list") => Duplicates::List,
            Some("fail") => Duplicates::Fail,
            _ => Duplicates::Last,
        };
        let key = arguments.path(name).unwrap_or(key);
        let value = arguments.path("value").unwrap_or(value);
        Ok(Box::new(Self { key, value, duplicates }))
    }

    /// The key and value of every row that has both.
    fn rows<'a>(&'a self, items: &'a [Value<'a>], cx: &Cx<'a>) -> impl Iterator<Item = (&'a str, Value<'a>)> {
        items.iter().filter_map(move |item| {
            let key = key_text(self.key.find(*item, cx), cx)?;
            match self.value.find(*item, cx) {
                Value::Missing => None,
                value => Some((key, value)),
            }
        })
    }

    fn one_each<'a>(&'a self, items: &'a [Value<'a>], cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let mut made = Members::new(cx);
        for (key, value) in self.rows(items, cx) {
            match (self.duplicates, made.entry(key)) {
                (_, None) => made.set(key, value),
                (Duplicates::Fail, Some(_)) => return Err(Failure::new("two rows have the same key")),
                (Duplicates::First, Some(_)) => {}
                (_, Some(entry)) => *entry = value,
            }
        }
        Ok(made.finish())
    }

    fn lists<'a>(&'a self, items: &'a [Value<'a>], cx: &Cx<'a>) -> Value<'a> {
        let mut groups: Vec<(&'a str, ArenaVec<'a, Value<'a>>)> = Vec::new();
        let mut index = rustc_hash::FxHashMap::default();
        for (key, value) in self.rows(items, cx) {
            let at = *index.entry(key).or_insert(groups.len());
            match groups.get_mut(at) {
                Some((_, group)) => group.push(value),
                None => groups.push((key, bumpalo::vec![in cx.arena; value])),
            }
        }
        let mut made = ArenaVec::with_capacity_in(groups.len(), cx.arena);
        made.extend(groups.into_iter().map(|(key, group)| (key, Value::List(group.into_bump_slice()))));
        Value::Object(made.into_bump_slice())
    }
}

impl Op for Pivot {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let items = elements(input)?;
        if self.duplicates == Duplicates::List { Ok(self.lists(items, cx)) } else { self.one_each(items, cx) }
    }
}
