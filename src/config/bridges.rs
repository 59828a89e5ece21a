//! Bridges: checks what contradicts each other, and opens them.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::Loaded;
use super::open::BuildError;
use super::settings::Settings;
use crate::adapters::memory::MemoryLedger;
use crate::bridge::{Bridge, Kind, OpenContext, ProductApi, open_dialect};
use crate::migrate::Writer;
use crate::ports::{Clock, Keyring, Nonces, PortError, SystemClock};
use crate::settings::Reporter;

/// How much longer than a login a claim lasts.
const LONGER: Duration = Duration::from_millis(500);

/// Checks everything that needs no files.
pub(super) fn check(settings: &Settings, reporter: &mut Reporter<'_>) {
    let callers: Vec<&str> = settings.service.callers.iter().map(|caller| caller.name.as_str()).collect();
    let mut paths: BTreeSet<String> = BTreeSet::new();
    for (at, bridge) in settings.bridges.iter().enumerate() {
        let mut reporter = reporter.section(format!("bridges.{at}"));
        bridge.check(&callers, &mut reporter);
        let deadline = bridge.deadline.or_else(|| Some(Kind::named(&bridge.kind)?.deadline));
        if deadline.is_some_and(|deadline| deadline >= settings.service.request_timeout) {
            let message = "requests would time out before the deadline of the bridge";
            let help = "keep `service.request_timeout` above the `deadline` of every bridge";
            reporter.error("R508", "deadline", message, help);
        }
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
        } else if !hands_over(kind) && target.is_handover() {
            let message = format!("the bridge `{}` does not store accounts, and neither does the target", kind.name);
            reporter.contradiction(&path, "target.kind", &message, "choose the target where accounts are stored");
        } else if !hands_over(kind) && kind.rules.is_some() && !target.finds_logins() {
            let message = format!("{} takes a profile at every login, which this target does not give", kind.product);
            let help = "set `target: { kind: sql, … }`, Landfall's own account store";
            reporter.contradiction(&path, "target.kind", &message, help);
        }
    }
    if target.is_handover() && !kinds.clone().any(|(_, kind)| hands_over(kind)) {
        let help = "add one under `bridges`; `landfall bridge list` shows all";
        reporter.error("R506", "target.kind", "there is no bridge to hand customers over to", help);
    }
}

impl Settings {
    /// How long a claim lasts: `login.lease`, or longer for bridges whose logins may create accounts at the target later than
    /// that.
    pub fn lease(&self) -> Duration {
        let writes = self.bridges.iter().filter_map(|bridge| Some((bridge, Kind::named(&bridge.kind)?)));
        let deadlines = writes
            .filter(|(_, kind)| kind.topology.writer() == Writer::Target)
            .map(|(bridge, kind)| bridge.deadline.unwrap_or(kind.deadline) + LONGER);
        deadlines.fold(self.login.lease, Duration::max)
    }
}

/// Reports what prevents bridges from being opened, such as a key that is none. Their rules have been checked. Connects to
/// nothing.
pub(super) fn try_out(loaded: &Loaded, reporter: &mut Reporter<'_>) {
    let Loaded { settings, folder, .. } = loaded;
    let nonces: Arc<dyn Nonces> = Arc::new(MemoryLedger::new());
    // what is sealed with it is thrown away
    let Ok(keyring) = Keyring::new(&[0; Keyring::MIN_BYTES]).map(Arc::new) else { return };
    let product = product(settings, folder).ok().flatten();
    for (at, bridge) in settings.bridges.iter().enumerate() {
        let (nonces, keyring, clock) = (Arc::clone(&nonces), Arc::clone(&keyring), Arc::new(SystemClock));
        let context = OpenContext { settings: bridge, folder, nonces, keyring, clock, product: product.clone() };
        if let Err(error) = open_dialect(&context) {
            let help = format!("`landfall bridge show {}` describes its settings", bridge.kind);
            reporter.error("R506", &format!("bridges.{at}.kind"), error.to_string(), help);
        }
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
    let product = product(settings, folder)?;
    let mut bridges = Vec::with_capacity(settings.bridges.len());
    for bridge in &settings.bridges {
        let (nonces, keyring, clock) = (Arc::clone(nonces), Arc::clone(keyring), Arc::clone(clock));
        let context = OpenContext { settings: bridge, folder, nonces, keyring, clock, product: product.clone() };
        bridges.push(Bridge::open(&context)?);
    }
    Ok(bridges)
}

/// The API of the product, for the bridges that need it; one for all of them.
fn product(settings: &Settings, folder: &Path) -> Result<Option<Arc<dyn ProductApi>>, PortError> {
    if settings.bridges.is_empty() { Ok(None) } else { settings.target.adapter().api(folder) }
}
