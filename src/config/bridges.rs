//! Bridges: checks what contradicts each other, and opens them.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::open::BuildError;
use super::settings::Settings;
use crate::bridge::{Bridge, Kind};
use crate::migrate::Writer;
use crate::ports::{Clock, Keyring, Nonces};
use crate::settings::Reporter;

/// Checks everything that needs no files.
pub(super) fn check(settings: &Settings, reporter: &mut Reporter<'_>) {
    let callers: Vec<&str> = settings.service.callers.iter().map(|caller| caller.name.as_str()).collect();
    let mut paths: BTreeSet<String> = BTreeSet::new();
    for (at, bridge) in settings.bridges.iter().enumerate() {
        let mut reporter = reporter.section(format!("bridges.{at}"));
        bridge.check(&callers, &mut reporter);
        let path = bridge.path().into_owned();
        let is_within = |outer: &str, inner: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
        if paths.contains(&path) {
            let message = format!("two bridges have the path `{path}`");
            reporter.error("R508", "path", message, "give each a `path` of its own");
        } else if let Some(other) = paths.iter().find(|other| is_within(other, &path) || is_within(&path, other)) {
            // whose callers may ask would depend on the rest of the path
            let message = format!("one of the paths `{path}` and `{other}` is below the other");
            reporter.error("R508", "path", message, "give each bridge a `path` that is not below another");
        }
        paths.insert(path);
        if let Some(tenant) = &bridge.tenant
            && !settings.systems().any(|system| system.tenants.contains(tenant))
        {
            let message = format!("no source has `{tenant}` among its `tenants`");
            reporter.error("R506", "tenant", message, "name one of them, or remove `tenant`");
        }
    }
    target(settings, reporter);
}

/// A customer who is handed over must not be looked up where Landfall stores accounts, and an account of the product needs
/// a product that stores it.
fn target(settings: &Settings, reporter: &mut Reporter<'_>) {
    let target = settings.target.adapter();
    let kinds = settings.bridges.iter().enumerate().filter_map(|(at, bridge)| Some((at, Kind::named(&bridge.kind)?)));
    let hands_over = |kind: &Kind| kind.topology.writer() == Writer::Caller;
    for (at, kind) in kinds.clone() {
        let path = format!("bridges.{at}.kind");
        if hands_over(kind) && target.finds_logins() {
            let message = format!("{} stores the accounts itself, and so does the target", kind.product);
            let help =
                "set `target: { kind: handover }`, or the `http` target by which the accounts were created there";
            reporter.contradiction(&path, "target.kind", &message, help);
        }
        if !hands_over(kind) && target.is_handover() {
            let message = format!("the bridge `{}` does not store accounts, and neither does the target", kind.name);
            reporter.contradiction(&path, "target.kind", &message, "choose the target where accounts are stored");
        }
    }
    if target.is_handover() && !kinds.clone().any(|(_, kind)| hands_over(kind)) {
        let help = "add one under `bridges`; `landfall bridge list` shows all";
        reporter.error("R506", "target.kind", "there is no bridge to hand customers over to", help);
    }
}

/// Opens all bridges.
pub(super) fn open(
    settings: &Settings,
    folder: &Path,
    nonces: &Arc<dyn Nonces>,
    keyring: &Arc<Keyring>,
    clock: &Arc<dyn Clock>,
) -> Result<Vec<Bridge>, BuildError> {
    let open = |bridge| Bridge::open(bridge, folder, Arc::clone(nonces), Arc::clone(keyring), Arc::clone(clock));
    settings.bridges.iter().map(|bridge| open(bridge).map_err(BuildError::from)).collect()
}
