//! The JSON Schema of settings files.

use serde_json::{Value as Json, json};

use super::parts::{closed, map_of, scalar};
use crate::ports::HookPoint;

/// A key, its description, and the schema of its value.
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
        ("listen", "Address and port to listen on", text()),
        ("rules", "Rule file, relative to this file", text()),
        ("params", "Values of the rule parameters", json!({ "type": "object" })),
        ("tenant", "The tenant; rules read it as `$facts.tenant`", scalar()),
        ("identifier", "The kind of identifiers, which decides how they are normalized", identifier()),
        ("source", "Where legacy records come from", source()),
        ("target", "Where accounts are stored", target()),
        ("ledger", "Migrated customers, failed attempts, audit and outgoing events", ledger()),
        ("password", "How passwords are stored and verified", password()),
        ("lane", "How much hashing runs at the same time", lane()),
        ("login", "How a login behaves", login()),
        ("guard", "Limits of calls to the legacy system", guard()),
        ("hooks", "Scripts at fixed points of a login, and webhooks", hooks()),
        ("service", "Callers, TLS, timeouts and limits of the service", service()),
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

/// A variant, selected by `kind`.
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
    let region = ("region", "Region of numbers without a country prefix (ISO 3166-1)", text());
    json!({ "anyOf": [
        { "enum": ["username", "email"] },
        kind("username", "User names and email addresses", &[], &[]),
        kind("email", "Email addresses only", &[], &[]),
        kind("phone", "Phone numbers", &[region], &[]),
    ] })
}

fn source() -> Json {
    let name = || ("name", "The name of the source; it is part of every customer's key in the ledger", scalar());
    let formats = json!({ "enum": ["ndjson", "json", "csv", "ldif", "yaml"] });
    let file = [
        name(),
        ("path", "Path of the export, relative to this file", text()),
        ("format", "Format of the export; default: detected from its name or first bytes", formats),
        ("records", "Path of the list of records in a document, such as `$.users`", text()),
        ("logins", "Paths to the logins in a record", list(&text())),
        ("unique_logins", "Whether every login belongs to one customer, so that no lookups are needed", boolean()),
        ("record_limit", "Maximum size of one record", size()),
        ("spool", "Folder for the converted lines of a file that is not NDJSON", text()),
    ];
    let sql = [
        name(),
        ("url", "`sqlite:PATH`", secret()),
        ("record", "Query of the record; `:identifier` is the normalized identifier, `:typed` the one typed", text()),
        ("unique_logins", "Whether every login belongs to one customer, so that no lookups are needed", boolean()),
        ("lists", "Further members of the record, each with its own query", map_of(&record_list())),
        ("list_rows", "Maximum number of rows in one list", number()),
        ("record_limit", "Maximum size of one record, lists included", size()),
        ("connections", "Maximum number of connections", number()),
    ];
    json!({ "anyOf": [
        kind("file", "A file exported from the legacy system", &file, &["path", "logins"]),
        kind("sql", "A database that is queried at each login", &sql, &["url", "record"]),
    ] })
}

fn record_list() -> Json {
    let keys = [
        ("query", "Query with a column of the record as parameter, such as `:ID`", text()),
        ("as", "What the rows become", json!({ "enum": ["rows", "values", "map"] })),
        ("key", "Column of the keys, for maps", text()),
        ("value", "Column of the values, for maps", text()),
    ];
    closed("A member of the record with its own query", &keys, &["query"])
}

fn target() -> Json {
    let keys = [("name", "Name of the target, for logs and metrics", scalar()), ("url", "`sqlite:PATH`", text())];
    json!({ "anyOf": [kind("sql", "Landfall's own account store", &keys, &["url"])] })
}

fn ledger() -> Json {
    let webhook = [
        ("url", "HTTPS URL that heads are sent to", text()),
        ("secret", "Signing secret, at least 32 characters", secret()),
    ];
    let anchor = [
        ("every", "How often the head is sent if it has changed", duration()),
        ("file", "File that gets a line for each head", text()),
        (
            "webhook",
            "Webhook that receives each head",
            closed("Webhook that receives each head", &webhook, &["url", "secret"]),
        ),
    ];
    let keys = [
        ("url", "`sqlite:PATH`", text()),
        ("key", "Key of the customer digests: hexadecimal or Base64, at least 32 bytes", secret()),
        ("anchor", "Where the head of the audit is sent", closed("Where the head of the audit is sent", &anchor, &[])),
    ];
    closed("Migrated customers, failed attempts, audit and outgoing events", &keys, &["url", "key"])
}

fn password() -> Json {
    let argon2 = [
        ("memory", "Memory of one hash", size()),
        ("passes", "Passes over the memory", number()),
        ("lanes", "Lanes", number()),
    ];
    let pepper = [
        ("id", "Id in stored hashes: 1 to 8 letters, digits, `-` or `_`", scalar()),
        ("secret", "Hexadecimal or Base64, at least 16 bytes", secret()),
    ];
    let decoy = [("scheme", "The scheme", text()), ("value", "The stored text", text())];
    let keys = [
        ("argon2", "The cost of new hashes", closed("Argon2id", &argon2, &[])),
        ("peppers", "Secrets mixed into hashes, newest first", list(&closed("A pepper", &pepper, &["id", "secret"]))),
        (
            "decoy",
            "A stored password of the same scheme and cost as your customers' hashes",
            closed("A stored password", &decoy, &[]),
        ),
        ("longest_check", "Longest time to verify one stored hash", duration()),
        ("plain_text", "Whether passwords stored in plain text are accepted", boolean()),
    ];
    closed("How passwords are stored and verified", &keys, &[])
}

fn lane() -> Json {
    let keys = [
        ("threads", "Number of hashing threads", number()),
        ("memory", "Memory of all running hashes", size()),
        ("queue", "Maximum number of waiting password checks", number()),
    ];
    closed("How much hashing runs at the same time", &keys, &[])
}

fn login() -> Json {
    let window = [("limit", "How many are allowed", number()), ("window", "How long each of them counts", duration())];
    let network = [window.as_slice(), &[("in_flight", "Concurrent requests of one network", number())]].concat();
    let window = |about| closed(about, &window, &[]);
    let attempts = [
        ("customer", "Failed sign-ins of one customer", window("Failed sign-ins")),
        ("challenge", "Failed sign-ins of one customer after a passed challenge", window("Failed sign-ins")),
        ("network", "Failed sign-ins from one network: IPv4 /24, IPv6 /48", closed("Failed sign-ins", &network, &[])),
        ("reset", "Password resets of one customer", window("Password resets")),
        ("reset_network", "Password resets from one network", window("Password resets")),
        ("signup_network", "Sign-up checks from one network", window("Sign-up checks")),
    ];
    let keys = [
        ("deadline", "Total time of a login", duration()),
        ("floor", "Refusals are never answered sooner than this", duration()),
        ("quantum", "Later refusals are answered at the next multiple of this time", duration()),
        ("turns", "Concurrent password checks of one customer", number()),
        ("lease", "How long a claim is held if it is not released", duration()),
        ("waiting", "Maximum number of delayed refusals", number()),
        (
            "lookups",
            "Maximum number of logins of one record that are looked up before its account is created",
            number(),
        ),
        ("attempts", "Limits of attempts", closed("Limits of attempts", &attempts, &[])),
    ];
    closed("How a login behaves", &keys, &[])
}

fn guard() -> Json {
    let breaker = [
        ("window", "How many of the last calls are counted", number()),
        ("minimum", "How many calls are needed before the breaker can open", number()),
        ("failures", "Percentage of failed calls at which the breaker opens", number()),
        ("open", "How long the breaker stays open before it lets one call through", duration()),
    ];
    let keys = [
        ("call", "Timeout of a single call", duration()),
        ("concurrency", "Maximum number of concurrent calls", number()),
        ("queue", "How long a call may wait for a slot", duration()),
        ("retry_wait", "Minimum wait before the one retry of a read", duration()),
        ("breaker", "When calls to a failing system are suspended", closed("The circuit breaker", &breaker, &[])),
    ];
    closed("Limits of calls to the legacy system", &keys, &[])
}

fn hooks() -> Json {
    let events = json!({ "enum": ["migrated", "needs_action", "password_reset", "refused", "failed"] });
    let webhook = [
        ("name", "Name, for logs and metrics", scalar()),
        ("url", "HTTPS URL that events are sent to", text()),
        ("secret", "Signing secret, at least 32 characters", secret()),
        ("events", "Which events; default: all", list(&events)),
    ];
    let about = "A `.rhai` file, or the script itself";
    let mut keys: Vec<Key> = HookPoint::ALL.iter().map(|point| (point.name(), about, text())).collect();
    let webhook = closed("A webhook that receives events", &webhook, &["name", "url", "secret"]);
    keys.push(("webhooks", "Webhooks that receive events", list(&webhook)));
    closed("Scripts at fixed points of a login, and webhooks", &keys, &[])
}

fn service() -> Json {
    let basic = [("user", "User name", scalar()), ("password", "Password, at least 32 characters", secret())];
    let caller = [
        ("name", "Name, for logs and metrics", scalar()),
        ("bearer", "Bearer token, at least 32 characters", secret()),
        ("basic", "User name and password", closed("User name and password", &basic, &["user", "password"])),
        ("signed", "Secrets that sign its calls (Standard Webhooks)", list(&secret())),
    ];
    let tls = [("certificate", "Certificate chain (PEM)", text()), ("key", "Private key (PEM)", text())];
    let keys = [
        ("callers", "Systems that may call the service", list(&closed("A caller", &caller, &["name"]))),
        (
            "tls",
            "Certificate and key; default: plain HTTP",
            closed("Certificate and key", &tls, &["certificate", "key"]),
        ),
        ("allow_plain_http", "Whether other machines may connect without TLS", boolean()),
        ("trusted_proxies", "Networks whose `X-Forwarded-For` is trusted", list(&text())),
        ("header_timeout", "Timeout of a handshake and of each request head", duration()),
        ("body_timeout", "Timeout of a request body", duration()),
        ("request_timeout", "Total time of a request", duration()),
        ("idle_timeout", "How long a connection may be idle", duration()),
        ("body_limit", "Maximum size of a request body", size()),
        ("header_limit", "Maximum size of a request head", size()),
        ("connections", "Maximum number of connections", number()),
        ("connections_per_peer", "Maximum number of connections from one address", number()),
        ("streams", "Concurrent HTTP/2 requests on one connection", number()),
        ("requests", "Maximum number of concurrent requests", number()),
        ("unverified", "Maximum number of signed calls whose body has not arrived", number()),
        (
            "notice",
            "How long connections are still accepted after the service reports that it is not ready",
            duration(),
        ),
        ("drain", "How long running requests may take after the service stops accepting connections", duration()),
    ];
    closed("Callers, TLS, timeouts and limits of the service", &keys, &[])
}

fn log() -> Json {
    let keys = [
        ("level", "Minimum level", json!({ "enum": ["error", "warn", "info", "debug", "trace"] })),
        ("format", "Format of log lines", json!({ "enum": ["auto", "json", "text"] })),
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

    fn is_valid(yaml: &str) -> bool {
        let document: Json = serde_yaml::from_str(yaml).unwrap();
        jsonschema::draft7::new(&schema()).unwrap().is_valid(&document)
    }

    /// Every map of a schema with its keys, as a path; variants of a kind and list elements have their own path.
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

    /// Settings with a single key, at a path.
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
    fn schema_and_reader_have_the_same_keys() {
        let mut all = Vec::new();
        maps(&schema(), &json!([]), &mut all);
        assert!(all.len() > 20, "{}", all.len());
        for (path, keys) in all {
            let steps = path.as_array().unwrap();
            // a word unlike every key makes the reader list them all
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
    fn the_starter_is_valid_and_mistakes_are_not() {
        assert!(is_valid(STARTER) && findings(STARTER).is_empty(), "{}", findings(STARTER));
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
            assert!(text != STARTER && !is_valid(&text) && findings(&text).contains("error["), "{wrong}");
        }
    }

    #[test]
    fn schema_and_reader_have_the_same_choices() {
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
