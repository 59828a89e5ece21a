//! The records of the benchmarks: invented, of the shape that `shop.yaml` maps, about 1.4 KB each.

/// A record; different numbers give different people.
#[must_use]
pub fn record(number: u64) -> String {
    let pick = |list: &[&'static str], salt: u64| list[((number / (salt + 1) + salt) % list.len() as u64) as usize];
    let given = pick(&["Ada", "Bram", "Carla", "Jürgen", "Élodie", "Tomáš", "Rosalind"], 3);
    let family = pick(&["Abernathy", "Castellan", "Müller", "Østergård", "Quill", "Szabó"], 5);
    let filler = "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor ".repeat(5);
    serde_json::json!({
        "id": 100_000 + number, "login": format!(" {given}{number} "), "kind": pick(&["private", "business"], 1),
        "state": pick(&["A", "A", "A", "B", "L"], 2),
        "contact": {
            "mail": format!("{}.{}@Example.com", given.chars().next().unwrap_or('x'), number), "mail_ok": pick(&["1", "0"], 1),
            "phone": format!("+1 (202) 555-01{:02}", number % 100), "phone_ok": "no", "web": format!("https://p{number}.example.org"),
            "fax": "", "notes": filler,
        },
        "person": {
            "name": format!("{given}  {family}"), "nick": pick(&["", "lefty", "ace"], 4), "alias": null, "sex": pick(&["m", "f", "u"], 2),
            "born": format!("{:02}.{:02}.{}", number % 28 + 1, number % 12 + 1, 1950 + number % 50),
            "language": pick(&["german", "french", "spanish", "english"], 1), "zone": pick(&["", "Europe/Paris"], 6),
            "title": "", "shoe_size": 42,
        },
        "address": {
            "street": format!("{} Orchard Row", number % 200), "city": "Fairmont", "zip": format!("{:05}", number % 99_999),
            "country": pick(&["Germany", "Austria", "France", "Spain", "Poland"], 2), "geo": [52.52, 13.405],
        },
        "dates": {
            "created": format!("20{:02}-{:02}-{:02} {:02}:14:07", number % 24, number % 12 + 1, number % 28 + 1, number % 24),
            "changed": "2024-05-06 07:08:09", "seen": (1_600_000_000 + number).to_string(), "exported": "2025-01-01",
        },
        "groups": ["cust", pick(&["cust", "vip", "sup"], 2)], "tags": "club, letter,  beta",
        "stats": { "orders": (number % 90).to_string(), "revenue": "1204.50", "visits": 991 },
        "company": { "name": format!("{family} & Søn Ltd"), "vat": "DE999999999" }, "flags": { "newsletter": pick(&["yes", "no"], 3), "beta": true },
        "session_token": "6ddba0d978eed3ca44e69d9cc0098701164fa115e720e6db7a384104279479d3",
        "audit": [{ "at": "2023-01-01", "what": "import" }, { "at": "2024-02-02", "what": "merge" }],
    })
    .to_string()
}
