//! The JSON Schema of settings files.

use serde_json::{Value as Json, json};

use super::parts::{closed, map_of, scalar};
use crate::migrate::HookPoint;

/// A key, what it is for, and what may stand there.
type Key = (&'static str, &'static str, Json);

/// The schema of `landfall.yaml`.
pub(super) fn schema() -> Json {
    let required = ["rules", "source", "target", "ledger"];
    let mut schema = closed("The settings of a Landfall service", &sections(), &required);
    if let Some(members) = schema.as_object_mut() {
        members.insert("$schema".to_owned(), "http://json-schema.org/draft-07/schema#".into());
        members.insert("title".to_owned(), "Landfall settings".into());
    }
    schema
}

fn sections() -> Vec<Key> {
    vec![
        ("listen", "The address and port to listen at", text()),
        ("rules", "The rule file, relative to this file", text()),
        ("params", "Values of the rules' parameters", json!({ "type": "object" })),
        ("tenant", "The tenant, which rules read as `$facts.tenant`", scalar()),
        ("identifier", "What identifiers are, which decides their one spelling", identifier()),
        ("source", "Where legacy records come from", source()),
        ("target", "Where accounts are stored", target()),
        ("ledger", "Who was migrated, attempts, audit, outgoing events", ledger()),
        ("password", "How passwords are stored and verified", password()),
        ("lane", "How much hashing is done at a time", lane()),
        ("login", "How a login behaves", login()),
        ("guard", "How calls of the legacy system are guarded", guard()),
        ("hooks", "Scripts at named points of a login, and webhooks", hooks()),
        ("service", "How the service listens and what it bears", service()),
        ("log", "What is logged", log()),
    ]
}

fn text() -> Json {
    json!({ "type": "string" })
}

fn secret() -> Json {
    json!({ "type": "string", "description": "`file:PATH`, `${NAME}`, or the secret itself" })
}

fn duration() -> Json {
    json!({ "type": "string", "pattern": r"^([0-9]+ *(ms|s|m|h|d)|.*\$\{.*)$" })
}

fn size() -> Json {
    json!({ "type": "string", "pattern": r"^([0-9]+ *(B|KiB|MiB|GiB)|.*\$\{.*)$" })
}

fn number() -> Json {
    json!({ "anyOf": [{ "type": "integer", "minimum": 0 }, { "type": "string", "pattern": r"\$\{" }] })
}

fn boolean() -> Json {
    json!({ "anyOf": [{ "type": "boolean" }, { "type": "string", "pattern": r"\$\{" }] })
}

fn list(of: &Json) -> Json {
    json!({ "type": "array", "items": of })
}

/// A map of one kind.
fn kind(name: &str, about: &str, keys: &[Key], required: &[&str]) -> Json {
    let mut schema = closed(about, keys, &[]);
    if let Some(properties) = schema.get_mut("properties").and_then(Json::as_object_mut) {
        properties.insert("kind".to_owned(), json!({ "const": name, "description": about }));
    }
    let required: Vec<&str> = std::iter::once("kind").chain(required.iter().copied()).collect();
    if let Some(members) = schema.as_object_mut() {
        members.insert("required".to_owned(), required.into());
    }
    schema
}

fn identifier() -> Json {
    let region = ("region", "The region of numbers without a country prefix, ISO 3166-1", text());
    json!({ "anyOf": [
        { "enum": ["username", "email"] },
        kind("username", "User names and mail addresses alike", &[], &[]),
        kind("email", "Mail addresses only", &[], &[]),
        kind("phone", "Phone numbers", &[region], &[]),
    ] })
}

fn source() -> Json {
    let name = || ("name", "The name of the source; it is part of every customer's key in the ledger", scalar());
    let formats = json!({ "enum": ["ndjson", "json", "csv", "ldif", "yaml"] });
    let file = [
        name(),
        ("path", "The export, relative to this file", text()),
        ("format", "Its format; by its name or first bytes when not set", formats),
        ("logins", "Paths in a record to what its customer may type", list(&text())),
        ("unique_logins", "Whether every login leads to one customer, so that none is looked up", boolean()),
        ("record_limit", "Bytes of one record", size()),
        ("spool", "The folder for the lines of a file that is not NDJSON", text()),
    ];
    let sql = [
        name(),
        ("url", "`sqlite:PATH`", secret()),
        ("record", "The query of the record; `:identifier` and `:typed` stand for what was typed", text()),
        ("unique_logins", "Whether every login leads to one customer, so that none is looked up", boolean()),
        ("lists", "More members of the record, each from a query of its own", map_of(&record_list())),
        ("list_rows", "Rows of one list", number()),
        ("record_limit", "Bytes of one record, lists included", size()),
        ("connections", "Connections at the same time", number()),
    ];
    json!({ "anyOf": [
        kind("file", "An export", &file, &["path", "logins"]),
        kind("sql", "A database that is asked at each login", &sql, &["url", "record"]),
    ] })
}

fn record_list() -> Json {
    let keys = [
        ("query", "The query; it names a column of the record, such as `:ID`", text()),
        ("as", "What its rows become", json!({ "enum": ["rows", "values", "map"] })),
        ("key", "The column of the names, for maps", text()),
        ("value", "The column of the values, for maps", text()),
    ];
    closed("A member of the record from a query of its own", &keys, &["query"])
}

fn target() -> Json {
    let keys = [("name", "The name of the target, for logs and metrics", scalar()), ("url", "`sqlite:PATH`", text())];
    json!({ "anyOf": [kind("sql", "Landfall's own account store", &keys, &["url"])] })
}

fn ledger() -> Json {
    let webhook = [
        ("url", "Where heads are sent, with HTTPS", text()),
        ("secret", "What signs them, at least 32 characters", secret()),
    ];
    let anchor = [
        ("every", "How often, when it has changed", duration()),
        ("file", "The file that gets a line for each head", text()),
        ("webhook", "Who is told each head", closed("Who is told each head", &webhook, &["url", "secret"])),
    ];
    let keys = [
        ("url", "`sqlite:PATH`", text()),
        ("key", "The key that names customers: hexadecimal or Base64, at least 32 bytes", secret()),
        ("anchor", "Where the head of the audit is pushed", closed("Where the head is pushed", &anchor, &[])),
    ];
    closed("Who was migrated, attempts, audit, outgoing events", &keys, &["url", "key"])
}

fn password() -> Json {
    let argon2 = [
        ("memory", "Memory of one hash", size()),
        ("passes", "Passes over the memory", number()),
        ("lanes", "Lanes", number()),
    ];
    let pepper = [
        ("id", "Its name in stored hashes: 1 to 8 letters, digits, `-`, `_`", scalar()),
        ("secret", "Hexadecimal or Base64, at least 16 bytes", secret()),
    ];
    let decoy = [("scheme", "The scheme", text()), ("value", "The stored text", text())];
    let keys = [
        ("argon2", "The cost of new hashes", closed("Argon2id", &argon2, &[])),
        ("peppers", "Secrets of hashes, newest first", list(&closed("A pepper", &pepper, &["id", "secret"]))),
        ("decoy", "A stored password like your customers'", closed("A stored password", &decoy, &[])),
        ("longest_check", "The longest that the check of one stored hash may take", duration()),
        ("plain_text", "Whether passwords stored as they are may verify anything", boolean()),
    ];
    closed("How passwords are stored and verified", &keys, &[])
}

fn lane() -> Json {
    let keys = [
        ("threads", "Hashing threads", number()),
        ("memory", "Memory of all running hashes together", size()),
        ("queue", "Password checks that may wait", number()),
    ];
    closed("How much hashing is done at a time", &keys, &[])
}

fn login() -> Json {
    let window = [("limit", "How many are admitted", number()), ("window", "How long each of them counts", duration())];
    let network = [window.as_slice(), &[("in_flight", "Requests of one network at the same time", number())]].concat();
    let window = |about| closed(about, &window, &[]);
    let attempts = [
        ("customer", "Failed sign-ins of one customer", window("Failed sign-ins")),
        ("challenge", "Failed sign-ins of one customer after a challenge was passed", window("Failed sign-ins")),
        ("network", "Failed sign-ins from one network: IPv4 /24, IPv6 /48", closed("Failed sign-ins", &network, &[])),
        ("reset", "Password resets of one customer", window("Password resets")),
        ("reset_network", "Password resets from one network", window("Password resets")),
        ("signup_network", "Sign-up checks from one network", window("Sign-up checks")),
    ];
    let keys = [
        ("deadline", "How long a login may take in all", duration()),
        ("floor", "Refusals are answered no sooner than this", duration()),
        ("quantum", "Later refusals are answered at the next multiple of this", duration()),
        ("turns", "Logins of one customer that are verified at the same time", number()),
        ("lease", "How long a claim holds when nobody ends it", duration()),
        ("waiting", "Refusals that wait for their time", number()),
        ("lookups", "Logins of one record that are looked up before its account is made", number()),
        ("attempts", "How much may be tried", closed("How much may be tried", &attempts, &[])),
    ];
    closed("How a login behaves", &keys, &[])
}

fn guard() -> Json {
    let breaker = [
        ("window", "How many of the last calls are looked at", number()),
        ("minimum", "How many calls must have been seen before it may open", number()),
        ("failures", "Failed ones of them, in per cent, at which it opens", number()),
        ("open", "How long it stays open before one call may try", duration()),
    ];
    let keys = [
        ("call", "The longest a single try may take", duration()),
        ("concurrency", "Calls at the same time", number()),
        ("queue", "How long a call may wait for its turn", duration()),
        ("retry_wait", "The shortest wait before the one retry of a read", duration()),
        ("breaker", "When a system that fails is left alone", closed("The circuit breaker", &breaker, &[])),
    ];
    closed("How calls of the legacy system are guarded", &keys, &[])
}

fn hooks() -> Json {
    let events = json!({ "enum": ["migrated", "needs_action", "password_reset", "refused", "failed"] });
    let webhook = [
        ("name", "The name, for logs and metrics", scalar()),
        ("url", "Where events are sent, with HTTPS", text()),
        ("secret", "What signs them, at least 32 characters", secret()),
        ("events", "Which events; all when not set", list(&events)),
    ];
    let about = "A `.rhai` file, or the script itself";
    let mut keys: Vec<Key> = HookPoint::ALL.iter().map(|point| (point.name(), about, text())).collect();
    let webhook = closed("Who is told of events", &webhook, &["name", "url", "secret"]);
    keys.push(("webhooks", "Who is told of events", list(&webhook)));
    closed("Scripts at named points of a login, and webhooks", &keys, &[])
}

fn service() -> Json {
    let basic = [("user", "The user", scalar()), ("password", "The password, at least 32 characters", secret())];
    let caller = [
        ("name", "Its name, for logs and metrics", scalar()),
        ("bearer", "Its bearer token, at least 32 characters", secret()),
        ("basic", "Its user and password", closed("A user and a password", &basic, &["user", "password"])),
        ("signed", "The secrets with which it signs its calls (Standard Webhooks)", list(&secret())),
    ];
    let tls = [("certificate", "PEM, with those up to its root", text()), ("key", "PEM", text())];
    let keys = [
        ("callers", "Who may call", list(&closed("A caller", &caller, &["name"]))),
        ("tls", "The certificate; plain HTTP without one", closed("The certificate", &tls, &["certificate", "key"])),
        ("allow_plain_http", "Whether other machines may be served without TLS", boolean()),
        ("trusted_proxies", "Networks whose `X-Forwarded-For` is believed", list(&text())),
        ("header_timeout", "How long a handshake and each request head may take", duration()),
        ("body_timeout", "How long a request body may take", duration()),
        ("request_timeout", "How long a request may take in all", duration()),
        ("idle_timeout", "How long a connection may be silent", duration()),
        ("body_limit", "Bytes of a request body", size()),
        ("header_limit", "Bytes of a request head", size()),
        ("connections", "Connections in all", number()),
        ("connections_per_peer", "Connections from one address", number()),
        ("streams", "HTTP/2 requests at the same time on one connection", number()),
        ("requests", "Requests at the same time", number()),
        ("unverified", "Signed calls whose body is not there yet", number()),
        ("notice", "How long connections are accepted after the service said that it is not ready", duration()),
        ("drain", "How long running requests may take after the service stopped accepting", duration()),
    ];
    closed("How the service listens and what it bears", &keys, &[])
}

fn log() -> Json {
    let keys = [
        ("level", "From which level on", json!({ "enum": ["error", "warn", "info", "debug", "trace"] })),
        ("format", "In which form", json!({ "enum": ["auto", "json", "text"] })),
    ];
    closed("What is logged", &keys, &[])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{STARTER, Settings};
    use crate::diag::render::plain;
    use crate::diag::{Files, Findings};

    fn findings(yaml: &str) -> String {
        let (mut files, mut found) = (Files::default(), Findings::default());
        let file = files.add("landfall.yaml", yaml);
        let environment = |_: &str| Some("0123456789abcdef".repeat(4));
        let _ = Settings::parse(&files, file, &environment, &mut found);
        plain(&files, &found.sorted())
    }

    fn fits(yaml: &str) -> bool {
        let document: Json = serde_yaml::from_str(yaml).unwrap();
        jsonschema::draft7::new(&schema()).unwrap().is_valid(&document)
    }

    /// Every map of a schema with its keys, as a path; maps of a kind and elements of lists have one of their own.
    fn maps(schema: &Json, at: &Json, found: &mut Vec<(Json, Vec<String>)>) {
        for way in schema["anyOf"].as_array().into_iter().flatten() {
            maps(way, at, found);
        }
        if let Some(items) = schema.get("items") {
            maps(items, &append(at, &json!("[]")), found);
        }
        if let Some(values) = schema.get("additionalProperties").filter(|values| values.is_object()) {
            maps(values, &append(at, &json!("any")), found);
        }
        let Some(properties) = schema["properties"].as_object() else { return };
        let here =
            properties.get("kind").map_or_else(|| at.clone(), |kind| append(at, &json!({ "kind": kind["const"] })));
        found.push((here.clone(), properties.keys().cloned().collect()));
        for (key, below) in properties {
            maps(below, &append(&here, &json!(key)), found);
        }
    }

    fn append(path: &Json, step: &Json) -> Json {
        let mut steps = path.as_array().cloned().unwrap_or_default();
        steps.push(step.clone());
        Json::Array(steps)
    }

    /// Settings that have only one key, at a path.
    fn settings(path: &[Json], key: &str) -> Json {
        match path.split_first() {
            None => json!({ key: null }),
            Some((Json::String(name), rest)) if name == "[]" => json!([settings(rest, key)]),
            Some((Json::String(name), rest)) => json!({ name: settings(rest, key) }),
            Some((kind, rest)) => {
                let mut below = settings(rest, key);
                if let (Some(below), Some(kind)) = (below.as_object_mut(), kind.as_object()) {
                    below.extend(kind.clone());
                }
                below
            }
        }
    }

    #[test]
    fn the_reader_knows_the_keys_of_the_schema_and_no_other() {
        let mut all = Vec::new();
        maps(&schema(), &json!([]), &mut all);
        assert!(all.len() > 20, "{}", all.len());
        for (path, keys) in all {
            let steps = path.as_array().unwrap();
            // a word that is far from every key makes the reader list them all
            let shown = findings(&settings(steps, "zzzzzzzzzzzzzzzzzz").to_string());
            let line =
                shown.lines().find(|line| line.contains("`zzzzzzzzzzzzzzzzzz` is not a key")).unwrap_or_default();
            let (_, listed) = line.split_once(" are ").unwrap_or_else(|| panic!("{path}: {shown}"));
            let mut listed: Vec<&str> = listed.split('`').skip(1).step_by(2).filter(|key| *key != "kind").collect();
            let mut keys: Vec<&str> = keys.iter().map(String::as_str).filter(|key| *key != "kind").collect();
            listed.sort_unstable();
            keys.sort_unstable();
            assert_eq!(listed, keys, "{path}");
        }
    }

    #[test]
    fn settings_fit_and_mistakes_do_not() {
        assert!(fits(STARTER) && findings(STARTER).is_empty(), "{}", findings(STARTER));
        for (right, wrong) in [
            ("listen:", "lisen:"),
            ("kind: file", "kind: fil"),
            ("memory: 19MiB", "memory: 19MB"),
            ("passes: 2", "passes: two"),
            ("level: info", "level: loud"),
            ("url: sqlite:ledger.db", "path: ledger.db"),
            ("logins: [ $.user_login, $.user_email ]", "logins: $.user_login"),
        ] {
            let text = STARTER.replacen(right, wrong, 1);
            assert!(text != STARTER && !fits(&text) && findings(&text).contains("error["), "{wrong}");
        }
    }

    #[test]
    fn choices_are_those_of_the_reader() {
        let schema = schema();
        for (place, yaml) in [
            ("/properties/log/properties/level/enum", "log: { level: x }"),
            ("/properties/log/properties/format/enum", "log: { format: x }"),
            ("/properties/source/anyOf/0/properties/format/enum", "source: { kind: file, format: x }"),
            (
                "/properties/hooks/properties/webhooks/items/properties/events/items/enum",
                "hooks: { webhooks: [ { events: [ x ] } ] }",
            ),
            (
                "/properties/source/anyOf/1/properties/lists/additionalProperties/properties/as/enum",
                "source: { kind: sql, lists: { a: { as: x } } }",
            ),
        ] {
            let words: Vec<&str> =
                schema.pointer(place).unwrap().as_array().unwrap().iter().flat_map(Json::as_str).collect();
            let listed: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            assert!(findings(yaml).contains(&format!("expected one of {}, found `x`", listed.join(", "))), "{yaml}");
        }
    }
}
