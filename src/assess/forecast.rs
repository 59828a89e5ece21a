//! What will happen to the customers: each is in one class, and those who share identifiers are moved to another one.

use std::collections::BTreeMap;

use super::class::{Class, Obstacle, Stored};
use super::document::{Forecast, ForecastOutcome, ForecastReason, Reason};
use super::duplicates::Found;
use super::finish::Prices;
use super::names::reason;
use super::reasons::Seen;

/// The forecast. `seen` has the customers of each class.
pub(super) fn forecast(classes: &[Class], seen: &[Seen], found: &Found, prices: &Prices) -> Forecast {
    let mut forecast = Forecast::default();
    let mut reasons: BTreeMap<(ForecastOutcome, String, String), Seen> = BTreeMap::new();
    let mut note = |obstacle: Obstacle, seen: Seen| {
        reasons.entry((obstacle.outcome, obstacle.reason, obstacle.help)).or_default().merge(seen, 0);
    };
    for (number, (class, seen)) in classes.iter().zip(seen).enumerate() {
        let number = u16::try_from(number).unwrap_or(u16::MAX);
        let mut rest = seen.clone();
        let is_final = matches!(class, Class::Otherwise(obstacle) if obstacle.outcome == ForecastOutcome::Cannot);
        if !is_final {
            for (obstacle, moved) in moved(number, found) {
                rest.count = rest.count.saturating_sub(moved.count);
                rest.numbers.retain(|number| !moved.numbers.contains(number));
                note(obstacle, moved);
            }
        }
        match obstacle(class, prices) {
            None => forecast.migrate += rest.count,
            Some(obstacle) => note(obstacle, rest),
        }
    }
    for ((outcome, reason, help), Seen { count, numbers }) in reasons.into_iter().filter(|(_, seen)| seen.count > 0) {
        match outcome {
            ForecastOutcome::NewPassword => forecast.new_password += count,
            ForecastOutcome::Cannot => forecast.cannot += count,
        }
        forecast.reasons.push(ForecastReason { outcome, reason: Reason { reason, count, numbers }, help });
    }
    forecast.reasons.sort_by_key(|reason| std::cmp::Reverse(reason.reason.count));
    forecast
}

/// The customers of a class who cannot migrate because of what they share.
fn moved(class: u16, found: &Found) -> impl Iterator<Item = (Obstacle, Seen)> {
    let of = |counts: &BTreeMap<u16, u64>, numbers: &BTreeMap<u16, Vec<u64>>| Seen {
        count: counts.get(&class).copied().unwrap_or_default(),
        numbers: numbers.get(&class).cloned().unwrap_or_default(),
    };
    let same_id = Obstacle {
        outcome: ForecastOutcome::Cannot,
        reason: reason::SAME_ID.to_owned(),
        help: "decide which record is the customer, and remove or merge the others before the migration".to_owned(),
    };
    let no_own_login = Obstacle {
        outcome: ForecastOutcome::Cannot,
        reason: reason::NO_OWN_LOGIN.to_owned(),
        help: "give each of these customers a login of their own, or remove records of the same person".to_owned(),
    };
    [
        (same_id, of(&found.same_id_count, &found.same_id)),
        (no_own_login, of(&found.no_own_login_count, &found.no_own_login)),
    ]
    .into_iter()
    .filter(|(_, seen)| seen.count > 0)
}

/// Why customers of a class do not simply migrate.
fn obstacle(class: &Class, prices: &Prices) -> Option<Obstacle> {
    let new_password = |reason: String, help: &str| {
        Some(Obstacle { outcome: ForecastOutcome::NewPassword, reason, help: help.to_owned() })
    };
    match class {
        Class::Otherwise(obstacle) => Some(obstacle.clone()),
        Class::Verified { stored, .. } if prices.is_too_expensive(stored) => new_password(
            format!("{}{}", reason::TOO_EXPENSIVE, name(stored)),
            "raise `login.deadline` and `password.longest_check`, use faster machines, or let these customers choose a new \
             password",
        ),
        Class::Verified { must_change: true, .. } => new_password(
            reason::MUST_CHANGE.to_owned(),
            "nothing: these customers sign in with their password and are then asked for a new one",
        ),
        Class::Verified { .. } => None,
    }
}

fn name(stored: &Stored) -> String {
    match &stored.cost {
        Some(cost) => format!("{}, {cost}", stored.scheme),
        None => stored.scheme.clone(),
    }
}
