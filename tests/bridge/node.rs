//! Runs scripts of products by Node.js, with what the product has around them.

use std::path::Path;
use std::process::{Command, Stdio};

use landfall::bridge::Kind;
use serde_json::Value;

use crate::servers::program;

/// The script of a dialect for a bridge.
pub fn script(kind: &str, name: &str, url: &str) -> String {
    let kind = Kind::named(kind).expect("a dialect");
    let script = kind.scripts.iter().find(|script| script.name == name).expect("a script");
    assert!(script.text.contains("{{url}}"), "{name} knows no address");
    script.text.replace("{{url}}", url)
}

/// Runs a program of JavaScript in a folder, with these variables in its environment and no others, and returns the JSON
/// that it prints.
pub async fn run(folder: &Path, text: &str, environment: &[(&str, &str)]) -> Value {
    let mut node = Command::new(program("node"));
    node.env_clear().envs(environment.iter().copied()).current_dir(folder);
    node.args(["--input-type=module", "--eval", text]).stdin(Stdio::null());
    tokio::task::spawn_blocking(move || printed(&mut node)).await.expect("it ends")
}

/// The JSON that a program prints.
pub fn printed(node: &mut Command) -> Value {
    let output = node.output().expect("Node.js");
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    assert!(output.status.success(), "{stderr}\n{stdout}");
    serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}\n{stderr}"))
}
