//! `extract`, `extract_all`, `extract_fields`: parts of a text found by a regex.

use bumpalo::collections::Vec as ArenaVec;
use regex::{Captures, Regex};

use super::builder::{TOO_LONG_TO_SEARCH, check_room, searchable};
use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Arguments, Failure, Family, Op, OpSpec, Output, example,
    example_failure, example_nothing,
};
use crate::engine::ops::arguments::need;
use crate::model::{Kinds, Value};

const GROUP: ArgumentSpec = ArgumentSpec::optional(
    "group",
    ArgumentKind::Text,
    "the number or name of the group to return; by default 1 if the pattern has a group, otherwise 0, the whole match",
);

const REQUIRED: ArgumentSpec =
    ArgumentSpec::optional("required", ArgumentKind::Boolean, "whether to fail if nothing matches");

const NO_MATCH: &str = "nothing matches and `required` is true";

/// The row of `extract`.
pub const EXTRACT: OpSpec = OpSpec {
    name: "extract",
    family: Family::Text,
    summary: "returns the first part of a text that matches a regex",
    details: "Returns no value if nothing matches or the group is not part of the match.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: &[ArgumentSpec::main("pattern", ArgumentKind::Regex, "the pattern"), GROUP, REQUIRED],
    fails: NO_MATCH,
    takes_nothing: false,
    examples: &[
        example(r#""^uid=([^,]+)""#, r#""uid=ada,ou=people,dc=example""#, r#""ada""#),
        example(r#"{ pattern: "(?<area>\\d{3})-(?<local>\\d{4})", group: local }"#, r#""tel 555-0143""#, r#""0143""#),
        example(r#""[A-Z]\\.""#, r#""Wilhelmina T. Sandoval""#, r#""T.""#),
        example_nothing(r#""\\d+""#, r#""none""#),
        example_failure(r#"{ pattern: "\\d+", required: true }"#, r#""none""#),
    ],
    build: |arguments| Ok(Box::new(Extract::build(arguments)?)),
};

/// The row of `extract_all`.
pub const EXTRACT_ALL: OpSpec = OpSpec {
    name: "extract_all",
    family: Family::Text,
    summary: "returns all parts of a text that match a regex, as a list",
    details: "Matches without the group are left out; the list is empty if nothing matches.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::LIST),
    arguments: &[ArgumentSpec::main("pattern", ArgumentKind::Regex, "the pattern"), GROUP],
    fails: TOO_LONG_TO_SEARCH,
    takes_nothing: false,
    examples: &[
        example(r#""cn=([^,]+)""#, r#""cn=admins,cn=staff,dc=example""#, r#"["admins", "staff"]"#),
        example(r#""\\d+""#, r#""none""#, "[]"),
    ],
    build: |arguments| Ok(Box::new(ExtractAll(Extract::build(arguments)?))),
};

/// The row of `extract_fields`.
pub const EXTRACT_FIELDS: OpSpec = OpSpec {
    name: "extract_fields",
    family: Family::Text,
    summary: "returns the named groups of the first match, as an object",
    details: "Groups that are not part of the match are left out. Returns no value if nothing matches.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::OBJECT),
    arguments: &[
        ArgumentSpec::main("pattern", ArgumentKind::Regex, "a pattern with named groups, `(?<name>…)`"),
        REQUIRED,
    ],
    fails: NO_MATCH,
    takes_nothing: false,
    examples: &[
        example(
            r#""^(?<hash>[0-9a-f]{32}):(?<salt>.+)$""#,
            r#""c7b7278e06acf48828dbae1b1e3bd943:xSQeRI""#,
            r#"{ "hash": "c7b7278e06acf48828dbae1b1e3bd943", "salt": "xSQeRI" }"#,
        ),
        example(r#""^(?<given>\\S+)(?: (?<family>.+))?$""#, r#""Ada""#, r#"{ "given": "Ada" }"#),
        example_nothing(r#""^(?<given>\\S+) ""#, r#""Ada""#),
        example_failure(r#"{ pattern: "^(?<given>\\S+) ", required: true }"#, r#""Ada""#),
    ],
    build: |arguments| {
        let pattern = need(arguments.regex("pattern"), "pattern")?;
        if pattern.capture_names().flatten().next().is_none() {
            return Err(ArgumentError::new("pattern", "has no named group", "name a group: `(?<name>…)`"));
        }
        Ok(Box::new(ExtractFields { pattern, required: arguments.boolean("required").unwrap_or(false) }))
    },
};

#[derive(Debug)]
struct Extract {
    pattern: Regex,
    group: usize,
    required: bool,
}

impl Extract {
    fn build(arguments: &mut Arguments) -> Result<Self, ArgumentError> {
        let pattern = need(arguments.regex("pattern"), "pattern")?;
        let group = match arguments.text("group") {
            None => usize::from(pattern.captures_len() > 1),
            Some(name) => group_number(&name, &pattern).ok_or_else(|| {
                let groups = pattern.captures_len() - 1;
                ArgumentError::new(
                    "group",
                    format!("refers to the unknown group `{name}`"),
                    format!("the pattern has {groups} group{}", if groups == 1 { "" } else { "s" }),
                )
            })?,
        };
        Ok(Self { pattern, group, required: arguments.boolean("required").unwrap_or(false) })
    }
}

fn group_number(name: &str, pattern: &Regex) -> Option<usize> {
    match name.parse() {
        Ok(number) => (number < pattern.captures_len()).then_some(number),
        Err(_) => pattern.capture_names().position(|have| have == Some(name)),
    }
}

fn no_match<'a>(required: bool) -> Result<Value<'a>, Failure> {
    if required { Err(Failure::new("nothing in the text matches the pattern")) } else { Ok(Value::Missing) }
}

impl Op for Extract {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let found = self.pattern.captures(cx.text(input)?).and_then(|captures| captures.get(self.group));
        found.map_or_else(|| no_match(self.required), |found| Ok(Value::Text(found.as_str())))
    }
}

#[derive(Debug)]
struct ExtractAll(Extract);

impl Op for ExtractAll {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?;
        searchable(text)?;
        let mut found = ArenaVec::new_in(cx.arena);
        for captures in self.0.pattern.captures_iter(text) {
            if let Some(part) = captures.get(self.0.group) {
                check_room(found.len())?;
                found.push(Value::Text(part.as_str()));
            }
        }
        Ok(Value::List(found.into_bump_slice()))
    }
}

#[derive(Debug)]
struct ExtractFields {
    pattern: Regex,
    required: bool,
}

impl ExtractFields {
    fn members<'a>(&'a self, captures: &Captures<'a>) -> impl Iterator<Item = (&'a str, Value<'a>)> {
        let names = self.pattern.capture_names().flatten();
        names.filter_map(|name| Some((name, Value::Text(captures.name(name)?.as_str()))))
    }
}

impl Op for ExtractFields {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let Some(captures) = self.pattern.captures(cx.text(input)?) else { return no_match(self.required) };
        let mut members = ArenaVec::new_in(cx.arena);
        members.extend(self.members(&captures));
        Ok(Value::Object(members.into_bump_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::op::Argument;

    #[test]
    fn groups_are_checked_when_the_rules_are_loaded() {
        let build = |pattern: &str, group: &str| {
            let mut arguments = Arguments::default();
            arguments.push("pattern", Argument::Regex(Regex::new(pattern).unwrap()));
            arguments.push("group", Argument::Text(group.to_owned()));
            Extract::build(&mut arguments).map(|op| op.group).map_err(|error| error.help)
        };
        assert_eq!(build("(a)(?<b>b)", "b"), Ok(2));
        assert_eq!(build("(a)(?<b>b)", "0"), Ok(0));
        assert_eq!(build("(a)", "2"), Err("the pattern has 1 group".to_owned()));
        assert_eq!(build("a", "b"), Err("the pattern has 0 groups".to_owned()));
    }

    #[test]
    fn extract_fields_needs_a_named_group() {
        let mut arguments = Arguments::default();
        arguments.push("pattern", Argument::Regex(Regex::new("(a)").unwrap()));
        assert_eq!((EXTRACT_FIELDS.build)(&mut arguments).unwrap_err().message, "has no named group");
    }
}
