//! Reading settings: valid files, and every mistake with its place.

use super::*;
use crate::diag::render::plain;

pub(super) const SMALL: &str = "rules: shop.yaml\nsource: { kind: file, path: a.ndjson, logins: [ $.login ] }\n\
                                target: { kind: sql, url: 'sqlite:accounts.db' }\n\
                                ledger: { url: 'sqlite:ledger.db', key: '${KEY}' }\n";

fn environment(name: &str) -> Option<String> {
    match name {
        "KEY" => Some("0123456789abcdef".repeat(4)),
        "TOKEN" => Some("t".repeat(40)),
        "PORT" => Some("9090".to_owned()),
        _ => None,
    }
}

/// The settings in a text, and the findings as lines.
pub(super) fn parse(text: &str) -> (Option<Settings>, String) {
    let (mut files, mut findings) = (Files::default(), Findings::default());
    let file = files.add("landfall.yaml", text);
    let settings = Settings::parse(&files, file, &environment, &mut findings);
    (settings, plain(&files, &findings.sorted()))
}

fn lines(text: &str) -> Vec<String> {
    let (settings, shown) = parse(text);
    assert_eq!(settings.is_some(), !shown.contains("error["), "{shown}");
    shown.lines().map(str::to_owned).collect()
}

#[test]
fn settings_have_defaults() {
    let (settings, shown) = parse(SMALL);
    let settings = settings.unwrap_or_else(|| panic!("{shown}"));
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.source.adapter().name(), "legacy");
    assert_eq!(settings.login.attempts.customer.limit, 10);
    assert_eq!(settings.password.argon2.memory, 19 * 1024 * 1024);
    assert_eq!(settings.ledger.key.key(32).unwrap().len(), 32);
}

#[test]
fn the_type_of_a_setting_decides_what_a_scalar_is() {
    let text = format!(
        "{SMALL}tenant: 42\nlisten: '127.0.0.1:${{PORT}}'\nparams: {{ a: 01234, b: 5, c: 'true', d: true, e: 1.50 }}\n\
         login: {{ attempts: {{ customer: {{ limit: '${{NONE:-7}}' }} }} }}\nlog:\n"
    );
    let (settings, shown) = parse(&text);
    // an empty section is not a section
    assert!(shown.contains("expected a map, found nothing"), "{shown}");
    assert!(settings.is_none());
    let (settings, shown) = parse(text.trim_end_matches("log:\n"));
    let settings = settings.unwrap_or_else(|| panic!("{shown}"));
    assert_eq!((settings.tenant.as_deref(), settings.listen.port()), (Some("42"), 9090));
    let attempts = settings.login.attempts;
    assert_eq!((attempts.customer.limit, attempts.customer.window.as_secs()), (7, 900));
    let params = serde_json::to_string(&settings.params).unwrap();
    assert_eq!(params, r#"{"a":"01234","b":5,"c":"true","d":true,"e":"1.50"}"#);
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let text = "rulse: shop.yaml\nlisten: here\nsource: { kind: fil, path: a }\ntarget: { kind: sql, ulr: 'sqlite:a' }\n\
                ledger: { url: 'sqlite:l', key: '${UNSET}' }\nlogin:\n  deadline: 5 sec\n  turns: many\n  \
                attempts: { customer: { window: 1 } }\nhooks:\n  webhooks:\n    - { name: a }\n    - { name: b, url: u, \
                secret: s, events: [ migrated, deleted ] }\n";
    let shown = lines(text).join("\n");
    for wanted in [
        "1:1: error[R501]: `rulse` is not a key of the settings (help: did you mean `rules`?)",
        "error[R503]: `rules` is missing",
        "2:9: error[R502]: expected an IP address with a port",
        "3:17: error[R502]: expected one of `file`, `sql`, `http`, `ldap`, found `fil` (help: did you mean `file`?)",
        "4:22: error[R501]: `ulr` is not a key of `target` (help: did you mean `url`?)",
        "error[R503]: `url` is missing",
        "5:34: error[R504]: the environment variable `UNSET` is not set",
        "7:13: error[R502]: expected a duration such as `1500ms`",
        "8:10: error[R502]: expected a whole number, found text",
        "9:35: error[R502]: expected a duration",
        "`migrated`, `needs_action`, `password_reset`, `refused`, `failed`, `drift`, found `deleted`",
    ] {
        assert!(shown.contains(wanted), "{wanted}\n\n{shown}");
    }
    assert_eq!(shown.matches("`url` is missing").count(), 2, "{shown}");
    assert_eq!(shown.lines().count(), 12, "{shown}");
}

#[test]
fn the_kind_of_a_section_decides_its_keys() {
    for (wrong, wanted) in [
        ("identifier: { kind: username, region: DE }", "`region` is not a key of `identifier`"),
        ("identifier: { region: DE }", "`kind` is missing"),
        ("identifier: { kind: [ phone ] }", "expected the name of a kind, found a list"),
        ("identifier: phones", "found `phones`"),
        ("identifier: { kind: phone, region: XX }", "unknown phone number region `XX`"),
    ] {
        let shown = lines(&format!("{SMALL}{wrong}\n")).join("\n");
        assert!(shown.contains(wanted), "{wrong}: {shown}");
        assert_eq!(shown.lines().count(), 1, "{wrong}: {shown}");
    }
    assert_eq!(lines(&format!("{SMALL}identifier: username\n")), Vec::<String>::new());
    assert_eq!(lines(&format!("{SMALL}identifier: {{ kind: phone, region: DE }}\n")), Vec::<String>::new());
}

#[test]
fn contradictions_are_reported() {
    for (wrong, wanted) in [
        ("login: { floor: 2s }", "R508"),
        ("login: { lease: 1s }", "R508"),
        ("login: { deadline: 20s, lease: 60s }", "landfall.yaml:5:20: error[R508]"),
        ("lane: { memory: 1MiB }", "R508"),
        ("listen: 0.0.0.0:80\nservice: { callers: [ { name: a, bearer: x } ] }", "R509"),
        ("listen: 0.0.0.0:80\nservice: { allow_plain_http: true }", "R508"),
        ("listen: '[::ffff:10.0.0.1]:80'\nservice: { callers: [ { name: a, bearer: x } ] }", "R509"),
        ("login: { turns: 0 }", "R507"),
        ("login: { quantum: 0ms }", "R507"),
        ("guard: { breaker: { failures: 101 } }", "R507"),
        ("guard: { breaker: { window: 5 } }", "R508"),
        ("service: { callers: [ { name: a } ] }", "R503"),
        ("service: { callers: [ { name: a, bearer: x, signed: [ y ] } ] }", "R503"),
        ("password: { argon2: { memory: 8KiB, lanes: 2 } }", "R507"),
        ("password: { argon2: { memory: 8MiB } }", "warning[R512]"),
        ("password: { peppers: [ { id: a b, secret: x } ] }", "R507"),
        ("password: { peppers: [ { id: a, secret: x }, { id: a, secret: y } ] }", "R507"),
        ("password: { decoy: { scheme: bcrypt, value: nonsense } }", "R506"),
        ("password: { decoy: { scheme: plain, value: secret } }", "R506"),
        ("hooks: { webhooks: [ { name: a, url: 'http://crm.example/', secret: x } ] }", "R506"),
        ("hooks: { webhooks: [ { name: a, url: 'https://me:pw@crm.example/', secret: x } ] }", "R506"),
        ("hooks: { webhooks: [ { name: a, url: 'https://crm.example/', secret: x, events: [] } ] }", "R507"),
        ("service: { callers: [ { name: a, bearer: x }, { name: a, bearer: y } ] }", "R508"),
    ] {
        let shown = lines(&format!("{SMALL}{wrong}\n")).join("\n");
        assert!(shown.contains(wanted), "{wrong}: {shown}");
        assert_eq!(shown.lines().count(), 1, "{wrong}: {shown}");
    }
    for fine in [
        "listen: 0.0.0.0:80\nservice: { allow_plain_http: true, callers: [ { name: a, bearer: x } ] }",
        "listen: 0.0.0.0:80\nservice: { tls: { certificate: a.pem, key: b.pem }, callers: [ { name: a, bearer: x } ] }",
        "hooks: { webhooks: [ { name: a, url: 'http://127.0.0.1:9/x', secret: x } ] }",
    ] {
        assert_eq!(lines(&format!("{SMALL}{fine}\n")), Vec::<String>::new(), "{fine}");
    }
    for (anchor, wanted) in [
        ("{}", "R503"),
        ("{ file: a, every: 1s }", "R507"),
        ("{ webhook: { url: 'http://log.example/', secret: x } }", "R506"),
        ("{ file: anchors.txt, webhook: { url: 'https://log.example/', secret: x } }", ""),
    ] {
        let shown = lines(&SMALL.replace("'${KEY}' }", &format!("'${{KEY}}', anchor: {anchor} }}"))).join("\n");
        assert!(shown.contains(wanted), "{anchor}: {shown}");
        assert_eq!(shown.lines().count(), usize::from(!wanted.is_empty()), "{anchor}: {shown}");
    }
    let same = SMALL.replace("sqlite:ledger.db", "sqlite:accounts.db");
    assert!(lines(&same).join("").contains("R508"));
}

/// Addresses may be in files, so they are checked once these were read.
#[test]
fn addresses_of_stores_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("landfall.yaml");
    std::fs::write(folder.path().join("database.url"), "postgres://db.example/shop\n").unwrap();
    for (url, wanted) in [
        ("sqlite::memory:", "the path of a file"),
        ("mongodb://db/ledger", "the path of a file"),
        ("file:database.url", "it has no user"),
        ("postgres://u:hidden@db.example/shop?sslmode=maybe", "`sslmode` is"),
    ] {
        for (place, section) in [("sqlite:ledger.db", "ledger.url"), ("sqlite:accounts.db", "target.url")] {
            std::fs::write(&path, SMALL.replace(place, url)).unwrap();
            let read = Settings::read_in(&path, &environment).unwrap();
            let shown = plain(&read.files, &read.findings);
            assert!(shown.contains("R506") && shown.contains(wanted), "{section}: {shown}");
            assert!(!shown.contains("hidden"), "{shown}");
        }
    }
}

#[test]
fn a_rejected_setting_is_reported_once() {
    // the deadline cannot be read, so it is unknown whether the floor is above it
    let shown = lines(&format!("{SMALL}login: {{ deadline: 5 sec, floor: 3s }}\n")).join("\n");
    assert_eq!(shown.lines().count(), 1, "{shown}");
    // nor whether a list would be empty
    let shown = lines(&SMALL.replace("[ $.login ]", "[ '${UNSET}' ]")).join("\n");
    assert!(shown.lines().count() == 1 && shown.contains("R504"), "{shown}");
}

#[test]
fn scripts_keep_their_own_dollar_signs() {
    let (settings, shown) = parse(&format!("{SMALL}hooks:\n  before_fetch: |-\n    `${{UNSET}}`\n"));
    assert_eq!(settings.unwrap_or_else(|| panic!("{shown}")).hooks.before_fetch.as_deref(), Some("`${UNSET}`"));
}

#[test]
fn the_starter_is_valid() {
    let (mut files, mut findings) = (Files::default(), Findings::default());
    let file = files.add("landfall.yaml", STARTER);
    let environment = |_: &str| Some("0123456789abcdef".repeat(4));
    let settings = Settings::parse(&files, file, &environment, &mut findings);
    assert!(settings.is_some(), "{}", plain(&files, &findings.sorted()));
}

/// Prints settings, and fails if a secret is shown or if they cannot be read again.
fn printed(text: &str) -> String {
    let (settings, shown) = parse(text);
    let settings = settings.unwrap_or_else(|| panic!("{shown}"));
    let yaml = serde_yaml::to_string(&settings).unwrap();
    let (again, shown) = parse(&yaml);
    let again = again.unwrap_or_else(|| panic!("{shown}{yaml}"));
    assert_eq!(serde_yaml::to_string(&again).unwrap(), yaml);
    let json = serde_json::to_string(&settings).unwrap();
    assert!([&yaml, &json].iter().all(|text| !text.contains("tttt") && !text.contains("0123")), "{yaml}{json}");
    yaml
}

#[test]
fn printed_settings_can_be_read_again_and_contain_no_secrets() {
    let callers = "service: { callers: [ { name: a, bearer: '${TOKEN}' } ] }\nidentifier: username\n";
    let yaml = printed(&format!("{SMALL}{callers}"));
    assert!(yaml.contains("bearer: '***'"), "{yaml}");
}

#[test]
fn printed_settings_name_the_kind_of_credentials() {
    for (auth, kind) in [
        ("kind: bearer, token: '${TOKEN}'", "bearer"),
        ("kind: basic, user: a, password: '${TOKEN}'", "basic"),
        ("kind: header, name: x-key, value: '${TOKEN}'", "header"),
        ("kind: oauth, token_url: /token, client_id: a, client_secret: '${TOKEN}'", "oauth"),
        ("kind: aws, region: a, service: b, access_key: c, secret_key: '${TOKEN}'", "aws"),
    ] {
        let server = format!("{{ url: 'https://shop.example', auth: {{ {auth} }} }}");
        let yaml = printed(&format!("{SMALL}verifiers: {{ a: {{ kind: http, preset: rest, server: {server} }} }}\n"));
        assert!(yaml.contains(&format!("kind: {kind}\n")), "{yaml}");
    }
}

#[test]
fn parameters_that_may_be_secrets_are_not_shown() {
    let text = format!(
        "{SMALL}params: {{ region: DE, shop_pepper: hunter2, app: '${{KEY}}', list: {{ a: [ '${{TOKEN}}' ] }}, limit: 5 }}\n"
    );
    let (settings, shown) = parse(&text);
    let settings = settings.unwrap_or_else(|| panic!("{shown}"));
    assert_eq!(settings.params["shop_pepper"], "hunter2", "rules get the value");
    for shown in [serde_yaml::to_string(&settings).unwrap(), format!("{settings:?}")] {
        assert!(
            !shown.contains("hunter2") && !shown.contains("0123456789abcdef") && !shown.contains("tttt"),
            "{shown}"
        );
    }
    let shown = serde_json::to_value(&settings.params).unwrap();
    let wanted = serde_json::json!({ "region": "DE", "shop_pepper": "***", "app": "***", "list": "***", "limit": 5 });
    assert_eq!(shown, wanted);
}

#[cfg(unix)]
#[test]
fn files_that_other_users_can_access_are_reported() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, mode: u32| {
        std::fs::write(folder.path().join(name), "k".repeat(64)).unwrap();
        std::fs::set_permissions(folder.path().join(name), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let settings =
        SMALL.replace("'${KEY}'", "'file:ledger.key'") + "service: { tls: { certificate: c.pem, key: k.pem } }\n";
    std::fs::write(folder.path().join("landfall.yaml"), settings).unwrap();
    let warnings = || {
        let read = Settings::read_in(&folder.path().join("landfall.yaml"), &environment).unwrap();
        read.findings.iter().filter(|finding| finding.code == "R512").count()
    };
    for name in ["ledger.key", "k.pem", "c.pem", "ledger.db", "accounts.db"] {
        file(name, 0o600);
    }
    assert_eq!(warnings(), 0);
    for (number, (name, mode)) in
        [("ledger.key", 0o640), ("k.pem", 0o604), ("ledger.db", 0o644), ("accounts.db", 0o660)].into_iter().enumerate()
    {
        file(name, mode);
        assert_eq!(warnings(), number + 1, "{name}");
    }
}

/// The texts of the blocks of a page that are parts of settings files.
fn examples(page: &str) -> impl Iterator<Item = &str> {
    page.split("```yaml settings\n").skip(1).filter_map(|rest| rest.split_once("```")).map(|(text, _)| text)
}

#[test]
fn every_adapter_has_an_example_without_findings() {
    for row in crate::adapters::registry::rows() {
        let section = format!("{}:", row.role.section());
        let example = examples(row.docs).find(|text| text.lines().any(|line| line.starts_with(&section)));
        let example = example.unwrap_or_else(|| panic!("no example of {section} {}", row.kind));
        let named: Vec<&str> = SMALL
            .lines()
            .filter(|line| !example.lines().any(|own| own.split(':').next() == line.split(':').next()))
            .collect();
        let text = format!("{example}{}\n", named.join("\n"));
        assert_eq!(lines(&text), Vec::<String>::new(), "{text}");
        let shown = serde_json::to_value(parse(&text).0.unwrap()).unwrap();
        let shown = &shown[row.role.section()];
        // verifiers have names, and a write-back has a section `to`
        let named =
            shown.as_object().into_iter().flatten().map(|(_, below)| below).find(|below| below["kind"] == row.kind);
        let shown = named.unwrap_or(shown);
        let is_of_row = shown["kind"] == row.kind
            || shown["url"].as_str().is_some_and(|url| url.starts_with(row.kind))
            || (shown["url"] == "***" && example.contains(&format!("{}://", row.kind)));
        assert!(is_of_row, "{shown}");
    }
}
