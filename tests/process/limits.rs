//! The limits of a service process, and its output at startup.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::signer::shop;
use super::support::running::Running;

/// The soft and the hard limit of a process.
#[cfg(target_os = "linux")]
fn limit(pid: &str, name: &str) -> (String, String) {
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let line = limits.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name}"));
    let mut numbers = line[name.len()..].split_whitespace().map(str::to_owned);
    (numbers.next().unwrap(), numbers.next().unwrap())
}

#[cfg(target_os = "linux")]
#[test]
fn a_service_raises_its_file_limit_and_writes_no_core_dumps() {
    let shop = shop(1);
    let server = Running::start_by("ulimit -S -n 256; ulimit -S -c unlimited 2> /dev/null; ", shop.folder.path(), &[]);
    let (soft, hard) = limit(&server.pid(), "Max open files");
    assert_eq!(soft, hard);
    assert_ne!(soft, "256");
    assert_eq!(limit(&server.pid(), "Max core file size"), ("0".to_owned(), "0".to_owned()));
    // Without root, a process that writes no core dumps cannot be inspected.
    use std::os::unix::fs::MetadataExt as _;
    assert_eq!(fs::metadata(format!("/proc/{}/mem", server.pid())).unwrap().uid(), 0);
    assert_eq!(server.stop(), Some(0));
}

fn lines(log: &str) -> Vec<Value> {
    let parsed = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| panic!("not a log line: {line}"));
    log.lines().map(parsed).collect()
}

#[test]
fn startup_messages_are_log_lines() {
    let shop = shop(1);
    let settings = fs::read_to_string(shop.path("landfall.yaml")).unwrap();
    let settings = settings.replace("service: {", "service: { nonces: landfall.nonces,");
    fs::write(shop.path("landfall.yaml"), &settings).unwrap();
    let server = Running::start(shop.folder.path(), &[]);
    let address = server.base.trim_start_matches("http://").to_owned();
    let out = fs::read_to_string(shop.path("out")).unwrap();
    assert_eq!(out, format!("listening on {}\n", server.base));
    let log_lines = lines(&fs::read_to_string(shop.path("log")).unwrap());
    let warning = log_lines.iter().find(|line| line["code"] == "R501").expect("the warning about the settings");
    assert!(warning["message"].as_str().unwrap().contains("service.nonces"), "{warning}");
    assert_eq!(warning["level"], "WARN");
    assert!(warning["place"].as_str().unwrap().starts_with("landfall.yaml:6:"), "{warning}");
    // The address is in use, which is detected after logging is set up.
    let taken = settings.replace("listen: 127.0.0.1:0", &format!("listen: {address}"));
    fs::write(shop.path("taken.yaml"), taken).unwrap();
    let mut second = Command::new(env!("CARGO_BIN_EXE_landfall"));
    second.args(["serve", "--config", "taken.yaml"]).current_dir(shop.folder.path()).stdin(Stdio::null());
    let done = second.output().unwrap();
    assert_eq!((done.status.code(), done.stdout.is_empty()), (Some(2), true));
    let log_lines = lines(&String::from_utf8(done.stderr).unwrap());
    let last = log_lines.last().expect("an error");
    assert_eq!((&last["level"], &last["message"]), (&"ERROR".into(), &"the service cannot run".into()));
    assert!(last["error"].as_str().unwrap().contains(&address), "{last}");
}
