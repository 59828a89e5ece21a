//! Pairs the accounts that both versions make of a record.

use crate::engine::outcome::Outcome;
use crate::engine::run::Run;
use crate::model::Value;
use crate::model::json::same;

/// What one version of the rules makes of a record.
#[derive(Debug)]
pub struct Side<'a> {
    /// One outcome per account.
    pub outcomes: Vec<Outcome<'a>>,
    /// The legacy id of each account; empty for records that do not split.
    pub ids: Vec<Value<'a>>,
}

impl<'a> From<Run<'a>> for Side<'a> {
    fn from(run: Run<'a>) -> Self {
        Self { outcomes: run.outcomes, ids: run.ids }
    }
}

/// The accounts of a record, each with its counterpart: by legacy id if both versions give ids, otherwise by position.
pub(super) fn pairs<'s, 'a>(
    old: &'s Side<'a>,
    new: &'s Side<'a>,
) -> Vec<(Option<&'s Outcome<'a>>, Option<&'s Outcome<'a>>)> {
    let splits = has_ids(old) && has_ids(new);
    if !splits {
        let longest = old.outcomes.len().max(new.outcomes.len());
        return (0..longest).map(|at| (old.outcomes.get(at), new.outcomes.get(at))).collect();
    }
    let mut taken = vec![false; new.outcomes.len()];
    let each = old.outcomes.iter().zip(&old.ids);
    let mut found: Vec<_> = each.map(|(outcome, id)| (Some(outcome), counterpart(*id, new, &mut taken))).collect();
    let left = new.outcomes.iter().zip(&taken).filter(|(_, taken)| !**taken);
    found.extend(left.map(|(outcome, _)| (None, Some(outcome))));
    found
}

fn has_ids(side: &Side<'_>) -> bool {
    side.ids.len() == side.outcomes.len() && side.ids.iter().all(|id| id.is_present())
}

/// The account with this id that has no counterpart yet.
fn counterpart<'s, 'a>(id: Value<'_>, new: &'s Side<'a>, taken: &mut [bool]) -> Option<&'s Outcome<'a>> {
    let at = new.ids.iter().zip(taken.iter()).position(|(other, taken)| !taken && same(id, *other))?;
    *taken.get_mut(at)? = true;
    new.outcomes.get(at)
}
