//! Checks the settings beyond their shapes: bounds, and contradictions between settings.

use std::collections::BTreeSet;
use std::time::Duration;

use zeroize::Zeroizing;

use super::settings::{Attempts, IdentifierSettings, NetworkWindow, STORED_HASH, Settings, SystemSettings, Window};
use crate::adapters::registry;
use crate::events::{safe_url, write_back_receiver};
use crate::password::store::{KeyId, Peppers, StoreParameters};
use crate::password::{Credential, Limits, parse};
use crate::settings::Reporter;

/// Checks everything that needs no files.
pub(super) fn check(settings: &Settings, reporter: &mut Reporter<'_>) {
    password(settings, reporter);
    login(settings, reporter);
    guard(settings, reporter);
    service(settings, reporter);
    exposure(settings, reporter);
    stores(settings, reporter);
    verifiers(settings, reporter);
    super::write_back::check(settings, reporter);
    super::bridges::check(settings, reporter);
    super::sampling::check(settings, reporter);
    webhooks(settings, reporter);
    anchor(settings, reporter);
    identifier(settings, reporter);
}

fn password(settings: &Settings, reporter: &mut Reporter<'_>) {
    let argon2 = settings.password.argon2;
    let kib = u32::try_from(argon2.memory / 1024).unwrap_or(u32::MAX);
    match StoreParameters::new(kib, argon2.passes, argon2.lanes) {
        Err(error) => {
            reporter.error("R507", "password.argon2", error.to_string(), "usual are `19MiB`, 2 passes and 1 lane")
        }
        Ok(parameters) if !parameters.meets_owasp() => reporter.warning(
            "R512",
            "password.argon2",
            "new hashes cost less than the OWASP Password Storage Cheat Sheet recommends",
            "use at least 19MiB with 2 passes, 12MiB with 3, 9MiB with 4, or 7MiB with 5",
        ),
        Ok(_) => {}
    }
    reporter.bound("lane.threads", settings.lane.threads.into(), 1, 1024);
    reporter.bound("lane.queue", settings.lane.queue.into(), 1, 100_000);
    if settings.lane.memory < argon2.memory {
        let message = "the lane has less memory than one new hash needs";
        reporter.contradiction("lane.memory", "password.argon2.memory", message, "increase `lane.memory`");
    }
    peppers(settings, reporter);
    let decoy = &settings.password.decoy;
    let limits = Limits { plain_text: settings.password.plain_text, ..Limits::default() };
    let parsed = parse(&Credential::encoded(&decoy.scheme, &decoy.value));
    if let Err(problem) = parsed.and_then(|parsed| parsed.cost().within(&limits)) {
        let help = "use the stored hash of any customer; `landfall password identify` detects its scheme";
        reporter.error("R506", "password.decoy", format!("the decoy is not a valid stored password: {problem}"), help);
    }
    if let Some(longest) = settings.password.longest_check {
        reporter.time("password.longest_check", longest, Duration::from_millis(1), settings.login.deadline);
    }
}

fn peppers(settings: &Settings, reporter: &mut Reporter<'_>) {
    let mut seen = Vec::new();
    for (at, pepper) in settings.password.peppers.iter().enumerate() {
        match KeyId::new(&pepper.id) {
            Err(error) => {
                reporter.error(
                    "R507",
                    &format!("password.peppers.{at}.id"),
                    error.to_string(),
                    "use 1 to 8 letters, digits, `-` or `_`",
                );
            }
            Ok(id) => seen.push((id, Zeroizing::new(vec![0; Peppers::MIN_SECRET]))),
        }
    }
    if let Err(error) = Peppers::new(seen) {
        reporter.error(
            "R507",
            "password.peppers",
            error.to_string(),
            "keep the newest pepper, and those of hashes that are still stored",
        );
    }
}

fn login(settings: &Settings, reporter: &mut Reporter<'_>) {
    let login = &settings.login;
    let (milli, second, minute) = (Duration::from_millis(1), Duration::from_secs(1), Duration::from_secs(60));
    reporter.time("login.deadline", login.deadline, 100 * milli, minute);
    reporter.time("login.quantum", login.quantum, milli, 10 * second);
    reporter.bound("login.turns", login.turns.into(), 1, 1000);
    reporter.bound("login.lookups", login.lookups.into(), 0, 100);
    reporter.bound("login.waiting", login.waiting.into(), 1, 1_000_000);
    attempts(&login.attempts, reporter);
    if login.floor > login.deadline {
        let message = "refusals would be answered after the deadline of a login";
        reporter.contradiction("login.floor", "login.deadline", message, "keep `floor` below `deadline`");
    }
    if login.lease <= login.deadline {
        let message =
            "a claim would expire before its login ends, and a second login could create the account at the same time";
        reporter.contradiction("login.lease", "login.deadline", message, "set `lease` above `deadline`");
    }
}

fn attempts(attempts: &Attempts, reporter: &mut Reporter<'_>) {
    let NetworkWindow { limit, window, in_flight } = attempts.network;
    for (name, Window { limit, window }, most) in [
        ("customer", attempts.customer, 1_000_000),
        ("challenge", attempts.challenge, 1_000_000),
        ("network", Window { limit, window }, 1_000_000_000),
        ("reset", attempts.reset, 1_000_000),
        ("reset_network", attempts.reset_network, 1_000_000_000),
        ("signup_network", attempts.signup_network, 1_000_000_000),
    ] {
        let (second, day) = (Duration::from_secs(1), Duration::from_secs(24 * 60 * 60));
        reporter.time(&format!("login.attempts.{name}.window"), window, second, 60 * day);
        reporter.bound(&format!("login.attempts.{name}.limit"), limit.into(), 1, most);
    }
    reporter.bound("login.attempts.network.in_flight", in_flight.into(), 1, 1_000_000);
}

fn guard(settings: &Settings, reporter: &mut Reporter<'_>) {
    let guard = &settings.guard;
    reporter.bound("guard.concurrency", guard.concurrency.into(), 1, 10_000);
    reporter.bound("guard.breaker.window", guard.breaker.window.into(), 1, 10_000);
    reporter.bound("guard.breaker.minimum", guard.breaker.minimum.into(), 1, 10_000);
    reporter.bound("guard.breaker.failures", guard.breaker.failures.into(), 1, 100);
    reporter.time("guard.call", guard.call, Duration::from_millis(10), Duration::from_secs(60));
    if guard.breaker.minimum > guard.breaker.window {
        let message = "the breaker needs more calls than it counts, so it would never open";
        let help = "keep `minimum` at or below `window`";
        reporter.contradiction("guard.breaker.minimum", "guard.breaker.window", message, help);
    }
}

fn service(settings: &Settings, reporter: &mut Reporter<'_>) {
    let service = &settings.service;
    reporter.bound("service.connections", service.connections.into(), 1, 1_000_000);
    reporter.bound("service.connections_per_peer", service.connections_per_peer.into(), 1, 1_000_000);
    reporter.bound("service.streams", service.streams.into(), 1, 10_000);
    reporter.bound("service.requests", service.requests.into(), 1, 1_000_000);
    reporter.bound("service.unverified", service.unverified.into(), 1, 100_000);
    // an identifier and a password in JSON escapes take six bytes for one
    reporter.bound("service.body_limit", service.body_limit, 8 * 1024, 16 * 1024 * 1024);
    reporter.bound("service.header_limit", service.header_limit, 8 * 1024, 1024 * 1024);
    for (path, time) in [
        ("service.header_timeout", service.header_timeout),
        ("service.body_timeout", service.body_timeout),
        ("service.request_timeout", service.request_timeout),
        ("service.idle_timeout", service.idle_timeout),
    ] {
        reporter.time(path, time, Duration::from_millis(100), Duration::from_secs(3600));
    }
    if service.request_timeout <= settings.login.deadline {
        let message = "requests would time out before the deadline of a login";
        let help = "keep `service.request_timeout` above `login.deadline`";
        reporter.contradiction("service.request_timeout", "login.deadline", message, help);
    }
    if service.drain <= service.request_timeout {
        let message = "requests that are running when the service stops could be cut off";
        let help = "keep `service.drain` above `service.request_timeout`";
        reporter.warning("R508", "service.drain", message, help);
    }
    callers(settings, reporter);
}

fn callers(settings: &Settings, reporter: &mut Reporter<'_>) {
    let mut names = BTreeSet::new();
    for (at, caller) in settings.service.callers.iter().enumerate() {
        let ways = [caller.bearer.is_some(), caller.basic.is_some(), !caller.signed.is_empty()];
        if ways.into_iter().filter(|way| *way).count() != 1 {
            let message = "a caller needs exactly one kind of credential";
            reporter.error("R503", &format!("service.callers.{at}"), message, "set `bearer`, `basic` or `signed`");
        }
        if !names.insert(&caller.name) {
            let message = format!("two callers are named `{}`", caller.name);
            reporter.error("R508", &format!("service.callers.{at}.name"), message, "give each caller its own name");
        }
    }
}

/// Prevents passwords from being sent unencrypted by accident.
fn exposure(settings: &Settings, reporter: &mut Reporter<'_>) {
    let service = &settings.service;
    if !settings.listen.ip().to_canonical().is_loopback() && service.tls.is_none() && !service.allow_plain_http {
        let message =
            format!("other machines can reach `{}`, and passwords would be sent unencrypted", settings.listen);
        let help = "set `service.tls`; or, behind a proxy that terminates TLS in the same private network, \
                    `service.allow_plain_http: true`";
        reporter.error("R509", "listen", message, help);
    }
    if !settings.listen.ip().to_canonical().is_loopback() && service.callers.is_empty() {
        let message = "without callers, anybody could call the service, so it listens on loopback addresses only";
        reporter.contradiction(
            "service.callers",
            "listen",
            message,
            "add a caller with a name and a token to `service.callers`",
        );
    }
}

fn stores(settings: &Settings, reporter: &mut Reporter<'_>) {
    settings.target.adapter().check(&mut reporter.section("target"));
    let ledger = &settings.ledger.url;
    // a database has room for both, and an address in a file is not known yet
    let is_file = ledger.file().is_none() && registry::ledger_file("url", ledger.expose()).is_some();
    if is_file && settings.target.adapter().url() == ledger.expose() {
        let message = "accounts and ledger must be two files";
        reporter.contradiction("ledger.url", "target.url", message, "change one of the paths");
    }
    let mut names = BTreeSet::new();
    for (section, source) in settings.sources() {
        source.adapter().check(&mut reporter.section(section.as_str()));
        let name = source.adapter().name();
        if !names.insert(name) {
            let message = format!("two sources are named `{name}`");
            let help = "give each source its own `name`, and never change it: it is part of every customer's key";
            reporter.error("R508", &format!("{section}.name"), message, help);
        }
    }
    for system in settings.systems() {
        enrichment(&system, settings.login.deadline, reporter);
        if system.tenants.iter().any(|tenant| tenant.trim() != tenant || tenant.is_empty()) {
            let help = "write it as callers do, as in `[ acme ]`";
            reporter.error("R506", &system.path("tenants"), "a tenant is empty or has blanks around it", help);
        }
        for domain in system.domains {
            let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.' | '_');
            if domain.is_empty() || !domain.chars().all(is_plain) {
                let message = format!("`{domain}` is not a domain in lower case and ASCII");
                let help = "write it as in `[ shop.example ]`; international ones begin with `xn--`, and there are no patterns";
                reporter.error("R506", &system.path("domains"), message, help);
            }
        }
    }
}

fn verifiers(settings: &Settings, reporter: &mut Reporter<'_>) {
    for (section, name, verifier) in settings.named_verifiers() {
        verifier.adapter().check(&mut reporter.section(section.as_str()));
        if name == STORED_HASH {
            let message = "`stored_hash` is the name of the verifier that checks stored hashes";
            reporter.error("R508", &section, message, "choose another name");
        }
    }
    for system in settings.systems() {
        let key = system.path("verify_with");
        for name in system.verify_with {
            if name != STORED_HASH && !settings.verifiers.contains_key(name) {
                let message = format!("there is no verifier `{name}`");
                reporter.error("R506", &key, message, "declare it under `verifiers`, or use `stored_hash`");
            }
        }
        if system.verify_with.is_empty() {
            let message = "nobody could sign in whose rules choose no verifier";
            reporter.error("R507", &key, message, "name a verifier, such as `stored_hash`");
        }
    }
}

fn enrichment(system: &SystemSettings<'_>, deadline: Duration, reporter: &mut Reporter<'_>) {
    for (name, part) in system.enrich {
        let path = |key: &str| system.path(&format!("enrich.{name}.{key}"));
        if part.names().is_none() {
            let message = format!("`{}` is not a path to one field of the record", part.by);
            reporter.error("R506", &path("by"), message, "write it as in `$.customer.id`, without lists and filters");
        }
        reporter.time(&path("timeout"), part.timeout, Duration::from_millis(10), Duration::from_secs(60));
        if part.timeout >= deadline {
            let message = "a part may take as long as a whole login";
            reporter.contradiction(&path("timeout"), "login.deadline", message, "keep `timeout` well below `deadline`");
        }
    }
}

fn webhooks(settings: &Settings, reporter: &mut Reporter<'_>) {
    let mut names = BTreeSet::new();
    for (at, webhook) in settings.hooks.webhooks.iter().enumerate() {
        let path = |key: &str| format!("hooks.webhooks.{at}.{key}");
        if !names.insert(&webhook.name) {
            let message = format!("two webhooks are named `{}`", webhook.name);
            reporter.error("R508", &path("name"), message, "give each webhook its own name");
        }
        if webhook.name.starts_with(&write_back_receiver("")) {
            let message = format!("`{}` is the name of a legacy system that is written back to", webhook.name);
            reporter.error("R508", &path("name"), message, "choose another name");
        }
        if webhook.events.is_empty() {
            reporter.error("R507", &path("events"), "a webhook without events is never called", "add an event");
        }
        if safe_url(&webhook.url).is_none() {
            let help = "use an `https://` address; `http://` works for this machine only";
            reporter.error("R506", &path("url"), "the address must begin with `https://`", help);
        }
    }
}

fn anchor(settings: &Settings, reporter: &mut Reporter<'_>) {
    let Some(anchor) = &settings.ledger.anchor else { return };
    reporter.time("ledger.anchor.every", anchor.every, Duration::from_secs(10), Duration::from_secs(7 * 24 * 3600));
    if anchor.file.is_none() && anchor.webhook.is_none() {
        reporter.error("R503", "ledger.anchor", "an anchor has no destination", "set `file`, `webhook` or both");
    }
    if let Some(webhook) = &anchor.webhook
        && safe_url(&webhook.url).is_none()
    {
        let help = "use an `https://` address; `http://` works for this machine only";
        reporter.error("R506", "ledger.anchor.webhook.url", "the address must begin with `https://`", help);
    }
}

fn identifier(settings: &Settings, reporter: &mut Reporter<'_>) {
    if let IdentifierSettings::Phone { region: Some(region) } = &settings.identifier
        && region.parse::<phonenumber::country::Id>().is_err()
    {
        let message = format!("unknown phone number region `{region}`");
        reporter.error("R506", "identifier.region", message, "use two letters of ISO 3166-1, such as `DE`");
    }
}
