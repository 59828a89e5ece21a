//! Checks and opens what legacy systems are told of migrated customers.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::open::BuildError;
use super::settings::{Settings, WriteBackSettings, plain_path};
use crate::adapters::registry::WriteBackContext;
use crate::events::{LONGEST_WRITE, WriteBack};
use crate::ports::{Ledger, MigratedCustomer};
use crate::settings::Reporter;

/// Words in names of fields that hold a password or its hash.
const SECRETS: [&str; 8] = ["password", "passwd", "passphrase", "pwd", "hash", "salt", "secret", "user_pass"];

/// The values that every customer has.
const ALWAYS: [&str; 3] = [MigratedCustomer::ID, MigratedCustomer::IDENTIFIER, MigratedCustomer::MIGRATED_AT];

/// Reports what shows before secrets are read.
pub(super) fn check(settings: &Settings, reporter: &mut Reporter<'_>) {
    let (second, day) = (Duration::from_secs(1), Duration::from_secs(24 * 60 * 60));
    for (path, _, write_back) in settings.write_backs() {
        write_back.to.adapter().check(&mut reporter.section(format!("{path}.to")));
        let mut reporter = reporter.section(path);
        reporter.time("after", write_back.after, Duration::ZERO, 365 * day);
        reporter.time("timeout", write_back.timeout, second / 10, LONGEST_WRITE);
        reporter.bound("attempts", write_back.attempts.into(), 1, 10_000);
        fields(write_back, &mut reporter);
    }
}

fn fields(write_back: &WriteBackSettings, reporter: &mut Reporter<'_>) {
    for (name, path) in &write_back.fields {
        let key = format!("fields.{name}");
        let is_name = |name: &str| {
            name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
                && !name.starts_with(|first: char| first.is_ascii_digit())
        };
        if !is_name(name) || name.is_empty() || ALWAYS.contains(&name.as_str()) {
            let message = format!("`{name}` cannot be the name of a field");
            let help =
                "use ASCII letters, digits and `_`; `id`, `identifier` and `migrated_at` have a meaning of their own";
            reporter.error("R506", &key, message, help);
        }
        let Some(names) = plain_path(path) else {
            let message = format!("`{path}` is not a path to one field of the record");
            reporter.error("R506", &key, message, "write it as in `$.customer.email`, without lists and filters");
            continue;
        };
        let names = names.iter().map(|name| name.to_ascii_lowercase());
        if names.into_iter().any(|name| SECRETS.iter().any(|secret| name.contains(secret))) {
            let message = format!("`{path}` looks like a password or its hash, which is never stored");
            reporter.error("R508", &key, message, "name the customer by `id`, or by a field that is no secret");
        }
    }
}

/// Reports what shows once secrets were read.
pub(super) fn check_secrets(settings: &Settings, folder: &Path, reporter: &mut Reporter<'_>) {
    for (path, name, write_back) in settings.write_backs() {
        let adapter = write_back.to.adapter();
        adapter.check_secrets(WriteBackContext { name, folder }, &mut reporter.section(format!("{path}.to")));
        let used = adapter.used_values();
        if used.is_empty() {
            // the adapter has reported why
            continue;
        }
        let is_known = |name: &str| ALWAYS.contains(&name) || write_back.fields.contains_key(name);
        for unknown in used.iter().filter(|used| !is_known(&used.name)) {
            let message = format!("the value `{}` is unknown", unknown.name);
            let help = "known are `id`, `identifier`, `migrated_at`, and the names under `fields`";
            reporter.section(format!("{path}.to")).error("R506", &unknown.key, message, help);
        }
        let names: BTreeSet<&str> = used.iter().map(|used| used.name.as_str()).collect();
        for name in write_back.fields.keys().filter(|name| !names.contains(name.as_str())) {
            let message = format!("the field `{name}` is stored and never used");
            reporter.error("R508", &format!("{path}.fields.{name}"), message, "leave it out, or use it in `to`");
        }
    }
}

/// Opens what tells the legacy systems.
///
/// # Errors
/// [`BuildError::WriteBack`].
pub(super) async fn open(
    settings: &Settings,
    folder: &Path,
    ledger: &Arc<dyn Ledger>,
) -> Result<Vec<WriteBack>, BuildError> {
    let mut opened = Vec::new();
    for (_, name, write_back) in settings.write_backs() {
        let writer = write_back.to.adapter().open(WriteBackContext { name, folder }).await;
        let writer = writer.map_err(|error| BuildError::WriteBack(name.to_owned(), error))?;
        opened.push(WriteBack::new(name, writer, Arc::clone(ledger), write_back.policy()));
    }
    Ok(opened)
}
