//! Services whose target is a web API.

use super::cells::Store;
use crate::servers::http_faults::FaultServer;
use crate::service::{Service, name, record};
use crate::shop::RULES;

/// How many customers the shop has.
const CUSTOMERS: usize = 2000;

/// A breaker that stays closed: every fault is met by a call. `tests/matrix/stage.rs` plays it for legacy systems, in the same guard.
const COMMON: &str = "\
listen: 127.0.0.1:0
log: { level: debug }
ledger: { url: 'sqlite:ledger.db', key: 'file:ledger.key' }
guard: { call: 800ms, breaker: { window: 50, minimum: 50, failures: 100, open: 200ms } }
service: { callers: [ { name: tests, bearer: 'file:caller.token' } ] }
login: { floor: 1ms, quantum: 1ms, deadline: 1s, lease: 1100ms, attempts: { customer: { limit: 1000, window: 15m }, network: { limit: 1000000, window: 15m } } }
rules: rules.yaml
source: { name: shop, kind: file, path: export.ndjson, logins: [ $.login ] }
";

/// A product that creates an account without a password, and sets it in a call of its own.
const STEPS: &str = "\
target:
  rules: target.yaml
  requests:
    create:
      request: { path: /accounts }
      body: { leave_out: [ roles ] }
      id: $.id
      created_when: [ { status: 201, body: { $.id: { exists: true } } } ]
      duplicate_when: [ { status: 409, body: { $.error: duplicate } } ]
    steps:
      - request: { method: PUT, path: '/accounts/{id}/password', body: { json: { password: '{password}' } } }
    lookup:
      request: { path: /accounts, query: { external_id: '{external_id}' } }
      pick: $.items
      match: $.external_id
      id: $.id
      pending_when: [ { $.has_password: false } ]
    owner:
      - request: { path: /accounts, query: { email: '{account.$.email.value}' } }
        pick: $.items
        id: $.id
        external_id: $.external_id
    set_password:
      request: { method: PUT, path: '/accounts/{id}/password', body: { json: { password: '{password}' } } }
    ping: { request: { path: /health } }
";

/// The body of a creation there.
const STEPS_RULES: &str = "\
landfall: 1
name: steps
schema: standard
account:
  external_id: { from: [ $.landfall.external_id, $.external_id ] }
  email.value: $.email.value
  email.verified: { from: $.email.verified, default: false }
";

/// A service that stores accounts at the server, with these settings.
pub fn service(server: &FaultServer, settings: &str) -> Service {
    let rules = RULES.replace("  status:", "  roles: { value: [ customer ] }\n  status:");
    let export: String = (0..CUSTOMERS).map(|number| format!("{}\n", record(&name(number)))).collect();
    let files = [
        ("rules.yaml", rules.as_str()),
        ("export.ndjson", &export),
        ("ca.pem", server.authority()),
        ("steps.yaml", STEPS),
        ("target.yaml", STEPS_RULES),
    ];
    Service::start_whole(&files, settings)
}

/// Settings of a service that stores accounts at this URL.
pub fn at(store: Store, url: &str) -> String {
    let kind = match store {
        Store::OneCall => "http, preset: rest",
        Store::Steps => "http, preset: steps.yaml",
        Store::Scim => "scim, password: patch, discover: false",
    };
    let reach = format!("server: {{ url: '{url}', tls: {{ ca: ca.pem }}, allow: [ 127.0.0.1 ] }}");
    format!("{COMMON}target: {{ kind: {kind}, {reach} }}\n")
}
