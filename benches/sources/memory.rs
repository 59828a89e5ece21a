//! The memory of a process that signs customers in, in a process of its own for each system.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Command, Stdio};

use tokio::runtime::Runtime;

use crate::Size;
use crate::systems::{Asked, System};
use crate::turns::calls;
use crate::world::{Cost, World, first_login};

/// The argument that makes this program the measured process; how the system is asked and the numbers of logins follow.
pub const ARGUMENT: &str = "--resident";

/// Logins at a time.
const AT_ONCE: usize = 16;

/// Resident memory before and after first logins, and the connections that are open then.
pub fn measured(system: &System, size: Size) -> [String; 2] {
    let mut child = Command::new(std::env::current_exe().unwrap());
    let Asked { source, verifiers, rules } = &system.asked;
    child.args([ARGUMENT, source, verifiers, rules]).args(size.resident.map(|logins| logins.to_string()));
    let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    let connections = system.connections().unwrap_or_else(|| "–".to_owned());
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success(), "the process with {}", system.name);
    [line.trim().to_owned(), connections]
}

/// The measured process: prints its memory, and waits until it is told to end.
pub fn run(runtime: &Runtime, arguments: &[String]) {
    let [source, verifiers, rules, logins @ ..] = arguments else { return };
    let (source, verifiers, rules) = (source.clone(), verifiers.clone(), rules.clone());
    let world = runtime.block_on(World::new(&Asked { source, verifiers, rules }, Cost::Default));
    let (mut figures, mut done) = (vec![resident()], 0);
    for logins in logins {
        let until: u64 = logins.parse().unwrap();
        runtime.block_on(async {
            let migrator = world.migrator.clone();
            calls(done..until, AT_ONCE, move |number| first_login(migrator.clone(), number)).await;
        });
        done = until;
        figures.push(resident());
    }
    println!("{} MiB", figures.join(" / "));
    std::io::stdout().flush().unwrap();
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// The resident memory of this process (`VmRSS`, proc(5)) in MiB.
fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let figure = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
    figure.and_then(|kib| kib.parse::<f64>().ok()).map_or("–".to_owned(), |kib| format!("{:.0}", kib / 1024.0))
}
