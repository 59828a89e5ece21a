//! `examples/spark`: its page works as it is written, all partitions together give what one process gives, and a partition that
//! is not complete fails the job.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::programs::cached;
use crate::reader::{Example, Reader, landfall, output};
use serde_json::Value;

const EXAMPLE: Example = Example("spark");

/// The folder in the cache.
const PYSPARK: &str = "pyspark-4.3.0";

const PROGRAM: &str = env!("CARGO_BIN_EXE_landfall");
const NOW: &str = "2026-01-01T00:00:00Z";

/// The exit codes of the job, as its page says.
const SUCCESS: Option<i32> = Some(0);
const NOT_COMPLETE: Option<i32> = Some(2);
const COMPLETE_WITH_REJECTS: Option<i32> = Some(3);

/// Small partitions: lines of 900 KB and more reach over several, which contain no start of a line.
const SMALL: &str = "spark.sql.files.maxPartitionBytes=150k";

impl Ended {
    fn of(made: &std::process::Output) -> Self {
        let [out, err] = [&made.stdout, &made.stderr].map(|bytes| String::from_utf8_lossy(bytes));
        // spark-submit writes to its output whatever the job writes
        Self { code: made.status.code(), said: format!("{err}\n{out}") }
    }
}

/// A copy of the example with an export.
struct Job {
    folder: tempfile::TempDir,
}

/// How a job ended, and what it said.
struct Ended {
    code: Option<i32>,
    said: String,
}

impl Job {
    fn new(customers: usize, parts: usize) -> Self {
        let job = Self { folder: EXAMPLE.copy() };
        let (customers, parts) = (customers.to_string(), parts.to_string());
        let mut python = Command::new("python3");
        python.args(["make_export.py", "--customers", &customers, "--parts", &parts]).current_dir(&job.folder);
        assert!(output(&mut python).status.success());
        job
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a program that does something else than `landfall transform` when a task runs it.
    fn instead_of_landfall(&self, name: &str, script: &str) -> String {
        let text = format!(
            "#!/bin/sh\ncase \" $* \" in *' --out '*) ;; *) exec {PROGRAM} \"$@\" ;; esac\n{}\n",
            script.replace("LANDFALL", PROGRAM)
        );
        let path = self.path(name);
        fs::write(&path, text).expect("a script");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("permissions");
        path.display().to_string()
    }

    /// Runs the job with some settings of Spark and with further arguments.
    fn run(&self, settings: &[&str], arguments: &[&str]) -> Ended {
        self.submit(settings, "transform.py", arguments)
    }

    fn submit(&self, settings: &[&str], script: &str, arguments: &[&str]) -> Ended {
        let settings: Vec<&str> = settings.iter().flat_map(|setting| ["--conf", setting]).collect();
        let mut spark = self.spark(&settings);
        spark.args([script, "--rules", "rules.yaml", "--landfall", PROGRAM, "--now", NOW]);
        spark.args(["--in", "data/export", "--out", "data/result", "--rejects", "data/rejects.ndjson"]).args(arguments);
        Ended::of(&output(&mut spark))
    }

    /// `spark-submit` in the folder of the job.
    fn spark(&self, settings: &[&str]) -> Command {
        let programs = cached(PYSPARK).join("bin");
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
        let mut spark = Command::new(programs.join("spark-submit"));
        spark.args(["--properties-file", "local.conf"]).args(settings);
        spark.current_dir(&self.folder).env("PATH", path).env("SPARK_LOCAL_IP", "127.0.0.1");
        spark.env("SPARK_LOCAL_DIRS", self.path("local")).env("SPARK_WORKER_DIR", self.path("workers"));
        spark
    }

    /// Assesses the export, with settings of Spark and options of `landfall assess merge`.
    fn assess(&self, settings: &[&str], options: &[&str]) -> Ended {
        self.assess_with(PROGRAM, settings, options)
    }

    fn assess_with(&self, program: &str, settings: &[&str], options: &[&str]) -> Ended {
        let mut spark = self.spark(settings);
        spark.args(["assess.py", "--rules", "rules.yaml", "--landfall", program, "--now", NOW]);
        spark.args(["--in", "data/export", "--parts", "data/parts", "--"]).args(options);
        Ended::of(&output(&mut spark))
    }

    /// The accounts, the rejects and the summary of one process that reads all files of the export.
    fn one_process(&self) -> (Vec<u8>, Vec<u8>, String) {
        let script = format!(
            "find data/export -type f | LC_ALL=C sort | xargs zcat -f | {PROGRAM} transform --rules rules.yaml \
             --from ndjson --now {NOW} --out data/one.ndjson --rejects data/one.rejects.ndjson"
        );
        let made = output(Command::new("sh").args(["-c", &script]).current_dir(&self.folder));
        let summary = String::from_utf8(made.stderr).expect("text");
        assert_eq!(made.status.code(), Some(1), "{summary}");
        let [accounts, rejects] = ["data/one.ndjson", "data/one.rejects.ndjson"].map(|name| fs::read(self.path(name)));
        (accounts.expect("accounts"), rejects.expect("rejects"), summary)
    }

    /// The files of a kind in the result, in the order of their partitions.
    fn result(&self, kind: &str) -> Vec<Vec<u8>> {
        let folder = self.path("data/result").join(format!("kind={kind}"));
        let entries = fs::read_dir(folder).map(|entries| entries.map(|entry| entry.expect("an entry").path()));
        let mut paths: Vec<PathBuf> = entries.into_iter().flatten().filter(|path| !is_hidden(path)).collect();
        paths.sort();
        let unpacked = |path: &PathBuf| output(Command::new("zcat").arg("-f").arg(path)).stdout;
        paths.iter().map(unpacked).collect()
    }

    /// Fails unless the result is what one process writes: the accounts in any order, the rejects as they are.
    fn compare(&self, ended: &Ended) {
        let (accounts, rejects, summary) = self.one_process();
        assert_eq!(ended.code, COMPLETE_WITH_REJECTS, "{}", ended.said);
        let made = self.result("account").concat();
        assert!(sorted(&made) == sorted(&accounts), "other accounts: {}", ended.said);
        assert!(
            fs::read(self.path("data/rejects.ndjson")).expect("rejects") == rejects,
            "other rejects: {}",
            ended.said
        );
        let counts: Vec<&str> = summary.lines().take_while(|line| !line.ends_with("records/s")).collect();
        assert!(ended.said.contains(&counts.join("\n")), "{}\nother counts than\n{summary}", ended.said);
    }

    /// Fails unless the job failed with a message and without a result.
    fn failed(&self, ended: &Ended, message: &str) {
        let Ended { code, said } = ended;
        let says_so = said.contains(&format!("\nerror: {message}"));
        assert!(*code == NOT_COMPLETE && says_so, "{message}: {code:?}\n{said}");
        let last = said.trim_end().lines().last().unwrap_or_default();
        assert!(last.starts_with("the run is not complete"), "{said}");
        assert!(
            self.result("account").is_empty() && !self.path("data/result/_SUCCESS").exists(),
            "{message}: a result"
        );
        let left: Vec<_> =
            fs::read_dir(self.path("data")).expect("data").map(|entry| entry.expect("it").path()).collect();
        assert!(!left.iter().any(|path| path.to_string_lossy().contains("rejects")), "{message}: {left:?}");
    }
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

fn sorted(text: &[u8]) -> Vec<&[u8]> {
    let mut lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    lines.sort_unstable();
    lines
}

fn json(line: &[u8]) -> Value {
    serde_json::from_slice(line).expect("JSON")
}

/// The ids of accounts, in their order.
fn ids(accounts: &[u8]) -> Vec<u64> {
    let id = |line: &[u8]| json(line)["external_id"].as_str().expect("an id").parse().expect("a number");
    accounts.split_inclusive(|byte| *byte == b'\n').map(id).collect()
}

#[test]
#[ignore = "needs PySpark and Java; run tests/run"]
fn the_page_works_as_it_is_written() {
    Reader::new(&EXAMPLE).with_programs(cached(PYSPARK).join("bin")).follow_commands(&EXAMPLE.readme());
}

#[test]
#[ignore = "needs PySpark and Java; run tests/run"]
fn partitions_are_assessed_as_by_one_process() {
    let job = Job::new(3000, 5);
    let ended = job.assess(&["--conf", SMALL], &["--no-measure", "--out", "data/spark.json"]);
    assert_eq!(ended.code, SUCCESS, "{}", ended.said);
    let script = format!(
        "find data/export -type f | LC_ALL=C sort | xargs cat | {PROGRAM} assess --rules rules.yaml --from ndjson --now {NOW} \
         --name export --no-measure --out data/one.json"
    );
    let made = output(Command::new("sh").args(["-c", &script]).current_dir(&job.folder));
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let [spark, one] = ["data/spark.json", "data/one.json"].map(|name| fs::read(job.path(name)).expect("a document"));
    assert!(spark == one, "other assessments: {}", ended.said);
    let all = serde_json::from_slice::<Value>(&one).expect("JSON")["records"]["all"].as_u64();
    assert!(all.is_some_and(|all| all > 3000), "{all:?}");
}

#[test]
#[ignore = "needs PySpark and Java; run tests/run"]
fn a_failed_partition_leaves_no_assessment() {
    let job = Job::new(50, 2);
    let broken = job.path("broken");
    let script = format!(
        "#!/bin/sh\ncase \" $* \" in *' merge '*) exec {PROGRAM} \"$@\" ;; esac\n\
                          if head -c 1 | grep -q .; then exit 2; fi\nexec {PROGRAM} \"$@\" < /dev/null\n"
    );
    fs::write(&broken, script).expect("a script");
    fs::set_permissions(&broken, fs::Permissions::from_mode(0o755)).expect("permissions");
    let broken = broken.display().to_string();
    let ended = job.assess_with(&broken, &[], &["--no-measure", "--out", "data/spark.json"]);
    assert_eq!(ended.code, NOT_COMPLETE, "{}", ended.said);
    assert!(!job.path("data/spark.json").exists());
}

#[test]
#[ignore = "needs PySpark and Java; run tests/run"]
fn partitions_give_what_one_process_gives() {
    let job = Job::new(3000, 5);
    // a byte-order mark, and a last line without an end
    for (name, text) in [
        ("first.ndjson", "\u{feff}{\"id\":9001,\"login\":\"first\",\"mail\":\"first@example.com\"}\n"),
        ("zlast.ndjson", "{\"id\":9002,\"login\":\"last\",\"mail\":\"last@example.com\"}"),
    ] {
        fs::write(job.path("data/export").join(name), text).expect("a file");
    }
    let ended = job.run(&[SMALL], &[]);
    job.compare(&ended);

    let summaries: Vec<Value> = job.result("summary").iter().map(|line| json(line)).collect();
    assert!(summaries.len() >= 10, "{} partitions", summaries.len());
    let is_empty = |summary: &&Value| summary["splits"].as_array().is_some_and(Vec::is_empty);
    assert!(summaries.iter().filter(is_empty).count() >= 3, "no partition is empty");

    let (mut twice, mut long) = (0, 0);
    let files = job.result("account");
    for accounts in &files {
        let ids = ids(accounts);
        // in a split, customers are in the order of their numbers
        let splits = summaries.iter().map(|summary| summary["splits"].as_array().map_or(0, Vec::len)).max();
        let back = ids.windows(2).filter(|pair| pair[1] < pair[0]).count();
        assert!(back < splits.expect("splits"), "{back} accounts are out of order");
        twice += ids.windows(2).filter(|pair| pair[1] == pair[0]).count();
        long += accounts.split(|byte| *byte == b'\n').filter(|line| line.len() > 900_000).count();
    }
    assert_eq!((twice, long), (10, 1), "duplicates and long lines");
    assert!(files.concat().windows(3).any(|bytes| bytes == "\u{2028}".as_bytes()), "no line separator");

    for path in [job.path("data/rejects.ndjson"), job.path("data/result/_SUCCESS")] {
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o77, 0, "{}", path.display());
    }
}

/// Runs the job once with each of the programs behind `--`, within one start of Spark.
const SEVERAL: &str = "\
import sys
import transform
at = sys.argv.index('--')
for number, program in enumerate(sys.argv[at + 1:]):
    code = transform.main([*sys.argv[1:at], '--landfall', program, '--out', f'data/result-{number}'])
    print(f'program {number}: {code}', flush=True)
";

#[test]
#[ignore = "needs PySpark and Java; run tests/run"]
fn a_partition_that_is_not_complete_fails_the_job() {
    let cases = [
        // exit code 2
        ("rm \"$3\"; exec LANDFALL \"$@\"", "`landfall transform` ended with exit code 2\nerror: cannot read"),
        ("head -c 10000 >/dev/null; kill -KILL $$", "`landfall transform` was killed by signal 9"),
        // exit codes 0 and 1 are not believed
        ("cat >/dev/null; exit 0", "`landfall transform` ended with exit code 0 and without a summary"),
        ("cat >/dev/null; exit 1", "`landfall transform` ended with exit code 1 and without a summary"),
        ("head -n 50 | LANDFALL \"$@\"", "`landfall transform` read 49 of 402 records"),
        ("LANDFALL \"$@\"; exit 0", "`landfall transform` ended with exit code 0, against its summary"),
        ("LANDFALL \"$@\"; code=$?; sed -i 1d accounts.ndjson; exit $code", "`landfall transform` wrote "),
        ("LANDFALL \"$@\"; code=$?; sed -i 1d rejects.ndjson; exit $code", "`landfall transform` wrote only "),
    ];
    let job = Job::new(400, 2);
    fs::write(job.path("several.py"), SEVERAL).expect("a script");
    let number_of =
        |(number, (script, _)): (usize, &(&str, &str))| job.instead_of_landfall(&format!("instead-{number}"), script);
    let programs: Vec<String> = cases.iter().enumerate().map(number_of).collect();
    let arguments: Vec<&str> = std::iter::once("--").chain(programs.iter().map(String::as_str)).collect();
    let Ended { code, said } = job.submit(&["spark.master=local[1]"], "several.py", &arguments);
    assert_eq!(code, Some(0), "{said}");
    let mut rest = said.as_str();
    for (number, (_, message)) in cases.iter().enumerate() {
        let end = format!("\nprogram {number}: 2\n");
        let (case, after) = rest.split_once(&end).unwrap_or_else(|| panic!("{message}: no `{end}`\n{rest}"));
        assert!(
            case.contains(&format!("error: {message}")) && case.contains("the run is not complete"),
            "{message}:\n{case}"
        );
        let result = job.path(&format!("data/result-{number}"));
        assert!(!result.join("_SUCCESS").exists() && !result.join("kind=account").exists(), "{message}: a result");
        rest = after;
    }
    assert!(!job.path("data/rejects.ndjson").exists(), "rejects of a run that is not complete");
}

#[test]
#[ignore = "needs PySpark and Java; run tests/run"]
fn a_task_that_is_tried_again_leaves_no_account_twice() {
    let job = Job::new(1000, 3);
    // the first process of all is killed
    let program = job.instead_of_landfall(
        "instead",
        &format!("mkdir {} 2>/dev/null && kill -KILL $$; exec LANDFALL \"$@\"", job.path("tried").display()),
    );
    job.compare(&job.run(&["spark.master=local[2,2]", SMALL], &["--landfall", &program]));
    assert!(job.path("tried").exists());
    // a result is never mixed with another
    let before = sorted(&job.result("account").concat()).len();
    let ended = job.run(&[], &[]);
    assert!(ended.code == NOT_COMPLETE && ended.said.contains("already exists"), "{}", ended.said);
    assert_eq!(sorted(&job.result("account").concat()).len(), before);
}

#[test]
#[ignore = "needs PySpark and Java; run tests/run"]
fn executors_on_other_machines_need_nothing_of_the_driver() {
    let job = Job::new(1000, 3);
    let settings = ["spark.master=local-cluster[2,1,512]", "spark.executor.memory=512m", SMALL];
    // the shared lookups are in another folder
    fs::create_dir(job.path("common")).expect("a folder");
    fs::write(job.path("common/contact.yaml"), "landfall: 1\nsteps: { person: [ squish ] }\n").expect("a file");
    let rules = fs::read_to_string(job.path("rules.yaml")).expect("rules");
    let rules = rules
        .replace("do: [ squish ]", "do: [ contact.person ]")
        .replace("name: spark", "use: [ common/contact.yaml ]\nname: spark");
    fs::write(job.path("rules.yaml"), rules).expect("rules");
    job.compare(&job.run(&settings, &["--uses", "common/contact.yaml"]));
}

#[test]
#[ignore = "needs PySpark and Java; run tests/run"]
fn files_in_folders_and_compressed_files_are_read_and_written() {
    let job = Job::new(1000, 4);
    fs::create_dir(job.path("data/export/country=DE")).expect("a folder");
    fs::rename(job.path("data/export/part-00001.ndjson"), job.path("data/export/country=DE/part-00001.ndjson"))
        .expect("a file");
    assert!(output(Command::new("gzip").arg(job.path("data/export/part-00002.ndjson"))).status.success());
    job.compare(&job.run(&[SMALL], &["--gzip"]));
    let is_packed = |path: PathBuf| path.extension().is_some_and(|extension| extension == "gz");
    let files = fs::read_dir(job.path("data/result/kind=account")).expect("the result");
    assert!(files.map(|entry| entry.expect("a file").path()).filter(|path| !is_hidden(path)).all(is_packed));

    // a file that is cut off
    let packed = fs::read(job.path("data/export/part-00002.ndjson.gz")).expect("a file");
    fs::write(job.path("data/export/part-00002.ndjson.gz"), &packed[..packed.len() / 2]).expect("a file");
    fs::remove_file(job.path("data/rejects.ndjson")).expect("a file");
    fs::remove_dir_all(job.path("data/result")).expect("a folder");
    // a cluster may say so
    let ended = job.run(&["spark.sql.files.ignoreCorruptFiles=true"], &[]);
    assert!(ended.code == NOT_COMPLETE && ended.said.contains("Unexpected end of input stream"), "{}", ended.said);
    assert!(!job.path("data/result/_SUCCESS").exists() && !job.path("data/rejects.ndjson").exists());
}

#[test]
#[ignore = "needs PySpark and Java; run tests/run"]
fn mistakes_are_found_before_any_task_runs() {
    let job = Job::new(10, 1);
    for (arguments, message) in [
        (&["--rules", "none.yaml"][..], "[Errno 2] No such file or directory: "),
        (&["--rejects", "none/rejects.ndjson"], "[Errno 2] No such file or directory: "),
        (&["--in", "data/none"], "[PATH_NOT_FOUND] "),
        (&["--", "--param", "region=DE"], "unknown parameter `region`"),
        (&["--", "--jobs", "2"], "the argument '--jobs <N>' cannot be used multiple times"),
    ] {
        job.failed(&job.run(&[], arguments), message);
    }
}

#[test]
#[ignore = "needs PySpark and Java; run tests/run"]
fn an_export_without_records_gives_no_accounts() {
    let job = Job::new(0, 2);
    let ended = job.run(&[], &[]);
    assert!(ended.code == SUCCESS && ended.said.contains("\n0 records: 0 accounts, 0 denied, "), "{}", ended.said);
    assert_eq!(fs::read(job.path("data/rejects.ndjson")).expect("rejects"), b"");
    assert!(job.path("data/result/_SUCCESS").exists());
}

#[test]
#[ignore = "needs PySpark and Java; run tests/run"]
fn denied_accounts_of_a_record_with_several_are_rejects() {
    let job = Job::new(0, 1);
    let rules = "\
landfall: 1
accounts: { name: member, from: $.members }
admit: [ { deny: child, when: { $member.kind: child } } ]
account:
  external_id: { value: \"{$.id}-{$member.no}\" }
  email.value: { from: $member.mail, do: [ email ], required: true, on_error: reject }
";
    fs::write(job.path("rules.yaml"), rules).expect("rules");
    let member = |no: usize, kind: &str| format!("{{\"no\":{no},\"kind\":\"{kind}\",\"mail\":\"m{no}@example.com\"}}");
    let household = |id: usize, members: [String; 2]| format!("{{\"id\":{id},\"members\":[{}]}}\n", members.join(","));
    for part in 1..4 {
        let lines: String =
            (0..50).map(|id| household(part * 100 + id, [member(1, "adult"), member(2, "child")])).collect();
        // the last one is invalid and not only denied
        let last = household(part * 100 + 99, [member(1, "adult"), "{\"no\":2}".to_owned()]);
        fs::write(job.path(&format!("data/export/part-{part}.ndjson")), lines + last.as_str()).expect("a file");
    }
    job.compare(&job.run(&["spark.sql.files.maxPartitionBytes=2k"], &[]));
    let rejects = fs::read_to_string(job.path("data/rejects.ndjson")).expect("rejects");
    assert_eq!(rejects.lines().filter(|line| line.contains("\"denied\":\"child\"")).count(), 150);
}

#[test]
fn the_rules_are_clean_and_tested() {
    let folder = EXAMPLE.copy();
    landfall(folder.path(), &[], &["check", "rules.yaml"]);
    landfall(folder.path(), &[], &["fmt", "--check", "."]);
    landfall(folder.path(), &[], &["test", "."]);
}
