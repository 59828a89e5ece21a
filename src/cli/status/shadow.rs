//! `landfall status --shadow`: what candidate rules make differently of live records, and how these differ from the assessment.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::Format;
use crate::cli::{CommandError, FINE, show, stores};
use crate::config::Opening;
use crate::ports::{ObservationKind, Observed};

/// How much of a hash tells versions of rules apart for people.
const SHORT: usize = 8;

/// Runs the command.
pub(super) fn run(config: &Path, format: Format) -> Result<u8, CommandError> {
    let observed =
        stores::ledger(config, Opening::Existing, async |stores| Ok(stores.ledger.observations.observed().await?))?;
    let found = Found::of(&observed);
    show::output(&match format {
        Format::Human => found.human(),
        Format::Json => format!("{:#}\n", found.json()),
    })?;
    Ok(FINE)
}

/// The observations, of each source and of what its records were compared with.
struct Found<'o> {
    shadows: Vec<Shadow<'o>>,
    drifts: Vec<&'o Observed>,
}

/// One candidate beside one version of the active rules, on the records of one source.
struct Shadow<'o> {
    source: &'o str,
    /// The hashes of the active rules and the candidates.
    versions: (&'o str, &'o str),
    records: u64,
    differing: u64,
    last_at: Timestamp,
    differences: Vec<&'o Observed>,
}

impl<'o> Found<'o> {
    fn of(observed: &'o [Observed]) -> Self {
        let of_kind = |kind| observed.iter().filter(move |observed| observed.key.kind == kind);
        let mut shadows: BTreeMap<(&str, &str), Shadow<'o>> = BTreeMap::new();
        for observed in of_kind(ObservationKind::Shadow) {
            let key = &observed.key;
            let shadow = shadows.entry((&key.source, &key.about)).or_insert_with(|| Shadow {
                source: &key.source,
                versions: key.about.split_once("..").unwrap_or((&key.about, "")),
                records: 0,
                differing: 0,
                last_at: observed.last_at,
                differences: Vec::new(),
            });
            shadow.last_at = shadow.last_at.max(observed.last_at);
            match (key.name.as_str(), key.change.as_str()) {
                ("", "compared") => shadow.records = observed.count,
                ("", _) => shadow.differing = observed.count,
                _ => shadow.differences.push(observed),
            }
        }
        let mut shadows: Vec<_> = shadows.into_values().collect();
        // those that run now first
        shadows.sort_by(|one, other| one.source.cmp(other.source).then(other.last_at.cmp(&one.last_at)));
        shadows
            .iter_mut()
            .for_each(|shadow| shadow.differences.sort_by_key(|observed| std::cmp::Reverse(observed.count)));
        Self { shadows, drifts: of_kind(ObservationKind::Drift).collect() }
    }

    fn human(&self) -> String {
        let mut text = String::new();
        // writing to a `String` cannot fail
        if self.shadows.is_empty() {
            text.push_str("no candidate rules have run: `shadow` in the settings names some\n");
        }
        for shadow in &self.shadows {
            let Shadow { source, versions: (active, candidate), records, differing, last_at, .. } = shadow;
            let _ = writeln!(
                text,
                "{source}: candidate rules {} beside {}, until {}",
                short(candidate),
                short(active),
                last_at.strftime("%Y-%m-%d %H:%M UTC")
            );
            let _ = writeln!(
                text,
                "  {records} records: {} the same, {differing} differ",
                records.saturating_sub(*differing)
            );
            for observed in &shadow.differences {
                let _ = writeln!(text, "  {:>10}  {} {}", observed.count, observed.key.name, observed.key.change);
                for customer in observed.customers.iter().take(2) {
                    let _ = writeln!(text, "              customer {customer}");
                }
            }
            text.push('\n');
        }
        if self.drifts.is_empty() {
            text.push_str("no drift\n");
        } else {
            text.push_str("drift\n");
        }
        for Observed { key, first_at, .. } in &self.drifts {
            let since = first_at.strftime("%Y-%m-%d %H:%M UTC");
            let _ = writeln!(text, "  {}: {} {}, first seen {since}", key.source, key.name, sentence(&key.change));
        }
        if self.shadows.iter().any(|shadow| shadow.differences.iter().any(|observed| !observed.customers.is_empty())) {
            text.push_str("\n`landfall audit list --customer DIGEST` shows the logins of a customer\n");
        }
        text
    }

    fn json(&self) -> Json {
        let difference = |observed: &&Observed| {
            json!({
                "of": observed.key.name, "change": observed.key.change, "count": observed.count,
                "first_at": observed.first_at.to_string(), "last_at": observed.last_at.to_string(),
                "customers": observed.customers,
            })
        };
        let shadow = |shadow: &Shadow<'_>| {
            json!({
                "source": shadow.source, "active": shadow.versions.0, "candidate": shadow.versions.1,
                "records": shadow.records, "differing": shadow.differing, "last_at": shadow.last_at.to_string(),
                "differences": shadow.differences.iter().map(difference).collect::<Vec<_>>(),
            })
        };
        let drift = |Observed { key, first_at, .. }: &&Observed| {
            json!({
                "source": key.source, "field": key.name, "change": key.change, "assessment": key.about,
                "first_at": first_at.to_string(),
            })
        };
        json!({
            "shadow": self.shadows.iter().map(shadow).collect::<Vec<_>>(),
            "drift": self.drifts.iter().map(drift).collect::<Vec<_>>(),
        })
    }
}

fn short(hash: &str) -> &str {
    hash.get(..SHORT).unwrap_or(hash)
}

fn sentence(change: &str) -> &str {
    match change {
        "new_kind" => "has values of another kind",
        "new_value" => "has a new value",
        change => change,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::ObservationKey;

    fn observed(kind: ObservationKind, about: &str, name: &str, change: &str, count: u64, last: i64) -> Observed {
        let at = |seconds| Timestamp::from_second(1_700_000_000 + seconds).unwrap();
        let text = str::to_owned;
        let key =
            ObservationKey { kind, source: text("shop"), about: text(about), name: text(name), change: text(change) };
        Observed { key, count, first_at: at(0), last_at: at(last), customers: vec![text("c1")] }
    }

    #[test]
    fn the_candidates_that_run_now_come_first() {
        use ObservationKind::{Drift, Shadow};
        let all = [
            observed(Shadow, "aaaaaaaaaa..bbbbbbbbbb", "", "compared", 9, 60),
            observed(Shadow, "aaaaaaaaaa..cccccccccc", "", "compared", 1000, 120),
            observed(Shadow, "aaaaaaaaaa..cccccccccc", "", "differs", 30, 120),
            observed(Shadow, "aaaaaaaaaa..cccccccccc", "account", "denied", 4, 120),
            observed(Shadow, "aaaaaaaaaa..cccccccccc", "email.value", "changed", 26, 120),
            observed(Drift, "d", "$.mail", "disappeared", 1, 5),
        ];
        let found = Found::of(&all);
        let wanted = "\
shop: candidate rules cccccccc beside aaaaaaaa, until 2023-11-14 22:15 UTC
  1000 records: 970 the same, 30 differ
          26  email.value changed
              customer c1
           4  account denied
              customer c1

shop: candidate rules bbbbbbbb beside aaaaaaaa, until 2023-11-14 22:14 UTC
  9 records: 9 the same, 0 differ

drift
  shop: $.mail disappeared, first seen 2023-11-14 22:13 UTC

`landfall audit list --customer DIGEST` shows the logins of a customer
";
        assert_eq!(found.human(), wanted);
        assert_eq!(found.json()["shadow"][0]["differences"][1]["count"], 4);
        assert_eq!(found.json()["drift"][0]["change"], "disappeared");
        let nothing = "no candidate rules have run: `shadow` in the settings names some\nno drift\n";
        assert_eq!(Found::of(&[]).human(), nothing);
    }
}
