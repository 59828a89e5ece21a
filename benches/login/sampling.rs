//! What `shadow` and `drift` cost: first logins per second with both and without them, in alternating turns.

use std::time::Instant;

use landfall::migrate::Outcome;
use serde_json::{Value, json};

use crate::stores::Stores;
use crate::world::{Cost, World, sign_in, usual};
use crate::{Row, Size, customers, median};

/// Candidate rules on every login, and the shape of every record.
const SETTINGS: &str = "shadow: { rules: shop.new.yaml, share: 100% }\ndrift: { assessment: assessment.json }\n";

/// The rules of the other benchmarks with a change in every account.
fn candidate() -> String {
    customers::rules().replacen("lowercase", "uppercase", 1)
}

/// An assessment that has all fields of the customers' records.
fn assessment() -> String {
    let (_, record) = customers::record(1);
    let mut fields = Vec::new();
    collect(&serde_json::from_str(&record).unwrap(), "$", &mut fields);
    json!({
        "version": landfall::assess::VERSION,
        "about": { "landfall": "", "rules": null, "exports": [], "now": "2026-03-01T00:00:00Z", "shows_values": false },
        "records": {
            "all": 1000, "accounts": 1000, "denied": [], "invalid": 0, "invalid_reasons": [], "unreadable": 0,
            "unreadable_reasons": [], "other_warnings": [], "stopped": null,
        },
        "fields": fields, "claims": [], "lookups": [], "duplicates": [], "passwords": null, "forecast": null,
        "ready_rules": [], "findings": [],
    })
    .to_string()
}

fn collect(value: &Value, path: &str, fields: &mut Vec<Value>) {
    let mut field = |path: &str, value: &Value| {
        let kind = match value {
            Value::Object(_) => "object",
            Value::Array(_) => "list",
            Value::String(_) => "text",
            Value::Bool(_) => "boolean",
            Value::Null => "null",
            Value::Number(number) => {
                if number.is_i64() {
                    "integer"
                } else {
                    "number"
                }
            }
        };
        fields.push(json!({
            "path": path, "filled": 1000, "null": 0, "empty": 0, "kinds": { kind: 1000 }, "lengths": null, "formats": {},
            "distinct": null, "values": [], "patterns": [], "is_read": true, "is_secret": false, "is_wide": false,
        }));
        collect(value, path, fields);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| field(&format!("{path}.{name}"), value)),
        Value::Array(items) => items.iter().take(1).for_each(|item| field(&format!("{path}[*]"), item)),
        _ => {}
    }
}

/// The rates with the default hash, and with the cheapest one, beside which the rest of a login shows most.
pub async fn rows(size: Size, stores: &Stores) -> Vec<Row> {
    let mut rows = Vec::new();
    for (cost, name) in [(Cost::Default, "Argon2id 19 MiB, 2 passes"), (Cost::Cheapest, "the cheapest Argon2id")] {
        let count = 2 * size.turn * (1 + size.rounds as u64);
        let files = [("shop.new.yaml", candidate()), ("assessment.json", assessment())];
        let plain = World::with(count, &usual(cost, stores), &[]).await;
        let sampled = World::with(count, &format!("{}{SETTINGS}", usual(cost, stores)), &files).await;
        let mut worlds = [plain, sampled];
        let mut rounds = Vec::new();
        for number in 0..=size.rounds {
            let mut rates = [0.0; 2];
            // who is first changes, because the speed of the machine does
            for turn in 0..4_usize {
                let at = (turn + turn / 2 + number) % 2;
                let (Some(world), Some(rate)) = (worlds.get_mut(at), rates.get_mut(at)) else { continue };
                let customers = world.new_customers(size.turn);
                let began = Instant::now();
                sign_in(&world.migrator, customers, 16, Outcome::Migrated).await;
                *rate += size.turn as f64 / began.elapsed().as_secs_f64() / 2.0;
            }
            if number > 0 {
                rounds.push(rates);
            }
        }
        let of = |figure: fn(&[f64; 2]) -> f64| median(rounds.iter().map(figure));
        let (plain, sampled, ratio) =
            (of(|[plain, _]| *plain), of(|[_, sampled]| *sampled), of(|[plain, sampled]| sampled / plain));
        let figure = format!("{sampled:.0}/s with both, {plain:.0}/s without: {ratio:.3} of the rate");
        println!("  {:10} first logins, 16 at once, {name}: {figure}", stores.name);
        let what = format!("`shadow` on all logins and `drift`, {name}, {}", stores.name);
        rows.push(Row { what, figure, goal: "0.95" });
        for world in worlds {
            if let Some(sampling) = &world.built.sampling {
                sampling.note().await;
                let observed = world.built.ledger.observations.observed().await.unwrap();
                let count = |change: &str| {
                    observed.iter().filter(|one| one.key.change == change).map(|one| one.count).sum::<u64>()
                };
                println!("    {} records compared, {} differ", count("compared"), count("differs"));
            }
        }
    }
    rows
}
