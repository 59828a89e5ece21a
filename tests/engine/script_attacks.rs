//! Scripts that attack, through a whole rule file: an error soon, in little memory. Alone in its file, so that no other test
//! uses memory at the same time.

use std::time::{Duration, Instant};

use bumpalo::Bump;
use landfall::diag::{Files, Findings};
use landfall::engine::compile::{NoFiles, compile};
use landfall::engine::outcome::Outcome;
use landfall::engine::plan::Plan;
use landfall::engine::probe::Silent;
use landfall::engine::run::Settings;

/// Generous, because test machines are loaded; a quiet one takes at most 50 ms.
const SOON: Duration = Duration::from_millis(250);

/// The most that all attacks together may add to the greatest memory of the process, in KiB.
const MEMORY: u64 = 64 * 1024;

fn plan(script: &str) -> Result<Plan, String> {
    let lines: String = script.lines().map(|line| format!("      {line}\n")).collect();
    let rules = format!(
        "landfall: 1\nname: attack\naccount:\n  custom.v:\n    with: {{ a: $.a }}\n    on_error: reject\n    script: |\n{lines}"
    );
    let mut files = Files::default();
    let file = files.add("attack.yaml", rules);
    let mut findings = Findings::default();
    let plan = compile(&mut files, file, &NoFiles, &mut findings);
    plan.ok_or_else(|| findings.iter().map(|finding| format!("{} {}; ", finding.code, finding.message)).collect())
}

/// The greatest memory that the process had, in KiB; nothing where the system does not tell.
fn greatest_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok())
}

#[test]
fn attacks_at_run_time_end_soon() {
    let attacks = [
        ("an endless loop", "loop { }"),
        ("an endless loop that computes", "let x = 0; while true { x += 1; } x"),
        ("a loop that catches", "loop { try { throw \"x\" } catch { } }"),
        ("a huge text", "let s = \"aaaaaaaa\"; for i in 0..60 { s += s; } s"),
        ("a huge text by template", "let s = \"aaaaaaaa\"; for i in 0..60 { s = `${s}${s}`; } s"),
        ("a huge text by padding", "a.pad_start(9000000000, \"x\")"),
        ("a huge text by replacing", "let s = a; for i in 0..60 { s = s.replaced(\"a\", \"aaaaaaaa\"); } s"),
        ("a huge text by steps", "let s = a; loop { s = s.pad_end(1000).add_suffix(s); }"),
        ("steps in a loop", "loop { date(\"x\", \"%F\"); }"),
        ("steps in a loop that catches", "loop { try { let f = a; date(\"x\", f); } catch { } }"),
        ("a slow regex in a loop", "let s = a; loop { extract_all(s, \"(a|a?){20}b|(.*)*c\"); }"),
        ("a replacement in a loop", "loop { replace(a, #{ find: \"a\", \"with\": \"aaaaaaaaaaaaaaa\" }); }"),
        ("a huge list", "let l = [1]; for i in 0..60 { l += l; } l"),
        ("a huge list by push", "let l = []; loop { l.push(a); }"),
        ("a nested list", "let l = []; loop { l = [l, l]; }"),
        ("a huge map", "let m = #{}; let i = 0; loop { m[`k${i}`] = a; i += 1; }"),
        ("deep recursion", "fn f(x) { f(x + 1) } f(0)"),
        ("deep recursion of two", "fn f(x) { g(x) } fn g(x) { f(x) } f(0)"),
        ("doubling calls", "fn f(x) { if x == 0 { 0 } else { f(x - 1) + f(x - 1) } } f(7) + f(99)"),
        ("a huge number", "let x = 9223372036854775807; x * x"),
    ];
    let record = format!("{{\"a\": \"{}\"}}", "a".repeat(1000));
    let settings = Settings::default();
    let before = greatest_memory();
    for (name, script) in attacks {
        let plan = plan(script).unwrap_or_else(|problem| panic!("{name} does not load: {problem}"));
        let arena = Bump::new();
        let started = Instant::now();
        let run = plan.run(&record, &settings, &arena, &mut Silent);
        let took = started.elapsed();
        assert!(took < SOON, "{name} took {took:?}");
        match &run.outcomes[..] {
            [Outcome::Invalid(reasons)] => {
                assert_eq!((reasons.len(), reasons[0].step.as_str()), (1, "script"), "{name}")
            }
            other => panic!("{name} gave {other:?}"),
        }
    }
    if let (Some(before), Some(after)) = (before, greatest_memory()) {
        assert!(after - before < MEMORY, "the attacks took {} KiB", after - before);
        println!("{} attacks, {} KiB", attacks.len(), after - before);
    }
}

#[test]
fn attacks_that_are_seen_beforehand_do_not_load() {
    for script in [
        "import \"x\" as y; 1",
        "eval(\"1 + 1\")",
        "sleep(1)",
        "sleep(0.5)",
        "timestamp()",
        "print(a)",
        "debug(a)",
        "fn f() { sleep(9) } f()",
        "if a == () { eval(a) } else { 1 }",
        "let f = Fn(\"sleep\"); f.call(9)",
        "export a;",
    ] {
        let problem = plan(script).err().unwrap_or_else(|| panic!("`{script}` loads"));
        assert!(problem.starts_with("R303 "), "`{script}`: {problem}");
    }
    let deep = format!("{}1{}", "(".repeat(2_000), ")".repeat(2_000));
    assert!(plan(&deep).is_err(), "a deep expression loads");
    let long = "let x = 1;\n".repeat(5_000);
    assert!(plan(&long).is_err(), "a long script loads");
}
