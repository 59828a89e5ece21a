//! The rule language once more, naively: a tree of YAML walked for every record, values made when something asks for them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use serde_yaml::Value as Yaml;

use super::value::{V, walk};

/// What becomes of a record.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    Account {
        account: Json,
        warnings: BTreeSet<String>,
    },
    Denied(String),
    /// The names of the rules that made the record fall.
    Invalid(BTreeSet<String>),
    /// The same for working values, of which the engine names only the first.
    InvalidByLet(BTreeSet<String>),
}

/// Where `$item`, `$index` and `$key` stand.
#[derive(Debug, Clone, Default)]
pub struct Place {
    element: Option<(V, V, V)>,
}

pub struct Interpreter<'r> {
    pub rules: &'r Yaml,
    record: V,
    params: BTreeMap<String, V>,
    fold: bool,
    made: RefCell<BTreeMap<String, V>>,
    warnings: RefCell<BTreeSet<String>>,
    fallen: RefCell<BTreeSet<String>>,
    /// Working values that failed in a record of several accounts, with their warnings.
    failed: RefCell<BTreeMap<String, BTreeSet<String>>>,
}

enum Stop {
    /// A step failed; the policy decides.
    Failed,
    /// The record falls because of this rule.
    Fall(String),
}

/// `$name` and the path behind it, when the text is a reference.
pub fn reference_parts(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix('$')?;
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    let (name, path) = rest.split_at(end);
    (path.is_empty() || path.starts_with(['.', '['])).then_some((name, path))
}

/// One verdict per account.
pub fn run(rules: &Yaml, record: &Json, set: &[(String, Json)]) -> Vec<Verdict> {
    let mut params = BTreeMap::new();
    for (name, param) in entries(rules.get("params")) {
        let chosen = set.iter().find(|(have, _)| have == name).map(|(_, json)| V::of_json(json));
        params.insert(name.to_owned(), chosen.unwrap_or_else(|| V::of_json(&json_of(param.get("default").unwrap()))));
    }
    let defaults = rules.get("defaults");
    let this = Interpreter {
        rules,
        record: V::of_json(record),
        params,
        fold: defaults.and_then(|d| d.get("blank")).and_then(Yaml::as_str) != Some("keep"),
        made: RefCell::default(),
        warnings: RefCell::default(),
        fallen: RefCell::default(),
        failed: RefCell::default(),
    };
    this.verdicts()
}

fn entries(map: Option<&Yaml>) -> impl Iterator<Item = (&str, &Yaml)> {
    map.and_then(Yaml::as_mapping).into_iter().flatten().map(|(key, value)| (key.as_str().unwrap(), value))
}

fn items(list: Option<&Yaml>) -> impl Iterator<Item = &Yaml> {
    list.and_then(Yaml::as_sequence).into_iter().flatten()
}

fn json_of(yaml: &Yaml) -> Json {
    serde_json::to_value(yaml).unwrap()
}

impl Interpreter<'_> {
    fn verdicts(&self) -> Vec<Verdict> {
        for (name, _) in entries(self.rules.get("let")) {
            self.named("let", name);
        }
        if !self.fallen.borrow().is_empty() {
            return vec![Verdict::InvalidByLet(self.fallen.take())];
        }
        let Some(split) = self.rules.get("accounts") else { return vec![self.verdict()] };
        let name = split["name"].as_str().unwrap();
        let elements = match self.rule(name, name, split, self.policy(), None, &Place::default()) {
            Ok(V::List(items)) if !items.is_empty() => items,
            Ok(V::Missing) | Ok(V::List(_)) => return vec![Verdict::Invalid([name.to_owned()].into())],
            Ok(single) => vec![single],
            Err(name) => return vec![Verdict::Invalid([name].into())],
        };
        let (made, warnings) = (self.made.borrow().clone(), self.warnings.borrow().clone());
        let accounts = elements.into_iter().map(|element| {
            if !self.reads_of(name, &element) {
                return Verdict::Invalid([name.to_owned()].into());
            }
            *self.made.borrow_mut() = made.clone();
            *self.warnings.borrow_mut() = warnings.clone();
            self.made.borrow_mut().insert(format!("let/{name}"), element);
            self.verdict()
        });
        accounts.collect()
    }

    /// Whether the rules can read something of an element, in one of the ways in which they name it.
    fn reads_of(&self, name: &str, element: &V) -> bool {
        let sections = ["let", "admit", "account", "checks"].map(|section| format!("{:?}", self.rules.get(section)));
        let (text, wanted) = (sections.join(" "), format!("${name}"));
        let mut behind = text.split(&wanted).skip(1).map(|rest| rest.chars().next().unwrap_or(' '));
        let mut reads = behind.by_ref().filter(|c| !c.is_ascii_alphanumeric() && *c != '_').peekable();
        let is_read = reads.peek().is_some();
        element.present()
            && (!is_read
                || reads.any(|c| match c {
                    '.' => matches!(element, V::Object(_)),
                    '[' => matches!(element, V::List(_) | V::Object(_)),
                    _ => true,
                }))
    }

    /// What holds for rules that do not say.
    fn policy(&self) -> &str {
        let policy = self.rules.get("defaults").and_then(|defaults| defaults.get("on_error"));
        policy.and_then(Yaml::as_str).unwrap_or("reject")
    }

    fn verdict(&self) -> Verdict {
        let here = Place::default();
        for admit in items(self.rules.get("admit")) {
            let reason = admit["deny"].as_str().unwrap();
            match self.answer(&admit["when"], &here, None) {
                Some(true) => return Verdict::Denied(reason.to_owned()),
                Some(false) => {}
                None => {
                    self.fallen.borrow_mut().insert(format!("admit.{reason}"));
                }
            }
        }
        let mut account = V::Object(Vec::new());
        for (name, _) in entries(self.rules.get("account")) {
            let value = self.named("account", name);
            if value != V::Missing {
                put(&mut account, name, value);
            }
        }
        if self.rules.get("accounts").is_some() {
            self.warn_of_failed();
        }
        for check in items(self.rules.get("checks")) {
            let applies = check.get("that").map_or(Some(true), |that| self.answer(that, &here, None));
            if applies != Some(false) && self.answer(&check["needs"], &here, None) != Some(true) {
                self.fallen.borrow_mut().insert(check["because"].as_str().unwrap().to_owned());
            }
        }
        if self.fallen.borrow().is_empty() && account.empty() {
            Verdict::Invalid(["account".to_owned()].into())
        } else if self.fallen.borrow().is_empty() {
            Verdict::Account { account: account.to_json(), warnings: self.warnings.take() }
        } else {
            Verdict::Invalid(self.fallen.take())
        }
    }

    /// A working value or claim, made when it is first asked for.
    fn named(&self, section: &str, name: &str) -> V {
        let key = format!("{section}/{name}");
        if let Some(value) = self.made.borrow().get(&key) {
            return value.clone();
        }
        let body = &self.rules[section][name];
        let claim = (section == "account").then_some(name);
        let before = self.warnings.take();
        let value = self.rule(name, name, body, self.policy(), claim, &Place::default()).unwrap_or_else(|fallen| {
            self.fallen.borrow_mut().insert(fallen);
            V::Missing
        });
        let own = self.warnings.replace(before);
        if section == "let" && self.rules.get("accounts").is_some() && !self.is_shared(name) {
            if !own.is_empty() {
                self.failed.borrow_mut().insert(name.to_owned(), own);
            }
        } else {
            self.warnings.borrow_mut().extend(own);
        }
        self.made.borrow_mut().insert(key, value.clone());
        value
    }

    /// Whether something besides claims reads a working value.
    fn is_shared(&self, name: &str) -> bool {
        ["accounts", "admit", "checks", "identify"]
            .iter()
            .filter_map(|section| self.rules.get(section))
            .any(|section| self.lets_in(section).contains(name))
    }

    /// The working values that a part of the rules is made of.
    fn lets_in(&self, part: &Yaml) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        self.add_lets(part, &mut found);
        found
    }

    fn add_lets(&self, part: &Yaml, found: &mut BTreeSet<String>) {
        match part {
            Yaml::String(text) => {
                if let Some(chain) = self.rules.get("steps").and_then(|chains| chains.get(text)) {
                    self.add_lets(chain, found);
                }
                for after in text.split('$').skip(1) {
                    let name: String = after.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                    let body = self.rules.get("let").and_then(|lets| lets.get(&name));
                    if let Some(body) = body.filter(|_| found.insert(name)) {
                        self.add_lets(body, found);
                    }
                }
            }
            Yaml::Sequence(list) => list.iter().for_each(|item| self.add_lets(item, found)),
            Yaml::Mapping(members) => members.iter().for_each(|(key, value)| {
                self.add_lets(key, found);
                self.add_lets(value, found);
            }),
            _ => {}
        }
    }

    /// Warns of the working values that failed and that claims use.
    fn warn_of_failed(&self) {
        let here = Place::default();
        for (claim, body) in entries(self.rules.get("account")) {
            let reads = self.lets_in(body);
            for (name, warnings) in self.failed.borrow().iter().filter(|(name, _)| reads.contains(*name)) {
                if !self.uses(body, name, &here) {
                    continue;
                }
                let is_own = |warning: &String| warning == name || warning.starts_with(&format!("{name}."));
                let names =
                    warnings.iter().map(|warning| if is_own(warning) { claim.to_owned() } else { warning.clone() });
                self.warnings.borrow_mut().extend(names);
            }
        }
    }

    fn uses(&self, body: &Yaml, name: &str, place: &Place) -> bool {
        if body.get("when").is_some_and(|when| !self.holds(when, place)) {
            return false;
        }
        let Some(from) = body.get("from") else { return true };
        for source in from.as_sequence().map_or(vec![from], |list| list.iter().collect()) {
            if self.lets_in(source).contains(name) {
                return true;
            }
            if self.expr(source, place).present() {
                return false;
            }
        }
        true
    }

    /// Makes a value; the error is the name of the rule that makes the record fall.
    fn rule(
        &self,
        name: &str,
        warning: &str,
        body: &Yaml,
        inherited: &str,
        claim: Option<&str>,
        place: &Place,
    ) -> Result<V, String> {
        let policy = body.get("on_error").map_or(inherited, |stated| stated.as_str().unwrap_or("warn"));
        let warning = body.get("on_error").and_then(|stated| stated.get("warn")?.as_str()).unwrap_or(warning);
        let default = body.get("default");
        let policy = if policy == "default" && default.is_none() { "reject" } else { policy };
        let keeps_empty = body.get("keep_empty").and_then(Yaml::as_bool) == Some(true);
        let is_required = body.get("required").and_then(Yaml::as_bool) == Some(true);
        let absent = || if is_required { Err(name.to_owned()) } else { Ok(V::Missing) };
        let counts = |value: &V| !value.empty() || (keeps_empty && value.present());
        if body.get("when").is_some_and(|when| !self.holds(when, place)) {
            return self.otherwise(name, warning, body, policy, claim, place);
        }
        match self.value_of(name, warning, body, policy, inherited, claim, place) {
            Ok(value) if counts(&value) => return Ok(value),
            Ok(_) => {}
            Err(Stop::Fall(name)) => return Err(name),
            Err(Stop::Failed) => match policy {
                "reject" => return Err(name.to_owned()),
                "warn" => {
                    self.warnings.borrow_mut().insert(warning.to_owned());
                    return absent();
                }
                "skip" => return absent(),
                _ => {}
            },
        }
        self.defaulted(name, body, claim, place)
    }

    /// The value when `when` does not hold; one that the claim cannot hold is a failure.
    fn otherwise(
        &self,
        name: &str,
        warning: &str,
        body: &Yaml,
        policy: &str,
        claim: Option<&str>,
        place: &Place,
    ) -> Result<V, String> {
        let value = body.get("otherwise").map_or(V::Missing, |otherwise| self.parts(body, otherwise, place));
        let keeps_empty = body.get("keep_empty").and_then(Yaml::as_bool) == Some(true);
        if value.empty() && !(keeps_empty && value.present()) {
            return Ok(V::Missing);
        }
        let Some(claim) = claim else { return Ok(value) };
        match (fitted(claim, value), policy) {
            (Some(value), _) => Ok(value),
            (None, "reject") => Err(name.to_owned()),
            (None, "warn") => {
                self.warnings.borrow_mut().insert(warning.to_owned());
                Ok(V::Missing)
            }
            (None, "default") => self.defaulted(name, body, Some(claim), place),
            (None, _) => Ok(V::Missing),
        }
    }

    fn defaulted(&self, name: &str, body: &Yaml, claim: Option<&str>, place: &Place) -> Result<V, String> {
        let keeps_empty = body.get("keep_empty").and_then(Yaml::as_bool) == Some(true);
        let is_required = body.get("required").and_then(Yaml::as_bool) == Some(true);
        let counts = |value: &V| !value.empty() || (keeps_empty && value.present());
        let mut value = body.get("default").map_or(V::Missing, |default| self.parts(body, default, place));
        if let (Some(claim), false) = (claim, !counts(&value)) {
            // nothing is left to fall back on
            value = fitted(claim, value).ok_or_else(|| name.to_owned())?;
        }
        match counts(&value) {
            true => Ok(value),
            false if is_required => Err(name.to_owned()),
            false => Ok(V::Missing),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "everything that decides about one rule")]
    fn value_of(
        &self,
        name: &str,
        warning: &str,
        body: &Yaml,
        policy: &str,
        inherited: &str,
        claim: Option<&str>,
        place: &Place,
    ) -> Result<V, Stop> {
        let mut value = self.origin(body, place);
        value = self.steps(body.get("do"), value, place).ok_or(Stop::Failed)?;
        let walks = ["where", "each", "then"].iter().any(|word| body.get(*word).is_some());
        if walks && body.get("as").and_then(Yaml::as_str) == Some("list") {
            value = self.op("to_list", &Yaml::Null, value, place).ok_or(Stop::Failed)?;
        }
        if let Some(filter) = body.get("where").filter(|_| value.present()) {
            let places = elements(&value).ok_or(Stop::Failed)?.into_iter();
            let (objects, scalars): (Vec<Place>, Vec<Place>) =
                places.partition(|place| !self.is_not_meant(filter, body, &value, place));
            if !scalars.is_empty() {
                self.element_failed(name, warning, policy)?;
            }
            let places = objects.into_iter();
            let kept = places.filter(|place| self.holds(filter, place)).map(|place| place.element.unwrap());
            value = match value {
                V::Object(_) => V::Object(kept.map(|(item, _, key)| (key.scalar().unwrap(), item)).collect()),
                _ => V::List(kept.map(|(item, _, _)| item).collect()),
            };
        }
        if let Some(each) = body.get("each").filter(|_| value.present()) {
            let mut list = Vec::new();
            for place in elements(&value).ok_or(Stop::Failed)? {
                if each.as_mapping().is_some() && self.is_not_meant(each, body, &value, &place) {
                    self.element_failed(name, warning, policy)?;
                    if policy == "default" {
                        list.push(self.parts(body, &body["default"], &place));
                    }
                    continue;
                }
                let made = self.element(name, warning, body, each, policy, inherited, &place).map_err(Stop::Fall)?;
                if !made.empty() {
                    list.push(made);
                }
            }
            value = V::List(list);
        }
        value = self.steps(body.get("then"), value, place).ok_or(Stop::Failed)?;
        if let Some(kind) = body.get("as").and_then(Yaml::as_str) {
            value = self.op(&format!("to_{kind}"), &Yaml::Null, value, place).ok_or(Stop::Failed)?;
        }
        let keeps_empty = body.get("keep_empty").and_then(Yaml::as_bool) == Some(true);
        match claim {
            Some(claim) if !value.empty() || (keeps_empty && value.present()) => {
                let value = match (fitted(claim, value.clone()), value) {
                    (None, V::List(items))
                        if ["warn", "skip"].contains(&policy) && ["roles", "tags"].contains(&claim) =>
                    {
                        let fits = |item: &V| fitted(claim, V::List(vec![item.clone()])).is_some();
                        let before = items.len();
                        let kept: Vec<V> = items.into_iter().filter(fits).collect();
                        if kept.len() == before {
                            return Err(Stop::Failed);
                        }
                        self.element_failed(name, warning, policy)?;
                        V::List(kept)
                    }
                    (_, value) => value,
                };
                if value.empty() && !keeps_empty {
                    return Ok(value);
                }
                fitted(claim, value).ok_or(Stop::Failed)
            }
            _ => Ok(value),
        }
    }

    /// Whether the place is a member of an object that is no object itself, and this part of the rule reads only members of it.
    fn is_not_meant(&self, part: &Yaml, body: &Yaml, walked: &V, place: &Place) -> bool {
        let (item, ..) = place.element.as_ref().unwrap();
        let (mut here, mut both) = (Vec::new(), Vec::new());
        element_references(part, &mut here);
        ["where", "each"]
            .iter()
            .filter_map(|word| body.get(*word))
            .for_each(|part| element_references(part, &mut both));
        let is_blank = self.fold && matches!(item, V::Text(text) if text.trim().is_empty());
        matches!(walked, V::Object(_))
            && !matches!(item, V::Missing | V::Null | V::Object(_))
            && !is_blank
            && here.iter().any(|name| name.starts_with("item."))
            && !both.iter().any(|name| name == "item" || name.starts_with("key"))
    }

    /// What the policy makes of an element that failed.
    fn element_failed(&self, name: &str, warning: &str, policy: &str) -> Result<(), Stop> {
        match policy {
            "reject" => return Err(Stop::Fall(name.to_owned())),
            "warn" => {
                self.warnings.borrow_mut().insert(warning.to_owned());
            }
            _ => {}
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "everything that decides about one rule")]
    fn element(
        &self,
        name: &str,
        warning: &str,
        body: &Yaml,
        each: &Yaml,
        policy: &str,
        inherited: &str,
        place: &Place,
    ) -> Result<V, String> {
        if let Some(fields) = each.as_mapping().filter(|_| each.as_sequence().is_none()) {
            let inherited = match policy {
                "reject" => body.get("on_error").and_then(Yaml::as_str).unwrap_or(inherited),
                "warn" => "warn",
                _ => "skip",
            };
            let mut members = Vec::new();
            for (field, body) in fields {
                let field = field.as_str().unwrap();
                let path = format!("{name}.{field}");
                let value = self.rule(&path, &path, body, inherited, None, place)?;
                if value.present() {
                    members.push((field.to_owned(), value));
                }
            }
            return Ok(V::Object(members));
        }
        let item = place.element.as_ref().unwrap().0.clone();
        if let Some(made) = self.steps(Some(each), item, place) {
            return Ok(made);
        }
        match policy {
            "reject" => return Err(name.to_owned()),
            "warn" => {
                self.warnings.borrow_mut().insert(warning.to_owned());
            }
            "default" => return Ok(self.parts(body, &body["default"], place)),
            _ => {}
        }
        Ok(V::Missing)
    }

    fn origin(&self, body: &Yaml, place: &Place) -> V {
        if body.as_mapping().is_none() {
            return self.expr(body, place);
        }
        if let Some(value) = body.get("value") {
            return self.parts(body, value, place);
        }
        let from = &body["from"];
        let sources = from.as_sequence().map_or(vec![from], |list| list.iter().collect());
        let keeps_empty = body.get("keep_empty").and_then(Yaml::as_bool) == Some(true);
        let is_hollow = |value: &V| match value {
            V::List(items) => items.is_empty() && !keeps_empty,
            V::Object(members) => members.is_empty() && !keeps_empty,
            _ => false,
        };
        let values = || sources.iter().map(|source| self.expr(source, place)).filter(V::present);
        values().find(|value| !is_hollow(value)).or_else(|| values().next()).unwrap_or(V::Missing)
    }

    fn steps(&self, steps: Option<&Yaml>, value: V, place: &Place) -> Option<V> {
        let Some(steps) = steps else { return Some(value) };
        let single = [steps.clone()];
        let steps = steps.as_sequence().map_or(&single[..], |list| &list[..]);
        steps.iter().try_fold(value, |value, step| match step.as_str() {
            Some(name) => self.step(name, &Yaml::Null, value, place),
            None => {
                let (name, argument) = entries(Some(step)).next().unwrap();
                self.step(name, argument, value, place)
            }
        })
    }

    fn step(&self, name: &str, argument: &Yaml, value: V, place: &Place) -> Option<V> {
        match self.rules.get("steps").and_then(|chains| chains.get(name)) {
            Some(chain) => self.steps(Some(chain), value, place),
            None => self.op(name, argument, value, place),
        }
    }

    /// A literal, reference, template, list or map.
    pub fn expr(&self, expr: &Yaml, place: &Place) -> V {
        match expr {
            Yaml::String(text) if reference_parts(text).is_some() => self.reference(text, place),
            Yaml::String(text) => self.template(text, place),
            Yaml::Sequence(list) => {
                V::List(list.iter().map(|item| self.expr(item, place)).filter(|v| *v != V::Missing).collect())
            }
            Yaml::Mapping(_) => V::Object(
                entries(Some(expr))
                    .map(|(key, value)| (key.to_owned(), self.expr(value, place)))
                    .filter(|(_, v)| *v != V::Missing)
                    .collect(),
            ),
            scalar => self.literal(scalar),
        }
    }

    /// What `value:` or `default:` gives: parts without a value are left out, however deep they stand.
    fn parts(&self, body: &Yaml, expr: &Yaml, place: &Place) -> V {
        let keeps_empty = body.get("keep_empty").and_then(Yaml::as_bool) == Some(true);
        let counts = |value: &V| !value.empty() || (keeps_empty && value.present());
        match expr {
            Yaml::Sequence(list) => {
                V::List(list.iter().map(|item| self.parts(body, item, place)).filter(counts).collect())
            }
            Yaml::Mapping(_) => V::Object(
                entries(Some(expr))
                    .map(|(key, value)| (key.to_owned(), self.parts(body, value, place)))
                    .filter(|(_, value)| counts(value))
                    .collect(),
            ),
            scalar => self.expr(scalar, place),
        }
    }

    pub fn literal(&self, yaml: &Yaml) -> V {
        V::of_json(&json_of(yaml))
    }

    fn template(&self, text: &str, place: &Place) -> V {
        let mut made = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('{') {
            let end = at + rest[at..].find('}').unwrap();
            let Some(part) = self.reference(&rest[at + 1..end], place).scalar() else { return V::Missing };
            made += &rest[..at];
            made += &part;
            rest = &rest[end + 1..];
        }
        V::Text(made + rest)
    }

    fn reference(&self, text: &str, place: &Place) -> V {
        let (name, path) = reference_parts(text).unwrap();
        let found = match (name, &place.element) {
            ("", _) => walk(&self.record, path),
            ("params", _) => walk(&V::Object(self.params.clone().into_iter().collect()), path),
            ("item", Some((item, _, _))) => walk(item, path),
            ("index", Some((_, index, _))) => walk(index, path),
            ("key", Some((_, _, key))) => walk(key, path),
            ("account", _) => {
                let path = &path[1..];
                let claims = entries(self.rules.get("account")).map(|(claim, _)| claim);
                let covers = |claim: &&str| {
                    path.strip_prefix(claim)
                        .is_some_and(|rest| rest.is_empty() || !rest.starts_with(|c: char| c.is_alphanumeric()))
                };
                let claim = claims.filter(covers).max_by_key(|claim| claim.len()).unwrap();
                walk(&self.named("account", claim), &path[claim.len()..])
            }
            (name, _) => walk(&self.named("let", name), path),
        };
        match found {
            V::Text(text) if self.fold && text.trim().is_empty() => V::Missing,
            found => found,
        }
    }

    fn holds(&self, condition: &Yaml, place: &Place) -> bool {
        self.answer(condition, place, Some(false)) == Some(true)
    }

    /// Whether a condition holds, when a predicate that fails counts as `failed`; `None` is not known.
    fn answer(&self, condition: &Yaml, place: &Place, failed: Option<bool>) -> Option<bool> {
        every(entries(Some(condition)).map(|(key, value)| match key {
            "any" => not(every(items(Some(value)).map(|part| not(self.answer(part, place, failed))))),
            "all" => every(items(Some(value)).map(|part| self.answer(part, place, failed))),
            "not" => not(self.answer(value, place, failed)),
            reference => self.passes(&self.reference(reference, place), value, place, failed),
        }))
    }

    fn passes(&self, value: &V, test: &Yaml, place: &Place, failed: Option<bool>) -> Option<bool> {
        Some(match test {
            Yaml::Null => !value.present(),
            Yaml::Sequence(list) if !value.present() => list.iter().any(Yaml::is_null),
            Yaml::Sequence(list) => {
                let others: Vec<V> = list.iter().map(|other| self.expr(other, place)).collect();
                return settled(others.iter().any(|other| value.is_among(other)), value, &others, failed);
            }
            Yaml::Mapping(_) => {
                return every(entries(Some(test)).map(|(name, argument)| match name {
                    "not" => not(self.passes(value, argument, place, failed)),
                    "is_present" => Some(value.present()),
                    _ if !value.present() => Some(false),
                    name => match self.op(name, argument, value.clone(), place) {
                        Some(answer) if matches!(name, "equals" | "one_of") => {
                            let others: Vec<V> = match argument {
                                Yaml::Sequence(_) if name == "equals" => Vec::new(),
                                Yaml::Sequence(list) => list.iter().map(|other| self.expr(other, place)).collect(),
                                other => vec![self.expr(other, place)],
                            };
                            settled(answer == V::Bool(true), value, &others, failed)
                        }
                        Some(answer) => Some(answer == V::Bool(true)),
                        None => failed,
                    },
                }));
            }
            Yaml::String(word) if word == "present" => value.present(),
            Yaml::String(word) if word == "missing" => !value.present(),
            Yaml::String(word) if word == "blank" => {
                value.empty() || matches!(value, V::Text(text) if text.trim().is_empty())
            }
            Yaml::String(word) if word == "is_present" => value.present(),
            Yaml::String(text) if reference_parts(text).is_some() => {
                let other = self.expr(test, place);
                return settled(value.present() && value.is_among(&other), value, &[other], failed);
            }
            other => {
                let other = self.expr(other, place);
                return settled(value.present() && value.equals(&other), value, &[other], failed);
            }
        })
    }
}

/// Whether a value equals one of others: of a list or an object that is compared with scalars this is not known.
fn settled(holds: bool, value: &V, others: &[V], failed: Option<bool>) -> Option<bool> {
    let is_scalar = |other: &V| other.present() && !matches!(other, V::List(_) | V::Object(_));
    let has_scalar = others.iter().any(|other| match other {
        V::List(items) => items.iter().any(is_scalar),
        other => is_scalar(other),
    });
    match matches!(value, V::List(_) | V::Object(_)) && has_scalar && !holds {
        true => failed,
        false => Some(holds),
    }
}

fn not(answer: Option<bool>) -> Option<bool> {
    answer.map(|holds| !holds)
}

/// One that does not hold decides; else one that is not known.
fn every(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let answers: Vec<Option<bool>> = answers.collect();
    if answers.contains(&Some(false)) {
        return Some(false);
    }
    if answers.contains(&None) { None } else { Some(true) }
}

/// The elements of a list or the members of an object, each with its place; `None` for scalars.
fn elements(value: &V) -> Option<Vec<Place>> {
    let place =
        |item: &V, index: usize, key: V| Place { element: Some((item.clone(), V::Number(index.to_string()), key)) };
    match value {
        V::Missing | V::Null => Some(Vec::new()),
        V::List(items) => Some(items.iter().enumerate().map(|(at, item)| place(item, at, V::Missing)).collect()),
        V::Object(members) => {
            Some(members.iter().enumerate().map(|(at, (key, item))| place(item, at, V::Text(key.clone()))).collect())
        }
        _ => None,
    }
}

/// The references to `$item` and `$key` in a part of a rule that mean its own elements.
fn element_references(part: &Yaml, found: &mut Vec<String>) {
    match part {
        Yaml::String(text) => {
            let end = |c: char| !(c.is_ascii_alphanumeric() || "_.".contains(c));
            let names = text.match_indices('$').map(|(at, _)| &text[at + 1..]);
            found.extend(names.map(|name| name.split(end).next().unwrap().to_owned()));
        }
        Yaml::Sequence(items) => items.iter().for_each(|item| element_references(item, found)),
        Yaml::Mapping(members) => {
            for (key, value) in members {
                let word = key.as_str().unwrap_or("");
                let is_inner = ["where", "each", "find", "filter", "map"].contains(&word)
                    || (["any", "all"].contains(&word) && value.is_mapping());
                if !is_inner {
                    element_references(key, found);
                    element_references(value, found);
                }
            }
        }
        _ => {}
    }
}

/// Puts a claim into the account at its dotted path.
fn put(object: &mut V, path: &str, value: V) {
    let V::Object(members) = object else { panic!("the generator makes no claim below a claim") };
    match path.split_once('.') {
        None => members.push((path.to_owned(), value)),
        Some((first, rest)) => {
            let at = members.iter().position(|(key, _)| key == first).unwrap_or_else(|| {
                members.push((first.to_owned(), V::Object(Vec::new())));
                members.len() - 1
            });
            put(&mut members[at].1, rest, value);
        }
    }
}

/// The value as the standard profile holds it; only the claims that the generator uses.
fn fitted(claim: &str, value: V) -> Option<V> {
    let text = |value: V| match value {
        V::Text(text) | V::Number(text) => Some(V::Text(text)),
        _ => None,
    };
    match claim {
        "external_id" | "username" => text(value).filter(|text| !text.empty()),
        "name.given" | "name.full" => text(value),
        "status" => text(value)
            .filter(|v| ["active", "disabled", "locked"].iter().any(|word| v.scalar().as_deref() == Some(word))),
        "must_change_password" | "mfa_reenroll" => matches!(value, V::Bool(_)).then_some(value),
        "roles" | "tags" => {
            let V::List(items) = value else { return None };
            let items: Option<Vec<V>> = items.into_iter().map(|item| text(item).filter(|item| !item.empty())).collect();
            items.map(V::List)
        }
        _ => Some(value),
    }
}
