//! What the rules make of each claim.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::document;
use super::reasons::Reasons;
use crate::engine::plan::Plan;
use crate::model::Value;
use crate::schema::{Shape, ShapeKind, TextFormat, path_names};

/// What a claim holds that identifies a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Email,
    Phone,
    Other,
}

/// The claims of rules.
#[derive(Debug)]
pub(super) struct Columns {
    all: Vec<Column>,
    by_name: FxHashMap<String, usize>,
}

/// A claim.
#[derive(Debug)]
struct Column {
    path: Vec<String>,
    holds: Holds,
    /// The member that holds it in objects of a list.
    member: Option<String>,
}

impl Columns {
    /// The claims of rules, and what they hold according to the schema.
    pub(super) fn of(plan: &Plan) -> Self {
        let names = plan.columns();
        let column = |name: &String| {
            let path: Vec<String> = path_names(name).unwrap_or_default().into_iter().map(str::to_owned).collect();
            let (holds, member) = plan.schema.claim(name).map_or((Holds::Other, None), |claim| holds(claim.shape));
            Column { path, holds, member }
        };
        let all = names.iter().map(column).collect();
        let by_name = names.iter().enumerate().map(|(at, name)| (name.clone(), at)).collect();
        Self { all, by_name }
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// The claim with a name, or the claim that a longer name is inside of.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        let mut name = name;
        loop {
            if let Some(at) = self.by_name.get(name) {
                return Some(*at);
            }
            name = name.rsplit_once(['.', '['])?.0;
        }
    }

    /// The value of each claim of an account.
    pub(super) fn values<'a>(&self, account: Value<'a>) -> impl Iterator<Item = (usize, Value<'a>)> {
        self.all
            .iter()
            .enumerate()
            .map(move |(at, column)| (at, column.path.iter().fold(account, |value, name| value.member(name))))
    }

    /// The texts of a claim that are mail addresses or phone numbers.
    pub(super) fn identifiers<'a>(&self, at: usize, value: Value<'a>) -> (Holds, Vec<&'a str>) {
        let Some(column) = self.all.get(at).filter(|column| column.holds != Holds::Other) else {
            return (Holds::Other, Vec::new());
        };
        let text = |value: Value<'a>| match &column.member {
            Some(member) => value.member(member).as_text(),
            None => value.as_text(),
        };
        let texts = match value.as_list() {
            Some(items) => items.iter().filter_map(|item| text(*item)).collect(),
            None => value.as_text().into_iter().collect(),
        };
        (column.holds, texts)
    }
}

fn holds(shape: &Shape) -> (Holds, Option<String>) {
    match &shape.kind {
        ShapeKind::Text(text) => match text.format {
            Some(TextFormat::Email) => (Holds::Email, None),
            Some(TextFormat::Phone) => (Holds::Phone, None),
            _ => (Holds::Other, None),
        },
        ShapeKind::List(_) => match shape.element() {
            Some(element) if matches!(element.kind, ShapeKind::Object(_)) => {
                let value = element.member("value").map_or(Holds::Other, |value| holds(value).0);
                (value, Some("value".to_owned()))
            }
            Some(element) => (holds(element).0, None),
            None => (Holds::Other, None),
        },
        _ => (Holds::Other, None),
    }
}

/// The counts of one claim.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct ClaimCounts {
    pub made: u64,
    pub missing: u64,
    pub warned: u64,
    pub invalid: u64,
    pub reasons: Reasons,
}

impl ClaimCounts {
    pub(super) fn merge(&mut self, other: Self, offset: u64) {
        self.made += other.made;
        self.missing += other.missing;
        self.warned += other.warned;
        self.invalid += other.invalid;
        self.reasons.merge(other.reasons, offset);
    }

    pub(super) fn claim(&self, name: &str) -> document::Claim {
        document::Claim {
            name: name.to_owned(),
            made: self.made,
            missing: self.missing,
            warned: self.warned,
            invalid: self.invalid,
            reasons: self.reasons.sorted(),
        }
    }
}
