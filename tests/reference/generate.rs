//! Rule files and records by chance, directed by kinds so that most of them compile and say something.

use serde_json::{Value as Json, json};

/// A small generator of numbers (SplitMix64), so that a seed names a pair for ever.
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// True so many times in a hundred.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    pub fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.below(from.len())]
    }
}

const TEXTS: &[&str] = &[
    "",
    " ",
    "\t\u{a0} ",
    "Ada",
    " Ada  King ",
    "a,b,,c",
    " a , b ",
    "42",
    " +0042 ",
    "-7",
    "1.0",
    "1.50",
    "true",
    "yes",
    "No",
    "0",
    "1",
    "admin",
    "staff",
    "guest",
    "active",
    "disabled",
    "ADA@Example.com",
    "straße",
    "ÉLODIE ΣΟΦΟΣ",
    "\u{feff}x\u{200b}",
    "a b\u{2060}c",
    "9223372036854775807",
    "9223372036854775808",
    "{x}",
    "$y",
    "null",
    "k1",
    "k2",
    "a;b",
    "it's \"q\"\n",
];
const KEYS: &[&str] = &["a", "b", "c", "k1", "k2", "first name"];

fn text(chance: &mut Chance) -> Json {
    json!(chance.pick(TEXTS))
}

fn number(chance: &mut Chance) -> Json {
    match chance.below(8) {
        0 => json!(1.5),
        1 => json!(-0.25),
        2 => json!(i64::MAX),
        3 => json!(2.0),
        _ => json!(chance.below(5) as i64 - 1),
    }
}

fn scalar(chance: &mut Chance) -> Json {
    match chance.below(10) {
        0 => Json::Null,
        1 => json!(chance.percent(50)),
        2 | 3 => number(chance),
        _ => text(chance),
    }
}

fn list(chance: &mut Chance, element: fn(&mut Chance) -> Json) -> Json {
    (0..chance.below(5)).map(|_| element(chance)).collect()
}

fn object(chance: &mut Chance, depth: usize) -> Json {
    let mut members = serde_json::Map::new();
    for _ in 0..chance.below(5) {
        let key = *chance.pick(KEYS);
        let value = if depth > 0 && chance.percent(30) { any(chance, depth - 1) } else { scalar(chance) };
        members.insert(key.to_owned(), value);
    }
    Json::Object(members)
}

fn any(chance: &mut Chance, depth: usize) -> Json {
    match chance.below(if depth == 0 { 2 } else { 4 }) {
        0 | 1 => scalar(chance),
        2 => (0..chance.below(4)).map(|_| any(chance, depth - 1)).collect(),
        _ => object(chance, depth),
    }
}

fn row(chance: &mut Chance) -> Json {
    let mut row = serde_json::Map::new();
    if chance.percent(90) {
        row.insert("k".to_owned(), if chance.percent(80) { json!(chance.pick(KEYS)) } else { scalar(chance) });
    }
    if chance.percent(90) {
        row.insert("v".to_owned(), if chance.percent(80) { scalar(chance) } else { any(chance, 1) });
    }
    Json::Object(row)
}

/// The fields that records have, with what mostly stands there.
const FIELDS: &[(&str, Kind)] = &[
    ("t1", Kind::Text),
    ("t2", Kind::Text),
    ("t3", Kind::Text),
    ("n1", Kind::Number),
    ("n2", Kind::Number),
    ("b1", Kind::Boolean),
    ("l1", Kind::List),
    ("l2", Kind::List),
    ("o1", Kind::Object),
    ("o2", Kind::Object),
    ("rows", Kind::Rows),
    ("m1", Kind::Any),
];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Text,
    Number,
    Boolean,
    List,
    Rows,
    Object,
    Any,
}

/// A record for the rules of this module.
pub fn record(chance: &mut Chance) -> Json {
    let mut record = serde_json::Map::new();
    for (name, kind) in FIELDS {
        let kind = if chance.percent(10) { Kind::Any } else { *kind };
        let value = match kind {
            _ if chance.percent(12) => continue,
            _ if chance.percent(6) => Json::Null,
            Kind::Text => text(chance),
            Kind::Number => number(chance),
            Kind::Boolean => json!(chance.percent(50)),
            Kind::List if chance.percent(50) => list(chance, text),
            Kind::List => list(chance, scalar),
            Kind::Rows => list(chance, row),
            Kind::Object => object(chance, 2),
            Kind::Any => any(chance, 2),
        };
        record.insert((*name).to_owned(), value);
    }
    Json::Object(record)
}

fn quoted(text: &str) -> String {
    json!(text).to_string()
}

fn map(members: &[(String, String)]) -> String {
    let members: Vec<String> = members.iter().map(|(key, value)| format!("{}: {value}", quoted(key))).collect();
    format!("{{ {} }}", members.join(", "))
}

fn seq(items: &[String]) -> String {
    format!("[ {} ]", items.join(", "))
}

fn entry(key: &str, value: impl Into<String>) -> (String, String) {
    (key.to_owned(), value.into())
}

/// What may be named at a place of the rules.
#[derive(Clone, Default)]
struct Names {
    lets: Vec<String>,
    claims: Vec<String>,
    element: bool,
    policy: bool,
}

/// One rule file.
pub struct RuleGenerator<'c> {
    chance: &'c mut Chance,
}

impl RuleGenerator<'_> {
    /// The text of a rule file, in YAML's flow style with every text in quotes.
    pub fn file(chance: &mut Chance) -> String {
        RuleGenerator { chance }.whole()
    }

    fn whole(&mut self) -> String {
        let policy = self.chance.percent(85);
        let mut defaults = Vec::new();
        if policy {
            defaults.push(entry("on_error", *self.chance.pick(&["warn", "warn", "skip", "reject", "default"])));
        }
        if self.chance.percent(40) {
            defaults.push(entry("blank", *self.chance.pick(&["keep", "missing"])));
        }
        let mut out = String::from("landfall: 1\nname: generated\n");
        out += "params: { p1: { default: \"Ada\" }, p2: { default: 7 }, p3: { default: [ \"admin\", 1 ] } }\n";
        out += "lookups:\n  roles: { admin: \"staff\", staff: \"staff\", \"1\": 1, \"true\": true, \"Ada\": \"a,b\", k1: [ \"x\" ] }\n";
        out += "  states: { active: \"active\", \"1\": \"active\", \"0\": \"disabled\", \"true\": \"locked\" }\n";
        out += "steps: { clean: [ trim, squish ], words: [ { split: \",\" }, unique ] }\n";
        if !defaults.is_empty() {
            out += &format!("defaults: {}\n", map(&defaults));
        }
        let mut names = Names { policy, ..Names::default() };
        let lets = (0..self.chance.below(4)).map(|n| format!("x{n}")).collect();
        out += &self.rules("let", lets, &mut names);
        if self.chance.percent(15) {
            let from = *self.chance.pick(&["$.rows", "$.l2", "$.o1", "$.rows[*].v"]);
            let mut parts = vec![entry("name", "person"), entry("from", quoted(from))];
            if self.chance.percent(40) {
                let step = *self.chance.pick(&["compact", "unique", "first", "{ get: \"[*].k\" }"]);
                parts.push(entry("do", seq(&[step.to_owned()])));
            }
            if self.chance.percent(30) {
                parts.push(entry("where", self.element_condition(&Names { element: true, ..names.clone() }, 0)));
            }
            if !policy || self.chance.percent(30) {
                parts.push(entry("on_error", *self.chance.pick(&["reject", "warn"])));
            }
            out += &format!("accounts: {}\n", map(&parts));
            names.lets.push("person".to_owned());
        }
        if self.chance.percent(30) {
            out += "admit:\n";
            for reason in ["closed", "spam"] {
                let when = self.condition(&names, 1);
                out += &format!("  - {{ deny: {reason}, when: {when} }}\n");
            }
        }
        let mut claims: Vec<String> = (0..1 + self.chance.below(4)).map(|n| format!("custom.c{n}")).collect();
        for typed in
            ["external_id", "username", "name.given", "name.full", "status", "must_change_password", "roles", "tags"]
        {
            if self.chance.percent(15) {
                claims.push(typed.to_owned());
            }
        }
        out += &self.rules("account", claims, &mut names);
        if self.chance.percent(30) {
            out += "checks:\n";
            let (that, needs) = (self.condition(&names, 1), self.condition(&names, 1));
            out += &format!("  - {{ that: {that}, needs: {needs}, because: unfit }}\n");
            let needs = self.condition(&names, 1);
            out += &format!("  - {{ needs: {needs}, because: odd }}\n");
        }
        out
    }

    /// A section of rules in a chance order; each may read those that were made before it, wherever they stand.
    fn rules(&mut self, section: &str, made: Vec<String>, names: &mut Names) -> String {
        let mut lines = Vec::new();
        for name in made {
            let body = self.body(&name, names, 2);
            let at = self.chance.below(lines.len() + 1);
            lines.insert(at, format!("  {}: {body}\n", quoted(&name)));
            if section == "let" { names.lets.push(name) } else { names.claims.push(name) }
        }
        if lines.is_empty() { String::new() } else { format!("{section}:\n{}", lines.concat()) }
    }

    fn body(&mut self, name: &str, names: &Names, depth: usize) -> String {
        if self.chance.percent(12) {
            return if self.chance.percent(60) { self.reference(names).0 } else { self.template(names) };
        }
        let mut parts = Vec::new();
        if self.chance.percent(15) {
            parts.push(entry("when", self.condition(names, 1)));
        }
        let mut kind = Kind::Any;
        if self.chance.percent(10) {
            parts.push(entry("value", self.operand(names, 1)));
            self.ending(name, names, &mut parts);
            return map(&parts);
        } else {
            let count = if self.chance.percent(25) { 2 + self.chance.below(2) } else { 1 };
            let mut sources = Vec::new();
            for _ in 0..count {
                let (source, found) = self.reference(names);
                kind = if count == 1 { found } else { Kind::Any };
                let is_template = self.chance.percent(10);
                kind = if is_template && count == 1 { Kind::Text } else { kind };
                sources.push(if is_template { self.template(names) } else { source });
            }
            parts.push(entry("from", if count == 1 { sources.remove(0) } else { seq(&sources) }));
        }
        if self.chance.percent(65) {
            let steps = self.steps(names, &mut kind);
            parts.push(entry("do", steps));
        }
        if matches!(kind, Kind::List | Kind::Rows | Kind::Object) || self.chance.percent(8) {
            self.list_parts(names, &mut kind, depth, &mut parts);
        }
        self.ending(name, names, &mut parts);
        map(&parts)
    }

    fn list_parts(&mut self, names: &Names, kind: &mut Kind, depth: usize, parts: &mut Vec<(String, String)>) {
        let inside = Names { element: true, ..names.clone() };
        if self.chance.percent(30) {
            parts.push(entry("where", self.element_condition(&inside, 1)));
            *kind = Kind::List;
        }
        if self.chance.percent(60) {
            let each = if depth > 0 && self.chance.percent(40) {
                // a member that reads the element, or the objects would all be the same
                let own = *self.chance.pick(&["$item", "$item.k", "$key", "$index"]);
                let own = std::iter::once(("f0".to_owned(), quoted(own)));
                let fields = (1..1 + self.chance.below(3)).map(|n| (format!("f{n}"), self.body("", &inside, 0)));
                map(&own.chain(fields).collect::<Vec<_>>())
            } else {
                self.steps(&inside, &mut Kind::Any)
            };
            parts.push(entry("each", each));
            *kind = Kind::List;
        }
        if self.chance.percent(50) {
            parts.push(entry("then", self.steps(names, kind)));
        }
    }

    /// `as`, `default`, `required`, `on_error`, `keep_empty`.
    fn ending(&mut self, name: &str, names: &Names, parts: &mut Vec<(String, String)>) {
        if name == "status" {
            parts.retain(|(key, _)| key != "then" && key != "each");
            parts.push(entry("then", "[ { lookup: states } ]"));
        } else if self.chance.percent(12) {
            parts.push(entry("as", *self.chance.pick(&["text", "integer", "boolean", "list"])));
        }
        let has_default = self.chance.percent(25);
        if has_default {
            parts.push(entry("default", self.operand(names, 1)));
        }
        if parts.iter().any(|(key, _)| key == "when") && self.chance.percent(50) {
            parts.push(entry("otherwise", self.operand(names, 1)));
        }
        // what a required field without a value does is settled elsewhere
        let required = !name.is_empty() && self.chance.percent(10);
        if required {
            parts.push(entry("required", "true"));
        }
        if !names.policy || self.chance.percent(30) {
            let policy = match self.chance.below(6) {
                0 => "reject".to_owned(),
                1 if !required => "skip".to_owned(),
                2 | 3 if has_default => "default".to_owned(),
                4 => format!("{{ warn: w{} }}", self.chance.below(3)),
                _ => "warn".to_owned(),
            };
            parts.push(entry("on_error", policy));
        }
        if self.chance.percent(10) {
            parts.push(entry("keep_empty", "true"));
        }
    }

    /// A reference and what probably stands there.
    fn reference(&mut self, names: &Names) -> (String, Kind) {
        let (base, kind) = match self.chance.below(10) {
            0..=3 if names.element => match self.chance.below(6) {
                0 => ("$index".to_owned(), Kind::Number),
                1 => ("$key".to_owned(), Kind::Text),
                2 => ("$item.k".to_owned(), Kind::Text),
                3 => ("$item.v".to_owned(), Kind::Any),
                _ => ("$item".to_owned(), Kind::Any),
            },
            0 | 1 if !names.lets.is_empty() => (format!("${}", self.chance.pick(&names.lets)), Kind::Any),
            2 | 3 if !names.claims.is_empty() => (format!("$account.{}", self.chance.pick(&names.claims)), Kind::Any),
            4 if self.chance.percent(30) => (format!("$params.p{}", 1 + self.chance.below(3)), Kind::Any),
            5 if self.chance.percent(10) => ("$".to_owned(), Kind::Object),
            _ => {
                let (name, kind) = *self.chance.pick(FIELDS);
                (format!("$.{name}"), kind)
            }
        };
        let (path, kind) = match kind {
            Kind::List if self.chance.percent(20) => (self.chance.pick(&["[0]", "[-1]", "[*]"]).to_string(), Kind::Any),
            Kind::Rows if self.chance.percent(30) => {
                let path = *self.chance.pick(&["[0].v", "[*].k", "[*].v", "[-2].k", "[*][*]", "[*].v[0]"]);
                (path.to_owned(), if path.contains('*') { Kind::List } else { Kind::Any })
            }
            Kind::Object | Kind::Any if self.chance.percent(40) => {
                let path = *self.chance.pick(&[".a", ".b", ".c.a", "['first name']", "[*]", ".a[*]", ".k1", ".a[0]"]);
                (path.to_owned(), if path.contains('*') { Kind::List } else { Kind::Any })
            }
            kind => (String::new(), kind),
        };
        (quoted(&format!("{base}{path}")), kind)
    }

    fn template(&mut self, names: &Names) -> String {
        let mut text = String::new();
        for _ in 0..1 + self.chance.below(2) {
            text += *self.chance.pick(&["wp:", "", " ", "é-"]);
            let (reference, _) = self.reference(names);
            let reference: String = serde_json::from_str(&reference).unwrap();
            text += &format!("{{{reference}}}");
        }
        text += *self.chance.pick(&["", "!", " x"]);
        quoted(&text)
    }

    fn literal(&mut self) -> String {
        match self.chance.below(8) {
            0 => number(self.chance).to_string(),
            1 => self.chance.percent(50).to_string(),
            _ => loop {
                let text = *self.chance.pick(TEXTS);
                if !text.contains(['{', '}', '$']) {
                    break quoted(text);
                }
            },
        }
    }

    /// A value as a rule may name it; never `null`, which reads as no argument.
    fn operand(&mut self, names: &Names, depth: usize) -> String {
        match self.chance.below(10) {
            0..=4 => self.literal(),
            5..=7 => self.reference(names).0,
            8 => self.template(names),
            _ if depth == 0 => self.literal(),
            _ => {
                let items: Vec<String> = (0..self.chance.below(3)).map(|_| self.operand(names, 0)).collect();
                seq(&items)
            }
        }
    }

    fn operands(&mut self, names: &Names) -> String {
        let items: Vec<String> = (0..1 + self.chance.below(3)).map(|_| self.operand(names, 0)).collect();
        seq(&items)
    }

    fn condition(&mut self, names: &Names, depth: usize) -> String {
        let mut parts: Vec<(String, String)> = Vec::new();
        for _ in 0..1 + self.chance.below(2) {
            let part = match self.chance.below(if depth > 0 { 8 } else { 5 }) {
                5 => entry("not", self.condition(names, depth - 1)),
                6 => entry("any", seq(&[self.condition(names, depth - 1), self.condition(names, depth - 1)])),
                7 => entry("all", seq(&[self.condition(names, depth - 1), self.condition(names, depth - 1)])),
                _ => {
                    let (reference, _) = self.reference(names);
                    let reference: String = serde_json::from_str(&reference).unwrap();
                    (reference, self.test(names, 1))
                }
            };
            if !parts.iter().any(|(key, _)| *key == part.0) {
                parts.push(part);
            }
        }
        map(&parts)
    }

    /// A condition that reads the element.
    fn element_condition(&mut self, names: &Names, depth: usize) -> String {
        let key = (*self.chance.pick(&["$item", "$item", "$item.k", "$item.v", "$index", "$key"])).to_owned();
        let mut parts = vec![(key, self.test(names, 1))];
        if self.chance.percent(50) {
            parts.push(entry("all", seq(&[self.condition(names, depth)])));
        }
        map(&parts)
    }

    fn test(&mut self, names: &Names, depth: usize) -> String {
        match self.chance.below(10) {
            0 | 1 => (*self.chance.pick(&["present", "missing", "blank", "null", "is_present"])).to_owned(),
            2 | 3 => self.operands(names),
            4 if depth > 0 => map(&[entry("not", self.test(names, depth - 1))]),
            5 => map(&[entry("equals", self.operand(names, 1)), entry("not", self.literal())]),
            6 => map(&[entry("one_of", self.operands(names))]),
            7 => map(&[entry("is_present", "null")]),
            // fails when it is asked of a list, an object or a boolean
            8 => map(&[entry("starts_with", "\"a\"")]),
            _ => {
                if self.chance.percent(50) {
                    self.literal()
                } else {
                    self.reference(names).0
                }
            }
        }
    }

    fn steps(&mut self, names: &Names, kind: &mut Kind) -> String {
        let steps: Vec<String> = (0..1 + self.chance.below(3)).map(|_| self.step(names, kind)).collect();
        seq(&steps)
    }

    fn step(&mut self, names: &Names, kind: &mut Kind) -> String {
        let family = match &*kind {
            Kind::Any => *self.chance.pick(&[Kind::Text, Kind::Text, Kind::List, Kind::Rows, Kind::Object]),
            other => *other,
        };
        if self.chance.percent(20) {
            return self.step_of_any(names, kind);
        }
        let (step, gives) = match family {
            Kind::Text | Kind::Number | Kind::Any => self.step_of_text(names),
            Kind::Boolean => ("to_text".to_owned(), Kind::Text),
            Kind::List => self.step_of_list(),
            Kind::Rows => {
                let duplicates = *self.chance.pick(&["last", "first", "list", "fail"]);
                (format!("{{ pivot: {{ key: k, value: v, duplicates: {duplicates} }} }}"), Kind::Object)
            }
            Kind::Object => self.step_of_object(names),
        };
        *kind = gives;
        step
    }

    fn step_of_any(&mut self, names: &Names, kind: &mut Kind) -> String {
        let (step, gives) = match self.chance.below(5) {
            0 => (format!("{{ default: {} }}", self.operand(names, 0)), Kind::Any),
            1 => (format!("{{ coalesce: {} }}", self.operands(names)), Kind::Any),
            2 => (format!("{{ equals: {} }}", self.operand(names, 0)), Kind::Boolean),
            3 => (format!("{{ one_of: {} }}", self.operands(names)), Kind::Boolean),
            _ => ("is_present".to_owned(), Kind::Boolean),
        };
        *kind = gives;
        step
    }

    fn step_of_text(&mut self, names: &Names) -> (String, Kind) {
        let step = match self.chance.below(14) {
            0 => "trim".to_owned(),
            1 => "squish".to_owned(),
            2 => "lowercase".to_owned(),
            3 => "uppercase".to_owned(),
            4 => "clean".to_owned(),
            5 => "to_text".to_owned(),
            6 => "{ trim: \"a'0\" }".to_owned(),
            7 => (*self.chance.pick(&[
                "{ before: \",\" }",
                "{ after: \"a\" }",
                "{ before: { text: \" \", or: whole } }",
            ]))
            .to_owned(),
            8 => "{ replace: { find: \"a\", with: \"aa\" } }".to_owned(),
            9 => return ("to_integer".to_owned(), Kind::Number),
            10 => return ("to_boolean".to_owned(), Kind::Boolean),
            11 => {
                let default = if self.chance.percent(50) {
                    format!(", default: {}", self.operand(names, 0))
                } else {
                    String::new()
                };
                return (format!("{{ lookup: {{ table: roles{default} }} }}"), Kind::Any);
            }
            12 => return ("words".to_owned(), Kind::List),
            _ => {
                let split = [
                    "{ split: \",\" }",
                    "{ split: { by: \",\", keep_empty: true, trim: true } }",
                    "{ split: { by: a, limit: 2 } }",
                ];
                return ((*self.chance.pick(&split)).to_owned(), Kind::List);
            }
        };
        (step, Kind::Text)
    }

    fn step_of_list(&mut self) -> (String, Kind) {
        let (step, kind) = *self.chance.pick(&[
            ("first", Kind::Any),
            ("last", Kind::Any),
            ("unique", Kind::List),
            ("compact", Kind::List),
            ("{ join: \"-\" }", Kind::Text),
            ("{ join: { by: \"\", keep_empty: true } }", Kind::Text),
            ("{ get: \"[0]\" }", Kind::Any),
            ("{ get: \"[*].k\" }", Kind::Any),
            ("keys", Kind::List),
        ]);
        (step.to_owned(), kind)
    }

    fn step_of_object(&mut self, names: &Names) -> (String, Kind) {
        match self.chance.below(5) {
            0 => ("keys".to_owned(), Kind::List),
            1 => (format!("{{ keys: {{ where: {} }} }}", self.operand(names, 0)), Kind::List),
            2 => ("compact".to_owned(), Kind::Object),
            3 => ("{ get: a.b }".to_owned(), Kind::Any),
            _ => (
                (*self.chance.pick(&["{ get: a }", "{ get: \"['first name']\" }", "{ get: k1 }"])).to_owned(),
                Kind::Any,
            ),
        }
    }
}
