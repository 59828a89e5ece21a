//! Records beside those of `benches/data`: the same people with all that collects over the years, and people who have
//! much of everything.

use serde_json::{Value, json};

use crate::data;

/// How many different records a job has.
const PEOPLE: u64 = 500;

/// Records of about 1.4 KB.
pub fn small() -> Vec<String> {
    (0..PEOPLE).map(data::record).collect()
}

/// Records of about 8 KB: the small ones, with much more in them that no rule wants.
pub fn large() -> Vec<String> {
    (0..PEOPLE).map(large_record).collect()
}

/// Records of 50 addresses, 50 order lines and 50 roles each, about 16 KB.
pub fn lists() -> Vec<String> {
    (0..PEOPLE).map(record_of_lists).collect()
}

/// The mean size in bytes.
pub fn mean_size(records: &[String]) -> u64 {
    records.iter().map(|record| record.len() as u64).sum::<u64>() / records.len() as u64
}

fn list(length: u64, element: impl Fn(u64) -> Value) -> Value {
    (0..length).map(element).collect()
}

fn large_record(number: u64) -> String {
    let mut record: Value = serde_json::from_str(&data::record(number)).expect("a record is JSON");
    record["history"] = list(32, |at| {
        json!({ "at": day(number + at), "what": pick(&["login", "logout", "order", "mail changed"], at), "by": "self",
                "address": format!("192.0.2.{}", (number + at) % 256), "succeeded": at % 7 != 0 })
    });
    record["devices"] = list(7, |at| {
        json!({ "id": format!("{:016x}-{at:04x}", number * 0x9e37_79b9), "first_seen": day(at), "last_seen": day(number + at),
                "agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "trusted": at == 0 })
    });
    record["basket"] = list(12, |at| {
        json!({ "article": format!("{}-{}", pick(&["BOOK", "TOY", "SHOE"], at), number + at), "quantity": at % 3 + 1,
                "price": format!("{}.{:02}", at * 7 + 3, number % 100), "gift": false })
    });
    let preferences = (0..40).map(|at| (format!("show_hint_{at:02}"), json!((number + at).is_multiple_of(2))));
    record["preferences"] = Value::Object(preferences.collect());
    record["about"] = json!("Never answers the phone before noon; prefers letters. \"Please ring twice.\"\n".repeat(9));
    record.to_string()
}

fn record_of_lists(number: u64) -> String {
    json!({
        "id": 100_000 + number, "mail": format!("P{number}@Example.com"), "default_address": 37,
        "mails": list(10, |at| json!({ "address": format!("p{number}.{}@Example.org", at % 7), "verified": at % 3 != 0 })),
        "addresses": list(50, |at| json!({
            "id": at, "kind": pick(&["B", "S", "O"], at), "street": format!("{} Orchard  Row", number % 200 + at),
            "zip": format!("{:05}", number + at), "country": pick(&["Germany", "Austria", "France", "Spain", "Poland"], number + at),
        })),
        "orders": list(50, |at| json!({
            "article": format!("{}-{}", pick(&["BOOK", "TOY", "SHOE", "LAMP"], number + at), 1000 + at), "quantity": at % 4,
            "price": format!("{}.{:02}", at * 3 + 1, number % 100), "state": pick(&["p", "p", "o", "r"], at), "at": day(number + at),
        })),
        "roles": list(50, |at| json!(pick(&["cust", "vip", "adm", "sup", "edit", "buy", "sell"], number + at))),
        "consents": { "news": "yes", "ads": "no", "sms": "asked", "post": "yes", "phone": "no", "partners": "no" },
    })
    .to_string()
}

fn day(number: u64) -> String {
    format!("20{:02}-{:02}-{:02}", number % 25, number % 12 + 1, number % 28 + 1)
}

fn pick<'l>(list: &[&'l str], number: u64) -> &'l str {
    list[(number % list.len() as u64) as usize]
}
