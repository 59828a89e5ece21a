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

/// How long one may take.
const GOAL: Duration = Duration::from_millis(1);

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
        "| export | size | first start | its memory | index | next start | its memory | fetch: mean / 99 % / slowest | under 1 ms | without waits for a processor | from the disk |"
    );
    println!("|---|{}", "--:|".repeat(10));
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
    let fetched: Vec<Fetched> = (0..FETCHES)
        .map(|number| {
            let typed = customers::login(number * 7919 * 7919 % records, number);
            let identifier = IdentifierProfile::default().canonical(&typed).unwrap();
            let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
            let (waited, read, began) = (waited(), read_from_disk(), Instant::now());
            let found = runtime.block_on(source.fetch(Call { deadline, request_id: "fetch" }, &identifier));
            let took = began.elapsed();
            assert!(found.unwrap().is_some(), "{typed}");
            Fetched { took, waited: self::waited() - waited, is_from_disk: read_from_disk() > read }
        })
        .collect();
    let mut times: Vec<f64> = fetched.iter().map(|fetched| fetched.took.as_secs_f64() * 1000.0).collect();
    times.sort_by(f64::total_cmp);
    let mean = times.iter().sum::<f64>() / times.len() as f64;
    let (late, slowest) = (times[times.len() * 99 / 100], times[times.len() - 1]);
    let count = |counts: fn(&Fetched) -> bool| fetched.iter().filter(|fetched| counts(fetched)).count();
    let under = count(|fetched| fetched.took < GOAL);
    let under_alone = count(|fetched| fetched.took.saturating_sub(fetched.waited) < GOAL);
    println!(
        "{:.1} s;{} MiB;{mean:.2} / {late:.2} / {slowest:.2} ms;{under} of {FETCHES};{under_alone};{}",
        ready.as_secs_f64(),
        high_water(),
        count(|fetched| fetched.is_from_disk)
    );
}

/// The fetch of a record.
struct Fetched {
    took: Duration,
    /// How long threads of this process could have run and other programs had the processors.
    waited: Duration,
    /// Whether something of it was not in the memory of the system.
    is_from_disk: bool,
}

/// How long the threads of this process have waited for a processor (the second figure of `schedstat`).
fn waited() -> Duration {
    let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
    let waited = tasks.filter_map(|task| {
        let figures = fs::read_to_string(task.path().join("schedstat")).ok()?;
        figures.split(' ').nth(1)?.parse::<u64>().ok()
    });
    Duration::from_nanos(waited.sum())
}

/// Bytes that this process has read from disks (proc(5), `read_bytes`).
fn read_from_disk() -> u64 {
    let figures = fs::read_to_string("/proc/self/io").unwrap();
    figures.lines().find_map(|line| line.strip_prefix("read_bytes: ")).unwrap().parse().unwrap()
}

/// The highest resident memory of this process (`VmHWM`, proc(5)) in MiB.
fn high_water() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let figure = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    figure.unwrap().trim().parse::<u64>().unwrap() / 1024
}
