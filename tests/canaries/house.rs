//! A service whose legacy systems are servers of the test. Every secret in its settings is a canary.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use super::canary::{Aviary, Kind};
use super::running::Running;
use super::scan::Scanner;
use super::trace::{self, Trace, assert_no_leaks};
use super::visitor::Visitor;

/// The folder, the canaries, and the credentials of the caller.
pub struct House {
    pub aviary: Aviary,
    folder: tempfile::TempDir,
    given: BTreeSet<String>,
    token: String,
}

impl House {
    pub fn new() -> Self {
        let (mut aviary, folder) = (Aviary::default(), tempfile::tempdir().expect("a folder"));
        let token = aviary.token("the bearer token of the caller");
        let key = hex::encode(aviary.key("the ledger key"));
        let mut house = Self { aviary, folder, given: BTreeSet::new(), token: token.clone() };
        house.write("caller.token", &token);
        house.write("ledger.key", &key);
        house
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file that only its owner can read, and that is not the service's.
    pub fn write(&mut self, name: &str, text: &str) {
        let file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(self.path(name));
        file.and_then(|mut file| file.write_all(text.as_bytes())).expect("a file");
        self.given.insert(name.to_owned());
    }

    /// Writes the rules of a system whose passwords a verifier verifies.
    pub fn rules(&mut self, name: &str, verifier: &str) {
        let rules = format!(
            "landfall: 1\nname: {name}\nschema: standard\nidentify: {{ id: $.id, logins: [ $.login ] }}\naccount:\n  \
             external_id: $.id\n  email.value: {{ from: $.login, do: [ email ], on_error: reject }}\n  \
             email.verified: true\n  name.full: {{ from: $.name, do: [ squish ] }}\n{verifier}"
        );
        self.write(&format!("{name}.yaml"), &rules);
    }

    /// Writes the settings; `systems` has the sources and verifiers.
    pub fn configure(&mut self, systems: &str, receiver: &str) {
        let (hook, path) = (self.aviary.token("the webhook secret"), self.aviary.word(Kind::Address, "its path"));
        self.write(
            "landfall.yaml",
            &format!(
                "listen: 127.0.0.1:0
target: {{ kind: sql, url: 'sqlite:accounts.db' }}
ledger: {{ url: 'sqlite:ledger.db', key: 'file:ledger.key' }}
password: {{ longest_check: 1ms, argon2: {{ memory: 8KiB, passes: 1, lanes: 1 }} }}
login:
  floor: 1ms
  quantum: 1ms
  deadline: 3s
  lease: 3500ms
  attempts: {{ customer: {{ limit: 1000, window: 15m }}, network: {{ limit: 1000000, window: 15m }} }}
guard: {{ call: 2s, breaker: {{ window: 100, minimum: 100, open: 100ms }} }}
hooks: {{ webhooks: [ {{ name: crm, url: '{receiver}/{path}', secret: '{hook}' }} ] }}
service:
  callers: [ {{ name: idp, bearer: 'file:caller.token' }} ]
  trusted_proxies: [ 127.0.0.1 ]
log: {{ level: trace, format: json }}
{systems}"
            ),
        );
    }

    pub fn start(&mut self) -> (Running, Visitor) {
        let server = Running::start(self.folder.path(), &[]);
        let visitor = Visitor::new(&server.base, &self.token, &mut self.aviary);
        (server, visitor)
    }

    /// The output of a command, whether it succeeds or not.
    pub fn command(&self, arguments: &[&str], allowed: &'static [Kind]) -> Trace {
        let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
        let done = command.args(arguments).current_dir(self.folder.path()).output().expect("the program");
        assert!(!done.stdout.is_empty() || !done.stderr.is_empty(), "{arguments:?} says nothing");
        Trace::of(arguments.join(" "), [done.stdout, done.stderr].concat(), allowed)
    }

    /// What operators' commands say.
    pub fn commands(&self) -> Vec<Trace> {
        let cases: [(&[&str], &'static [Kind]); 9] = [
            (&["check", "--config", "landfall.yaml"], &[]),
            (&["check", "--config", "landfall.yaml", "--connect"], &[]),
            (&["check", "--config", "landfall.yaml", "--connect", "--format", "json"], &[]),
            (&["config", "show"], &[Kind::Address]),
            (&["config", "show", "--format", "json"], &[Kind::Address]),
            (&["status", "--format", "json"], &[]),
            (&["audit", "list", "--limit", "10000"], &[]),
            (&["audit", "export", "--before", "2100-01-01T00:00:00Z", "--out", "segment.ndjson"], &[]),
            (&["account", "list"], &[Kind::Login]),
        ];
        cases.into_iter().map(|(arguments, allowed)| self.command(arguments, allowed)).collect()
    }

    /// Looks at the metrics, stops the service, and searches everything that it has left behind.
    pub async fn search(self, server: Running, visitor: Visitor, mut traces: Vec<Trace>) {
        let metrics = visitor.get("/metrics").await.1;
        for line in ["outcome=\"migrated\"", "reason=\"wrong_password\"", "outcome=\"legacy_unavailable\""] {
            assert!(metrics.contains(line), "{line} did not happen:\n{metrics}");
        }
        traces.extend(self.commands());
        assert_eq!(server.stop(), Some(0));
        traces.extend(trace::files(self.folder.path(), |path| {
            !self.given.contains(path.file_name().unwrap_or_default().to_string_lossy().as_ref())
        }));
        traces.push(Trace::of("the answers", visitor.received(), &[]));
        let log = traces.iter().find(|trace| trace.name == "log").expect("a log");
        for line in ["\"level\":\"DEBUG\"", "a port failed"] {
            assert!(memchr::memmem::find(&log.bytes, line.as_bytes()).is_some(), "the log does not contain {line}");
        }
        assert_no_leaks(&self.aviary, &traces);
        // what belongs there is there, so that the search works
        for (file, kind) in
            [("accounts.db", Kind::Login), ("accounts.db", Kind::Personal), ("ledger.db", Kind::LegacyId)]
        {
            let others = [Kind::Secret, Kind::Personal, Kind::Login, Kind::LegacyId, Kind::Address];
            let others: Vec<Kind> = others.into_iter().filter(|other| *other != kind).collect();
            let stored =
                traces.iter().filter(|trace| trace.name.starts_with(file)).flat_map(|trace| trace.bytes.clone());
            let stored: Vec<u8> = stored.collect();
            assert!(!Scanner::new(&self.aviary).scan(&stored, &others).is_empty(), "there is no {kind:?} in {file}");
        }
    }
}
