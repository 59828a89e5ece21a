//! Finds the fields of a record that no rule reads. Follows the places that rules read through working values.

use std::collections::BTreeSet;

use bumpalo::collections::Vec as ArenaVec;

use super::capture::member_path;
use super::context::Cx;
use super::plan::{Plan, RulePlan};
use crate::model::Value;

/// Steps that handle each member of an object separately: the members they drop are not read.
pub(super) const MEMBERWISE: [&str; 7] =
    ["pick", "omit", "strip_key_prefix", "rename_keys", "filter", "get", "key_matching"];

/// What rules read in a place, as a tree of member names.
#[derive(Debug, Default)]
pub struct Seen {
    /// Whether it is read or ignored as a whole.
    whole: bool,
    members: Vec<(Box<str>, Seen)>,
    /// The rules that copy it, and what is read of their results.
    through: Vec<Through>,
}

/// A rule that copies a place, or only some of its members.
#[derive(Debug)]
pub(super) struct Through {
    /// The register of the rule.
    pub rule: usize,
    /// How many of its steps select members.
    pub steps: usize,
    /// Whether its `where` selects, too.
    pub filtered: bool,
    pub to: To,
}

/// What is read of the copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum To {
    /// All of it.
    Whole,
    /// What is read of the working value with this register.
    Variable(usize),
}

/// A working value, or the element of `accounts`.
#[derive(Debug)]
pub(super) struct SeenVariable {
    pub name: String,
    pub register: usize,
    pub seen: Seen,
    /// Whether it is (a part of) another place, which then decides.
    pub is_taken_over: bool,
    /// For the element of `accounts`: the register of all elements.
    pub elements: Option<usize>,
}

/// Everything that the rules read.
#[derive(Debug, Default)]
pub(super) struct Reads {
    pub record: Seen,
    pub variables: Vec<SeenVariable>,
}

impl Seen {
    /// Records that the place at a path is read or ignored as a whole.
    pub fn note(&mut self, path: &[String]) {
        self.at(path).whole = true;
    }

    /// Records that a rule copies the place at a path.
    pub(super) fn take_over(&mut self, path: &[String], through: Through) {
        self.at(path).through.push(through);
    }

    fn at(&mut self, path: &[String]) -> &mut Self {
        let Some((name, rest)) = path.split_first() else { return self };
        let at = self.members.iter().position(|(have, _)| **have == **name).unwrap_or_else(|| {
            self.members.push((name.as_str().into(), Self::default()));
            self.members.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "the position was found or made one line above")]
        self.members[at].1.at(rest)
    }

    fn member(&self, name: &str) -> Option<&Self> {
        self.members.iter().find(|(have, _)| **have == *name).map(|(_, seen)| seen)
    }

    fn has_parts(&self) -> bool {
        !self.members.is_empty() || !self.through.is_empty()
    }

    fn add_names<'s>(&'s self, names: &mut BTreeSet<&'s str>) {
        for (name, below) in &self.members {
            names.insert(name);
            below.add_names(names);
        }
    }
}

impl Plan {
    /// The names of all fields that the rules read or ignore, in the record and in working values, at any depth.
    #[must_use]
    pub fn field_names(&self) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        self.reads.record.add_names(&mut names);
        self.reads.variables.iter().for_each(|variable| variable.seen.add_names(&mut names));
        names
    }

    /// The fields of a record that no rule reads or ignores, as paths; fields without a value do not count.
    pub(super) fn unread<'a>(&'a self, record: Value<'a>, cx: &Cx<'a>) -> Vec<String> {
        let mut look = Look { plan: self, cx, found: Vec::new() };
        look.value(record, &[&self.reads.record], "$");
        for variable in self.reads.variables.iter().filter(|variable| !variable.is_taken_over) {
            look.variable(variable);
        }
        look.found
    }

    fn rule_of(&self, register: usize) -> Option<&RulePlan> {
        let split = self.split.iter().flat_map(|split| std::iter::once(&split.rule).chain(&split.lets));
        self.lets.iter().chain(split).chain(&self.claims).find(|rule| rule.register == register)
    }

    fn seen_of(&self, register: usize) -> Option<&SeenVariable> {
        self.reads.variables.iter().find(|variable| variable.register == register)
    }
}

struct Look<'a, 'c> {
    plan: &'a Plan,
    cx: &'c Cx<'a>,
    found: Vec<String>,
}

impl<'a> Look<'a, '_> {
    /// A working value that is not a copy of a place of the record.
    fn variable(&mut self, variable: &'a SeenVariable) {
        if !variable.seen.has_parts() {
            return;
        }
        let path = format!("${}", variable.name);
        match (variable.elements, self.cx.register(variable.register)) {
            (Some(elements), _) => {
                for element in self.cx.register(elements).as_list().unwrap_or_default() {
                    self.value(*element, &[&variable.seen], &path);
                }
            }
            (None, value @ Value::Object(_)) => self.value(value, &[&variable.seen], &path),
            (None, value @ Value::List(_)) if self.accounts(&variable.seen).is_some() => {
                self.value(value, &[&variable.seen], &path);
            }
            (None, _) => {}
        }
    }

    fn value(&mut self, value: Value<'a>, seen: &[&'a Seen], path: &str) {
        if value.is_empty() || seen.iter().any(|seen| self.is_whole(seen)) {
            return;
        }
        match value {
            Value::Object(members) if seen.iter().any(|seen| seen.has_parts()) => {
                for (key, member) in members {
                    self.member(key, *member, seen, path);
                }
            }
            Value::List(items) => match seen.iter().find_map(|seen| self.accounts(seen)) {
                Some((through, variable)) => self.elements(items, through, variable),
                None => self.add(path.to_owned()),
            },
            _ => self.add(path.to_owned()),
        }
    }

    fn member(&mut self, key: &'a str, member: Value<'a>, seen: &[&'a Seen], path: &str) {
        let mut below = Vec::new();
        if seen.iter().any(|seen| self.reads(seen, key, member, &mut below)) {
            return;
        }
        let path = member_path(path, key);
        if !below.is_empty() {
            self.value(member, &below, &path);
        } else if !member.is_empty() {
            self.add(path);
        }
    }

    /// The accounts in a list, each as the element of `accounts`; those that its `where` drops are left out
    /// on purpose.
    fn elements(&mut self, items: &'a [Value<'a>], through: &'a Through, variable: &'a SeenVariable) {
        let filter = self.plan.rule_of(through.rule).and_then(|rule| rule.filter.as_ref()).filter(|_| through.filtered);
        let path = format!("${}", variable.name);
        for (index, item) in items.iter().enumerate() {
            if filter.is_none_or(|filter| filter.holds(&self.cx.on_element(*item, index))) {
                self.value(*item, &[&variable.seen], &path);
            }
        }
    }

    fn add(&mut self, path: String) {
        if !self.found.contains(&path) {
            self.found.push(path);
        }
    }

    /// Whether a place is read as a whole, directly or through a working value.
    fn is_whole(&self, seen: &Seen) -> bool {
        let by = |through: &Through| match through.to {
            _ if through.steps > 0 || through.filtered => false,
            To::Whole => true,
            To::Variable(register) => self.plan.seen_of(register).is_some_and(|variable| self.is_whole(&variable.seen)),
        };
        seen.whole || seen.through.iter().any(by)
    }

    /// The `accounts` that come from a list.
    fn accounts(&self, seen: &'a Seen) -> Option<(&'a Through, &'a SeenVariable)> {
        seen.through.iter().find_map(|through| {
            let To::Variable(register) = through.to else { return None };
            let variable = self.plan.seen_of(register)?;
            if variable.elements.is_some() {
                return Some((through, variable));
            }
            self.accounts(&variable.seen)
        })
    }

    /// Whether a member is read as a whole; places where parts of it are read are added to `below`.
    fn reads(&self, seen: &'a Seen, key: &'a str, member: Value<'a>, below: &mut Vec<&'a Seen>) -> bool {
        if let Some(child) = seen.member(key) {
            below.push(child);
        }
        seen.whole
            || seen.through.iter().any(|through| match (self.passed(through, key, member), through.to) {
                (None, _) => false,
                (Some(Value::Object([(key, member)])), To::Variable(register)) => {
                    let variable = self.plan.seen_of(register);
                    variable.is_some_and(|variable| self.reads(&variable.seen, key, *member, below))
                }
                (Some(_), _) => true,
            })
    }

    /// What a rule copies of an object that has only this member; `None` if it drops the member.
    fn passed(&self, through: &Through, key: &'a str, member: Value<'a>) -> Option<Value<'a>> {
        let mut value = Value::Object(self.cx.arena.alloc_slice_copy(&[(key, member)]));
        if through.steps == 0 && !through.filtered {
            return Some(value);
        }
        let rule = self.plan.rule_of(through.rule)?;
        for step in rule.steps.0.iter().take(through.steps) {
            value = step.apply(value, self.cx).ok()?;
        }
        if let (true, Some(filter), Value::Object(members)) = (through.filtered, &rule.filter, value) {
            let mut kept = ArenaVec::new_in(self.cx.arena);
            let places = members.iter().enumerate();
            kept.extend(places.filter_map(|(index, (key, member))| {
                filter.holds(&self.cx.on_member(key, *member, index)).then_some((*key, *member))
            }));
            value = Value::Object(kept.into_bump_slice());
        }
        Some(value).filter(|value| !value.is_empty())
    }
}
