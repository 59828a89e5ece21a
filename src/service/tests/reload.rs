//! Rules that change under load: no request fails, and no request sees a mix of two rule sets.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use bumpalo::Bump;

use super::*;
use crate::diag::{Files, Findings};
use crate::engine::compile::{NoFiles, compile};
use crate::engine::outcome::Outcome as Mapped;
use crate::engine::probe;
use crate::engine::run::Settings;
use crate::migrate::RuleSet;

/// Rules with their version in two claims.
fn rules(version: usize) -> String {
    format!(
        "landfall: 1\nname: v{version}\ntarget: standard\nidentify:\n  id: $.id\n  logins: [ $.id ]\naccount:\n  \
         external_id: {{ value: 'v{version}' }}\n  username: {{ value: 'v{version}' }}\ncredential: {{ scheme: md5, hash_hex: $.hash }}\n"
    )
}

/// The account that the rules make of a record.
fn account(set: &RuleSet) -> Result<String, String> {
    let arena = Bump::new();
    let run = set.plan().run(r#"{"id":"1"}"#, set.settings(), &arena, &mut probe::Silent);
    match run.outcomes.first() {
        Some(Mapped::Account(made)) => {
            let mut json = Vec::new();
            made.write_json(&mut json);
            Ok(String::from_utf8(json).unwrap())
        }
        other => Err(format!("{other:?}")),
    }
}

/// Panics unless both claims have the version of the rule set.
pub(super) fn assert_whole(set: &RuleSet) {
    let json = account(set).unwrap();
    assert_eq!(json.matches(&format!("\"{}\"", set.hash())).count(), 2, "{} {json}", set.hash());
}

/// Reads, compiles and tests rules, like the code for the settings.
fn load(file: &Path) -> Result<RuleSet, String> {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    let (mut files, mut findings) = (Files::default(), Findings::default());
    let id = files.add("rules.yaml", text.as_str());
    let plan = compile(&mut files, id, &NoFiles, &mut findings).ok_or("findings")?;
    let version = text.split("name: ").nth(1).and_then(|rest| rest.lines().next()).ok_or("no name")?.to_owned();
    let set = RuleSet::new(plan, Settings::default(), version.clone()).map_err(|error| error.to_string())?;
    let whole = account(&set)?.matches(&format!("\"{version}\"")).count() == 2;
    if whole { Ok(set) } else { Err("the rule test fails".to_owned()) }
}

/// A service whose rules are in a file, and a channel that receives a message for every read.
fn service(file: &Path) -> (Running, Arc<LiveRules>, mpsc::Receiver<()>) {
    let live = Arc::new(LiveRules::new(load(file).unwrap()));
    let (sender, read) = mpsc::channel();
    let (path, sender) = (file.to_owned(), Mutex::new(sender));
    let reload = RuleReload {
        usage: RuleUse::Active,
        files: vec![file.to_owned()],
        rules: Arc::clone(&live),
        load: Arc::new(move || {
            let loaded = load(&path);
            let _ = sender.lock().unwrap().send(());
            loaded.map(|rules| (rules, vec![path.clone()]))
        }),
        settled: Duration::from_millis(1),
    };
    (Running::start_with(None, Some(reload), |_| {}), live, read)
}

/// Waits until rules of this version are active.
fn wait_until_active(live: &LiveRules, read: &mpsc::Receiver<()>, version: usize) {
    let begun = std::time::Instant::now();
    while live.current().hash() != format!("v{version}") {
        let _ = read.recv_timeout(Duration::from_millis(20));
        assert!(begun.elapsed() < TIMEOUT, "version {version} is not active");
    }
}

#[test]
fn no_login_fails_during_two_hundred_reloads() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yaml");
    std::fs::write(&file, rules(0)).unwrap();
    let (service, live, read) = service(&file);
    let done = AtomicBool::new(false);
    let served = std::thread::scope(|scope| {
        let logins = || {
            let mut served = 0;
            while !done.load(Ordering::SeqCst) {
                let response = service.login("rules");
                assert_eq!(status(&response), 200, "{response}");
                served += 1;
            }
            served
        };
        let clients = [scope.spawn(logins), scope.spawn(logins)];
        for version in 1..=200_usize {
            let whole = rules(version);
            match version % 10 {
                1 | 3 | 5 | 7 => std::fs::write(&file, whole.replace("account:", "acount:")).unwrap(),
                9 => std::fs::write(&file, &whole.as_bytes()[..whole.len() * (version % 7 + 1) / 9]).unwrap(),
                0 => {
                    std::fs::write(&file, whole).unwrap();
                    wait_until_active(&live, &read, version);
                }
                _ => std::fs::write(&file, whole).unwrap(),
            }
            // The next version is written when this one was read, or soon if no read follows.
            let _ = read.recv_timeout(Duration::from_millis(50));
        }
        done.store(true, Ordering::SeqCst);
        clients.map(|client| client.join().unwrap()).iter().sum::<usize>()
    });
    assert_whole(&live.current());
    assert!(served > 0);
    assert_eq!(status(&service.get("/health/ready")), 200);
    assert!(service.metrics.render().contains("landfall_rules_reloads_total{result=\"broken\"}"));
}

#[test]
fn broken_rules_keep_the_previous_rules_active() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yaml");
    std::fs::write(&file, rules(1)).unwrap();
    let (service, live, read) = service(&file);
    std::fs::write(&file, "account: [").unwrap();
    let begun = std::time::Instant::now();
    while !service.metrics.render().contains("landfall_rules_broken 1") {
        let _ = read.recv_timeout(Duration::from_millis(20));
        assert!(begun.elapsed() < TIMEOUT);
    }
    assert_eq!(live.current().hash(), "v1");
    assert_eq!((status(&service.get("/health/ready")), status(&service.login("rules"))), (200, 200));
}

#[test]
fn other_files_in_the_folder_cause_no_reload() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yaml");
    std::fs::write(&file, rules(1)).unwrap();
    let (service, live, read) = service(&file);
    // Read once at startup: a change before the watch started would be missed.
    read.recv_timeout(TIMEOUT).unwrap();
    for number in 0..20 {
        for name in ["ledger.db", "ledger.db-wal", "landfall.yaml", "export.ndjson", "table.csv"] {
            std::fs::write(folder.path().join(name), number.to_string()).unwrap();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    std::fs::write(&file, rules(2)).unwrap();
    wait_until_active(&live, &read, 2);
    assert!(!service.metrics.render().contains("result=\"unchanged\"} 2"), "{}", service.metrics.render());
}

#[cfg(unix)]
#[test]
fn redirected_links_and_replaced_files_are_noticed() {
    // As Kubernetes mounts config maps: rules.yaml → current/rules.yaml, current → one of the folders.
    let folder = tempfile::tempdir().unwrap();
    for version in 1..=3 {
        std::fs::create_dir(folder.path().join(version.to_string())).unwrap();
        std::fs::write(folder.path().join(format!("{version}/rules.yaml")), rules(version)).unwrap();
    }
    let turn = |version: usize| {
        std::os::unix::fs::symlink(version.to_string(), folder.path().join("next")).unwrap();
        std::fs::rename(folder.path().join("next"), folder.path().join("current")).unwrap();
    };
    turn(1);
    let file = folder.path().join("rules.yaml");
    std::os::unix::fs::symlink("current/rules.yaml", &file).unwrap();
    let (_service, live, read) = service(&file);
    assert_eq!(live.current().hash(), "v1");
    turn(2);
    wait_until_active(&live, &read, 2);
    turn(3);
    wait_until_active(&live, &read, 3);
}
