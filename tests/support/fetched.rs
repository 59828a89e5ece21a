//! The records that the source of an example's settings returns.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use landfall::config::{Settings, build};
use landfall::migrate::Silent;
use landfall::ports::{Call, IdentifierProfile, Source};
use serde_json::Value;
use tokio::time::Instant;

/// The longest wait for a record.
const PATIENCE: Duration = Duration::from_secs(20);

/// The source of the settings in a folder, with these environment variables.
async fn source(folder: &Path, environment: &[(&str, &str)]) -> Arc<dyn Source> {
    let value = |name: &str| environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let read = Settings::read_in(&folder.join("landfall.yaml"), &value).expect("the settings");
    let shown = landfall::diag::render::plain(&read.files, &read.findings);
    let built = build(read.loaded.expect(&shown), Arc::new(Silent)).await.expect("a service");
    built.parts.legacy.source
}

/// Fails unless the source returns every record in the folder `records` for the login that is in it.
pub async fn compare(folder: &Path, environment: &[(&str, &str)], login: &str) {
    let source = source(folder, environment).await;
    let files = fs::read_dir(folder.join("records")).expect("records").map(|entry| entry.expect("a file").path());
    let mut count = 0;
    for path in files {
        let record: Value = serde_json::from_str(&fs::read_to_string(&path).expect("a record")).expect("JSON");
        let typed = record.pointer(login).and_then(Value::as_str).expect("a login");
        let identifier = IdentifierProfile::default().canonical(typed).expect("an identifier");
        let call = Call { deadline: Instant::now() + PATIENCE, request_id: "r1" };
        let fetched = source.fetch(call, &identifier).await.expect("an answer").expect("a customer");
        let fetched: Value = serde_json::from_str(fetched.json()).expect("JSON");
        assert_eq!(fetched, record, "{}", path.display());
        count += 1;
    }
    assert!(count >= 5, "{count} records");
}
