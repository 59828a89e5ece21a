//! Measures exports as sources: the first start, which makes the index, the next one, which uses it, the memory of both, and
//! the fetch of a record by any of its logins.
//!
//! Each start is a process of its own. Exports of 5,000,000 records take up to 2 GB of the folder for temporary files each,
//! one at a time; `cargo bench --bench exports -- 100000` takes another number.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark reports on standard output, and one that cannot continue should stop"
)]

mod customers;

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use landfall::config::{self, Settings};
use landfall::diag::render::plain;
use landfall::migrate::Silent;
use landfall::ports::{Call, IdentifierProfile};

use customers::{FORMATS, Format};

/// The argument that makes this program the measured process; the folder and the number of records follow.
const ARGUMENT: &str = "--start";

/// Records of an export, and of one in a test of this benchmark.
const RECORDS: [u64; 2] = [5_000_000, 2000];

/// Fetches of a process.
const FETCHES: u64 = 1000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, folder, records] = arguments.as_slice()
        && first == ARGUMENT
    {
        return start(Path::new(folder), records.parse().unwrap());
    }
    let is_test = arguments.iter().any(|argument| argument == "--test");
    let given = arguments.iter().find_map(|argument| argument.parse().ok());
    let records = given.unwrap_or(RECORDS[usize::from(is_test)]);
    println!("Exports of {records} records of about 0.3 KB with two logins each.\n");
    println!(
        "| export | size | first start | its memory | index | next start | its memory | fetch: mean / 99 % / slowest | under 1 ms |"
    );
    println!("|---|{}", "--:|".repeat(8));
    for format in &FORMATS {
        println!("| {} | {} |", format.name, measured(format, records).join(" | "));
    }
}

/// The cells of one format.
fn measured(format: &Format, records: u64) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let export = folder.path().join(format!("users.{}", format.extension));
    write(format, &export, records);
    fs::write(folder.path().join("rules.yaml"), RULES).unwrap();
    fs::write(folder.path().join("landfall.yaml"), settings(format)).unwrap();
    let [first, next] = [(); 2].map(|()| {
        let mut child = Command::new(std::env::current_exe().unwrap());
        let output = child.arg(ARGUMENT).arg(folder.path()).arg(records.to_string()).output().unwrap();
        assert!(output.status.success(), "{}: {}", format.name, String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().split(';').map(str::to_owned).collect::<Vec<_>>()
    });
    let mib = |path: &Path| format!("{:.0} MiB", fs::metadata(path).unwrap().len() as f64 / 1048576.0);
    let mut cells = vec![mib(&export)];
    cells.extend_from_slice(&first[..2]);
    cells.push(mib(&folder.path().join("users.index")));
    cells.extend(next);
    cells
}

fn write(format: &Format, path: &Path, records: u64) {
    let mut out = BufWriter::new(File::create(path).unwrap());
    out.write_all(format.head.as_bytes()).unwrap();
    for number in 0..records {
        if number > 0 {
            out.write_all(format.between.as_bytes()).unwrap();
        }
        out.write_all((format.record)(number).as_bytes()).unwrap();
    }
    out.write_all(format.tail.as_bytes()).unwrap();
    out.into_inner().unwrap().sync_all().unwrap();
}

const RULES: &str = "\
landfall: 1
name: users
identify: { id: '$.id', logins: [ $.login, $.mail ] }
account: { username: $.login }
credential: { scheme: bcrypt, value: $.password }
";

fn settings(format: &Format) -> String {
    format!(
        "rules: rules.yaml\n\
         source: {{ kind: file, path: users.{}, index: users.index, logins: {} }}\n\
         target: {{ kind: sql, url: 'sqlite:accounts.db' }}\n\
         ledger: {{ url: 'sqlite:ledger.db', key: '{}' }}\n\
         password: {{ longest_check: 1ms }}\n",
        format.extension,
        format.logins,
        "0123456789abcdef".repeat(4)
    )
}

/// The measured process.
fn start(folder: &Path, records: u64) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let began = Instant::now();
    let read = Settings::read(&folder.join("landfall.yaml")).unwrap();
    let loaded = read.loaded.unwrap_or_else(|| panic!("{}", plain(&read.files, &read.findings)));
    let built = runtime.block_on(config::build(loaded, Arc::new(Silent))).unwrap();
    let ready = began.elapsed();
    let source = built.parts.legacy.source;
    let mut times: Vec<f64> = (0..FETCHES)
        .map(|number| {
            let typed = customers::login(number * 7919 * 7919 % records, number);
            let identifier = IdentifierProfile::default().canonical(&typed).unwrap();
            let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
            let began = Instant::now();
            let found = runtime.block_on(source.fetch(Call { deadline, request_id: "fetch" }, &identifier));
            assert!(found.unwrap().is_some(), "{typed}");
            began.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let mean = times.iter().sum::<f64>() / times.len() as f64;
    let (late, slowest) = (times[times.len() * 99 / 100], times[times.len() - 1]);
    let under = times.iter().filter(|time| **time < 1.0).count();
    println!(
        "{:.1} s;{} MiB;{mean:.2} / {late:.2} / {slowest:.2} ms;{under} of {}",
        ready.as_secs_f64(),
        high_water(),
        times.len()
    );
}

/// The highest resident memory of this process (`VmHWM`, proc(5)) in MiB.
fn high_water() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let figure = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    figure.unwrap().trim().parse::<u64>().unwrap() / 1024
}
